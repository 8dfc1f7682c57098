/* SPDX-License-Identifier: Apache-2.0 */
/* One connection, from its first byte to its last. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/net_priv.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READS_A_TURN 4                     /* then it is another connection's turn */
#define WRITE_A_TURN ((size_t)1024 * 1024) /* bytes, likewise */
#define IOVECS       256
#define LINGER_NS    CLOCK_SEC_NS /* for the peer to read our last words */

static struct log_logger logger = LOG_LOGGER("core.comm");

/* ---- begin and end ------------------------------------------------------- */

void conn_peer_name(char *to, size_t cap, const void *sockaddr)
{
	const struct sockaddr *sa = sockaddr;
	char host[INET6_ADDRSTRLEN] = "";

	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = sockaddr;

		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(to, cap, "%s:%u", host, ntohs(in->sin_port));
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = sockaddr;
		bool mapped = IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr);

		if (mapped)
			inet_ntop(AF_INET, &in6->sin6_addr.s6_addr[12], host, sizeof(host));
		else
			inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(to, cap, mapped ? "%s:%u" : "[%s]:%u", host, ntohs(in6->sin6_port));
	}
}

/* Bytes that the socket took; fewer than @n: it is full, or broken. */
static size_t put(struct conn *c, const uint8_t *p, size_t n)
{
	ssize_t sent;

	if (n == 0 || c->blocked || c->state == CONN_DEAD)
		return 0;
	sent = send(c->fd, p, n, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN)
		conn_lost(c, "write failed");
	sent = sent < 0 ? 0 : sent;
	c->blocked = (size_t)sent < n;
	return (size_t)sent;
}

/* Write what OpenSSL made.  The loop's buffer is empty afterwards, whatever the socket took. */
static void ship(struct conn *c)
{
	struct buf *fresh = &c->loop->cipher, *stuck = &c->pump->stuck;
	size_t n;

	if (stuck->len == 0) {
		n = put(c, fresh->data, fresh->len);
		buf_add(stuck, fresh->data + n, fresh->len - n);
	} else {
		buf_add_bytes(stuck, buf_bytes(fresh));
		n = put(c, stuck->data, stuck->len);
		stuck->len -= n;
		memmove(stuck->data, stuck->data + n, stuck->len);
	}
	if (stuck->len == 0)
		buf_fini(stuck);
	fresh->len = 0;
}

/* A client's session exists from the start, so that calls can be queued in it. */
static void ready(struct conn *c)
{
	const struct net_opts *o;

	if (c->client)
		return;
	h2_start(c);
	o = server_opts(c->loop->server);
	if (o->on_connect)
		o->on_connect(o->arg, true);
}

static void tell_gone(struct conn *c)
{
	const struct net_opts *o;

	if (c->client) {
		client_link_state(c, c->why_lost);
		return;
	}
	o = server_opts(c->loop->server);
	if (c->h2 && o->on_connect)
		o->on_connect(o->arg, false);
}

/* The socket is connected. */
static void begin(struct conn *c)
{
	int one = 1;

	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->state = CONN_HANDSHAKE;
	if (c->pump) {
		const char *why;

		if (c->client) { /* the ClientHello */
			pump_handshake(c->pump, &why);
			ship(c);
		}
	} else {
		c->state = CONN_OPEN;
		ready(c);
	}
	conn_dirty(c);
}

static void keepalive(struct conn *c)
{
	uint64_t now = c->loop->now_ns, due;

	if (c->pinged) {
		conn_lost(c, "keepalive ping failed to receive ACK within timeout");
		return;
	}
	due = c->last_read_ns + c->keepalive_ns;
	if (due <= now) {
		nghttp2_submit_ping(c->h2, NGHTTP2_FLAG_NONE, NULL);
		conn_dirty(c);
		c->pinged = true;
		due = now + c->keepalive_timeout_ns;
	}
	timer_set(&c->loop->timers, &c->timer, due);
}

static void on_timer(struct timer *t)
{
	struct conn *c = UTIL_CONTAINER(t, struct conn, timer);

	if (c->parting)
		conn_lost(c, "closed");
	else if (!c->seen_peer)
		conn_lost(c, c->state == CONN_CONNECTING ? "connection timed out"
							 : "handshake timed out");
	else
		keepalive(c);
}

/* The peer's first SETTINGS: the handshake is over. */
void conn_seen_peer(struct conn *c)
{
	if (c->seen_peer)
		return;
	c->seen_peer = true;
	timer_set(&c->loop->timers, &c->timer,
		  c->keepalive_ns ? c->loop->now_ns + c->keepalive_ns : CLOCK_NEVER);
	if (c->client)
		client_link_state(c, NULL);
}

struct conn *conn_new(int fd, bool client, struct net_tls *tls)
{
	struct conn *c = x_alloc(sizeof(*c));

	c->fd = fd;
	c->client = client;
	c->tls = tls ? tls_ref(tls) : NULL;
	c->timer.fire = on_timer;
	return c;
}

