/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Config updates (spec 5.3): what a CONFIG_UPDATE becomes on its way to consensus, for a channel
 * that there is and for one that is to be; and the same again for a message that waited while the
 * configuration moved on.
 */
#include "channel_priv.h"

#define NOT_INITIAL "config update for existing channel did not pass initial checks"

/* ---- what this orderer signs --------------------------------------------- */

/* A signed envelope around @data: version 0, epoch 0, no transaction id, whole seconds. */
static int sign_env(struct chan *c, int32_t type, const char *channel_id, struct ord_bytes data,
		    struct ord_env **out, struct ord_err *e)
{
	struct msp_local *signer = c->registrar->opts.signer;
	uint8_t nonce[WIRE_NONCE_LEN];
	struct wire_header_spec h = {.type = type,
				     .channel_id = channel_id,
				     .timestamp_sec = clock_wall_ns() / (int64_t)CLOCK_SEC_NS,
				     .creator = msp_local_identity(signer),
				     .nonce = bytes_of(nonce, sizeof(nonce))};
	struct buf payload = BUF_INIT, signature = BUF_INIT;
	struct ord_bytes part;
	int rc;

	crypto_random(nonce, sizeof(nonce));
	wire_build_payload(&h, data, &payload);
	part = buf_bytes(&payload);
	rc = msp_local_sign(signer, &part, 1, &signature, e);
	if (rc == 0)
		*out = env_make(part, buf_bytes(&signature));
	buf_fini(&payload);
	buf_fini(&signature);
	return rc;
}

static int sign_config(struct chan *c, const char *channel_id, const Common__ConfigEnvelope *ce,
		       struct ord_env **out, struct ord_err *e)
{
	struct buf b = BUF_INIT;
	int rc;

	wire_pack(ce, &b);
	rc = sign_env(c, WIRE_CONFIG, channel_id, buf_bytes(&b), out, e);
	buf_fini(&b);
	return rc;
}

/* ---- a channel that there is --------------------------------------------- */

/* A type whose plugin is not here would leave the channel without a chain once it is in force. */
static int check_plugin(struct chan *c, const char *from, const char *to, struct ord_err *e)
{
	struct plugin_set *plugins = c->registrar->opts.plugins;
	struct buf names = BUF_INIT;

	if (plugin_find(plugins, to))
		return 0;
	plugin_set_names(plugins, &names);
	err_set(e, ORD_EINVAL,
		"config transaction inspection failed: attempted to change consensus type from "
		"%s to %s, transition not supported: the plugins of this orderer are %s",
		from, to, buf_cstr(&names));
	buf_fini(&names);
	return e->code;
}

/* The filters again, on what this orderer made of the update (spec 5.3), and the maintenance
 * filter. */
static int check_made(struct chan *c, const struct chanconf *conf, const struct chanconf *next,
		      const struct ord_env *made, struct ord_err *e)
{
	if (filter_apply(c, conf, made, e) < 0)
		return err_wrap(e, "config update for existing channel did not pass final checks");
	if (chanconf_check_migration(conf, made, e) < 0 ||
	    check_plugin(c, conf->pub.consensus_type, next->pub.consensus_type, e) < 0)
		return err_wrap(
			e, "config update for existing channel did not pass maintenance checks");
	return 0;
}

static int update_existing(struct chan *c, const struct chanconf *conf, const struct ord_env *env,
			   struct ord_env **out, struct ord_err *e)
{
	Common__ConfigEnvelope *proposed = NULL;
	struct chanconf *next = NULL;
	int rc;

	if (filter_apply(c, conf, env, e) < 0)
		return err_wrap(e, NOT_INITIAL);
	if (chanconf_propose(conf, env, &proposed, e) < 0 ||
	    chanconf_accept(conf, proposed->config, &next, e) < 0)
		rc = err_wrap(e, "error applying config update to existing channel '%s'", c->id);
	else
		rc = sign_config(c, c->id, proposed, out, e);
	if (rc == 0 && (rc = check_made(c, conf, next, *out, e)) < 0) {
		env_unref(*out);
		*out = NULL;
	}
	chanconf_unref(next);
	wire_free(proposed);
	return rc;
}

/* ---- a channel that is to be (spec 4.7) ---------------------------------- */

/* The system channel counts, and is taken off again by "greater than": as in Fabric. */
static int check_room(struct chan *system, const struct chanconf *conf, struct ord_err *e)
{
	uint64_t max = conf->max_channels;

	if (max == 0 || registrar_count(system->registrar) <= max)
		return 0;
	return err_set(e, ORD_EINVAL,
		       "channel creation would exceed maximimum number of channels: %llu",
		       (unsigned long long)max);
}

/* CONFIG of the new channel, inside an ORDERER_TRANSACTION of the system channel. */
static int sign_creation(struct chan *system, const char *channel_id,
			 const Common__ConfigEnvelope *ce, struct ord_env **out, struct ord_err *e)
{
	struct ord_env *inner;
	int rc = sign_config(system, channel_id, ce, &inner, e);

	if (rc < 0)
		return rc;
	rc = sign_env(system, WIRE_ORDERER_TRANSACTION, system->id, inner->raw, out, e);
	env_unref(inner);
	return rc;
}

