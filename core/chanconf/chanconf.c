/* SPDX-License-Identifier: Apache-2.0 */
/* A chanconf's life: built from a Config or a config block's envelope, counted, freed; and the
 * questions others ask it. */
#include "chanconf_priv.h"
#include <stdlib.h>

static struct log_logger logger = LOG_LOGGER("common.channelconfig");

static void chanconf_free(struct chanconf *c)
{
	policy_tree_free(c->policies);
	msp_set_free(c->msps);
	chanconf_values_free(chanconf_channel_keys, &c->priv->channel);
	chanconf_values_free(chanconf_orderer_keys, &c->priv->orderer);
	chanconf_values_free(chanconf_application_keys, &c->priv->application);
	free((void *)c->pub.kafka_brokers);
	free(c->orderer_addresses);
	free(c->orgs);
	free(c->channel_id);
	wire_free(c->config);
	free(c->priv);
	free(c);
}

int chanconf_adopt(const char *channel_id, Common__Config *take, struct chanconf **out,
		   struct ord_err *e)
{
	struct chanconf *c = x_alloc(sizeof(*c));
	int rc;

	c->pub.size = sizeof(c->pub);
	c->pub.sequence = take->sequence;
	c->pub.consensus_type = "";
	atomic_init(&c->refs, 1);
	c->channel_id = x_strdup(channel_id);
	c->config = take;
	c->priv = x_alloc(sizeof(*c->priv));
	rc = chanconf_groups_build(c, e);
	if (rc < 0)
		chanconf_free(c);
	else
		*out = c;
	return rc;
}

int chanconf_copy(const void *msg, void *out, struct ord_err *e)
{
	const ProtobufCMessage *m = msg;
	struct buf packed = BUF_INIT;
	int rc;

	wire_pack(m, &packed);
	rc = wire_unpack(m->descriptor, buf_bytes(&packed), out, e);
	buf_fini(&packed);
	return rc;
}

int chanconf_new(const char *channel_id, const Common__Config *config, struct chanconf **out,
		 struct ord_err *e)
{
	Common__Config *copy;

	if (!config)
		return err_set(e, ORD_EINVAL, "channelconfig Config cannot be nil");
	if (chanconf_copy(config, &copy, e) < 0)
		return e->code;
	return chanconf_adopt(channel_id, copy, out, e);
}

int chanconf_open_config(const struct ord_env *env, Common__ConfigEnvelope **out, struct ord_err *e)
{
	if (!env->header_ok)
		return err_set(e, ORD_EINVAL, "failed to unmarshal channel header");
	if (env->type != WIRE_CONFIG) {
		char tmp[12];

		return err_set(e, ORD_EINVAL, "not a CONFIG message but %s",
			       wire_header_type_name(env->type, tmp));
	}
	if (wire_unpack(&common__config_envelope__descriptor, env->data, out, e) < 0)
		return err_wrap(e, "failed to unmarshal config envelope from payload");
	return 0;
}

int chanconf_from_env(const struct ord_env *env, struct chanconf **out, struct ord_err *e)
{
	Common__ConfigEnvelope *ce;
	Common__Config *config;

	if (chanconf_open_config(env, &ce, e) < 0)
		return e->code;
	config = ce->config;
	ce->config = NULL;
	wire_free(ce);
	if (!config)
		return err_set(e, ORD_EINVAL, "channelconfig Config cannot be nil");
	return chanconf_adopt(env->channel_id, config, out, e);
}

struct chanconf *chanconf_ref(struct chanconf *c)
{
	ref_get(&c->refs);
	return c;
}

void chanconf_unref(struct chanconf *c)
{
	if (c && ref_put(&c->refs))
		chanconf_free(c);
}

/* ---- questions ----------------------------------------------------------- */

/* Policies without which a network hardly works: their absence is legal, and worth a word. */
static void warn_missing_policies(const struct chanconf *c)
{
	const struct {
		const bool *group; /* whether the group is there at all */
		const char *name;
	} usual[] = {
		{NULL, "/Channel/Readers"},
		{NULL, "/Channel/Writers"},
		{&c->has_application, "/Channel/Application/Readers"},
		{&c->has_application, "/Channel/Application/Writers"},
		{&c->has_application, "/Channel/Application/Admins"},
		{&c->has_orderer, "/Channel/Orderer/BlockValidation"},
		{&c->has_orderer, "/Channel/Orderer/Admins"},
		{&c->has_orderer, "/Channel/Orderer/Writers"},
		{&c->has_orderer, "/Channel/Orderer/Readers"},
	};

	for (size_t i = 0; i < UTIL_ARRAY_LEN(usual); i++)
		if ((!usual[i].group || *usual[i].group) &&
		    !policy_find(c->policies, usual[i].name))
			log_warn(&logger,
				 "[channel %s] Current configuration has no policy '%s', this will "
				 "likely cause problems in production systems",
				 c->channel_id, usual[i].name);
}

/* Fabric gives the reason twice, and clients see it. */
static int unsupported(const char *level, struct ord_err *e)
{
	struct ord_err why = *e;

	return err_set(e, why.code, "config requires unsupported %s capabilities: %s: %s", level,
		       why.msg, why.msg);
}

int chanconf_need_orderer(const struct chanconf *c, struct ord_err *e)
{
	return c->has_orderer ? 0
			      : err_set(e, ORD_EINVAL, "config does not contain orderer config");
}

int chanconf_check_supported(const struct chanconf *c, struct ord_err *e)
{
	warn_missing_policies(c);
	if (chanconf_need_orderer(c, e) < 0)
		return e->code;
	if (chanconf_caps_check_orderer(c->priv->orderer.capabilities, e) < 0)
		return unsupported("orderer", e);
	if (chanconf_caps_check_channel(c->priv->channel.capabilities, e) < 0)
		return unsupported("channel", e);
	return 0;
}

static bool seen_before(const struct chanconf *c, size_t org)
{
	for (size_t i = 0; i < org; i++)
		if (strcmp(c->orgs[i].mspid, c->orgs[org].mspid) == 0)
			return true;
	return false;
}

void chanconf_tls_cas(const struct chanconf *c, void (*each)(void *arg, struct ord_bytes pem),
		      void *arg)
{
	for (size_t i = 0; i < c->n_orgs; i++)
		if (!seen_before(c, i))
			msp_set_tls_cas(c->msps, c->orgs[i].mspid, each, arg);
}

const struct policy *chanconf_policy(const struct chanconf *c, const char *name)
{
	return policy_find(c->policies, name);
}
