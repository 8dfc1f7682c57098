/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger directory that a fuzzer fills with its input again and again. */
#ifndef FUZZ_DIR_H
#define FUZZ_DIR_H

#include "../remove.h"
#include "fuzz.h"
#include <fcntl.h>
#include <ledger/ledger_priv.h>
#include <stdlib.h>
#include <unistd.h>

#define FUZZ_CHANNEL "c"

static char *fuzz_dir; /* below TMPDIR or the working directory; removed at the end */

static int fuzz_no_sync(enum ledger_io op)
{
	return op == LEDGER_IO_SYNC ? LEDGER_IO_PRETEND : 0;
}

static void fuzz_remove(void)
{
	test_remove(fuzz_dir);
}

/* Made at the first call. */
static void fuzz_make_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	char *chain, *own;
	struct ord_err e = ERR_INIT;

	if (fuzz_dir)
		return;
	fuzz_dir = x_printf("%s/fuzz.XXXXXX", tmp ? tmp : ".");
	util_assert(mkdtemp(fuzz_dir));
	atexit(fuzz_remove);
	chain = x_printf("%s/chains/" FUZZ_CHANNEL, fuzz_dir);
	own = x_printf("%s/ordererd/" FUZZ_CHANNEL, fuzz_dir);
	util_assert(file_mkdir_p(chain, 0755, &e) == 0 && file_mkdir_p(own, 0755, &e) == 0);
	log_set_spec("panic", &e);
	ledger_io_fault = fuzz_no_sync;
	free(chain);
	free(own);
}

/* A file in it. */
static void fuzz_put(const char *name, struct ord_bytes b)
{
	char *path = file_join(fuzz_dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	util_assert(fd >= 0 && write(fd, b.data, b.len) == (ssize_t)b.len);
	close(fd);
	free(path);
}

static void fuzz_drop(const char *name)
{
	char *path = file_join(fuzz_dir, name);

	unlink(path);
	free(path);
}

#endif /* FUZZ_DIR_H */
