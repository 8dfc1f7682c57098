/* SPDX-License-Identifier: Apache-2.0 */
/* One channel: its ledger, its configuration, its chain, and who watches it. */
#include <stdlib.h>

#include "channel_priv.h"

static struct log_logger logger = LOG_LOGGER("orderer.commmon.multichannel");

/* ---- opening ------------------------------------------------------------- */

/* The configuration in force at the tip: the block that the tip's last-config index names. */
static int load_conf(struct chan *c, const struct ord_block *tip, struct ord_err *e)
{
	struct ord_block *block = NULL;
	struct ord_env *env = NULL;
	int rc;

	if ((rc = block_last_config(tip, &c->last_config_block, e)) < 0 ||
	    (rc = ledger_read(c->ledger, c->last_config_block, &block, e)) < 0)
		goto out;
	env = block_config_env(block);
	if (!env) {
		rc = err_set(e, ORD_EINVAL,
			     "block %llu should hold the configuration, but does not",
			     (unsigned long long)c->last_config_block);
		goto out;
	}
	if ((rc = chanconf_from_env(env, &c->conf, e)) < 0 ||
	    (rc = chanconf_check_supported(c->conf, e)) < 0)
		goto out;
	if (strcmp(c->conf->channel_id, c->id) != 0) {
		rc = err_set(e, ORD_EINVAL, "its configuration belongs to channel %s",
			     c->conf->channel_id);
		goto out;
	}
	atomic_store(&c->sequence, c->conf->pub.sequence);
	c->last_config_seq = c->conf->pub.sequence;
out:
	env_unref(env);
	block_unref(block);
	return rc;
}

static void on_append(void *arg, uint64_t height)
{
	(void)height;
	chan_wake_all(arg);
}

int chan_open(struct registrar *r, const char *id, struct chan **out, struct ord_err *e)
{
	struct chan *c = x_alloc(sizeof(*c));
	struct ord_block *tip = NULL;
	int rc;

	c->refs = 1;
	c->support.ops = &chan_support_ops;
	c->registrar = r;
	c->id = x_strdup(id);
	c->queue_tail = &c->queue;
	chan_counts_init(&c->counts);
	pthread_mutex_init(&c->conf_lock, NULL);
	pthread_mutex_init(&c->watch_lock, NULL);
	monitor_init(&c->commit);
	gate_init(&c->gate);
	if ((rc = ledger_open(r->opts.root, id, false, &c->ledger, e)) < 0)
		goto fail;
	tip = ledger_tip(c->ledger);
	if (!tip) {
		rc = err_set(e, ORD_ENOENT, "the chain is empty");
		goto fail;
	}
	c->next_number = tip->number + 1;
	memcpy(c->last_hash, tip->header_hash, sizeof(c->last_hash));
	if ((rc = load_conf(c, tip, e)) < 0)
		goto fail;
	ledger_on_append(c->ledger, on_append, c);
	block_unref(tip);
	*out = c;
	return 0;
fail:
	block_unref(tip);
	chan_unref(c);
	return err_wrap(e, "channel %s", id);
}

int chan_start(struct chan *c, struct ord_err *e)
{
	const char *type = c->conf->pub.consensus_type;
	struct ord_block *tip = ledger_tip(c->ledger);
	struct buf metadata = BUF_INIT;
	struct ord_chain *chain = NULL;
	int rc = plugin_need(c->registrar->opts.plugins, type, &c->plugin, e);

	if (rc < 0)
		goto out;
	c->support.host = plugin_host(c->plugin);
	if ((rc = block_consenter_metadata(tip, &metadata, e)) < 0 ||
	    (rc = c->plugin->def->handle_chain(c->plugin->handle, &c->support, buf_bytes(&metadata),
					       &chain, e)) < 0 ||
	    (rc = plugin_check_chain(c->plugin, chain, e)) < 0)
		goto out;
	c->chain = chain;
	if (!c->journal.journal && (rc = journal_remove(c->ledger, e)) < 0)
		goto out; /* another chain's: it must not come back with that one */
	log_info(&logger, "[channel: %s] Starting chain of type %s at height %llu", c->id, type,
		 (unsigned long long)ledger_height(c->ledger));
	gate_prepare(&c->gate); /* what the chain replays may change its type, and shut the gate */
	c->started = true;
	c->chain->ops->start(c->chain);
	gate_open(&c->gate, c->chain);
out:
	block_unref(tip);
	buf_fini(&metadata);
	return rc < 0 ? err_wrap(e, "channel %s", c->id) : 0;
}

