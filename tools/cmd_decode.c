/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl decode and encode: any Fabric message to JSON and back. */
#include "cmds.h"
#include "json_deep.h"

struct convert_opts {
	const char *type, *output;
};

static const char *input_of(const struct ctl_args *args)
{
	return args->n > 0 ? args->item[0] : "-";
}

/* The file's name as messages have it. */
static const char *name_of(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

static int decode_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct convert_opts *o = opts;
	const char *path = input_of(args);
	const ProtobufCMessageDescriptor *d;
	struct buf in = BUF_INIT, out = BUF_INIT;
	int rc = json_deep_type(o->type, &d, e);

	if (rc == 0)
		rc = ctl_input(path, WIRE_MAX_MSG, &in, e);
	if (rc == 0) {
		rc = json_decode(d, buf_bytes(&in), &out, e);
		if (rc < 0)
			err_wrap(e, "%s is no %s", name_of(path), o->type);
	}
	if (rc == 0)
		rc = ctl_output(o->output, buf_bytes(&out), e);
	buf_fini(&in);
	buf_fini(&out);
	return rc;
}

static int encode_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct convert_opts *o = opts;
	const char *path = input_of(args);
	const ProtobufCMessageDescriptor *d;
	struct buf in = BUF_INIT, out = BUF_INIT;
	int rc = json_deep_type(o->type, &d, e);

	if (rc == 0)
		rc = ctl_input(path, JSON_MAX_TEXT, &in, e);
	if (rc == 0)
		rc = json_encode(d, name_of(path), &in, &out, e);
	if (rc == 0)
		rc = ctl_output(o->output, buf_bytes(&out), e);
	buf_fini(&in);
	buf_fini(&out);
	return rc;
}

#define OUTPUT_OPT                                                                          \
	{                                                                                   \
		"output", CTL_STRING, offsetof(struct convert_opts, output), false, "FILE", \
			"write there, not to standard output"                               \
	}

static const struct ctl_opt decode_opt[] = {
	{"type", CTL_STRING, offsetof(struct convert_opts, type), true, "NAME",
	 "what the file holds: common.Block, common.Envelope, common.Config, "
	 "common.ConfigUpdate …"},
	OUTPUT_OPT,
	CTL_OPT_END};

const struct ctl_cmd cmd_decode = {
	.name = "decode",
	.operands = "[FILE]",
	.max_operands = 1,
	.summary = "print a Fabric message as JSON",
	.details = "The JSON is that of configtxlator's proto_decode: bytes that hold a message "
		   "are shown as that message. Bytes that cannot be decoded, or hold fields that "
		   "are not known, are shown in base64, so that encode brings them back. Without "
		   "FILE, or with -, standard input is read.",
	.opts = decode_opt,
	.defaults = &(const struct convert_opts){0},
	.opts_size = sizeof(struct convert_opts),
	.run = decode_run,
};

static const struct ctl_opt block_show_opt[] = {
	{"type", CTL_STRING, offsetof(struct convert_opts, type), false, "NAME",
	 "what the file holds: common.Block, common.Envelope, common.Config, "
	 "common.ConfigUpdate … [common.Block]"},
	OUTPUT_OPT,
	CTL_OPT_END};

const struct ctl_cmd cmd_block_show = {
	.name = "block show",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "print a block or another message as JSON",
	.details = "As decode does, with common.Block for its type. FILE may be - for standard "
		   "input.",
	.opts = block_show_opt,
	.defaults = &(const struct convert_opts){.type = "common.Block"},
	.opts_size = sizeof(struct convert_opts),
	.run = decode_run,
};

static const struct ctl_opt encode_opt[] = {
	{"type", CTL_STRING, offsetof(struct convert_opts, type), true, "NAME",
	 "what the JSON describes: common.Block, common.Envelope, common.Config, "
	 "common.ConfigUpdate …"},
	OUTPUT_OPT,
	CTL_OPT_END};

const struct ctl_cmd cmd_encode = {
	.name = "encode",
	.operands = "[FILE]",
	.max_operands = 1,
	.summary = "make a Fabric message from its JSON",
	.details = "Takes what decode and configtxlator's proto_decode print. A field that the "
		   "message does not have, a field given twice and a value of the wrong form are "
		   "errors; a field left out, or null, is empty. In the place of a message inside "
		   "bytes, its base64 will do. Without FILE, or with -, standard input is read.",
	.opts = encode_opt,
	.defaults = &(const struct convert_opts){0},
	.opts_size = sizeof(struct convert_opts),
	.run = encode_run,
};
