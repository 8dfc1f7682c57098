/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that finish what they began: short counts, EINTR, and a place for tests to fail. */
#include "ledger_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int (*ledger_io_fault)(enum ledger_io op);

static int fault(enum ledger_io op)
{
	return ledger_io_fault ? ledger_io_fault(op) : 0;
}

int ledger_io_create(const char *path, int flags, int *fd)
{
	int err = fault(LEDGER_IO_CREATE);

	if (err)
		return err;
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0660);
	return *fd < 0 ? errno : 0;
}

/* Drop @n bytes from the front. */
static void advance(struct iovec **iov, int *n, size_t done)
{
	while (*n > 0 && done >= (*iov)->iov_len) {
		done -= (*iov)->iov_len;
		++*iov;
		--*n;
	}
	if (*n > 0) {
		(*iov)->iov_base = (uint8_t *)(*iov)->iov_base + done;
		(*iov)->iov_len -= done;
	}
}

int ledger_io_writev(int fd, struct iovec *iov, int n, uint64_t at)
{
	int err = fault(LEDGER_IO_WRITE);

	advance(&iov, &n, 0);
	if (err && n == 1)
		iov->iov_len /= 2;
	else if (err)
		n /= 2;
	while (n > 0) {
		ssize_t done = pwritev(fd, iov, n, (off_t)at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno;
		if (done == 0)
			return ENOSPC;
		at += (uint64_t)done;
		advance(&iov, &n, (size_t)done);
	}
	return err;
}

int ledger_io_write(int fd, const void *p, size_t n, uint64_t at)
{
	struct iovec iov = {(void *)p, n};

	return ledger_io_writev(fd, &iov, 1, at);
}

int ledger_io_sync(int fd)
{
	int err = fault(LEDGER_IO_SYNC);

	if (err)
		return err == LEDGER_IO_PRETEND ? 0 : err;
	while (fdatasync(fd) < 0)
		if (errno != EINTR)
			return errno;
	return 0;
}

int ledger_io_sync_dir(const char *path, struct ord_err *e)
{
	int err = fault(LEDGER_IO_SYNC);

	if (err == LEDGER_IO_PRETEND)
		return 0;
	return err ? err_sys(e, err, "sync directory %s", path) : file_sync_dir(path, e);
}

int ledger_io_truncate(int fd, uint64_t size)
{
	int err = fault(LEDGER_IO_TRUNCATE);

	if (err)
		return err;
	while (ftruncate(fd, (off_t)size) < 0)
		if (errno != EINTR)
			return errno;
	return 0;
}

ssize_t ledger_io_read(int fd, void *p, size_t n, uint64_t at)
{
	int err = fault(LEDGER_IO_READ);
	size_t got = 0;

	if (err) {
		errno = err;
		return -1;
	}
	while (got < n) {
		ssize_t done = pread(fd, (uint8_t *)p + got, n - got, (off_t)(at + got));

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		if (done == 0)
			break;
		got += (size_t)done;
	}
	return (ssize_t)got;
}

int ledger_io_remove(const char *dir, const char *prefix, struct ord_err *e)
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
