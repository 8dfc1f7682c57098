/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl channel-tx and anchor-peers: updates made of a configtx.yaml, to be signed. */
#include "cmds.h"

#include <configtx/configtx.h>
#include <unistd.h>

struct tx_opts {
	const char *config, *profile, *base, *channel, *org, *output;
};

static int channel_tx_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct tx_opts *o = opts;
	struct buf out = BUF_INIT;
	int rc = configtx_channel_tx(o->config, o->profile, o->base, o->channel, environ, &out, e);

	(void)args;
	if (rc == 0)
		rc = ctl_output(o->output, buf_bytes(&out), e);
	buf_fini(&out);
	return rc;
}

static int anchor_peers_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct tx_opts *o = opts;
	struct buf out = BUF_INIT;
	int rc = configtx_anchor_peers(o->config, o->profile, o->channel, o->org, environ, &out, e);

	(void)args;
	if (rc == 0)
		rc = ctl_output(o->output, buf_bytes(&out), e);
	buf_fini(&out);
	return rc;
}

#define CONFIG_OPT                                                                    \
	{                                                                             \
		"config", CTL_STRING, offsetof(struct tx_opts, config), true, "FILE", \
			"the configtx.yaml; MSP directories in it are "               \
			"relative to its folder"                                      \
	}
#define OUTPUT_OPT                                                                    \
	{                                                                             \
		"output", CTL_STRING, offsetof(struct tx_opts, output), true, "FILE", \
			"where the envelope goes; - is standard output"               \
	}

static const struct ctl_opt channel_tx_opt[] = {
	CONFIG_OPT,
	{"profile", CTL_STRING, offsetof(struct tx_opts, profile), true, "NAME",
	 "which of its Profiles; it must have an Application section and a Consortium"},
	{"base-profile", CTL_STRING, offsetof(struct tx_opts, base), false, "NAME",
	 "the profile that the system channel was made of: then what else differs from it is "
	 "requested, too, such as another batch size"},
	{"channel", CTL_STRING, offsetof(struct tx_opts, channel), true, "ID",
	 "the name of the new channel"},
	OUTPUT_OPT,
	CTL_OPT_END};

const struct ctl_cmd cmd_channel_tx = {
	.name = "channel-tx",
	.summary = "make the request to create a channel from a configtx.yaml",
	.details = "What configtxgen -outputCreateChannelTx makes, and -channelCreateTxBaseProfile "
		   "with it. The envelope is unsigned: sign it with 'ordererctl sign' as an admin "
		   "of the channel's organisations.",
	.opts = channel_tx_opt,
	.defaults = &(const struct tx_opts){0},
	.opts_size = sizeof(struct tx_opts),
	.run = channel_tx_run,
};

static const struct ctl_opt anchor_peers_opt[] = {
	CONFIG_OPT,
	{"profile", CTL_STRING, offsetof(struct tx_opts, profile), true, "NAME",
	 "the profile that the channel was created of"},
	{"channel", CTL_STRING, offsetof(struct tx_opts, channel), true, "ID", "the channel"},
	{"org", CTL_STRING, offsetof(struct tx_opts, org), true, "NAME",
	 "the organisation whose AnchorPeers are set, by its Name"},
	OUTPUT_OPT,
	CTL_OPT_END};

const struct ctl_cmd cmd_anchor_peers = {
	.name = "anchor-peers",
	.summary = "make the first update of an organisation's anchor peers from a configtx.yaml",
	.details = "What configtxgen -outputAnchorPeersUpdate makes; like that, it fits a channel "
		   "whose organisation is as it was created. The envelope is unsigned: sign it "
		   "with 'ordererctl sign' as an admin of the organisation.",
	.opts = anchor_peers_opt,
	.defaults = &(const struct tx_opts){0},
	.opts_size = sizeof(struct tx_opts),
	.run = anchor_peers_run,
};
