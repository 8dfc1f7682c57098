/* SPDX-License-Identifier: Apache-2.0 */
/* Maintenance mode, and the change of consensus type that needs it (spec 4.6). */
#include "chanconf_priv.h"

static struct log_logger logger = LOG_LOGGER("orderer.common.msgprocessor");

static const char *state_name(int state, char tmp[static 12])
{
	switch (state) {
	case ORDERER__CONSENSUS_TYPE__STATE__STATE_NORMAL:
		return "STATE_NORMAL";
	case ORDERER__CONSENSUS_TYPE__STATE__STATE_MAINTENANCE:
		return "STATE_MAINTENANCE";
	default:
		snprintf(tmp, 12, "%d", state);
		return tmp;
	}
}

/* What changes, with the states in words. */
struct change {
	const Orderer__ConsensusType *from, *to;
	const char *from_state, *to_state;
	char from_number[12], to_number[12];
};

static void change_init(struct change *c, const Orderer__ConsensusType *from,
			const Orderer__ConsensusType *to)
{
	c->from = from;
	c->to = to;
	c->from_state = state_name((int)from->state, c->from_number);
	c->to_state = state_name((int)to->state, c->to_number);
}

static bool type_changes(const struct change *c)
{
	return strcmp(c->from->type, c->to->type) != 0;
}

static bool state_changes(const struct change *c)
{
	return c->from->state != c->to->state;
}

/* ---- without the capability ---------------------------------------------- */

static int check_disabled(const struct change *c, struct ord_err *e)
{
	if (c->to->state != ORDERER__CONSENSUS_TYPE__STATE__STATE_NORMAL)
		return err_set(e, ORD_EINVAL,
			       "next config attempted to change ConsensusType.State to %s, but "
			       "capability is disabled",
			       c->to_state);
	if (type_changes(c))
		return err_set(e, ORD_EINVAL,
			       "next config attempted to change ConsensusType.Type from %s to %s, "
			       "but capability is disabled",
			       c->from->type, c->to->type);
	return 0;
}

/* ---- entering and leaving maintenance ------------------------------------ */

static int check_write_set(const Common__ConfigGroup *set, struct ord_err *e)
{
	const Common__ConfigGroup *orderer = chanconf_find_group(set, KEY_ORDERER);

	if (!set || set->n_groups == 0)
		return err_set(e, ORD_EINVAL, "config update contains no changes");
	if (set->n_values > 0)
		return err_set(e, ORD_EINVAL,
			       "config update contains changes to values in group Channel");
	if (set->n_groups > 1)
		return err_set(e, ORD_EINVAL,
			       "config update contains changes to more than one group");
	if (!orderer)
		return err_set(e, ORD_EINVAL, "update does not contain the Orderer group");
	if (orderer->n_groups > 0)
		return err_set(e, ORD_EINVAL,
			       "config update contains changes to groups within the Orderer group");
	if (!chanconf_find_value(orderer, "ConsensusType"))
		return err_set(e, ORD_EINVAL,
			       "config update does not contain the ConsensusType value");
	if (orderer->n_values > 1)
		return err_set(
			e, ORD_EINVAL,
			"config update contain more then just the ConsensusType value in the "
			"Orderer group");
	return 0;
}

/* Nothing but ConsensusType may stand in the update. */
static int check_only_change(const Common__Envelope *last_update, struct ord_err *e)
{
	struct ord_env *env =
		env_make(wire_bytes(last_update->payload), wire_bytes(last_update->signature));
	struct update u;
	int rc = chanconf_update_open(env, &u, e);

	if (rc < 0)
		err_wrap(e, "envelope to config update unmarshaling error");
	else if ((rc = chanconf_update_decode(&u, e)) < 0)
		err_wrap(e, "config update unmarshaling error");
	else
		rc = check_write_set(u.inner->write_set, e);
	chanconf_update_fini(&u);
	env_unref(env);
	return rc;
}

