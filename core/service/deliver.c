/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliver (spec 5.5): one seek after another on a stream, blocks out.
 *
 * A reader runs pump(), which does everything that may cost time (policies, disk) and leaves what
 * is to be sent in a small ring; the loop thread sends from it.  pump() runs again when the ring
 * has room, when the channel has news, or when the next request comes; never twice at once.
 */
#include <stdlib.h>

#include "service_priv.h"

static struct log_logger logger = LOG_LOGGER("common.deliver");

#define RING_BLOCKS   16
#define RING_SLOTS    (RING_BLOCKS + 1) /* there is always room for the status behind them */
#define RING_BYTES    (512u << 10)      /* read ahead of the socket; one block may exceed it */
#define REQUEST_BYTES ((size_t)1 << 20) /* a signed SeekInfo, kept until it is answered */
#define SOCKET_BYTES  (512u << 10)      /* handed to the net room and not yet written */

/* A block, or a status when block is NULL. */
struct item {
	struct ord_block *block;
	struct chan *chan; /* which counts the block when it is sent; NULL: nobody counts */
	int status;
};

struct stream {
	atomic_uint refs; /* the net stream's, and the pump's */
	struct service *service;
	struct net_stream *net;
	char *peer; /* copied, as is the next: workers look when the connection may be gone */
	struct buf cert_hash;
	struct chan_watch watch;
	bool finished; /* loop thread */

	struct seek seek; /* pump */
	bool watching;    /* pump */

	pthread_mutex_t lock; /* guards the rest */
	struct pool_task task;
	bool pumping, again;
	struct buf request; /* received and not yet looked at */
	bool serving;       /* a request is under way */
	struct item ring[RING_SLOTS];
	unsigned head, n;
	size_t ring_bytes;
	bool half_closed, closed;
};

static void item_fini(struct item *it)
{
	block_unref(it->block);
	chan_unref(it->chan);
}

