/* SPDX-License-Identifier: Apache-2.0 */
/* json_encode's halves: the walk along the descriptors, and single values. */
#ifndef JSON_ENCODE_PRIV_H
#define JSON_ENCODE_PRIV_H

#include "json_deep_priv.h"
#include "json_read.h"

/* False when @n is no such value; numbers may be quoted. */
bool json_to_int(const struct json_node *n, int64_t min, int64_t max, int64_t *out);
bool json_to_uint(const struct json_node *n, uint64_t max, uint64_t *out);
bool json_to_enum(const struct json_node *n, const ProtobufCEnumDescriptor *d, int *out);
/** Of a string "2026-11-21T02:55:19.25Z". */
bool json_to_timestamp(const struct json_node *n, Common__Timestamp *out);
/** Heap; NULL when there is a NUL in it. */
char *json_to_cstr(struct ord_bytes text);
bool json_to_bytes(struct ord_bytes text, bool base64, ProtobufCBinaryData *out); /* heap */

#endif /* JSON_ENCODE_PRIV_H */
