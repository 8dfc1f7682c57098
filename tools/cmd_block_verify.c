/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl block verify: block files, or the chains of a ledger directory. */
#include "block_file.h"
#include "cmds.h"
#include "verify.h"

#include <inttypes.h>
#include <ledger/ledger.h>
#include <stdlib.h>

struct verify_opts {
	const char *ledger, *channel, *config_block;
};

static void report(const char *what, uint64_t first, const struct verify *v)
{
	if (!v->begun)
		printf("%s: no block\n", what);
	else if (first == v->next - 1)
		printf("%s: block %" PRIu64 ": hash chain, data hash and signature are good\n",
		       what, first);
	else
		printf("%s: blocks %" PRIu64 " to %" PRIu64
		       ": hash chain, data hashes and signatures are good\n",
		       what, first, v->next - 1);
}

/* ---- files --------------------------------------------------------------- */

static int trust_file(struct verify *v, const char *path, struct ord_err *e)
{
	struct ord_block *b;
	int rc = block_file_read(path, &b, e);

	if (rc < 0)
		return rc;
	rc = verify_trust(v, b, e);
	if (rc < 0)
		err_wrap(e, "%s", path);
	block_unref(b);
	return rc;
}

static int verify_file(struct verify *v, const char *path, uint64_t *number, struct ord_err *e)
{
	struct ord_block *b;
	int rc = block_file_read(path, &b, e);

	if (rc < 0)
		return rc;
	*number = b->number;
	rc = verify_next(v, b, e);
	if (rc < 0)
		err_wrap(e, "%s", path);
	block_unref(b);
	return rc;
}

static int verify_files(const struct verify_opts *o, const struct ctl_args *files,
			struct ord_err *e)
{
	struct verify v = {0};
	uint64_t first = 0, number;
	int rc = o->config_block ? trust_file(&v, o->config_block, e) : 0;

	for (size_t i = 0; rc == 0 && i < files->n; i++)
		rc = verify_file(&v, files->item[i], i == 0 ? &first : &number, e);
	if (rc == 0)
		report(files->n == 1 ? files->item[0] : "files", first, &v);
	verify_fini(&v);
	return rc;
}

/* ---- a ledger directory -------------------------------------------------- */

struct walk {
	struct verify v;
	struct ctl_progress progress;
	struct ord_err *e;
};

static int verify_walked(void *arg, struct ord_block *b, uint32_t file, uint32_t offset)
{
	struct walk *w = arg;

	(void)file;
	(void)offset;
	ctl_progress(&w->progress, b->number);
	return verify_next(&w->v, b, w->e);
}

static int verify_channel(const char *ledger, const char *channel, struct ord_err *e)
{
	struct walk w = {.e = e};
	char *dir = x_printf("%s/chains/%s", ledger, channel);
	int rc;

	ctl_progress_start(&w.progress, channel, 0);
	rc = ledger_walk(dir, verify_walked, &w, e);
	ctl_progress_end(&w.progress);
	if (rc == 0)
		report(channel, 0, &w.v);
	else
		err_wrap(e, "%s", channel);
	verify_fini(&w.v);
	free(dir);
	return rc;
}

static int verify_ledger(const struct verify_opts *o, struct ord_err *e)
{
	char *chains, **ids = NULL;
	int rc;

	if (o->channel)
		return verify_channel(o->ledger, o->channel, e);
	chains = file_join(o->ledger, "chains");
	rc = file_list(chains, &ids, NULL, e);
	for (size_t i = 0; rc == 0 && ids[i]; i++)
		rc = verify_channel(o->ledger, ids[i], e);
	if (rc == 0 && !ids[0])
		rc = err_set(e, ORD_ENOENT, "%s holds no channel", chains);
	file_list_free(ids);
	free(chains);
	return rc;
}

static int verify_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct verify_opts *o = opts;

	if (o->ledger && (args->n > 0 || o->config_block))
		return err_set(e, ORD_EINVAL, "--ledger goes without files and --config-block");
	if (!o->ledger && (args->n == 0 || o->channel))
		return err_set(e, ORD_EINVAL,
			       "give block files, or --ledger and perhaps --channel");
	return o->ledger ? verify_ledger(o, e) : verify_files(o, args, e);
}

static const struct ctl_opt verify_opt[] = {
	{"ledger", CTL_STRING, offsetof(struct verify_opts, ledger), false, "DIR",
	 "verify the channels of this ledger directory (FileLedger.Location), each from block 0; "
	 "nothing is written, an orderer may be running on it"},
	{"channel", CTL_STRING, offsetof(struct verify_opts, channel), false, "ID",
	 "only this channel of the ledger"},
	{"config-block", CTL_STRING, offsetof(struct verify_opts, config_block), false, "FILE",
	 "the configuration block before the first file, which is trusted; not needed when that "
	 "is block 0"},
	CTL_OPT_END};

const struct ctl_cmd cmd_block_verify = {
	.name = "block verify",
	.operands = "[FILE…]",
	.max_operands = SIZE_MAX,
	.summary = "verify hash chain, data hashes and signatures of blocks",
	.details = "The files hold one block each, in the order of the chain. Signatures are "
		   "checked against the policy /Channel/Orderer/BlockValidation of the "
		   "configuration that was in force; block 0 carries none and is trusted.",
	.opts = verify_opt,
	.defaults = &(const struct verify_opts){0},
	.opts_size = sizeof(struct verify_opts),
	.run = verify_run,
};
