/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One block as it stands in a block file (spec 7.5): a length, the number, the data hash BEFORE the
 * previous hash, the envelopes, the metadata slots; all lengths are varints.  No checksum and no
 * magic, so what is whole is told by structure, hashes and metadata together.
 */
#include "ledger_priv.h"

#include <stdlib.h>

#define META_SLOT(r_meta, n, i) ((i) < (n) ? (r_meta)[i] : (struct ord_bytes){NULL, 0})

/* ---- reading ------------------------------------------------------------- */

static bool take_uvarint(struct ord_bytes *b, uint64_t *v)
{
	size_t n = uvarint_get(*b, v);

	b->data += n;
	b->len -= n;
	return n > 0;
}

static bool take_bytes(struct ord_bytes *b, struct ord_bytes *out)
{
	uint64_t n;

	if (!take_uvarint(b, &n) || n > b->len)
		return false;
	*out = bytes_of(b->data, (size_t)n);
	b->data += n;
	b->len -= (size_t)n;
	return true;
}

/* A count and its elements; the elements' bytes as one view. */
static bool take_list(struct ord_bytes *b, size_t *n, struct ord_bytes *list)
{
	struct ord_bytes element;
	uint64_t count;

	if (!take_uvarint(b, &count) || count > b->len)
		return false;
	*n = (size_t)count;
	list->data = b->data;
	for (; count > 0; count--)
		if (!take_bytes(b, &element))
			return false;
	list->len = (size_t)(b->data - list->data);
	return true;
}

bool ledger_record_prefix(struct ord_bytes b, size_t *prefix, uint64_t *body)
{
	*prefix = uvarint_get(b, body);
	return *prefix > 0 && *body > 0;
}

static const char *take_head(struct ord_bytes *b, struct ledger_record *r)
{
	if (!take_uvarint(b, &r->number))
		return "the block number is cut short";
	if (!take_bytes(b, &r->data_hash) || r->data_hash.len != BLOCK_HASH_LEN)
		return "the data hash is not 32 bytes";
	if (!take_bytes(b, &r->previous_hash) ||
	    r->previous_hash.len != (r->number ? BLOCK_HASH_LEN : 0))
		return "the previous hash has a wrong length";
	return NULL;
}

const char *ledger_record_head(struct ord_bytes body, struct ledger_record *r)
{
	return take_head(&body, r);
}

const char *ledger_record_parse(struct ord_bytes body, struct ledger_record *r)
{
	const char *why = take_head(&body, r);

	if (why)
		return why;
	if (!take_list(&body, &r->n_data, &r->data))
		return "the envelopes do not fit into the record";
	if (!take_list(&body, &r->n_meta, &r->meta))
		return "the metadata does not fit into the record";
	return body.len ? "bytes are left over behind the metadata" : NULL;
}

void ledger_record_views(const struct ledger_record *r, struct ledger_views *out)
{
	size_t n = r->n_data + r->n_meta, i = 0;
	struct ord_bytes data = r->data, meta = r->meta;

	if (out->cap < n) {
		out->cap = n + n / 2;
		free(out->v);
		out->v = x_malloc(out->cap * sizeof(*out->v));
	}
	for (; i < r->n_data; i++)
		util_assert(take_bytes(&data, &out->v[i]));
	for (; i < n; i++)
		util_assert(take_bytes(&meta, &out->v[i]));
}

/* ---- is it whole? -------------------------------------------------------- */

static bool data_hash_fits(struct ord_bytes data_hash, const struct ord_bytes *data, size_t n)
{
	uint8_t hash[SHA256_LEN];
	struct sha256 h;

	sha256_init(&h);
	for (size_t i = 0; i < n; i++)
		sha256_add(&h, data[i]);
	sha256_final(&h, hash);
	return bytes_eq(data_hash, bytes_of(hash, sizeof(hash)));
}

/* What slots 0, 1 and 3 repeat of each other (spec 2.3). */
static bool slots_agree(const struct ord_bytes *meta, size_t n, const Common__Metadata *signatures)
{
	struct ord_bytes last = META_SLOT(meta, n, BLOCK_META_LAST_CONFIG);
	struct ord_bytes orderer = META_SLOT(meta, n, BLOCK_META_ORDERER);
	Common__OrdererBlockMetadata *own = NULL;
	Common__Metadata *outer = NULL;
	Common__LastConfig *config = NULL;
	struct ord_err e = ERR_INIT;
	bool fit = false;

	if (wire_unpack(&common__orderer_block_metadata__descriptor, wire_bytes(signatures->value),
			&own, &e) < 0 ||
	    wire_unpack(&common__metadata__descriptor, last, &outer, &e) < 0 ||
	    wire_unpack(&common__last_config__descriptor, wire_bytes(outer->value), &config, &e) <
		    0)
		goto out;
	if (last.len > 0 && own->last_config && own->last_config->index != config->index)
		goto out;
	fit = orderer.len == 0 || bytes_eq(orderer, wire_bytes(own->consenter_metadata));
out:
	wire_free(own);
	wire_free(outer);
	wire_free(config);
	return fit;
}

/* No hash covers the metadata.  A write that ended in zeros shows in its structure, except when
 * the zeros begin inside the last slot that is not empty: then that slot ends in a zero byte, and
 * only then are the slots compared.  */