/* A request may ask for another consensus than the system channel's. */
static int check_new_plugin(struct chan *system, const struct chanconf *conf, const char *id,
			    const Common__ConfigEnvelope *made, struct ord_err *e)
{
	struct chanconf *next;
	int rc = chanconf_new(id, made->config, &next, e);

	if (rc < 0)
		return rc;
	rc = check_plugin(system, conf->pub.consensus_type, next->pub.consensus_type, e);
	chanconf_unref(next);
	return rc;
}

static int create(struct chan *system, const struct chanconf *conf, const struct ord_env *env,
		  struct ord_env **out, struct ord_err *e)
{
	Common__ConfigEnvelope *made;
	int rc;

	/* what is made of it is larger still: spare us the work */
	if ((rc = filter_size(conf, env, e)) < 0 || (rc = chanconf_create(conf, env, &made, e)) < 0)
		return rc;
	rc = check_new_plugin(system, conf, env->channel_id, made, e);
	if (rc == 0)
		rc = sign_creation(system, env->channel_id, made, out, e);
	wire_free(made);
	if (rc < 0)
		return rc;
	if ((rc = filter_apply(system, conf, *out, e)) < 0 ||
	    (rc = check_room(system, conf, e)) < 0 ||
	    (rc = chanconf_check_creation(conf, *out, e)) < 0) {
		env_unref(*out);
		*out = NULL;
	}
	return rc;
}

static bool is_creation(const struct chan *c, const struct chanconf *conf,
			const struct ord_env *env)
{
	return conf->has_consortiums && strcmp(env->channel_id, c->id) != 0;
}

int chan_check_size(struct chan *c, const struct ord_env *env, bool config, struct ord_err *e)
{
	struct chanconf *conf = chan_conf(c);
	int rc = filter_size(conf, env, e);

	if (rc < 0 && config && !is_creation(c, conf, env))
		err_wrap(e, NOT_INITIAL);
	chanconf_unref(conf);
	return rc;
}

int chan_process_config_update(struct chan *c, struct ord_env *env, struct ord_env **out,
			       uint64_t *seq, struct ord_err *e)
{
	struct chanconf *conf = chan_conf(c);
	int rc;

	*out = NULL;
	*seq = conf->pub.sequence;
	if (is_creation(c, conf, env))
		rc = create(c, conf, env, out, e);
	else
		rc = update_existing(c, conf, env, out, e);
	chanconf_unref(conf);
	return rc;
}

/* ---- once more, for a message that waited -------------------------------- */

static int last_update(const struct ord_env *config, struct ord_env **out, struct ord_err *e)
{
	Common__ConfigEnvelope *ce;

	if (wire_unpack(&common__config_envelope__descriptor, config->data, &ce, e) < 0)
		return e->code;
	if (!ce->last_update) {
		wire_free(ce);
		return err_set(e, ORD_EINVAL, "the config message has no last_update");
	}
	*out = env_make(wire_bytes(ce->last_update->payload),
			wire_bytes(ce->last_update->signature));
	wire_free(ce);
	return 0;
}

/* The CONFIG_UPDATE that a config message was made from: within it, or within what is within. */
static int origin(const struct ord_env *env, struct ord_env **out, struct ord_err *e)
{
	struct ord_env *inner;
	int rc;

	if (env->type == WIRE_CONFIG)
		return last_update(env, out, e);
	if (env->type != WIRE_ORDERER_TRANSACTION)
		return err_set(e, ORD_EINVAL,
			       "Panic processing config msg due to unexpected envelope type %d",
			       env->type);
	rc = env_parse(env->data, &inner, e);
	if (rc == 0) {
		rc = last_update(inner, out, e);
		env_unref(inner);
	}
	return rc < 0 ? err_wrap(e, "Abort processing config msg because payload data "
				    "unmarshalling error")
		      : 0;
}

/* The channel has come to be since its creation was asked for: the request is one to change it. */
static int too_late(struct chan *exists, struct ord_env *update, struct ord_err *e)
{
	struct ord_env *out;
	uint64_t seq;

	if (chan_process_config_update(exists, update, &out, &seq, e) < 0)
		return e->code;
	env_unref(out);
	return err_set(e, ORD_EINVAL, "channel '%s' exists already", exists->id);
}

int chan_process_config(struct chan *c, const struct ord_env *env, struct ord_env **out,
			uint64_t *seq, struct ord_err *e)
{
	struct ord_env *update;
	struct chan *exists = NULL;
	int rc = origin(env, &update, e);

	if (rc < 0)
		return rc;
	if (env->type == WIRE_ORDERER_TRANSACTION && update->header_ok)
		exists = registrar_find(c->registrar, update->channel_id);
	if (!update->header_ok)
		rc = err_set(e, ORD_EINVAL, "the last_update of the config message has no header");
	else if (exists)
		rc = too_late(exists, update, e);
	else
		rc = chan_process_config_update(c, update, out, seq, e);
	chan_unref(exists);
	env_unref(update);
	return rc;
}
