/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request to create a channel (spec 4.7, 7.3): the difference between what its profile says and
 * a template of what the orderer will start from.
 *
 * Fabric's tools since 2.0 take the template to have an Admins policy already, which is so with
 * orderers of capability V2_0 only.  Ours does not, and orderers of all versions take that.
 */
#include "configtx_priv.h"
#include <stdlib.h>

/* ---- groups -------------------------------------------------------------- */

static Common__ConfigGroup *find_group(const Common__ConfigGroup *in, const char *key)
{
	for (size_t i = 0; in && i < in->n_groups; i++)
		if (strcmp(in->groups[i]->key, key) == 0)
			return in->groups[i]->value;
	return NULL;
}

static void drop_group(Common__ConfigGroup *in, const char *key)
{
	for (size_t i = 0; i < in->n_groups; i++)
		if (strcmp(in->groups[i]->key, key) == 0) {
			wire_free(in->groups[i]);
			in->groups[i] = in->groups[--in->n_groups];
			return;
		}
}

/* Take group @key out of @in; NULL when there is none. */
static Common__ConfigGroup *take_group(Common__ConfigGroup *in, const char *key)
{
	for (size_t i = 0; i < in->n_groups; i++)
		if (strcmp(in->groups[i]->key, key) == 0) {
			Common__ConfigGroup *g = in->groups[i]->value;

			in->groups[i]->value = NULL;
			drop_group(in, key);
			return g;
		}
	return NULL;
}

static void drop_values_and_policies(Common__ConfigGroup *g)
{
	for (size_t i = 0; i < g->n_values; i++)
		wire_free(g->values[i]);
	for (size_t i = 0; i < g->n_policies; i++)
		wire_free(g->policies[i]);
	g->n_values = g->n_policies = 0;
}

/* ---- creating a channel -------------------------------------------------- */

static int check_profile(const struct configtx_profile *p, struct ord_err *e)
{
	if (!yaml_get(p->node, "Application"))
		return yaml_fail(p->node, e,
				 "cannot define a new channel with no Application section");
	if (!configtx_text(p->node, "Consortium", NULL))
		return yaml_fail(p->node, e,
				 "cannot define a new channel with no Consortium value");
	return 0;
}

/* What is there before, when nothing is known of the system channel: all but what an application
 * channel has for itself. */
static int default_template(const struct configtx_profile *p, Common__ConfigGroup **out,
			    struct ord_err *e)
{
	int rc = configtx_channel_group(p->node, p->dir, out, e);

	if (rc == 0)
		drop_values_and_policies(find_group(*out, "Application"));
	return rc;
}

/* The Application group of a new channel: the members, as their consortium has them. */
static int template_members(const struct configtx_profile *p, Common__ConfigGroup *consortium,
			    Common__ConfigGroup *application, struct ord_err *e)
{
	const struct yaml *orgs = yaml_get(yaml_get(p->node, "Application"), "Organizations");

	for (size_t i = 0; orgs && i < orgs->n; i++) {
		const char *name = configtx_text(orgs->items[i], "Name", "");
		Common__ConfigGroup *org = take_group(consortium, name);

		if (!org)
			return yaml_fail(orgs->items[i], e,
					 "consortium %s does not contain member org %s",
					 configtx_text(p->node, "Consortium", ""), name);
		configtx_add_group(application, name, org);
	}
	return 0;
}

/* What is there before, made of the system channel's group @g, which becomes the template. */
static int template_from_system(const struct configtx_profile *p, Common__ConfigGroup *g,
				const char *base, struct ord_err *e)
{
	const char *name = configtx_text(p->node, "Consortium", "");
	Common__ConfigGroup *consortiums = find_group(g, "Consortiums"),
			    *consortium = find_group(consortiums, name),
			    *application = configtx_group_new();
	Common__Consortium value = COMMON__CONSORTIUM__INIT;
	int rc;

	free(application->mod_policy);
	application->mod_policy = x_strdup("");
	configtx_add_group(g, "Application", application);
	if (!consortiums)
		return err_set(e, ORD_EINVAL,
			       "profile %s does not appear to be of a system channel (missing "
			       "consortiums group)",
			       base);
	if (!consortium)
		return err_set(e, ORD_EINVAL, "profile %s is missing '%s' consortium", base, name);
	rc = template_members(p, consortium, application, e);
	if (rc < 0)
		return rc;
	drop_group(g, "Consortiums");
	value.name = (char *)name;
	configtx_add_value(g, "Consortium", &value, "Admins");
	return 0;
}

static int system_template(const struct configtx_profile *p, const struct configtx_profile *base,
			   Common__ConfigGroup **out, struct ord_err *e)
{
	Common__ConfigGroup *g = NULL;
	int rc = configtx_channel_group(base->node, base->dir, &g, e);

	if (rc == 0)
		rc = template_from_system(p, g, base->node->key, e);
	if (rc == 0)
		*out = g;
	else
		wire_free(g);
	return rc;
}

/* Both sets name the consortium, whether it is news or not. */
static void set_consortium(Common__ConfigUpdate *update, const char *name)
{
	Common__Consortium msg = COMMON__CONSORTIUM__INIT, none = COMMON__CONSORTIUM__INIT;

	msg.name = (char *)name;
	configtx_add_value(update->read_set, "Consortium", &none, "");
	configtx_add_value(update->write_set, "Consortium", &msg, "");
}

static int creation_update(const struct configtx_profile *p, const char *channel_id,
			   const Common__ConfigGroup *template, struct buf *out, struct ord_err *e)
{
	Common__Config from = COMMON__CONFIG__INIT, to = COMMON__CONFIG__INIT;
	Common__ConfigUpdate *update = NULL;
	int rc = configtx_channel_group(p->node, p->dir, &to.channel_group, e);

	from.channel_group = (Common__ConfigGroup *)template;
	if (rc == 0)
		rc = chanconf_compute_update(channel_id, &from, &to, &update, e);
	if (rc == 0) {
		set_consortium(update, configtx_text(p->node, "Consortium", ""));
		configtx_update_envelope(update, out);
	}
	wire_free(update);
	wire_free(to.channel_group);
	return rc;
}

int configtx_request_channel(const struct configtx_profile *p, const struct configtx_profile *base,
			     const char *channel_id, struct buf *out, struct ord_err *e)
{
	Common__ConfigGroup *template = NULL;
	int rc = check_profile(p, e);

	if (rc == 0)
		rc = base ? system_template(p, base, &template, e)
			  : default_template(p, &template, e);
	if (rc == 0)
		rc = creation_update(p, channel_id, template, out, e);
	wire_free(template);
	return rc;
}

int configtx_channel_tx(const char *yaml_path, const char *profile, const char *base,
			const char *channel_id, char *const *environment, struct buf *out,
			struct ord_err *e)
{
	struct configtx_profile p = {NULL, NULL, NULL}, system = {NULL, NULL, NULL};
	int rc = chanconf_check_channel_id(channel_id, e);

	if (rc == 0)
		rc = configtx_profile_load(yaml_path, profile, environment, &p, e);
	if (rc == 0 && base)
		rc = configtx_profile_load(yaml_path, base, environment, &system, e);
	if (rc == 0)
		rc = configtx_request_channel(&p, base ? &system : NULL, channel_id, out, e);
	configtx_profile_free(&system);
	configtx_profile_free(&p);
	return rc;
}
