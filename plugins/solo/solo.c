/* SPDX-License-Identifier: Apache-2.0 */
/*
 * solo - one orderer alone: the order in which messages arrive is the order.  The smallest complete
 * plugin, to be read from top to bottom.  A message goes from solo_order(), on any thread, through
 * the inbox to take(), on the channel's chain thread.  That takes all that waits, so that many
 * share one fsync, tells the clients "accepted", and only then cuts blocks: nothing accepted is
 * dropped.
 */
#include <ordererd/consensus.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define TAKE_MAX 128 /* messages that share one fsync */

struct message {
	struct ord_env *env;
	uint64_t seq; /* the config sequence at which it was found valid */
	struct ord_ticket *ticket;
};

struct solo {
	struct ord_chain chain; /* first, so that the host's pointer is ours */
	struct ord_support *s;
	const struct ord_support_ops *ops;
	struct ord_mailbox *inbox; /* of struct message */
	struct ord_journal *journal;
	struct ord_thread *thread;
	bool durable;
	uint64_t cut_at; /* when the batch timer expires; the chain thread's */
	atomic_bool halted;
};

static void cut_pending(struct solo *c)
{
	struct ord_batch *b = c->ops->cutter_cut(c->s);

	c->cut_at = ORD_NEVER;
	if (b)
		c->ops->write_block(c->s, c->ops->create_block(c->s, b), (struct ord_bytes){0});
}

static void order_normal(struct solo *c, struct ord_env *env)
{
	struct ord_batch *b[2];
	uint64_t wait_ns;
	size_t n = c->ops->cutter_order(c->s, env, b, &wait_ns);

	for (size_t i = 0; i < n; i++)
		c->ops->write_block(c->s, c->ops->create_block(c->s, b[i]), (struct ord_bytes){0});
	if (wait_ns == 0 || c->cut_at == ORD_NEVER) /* a running batch timer runs on */
		c->cut_at = wait_ns ? c->ops->now_ns(c->s) + wait_ns : ORD_NEVER;
}

/* A config message stands alone in its block, behind all that came before it. */
static void order_config(struct solo *c, struct ord_env *env)
{
	cut_pending(c);
	c->ops->write_config_block(c->s, c->ops->create_block(c->s, c->ops->batch_one(env)),
				   (struct ord_bytes){0});
}

static void order(struct solo *c, struct ord_env *env)
{
	(c->ops->classify(env) == ORD_MSG_CONFIG ? order_config : order_normal)(c, env);
	c->ops->env_unref(env);
}

static void refuse(struct solo *c, struct message *m, const struct ord_err *e)
{
	c->ops->settle(m->ticket, e->code, e->msg);
	c->ops->env_unref(m->env);
	free(m);
}

/* Up to the first config message, checked anyway: its channel may have been made by now. */
static int take(struct solo *c, struct message **m, int n)
{
	int taken = 0, valid = 0;
	struct ord_err full = {0};

	for (bool config = false; taken < n && !config; taken++) {
		struct ord_err e = {0};

		config = c->ops->classify(m[taken]->env) == ORD_MSG_CONFIG;
		if (config)
			c->ops->process_config(c->s, &m[taken]->env, &m[taken]->seq, &e);
		else if (m[taken]->seq < c->ops->sequence(c->s))
			c->ops->process_normal(c->s, m[taken]->env, &m[taken]->seq, &e);
		if (e.code < 0)
			refuse(c, m[taken], &e);
		else
			m[valid++] = m[taken];
	}
	for (int i = 0; c->durable && i < valid; i++)
		c->ops->journal_append(c->journal, m[i]->env, m[i]->seq);
	if (c->durable && c->ops->journal_sync(c->journal, &full) < 0)
		while (valid > 0)
			refuse(c, m[--valid], &full);
	for (int i = 0; i < valid; i++)
		c->ops->settle(m[i]->ticket, ORD_OK, NULL);
	for (int i = 0; i < valid; free(m[i++]))
		order(c, m[i]->env);
	return taken;
}

static void run(void *arg)
{
	struct message *taken[TAKE_MAX];
	struct solo *c = arg;
	struct ord_env *env;
	uint64_t seq;
	int n;

	while (c->ops->journal_next(c->journal, &env, &seq) > 0)
		order(c, env); /* the last run had accepted it, and wrote no block with it */
	do {
		n = c->ops->mailbox_pop(c->inbox, c->cut_at, (void **)taken, TAKE_MAX);
		for (int i = 0; i < n;)
			i += take(c, taken + i, n - i);
		if (n == ORD_ECLOSED || c->ops->now_ns(c->s) >= c->cut_at)
			cut_pending(c); /* halted, or the batch timer expired */
	} while (n != ORD_ECLOSED);
}

static void solo_start(struct ord_chain *chain)
{
	struct solo *c = (struct solo *)chain;

	if (c->ops->thread_start(c->s, "solo", run, c, &c->thread) < 0)
		chain->ops->halt(chain); /* errored() tells */
}

/* Normal and config messages alike: classify() tells them apart again. */
static int solo_order(struct ord_chain *chain, struct ord_env *env, uint64_t seq,
		      struct ord_ticket *t, struct ord_err *e)
{
	struct solo *c = (struct solo *)chain;
	struct message *m = ord_alloc(sizeof(*m));

	*m = (struct message){c->ops->env_ref(env), seq, t};
	if (c->ops->mailbox_push(c->inbox, m) == 0)
		return 0;
	c->ops->env_unref(env);
	free(m);
	return ord_fail(e, ORD_ECLOSED, "Exiting");
}

static bool solo_errored(struct ord_chain *chain)
{
	return atomic_load(&((struct solo *)chain)->halted);
}

static void solo_halt(struct ord_chain *chain)
{
	struct solo *c = (struct solo *)chain;

	if (atomic_exchange(&c->halted, true))
		return;
	c->ops->kick(c->s);
	c->ops->mailbox_close(c->inbox);
	c->ops->thread_join(c->thread);
}

static void solo_free(struct ord_chain *chain)
{
	struct solo *c = (struct solo *)chain;

	c->ops->journal_close(c->journal);
	c->ops->mailbox_free(c->inbox);
	free(c);
}

static const struct ord_chain_ops chain_ops = {
	sizeof(chain_ops),       .start = solo_start, .order = solo_order, .configure = solo_order,
	.errored = solo_errored, .halt = solo_halt,   .free = solo_free};

static int solo_handle_chain(void *plugin, struct ord_support *s, struct ord_bytes metadata,
			     struct ord_chain **out, struct ord_err *e)
{
	struct solo *c = ord_alloc(sizeof(*c));

	(void)plugin, (void)metadata; /* solo keeps nothing there */
	*c = (struct solo){{&chain_ops}, s, s->ops, .cut_at = ORD_NEVER};
	c->durable = strcmp(s->host->ops->setting(s->host, "Durable"), "true") == 0;
	if (s->ops->journal_open(s, &c->journal, e) < 0) {
		free(c);
		return e->code;
	}
	c->inbox = s->ops->mailbox_new(s, s->ops->max_inflight(s));
	*out = &c->chain;
	return 0;
}

static const struct ord_setting settings[] = {
	{"Durable", ORD_SET_BOOL, "true", "Accept only what would survive a loss of power."}, {0}};

ORD_PLUGIN("solo", .version = "1", .summary = "one orderer alone", .settings = settings,
	   .handle_chain = solo_handle_chain);
