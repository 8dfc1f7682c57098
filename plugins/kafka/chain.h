/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One chain: what the daemon asks of it (chain.c), what its own thread does (thread.c), and how
 * that is connected to the brokers (link.c).
 */
#ifndef KAFKA_CHAIN_H
#define KAFKA_CHAIN_H

#include <stdatomic.h>

#include "flight.h"
#include "rebase.h"
#include "step.h"
#include "topic.h"

#define KAFKA_WAKES 4 /* capacity of the inbox: one that waits already is enough */

/* The plugin as a whole. */
struct kafka {
	const struct ord_host *host;
	struct kafka_settings settings;
	struct kafka_clients clients;
	struct kafka_metrics *metrics;
};

struct kafka_link;

/* Clients that wait for the chain thread. */
struct kafka_tickets {
	struct ord_ticket **all;
	size_t n, cap;
};

enum kafka_phase {
	KAFKA_BOOTING, /* the brokers were not reached yet */
	KAFKA_RUNNING,
	KAFKA_ERRORED,    /* they were, and are not now */
	KAFKA_LOST_TOPIC, /* the topic does not hold what the ledger has to go on with: read-only */
	KAFKA_HALTED
};

struct kafka_chain {
	struct ord_chain chain; /* first, so that the host's pointer is ours */
	struct kafka *kafka;
	struct ord_support *s;
	const struct ord_support_ops *ops;
	struct ord_mailbox *inbox; /* wakes the chain thread; what comes does not matter */
	struct ord_thread *thread;
	struct kafka_flight *flight;
	atomic_bool halted;   /* it is to end */
	atomic_bool all_down; /* told by the client: no broker can be reached */

	pthread_mutex_t lock; /* guards these */
	enum kafka_phase phase;
	bool blocked;  /* clients have to wait: for a config message, or until it has caught up */
	char why[768]; /* the chain does not run */
	struct kafka_tickets ready, probes;

	/* the chain thread's */
	enum kafka_phase at; /* the phase, as it set it last */
	struct kafka_state st;
	struct kafka_effects fx;
	uint64_t sequence; /* of the configuration that fx and link are of */
	uint64_t begin;    /* pass over what comes before the note of this height; 0: nothing */
	int64_t next;      /* offset to consume */
	struct kafka_rebase rebase;
	struct kafka_link *link; /* to the brokers; NULL: none yet */
	struct kafka_link *old;  /* replaced, to be freed when nothing of it is in hand */
	struct kafka_limits limits;
	bool check;             /* the topic is not as it was: look before going on */
	bool heard;             /* something came out of the topic since the last greeting */
	uint64_t trouble_until; /* when trouble becomes an outage; ORD_NEVER: there is none */
	char refusal[512];      /* why messages are not taken, as it was told last */
	uint64_t renew_at;      /* not before then another client is taken */
	rd_kafka_resp_err_t unreadable; /* what the consumer said since the last message */
	uint64_t down_since;            /* the brokers were not reached; ORD_NEVER: they are */
	uint64_t say_at;                /* when to say so again */
	uint64_t pause_ns;              /* before the last try to come up */
	struct ord_err said;
	int64_t lag;      /* as told last */
	uint64_t lag_due; /* when to look at it again, under load */
};

/** Thread: control.   Errors: ORD_EINVAL the metadata is not Kafka's. */
int kafka_chain_new(struct kafka *k, struct ord_support *s, struct ord_bytes metadata,
		    struct ord_chain **out, struct ord_err *e);

/* For the chain thread. */

/** Change the phase; @why it does not run, if so. */
void kafka_chain_enter(struct kafka_chain *c, enum kafka_phase phase, const char *why);
void kafka_chain_block(struct kafka_chain *c, bool blocked);
/** Take all tickets of @list; free() the array. */
struct kafka_tickets kafka_chain_take(struct kafka_chain *c, struct kafka_tickets *list);
void kafka_chain_wake(void *chain); /* thread: any */

/* thread.c */
void kafka_chain_run(void *chain);

#endif /* KAFKA_CHAIN_H */
