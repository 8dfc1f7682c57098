/* SPDX-License-Identifier: Apache-2.0 */
/* config_sign: Envelope { Payload { ConfigUpdateEnvelope { update, signatures } } }. */
#include "config_sign.h"

#include <crypto/crypto.h>
#include <stdlib.h>

int signers_open(const struct ctl_list *identities, struct signers *out, struct ord_err *e)
{
	int rc = 0;

	*out = (struct signers){.who = x_alloc((identities->n + 1) * sizeof(*out->who))};
	for (size_t i = 0; rc == 0 && i < identities->n; i++) {
		rc = identity_open(identities->items[i], &out->who[i], e);
		out->n += rc == 0;
	}
	if (rc < 0)
		signers_close(out);
	return rc;
}

void signers_close(struct signers *s)
{
	for (size_t i = 0; i < s->n; i++)
		msp_local_close(s->who[i]);
	free(s->who);
	*s = (struct signers){.n = 0};
}

/* ---- updates ------------------------------------------------------------- */

static int check_update(const struct ord_env *env, const Common__ConfigUpdateEnvelope *msg,
			struct ord_err *e)
{
	Common__ConfigUpdate *update;
	int rc = wire_unpack(&common__config_update__descriptor, wire_bytes(msg->config_update),
			     &update, e);

	if (rc < 0)
		return err_wrap(e, "its config update");
	if (strcmp(update->channel_id, env->channel_id) != 0)
		rc = err_set(e, ORD_EINVAL, "mismatched channel ID %s != %s", update->channel_id,
			     env->channel_id);
	wire_free(update);
	return rc;
}

int config_sign_open(const struct ord_env *env, Common__ConfigUpdateEnvelope **out,
		     struct ord_err *e)
{
	char number[12];
	int rc;

	if (!env->header_ok)
		return ORD_EINVAL; /* env_parse() has told why */
	if (env->type != WIRE_CONFIG_UPDATE)
		return err_set(e, ORD_EINVAL, "it is of type %s, not CONFIG_UPDATE",
			       wire_header_type_name(env->type, number));
	if (!*env->channel_id)
		return err_set(e, ORD_EINVAL, "it names no channel");
	rc = wire_unpack(&common__config_update_envelope__descriptor, env->data, out, e);
	if (rc < 0)
		return rc;
	rc = check_update(env, *out, e);
	if (rc < 0)
		wire_free(*out);
	return rc;
}

static bool signed_by(const Common__ConfigUpdateEnvelope *msg, struct ord_bytes creator)
{
	bool same = false;

	for (size_t i = 0; i < msg->n_signatures && !same; i++) {
		Common__SignatureHeader *h;

		if (wire_unpack(&common__signature_header__descriptor,
				wire_bytes(msg->signatures[i]->signature_header), &h, NULL) < 0)
			continue;
		same = bytes_eq(wire_bytes(h->creator), creator);
		wire_free(h);
	}
	return same;
}

static void pack_signature_header(struct msp_local *who, struct buf *out)
{
	Common__SignatureHeader h = COMMON__SIGNATURE_HEADER__INIT;
	uint8_t nonce[WIRE_NONCE_LEN];

	crypto_random(nonce, sizeof(nonce));
	h.creator = wire_binary(msp_local_identity(who));
	h.nonce = wire_binary(bytes_of(nonce, sizeof(nonce)));
	wire_pack(&h, out);
}

static int add_signature(struct msp_local *who, Common__ConfigUpdateEnvelope *msg,
			 struct ord_err *e)
{
	Common__ConfigSignature *s = x_alloc(sizeof(*s));
	struct buf header = BUF_INIT, sig = BUF_INIT;
	struct ord_bytes parts[2];
	int rc;

	pack_signature_header(who, &header);
	parts[0] = buf_bytes(&header);
	parts[1] = wire_bytes(msg->config_update);
	rc = msp_local_sign(who, parts, UTIL_ARRAY_LEN(parts), &sig, e);
	common__config_signature__init(s);
	s->signature_header = wire_binary(buf_bytes(&header));
	s->signature = wire_binary(buf_bytes(&sig));
	msg->signatures =
		x_realloc(msg->signatures, (msg->n_signatures + 1) * sizeof(*msg->signatures));
	msg->signatures[msg->n_signatures++] = s;
	return rc;
}

/* An envelope of ours around @msg; whole seconds, as Fabric's. */
static int wrap(struct msp_local *who, const char *channel_id,
		const Common__ConfigUpdateEnvelope *msg, struct buf *out, struct ord_err *e)
{
	int64_t second = (int64_t)CLOCK_SEC_NS;
	uint8_t nonce[WIRE_NONCE_LEN];
	struct identity_message m = {.type = WIRE_CONFIG_UPDATE,
				     .channel_id = channel_id,
				     .time_ns = clock_wall_ns() / second * second,
				     .nonce = bytes_of(nonce, sizeof(nonce))};
	struct buf data = BUF_INIT;
	int rc;

	crypto_random(nonce, sizeof(nonce));
	wire_pack(msg, &data);
	rc = identity_envelope(who, &m, buf_bytes(&data), out, e);
	buf_fini(&data);
	return rc;
}

static int add_signatures(const struct signers *s, Common__ConfigUpdateEnvelope *msg, bool *again,
			  struct ord_err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->n; i++) {
		bool had = signed_by(msg, msp_local_identity(s->who[i]));

		if (again)
			again[i] = had;
		if (!had)
			rc = add_signature(s->who[i], msg, e);
	}
	return rc;
}

int config_sign(const struct signers *s, struct ord_bytes bytes, struct buf *out, bool *again,
		struct ord_err *e)
{
	Common__ConfigUpdateEnvelope *msg;
	struct ord_env *env;
	int rc = env_parse(bytes, &env, e);

	if (rc < 0)
		return rc;
	rc = config_sign_open(env, &msg, e);
	if (rc == 0) {
		rc = add_signatures(s, msg, again, e);
		if (rc == 0)
			rc = wrap(s->who[0], env->channel_id, msg, out, e);
		wire_free(msg);
	}
	env_unref(env);
	return rc;
}
