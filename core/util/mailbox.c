/* SPDX-License-Identifier: Apache-2.0 */
/* mailbox: what changes threads.  A ring of pointers, one lock, wakes only sleepers. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <util/util.h>

struct ord_mailbox {
	pthread_mutex_t lock; /* guards everything below */
	pthread_cond_t filled;
	unsigned sleepers;
	atomic_bool closed;
	size_t cap, head;
	atomic_size_t len; /* this one and closed are read without the lock by who spins */
	uint32_t credit;   /* see struct spin */
	void *ring[];
};

struct ord_mailbox *mailbox_new(size_t cap)
{
	struct ord_mailbox *m;
	pthread_condattr_t attr;

	util_assert(cap > 0);
	m = x_alloc(sizeof(*m) + cap * sizeof(m->ring[0]));
	m->cap = cap;
	pthread_mutex_init(&m->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&m->filled, &attr);
	pthread_condattr_destroy(&attr);
	return m;
}

int mailbox_push(struct ord_mailbox *m, void *item)
{
	int rc = 0;
	bool wake = false;

	pthread_mutex_lock(&m->lock);
	if (m->closed) {
		rc = ORD_ECLOSED;
	} else if (m->len == m->cap) {
		rc = ORD_EUNAVAIL;
	} else {
		m->ring[(m->head + m->len++) % m->cap] = item;
		wake = m->sleepers > 0;
	}
	pthread_mutex_unlock(&m->lock);
	if (wake)
		pthread_cond_signal(&m->filled);
	return rc;
}

/* Sleep under the lock until something is there.  0, or why not. */
static int sleep_until_filled(struct ord_mailbox *m, uint64_t deadline_ns)
{
	while (m->len == 0) {
		struct timespec t = {(time_t)(deadline_ns / CLOCK_SEC_NS),
				     (long)(deadline_ns % CLOCK_SEC_NS)};
		int rc = 0;

		if (m->closed)
			return ORD_ECLOSED;
		if (deadline_ns != CLOCK_NEVER && clock_mono_ns() >= deadline_ns)
			return ORD_ETIMEDOUT;
		m->sleepers++;
		if (deadline_ns == CLOCK_NEVER)
			rc = pthread_cond_wait(&m->filled, &m->lock);
		else
			rc = pthread_cond_timedwait(&m->filled, &m->lock, &t);
		m->sleepers--;
		util_assert(rc == 0 || rc == ETIMEDOUT);
	}
	return 0;
}

/* Wait for something, at first awake and with the lock open.  Locked.  0, or why not. */
static int wait_filled(struct ord_mailbox *m, uint64_t deadline_ns)
{
	struct spin s = {.credit = m->credit};
	int rc;

	spin_begin(&s);
	pthread_mutex_unlock(&m->lock);
	while (deadline_ns > 0 && m->len == 0 && !m->closed && spin_on(&s))
		;
	pthread_mutex_lock(&m->lock);
	rc = sleep_until_filled(m, deadline_ns);
	spin_end(&s, m->len == 1);
	m->credit = s.credit;
	return rc;
}

int mailbox_pop_many(struct ord_mailbox *m, uint64_t deadline_ns, void **items, size_t max)
{
	size_t n = 0;
	int rc = 0;

	pthread_mutex_lock(&m->lock);
	if (m->len == 0)
		rc = wait_filled(m, deadline_ns);
	for (; n < max && m->len > 0; n++, m->len--) {
		items[n] = m->ring[m->head];
		m->head = (m->head + 1) % m->cap;
	}
	pthread_mutex_unlock(&m->lock);
	return rc ? rc : (int)n;
}

int mailbox_pop(struct ord_mailbox *m, uint64_t deadline_ns, void **item)
{
	int rc = mailbox_pop_many(m, deadline_ns, item, 1);

	return rc < 0 ? rc : 0;
}

void mailbox_close(struct ord_mailbox *m)
{
	pthread_mutex_lock(&m->lock);
	m->closed = true;
	pthread_mutex_unlock(&m->lock);
	pthread_cond_broadcast(&m->filled);
}

void mailbox_free(struct ord_mailbox *m)
{
	if (!m)
		return;
	pthread_cond_destroy(&m->filled);
	pthread_mutex_destroy(&m->lock);
	free(m);
}
