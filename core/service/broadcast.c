/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Broadcast (spec 5.4), pipelined: the messages of a stream are checked on all cores at once,
 *handed to consensus in stream order, and answered in stream order.
 *
 *	CHECKING --worker--> CHECKED --wait_ready--> READY --order--> ORDERED --ticket--> DONE
 *
 * `cursor` is the first message that consensus has not been offered; whoever completes a step calls
 * advance(), and one caller at a time moves the cursor.  The loop thread answers from the head.
 */
#include <stdlib.h>

#include "service_priv.h"

static struct log_logger logger = LOG_LOGGER("orderer.common.broadcast");

#define INLINE_MAX ((size_t)64 << 10) /* bytes that may be checked on the loop thread */
#define LARGE      ((size_t)1 << 20)  /* bytes that are weighed before they may wait for room */

enum state { CHECKING, CHECKED, GETTING_READY, READY, ORDERED, DONE };

struct message {
	struct message *next;
	struct stream *stream;
	struct pool_task task;
	struct ord_ticket ready, ticket;
	enum state state;
	struct buf body; /* as received, until it is checked */
	size_t bytes;    /* what it counts for in the common bound, */
	bool admitted;   /* where it was let in */
	struct ord_env *env;
	struct chan *chan;
	bool config;
	bool undecodable; /* not even an Envelope: a gRPC error, no status */
	uint64_t seq;
	int code;
	char *why;
	struct chan_counts *counts; /* the channel's; NULL: nobody counts */
	int32_t type;               /* as it came */
	uint64_t validate_ns;
	uint64_t checked_at_ns; /* 0: it was refused then */
};

struct stream {
	atomic_uint refs; /* the net stream's, and one a message */
	struct service *service;
	struct net_stream *net;
	char *peer; /* copied: workers log it when the connection may be gone */
	struct starved starved;
	struct message *held; /* loop thread: no room for it yet; the stream is paused */
	bool paused;          /* loop thread */
	bool half_closed;     /* loop thread */
	bool finished;        /* loop thread: the last answer is out */

	pthread_mutex_t lock; /* guards the rest, and the state of the messages */
	struct message *head, **tail, *cursor;
	uint32_t n;  /* changed by the loop thread alone until the stream is closed */
	bool moving; /* someone is in advance() */
	bool failed; /* a message was refused: the ones behind it are not looked at */
	bool ripe;   /* the head is done: wake the loop, with the lock open, or it waits for it */
	bool closed;
};

/* ---- lives --------------------------------------------------------------- */

