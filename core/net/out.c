/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output queues: runs of bytes in counted nodes.  A stream has one for its messages, a connection
 * one for its frames; what moves from the first to the second is references, so that a block that
 * is delivered to many is in memory once and is copied by the kernel only.
 */
#include <net/net_priv.h>
#include <stdlib.h>

/* Measured: up to some kilobytes a copy costs less than a node, an iovec and a cold malloc later.
 */
#define OUT_ROOM       960u /* with the header a size that malloc keeps per thread */
#define OUT_MORE_ROOM  8192u
#define OUT_SHARE_MIN  ((size_t)4096)
#define OUT_FIRST_RING 8u

struct out_node {
	uint32_t refs;
	uint32_t used, cap; /* cap 0: the bytes are the owner's */
	void (*release)(void *owner);
	void *owner;
	uint8_t room[];
};

static struct out_node *node_new(size_t cap)
{
	struct out_node *n = x_malloc(sizeof(*n) + cap);

	util_assert(cap <= UINT32_MAX);
	*n = (struct out_node){.refs = 1, .cap = (uint32_t)cap};
	return n;
}

static void node_unref(struct out_node *n)
{
	if (--n->refs)
		return;
	if (n->release)
		n->release(n->owner);
	free(n);
}

static struct out_slice *slot(const struct outq *q, uint32_t i)
{
	return &q->ring[(q->head + i) & (q->cap - 1)];
}

static void grow(struct outq *q)
{
	uint32_t cap = q->cap ? 2 * q->cap : OUT_FIRST_RING;
	struct out_slice *ring = x_malloc(cap * sizeof(*ring));

	for (uint32_t i = 0; i < q->len; i++)
		ring[i] = *slot(q, i);
	free(q->ring);
	q->ring = ring;
	q->head = 0;
	q->cap = cap;
}

/* Takes the reference to @n. */
static void push(struct outq *q, const uint8_t *data, size_t len, struct out_node *n)
{
	if (q->len == q->cap)
		grow(q);
	*slot(q, q->len++) = (struct out_slice){data, len, n};
	q->bytes += len;
}

static void pop(struct outq *q)
{
	q->bytes -= slot(q, 0)->len;
	q->head = (q->head + 1) & (q->cap - 1);
	if (--q->len == 0)
		outq_fini(q); /* an idle stream keeps nothing */
}

/* The last slice, when @n more bytes fit right behind it. */
static struct out_slice *extendable(const struct outq *q, size_t n)
{
	struct out_slice *s;

	if (q->len == 0)
		return NULL;
	s = slot(q, q->len - 1);
	if (s->node->cap - s->node->used < n || s->data + s->len != s->node->room + s->node->used)
		return NULL;
	return s;
}

void outq_copy(struct outq *q, const void *p, size_t n)
{
	struct out_slice *s;

	if (n == 0)
		return;
	s = extendable(q, n);
	if (!s) {
		bool many = q->len > 0 && slot(q, q->len - 1)->node->cap > 0;
		size_t room = many ? OUT_MORE_ROOM : OUT_ROOM;
		struct out_node *node = node_new(n > room ? n : room);

		push(q, node->room, 0, node);
		s = slot(q, q->len - 1);
	}
	memcpy(s->node->room + s->node->used, p, n);
	s->node->used += (uint32_t)n;
	s->len += n;
	q->bytes += n;
}

void outq_share(struct outq *q, struct ord_bytes b, void (*release)(void *), void *owner)
{
	if (release && b.len >= OUT_SHARE_MIN) {
		struct out_node *node = node_new(0);

		node->release = release;
		node->owner = owner;
		push(q, b.data, b.len, node);
		return;
	}
	outq_copy(q, b.data, b.len);
	if (release)
		release(owner);
}

void outq_move(struct outq *to, struct outq *from, size_t n)
{
	util_assert(n <= from->bytes);
	while (n > 0) {
		struct out_slice *s = slot(from, 0);
		size_t take = s->len < n ? s->len : n;

		if (take < OUT_SHARE_MIN) {
			outq_copy(to, s->data, take);
		} else {
			s->node->refs++;
			push(to, s->data, take, s->node);
		}
		outq_drop(from, take);
		n -= take;
	}
}

int outq_iov(const struct outq *q, struct iovec *iov, int max)
{
	int n = 0;

	for (; n < max && (uint32_t)n < q->len; n++) {
		struct out_slice *s = slot(q, (uint32_t)n);

		iov[n] = (struct iovec){(void *)(uintptr_t)s->data, s->len};
	}
	return n;
}

size_t outq_peek(const struct outq *q, uint8_t *to, size_t max)
{
	size_t n = 0;

	for (uint32_t i = 0; i < q->len && n < max; i++) {
		struct out_slice *s = slot(q, i);
		size_t take = s->len < max - n ? s->len : max - n;

		memcpy(to + n, s->data, take);
		n += take;
	}
	return n;
}

void outq_drop(struct outq *q, size_t n)
{
	while (n > 0) {
		struct out_slice *s = slot(q, 0);

		if (n < s->len) {
			s->data += n;
			s->len -= n;
			q->bytes -= n;
			return;
		}
		n -= s->len;
		node_unref(s->node);
		pop(q);
	}
}

void outq_fini(struct outq *q)
{
	for (uint32_t i = 0; i < q->len; i++)
		node_unref(slot(q, i)->node);
	free(q->ring);
	*q = (struct outq){NULL, 0, 0, 0, 0};
}
