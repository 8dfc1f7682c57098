/* SPDX-License-Identifier: Apache-2.0 */
/* The table that a consensus plugin sees: thin, it checks who calls and passes on. */
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "channel_priv.h"

static struct log_logger logger = LOG_LOGGER("orderer.commmon.multichannel");

/* The chain whose thread this is. */
static _Thread_local struct chan *this_chain;

static struct chan *chan_of(struct ord_support *s)
{
	return (struct chan *)s;
}

static struct chan *on_chain_thread(struct ord_support *s)
{
	util_assert(this_chain == chan_of(s));
	return this_chain;
}

/* ---- facts --------------------------------------------------------------- */

static const char *channel_id(struct ord_support *s)
{
	return chan_of(s)->id;
}

static uint64_t height(struct ord_support *s)
{
	return ledger_height(chan_of(s)->ledger);
}

static const struct ord_chanconf *conf_get(struct ord_support *s)
{
	return &chan_conf(chan_of(s))->pub;
}

static void conf_put(const struct ord_chanconf *cc)
{
	chanconf_unref(UTIL_CONTAINER(cc, struct chanconf, pub));
}

static uint64_t sequence(struct ord_support *s)
{
	return chan_sequence(chan_of(s));
}

static uint32_t max_inflight(struct ord_support *s)
{
	return chan_of(s)->registrar->opts.max_inflight;
}

/* ---- messages ------------------------------------------------------------ */

static struct ord_bytes env_bytes(const struct ord_env *env)
{
	return env->raw;
}

static int parse(struct ord_support *s, struct ord_bytes b, struct ord_env **out, struct ord_err *e)
{
	(void)s;
	return env_parse(b, out, e);
}

/* Once the consensus type has changed, what this chain still holds is the next one's business: the
 * clients send it again. */
static int check_in_charge(struct chan *c, struct ord_err *e)
{
	struct chanconf *conf = chan_conf(c);
	int rc = 0;

	if (strcmp(conf->pub.consensus_type, c->plugin->def->name) != 0)
		rc = err_set(e, ORD_EUNAVAIL,
			     "channel %s is changing to consensus type %s, try again later", c->id,
			     conf->pub.consensus_type);
	chanconf_unref(conf);
	return rc;
}

static int process_normal(struct ord_support *s, struct ord_env *env, uint64_t *seq,
			  struct ord_err *e)
{
	int rc = check_in_charge(chan_of(s), e);

	return rc < 0 ? rc : chan_process_normal(chan_of(s), env, seq, e);
}

static int process_config(struct ord_support *s, struct ord_env **env, uint64_t *seq,
			  struct ord_err *e)
{
	struct ord_env *again;
	int rc = check_in_charge(chan_of(s), e);

	if (rc == 0)
		rc = chan_process_config(chan_of(s), *env, &again, seq, e);
	if (rc == 0) {
		again->journal_pos = (*env)->journal_pos;
		env_unref(*env);
		*env = again;
	}
	return rc;
}

static void settle(struct ord_ticket *t, int code, const char *why)
{
	t->done(t, code, why);
}

/* ---- blocks -------------------------------------------------------------- */

static const struct ord_chanconf *limits_conf(struct chan *c)
{
	if (!c->cutter_conf || c->cutter_conf->pub.sequence != chan_sequence(c)) {
		chanconf_unref(c->cutter_conf);
		c->cutter_conf = chan_conf(c);
	}
	return &c->cutter_conf->pub;
}

/* What was pending was cut. */
static void note_fill(struct chan *c)
{
	histogram_observe(&c->counts.fill, clock_mono_ns() - c->cutter_since_ns);
}

/* @n batches came of one more message, where @before were pending. */
static void note_batches(struct chan *c, size_t before, size_t n)
{
	if (n > 0 && before > 0)
		note_fill(c);
	else if (n > 0)
		histogram_observe(&c->counts.fill, 0); /* of the message alone */
	if (n > 1)
		histogram_observe(&c->counts.fill, 0); /* likewise, behind what was pending */
	if (c->cutter.n > 0 && (n > 0 || before == 0))
		c->cutter_since_ns = clock_mono_ns();
}

static size_t order_cut(struct ord_support *s, struct ord_env *env, struct ord_batch *out[2],
			uint64_t *wait_ns)
{
	struct chan *c = on_chain_thread(s);
	const struct ord_chanconf *conf = limits_conf(c);
	struct cutter_limits l = {conf->batch_max_count, conf->batch_preferred_max};
	bool pending;
	size_t before = c->cutter.n, n = cutter_order(&c->cutter, &l, env, out, &pending);

	note_batches(c, before, n);
	*wait_ns = pending ? conf->batch_timeout_ns : 0;
	return n;
}

static struct ord_batch *cut(struct ord_support *s)
{
	struct chan *c = on_chain_thread(s);

