/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars as people write them. */
#include <strings.h>
#include <util/util.h>

bool ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool ascii_is_alnum(char c)
{
	return ascii_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int hex_digit(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool decimal_parse(struct ord_bytes text, uint64_t max, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_digit((char)text.data[i]) || __builtin_mul_overflow(*out, 10, out) ||
		    __builtin_add_overflow(*out, text.data[i] - '0', out))
			return false;
	return text.len > 0 && *out <= max;
}

int bool_parse(const char *text)
{
	static const char *const words[2][6] = {{"false", "no", "off", "n", "f", "0"},
						{"true", "yes", "on", "y", "t", "1"}};

	for (int v = 0; v < 2; v++)
		for (size_t i = 0; i < UTIL_ARRAY_LEN(words[v]); i++)
			if (strcasecmp(text, words[v][i]) == 0)
				return v;
	return -1;
}
