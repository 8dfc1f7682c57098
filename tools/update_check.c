/* SPDX-License-Identifier: Apache-2.0 */
/* update_check: a dry run, in the order in which the daemon does it (spec 5.3). */
#include "update_check.h"
#include "config_diff.h"
#include "config_sign.h"
#include "reasons.h"
#include "seek.h"

#include <channel/channel.h>
#include <inttypes.h>
#include <service/service.h>
#include <stdlib.h>

struct check {
	const struct chanconf *conf;
	struct chanconf *target; /* what is changed: conf, or the template of a new channel */
	const struct ord_env *env;
	Common__ConfigUpdate *update;
	struct policy_signed *sigs;
	size_t n_sigs;
	struct map *asked; /* policies that were shown */
	struct buf *out;
	struct buf proviso; /* what only the orderer itself can tell */
};

static bool is_creation(const struct check *c)
{
	return strcmp(c->env->channel_id, c->conf->channel_id) != 0;
}

/* ---- the orderer's answer ------------------------------------------------ */

/* An envelope that is not signed yet will be, by whoever sends it. */
static bool is_signed(const struct ord_env *env)
{
	return env->has_signature_header && env->signature.len > 0;
}

/* The CONFIG message, which only the orderer itself can sign. */
static struct ord_env *config_message(const char *channel_id, const Common__ConfigEnvelope *ce)
{
	struct wire_header_spec h = {.type = WIRE_CONFIG, .channel_id = channel_id};

	return env_unsigned_msg(&h, ce);
}

static int check_maintenance(const struct check *c, const Common__ConfigEnvelope *ce,
			     struct ord_err *e)
{
	struct ord_env *made = config_message(c->conf->channel_id, ce);
	int rc = chanconf_check_migration(c->conf, made, e);

	env_unref(made);
	return rc < 0 ? err_wrap(e, "config update for existing channel did not pass maintenance "
				    "checks")
		      : 0;
}

static int answer_existing(struct check *c, struct ord_err *e)
{
	Common__ConfigEnvelope *ce = NULL;
	struct chanconf *next = NULL;
	int rc = is_signed(c->env) ? chan_filter(c->conf, c->env, true, e) : 0;

	if (rc < 0)
		return err_wrap(e,
				"config update for existing channel did not pass initial checks");
	rc = chanconf_propose(c->conf, c->env, &ce, e);
	if (rc == 0)
		rc = chanconf_accept(c->conf, ce->config, &next, e);
	if (rc < 0)
		err_wrap(e, "error applying config update to existing channel '%s'",
			 c->conf->channel_id);
	else
		rc = check_maintenance(c, ce, e);
	if (rc == 0 && strcmp(c->conf->pub.consensus_type, next->pub.consensus_type) != 0)
		buf_printf(&c->proviso, ", if the orderer has a plugin for %s",
			   next->pub.consensus_type);
	chanconf_unref(next);
	wire_free(ce);
	return rc;
}

static int answer_creation(struct check *c, struct ord_err *e)
{
	struct ord_env *inner, *outer;
	Common__ConfigEnvelope *ce;
	struct wire_header_spec h = {.type = WIRE_ORDERER_TRANSACTION,
				     .channel_id = c->conf->channel_id};
	int rc = chanconf_create(c->conf, c->env, &ce, e);

	if (rc < 0)
		return rc;
	inner = config_message(c->env->channel_id, ce);
	wire_free(ce);
	outer = env_unsigned(&h, inner->raw);
	rc = chanconf_check_creation(c->conf, outer, e);
	if (c->conf->max_channels > 0)
		buf_printf(&c->proviso,
			   ", if the orderer has less than %" PRIu64 " channels besides this one",
			   c->conf->max_channels);
	env_unref(inner);
	env_unref(outer);
	return rc;
}

static int show_answer(struct check *c, struct ord_err *e)
{
	int rc = is_creation(c) ? answer_creation(c, e) : answer_existing(c, e);
	int status = service_status(rc);

	buf_printf(c->out, "answer: %d %s", status, wire_status_name(status));
	if (rc < 0) {
		buf_add_str(c->out, ": ");
		reasons_text(c->out, e->msg);
	} else {
		buf_add_bytes(c->out, buf_bytes(&c->proviso));
	}
	buf_add_u8(c->out, '\n');
	return rc;
}

/* ---- changes ------------------------------------------------------------- */

