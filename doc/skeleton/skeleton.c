/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skeleton - a consensus plugin to copy.  It orders like solo, but has the shape of a consensus
 * that is somewhere else: messages are proposed on any thread, decided on another one, and ordered
 * on the chain thread.  Put yours between propose() and decided(), and rename the rest.
 *
 * In front of a real consensus, messages come back from a log that all orderers read alike: then
 * all of them must cut the same blocks, so cut on nothing but what is in that log.
 */
#include <inttypes.h>
#include <ordererd/consensus.h>
#include <stdatomic.h>
#include <string.h>

/* What all chains share. */
struct skeleton {
	const struct ord_host *host;
	struct ord_metric *ordered;
	size_t take_max;
};

struct chain {
	struct ord_chain base; /* first, so that the host's pointer is ours */
	struct skeleton *plugin;
	struct ord_support *s;
	const struct ord_support_ops *ops;
	struct ord_mailbox *inbox; /* of struct message */
	struct ord_thread *thread;
	atomic_bool halted;

	/* the chain thread's */
	uint64_t offset; /* in the log, of the message at hand */
	uint64_t cut_at; /* when the batch timer expires */
};

struct message {
	struct ord_env *env;
	uint64_t seq;
	struct ord_ticket *ticket;
};

/* ---- the chain thread ---------------------------------------------------- */

/* What a block remembers for us, and handle_chain() reads at the next start: up to which message
 * everything is in blocks. */
static struct ord_bytes metadata(uint64_t upto, uint8_t out[8])
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(upto >> (8 * i));
	return (struct ord_bytes){out, 8};
}

static void write_batch(struct chain *c, struct ord_batch *batch, uint64_t upto)
{
	uint8_t m[8];

	c->ops->write_block(c->s, c->ops->create_block(c->s, batch), metadata(upto, m));
}

static void cut_pending(struct chain *c, uint64_t upto)
{
	struct ord_batch *batch = c->ops->cutter_cut(c->s);

	c->cut_at = ORD_NEVER;
	if (batch)
		write_batch(c, batch, upto);
}

static void order_config(struct chain *c, struct ord_env *env)
{
	struct ord_block *block;
	uint8_t m[8];

	cut_pending(c, c->offset - 1);
	block = c->ops->create_block(c->s, c->ops->batch_one(env));
	c->ops->write_config_block(c->s, block, metadata(c->offset, m));
}

static void order_normal(struct chain *c, struct ord_env *env)
{
	struct ord_batch *batches[2];
	uint64_t wait_ns;
	size_t n = c->ops->cutter_order(c->s, env, batches, &wait_ns);

	for (size_t i = 0; i < n; i++) {
		bool in_it = i + 1 == n && wait_ns == 0; /* the message itself */

		write_batch(c, batches[i], in_it ? c->offset : c->offset - 1);
	}
	if (wait_ns == 0)
		c->cut_at = ORD_NEVER;
	else if (c->cut_at == ORD_NEVER)
		c->cut_at = c->ops->now_ns(c->s) + wait_ns;
}

static void order(struct chain *c, struct message *m)
{
	bool config = c->ops->classify(m->env) == ORD_MSG_CONFIG;
	struct ord_err e = {0};

	c->offset++;
	if (m->seq < c->ops->sequence(c->s))
		config ? c->ops->process_config(c->s, &m->env, &m->seq, &e)
		       : c->ops->process_normal(c->s, m->env, &m->seq, &e);
	if (e.code < 0)
		ord_log(c->s, ORD_WARN, "Discarding bad %s message: %s",
			config ? "config" : "normal", e.msg);
	else if (config)
		order_config(c, m->env);
	else
		order_normal(c, m->env);
	c->plugin->host->ops->metric_add(c->plugin->ordered, c->ops->channel_id(c->s), 1);
}

static void run(void *arg)
{
	struct chain *c = arg;
	size_t max = c->plugin->take_max;
	void **taken = ord_alloc(max * sizeof(*taken));
	int n;

	do {
		n = c->ops->mailbox_pop(c->inbox, c->cut_at, taken, max);
		for (int i = 0; i < n; i++) {
			struct message *m = taken[i];

			c->ops->settle(m->ticket, ORD_OK, NULL);
			order(c, m);
			c->ops->env_unref(m->env);
			free(m);
		}
		if (n == ORD_ECLOSED || c->ops->now_ns(c->s) >= c->cut_at)
			cut_pending(c, c->offset);
	} while (n != ORD_ECLOSED);
	free(taken);
}

