/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of a channel.  Rows are added by the first message of a kind and stay, so that
 * counting takes no lock. */
#include <stdlib.h>

#include "channel_priv.h"

#define TYPE_UNKNOWN (-1) /* types come from anybody: all that Fabric has no name for are one */

static int32_t known_type(int32_t type)
{
	char tmp[12];

	return wire_header_type_name(type, tmp) == tmp ? TYPE_UNKNOWN : type;
}

static struct chan_handled *find(const struct chan_counts *c, int32_t type, int status)
{
	struct chan_handled *h = atomic_load_explicit(&c->handled, memory_order_acquire);

	while (h && (h->type != type || h->status != status))
		h = atomic_load_explicit(&h->next, memory_order_acquire);
	return h;
}

/* At the end, where whoever adds at the same time would add the same. */
static struct chan_handled *add(struct chan_counts *c, int32_t type, int status)
{
	struct chan_handled *new = x_alloc(sizeof(*new)), *h;
	struct chan_handled *_Atomic *end = &c->handled;

	new->type = type;
	new->status = status;
	for (;;) {
		h = NULL;
		if (atomic_compare_exchange_strong(end, &h, new))
			return new;
		if (h->type == type && h->status == status)
			break;
		end = &h->next;
	}
	free(new);
	return h;
}

struct chan_handled *chan_handled(struct chan_counts *c, int32_t type, int status)
{
	struct chan_handled *h = find(c, type, status);

	if (h)
		return h;
	type = known_type(type);
	h = find(c, type, status);
	return h ? h : add(c, type, status);
}

const char *chan_handled_type(const struct chan_handled *h, char tmp[static 12])
{
	return h->type == TYPE_UNKNOWN ? "unknown" : wire_header_type_name(h->type, tmp);
}

void chan_counts_init(struct chan_counts *c)
{
	static const double commit_bounds[HISTOGRAM_BOUNDS] = {.005, .01, .015, .05, .1, 1, 10};

	c->commit.bounds = commit_bounds;
}

void chan_counts_fini(struct chan_counts *c)
{
	struct chan_handled *h, *next;

	for (h = atomic_load(&c->handled); h; h = next) {
		next = atomic_load(&h->next);
		free(h);
	}
}

struct chan_counts *chan_counts(struct chan *c)
{
	return &c->counts;
}
