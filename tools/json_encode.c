/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_encode: a message of any descriptor from its JSON.
 *
 * What a bytes field holds may depend on its neighbours (a payload's data on the type in its
 * header), wherever they stand in the text: so the fields that are bytes come last.
 */
#include "json_encode_priv.h"

#include <ctype.h>
#include <stdlib.h>

/* Where in the text we are; the way up is for messages. */
struct step {
	const struct step *up;
	struct ord_bytes name; /* of a field or map entry */
	size_t index;          /* in an array, when there is no name */
};

struct encoder {
	const char *name;
	struct ord_err *e;
};

static int read_message(struct encoder *enc, const struct json_node *n,
			const ProtobufCMessageDescriptor *d, struct json_place at,
			const struct step *step, ProtobufCMessage **out);

/* ---- failure ------------------------------------------------------------- */

/* "groups.Org1.values[2]"; a key that is no plain word in brackets and quotes. */
static void add_step(struct buf *out, const struct step *step)
{
	bool plain = step->name.len > 0 && step->name.len < 100;
	char *quoted;

	for (size_t i = 0; i < step->name.len && plain; i++)
		plain = isalnum(step->name.data[i]) || step->name.data[i] == '_';
	if (!step->name.data) {
		buf_printf(out, "[%zu]", step->index);
	} else if (plain) {
		buf_add_str(out, out->len ? "." : "");
		buf_add_bytes(out, step->name);
	} else {
		quoted = json_quoted(step->name);
		buf_printf(out, "[%s]", quoted);
		free(quoted);
	}
}

static void add_path(struct buf *out, const struct step *step)
{
	if (!step->up)
		return;
	add_path(out, step->up);
	add_step(out, step);
}

static int fail(struct encoder *enc, const struct json_node *n, const struct step *step,
		const char *fmt, ...) UTIL_PRINTF(4, 5);

static int fail(struct encoder *enc, const struct json_node *n, const struct step *step,
		const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	add_path(&b, step);
	if (b.len > 0)
		buf_add_str(&b, ": ");
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	err_set(enc->e, ORD_EINVAL, "%s:%u: %s", enc->name, n->line, buf_cstr(&b));
	buf_fini(&b);
	return ORD_EINVAL;
}

/* "want a number, not a string" */
static int fail_kind(struct encoder *enc, const struct json_node *n, const struct step *step,
		     const char *want)
{
	char *quoted;
	int rc;

	if (n->kind != JSON_NUMBER && n->kind != JSON_STRING)
		return fail(enc, n, step, "want %s, not %s", want, json_kind_name(n->kind));
	quoted = json_quoted(n->text);
	if (n->kind == JSON_NUMBER) /* without the quotes */
		rc = fail(enc, n, step, "want %s, not %.*s", want, (int)strlen(quoted) - 2,
			  quoted + 1);
	else
		rc = fail(enc, n, step, "want %s, not %s", want, quoted);
	free(quoted);
	return rc;
}

/* The one of @names that @given may mean; NULL: none. */
static const char *nearest(struct ord_bytes given, const char *const *names)
{
	char *text = x_strndup((const char *)given.data, given.len < 100 ? given.len : 100);
	const char *near = err_nearest(text, names);

	free(text);
	return near;
}

static int fail_enum(struct encoder *enc, const struct json_node *n, const struct step *step,
		     const ProtobufCEnumDescriptor *d)
{
	const char **names = x_alloc((d->n_values + 1) * sizeof(*names)), *near = NULL;

	for (unsigned i = 0; i < d->n_values; i++)
		names[i] = d->values[i].name;
	if (n->kind == JSON_STRING)
		near = nearest(n->text, names);
	free(names);
	if (near)
		return fail(enc, n, step, "no value of %s: did you mean \"%s\"?", d->name, near);
	return fail_kind(enc, n, step, d->name);
}

static int fail_unknown(struct encoder *enc, const struct json_node *item, const struct step *step,
			const ProtobufCMessageDescriptor *d)
{
	const char **names = x_alloc((d->n_fields + 1) * sizeof(*names)), *near;

	for (unsigned i = 0; i < d->n_fields; i++)
		names[i] = d->fields[i].name;
	near = nearest(item->key, names);
	free(names);
	if (near)
		return fail(enc, item, step, "%s has no such field: did you mean \"%s\"?", d->name,
			    near);
	return fail(enc, item, step, "%s has no such field", d->name);
}