void conn_adopt(struct conn *c, struct loop *l)
{
	c->loop = l;
	c->last_read_ns = l->now_ns;
	c->next = l->conns;
	if (c->next)
		c->next->prev = c;
	l->conns = c;
	l->n_conns++;
	timer_set(&l->timers, &c->timer, l->now_ns + c->handshake_timeout_ns);
	if (c->tls)
		c->pump = pump_new(tls_session(c->tls, c->client ? c->host : NULL), &l->cipher);
	if (c->pump && c->client)
		SSL_set_connect_state(c->pump->ssl);
	else if (c->pump)
		SSL_set_accept_state(c->pump->ssl);
	if (l->draining)
		conn_lost(c, "the server is stopping");
	else if (c->client && !client_dial(c))
		conn_lost(c, strerrordesc_np(errno));
	else if (!c->client && conn_watch(c))
		begin(c);
}

bool conn_watch(struct conn *c)
{
	if (loop_watch(c->loop, c->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, c, NULL) == 0)
		return true;
	conn_lost(c, "epoll refused the socket");
	return false;
}

void conn_lost(struct conn *c, const char *why)
{
	if (c->state == CONN_DEAD)
		return;
	if (c->state == CONN_HANDSHAKE && !c->client)
		log_debug(&logger, "handshake with %s ended: %s", c->peer, why);
	c->state = CONN_DEAD;
	if (!c->why_lost)
		c->why_lost = why;
	c->hop = c->loop->dead;
	c->loop->dead = c;
}

static void unlink_from_loop(struct conn *c)
{
	struct loop *l = c->loop;
	struct conn **at = &l->dirty;

	timer_clear(&l->timers, &c->timer);
	if (c->is_dirty) {
		while (*at != c)
			at = &(*at)->dirty_next;
		*at = c->dirty_next;
	}
	if (c->prev)
		c->prev->next = c->next;
	else
		l->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	l->n_conns--;
	atomic_fetch_sub(&l->load, 1);
}

static void cut_streams(struct conn *c)
{
	while (c->streams)
		stream_cut(c->streams);
}

void conn_free(struct conn *c)
{
	if (c->loop) {
		cut_streams(c);
		budget_leave(c);
		unlink_from_loop(c);
		tell_gone(c);
	}
	if (c->h2)
		nghttp2_session_del(c->h2);
	pump_free(c->pump);
	net_tls_free(c->tls);
	outq_fini(&c->out);
	if (c->fd >= 0)
		close(c->fd);
	free(c->subject);
	free(c->host);
	free(c);
}

/* ---- read ---------------------------------------------------------------- */

