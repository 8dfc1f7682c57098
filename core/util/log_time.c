/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_time: Go's time layouts, where the reference time Mon Jan 2 15:04:05 MST 2006 written the way
 * one likes it is the pattern.  Compiled once, printed once a line.
 */
#include "log_priv.h"
#include <ctype.h>
#include <stdlib.h>
#include <time.h>

enum op {
	OP_LITERAL,
	OP_MONTH_NAME,
	OP_MONTH_SHORT,
	OP_MONTH,
	OP_MONTH_02,
	OP_WEEKDAY_NAME,
	OP_WEEKDAY_SHORT,
	OP_DAY,
	OP_DAY_02,
	OP_DAY_SPACE,
	OP_YEARDAY_002,
	OP_YEARDAY_SPACE,
	OP_HOUR_24,
	OP_HOUR_12,
	OP_HOUR_12_02,
	OP_MINUTE,
	OP_MINUTE_02,
	OP_SECOND,
	OP_SECOND_02,
	OP_FRACTION,     /* ".000": as many digits as zeros */
	OP_FRACTION_CUT, /* ".999": trailing zeros cut */
	OP_YEAR,
	OP_YEAR_2,
	OP_PM,
	OP_PM_LOWER,
	OP_ZONE_NAME,
	OP_OFFSET
};

/* How an offset from UTC is written. */
enum { OFFSET_Z = 1, OFFSET_COLON = 2, OFFSET_MINUTES = 4, OFFSET_SECONDS = 8 };

struct step {
	enum op op;
	unsigned detail;       /* OP_OFFSET: flags; fractions: digits */
	struct ord_bytes text; /* OP_LITERAL; fractions: the separator */
};

struct log_layout {
	char *text;
	struct step *steps;
	size_t n;
};

/* Longer patterns stand before their own beginnings. */
static const struct {
	const char *text;
	enum op op;
	unsigned detail;
} patterns[] = {
	{"January", OP_MONTH_NAME, 0},
	{"Jan", OP_MONTH_SHORT, 0},
	{"Monday", OP_WEEKDAY_NAME, 0},
	{"Mon", OP_WEEKDAY_SHORT, 0},
	{"MST", OP_ZONE_NAME, 0},
	{"2006", OP_YEAR, 0},
	{"002", OP_YEARDAY_002, 0},
	{"__2", OP_YEARDAY_SPACE, 0},
	{"_2", OP_DAY_SPACE, 0},
	{"01", OP_MONTH_02, 0},
	{"02", OP_DAY_02, 0},
	{"03", OP_HOUR_12_02, 0},
	{"04", OP_MINUTE_02, 0},
	{"05", OP_SECOND_02, 0},
	{"06", OP_YEAR_2, 0},
	{"15", OP_HOUR_24, 0},
	{"1", OP_MONTH, 0},
	{"2", OP_DAY, 0},
	{"3", OP_HOUR_12, 0},
	{"4", OP_MINUTE, 0},
	{"5", OP_SECOND, 0},
	{"PM", OP_PM, 0},
	{"pm", OP_PM_LOWER, 0},
	{"-07:00:00", OP_OFFSET, OFFSET_COLON | OFFSET_MINUTES | OFFSET_SECONDS},
	{"-070000", OP_OFFSET, OFFSET_MINUTES | OFFSET_SECONDS},
	{"-07:00", OP_OFFSET, OFFSET_COLON | OFFSET_MINUTES},
	{"-0700", OP_OFFSET, OFFSET_MINUTES},
	{"-07", OP_OFFSET, 0},
	{"Z07:00:00", OP_OFFSET, OFFSET_Z | OFFSET_COLON | OFFSET_MINUTES | OFFSET_SECONDS},
	{"Z070000", OP_OFFSET, OFFSET_Z | OFFSET_MINUTES | OFFSET_SECONDS},
	{"Z07:00", OP_OFFSET, OFFSET_Z | OFFSET_COLON | OFFSET_MINUTES},
	{"Z0700", OP_OFFSET, OFFSET_Z | OFFSET_MINUTES},
	{"Z07", OP_OFFSET, OFFSET_Z},
};

