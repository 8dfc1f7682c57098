/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl channel create and channel update: a config update, signed and sent. */
#include "cmds.h"
#include "config_file.h"
#include "config_sign.h"
#include "submit.h"

#include <inttypes.h>
#include <stdlib.h>

struct change_opts {
	struct remote_opts remote;
	struct ctl_list identities;
	const char *output;
	bool wait;
};

struct change {
	const struct change_opts *o;
	struct signers signers;
	struct remote remote;
	char *channel;
	struct buf env; /* what is sent */
};

/* Read the update, put our signatures to it, and put it into an envelope of ours. */
static int prepare(struct change *c, const char *path, struct ord_err *e)
{
	struct ord_env *given;
	int rc = config_file_envelope(path, &given, e);

	if (rc < 0)
		return rc;
	c->channel = x_strdup(given->channel_id);
	rc = config_sign(&c->signers, given->raw, &c->env, NULL, e);
	if (rc < 0)
		err_wrap(e, "%s", path);
	env_unref(given);
	return rc;
}

static int change_run(const struct change_opts *o, const char *path,
		      int (*send)(struct change *c, struct ord_err *e), struct ord_err *e)
{
	struct change c = {.o = o};
	int rc;

	if (o->identities.n == 0)
		return err_set(e, ORD_EINVAL, "option --identity is missing");
	rc = signers_open(&o->identities, &c.signers, e);
	if (rc < 0)
		return rc;
	rc = remote_open(&o->remote, &c.remote, e);
	if (rc == 0) {
		rc = prepare(&c, path, e);
		if (rc == 0)
			rc = send(&c, e);
		remote_close(&c.remote);
	}
	signers_close(&c.signers);
	buf_fini(&c.env);
	free(c.channel);
	return rc;
}

static struct deliver deliver_of(struct change *c)
{
	return (struct deliver){&c->remote, c->signers.who[0], c->channel, false};
}

/* ---- create -------------------------------------------------------------- */

static int send_creation(struct change *c, struct ord_err *e)
{
	struct deliver d = deliver_of(c);
	char *path = c->o->output ? x_strdup(c->o->output) : x_printf("%s.block", c->channel);
	struct ord_block *b;
	int rc = submit_creation(&d, buf_bytes(&c->env), &b, e);

	if (rc == 0) {
		rc = ctl_output(path, buf_bytes(&b->encoded), e);
		block_unref(b);
	}
	free(path);
	return rc;
}

static int create_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	return change_run(opts, args->item[0], send_creation, e);
}

#define IDENTITY_OPT                                                                               \
	{                                                                                          \
		"identity", CTL_LIST, offsetof(struct change_opts, identities), true, "MSPID:DIR", \
			"who signs: MSP id and MSP directory; may be given several times, the "    \
			"first one talks to the orderer"                                           \
	}

static const struct ctl_opt create_opt[] = {
	IDENTITY_OPT,
	{"output", CTL_STRING, offsetof(struct change_opts, output), false, "FILE",
	 "where the channel's genesis block goes, - for standard output [CHANNEL.block]"},
	REMOTE_OPTS(struct change_opts, remote),
	CTL_OPT_END};

const struct ctl_cmd cmd_channel_create = {
	.name = "channel create",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "create a channel and fetch its genesis block",
	.details = "FILE is the channel's creation transaction, as 'channel-tx' and configtxgen "
		   "make it; it may carry signatures already, those of --identity are added. Waits "
		   "until the orderer serves the channel.",
	.opts = create_opt,
	.defaults = &(const struct change_opts){.remote = REMOTE_DEFAULTS},
	.opts_size = sizeof(struct change_opts),
	.run = create_run,
};

/* ---- update -------------------------------------------------------------- */

static int send_update(struct change *c, struct ord_err *e)
{
	struct deliver d = deliver_of(c);
	struct ord_block *b;
	int rc;

	if (!c->o->wait)
		return submit(&c->remote, buf_bytes(&c->env), e);
	rc = submit_update(&d, buf_bytes(&c->env), &b, e);
	if (rc < 0)
		return rc;
	printf("%s: block %" PRIu64 "\n", c->channel, b->number);
	block_unref(b);
	return 0;
}

static int update_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	return change_run(opts, args->item[0], send_update, e);
}

static const struct ctl_opt update_opt[] = {
	IDENTITY_OPT,
	{"wait", CTL_FLAG, offsetof(struct change_opts, wait), false, NULL,
	 "wait until the update is in a block, and print its number"},
	REMOTE_OPTS(struct change_opts, remote),
	CTL_OPT_END};

const struct ctl_cmd cmd_channel_update = {
	.name = "channel update",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "change the configuration of a channel",
	.details = "FILE is a CONFIG_UPDATE envelope; it may carry signatures already, those of "
		   "--identity are added. 'config-update check' tells beforehand what the orderer "
		   "will say.",
	.opts = update_opt,
	.defaults = &(const struct change_opts){.remote = REMOTE_DEFAULTS},
	.opts_size = sizeof(struct change_opts),
	.run = update_run,
};
