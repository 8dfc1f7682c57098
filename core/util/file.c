/* SPDX-License-Identifier: Apache-2.0 */
/* file: whole files, directories, atomic replacement. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <util/util.h>

static int read_fd(int fd, const char *path, size_t max, struct buf *b, struct ord_err *e)
{
	struct stat st;
	size_t start = b->len;

	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, "read %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ORD_EINVAL, "read %s: not a regular file", path);
	for (;;) {
		ssize_t n;

		buf_reserve(b, 4096);
		n = read(fd, b->data + b->len, b->cap - b->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "read %s", path);
		if (n == 0)
			return 0;
		b->len += (size_t)n;
		if (b->len - start > max)
			return err_set(e, ORD_ETOOBIG, "read %s: larger than %zu bytes", path, max);
	}
}

int file_read(const char *path, size_t max, struct buf *b, struct ord_err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;

	if (fd < 0)
		return err_sys(e, errno, "read %s", path);
	rc = read_fd(fd, path, max, b, e);
	close(fd);
	return rc;
}

static int write_all(int fd, struct ord_bytes content)
{
	while (content.len > 0) {
		ssize_t n = write(fd, content.data, content.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		content.data += n;
		content.len -= (size_t)n;
	}
	return 0;
}

int file_write(const char *path, struct ord_bytes content, unsigned mode, struct ord_err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode), rc = 0;

	if (fd < 0 || write_all(fd, content) < 0)
		rc = err_sys(e, errno, "write %s", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

int file_write_atomic(const char *path, struct ord_bytes content, unsigned mode, struct ord_err *e)
{
	char *tmp = x_printf("%s.tmp", path), *dir = x_strdup(path), *slash = strrchr(dir, '/');
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode), rc = 0;

	if (fd < 0) {
		rc = err_sys(e, errno, "write %s", path);
		goto out;
	}
	if (write_all(fd, content) < 0 || fsync(fd) < 0 || rename(tmp, path) < 0) {
		rc = err_sys(e, errno, "write %s", path);
		unlink(tmp);
		goto out;
	}
	if (slash)
		slash[slash == dir] = '\0';
	rc = file_sync_dir(slash ? dir : ".", e);
out:
	if (fd >= 0)
		close(fd);
	free(tmp);
	free(dir);
	return rc;
}

int file_mkdir_p(const char *path, unsigned mode, struct ord_err *e)
{
	char *p = x_strdup(path);
	int rc = 0;

	for (char *s = p + 1; rc == 0 && s[-1]; s++) {
		char c = *s;

		if (c != '/' && c != '\0')
			continue;
		*s = '\0';
		if (mkdir(p, mode) < 0 && errno != EEXIST)
			rc = err_sys(e, errno, "make directory %s", p);
		*s = c;
		if (c == '\0')
			break;
	}
	free(p);
	if (rc == 0 && !file_is_dir(path))
		rc = err_set(e, ORD_EINVAL, "make directory %s: a file is in the way", path);
	return rc;
}

int file_sync_dir(const char *path, struct ord_err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0 || fsync(fd) < 0)
		rc = err_sys(e, errno, "sync directory %s", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int file_list(const char *path, char ***names, size_t *n, struct ord_err *e)
{
	DIR *d = opendir(path);
	struct dirent *ent;
	char **list = x_alloc(sizeof(*list));
	size_t len = 0;

	if (!d) {
		free(list);
		return err_sys(e, errno, "list %s", path);
	}
	while ((ent = readdir(d))) {
		if (ent->d_name[0] == '.')
			continue;
		list = x_realloc(list, (len + 2) * sizeof(*list));
		list[len++] = x_strdup(ent->d_name);
		list[len] = NULL;
	}
	closedir(d);
	qsort(list, len, sizeof(*list), by_name);
	*names = list;
	if (n)
		*n = len;
	return 0;
}

void file_list_free(char **names)
{
	for (char **p = names; p && *p; p++)
		free(*p);
	free(names);
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool file_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

char *file_join(const char *base, const char *name)
{
	if (!base || !*base || name[0] == '/')
		return x_strdup(name);
	return x_printf("%s%s%s", base, base[strlen(base) - 1] == '/' ? "" : "/", name);
}
