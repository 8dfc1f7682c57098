/* SPDX-License-Identifier: Apache-2.0 */
/* json_deep's parts: the table of what is in which bytes field, the writer and the reader. */
#ifndef JSON_DEEP_PRIV_H
#define JSON_DEEP_PRIV_H

#include "json_deep.h"
#include "json_write.h"

/* Where in a config tree we are: it decides what a config value's bytes are. */
enum json_group {
	JSON_NO_GROUP,
	JSON_CHANNEL,
	JSON_ORDERER,
	JSON_ORDERER_ORG,
	JSON_APPLICATION,
	JSON_APPLICATION_ORG,
	JSON_CONSORTIUMS,
	JSON_CONSORTIUM,
	JSON_CONSORTIUM_ORG
};

struct json_place {
	enum json_group group;
	const char *key; /* of the map entry we are in; "" outside */
	unsigned depth;
};

/** The group of sub-group @key. */
enum json_group json_child_group(enum json_group group, const char *key);
/** Bytes field @f of @msg is text. */
bool json_is_text(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f);
/** What bytes field @f of @msg holds; NULL: just bytes.  Looks at fields of other types only. */
const ProtobufCMessageDescriptor *json_opaque(const ProtobufCMessage *msg,
					      const ProtobufCFieldDescriptor *f,
					      const struct json_place *at);
/** All of @msg can be shown: no unknown fields, no text that is none. */
bool json_whole(const ProtobufCMessage *msg);

/* ---- messages in memory -------------------------------------------------- */

static inline void *json_member(const ProtobufCMessage *msg, unsigned offset)
{
	return (char *)msg + offset;
}
/** Field @f is the one of its oneof that is set. */
static inline bool json_in_oneof(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f)
{
	return *(const uint32_t *)json_member(msg, f->quantifier_offset) == f->id;
}
/** Bytes that one value takes in memory. */
size_t json_size_of(ProtobufCType type);
bool json_is_map(const ProtobufCFieldDescriptor *f);
/** Where the value of field @f is, in a message at @at. */
struct json_place json_field_place(const ProtobufCFieldDescriptor *f, struct json_place at);
/** Where the value of a map's entry is; @value: the field in the entry. */
struct json_place json_entry_place(const ProtobufCFieldDescriptor *value, const char *key,
				   struct json_place at);

#endif /* JSON_DEEP_PRIV_H */
