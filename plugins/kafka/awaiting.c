/* SPDX-License-Identifier: Apache-2.0 */
#include "awaiting.h"

#include <stdlib.h>
#include <string.h>

struct kafka_awaited *awaiting_find(const struct kafka_awaiting *a, int64_t offset)
{
	size_t low = 0, high = a->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (a->all[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < a->n && a->all[low].offset == offset ? &a->all[low] : NULL;
}

static void drop(struct kafka_awaiting *a, struct kafka_awaited *one)
{
	a->n--;
	memmove(one, one + 1, (size_t)(a->all + a->n - one) * sizeof(*one));
}

void awaiting_drop(struct kafka_awaiting *a, int64_t offset)
{
	struct kafka_awaited *one = awaiting_find(a, offset);

	if (one)
		drop(a, one);
}

void awaiting_add(struct kafka_awaiting *a, int64_t offset)
{
	if (a->n == KAFKA_AWAITING_MAX)
		drop(a, a->all);
	if (a->n == a->cap) {
		a->cap = a->cap ? 2 * a->cap : 64;
		a->all = realloc(a->all, a->cap * sizeof(*a->all));
		if (!a->all)
			abort();
	}
	a->all[a->n++] = (struct kafka_awaited){.offset = offset};
}

void awaiting_fini(struct kafka_awaiting *a)
{
	free(a->all);
	*a = (struct kafka_awaiting){0};
}
