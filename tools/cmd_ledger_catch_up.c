/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl ledger catch-up: the way out for an orderer that lost its place in the order. */
#include "block_file.h"
#include "catch_up.h"
#include "cmds.h"

#include <inttypes.h>
#include <stdlib.h>

struct catch_up_opts {
	struct remote_opts remote;
	const char *ledger, *channel, *identity, *genesis;
	uint64_t until;
	bool check;
};

struct run {
	const struct catch_up_opts *o;
	struct ledger_root *root; /* NULL: only compare */
	struct catch_up c;
};

static int one_channel(struct run *r, const char *channel, struct ord_err *e)
{
	char *dir;
	int rc;

	r->c.from.channel = channel;
	if (!r->o->check)
		return catch_up_copy(&r->c, r->root, e);
	dir = x_printf("%s/chains/%s", r->o->ledger, channel);
	rc = catch_up_compare(&r->c, dir, e);
	free(dir);
	return rc;
}

static int all_channels(struct run *r, struct ord_err *e)
{
	char *chains = file_join(r->o->ledger, "chains"), **ids = NULL;
	int rc = file_list(chains, &ids, NULL, e);

	for (size_t i = 0; rc == 0 && ids[i]; i++)
		rc = one_channel(r, ids[i], e);
	if (rc == 0 && !ids[0])
		rc = err_set(e, ORD_ENOENT, "%s holds no channel", chains);
	file_list_free(ids);
	free(chains);
	return rc;
}

/* The ledger is made only when the operator says what to begin with. */
static int open_ledger(struct run *r, struct ord_err *e)
{
	char *chains;
	int rc = 0;

	if (r->o->genesis)
		return ledger_root_open(r->o->ledger, &r->root, e);
	chains = file_join(r->o->ledger, "chains");
	if (!file_is_dir(chains))
		rc = err_set(e, ORD_ENOENT, "%s: there is no such directory, so %s is no ledger",
			     chains, r->o->ledger);
	else
		rc = ledger_root_open(r->o->ledger, &r->root, e);
	free(chains);
	return rc;
}

static int read_genesis(struct run *r, struct ord_err *e)
{
	char *id;
	int rc = block_file_read(r->o->genesis, &r->c.genesis, e);

	if (rc < 0)
		return rc;
	if (r->c.genesis->number != 0)
		rc = err_set(e, ORD_EINVAL, "it is block %" PRIu64 ", not 0", r->c.genesis->number);
	else
		rc = block_file_check(r->c.genesis, r->o->channel, &id, e);
	if (rc < 0)
		return err_wrap(e, "%s", r->o->genesis);
	free(id);
	return 0;
}

static int catch_up(struct run *r, struct ord_err *e)
{
	struct remote remote;
	int rc = remote_open(&r->o->remote, &remote, e);

	if (rc < 0)
		return rc;
	r->c.from.remote = &remote;
	if (!r->o->check)
		rc = open_ledger(r, e);
	if (rc == 0)
		rc = r->o->channel ? one_channel(r, r->o->channel, e) : all_channels(r, e);
	ledger_root_close(r->root);
	remote_close(&remote);
	return rc;
}

static int catch_up_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct catch_up_opts *o = opts;
	struct run r = {.o = o,
			.c = {.from = {.best_effort = true}, /* what it has is looked at anyway */
			      .peer = o->remote.orderer,
			      .until = o->until}};
	int rc = 0;

	(void)args;
	if (o->check && (o->genesis || o->until != CATCH_UP_ALL))
		return err_set(e, ORD_EINVAL, "--check goes without --genesis and --until");
	if (!o->channel && (o->genesis || o->until != CATCH_UP_ALL))
		return err_set(e, ORD_EINVAL, "--genesis and --until want a --channel");
	if (o->genesis)
		rc = read_genesis(&r, e);
	if (rc == 0)
		rc = identity_open(o->identity, &r.c.from.who, e);
	if (rc == 0) {
		rc = catch_up(&r, e);
		msp_local_close(r.c.from.who);
	}
	block_unref(r.c.genesis);
	return rc;
}

static const struct ctl_opt catch_up_opt[] = {
	{"ledger", CTL_STRING, offsetof(struct catch_up_opts, ledger), true, "DIR",
	 "the ledger directory (FileLedger.Location) of the orderer that lacks blocks"},
	{"channel", CTL_STRING, offsetof(struct catch_up_opts, channel), false, "ID",
	 "only this channel of the ledger"},
	{"identity", CTL_STRING, offsetof(struct catch_up_opts, identity), true, "MSPID:DIR",
	 IDENTITY_OPT_HELP "; the orderer's own will do"},
	{"check", CTL_FLAG, offsetof(struct catch_up_opts, check), false, NULL,
	 "write nothing: tell whether both have the same chain; an orderer may be running on the "
	 "ledger"},
	{"until", CTL_UINT, offsetof(struct catch_up_opts, until), false, "N",
	 "the last block to copy"},
	{"genesis", CTL_STRING, offsetof(struct catch_up_opts, genesis), false, "FILE",
	 "begin a chain that is not there with this block 0, which is trusted ('ordererctl fetch "
	 "oldest' writes the other orderer's)"},
	REMOTE_OPTS(struct catch_up_opts, remote),
	CTL_OPT_END};

const struct ctl_cmd cmd_ledger_catch_up = {
	.name = "ledger catch-up",
	.summary = "copy the blocks that a ledger lacks from another orderer",
	.details = "The orderer of the ledger must be stopped; --orderer is another one that has "
		   "the blocks, a Fabric orderer perhaps. Each block is verified before it is "
		   "appended: number, hashes, and signatures against the policy "
		   "/Channel/Orderer/BlockValidation of the configuration in force. At the end "
		   "the command says what the next start will do. It may be interrupted and "
		   "called again.",
	.opts = catch_up_opt,
	.defaults = &(const struct catch_up_opts){.remote = REMOTE_DEFAULTS, .until = CATCH_UP_ALL},
	.opts_size = sizeof(struct catch_up_opts),
	.run = catch_up_run,
};
