/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One epoll loop.  A round reads everything that came, runs the callbacks, and only then writes,
 * so that a hundred answers leave in one system call.  Other threads reach it through one list
 * and one eventfd, which is written to only when the loop sleeps.
 */
#include <errno.h>
#include <net/net_priv.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS 256

int loop_watch(struct loop *l, int fd, uint32_t events, void *tag, struct ord_err *e)
{
	struct epoll_event ev = {.events = events, .data.ptr = tag};

	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return err_sys(e, errno, "epoll_ctl");
	return 0;
}

struct loop *loop_new(struct net_server *server, struct ord_err *e)
{
	struct loop *l = x_alloc(sizeof(*l));

	l->refs = 1;
	l->server = server;
	l->todo_tail = &l->todo;
	l->woken_tail = &l->woken;
	l->now_ns = clock_mono_ns();
	pthread_mutex_init(&l->lock, NULL);
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	l->evfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (l->epfd < 0 || l->evfd < 0) {
		err_sys(e, errno, "epoll");
	} else if (loop_watch(l, l->evfd, EPOLLIN | EPOLLET, &l->evfd, e) == 0) {
		return l;
	}
	loop_unref(l);
	return NULL;
}

void loop_unref(struct loop *l)
{
	if (!l || !ref_put(&l->refs))
		return;
	if (l->epfd >= 0)
		close(l->epfd);
	if (l->evfd >= 0)
		close(l->evfd);
	pthread_mutex_destroy(&l->lock);
	free(l->tallies);
	buf_fini(&l->cipher);
	buf_fini(&l->spare);
	free(l);
}

/* ---- from other threads -------------------------------------------------- */

/* After the lock: whatever was put under it is seen before the loop sleeps again. */
static void rouse(struct loop *l)
{
	atomic_store(&l->called, true);
	if (atomic_exchange(&l->asleep, false))
		eventfd_write(l->evfd, 1);
}

void loop_kick(struct loop *l)
{
	pthread_mutex_lock(&l->lock);
	l->kicked = true;
	pthread_mutex_unlock(&l->lock);
	rouse(l);
}

void loop_give(struct loop *l, struct conn *c)
{
	bool closed;

	pthread_mutex_lock(&l->lock);
	closed = l->closed;
	if (!closed) {
		c->hop = l->arrived;
		l->arrived = c;
	}
	pthread_mutex_unlock(&l->lock);
	if (closed)
		conn_free(c);
	else
		rouse(l);
}

void net_stream_wake(struct net_stream *s)
{
	struct loop *l = s->loop;
	bool closed;

	if (atomic_exchange(&s->woken, true))
		return;
	pthread_mutex_lock(&l->lock);
	closed = l->closed;
	if (!closed) {
		ref_get(&s->refs);
		s->woken_next = NULL;
		*l->woken_tail = s;
		l->woken_tail = &s->woken_next;
	}
	pthread_mutex_unlock(&l->lock);
	if (!closed)
		rouse(l);
}

static void take_inbox(struct loop *l)
{
	struct net_stream *s;
	struct conn *c;
	bool kicked;

	pthread_mutex_lock(&l->lock);
	s = l->woken;
	l->woken = NULL;
	l->woken_tail = &l->woken;
	c = l->arrived;
	l->arrived = NULL;
	kicked = l->kicked;
	l->kicked = false;
	atomic_store(&l->called, false);
	pthread_mutex_unlock(&l->lock);
	while (c) {
		struct conn *next = c->hop;

		conn_adopt(c, l);
		c = next;
	}
	while (s) {
		struct net_stream *next = s->woken_next;

		atomic_store(&s->woken, false);
		s->todo_wake = true;
		loop_todo(s);
		net_stream_release(s);
		s = next;
	}
	if (kicked && l->server)
		budget_feed(l);
}

/* ---- a round ------------------------------------------------------------- */

void loop_todo(struct net_stream *s)
{
	if (s->todo_queued)
		return;
	s->todo_queued = true;
	ref_get(&s->refs);
	s->todo_next = NULL;
	*s->loop->todo_tail = s;
	s->loop->todo_tail = &s->todo_next;
}

/* Streams that come up again while we walk wait for the next round: nobody starves. */
static void run_todo(struct loop *l)
{
	struct net_stream *s = l->todo;

	l->todo = NULL;
	l->todo_tail = &l->todo;
	while (s) {
		struct net_stream *next = s->todo_next;

		s->todo_queued = false;
		stream_run(s);
		net_stream_release(s);
		s = next;
	}
}

static void run_dirty(struct loop *l)
{
	struct conn *c = l->dirty;

	l->dirty = NULL;
	while (c) {
		struct conn *next = c->dirty_next;

		c->is_dirty = false;
		conn_flush(c);
		c = next;
	}
}

static void bury(struct loop *l)
{
	while (l->dead) {
		struct conn *c = l->dead;

		l->dead = c->hop;
		conn_free(c);
	}
}

static int wait_ms(struct loop *l, uint64_t deadline_ns)
{
	uint64_t until = timers_next(&l->timers), now, ms;
	bool idle;

	pthread_mutex_lock(&l->lock);
	idle = !l->kicked && !l->woken && !l->arrived && !l->todo && !l->dirty;
	if (idle)
		atomic_store(&l->asleep, true);
	pthread_mutex_unlock(&l->lock);
	if (!idle)
		return 0;
	if (deadline_ns < until)
		until = deadline_ns;
	if (until == CLOCK_NEVER)
		return -1;
	now = clock_mono_ns();
	if (until <= now)
		return 0;
	ms = (until - now + CLOCK_MS_NS - 1) / CLOCK_MS_NS;
	return ms < 3600 * 1000 ? (int)ms : 3600 * 1000;
}

static void dispatch(struct loop *l, const struct epoll_event *ev)
{
	eventfd_t ignored;

	if (ev->data.ptr == &l->evfd)
		eventfd_read(l->evfd, &ignored);
	else if (l->server && ev->data.ptr == l->server)
		server_accept(l->server);
	else
		conn_event(ev->data.ptr, ev->events);
}

/* Wait for events, or to be called; a server's loop that has nothing left to do at first awake. */
static int wait_events(struct loop *l, uint64_t deadline_ns, struct epoll_event ev[static EVENTS])
{
	bool busy = l->todo || l->dirty;
	int n = 0;

	spin_begin(&l->spin);
	while (n == 0 && !busy && !atomic_load(&l->called) && spin_on(&l->spin))
		n = epoll_wait(l->epfd, ev, EVENTS, 0);
	if (n == 0)
		n = epoll_wait(l->epfd, ev, EVENTS, wait_ms(l, deadline_ns));
	util_assert(n >= 0 || errno == EINTR);
	atomic_store(&l->asleep, false);
	spin_end(&l->spin, n <= 1 && !busy && l->server);
	return n;
}

void loop_round(struct loop *l, uint64_t deadline_ns)
{
	struct epoll_event ev[EVENTS];
	int n = wait_events(l, deadline_ns, ev);

	l->now_ns = clock_mono_ns();
	for (int i = 0; i < n; i++)
		dispatch(l, &ev[i]);
	take_inbox(l);
	timers_fire(&l->timers, l->now_ns);
	run_todo(l);
	run_dirty(l);
	bury(l);
}

void loop_close(struct loop *l)
{
	struct conn *c;

	pthread_mutex_lock(&l->lock);
	l->closed = true;
	pthread_mutex_unlock(&l->lock);
	take_inbox(l);
	while ((c = l->conns)) {
		conn_lost(c, "shutting down");
		bury(l);
	}
	while (l->todo)
		run_todo(l);
}
