/* SPDX-License-Identifier: Apache-2.0 */
/* json_deep's two halves: the writer and the table of what is in which bytes field. */
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
/** What bytes field @f of @msg holds; NULL: just bytes. */
const ProtobufCMessageDescriptor *json_opaque(const ProtobufCMessage *msg,
					      const ProtobufCFieldDescriptor *f,
					      const struct json_place *at);

#endif /* JSON_DEEP_PRIV_H */
