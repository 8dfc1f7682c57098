/* SPDX-License-Identifier: Apache-2.0 */
/* The nghttp2 session of a connection and its callbacks, for both sides. */
#include <net/net_priv.h>
#include <stdlib.h>

static nghttp2_session_callbacks *callbacks;
static nghttp2_option *options;

static struct net_stream *stream_of(struct conn *c, int32_t id)
{
	return id > 0 ? nghttp2_session_get_stream_user_data(c->h2, id) : NULL;
}

void h2_calm(struct conn *c, const char *why)
{
	if (c->closing)
		return;
	nghttp2_submit_goaway(c->h2, NGHTTP2_FLAG_NONE,
			      nghttp2_session_get_last_proc_stream_id(c->h2),
			      NGHTTP2_ENHANCE_YOUR_CALM, (const uint8_t *)why, strlen(why));
	c->closing = true;
	c->why_lost = why;
	conn_dirty(c);
}

void h2_consume(struct conn *c, size_t n)
{
	c->unacked += n;
	if (c->unacked < NET_CONN_WINDOW / 8)
		return;
	nghttp2_session_consume_connection(c->h2, c->unacked);
	c->unacked = 0;
}

/* ---- what comes in ------------------------------------------------------- */

static int on_begin_frame(nghttp2_session *h2, const nghttp2_frame_hd *hd, void *arg)
{
	struct conn *c = arg;

	(void)h2;
	if (c->client || guard_frame(c, hd))
		return 0;
	h2_calm(c, "too many control frames");
	return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_begin_headers(nghttp2_session *h2, const nghttp2_frame *f, void *arg)
{
	struct conn *c = arg;

	if (c->client || f->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	request_begin(c);
	nghttp2_session_set_stream_user_data(h2, f->hd.stream_id, stream_new(c, f->hd.stream_id));
	return 0;
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *f, const uint8_t *name,
		     size_t namelen, const uint8_t *value, size_t valuelen, uint8_t flags,
		     void *arg)
{
	struct conn *c = arg;
	struct net_stream *s;

	(void)h2;
	(void)flags;
	if (f->hd.type != NGHTTP2_HEADERS)
		return 0;
	if (c->client && (s = stream_of(c, f->hd.stream_id)))
		client_header(s, bytes_of(name, namelen), bytes_of(value, valuelen));
	else if (!c->client && f->headers.cat == NGHTTP2_HCAT_REQUEST)
		request_header(c, bytes_of(name, namelen), bytes_of(value, valuelen));
	return 0;
}

static int on_data(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *p, size_t n,
		   void *arg)
{
	struct conn *c = arg;
	struct net_stream *s = stream_of(c, id);

	(void)h2;
	(void)flags;
	if (s)
		recv_data(s, p, n);
	else
		h2_consume(c, n);
	return 0;
}

static int on_frame(nghttp2_session *h2, const nghttp2_frame *f, void *arg)
{
	struct conn *c = arg;
	struct net_stream *s = stream_of(c, f->hd.stream_id);
	bool calm = true;

	(void)h2;
	switch (f->hd.type) {
	case NGHTTP2_HEADERS:
		if (s && !c->client && f->headers.cat == NGHTTP2_HCAT_REQUEST)
			request_end(c, s);
		break;
	case NGHTTP2_SETTINGS:
		if (!(f->hd.flags & NGHTTP2_FLAG_ACK))
			conn_seen_peer(c);
		break;
	case NGHTTP2_PING:
		calm = c->client || (f->hd.flags & NGHTTP2_FLAG_ACK) || guard_ping(c);
		break;
	case NGHTTP2_RST_STREAM:
		calm = c->client || !s || s->responded || guard_reset(c);
		break;
	case NGHTTP2_GOAWAY:
		c->draining = c->client;
		break;
	}
	if (!calm) {
		h2_calm(c, f->hd.type == NGHTTP2_PING ? "too_many_pings" : "too many resets");
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	}
	if (s && (f->hd.type == NGHTTP2_DATA || f->hd.type == NGHTTP2_HEADERS) &&
	    (f->hd.flags & NGHTTP2_FLAG_END_STREAM))
		recv_eof(s);
	return 0;
}

static int on_stream_close(nghttp2_session *h2, int32_t id, uint32_t error, void *arg)
{
	struct conn *c = arg;
	struct net_stream *s = stream_of(c, id);

	(void)h2;
	if (s)
		stream_closed(s, error);
	return 0;
}

/* ---- what goes out ------------------------------------------------------- */

static int on_send_data(nghttp2_session *h2, nghttp2_frame *f, const uint8_t *framehd, size_t n,
			nghttp2_data_source *src, void *arg)
{
	struct conn *c = arg;

	(void)h2;
	(void)f;
	if (c->out.bytes >= NET_PULL_MAX)
		return NGHTTP2_ERR_WOULDBLOCK;
	outq_copy(&c->out, framehd, 9);
	stream_take(src->ptr, n);
	return 0;
}

/* The stream is over for us.  A client that has not half-closed is told to stop. */
static void end_sent(struct conn *c, int32_t id)
{
	struct net_stream *s = stream_of(c, id);

	if (s && !s->eof)
		nghttp2_submit_rst_stream(c->h2, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
}

static int on_frame_sent(nghttp2_session *h2, const nghttp2_frame *f, void *arg)
{
	struct conn *c = arg;

	(void)h2;
	if (c->client)
		return 0;
	switch (f->hd.type) {
	case NGHTTP2_HEADERS:
		if (f->hd.flags & NGHTTP2_FLAG_END_STREAM)
			end_sent(c, f->hd.stream_id);
		guard_sent(c);
		break;
	case NGHTTP2_DATA:
		guard_sent(c);
		break;
	case NGHTTP2_RST_STREAM: /* a client may also provoke the resets */
		if (f->rst_stream.error_code != NGHTTP2_NO_ERROR && !guard_reset(c))
			h2_calm(c, "too many stream errors");
		break;
	}
	return 0;
}

void h2_pull(struct conn *c)
{
	while (c->out.bytes < NET_PULL_MAX) {
		const uint8_t *p;
		ssize_t n = nghttp2_session_mem_send(c->h2, &p);

		if (n < 0)
			conn_lost(c, nghttp2_strerror((int)n));
		if (n <= 0)
			return;
		outq_copy(&c->out, p, (size_t)n);
	}
}

int h2_feed(struct conn *c, const uint8_t *p, size_t n)
{
	ssize_t got = nghttp2_session_mem_recv(c->h2, p, n);

	conn_dirty(c);
	if (got >= 0)
		return 0;
	if (!c->closing)
		conn_lost(c, nghttp2_strerror((int)got));
	return -1;
}

/* ---- begin --------------------------------------------------------------- */

static void make_tables(void)
{
	nghttp2_session_callbacks *cb;

	util_assert(nghttp2_session_callbacks_new(&callbacks) == 0);
	util_assert(nghttp2_option_new(&options) == 0);
	cb = callbacks;
	nghttp2_session_callbacks_set_on_begin_frame_callback(cb, on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
	nghttp2_session_callbacks_set_send_data_callback(cb, on_send_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_sent);
	nghttp2_option_set_no_auto_window_update(options, 1);
	nghttp2_option_set_no_closed_streams(options, 1);
	nghttp2_option_set_peer_max_concurrent_streams(options, 100);
#ifdef HAVE_NGHTTP2_OPTION_SET_STREAM_RESET_RATE_LIMIT
	/* It counts every reset, the normal end of a gateway's stream too: guard.c knows better. */
	nghttp2_option_set_stream_reset_rate_limit(options, UINT32_MAX, UINT32_MAX);
#endif
}

void h2_start(struct conn *c)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	nghttp2_settings_entry iv[] = {
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, NET_STREAM_WINDOW},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, NET_MAX_HEADERS},
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, c->client ? 0 : NET_MAX_STREAMS},
		{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
	};
	int rc;

	pthread_once(&once, make_tables);
	rc = (c->client ? nghttp2_session_client_new2
			: nghttp2_session_server_new2)(&c->h2, callbacks, c, options);
	util_assert(rc == 0);
	rc = nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, iv, c->client ? 4 : 3);
	util_assert(rc == 0);
	rc = nghttp2_session_set_local_window_size(c->h2, NGHTTP2_FLAG_NONE, 0, NET_CONN_WINDOW);
	util_assert(rc == 0);
	conn_dirty(c);
}
