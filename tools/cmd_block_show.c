/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl block show: a block, or any message, as JSON. */
#include "cmds.h"
#include "json_deep.h"

struct show_opts {
	const char *type, *output;
};

static int show_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct show_opts *o = opts;
	const ProtobufCMessageDescriptor *d = json_deep_type(o->type);
	struct buf in = BUF_INIT, out = BUF_INIT;
	int rc;

	if (!d)
		return err_set(e, ORD_EINVAL, "--type %s: no such message is known", o->type);
	rc = ctl_input(args->item[0], WIRE_MAX_MSG, &in, e);
	if (rc == 0) {
		rc = json_deep(d, buf_bytes(&in), &out, e);
		if (rc < 0)
			err_wrap(e, "%s is no %s", args->item[0], o->type);
	}
	if (rc == 0)
		rc = ctl_output(o->output, buf_bytes(&out), e);
	buf_fini(&in);
	buf_fini(&out);
	return rc;
}

static const struct ctl_opt show_opt[] = {
	{"type", CTL_STRING, offsetof(struct show_opts, type), false, "NAME",
	 "what the file holds: common.Block, common.Envelope, common.Config, "
	 "common.ConfigUpdate … [common.Block]"},
	{"output", CTL_STRING, offsetof(struct show_opts, output), false, "FILE",
	 "write there, not to standard output"},
	CTL_OPT_END};

const struct ctl_cmd cmd_block_show = {
	.name = "block show",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "print a block or another message as JSON",
	.details = "The JSON is that of configtxlator's proto_decode: bytes that hold a message "
		   "are shown as that message. Bytes that cannot be decoded are shown in base64. "
		   "FILE may be - for standard input.",
	.opts = show_opt,
	.defaults = &(const struct show_opts){.type = "common.Block"},
	.opts_size = sizeof(struct show_opts),
	.run = show_run,
};
