/* SPDX-License-Identifier: Apache-2.0 */
/* The registrar: every channel of the ledger directory, opened in parallel (spec 7.4). */
#include <stdlib.h>

#include "channel_priv.h"

static struct log_logger logger = LOG_LOGGER("orderer.commmon.multichannel");

/* ---- bootstrap ----------------------------------------------------------- */

/* The configuration of a block that a system channel can begin with. */
static int bootstrap_conf(struct plugin_set *plugins, const struct ord_block *block,
			  struct chanconf **out, struct ord_err *e)
{
	struct ord_env *env = block_config_env(block);
	struct chanconf *conf = NULL;
	struct plugin *plugin;
	int rc;

	if (!env)
		rc = err_set(e, ORD_EINVAL, "the block holds no configuration");
	else
		rc = chanconf_from_env(env, &conf, e);
	env_unref(env);
	if (rc == 0 && !conf->has_consortiums)
		rc = err_set(e, ORD_EINVAL,
			     "the block isn't a system channel block because it lacks "
			     "ConsortiumsConfig");
	if (rc == 0 && block->number != 0)
		rc = err_set(e, ORD_EINVAL, "it has number %llu, not 0",
			     (unsigned long long)block->number);
	if (rc == 0)
		rc = chanconf_check_supported(conf, e);
	if (rc == 0)
		rc = plugin_need(plugins, conf->pub.consensus_type, &plugin, e);
	if (rc == 0) {
		*out = conf;
		return 0;
	}
	chanconf_unref(conf);
	return err_wrap(e, "Failed validating bootstrap block");
}

int registrar_check_bootstrap(struct plugin_set *plugins, const struct ord_block *block,
			      struct ord_err *e)
{
	struct chanconf *conf;
	int rc = bootstrap_conf(plugins, block, &conf, e);

	if (rc == 0)
		chanconf_unref(conf);
	return rc;
}

/* An empty ledger directory begins with the bootstrap block of the system channel. */
static int bootstrap(struct registrar *r, struct ord_block *block, struct ord_err *e)
{
	struct chanconf *conf;
	struct ledger *l;
	int rc = bootstrap_conf(r->opts.plugins, block, &conf, e);

	if (rc < 0)
		return rc;
	rc = ledger_open(r->opts.root, conf->channel_id, true, &l, e);
	if (rc == 0) {
		log_info(&logger, "Bootstrapping because no existing channels");
		if (ledger_height(l) == 0)
			rc = ledger_append(l, &block, 1, e);
		ledger_close(l);
	}
	chanconf_unref(conf);
	return rc;
}

/* ---- opening in parallel ------------------------------------------------- */

struct opening {
	struct pool_task task;
	struct registrar *registrar;
	const char *id;
	struct chan *chan;
	int rc;
	struct ord_err err;
	struct monitor *monitor;
	size_t *left;
};

static void open_one(struct pool_task *t)
{
	struct opening *o = UTIL_CONTAINER(t, struct opening, task);

	o->rc = chan_open(o->registrar, o->id, &o->chan, &o->err);
	monitor_lock(o->monitor);
	--*o->left;
	monitor_wake(o->monitor);
	monitor_unlock(o->monitor);
}

/* Everything that opened is registered, so that a failure closes it all again.  A chain without a
 * block is what a crash leaves of a creation that was not finished: whoever creates it again finds
 * it. */
static int collect(struct registrar *r, struct opening *o, size_t n, struct ord_err *e)
{
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		if (o[i].rc == 0) {
			registrar_add(r, o[i].chan);
		} else if (o[i].rc == ORD_ENOENT) {
			log_warn(&logger, "Channel '%s' has no blocks, skipping it", o[i].id);
		} else if (rc == 0) {
			*e = o[i].err;
			rc = o[i].rc;
		}
	}
	return rc;
}

static int open_all(struct registrar *r, char **ids, size_t n, struct ord_err *e)
{
	struct opening *all = x_alloc((n + 1) * sizeof(*all));
	struct monitor monitor;
	size_t left = n;
	int rc;

	monitor_init(&monitor);
	for (size_t i = 0; i < n; i++) {
		all[i] = (struct opening){.task = {.run = open_one},
					  .registrar = r,
					  .id = ids[i],
					  .monitor = &monitor,
					  .left = &left};
		pool_submit(r->opts.pool, &all[i].task);
	}
	monitor_lock(&monitor);
	while (left > 0)
		monitor_wait(&monitor);
	monitor_unlock(&monitor);
	rc = collect(r, all, n, e);
	monitor_fini(&monitor);
	free(all);
	return rc;
}