	if (c->cutter.n > 0)
		note_fill(c);
	return cutter_cut(&c->cutter);
}

static struct ord_block *create_block(struct ord_support *s, struct ord_batch *take)
{
	return writer_create(on_chain_thread(s), take);
}

static void write_block(struct ord_support *s, struct ord_block *take, struct ord_bytes metadata)
{
	util_assert(!take->config);
	writer_write(on_chain_thread(s), take, metadata);
}

static void write_config_block(struct ord_support *s, struct ord_block *take,
			       struct ord_bytes metadata)
{
	util_assert(take->config);
	writer_write_config(on_chain_thread(s), take, metadata);
}

static int check_config(struct ord_support *s, const struct ord_env *env, struct ord_err *e)
{
	return writer_check_config(on_chain_thread(s), env, e);
}

/* ---- journal ------------------------------------------------------------- */

static int open_journal(struct ord_support *s, struct ord_journal **out, struct ord_err *e)
{
	return journaling_open(chan_of(s), out, e);
}

static void append_journal(struct ord_journal *j, struct ord_env *env, uint64_t seq)
{
	util_assert(this_chain == j->chan);
	journaling_append(j, env, seq);
}

/* The blocks still queued will mark it: closed with the channel. */
static void close_journal(struct ord_journal *j)
{
	(void)j;
}

/* ---- time and waiting ---------------------------------------------------- */

struct ord_thread {
	pthread_t thread;
	struct chan *chan;
	void (*fn)(void *);
	void *arg;
};

static void *chain_thread(void *arg)
{
	struct ord_thread *t = arg;

	this_chain = t->chan;
	thread_prompt();
	t->fn(t->arg);
	return NULL;
}

static int start_thread(struct ord_support *s, const char *name, void (*fn)(void *), void *arg,
			struct ord_thread **out)
{
	struct ord_thread *t = x_alloc(sizeof(*t));
	int rc;

	t->chan = chan_of(s);
	t->fn = fn;
	t->arg = arg;
	rc = thread_start(&t->thread, name, chain_thread, t, NULL);
	if (rc < 0)
		free(t);
	else
		*out = t;
	return rc;
}

static void join_thread(struct ord_thread *t)
{
	if (t)
		pthread_join(t->thread, NULL);
	free(t);
}

static uint64_t now_ns(struct ord_support *s)
{
	(void)s;
	return clock_mono_ns();
}

static struct ord_mailbox *make_mailbox(struct ord_support *s, size_t cap)
{
	(void)s;
	return mailbox_new(cap);
}

/* ---- telling the world --------------------------------------------------- */

static void kick(struct ord_support *s)
{
	chan_wake_all(chan_of(s));
}

static void log_line(struct ord_support *s, enum ord_level l, const char *func, const char *fmt,
		     va_list ap)
{
	struct chan *c = chan_of(s);
	struct buf b = BUF_INIT;

	if (!log_enabled(plugin_logger(c->plugin), (int)l))
		return;
	buf_printf(&b, "[channel: %s] ", c->id);
	buf_add_str(&b, fmt);
	log_vwrite(plugin_logger(c->plugin), (int)l, func, buf_cstr(&b), ap);
	buf_fini(&b);
}

static void fatal(struct ord_support *s, const char *why)
{
	log_write(&logger, LOG_PANIC, __func__, "[channel: %s] %s", chan_of(s)->id, why);
	_exit(EX_SOFTWARE);
}

const struct ord_support_ops chan_support_ops = {
	.size = sizeof(struct ord_support_ops),
	.channel_id = channel_id,
	.height = height,
	.conf_get = conf_get,
	.conf_put = conf_put,
	.sequence = sequence,
	.max_inflight = max_inflight,
	.classify = env_classify,
	.env_bytes = env_bytes,
	.env_parse = parse,
	.env_ref = env_ref,
	.env_unref = env_unref,
	.process_normal = process_normal,
	.process_config = process_config,
	.settle = settle,
	.cutter_order = order_cut,
	.cutter_cut = cut,
	.batch_one = cutter_one,
	.create_block = create_block,
	.write_block = write_block,
	.write_config_block = write_config_block,
	.journal_open = open_journal,
	.journal_next = journaling_next,
	.journal_append = append_journal,
	.journal_sync = journaling_sync,
	.journal_close = close_journal,
	.now_ns = now_ns,
	.mailbox_new = make_mailbox,
	.mailbox_push = mailbox_push,
	.mailbox_pop = mailbox_pop_many,
	.mailbox_close = mailbox_close,
	.mailbox_free = mailbox_free,
	.thread_start = start_thread,
	.thread_join = join_thread,
	.kick = kick,
	.log = log_line,
	.fatal = fatal,
	.check_config = check_config,
};
