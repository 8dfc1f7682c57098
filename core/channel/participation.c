/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channel participation (spec 9.2): channels come by their genesis block and go, without a system
 * channel, while the daemon runs.
 */
#include <stdlib.h>

#include "channel_priv.h"

static struct log_logger logger = LOG_LOGGER("orderer.commmon.channelparticipation");

/* A channel between two states; the name is taken. */
struct passing {
	struct pool_task task;
	struct registrar *registrar;
	struct chan *chan; /* on its way out: until its chain has halted */
	char *id;
	enum { JOINING, LEAVING, LEFT_BEHIND } state; /* guarded by the registrar's lock */
};

static int refuse(int *status, int code, struct ord_err *e, const char *text)
{
	*status = code;
	return err_set(e, ORD_EINVAL, "%s", text);
}

/* ---- names that are taken ------------------------------------------------ */

/* Locked. */
static struct passing *passing_add(struct registrar *r, const char *id, int state)
{
	struct passing *p = x_alloc(sizeof(*p));

	p->registrar = r;
	p->id = x_strdup(id);
	p->state = state;
	map_put(r->passing, bytes_str(id), p);
	return p;
}

static void passing_free(void *passing)
{
	struct passing *p = passing;

	free(p->id);
	free(p);
}

static void passing_end(struct passing *p)
{
	struct registrar *r = p->registrar;

	pthread_mutex_lock(&r->lock);
	map_put(r->passing, bytes_str(p->id), NULL);
	pthread_mutex_unlock(&r->lock);
	passing_free(p);
}

void participation_fini(struct registrar *r)
{
	map_free(r->passing, passing_free);
}

/* ---- join ---------------------------------------------------------------- */

/* Takes the name.  Fabric's order of refusals. */
static int reserve(struct registrar *r, const struct chanconf *conf, struct passing **out,
		   int *status, struct ord_err *e)
{
	struct passing *p;
	int rc = 0;

	pthread_mutex_lock(&r->lock);
	p = map_get(r->passing, bytes_str(conf->channel_id));
	if (p && p->state == LEFT_BEHIND)
		rc = refuse(status, JOIN_FAILED, e, "cannot join: channel removal failure");
	else if (p && p->state == LEAVING)
		rc = refuse(status, JOIN_CONFLICT, e, "cannot join: channel pending removal");
	else if (r->system)
		rc = refuse(status, JOIN_NOT_ALLOWED, e, "cannot join: system channel exists");
	else if (p || map_get(r->by_id, bytes_str(conf->channel_id)))
		rc = refuse(status, JOIN_NOT_ALLOWED, e, "cannot join: channel already exists");
	else if (conf->has_consortiums && (r->n > 0 || map_len(r->passing) > 0))
		rc = refuse(status, JOIN_FORBIDDEN, e,
			    "cannot join: application channels already exist");
	else
		*out = passing_add(r, conf->channel_id, JOINING);
	pthread_mutex_unlock(&r->lock);
	return rc;
}

static int join_conf(const struct ord_block *b, struct chanconf **out, struct ord_err *e)
{
	struct ord_env *env = block_config_env(b);
	int rc;

	*out = NULL;
	if (!env)
		rc = err_set(e, ORD_EINVAL, "block is not a config block");
	else
		rc = chanconf_from_env(env, out, e);
	if (rc == 0 && !(*out)->has_application && !(*out)->has_consortiums)
		rc = err_set(e, ORD_EINVAL,
			     "invalid config: must have at least one of application or "
			     "consortiums");
	env_unref(env);
	return rc < 0 ? err_wrap(e, "invalid join block") : 0;
}

/* Can this orderer serve the channel, and from this block on? */
static int check_serves(const struct registrar *r, const struct ord_block *b,
			const struct chanconf *conf, struct ord_err *e)
{
	int rc = chanconf_check_supported(conf, e);

	if (rc == 0 && !plugin_find(r->opts.plugins, conf->pub.consensus_type))
		rc = err_set(e, ORD_EINVAL, "failed to find a consenter for consensus type: %s",
			     conf->pub.consensus_type);
	if (rc == 0 && b->number > 0)
		rc = err_set(e, ORD_EINVAL,
			     "the block has number %llu, and this orderer does not fetch the "
			     "blocks before it from others: join with the channel's genesis "
			     "block, number 0",
			     (unsigned long long)b->number);
	return rc < 0 ? err_wrap(e, "cannot join") : 0;
}

