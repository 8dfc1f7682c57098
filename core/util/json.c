/* SPDX-License-Identifier: Apache-2.0 */
/* buf_add_json: what HTML or JavaScript could trip over is escaped, too. */
#include "util.h"

static void add_ascii(struct buf *b, uint8_t c)
{
	if (c == '"' || c == '\\')
		buf_printf(b, "\\%c", c);
	else if (c == '\n')
		buf_add_str(b, "\\n");
	else if (c == '\r')
		buf_add_str(b, "\\r");
	else if (c == '\t')
		buf_add_str(b, "\\t");
	else if (c < 0x20 || c == '<' || c == '>' || c == '&')
		buf_printf(b, "\\u%04x", c);
	else
		buf_add_u8(b, c);
}

void buf_add_json(struct buf *b, struct ord_bytes utf8)
{
	size_t n;

	buf_add_u8(b, '"');
	for (size_t i = 0; i < utf8.len; i += n ? n : 1) {
		uint32_t c;

		n = utf8_char(bytes_of(utf8.data + i, utf8.len - i), &c);
		if (n == 0)
			buf_add_str(b, "\\ufffd");
		else if (n == 1)
			add_ascii(b, utf8.data[i]);
		else if (c == 0x2028 || c == 0x2029)
			buf_printf(b, "\\u%x", (unsigned)c);
		else
			buf_add(b, utf8.data + i, n);
	}
	buf_add_u8(b, '"');
}
