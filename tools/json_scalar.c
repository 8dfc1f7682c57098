/* SPDX-License-Identifier: Apache-2.0 */
/* json_encode: numbers, names, times and strings, each from its JSON form. */
#include "json_encode_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <time.h>

/* ---- numbers ------------------------------------------------------------- */

/* "-12": sign and value; quoted or not, but neither a fraction nor an exponent. */
static bool integer(const struct json_node *n, bool *negative, uint64_t *v)
{
	size_t i;

	if ((n->kind != JSON_NUMBER && n->kind != JSON_STRING) || n->text.len == 0)
		return false;
	*negative = n->text.data[0] == '-';
	*v = 0;
	i = *negative;
	if (i == n->text.len || (n->text.data[i] == '0' && n->text.len > i + 1))
		return false;
	for (; i < n->text.len; i++) {
		uint8_t c = n->text.data[i];

		if (c < '0' || c > '9' || __builtin_mul_overflow(*v, 10, v) ||
		    __builtin_add_overflow(*v, (uint64_t)(c - '0'), v))
			return false;
	}
	return true;
}

bool json_to_int(const struct json_node *n, int64_t min, int64_t max, int64_t *out)
{
	bool negative;
	uint64_t v;

	if (!integer(n, &negative, &v) || v > (uint64_t)INT64_MAX + negative)
		return false;
	*out = negative ? (int64_t)(0 - v) : (int64_t)v;
	return *out >= min && *out <= max;
}

bool json_to_uint(const struct json_node *n, uint64_t max, uint64_t *out)
{
	bool negative;

	return integer(n, &negative, out) && !negative && *out <= max;
}

/* ---- names --------------------------------------------------------------- */

bool json_to_enum(const struct json_node *n, const ProtobufCEnumDescriptor *d, int *out)
{
	const ProtobufCEnumValue *v;
	int64_t number;
	char *name;

	if (n->kind == JSON_NUMBER) {
		if (!json_to_int(n, INT32_MIN, INT32_MAX, &number))
			return false;
		*out = (int)number;
		return true;
	}
	if (n->kind != JSON_STRING)
		return false;
	name = x_strndup((const char *)n->text.data, n->text.len);
	v = protobuf_c_enum_descriptor_get_value_by_name(d, name);
	free(name);
	if (v)
		*out = v->value;
	return v != NULL;
}

/* ---- times --------------------------------------------------------------- */

/* Exactly @n digits of @s at *@i, and @end behind them (0: whatever). */
static bool number(const char *s, size_t *i, int n, char end, int *out)
{
	*out = 0;
	for (; n > 0; n--, (*i)++) {
		if (!isdigit((unsigned char)s[*i]))
			return false;
		*out = *out * 10 + (s[*i] - '0');
	}
	return !end || s[(*i)++] == end;
}

static bool fraction(const char *s, size_t *i, int32_t *nanos)
{
	int32_t unit = 100000000;

	*nanos = 0;
	if (s[*i] != '.')
		return true;
	if (!isdigit((unsigned char)s[++*i]))
		return false;
	for (; isdigit((unsigned char)s[*i]); (*i)++, unit /= 10) {
		if (unit == 0)
			return false;
		*nanos += unit * (s[*i] - '0');
	}
	return true;
}

/* "Z", "+01:00" */
static bool zone(const char *s, size_t *i, int *seconds)
{
	char sign = s[*i];
	int hours, minutes;

	*seconds = 0;
	if (sign != 'Z' && sign != '+' && sign != '-')
		return false;
	(*i)++;
	if (sign == 'Z')
		return true;
	if (!number(s, i, 2, ':', &hours) || !number(s, i, 2, 0, &minutes) || hours > 23 ||
	    minutes > 59)
		return false;
	*seconds = (hours * 60 + minutes) * (sign == '+' ? 60 : -60);
	return true;
}

static bool is_date(const struct tm *tm)
{
	struct tm same = *tm;

	timegm(&same); /* 31 June becomes 1 July */
	return tm->tm_year >= 1 - 1900 && same.tm_mday == tm->tm_mday &&
	       same.tm_mon == tm->tm_mon && tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60;
}

bool json_to_timestamp(const struct json_node *n, Common__Timestamp *out)
{
	char s[64];
	struct tm tm = {0};
	size_t i = 0;
	int offset;

	if (n->text.len >= sizeof(s))
		return false;
	memcpy(s, n->text.data, n->text.len);
	s[n->text.len] = '\0';
	if (!number(s, &i, 4, '-', &tm.tm_year) || !number(s, &i, 2, '-', &tm.tm_mon) ||
	    !number(s, &i, 2, 'T', &tm.tm_mday) || !number(s, &i, 2, ':', &tm.tm_hour) ||
	    !number(s, &i, 2, ':', &tm.tm_min) || !number(s, &i, 2, 0, &tm.tm_sec) ||
	    !fraction(s, &i, &out->nanos) || !zone(s, &i, &offset) || i != n->text.len)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	if (!is_date(&tm))
		return false;
	out->seconds = (int64_t)timegm(&tm) - offset;
	return true;
}

/* ---- strings ------------------------------------------------------------- */

char *json_to_cstr(struct ord_bytes text)
{
	if (text.len > 0 && memchr(text.data, 0, text.len))
		return NULL;
	return x_strndup((const char *)text.data, text.len);
}

bool json_to_bytes(struct ord_bytes text, bool base64, ProtobufCBinaryData *out)
{
	struct buf b = BUF_INIT;

	if (!base64)
		buf_add_bytes(&b, text);
	else if (base64_decode(&b, (const char *)text.data, text.len) < 0) {
		buf_fini(&b);
		return false;
	}
	*out = wire_binary(buf_bytes(&b));
	return true;
}