/* ---- starting ------------------------------------------------------------ */

static int check_system(struct registrar *r, struct ord_err *e)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->chans[i]->conf->has_consortiums && r->chans[i] != r->system)
			return err_set(e, ORD_EINVAL,
				       "There appear to be two system chains %s and %s",
				       r->system->id, r->chans[i]->id);
	return 0;
}

static void tell_conf(void *arg, struct chan *c)
{
	struct registrar *r = arg;

	r->opts.on_config(r->opts.arg, c);
}

static bool start_one(struct chan *c, struct ord_err *e)
{
	bool started = chan_start(c, e) == 0;

	if (!started)
		chan_fail(c, e);
	return started;
}

/* A channel whose chain does not start is closed, and the others serve.  When that is so with all
 * of them, something is wrong that is not theirs. */
static int start_all(struct registrar *r, struct ord_err *e)
{
	size_t started = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->chans[i] != r->system)
			started += start_one(r->chans[i], e);
	if (r->system)
		started += start_one(r->system, e);
	if (r->n > 0 && started == 0)
		return e->code;
	if (r->opts.on_config)
		registrar_each(r, tell_conf, r);
	return 0;
}

static void announce(const struct registrar *r)
{
	struct ord_block *genesis;
	struct chanconf *conf;
	struct ord_err e = ERR_INIT;
	struct buf hex = BUF_INIT;

	if (!r->system || ledger_read(r->system->ledger, 0, &genesis, &e) < 0)
		return;
	conf = chan_conf(r->system);
	hex_encode(&hex, bytes_of(genesis->header_hash, BLOCK_HASH_LEN));
	log_info(&logger,
		 "Starting system channel '%s' with genesis block hash %s and orderer type %s",
		 r->system->id, buf_cstr(&hex), conf->pub.consensus_type);
	chanconf_unref(conf);
	block_unref(genesis);
	buf_fini(&hex);
}

static struct registrar *registrar_new(const struct registrar_opts *opts)
{
	struct registrar *r = x_alloc(sizeof(*r));

	r->opts = *opts;
	r->by_id = map_new();
	r->passing = map_new();
	r->bell = mailbox_new(1);
	r->dirty_tail = &r->dirty;
	pthread_mutex_init(&r->lock, NULL);
	pthread_mutex_init(&r->dirty_lock, NULL);
	return r;
}

/* What is on disk; when that is nothing, the bootstrap block is put there first. */
static int open_found(struct registrar *r, struct ord_block *bootstrap_block, struct ord_err *e)
{
	char **ids;
	size_t n;
	int rc = pending_end_all(r, e);

	if (rc < 0 || (rc = ledger_root_list(r->opts.root, &ids, &n, e)) < 0)
		return rc;
	rc = open_all(r, ids, n, e);
	file_list_free(ids);
	if (rc < 0 || r->n > 0 || !bootstrap_block) {
		if (rc == 0 && r->n > 0)
			log_info(&logger, "Not bootstrapping because of %zu existing channels",
				 r->n);
		return rc;
	}
	if ((rc = bootstrap(r, bootstrap_block, e)) < 0 ||
	    (rc = ledger_root_list(r->opts.root, &ids, &n, e)) < 0)
		return rc;
	rc = open_all(r, ids, n, e);
	file_list_free(ids);
	return rc;
}

int registrar_open(const struct registrar_opts *opts, struct ord_block *bootstrap_block,
		   struct registrar **out, struct ord_err *e)
{
	struct registrar *r = registrar_new(opts);
	int rc;

	if ((rc = pool_new(1, "control", &r->control, e)) < 0 ||
	    (rc = open_found(r, bootstrap_block, e)) < 0 || (rc = check_system(r, e)) < 0 ||
	    (rc = commit_start(r, e)) < 0 || (rc = start_all(r, e)) < 0) {
		registrar_close(r);
		return rc;
	}
	announce(r);
	*out = r;
	return 0;
}

/* ---- stopping ------------------------------------------------------------ */

struct errand {
	struct pool_task task;
	struct registrar *registrar;
	void (*fn)(struct registrar *r);
	struct monitor monitor;
	bool done;
};

static void run_errand(struct pool_task *t)
{
	struct errand *d = UTIL_CONTAINER(t, struct errand, task);

	d->fn(d->registrar);
	monitor_lock(&d->monitor);
	d->done = true;
	monitor_wake(&d->monitor);
	monitor_unlock(&d->monitor);
}

