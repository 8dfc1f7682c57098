/* SPDX-License-Identifier: Apache-2.0 */
#include "updates.h"

void admins_read(struct admins *a)
{
	person_read(&a->orderer, "ordererOrganizations/example.com/users/Admin@example.com/msp",
		    "OrdererMSP");
	person_read(&a->org1, "peerOrganizations/org1.example.com/users/Admin@org1.example.com/msp",
		    "Org1MSP");
	person_read(&a->org2, "peerOrganizations/org2.example.com/users/Admin@org2.example.com/msp",
		    "Org2MSP");
}

void admins_fini(struct admins *a)
{
	person_fini(&a->orderer);
	person_fini(&a->org1);
	person_fini(&a->org2);
}

/* ---- making -------------------------------------------------------------- */

/* ConfigUpdateEnvelope with one signature, in an envelope of the same person's. */
static struct ord_env *sign_update(const Common__ConfigUpdate *u, const struct person *p)
{
	Common__ConfigUpdateEnvelope cue = COMMON__CONFIG_UPDATE_ENVELOPE__INIT;
	Common__ConfigSignature cs = COMMON__CONFIG_SIGNATURE__INIT, *list[] = {&cs};
	Common__SignatureHeader sh = COMMON__SIGNATURE_HEADER__INIT;
	struct buf update = BUF_INIT, header = BUF_INIT, both = BUF_INIT, sig = BUF_INIT;
	struct buf data = BUF_INIT;
	uint8_t digest[SHA256_LEN];
	struct ord_err e = ERR_INIT;
	struct ord_env *env;

	wire_pack(u, &update);
	sh.creator = wire_binary(buf_bytes(&p->creator));
	sh.nonce = wire_binary(bytes_str("nonce"));
	wire_pack(&sh, &header);
	buf_add_bytes(&both, buf_bytes(&header));
	buf_add_bytes(&both, buf_bytes(&update));
	sha256(buf_bytes(&both), digest);
	test_ok(crypto_sign_digest(p->key, digest, &sig, &e), &e);
	cs.signature_header = wire_binary(buf_bytes(&header));
	cs.signature = wire_binary(buf_bytes(&sig));
	cue.config_update = wire_binary(buf_bytes(&update));
	cue.signatures = list;
	cue.n_signatures = 1;
	wire_pack(&cue, &data);
	env = rig_env(p, WIRE_CONFIG_UPDATE, u->channel_id, buf_bytes(&data));
	buf_fini(&update);
	buf_fini(&header);
	buf_fini(&both);
	buf_fini(&sig);
	buf_fini(&data);
	return env;
}

struct ord_env *update_of(struct chan *c, void (*change)(Common__Config *config),
			  const struct person *p)
{
	struct chanconf *now = chan_conf(c);
	Common__Config *then = NULL;
	Common__ConfigUpdate *u = NULL;
	struct buf b = BUF_INIT;
	struct ord_err e = ERR_INIT;
	struct ord_env *env;

	wire_pack(now->config, &b);
	test_ok(wire_unpack(&common__config__descriptor, buf_bytes(&b), &then, &e), &e);
	change(then);
	test_ok(chanconf_compute_update(chan_id(c), now->config, then, &u, &e), &e);
	env = sign_update(u, p);
	chanconf_unref(now);
	buf_fini(&b);
	wire_free(then);
	wire_free(u);
	return env;
}

struct ord_env *creation_of(const char *channel_id, const struct person *p)
{
	struct buf tx = test_golden("tx/mychannel.tx");
	Common__ConfigUpdateEnvelope *cue = NULL;
	Common__ConfigUpdate *u = NULL;
	struct ord_err e = ERR_INIT;
	struct ord_env *golden, *env;
	char *id;

	test_ok(env_parse(buf_bytes(&tx), &golden, &e), &e);
	test_ok(wire_unpack(&common__config_update_envelope__descriptor, golden->data, &cue, &e),
		&e);
	test_ok(wire_unpack(&common__config_update__descriptor, wire_bytes(cue->config_update), &u,
			    &e),
		&e);
	id = u->channel_id;
	u->channel_id = (char *)channel_id;
	env = sign_update(u, p);
	u->channel_id = id;
	wire_free(u);
	wire_free(cue);
	env_unref(golden);
	buf_fini(&tx);
	return env;
}

