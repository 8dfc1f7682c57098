/* SPDX-License-Identifier: Apache-2.0 */
/* json_deep: what reader and writer both ask protobuf-c's descriptors. */
#include "json_deep_priv.h"

size_t json_size_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	default:
		return 4;
	}
}

bool json_is_map(const ProtobufCFieldDescriptor *f)
{
	const ProtobufCMessageDescriptor *d = f->descriptor;
	size_t n;

	if (f->type != PROTOBUF_C_TYPE_MESSAGE || f->label != PROTOBUF_C_LABEL_REPEATED ||
	    d->n_fields != 2 || strcmp(d->fields[0].name, "key") != 0 ||
	    strcmp(d->fields[1].name, "value") != 0)
		return false;
	n = strlen(d->short_name);
	return n > 5 && strcmp(d->short_name + n - 5, "Entry") == 0;
}

struct json_place json_field_place(const ProtobufCFieldDescriptor *f, struct json_place at)
{
	if (f->descriptor == &common__config_group__descriptor &&
	    f->label != PROTOBUF_C_LABEL_REPEATED)
		at.group = JSON_CHANNEL; /* Config.channel_group, ConfigUpdate's sets */
	return at;
}

struct json_place json_entry_place(const ProtobufCFieldDescriptor *value, const char *key,
				   struct json_place at)
{
	if (value->descriptor == &common__config_group__descriptor)
		at.group = json_child_group(at.group, key);
	at.key = key;
	return at;
}
