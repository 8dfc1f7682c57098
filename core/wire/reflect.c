/* SPDX-License-Identifier: Apache-2.0 */
/* What protobuf-c's descriptors tell about a message in memory. */
#include <stdlib.h>
#include <wire/wire_priv.h>

/* protobuf-c does not keep the map_entry option, but protoc's naming of entries is fixed. */
bool wire_is_map(const ProtobufCFieldDescriptor *f)
{
	const ProtobufCMessageDescriptor *d = f->descriptor;
	size_t len;

	if (f->type != PROTOBUF_C_TYPE_MESSAGE || f->label != PROTOBUF_C_LABEL_REPEATED ||
	    d->n_fields != 2 || d->fields[0].type != PROTOBUF_C_TYPE_STRING)
		return false;
	len = strlen(d->short_name);
	return len > 5 && strcmp(d->short_name + len - 5, "Entry") == 0 &&
	       strcmp(d->fields[0].name, "key") == 0 && strcmp(d->fields[1].name, "value") == 0;
}

bool wire_is_set(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	const void *p = wire_member(m, f);
	bool oneof = f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;

	if (oneof && *(const uint32_t *)((const char *)m + f->quantifier_offset) != f->id)
		return false;
	switch (f->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return *(ProtobufCMessage *const *)p != NULL;
	case PROTOBUF_C_TYPE_STRING:
		return *(char *const *)p && (oneof || **(char *const *)p);
	case PROTOBUF_C_TYPE_BYTES:
		return oneof || ((const ProtobufCBinaryData *)p)->len > 0;
	default:
		return oneof || wire_scalar(f->type, p) != 0;
	}
}

size_t wire_element_size(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_MESSAGE:
	case PROTOBUF_C_TYPE_STRING:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		return sizeof(uint64_t);
	default:
		return sizeof(uint32_t);
	}
}

uint64_t wire_scalar(ProtobufCType type, const void *member)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_ENUM:
		return (uint64_t)(int64_t) * (const int32_t *)member;
	case PROTOBUF_C_TYPE_UINT32:
		return *(const uint32_t *)member;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		return *(const uint64_t *)member;
	case PROTOBUF_C_TYPE_BOOL:
		return *(const protobuf_c_boolean *)member != 0;
	default: /* no Fabric message has a fixed, zigzag or floating field */
		util_assert(!"scalar type in use by Fabric");
		return 0;
	}
}

struct keyed {
	const char *key;
	size_t at;
	ProtobufCMessage *entry;
};

static int by_key(const void *va, const void *vb)
{
	const struct keyed *a = va, *b = vb;
	int order = strcmp(a->key, b->key);

	return order ? order : (a->at > b->at) - (a->at < b->at);
}

ProtobufCMessage **wire_map_sorted(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	const ProtobufCMessageDescriptor *d = f->descriptor;
	size_t n = *wire_count(m, f);
	ProtobufCMessage **entries = *(ProtobufCMessage ***)wire_member(m, f), **out;
	struct keyed *k;

	if (n == 0)
		return NULL;
	k = x_malloc(n * sizeof(*k));
	out = x_malloc(n * sizeof(*out));
	for (size_t i = 0; i < n; i++) {
		const char *key = *(char *const *)wire_member(entries[i], &d->fields[0]);

		k[i] = (struct keyed){key, i, entries[i]};
	}
	qsort(k, n, sizeof(*k), by_key);
	for (size_t i = 0; i < n; i++)
		out[i] = k[i].entry;
	free(k);
	return out;
}
