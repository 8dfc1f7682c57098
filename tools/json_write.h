/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_write - JSON as Go's encoding/json lays it out with a tab: what configtxlator prints.
 * Keys are written in the order they come; the caller sorts.
 */
#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include <util/util.h>

struct json {
	struct buf *out;
	unsigned depth;
	bool empty; /* nothing in the innermost object or array yet */
	bool keyed; /* a key was just written: its value follows on the line */
};

static inline struct json json_to(struct buf *out)
{
	return (struct json){out, 0, true, false};
}

void json_open(struct json *j, char bracket); /* '{' or '[' */
void json_close(struct json *j, char bracket);
void json_key(struct json *j, struct ord_bytes name);
void json_string(struct json *j, struct ord_bytes utf8);
void json_base64(struct json *j, struct ord_bytes b);
/** A literal: null, true, a number. */
void json_literal(struct json *j, const char *text);
void json_int(struct json *j, int64_t v);
void json_uint(struct json *j, uint64_t v);
void json_double(struct json *j, double v); /* three decimals */

#define json_key_str(j, name) json_key((j), bytes_str(name))

#endif /* JSON_WRITE_H */
