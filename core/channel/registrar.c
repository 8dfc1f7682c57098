/* SPDX-License-Identifier: Apache-2.0 */
/* The registrar: every channel of the ledger directory, opened in parallel (spec 7.4). */
#include <stdlib.h>

#include "channel_priv.h"

static struct log_logger logger = LOG_LOGGER("orderer.commmon.multichannel");

/* ---- bootstrap --------------------------------------------------------------------- */

/* The configuration of a block that a system channel can begin with. */
static int bootstrap_conf(const struct ord_block *block, struct chanconf **out, struct ord_err *e)
{
	struct ord_env *env = block_config_env(block);
	struct chanconf *conf = NULL;
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
	if (rc == 0) {
		*out = conf;
		return 0;
	}
	chanconf_unref(conf);
	return err_wrap(e, "Failed validating bootstrap block");
}

int registrar_check_bootstrap(const struct ord_block *block, struct ord_err *e)
{
	struct chanconf *conf;
	int rc = bootstrap_conf(block, &conf, e);

	if (rc == 0)
		chanconf_unref(conf);
	return rc;
}

/* An empty ledger directory begins with the bootstrap block of the system channel. */
static int bootstrap(struct registrar *r, struct ord_block *block, struct ord_err *e)
{
	struct chanconf *conf;
	struct ledger *l;
	int rc = bootstrap_conf(block, &conf, e);

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

/* ---- opening in parallel --------------------------------------------------------------- */

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

/* Everything that opened is registered, so that a failure closes it all again. */
static int collect(struct registrar *r, struct opening *o, size_t n, struct ord_err *e)
{
	int rc = 0;

	r->chans = x_alloc((n + 1) * sizeof(*r->chans));
	for (size_t i = 0; i < n; i++) {
		if (o[i].rc < 0) {
			if (rc == 0)
				*e = o[i].err;
			rc = o[i].rc;
			continue;
		}
		r->chans[r->n++] = o[i].chan;
		map_put(r->by_id, bytes_str(o[i].id), o[i].chan);
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

/* ---- starting ------------------------------------------------------------------------------ */

static int find_system(struct registrar *r, struct ord_err *e)
{
	for (size_t i = 0; i < r->n; i++) {
		if (!r->chans[i]->conf->has_consortiums)
			continue;
		if (r->system)
			return err_set(e, ORD_EINVAL,
				       "There appear to be two system chains %s and %s",
				       r->system->id, r->chans[i]->id);
		r->system = r->chans[i];
	}
	return 0;
}

static int start_all(struct registrar *r, struct ord_err *e)
{
	int rc = 0;

	for (size_t i = 0; i < r->n && rc == 0; i++)
		if (r->chans[i] != r->system)
			rc = chan_start(r->chans[i], e);
	if (rc == 0 && r->system)
		rc = chan_start(r->system, e);
	for (size_t i = 0; i < r->n && rc == 0 && r->opts.on_config; i++)
		r->opts.on_config(r->opts.arg, r->chans[i]);
	return rc;
}

static void announce(const struct registrar *r)
{
	struct ord_block *genesis;
	struct ord_err e = ERR_INIT;
	struct buf hex = BUF_INIT;

	if (!r->system || ledger_read(r->system->ledger, 0, &genesis, &e) < 0)
		return;
	hex_encode(&hex, bytes_of(genesis->header_hash, BLOCK_HASH_LEN));
	log_info(&logger,
		 "Starting system channel '%s' with genesis block hash %s and orderer type %s",
		 r->system->id, buf_cstr(&hex), r->system->conf->pub.consensus_type);
	block_unref(genesis);
	buf_fini(&hex);
}

int registrar_open(const struct registrar_opts *opts, struct ord_block *bootstrap_block,
		   struct registrar **out, struct ord_err *e)
{
	struct registrar *r = x_alloc(sizeof(*r));
	char **ids = NULL;
	size_t n = 0;
	int rc;

	r->opts = *opts;
	r->by_id = map_new();
	if ((rc = ledger_root_list(opts->root, &ids, &n, e)) < 0)
		goto out;
	if (n == 0 && bootstrap_block) {
		file_list_free(ids);
		ids = NULL;
		if ((rc = bootstrap(r, bootstrap_block, e)) < 0 ||
		    (rc = ledger_root_list(opts->root, &ids, &n, e)) < 0)
			goto out;
	} else if (n > 0) {
		log_info(&logger, "Not bootstrapping because of %zu existing channels", n);
	}
	r->dirty = mailbox_new(n + 1);
	if ((rc = open_all(r, ids, n, e)) < 0 || (rc = find_system(r, e)) < 0 ||
	    (rc = writer_start(r, e)) < 0 || (rc = start_all(r, e)) < 0)
		goto out;
	announce(r);
out:
	file_list_free(ids);
	if (rc < 0)
		registrar_close(r);
	else
		*out = r;
	return rc;
}

void registrar_close(struct registrar *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		chan_halt(r->chans[i]);
	writer_stop(r);
	for (size_t i = 0; i < r->n; i++)
		chan_free(r->chans[i]);
	free(r->chans);
	map_free(r->by_id, NULL);
	mailbox_free(r->dirty);
	free(r);
}

/* ---- looking up -------------------------------------------------------------------------------
 */

struct chan *registrar_find(struct registrar *r, const char *channel_id)
{
	return map_get(r->by_id, bytes_str(channel_id));
}

struct chan *registrar_system(struct registrar *r)
{
	return r->system;
}

void registrar_each(struct registrar *r, void (*each)(void *arg, struct chan *c), void *arg)
{
	for (size_t i = 0; i < r->n; i++)
		each(arg, r->chans[i]);
}
