/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which messages have to come once more, and which of their copies come too late.
 *
 * A copy tells which message it is of by its original offset.  By Go's rule an orderer remembers
 * the highest of those that were ordered, and discards what is not above it; that orders a message
 * twice when its copy is left behind by a full block, or when several orderers' copies are out of
 * date once more.  By ours (exactly_once) it remembers which messages are awaited: a copy is
 * ordered if its message is among them, and then it is not any more.
 *
 * A configuration may change from one rule to the other at any time.  So every message keeps the
 * rule that it was first consumed by, and its copies are judged by that.  They are all out of date
 * when they come after a change, for it came with a configuration; the first of them becomes a
 * message of the new rule, and the others come too late.  What was consumed by Go's rule is judged
 * by nothing that Go's orderers do not write: their ledgers can be taken over.
 */
#ifndef KAFKA_COPIES_H
#define KAFKA_COPIES_H

#include "awaiting.h"

/* Even: older changes are forgotten in pairs, and what is older than all is Go's. */
#define KAFKA_SWITCHES_MAX 8

struct kafka_copies {
	struct kafka_awaiting awaiting; /* messages to be sent again, or sent and not back */
	int64_t original;               /* highest original offset that was ordered, Go's rule */
	int64_t switched[KAFKA_SWITCHES_MAX]; /* first offsets of the other rule, ascending */
	size_t n_switched;
};

/** The rule for the message at @offset and for those that follow. */
void kafka_copies_rule(struct kafka_copies *c, int64_t offset, bool exactly_once);
/** Is a copy of @original too late?  @original 0: it is no copy. */
bool kafka_copies_late(const struct kafka_copies *c, int64_t original);
/** The message at @offset, itself a copy of @original or 0, has to come once more, and is what the
 *  next copies are of.  False: there are too many; copies of the oldest come too late from now on.
 */
bool kafka_copies_await(struct kafka_copies *c, int64_t original, int64_t offset);
/** A copy of @original is ordered.  @forget: Go's orderers do. */
void kafka_copies_ordered(struct kafka_copies *c, int64_t original, bool forget);
/** No copy of @original is awaited any more. */
void kafka_copies_drop(struct kafka_copies *c, int64_t original);
void kafka_copies_fini(struct kafka_copies *c);

#endif /* KAFKA_COPIES_H */
