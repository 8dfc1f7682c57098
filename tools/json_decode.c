/* SPDX-License-Identifier: Apache-2.0 */
/* json_decode: any message by its descriptor, fields in the order of their names. */
#include "json_deep_priv.h"

#include <inttypes.h>
#include <time.h>

/* Envelopes can be put into envelopes without end; a config tree needs 35 levels. */
enum { MAX_DEPTH = 100 };

static struct log_logger logger = LOG_LOGGER("ordererctl.decode");

static void write_message(struct json *j, const ProtobufCMessage *msg, struct json_place at);

/* ---- bytes --------------------------------------------------------------- */

/* @b is a message of type @d, and nothing of it would be lost. */
static bool shows(const ProtobufCMessageDescriptor *d, struct ord_bytes b, ProtobufCMessage **msg)
{
	if (wire_unpack(d, b, msg, NULL) < 0)
		return false;
	if (json_whole(*msg))
		return true;
	wire_free(*msg);
	return false;
}

static void write_bytes(struct json *j, const ProtobufCMessage *in,
			const ProtobufCFieldDescriptor *f, struct ord_bytes b,
			const struct json_place *at, bool element)
{
	const ProtobufCMessageDescriptor *d = json_opaque(in, f, at);
	ProtobufCMessage *msg;

	if (json_is_text(in, f) && utf8_valid(b))
		json_string(j, b);
	else if (b.len == 0 && !element)
		json_literal(j, "null");
	else if (!d || at->depth >= MAX_DEPTH || !shows(d, b, &msg))
		json_base64(j, b);
	else {
		write_message(j, msg, *at);
		wire_free(msg);
	}
}

/* ---- scalars ------------------------------------------------------------- */

static void write_enum(struct json *j, const ProtobufCFieldDescriptor *f, int value)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(f->descriptor, value);

	if (v)
		json_string(j, bytes_str(v->name));
	else
		json_int(j, value);
}

/* 64 bits do not fit a JavaScript number: they travel as strings. */
static void write_quoted(struct json *j, bool is_signed, const void *at)
{
	char text[24];

	if (is_signed)
		snprintf(text, sizeof(text), "%" PRId64, *(const int64_t *)at);
	else
		snprintf(text, sizeof(text), "%" PRIu64, *(const uint64_t *)at);
	json_string(j, bytes_str(text));
}

/* "2026-11-21T02:55:19.250Z": none, three, six or nine digits of fraction. */
static bool write_timestamp(struct json *j, const Common__Timestamp *t)
{
	time_t sec = (time_t)t->seconds;
	char text[48];
	struct tm tm;
	size_t n;

	if (t->seconds < INT64_C(-62135596800) || t->seconds > INT64_C(253402300799) ||
	    t->nanos < 0 || t->nanos > 999999999)
		return false;
	gmtime_r(&sec, &tm);
	n = (size_t)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900,
			     tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (t->nanos % 1000 != 0)
		snprintf(text + n, sizeof(text) - n, ".%09dZ", t->nanos);
	else if (t->nanos % 1000000 != 0)
		snprintf(text + n, sizeof(text) - n, ".%06dZ", t->nanos / 1000);
	else if (t->nanos != 0)
		snprintf(text + n, sizeof(text) - n, ".%03dZ", t->nanos / 1000000);
	else
		snprintf(text + n, sizeof(text) - n, "Z");
	json_string(j, bytes_str(text));
	return true;
}

