/* SPDX-License-Identifier: Apache-2.0 */
/* Who may send what: routing (spec 5.4) and the filters, in order (spec 5.2). */
#include "channel_priv.h"

int chan_route(struct registrar *r, const struct ord_env *env, struct chan **out, bool *config,
	       struct ord_err *e)
{
	struct chan *c = registrar_find(r, env->channel_id);
	enum ord_class class = env_classify(env);
	bool exists = c != NULL;
	int rc = 0;

	if (!exists)
		c = registrar_system(r);
	*config = class == ORD_MSG_CONFIG_UPDATE;
	if (!c)
		rc = err_set(e, ORD_EINVAL,
			     "channel creation request not allowed because the orderer system "
			     "channel is not defined");
	else if (class == ORD_MSG_CONFIG)
		rc = err_set(e, ORD_EINVAL, "message is of type that cannot be processed directly");
	else if (!exists && !*config)
		rc = err_set(e, ORD_ENOENT, "channel does not exist");
	if (rc == 0)
		*out = c;
	else
		chan_unref(c);
	return rc;
}

static int filter_empty(const struct ord_env *env, struct ord_err *e)
{
	return env->payload.len > 0 ? 0 : err_set(e, ORD_EINVAL, "Message was empty");
}

int filter_size(const struct chanconf *conf, const struct ord_env *env, struct ord_err *e)
{
	uint32_t max = conf->pub.batch_absolute_max;

	if (max > CUTTER_BYTES_MAX)
		max = CUTTER_BYTES_MAX; /* it will have to fit into a block */
	if (env_size(env) <= max)
		return 0;
	return err_set(e, ORD_EINVAL,
		       "message payload is %zu bytes and exceeds maximum allowed %u bytes",
		       env_size(env), max);
}

static int filter_expiration(const struct chanconf *conf, const struct ord_env *env,
			     struct ord_err *e)
{
	int64_t not_after;

	if (!conf->caps.expiration_check)
		return 0;
	not_after = msp_expiry(conf->msps, env->creator);
	if (clock_wall_ns() / (int64_t)CLOCK_SEC_NS < not_after)
		return 0;
	return err_set(e, ORD_EINVAL, "broadcast client identity expired");
}

static int filter_signature(const struct chanconf *conf, const struct ord_env *env,
			    struct ord_err *e)
{
	struct policy_signed sig = {.identity = env->creator, .signature = env->signature};

	if (!conf->writers)
		return err_set(e, ORD_EINVAL, "could not find policy %s", conf->writers_name);
	sha256(env->payload, sig.digest);
	if (policy_evaluate(conf->writers, conf->writers_name, conf->msps, &sig, 1, e) == 0)
		return 0;
	err_hint(e, "permission denied");
	return e->code = ORD_EPERM;
}

int chan_filter(const struct chanconf *conf, const struct ord_env *env, bool expiration,
		struct ord_err *e)
{
	int rc;

	if ((rc = filter_empty(env, e)) < 0 || (rc = filter_size(conf, env, e)) < 0)
		return rc;
	if (!env->has_signature_header)
		return err_set(
			e, ORD_EINVAL,
			"could not convert message to signedData: signature header is malformed");
	if (expiration && (rc = filter_expiration(conf, env, e)) < 0)
		return rc;
	return filter_signature(conf, env, e);
}

int filter_apply(const struct chan *c, const struct chanconf *conf, const struct ord_env *env,
		 struct ord_err *e)
{
	return chan_filter(conf, env, !c->registrar->opts.no_expiration_checks, e);
}

int chan_process_normal(struct chan *c, struct ord_env *env, uint64_t *seq, struct ord_err *e)
{
	struct chanconf *conf = chan_conf(c);
	int rc;

	*seq = conf->pub.sequence;
	if (conf->caps.consensus_migration && conf->state != CHANCONF_NORMAL)
		rc = err_set(e, ORD_EUNAVAIL, "normal transactions are rejected: maintenance mode");
	else
		rc = filter_apply(c, conf, env, e);
	chanconf_unref(conf);
	return rc;
}
