/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_deep - Fabric messages as configtxlator's proto_decode shows them: bytes fields that hold a
 * message are shown as that message.
 *
 * Where configtxlator gives up, the bytes stand there in base64: a transaction's data that is none,
 * a config value of an unknown name, anything nested deeper than it could be in earnest.
 */
#ifndef JSON_DEEP_H
#define JSON_DEEP_H

#include <wire/wire.h>

/** The message of a name like "common.Block"; NULL: not one of ours. */
const ProtobufCMessageDescriptor *json_deep_type(const char *name);
/** Append @b, a message of type @d, and a line feed.
 *  Errors: ORD_EINVAL not such a message. */
int json_deep(const ProtobufCMessageDescriptor *d, struct ord_bytes b, struct buf *out,
	      struct ord_err *e);

#endif /* JSON_DEEP_H */