/* ---- compiling ----------------------------------------------------------- */

/* ".000" or ",999" with no digit behind it; its length, or 0. */
static size_t fraction_at(const char *s, struct step *out)
{
	size_t n;

	if ((s[0] != '.' && s[0] != ',') || (s[1] != '0' && s[1] != '9'))
		return 0;
	n = strspn(s + 1, s[1] == '0' ? "0" : "9");
	if (isdigit((unsigned char)s[1 + n]))
		return 0;
	out->op = s[1] == '0' ? OP_FRACTION : OP_FRACTION_CUT;
	out->detail = n < 9 ? (unsigned)n : 9;
	out->text = bytes_of(s, 1);
	return n + 1;
}

static size_t pattern_at(const char *s, struct step *out)
{
	size_t n = fraction_at(s, out);

	for (size_t i = 0; n == 0 && i < UTIL_ARRAY_LEN(patterns); i++) {
		size_t len = strlen(patterns[i].text);
		enum op op = patterns[i].op;

		if (strncmp(s, patterns[i].text, len) != 0)
			continue;
		if ((op == OP_MONTH_SHORT || op == OP_WEEKDAY_SHORT) &&
		    islower((unsigned char)s[len]))
			continue; /* "Janitor" is not a month */
		if (op == OP_DAY_SPACE && strncmp(s, "_2006", 5) == 0)
			continue; /* an underscore and a year */
		out->op = op;
		out->detail = patterns[i].detail;
		n = len;
	}
	return n;
}

static void add_step(struct log_layout *l, struct step s)
{
	l->steps = x_realloc(l->steps, (l->n + 1) * sizeof(s));
	l->steps[l->n++] = s;
}

static void add_literal(struct log_layout *l, const char *start, const char *end)
{
	if (end > start)
		add_step(l, (struct step){.op = OP_LITERAL,
					  .text = bytes_of(start, (size_t)(end - start))});
}

struct log_layout *log_layout_new(struct ord_bytes text)
{
	struct log_layout *l = x_alloc(sizeof(*l));
	const char *s, *plain;

	l->text = x_strndup((const char *)text.data, text.len);
	s = plain = l->text;
	while (*s) {
		struct step step = {OP_LITERAL, 0, {NULL, 0}};
		size_t n = pattern_at(s, &step);

		if (n == 0) {
			s++;
			continue;
		}
		add_literal(l, plain, s);
		add_step(l, step);
		s += n;
		plain = s;
	}
	add_literal(l, plain, s);
	return l;
}

void log_layout_free(struct log_layout *l)
{
	if (!l)
		return;
	free(l->steps);
	free(l->text);
	free(l);
}

/* ---- printing ------------------------------------------------------------ */

static const char *const months[] = {"January",   "February", "March",    "April",
				     "May",       "June",     "July",     "August",
				     "September", "October",  "November", "December"};
static const char *const weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
				       "Thursday", "Friday", "Saturday"};

static void add_fraction(struct buf *out, const struct step *s, unsigned ns)
{
	char digits[16];
	size_t n = s->detail;

	snprintf(digits, sizeof(digits), "%09u", ns);
	if (s->op == OP_FRACTION_CUT)
		while (n > 0 && digits[n - 1] == '0')
			n--;
	if (n == 0)
		return;
	buf_add_bytes(out, s->text);
	buf_add(out, digits, n);
}

static void add_offset(struct buf *out, unsigned flags, long offset)
{
	long v = offset < 0 ? -offset : offset;
	const char *colon = flags & OFFSET_COLON ? ":" : "";

	if ((flags & OFFSET_Z) && offset == 0) {
		buf_add_u8(out, 'Z');
		return;
	}
	buf_printf(out, "%c%02ld", offset < 0 ? '-' : '+', v / 3600);
	if (flags & OFFSET_MINUTES)
		buf_printf(out, "%s%02ld", colon, v / 60 % 60);
	if (flags & OFFSET_SECONDS)
		buf_printf(out, "%s%02ld", colon, v % 60);
}

