/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted array: most offsets come at its end and go at its beginning. */
#include "awaiting.h"

#include <stdlib.h>
#include <string.h>

/* The first that is not below @offset; a->n: none. */
static size_t place_of(const struct kafka_awaiting *a, int64_t offset)
{
	size_t low = 0, high = a->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (a->all[middle] < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool awaiting_has(const struct kafka_awaiting *a, int64_t offset)
{
	size_t i = place_of(a, offset);

	return i < a->n && a->all[i] == offset;
}

static void drop_at(struct kafka_awaiting *a, size_t i)
{
	a->n--;
	memmove(a->all + i, a->all + i + 1, (a->n - i) * sizeof(*a->all));
}

void awaiting_drop(struct kafka_awaiting *a, int64_t offset)
{
	if (awaiting_has(a, offset))
		drop_at(a, place_of(a, offset));
}

bool awaiting_add(struct kafka_awaiting *a, int64_t offset)
{
	bool room = a->n < KAFKA_AWAITING_MAX;

	if (!room)
		drop_at(a, 0);
	if (a->n == a->cap) {
		a->cap = a->cap ? 2 * a->cap : 64;
		a->all = realloc(a->all, a->cap * sizeof(*a->all));
		if (!a->all)
			abort();
	}
	a->all[a->n++] = offset;
	return room;
}

void awaiting_fini(struct kafka_awaiting *a)
{
	free(a->all);
	*a = (struct kafka_awaiting){0};
}
