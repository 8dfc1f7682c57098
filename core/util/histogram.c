/* SPDX-License-Identifier: Apache-2.0 */
/* Durations by how long they were, in the bounds that Prometheus' own libraries take. */
#include <util/util.h>

const double histogram_bounds[HISTOGRAM_BOUNDS] = {.005, .01, .025, .05, .1, .25,
						   .5,   1,   2.5,  5,   10};

static const uint64_t bounds_ns[HISTOGRAM_BOUNDS] = {
	5 * CLOCK_MS_NS,    10 * CLOCK_MS_NS,  25 * CLOCK_MS_NS,  50 * CLOCK_MS_NS,
	100 * CLOCK_MS_NS,  250 * CLOCK_MS_NS, 500 * CLOCK_MS_NS, 1000 * CLOCK_MS_NS,
	2500 * CLOCK_MS_NS, 5 * CLOCK_SEC_NS,  10 * CLOCK_SEC_NS};

void histogram_observe(struct histogram *h, uint64_t ns)
{
	size_t i = 0;

	while (i < HISTOGRAM_BOUNDS && ns > bounds_ns[i])
		i++;
	atomic_fetch_add_explicit(&h->sum_ns, ns, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->buckets[i], 1, memory_order_relaxed);
}

uint64_t histogram_read(const struct histogram *h, struct histogram_sum *out)
{
	uint64_t below = 0;

	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++)
		out->buckets[i] = below +=
			atomic_load_explicit(&h->buckets[i], memory_order_relaxed);
	out->count =
		below + atomic_load_explicit(&h->buckets[HISTOGRAM_BOUNDS], memory_order_relaxed);
	out->seconds = (double)atomic_load_explicit(&h->sum_ns, memory_order_relaxed) /
		       (double)CLOCK_SEC_NS;
	return out->count;
}
