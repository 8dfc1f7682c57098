/* SPDX-License-Identifier: Apache-2.0 */
/* A chain of Fabric 1.4's Kafka orderer, after the description of it (spec 6.7, 6.8), and so
 * without a line of ours. */
#ifndef KAFKA_GO_CHAIN_H
#define KAFKA_GO_CHAIN_H

#include <ordererd/consensus.h>

struct node;

struct go_chain {
	int64_t last_offset_persisted, last_original_offset_processed,
		last_resubmitted_config_offset;
	uint64_t last_cut_block_number;
	uint64_t timer_at; /* ORD_NEVER: it does not run */
	bool exited;       /* the chain thread */
	bool panics;       /* at a config message that does not apply */
	bool blocked;      /* ingress */
	/* A copy is left behind by a full block.  Its original offset is forgotten, but by an
	 * orderer that starts again with this block it is not: that may fork Fabric's own
	 * ledgers, and so it is something that the simulation must not do. */
	bool forgets;
};

void go_chain_start(struct node *n, struct ord_bytes metadata);
/** False: it panics. */
bool go_chain_consume(struct node *n, int64_t offset, struct ord_bytes value);
void go_chain_expire(struct node *n);

#endif /* KAFKA_GO_CHAIN_H */