/* ---- bytes --------------------------------------------------------------- */

/* The message that @n describes, packed.  What decode would not read is not made. */
static int read_packed(struct encoder *enc, const struct json_node *n,
		       const ProtobufCMessageDescriptor *d, struct json_place at,
		       const struct step *step, struct buf *out)
{
	struct ord_err why = ERR_INIT;
	ProtobufCMessage *msg;
	size_t start = out->len;
	int rc = read_message(enc, n, d, at, step, &msg);

	if (rc < 0)
		return rc;
	buf_reserve(out, 1); /* an empty message is bytes, too */
	wire_pack(msg, out);
	wire_free(msg);
	rc = wire_scan(d, bytes_of(out->data + start, out->len - start), &why);
	return rc < 0 ? fail(enc, n, step, "%s", why.msg) : 0;
}

static int read_bytes(struct encoder *enc, const struct json_node *n, const ProtobufCMessage *in,
		      const ProtobufCFieldDescriptor *f, struct json_place at,
		      const struct step *step, ProtobufCBinaryData *out)
{
	const ProtobufCMessageDescriptor *d;
	struct buf b = BUF_INIT;
	int rc;

	if (n->kind == JSON_STRING && json_to_bytes(n->text, !json_is_text(in, f), out))
		return 0;
	d = json_opaque(in, f, &at);
	if (n->kind != JSON_OBJECT || !d)
		return fail_kind(enc, n, step, d ? "an object or base64" : "base64");
	rc = read_packed(enc, n, d, at, step, &b);
	if (rc == 0)
		*out = wire_binary(buf_bytes(&b));
	else
		buf_fini(&b);
	return rc;
}

/* ---- values -------------------------------------------------------------- */

static int read_int(struct encoder *enc, const struct json_node *n, bool wide, void *to,
		    const struct step *step)
{
	int64_t v;

	if (!json_to_int(n, wide ? INT64_MIN : INT32_MIN, wide ? INT64_MAX : INT32_MAX, &v))
		return fail_kind(enc, n, step,
				 wide ? "a whole number of 64 bits" : "a whole number of 32 bits");
	if (wide)
		*(int64_t *)to = v;
	else
		*(int32_t *)to = (int32_t)v;
	return 0;
}

static int read_uint(struct encoder *enc, const struct json_node *n, bool wide, void *to,
		     const struct step *step)
{
	uint64_t v;

	if (!json_to_uint(n, wide ? UINT64_MAX : UINT32_MAX, &v))
		return fail_kind(enc, n, step,
				 wide ? "a number from 0 of 64 bits"
				      : "a number from 0 of 32 bits");
	if (wide)
		*(uint64_t *)to = v;
	else
		*(uint32_t *)to = (uint32_t)v;
	return 0;
}

static int read_text(struct encoder *enc, const struct json_node *n, char **to,
		     const struct step *step)
{
	char *s;

	if (n->kind != JSON_STRING)
		return fail_kind(enc, n, step, "a string");
	s = json_to_cstr(n->text);
	if (!s)
		return fail(enc, n, step, "a NUL cannot be in a string");
	*to = s;
	return 0;
}

/* One value of field @f of @in to @to, which holds nothing yet. */
static int read_value(struct encoder *enc, const struct json_node *n, const ProtobufCMessage *in,
		      const ProtobufCFieldDescriptor *f, void *to, struct json_place at,
		      const struct step *step)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_INT64:
		return read_int(enc, n, f->type == PROTOBUF_C_TYPE_INT64, to, step);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_UINT64:
		return read_uint(enc, n, f->type == PROTOBUF_C_TYPE_UINT64, to, step);
	case PROTOBUF_C_TYPE_BOOL:
		if (n->kind != JSON_BOOL)
			return fail_kind(enc, n, step, "true or false");
		*(protobuf_c_boolean *)to = n->truth;
		return 0;
	case PROTOBUF_C_TYPE_ENUM:
		if (!json_to_enum(n, f->descriptor, to))
			return fail_enum(enc, n, step, f->descriptor);
		return 0;
	case PROTOBUF_C_TYPE_STRING:
		return read_text(enc, n, to, step);
	case PROTOBUF_C_TYPE_BYTES:
		return read_bytes(enc, n, in, f, at, step, to);
	case PROTOBUF_C_TYPE_MESSAGE:
		return read_message(enc, n, f->descriptor, at, step, to);
	default: /* no Fabric message has a fixed, zigzag or floating field */
		util_assert(!"a type in use by Fabric");
		return ORD_EINTERNAL;
	}
}

