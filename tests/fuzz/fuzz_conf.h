/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file of settings: refused with a sentence that names the file, or loaded, and then
 * loaded again alike. */
#ifndef FUZZ_CONF_H
#define FUZZ_CONF_H

#include "fuzz.h"
#include <localconf/localconf.h>
#include <stdlib.h>
#include <unistd.h>

static char fuzz_path[] = "/tmp/ordererd-fuzz-XXXXXX" FUZZ_SUFFIX;

static void fuzz_remove(void)
{
	unlink(fuzz_path);
}

/* One file for the whole run, with new content each time. */
static void fuzz_write(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd < 0) {
		fd = mkstemps(fuzz_path, (int)strlen(FUZZ_SUFFIX));
		util_assert(fd >= 0);
		atexit(fuzz_remove);
	}
	util_assert(ftruncate(fd, 0) == 0);
	util_assert(pwrite(fd, data, size, 0) == (ssize_t)size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *no_environment[] = {NULL};
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct localconf *c = NULL;
	struct ord_err e = ERR_INIT;

	fuzz_write(data, size);
	if (localconf_load(fuzz_path, NULL, no_environment, &c, &e) < 0) {
		util_assert(!c && e.code < 0 && strstr(e.msg, fuzz_path));
		return 0;
	}
	localconf_dump(c, &first);
	localconf_explain(c, &second);
	for (const char *const *w = localconf_warnings(c); *w; w++)
		util_assert(**w);
	localconf_free(c);
	second.len = 0;
	util_assert(localconf_load(fuzz_path, NULL, no_environment, &c, &e) == 0);
	localconf_dump(c, &second);
	util_assert(bytes_eq(buf_bytes(&first), buf_bytes(&second)));
	localconf_free(c);
	buf_fini(&first);
	buf_fini(&second);
	return 0;
}

#endif /* FUZZ_CONF_H */
