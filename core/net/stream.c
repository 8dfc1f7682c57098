/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: what the application calls, and what it is told. */
#include <net/net_priv.h>
#include <stdlib.h>

/* Literal names and values are not copied. */
#define NV(n, v, vlen, f)                                                                    \
	{                                                                                    \
		(uint8_t *)(uintptr_t)(n), (uint8_t *)(uintptr_t)(v), sizeof(n) - 1, (vlen), \
			NGHTTP2_NV_FLAG_NO_COPY_NAME | (f)                                   \
	}
#define NV_LITERAL(n, v) NV(n, v, sizeof(v) - 1, NGHTTP2_NV_FLAG_NO_COPY_VALUE)
#define NV_COPIED(n, v)  NV(n, v, strlen(v), 0)

/* ---- from birth to death ------------------------------------------------- */

static void on_deadline(struct timer *t)
{
	struct net_stream *s = UTIL_CONTAINER(t, struct net_stream, deadline);

	stream_fail(s, NET_DEADLINE_EXCEEDED, "context deadline exceeded");
}

static void on_timer(struct timer *t)
{
	struct net_stream *s = UTIL_CONTAINER(t, struct net_stream, timer);

	s->todo_wake = true;
	loop_todo(s);
}

struct net_stream *stream_new(struct conn *c, int32_t id)
{
	struct net_stream *s = x_alloc(sizeof(*s));

	s->refs = 1;
	s->loop = c->loop;
	ref_get(&c->loop->refs);
	s->conn = c;
	s->id = id;
	s->http = 200;
	s->opened_ns = c->loop->now_ns;
	s->deadline_ns = CLOCK_NEVER;
	s->timer.fire = on_timer;
	s->deadline.fire = on_deadline;
	s->next = c->streams;
	if (s->next)
		s->next->prev = s;
	c->streams = s;
	return s;
}

struct net_stream *net_stream_hold(struct net_stream *s)
{
	ref_get(&s->refs);
	return s;
}

void net_stream_release(struct net_stream *s)
{
	if (!ref_put(&s->refs))
		return;
	loop_unref(s->loop);
	free(s->why);
	free(s);
}

void stream_drop(struct net_stream *s)
{
	struct conn *c = s->conn;

	recv_drop_held(s);
	outq_fini(&s->out);
	recv_resume(s);
	recv_drop_body(s);
	timer_clear(&s->loop->timers, &s->timer);
	timer_clear(&s->loop->timers, &s->deadline);
	if (s->prev)
		s->prev->next = s->next;
	else
		c->streams = s->next;
	if (s->next)
		s->next->prev = s->prev;
	s->conn = NULL;
	net_stream_release(s);
}

void stream_open(struct net_stream *s, const struct net_method *m)
{
	s->method = m;
	if (s->loop->tallies) {
		s->tally = &s->loop->tallies[m - server_opts(s->loop->server)->methods];
		tally(&s->tally->calls);
	}
	s->app_open = true;
	s->state = m->open(s, m->arg);
}

void stream_deadline(struct net_stream *s, uint64_t timeout_ns)
{
	s->deadline_ns = s->opened_ns + timeout_ns;
	timer_set(&s->loop->timers, &s->deadline, s->deadline_ns);
}

void stream_status(struct net_stream *s, int code, const char *why)
{
	if (s->has_code)
		return;
	s->has_code = true;
	s->code = code;
	s->why = why && *why ? x_strdup(why) : NULL;
}

void stream_end_app(struct net_stream *s, int code, const char *why)
{
	const struct net_opts *o;

	if (!s->app_open)
		return;
	s->app_open = false;
	timer_clear(&s->loop->timers, &s->timer);
	timer_clear(&s->loop->timers, &s->deadline);
	if (s->conn->client) {
		stream_status(s, code, why);
	} else {
		o = server_opts(s->loop->server);
		if (o->on_call_end)
			o->on_call_end(o->arg, s, code, why ? why : "",
				       s->loop->now_ns - s->opened_ns);
	}
	if (s->method->closed)
		s->method->closed(s, s->state);
}

