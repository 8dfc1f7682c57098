/* SPDX-License-Identifier: Apache-2.0 */
/* Equality by meaning: Go writes maps in random order, so bytes decide nothing. */
#include <stdlib.h>
#include <wire/wire_priv.h>

static bool message_equal(const ProtobufCMessage *a, const ProtobufCMessage *b);

static bool value_equal(ProtobufCType type, const void *a, const void *b)
{
	switch (type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_equal(*(ProtobufCMessage *const *)a, *(ProtobufCMessage *const *)b);
	case PROTOBUF_C_TYPE_STRING:
		return strcmp(*(char *const *)a, *(char *const *)b) == 0;
	case PROTOBUF_C_TYPE_BYTES:
		return bytes_eq(wire_bytes(*(const ProtobufCBinaryData *)a),
				wire_bytes(*(const ProtobufCBinaryData *)b));
	default:
		return wire_scalar(type, a) == wire_scalar(type, b);
	}
}

static bool map_equal(const ProtobufCMessage *a, const ProtobufCMessage *b,
		      const ProtobufCFieldDescriptor *f)
{
	ProtobufCMessage **as = wire_map_sorted(a, f), **bs = wire_map_sorted(b, f);
	bool same = true;

	for (size_t i = 0; same && i < *wire_count(a, f); i++)
		same = message_equal(as[i], bs[i]);
	free(as);
	free(bs);
	return same;
}

static bool repeated_equal(const ProtobufCMessage *a, const ProtobufCMessage *b,
			   const ProtobufCFieldDescriptor *f)
{
	size_t size = wire_element_size(f->type);

	if (*wire_count(a, f) != *wire_count(b, f))
		return false;
	if (wire_is_map(f))
		return map_equal(a, b, f);
	for (size_t i = 0; i < *wire_count(a, f); i++)
		if (!value_equal(f->type, wire_element(a, f, i, size), wire_element(b, f, i, size)))
			return false;
	return true;
}

static bool unknown_equal(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
	if (a->n_unknown_fields != b->n_unknown_fields)
		return false;
	for (unsigned i = 0; i < a->n_unknown_fields; i++) {
		const ProtobufCMessageUnknownField *u = &a->unknown_fields[i];
		const ProtobufCMessageUnknownField *v = &b->unknown_fields[i];

		if (u->tag != v->tag || u->wire_type != v->wire_type ||
		    !bytes_eq(bytes_of(u->data, u->len), bytes_of(v->data, v->len)))
			return false;
	}
	return true;
}

static bool message_equal(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
	for (unsigned i = 0; i < a->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &a->descriptor->fields[i];

		if (f->label == PROTOBUF_C_LABEL_REPEATED) {
			if (!repeated_equal(a, b, f))
				return false;
			continue;
		}
		if (wire_is_set(a, f) != wire_is_set(b, f))
			return false;
		if (wire_is_set(a, f) &&
		    !value_equal(f->type, wire_member(a, f), wire_member(b, f)))
			return false;
	}
	return unknown_equal(a, b);
}

bool wire_equal(const void *va, const void *vb)
{
	const ProtobufCMessage *a = va, *b = vb;

	if (!a || !b)
		return a == b;
	util_assert(a->descriptor == b->descriptor);
	return message_equal(a, b);
}
