/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another consensus on the same ledger (spec 4.6), without a restart.  The chain thread shuts the
 * gate and has the block with the new type written, as the last one of the old chain; the control
 * thread halts that chain, forgets its journal, every message of which stands in a block, and
 * starts the chain of the new type.  A crash anywhere in between leaves what the next start finds
 * anyway: the type in force, and perhaps a journal that nobody opens.
 */
#include "channel_priv.h"

static struct log_logger logger = LOG_LOGGER("orderer.commmon.multichannel");

/* The old chain goes, and all that the channel kept for it. */
static void drop_chain(struct chan *c)
{
	c->chain->ops->free(c->chain);
	c->chain = NULL;
	c->started = false;
	c->block_made = false;
	cutter_fini(&c->cutter);
	if (c->journal.journal)
		journal_close(c->journal.journal);
	c->journal = (struct ord_journal){0};
	c->journal_done = 0;
}

static void switch_chain(struct chan *c)
{
	struct ord_err e = ERR_INIT;

	if (c->halted)
		return; /* the daemon stops, or the channel goes */
	gate_wait_empty(&c->gate);
	util_stop_at("switch-halt");
	c->chain->ops->halt(c->chain);
	writer_wait_drained(c);
	if (chan_giving_up(c))
		return;
	drop_chain(c);
	util_stop_at("switch-journal");
	if (chan_start(c, &e) < 0)
		chan_fail(c, &e);
	else
		log_info(&logger, "[channel: %s] The consensus type is %s from now on", c->id,
			 c->plugin->def->name);
	util_stop_at("switch-started");
	chan_wake_all(c);
}

static void run(struct pool_task *t)
{
	struct chan *c = UTIL_CONTAINER(t, struct chan, switching);

	atomic_store(&c->switch_asked, false);
	switch_chain(c);
	chan_unref(c);
}

bool switch_needed(const struct chan *c, const struct chanconf *next)
{
	return strcmp(next->pub.consensus_type, c->plugin->def->name) != 0;
}

void switch_begin(struct chan *c)
{
	gate_shut(&c->gate);
}

void switch_finish(struct chan *c)
{
	if (atomic_exchange(&c->switch_asked, true))
		return;
	c->switching.run = run;
	chan_ref(c);
	pool_submit(c->registrar->control, &c->switching);
}