/* ---- repeated fields ----------------------------------------------------- */

static int read_list(struct encoder *enc, const struct json_node *n, ProtobufCMessage *msg,
		     const ProtobufCFieldDescriptor *f, struct json_place at,
		     const struct step *step)
{
	size_t size = json_size_of(f->type), *count = json_member(msg, f->quantifier_offset);
	char *items;
	int rc = 0;

	if (n->kind != JSON_ARRAY)
		return fail_kind(enc, n, step, "an array");
	if (n->n == 0)
		return 0;
	items = x_alloc(n->n * size);
	*(void **)json_member(msg, f->offset) = items;
	for (size_t i = 0; i < n->n && rc == 0; i++) {
		struct step inner = {step, {NULL, 0}, i};

		rc = read_value(enc, &n->items[i], msg, f, items + i * size, at, &inner);
		if (rc == 0)
			++*count;
	}
	return rc;
}

static int read_entry(struct encoder *enc, const struct json_node *item,
		      const ProtobufCMessageDescriptor *d, struct json_place at,
		      const struct step *step, ProtobufCMessage *entry)
{
	const ProtobufCFieldDescriptor *value = &d->fields[1];
	char *key = json_to_cstr(item->key);

	if (!key)
		return fail(enc, item, step, "a NUL cannot be in a key");
	*(char **)json_member(entry, d->fields[0].offset) = key;
	if (item->kind == JSON_NULL && value->type != PROTOBUF_C_TYPE_MESSAGE)
		return 0;
	return read_value(enc, item, entry, value, json_member(entry, value->offset),
			  json_entry_place(value, key, at), step);
}

static int read_map(struct encoder *enc, const struct json_node *n, ProtobufCMessage *msg,
		    const ProtobufCFieldDescriptor *f, struct json_place at,
		    const struct step *step)
{
	const ProtobufCMessageDescriptor *d = f->descriptor;
	size_t *count = json_member(msg, f->quantifier_offset);
	ProtobufCMessage **items;
	int rc = 0;

	if (n->kind != JSON_OBJECT)
		return fail_kind(enc, n, step, "an object");
	if (n->n == 0)
		return 0;
	items = x_alloc(n->n * sizeof(ProtobufCMessage *));
	*(ProtobufCMessage ***)json_member(msg, f->offset) = items;
	for (; *count < n->n && rc == 0; ++*count) {
		const struct json_node *item = &n->items[*count];
		struct step inner = {step, item->key, 0};

		items[*count] = x_alloc(d->sizeof_message);
		protobuf_c_message_init(d, items[*count]);
		rc = read_entry(enc, item, d, at, &inner, items[*count]);
	}
	return rc;
}

/* ---- messages ------------------------------------------------------------ */

/* "channel_group" or "channelGroup" */
static bool is_named(const ProtobufCFieldDescriptor *f, struct ord_bytes key)
{
	size_t i = 0;

	if (bytes_eq_str(key, f->name))
		return true;
	for (const char *c = f->name; *c; c++) {
		bool hump = *c == '_' && c[1];

		if (i == key.len || key.data[i++] != (hump ? toupper((unsigned char)*++c) : *c))
			return false;
	}
	return i == key.len;
}

static const ProtobufCFieldDescriptor *find(const ProtobufCMessageDescriptor *d,
					    struct ord_bytes key)
{
	for (unsigned i = 0; i < d->n_fields; i++) {
		if (is_named(&d->fields[i], key))
			return &d->fields[i];
	}
	return NULL;
}