static void stream_unref(struct stream *s)
{
	if (!ref_put(&s->refs))
		return;
	for (; s->n > 0; s->n--) {
		item_fini(&s->ring[s->head]);
		s->head = (s->head + 1) % RING_SLOTS;
	}
	buf_fini(&s->request);
	net_stream_release(s->net);
	buf_fini(&s->cert_hash);
	free(s->peer);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ---- the ring ------------------------------------------------------------ */

/* Takes the references over. */
static void put(struct stream *s, struct item it)
{
	pthread_mutex_lock(&s->lock);
	util_assert(s->n < RING_SLOTS);
	s->ring[(s->head + s->n++) % RING_SLOTS] = it;
	s->ring_bytes += it.block ? it.block->encoded.len : 0;
	pthread_mutex_unlock(&s->lock);
	net_stream_wake(s->net);
}

static bool ring_full(struct stream *s)
{
	bool full;

	pthread_mutex_lock(&s->lock);
	full = s->closed || s->n >= RING_BLOCKS || s->ring_bytes >= RING_BYTES;
	pthread_mutex_unlock(&s->lock);
	return full;
}

/* NULL: nobody counts, or the request got nowhere. */
static struct chan_counts *counts_of(const struct stream *s)
{
	return s->service->opts.count && s->seek.chan ? chan_counts(s->seek.chan) : NULL;
}

/* Begin the request in @body: 0, or the status' error. */
static int begin(struct stream *s, struct ord_bytes body, struct ord_err *e)
{
	struct service *sv = s->service;
	struct seek *k = &s->seek;
	Orderer__SeekInfo *info = NULL;
	int rc;

	if ((rc = env_parse(body, &k->env, e)) < 0)
		return rc;
	trace_request(sv, sv->opts.deliver_trace_dir, "Deliver", k->env);
	if (!k->env->header_ok)
		return ORD_EINVAL;
	if ((rc = seek_check(k, sv, buf_bytes(&s->cert_hash), e)) < 0)
		return rc;
	k->chan = registrar_find(*sv->opts.registrar, k->env->channel_id);
	if (!k->chan)
		return err_set(e, ORD_ENOENT, "channel %s not found", k->env->channel_id);
	if (counts_of(s))
		atomic_fetch_add(&counts_of(s)->deliver_received, 1);
	if ((rc = wire_unpack(&orderer__seek_info__descriptor, k->env->data, &info, e)) < 0)
		return rc;
	chan_watch(k->chan, &s->watch);
	s->watching = true;
	k->best_effort =
		info->error_response == ORDERER__SEEK_INFO__SEEK_ERROR_RESPONSE__BEST_EFFORT;
	if (!k->best_effort && chan_errored(k->chan))
		rc = err_set(e, ORD_EUNAVAIL, "consenter error");
	else if ((rc = seek_session(k, e)) == 0 && (rc = seek_access(k, sv, e)) == 0)
		rc = seek_resolve(k, info, e);
	wire_free(info);
	return rc;
}

static void end(struct stream *s, bool success)
{
	struct chan_counts *counts = counts_of(s);

	if (counts)
		atomic_fetch_add(&counts->deliver_completed[success], 1);
	if (s->watching)
		chan_unwatch(s->seek.chan, &s->watch);
	s->watching = false;
	chan_unref(s->seek.chan);
	env_unref(s->seek.env);
	s->seek = (struct seek){0};
}

/* ---- the pump, on a reader ----------------------------------------------- */

enum { WAIT = 1, SENT = 2 }; /* what next_block() returns beside errors */

/* Read, check and queue the next block.  0: the one that was asked for last. */
static int next_block(struct stream *s, struct ord_err *e)
{
	struct seek *k = &s->seek;
	struct ledger *l = chan_ledger(k->chan);
	uint64_t height = ledger_height(l);
	struct ord_block *b;
	int rc;

	if (k->fail_if_not_ready && k->next >= height)
		return err_set(e, ORD_ENOENT, "block %llu not found", (unsigned long long)k->next);
	if (k->not_found)
		return err_set(e, ORD_ENOENT, "block not found");
	if (chan_removed(k->chan) || (!k->best_effort && chan_errored(k->chan)))
		return err_set(e, ORD_EUNAVAIL, "consenter error");
	if (k->next >= height)
		return WAIT;
	if ((rc = ledger_read(l, k->next, &b, e)) < 0) {
		log_error(&logger, "[channel: %s] Error reading from channel: %s", chan_id(k->chan),
			  e->msg);
		return ORD_EUNAVAIL;
	}
	if ((rc = seek_access(k, s->service, e)) < 0) {
		block_unref(b);
		return rc;
	}
	put(s, (struct item){.block = b, .chan = counts_of(s) ? chan_ref(k->chan) : NULL});
	return k->next++ == k->stop ? 0 : SENT;
}

static void log_end(const struct stream *s, int code, const struct ord_err *e)
{
	const struct seek *k = &s->seek;
	const char *id = k->env && k->env->header_ok ? k->env->channel_id : "unknown";
	const char *peer = s->peer;

	/* SDKs poll for channels that are being created */
	if (code == ORD_OK || code == ORD_ENOENT)
		log_debug(&logger, "[channel: %s] Deliver request of %s done: %s", id, peer,
			  e->msg);
	else
		log_warn(&logger, "[channel: %s] Rejecting deliver request of %s because of: %s",
			 id, peer, e->msg);
}

static void end_with(struct stream *s, int code, const struct ord_err *e)
{
	log_end(s, code, e);
	end(s, code == ORD_OK);
	put(s, (struct item){.status = service_status(code)});
}

/* Take the request that came in, if any, and none is under way. */
static bool take_request(struct stream *s, struct buf *body)
{
	bool taken;

	pthread_mutex_lock(&s->lock);
	taken = s->request.data != NULL && !s->closed;
	if (taken) {
		*body = s->request;
		s->request = (struct buf)BUF_INIT;
	}
	pthread_mutex_unlock(&s->lock);
	return taken;
}

static void serve(struct stream *s)
{
	struct ord_err e = ERR_INIT;
	struct buf body = BUF_INIT;
	int rc = SENT;

	if (!s->seek.chan && take_request(s, &body)) {
		rc = begin(s, buf_bytes(&body), &e);
		buf_fini(&body);
		if (rc < 0) {
			end_with(s, rc, &e);
			return;
		}
	}
	if (!s->seek.chan)
		return;
	do {
		if (ring_full(s))
			return;
		rc = next_block(s, &e);
	} while (rc == SENT);
	if (rc != WAIT)
		end_with(s, rc, &e);
}

static void pump(struct pool_task *t)
{
	struct stream *s = UTIL_CONTAINER(t, struct stream, task);
	bool again, closed;

	do {
		pthread_mutex_lock(&s->lock);
		s->again = false;
		closed = s->closed;
		pthread_mutex_unlock(&s->lock);
		if (closed)
			end(s, false);
		else
			serve(s);
		pthread_mutex_lock(&s->lock);
		again = s->again;
		s->pumping = again;
		pthread_mutex_unlock(&s->lock);
	} while (again);
	stream_unref(s);
}

/* Have pump() run, soon, once more.  Any thread. */
static void start_pump(struct stream *s)
{
	bool submit;

	pthread_mutex_lock(&s->lock);
	submit = !s->pumping;
	s->pumping = s->again = true;
	if (submit)
		ref_get(&s->refs);
	pthread_mutex_unlock(&s->lock);
	if (submit)
		pool_submit(s->service->opts.readers, &s->task);
}

static void wake_pump(struct chan_watch *w)
{
	start_pump(UTIL_CONTAINER(w, struct stream, watch));
}

/* ---- the loop thread ----------------------------------------------------- */

static void *on_open(struct net_stream *net, void *arg)
{
	struct stream *s = x_alloc(sizeof(*s));

	s->refs = 1;
	s->service = arg;
	s->net = net_stream_hold(net);
	s->peer = x_strdup(net_stream_peer(net));
	buf_add_bytes(&s->cert_hash, net_stream_client_cert_hash(net));
	s->watch.wake = wake_pump;
	s->task.run = pump;
	pthread_mutex_init(&s->lock, NULL);
	atomic_fetch_add(&s->service->counts.deliver_opened, 1);
	log_debug(&logger, "Starting new deliver loop for %s", net_stream_peer(net));
	return s;
}

/* The stream is paused until the request is answered: there is never a second one here. */
static void on_message(struct net_stream *net, void *state, struct net_msg *m)
{
	struct stream *s = state;

	if (s->finished)
		return;
	net_stream_pause(net);
	pthread_mutex_lock(&s->lock);
	util_assert(!s->serving);
	s->serving = true;
	s->request = m->body;
	m->body = (struct buf)BUF_INIT;
	buf_reserve(&s->request, 1); /* an empty message is a request, too */
	pthread_mutex_unlock(&s->lock);
	start_pump(s);
}

static void release_block(void *owner)
{
	block_unref(owner);
}

static void finish(struct stream *s, int code, const char *why)
{
	s->finished = true;
	net_stream_finish(s->net, code, why);
}

/* DeliverResponse { block = 2 } around the shared encoding of the block.  One that cannot be sent
 * ends the stream: a peer would wait for ever for the number that is missing. */
static void send_block(struct stream *s, const struct item *it)
{
	uint8_t head[11] = {0x12};
	struct net_chunk chunks[2] = {
		{.bytes = bytes_of(head, 1 + uvarint_put(head + 1, it->block->encoded.len))},
		{.bytes = buf_bytes(&it->block->encoded),
		 .release = release_block,
		 .owner = block_ref(it->block)},
	};
	struct ord_err e = ERR_INIT;

	if (net_stream_send(s->net, chunks, 2, &e) < 0) {
		log_warn(&logger, "Error sending to %s: %s", s->peer, e.msg);
		finish(s, NET_RESOURCE_EXHAUSTED, e.msg);
	} else if (it->chan) {
		atomic_fetch_add(&chan_counts(it->chan)->deliver_blocks, 1);
	}
}

static void send_status(struct stream *s, int status)
{
	Orderer__DeliverResponse r = ORDERER__DELIVER_RESPONSE__INIT;

	r.type_case = ORDERER__DELIVER_RESPONSE__TYPE_STATUS;
	r.status = (Common__Status)status;
	service_send(s->net, &r);
}

/* After SUCCESS the next request may come; after anything else the stream ends. */
static void answered(struct stream *s, int status)
{
	bool half_closed;

	send_status(s, status);
	pthread_mutex_lock(&s->lock);
	s->serving = false;
	half_closed = s->half_closed;
	pthread_mutex_unlock(&s->lock);
	if (status != COMMON__STATUS__SUCCESS || half_closed)
		finish(s, NET_OK, NULL);
	else
		net_stream_resume(s->net);
}

static bool take_item(struct stream *s, struct item *it, bool *was_full)
{
	bool taken;

	pthread_mutex_lock(&s->lock);
	taken = s->n > 0;
	if (taken) {
		*was_full = s->n >= RING_BLOCKS || s->ring_bytes >= RING_BYTES;
		*it = s->ring[s->head];
		s->head = (s->head + 1) % RING_SLOTS;
		s->n--;
		s->ring_bytes -= it->block ? it->block->encoded.len : 0;
	}
	pthread_mutex_unlock(&s->lock);
	return taken;
}

static void on_wake(struct net_stream *net, void *state)
{
	struct stream *s = state;
	bool was_full = false, refill = false;
	struct item it;

	while (!s->finished && net_stream_queued(net) < SOCKET_BYTES &&
	       take_item(s, &it, &was_full)) {
		refill |= was_full;
		if (it.block)
			send_block(s, &it);
		else
			answered(s, it.status);
		item_fini(&it);
	}
	if (refill && !s->finished)
		start_pump(s);
}

static void on_half_close(struct net_stream *net, void *state)
{
	struct stream *s = state;
	bool serving;

	(void)net;
	pthread_mutex_lock(&s->lock);
	s->half_closed = true;
	serving = s->serving;
	pthread_mutex_unlock(&s->lock);
	if (!serving && !s->finished)
		finish(s, NET_OK, NULL);
}

static void on_closed(struct net_stream *net, void *state)
{
	struct stream *s = state;

	(void)net;
	s->finished = true;
	atomic_fetch_add(&s->service->counts.deliver_closed, 1);
	pthread_mutex_lock(&s->lock);
	s->closed = true;
	pthread_mutex_unlock(&s->lock);
	start_pump(s); /* it stops watching */
	stream_unref(s);
}

const struct net_method deliver_method = {
	.path = "/orderer.AtomicBroadcast/Deliver",
	.max_recv = REQUEST_BYTES,
	.open = on_open,
	.message = on_message,
	.half_close = on_half_close,
	.wake = on_wake,
	.writable = on_wake,
	.closed = on_closed,
};