void chan_give_up(struct chan *c)
{
	monitor_lock(&c->commit);
	c->giving_up = true;
	monitor_wake(&c->commit);
	monitor_unlock(&c->commit);
}

void chan_halt(struct chan *c)
{
	chan_give_up(c);
	if (c->started)
		c->chain->ops->halt(c->chain);
	c->halted = true;
}

bool chan_giving_up(struct chan *c)
{
	bool giving_up;

	monitor_lock(&c->commit);
	giving_up = c->giving_up;
	monitor_unlock(&c->commit);
	return giving_up;
}

void chan_fail(struct chan *c, const struct ord_err *e)
{
	log_error(&logger, "[channel: %s] The chain does not run: %s", c->id, e->msg);
	pthread_mutex_lock(&c->conf_lock);
	free(c->failed);
	c->failed = x_strdup(e->msg);
	pthread_mutex_unlock(&c->conf_lock);
	chan_wake_all(c);
}

bool chan_failed(struct chan *c)
{
	bool failed;

	pthread_mutex_lock(&c->conf_lock);
	failed = c->failed != NULL;
	pthread_mutex_unlock(&c->conf_lock);
	return failed;
}

static void drop_queue(struct chan *c)
{
	while (c->queue) {
		struct commit *w = c->queue;

		c->queue = w->next;
		commit_free(w);
	}
}

void chan_free(struct chan *c)
{
	util_assert(!c->watches);
	if (c->chain)
		c->chain->ops->free(c->chain);
	drop_queue(c);
	cutter_fini(&c->cutter);
	chan_counts_fini(&c->counts);
	if (c->journal.journal)
		journal_close(c->journal.journal);
	if (c->ledger)
		ledger_close(c->ledger);
	chanconf_unref(c->cutter_conf);
	chanconf_unref(c->conf);
	monitor_fini(&c->commit);
	gate_fini(&c->gate);
	pthread_mutex_destroy(&c->conf_lock);
	pthread_mutex_destroy(&c->watch_lock);
	free(c->failed);
	free(c->id);
	free(c);
}

struct chan *chan_ref(struct chan *c)
{
	ref_get(&c->refs);
	return c;
}

void chan_unref(struct chan *c)
{
	if (!c || !ref_put(&c->refs))
		return;
	if (chan_removed(c))
		participation_bury(c);
	else
		chan_free(c);
}

/* ---- facts --------------------------------------------------------------- */

const char *chan_id(const struct chan *c)
{
	return c->id;
}

struct ledger *chan_ledger(struct chan *c)
{
	return c->ledger;
}

uint64_t chan_sequence(const struct chan *c)
{
	return atomic_load_explicit(&c->sequence, memory_order_acquire);
}

struct chanconf *chan_conf(struct chan *c)
{
	struct chanconf *conf;

	pthread_mutex_lock(&c->conf_lock);
	conf = chanconf_ref(c->conf);
	pthread_mutex_unlock(&c->conf_lock);
	return conf;
}

void chan_set_conf(struct chan *c, struct chanconf *take)
{
	struct registrar *r = c->registrar;
	struct chanconf *old;

	pthread_mutex_lock(&c->conf_lock);
	old = c->conf;
	c->conf = take;
	atomic_store_explicit(&c->sequence, take->pub.sequence, memory_order_release);
	pthread_mutex_unlock(&c->conf_lock);
	chanconf_unref(old);
	if (r->opts.on_config)
		r->opts.on_config(r->opts.arg, c);
}

bool chan_removed(const struct chan *c)
{
	return atomic_load_explicit(&c->removed, memory_order_acquire);
}