/* Our own verdict stands, whatever ended the stream in the end. */
static void end_with(struct net_stream *s, int code, const char *why)
{
	stream_end_app(s, s->has_code ? s->code : code, s->has_code ? s->why : why);
	stream_drop(s);
}

void stream_closed(struct net_stream *s, uint32_t h2_error)
{
	if (s->conn->client)
		client_stream_closed(s, h2_error);
	else
		end_with(s, NET_CANCELLED, "context canceled");
}

void stream_cut(struct net_stream *s)
{
	end_with(s, s->conn->client ? NET_UNAVAILABLE : NET_CANCELLED, s->conn->why_lost);
}

void stream_fail(struct net_stream *s, int code, const char *fmt, ...)
{
	char why[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (s->conn->client) {
		stream_status(s, code, why);
		net_call_cancel(s);
	} else {
		net_stream_finish(s, code, why);
	}
	stream_end_app(s, code, why);
}

void stream_run(struct net_stream *s)
{
	if (s->todo_continue) {
		s->todo_continue = false;
		if (s->conn)
			recv_continue(s);
	}
	if (s->todo_writable) {
		s->todo_writable = false;
		if (s->app_open && !s->finished && s->method->writable)
			s->method->writable(s, s->state);
	}
	if (s->todo_wake) {
		s->todo_wake = false;
		if (s->app_open && s->method->wake)
			s->method->wake(s, s->state);
	}
}

/* ---- output -------------------------------------------------------------- */

static const char *code_text(int code)
{
	static const char *const text[] = {"0", "1",  "2",  "3",  "4",  "5",  "6",  "7", "8",
					   "9", "10", "11", "12", "13", "14", "15", "16"};

	return code >= 0 && code < (int)UTIL_ARRAY_LEN(text) ? text[code] : text[NET_UNKNOWN];
}

/* The status as trailers, or, when nothing was sent before, as the whole response. */
static int submit_status(struct net_stream *s, bool whole)
{
	struct buf http = BUF_INIT, msg = BUF_INIT;
	nghttp2_nv nv[5];
	size_t n = 0;
	int rc;

	if (whole) {
		buf_printf(&http, "%d", s->http);
		nv[n++] = (nghttp2_nv)NV(":status", http.data, http.len, 0);
		nv[n++] = (nghttp2_nv)NV_LITERAL("content-type", "application/grpc");
	}
	nv[n++] = (nghttp2_nv)NV_COPIED("grpc-status", code_text(s->code));
	if (s->why) {
		percent_encode(&msg, s->why);
		nv[n++] = (nghttp2_nv)NV("grpc-message", msg.data, msg.len, 0);
	}
	if (s->code == NET_UNIMPLEMENTED)
		nv[n++] = (nghttp2_nv)NV_LITERAL("grpc-accept-encoding", "identity");
	if (whole)
		rc = nghttp2_submit_response(s->conn->h2, s->id, nv, n, NULL);
	else
		rc = nghttp2_submit_trailer(s->conn->h2, s->id, nv, n);
	buf_fini(&http);
	buf_fini(&msg);
	return rc;
}

/* nghttp2 asks for the next frame's payload; on_send_data() then fetches it without a copy. */
ssize_t stream_read_cb(nghttp2_session *h2, int32_t id, uint8_t *buf, size_t cap, uint32_t *flags,
		       nghttp2_data_source *src, void *arg)
{
	struct net_stream *s = src->ptr;
	size_t n = s->out.bytes < cap ? s->out.bytes : cap;

	(void)h2;
	(void)id;
	(void)buf;
	(void)arg;
	if (n == 0 && !s->finished) {
		s->deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	if (n > 0)
		*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (s->finished && n == s->out.bytes) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		if (!s->conn->client) {
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
			if (submit_status(s, false) != 0)
				return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
		}
	}
	return (ssize_t)n;
}

void stream_take(struct net_stream *s, size_t n)
{
	outq_move(&s->conn->out, &s->out, n);
	if (!s->was_high || s->out.bytes > NET_LOW_WATER)
		return;
	s->was_high = false;
	s->todo_writable = true;
	s->todo_continue = true;
	loop_todo(s);
}

static void submit_response(struct net_stream *s)
{
	static const nghttp2_nv nv[] = {
		NV_LITERAL(":status", "200"),
		NV_LITERAL("content-type", "application/grpc"),
	};
	nghttp2_data_provider prd = {.source.ptr = s, .read_callback = stream_read_cb};
	int rc = nghttp2_submit_response(s->conn->h2, s->id, nv, UTIL_ARRAY_LEN(nv), &prd);

	s->responded = true;
	util_assert(rc == 0);
}

void stream_push(struct net_stream *s)
{
	if (!s->responded)
		submit_response(s);
	else if (s->deferred)
		nghttp2_session_resume_data(s->conn->h2, s->id);
	s->deferred = false;
	conn_dirty(s->conn);
}

static int refuse_send(const struct net_chunk *chunks, size_t n, int rc)
{
	for (size_t i = 0; i < n; i++)
		if (chunks[i].release)
			chunks[i].release(chunks[i].owner);
	return rc;
}

int net_stream_send(struct net_stream *s, const struct net_chunk *chunks, size_t n,
		    struct ord_err *e)
{
	uint8_t head[5] = {0};
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += chunks[i].bytes.len;
	if (!s->app_open || s->finished || s->h2_gone)
		return refuse_send(chunks, n, err_set(e, ORD_ECLOSED, "the stream has ended"));
	if (len > s->conn->max_send)
		return refuse_send(chunks, n,
				   err_set(e, ORD_ETOOBIG,
					   "trying to send message larger than max (%zu vs. %zu)",
					   len, s->conn->max_send));
	for (int i = 1; i < 5; i++)
		head[i] = (uint8_t)(len >> (8 * (4 - i)));
	outq_copy(&s->out, head, sizeof(head));
	for (size_t i = 0; i < n; i++)
		outq_share(&s->out, chunks[i].bytes, chunks[i].release, chunks[i].owner);
	if (s->tally)
		tally(&s->tally->sent);
	if (s->out.bytes > NET_LOW_WATER)
		s->was_high = true;
	stream_push(s);
	return 0;
}

size_t net_stream_queued(const struct net_stream *s)
{
	return s->out.bytes;
}

static void finish(struct net_stream *s)
{
	int rc;

	s->finished = true;
	if (s->responded) {
		stream_push(s);
		return;
	}
	s->responded = true;
	rc = submit_status(s, true);
	util_assert(rc == 0);
	conn_dirty(s->conn);
}

void net_stream_finish(struct net_stream *s, int code, const char *why)
{
	if (!s->app_open || s->finished || s->conn->client)
		return;
	stream_status(s, code, why);
	finish(s);
}

void stream_refuse(struct net_stream *s, int http, int code, const char *why)
{
	s->http = http;
	stream_status(s, code, why);
	finish(s);
}

/* ---- input, time, who it is ---------------------------------------------- */

void net_stream_pause(struct net_stream *s)
{
	s->paused = true;
}

void net_stream_resume(struct net_stream *s)
{
	if (!s->paused)
		return;
	s->paused = false;
	if (s->conn)
		recv_resume(s);
	s->todo_continue = true;
	loop_todo(s);
}

void net_stream_timer(struct net_stream *s, uint64_t mono_ns)
{
	if (s->app_open)
		timer_set(&s->loop->timers, &s->timer, mono_ns);
}

const char *net_stream_peer(const struct net_stream *s)
{
	return s->conn ? s->conn->peer : "";
}

const char *net_stream_subject(const struct net_stream *s)
{
	return s->conn && s->conn->subject ? s->conn->subject : "";
}

const char *net_stream_path(const struct net_stream *s)
{
	return s->method->path;
}

uint64_t net_stream_deadline_ns(const struct net_stream *s)
{
	return s->deadline_ns;
}

struct ord_bytes net_stream_client_cert_hash(const struct net_stream *s)
{
	if (!s->conn || !s->conn->has_cert)
		return bytes_of(NULL, 0);
	return bytes_of(s->conn->cert_hash, SHA256_LEN);
}
