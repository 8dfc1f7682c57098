/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gRPC messages out of DATA: a five-byte prefix (compressed flag, length), then the message.  What
 * comes while the stream is paused is kept, and its window is not opened again, so that the sender
 * stops.
 */
#include <net/net_priv.h>
#include <stdlib.h>

#define BODY_FIRST ((size_t)32 * 1024) /* trust in a length that is only claimed */

/* A client that does not read its answers may not ask on.  Only the server insists: if both did,
 * two full queues would wait for each other. */
static bool may_deliver(const struct net_stream *s)
{
	return !s->paused && (s->conn->client || s->out.bytes <= NET_HIGH_WATER);
}

/* Whoever has ended the call hears no more. */
static bool wanted(const struct net_stream *s)
{
	return s->app_open && s->conn && (s->conn->client || !s->finished);
}

bool recv_has_held(const struct net_stream *s)
{
	return s->held.len > s->held_off;
}

/* Open the windows again, a good deal at a time. */
static void consume(struct net_stream *s, size_t n)
{
	s->unacked += n;
	if (s->unacked < NET_STREAM_WINDOW / 4 || s->h2_gone)
		return;
	if (s->body.cap > 0 && !budget_may_go_on(s))
		return;
	nghttp2_session_consume_stream(s->conn->h2, s->id, s->unacked);
	s->unacked = 0;
	conn_dirty(s->conn);
}

/* False: it is refused. */
static bool reserve_body(struct net_stream *s)
{
	struct conn *c = s->conn;
	size_t have = s->body.cap, next = have ? 4 * have : BODY_FIRST;
	struct buf *spare = &s->loop->spare;

	if (have == 0 && spare->cap >= s->want) {
		s->body = *spare;
		*spare = (struct buf)BUF_INIT;
		c->partial += s->body.cap;
		return true;
	}
	if (next > s->want)
		next = s->want;
	if (!budget_may_grow(s)) {
		budget_refuse(s);
		return false;
	}
	s->body.data = x_realloc(s->body.data, next);
	s->body.cap = next;
	c->partial += next - have;
	return true;
}

static void deliver(struct net_stream *s)
{
	struct net_msg m = {.body = s->body};
	size_t size = m.body.cap;

	s->conn->partial -= size;
	s->body = (struct buf)BUF_INIT;
	s->head_len = 0;
	if (s->tally)
		tally(&s->tally->received);
	s->method->message(s, s->state, &m);
	if (s->paused && m.body.cap == 0) {
		s->lent = size;
		s->conn->lent += size;
	}
	budget_finished(s);
	if (m.body.cap > 0 && m.body.cap <= BODY_FIRST && s->loop->spare.cap == 0) {
		m.body.len = 0;
		s->loop->spare = m.body;
	} else {
		buf_fini(&m.body);
	}
}

/* False: refused. */
static bool check_head(struct net_stream *s)
{
	size_t max = s->conn->max_recv;

	if (s->method->max_recv && s->method->max_recv < max)
		max = s->method->max_recv;
	s->want = (uint32_t)s->head[1] << 24 | (uint32_t)s->head[2] << 16 |
		  (uint32_t)s->head[3] << 8 | s->head[4];
	if (s->head[0] == 1)
		stream_fail(s, NET_INTERNAL,
			    "grpc: compressed flag set with identity or empty encoding");
	else if (s->head[0] != 0)
		stream_fail(s, NET_INTERNAL, "grpc: received unexpected payload format %d",
			    s->head[0]);
	else if (s->want > max)
		stream_fail(s, NET_RESOURCE_EXHAUSTED,
			    "grpc: received message larger than max (%u vs. %zu)", s->want, max);
	else
		return true;
	return false;
}

/* Take what the prefix still lacks; false: that was all, or it is refused. */
static bool take_head(struct net_stream *s, const uint8_t **p, const uint8_t *end)
{
	while (s->head_len < 5) {
		if (*p == end)
			return false;
		s->head[s->head_len++] = *(*p)++;
		if (s->head_len == 5 && !check_head(s))
			return false;
	}
	return true;
}

