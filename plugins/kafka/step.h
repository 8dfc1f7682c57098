/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The consensus logic of the kafka plugin, pure: from what stands in a channel's topic to blocks
 * (spec 6.8).  It knows no broker, no thread and no clock of its own, so a test can run any number
 * of chains over one log, in virtual time.
 */
#ifndef KAFKA_STEP_H
#define KAFKA_STEP_H

#include "state.h"

struct kafka_event {
	enum kafka_event_type {
		KAFKA_CONSUMED, /* the message at @offset: its value */
		KAFKA_EXPIRED   /* the batch timer */
	} type;
	int64_t offset;
	struct ord_bytes value;
};

/* What a step may bring about, besides writing blocks through the support. */
struct kafka_effects {
	struct ord_support *support;
	/* Of the channel's configuration; look again after every config block. */
	bool resubmission; /* the channel has left the ways of Fabric 1.0 */
	bool exactly_once; /* no Go orderer consumes the topic: see copies.h */
	/** Append a message to the topic, behind those before it: no client waits for it.  A copy
	 * that the topic does not take, ever, becomes kafka_rejected().  Must not block. */
	void (*post)(const struct kafka_effects *fx, struct ord_bytes message);
	/** Wait until all that was posted stands in the topic.  False: the chain halts instead. */
	bool (*delivered)(const struct kafka_effects *fx);
};

/** One event, handled to its end.  False: the chain halts, and the event is to come again.
 *  Thread: chain. */
bool kafka_step(struct kafka_state *st, const struct kafka_event *event,
		const struct kafka_effects *fx);

#endif /* KAFKA_STEP_H */