void registrar_control(struct registrar *r, void (*fn)(struct registrar *r))
{
	struct errand d = {.task.run = run_errand, .registrar = r, .fn = fn};

	monitor_init(&d.monitor);
	pool_submit(r->control, &d.task);
	monitor_lock(&d.monitor);
	while (!d.done)
		monitor_wait(&d.monitor);
	monitor_unlock(&d.monitor);
	monitor_fini(&d.monitor);
}

static void give_up(void *arg, struct chan *c)
{
	(void)arg;
	chan_give_up(c);
}

static void halt_one(void *arg, struct chan *c)
{
	(void)arg;
	chan_halt(c);
}

/* The system channel first: it makes others. */
static void halt_all(struct registrar *r)
{
	if (r->system)
		chan_halt(r->system);
	registrar_each(r, halt_one, NULL);
}

static void nothing(struct registrar *r)
{
	(void)r;
}

void registrar_close(struct registrar *r)
{
	if (!r)
		return;
	registrar_each(r, give_up, NULL); /* the control thread may be waiting for one */
	if (r->control) {
		registrar_control(r, halt_all);
		registrar_control(r,
				  nothing); /* what chains asked for before they halted is done */
	}
	commit_stop(r);
	for (size_t i = 0; i < r->n; i++) {
		util_assert(atomic_load(&r->chans[i]->refs) == 1);
		chan_unref(r->chans[i]);
	}
	pool_free(r->control);
	participation_fini(r);
	free(r->chans);
	map_free(r->by_id, NULL);
	mailbox_free(r->bell);
	pthread_mutex_destroy(&r->lock);
	pthread_mutex_destroy(&r->dirty_lock);
	free(r);
}

/* ---- the set of channels ------------------------------------------------- */

void registrar_add(struct registrar *r, struct chan *take)
{
	struct chanconf *conf = chan_conf(take); /* its chain may run, and replace it */
	size_t i;

	pthread_mutex_lock(&r->lock);
	r->chans = x_realloc(r->chans, (r->n + 1) * sizeof(*r->chans));
	for (i = r->n++; i > 0 && strcmp(r->chans[i - 1]->id, take->id) > 0; i--)
		r->chans[i] = r->chans[i - 1];
	r->chans[i] = take;
	map_put(r->by_id, bytes_str(take->id), take);
	if (conf->has_consortiums && !r->system)
		r->system = take;
	pthread_mutex_unlock(&r->lock);
	chanconf_unref(conf);
}

struct chan *registrar_take(struct registrar *r, const char *channel_id)
{
	struct chan *c;
	size_t i = 0;

	pthread_mutex_lock(&r->lock);
	c = map_put(r->by_id, bytes_str(channel_id), NULL);
	util_assert(c);
	while (r->chans[i] != c)
		i++;
	memmove(&r->chans[i], &r->chans[i + 1], (--r->n - i) * sizeof(*r->chans));
	if (r->system == c)
		r->system = NULL;
	pthread_mutex_unlock(&r->lock);
	return c;
}

size_t registrar_count(struct registrar *r)
{
	size_t n;

	pthread_mutex_lock(&r->lock);
	n = r->n;
	pthread_mutex_unlock(&r->lock);
	return n;
}

struct chan *registrar_find(struct registrar *r, const char *channel_id)
{
	struct chan *c;

	pthread_mutex_lock(&r->lock);
	c = map_get(r->by_id, bytes_str(channel_id));
	if (c)
		chan_ref(c);
	pthread_mutex_unlock(&r->lock);
	return c;
}

struct chan *registrar_system(struct registrar *r)
{
	struct chan *c;

	pthread_mutex_lock(&r->lock);
	c = r->system ? chan_ref(r->system) : NULL;
	pthread_mutex_unlock(&r->lock);
	return c;
}

void registrar_each(struct registrar *r, void (*each)(void *arg, struct chan *c), void *arg)
{
	struct chan **chans;
	size_t n;

	pthread_mutex_lock(&r->lock);
	n = r->n;
	chans = x_alloc((n + 1) * sizeof(*chans));
	for (size_t i = 0; i < n; i++)
		chans[i] = chan_ref(r->chans[i]);
	pthread_mutex_unlock(&r->lock);
	for (size_t i = 0; i < n; i++) {
		each(arg, chans[i]);
		chan_unref(chans[i]);
	}
	free(chans);
}