/* ---- sending ------------------------------------------------------------- */

struct answer {
	struct ord_ticket ticket;
	atomic_bool settled;
	int code;
	struct ord_err *err;
};

static void on_settled(struct ord_ticket *t, int code, const char *why)
{
	struct answer *a = UTIL_CONTAINER(t, struct answer, ticket);

	a->code = code;
	if (code < 0)
		err_set(a->err, code, "%s", why ? why : "");
	atomic_store(&a->settled, true);
}

int update_check(struct registrar *r, struct ord_env *take, struct chan **c, struct ord_env **out,
		 uint64_t *seq, struct ord_err *e)
{
	bool config = false;
	int rc = chan_route(r, take, c, &config, e);

	if (rc == 0) {
		assert_true(config);
		rig_borrow(*c);
		rc = chan_process_config_update(*c, take, out, seq, e);
	}
	env_unref(take);
	return rc;
}

int update_order(struct chan *c, struct ord_env *take, uint64_t seq, struct ord_err *e)
{
	struct answer a = {.ticket = {on_settled}, .err = e};
	int rc = chan_order(c, take, true, seq, &a.ticket, e);

	env_unref(take);
	if (rc < 0)
		return rc;
	rig_until(atomic_load(&a.settled));
	return a.code;
}

int update_send(struct registrar *r, struct ord_env *take, struct ord_err *e)
{
	struct ord_env *out;
	struct chan *c;
	uint64_t seq;
	int rc = update_check(r, take, &c, &out, &seq, e);

	return rc < 0 ? rc : update_order(c, out, seq, e);
}

/* ---- changes ------------------------------------------------------------- */

static void set_batch(Common__Config *config, uint32_t max)
{
	Orderer__BatchSize s = ORDERER__BATCH_SIZE__INIT;

	s.max_message_count = max;
	s.absolute_max_bytes = 1u << 20;
	s.preferred_max_bytes = 1u << 19;
	rig_set_orderer_value(config, "BatchSize", &s);
}

void change_batch_to_7(Common__Config *config)
{
	set_batch(config, 7);
}

void change_batch_to_9(Common__Config *config)
{
	set_batch(config, 9);
}

void change_max_channels_to_1(Common__Config *config)
{
	Orderer__ChannelRestrictions r = ORDERER__CHANNEL_RESTRICTIONS__INIT;

	r.max_count = 1;
	rig_set_orderer_value(config, "ChannelRestrictions", &r);
}

static void set_type(Common__Config *config, const char *type, bool maintenance)
{
	Orderer__ConsensusType t = ORDERER__CONSENSUS_TYPE__INIT;

	t.type = (char *)type;
	t.state = maintenance ? ORDERER__CONSENSUS_TYPE__STATE__STATE_MAINTENANCE
			      : ORDERER__CONSENSUS_TYPE__STATE__STATE_NORMAL;
	rig_set_orderer_value(config, "ConsensusType", &t);
}

/* The type as it is. */
static void set_state(Common__Config *config, bool maintenance)
{
	Orderer__ConsensusType *now = NULL;
	struct ord_err e = ERR_INIT;

	test_ok(wire_unpack(&orderer__consensus_type__descriptor,
			    rig_orderer_value(config, "ConsensusType"), &now, &e),
		&e);
	set_type(config, now->type, maintenance);
	wire_free(now);
}

void change_state_to_maintenance(Common__Config *config)
{
	set_state(config, true);
}

void change_state_to_normal(Common__Config *config)
{
	set_state(config, false);
}

void change_type_to_skeleton(Common__Config *config)
{
	set_type(config, "skeleton", true);
}

void change_type_to_kafka(Common__Config *config)
{
	set_type(config, "kafka", true);
}

void change_type_to_solo(Common__Config *config)
{
	set_type(config, "solo", true);
}
