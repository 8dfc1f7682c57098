/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl channel remove: an orderer stops serving a channel. */
#include "cmds.h"
#include "participation.h"

#include <chanconf/chanconf.h>

static int remove_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct participation_opts *o = opts;

	(void)args;
	if (chanconf_check_channel_id(o->channel, e) < 0)
		return e->code;
	return participation_ask(o, "DELETE", true, NULL, bytes_of(NULL, 0), e);
}

static const struct ctl_opt remove_opt[] = {{"channel", CTL_STRING,
					     offsetof(struct participation_opts, channel), true,
					     "ID", "this channel"},
					    PARTICIPATION_OPTS,
					    CTL_OPT_END};

const struct ctl_cmd cmd_channel_remove = {
	.name = "channel remove",
	.summary = "make an orderer stop serving a channel and delete its ledger",
	.details = "Asks the channel participation API of the orderer's admin listener, as "
		   "osnadmin does. Other orderers are not touched.",
	.opts = remove_opt,
	.defaults = &(const struct participation_opts)PARTICIPATION_DEFAULTS,
	.opts_size = sizeof(struct participation_opts),
	.run = remove_run,
};
