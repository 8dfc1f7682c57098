/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all connections of a server together keep of messages that are not finished, not delivered,
 * or delivered to a stream that was paused over them: anybody may send them, and they are kept
 * before it is known who he is.
 *
 * A connection may always keep a little, so that small messages pass whatever others do.  Beyond
 * that, while the budget is spent, no windows are opened and senders wait.  Lest all wait for each
 * other, one message at a time, the favourite, goes on; it must be finished in time.  What comes
 * all the same, in windows that were open already, is kept up to twice the budget, and then
 * refused.
 */
#include <net/net_priv.h>

#define KEPT_FREE   ((size_t)1 << 20) /* bytes that a connection may keep at any time */
#define PATIENCE_NS (30 * CLOCK_SEC_NS)

static struct budget *budget_of(const struct conn *c)
{
	return server_budget(c->loop->server);
}

static size_t kept_by(const struct conn *c)
{
	return c->partial + c->held + c->lent;
}

static bool has_room(const struct conn *c)
{
	return c->client || kept_by(c) <= KEPT_FREE ||
	       atomic_load(&budget_of(c)->kept) < budget_of(c)->max;
}

/* ---- who waits ----------------------------------------------------------- */

static void wait_for_room(struct conn *c)
{
	if (!c->hungry)
		atomic_fetch_add(&budget_of(c)->hungry, 1);
	c->hungry = true;
}

static void wait_no_more(struct conn *c)
{
	if (c->hungry)
		atomic_fetch_sub(&budget_of(c)->hungry, 1);
	c->hungry = false;
}

static void wake_waiting(struct loop *l)
{
	if (atomic_load(&server_budget(l->server)->hungry) > 0)
		server_kick(l->server);
}

void budget_feed(struct loop *l)
{
	for (struct conn *c = l->conns; c; c = c->next) {
		if (!c->hungry)
			continue;
		wait_no_more(c);
		if (c->state == CONN_OPEN)
			recv_reopen(c);
	}
}

/* ---- the favourite ------------------------------------------------------- */

static bool is_favourite(const struct net_stream *s)
{
	return s->loop->favourite == s;
}

static bool has_favourite(const struct conn *c)
{
	return c->loop->favourite && c->loop->favourite->conn == c;
}

static struct net_stream *eldest_unfinished(const struct conn *c)
{
	struct net_stream *eldest = NULL;

	for (struct net_stream *s = c->streams; s; s = s->next)
		if (s->body.cap > 0)
			eldest = s;
	return eldest;
}

static void unfavour(struct loop *l)
{
	l->favourite = NULL;
	timer_clear(&l->timers, &l->patience);
	atomic_store(&server_budget(l->server)->taken, false);
	wake_waiting(l);
}

static void on_patience_end(struct timer *t)
{
	struct loop *l = UTIL_CONTAINER(t, struct loop, patience);

	if (l->favourite->body.cap > 0)
		budget_refuse(l->favourite);
	else
		unfavour(l); /* it is whole, and with an application that has no room either */
}

/* The loop's next round opens the windows. */
static bool favour(struct net_stream *s)
{
	bool taken = false;

	if (!s || !atomic_compare_exchange_strong(&budget_of(s->conn)->taken, &taken, true))
		return false;
	s->loop->favourite = s;
	s->loop->patience.fire = on_patience_end;
	timer_set(&s->loop->timers, &s->loop->patience, s->loop->now_ns + PATIENCE_NS);
	loop_kick(s->loop);
	return true;
}

void budget_finished(struct net_stream *s)
{
	if (is_favourite(s) && s->body.cap == 0 && s->lent == 0)
		unfavour(s->loop);
}

/* ---- the rest of the room ------------------------------------------------ */

bool budget_may_go_on(struct net_stream *s)
{
	if (has_room(s->conn))
		return true;
	wait_for_room(s->conn);
	return has_room(s->conn) || is_favourite(s) || favour(s);
}

bool budget_may_read(struct conn *c)
{
	if (has_room(c))
		return true;
	wait_for_room(c);
	return has_room(c) || has_favourite(c) ||
	       (!atomic_load(&budget_of(c)->taken) && favour(eldest_unfinished(c)));
}

bool budget_may_grow(const struct net_stream *s)
{
	return has_room(s->conn) || is_favourite(s) ||
	       atomic_load(&budget_of(s->conn)->kept) < 2 * budget_of(s->conn)->max;
}

void budget_refuse(struct net_stream *s)
{
	stream_fail(s, NET_RESOURCE_EXHAUSTED, "too many unfinished messages");
	recv_drop_body(s);
}

void budget_settle(struct conn *c)
{
	size_t kept = kept_by(c), before;
	size_t less = c->told - kept; /* wraps when it is more, and so does the budget's count */
	struct budget *b;

	if (c->client || less == 0)
		return;
	b = budget_of(c);
	c->told = kept;
	before = atomic_fetch_sub(&b->kept, less);
	if (before >= b->max && before - less < b->max)
		wake_waiting(c->loop);
	else if (c->hungry && kept <= KEPT_FREE)
		loop_kick(c->loop);
}

void budget_leave(struct conn *c)
{
	if (c->client)
		return;
	budget_settle(c);
	wait_no_more(c);
}