bool chan_errored(struct chan *c)
{
	struct ord_chain *chain = gate_enter(&c->gate);
	bool errored;

	if (!chain) /* while the consensus type changes, blocks can be read */
		return chan_removed(c) || chan_failed(c);
	errored = chain->ops->errored(chain);
	gate_leave(&c->gate);
	return errored;
}

/* ---- handing messages to consensus --------------------------------------- */

int chan_check_writable(struct chan *c, struct ord_err *e)
{
	if (!atomic_load_explicit(&c->read_only, memory_order_relaxed))
		return 0;
	return err_set(e, ORD_EUNAVAIL,
		       "channel %s is read-only: the ledger cannot take blocks (disk full?)",
		       c->id);
}

/* Why the gate is shut. */
static int refuse_shut(struct chan *c, struct ord_err *e)
{
	if (chan_removed(c))
		return err_set(e, ORD_ENOENT, "channel does not exist");
	pthread_mutex_lock(&c->conf_lock);
	if (c->failed)
		err_set(e, ORD_EUNAVAIL, "the chain does not run: %s", c->failed);
	else
		err_set(e, ORD_EUNAVAIL,
			"channel %s is changing to consensus type %s, try again later", c->id,
			c->conf->pub.consensus_type);
	pthread_mutex_unlock(&c->conf_lock);
	return e->code;
}

int chan_wait_ready(struct chan *c, struct ord_ticket *t, struct ord_err *e)
{
	int rc = chan_check_writable(c, e);
	struct ord_chain *chain;

	if (rc < 0)
		return rc;
	chain = gate_enter(&c->gate);
	if (!chain)
		return refuse_shut(c, e);
	if (chain->ops->wait_ready)
		rc = chain->ops->wait_ready(chain, t, e);
	else
		t->done(t, ORD_OK, NULL);
	gate_leave(&c->gate);
	return rc;
}

bool chan_has_health(struct chan *c)
{
	struct ord_chain *chain = gate_enter(&c->gate);
	bool has;

	if (!chain)
		return chan_failed(c);
	has = chain->ops->health != NULL;
	gate_leave(&c->gate);
	return has;
}

int chan_health(struct chan *c, struct ord_ticket *t, struct ord_err *e)
{
	struct ord_chain *chain = gate_enter(&c->gate);
	int rc;

	if (!chain)
		return refuse_shut(c, e);
	rc = 0;
	if (chain->ops->health)
		rc = chain->ops->health(chain, t, e);
	else
		t->done(t, ORD_OK, NULL); /* another chain than the one that was asked about */
	gate_leave(&c->gate);
	return rc;
}

int chan_order(struct chan *c, struct ord_env *env, bool config, uint64_t seq, struct ord_ticket *t,
	       struct ord_err *e)
{
	struct ord_chain *chain = gate_enter(&c->gate);
	int rc;

	if (!chain)
		return refuse_shut(c, e);
	rc = (config ? chain->ops->configure : chain->ops->order)(chain, env, seq, t, e);
	gate_leave(&c->gate);
	return rc;
}

/* ---- watching ------------------------------------------------------------ */

void chan_watch(struct chan *c, struct chan_watch *w)
{
	pthread_mutex_lock(&c->watch_lock);
	w->prev = NULL;
	w->next = c->watches;
	if (w->next)
		w->next->prev = w;
	c->watches = w;
	pthread_mutex_unlock(&c->watch_lock);
}

void chan_unwatch(struct chan *c, struct chan_watch *w)
{
	pthread_mutex_lock(&c->watch_lock);
	if (w->prev)
		w->prev->next = w->next;
	else
		c->watches = w->next;
	if (w->next)
		w->next->prev = w->prev;
	pthread_mutex_unlock(&c->watch_lock);
}

/* wake() only notes and submits: holding the lock over it is what makes chan_unwatch() final. */
void chan_wake_all(struct chan *c)
{
	pthread_mutex_lock(&c->watch_lock);
	for (struct chan_watch *w = c->watches; w; w = w->next)
		w->wake(w);
	pthread_mutex_unlock(&c->watch_lock);
}
