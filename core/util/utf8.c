/* SPDX-License-Identifier: Apache-2.0 */
/* utf8: the strict kind; no overlong forms, no surrogates. */
#include <util/util.h>

size_t utf8_char(struct ord_bytes s, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t first = s.len ? s.data[0] : 0xff;
	size_t len = first < 0x80   ? 1
		     : first < 0xc2 ? 0
		     : first < 0xe0 ? 2
		     : first < 0xf0 ? 3
		     : first < 0xf5 ? 4
				    : 0;

	*c = 0;
	if (len == 0 || len > s.len)
		return 0;
	*c = len == 1 ? first : first & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s.data[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s.data[i] & 0x3f);
	}
	return *c < least[len] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000) ? 0 : len;
}

bool utf8_valid(struct ord_bytes s)
{
	uint32_t c;
	size_t n;

	for (size_t i = 0; i < s.len; i += n) {
		/* most texts are plain ASCII */
		n = s.data[i] < 0x80 ? 1 : utf8_char(bytes_of(s.data + i, s.len - i), &c);
		if (n == 0)
			return false;
	}
	return true;
}
