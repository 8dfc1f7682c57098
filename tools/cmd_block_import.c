/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl block import: append blocks to a ledger directory, offline. */
#include "block_file.h"
#include "cmds.h"

#include <ledger/ledger.h>
#include <stdlib.h>

struct import_opts {
	const char *ledger, *channel;
};

static int append(struct ledger_root *root, const struct import_opts *o, struct ord_block *b,
		  struct ord_err *e)
{
	struct ledger *l;
	char *id;
	int rc = block_file_check(b, o->channel, &id, e);

	if (rc < 0)
		return rc;
	rc = ledger_open(root, id, b->number == 0, &l, e);
	if (rc == 0) {
		rc = ledger_append(l, &b, 1, e);
		ledger_close(l);
	}
	free(id);
	return rc;
}

static int import_file(struct ledger_root *root, const struct import_opts *o, const char *path,
		       struct ord_err *e)
{
	struct ord_block *b;
	int rc = block_file_read(path, &b, e);

	if (rc < 0)
		return rc;
	rc = append(root, o, b, e);
	if (rc < 0)
		err_wrap(e, "%s", path);
	block_unref(b);
	return rc;
}

static int import_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct import_opts *o = opts;
	struct ledger_root *root;
	int rc = ledger_root_open(o->ledger, &root, e);

	for (size_t i = 0; rc == 0 && i < args->n; i++)
		rc = import_file(root, o, args->item[i], e);
	if (rc == 0)
		ledger_root_close(root);
	return rc;
}

static const struct ctl_opt import_opt[] = {
	{"ledger", CTL_STRING, offsetof(struct import_opts, ledger), true, "DIR",
	 "the ledger directory (FileLedger.Location), made when missing"},
	{"channel", CTL_STRING, offsetof(struct import_opts, channel), false, "ID",
	 "refuse blocks of any other channel"},
	CTL_OPT_END};

const struct ctl_cmd cmd_block_import = {
	.name = "block import",
	.operands = "FILE…",
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.summary = "append blocks to a ledger directory",
	.details = "Each block goes to the chain of its own channel, which begins with block 0. "
		   "Number, hashes, and the configuration of block 0 are checked; a block that is "
		   "there already is skipped. The orderer must not be running on the directory.",
	.opts = import_opt,
	.defaults = &(const struct import_opts){0},
	.opts_size = sizeof(struct import_opts),
	.run = import_run,
};
