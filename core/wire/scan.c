/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scan before protobuf-c.  protobuf-c recurses as deep as the sender likes, merges where a
 * message comes twice, takes any bytes for a string and cuts it at the first NUL; what this lets
 * through, it unpacks without surprise.  Our own stack, so that depth costs nothing.
 */
#include <wire/wire_priv.h>

struct scan_frame {
	const ProtobufCMessageDescriptor *d;
	const ProtobufCFieldDescriptor *field; /* the one being looked at, NULL: unknown */
	struct wire_cursor c;
	uint64_t seen; /* singular messages met so far, a bit a field */
};

struct scan {
	unsigned depth;
	size_t n_fields;
	struct scan_frame stack[WIRE_MAX_DEPTH];
};

static const char *scan_push(struct scan *s, const ProtobufCMessageDescriptor *d,
			     struct ord_bytes b)
{
	struct scan_frame *f;

	if (s->depth == WIRE_MAX_DEPTH)
		return "nested too deeply";
	f = &s->stack[s->depth++];
	*f = (struct scan_frame){.d = d, .c = wire_cursor_of(b)};
	return NULL;
}

static const char *scan_message(struct scan *s, struct scan_frame *f, struct ord_bytes b)
{
	if (f->field->label != PROTOBUF_C_LABEL_REPEATED) {
		unsigned index = (unsigned)(f->field - f->d->fields);

		util_assert(index < 64);
		if (f->seen & UINT64_C(1) << index)
			return "message appears twice";
		f->seen |= UINT64_C(1) << index;
	}
	return scan_push(s, f->field->descriptor, b);
}

static const char *scan_string(struct ord_bytes b)
{
	if (!utf8_valid(b))
		return "invalid UTF-8";
	if (memchr(b.data, '\0', b.len))
		return "string contains a NUL";
	return NULL;
}

static const char *scan_packed(struct ord_bytes b)
{
	while (b.len > 0) {
		uint64_t v;
		size_t used = uvarint_get(b, &v);

		if (used == 0)
			return "unexpected EOF";
		b = bytes_of(b.data + used, b.len - used);
	}
	return NULL;
}

static const char *scan_field(struct scan *s, struct scan_frame *f, const struct wire_field *v)
{
	bool prefixed = v->type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;

	f->field = protobuf_c_message_descriptor_get_field(f->d, v->id);
	if (++s->n_fields > WIRE_MAX_FIELDS)
		return "too many fields";
	if (!f->field) /* unknown: its length is checked, its bytes are kept */
		return NULL;
	switch (f->field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return prefixed ? scan_message(s, f, v->bytes) : "wrong wire type";
	case PROTOBUF_C_TYPE_STRING:
		return prefixed ? scan_string(v->bytes) : "wrong wire type";
	case PROTOBUF_C_TYPE_BYTES:
		return prefixed ? NULL : "wrong wire type";
	default: /* all scalars of Fabric are varints; wire_scalar() sees to that */
		if (prefixed && f->field->label == PROTOBUF_C_LABEL_REPEATED)
			return scan_packed(v->bytes);
		return v->type == PROTOBUF_C_WIRE_TYPE_VARINT ? NULL : "wrong wire type";
	}
}

/* "common.Config.channel_group.groups.value: unexpected EOF" */
static int scan_fail(const struct scan *s, const char *why, struct ord_err *e)
{
	struct buf path = BUF_INIT;
	int rc;

	buf_add_str(&path, s->stack[0].d->name);
	for (unsigned i = 0; i < s->depth; i++)
		if (s->stack[i].field)
			buf_printf(&path, ".%s", s->stack[i].field->name);
	rc = err_set(e, ORD_EINVAL, "%s: %s", buf_cstr(&path), why);
	buf_fini(&path);
	return rc;
}

int wire_scan(const ProtobufCMessageDescriptor *d, struct ord_bytes b, struct ord_err *e)
{
	struct scan s;
	const char *why;

	s.depth = 0;
	s.n_fields = 0;
	scan_push(&s, d, b);
	if (b.len > WIRE_MAX_MSG)
		return scan_fail(&s, "message is too large", e);
	while (s.depth > 0) {
		struct scan_frame *f = &s.stack[s.depth - 1];
		struct wire_field v;

		f->field = NULL;
		if (wire_next(&f->c, &v))
			why = scan_field(&s, f, &v);
		else if ((why = f->c.why) == NULL)
			s.depth--;
		if (why)
			return scan_fail(&s, why, e);
	}
	return 0;
}
