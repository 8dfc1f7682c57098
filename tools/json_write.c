/* SPDX-License-Identifier: Apache-2.0 */
/* json_write: indentation, commas, escapes. */
#include "json_write.h"

#include <inttypes.h>

static void new_line(struct json *j)
{
	buf_add_u8(j->out, '\n');
	for (unsigned i = 0; i < j->depth; i++)
		buf_add_u8(j->out, '\t');
}

/* Whatever stands in front of a value or key: nothing behind a key and at the top. */
static void begin(struct json *j)
{
	if (!j->keyed && j->depth > 0) {
		if (!j->empty)
			buf_add_u8(j->out, ',');
		new_line(j);
	}
	j->keyed = false;
	j->empty = false;
}

void json_open(struct json *j, char bracket)
{
	begin(j);
	buf_add_u8(j->out, (uint8_t)bracket);
	j->depth++;
	j->empty = true;
}

void json_close(struct json *j, char bracket)
{
	j->depth--;
	if (!j->empty)
		new_line(j);
	buf_add_u8(j->out, (uint8_t)bracket);
	j->empty = false;
}

/* Go escapes what HTML or JavaScript could trip over, too. */
static void escaped(struct buf *out, struct ord_bytes s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\n')
			buf_add_str(out, "\\n");
		else if (c == '\r')
			buf_add_str(out, "\\r");
		else if (c == '\t')
			buf_add_str(out, "\\t");
		else if (c < 0x20 || c == '<' || c == '>' || c == '&')
			buf_printf(out, "\\u%04x", c);
		else if (c == 0xe2 && i + 2 < s.len && s.data[i + 1] == 0x80 &&
			 (s.data[i + 2] == 0xa8 || s.data[i + 2] == 0xa9))
			buf_printf(out, "\\u20%x", s.data[(i += 2)] - 0x80);
		else
			buf_add_u8(out, c);
	}
}

void json_string(struct json *j, struct ord_bytes utf8)
{
	begin(j);
	buf_add_u8(j->out, '"');
	escaped(j->out, utf8);
	buf_add_u8(j->out, '"');
}

void json_key(struct json *j, struct ord_bytes name)
{
	json_string(j, name);
	buf_add_str(j->out, ": ");
	j->keyed = true;
}

void json_base64(struct json *j, struct ord_bytes b)
{
	begin(j);
	buf_add_u8(j->out, '"');
	base64_encode(j->out, b);
	buf_add_u8(j->out, '"');
}

void json_literal(struct json *j, const char *text)
{
	begin(j);
	buf_add_str(j->out, text);
}

void json_int(struct json *j, int64_t v)
{
	begin(j);
	buf_printf(j->out, "%" PRId64, v);
}

void json_uint(struct json *j, uint64_t v)
{
	begin(j);
	buf_printf(j->out, "%" PRIu64, v);
}

void json_double(struct json *j, double v)
{
	begin(j);
	buf_printf(j->out, "%.3f", v);
}
