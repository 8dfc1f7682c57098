/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recent blocks of all ledgers, bounded in bytes.  Blocks just appended and blocks read from disk
 * stand in two lists, so that someone who reads a whole chain does not push out the tips that all
 * the others are about to ask for.  A block that somebody still sends takes memory anyway: it stays
 * findable, up to twice the bound.
 */
#include "ledger_priv.h"

#include <stdlib.h>

#define BUCKETS    1024
#define OVERHEAD   512 /* bytes of a block beside its encoding */
#define READ_SHARE 4   /* fresh blocks give way when read ones take less than 1/4 */
#define SPARE_MAX  16  /* blocks in use that one put() passes over */

struct entry {
	const struct ledger *ledger;
	struct ord_block *block;
	struct entry *chain;       /* in the bucket */
	struct entry *prev, *next; /* in the list, colder and warmer */
	size_t bytes;
	bool fresh;
};

struct ledger_cache {
	pthread_mutex_t lock; /* guards everything below */
	size_t max;
	size_t bytes[2];      /* by fresh */
	struct entry ends[2]; /* list heads: next is the coldest, prev the warmest */
	struct entry *buckets[BUCKETS];
};

struct ledger_cache *ledger_cache_new(size_t max_bytes)
{
	struct ledger_cache *c = x_alloc(sizeof(*c));

	pthread_mutex_init(&c->lock, NULL);
	c->max = max_bytes;
	for (int i = 0; i < 2; i++)
		c->ends[i].prev = c->ends[i].next = &c->ends[i];
	return c;
}

static struct entry **bucket(struct ledger_cache *c, const struct ledger *l, uint64_t number)
{
	uint64_t h = ((uint64_t)(uintptr_t)l / 64 + number) * UINT64_C(0x9e3779b97f4a7c15);

	return &c->buckets[h >> 32 & (BUCKETS - 1)];
}

static struct entry **find(struct ledger_cache *c, const struct ledger *l, uint64_t number)
{
	struct entry **p = bucket(c, l, number);

	while (*p && ((*p)->ledger != l || (*p)->block->number != number))
		p = &(*p)->chain;
	return p;
}

static void unlist(struct entry *x)
{
	x->prev->next = x->next;
	x->next->prev = x->prev;
}

static void list_warmest(struct ledger_cache *c, struct entry *x)
{
	struct entry *end = &c->ends[x->fresh];

	x->next = end;
	x->prev = end->prev;
	x->prev->next = x->next->prev = x;
}

static void evict(struct ledger_cache *c, struct entry *x)
{
	struct entry **p = find(c, x->ledger, x->block->number);

	util_assert(*p == x);
	*p = x->chain;
	unlist(x);
	c->bytes[x->fresh] -= x->bytes;
	block_unref(x->block);
	free(x);
}

static size_t total(const struct ledger_cache *c)
{
	return c->bytes[0] + c->bytes[1];
}

static void shrink(struct ledger_cache *c)
{
	int spared = 0;

	while (total(c) > c->max) {
		bool fresh = c->bytes[1] > 0 && c->bytes[0] <= c->max / READ_SHARE;
		struct entry *x = c->ends[fresh].next;

		if (spared < SPARE_MAX && total(c) <= 2 * c->max &&
		    atomic_load(&x->block->refs) > 1) {
			unlist(x);
			list_warmest(c, x);
			spared++;
		} else if (total(c) <= 2 * c->max && spared == SPARE_MAX) {
			return;
		} else {
			evict(c, x);
		}
	}
}

struct ord_block *ledger_cache_get(struct ledger_cache *c, const struct ledger *l, uint64_t number)
{
	struct ord_block *b = NULL;
	struct entry *x;

	pthread_mutex_lock(&c->lock);
	x = *find(c, l, number);
	if (x) {
		unlist(x);
		list_warmest(c, x);
		b = block_ref(x->block);
	}
	pthread_mutex_unlock(&c->lock);
	return b;
}

void ledger_cache_put(struct ledger_cache *c, const struct ledger *l, struct ord_block *b,
		      bool fresh)
{
	struct entry **p, *x;

	pthread_mutex_lock(&c->lock);
	p = find(c, l, b->number);
	if (!*p) {
		x = x_alloc(sizeof(*x));
		*x = (struct entry){.ledger = l,
				    .block = block_ref(b),
				    .bytes = b->encoded.cap + OVERHEAD,
				    .fresh = fresh};
		*p = x;
		list_warmest(c, x);
		c->bytes[fresh] += x->bytes;
		shrink(c);
	}
	pthread_mutex_unlock(&c->lock);
}

static void drop(struct ledger_cache *c, const struct ledger *l)
{
	for (int fresh = 0; fresh < 2; fresh++) {
		struct entry *end = &c->ends[fresh], *next;

		for (struct entry *x = end->next; x != end; x = next) {
			next = x->next;
			if (!l || x->ledger == l)
				evict(c, x);
		}
	}
}

void ledger_cache_drop(struct ledger_cache *c, const struct ledger *l)
{
	pthread_mutex_lock(&c->lock);
	drop(c, l);
	pthread_mutex_unlock(&c->lock);
}

void ledger_cache_free(struct ledger_cache *c)
{
	drop(c, NULL);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
