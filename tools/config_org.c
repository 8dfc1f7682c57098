/* SPDX-License-Identifier: Apache-2.0 */
/* config_org: MSP and policies of an organisation. */
#include "config_org.h"
#include "config_tree.h"
#include "ctl.h"
#include "json_deep.h"

#include <msp/msp.h>
#include <policy/policy.h>
#include <stdlib.h>

enum { MAX_JSON = 16 << 20 };

/* ---- from JSON ----------------------------------------------------------- */

/* The decoder tells config values by where they stand, so the group is given a place. */
#define BEFORE "{\"channel_group\":{\"groups\":{\"Application\":{\"groups\":{\"Org\":"
#define BEHIND "}}}}}"

/* Take the group out of the Config that was made around it. */
static int take_group(struct ord_bytes config, Common__ConfigGroup **out, struct ord_err *e)
{
	Common__ConfigGroup *application;
	Common__Config *c;
	int rc = wire_unpack(&common__config__descriptor, config, &c, e);

	if (rc < 0)
		return rc;
	rc = config_tree_group(c, "Application", &application, e);
	if (rc == 0) {
		*out = application->groups[0]->value;
		application->groups[0]->value = NULL;
	}
	wire_free(c);
	return rc;
}

static int from_json(const struct config_org *o, Common__ConfigGroup **out, struct ord_err *e)
{
	struct buf text = BUF_INIT, config = BUF_INIT;
	int rc;

	buf_add_str(&text, BEFORE);
	rc = ctl_input(o->path, MAX_JSON, &text, e);
	buf_add_str(&text, BEHIND);
	if (rc == 0)
		rc = json_encode(&common__config__descriptor, o->path, &text, &config, e);
	if (rc == 0)
		rc = take_group(buf_bytes(&config), out, e);
	if (rc == 0 && config_tree_value(*out, "MSP").len == 0) {
		wire_free(*out);
		rc = err_set(e, ORD_EINVAL, "%s: an organisation needs an MSP", o->path);
	}
	buf_fini(&text);
	buf_fini(&config);
	return rc;
}

/* ---- from an MSP directory ----------------------------------------------- */

/* @rule, or "OR('<mspid>.<role>')". */
static int add_policy(Common__ConfigGroup *g, const char *name, const char *rule, const char *mspid,
		      const char *role, struct ord_err *e)
{
	char *text = rule ? x_strdup(rule) : x_printf("OR('%s.%s')", mspid, role);
	Common__SignaturePolicyEnvelope *env;
	int rc = policy_from_expression(text, &env, e);

	if (rc == 0) {
		config_tree_add_policy(g, name, COMMON__POLICY__POLICY_TYPE__SIGNATURE, env);
		wire_free(env);
	} else {
		err_wrap(e, "policy %s", name);
	}
	free(text);
	return rc;
}

static int add_policies(const struct config_org *o, const char *mspid, Common__ConfigGroup *g,
			struct ord_err *e)
{
	int rc = add_policy(g, "Readers", o->readers, mspid, "member", e);

	if (rc == 0)
		rc = add_policy(g, "Writers", o->writers, mspid, "member", e);
	if (rc == 0)
		rc = add_policy(g, "Admins", o->admins, mspid, "admin", e);
	if (rc == 0 && o->endorsement)
		rc = add_policy(g, "Endorsement", o->endorsement, mspid, "member", e);
	return rc;
}

static int from_msp(const struct config_org *o, Common__ConfigGroup **out, struct ord_err *e)
{
	const char *mspid = o->mspid ? o->mspid : o->name;
	Msp__MSPConfig *msp = NULL;
	Common__ConfigGroup *g;
	int rc = msp_dir_config(o->path, mspid, &msp, e);

	if (rc < 0)
		return rc;
	g = x_alloc(sizeof(*g));
	common__config_group__init(g);
	g->mod_policy = x_strdup("Admins");
	config_tree_set_value(g, "MSP", msp);
	wire_free(msp);
	rc = add_policies(o, mspid, g, e);
	if (rc == 0)
		*out = g;
	else
		wire_free(g);
	return rc;
}

int config_org_make(const struct config_org *o, Common__ConfigGroup **out, struct ord_err *e)
{
	bool rules = o->mspid || o->readers || o->writers || o->admins || o->endorsement;

	if (file_is_dir(o->path))
		return from_msp(o, out, e);
	if (rules)
		return err_set(e, ORD_EINVAL,
			       "%s is no MSP directory: MSP id and policies stand in the JSON",
			       o->path);
	return from_json(o, out, e);
}