static int check_state_change(const struct change *c, const Common__Envelope *last_update,
			      struct ord_err *e)
{
	if (check_only_change(last_update, e) < 0)
		return e->code;
	if (type_changes(c))
		return err_set(e, ORD_EINVAL,
			       "attempted to change ConsensusType.Type from %s to %s, but "
			       "ConsensusType.State is changing from %s to %s",
			       c->from->type, c->to->type, c->from_state, c->to_state);
	if (!bytes_eq(wire_bytes(c->from->metadata), wire_bytes(c->to->metadata)))
		return err_set(
			e, ORD_EINVAL,
			"attempted to change ConsensusType.Metadata, but ConsensusType.State "
			"is changing from %s to %s",
			c->from_state, c->to_state);
	return 0;
}

/* ---- another type -------------------------------------------------------- */

static int check_raft_metadata(const Orderer__ConsensusType *to, struct ord_err *e)
{
	Etcdraft__ConfigMetadata *m;

	if (wire_unpack(&etcdraft__config_metadata__descriptor, wire_bytes(to->metadata), &m, e) <
	    0)
		return err_wrap(e, "failed to unmarshal etcdraft metadata configuration");
	wire_free(m);
	return 0;
}

static int check_type_change(const struct change *c, struct ord_err *e)
{
	const char *why = NULL;

	if (c->from->state == ORDERER__CONSENSUS_TYPE__STATE__STATE_NORMAL)
		why = "but current config ConsensusType.State is not in maintenance mode";
	else if (c->to->state == ORDERER__CONSENSUS_TYPE__STATE__STATE_NORMAL)
		why = "but next config ConsensusType.State is not in maintenance mode";
	if (why)
		return err_set(e, ORD_EINVAL,
			       "attempted to change consensus type from %s to %s, %s",
			       c->from->type, c->to->type, why);
	return strcmp(c->to->type, "etcdraft") == 0 ? check_raft_metadata(c->to, e) : 0;
}

/* ---- the whole ----------------------------------------------------------- */

static int check_change(const struct chanconf *current, const struct change *c,
			const Common__Envelope *last_update, struct ord_err *e)
{
	if (!current->caps.consensus_migration)
		return check_disabled(c, e);
	if (state_changes(c) && check_state_change(c, last_update, e) < 0)
		return e->code;
	if (type_changes(c) && check_type_change(c, e) < 0)
		return e->code;
	if (type_changes(c))
		log_info(&logger,
			 "[channel: %s] consensus-type migration: about to change from %s to %s",
			 current->channel_id, c->from->type, c->to->type);
	if (state_changes(c))
		log_info(&logger,
			 "[channel: %s] maintenance mode: ConsensusType.State about to change from "
			 "%s to %s",
			 current->channel_id, c->from_state, c->to_state);
	return 0;
}

static int inspect(const struct chanconf *current, const Common__ConfigEnvelope *ce,
		   struct ord_err *e)
{
	struct chanconf *next = NULL;
	struct change change;
	int rc;

	if (!ce->last_update)
		return err_set(e, ORD_EINVAL, "updated config does not include a config update");
	if (chanconf_new(current->channel_id, ce->config, &next, e) < 0)
		return err_wrap(e, "failed to parse config");
	if (next->has_orderer) {
		change_init(&change, current->priv->orderer.consensus_type,
			    next->priv->orderer.consensus_type);
		rc = check_change(current, &change, ce->last_update, e);
	} else {
		rc = err_set(e, ORD_EINVAL, "next config is missing orderer group");
	}
	chanconf_unref(next);
	return rc;
}

int chanconf_check_migration(const struct chanconf *current, const struct ord_env *config_msg,
			     struct ord_err *e)
{
	Common__ConfigEnvelope *ce;
	int rc;

	if (chanconf_need_orderer(current, e) < 0)
		return e->code;
	if (chanconf_open_config(config_msg, &ce, e) < 0)
		return err_wrap(e, "envelope unmarshalling failed");
	rc = inspect(current, ce, e);
	wire_free(ce);
	return rc < 0 ? err_wrap(e, "config transaction inspection failed") : 0;
}
