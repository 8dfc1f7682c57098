/* SPDX-License-Identifier: Apache-2.0 */
/* The config tree, group by group: values decoded, checked and put where they are asked for; MSPs
 * and policies set up.  The order of the checks is Fabric's. */
#include "chanconf_priv.h"
#include <stdlib.h>

/* ---- organisations ------------------------------------------------------- */

/* How organisations below Orderer, Application and a consortium differ. */
struct org_kind {
	const struct value_key *keys;
	const char *no_groups; /* what is said when there are sub-groups */
};
static const struct org_kind orderer_orgs = {chanconf_orderer_org_keys,
					     "OrdererOrg config does not allow sub-groups"};
static const struct org_kind application_orgs = {chanconf_application_org_keys,
						 "ApplicationOrg config does not allow sub-groups"};
static const struct org_kind consortium_orgs = {chanconf_consortium_org_keys,
						"organizations do not support sub-groups"};

static int build_org(struct chanconf *c, const struct org_kind *kind,
		     const Common__ConfigGroup__GroupsEntry *entry, const char *consortium,
		     struct ord_err *e)
{
	const Common__ConfigGroup *group = entry->value;
	struct values_org values = {NULL, NULL, NULL};
	struct chanconf_org *org = &c->orgs[c->n_orgs];
	int rc;

	if (group->n_groups > 0)
		return err_set(e, ORD_EINVAL, "%s", kind->no_groups);
	if (kind == &orderer_orgs && !c->caps.org_orderer_endpoints &&
	    chanconf_find_value(group, "Endpoints"))
		return err_set(e, ORD_EINVAL,
			       "Orderer Org %s cannot contain endpoints value until V1_4_2+ "
			       "capabilities have been enabled",
			       entry->key);
	rc = chanconf_values_read(kind->keys, group, &values, e);
	if (rc == 0)
		rc = msp_set_add(c->msps, values.msp, &org->mspid, e);
	if (rc == 0 && org->mspid[0] == '\0')
		rc = err_set(e, ORD_EINVAL, "MSP for org %s has empty MSP ID", entry->key);
	chanconf_values_free(kind->keys, &values);
	if (rc < 0)
		return rc;
	org->name = entry->key;
	org->orderer = kind == &orderer_orgs;
	org->application = kind == &application_orgs;
	org->consortium = consortium;
	c->n_orgs++;
	return 0;
}

static int build_orgs(struct chanconf *c, const struct org_kind *kind,
		      const Common__ConfigGroup *in, const char *consortium, struct ord_err *e)
{
	int rc = 0;

	c->orgs = x_realloc(c->orgs, (c->n_orgs + in->n_groups) * sizeof(*c->orgs));
	for (size_t i = 0; i < in->n_groups && rc == 0; i++)
		rc = build_org(c, kind, in->groups[i], consortium, e);
	return rc;
}

/* ---- the three groups below /Channel ------------------------------------- */

static int build_application(struct chanconf *c, const Common__ConfigGroup *group,
			     struct ord_err *e)
{
	struct values_application *v = &c->priv->application;

	c->has_application = true;
	if (chanconf_values_read(chanconf_application_keys, group, v, e) < 0)
		return ORD_EINVAL;
	if (chanconf_find_value(group, "ACLs") && !chanconf_caps_allow_acls(v->capabilities))
		return err_set(e, ORD_EINVAL,
			       "ACLs may not be specified without the required capability");
	return build_orgs(c, &application_orgs, group, NULL, e);
}

static void publish_orderer(struct chanconf *c, const struct values_orderer *v, int64_t timeout_ns)
{
	const Orderer__KafkaBrokers *kafka = v->kafka_brokers;
	const char **brokers = x_alloc((kafka->n_brokers + 1) * sizeof(*brokers));

	for (size_t i = 0; i < kafka->n_brokers; i++)
		brokers[i] = kafka->brokers[i];
	c->pub.kafka_brokers = brokers;
	c->pub.batch_timeout_ns = (uint64_t)timeout_ns;
	c->pub.batch_max_count = v->batch_size->max_message_count;
	c->pub.batch_absolute_max = v->batch_size->absolute_max_bytes;
	c->pub.batch_preferred_max = v->batch_size->preferred_max_bytes;
	c->pub.consensus_type = v->consensus_type->type;
	c->pub.consensus_metadata = wire_bytes(v->consensus_type->metadata);
	c->pub.resubmission = c->caps.resubmission;
	c->max_channels = v->channel_restrictions->max_count;
	if (v->consensus_type->state == ORDERER__CONSENSUS_TYPE__STATE__STATE_MAINTENANCE)
		c->state = CHANCONF_MAINTENANCE;
}

static int build_orderer(struct chanconf *c, const Common__ConfigGroup *group, struct ord_err *e)
{
	struct values_orderer *v = &c->priv->orderer;
	int64_t timeout_ns;

	c->has_orderer = true;
	if (chanconf_values_read(chanconf_orderer_keys, group, v, e) < 0 ||
	    chanconf_values_check_orderer(v, &timeout_ns, e) < 0)
		return ORD_EINVAL;
	chanconf_caps_orderer(&c->caps, v->capabilities);
	publish_orderer(c, v, timeout_ns);
	return build_orgs(c, &orderer_orgs, group, NULL, e);
}

