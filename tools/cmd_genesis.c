/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl genesis: the first block of a channel from a configtx.yaml. */
#include "cmds.h"

#include <configtx/configtx.h>
#include <unistd.h>

struct genesis_opts {
	const char *config, *profile, *channel, *output;
};

static int genesis_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct genesis_opts *o = opts;
	struct ord_block *b;
	int rc = configtx_genesis(o->config, o->profile, o->channel, environ, &b, e);

	(void)args;
	if (rc < 0)
		return rc;
	rc = ctl_output(o->output, buf_bytes(&b->encoded), e);
	block_unref(b);
	return rc;
}

static const struct ctl_opt genesis_opt[] = {
	{"config", CTL_STRING, offsetof(struct genesis_opts, config), true, "FILE",
	 "the configtx.yaml; MSP directories in it are relative to its folder"},
	{"profile", CTL_STRING, offsetof(struct genesis_opts, profile), true, "NAME",
	 "which of its Profiles; with Consortiums it makes a system channel"},
	{"channel", CTL_STRING, offsetof(struct genesis_opts, channel), true, "ID",
	 "the channel's name"},
	{"output", CTL_STRING, offsetof(struct genesis_opts, output), true, "FILE",
	 "where the block goes; - is standard output"},
	CTL_OPT_END};

const struct ctl_cmd cmd_genesis = {
	.name = "genesis",
	.summary = "make a genesis block from a configtx.yaml",
	.details = "Reads the file as Fabric's configtxgen does: anchors and << merges, and "
		   "CONFIGTX_ variables of the environment over the selected profile "
		   "(CONFIGTX_ORDERER_BATCHTIMEOUT=1s). The profile must have an Orderer section.",
	.opts = genesis_opt,
	.defaults = &(const struct genesis_opts){0},
	.opts_size = sizeof(struct genesis_opts),
	.run = genesis_run,
};
