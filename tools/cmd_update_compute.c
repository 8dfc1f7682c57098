/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl config-update compute: the update that leads from one configuration to another. */
#include "cmds.h"

#include <configtx/configtx.h>
#include <stdlib.h>

struct compute_opts {
	const char *channel, *original, *updated, *output;
	bool envelope;
};

static int read_config(const char *path, Common__Config **out, struct ord_err *e)
{
	struct buf b = BUF_INIT;
	int rc = ctl_input(path, WIRE_MAX_MSG, &b, e);

	if (rc == 0) {
		rc = wire_unpack(&common__config__descriptor, buf_bytes(&b), out, e);
		if (rc == 0 && !(*out)->channel_group) {
			wire_free(*out);
			*out = NULL;
			rc = err_set(e, ORD_EINVAL, "it has no channel_group");
		}
		if (rc < 0)
			err_wrap(e, "%s is no common.Config", path);
	}
	buf_fini(&b);
	return rc;
}

static int compute(const struct compute_opts *o, const Common__Config *from,
		   const Common__Config *to, struct ord_err *e)
{
	Common__ConfigUpdate *update = NULL;
	struct buf out = BUF_INIT;
	int rc = chanconf_compute_update(o->channel, from, to, &update, e);

	if (rc < 0)
		return rc;
	if (o->envelope)
		configtx_update_envelope(update, &out);
	else
		wire_pack(update, &out);
	wire_free(update);
	rc = ctl_output(o->output, buf_bytes(&out), e);
	buf_fini(&out);
	return rc;
}

static int compute_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct compute_opts *o = opts;
	Common__Config *from = NULL, *to = NULL;
	int rc = chanconf_check_channel_id(o->channel, e);

	(void)args;
	if (rc == 0)
		rc = read_config(o->original, &from, e);
	if (rc == 0)
		rc = read_config(o->updated, &to, e);
	if (rc == 0)
		rc = compute(o, from, to, e);
	wire_free(from);
	wire_free(to);
	return rc;
}

static const struct ctl_opt compute_opt[] = {
	{"channel", CTL_STRING, offsetof(struct compute_opts, channel), true, "ID",
	 "the channel to be updated"},
	{"original", CTL_STRING, offsetof(struct compute_opts, original), true, "FILE",
	 "the common.Config that the channel has; - is standard input"},
	{"updated", CTL_STRING, offsetof(struct compute_opts, updated), true, "FILE",
	 "the common.Config that it should have"},
	{"envelope", CTL_FLAG, offsetof(struct compute_opts, envelope), false, NULL,
	 "make a CONFIG_UPDATE envelope of it, to be signed"},
	{"output", CTL_STRING, offsetof(struct compute_opts, output), false, "FILE",
	 "write there, not to standard output"},
	CTL_OPT_END};

const struct ctl_cmd cmd_update_compute = {
	.name = "config-update compute",
	.summary = "compute the update that leads from one configuration to another",
	.details = "Prints a common.ConfigUpdate with the smallest read and write sets, as "
		   "configtxlator's compute_update does.",
	.opts = compute_opt,
	.defaults = &(const struct compute_opts){0},
	.opts_size = sizeof(struct compute_opts),
	.run = compute_run,
};
