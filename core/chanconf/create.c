/* SPDX-License-Identifier: Apache-2.0 */
/* Channel creation through the system channel (spec 4.7, steps 2 and 3), and the check that what
 * was ordered is what came out of it (spec 5.2). */
#include "chanconf_priv.h"

int chanconf_create(const struct chanconf *system, const struct ord_env *update,
		    Common__ConfigEnvelope **out, struct ord_err *e)
{
	struct chanconf *template;
	int rc = chanconf_template(system, update, &template, e);

	if (rc < 0)
		return rc;
	rc = chanconf_propose(template, update, out, e);
	if (rc < 0)
		err_wrap(e,
			 "error validating channel creation transaction for new channel '%s', "
			 "could not succesfully apply update to template configuration",
			 update->channel_id);
	chanconf_unref(template);
	return rc;
}

/* ---- re-derivation ------------------------------------------------------- */

/* The new channel's first configuration, as a configuration that this orderer can run. */
static int check_config(const struct chanconf *template, const Common__Config *config,
			struct ord_err *e)
{
	struct chanconf *c;
	int rc = 0;

	if (chanconf_new(template->channel_id, config, &c, e) < 0)
		return err_wrap(e, "config does not validly parse");
	if (chanconf_validate_new(template, c, e) < 0)
		rc = err_wrap(e, "new bundle invalid");
	else if (!c->has_orderer)
		rc = err_set(e, ORD_EINVAL, "config is missing orderer group");
	else if (chanconf_caps_check_orderer(c->priv->orderer.capabilities, e) < 0 ||
		 chanconf_caps_check_channel(c->priv->channel.capabilities, e) < 0) {
		err_wrap(e, "config update is not compatible");
		rc = e->code = ORD_EINVAL;
	}
	chanconf_unref(c);
	return rc;
}

static int check_same(const struct chanconf *template, const struct ord_env *last,
		      const Common__ConfigEnvelope *received, struct ord_err *e)
{
	Common__ConfigEnvelope *proposed;
	int rc;

	if (chanconf_propose(template, last, &proposed, e) < 0)
		return err_wrap(e, "error proposing channel update to new channel config");
	if (wire_equal(proposed, received))
		rc = check_config(template, proposed->config, e);
	else
		rc = err_set(e, ORD_EINVAL,
			     "config proposed by the channel creation request did not match the "
			     "config received with the channel creation request");
	wire_free(proposed);
	return rc;
}

static int check_envelope(const struct chanconf *system, const Common__ConfigEnvelope *ce,
			  struct ord_err *e)
{
	struct chanconf *template;
	struct ord_env *last;
	int rc;

	if (!ce->last_update)
		return err_set(e, ORD_EINVAL, "updated config does not include a config update");
	last = env_make(wire_bytes(ce->last_update->payload),
			wire_bytes(ce->last_update->signature));
	rc = chanconf_template(system, last, &template, e);
	if (rc < 0) {
		err_wrap(e, "error constructing new channel config from update");
	} else {
		rc = check_same(template, last, ce, e);
		chanconf_unref(template);
	}
	env_unref(last);
	return rc;
}

static int check_wrapped(const struct chanconf *system, const struct ord_env *config_tx,
			 const struct ord_err *why, struct ord_err *e)
{
	Common__ConfigEnvelope *ce;
	int rc;

	if (!config_tx->header_ok && strcmp(why->msg, "header not set") == 0)
		return err_set(e, ORD_EINVAL, "wrapped configtx envelope missing header");
	if (!config_tx->header_ok)
		return err_set(e, ORD_EINVAL,
			       "error unmarshaling wrapped configtx envelope payload: %s",
			       why->msg);
	if (config_tx->type != WIRE_CONFIG)
		return err_set(e, ORD_EINVAL, "wrapped configtx envelope not a config transaction");
	if (wire_unpack(&common__config_envelope__descriptor, config_tx->data, &ce, e) < 0)
		return err_wrap(
			e, "error unmarshalling wrapped configtx config envelope from payload");
	rc = check_envelope(system, ce, e);
	wire_free(ce);
	return rc;
}

int chanconf_check_creation(const struct chanconf *system, const struct ord_env *orderer_tx,
			    struct ord_err *e)
{
	struct ord_err why = ERR_INIT;
	struct ord_env *config_tx;
	int rc;

	if (chanconf_need_orderer(system, e) < 0)
		return e->code;
	if (system->priv->orderer.consensus_type->state !=
	    ORDERER__CONSENSUS_TYPE__STATE__STATE_NORMAL)
		return err_set(e, ORD_EUNAVAIL,
			       "channel creation is not permitted: maintenance mode");
	if (env_parse(orderer_tx->data, &config_tx, &why) < 0)
		return err_set(e, ORD_EINVAL, "payload data error unmarshaling to envelope: %s",
			       why.msg);
	rc = check_wrapped(system, config_tx, &why, e);
	env_unref(config_tx);
	return rc;
}
