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

/* A file below tests/golden, whole; ends the test when it is missing. */
static inline struct buf test_golden(const char *name)
{
	const char *top = getenv("TOP_SRCDIR");
	char *path = x_printf("%s/tests/golden/%s", top ? top : ".", name);
	struct buf b = BUF_INIT;
	struct ord_err e = ERR_INIT;

	if (file_read(path, 64 << 20, &b, &e) < 0)
		fail_msg("%s", e.msg);
	free(path);
	return b;
}

#endif /* TEST_H */
