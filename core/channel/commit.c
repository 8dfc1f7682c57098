/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commit thread, one for all channels: takes the blocks that chain threads queued, has them
 * signed, and appends them.  Blocks that piled up while the disk was busy share one fsync.
 */
#include <stdlib.h>

#include "channel_priv.h"

static struct log_logger logger = LOG_LOGGER("orderer.commmon.multichannel");

#define COMMIT_BATCH    64                  /* blocks an append */
#define COMMIT_RETRY_NS (500 * CLOCK_MS_NS) /* between tries while the ledger refuses */

/* ---- dirty channels ------------------------------------------------------ */

void commit_mail(struct chan *c)
{
	struct registrar *r = c->registrar;

	if (atomic_exchange(&c->mailed, true))
		return;
	c->next_dirty = NULL;
	pthread_mutex_lock(&r->dirty_lock);
	*r->dirty_tail = chan_ref(c);
	r->dirty_tail = &c->next_dirty;
	pthread_mutex_unlock(&r->dirty_lock);
	mailbox_push(r->bell, r); /* full: it rings already */
}

static struct chan *take_dirty(struct registrar *r)
{
	struct chan *list;

	pthread_mutex_lock(&r->dirty_lock);
	list = r->dirty;
	r->dirty = NULL;
	r->dirty_tail = &r->dirty;
	pthread_mutex_unlock(&r->dirty_lock);
	return list;
}

/* ---- one channel --------------------------------------------------------- */

/* Up to @max of the channel's queued blocks; they stay queued until they are on disk. */
static size_t peek(struct chan *c, struct commit **out, size_t max)
{
	size_t n = 0;

	monitor_lock(&c->commit);
	for (struct commit *w = c->queue; w && n < max; w = w->next)
		out[n++] = w;
	monitor_unlock(&c->commit);
	return n;
}

/* Take the @n oldest, which are @work, out; true when more are queued. */
static bool dequeue(struct chan *c, struct commit *const *work, size_t n)
{
	bool more;

	monitor_lock(&c->commit);
	c->queue = work[n - 1]->next;
	if (!c->queue)
		c->queue_tail = &c->queue;
	c->queued -= n;
	for (size_t i = 0; i < n; i++)
		c->queued_bytes -= work[i]->bytes;
	more = c->queue != NULL;
	monitor_wake(&c->commit);
	monitor_unlock(&c->commit);
	for (size_t i = 0; i < n; i++)
		commit_free(work[i]);
	return more;
}

/* The ledger said no: tell once, refuse new messages, try again later. */
static void refuse(struct chan *c, const struct ord_err *e)
{
	bool was;

	monitor_lock(&c->commit);
	was = atomic_exchange(&c->read_only, true);
	monitor_wake(&c->commit); /* who gives up need not wait any longer */
	monitor_unlock(&c->commit);
	if (!was)
		log_error(&logger,
			  "[channel: %s] Could not append block, the channel is read-only until "
			  "the ledger takes it: %s",
			  c->id, e->msg);
	if (c->retry_at_ns == 0) {
		c->next_stuck = c->registrar->stuck;
		c->registrar->stuck = chan_ref(c);
	}
	c->retry_at_ns = clock_mono_ns() + COMMIT_RETRY_NS;
}

static void accept_again(struct chan *c)
{
	c->retry_at_ns = 0;
	if (atomic_exchange(&c->read_only, false))
		log_info(&logger, "[channel: %s] The ledger takes blocks again", c->id);
}

static void mark_journal(struct chan *c, struct ord_block *const *blocks, size_t n)
{
	if (!c->journal.journal)
		return;
	for (size_t i = 0; i < n; i++)
		if (blocks[i]->journal_pos > c->journal_done)
			c->journal_done = blocks[i]->journal_pos;
	journal_mark(c->journal.journal, c->journal_done, blocks[n - 1]->number);
}

