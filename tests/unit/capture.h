/* SPDX-License-Identifier: Apache-2.0 */
/* What is written to standard error, caught: for tests of log lines. */
#ifndef CAPTURE_H
#define CAPTURE_H

#include "test.h"

#include <unistd.h>

struct capture {
	int saved_stderr, file;
};

static inline void capture_start(struct capture *c)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	c->file = dup(fileno(f));
	fclose(f);
	fflush(stderr);
	c->saved_stderr = dup(STDERR_FILENO);
	dup2(c->file, STDERR_FILENO);
}

/* What was written since capture_start(). */
static inline struct buf capture_end(struct capture *c)
{
	struct buf b = BUF_INIT;
	off_t size = lseek(c->file, 0, SEEK_END);

	dup2(c->saved_stderr, STDERR_FILENO);
	close(c->saved_stderr);
	buf_reserve(&b, (size_t)size + 1);
	b.len = (size_t)pread(c->file, b.data, (size_t)size, 0);
	close(c->file);
	return b;
}

#endif /* CAPTURE_H */
