/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration that a new channel starts from (spec 4.7, step 2): the system channel's own
 * values and orderers, the organisations of one of its consortiums that the request names, and that
 * consortium's policy for who may create a channel of them.
 */
#include "chanconf_priv.h"

static struct log_logger logger = LOG_LOGGER("orderer.common.msgprocessor");

#define CREATION_POLICY "ChannelCreationPolicy"

/* ---- the request --------------------------------------------------------- */

static int check_request(const struct ord_env *env, const Common__ConfigUpdate *u,
			 struct ord_err *e)
{
	const Common__ConfigGroup *application = chanconf_find_group(u->write_set, KEY_APPLICATION);

	if (strcmp(u->channel_id, env->channel_id) != 0)
		return err_set(e, ORD_EINVAL,
			       "Failing initial channel config creation: mismatched channel IDs: "
			       "'%s' != '%s'",
			       u->channel_id, env->channel_id);
	if (!u->write_set)
		return err_set(e, ORD_EINVAL, "Config update has an empty writeset");
	if (!application)
		return err_set(e, ORD_EINVAL, "Config update has missing application group");
	if (application->version != 1)
		return err_set(e, ORD_EINVAL,
			       "Config update for channel creation does not set application group "
			       "version to 1, was %" PRIu64,
			       application->version);
	if (!chanconf_find_value(u->write_set, KEY_CONSORTIUM))
		return err_set(e, ORD_EINVAL, "Consortium config value missing");
	return 0;
}

static int read_request(const struct ord_env *env, struct update *u, struct ord_err *e)
{
	if (!env->header_ok)
		return err_set(e, ORD_EINVAL,
			       "Failed initial channel config creation because config update "
			       "header was missing");
	if (wire_unpack(&common__config_update_envelope__descriptor, env->data, &u->outer, e) < 0)
		return err_wrap(e, "Failing initial channel config creation because of config "
				   "update envelope unmarshaling error");
	if (chanconf_update_decode(u, e) < 0)
		return err_wrap(e, "Failing initial channel config creation because of config "
				   "update unmarshaling error");
	return check_request(env, u->inner, e);
}

/* ---- its consortium ------------------------------------------------------ */

static int find_consortium(const struct chanconf *system, const char *name,
			   const Common__ConfigGroup **out, struct ord_err *e)
{
	const Common__ConfigGroup *root = system->config->channel_group;

	if (!system->has_consortiums)
		return err_set(e, ORD_EINVAL,
			       "The ordering system channel does not appear to support creating "
			       "channels");
	*out = chanconf_find_group(chanconf_find_group(root, KEY_CONSORTIUMS), name);
	if (!*out)
		return err_set(e, ORD_EINVAL, "Unknown consortium name: %s", name);
	return 0;
}

/* Must the policy be the application's Admins?  Tools of v2 write it so; those of v1 set their own
 * Admins, at version 0, next to it. */
static bool is_admins_policy(const struct chanconf *system, const Common__ConfigGroup *application)
{
	const Common__ConfigPolicy *admins = chanconf_find_policy(application, KEY_ADMINS);

	return system->caps.admins_creation_policy && application->n_policies > 0 &&
	       (!admins || admins->version != 0);
}

/* ---- the application group ----------------------------------------------- */

static int put_creation_policy(struct scratch *s, const struct chanconf *system,
			       const Common__ConfigGroup *consortium,
			       const Common__ConfigGroup *wanted, Common__ConfigGroup *application,
			       struct ord_err *e)
{
	const Common__ConfigValue *value = chanconf_find_value(consortium, CREATION_POLICY);
	const ProtobufCBinaryData nothing = {0, NULL};
	Common__ConfigGroup__PoliciesEntry *entry = chanconf_scratch(s, sizeof(*entry));
	Common__ConfigPolicy *policy = chanconf_scratch(s, sizeof(*policy));

	common__config_group__policies_entry__init(entry);
	common__config_policy__init(policy);
	entry->key = is_admins_policy(system, wanted) ? KEY_ADMINS : CREATION_POLICY;
	entry->value = policy;
	application->mod_policy = entry->key;
	application->policies = chanconf_scratch(s, sizeof(entry));
	application->policies[application->n_policies++] = entry;
	if (system->caps.admins_creation_policy) /* v1.4 leaves it empty, to be repaired */
		policy->mod_policy = entry->key;
	return wire_unpack(&common__policy__descriptor, wire_bytes(value ? value->value : nothing),
			   &policy->policy, e);
}

/* The organisations that the request names, as the consortium has them. */
static int put_members(struct scratch *s, const Common__ConfigGroup *consortium,
		       const Common__ConfigGroup *wanted, Common__ConfigGroup *application,
		       struct ord_err *e)
{
	if (consortium->n_groups == 0)
		return 0; /* then all of them are new elements */
	if (wanted->n_groups == 0)
		return err_set(e, ORD_EINVAL,
			       "Proposed configuration has no application group members, but "
			       "consortium contains members");
	application->groups = chanconf_scratch(s, wanted->n_groups * sizeof(void *));
	for (size_t i = 0; i < wanted->n_groups; i++) {
		Common__ConfigGroup__GroupsEntry *entry = chanconf_scratch(s, sizeof(*entry));

		common__config_group__groups_entry__init(entry);
		entry->key = wanted->groups[i]->key;
		entry->value = (Common__ConfigGroup *)chanconf_find_group(consortium, entry->key);
		if (!entry->value)
			return err_set(
				e, ORD_EINVAL,
				"Attempted to include a member which is not in the consortium");
		application->groups[application->n_groups++] = entry;
	}
	return 0;
}

