/* SPDX-License-Identifier: Apache-2.0 */
/* bench_load: unique signed transactions, and finding them again in a block. */
#include "bench.h"

#include <crypto/crypto.h>
#include <stdlib.h>

enum { CHUNK = 256, SIG_SLACK = 8 };
#define LOAD_MAX (UINT64_C(8) << 30)

/* What the signing tasks share. */
struct signing {
	struct bench_load *load;
	const struct bench_opts *o;
	struct msp_local **who;
	struct ord_bytes cert_hash;
	int64_t time_ns; /* one for all: every header has the same length */
	uint8_t *data;   /* random; each transaction's begins with its index */
	atomic_size_t done;
	atomic_bool failed;
	struct ord_err why; /* of the task that set failed */
};

struct chunk {
	struct pool_task task;
	struct signing *s;
	size_t from, to;
};

static void put_be64(uint8_t *out, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(v >> (56 - 8 * i));
}

static uint64_t get_be64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

/* Append transaction @index; @data is scribbled upon. */
static int sign_one(struct signing *s, size_t index, uint8_t *data, struct buf *out,
		    struct ord_err *e)
{
	uint8_t nonce[WIRE_NONCE_LEN];
	struct identity_message m = {.type = WIRE_ENDORSER_TRANSACTION,
				     .channel_id = s->o->channel,
				     .time_ns = s->time_ns,
				     .nonce = bytes_of(nonce, sizeof(nonce)),
				     .tls_cert_hash = s->cert_hash,
				     .tx_id = true};

	memcpy(nonce, s->load->run_id, sizeof(s->load->run_id));
	put_be64(nonce + sizeof(s->load->run_id), index);
	if (s->o->size >= 8)
		put_be64(data, index);
	return identity_envelope(s->who[index % s->load->n_identities], &m,
				 bytes_of(data, s->o->size), out, e);
}

static int sign_chunk(struct chunk *c, uint8_t *data, struct buf *b, struct ord_err *e)
{
	struct bench_load *l = c->s->load;

	for (size_t i = c->from; i < c->to; i++) {
		uint8_t *slot = l->arena + i * l->slot;
		int rc;

		b->len = 0;
		rc = sign_one(c->s, i, data, b, e);
		if (rc < 0)
			return rc;
		util_assert(b->len <= l->slot);
		memcpy(slot, b->data, b->len);
		l->tx[i].envelope = bytes_of(slot, b->len);
	}
	return 0;
}

static void run_chunk(struct pool_task *t)
{
	struct chunk *c = UTIL_CONTAINER(t, struct chunk, task);
	uint8_t *data = x_malloc(c->s->o->size + 8);
	struct ord_err e = ERR_INIT;
	struct buf b = BUF_INIT;

	memcpy(data, c->s->data, c->s->o->size);
	if (!atomic_load(&c->s->failed) && sign_chunk(c, data, &b, &e) < 0 &&
	    !atomic_exchange(&c->s->failed, true))
		c->s->why = e;
	buf_fini(&b);
	free(data);
	atomic_fetch_add(&c->s->done, c->to - c->from);
}

/* One transaction of each identity shows how long they get and where the nonce is. */
static int measure(struct signing *s, struct ord_err *e)
{
	struct bench_load *l = s->load;

	for (size_t i = 0; i < l->n_identities; i++) {
		struct buf b = BUF_INIT;
		const uint8_t *at;
		int rc = sign_one(s, i, s->data, &b, e);

		if (rc < 0)
			return rc;
		at = memmem(b.data, b.len, l->run_id, sizeof(l->run_id));
		util_assert(at);
		l->nonce_offsets[i] = (size_t)(at - b.data);
		if (b.len + SIG_SLACK > l->slot)
			l->slot = b.len + SIG_SLACK;
		buf_fini(&b);
	}
	if (l->n > LOAD_MAX / l->slot)
		return err_set(e, ORD_EINVAL,
			       "%zu transactions of %zu bytes are too many to be signed "
			       "beforehand: lower --count or --size",
			       l->n, l->slot);
	return 0;
}

static int sign_all(struct signing *s, struct ord_err *e)
{
	size_t n_chunks = (s->load->n + CHUNK - 1) / CHUNK;
	struct chunk *chunks = x_alloc(n_chunks * sizeof(*chunks) + 1);
	struct ctl_progress progress;
	struct pool *pool;
	int rc = pool_new(thread_cpus(), "sign", &pool, e);

	if (rc < 0)
		goto out;
	ctl_progress_start(&progress, "signing", s->load->n);
	for (size_t i = 0; i < n_chunks; i++) {
		size_t to = (i + 1) * CHUNK < s->load->n ? (i + 1) * CHUNK : s->load->n;

		chunks[i] = (struct chunk){{run_chunk, NULL}, s, i * CHUNK, to};
		pool_submit(pool, &chunks[i].task);
	}
	while (progress.on && atomic_load(&s->done) < s->load->n) {
		clock_sleep_ns(50 * CLOCK_MS_NS);
		ctl_progress(&progress, atomic_load(&s->done));
	}
	pool_free(pool);
	ctl_progress_end(&progress);
	if (atomic_load(&s->failed)) {
		if (e)
			*e = s->why;
		rc = s->why.code;
	}
out:
	free(chunks);
	return rc;
}

int bench_load_make(struct bench_load *l, const struct bench_opts *o, struct msp_local **who,
		    struct ord_bytes cert_hash, size_t n, struct ord_err *e)
{
	struct signing s = {.load = l,
			    .o = o,
			    .who = who,
			    .cert_hash = cert_hash,
			    .time_ns = clock_wall_ns(),
			    .data = x_malloc(o->size + 8)};
	int rc;

	*l = (struct bench_load){.n = n, .n_identities = o->identities.n};
	l->nonce_offsets = x_alloc(l->n_identities * sizeof(*l->nonce_offsets));
	crypto_random(l->run_id, sizeof(l->run_id));
	crypto_random(s.data, o->size);
	rc = measure(&s, e);
	if (rc == 0) {
		l->tx = x_alloc(n * sizeof(*l->tx));
		l->arena = x_malloc(n * l->slot);
		rc = sign_all(&s, e);
	}
	if (rc < 0)
		bench_load_free(l);
	free(s.data);
	return rc;
}

void bench_load_free(struct bench_load *l)
{
	free(l->tx);
	free(l->arena);
	free(l->nonce_offsets);
	*l = (struct bench_load){0};
}

struct bench_tx *bench_load_find(struct bench_load *l, struct ord_bytes envelope)
{
	for (size_t i = 0; i < l->n_identities; i++) {
		size_t at = l->nonce_offsets[i];
		uint64_t index;

		if (envelope.len < at + WIRE_NONCE_LEN ||
		    memcmp(envelope.data + at, l->run_id, sizeof(l->run_id)) != 0)
			continue;
		index = get_be64(envelope.data + at + sizeof(l->run_id));
		if (index < l->n && bytes_eq(l->tx[index].envelope, envelope))
			return &l->tx[index];
	}
	return NULL;
}
