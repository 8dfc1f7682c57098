/* SPDX-License-Identifier: Apache-2.0 */
/* Inside wire: the cursor that every parser of ours walks with, and access to protobuf-c messages
 * by their descriptors. */
#ifndef WIRE_PRIV_H
#define WIRE_PRIV_H

#include <wire/wire.h>

/* ---- cursor.c: one field after the other, no recursion, no allocation ---- */

struct wire_cursor {
	const uint8_t *p, *end;
	const char *why; /* set when the bytes are malformed */
};

struct wire_field {
	uint32_t id;
	unsigned type;          /* a ProtobufCWireType */
	uint64_t varint;        /* of a varint */
	struct ord_bytes bytes; /* of a length-prefixed field; data is never NULL */
};

struct wire_cursor wire_cursor_of(struct ord_bytes b);
/** Step to the next field.  False at the end, and with c->why set when the bytes are malformed. */
bool wire_next(struct wire_cursor *c, struct wire_field *f);

static inline bool wire_is_varint(const struct wire_field *f, uint32_t id)
{
	return f->id == id && f->type == PROTOBUF_C_WIRE_TYPE_VARINT;
}
static inline bool wire_is_bytes(const struct wire_field *f, uint32_t id)
{
	return f->id == id && f->type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
}

/** Field @id of message @msg: its last occurrence; @out untouched when absent.
 *  Errors: false when @msg is malformed. */
bool wire_find_bytes(struct ord_bytes msg, uint32_t id, struct ord_bytes *out);
bool wire_find_varint(struct ord_bytes msg, uint32_t id, uint64_t *out);

/* ---- reflect.c: messages by descriptor ----------------------------------- */

static inline const void *wire_member(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	return (const char *)m + f->offset;
}
static inline size_t *wire_count(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	return (size_t *)((char *)m + f->quantifier_offset);
}
static inline const void *wire_element(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
				       size_t i, size_t size)
{
	return *(const char *const *)wire_member(m, f) + i * size;
}

bool wire_is_map(const ProtobufCFieldDescriptor *f);
/** Does a singular field say anything?  proto3: a default does not, but in a oneof. */
bool wire_is_set(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f);
/** Size of one element of a repeated field in memory. */
size_t wire_element_size(ProtobufCType type);
/** A scalar as its varint carries it. */
uint64_t wire_scalar(ProtobufCType type, const void *member);
/** The entries of map field @f by key, equal keys in their old order.  Heap; NULL when empty. */
ProtobufCMessage **wire_map_sorted(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f);

#endif /* WIRE_PRIV_H */
