/* SPDX-License-Identifier: Apache-2.0 */
/* Protobuf's wire format, as Go's parser takes it. */
#include "field.h"

static bool skip(struct ord_bytes *rest, uint64_t n)
{
	if (n > rest->len)
		return false;
	rest->data += n;
	rest->len -= (size_t)n;
	return true;
}

bool kafka_field_varint(struct ord_bytes *rest, uint64_t *out)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 10 && i < rest->len; i++) {
		uint8_t byte = rest->data[i];

		if (i == 9 && byte > 1) /* more than 64 bits */
			return false;
		v |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*out = v;
			return skip(rest, i + 1);
		}
	}
	return false;
}

static bool take_value(struct ord_bytes *rest, struct kafka_field *f)
{
	switch (f->wire) {
	case KAFKA_VARINT:
		return kafka_field_varint(rest, &f->number);
	case KAFKA_FIXED64:
		return skip(rest, 8);
	case KAFKA_FIXED32:
		return skip(rest, 4);
	case KAFKA_BYTES:
		if (!kafka_field_varint(rest, &f->number))
			return false;
		f->bytes = (struct ord_bytes){rest->data, (size_t)f->number};
		return skip(rest, f->number);
	default:
		return f->wire == KAFKA_GROUP || f->wire == KAFKA_END;
	}
}

static bool take(struct ord_bytes *rest, struct kafka_field *f)
{
	uint64_t tag;

	if (!kafka_field_varint(rest, &tag))
		return false;
	f->id = tag >> 3;
	f->wire = (enum kafka_wire)(tag & 7);
	return take_value(rest, f);
}

/* To the end of a group, with the groups in it: nobody sends them, and Go passes over them. */
static bool skip_group(struct ord_bytes *rest)
{
	struct kafka_field f;
	size_t depth = 1;

	while (depth > 0 && take(rest, &f)) {
		depth += f.wire == KAFKA_GROUP;
		depth -= f.wire == KAFKA_END;
	}
	return depth == 0;
}

bool kafka_field_next(struct ord_bytes *rest, struct kafka_field *f)
{
	struct ord_bytes at = *rest;

	if (rest->len == 0 || !take(&at, f) || f->wire == KAFKA_END ||
	    (f->wire == KAFKA_GROUP && !skip_group(&at)))
		return false;
	*rest = at;
	return true;
}