static void identify(struct conn *c)
{
	X509 *x = SSL_get0_peer_certificate(c->pump->ssl);
	BIO *b;
	uint8_t *der = NULL;
	char *text;
	long len;
	int n;

	if (!x)
		return;
	n = i2d_X509(x, &der);
	util_assert(n > 0);
	sha256(bytes_of(der, (size_t)n), c->cert_hash);
	c->has_cert = true;
	OPENSSL_free(der);
	b = BIO_new(BIO_s_mem());
	util_assert(b);
	X509_NAME_print_ex(b, X509_get_subject_name(x), 0,
			   XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
	len = BIO_get_mem_data(b, &text);
	c->subject = x_strndup(text, (size_t)len);
	BIO_free(b);
}

static void feed_handshake(struct conn *c)
{
	const char *why = "";

	switch (pump_handshake(c->pump, &why)) {
	case 0:
		break;
	case 1:
		identify(c);
		c->state = CONN_OPEN;
		ready(c);
		break;
	default:
		if (!c->client)
			log_warn(&logger, "TLS handshake failed with error %s remoteaddress=%s",
				 why, c->peer);
		c->why_lost = why;
		c->closing = true; /* after the alert */
	}
}

static void feed(struct conn *c, const uint8_t *p, size_t n)
{
	int got = 1;

	c->last_read_ns = c->loop->now_ns;
	c->pinged = false;
	if (c->state == CONN_LINGER || c->closing)
		return;
	if (!c->pump) {
		h2_feed(c, p, n);
		return;
	}
	c->pump->in = bytes_of(p, n);
	if (c->state == CONN_HANDSHAKE)
		feed_handshake(c);
	while (got > 0 && c->state == CONN_OPEN && !c->closing) {
		got = pump_read(c->pump, c->loop->plain, sizeof(c->loop->plain));
		if (got > 0)
			h2_feed(c, c->loop->plain, (size_t)got);
		else if (got < 0)
			conn_lost(c, "TLS session closed by the other side");
	}
	c->pump->in = bytes_of(NULL, 0);
	ship(c);
}

/* A client that asks and does not read the answers is not read from either. */
static bool clogged(const struct conn *c)
{
	return c->blocked && c->h2 &&
	       nghttp2_session_get_outbound_queue_size(c->h2) > NET_MAX_QUEUE;
}

static void read_some(struct conn *c)
{
	for (int i = 0; i < READS_A_TURN && c->readable && !clogged(c); i++) {
		ssize_t n;

		if (c->state == CONN_DEAD)
			return;
		n = recv(c->fd, c->loop->in, NET_IN_SIZE, 0);
		if (n < 0 && errno == EAGAIN) {
			c->readable = false;
		} else if (n < 0) {
			conn_lost(c, "connection reset by peer");
		} else if (n == 0) {
			conn_lost(c, "connection closed by peer");
		} else {
			if ((size_t)n < NET_IN_SIZE && !c->hung_up)
				c->readable = false; /* a later byte is a new event */
			feed(c, c->loop->in, (size_t)n);
		}
	}
}

static void finish_connect(struct conn *c)
{
	int err = 0;
	socklen_t len = sizeof(err);

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (!err)
		begin(c);
	else if (!client_dial(c))
		conn_lost(c, strerrordesc_np(err));
}

void conn_event(struct conn *c, uint32_t events)
{
	if (c->state == CONN_CONNECTING && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		finish_connect(c);
	if (c->state == CONN_DEAD || c->state == CONN_CONNECTING)
		return;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		c->hung_up = true;
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		c->readable = true;
	if (events & EPOLLOUT)
		c->blocked = false;
	read_some(c);
	conn_dirty(c);
}

/* ---- write --------------------------------------------------------------- */

void conn_dirty(struct conn *c)
{
	if (c->is_dirty || c->state == CONN_DEAD)
		return;
	c->is_dirty = true;
	c->dirty_next = c->loop->dirty;
	c->loop->dirty = c;
}

static size_t write_plain(struct conn *c)
{
	struct iovec iov[IOVECS];
	struct msghdr m = {.msg_iov = iov};
	size_t want = 0;
	ssize_t n;

	m.msg_iovlen = (size_t)outq_iov(&c->out, iov, IOVECS);
	for (size_t i = 0; i < m.msg_iovlen; i++)
		want += iov[i].iov_len;
	n = sendmsg(c->fd, &m, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN) {
		conn_lost(c, "write failed");
		return 0;
	}
	n = n < 0 ? 0 : n;
	c->blocked = (size_t)n < want;
	outq_drop(&c->out, (size_t)n);
	return (size_t)n;
}

static size_t write_tls(struct conn *c)
{
	size_t sent = 0;

	while (c->out.bytes > 0 && c->loop->cipher.len < NET_IN_SIZE) {
		size_t n = outq_peek(&c->out, c->loop->plain, NET_RECORD_SIZE);

		pump_write(c->pump, c->loop->plain, n);
		outq_drop(&c->out, n);
		sent += n;
	}
	ship(c);
	return sent;
}

/* Nothing more will be said: close our half and wait a little for the other. */
static void linger(struct conn *c)
{
	if (!c->why_lost)
		c->why_lost = "connection closed";
	cut_streams(c);
	if (c->pump) {
		pump_close(c->pump);
		ship(c);
	}
	shutdown(c->fd, SHUT_WR);
	if (c->state == CONN_DEAD)
		return;
	c->state = CONN_LINGER;
	c->parting = true;
	timer_set(&c->loop->timers, &c->timer, c->loop->now_ns + LINGER_NS);
}

/* The end has come, but the peer may not read what is left to say. */
static void hurry(struct conn *c)
{
	if (c->parting || !(c->closing || (c->h2 && !nghttp2_session_want_read(c->h2))))
		return;
	c->parting = true;
	timer_set(&c->loop->timers, &c->timer, c->loop->now_ns + LINGER_NS);
}

static bool done(const struct conn *c)
{
	if (c->closing)
		return true;
	return c->h2 && !nghttp2_session_want_read(c->h2) && !nghttp2_session_want_write(c->h2);
}

void conn_flush(struct conn *c)
{
	size_t sent = 0;

	if (c->readable)
		read_some(c);
	if (c->pump && c->pump->stuck.len)
		ship(c);
	while (c->state == CONN_OPEN && !c->blocked && sent < WRITE_A_TURN) {
		h2_pull(c);
		if (c->out.bytes == 0)
			break;
		sent += c->pump ? write_tls(c) : write_plain(c);
	}
	if (c->state == CONN_DEAD)
		return;
	if (c->state != CONN_LINGER) {
		hurry(c);
		if (!c->blocked && c->out.bytes == 0 && done(c))
			linger(c);
	}
	if ((!c->blocked && sent >= WRITE_A_TURN) || (c->readable && !clogged(c)))
		conn_dirty(c);
}

void conn_drain(struct conn *c)
{
	c->draining = true;
	if (c->state == CONN_OPEN && !c->closing) {
		nghttp2_submit_goaway(c->h2, NGHTTP2_FLAG_NONE,
				      nghttp2_session_get_last_proc_stream_id(c->h2),
				      NGHTTP2_NO_ERROR, (const uint8_t *)"graceful_stop", 13);
		conn_dirty(c);
	} else if (c->state != CONN_OPEN) {
		conn_lost(c, "the server is stopping");
	}
}
