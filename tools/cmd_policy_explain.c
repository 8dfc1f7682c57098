/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl policy explain: why a message's signatures satisfy a policy, or do not. */
#include "cmds.h"
#include "config_file.h"
#include "reasons.h"

#include <stdlib.h>

struct explain_opts {
	const char *config_block, *policy, *envelope;
	bool json;
};

struct explain {
	const struct explain_opts *o;
	struct chanconf *conf;
	struct chanconf *target; /* what an update changes: conf, or a new channel's template */
	struct ord_env *env;
	struct policy_signed *sigs; /* of the update in a CONFIG_UPDATE, else the message's own */
	size_t n_sigs;
	struct buf out;
	struct json j;
	const char *refused; /* the first policy that is not satisfied, on the heap */
	struct map *asked;   /* policies that were shown */
};

/* ---- showing ------------------------------------------------------------- */

static void show_text(struct explain *x, const char *policy, const char *signs,
		      const struct reasons *r)
{
	struct buf missing = BUF_INIT;

	buf_printf(&x->out, "%s: %s (%s)\n", policy, r->satisfied ? "satisfied" : "not satisfied",
		   signs);
	reasons_signatures(r, &x->out);
	reasons_tree(r, &x->out);
	reasons_missing(r, &missing);
	if (missing.len)
		buf_printf(&x->out, "  missing: %s\n", buf_cstr(&missing));
	buf_fini(&missing);
}

static void show_json(struct explain *x, const char *policy, const char *signs,
		      const struct reasons *r)
{
	json_open(&x->j, '{');
	json_key_str(&x->j, "policy");
	json_string(&x->j, bytes_str(policy));
	json_key_str(&x->j, "asked_of");
	json_string(&x->j, bytes_str(signs));
	reasons_json(r, &x->j);
	json_close(&x->j, '}');
}

static void ask(struct explain *x, const struct chanconf *conf, const char *policy,
		const char *signs, const struct policy_signed *sigs, size_t n)
{
	struct reasons r;

	reasons_ask(&r, conf, policy, sigs, n);
	(x->o->json ? show_json : show_text)(x, policy, signs, &r);
	if (!r.satisfied && !x->refused)
		x->refused = x_strdup(policy);
	reasons_free(&r);
}

/* ---- what is asked ------------------------------------------------------- */

static void ask_own(struct explain *x, const char *policy)
{
	struct policy_signed own = {.identity = x->env->creator, .signature = x->env->signature};

	sha256(x->env->payload, own.digest);
	ask(x, x->conf, policy, "the signature on the message", &own, 1);
}

static void ask_update(struct explain *x, const char *policy)
{
	ask(x, x->target, policy, "the signatures on the update", x->sigs, x->n_sigs);
}

static void ask_delta(void *arg, const struct chanconf_delta *d)
{
	struct explain *x = arg;

	if (d->policy && !map_put(x->asked, bytes_str(d->policy), x))
		ask_update(x, d->policy);
}

/* As the orderer asks: the message's own signature, unless it creates a channel, then an update's
 * for all that it changes. */
static int ask_all(struct explain *x, struct ord_err *e)
{
	bool update = x->env->type == WIRE_CONFIG_UPDATE;

	if (x->o->policy) {
		(update ? ask_update : ask_own)(x, x->o->policy);
		return 0;
	}
	if (x->target == x->conf)
		ask_own(x, x->conf->writers_name);
	return update ? chanconf_update_deltas(x->target, x->env, ask_delta, x, e) : 0;
}

/* Which configuration is it about? */
static int find_target(struct explain *x, struct ord_err *e)
{
	if (strcmp(x->env->channel_id, x->conf->channel_id) == 0) {
		x->target = chanconf_ref(x->conf);
		return 0;
	}
	if (x->env->type == WIRE_CONFIG_UPDATE && x->conf->has_consortiums)
		return chanconf_template(x->conf, x->env, &x->target, e);
	return err_set(e, ORD_EINVAL,
		       "%s is for channel '%s', but %s holds the configuration of '%s'",
		       x->o->envelope, x->env->channel_id, x->o->config_block, x->conf->channel_id);
}

static int explain(struct explain *x, struct ord_err *e)
{
	int rc = find_target(x, e);

	if (rc == 0 && x->env->type == WIRE_CONFIG_UPDATE)
		rc = chanconf_update_signatures(x->env, &x->sigs, &x->n_sigs, e);
	if (x->o->json)
		json_open(&x->j, '[');
	if (rc == 0)
		rc = ask_all(x, e);
	if (x->o->json) {
		json_close(&x->j, ']');
		buf_add_u8(&x->out, '\n');
	}
	if (rc == 0)
		rc = ctl_output(NULL, buf_bytes(&x->out), e);
	if (rc == 0 && x->refused)
		rc = err_set(e, ORD_EPERM, "%s is not satisfied", x->refused);
	return rc;
}

static int explain_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	struct explain x = {.o = opts, .asked = map_new()};
	int rc = config_file_block(x.o->config_block, &x.conf, e);

	(void)args;
	x.j = json_to(&x.out);
	if (rc == 0)
		rc = config_file_envelope(x.o->envelope, &x.env, e);
	if (rc == 0)
		rc = explain(&x, e);
	env_unref(x.env);
	chanconf_unref(x.conf);
	chanconf_unref(x.target);
	map_free(x.asked, NULL);
	free((char *)x.refused);
	free(x.sigs);
	buf_fini(&x.out);
	return rc;
}

static const struct ctl_opt explain_opt[] = {
	{"config-block", CTL_STRING, offsetof(struct explain_opts, config_block), true, "FILE",
	 "the channel's configuration block, as 'fetch config' writes it"},
	{"envelope", CTL_STRING, offsetof(struct explain_opts, envelope), true, "FILE",
	 "the message: an Envelope, - for standard input"},
	{"policy", CTL_STRING, offsetof(struct explain_opts, policy), false, "NAME",
	 "ask this one policy, e.g. /Channel/Application/Writers [all that the orderer would ask]"},
	{"json", CTL_FLAG, offsetof(struct explain_opts, json), false, NULL, "answer in JSON"},
	CTL_OPT_END};

const struct ctl_cmd cmd_policy_explain = {
	.name = "policy explain",
	.summary = "explain why a message satisfies the channel's policies, or does not",
	.details =
		"Shows which sub-policy failed for which identity, and why. Of a CONFIG_UPDATE, the "
		"signatures on the update are asked against the policy of each element that it "
		"changes, of every other message its own signature against the channel's writers. "
		"Fails when a policy is not satisfied.",
	.opts = explain_opt,
	.defaults = &(const struct explain_opts){0},
	.opts_size = sizeof(struct explain_opts),
	.run = explain_run,
};
