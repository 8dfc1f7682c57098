/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The consensus logic of the kafka plugin, pure: from what stands in a channel's topic to blocks
 * (spec 6.8).  It knows no broker, no thread and no clock of its own, so a test can run any number
 * of chains over one log, in virtual time.
 */
#ifndef KAFKA_STEP_H
#define KAFKA_STEP_H

#include "awaiting.h"

#define KAFKA_OLDEST (-2) /* an offset: the oldest message there is */

/* What a chain remembers between messages.  The first four stand in every block's metadata. */
struct kafka_state {
	int64_t persisted;   /* offset of the last message that is in a block, or before it */
	int64_t original;    /* highest original offset of a resubmission that was ordered */
	int64_t resubmitted; /* original offset of the last config message sent again */
	struct kafka_awaiting awaiting; /* messages to be sent again, or sent and not back */
	uint64_t last_cut;              /* number of the last block */
	bool posted;                    /* something that may not stand in the topic yet */
	uint64_t wait_ns;  /* BatchTimeout while a message waits in the cutter; 0: none does */
	uint64_t timer_at; /* when the batch timer expires; ORD_NEVER: it does not run */
};

struct kafka_event {
	enum kafka_event_type {
		KAFKA_CONSUMED, /* the message at @offset: its value */
		KAFKA_EXPIRED,  /* the batch timer */
		KAFKA_LOST      /* a message of ours for the topic could not be delivered */
	} type;
	int64_t offset;
	struct ord_bytes value;
};

/* What a step may bring about, besides writing blocks through the support. */
struct kafka_effects {
	struct ord_support *support;
	bool resubmission; /* the channel has left the ways of Fabric 1.0 */
	bool exactly_once; /* and no Go orderer consumes the topic */
	/** Append a message to the topic: no client waits for it.  Must not block. */
	void (*post)(const struct kafka_effects *fx, struct ord_bytes message);
	/** Wait until all that was posted stands in the topic.  False: the chain halts instead. */
	bool (*delivered)(const struct kafka_effects *fx);
};

/** Where a chain stands whose last block has @metadata, at height @height.
 *  Errors: ORD_EINVAL the metadata is no KafkaMetadata. */
int kafka_resume(struct kafka_state *st, struct ord_bytes metadata, uint64_t height,
		 struct ord_err *e);
/** The offset to consume next. */
int64_t kafka_next_offset(const struct kafka_state *st);
/** Must new messages wait, because a config message was sent again and is not ordered yet? */
bool kafka_is_blocked(const struct kafka_state *st);
void kafka_state_fini(struct kafka_state *st);
/** One event, handled to its end.  False: the chain halts, and the event is to come again.
 *  Thread: chain. */
bool kafka_step(struct kafka_state *st, const struct kafka_event *event,
		const struct kafka_effects *fx);

#endif /* KAFKA_STEP_H */
