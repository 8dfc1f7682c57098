/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_deep - Fabric messages as configtxlator's proto_decode shows them and proto_encode takes
 * them: bytes fields that hold a message are shown as that message.
 *
 * Where configtxlator gives up, or would lose something, the bytes stand there in base64: a
 * transaction's data that is none, a config value of an unknown name, a message with fields that
 * are not known here, anything nested deeper than it could be in earnest.  On the way back a
 * string in the place of a message is taken for its base64.
 */
#ifndef JSON_DEEP_H
#define JSON_DEEP_H

#include <wire/wire.h>

#define JSON_MAX_TEXT (4u * WIRE_MAX_MSG) /* base64 and names take their room */

/** The message of a name like "common.Block".   Errors: ORD_EINVAL "--type …". */
int json_deep_type(const char *name, const ProtobufCMessageDescriptor **out, struct ord_err *e);
/** Append @b, a message of type @d, and a line feed.
 *  Errors: ORD_EINVAL not such a message. */
int json_decode(const ProtobufCMessageDescriptor *d, struct ord_bytes b, struct buf *out,
		struct ord_err *e);
/** Append the encoding of the message of type @d that @take, which is emptied, describes.  @name
 *  stands in messages.
 *  Errors: ORD_EINVAL "name:line: path: what would be right". */
int json_encode(const ProtobufCMessageDescriptor *d, const char *name, struct buf *take,
		struct buf *out, struct ord_err *e);
/** The message in config value @key of the group that @groups, below /Channel, lead to; NULL: not
 * one of ours. */
const ProtobufCMessageDescriptor *json_config_value(const char *const *groups, size_t n,
						    const char *key);

#endif /* JSON_DEEP_H */
