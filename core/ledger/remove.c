/* SPDX-License-Identifier: Apache-2.0 */
/* A channel that goes for good. */
#include "ledger_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int remove_dir(const char *parent, const char *name, struct ord_err *e)
{
	char *dir = file_join(parent, name);
	int rc = ledger_io_remove(dir, "", e);

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

const char *ledger_root_path(const struct ledger_root *r)
{
	return r->path;
}
