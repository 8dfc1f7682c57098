/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl config-update check: a dry run of a config update. */
#include "cmds.h"
#include "config_file.h"
#include "config_sign.h"
#include "update_check.h"

struct check_opts {
	const char *config_block, *update;
};

static int check_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct check_opts *o = opts;
	struct chanconf *conf = NULL;
	struct ord_env *env = NULL;
	struct buf out = BUF_INIT;
	struct ord_err written = ERR_INIT;
	int rc = config_file_block(o->config_block, &conf, e);

	(void)args;
	if (rc == 0)
		rc = config_file_update(o->update, &env, e);
	if (rc == 0) {
		rc = update_check(conf, env, &out, e);
		if (rc < 0 && out.len > 0)
			err_set(e, rc, "the orderer would refuse %s", o->update);
		else if (rc < 0)
			err_wrap(e, "%s", o->update);
		if (ctl_output(NULL, buf_bytes(&out), &written) < 0) {
			*e = written;
			rc = written.code;
		}
	}
	env_unref(env);
	chanconf_unref(conf);
	buf_fini(&out);
	return rc;
}

static const struct ctl_opt check_opt[] = {
	{"config-block", CTL_STRING, offsetof(struct check_opts, config_block), true, "FILE",
	 "the channel's configuration block, as 'fetch config' writes it; of the system channel "
	 "when the update creates a channel"},
	{"update", CTL_STRING, offsetof(struct check_opts, update), true, "FILE",
	 "the update: an Envelope, or a ConfigUpdate that nobody signed yet"},
	CTL_OPT_END};

const struct ctl_cmd cmd_config_update_check = {
	.name = "config-update check",
	.summary = "tell what an orderer would make of a config update",
	.details =
		"Nothing is sent. Prints what changes, which policies that needs, who signed, whose "
		"signatures are missing, and the orderer's answer, which comes of the same code as "
		"the orderer's. Fails when the update would be refused.",
	.opts = check_opt,
	.defaults = &(const struct check_opts){0},
	.opts_size = sizeof(struct check_opts),
	.run = check_run,
};
