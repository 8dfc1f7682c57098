/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a protobuf message, one after the other, without a copy: what is in a topic may be
 * hostile, and must be read or refused just as Fabric's orderers do. */
#ifndef KAFKA_FIELD_H
#define KAFKA_FIELD_H

#include <ordererd/consensus.h>

enum kafka_wire { KAFKA_VARINT, KAFKA_FIXED64, KAFKA_BYTES, KAFKA_GROUP, KAFKA_END, KAFKA_FIXED32 };

struct kafka_field {
	uint64_t id;
	enum kafka_wire wire;
	uint64_t number;        /* of a varint */
	struct ord_bytes bytes; /* of bytes */
};

/** Take the next field from @rest; false: there is none, or none that can be read.
 *  At the end of a well-formed message @rest is empty. */
bool kafka_field_next(struct ord_bytes *rest, struct kafka_field *f);

/** Take a number from a packed list. */
bool kafka_field_varint(struct ord_bytes *rest, uint64_t *out);

static inline bool kafka_field_is(const struct kafka_field *f, uint64_t id, enum kafka_wire wire)
{
	return f->id == id && f->wire == wire; /* of another wire type: unknown, as in Go */
}

#endif /* KAFKA_FIELD_H */
