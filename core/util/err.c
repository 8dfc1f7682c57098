/* SPDX-License-Identifier: Apache-2.0 */
/* err: a code that says what went wrong, a text that says why. */
#include <errno.h>
#include <strings.h>
#include <util/util.h>

static void set_text(struct ord_err *e, const char *fmt, va_list ap)
{
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
}

int err_set(struct ord_err *e, int code, const char *fmt, ...)
{
	va_list ap;

	util_assert(code < 0);
	if (e) {
		e->code = code;
		va_start(ap, fmt);
		set_text(e, fmt, ap);
		va_end(ap);
	}
	return code;
}

int err_wrap(struct ord_err *e, const char *fmt, ...)
{
	char old[sizeof(e->msg)];
	size_t n;
	va_list ap;

	memcpy(old, e->msg, sizeof(old));
	va_start(ap, fmt);
	set_text(e, fmt, ap);
	va_end(ap);
	n = strlen(e->msg);
	snprintf(e->msg + n, sizeof(e->msg) - n, ": %s", old);
	return e->code;
}

static int code_of_errno(int errnum)
{
	switch (errnum) {
	case ENOSPC:
	case EFBIG:
	case EDQUOT:
	case EAGAIN:
	case EMFILE:
	case ENFILE:
	case EROFS:
	case EIO:
		return ORD_EUNAVAIL;
	case ENOENT:
		return ORD_ENOENT;
	case EACCES:
	case EPERM:
		return ORD_EPERM;
	default:
		return ORD_EINTERNAL;
	}
}

int err_hint(struct ord_err *e, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	n = strlen(e->msg);
	n += (size_t)snprintf(e->msg + n, sizeof(e->msg) - n, ": ");
	va_start(ap, fmt);
	if (n < sizeof(e->msg))
		vsnprintf(e->msg + n, sizeof(e->msg) - n, fmt, ap);
	va_end(ap);
	return e->code;
}

int err_sys(struct ord_err *e, int errnum, const char *fmt, ...)
{
	int code = code_of_errno(errnum);
	va_list ap;
	size_t n;

	if (!e)
		return code;
	e->code = code;
	va_start(ap, fmt);
	set_text(e, fmt, ap);
	va_end(ap);
	n = strlen(e->msg);
	snprintf(e->msg + n, sizeof(e->msg) - n, ": %s", strerrordesc_np(errnum));
	return code;
}

const char *err_name(int code)
{
	switch (code) {
#define ERR_CASE(n, v, s) \
	case ORD_##n:     \
		return s;
		ORD_ERRORS(ERR_CASE)
#undef ERR_CASE
	default:
		return "no error";
	}
}

/* Levenshtein distance of two short words, case ignored. */
static size_t distance(const char *a, const char *b)
{
	size_t row[128], n = strlen(b);

	if (n >= UTIL_ARRAY_LEN(row))
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (strncasecmp(&a[i], &b[j - 1], 1) != 0);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

const char *err_nearest(const char *given, const char *const *names)
{
	const char *best = NULL;
	size_t best_distance = strlen(given) / 3 + 2;

	for (; *names; names++) {
		size_t a = strlen(given), b = strlen(*names), d;

		if ((a > b ? a - b : b - a) >= best_distance)
			continue; /* no need to count: each missing letter is a difference */
		d = distance(given, *names);

		if (d < best_distance) {
			best_distance = d;
			best = *names;
		}
	}
	return best;
}