/* The same for the message itself. */
static bool take_body(struct net_stream *s, const uint8_t **p, const uint8_t *end)
{
	while (s->body.len < s->want) {
		size_t take = s->want - s->body.len;

		if (*p == end || (s->body.len == s->body.cap && !reserve_body(s)))
			return false;
		if (take > s->body.cap - s->body.len)
			take = s->body.cap - s->body.len;
		if (take > (size_t)(end - *p))
			take = (size_t)(end - *p);
		memcpy(s->body.data + s->body.len, *p, take);
		s->body.len += take;
		*p += take;
	}
	return true;
}

/* Messages out of @n bytes, as many as may be delivered; returns the bytes used. */
static size_t deframe(struct net_stream *s, const uint8_t *start, size_t n)
{
	const uint8_t *p = start, *end = start + n;

	while (p < end && wanted(s) && may_deliver(s)) {
		if (!take_head(s, &p, end))
			break;
		if (!take_body(s, &p, end))
			break;
		deliver(s);
	}
	return wanted(s) ? (size_t)(p - start) : n;
}

static void try_half_close(struct net_stream *s)
{
	if (!s->eof || s->half_closed || recv_has_held(s) || !wanted(s))
		return;
	s->half_closed = true;
	if (s->head_len > 0) {
		if (!s->conn->client)
			stream_fail(s, NET_INTERNAL, "unexpected EOF");
	} else if (s->method->half_close) {
		s->method->half_close(s, s->state);
	}
}

/* The connection's window opens at once, so that one paused stream does not stop the others; but
 * only while what is held, and what all connections keep, stays bounded. */
static void repay(struct conn *c, size_t n)
{
	c->owed += n;
	if (c->owed == 0 || c->held > NET_HELD_MAX || !budget_may_read(c))
		return;
	h2_consume(c, c->owed);
	c->owed = 0;
	conn_dirty(c);
}

static void release_held(struct net_stream *s, size_t n)
{
	s->conn->held -= n;
	budget_settle(s->conn);
	repay(s->conn, 0);
}

void recv_reopen(struct conn *c)
{
	for (struct net_stream *s = c->streams; s; s = s->next)
		consume(s, 0);
	repay(c, 0);
}

void recv_data(struct net_stream *s, const uint8_t *p, size_t n)
{
	struct conn *c = s->conn;
	size_t used = recv_has_held(s) ? 0 : deframe(s, p, n);

	if (used < n) {
		buf_add(&s->held, p + used, n - used);
		c->held += n - used;
	}
	budget_settle(c);
	consume(s, used);
	repay(c, n);
}

void recv_eof(struct net_stream *s)
{
	s->eof = true;
	try_half_close(s);
}

void recv_drop_held(struct net_stream *s)
{
	release_held(s, s->held.len - s->held_off);
	buf_fini(&s->held);
	s->held_off = 0;
}

void recv_drop_body(struct net_stream *s)
{
	s->conn->partial -= s->body.cap;
	buf_fini(&s->body);
	budget_finished(s);
	budget_settle(s->conn);
}

/* The application has come to terms with the message over which it paused. */
void recv_resume(struct net_stream *s)
{
	s->conn->lent -= s->lent;
	s->lent = 0;
	budget_finished(s);
	budget_settle(s->conn);
}

void recv_continue(struct net_stream *s)
{
	size_t used;

	if (recv_has_held(s)) {
		used = deframe(s, s->held.data + s->held_off, s->held.len - s->held_off);
		s->held_off += used;
		release_held(s, used);
		consume(s, used);
	}
	if (recv_has_held(s)) {
		/* Keep only what is left, but do not move it for every message. */
		if (s->held_off > s->held.len / 2) {
			s->held.len -= s->held_off;
			memmove(s->held.data, s->held.data + s->held_off, s->held.len);
			s->held_off = 0;
		}
		return;
	}
	recv_drop_held(s);
	try_half_close(s);
	if (s->h2_gone)
		stream_cut(s); /* only these messages were still to be delivered */
}
