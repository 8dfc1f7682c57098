/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka in its required order, and checks that print both sides. */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <util/util.h>

/* @call must succeed; prints the error otherwise. */
#define test_ok(call, e)                                             \
	do {                                                         \
		int rc_ = (call);                                    \
		if (rc_ < 0)                                         \
			fail_msg("%s: %d %s", #call, rc_, (e)->msg); \
	} while (0)

/* @call must fail with @want_code and exactly @want_text. */
#define test_fails(call, e, want_code, want_text)         \
	do {                                              \
		int rc_ = (call);                         \
		assert_int_equal(rc_, want_code);         \
		assert_string_equal((e)->msg, want_text); \
	} while (0)

/* ---- what the tree holds ------------------------------------------------- */

static inline UTIL_PRINTF(3, 4) char *test_below(const char *top_variable, const char *folder,
						 const char *fmt, ...)
{
	const char *top = getenv(top_variable);
	struct buf b = BUF_INIT;
	va_list ap;

	buf_printf(&b, "%s/%s", top ? top : ".", folder);
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	return buf_cstr(&b);
}

/* The path of a file in the source tree, in the build tree, below tests/golden; as printf().  Heap.
 */
#define test_source_path(...) test_below("TOP_SRCDIR", "", __VA_ARGS__)
#define test_build_path(...)  test_below("TOP_BUILDDIR", "", __VA_ARGS__)
#define test_golden_path(...) test_below("TOP_SRCDIR", "tests/golden/", __VA_ARGS__)

/* A whole file; ends the test when it is missing. */
static inline struct buf test_read(const char *path)
{
	struct buf b = BUF_INIT;
	struct ord_err e = ERR_INIT;

	test_ok(file_read(path, 1u << 30, &b, &e), &e);
	return b;
}

/* A file below tests/golden. */
static inline struct buf test_golden(const char *name)
{
	char *path = test_golden_path("%s", name);
	struct buf b = test_read(path);

	free(path);
	return b;
}

#endif /* TEST_H */