/* The join block first, so that a crash from here on is made good at the next start. */
static int make_channel(struct registrar *r, const char *id, struct ord_bytes bytes,
			struct ord_block *b, struct ord_err *e)
{
	struct ord_err ignored = ERR_INIT;
	int rc = pending_save(r, "join", id, bytes, e);

	util_stop_at("join-saved");
	if (rc == 0)
		rc = create_ledger(r, id, b, e);
	if (rc == 0)
		rc = create_chan(r, id, true, e);
	util_stop_at("join-started");
	if (rc < 0 && ledger_remove(r->opts.root, id, &ignored) < 0)
		log_error(&logger, "What is left of channel %s could not be removed: %s", id,
			  ignored.msg);
	if (pending_done(r, "join", id, &ignored) < 0)
		log_error(&logger, "%s", ignored.msg);
	return rc < 0 ? err_wrap(e, "cannot join") : 0;
}

static int join(struct registrar *r, struct ord_bytes bytes, struct ord_block *b, int *status,
		char **id, struct ord_err *e)
{
	struct passing *p = NULL;
	struct chanconf *conf;
	int rc = join_conf(b, &conf, e);

	if (rc == 0)
		rc = reserve(r, conf, &p, status, e);
	if (rc == 0 && (rc = check_serves(r, b, conf, e)) == 0)
		rc = make_channel(r, conf->channel_id, bytes, b, e);
	if (rc == 0)
		*id = x_strdup(conf->channel_id);
	if (p)
		passing_end(p);
	chanconf_unref(conf);
	return rc;
}

int registrar_join(struct registrar *r, struct ord_bytes block, struct chan_info *out, int *status,
		   struct ord_err *e)
{
	struct buf copy = BUF_INIT;
	struct ord_block *b = NULL;
	char *id = NULL;
	int rc;

	*status = JOIN_BAD;
	buf_add_bytes(&copy, block);
	rc = block_parse(&copy, &b, e);
	if (rc < 0)
		err_wrap(e, "cannot unmarshal file part config-block into a block");
	else
		rc = join(r, block, b, status, &id, e);
	if (rc == 0) {
		log_info(&logger, "Joined channel %s", id);
		rc = registrar_info(r, id, out, e);
	}
	free(id);
	block_unref(b);
	buf_fini(&copy);
	return rc;
}

/* ---- remove -------------------------------------------------------------- */

/* Nobody has the channel any more. */
static void bury(struct pool_task *t)
{
	struct passing *p = UTIL_CONTAINER(t, struct passing, task);
	struct registrar *r = p->registrar;
	struct ord_err e = ERR_INIT;

	if (p->chan)
		chan_free(p->chan);
	p->chan = NULL;
	util_stop_at("remove-ledger");
	if (ledger_remove(r->opts.root, p->id, &e) == 0) {
		util_stop_at("remove-files");
		if (pending_done(r, "remove", p->id, &e) == 0) {
			log_info(&logger, "Removed channel %s", p->id);
			passing_end(p);
			return;
		}
	}
	log_error(&logger, "Channel %s is not removed yet, try again or restart the orderer: %s",
		  p->id, e.msg);
	pthread_mutex_lock(&r->lock);
	p->state = LEFT_BEHIND;
	pthread_mutex_unlock(&r->lock);
}

void participation_bury(struct chan *c)
{
	c->passing->task.run = bury;
	pool_submit(c->registrar->control, &c->passing->task);
}

/* The chain stops; the reference that was the registrar's goes. */
static void part(struct pool_task *t)
{
	struct chan *c = UTIL_CONTAINER(t, struct passing, task)->chan;

	gate_shut(&c->gate); /* once more: a change of type may have opened it */
	gate_wait_empty(&c->gate);
	chan_halt(c);
	util_stop_at("remove-halted");
	commit_mail(c); /* what is queued is dropped */
	chan_unref(c);
}

/* Locked. */
static int may_leave(struct registrar *r, const char *id, int *status, struct ord_err *e)
{
	struct passing *p = map_get(r->passing, bytes_str(id));

	if (p && p->state != LEFT_BEHIND)
		return refuse(status, JOIN_CONFLICT, e,
			      p->state == JOINING ? "cannot remove: channel is being joined"
						  : "cannot remove: channel pending removal");
	if (r->system)
		return refuse(status, JOIN_NOT_ALLOWED, e, "cannot remove: system channel exists");
	if (!p && !map_get(r->by_id, bytes_str(id)))
		return refuse(status, JOIN_NOT_FOUND, e, "cannot remove: channel does not exist");
	return 0;
}

