/* SPDX-License-Identifier: Apache-2.0 */
/* Config updates (spec 4.4): is one authorized, and what does it lead to?  In Fabric's order; where
 * Fabric meets elements in random order, we meet them in that of the tree. */
#include "chanconf_priv.h"
#include <stdlib.h>

/* ---- step 2: the read set ------------------------------------------------ */

static int check_read(void *unused, const struct update_step *step, struct ord_err *e)
{
	char *key;

	(void)unused;
	if (step->current.there && step->current.version == step->wanted.version)
		return 0;
	key = chanconf_update_key(step);
	if (!step->current.there)
		err_set(e, ORD_EINVAL,
			"existing config does not contain element for %s but was in the read set",
			key);
	else
		err_set(e, ORD_EINVAL,
			"proposed update requires that key %s be at version %" PRIu64
			", but it is currently at version %" PRIu64,
			key, step->wanted.version, step->current.version);
	free(key);
	return ORD_EINVAL;
}

/* ---- step 5: the delta set ----------------------------------------------- */

struct delta {
	const struct chanconf *current;
	const struct policy_signed *sigs;
	size_t n_sigs;
	struct map *satisfied; /* policies: many elements have the same */
	size_t n;
};

/* The policy that guards an existing element: relative names start at the group it is in; those of
 * a group at the group itself. */
static const struct policy *guard_of(const struct chanconf *c, const struct update_step *step)
{
	const char *name = step->current.mod_policy;

	return policy_find(name[0] == '/' ? c->policies : step->node, name);
}

static int check_guard(struct delta *d, const struct update_step *step, const char *key,
		       struct ord_err *e)
{
	const struct policy *p = guard_of(d->current, step);
	const char *name = step->current.mod_policy;
	struct ord_bytes id = bytes_of(&p, sizeof(p));

	if (!p)
		return err_set(e, ORD_EINVAL, "unexpected missing policy %s for item %s", name,
			       key);
	if (map_get(d->satisfied, id))
		return 0;
	if (policy_evaluate(p, name, d->current->msps, d->sigs, d->n_sigs, e) < 0) {
		err_wrap(e, "policy for %s not satisfied", key);
		return e->code = ORD_EINVAL;
	}
	map_put(d->satisfied, id, (void *)p);
	return 0;
}

static int check_element(struct delta *d, const struct update_step *step, const char *key,
			 struct ord_err *e)
{
	uint64_t from = step->current.version, to = step->wanted.version;

	if (chanconf_mod_policy_check(step->wanted.mod_policy, e) < 0)
		return err_wrap(e, "invalid mod_policy for element %s", key);
	if (!step->current.there && to != 0)
		return err_set(e, ORD_EINVAL,
			       "attempted to set key %s to version %" PRIu64
			       ", but key does not exist",
			       key, to);
	if (!step->current.there)
		return 0; /* its group's new version is what needs a right */
	if (to != from + 1)
		return err_set(e, ORD_EINVAL,
			       "attempt to set key %s to version %" PRIu64
			       ", but key is at version %" PRIu64,
			       key, to, from);
	return check_guard(d, step, key, e);
}

static int check_delta(void *arg, const struct update_step *step, struct ord_err *e)
{
	struct delta *d = arg;
	char *key = chanconf_update_key(step);
	int rc = check_element(d, step, key, e);

	d->n++;
	free(key);
	return rc;
}

static int check_delta_set(const struct chanconf *current, const struct update *u,
			   struct ord_err *e)
{
	struct policy_signed *sigs;
	struct delta d = {.current = current};
	int rc;

	if (chanconf_update_signed(u, &sigs, &d.n_sigs, e) < 0)
		return e->code;
	chanconf_update_digest(u, current->msps, sigs, d.n_sigs);
	d.sigs = sigs;
	d.satisfied = map_new();
	rc = chanconf_update_walk(current->config->channel_group, current->policies,
				  u->inner->read_set, u->inner->write_set, check_delta, &d, e);
	map_free(d.satisfied, NULL);
	free(sigs);
	if (rc == 0 && d.n == 0)
		rc = err_set(e, ORD_EINVAL, "delta set was empty -- update would have no effect");
	return rc < 0 ? err_wrap(e, "error validating DeltaSet") : 0;
}

/* ---- the whole ----------------------------------------------------------- */

static int check_names(const Common__ConfigGroup *set, const char *what, struct ord_err *e)
{
	return set && chanconf_names_check(set, e) < 0 ? err_wrap(e, "error mapping %s", what) : 0;
}

/* Step 8 follows from the others: what the write set names without changing it is in the read set
 * at the same version, and so in the configuration. */
