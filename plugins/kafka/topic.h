/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A channel's topic as its brokers describe it: is it there, what does it take, what does it still
 * hold.  Every function blocks until the brokers answer, for some seconds at most.
 */
#ifndef KAFKA_TOPIC_H
#define KAFKA_TOPIC_H

#include "client.h"

struct kafka_topic {
	struct kafka_client *client;
	const char *name;
	rd_kafka_topic_t *source; /* the consumer's handle on it */
	int32_t broker;           /* that answered last */
};

struct kafka_limits {
	int64_t max_message; /* bytes; -1: not known, and so on */
	int64_t retention_ms, retention_bytes;
	int64_t min_insync;
	bool compacted;
};
#define KAFKA_NO_LIMITS ((struct kafka_limits){-1, -1, -1, -1, false})

/** ORD_ENOENT: there is no such topic.  ORD_EUNAVAIL: why it cannot be used now. */
int kafka_topic_find(struct kafka_topic *t, struct ord_err *e);
/** One partition, @replication copies (0: the brokers' default).  0 also when somebody else was
 * faster. */
int kafka_topic_create(const struct kafka_topic *t, uint32_t replication, struct ord_err *e);
/** What its configuration says; after kafka_topic_find().
 *  Errors: ORD_EUNAVAIL why that is not told; then nothing is known. */
int kafka_topic_limits(const struct kafka_topic *t, struct kafka_limits *out, struct ord_err *e);
/** The oldest offset that it holds, and the one that the next message gets. */
int kafka_topic_offsets(const struct kafka_topic *t, int64_t *oldest, int64_t *next,
			struct ord_err *e);
/** How many messages behind @next are known?   Blocks: no. */
int64_t kafka_topic_behind(const struct kafka_topic *t, int64_t next);
/** Can a message be written now?  Asks, and writes nothing.  @min_insync: of the limits. */
int kafka_topic_health(struct kafka_topic *t, int64_t min_insync, struct ord_err *e);

#endif /* KAFKA_TOPIC_H */
