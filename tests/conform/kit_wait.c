/* SPDX-License-Identifier: Apache-2.0 */
/* testkit: time that stands still, threads, mailboxes, and waiting for things to happen. */
#include "kit.h"

#include <errno.h>
#include <time.h>

#define KIT_TICK_MS 5 /* of real time while we wait for service, and what passes in the world */
#define KIT_TICK_NS 50000000 /* meanwhile */

static _Thread_local struct ord_thread *self; /* NULL: not a thread of a plugin */

static struct testkit *kit_of(struct ord_support *s)
{
	return (struct testkit *)s;
}

void kit_lock(struct testkit *k)
{
	pthread_mutex_lock(&k->lock);
}

void kit_unlock(struct testkit *k)
{
	pthread_mutex_unlock(&k->lock);
}

void kit_changed(struct testkit *k)
{
	pthread_cond_broadcast(&k->changed);
}

void kit_lock_chain(struct testkit *k, const char *call)
{
	kit_step(k);
	kit_lock(k);
	if (!self || self->k != k)
		kit_broken(k, "%s() was called on a thread not made by thread_start()", call);
	if (k->chain_thread && k->chain_thread != self)
		kit_broken(k, "%s() was called on a second thread: a chain has one", call);
	k->chain_thread = self;
}

/* ---- time ---------------------------------------------------------------- */

uint64_t kit_now(struct ord_support *s)
{
	struct testkit *k = kit_of(s);
	uint64_t now;

	kit_step(k);
	kit_lock(k);
	now = k->now;
	kit_unlock(k);
	return now;
}

void testkit_advance(struct testkit *k, uint64_t ns)
{
	kit_lock(k);
	k->now += ns;
	kit_changed(k);
	kit_unlock(k);
}

/* ---- mailboxes ----------------------------------------------------------- */

struct ord_mailbox *kit_mailbox_new(struct ord_support *s, size_t cap)
{
	struct testkit *k = kit_of(s);
	struct ord_mailbox *m = ord_alloc(sizeof(*m) + cap * sizeof(m->ring[0]));

	kit_step(k);
	if (cap == 0)
		kit_broken(k, "mailbox_new() of no capacity");
	m->k = k;
	m->cap = cap;
	kit_lock(k);
	k->live_mailboxes++;
	kit_unlock(k);
	return m;
}

int kit_mailbox_push(struct ord_mailbox *m, void *item)
{
	struct testkit *k = m->k;
	int rc = 0;

	kit_step(k);
	kit_lock(k);
	if (m->closed)
		rc = ORD_ECLOSED;
	else if (m->len == m->cap)
		rc = ORD_EUNAVAIL;
	else
		m->ring[(m->head + m->len++) % m->cap] = item;
	kit_changed(k);
	kit_unlock(k);
	return rc;
}

/* Is there an answer for whoever waits for @m until @deadline? */
static bool is_due(const struct ord_mailbox *m, uint64_t deadline)
{
	return m->len > 0 || m->closed || deadline <= m->k->now;
}

int kit_mailbox_pop(struct ord_mailbox *m, uint64_t deadline_ns, void **items, size_t max)
{
	struct testkit *k = m->k;
	int n = 0;

	kit_step(k);
	kit_lock(k);
	if (!self)
		kit_broken(k, "mailbox_pop() was called on a thread not made by thread_start()");
	if (!is_due(m, deadline_ns) && self == k->chain_thread)
		kit_flush_blocks(k, 0);
	self->waits_for = m;
	self->deadline = deadline_ns;
	kit_changed(k);
	while (!is_due(m, deadline_ns))
		pthread_cond_wait(&k->changed, &k->lock);
	self->waits_for = NULL;
	for (; m->len > 0 && (size_t)n < max; n++, m->len--) {
		items[n] = m->ring[m->head];
		m->head = (m->head + 1) % m->cap;
	}
	if (n == 0)
		n = m->closed ? ORD_ECLOSED : ORD_ETIMEDOUT;
	kit_unlock(k);
	return n;
}

void kit_mailbox_close(struct ord_mailbox *m)
{
	struct testkit *k = m->k;

	kit_step(k);
	kit_lock(k);
	m->closed = true;
	kit_changed(k);
	kit_unlock(k);
}

void kit_mailbox_free(struct ord_mailbox *m)
{
	struct testkit *k;

	if (!m)
		return;
	k = m->k;
	kit_step(k);
	kit_lock(k);
	if (m->len > 0)
		kit_broken(k, "mailbox_free() with %zu items in it", m->len);
	k->live_mailboxes--;
	kit_unlock(k);
	free(m);
}

/* ---- threads ------------------------------------------------------------- */

static void *thread_main(void *arg)
{
	self = arg;
	self->fn(self->arg);
	kit_lock(self->k);
	self->ended = true;
	kit_changed(self->k);
	kit_unlock(self->k);
	return NULL;
}

int kit_thread_start(struct ord_support *s, const char *name, void (*fn)(void *), void *arg,
		     struct ord_thread **out)
{
	struct testkit *k = kit_of(s);
	struct ord_thread *t = ord_alloc(sizeof(*t));
	int rc = 0;

	(void)name;
	kit_step(k);
	*t = (struct ord_thread){.k = k, .fn = fn, .arg = arg};
	kit_lock(k);
	if (k->fail_threads > 0) {
		k->fail_threads--;
		rc = ORD_EUNAVAIL;
	} else if (pthread_create(&t->id, NULL, thread_main, t) != 0) {
		kit_broken(k, "no thread to be had");
	} else {
		t->next = k->threads;
		k->threads = *out = t;
		k->live_threads++;
	}
	kit_unlock(k);
	if (rc < 0)
		free(t);
	return rc;
}

