/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate in front of a chain: any thread may be inside the chain's table while the chain is
 * there, and a chain that is to be replaced is alone once the gate is shut and everybody has left.
 * No lock on the way in: a counter and a pointer, in one total order (seq_cst), so that either the
 * caller sees that the gate is shut, or the one who shut it sees the caller.
 */
#include "channel_priv.h"

void gate_init(struct gate *g)
{
	monitor_init(&g->empty);
}

void gate_fini(struct gate *g)
{
	monitor_fini(&g->empty);
}

struct ord_chain *gate_enter(struct gate *g)
{
	struct ord_chain *chain;

	atomic_fetch_add(&g->inside, 1);
	chain = atomic_load(&g->chain);
	if (!chain)
		gate_leave(g);
	return chain;
}

void gate_leave(struct gate *g)
{
	if (atomic_fetch_sub(&g->inside, 1) > 1 || atomic_load(&g->chain))
		return;
	monitor_lock(&g->empty);
	monitor_wake(&g->empty);
	monitor_unlock(&g->empty);
}

void gate_prepare(struct gate *g)
{
	monitor_lock(&g->empty);
	g->barred = false;
	monitor_unlock(&g->empty);
}

void gate_open(struct gate *g, struct ord_chain *chain)
{
	monitor_lock(&g->empty);
	if (!g->barred)
		atomic_store(&g->chain, chain);
	monitor_unlock(&g->empty);
}

void gate_shut(struct gate *g)
{
	monitor_lock(&g->empty);
	g->barred = true;
	atomic_store(&g->chain, NULL);
	monitor_unlock(&g->empty);
}

void gate_wait_empty(struct gate *g)
{
	monitor_lock(&g->empty);
	while (atomic_load(&g->inside) > 0)
		monitor_wait(&g->empty);
	monitor_unlock(&g->empty);
}
