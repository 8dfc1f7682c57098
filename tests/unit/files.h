/* SPDX-License-Identifier: Apache-2.0 */
/* Directories and files of a test's own: made, copied, removed. */
#ifndef FILES_H
#define FILES_H

#include "../remove.h"
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

/* A fresh empty directory; heap. */
static inline char *test_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = x_printf("%s/ordererd-test-XXXXXX", tmp ? tmp : "/tmp");

	assert_non_null(mkdtemp(dir));
	return dir;
}

/* The end of what test_dir() made. */
static inline void test_rmdir(char *dir)
{
	test_remove(dir);
	free(dir);
}

static inline void test_write(const char *path, struct ord_bytes b)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, b.data, b.len), b.len);
	close(fd);
}

/* A file, or a directory with all that is in it; what vanishes meanwhile is left out. */
static inline void test_copy(const char *from, const char *to)
{
	struct ord_err e = ERR_INIT;
	struct buf b = BUF_INIT;
	char **names;

	if (!file_is_dir(from)) {
		if (file_read(from, 1u << 30, &b, &e) == 0)
			test_write(to, buf_bytes(&b));
		else if (file_exists(from))
			fail_msg("%s", e.msg);
		buf_fini(&b);
		return;
	}
	test_ok(file_mkdir_p(to, 0755, &e), &e);
	test_ok(file_list(from, &names, NULL, &e), &e);
	for (char **p = names; *p; p++) {
		char *a = file_join(from, *p), *c = file_join(to, *p);

		test_copy(a, c);
		free(a);
		free(c);
	}
	file_list_free(names);
}

#endif /* FILES_H */
