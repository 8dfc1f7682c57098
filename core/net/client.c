/* SPDX-License-Identifier: Apache-2.0 */
/* The client: a loop that its owner drives, links, calls. */
#include <errno.h>
#include <net/net_priv.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct net_client {
	struct loop *loop;
};

struct net_link {
	struct conn *conn; /* NULL once it is down */
	struct net_link_opts o;
	struct addrinfo *addresses;
	struct addrinfo *next; /* to be tried if this one fails */
	char *authority;
};

int net_client_new(struct net_client **out, struct ord_err *e)
{
	struct net_client *c = x_alloc(sizeof(*c));

	c->loop = loop_new(NULL, e);
	if (!c->loop) {
		free(c);
		return ORD_EUNAVAIL;
	}
	*out = c;
	return 0;
}

void net_client_run(struct net_client *c, uint64_t deadline_ns)
{
	loop_round(c->loop, deadline_ns);
}

void net_client_free(struct net_client *c)
{
	if (!c)
		return;
	loop_close(c->loop);
	loop_unref(c->loop);
	free(c);
}

/* ---- links --------------------------------------------------------------- */

bool client_dial(struct conn *c)
{
	struct net_link *l = c->link;

	while (l->next) {
		const struct addrinfo *a = l->next;

		l->next = a->ai_next;
		conn_peer_name(c->peer, sizeof(c->peer), a->ai_addr);
		if (c->fd >= 0)
			close(c->fd);
		c->fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (c->fd < 0)
			continue;
		if (connect(c->fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS)
			return conn_watch(c);
	}
	return false;
}

int net_link_open(struct net_client *c, const struct net_link_opts *o, struct net_link **out,
		  struct ord_err *e)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	struct net_link *l;
	struct conn *conn;
	char port[8];
	int rc;

	snprintf(port, sizeof(port), "%u", o->port);
	rc = getaddrinfo(o->address, port, &hints, &list);
	if (rc)
		return err_set(e, ORD_EUNAVAIL, "dial tcp: lookup %s: %s", o->address,
			       gai_strerror(rc));
	l = x_alloc(sizeof(*l));
	l->o = *o;
	l->addresses = l->next = list;
	l->authority = x_printf(strchr(o->address, ':') ? "[%s]:%u" : "%s:%u", o->address, o->port);
	l->conn = conn = conn_new(-1, true, o->tls);
	conn->link = l;
	conn->host = x_strdup(o->address);
	conn->max_recv = o->max_recv_msg ? o->max_recv_msg : NET_MAX_MSG;
	conn->max_send = o->max_send_msg ? o->max_send_msg : NET_MAX_MSG;
	conn->handshake_timeout_ns = o->timeout_ns ? o->timeout_ns : 20 * CLOCK_SEC_NS;
	c->loop->now_ns = clock_mono_ns();
	conn_adopt(conn, c->loop);
	h2_start(conn);
	*out = l;
	return 0;
}

void net_link_close(struct net_link *l)
{
	if (l->conn)
		conn_lost(l->conn, "closed by us");
}

bool net_link_draining(const struct net_link *l)
{
	return !l->conn || l->conn->draining;
}

void client_link_state(struct conn *c, const char *why)
{
	struct net_link *l = c->link;

	if (why)
		l->conn = NULL;
	if (l->o.state)
		l->o.state(l, l->o.arg, why);
	if (why) {
		freeaddrinfo(l->addresses);
		free(l->authority);
		free(l);
	}
}

/* ---- calls --------------------------------------------------------------- */

static nghttp2_nv nv(const char *name, const char *value)
{
	return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
			    strlen(value), NGHTTP2_NV_FLAG_NO_COPY_NAME};
}

