/* SPDX-License-Identifier: Apache-2.0 */
/* main() of a fuzzer built without libFuzzer: every file of its seed folder, or those named. */
#include "fuzz.h"
#include <stdlib.h>

#define REPLAY_MAX (64u << 20)

static void replay(const char *path)
{
	struct buf b = BUF_INIT;
	struct ord_err e = ERR_INIT;

	printf("%s\n", path);
	if (file_read(path, REPLAY_MAX, &b, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		exit(1);
	}
	LLVMFuzzerTestOneInput(b.data, b.len);
	buf_fini(&b);
}

static size_t replay_folder(const char *folder)
{
	struct ord_err e = ERR_INIT;
	char **names;
	size_t n;

	if (file_list(folder, &names, &n, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		exit(1);
	}
	for (size_t i = 0; i < n; i++) {
		char *path = file_join(folder, names[i]);

		replay(path);
		free(path);
	}
	file_list_free(names);
	return n;
}

int main(int argc, char **argv)
{
	const char *top = getenv("TOP_SRCDIR"), *slash = strrchr(argv[0], '/');
	char *folder;
	size_t n;

	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (argc > 1)
		return 0;
	folder = x_printf("%s/tests/fuzz/seeds/%s", top ? top : ".", slash ? slash + 1 : argv[0]);
	n = replay_folder(folder);
	if (n == 0)
		fprintf(stderr, "%s: no seeds\n", folder);
	free(folder);
	return n == 0;
}