/* Values of /Channel/Consortiums itself are not looked at. */
static int build_consortiums(struct chanconf *c, const Common__ConfigGroup *group,
			     struct ord_err *e)
{
	int rc = 0;

	c->has_consortiums = true;
	for (size_t i = 0; i < group->n_groups && rc == 0; i++) {
		const Common__ConfigGroup *consortium = group->groups[i]->value;
		struct values_consortium values = {NULL};

		rc = chanconf_values_read(chanconf_consortium_keys, consortium, &values, e);
		chanconf_values_free(chanconf_consortium_keys, &values);
		if (rc == 0)
			rc = build_orgs(c, &consortium_orgs, consortium, group->groups[i]->key, e);
	}
	return rc;
}

static int build_sub_group(struct chanconf *c, const Common__ConfigGroup__GroupsEntry *entry,
			   struct ord_err *e)
{
	static const struct {
		const char *key;
		int (*build)(struct chanconf *c, const Common__ConfigGroup *group,
			     struct ord_err *e);
	} groups[] = {
		{KEY_APPLICATION, build_application},
		{KEY_ORDERER, build_orderer},
		{KEY_CONSORTIUMS, build_consortiums},
	};

	for (size_t i = 0; i < UTIL_ARRAY_LEN(groups); i++) {
		if (strcmp(groups[i].key, entry->key) != 0)
			continue;
		if (groups[i].build(c, entry->value, e) < 0)
			return err_wrap(e, "could not create channel %s sub-group config",
					entry->key);
		return 0;
	}
	return err_set(e, ORD_EINVAL, "Disallowed channel group: %s", entry->key);
}

/* ---- /Channel ------------------------------------------------------------ */

static void publish_channel(struct chanconf *c, const Common__ConfigGroup *group)
{
	const Common__OrdererAddresses *addresses = c->priv->channel.orderer_addresses;

	if (chanconf_find_value(group, KEY_CONSORTIUM))
		c->consortium = c->priv->channel.consortium->name;
	c->orderer_addresses =
		x_alloc((addresses->n_addresses + 1) * sizeof(*c->orderer_addresses));
	for (size_t i = 0; i < addresses->n_addresses; i++)
		c->orderer_addresses[i] = addresses->addresses[i];
}

static int build_channel(struct chanconf *c, const Common__ConfigGroup *group, struct ord_err *e)
{
	struct values_channel *v = &c->priv->channel;
	int rc = 0;

	if (chanconf_values_read(chanconf_channel_keys, group, v, e) < 0)
		return ORD_EINVAL;
	chanconf_caps_channel(&c->caps, v->capabilities);
	if (chanconf_values_check_channel(v, !c->caps.org_orderer_endpoints, e) < 0)
		return ORD_EINVAL;
	publish_channel(c, group);
	c->msps = msp_set_new(c->caps.msp_version);
	for (size_t i = 0; i < group->n_groups && rc == 0; i++)
		rc = build_sub_group(c, group->groups[i], e);
	return rc;
}

/* Capabilities above the orderer's are worth nothing while the orderer has none. */
static int check_orderer_support(const Common__ConfigGroup *group, struct ord_err *e)
{
	const Common__ConfigGroup *orderer = chanconf_find_group(group, KEY_ORDERER);
	const Common__ConfigGroup *application = chanconf_find_group(group, KEY_APPLICATION);

	if (!orderer || chanconf_find_value(orderer, KEY_CAPABILITIES))
		return 0;
	if (chanconf_find_value(group, KEY_CAPABILITIES))
		return err_set(e, ORD_EINVAL,
			       "cannot enable channel capabilities without orderer support first");
	if (application && chanconf_find_value(application, KEY_CAPABILITIES))
		return err_set(
			e, ORD_EINVAL,
			"cannot enable application capabilities without orderer support first");
	return 0;
}

static void publish_policies(struct chanconf *c)
{
	bool maintenance = c->state == CHANCONF_MAINTENANCE;

	c->writers_name = maintenance ? "/Channel/Orderer/Writers" : "/Channel/Writers";
	c->readers_name = maintenance ? "/Channel/Orderer/Readers" : "/Channel/Readers";
	c->writers = policy_find(c->policies, c->writers_name);
	c->readers = policy_find(c->policies, c->readers_name);
}

int chanconf_groups_build(struct chanconf *c, struct ord_err *e)
{
	const Common__ConfigGroup *group = c->config->channel_group;

	if (!group)
		return err_set(e, ORD_EINVAL, "config must contain a channel group");
	if (check_orderer_support(group, e) < 0)
		return ORD_EINVAL;
	if (build_channel(c, group, e) < 0)
		return err_wrap(e, "initializing channelconfig failed");
	if (policy_tree_new(c->msps, "/Channel", group, &c->policies, e) < 0)
		return err_wrap(e, "initializing policymanager failed");
	publish_policies(c);
	if (chanconf_check_channel_id(c->channel_id, e) < 0)
		return err_wrap(e, "initializing configtx manager failed");
	if (chanconf_names_check(group, e) < 0) {
		err_wrap(e, "error converting config to map");
		return err_wrap(e, "initializing configtx manager failed");
	}
	return 0;
}
