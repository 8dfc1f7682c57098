/* SPDX-License-Identifier: Apache-2.0 */
/* The messages that were found out of date and have to come once more: a set of offsets. */
#ifndef KAFKA_AWAITING_H
#define KAFKA_AWAITING_H

#include <ordererd/consensus.h>

#define KAFKA_AWAITING_MAX 65536 /* beyond, the oldest is given up: nobody answers for it */

/* Ascending, because offsets come that way. */
struct kafka_awaiting {
	int64_t *all;
	size_t n, cap;
};

/** @offset is larger than any before. */
void awaiting_add(struct kafka_awaiting *a, int64_t offset);
bool awaiting_has(const struct kafka_awaiting *a, int64_t offset);
void awaiting_drop(struct kafka_awaiting *a, int64_t offset);
void awaiting_fini(struct kafka_awaiting *a);

#endif /* KAFKA_AWAITING_H */