static void stream_unref(struct stream *s)
{
	if (!ref_put(&s->refs))
		return;
	net_stream_release(s->net);
	free(s->peer);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* One that was never queued; NULL is fine. */
static void message_drop(struct message *m)
{
	if (!m)
		return;
	buf_fini(&m->body);
	env_unref(m->env);
	chan_unref(m->chan);
	free(m->why);
	free(m);
}

static void message_free(struct message *m)
{
	struct stream *s = m->stream;

	if (m->admitted)
		service_leave(s->service, m->bytes);
	message_drop(m);
	stream_unref(s);
}

/* Messages whose turn to be answered has come, as a list.  Locked. */
static struct message *take_done(struct stream *s)
{
	struct message *list = s->head, **end = &list;

	while (*end && (*end)->state == DONE) {
		end = &(*end)->next;
		s->n--;
	}
	s->head = *end;
	if (!s->head)
		s->tail = &s->head;
	*end = NULL;
	return list;
}

/* Unlock; when nobody is left to answer, what is done is freed here.  The caller holds @s. */
static void unlock(struct stream *s)
{
	struct message *list = s->closed ? take_done(s) : NULL, *next;
	bool ripe = s->ripe;

	s->ripe = false;
	pthread_mutex_unlock(&s->lock);
	if (ripe)
		net_stream_wake(s->net);
	for (; list; list = next) {
		next = list->next;
		message_free(list);
	}
}

/* ---- counting ------------------------------------------------------------ */

/* Those of the channel in its header, which is not the one it goes to when it asks for a new one.
 */
static struct chan_counts *counts_of(const struct message *m)
{
	struct service *sv = m->stream->service;

	if (!sv->opts.count)
		return NULL;
	if (m->chan && strcmp(m->env->channel_id, chan_id(m->chan)) == 0)
		return chan_counts(m->chan);
	return &sv->counts.unknown;
}

static void count(struct message *m, int code)
{
	struct chan_handled *h;

	if (!m->counts)
		return;
	h = chan_handled(m->counts, m->type, service_status(code));
	atomic_fetch_add_explicit(&h->n, 1, memory_order_relaxed);
	histogram_observe(&h->validate, m->validate_ns);
	if (m->checked_at_ns)
		histogram_observe(&h->enqueue, clock_mono_ns() - m->checked_at_ns);
}

/* ---- handing over, in stream order --------------------------------------- */

static void set_why(struct message *m, int code, const char *why)
{
	m->code = code;
	m->why = why && *why ? x_strdup(why) : NULL;
}

/* The message will get no further.  Locked; unlock() tells the loop if its turn has come. */
static void done(struct stream *s, struct message *m)
{
	m->state = DONE;
	s->ripe |= m == s->head;
}

static void refuse(struct stream *s, struct message *m, int code, const char *why)
{
	set_why(m, code, why);
	s->failed = true;
	done(s, m);
}

static void log_refused(const struct message *m, int code, const char *by, const char *why)
{
	log_warn(&logger,
		 "[channel: %s] Rejecting broadcast of message from %s with %s: rejected by %s: %s",
		 chan_id(m->chan), m->stream->peer, wire_status_name(service_status(code)), by,
		 why);
}

/* Ask whether the chain takes messages now.  Locked, and unlocked over the call. */
static void ask_ready(struct stream *s, struct message *m)
{
	struct ord_err e = ERR_INIT;
	int rc;

	m->state = GETTING_READY;
	pthread_mutex_unlock(&s->lock);
	rc = chan_wait_ready(m->chan, &m->ready, &e);
	if (rc < 0) {
		log_refused(m, rc, "Consenter", e.msg);
		count(m, rc);
	}
	pthread_mutex_lock(&s->lock);
	if (rc < 0) {
		s->cursor = m->next;
		refuse(s, m, rc, e.msg);
	}
}

/* Hand over.  From the call on, @m is the ticket's and may be answered and freed at any time, but
 * for a refusal.  Locked, and unlocked over the call. */
static void hand_over(struct stream *s, struct message *m)
{
	struct ord_err e = ERR_INIT;
	int rc;

	m->state = ORDERED;
	s->cursor = m->next;
	pthread_mutex_unlock(&s->lock);
	rc = chan_order(m->chan, m->env, m->config, m->seq, &m->ticket, &e);
	if (rc < 0) {
		log_refused(m, rc, m->config ? "Configure" : "Order", e.msg);
		count(m, rc);
	}
	pthread_mutex_lock(&s->lock);
	if (rc < 0)
		refuse(s, m, rc, e.msg);
}

/* Move the message at the cursor one step; false when it has to wait.  Locked. */
static bool step(struct stream *s, struct message *m)
{
	if (m->state == CHECKING || m->state == GETTING_READY)
		return false;
	if (s->failed || s->closed || m->code < 0) {
		if (!s->failed && m->code < 0)
			count(m, m->code);
		s->failed = true;
		s->cursor = m->next;
		done(s, m);
	} else if (m->state == CHECKED) {
		ask_ready(s, m);
	} else {
		hand_over(s, m);
	}
	return true;
}

static void advance(struct stream *s)
{
	pthread_mutex_lock(&s->lock);
	if (!s->moving) {
		s->moving = true;
		while (s->cursor && step(s, s->cursor))
			;
		s->moving = false;
	}
	unlock(s);
}

static void on_ready(struct ord_ticket *t, int code, const char *why)
{
	struct message *m = UTIL_CONTAINER(t, struct message, ready);
	struct stream *s = m->stream;

	if (code < 0)
		log_refused(m, code, "Consenter", why ? why : err_name(code));
	pthread_mutex_lock(&s->lock);
	m->state = READY;
	if (code < 0)
		set_why(m, code, why);
	ref_get(&s->refs); /* @m may go as soon as the lock is open */
	pthread_mutex_unlock(&s->lock);
	advance(s);
	stream_unref(s);
}

static void on_settled(struct ord_ticket *t, int code, const char *why)
{
	struct message *m = UTIL_CONTAINER(t, struct message, ticket);
	struct stream *s = m->stream;

	if (code < 0)
		log_refused(m, code, m->config ? "Configure" : "Order", why ? why : err_name(code));
	count(m, code);
	pthread_mutex_lock(&s->lock);
	if (code < 0)
		refuse(s, m, code, why);
	else
		done(s, m);
	ref_get(&s->refs); /* freeing @m must not free the lock under us */
	unlock(s);
	stream_unref(s);
}

/* ---- checking, on a worker ----------------------------------------------- */

/* The filters of its channel. */
static int pass(struct message *m, struct ord_err *e)
{
	struct ord_env *config = NULL;
	int rc;

	if (!m->config)
		return chan_process_normal(m->chan, m->env, &m->seq, e);
	rc = chan_process_config_update(m->chan, m->env, &config, &m->seq, e);
	if (rc == 0) {
		env_unref(m->env);
		m->env = config;
	}
	return rc;
}

/* Parse it, and find its channel. */
static int identify(struct message *m, struct ord_err *e)
{
	struct registrar *r = *m->stream->service->opts.registrar;
	int rc;

	if ((rc = env_take(&m->body, &m->env, e)) < 0) {
		m->undecodable = true;
		return rc;
	}
	if (!m->env->header_ok) {
		e->code = ORD_EINVAL;
		m->type = -1;
		m->counts = counts_of(m);
		return err_wrap(e, "could not determine channel ID");
	}
	m->type = m->env->type;
	rc = chan_route(r, m->env, &m->chan, &m->config, e);
	m->counts = counts_of(m);
	return rc;
}

static int process(struct message *m, struct ord_err *e)
{
	struct service *sv = m->stream->service;
	int rc = m->env ? 0 : identify(m, e);

	if (m->env)
		trace_request(sv, sv->opts.broadcast_trace_dir, "Broadcast", m->env);
	return rc < 0 ? rc : pass(m, e);
}

static int process_timed(struct message *m, struct ord_err *e)
{
	uint64_t began = clock_mono_ns();
	int rc = process(m, e);
	uint64_t ended = clock_mono_ns();

	m->validate_ns = ended - began;
	m->checked_at_ns = rc < 0 ? 0 : ended;
	return rc;
}

static void log_rejected(const struct message *m, const char *why)
{
	const char *peer = m->stream->peer;

	if (m->chan)
		log_warn(
			&logger,
			"[channel: %s] Rejecting broadcast of %s message from %s because of error: %s",
			m->env->channel_id, m->config ? "config" : "normal", peer, why);
	else if (m->env)
		log_warn(&logger,
			 "[channel: %s] Could not get message processor for serving %s: %s",
			 m->env->header_ok ? m->env->channel_id : "unknown", peer, why);
}

/* @rc is the verdict, and @e its reason. */
static void checked(struct message *m, int rc, const struct ord_err *e)
{
	struct stream *s = m->stream;

	if (rc < 0) {
		log_rejected(m, e->msg);
		env_unref(m->env); /* its turn to be answered may be far away */
		m->env = NULL;
	}
	pthread_mutex_lock(&s->lock);
	m->state = CHECKED;
	if (rc < 0)
		set_why(m, rc, e->msg);
	ref_get(&s->refs);
	pthread_mutex_unlock(&s->lock);
	advance(s);
	stream_unref(s);
}

static void check(struct pool_task *t)
{
	struct message *m = UTIL_CONTAINER(t, struct message, task);
	struct ord_err e = ERR_INIT;
	int rc = (m->stream->service->opts.count ? process_timed : process)(m, &e);

	checked(m, rc, &e);
}

/* ---- the loop thread ----------------------------------------------------- */

static void *on_open(struct net_stream *net, void *arg)
{
	struct stream *s = x_alloc(sizeof(*s));

	s->refs = 1;
	s->service = arg;
	s->net = net_stream_hold(net);
	s->peer = x_strdup(net_stream_peer(net));
	s->starved.net = net;
	s->tail = &s->head;
	pthread_mutex_init(&s->lock, NULL);
	log_debug(&logger, "Starting new broadcast handler for %s", net_stream_peer(net));
	return s;
}

static void pause(struct stream *s)
{
	if (!s->paused)
		net_stream_pause(s->net);
	s->paused = true;
}

static void queue(struct stream *s, struct message *m)
{
	bool full;

	ref_get(&s->refs);
	pthread_mutex_lock(&s->lock);
	*s->tail = m;
	s->tail = &m->next;
	if (!s->cursor)
		s->cursor = m;
	full = ++s->n >= s->service->opts.max_inflight_stream;
	pthread_mutex_unlock(&s->lock);
	if (full)
		pause(s);
}

/* Let the message in: queue it and have it checked. */
static void enter(struct stream *s, struct message *m)
{
	m->admitted = true;
	queue(s, m);
	if (m->bytes <= INLINE_MAX && service_quiet(s->service))
		check(&m->task); /* saves two changes of thread where latency is all that counts */
	else
		pool_submit(s->service->opts.pool, &m->task);
}

/* A message that its channel will never let in must not wait for room, nor keep others waiting who
 * stand behind it: it may be as large as all the room there is, and anybody may send it. */
static bool turned_away(struct stream *s, struct message *m)
{
	struct ord_err e = ERR_INIT;
	int rc = identify(m, &e);

	if (rc == 0)
		rc = chan_check_size(m->chan, m->env, m->config, &e);
	if (rc == 0)
		return false;
	queue(s, m);
	checked(m, rc, &e);
	return true;
}

static void on_message(struct net_stream *net, void *state, struct net_msg *received)
{
	struct stream *s = state;
	struct message *m;

	(void)net;
	if (s->finished)
		return;
	util_assert(!s->held);
	m = x_alloc(sizeof(*m));
	m->stream = s;
	m->task.run = check;
	m->ready.done = on_ready;
	m->ticket.done = on_settled;
	m->body = received->body;
	m->bytes = received->body.len;
	received->body = (struct buf)BUF_INIT;
	if (m->bytes > LARGE && turned_away(s, m))
		return;
	if (service_admit(s->service, m->bytes, &s->starved)) {
		enter(s, m);
	} else {
		s->held = m;
		pause(s);
	}
}

static void send_answer(struct stream *s, const struct message *m)
{
	Orderer__BroadcastResponse r = ORDERER__BROADCAST_RESPONSE__INIT;

	r.status = (Common__Status)service_status(m->code);
	r.info = m->why ? m->why : (char *)protobuf_c_empty_string;
	service_send(s->net, &r);
}

/* The message that waits for room, if any, will not be looked at. */
static void drop_held(struct stream *s)
{
	service_forget(s->service, &s->starved);
	message_drop(s->held);
	s->held = NULL;
}

static void finish(struct stream *s, int code, const char *why)
{
	s->finished = true;
	drop_held(s);
	net_stream_finish(s->net, code, why);
}

/* Answer one message; after anything but SUCCESS the stream ends. */
static void answer(struct stream *s, struct message *m)
{
	if (s->finished)
		return;
	if (m->undecodable) {
		finish(s, NET_INTERNAL, m->why);
		return;
	}
	send_answer(s, m);
	if (m->code < 0)
		finish(s, NET_OK, NULL);
}

static void resume(struct stream *s, uint32_t left)
{
	if (s->held && service_granted(s->service, &s->starved)) {
		struct message *m = s->held;

		s->held = NULL;
		enter(s, m);
		left++;
	}
	if (s->paused && !s->held && left <= s->service->opts.max_inflight_stream * 3 / 4) {
		s->paused = false;
		net_stream_resume(s->net);
	}
}

static void on_wake(struct net_stream *net, void *state)
{
	struct stream *s = state;
	struct message *list, *next;
	uint32_t left;

	(void)net;
	pthread_mutex_lock(&s->lock);
	list = take_done(s);
	left = s->n;
	pthread_mutex_unlock(&s->lock);
	for (; list; list = next) {
		next = list->next;
		answer(s, list);
		message_free(list);
	}
	if (s->finished)
		return;
	resume(s, left);
	if (s->half_closed && s->n == 0 && !s->held)
		finish(s, NET_OK, NULL);
}

static void on_half_close(struct net_stream *net, void *state)
{
	struct stream *s = state;

	s->half_closed = true;
	on_wake(net, s);
}

/* Whatever consensus has not been offered is dropped; the rest keeps the stream until settled. */
static void on_closed(struct net_stream *net, void *state)
{
	struct stream *s = state;

	(void)net;
	s->finished = true;
	drop_held(s);
	pthread_mutex_lock(&s->lock);
	s->closed = true;
	pthread_mutex_unlock(&s->lock);
	advance(s);
	stream_unref(s);
}

const struct net_method broadcast_method = {
	.path = "/orderer.AtomicBroadcast/Broadcast",
	.open = on_open,
	.message = on_message,
	.half_close = on_half_close,
	.wake = on_wake,
	.closed = on_closed,
};
