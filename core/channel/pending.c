/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins and removals that were begun (spec 9.2): files beside the ledger, as Fabric 2.x keeps them,
 * so that a crash in the middle is brought to its end at the next start.
 *
 *   <root>/pendingops/join/<channel>.join       the join block; the channel is made from it
 *   <root>/pendingops/remove/<channel>.remove   empty; the channel is deleted
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "channel_priv.h"

static struct log_logger logger = LOG_LOGGER("orderer.commmon.multichannel");

#define BLOCK_MAX WIRE_MAX_MSG

static char *pending_dir(const struct registrar *r, const char *what)
{
	return x_printf("%s/pendingops/%s", ledger_root_path(r->opts.root), what);
}

static char *pending_path(const struct registrar *r, const char *what, const char *id)
{
	char *dir = pending_dir(r, what), *path = x_printf("%s/%s.%s", dir, id, what);

	free(dir);
	return path;
}

int pending_save(struct registrar *r, const char *what, const char *id, struct ord_bytes content,
		 struct ord_err *e)
{
	char *dir = pending_dir(r, what), *path = pending_path(r, what, id);
	char *above = file_join(ledger_root_path(r->opts.root), "pendingops");
	int rc = file_mkdir_p(dir, 0700, e);

	if (rc == 0)
		rc = file_sync_dir(ledger_root_path(r->opts.root), e);
	if (rc == 0)
		rc = file_sync_dir(above, e);
	if (rc == 0)
		rc = file_write_atomic(path, content, 0600, e);
	free(above);
	free(path);
	free(dir);
	return rc;
}

int pending_done(struct registrar *r, const char *what, const char *id, struct ord_err *e)
{
	char *dir = pending_dir(r, what), *path = pending_path(r, what, id);
	int rc = 0;

	if (unlink(path) < 0 && errno != ENOENT)
		rc = err_sys(e, errno, "remove %s", path);
	if (rc == 0)
		rc = file_sync_dir(dir, e);
	free(path);
	free(dir);
	return rc;
}

/* ---- at start ------------------------------------------------------------ */

static int end_removal(struct registrar *r, const char *id, struct ord_err *e)
{
	int rc = ledger_remove(r->opts.root, id, e);

	if (rc == 0)
		rc = pending_done(r, "remove", id, e);
	if (rc == 0)
		log_info(&logger, "Removed channel %s, as was begun in the last run", id);
	return rc;
}

static int end_join(struct registrar *r, const char *id, struct ord_err *e)
{
	char *path = pending_path(r, "join", id);
	struct buf bytes = BUF_INIT;
	struct ord_block *b = NULL;
	int rc = file_read(path, BLOCK_MAX, &bytes, e);

	if (rc == 0)
		rc = block_parse(&bytes, &b, e);
	if (rc == 0)
		rc = create_ledger(r, id, b, e);
	if (rc < 0)
		err_wrap(e, "%s (remove this file to go on without the channel)", path);
	else
		rc = pending_done(r, "join", id, e);
	if (rc == 0)
		log_info(&logger, "Joined channel %s, as was begun in the last run", id);
	block_unref(b);
	buf_fini(&bytes);
	free(path);
	return rc;
}

static int end_all(struct registrar *r, const char *what,
		   int (*end)(struct registrar *r, const char *id, struct ord_err *e),
		   struct ord_err *e)
{
	char *dir = pending_dir(r, what), **names = NULL;
	int rc = 0;

	if (file_is_dir(dir))
		rc = file_list(dir, &names, NULL, e);
	for (char **p = names; rc == 0 && p && *p; p++) {
		char *dot = strrchr(*p, '.');

		if (!dot || strcmp(dot + 1, what) != 0)
			continue; /* a temporary file of a write that was cut short */
		*dot = '\0';
		rc = end(r, *p, e);
	}
	file_list_free(names);
	free(dir);
	return rc;
}

int pending_end_all(struct registrar *r, struct ord_err *e)
{
	int rc = end_all(r, "remove", end_removal, e);

	return rc < 0 ? rc : end_all(r, "join", end_join, e);
}
