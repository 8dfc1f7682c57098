/* SPDX-License-Identifier: Apache-2.0 */
/* The cursor: protobuf's outer shape, field by field.  It takes what Go takes, but groups. */
#include <wire/wire_priv.h>

struct wire_cursor wire_cursor_of(struct ord_bytes b)
{
	static const uint8_t nothing[1];

	if (b.len == 0) /* a pointer to walk with, even if there is none */
		return (struct wire_cursor){nothing, nothing, NULL};
	return (struct wire_cursor){b.data, b.data + b.len, NULL};
}

static bool malformed(struct wire_cursor *c, const char *why)
{
	c->why = why;
	return false;
}

static bool take_varint(struct wire_cursor *c, uint64_t *v)
{
	size_t used;

	if (c->p < c->end && *c->p < 0x80) {
		*v = *c->p++;
		return true;
	}
	used = uvarint_get(bytes_of(c->p, (size_t)(c->end - c->p)), v);
	if (used == 0)
		return malformed(c, "unexpected EOF");
	c->p += used;
	return true;
}

static bool take_bytes(struct wire_cursor *c, uint64_t len, struct ord_bytes *out)
{
	if (len > (uint64_t)(c->end - c->p))
		return malformed(c, "unexpected EOF");
	*out = bytes_of(c->p, (size_t)len);
	c->p += len;
	return true;
}

bool wire_next(struct wire_cursor *c, struct wire_field *f)
{
	uint64_t tag, len;

	if (c->p == c->end || !take_varint(c, &tag))
		return false;
	if (tag >> 3 == 0 || tag > UINT32_MAX)
		return malformed(c, "illegal tag");
	f->id = (uint32_t)(tag >> 3);
	f->type = tag & 7;
	switch (f->type) {
	case PROTOBUF_C_WIRE_TYPE_VARINT:
		return take_varint(c, &f->varint);
	case PROTOBUF_C_WIRE_TYPE_64BIT:
		return take_bytes(c, 8, &f->bytes);
	case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
		return take_varint(c, &len) && take_bytes(c, len, &f->bytes);
	case PROTOBUF_C_WIRE_TYPE_32BIT:
		return take_bytes(c, 4, &f->bytes);
	default:
		return malformed(c, "illegal wire type");
	}
}

bool wire_find_bytes(struct ord_bytes msg, uint32_t id, struct ord_bytes *out)
{
	struct wire_cursor c = wire_cursor_of(msg);
	struct wire_field f;

	while (wire_next(&c, &f))
		if (wire_is_bytes(&f, id))
			*out = f.bytes;
	return !c.why;
}

bool wire_find_varint(struct ord_bytes msg, uint32_t id, uint64_t *out)
{
	struct wire_cursor c = wire_cursor_of(msg);
	struct wire_field f;

	while (wire_next(&c, &f))
		if (wire_is_varint(&f, id))
			*out = f.varint;
	return !c.why;
}