/* ---- your consensus ------------------------------------------------------ */

/* The cluster has agreed on @m.  Any thread. */
static int decided(struct chain *c, struct message *m)
{
	return c->ops->mailbox_push(c->inbox, m);
}

/* Ask the cluster to agree on @m.  Any thread; must not block. */
static int propose(struct chain *c, struct message *m)
{
	return decided(c, m);
}

/* ---- what the host calls ------------------------------------------------- */

static void chain_start(struct ord_chain *base)
{
	struct chain *c = (struct chain *)base;

	ord_log(c->s, ORD_INFO, "Starting behind message %" PRIu64, c->offset);
	if (c->ops->thread_start(c->s, "skeleton", run, c, &c->thread) < 0)
		base->ops->halt(base);
}

static int chain_order(struct ord_chain *base, struct ord_env *env, uint64_t seq,
		       struct ord_ticket *t, struct ord_err *e)
{
	struct chain *c = (struct chain *)base;
	struct message *m = ord_alloc(sizeof(*m));

	*m = (struct message){c->ops->env_ref(env), seq, t};
	if (propose(c, m) == 0)
		return 0;
	c->ops->env_unref(env);
	free(m);
	return ord_fail(e, ORD_ECLOSED, "consenter for this channel has been halted");
}

static bool chain_errored(struct ord_chain *base)
{
	return atomic_load(&((struct chain *)base)->halted);
}

static void chain_halt(struct ord_chain *base)
{
	struct chain *c = (struct chain *)base;

	if (atomic_exchange(&c->halted, true))
		return;
	c->ops->kick(c->s);
	c->ops->mailbox_close(c->inbox);
	c->ops->thread_join(c->thread);
}

static void chain_free(struct ord_chain *base)
{
	struct chain *c = (struct chain *)base;

	c->ops->mailbox_free(c->inbox);
	free(c);
}

static const struct ord_chain_ops chain_ops = {
	.size = sizeof(chain_ops),
	.start = chain_start,
	.order = chain_order,
	.configure = chain_order,
	.errored = chain_errored,
	.halt = chain_halt,
	.free = chain_free,
};

static int skeleton_open(const struct ord_host *host, void **plugin, struct ord_err *e)
{
	struct skeleton *p = ord_alloc(sizeof(*p));

	p->host = host;
	p->take_max = (size_t)strtoull(host->ops->setting(host, "TakeMax"), NULL, 10);
	if (p->take_max < 1 || p->take_max > 1000000) {
		free(p);
		return ord_fail(e, ORD_EINVAL, "skeleton.TakeMax must be 1 to 1000000");
	}
	p->ordered = host->ops->metric(host, "ordered_total", "channel",
				       "Messages taken from the log.", 'c');
	*plugin = p;
	return 0;
}

static void skeleton_close(void *plugin)
{
	free(plugin);
}

static int skeleton_handle_chain(void *plugin, struct ord_support *s, struct ord_bytes last,
				 struct ord_chain **out, struct ord_err *e)
{
	struct chain *c;

	if (last.len != 0 && last.len != 8)
		return ord_fail(e, ORD_EINVAL,
				"the last block has %zu bytes of metadata, not 8: another "
				"consensus has written it",
				last.len);
	c = ord_alloc(sizeof(*c));
	*c = (struct chain){{&chain_ops}, plugin, s, s->ops, .cut_at = ORD_NEVER};
	for (size_t i = 0; i < last.len; i++)
		c->offset |= (uint64_t)last.data[i] << (8 * i);
	c->inbox = s->ops->mailbox_new(s, s->ops->max_inflight(s));
	*out = &c->base;
	return 0;
}

static const struct ord_setting settings[] = {
	{"TakeMax", ORD_SET_UINT, "512", "The most messages that the chain thread takes at once."},
	{0}};

ORD_PLUGIN("skeleton", .version = "0.1", .summary = "a consensus plugin to copy",
	   .settings = settings, .open = skeleton_open, .close = skeleton_close,
	   .handle_chain = skeleton_handle_chain);
