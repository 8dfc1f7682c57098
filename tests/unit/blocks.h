/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks that Fabric made. */
#ifndef BLOCKS_H
#define BLOCKS_H

#include "test.h"

#include <wire/wire.h>

/* The block in the file @path, which is freed. */
static inline struct ord_block *test_block_of(char *path)
{
	struct ord_err e = ERR_INIT;
	struct ord_block *b = NULL;
	struct buf bytes = test_read(path);

	test_ok(block_parse(&bytes, &b, &e), &e);
	free(path);
	return b;
}

/* The block in a file below tests/golden, as test_golden_path(). */
#define test_block(...) test_block_of(test_golden_path(__VA_ARGS__))

#endif /* BLOCKS_H */
