/* SPDX-License-Identifier: Apache-2.0 */
/* Updates as envelopes; the first update of a channel, that of its anchor peers (spec 7.3). */
#include "configtx_priv.h"
#include <stdlib.h>

/* ---- the envelope -------------------------------------------------------- */

void configtx_update_envelope(const Common__ConfigUpdate *update, struct buf *out)
{
	struct wire_header_spec h = {.type = WIRE_CONFIG_UPDATE,
				     .channel_id = update->channel_id,
				     .timestamp_sec = clock_wall_ns() / (int64_t)CLOCK_SEC_NS};
	Common__ConfigUpdateEnvelope msg = COMMON__CONFIG_UPDATE_ENVELOPE__INIT;
	struct buf packed = BUF_INIT;
	struct ord_env *env;

	wire_pack(update, &packed);
	msg.config_update = wire_binary(buf_bytes(&packed));
	env = env_unsigned_msg(&h, &msg);
	buf_add_bytes(out, env->raw);
	env_unref(env);
	buf_fini(&packed);
}

/* ---- anchor peers -------------------------------------------------------- */

static const struct yaml *find_org(const struct yaml *orgs, const char *name)
{
	for (size_t i = 0; orgs && i < orgs->n; i++)
		if (strcmp(configtx_text(orgs->items[i], "Name", ""), name) == 0)
			return orgs->items[i];
	return NULL;
}

static int fail_org(const struct yaml *application, const char *name, struct ord_err *e)
{
	const struct yaml *orgs = yaml_get(application, "Organizations");
	const char **names = x_alloc(((orgs ? orgs->n : 0) + 1) * sizeof(*names)), *nearest;

	for (size_t i = 0; orgs && i < orgs->n; i++)
		names[i] = configtx_text(orgs->items[i], "Name", "");
	nearest = err_nearest(name, names);
	free(names);
	return yaml_fail(application, e, "org with name '%s' does not exist in config%s%s%s", name,
			 nearest ? ", did you mean " : "", nearest ? nearest : "",
			 nearest ? "?" : "");
}

static void set_mod_policy(Common__ConfigGroup *g, const char *mod_policy)
{
	free(g->mod_policy);
	g->mod_policy = x_strdup(mod_policy);
}

static void add_nothing(Common__ConfigGroup *g, const char *key)
{
	Common__ConfigGroup__PoliciesEntry *entry = x_alloc(sizeof(*entry));

	common__config_group__policies_entry__init(entry);
	entry->key = x_strdup(key);
	entry->value = x_alloc(sizeof(*entry->value));
	common__config_policy__init(entry->value);
	g->policies = x_realloc(g->policies, (g->n_policies + 1) * sizeof(*g->policies));
	g->policies[g->n_policies++] = entry;
}

/* The organisation as it is: every member by name, at version 0.  What an update of a group does
 * not name is deleted, so it must name the policies of one's own, too. */
static Common__ConfigGroup *org_members(const struct yaml *org)
{
	static const char *const usual[] = {"Readers", "Writers", "Admins"};
	const struct yaml *policies = yaml_get(org, "Policies");
	Common__Consortium empty = COMMON__CONSORTIUM__INIT;
	Common__ConfigGroup *g = configtx_group_new();

	configtx_add_value(g, "MSP", &empty, "");
	if (policies && policies->n > 0) {
		for (size_t i = 0; i < policies->n; i++)
			add_nothing(g, policies->items[i]->key);
	} else {
		for (size_t i = 0; i < UTIL_ARRAY_LEN(usual); i++)
			add_nothing(g, usual[i]);
	}
	return g;
}

static void add_application(Common__ConfigGroup *set, const char *org_name,
			    Common__ConfigGroup *org)
{
	Common__ConfigGroup *application = configtx_group_new();

	application->version = 1; /* creation has made it that */
	configtx_add_group(application, org_name, org);
	configtx_add_group(set, "Application", application);
}

static void anchor_peers_update(const struct yaml *org, const char *channel_id, struct buf *out)
{
	Common__ConfigUpdate update = COMMON__CONFIG_UPDATE__INIT;
	const char *name = configtx_text(org, "Name", "");
	Common__ConfigGroup *before = org_members(org), *after = org_members(org);

	set_mod_policy(before, "");
	after->version = 1;
	configtx_add_anchor_peers(after, yaml_get(org, "AnchorPeers"));
	update.channel_id = (char *)channel_id;
	update.read_set = configtx_group_new();
	set_mod_policy(update.read_set, "");
	add_application(update.read_set, name, before);
	update.write_set = configtx_group_new();
	set_mod_policy(update.write_set, "");
	add_application(update.write_set, name, after);
	configtx_update_envelope(&update, out);
	wire_free(update.read_set);
	wire_free(update.write_set);
}

static int find_anchored_org(const struct yaml *profile, const char *name, const struct yaml **out,
			     struct ord_err *e)
{
	const struct yaml *application = yaml_get(profile, "Application");

	if (!application)
		return yaml_fail(profile, e,
				 "cannot update anchor peers without an application section");
	*out = find_org(yaml_get(application, "Organizations"), name);
	if (!*out)
		return fail_org(application, name, e);
	if (!yaml_get(*out, "AnchorPeers") || yaml_get(*out, "AnchorPeers")->n == 0)
		return yaml_fail(*out, e, "org '%s' does not have any anchor peers defined", name);
	return 0;
}

int configtx_request_anchors(const struct configtx_profile *p, const char *channel_id,
			     const char *org, struct buf *out, struct ord_err *e)
{
	const struct yaml *node = NULL;
	int rc = find_anchored_org(p->node, org, &node, e);

	if (rc == 0)
		anchor_peers_update(node, channel_id, out);
	return rc;
}

int configtx_anchor_peers(const char *yaml_path, const char *profile, const char *channel_id,
			  const char *org, char *const *environment, struct buf *out,
			  struct ord_err *e)
{
	struct configtx_profile p = {NULL, NULL, NULL};
	int rc = chanconf_check_channel_id(channel_id, e);

	if (rc == 0)
		rc = configtx_profile_load(yaml_path, profile, environment, &p, e);
	if (rc == 0)
		rc = configtx_request_anchors(&p, channel_id, org, out, e);
	configtx_profile_free(&p);
	return rc;
}
