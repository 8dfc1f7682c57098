/* SPDX-License-Identifier: Apache-2.0 */
/* What connects a chain to the brokers of its configuration.  All for the chain thread. */
#ifndef KAFKA_LINK_H
#define KAFKA_LINK_H

#include "chain.h"

struct kafka_link {
	struct kafka_watch watch;
	struct kafka_chain *chain;
	atomic_bool fatal; /* told by the client: another one is needed */
	struct kafka_topic topic;
	rd_kafka_topic_t *target; /* the producer's handle on it */
	unsigned aim;             /* the flight's at it */
	rd_kafka_queue_t *queue;  /* what was consumed; NULL: nothing is */
	bool greeted;             /* its CONNECT was posted */
	enum { KAFKA_LIMITS_NOT_ASKED, KAFKA_LIMITS_NOT_TOLD, KAFKA_LIMITS_KNOWN } limits;
};

/** Messages of the chain go there from now on. */
struct kafka_link *kafka_link_new(struct kafka_chain *c, struct ord_err *e);
/** @linger: wait for messages that are on their way.   Blocks: for some seconds at most, then. */
void kafka_link_free(struct kafka_link *l, bool linger);
/** Is the topic there, is it made if it may be, and does it hold what the chain consumes next?
 *  Blocks: yes.   Errors: ORD_EUNAVAIL for now; ORD_EINTERNAL it does not hold that. */
int kafka_link_check(struct kafka_link *l, struct ord_err *e);
/** Learn the limits of the topic, if they are not known, and say what in them will be trouble some
 *  day.   Blocks: yes. */
void kafka_link_limits(struct kafka_link *l);
int kafka_link_consume(struct kafka_link *l, struct ord_err *e);
void kafka_link_pause(struct kafka_link *l);

#endif /* KAFKA_LINK_H */
