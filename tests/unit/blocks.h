/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks that Fabric made. */
#ifndef BLOCKS_H
#define BLOCKS_H

#include "test.h"

#include <wire/wire.h>

/* The block in a file below tests/golden. */
static inline UTIL_PRINTF(1, 2) struct ord_block *test_block(const char *fmt, ...)
{
	struct ord_err e = ERR_INIT;
	struct ord_block *b = NULL;
	struct buf bytes;
	va_list ap;
	char *path;

	va_start(ap, fmt);
	path = test_below("TOP_SRCDIR", "tests/golden/", fmt, ap);
	va_end(ap);
	bytes = test_read(path);
	test_ok(block_parse(&bytes, &b, &e), &e);
	free(path);
	return b;
}

#endif /* BLOCKS_H */
