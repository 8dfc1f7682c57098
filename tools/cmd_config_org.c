/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl config add-org and config remove-org: who is in a channel. */
#include "cmds.h"
#include "config_edit.h"
#include "config_org.h"
#include "config_tree.h"

#include <stdlib.h>

struct org_opts {
	struct edit_opts edit;
	struct config_org org;
	const char *group;
};

/* "application", "orderer" or "consortium:NAME" as the path of a group; heap. */
static int group_path(const char *group, char **out, struct ord_err *e)
{
	static const char consortium[] = "consortium:";

	if (strcmp(group, "application") == 0)
		*out = x_strdup("Application");
	else if (strcmp(group, "orderer") == 0)
		*out = x_strdup("Orderer");
	else if (strncmp(group, consortium, strlen(consortium)) == 0 && group[strlen(consortium)])
		*out = x_printf("Consortiums/%s", group + strlen(consortium));
	else
		return err_set(e, ORD_EINVAL,
			       "--group '%s': want application, orderer or consortium:NAME", group);
	return 0;
}

static int find_group(const struct org_opts *o, const Common__Config *config,
		      Common__ConfigGroup **out, struct ord_err *e)
{
	char *path = NULL;
	int rc = group_path(o->group, &path, e);

	if (rc == 0) {
		rc = config_tree_group(config, path, out, e);
		free(path);
	}
	return rc;
}

#define GROUP_OPT                                                                         \
	{                                                                                 \
		"group", CTL_STRING, offsetof(struct org_opts, group), false, "GROUP",    \
			"application, orderer, or, in a system channel, consortium:NAME " \
			"[application]"                                                   \
	}

/* ---- add ----------------------------------------------------------------- */

static int add_org(void *arg, Common__Config *config, struct ord_err *e)
{
	const struct org_opts *o = arg;
	Common__ConfigGroup *group, *org;
	int rc = find_group(o, config, &group, e);

	if (rc < 0)
		return rc;
	if (config_tree_child(group, o->org.name))
		return err_set(e, ORD_EINVAL, "organisation %s is there already", o->org.name);
	rc = config_org_make(&o->org, &org, e);
	if (rc == 0)
		config_tree_add_child(group, o->org.name, org);
	return rc;
}

static int add_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	struct org_opts o = *(const struct org_opts *)opts;

	o.org.name = args->item[0];
	o.org.path = args->item[1];
	return config_edit(&o.edit, add_org, &o, e);
}

static const struct ctl_opt add_opt[] = {
	GROUP_OPT,
	{"mspid", CTL_STRING, offsetof(struct org_opts, org.mspid), false, "MSPID",
	 "of an MSP directory: the MSP's id [NAME]"},
	{"readers", CTL_STRING, offsetof(struct org_opts, org.readers), false, "RULE",
	 "of an MSP directory: the policy Readers [OR('MSPID.member')]"},
	{"writers", CTL_STRING, offsetof(struct org_opts, org.writers), false, "RULE",
	 "likewise, Writers [OR('MSPID.member')]"},
	{"admins", CTL_STRING, offsetof(struct org_opts, org.admins), false, "RULE",
	 "likewise, Admins [OR('MSPID.admin')]"},
	{"endorsement", CTL_STRING, offsetof(struct org_opts, org.endorsement), false, "RULE",
	 "likewise, Endorsement, which Fabric 2 wants [none]"},
	EDIT_OPTS(struct org_opts, edit),
	CTL_OPT_END};

const struct ctl_cmd cmd_config_add_org = {
	.name = "config add-org",
	.operands = "NAME MSPDIR|FILE",
	.min_operands = 2,
	.max_operands = 2,
	.summary = "add an organisation to a channel",
	.details = "Of an MSP directory of the organisation, or of a file of JSON as 'configtxgen "
		   "-printOrg' prints it. Otherwise as 'config set'.",
	.opts = add_opt,
	.defaults = &(const struct org_opts){.edit = EDIT_DEFAULTS, .group = "application"},
	.opts_size = sizeof(struct org_opts),
	.run = add_run,
};

/* ---- remove -------------------------------------------------------------- */

static int remove_org(void *arg, Common__Config *config, struct ord_err *e)
{
	const struct org_opts *o = arg;
	Common__ConfigGroup *group;
	int rc = find_group(o, config, &group, e);

	if (rc == 0 && !config_tree_remove_child(group, o->org.name))
		rc = err_set(e, ORD_ENOENT, "there is no organisation %s", o->org.name);
	return rc;
}

static int remove_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	struct org_opts o = *(const struct org_opts *)opts;

	o.org.name = args->item[0];
	return config_edit(&o.edit, remove_org, &o, e);
}

static const struct ctl_opt remove_opt[] = {GROUP_OPT, EDIT_OPTS(struct org_opts, edit),
					    CTL_OPT_END};

const struct ctl_cmd cmd_config_remove_org = {
	.name = "config remove-org",
	.operands = "NAME",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "remove an organisation from a channel",
	.details = "As 'config set'.",
	.opts = remove_opt,
	.defaults = &(const struct org_opts){.edit = EDIT_DEFAULTS, .group = "application"},
	.opts_size = sizeof(struct org_opts),
	.run = remove_run,
};
