/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of one chain that are on their way to its topic: from the producer's queue until the
 * broker's acknowledgement.  A client's message is refused when that takes too long; one of the
 * chain's own is sent again until it stands in the topic.
 */
#ifndef KAFKA_FLIGHT_H
#define KAFKA_FLIGHT_H

#include <librdkafka/rdkafka.h>

#include "message.h"

/* What the topic has to take beyond a message: the record and the batch around it, and what a
 * config message grows by when another orderer makes it anew. */
#define KAFKA_HEADROOM 4096

/* What clients read, in Fabric's words. */
#define KAFKA_CANNOT_TEXT "cannot enqueue"
#define KAFKA_HALTED_TEXT "consenter for this channel has been halted"

struct kafka_flight;

/** @wake: called on any thread when something happened that the chain thread may be waiting for; it
 *  must not block or call back.  @patience_ns: how long a client waits for the acknowledgement. */
struct kafka_flight *kafka_flight_new(struct ord_support *s, uint64_t patience_ns,
				      void (*wake)(void *arg), void *arg);
/** From now on messages go to @topic, of the producer.  For kafka_flight_miss(): a producer that is
 * asked twice gives the same pointer. */
unsigned kafka_flight_aim(struct kafka_flight *f, rd_kafka_topic_t *topic);
/** What is sent at once may have @bytes.  A client's message that leaves no room for being sent
 *  again is refused. */
void kafka_flight_limit(struct kafka_flight *f, int64_t bytes);
/** No message goes any more to where @aim was at. */
void kafka_flight_miss(struct kafka_flight *f, unsigned aim);
/** A client's message.  On 0 @t is settled by the acknowledgement, on < 0 it stays the caller's.
 *  Thread: any.   Owns: takes @take.data.   Errors: ORD_EUNAVAIL, ORD_ETOOBIG, ORD_ECLOSED. */
int kafka_flight_send(struct kafka_flight *f, struct kafka_bytes take, struct ord_ticket *t,
		      struct ord_err *e);
/** A message of the chain's own.  They come into the topic in the order of the calls. */
void kafka_flight_post(struct kafka_flight *f, struct ord_bytes message);
/** Does all that was posted stand in the topic? */
bool kafka_flight_landed(struct kafka_flight *f);

struct kafka_flight_news {
	bool landed;  /* all that was posted stands in the topic */
	bool overdue; /* clients were refused because they had waited too long */
	/* Why the brokers refused a message since the last call, unless that was wrong with the
	 * message alone. */
	rd_kafka_resp_err_t refusal;
	uint64_t due; /* when to tend it again */
};

/** Refuse clients that have waited too long, and send again what is to be sent again by now.
 *  Thread: chain. */
struct kafka_flight_news kafka_flight_tend(struct kafka_flight *f);
/** Is it that there is no such topic, whoever says so? */
bool kafka_is_no_topic(rd_kafka_resp_err_t err);
/** Is no message on its way? */
bool kafka_flight_empty(struct kafka_flight *f);
/** Refuse every client that still waits, and everything that comes; never calls wake() again. */
void kafka_flight_close(struct kafka_flight *f);
/** Messages on their way keep what they need. */
void kafka_flight_unref(struct kafka_flight *f);

/** What became of a message, known by its opaque pointer.   Thread: the producer's events'. */
void kafka_flight_report(void *opaque, rd_kafka_resp_err_t err);

#endif /* KAFKA_FLIGHT_H */