void kit_thread_join(struct ord_thread *t)
{
	struct testkit *k;
	struct ord_thread **at;

	if (!t)
		return;
	k = t->k;
	kit_step(k);
	pthread_join(t->id, NULL);
	kit_lock(k);
	for (at = &k->threads; *at != t; at = &(*at)->next)
		;
	*at = t->next;
	k->live_threads--;
	kit_unlock(k);
	free(t);
}

/* ---- waiting ------------------------------------------------------------- */

static bool is_idle(struct testkit *k, size_t n)
{
	(void)n;
	for (const struct ord_thread *t = k->threads; t; t = t->next)
		if (!t->ended && (!t->waits_for || is_due(t->waits_for, t->deadline)))
			return false;
	return true;
}

static bool is_written(struct testkit *k, size_t n)
{
	return atomic_load(&k->disk->n_messages) >= n;
}

static bool is_there(struct testkit *k, size_t n)
{
	const struct testkit_disk *d = k->disk;
	size_t len = strlen(k->awaited);

	for (unsigned i = 0; n && i < atomic_load(&d->n_messages); i++) {
		const char *text = d->arena + d->messages[i].at;
		size_t left = d->messages[i].len;

		while (left > len && text[left - 1] == '\'')
			left--; /* made again */
		if (left == len && !memcmp(text, k->awaited, len))
			return true;
	}
	return false;
}

static bool is_pending(struct testkit *k, size_t n)
{
	return k->n_pending == n;
}

static bool is_settled(struct testkit *k, size_t n)
{
	return k->n_settled >= n;
}

static int limit_s(void)
{
	const char *patience = getenv("TESTKIT_WAIT");

	return patience ? atoi(patience) : KIT_WAIT_S;
}

static struct timespec real_time_in(unsigned ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += (time_t)ms / 1000;
	t.tv_nsec += (long)ms % 1000 * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void wait_until(struct testkit *k, bool (*done)(struct testkit *k, size_t n), size_t n,
		       const char *what)
{
	struct timespec limit = real_time_in(1000 * (unsigned)limit_s());
	int rc = 0;

	kit_lock(k);
	while (!done(k, n) && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&k->changed, &k->lock, &limit);
	if (!done(k, n))
		kit_broken(k,
			   "waited %d s for %zu %s: %u are in blocks, %zu in the cutter, %zu of "
			   "%zu tickets settled",
			   limit_s(), n, what, atomic_load(&k->disk->n_messages), k->n_pending,
			   k->n_settled, k->n_tickets);
	kit_unlock(k);
}

void testkit_wait_written(struct testkit *k, size_t messages)
{
	wait_until(k, is_written, messages, "messages in blocks");
}

void testkit_wait_message(struct testkit *k, const char *word)
{
	kit_lock(k);
	k->awaited = word;
	kit_unlock(k);
	wait_until(k, is_there, 1, word);
}

void testkit_wait_pending(struct testkit *k, size_t messages)
{
	wait_until(k, is_pending, messages, "messages in the cutter");
}

void testkit_wait_settled(struct testkit *k, size_t tickets)
{
	wait_until(k, is_settled, tickets, "settled tickets");
}

/* Has the plugin made no call for so long?  Only a real clock knows what is on the way. */
static bool is_quiet(struct testkit *k)
{
	struct timespec pause = real_time_in(k->opts.quiet_ms);
	unsigned before = atomic_load(&k->steps);

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &pause, NULL);
	return atomic_load(&k->steps) == before;
}

static bool is_past(const struct timespec *limit)
{
	struct timespec now = real_time_in(0);

	return now.tv_sec > limit->tv_sec ||
	       (now.tv_sec == limit->tv_sec && now.tv_nsec > limit->tv_nsec);
}

void testkit_wait_idle(struct testkit *k)
{
	struct timespec limit = real_time_in(1000 * (unsigned)limit_s());

	wait_until(k, is_idle, 0, "threads at work");
	while (k->opts.quiet_ms && !is_quiet(k)) {
		if (is_past(&limit))
			kit_broken(k,
				   "waited %d s, and the plugin never left the host alone for "
				   "%u ms",
				   limit_s(), k->opts.quiet_ms);
		wait_until(k, is_idle, 0, "threads at work");
	}
}

/* What errored() says may only change with a kick, so nothing else wakes us. */
static void wait_errored_is(struct testkit *k, bool wanted)
{
	struct timespec limit = real_time_in(1000 * (unsigned)limit_s());
	unsigned kicks = testkit_kicks(k);

	while (testkit_errored(k) != wanted) {
		while (testkit_kicks(k) == kicks) {
			struct timespec pause = real_time_in(KIT_TICK_MS);
			bool changed = testkit_errored(k) == wanted;

			if (is_past(&limit))
				kit_broken(k, "waited %d s: errored() %s %s %s", limit_s(),
					   changed ? "became" : "is not", wanted ? "true" : "false",
					   changed ? "without a kick" : "yet");
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &pause, NULL);
			testkit_advance(k, KIT_TICK_NS);
		}
		kicks = testkit_kicks(k);
	}
}

void testkit_wait_serving(struct testkit *k)
{
	wait_errored_is(k, false);
}

void testkit_wait_errored(struct testkit *k)
{
	wait_errored_is(k, true);
}
