/* SPDX-License-Identifier: Apache-2.0 */
/* For tests and fuzzers. */
#ifndef REMOVE_H
#define REMOVE_H

#include <ftw.h>
#include <stdio.h>

static inline int test_remove_one(const char *path, const struct stat *st, int type,
				  struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* A file, or a directory with all that is in it; what is not there is no matter. */
static inline void test_remove(const char *path)
{
	nftw(path, test_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif /* REMOVE_H */
