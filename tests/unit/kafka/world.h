/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several orderers over one simulated topic: no threads, virtual time, and everything that a
 * network and a crash may do in between.  A message's text is its id and a dot; one with "!" in it
 * is valid only at the config sequence it was made for, one with "?" besides at every second
 * orderer.  A config message may have the new configuration in it, and behind "@" the sequence that
 * it was made at and applies at.
 *
 * world.c       the topic, and what happens to orderers
 * fake_chan.c   the channel of each: what a chain's support does
 * go_chain.c    a chain of Fabric's, by the description of it
 */
#ifndef KAFKA_WORLD_H
#define KAFKA_WORLD_H

#include "../test.h"
#include "go_chain.h"

#include <channel/channel_priv.h>
#include <kafka/step.h>

#define WORLD_NODES         4
#define WORLD_LOG_MAX       5000
#define WORLD_BATCH_TIMEOUT (2 * CLOCK_SEC_NS)

struct world;

struct world_conf {
	uint32_t max_count, preferred_max;
	bool exactly_once, resubmission;
};

struct post {
	struct buf message;
	int client; /* whose message it is; -1: the chain's own */
};

struct node {
	struct ord_support support; /* first: what the step holds */
	struct kafka_effects fx;
	struct kafka_state st;
	struct go_chain go;
	bool is_go; /* which of the two it is */
	struct world *world;
	size_t index;
	struct cutter cutter;
	int64_t next; /* offset to consume */
	struct world_conf conf;
	uint64_t config; /* sequence */
	bool stopping;   /* does not wait for its messages to arrive */

	struct ord_block **blocks; /* its ledger */
	struct buf *metadata;      /* of each */
	uint64_t *last_config;     /* of each: number of the last config block */
	bool *forgets;             /* of each: see go_chain.forgets */
	size_t n_blocks, durable;

	struct post *outbox; /* on the way to the topic */
	size_t n_outbox;
};

struct client {
	char *text;
	bool settled;   /* the client was told that it is in the topic */
	int64_t offset; /* where it stands in the topic; -1: it does not */
	bool stray;     /* it was consumed, and was made of another configuration */
};

struct world {
	struct node nodes[WORLD_NODES];
	size_t n_nodes;
	struct buf *log;
	size_t n_log;
	struct client *clients;
	size_t n_clients;
	uint64_t now_ns, first_config;
	struct world_conf conf; /* of the genesis block */
};

/* ---- world.c ------------------------------------------------------------- */

struct world *world_new(size_t nodes, struct world_conf conf);
void world_free(struct world *w);
/** Let a world of one node begin with @genesis, at config sequence @config, and an empty topic. */
void world_restore(struct world *w, struct ord_block *genesis, uint64_t config);
void world_append(struct world *w, struct ord_bytes message); /* to the topic */
/** A client's message at a node, unless that lets none in: settled once it stands in the topic. */
void world_send(struct world *w, size_t node, const char *text, bool config);
/** The oldest message under way from @node arrives. */
bool world_arrive(struct world *w, size_t node);
/** It does not: clients are told so, and the chain's own come later. */
void world_lose(struct world *w, size_t node);
bool world_consume(struct world *w, size_t node); /* the next message of the topic */
void world_expire(struct world *w, size_t node);  /* the batch timer, if it is time */
/** The node dies and starts again: up to @arrive of what was under way arrive, nobody hears of it,
 *  and up to @lose blocks were not on disk. */
void world_crash(struct world *w, size_t node, size_t arrive, size_t lose);
/** It starts again as one of Fabric's, or as ours. */
void world_become(struct world *w, size_t node, bool go);
/** It starts again without a ledger. */
void world_wipe(struct world *w, size_t node);
/** Deliver and consume until nothing moves any more.  False: the topic grew beyond measure, as it
 *  may by Go's rule, where every orderer's copy that is out of date becomes as many copies. */
bool world_quiesce(struct world *w);
/** For channels: @text, of a config message, does not apply. */
void world_is_stray(struct world *w, struct ord_bytes text);
/** "[a b][*c]": of the node's ledger, the genesis block left out; to be freed. */
char *world_ledger(const struct world *w, size_t node);
/** For chains: a message for the topic, behind those that are under way, or at once. */
void world_post(struct node *n, struct ord_bytes message);
void world_post_now(struct node *n, struct ord_bytes message);

/* ---- fake_chan.c --------------------------------------------------------- */

extern const struct ord_support_ops fake_chan_ops;
struct ord_env *fake_chan_env(const char *text, bool config);
/** The configuration and its sequence, of the node's ledger. */
void fake_chan_configure(struct node *n);

#endif /* KAFKA_WORLD_H */
