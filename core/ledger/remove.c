/* SPDX-License-Identifier: Apache-2.0 */
/* What goes for good: a channel's journal, or all of a channel. */
#include "ledger_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Unlink the files in @dir that begin with @prefix; a directory that is not there has none. */
static int remove_files(const char *dir, const char *prefix, struct ord_err *e)
{
	char **names;
	int rc;

	if (!file_is_dir(dir))
		return 0;
	rc = file_list(dir, &names, NULL, e);
	if (rc < 0)
		return rc;
	for (char **p = names; *p && rc == 0; p++) {
		char *path = file_join(dir, *p);

		if (strncmp(*p, prefix, strlen(prefix)) == 0 && unlink(path) < 0 && errno != ENOENT)
			rc = err_sys(e, errno, "remove %s", path);
		free(path);
	}
	file_list_free(names);
	return rc < 0 ? rc : ledger_io_sync_dir(dir, e);
}

static int remove_dir(const char *parent, const char *name, struct ord_err *e)
{
	char *dir = file_join(parent, name);
	int rc = remove_files(dir, "", e);

	if (rc == 0 && rmdir(dir) < 0 && errno != ENOENT)
		rc = err_sys(e, errno, "remove %s", dir);
	if (rc == 0)
		rc = ledger_io_sync_dir(parent, e);
	free(dir);
	return rc;
}

int ledger_remove(struct ledger_root *r, const char *channel_id, struct ord_err *e)
{
	int rc;

	if (!ledger_id_ok(channel_id))
		return err_set(e, ORD_EINVAL, "'%.32s' is not a channel id", channel_id);
	rc = ledger_root_drop_go_index(r, e);
	if (rc == 0)
		rc = remove_dir(r->own, channel_id, e);
	util_stop_at("remove-chain");
	if (rc == 0)
		rc = remove_dir(r->chains, channel_id, e);
	return rc;
}

int journal_remove(struct ledger *l, struct ord_err *e)
{
	return remove_files(l->own, JOURNAL_PREFIX, e);
}

const char *ledger_root_path(const struct ledger_root *r)
{
	return r->path;
}
