/* SPDX-License-Identifier: Apache-2.0 */
/* The messages that were found out of date and have to come once more: a set of offsets. */
#ifndef KAFKA_AWAITING_H
#define KAFKA_AWAITING_H

#include <ordererd/consensus.h>

/* It stands in every block, so it has an end.  Orderers that are further behind the topic than a
 * quarter of it let clients wait (thread.c), and so never get there; what somebody else writes may.
 */
#define KAFKA_AWAITING_MAX 65536

/* Ascending, because offsets come that way. */
struct kafka_awaiting {
	int64_t *all;
	size_t n, cap;
};

/** @offset is larger than any before.  False: there was no room, and the oldest is given up. */
bool awaiting_add(struct kafka_awaiting *a, int64_t offset);
bool awaiting_has(const struct kafka_awaiting *a, int64_t offset);
void awaiting_drop(struct kafka_awaiting *a, int64_t offset);
void awaiting_fini(struct kafka_awaiting *a);

#endif /* KAFKA_AWAITING_H */
