/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in and out: unpack by protobuf-c behind our scan; pack deterministically. */
#include <stdlib.h>
#include <wire/wire_priv.h>

/* ---- unpack -------------------------------------------------------------- */

static void *wire_alloc(void *unused, size_t n)
{
	(void)unused;
	return x_malloc(n);
}

static void wire_dealloc(void *unused, void *p)
{
	(void)unused;
	free(p);
}

static ProtobufCAllocator wire_allocator = {wire_alloc, wire_dealloc, NULL};

static void settle_maps(ProtobufCMessage *m);

/* An entry without a value stands for an empty one. */
static void fill_entry(ProtobufCMessage *entry)
{
	const ProtobufCFieldDescriptor *f = &entry->descriptor->fields[1];
	ProtobufCMessage **value = (ProtobufCMessage **)wire_member(entry, f);

	if (f->type != PROTOBUF_C_TYPE_MESSAGE || *value)
		return;
	*value = x_alloc(((const ProtobufCMessageDescriptor *)f->descriptor)->sizeof_message);
	protobuf_c_message_init(f->descriptor, *value);
}

/* Of equal keys the last one counts, as in Go. */
static void settle_map(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	size_t n = *wire_count(m, f), kept = 0;
	ProtobufCMessage **entries = *(ProtobufCMessage ***)wire_member(m, f);
	ProtobufCMessage **sorted = wire_map_sorted(m, f);

	for (size_t i = 0; i < n; i++) {
		const ProtobufCFieldDescriptor *key = &sorted[i]->descriptor->fields[0];

		if (i + 1 < n && strcmp(*(char *const *)wire_member(sorted[i], key),
					*(char *const *)wire_member(sorted[i + 1], key)) == 0) {
			wire_free(sorted[i]);
			continue;
		}
		fill_entry(sorted[i]);
		entries[kept++] = sorted[i];
	}
	*wire_count(m, f) = kept;
	free(sorted);
}

/* Every map sorted, no key twice, no value missing.  The scan has bounded the depth. */
static void settle_maps(ProtobufCMessage *m)
{
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];

		if (f->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		if (f->label != PROTOBUF_C_LABEL_REPEATED) {
			if (wire_is_set(m, f))
				settle_maps(*(ProtobufCMessage **)wire_member(m, f));
			continue;
		}
		if (wire_is_map(f))
			settle_map(m, f);
		for (size_t k = 0; k < *wire_count(m, f); k++)
			settle_maps(*(ProtobufCMessage **)wire_element(m, f, k, sizeof(void *)));
	}
}

int wire_unpack(const ProtobufCMessageDescriptor *d, struct ord_bytes b, void *out_msg,
		struct ord_err *e)
{
	ProtobufCMessage **out = out_msg;
	int rc;

	*out = NULL;
	rc = wire_scan(d, b, e);
	if (rc < 0)
		return rc;
	*out = protobuf_c_message_unpack(d, &wire_allocator, b.len, b.data);
	if (!*out) /* lengths and tags in more than five bytes: nobody writes them */
		return err_set(e, ORD_EINVAL, "%s: malformed", d->name);
	settle_maps(*out);
	return 0;
}

void wire_free(void *msg)
{
	if (msg)
		protobuf_c_message_free_unpacked(msg, &wire_allocator);
}

/* ---- pack ---------------------------------------------------------------- */

static void pack_fields(const ProtobufCMessage *m, bool entry, struct buf *b);

static void pack_tag(uint32_t id, unsigned wire_type, struct buf *b)
{
	buf_add_uvarint(b, (uint64_t)id << 3 | wire_type);
}

/* Put the length of what was written since @at in front of it.  Moving a level's bytes once more is
 * cheaper than measuring every message before writing it. */
static void insert_length(size_t at, struct buf *b)
{
	uint8_t len[10];
	size_t content = b->len - at, n = uvarint_put(len, content);

	buf_reserve(b, n);
	memmove(b->data + at + n, b->data + at, content);
	memcpy(b->data + at, len, n);
	b->len += n;
}

static void pack_bytes(uint32_t id, struct ord_bytes v, struct buf *b)
{
	pack_tag(id, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, b);
	buf_add_uvarint(b, v.len);
	buf_add_bytes(b, v);
}

static void pack_message(uint32_t id, const ProtobufCMessage *m, bool entry, struct buf *b)
{
	size_t at;

	pack_tag(id, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, b);
	at = b->len;
	pack_fields(m, entry, b);
	insert_length(at, b);
}

static void pack_value(const ProtobufCFieldDescriptor *f, const void *p, struct buf *b)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		pack_message(f->id, *(ProtobufCMessage *const *)p, false, b);
		break;
	case PROTOBUF_C_TYPE_STRING:
		pack_bytes(f->id, bytes_str(*(char *const *)p), b);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		pack_bytes(f->id, wire_bytes(*(const ProtobufCBinaryData *)p), b);
		break;
	default:
		pack_tag(f->id, PROTOBUF_C_WIRE_TYPE_VARINT, b);
		buf_add_uvarint(b, wire_scalar(f->type, p));
	}
}

static void pack_map(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, struct buf *b)
{
	ProtobufCMessage **sorted = wire_map_sorted(m, f);

	for (size_t i = 0; i < *wire_count(m, f); i++)
		pack_message(f->id, sorted[i], true, b);
	free(sorted);
}

static void pack_packed(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, struct buf *b)
{
	size_t size = wire_element_size(f->type), at;

	pack_tag(f->id, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, b);
	at = b->len;
	for (size_t i = 0; i < *wire_count(m, f); i++)
		buf_add_uvarint(b, wire_scalar(f->type, wire_element(m, f, i, size)));
	insert_length(at, b);
}

static void pack_repeated(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
			  struct buf *b)
{
	size_t size = wire_element_size(f->type), n = *wire_count(m, f);

	if (n == 0)
		return;
	if (wire_is_map(f))
		pack_map(m, f, b);
	else if (f->flags & PROTOBUF_C_FIELD_FLAG_PACKED)
		pack_packed(m, f, b);
	else
		for (size_t i = 0; i < n; i++)
			pack_value(f, wire_element(m, f, i, size), b);
}

/* A map's @entry carries key and value even when they are empty, as Go writes them. */
static void pack_fields(const ProtobufCMessage *m, bool entry, struct buf *b)
{
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];

		if (f->label == PROTOBUF_C_LABEL_REPEATED)
			pack_repeated(m, f, b);
		else if (wire_is_set(m, f))
			pack_value(f, wire_member(m, f), b);
		else if (entry)
			pack_bytes(f->id, bytes_of(NULL, 0), b);
	}
	for (unsigned i = 0; i < m->n_unknown_fields; i++) {
		const ProtobufCMessageUnknownField *u = &m->unknown_fields[i];

		pack_tag(u->tag, u->wire_type, b);
		buf_add(b, u->data, u->len);
	}
}

void wire_pack(const void *msg, struct buf *b)
{
	pack_fields(msg, false, b);
}