/* Nothing is lost yet: the name is taken, the marker is not written. */
static int mark_leaving(struct registrar *r, const char *id, struct passing **out, int *status,
			struct ord_err *e)
{
	struct ord_err ignored = ERR_INIT;
	bool again = false;
	int rc;

	pthread_mutex_lock(&r->lock);
	rc = may_leave(r, id, status, e);
	if (rc == 0) {
		*out = map_get(r->passing, bytes_str(id));
		again = *out != NULL;
		if (again)
			(*out)->state = LEAVING;
		else
			*out = passing_add(r, id, LEAVING);
	}
	pthread_mutex_unlock(&r->lock);
	if (rc < 0 || again)
		return rc < 0 ? rc : 1;
	rc = pending_save(r, "remove", id, bytes_of(NULL, 0), e);
	if (rc == 0)
		return 0;
	if (pending_done(r, "remove", id, &ignored) < 0) /* or the next start would do it */
		log_error(&logger, "%s", ignored.msg);
	passing_end(*out);
	*status = JOIN_BAD;
	return err_wrap(e, "cannot remove");
}

int registrar_remove(struct registrar *r, const char *channel_id, int *status, struct ord_err *e)
{
	struct passing *p = NULL;
	struct chan *c;
	int rc = mark_leaving(r, channel_id, &p, status, e);

	if (rc < 0)
		return rc;
	util_stop_at("remove-marked");
	p->task.run = bury;
	if (rc == 0) {
		p->task.run = part;
		p->chan = c = registrar_take(r, channel_id);
		c->passing = p;
		atomic_store(&c->removed, true);
		gate_shut(&c->gate);
		chan_wake_all(c);
		if (r->opts.on_config)
			r->opts.on_config(r->opts.arg, c); /* its client CAs go */
	}
	pool_submit(r->control, &p->task);
	return 0;
}

/* ---- what there is ------------------------------------------------------- */

static void fill(struct chan_info *out, const char *id, const char *status, uint64_t height)
{
	*out = (struct chan_info){.relation = "other", .status = status, .height = height};
	snprintf(out->name, sizeof(out->name), "%s", id);
}

int registrar_info(struct registrar *r, const char *channel_id, struct chan_info *out,
		   struct ord_err *e)
{
	struct chan *c = registrar_find(r, channel_id);
	struct passing *p;
	bool leaving, failed;

	if (c) {
		fill(out, c->id, chan_failed(c) ? "failed" : "active", ledger_height(c->ledger));
		chan_unref(c);
		return 0;
	}
	pthread_mutex_lock(&r->lock);
	p = map_get(r->passing, bytes_str(channel_id));
	leaving = p && p->state != JOINING;
	failed = leaving && p->state == LEFT_BEHIND;
	pthread_mutex_unlock(&r->lock);
	if (!leaving)
		return err_set(e, ORD_ENOENT, "channel does not exist");
	fill(out, channel_id, failed ? "failed" : "inactive", 0);
	return 0;
}

struct named {
	char *name;
	bool system;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* Locked; to be freed. */
static struct named *names_of(struct registrar *r, size_t *n)
{
	struct named *all = x_alloc((r->n + map_len(r->passing) + 1) * sizeof(*all));
	struct ord_bytes key;
	size_t pos = 0;
	void *p;

	for (*n = 0; *n < r->n; ++*n)
		all[*n] = (struct named){x_strdup(r->chans[*n]->id), r->chans[*n] == r->system};
	while (map_next(r->passing, &pos, &key, &p))
		if (((struct passing *)p)->state != JOINING)
			all[(*n)++].name = x_strdup(((struct passing *)p)->id);
	return all;
}

void registrar_list(struct registrar *r, void (*each)(void *arg, const char *name, bool system),
		    void *arg)
{
	struct named *all;
	size_t n;

	pthread_mutex_lock(&r->lock);
	all = names_of(r, &n);
	pthread_mutex_unlock(&r->lock);
	qsort(all, n, sizeof(*all), by_name);
	for (size_t i = 0; i < n; i++) {
		each(arg, all[i].name, all[i].system);
		free(all[i].name);
	}
	free(all);
}
