/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several orderers over one simulated topic: no threads, virtual time, and everything that a
 * network and a crash may do in between.  A message's text is its id; one with "!" in it is valid
 * only at the config sequence it was made for, one with "?" besides at every second orderer.
 */
#ifndef KAFKA_WORLD_H
#define KAFKA_WORLD_H

#include "../test.h"
#include <channel/channel_priv.h>
#include <kafka/step.h>

#define WORLD_NODES 4

struct world;

struct post {
	struct buf message;
	int client; /* whose message it is; -1: the chain's own */
};

struct node {
	struct ord_support support; /* first: what the step holds */
	struct kafka_effects fx;
	struct kafka_state st;
	struct world *world;
	size_t index;
	struct cutter cutter;
	int64_t next;    /* offset to consume */
	uint64_t config; /* sequence */

	struct ord_block **blocks; /* its ledger */
	struct buf *metadata;      /* of each */
	size_t n_blocks, durable;

	struct post *outbox; /* on the way to the topic */
	size_t n_outbox;
};

struct world {
	struct node nodes[WORLD_NODES];
	size_t n_nodes;
	struct buf *log;
	size_t n_log;
	bool *settled; /* by client message */
	char **texts;
	size_t n_clients;
	uint64_t now_ns, first_config;
	uint32_t max_count, preferred_max;
};

struct world *world_new(size_t nodes, uint32_t max_count, uint32_t preferred_max,
			bool exactly_once);
void world_free(struct world *w);
/** Let a world of one node begin with @genesis, at config sequence @config, and an empty topic. */
void world_restore(struct world *w, struct ord_block *genesis, uint64_t config);
void world_append(struct world *w, struct ord_bytes message); /* to the topic */
/** A client's message at a node: settled once it stands in the topic. */
void world_send(struct world *w, size_t node, const char *text, bool config);
/** The oldest message under way from @node arrives. */
bool world_arrive(struct world *w, size_t node);
bool world_consume(struct world *w, size_t node); /* the next message of the topic */
void world_expire(struct world *w, size_t node);  /* the batch timer, if it is time */
/** The node dies with what was under way and up to @lose blocks not on disk, and starts again. */
void world_crash(struct world *w, size_t node, size_t lose);
/** Deliver and consume until nothing moves any more. */
void world_quiesce(struct world *w);
/** "[a b][*c]": of the node's ledger, the genesis block left out; to be freed. */
char *world_ledger(const struct world *w, size_t node);

#endif /* KAFKA_WORLD_H */