/* The plain numbers, with their printf() format. */
static const char *number_of(enum op op, const struct tm *t, int *v)
{
	switch (op) {
	case OP_MONTH:
	case OP_MONTH_02:
		*v = t->tm_mon + 1;
		return op == OP_MONTH ? "%d" : "%02d";
	case OP_DAY:
	case OP_DAY_02:
	case OP_DAY_SPACE:
		*v = t->tm_mday;
		return op == OP_DAY ? "%d" : op == OP_DAY_02 ? "%02d" : "%2d";
	case OP_YEARDAY_002:
	case OP_YEARDAY_SPACE:
		*v = t->tm_yday + 1;
		return op == OP_YEARDAY_002 ? "%03d" : "%3d";
	case OP_HOUR_24:
		*v = t->tm_hour;
		return "%02d";
	case OP_HOUR_12:
	case OP_HOUR_12_02:
		*v = t->tm_hour % 12 ? t->tm_hour % 12 : 12;
		return op == OP_HOUR_12 ? "%d" : "%02d";
	case OP_MINUTE:
	case OP_MINUTE_02:
		*v = t->tm_min;
		return op == OP_MINUTE ? "%d" : "%02d";
	case OP_SECOND:
	case OP_SECOND_02:
		*v = t->tm_sec;
		return op == OP_SECOND ? "%d" : "%02d";
	case OP_YEAR:
		*v = t->tm_year + 1900;
		return "%04d";
	case OP_YEAR_2:
		*v = (t->tm_year + 1900) % 100;
		return "%02d";
	default:
		return NULL;
	}
}

static void add_number(struct buf *out, enum op op, const struct tm *t)
{
	int v = 0;
	const char *fmt = number_of(op, t, &v);
	char text[16];

	util_assert(fmt);
	snprintf(text, sizeof(text), fmt, v);
	buf_add_str(out, text);
}

static void print_step(struct buf *out, const struct step *s, const struct tm *t, unsigned ns)
{
	switch (s->op) {
	case OP_LITERAL:
		buf_add_bytes(out, s->text);
		break;
	case OP_MONTH_NAME:
		buf_add_str(out, months[t->tm_mon]);
		break;
	case OP_MONTH_SHORT:
		buf_add(out, months[t->tm_mon], 3);
		break;
	case OP_WEEKDAY_NAME:
		buf_add_str(out, weekdays[t->tm_wday]);
		break;
	case OP_WEEKDAY_SHORT:
		buf_add(out, weekdays[t->tm_wday], 3);
		break;
	case OP_FRACTION:
	case OP_FRACTION_CUT:
		add_fraction(out, s, ns);
		break;
	case OP_PM:
		buf_add_str(out, t->tm_hour >= 12 ? "PM" : "AM");
		break;
	case OP_PM_LOWER:
		buf_add_str(out, t->tm_hour >= 12 ? "pm" : "am");
		break;
	case OP_ZONE_NAME:
		buf_add_str(out, t->tm_zone);
		break;
	case OP_OFFSET:
		add_offset(out, s->detail, t->tm_gmtoff);
		break;
	default:
		add_number(out, s->op, t);
		break;
	}
}

void log_layout_print(const struct log_layout *l, int64_t wall_ns, struct buf *out)
{
	time_t sec = (time_t)(wall_ns / (int64_t)CLOCK_SEC_NS);
	struct tm t;

	localtime_r(&sec, &t);
	for (size_t i = 0; i < l->n; i++)
		print_step(out, &l->steps[i], &t, (unsigned)(wall_ns % (int64_t)CLOCK_SEC_NS));
}
