/* SPDX-License-Identifier: Apache-2.0 */
/* Two rules for copies, and which of them a message was consumed by. */
#include "copies.h"

#include <string.h>

static bool is_exact(const struct kafka_copies *c)
{
	return c->n_switched % 2 != 0;
}

/* By which rule was the message at @offset consumed? */
static bool was_exact(const struct kafka_copies *c, int64_t offset)
{
	size_t n = 0;

	while (n < c->n_switched && c->switched[n] <= offset)
		n++;
	return n % 2 != 0;
}

/* What Go's rule awaits is known to those only that consumed it, and all must know the same. */
static void forget_gos(struct kafka_copies *c)
{
	struct kafka_awaiting *a = &c->awaiting;
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		if (was_exact(c, a->all[i]))
			a->all[n++] = a->all[i];
	a->n = n;
}

void kafka_copies_rule(struct kafka_copies *c, int64_t offset, bool exactly_once)
{
	if (exactly_once == is_exact(c))
		return;
	if (c->n_switched == KAFKA_SWITCHES_MAX) {
		c->n_switched -= 2;
		memmove(c->switched, c->switched + 2, c->n_switched * sizeof(c->switched[0]));
	}
	c->switched[c->n_switched++] = offset;
	if (exactly_once)
		forget_gos(c);
}

bool kafka_copies_late(const struct kafka_copies *c, int64_t original)
{
	if (original == 0)
		return false;
	return was_exact(c, original) ? !awaiting_has(&c->awaiting, original)
				      : original <= c->original;
}

bool kafka_copies_await(struct kafka_copies *c, int64_t original, int64_t offset)
{
	if (original != 0 && is_exact(c) && !was_exact(c, original))
		c->original = original; /* was below: its other copies are late from now on */
	awaiting_drop(&c->awaiting, original);
	/* a copy of the first message is none; a topic begins with a CONNECT */
	return offset <= 0 || awaiting_add(&c->awaiting, offset);
}

void kafka_copies_ordered(struct kafka_copies *c, int64_t original, bool forget)
{
	awaiting_drop(&c->awaiting, original);
	if (original != 0 && !was_exact(c, original) && !forget)
		c->original = original;
}

void kafka_copies_drop(struct kafka_copies *c, int64_t original)
{
	awaiting_drop(&c->awaiting, original);
}

void kafka_copies_fini(struct kafka_copies *c)
{
	awaiting_fini(&c->awaiting);
}