static void show_change(void *arg, const struct config_diff *d)
{
	const struct check *c = arg;

	buf_printf(c->out, "  %c %s", d->change, d->key);
	if (d->change == CONFIG_CHANGED)
		buf_printf(c->out, ", version %" PRIu64 " -> %" PRIu64, d->from, d->to);
	buf_add_u8(c->out, '\n');
	for (const char *line = d->lines; *line; line += strcspn(line, "\n") + 1) {
		char *one = x_strndup(line, strcspn(line, "\n"));

		buf_add_str(c->out, "  ");
		reasons_text(c->out, one);
		buf_add_u8(c->out, '\n');
		free(one);
	}
}

static void show_changes(const struct check *c)
{
	size_t before;

	if (is_creation(c))
		buf_printf(c->out, "new channel %s, against the template of %s\n",
			   c->env->channel_id, c->conf->channel_id);
	else
		buf_printf(c->out, "channel %s, sequence %" PRIu64 "\n", c->conf->channel_id,
			   c->conf->pub.sequence);
	buf_add_str(c->out, "changes:\n");
	before = c->out->len;
	config_diff(c->target->config->channel_group, c->update, show_change, (void *)c);
	if (c->out->len == before)
		buf_add_str(c->out, "  none\n");
}

/* ---- policies ------------------------------------------------------------ */

static void show_policy(const struct check *c, const char *name, const struct reasons *r)
{
	struct buf missing = BUF_INIT;

	buf_printf(c->out, "  %-4s", r->satisfied ? "yes" : "no");
	reasons_text(c->out, name);
	reasons_missing(r, &missing);
	if (!r->satisfied)
		buf_printf(c->out, ": missing %s", missing.len ? buf_cstr(&missing) : r->e.msg);
	buf_add_u8(c->out, '\n');
	buf_fini(&missing);
}

static void ask_policy(void *arg, const struct chanconf_delta *d)
{
	struct check *c = arg;
	struct reasons r;

	if (!d->policy || map_put(c->asked, bytes_str(d->policy), c))
		return;
	reasons_ask(&r, c->target, d->policy, c->sigs, c->n_sigs);
	show_policy(c, d->policy, &r);
	reasons_free(&r);
}

static int show_policies(struct check *c, struct ord_err *e)
{
	int rc;

	buf_add_str(c->out, "policies that this needs:\n");
	rc = chanconf_update_deltas(c->target, c->env, ask_policy, c, e);
	if (rc == 0 && map_len(c->asked) == 0)
		buf_add_str(c->out, "  none\n");
	return rc;
}

/* Any policy tells who signed. */
static void show_signatures(const struct check *c)
{
	struct reasons r;

	reasons_ask(&r, c->target, c->target->writers_name, c->sigs, c->n_sigs);
	buf_add_str(c->out, "signatures on the update:\n");
	reasons_signatures(&r, c->out);
	reasons_free(&r);
	if (!is_creation(c) && !is_signed(c->env))
		buf_printf(c->out,
			   "  the envelope is not signed: whoever sends it must satisfy %s\n",
			   c->conf->writers_name);
}

/* ---- the whole ----------------------------------------------------------- */

static int find_target(struct check *c, struct ord_err *e)
{
	if (!is_creation(c)) {
		c->target = chanconf_ref((struct chanconf *)c->conf);
		return 0;
	}
	if (c->conf->has_consortiums)
		return chanconf_template(c->conf, c->env, &c->target, e);
	return err_set(e, ORD_EINVAL,
		       "the update is for channel '%s', the configuration is that of '%s'",
		       c->env->channel_id, c->conf->channel_id);
}

static int read_update(struct check *c, struct ord_err *e)
{
	Common__ConfigUpdateEnvelope *outer;
	int rc = config_sign_open(c->env, &outer, e);

	if (rc < 0)
		return rc;
	rc = wire_unpack(&common__config_update__descriptor, wire_bytes(outer->config_update),
			 &c->update, e);
	wire_free(outer);
	return rc == 0 ? chanconf_update_signatures(c->env, &c->sigs, &c->n_sigs, e) : rc;
}

int update_check(const struct chanconf *conf, const struct ord_env *update, struct buf *out,
		 struct ord_err *e)
{
	struct check c = {.conf = conf, .env = update, .asked = map_new(), .out = out};
	int rc = read_update(&c, e);

	if (rc == 0)
		rc = find_target(&c, e);
	if (rc == 0) {
		show_changes(&c);
		rc = show_policies(&c, e);
	}
	if (rc == 0) {
		show_signatures(&c);
		rc = show_answer(&c, e);
	}
	chanconf_unref(c.target);
	wire_free(c.update);
	free(c.sigs);
	map_free(c.asked, NULL);
	buf_fini(&c.proviso);
	return rc;
}