/* ---- the channel group --------------------------------------------------- */

static void put_group(struct scratch *s, Common__ConfigGroup *root, const char *key,
		      const Common__ConfigGroup *group)
{
	Common__ConfigGroup__GroupsEntry *entry = chanconf_scratch(s, sizeof(*entry));

	common__config_group__groups_entry__init(entry);
	entry->key = (char *)key;
	entry->value = (Common__ConfigGroup *)group;
	root->groups[root->n_groups++] = entry;
}

/* The system channel's values, but the consortium's name is that of the request. */
static void put_values(struct scratch *s, const Common__ConfigGroup *system,
		       ProtobufCBinaryData consortium, Common__ConfigGroup *root)
{
	Common__ConfigGroup__ValuesEntry *entry = chanconf_scratch(s, sizeof(*entry));

	common__config_group__values_entry__init(entry);
	entry->key = KEY_CONSORTIUM;
	entry->value = chanconf_scratch(s, sizeof(*entry->value));
	common__config_value__init(entry->value);
	entry->value->value = consortium;
	entry->value->mod_policy = KEY_ADMINS;

	root->values = chanconf_scratch(s, (system->n_values + 1) * sizeof(entry));
	for (size_t i = 0; i < system->n_values; i++)
		if (strcmp(system->values[i]->key, KEY_CONSORTIUM) != 0)
			root->values[root->n_values++] = system->values[i];
	root->values[root->n_values++] = entry;
}

static void zero_versions(Common__ConfigGroup *g)
{
	g->version = 0;
	for (size_t i = 0; i < g->n_groups; i++)
		zero_versions(g->groups[i]->value);
	for (size_t i = 0; i < g->n_values; i++)
		g->values[i]->value->version = 0;
	for (size_t i = 0; i < g->n_policies; i++)
		g->policies[i]->value->version = 0;
}

/* @application and @consortium, an encoded common.Consortium, among what all channels share. */
static int build(struct scratch *s, const struct chanconf *system, const char *channel_id,
		 const Common__ConfigGroup *application, struct ord_bytes consortium,
		 struct chanconf **out, struct ord_err *e)
{
	const Common__ConfigGroup *from = system->config->channel_group;
	Common__ConfigGroup root = COMMON__CONFIG_GROUP__INIT;
	Common__ConfigGroup__GroupsEntry *groups[2];
	Common__Config config = COMMON__CONFIG__INIT, *copy;

	if (chanconf_need_orderer(system, e) < 0)
		return e->code;
	root.groups = groups;
	put_group(s, &root, KEY_APPLICATION, application);
	put_group(s, &root, KEY_ORDERER, chanconf_find_group(from, KEY_ORDERER));
	put_values(s, from, wire_binary(consortium), &root);
	root.policies = from->policies;
	root.n_policies = from->n_policies;
	if (system->caps.predictable_template)
		root.mod_policy = from->mod_policy;
	config.channel_group = &root;
	if (chanconf_copy(&config, &copy, e) < 0)
		return e->code;
	if (system->caps.predictable_template)
		zero_versions(copy->channel_group);
	return chanconf_adopt(channel_id, copy, out, e);
}

static int make(struct scratch *s, const struct chanconf *system, const char *channel_id,
		const Common__ConfigUpdate *u, const Common__Consortium *name,
		struct chanconf **out, struct ord_err *e)
{
	const Common__ConfigGroup *wanted = chanconf_find_group(u->write_set, KEY_APPLICATION);
	const Common__ConfigGroup *consortium;
	Common__ConfigGroup application = COMMON__CONFIG_GROUP__INIT;
	Common__Consortium plain = COMMON__CONSORTIUM__INIT; /* without what nobody knows */
	struct buf value = BUF_INIT;
	int rc = find_consortium(system, name->name, &consortium, e);

	if (rc < 0)
		return rc;
	plain.name = name->name;
	wire_pack(&plain, &value);
	rc = put_creation_policy(s, system, consortium, wanted, &application, e);
	if (rc == 0)
		rc = put_members(s, consortium, wanted, &application, e);
	if (rc == 0 && consortium->n_groups == 0)
		log_warn(&logger,
			 "Consortium %s has no members, attempting to create application channel "
			 "%s with %zu members",
			 name->name, channel_id, wanted->n_groups);
	if (rc == 0)
		rc = build(s, system, channel_id, &application, buf_bytes(&value), out, e);
	if (application.n_policies > 0)
		wire_free(application.policies[0]->value->policy);
	buf_fini(&value);
	return rc;
}

int chanconf_template(const struct chanconf *system, const struct ord_env *env,
		      struct chanconf **out, struct ord_err *e)
{
	struct update u = {NULL, NULL};
	struct scratch s = {NULL, 0};
	Common__Consortium *name = NULL;
	int rc = read_request(env, &u, e);

	if (rc == 0) {
		rc = wire_unpack(
			&common__consortium__descriptor,
			wire_bytes(chanconf_find_value(u.inner->write_set, KEY_CONSORTIUM)->value),
			&name, e);
		if (rc < 0)
			err_wrap(e, "Error reading unmarshaling consortium name");
	}
	if (rc == 0)
		rc = make(&s, system, env->channel_id, u.inner, name, out, e);
	wire_free(name);
	chanconf_scratch_free(&s);
	chanconf_update_fini(&u);
	return rc;
}