static bool collide(const ProtobufCFieldDescriptor *a, const ProtobufCFieldDescriptor *b)
{
	return a == b || ((a->flags & b->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
			  a->quantifier_offset == b->quantifier_offset);
}

static int check_alone(struct encoder *enc, const struct json_node *n, size_t at,
		       const ProtobufCFieldDescriptor *f, const ProtobufCMessageDescriptor *d,
		       const struct step *step)
{
	for (size_t i = 0; i < at && n->items[at].kind != JSON_NULL; i++) {
		const struct json_node *other = &n->items[i];

		if (other->kind != JSON_NULL && collide(f, find(d, other->key)))
			return fail(enc, &n->items[at], step, "cannot stand beside \"%.*s\"",
				    (int)other->key.len, (const char *)other->key.data);
	}
	return 0;
}

/* Every name is known, no field is there twice, and of those of a oneof only one. */
static int check_names(struct encoder *enc, const struct json_node *n,
		       const ProtobufCMessageDescriptor *d, const struct step *step)
{
	int rc = 0;

	for (size_t i = 0; i < n->n && rc == 0; i++) {
		const ProtobufCFieldDescriptor *f = find(d, n->items[i].key);
		struct step inner = {step, n->items[i].key, 0};

		rc = f ? check_alone(enc, n, i, f, d, &inner)
		       : fail_unknown(enc, &n->items[i], &inner, d);
	}
	return rc;
}

static int read_field(struct encoder *enc, const struct json_node *item, ProtobufCMessage *msg,
		      const ProtobufCFieldDescriptor *f, struct json_place at,
		      const struct step *step)
{
	int rc;

	at = json_field_place(f, at);
	if (item->kind == JSON_NULL)
		return 0;
	if (json_is_map(f))
		return read_map(enc, item, msg, f, at, step);
	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return read_list(enc, item, msg, f, at, step);
	rc = read_value(enc, item, msg, f, json_member(msg, f->offset), at, step);
	if (rc == 0 && (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
		*(uint32_t *)json_member(msg, f->quantifier_offset) = f->id;
	return rc;
}

static int read_fields(struct encoder *enc, const struct json_node *n, ProtobufCMessage *msg,
		       bool bytes, struct json_place at, const struct step *step)
{
	int rc = 0;

	for (size_t i = 0; i < n->n && rc == 0; i++) {
		const ProtobufCFieldDescriptor *f = find(msg->descriptor, n->items[i].key);
		struct step inner = {step, n->items[i].key, 0};

		if ((f->type == PROTOBUF_C_TYPE_BYTES) == bytes)
			rc = read_field(enc, &n->items[i], msg, f, at, &inner);
	}
	return rc;
}

static int read_message(struct encoder *enc, const struct json_node *n,
			const ProtobufCMessageDescriptor *d, struct json_place at,
			const struct step *step, ProtobufCMessage **out)
{
	bool is_time = d == &common__timestamp__descriptor && n->kind == JSON_STRING;
	ProtobufCMessage *msg;
	int rc;

	if (n->kind != JSON_OBJECT && !is_time)
		return fail_kind(enc, n, step, "an object");
	msg = x_alloc(d->sizeof_message);
	protobuf_c_message_init(d, msg);
	if (is_time)
		rc = json_to_timestamp(n, (Common__Timestamp *)msg)
			     ? 0
			     : fail_kind(enc, n, step, "a time such as 2026-11-21T02:55:19Z");
	else
		rc = check_names(enc, n, d, step);
	if (rc == 0 && !is_time)
		rc = read_fields(enc, n, msg, false, at, step);
	if (rc == 0 && !is_time)
		rc = read_fields(enc, n, msg, true, at, step);
	if (rc == 0)
		*out = msg;
	else
		wire_free(msg);
	return rc;
}

/* ---- the door ------------------------------------------------------------ */

int json_encode(const ProtobufCMessageDescriptor *d, const char *name, struct buf *take,
		struct buf *out, struct ord_err *e)
{
	struct encoder enc = {name, e};
	struct step top = {NULL, {NULL, 0}, 0};
	struct json_doc doc;
	int rc = json_read(name, take, &doc, e);

	if (rc < 0)
		return rc;
	rc = read_packed(&enc, &doc.root, d, (struct json_place){JSON_NO_GROUP, "", 0}, &top, out);
	json_doc_free(&doc);
	return rc;
}