struct net_stream *net_call(struct net_link *l, const struct net_method *m, void *state,
			    uint64_t timeout_ns)
{
	struct conn *c = l->conn;
	nghttp2_data_provider prd = {.read_callback = stream_read_cb};
	char timeout[16] = "";
	struct net_stream *s;
	nghttp2_nv head[] = {
		nv(":method", "POST"),
		nv(":scheme", c && c->tls ? "https" : "http"),
		nv(":path", m->path),
		nv(":authority", l->authority),
		nv("te", "trailers"),
		nv("content-type", "application/grpc"),
		nv("user-agent", "ordererd/" PACKAGE_VERSION),
		nv("grpc-timeout", timeout),
	};
	size_t n = UTIL_ARRAY_LEN(head);

	if (!c || c->state == CONN_DEAD || c->draining)
		return NULL;
	if (timeout_ns) {
		grpc_timeout_format(timeout, sizeof(timeout), timeout_ns);
		head[n - 1].valuelen = strlen(timeout);
	}
	s = stream_new(c, 0);
	prd.source.ptr = s;
	s->opened_ns = c->loop->now_ns = clock_mono_ns();
	s->id = nghttp2_submit_request(c->h2, NULL, head, timeout_ns ? n : n - 1, &prd, s);
	if (s->id < 0) { /* no stream number is left */
		stream_drop(s);
		return NULL;
	}
	s->responded = true;
	s->method = m;
	s->state = state;
	s->app_open = true;
	if (timeout_ns)
		stream_deadline(s, timeout_ns);
	conn_dirty(c);
	return s;
}

void net_call_half_close(struct net_stream *s)
{
	if (!s->app_open || s->finished)
		return;
	s->finished = true;
	if (!s->h2_gone)
		stream_push(s);
}

void net_call_cancel(struct net_stream *s)
{
	if (!s->app_open)
		return;
	stream_status(s, NET_CANCELLED, "context canceled");
	s->finished = true;
	if (s->h2_gone) {
		recv_drop_held(s);
		s->todo_continue = true;
		loop_todo(s);
		return;
	}
	nghttp2_submit_rst_stream(s->conn->h2, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_CANCEL);
	conn_dirty(s->conn);
}

int net_call_status(const struct net_stream *s, const char **why)
{
	if (why)
		*why = s->why ? s->why : "";
	return s->code;
}

void client_header(struct net_stream *s, struct ord_bytes name, struct ord_bytes v)
{
	struct buf b = BUF_INIT;

	if (bytes_eq_str(name, ":status")) {
		buf_add_bytes(&b, v);
		s->http = atoi(buf_cstr(&b));
	} else if (bytes_eq_str(name, "grpc-status")) {
		buf_add_bytes(&b, v);
		s->code = atoi(buf_cstr(&b));
		s->has_grpc_status = true;
	} else if (bytes_eq_str(name, "grpc-message") && !s->why) {
		percent_decode(&b, v);
		s->why = x_strdup(buf_cstr(&b));
	}
	buf_fini(&b);
}

static int code_of_reset(uint32_t h2_error)
{
	switch (h2_error) {
	case NGHTTP2_REFUSED_STREAM:
		return NET_UNAVAILABLE;
	case NGHTTP2_CANCEL:
		return NET_CANCELLED;
	case NGHTTP2_ENHANCE_YOUR_CALM:
		return NET_RESOURCE_EXHAUSTED;
	default:
		return NET_INTERNAL;
	}
}

void client_stream_closed(struct net_stream *s, uint32_t h2_error)
{
	char why[128];

	if (s->has_grpc_status) {
		s->has_code = true;
	} else if (s->http != 200) {
		snprintf(why, sizeof(why), "unexpected HTTP status %d", s->http);
		stream_status(s, NET_UNKNOWN, why);
	} else {
		snprintf(why, sizeof(why), "stream terminated by RST_STREAM with error code: %s",
			 nghttp2_http2_strerror(h2_error));
		stream_status(s, code_of_reset(h2_error), why);
	}
	s->h2_gone = true;
	if (recv_has_held(s) && s->app_open)
		return; /* recv_continue() goes on from here */
	stream_cut(s);
}
