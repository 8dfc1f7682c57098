/* SPDX-License-Identifier: Apache-2.0 */
/* Timers of one loop: a binary heap of timers that live in their owners. */
#include <net/net_priv.h>
#include <stdlib.h>

static void put(struct timers *h, uint32_t pos, struct timer *t)
{
	h->heap[pos - 1] = t;
	t->pos = pos;
}

static void sift_up(struct timers *h, uint32_t pos, struct timer *t)
{
	for (; pos > 1 && h->heap[pos / 2 - 1]->at_ns > t->at_ns; pos /= 2)
		put(h, pos, h->heap[pos / 2 - 1]);
	put(h, pos, t);
}

static void sift_down(struct timers *h, uint32_t pos, struct timer *t)
{
	for (;;) {
		uint32_t child = 2 * pos;

		if (child > h->len)
			break;
		if (child < h->len && h->heap[child]->at_ns < h->heap[child - 1]->at_ns)
			child++;
		if (h->heap[child - 1]->at_ns >= t->at_ns)
			break;
		put(h, pos, h->heap[child - 1]);
		pos = child;
	}
	put(h, pos, t);
}

void timer_clear(struct timers *h, struct timer *t)
{
	uint32_t pos = t->pos;
	struct timer *last;

	if (pos == 0)
		return;
	t->pos = 0;
	last = h->heap[--h->len];
	if (last != t) {
		sift_down(h, pos, last);
		sift_up(h, last->pos, last);
	}
	if (h->len == 0) {
		free(h->heap);
		*h = (struct timers){NULL, 0, 0};
	}
}

void timer_set(struct timers *h, struct timer *t, uint64_t at_ns)
{
	timer_clear(h, t);
	if (at_ns == CLOCK_NEVER)
		return;
	t->at_ns = at_ns;
	if (h->len == h->cap) {
		h->cap = h->cap ? 2 * h->cap : 64;
		h->heap = x_realloc(h->heap, h->cap * sizeof(struct timer *));
	}
	sift_up(h, ++h->len, t);
}

uint64_t timers_next(const struct timers *h)
{
	return h->len ? h->heap[0]->at_ns : CLOCK_NEVER;
}

void timers_fire(struct timers *h, uint64_t now_ns)
{
	while (timers_next(h) <= now_ns) {
		struct timer *t = h->heap[0];

		timer_clear(h, t);
		t->fire(t);
	}
}