static bool metadata_fits(const struct ord_bytes *meta, size_t n)
{
	struct ord_bytes slot0 = META_SLOT(meta, n, BLOCK_META_SIGNATURES);
	Common__Metadata *m = NULL;
	struct ord_err e = ERR_INIT;
	size_t last = n;
	bool fit = true;

	while (last > 0 && meta[last - 1].len == 0)
		last--;
	if (last == 0 || meta[last - 1].data[meta[last - 1].len - 1] != 0)
		return true;
	for (size_t i = 0; i < last && fit; i++)
		fit = i == BLOCK_META_TRANSACTIONS_FILTER || i >= BLOCK_META_COMMIT_HASH ||
		      wire_scan(&common__metadata__descriptor, meta[i], &e) == 0;
	if (fit && wire_unpack(&common__metadata__descriptor, slot0, &m, &e) == 0 &&
	    m->value.len > 0)
		fit = slots_agree(meta, n, m);
	wire_free(m);
	return fit;
}

const char ledger_false_hash[] = "the data hash does not fit its envelopes";

const char *ledger_record_whole(const struct ledger_record *r, struct ledger_views *tmp)
{
	ledger_record_views(r, tmp);
	if (!metadata_fits(tmp->v + r->n_data, r->n_meta))
		return "the metadata is damaged";
	return data_hash_fits(r->data_hash, tmp->v, r->n_data) ? NULL : ledger_false_hash;
}

const char *ledger_block_whole(const struct ord_block *b)
{
	if (!metadata_fits(b->meta, b->n_meta))
		return "the metadata slots contradict each other";
	if (b->data_hash_computed)
		return NULL;
	return data_hash_fits(b->data_hash, b->data, b->n_data) ? NULL : ledger_false_hash;
}

void ledger_record_hash(const struct ledger_record *r, uint8_t out[static BLOCK_HASH_LEN])
{
	struct ord_block header = {
		.number = r->number, .previous_hash = r->previous_hash, .data_hash = r->data_hash};
	uint8_t der[BLOCK_HEADER_DER_MAX];

	sha256(bytes_of(der, block_header_der(&header, der)), out);
}

struct ord_block *ledger_record_block(const struct ledger_record *r, struct ledger_views *tmp)
{
	ledger_record_views(r, tmp);
	return block_from_parts(r->number, r->previous_hash, r->data_hash, tmp->v, r->n_data,
				tmp->v + r->n_data, r->n_meta);
}

/* ---- writing ------------------------------------------------------------- */

static uint64_t list_size(const struct ord_bytes *v, size_t n)
{
	uint64_t size = uvarint_len(n);

	for (size_t i = 0; i < n; i++)
		size += uvarint_len(v[i].len) + v[i].len;
	return size;
}

static uint64_t body_size(const struct ord_block *b)
{
	return uvarint_len(b->number) + uvarint_len(b->data_hash.len) + b->data_hash.len +
	       uvarint_len(b->previous_hash.len) + b->previous_hash.len +
	       list_size(b->data, b->n_data) + list_size(b->meta, b->n_meta);
}

uint64_t ledger_record_size(const struct ord_block *b)
{
	uint64_t body = body_size(b);

	return uvarint_len(body) + body;
}

void ledger_writer_init(struct ledger_writer *w, int fd, uint64_t at)
{
	w->fd = fd;
	w->at = at;
	w->err = w->n = 0;
	w->small_len = 0;
}

int ledger_writer_flush(struct ledger_writer *w)
{
	uint64_t size = 0;

	for (int i = 0; i < w->n; i++)
		size += w->iov[i].iov_len;
	if (!w->err && size > 0)
		w->err = ledger_io_writev(w->fd, w->iov, w->n, w->at);
	w->at += size;
	w->n = 0;
	w->small_len = 0;
	return w->err;
}

static void add_view(struct ledger_writer *w, const void *p, size_t n)
{
	if (w->n == UTIL_ARRAY_LEN(w->iov))
		ledger_writer_flush(w);
	w->iov[w->n++] = (struct iovec){(void *)p, n};
}

/* A varint joins the one before it. */
static void add_uvarint(struct ledger_writer *w, uint64_t v)
{
	struct iovec *last;
	uint8_t *p;
	size_t n;

	if (w->n == UTIL_ARRAY_LEN(w->iov) || w->small_len + 10 > sizeof(w->small))
		ledger_writer_flush(w);
	p = w->small + w->small_len;
	n = uvarint_put(p, v);
	last = w->n > 0 ? &w->iov[w->n - 1] : NULL;
	if (last && (uint8_t *)last->iov_base + last->iov_len == p)
		last->iov_len += n;
	else
		add_view(w, p, n);
	w->small_len += n;
}

static void add_bytes(struct ledger_writer *w, struct ord_bytes v)
{
	add_uvarint(w, v.len);
	if (v.len > 0)
		add_view(w, v.data, v.len);
}

void ledger_writer_add(struct ledger_writer *w, const struct ord_block *b)
{
	add_uvarint(w, body_size(b));
	add_uvarint(w, b->number);
	add_bytes(w, b->data_hash);
	add_bytes(w, b->previous_hash);
	add_uvarint(w, b->n_data);
	for (size_t i = 0; i < b->n_data; i++)
		add_bytes(w, b->data[i]);
	add_uvarint(w, b->n_meta);
	for (size_t i = 0; i < b->n_meta; i++)
		add_bytes(w, b->meta[i]);
}
