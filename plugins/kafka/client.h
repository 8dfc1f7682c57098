/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One producer and one consumer for all channels whose ordering configuration names the same
 * brokers.
 */
#ifndef KAFKA_CLIENT_H
#define KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>

#include "metrics.h"
#include "settings.h"

enum kafka_notice {
	KAFKA_ALL_DOWN, /* no broker can be reached; librdkafka goes on trying */
	KAFKA_FATAL     /* the producer can no longer promise "once": another client is needed */
};

/* One that wants to know how the client fares. */
struct kafka_watch {
	/** On any thread; must not block or call back. */
	void (*notice)(struct kafka_watch *w, enum kafka_notice what);
	struct kafka_watch *next;
};

struct kafka_client {
	rd_kafka_t *producer, *consumer;
	/* the registry's: */
	struct kafka_clients *all;
	struct kafka_client *next;
	char *brokers; /* "host:port,host:port" */
	unsigned refs;
	bool fatal; /* nobody else gets it */
	struct kafka_watch *watches;
};

/* All of a process. */
struct kafka_clients {
	const struct ord_host *host;
	const struct kafka_settings *settings;
	struct kafka_metrics *metrics;
	pthread_mutex_t lock; /* guards all below, and what is the registry's in each client */
	struct kafka_client *first;
};

void kafka_clients_init(struct kafka_clients *all, const struct ord_host *host,
			const struct kafka_settings *settings, struct kafka_metrics *metrics);
void kafka_clients_fini(struct kafka_clients *all);
/** The client for @brokers (NULL-terminated "host:port"), made when there is none.
 *  Blocks: no, brokers are connected to in the background.   Errors: ORD_EINVAL, ORD_EUNAVAIL. */
int kafka_client_get(struct kafka_clients *all, const char *const *brokers,
		     struct kafka_watch *watch, struct kafka_client **out, struct ord_err *e);
/** Is it the client for @brokers?   Thread: any. */
bool kafka_client_is_for(const struct kafka_client *c, const char *const *brokers);
/** What the consumer had to tell this thread while it consumed, if anything; told once. */
rd_kafka_resp_err_t kafka_client_complaint(void);
/** The last one ends it: messages still on their way are given up, some seconds later with @linger.
 *  Blocks: yes, then. */
void kafka_client_put(struct kafka_client *c, struct kafka_watch *watch, bool linger);

#endif /* KAFKA_CLIENT_H */