/* Nobody will read what a removed channel has queued. */
static void drop_some(struct chan *c, struct commit *const *work, size_t n)
{
	c->retry_at_ns = 0;
	if (n > 0 && dequeue(c, work, n))
		commit_mail(c);
}

static int append(struct chan *c, struct ord_block *const *blocks, size_t n, struct ord_err *e)
{
	uint64_t began = clock_mono_ns(), took;
	int rc = ledger_append(c->ledger, blocks, n, e);

	took = clock_mono_ns() - began;
	for (size_t i = 0; i < n && rc == 0; i++)
		histogram_observe(&c->counts.commit, took);
	return rc;
}

/* Write what one channel has queued, at most COMMIT_BATCH blocks at a time. */
static void commit_some(struct chan *c)
{
	struct commit *work[COMMIT_BATCH];
	struct ord_block *blocks[COMMIT_BATCH];
	struct ord_err e = ERR_INIT;
	size_t n = peek(c, work, COMMIT_BATCH);
	int rc = 0;

	if (chan_removed(c)) {
		drop_some(c, work, n);
		return;
	}
	if (n == 0)
		return;
	for (size_t i = 0; i < n && rc == 0; i++) {
		blocks[i] = work[i]->block;
		rc = writer_finish(c, work[i], &e);
	}
	if (rc == 0)
		rc = append(c, blocks, n, &e);
	if (rc < 0 && rc != ORD_EUNAVAIL)
		chan_support_ops.fatal(&c->support, e.msg);
	if (rc < 0) {
		refuse(c, &e);
		return;
	}
	accept_again(c);
	mark_journal(c, blocks, n);
	if (dequeue(c, work, n))
		commit_mail(c);
}

/* ---- the thread ---------------------------------------------------------- */

static void commit_dirty(struct registrar *r)
{
	struct chan *c = take_dirty(r), *next;

	for (; c; c = next) {
		next = c->next_dirty;
		atomic_store(&c->mailed, false);
		commit_some(c);
		chan_unref(c);
	}
}

/* Ask ledgers again whose time has come; the earliest time at which to look again. */
static uint64_t retry_stuck(struct registrar *r)
{
	uint64_t now = clock_mono_ns(), at = CLOCK_NEVER;
	struct chan **p = &r->stuck, *c;

	while ((c = *p)) {
		if (c->retry_at_ns && c->retry_at_ns <= now)
			commit_some(c);
		if (c->retry_at_ns == 0) {
			*p = c->next_stuck;
			chan_unref(c);
			continue;
		}
		if (c->retry_at_ns < at)
			at = c->retry_at_ns;
		p = &c->next_stuck;
	}
	return at;
}

static void *commit_loop(void *arg)
{
	struct registrar *r = arg;
	uint64_t retry = CLOCK_NEVER;
	void *rung;

	while (mailbox_pop(r->bell, retry, &rung) != ORD_ECLOSED) {
		commit_dirty(r);
		retry = retry_stuck(r); /* however busy the other channels are */
	}
	return NULL;
}

int commit_start(struct registrar *r, struct ord_err *e)
{
	int rc = thread_start(&r->commit_thread, "commit", commit_loop, r, e);

	r->commit_started = rc == 0;
	return rc;
}

static void wait_drained(void *arg, struct chan *c)
{
	(void)arg;
	writer_wait_drained(c);
}

/* The chains have halted: what they queued is written; a ledger that refuses keeps its last try. */
void commit_stop(struct registrar *r)
{
	struct chan *c, *next;

	if (!r->commit_started)
		return;
	registrar_each(r, wait_drained, NULL);
	mailbox_close(r->bell);
	pthread_join(r->commit_thread, NULL);
	r->commit_started = false;
	for (c = take_dirty(r); c; c = next) {
		next = c->next_dirty;
		chan_unref(c);
	}
	for (c = r->stuck; c; c = next) {
		next = c->next_stuck;
		chan_unref(c);
	}
}