static int authorize(const struct chanconf *current, struct update *u, struct ord_err *e)
{
	if (chanconf_update_decode(u, e) < 0)
		return e->code;
	if (strcmp(u->inner->channel_id, current->channel_id) != 0)
		return err_set(e, ORD_EINVAL,
			       "ConfigUpdate for channel '%s' but envelope for channel '%s'",
			       u->inner->channel_id, current->channel_id);
	if (check_names(u->inner->read_set, "ReadSet", e) < 0)
		return e->code;
	if (chanconf_update_walk(current->config->channel_group, NULL, NULL, u->inner->read_set,
				 check_read, NULL, e) < 0)
		return err_wrap(e, "error validating ReadSet");
	if (check_names(u->inner->write_set, "WriteSet", e) < 0)
		return e->code;
	return check_delta_set(current, u, e);
}

/* The tree an authorized update leads to; free with wire_free(). */
static int apply(const struct chanconf *current, const struct update *u, Common__ConfigGroup **out,
		 struct ord_err *e)
{
	const Common__ConfigGroup *group = current->config->channel_group;
	struct scratch s = {NULL, 0};
	int rc = chanconf_copy(chanconf_update_overlay(&s, group, u->inner), out, e);

	chanconf_scratch_free(&s);
	if (rc < 0)
		return err_wrap(e, "could not turn configMap back to channelGroup");
	chanconf_update_repair(group, u->inner, *out);
	return 0;
}

static Common__ConfigEnvelope *config_envelope(const struct chanconf *current,
					       Common__ConfigGroup *take,
					       const struct ord_env *update)
{
	Common__ConfigEnvelope *ce = x_alloc(sizeof(*ce));
	struct buf payload = BUF_INIT, signature = BUF_INIT;

	common__config_envelope__init(ce);
	ce->config = x_alloc(sizeof(*ce->config));
	common__config__init(ce->config);
	ce->config->sequence = current->config->sequence + 1;
	ce->config->channel_group = take;
	ce->last_update = x_alloc(sizeof(*ce->last_update));
	common__envelope__init(ce->last_update);
	buf_add_bytes(&payload, update->payload);
	buf_add_bytes(&signature, update->signature);
	ce->last_update->payload = wire_binary(buf_bytes(&payload));
	ce->last_update->signature = wire_binary(buf_bytes(&signature));
	return ce;
}

int chanconf_propose(const struct chanconf *current, const struct ord_env *update,
		     Common__ConfigEnvelope **out, struct ord_err *e)
{
	Common__ConfigGroup *result;
	struct update u;
	int rc = chanconf_update_open(update, &u, e);

	if (rc < 0)
		err_wrap(e, "error converting envelope to config update");
	else if ((rc = authorize(current, &u, e)) < 0)
		err_wrap(e, "error authorizing update");
	else if ((rc = apply(current, &u, &result, e)) == 0)
		*out = config_envelope(current, result, update);
	chanconf_update_fini(&u);
	return rc;
}

/* Does @ce say what its last update makes of @current? */
static int rederive(const struct chanconf *current, const Common__ConfigEnvelope *ce,
		    struct ord_err *e)
{
	struct ord_env *last = env_make(wire_bytes(ce->last_update->payload),
					wire_bytes(ce->last_update->signature));
	Common__ConfigGroup *result = NULL;
	struct update u;
	int rc = chanconf_update_open(last, &u, e);

	if (rc == 0 && (rc = authorize(current, &u, e)) == 0 &&
	    (rc = apply(current, &u, &result, e)) == 0 &&
	    !wire_equal(result, ce->config->channel_group))
		rc = err_set(e, ORD_EINVAL,
			     "ConfigEnvelope LastUpdate did not produce the supplied config "
			     "result");
	wire_free(result);
	chanconf_update_fini(&u);
	env_unref(last);
	return rc;
}

static int validate(const struct chanconf *current, const Common__ConfigEnvelope *ce,
		    struct ord_err *e)
{
	if (!ce->config)
		return err_set(e, ORD_EINVAL, "config envelope has nil config");
	if (ce->config->sequence != current->config->sequence + 1)
		return err_set(e, ORD_EINVAL,
			       "config currently at sequence %" PRIu64
			       ", cannot validate config at sequence %" PRIu64,
			       current->config->sequence, ce->config->sequence);
	if (!ce->last_update)
		return err_set(e, ORD_EINVAL, "updated config does not include a config update");
	return rederive(current, ce, e);
}

int chanconf_validate(const struct chanconf *current, const struct ord_env *config_msg,
		      struct chanconf **next, struct ord_err *e)
{
	Common__ConfigEnvelope *ce;
	Common__Config *config;
	int rc = chanconf_open_config(config_msg, &ce, e);

	if (rc < 0)
		return rc;
	if ((rc = validate(current, ce, e)) == 0) {
		config = ce->config;
		ce->config = NULL;
		rc = chanconf_adopt(current->channel_id, config, next, e);
	}
	wire_free(ce);
	return rc;
}
