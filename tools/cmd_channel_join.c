/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl channel join: an orderer begins to serve the channel of a configuration block. */
#include "cmds.h"
#include "config_file.h"
#include "participation.h"

#include <crypto/crypto.h>

enum { BOUNDARY_LEN = 16 };

/* The file as multipart/form-data wants it; @type gets the content type with the boundary. */
static void add_form(struct ord_bytes block, struct buf *type, struct buf *out)
{
	uint8_t random[BOUNDARY_LEN];
	struct buf boundary = BUF_INIT;

	crypto_random(random, sizeof(random));
	hex_encode(&boundary, bytes_of(random, sizeof(random)));
	buf_printf(type, "multipart/form-data; boundary=%s", buf_cstr(&boundary));
	buf_printf(out,
		   "--%s\r\nContent-Disposition: form-data; name=\"config-block\"; "
		   "filename=\"config.block\"\r\nContent-Type: application/octet-stream\r\n\r\n",
		   buf_cstr(&boundary));
	buf_add_bytes(out, block);
	buf_printf(out, "\r\n--%s--\r\n", buf_cstr(&boundary));
	buf_fini(&boundary);
}

/* Whoever names the channel gets that one or none. */
static int check_channel(const struct participation_opts *o, struct ord_bytes bytes,
			 struct ord_err *e)
{
	struct chanconf *conf = NULL;
	struct ord_block *b = NULL;
	struct buf copy = BUF_INIT;
	int rc;

	buf_add_bytes(&copy, bytes);
	rc = block_parse(&copy, &b, e);
	if (rc == 0)
		rc = config_of_block(b, &conf, e);
	if (rc == 0 && o->channel && strcmp(o->channel, conf->channel_id) != 0)
		rc = err_set(e, ORD_EINVAL,
			     "specified --channel %s does not match channel ID %s in config block",
			     o->channel, conf->channel_id);
	else if (rc < 0)
		err_wrap(e, "%s", o->config_block);
	chanconf_unref(conf);
	block_unref(b);
	buf_fini(&copy);
	return rc;
}

static int join_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	struct buf block = BUF_INIT, type = BUF_INIT, form = BUF_INIT;
	const struct participation_opts *o = opts;
	int rc = ctl_input(o->config_block, WIRE_MAX_MSG, &block, e);

	(void)args;
	if (rc == 0)
		rc = check_channel(o, buf_bytes(&block), e);
	if (rc == 0) {
		add_form(buf_bytes(&block), &type, &form);
		rc = participation_ask(o, "POST", false, buf_cstr(&type), buf_bytes(&form), e);
	}
	buf_fini(&block);
	buf_fini(&type);
	buf_fini(&form);
	return rc;
}

static const struct ctl_opt join_opt[] = {
	{"config-block", CTL_STRING, offsetof(struct participation_opts, config_block), true,
	 "FILE", "the channel's genesis block or its newest configuration block"},
	{"channel", CTL_STRING, offsetof(struct participation_opts, channel), false, "ID",
	 "refuse a block of another channel than this"},
	PARTICIPATION_OPTS,
	CTL_OPT_END};

const struct ctl_cmd cmd_channel_join = {
	.name = "channel join",
	.summary = "make an orderer serve the channel of a configuration block",
	.details = "Asks the channel participation API of the orderer's admin listener, as "
		   "osnadmin does.",
	.opts = join_opt,
	.defaults = &(const struct participation_opts)PARTICIPATION_DEFAULTS,
	.opts_size = sizeof(struct participation_opts),
	.run = join_run,
};
