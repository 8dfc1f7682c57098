/* SPDX-License-Identifier: Apache-2.0 */
/* Go's duration syntax, as BatchTimeout and the local settings use it. */
#include <inttypes.h>
#include <util/util.h>

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{"ns", 1},
	{"us", 1000},
	{"\u00b5s", 1000}, /* micro sign */
	{"\u03bcs", 1000}, /* Greek mu */
	{"ms", 1000000},
	{"s", CLOCK_SEC_NS},
	{"m", 60 * CLOCK_SEC_NS},
	{"h", 3600 * CLOCK_SEC_NS},
};

/* The unit at @s; its byte length, or 0. */
static size_t unit_at(const char *s, uint64_t *ns)
{
	size_t n = 0;

	while (s[n] && s[n] != '.' && !ascii_is_digit(s[n]))
		n++;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(units); i++)
		if (strlen(units[i].name) == n && memcmp(units[i].name, s, n) == 0) {
			*ns = units[i].ns;
			return n;
		}
	return 0;
}

/* One "1.5h" at *@s; false when there is none or it overflows. */
static bool term(const char **s, uint64_t *total)
{
	uint64_t whole = 0, unit, scale = 1, frac = 0, add;
	const char *start = *s, *p = *s;
	size_t n;

	for (; ascii_is_digit(*p); p++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*p - '0'), &whole))
			return false;
	if (*p == '.') {
		for (p++; ascii_is_digit(*p); p++)
			if (scale < UINT64_C(1000000000000000)) {
				frac = frac * 10 + (uint64_t)(*p - '0');
				scale *= 10;
			}
		if (p == start + 1)
			return false;
	} else if (p == start) {
		return false;
	}
	n = unit_at(p, &unit);
	if (n == 0 || __builtin_mul_overflow(whole, unit, &add))
		return false;
	add += (uint64_t)((long double)frac * unit / scale);
	*s = p + n;
	return !__builtin_add_overflow(*total, add, total) && *total <= INT64_MAX;
}

int duration_parse(const char *text, int64_t *ns, struct ord_err *e)
{
	const char *s = text;
	bool negative = false;
	uint64_t total = 0;

	if (*s == '-' || *s == '+')
		negative = *s++ == '-';
	if (strcmp(s, "0") == 0) {
		*ns = 0;
		return 0;
	}
	do {
		if (!term(&s, &total))
			return err_set(e, ORD_EINVAL, "invalid duration \"%s\"", text);
	} while (*s);
	*ns = negative ? -(int64_t)total : (int64_t)total;
	return 0;
}

/* @value / @unit with up to nine digits of fraction, trailing zeros cut. */
static void add_fraction(struct buf *b, uint64_t value, uint64_t unit)
{
	buf_printf(b, "%" PRIu64, value / unit);
	if (value % unit)
		buf_add_str(b, ".");
	for (uint64_t frac = value % unit * 10; frac; frac = frac % unit * 10)
		buf_printf(b, "%" PRIu64, frac / unit);
}

void duration_format(struct buf *b, int64_t ns)
{
	uint64_t v = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	uint64_t hours = v / units[7].ns, minutes = v / units[6].ns % 60;

	if (ns < 0)
		buf_add_str(b, "-");
	if (v == 0) {
		buf_add_str(b, "0s");
	} else if (v < CLOCK_SEC_NS) {
		size_t u = v < 1000 ? 0 : v < 1000000 ? 2 : 4;

		add_fraction(b, v, units[u].ns);
		buf_add_str(b, units[u].name);
	} else {
		if (hours)
			buf_printf(b, "%" PRIu64 "h", hours);
		if (hours || minutes)
			buf_printf(b, "%" PRIu64 "m", minutes);
		add_fraction(b, v % units[6].ns, CLOCK_SEC_NS);
		buf_add_str(b, "s");
	}
}
