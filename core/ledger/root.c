/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger directory: its lock, its channels, and the index that a Go orderer left in it. */
#include "ledger_priv.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define ID_MAX 249 /* bytes of a channel id */

static struct log_logger log_ledger = LOG_LOGGER("orderer.ledger");

bool ledger_id_ok(const char *id)
{
	size_t n = 0;

	if (!isalnum((unsigned char)id[0]))
		return false;
	for (; id[n]; n++)
		if (!isalnum((unsigned char)id[n]) && id[n] != '.' && id[n] != '-')
			return false;
	return n <= ID_MAX;
}

/* ---- a Go orderer's index ------------------------------------------------ */

/* Does @name belong to goleveldb?  CURRENT, LOCK, LOG, MANIFEST-000001, 000001.ldb, … */
static bool goleveldb_name(const char *name)
{
	static const char *const exact[] = {"CURRENT", "CURRENT.bak", "LOCK", "LOG", "LOG.old"};
	static const char *const tails[] = {".log", ".ldb", ".sst", ".tmp", ""};
	const char *digits = name;
	size_t n;

	for (size_t i = 0; i < UTIL_ARRAY_LEN(exact); i++)
		if (strcmp(name, exact[i]) == 0)
			return true;
	if (strncmp(name, "MANIFEST-", 9) == 0)
		digits += 9;
	else if (strncmp(name, "CURRENT.", 8) == 0)
		digits += 8;
	n = strspn(digits, "0123456789");
	if (n == 0)
		return false;
	if (digits != name)
		return digits[n] == '\0';
	for (size_t i = 0; *tails[i]; i++)
		if (strcmp(digits + n, tails[i]) == 0)
			return true;
	return false;
}

/* Take the lock of a Go orderer, so that none runs; *fd stays -1 when it has none. */
static int take_go_lock(const char *index, int *fd, struct ord_err *e)
{
	char *path = x_printf("%s/LOCK", index);
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	bool held;
	int rc = 0;

	*fd = open(path, O_RDWR | O_CLOEXEC);
	if (*fd < 0) {
		if (errno != ENOENT)
			rc = err_sys(e, errno, "open %s", path);
		goto out;
	}
	held = flock(*fd, LOCK_EX | LOCK_NB) < 0;
	if (!held && fcntl(*fd, F_GETLK, &fl) == 0)
		held = fl.l_type != F_UNLCK;
	if (held)
		rc = err_set(e, ORD_EUNAVAIL, "%s is locked: stop the orderer that uses it first",
			     path);
out:
	free(path);
	return rc;
}

/* What stands in <root>/index must be a goleveldb directory, for it will be removed. */
static int check_go_index(struct ledger_root *r, struct ord_err *e)
{
	char *index = file_join(r->path, "index"), **names = NULL;
	struct stat st;
	int rc = 0;

	if (lstat(index, &st) < 0) {
		if (errno != ENOENT)
			rc = err_sys(e, errno, "%s", index);
		goto out;
	}
	if (!S_ISDIR(st.st_mode)) {
		rc = err_set(e, ORD_EINVAL, "%s is not a directory: move it away", index);
		goto out;
	}
	rc = file_list(index, &names, NULL, e);
	for (char **p = names; rc == 0 && *p; p++)
		if (!goleveldb_name(*p))
			rc = err_set(e, ORD_EINVAL,
				     "%s/%s is no file of a Go orderer's index, and the index must "
				     "go before blocks are added: move that file away",
				     index, *p);
	if (rc == 0)
		rc = take_go_lock(index, &r->go_lock_fd, e);
	r->go_index = r->go_wrote = rc == 0;
out:
	file_list_free(names);
	free(index);
	return rc;
}

/* Delete goleveldb's files in @dir, then @dir.  What remains is in nobody's way. */
static void remove_go_files(const char *dir)
{
	struct ord_err e = ERR_INIT;
	char **names;

	if (!file_exists(dir))
		return;
	if (file_list(dir, &names, NULL, &e) < 0) {
		log_warn(&log_ledger, "%s", e.msg);
		return;
	}
	for (char **p = names; *p; p++) {
		char *path = file_join(dir, *p);

		if (goleveldb_name(*p) && unlink(path) < 0)
			log_warn(&log_ledger, "remove %s: %s", path, strerrordesc_np(errno));
		free(path);
	}
	file_list_free(names);
	if (rmdir(dir) < 0)
		log_warn(&log_ledger, "remove %s: %s", dir, strerrordesc_np(errno));
}

