/* SPDX-License-Identifier: Apache-2.0 */
/* Where a chain stands: what it remembers between messages, and what of it is in every block. */
#ifndef KAFKA_STATE_H
#define KAFKA_STATE_H

#include "copies.h"
#include "message.h"

#define KAFKA_OLDEST (-2) /* an offset: the oldest message there is */

/* The first four stand in every block's metadata. */
struct kafka_state {
	int64_t persisted;   /* offset of the last message that is in a block, or before it */
	int64_t resubmitted; /* original offset of the last config message sent again */
	struct kafka_copies copies;
	int64_t left_behind; /* offset of a copy that the last block left behind; 0: none */
	uint64_t last_cut;   /* number of the last block */
	bool posted;         /* something that may not stand in the topic yet */
	uint64_t wait_ns;    /* BatchTimeout while a message waits in the cutter; 0: none does */
	uint64_t timer_at;   /* when the batch timer expires; ORD_NEVER: it does not run */
};

/** Where a chain stands whose last block has @metadata, at height @height; to be given to
 *  kafka_state_fini() in any case.
 *  Errors: ORD_EINVAL the metadata is not what a Kafka orderer writes. */
int kafka_resume(struct kafka_state *st, struct ord_bytes metadata, uint64_t height,
		 struct ord_err *e);
/** The metadata of the block that ends at @st->persisted. */
struct kafka_bytes kafka_state_metadata(const struct kafka_state *st);
/** The offset to consume next. */
int64_t kafka_next_offset(const struct kafka_state *st);
/** Must new messages wait, because a config message was sent again and is not ordered yet? */
bool kafka_is_blocked(const struct kafka_state *st);
void kafka_state_fini(struct kafka_state *st);

#endif /* KAFKA_STATE_H */
