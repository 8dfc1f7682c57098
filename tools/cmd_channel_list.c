/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl channel list: the channels of an orderer, or one in detail. */
#include "cmds.h"
#include "participation.h"

#include <chanconf/chanconf.h>

static int list_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct participation_opts *o = opts;

	(void)args;
	if (o->channel && chanconf_check_channel_id(o->channel, e) < 0)
		return e->code;
	return participation_ask(o, "GET", o->channel != NULL, NULL, bytes_of(NULL, 0), e);
}

static const struct ctl_opt list_opt[] = {{"channel", CTL_STRING,
					   offsetof(struct participation_opts, channel), false,
					   "ID", "this channel alone, with its height and status"},
					  PARTICIPATION_OPTS,
					  CTL_OPT_END};

const struct ctl_cmd cmd_channel_list = {
	.name = "channel list",
	.summary = "list the channels of an orderer, or one in detail",
	.details = "Asks the channel participation API of the orderer's admin listener, as "
		   "osnadmin does.",
	.opts = list_opt,
	.defaults = &(const struct participation_opts)PARTICIPATION_DEFAULTS,
	.opts_size = sizeof(struct participation_opts),
	.run = list_run,
};