/* The index disappears at once, by a rename; its files go afterwards. */
static int drop_go_index(struct ledger_root *r, struct ord_err *e)
{
	char *index = file_join(r->path, "index"), *aside = file_join(r->own, ".index");
	int rc = 0;

	remove_go_files(aside);
	if (rename(index, aside) < 0)
		rc = err_sys(e, errno, "remove %s", index);
	else
		rc = ledger_io_sync_dir(r->path, e);
	if (rc == 0) {
		log_info(&log_ledger, "removed %s: a Go orderer rebuilds it from the blocks",
			 index);
		remove_go_files(aside);
		r->go_index = false;
	}
	free(index);
	free(aside);
	return rc;
}

int ledger_root_drop_go_index(struct ledger_root *r, struct ord_err *e)
{
	int rc = 0;

	pthread_mutex_lock(&r->lock);
	if (r->go_index)
		rc = drop_go_index(r, e);
	pthread_mutex_unlock(&r->lock);
	return rc;
}

/* ---- the directory ------------------------------------------------------- */

static int take_lock(struct ledger_root *r, struct ord_err *e)
{
	char *path = file_join(r->own, ".lock"), pid[24];
	ssize_t n;
	int rc = 0;

	r->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	if (r->lock_fd < 0) {
		rc = err_sys(e, errno, "open %s", path);
	} else if (flock(r->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		n = pread(r->lock_fd, pid, sizeof(pid) - 1, 0);
		pid[n > 0 ? n : 0] = '\0';
		rc = err_set(e, ORD_EUNAVAIL, "ledger directory %s is in use by process %.*s",
			     r->path, (int)strspn(pid, "0123456789"), pid);
	} else if (ftruncate(r->lock_fd, 0) == 0) {
		snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
		n = pwrite(r->lock_fd, pid, strlen(pid), 0); /* for the sentence above only */
	}
	free(path);
	return rc;
}

int ledger_root_open(const char *path, struct ledger_root **out, struct ord_err *e)
{
	struct ledger_root *r = x_alloc(sizeof(*r));
	int rc;

	r->path = x_strdup(path);
	r->chains = file_join(path, "chains");
	r->own = file_join(path, "ordererd");
	r->lock_fd = r->go_lock_fd = -1;
	r->file_max = LEDGER_FILE_MAX;
	r->cache = ledger_cache_new(LEDGER_CACHE_MAX);
	pthread_mutex_init(&r->lock, NULL);
	for (int i = 0; i < LEDGER_READERS; i++) {
		pthread_mutex_init(&r->readers[i].lock, NULL);
		r->readers[i].fd = -1;
	}
	rc = check_go_index(r, e);
	if (rc == 0)
		rc = file_mkdir_p(r->chains, 0755, e);
	if (rc == 0)
		rc = file_mkdir_p(r->own, 0755, e);
	if (rc == 0)
		rc = take_lock(r, e);
	if (rc < 0) {
		ledger_root_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

void ledger_root_close(struct ledger_root *r)
{
	if (!r)
		return;
	for (int i = 0; i < LEDGER_READERS; i++) {
		if (r->readers[i].fd >= 0)
			close(r->readers[i].fd);
		buf_fini(&r->readers[i].bytes);
		free(r->readers[i].views.v);
		pthread_mutex_destroy(&r->readers[i].lock);
	}
	if (r->go_lock_fd >= 0)
		close(r->go_lock_fd);
	if (r->lock_fd >= 0)
		close(r->lock_fd);
	ledger_cache_free(r->cache);
	pthread_mutex_destroy(&r->lock);
	free(r->path);
	free(r->chains);
	free(r->own);
	free(r);
}

int ledger_root_list(struct ledger_root *r, char ***ids, size_t *n, struct ord_err *e)
{
	size_t kept = 0;
	int rc = file_list(r->chains, ids, NULL, e);

	if (rc < 0)
		return rc;
	for (char **p = *ids; *p; p++) {
		char *dir = file_join(r->chains, *p);

		if (ledger_id_ok(*p) && file_is_dir(dir))
			(*ids)[kept++] = *p;
		else
			free(*p);
		free(dir);
	}
	(*ids)[kept] = NULL;
	if (n)
		*n = kept;
	return 0;
}

uint64_t ledger_root_free_bytes(const struct ledger_root *r)
{
	struct statvfs st;

	return statvfs(r->chains, &st) < 0 ? 0 : (uint64_t)st.f_bavail * st.f_frsize;
}
