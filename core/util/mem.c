/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is always there: running out ends the process (util.h says why). */
#include <stdlib.h>
#include <util/util.h>

_Noreturn void util_assert_fail(const char *what, const char *file, int line, const char *func)
{
	fprintf(stderr, "ordererd: assertion failed: %s (%s, %s:%d)\n", what, func, file, line);
	abort();
}

static void *checked(void *p)
{
	if (!p) {
		fputs("ordererd: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *x_alloc(size_t n)
{
	return checked(calloc(1, n ? n : 1));
}

void *x_malloc(size_t n)
{
	return checked(malloc(n ? n : 1));
}

void *x_realloc(void *p, size_t n)
{
	return checked(realloc(p, n ? n : 1));
}

char *x_strdup(const char *s)
{
	return checked(strdup(s));
}

char *x_strndup(const char *s, size_t n)
{
	return checked(strndup(s, n));
}

char *x_printf(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return checked(n < 0 ? NULL : s);
}