/* One value of any type at @at; @element: it stands in a list, where empty bytes are "". */
static void write_value(struct json *j, const ProtobufCMessage *in,
			const ProtobufCFieldDescriptor *f, const void *at, struct json_place place,
			bool element)
{
	const ProtobufCMessage *sub;
	const char *s;

	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		json_int(j, *(const int32_t *)at);
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		json_uint(j, *(const uint32_t *)at);
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		write_quoted(j, true, at);
		break;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		write_quoted(j, false, at);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		json_literal(j, *(const protobuf_c_boolean *)at ? "true" : "false");
		break;
	case PROTOBUF_C_TYPE_ENUM:
		write_enum(j, f, *(const int *)at);
		break;
	case PROTOBUF_C_TYPE_STRING:
		s = *(char *const *)at;
		json_string(j, bytes_str(s ? s : ""));
		break;
	case PROTOBUF_C_TYPE_BYTES:
		write_bytes(j, in, f, wire_bytes(*(const ProtobufCBinaryData *)at), &place,
			    element);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		sub = *(ProtobufCMessage *const *)at;
		if (sub)
			write_message(j, sub, place);
		else
			json_literal(j, "null");
		break;
	default: /* floats: no message of Fabric has any */
		json_literal(j, "null");
	}
}

/* ---- fields -------------------------------------------------------------- */

static const char *entry_key(const ProtobufCMessage *entry)
{
	const char *key = *(char *const *)json_member(entry, entry->descriptor->fields[0].offset);

	return key ? key : "";
}

/* wire_unpack() has sorted the entries and filled in messages that were absent. */
static void write_map(struct json *j, const ProtobufCMessage *msg,
		      const ProtobufCFieldDescriptor *f, struct json_place at)
{
	size_t n = *(const size_t *)json_member(msg, f->quantifier_offset);
	ProtobufCMessage *const *items =
		*(ProtobufCMessage *const *const *)json_member(msg, f->offset);

	json_open(j, '{');
	for (size_t i = 0; i < n; i++) {
		const ProtobufCFieldDescriptor *value = &items[i]->descriptor->fields[1];
		const char *key = entry_key(items[i]);

		json_key_str(j, key);
		write_value(j, items[i], value, json_member(items[i], value->offset),
			    json_entry_place(value, key, at), false);
	}
	json_close(j, '}');
}

static void write_list(struct json *j, const ProtobufCMessage *msg,
		       const ProtobufCFieldDescriptor *f, struct json_place at)
{
	size_t n = *(const size_t *)json_member(msg, f->quantifier_offset),
	       size = json_size_of(f->type);
	const char *items = *(const char *const *)json_member(msg, f->offset);

	json_open(j, '[');
	for (size_t i = 0; i < n; i++)
		write_value(j, msg, f, items + i * size, at, true);
	json_close(j, ']');
}

static void write_field(struct json *j, const ProtobufCMessage *msg,
			const ProtobufCFieldDescriptor *f, struct json_place at)
{
	if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && !json_in_oneof(msg, f))
		return;
	json_key_str(j, f->name);
	at = json_field_place(f, at);
	if (f->label != PROTOBUF_C_LABEL_REPEATED)
		write_value(j, msg, f, json_member(msg, f->offset), at, false);
	else if (json_is_map(f))
		write_map(j, msg, f, at);
	else
		write_list(j, msg, f, at);
}

static void write_message(struct json *j, const ProtobufCMessage *msg, struct json_place at)
{
	const ProtobufCMessageDescriptor *d = msg->descriptor;

	at.depth++;
	if (d == &common__timestamp__descriptor &&
	    write_timestamp(j, (const Common__Timestamp *)msg))
		return;
	json_open(j, '{');
	for (unsigned i = 0; i < d->n_fields; i++)
		write_field(j, msg, &d->fields[d->fields_sorted_by_name[i]], at);
	json_close(j, '}');
}

/* ---- the door ------------------------------------------------------------ */

int json_decode(const ProtobufCMessageDescriptor *d, struct ord_bytes b, struct buf *out,
		struct ord_err *e)
{
	struct json j = json_to(out);
	ProtobufCMessage *msg;
	int rc = wire_unpack(d, b, &msg, e);

	if (rc < 0)
		return rc;
	if (!json_whole(msg))
		log_warn(&logger,
			 "%s: fields that are not known here are left out: do not encode the "
			 "result again",
			 d->name);
	write_message(&j, msg, (struct json_place){JSON_NO_GROUP, "", 0});
	buf_add_u8(out, '\n');
	wire_free(msg);
	return 0;
}
