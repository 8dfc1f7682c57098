/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl config explain: what the daemon would run with, and why. */
#include "cmds.h"

#include <plugin/plugin.h>
#include <stdlib.h>
#include <unistd.h>

struct explain_opts {
	const char *config;
};

/* As the daemon does it: the plugins' directory first, for their settings are rows like ours. */
static int load(const char *path, struct plugin_set **plugins, struct localconf **conf,
		struct ord_err *e)
{
	char *dir = NULL;
	int rc = localconf_peek(path, environ, "General.PluginDir", &dir, e);

	if (rc == 0)
		rc = plugin_set_load(dir, plugins, e);
	if (rc == 0)
		rc = localconf_load(path, plugin_set_rows(*plugins), environ, conf, e);
	free(dir);
	return rc;
}

static int explain_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct explain_opts *o = opts;
	struct plugin_set *plugins = NULL;
	struct localconf *conf = NULL;
	struct buf out = BUF_INIT;
	int rc = load(o->config, &plugins, &conf, e);

	(void)args;
	if (rc == 0) {
		localconf_explain(conf, &out);
		rc = ctl_output(NULL, buf_bytes(&out), e);
	}
	buf_fini(&out);
	localconf_free(conf);
	if (plugins)
		plugin_set_close(plugins);
	return rc;
}

static const struct ctl_opt explain_opt[] = {
	{"config", CTL_STRING, offsetof(struct explain_opts, config), false, "FILE",
	 "this file, an ini or a Fabric orderer.yaml [found as ordererd finds its own]"},
	CTL_OPT_END};

const struct ctl_cmd cmd_config_explain = {
	.name = "config explain",
	.summary = "print every setting of the daemon, its value and where it came from",
	.details = "Reads the settings as ordererd would, ORDERER_ variables of the environment "
		   "and the settings of plugins included; nothing is started.",
	.opts = explain_opt,
	.defaults = &(const struct explain_opts){0},
	.opts_size = sizeof(struct explain_opts),
	.run = explain_run,
};
