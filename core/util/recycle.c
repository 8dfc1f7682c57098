/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large buffers that come and go (blocks) are kept for the next: a fresh megabyte from the system
 * costs 256 page faults, more than everything else that is done to a block when it is delivered.
 */
#include <stdlib.h>
#include <util/util.h>

#define SMALL     (64u * 1024)       /* bytes; below, malloc is good enough */
#define KEPT_MAX  8                  /* buffers */
#define KEPT_SIZE (4u * 1024 * 1024) /* bytes, all together */

static struct {
	pthread_mutex_t lock; /* guards the rest */
	struct buf kept[KEPT_MAX];
	size_t n, bytes;
} shelf = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The smallest kept buffer that holds @n bytes without wasting more than it holds. */
static bool take(size_t n, struct buf *b)
{
	size_t best = KEPT_MAX;

	pthread_mutex_lock(&shelf.lock);
	for (size_t i = 0; i < shelf.n; i++)
		if (shelf.kept[i].cap >= n && shelf.kept[i].cap / 2 <= n &&
		    (best == KEPT_MAX || shelf.kept[i].cap < shelf.kept[best].cap))
			best = i;
	if (best < KEPT_MAX) {
		*b = shelf.kept[best];
		shelf.bytes -= b->cap;
		shelf.kept[best] = shelf.kept[--shelf.n];
	}
	pthread_mutex_unlock(&shelf.lock);
	return best < KEPT_MAX;
}

void buf_take(struct buf *b, size_t n)
{
	util_assert(!b->data);
	if (n < SMALL || !take(n, b))
		buf_reserve(b, n);
	b->len = 0;
}

void buf_give(struct buf *b)
{
	bool kept = false;

	if (b->cap >= SMALL) {
		pthread_mutex_lock(&shelf.lock);
		kept = shelf.n < KEPT_MAX && shelf.bytes + b->cap <= KEPT_SIZE;
		if (kept) {
			shelf.kept[shelf.n++] = *b;
			shelf.bytes += b->cap;
		}
		pthread_mutex_unlock(&shelf.lock);
	}
	if (kept)
		*b = (struct buf)BUF_INIT;
	else
		buf_fini(b);
}

/* For leak checkers: nothing else ever empties the shelf. */
__attribute__((destructor)) static void clear(void)
{
	while (shelf.n > 0)
		buf_fini(&shelf.kept[--shelf.n]);
}
