/* SPDX-License-Identifier: Apache-2.0 */
/* Durations by how long they were, in the bounds that Prometheus' own libraries take. */
#include <util/util.h>

const double histogram_bounds[HISTOGRAM_BOUNDS] = {.005, .01, .025, .05, .1, .25,
						   .5,   1,   2.5,  5,   10};

void histogram_observe(struct histogram *h, uint64_t ns)
{
	const double *bounds = h->bounds ? h->bounds : histogram_bounds;
	double seconds = (double)ns / (double)CLOCK_SEC_NS;
	size_t i = 0;

	while (i < HISTOGRAM_BOUNDS && bounds[i] > 0 && seconds > bounds[i])
		i++;
	atomic_fetch_add_explicit(&h->sum_ns, ns, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->buckets[i], 1, memory_order_relaxed);
}

uint64_t histogram_read(const struct histogram *h, struct histogram_sum *out)
{
	uint64_t below = 0;

	out->bounds = h->bounds;
	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++)
		out->buckets[i] = below +=
			atomic_load_explicit(&h->buckets[i], memory_order_relaxed);
	out->count =
		below + atomic_load_explicit(&h->buckets[HISTOGRAM_BOUNDS], memory_order_relaxed);
	out->seconds = (double)atomic_load_explicit(&h->sum_ns, memory_order_relaxed) /
		       (double)CLOCK_SEC_NS;
	return out->count;
}
