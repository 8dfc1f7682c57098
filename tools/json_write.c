/* SPDX-License-Identifier: Apache-2.0 */
/* json_write: indentation and commas. */
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

void json_string(struct json *j, struct ord_bytes utf8)
{
	begin(j);
	buf_add_json(j->out, utf8);
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
