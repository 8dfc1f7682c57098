/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks.  The encoding is the block: whatever way one comes to be, its common.Block bytes are
 * written first, and block_index() then finds every view in them, checking as it goes.
 */
#include <stdlib.h>
#include <wire/wire_priv.h>

/* ---- reading ------------------------------------------------------------- */

/* Header, data and metadata, undecoded; data is NULL where one is absent. */
struct block_parts {
	struct ord_bytes header, data, metadata;
};

/* So that sealing does not move a block: our signature with its certificate. */
#define META_ROOM 4096

static const char *split(struct ord_bytes b, struct block_parts *parts)
{
	struct ord_bytes *slots[] = {&parts->header, &parts->data, &parts->metadata};
	struct wire_cursor c = wire_cursor_of(b);
	struct wire_field f;

	while (wire_next(&c, &f)) {
		if (f.id > UTIL_ARRAY_LEN(slots))
			continue;
		if (f.type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
			return "wrong wire type";
		if (slots[f.id - 1]->data)
			return "message appears twice";
		*slots[f.id - 1] = f.bytes;
	}
	if (c.why)
		return c.why;
	if (!parts->header.data)
		return "block header is missing";
	return parts->data.data ? NULL : "block data is missing";
}

static const char *read_header(struct ord_bytes b, struct ord_block *block)
{
	struct wire_cursor c = wire_cursor_of(b);
	struct wire_field f;

	block->number = 0;
	while (wire_next(&c, &f)) {
		if (wire_is_varint(&f, 1))
			block->number = f.varint;
		else if (wire_is_bytes(&f, 2))
			block->previous_hash = f.bytes;
		else if (wire_is_bytes(&f, 3))
			block->data_hash = f.bytes;
	}
	if (c.why)
		return c.why;
	if (block->previous_hash.len > BLOCK_HASH_LEN || block->data_hash.len > BLOCK_HASH_LEN)
		return "block header holds a hash of more than 32 bytes";
	return NULL;
}

/* BlockData and BlockMetadata alike are one repeated bytes field, number 1.  Views go to @out
 * unless it is NULL. */
static const char *read_elements(struct ord_bytes b, struct ord_bytes *out, size_t *n)
{
	struct wire_cursor c = wire_cursor_of(b);
	struct wire_field f;

	*n = 0;
	while (wire_next(&c, &f)) {
		if (!wire_is_bytes(&f, 1))
			continue;
		if (out)
			out[*n] = f.bytes;
		(*n)++;
	}
	return c.why;
}

/* Point all views into b->encoded. */
static const char *block_index(struct ord_block *b)
{
	struct block_parts parts = {0};
	size_t n_data, n_meta;
	const char *why;

	why = split(buf_bytes(&b->encoded), &parts);
	if (!why)
		why = read_header(parts.header, b);
	if (!why)
		why = read_elements(parts.data, NULL, &n_data);
	if (!why)
		why = read_elements(parts.metadata, NULL, &n_meta);
	if (why)
		return why;
	b->data = x_realloc(b->data, (n_data + n_meta + 1) * sizeof(*b->data));
	b->meta = b->data + n_data;
	read_elements(parts.data, b->data, &b->n_data);
	read_elements(parts.metadata, b->meta, &b->n_meta);
	return NULL;
}

static void hash_header(struct ord_block *b)
{
	uint8_t der[BLOCK_HEADER_DER_MAX];

	sha256(bytes_of(der, block_header_der(b, der)), b->header_hash);
}

/* ---- writing ------------------------------------------------------------- */

static size_t field_len(size_t content)
{
	return 1 + uvarint_len(content) + content;
}

static size_t elements_len(const struct ord_bytes *v, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += field_len(v[i].len);
	return len;
}

static void put_tag(struct buf *out, uint8_t id, size_t len)
{
	buf_add_u8(out, (uint8_t)(id << 3 | PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED));
	buf_add_uvarint(out, len);
}

static void put_bytes(struct buf *out, uint8_t id, struct ord_bytes v)
{
	put_tag(out, id, v.len);
	buf_add_bytes(out, v);
}

/* Field @id of Block: BlockData or BlockMetadata. */
static void put_elements(struct buf *out, uint8_t id, const struct ord_bytes *v, size_t n)
{
	put_tag(out, id, elements_len(v, n));
	for (size_t i = 0; i < n; i++)
		put_bytes(out, 1, v[i]);
}

static void put_header(struct buf *out, uint64_t number, struct ord_bytes previous_hash,
		       struct ord_bytes data_hash)
{
	Common__BlockHeader h = COMMON__BLOCK_HEADER__INIT;
	struct buf tmp = BUF_INIT;

	h.number = number;
	h.previous_hash = wire_binary(previous_hash);
	h.data_hash = wire_binary(data_hash);
	wire_pack(&h, &tmp);
	put_bytes(out, 1, buf_bytes(&tmp));
	buf_fini(&tmp);
}

static struct ord_block *block_alloc(void)
{
	struct ord_block *b = x_alloc(sizeof(*b));

	atomic_init(&b->refs, 1);
	return b;
}

struct ord_block *block_from_parts(uint64_t number, struct ord_bytes previous_hash,
				   struct ord_bytes data_hash, const struct ord_bytes *data,
				   size_t n_data, const struct ord_bytes *meta, size_t n_meta)
{
	struct ord_block *b = block_alloc();
	const char *why;

	buf_take(&b->encoded, BLOCK_HEADER_DER_MAX + META_ROOM + 2 * field_len(0) +
				      elements_len(data, n_data) + elements_len(meta, n_meta));
	put_header(&b->encoded, number, previous_hash, data_hash);
	put_elements(&b->encoded, 2, data, n_data);
	b->header_and_data_len = b->encoded.len;
	put_elements(&b->encoded, 3, meta, n_meta);
	why = block_index(b);
	util_assert(!why);
	hash_header(b);
	b->sealed = true;
	return b;
}

static void hash_elements(const struct ord_bytes *v, size_t n, uint8_t out[static BLOCK_HASH_LEN])
{
	struct sha256 h;

	sha256_init(&h);
	for (size_t i = 0; i < n; i++)
		sha256_add(&h, v[i]);
	sha256_final(&h, out);
}

struct ord_block *block_new(uint64_t number, struct ord_bytes previous_hash,
			    struct ord_env *const *envs, size_t n)
{
	static const struct ord_bytes empty[BLOCK_META_SLOTS];
	struct ord_bytes *data = x_malloc((n + 1) * sizeof(*data));
	uint8_t hash[BLOCK_HASH_LEN];
	struct ord_block *b;

	for (size_t i = 0; i < n; i++)
		data[i] = envs[i]->raw;
	hash_elements(data, n, hash);
	b = block_from_parts(number, previous_hash, bytes_of(hash, sizeof(hash)), data, n, empty,
			     BLOCK_META_SLOTS);
	b->sealed = false;
	b->data_hash_computed = true;
	for (size_t i = 0; i < n; i++)
		if (envs[i]->journal_pos > b->journal_pos)
			b->journal_pos = envs[i]->journal_pos;
	if (n == 1 && env_classify(envs[0]) == ORD_MSG_CONFIG)
		b->config = env_ref(envs[0]);
	free(data);
	return b;
}

void block_set_meta(struct ord_block *b, size_t slot, struct ord_bytes value)
{
	util_assert(!b->sealed && slot < b->n_meta && slot < BLOCK_META_SLOTS);
	b->unsealed[slot].len = 0;
	buf_add_bytes(&b->unsealed[slot], value);
	b->meta[slot] = buf_bytes(&b->unsealed[slot]);
}

void block_seal(struct ord_block *b)
{
	const char *why;

	util_assert(!b->sealed);
	b->encoded.len = b->header_and_data_len;
	put_elements(&b->encoded, 3, b->meta, b->n_meta);
	why = block_index(b);
	util_assert(!why);
	for (size_t i = 0; i < BLOCK_META_SLOTS; i++)
		buf_fini(&b->unsealed[i]);
	b->sealed = true;
}

int block_parse(struct buf *take, struct ord_block **out, struct ord_err *e)
{
	struct ord_block *b = block_alloc();
	const char *why;

	*out = NULL;
	b->encoded = *take;
	why = block_index(b);
	if (why) {
		b->encoded = (struct buf)BUF_INIT;
		block_unref(b);
		return err_set(e, ORD_EINVAL, "error unmarshaling Block: %s", why);
	}
	*take = (struct buf)BUF_INIT;
	hash_header(b);
	b->sealed = true;
	*out = b;
	return 0;
}

struct ord_block *block_ref(struct ord_block *b)
{
	ref_get(&b->refs);
	return b;
}

void block_unref(struct ord_block *b)
{
	if (!b || !ref_put(&b->refs))
		return;
	for (size_t i = 0; i < BLOCK_META_SLOTS; i++)
		buf_fini(&b->unsealed[i]);
	buf_give(&b->encoded);
	env_unref(b->config);
	free(b->data);
	free(b);
}

void block_compute_data_hash(const struct ord_block *b, uint8_t out[static BLOCK_HASH_LEN])
{
	hash_elements(b->data, b->n_data, out);
}

bool block_data_hash_fits(const struct ord_block *b)
{
	uint8_t hash[BLOCK_HASH_LEN];

	block_compute_data_hash(b, hash);
	return bytes_eq(b->data_hash, bytes_of(hash, sizeof(hash)));
}
