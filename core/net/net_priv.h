/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share.  From the socket up:
 *
 *   server.c, client.c   who makes connections
 *   loop.c, timer.c      epoll, wakes from other threads, timers
 *   conn.c               one connection: read, feed, pull, write, close
 *   tls.c, pump.c        contexts and verification; records between two memory buffers
 *   h2.c, guard.c        nghttp2 session and callbacks; pings, floods, resets
 *   request.c            server: from request headers to a method or a refusal
 *   recv.c, stream.c     gRPC messages in; messages, trailers, timers out
 *   budget.c             how much of messages all connections together may keep
 *   access.c             a line in the log for each call
 *   out.c, status.c      output queues; status names, percent-encoding, grpc-timeout
 */
#ifndef NET_PRIV_H
#define NET_PRIV_H

#include <net/net.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define NET_IN_SIZE       ((size_t)64 * 1024)  /* read from a socket at once */
#define NET_RECORD_SIZE   ((size_t)16384)      /* plaintext of one TLS record */
#define NET_PULL_MAX      ((size_t)256 * 1024) /* frames made ready before they are written */
#define NET_STREAM_WINDOW (512 * 1024)         /* what a client may send ahead on a stream … */
#define NET_CONN_WINDOW   (4 * 1024 * 1024)    /* … and on a connection */
#define NET_HELD_MAX      ((size_t)4 * 1024 * 1024)  /* held by pauses; then the window closes */
#define NET_KEPT_MIN      ((size_t)16 * 1024 * 1024) /* kept of messages by a server, at least */
#define NET_MAX_STREAMS   16384                      /* at once, per connection */
#define NET_MAX_HEADERS   ((size_t)16 * 1024) /* bytes of one header list, as RFC 9113 counts */
#define NET_MAX_MSG       ((size_t)100 * 1024 * 1024)
#define NET_MAX_QUEUE     ((size_t)2000) /* frames waiting for a client that does not read */

struct conn;
struct loop;

/* ---- timers: a heap a loop ----------------------------------------------- */

struct timer {
	uint64_t at_ns;
	uint32_t pos; /* in the heap, from 1; 0: not set */
	void (*fire)(struct timer *t);
};
struct timers {
	struct timer **heap;
	uint32_t len, cap;
};
void timer_set(struct timers *h, struct timer *t, uint64_t at_ns); /* CLOCK_NEVER: clear */
void timer_clear(struct timers *h, struct timer *t);
uint64_t timers_next(const struct timers *h); /* CLOCK_NEVER: none */
void timers_fire(struct timers *h, uint64_t now_ns);

/* ---- output queues ------------------------------------------------------- */

/* A run of bytes inside a counted node: either copied into it or the application's. */
struct out_node;
struct out_slice {
	const uint8_t *data;
	size_t len;
	struct out_node *node;
};
struct outq {
	struct out_slice *ring;
	uint32_t head, len, cap; /* cap: 0 or a power of two */
	size_t bytes;
};
void outq_copy(struct outq *q, const void *p, size_t n);
void outq_share(struct outq *q, struct ord_bytes b, void (*release)(void *), void *owner);
void outq_move(struct outq *to, struct outq *from, size_t n);
int outq_iov(const struct outq *q, struct iovec *iov, int max);
size_t outq_peek(const struct outq *q, uint8_t *to, size_t max); /* copies, leaves in place */
void outq_drop(struct outq *q, size_t n);
void outq_fini(struct outq *q);

/* ---- TLS ----------------------------------------------------------------- */

/* One side's configuration. */
struct net_tls {
	atomic_uint refs;
	SSL_CTX *ctx;
	pthread_mutex_t lock; /* guards pool */
	X509_STORE *pool; /* trusted; never changed, only replaced; read when a handshake begins */
	int64_t time_shift_ns;
	char *server_name; /* client: expected in the server's certificate; NULL: the address */
};
int tls_server_new(const struct net_opts *o, struct net_tls **out, struct ord_err *e);
int tls_set_pool(struct net_tls *t, const struct ord_bytes *pems, size_t n, struct ord_err *e);
/** @host: a client's; what it dials. */
SSL *tls_session(struct net_tls *t, const char *host);
struct net_tls *tls_ref(struct net_tls *t);

/* Records in, records out; it never touches a socket. */
struct pump {
	SSL *ssl;
	struct ord_bytes in; /* ciphertext that was read and not yet taken */
	struct buf *out;     /* ciphertext to be written; the loop's */
	struct buf stuck;    /* what the socket did not take */
};
struct pump *pump_new(SSL *ssl, struct buf *out); /* takes @ssl */
void pump_free(struct pump *p);
/** 1 done, 0 wants more input, -1 failed (@why says so). */
int pump_handshake(struct pump *p, const char **why);
/** Plaintext bytes, 0 no more for now, -1 closed or broken. */
int pump_read(struct pump *p, uint8_t *to, size_t cap);
void pump_write(struct pump *p, const uint8_t *from, size_t n);
void pump_close(struct pump *p); /* close_notify */

/* ---- loops --------------------------------------------------------------- */

/* Of one method.  The loop alone adds, so that it needs no locked instruction; others read. */
struct tally {
	atomic_uint_fast64_t calls, received, sent;
};
static inline void tally(atomic_uint_fast64_t *n)
{
	uint_fast64_t was = atomic_load_explicit(n, memory_order_relaxed);

	atomic_store_explicit(n, was + 1, memory_order_relaxed);
}

struct loop {
	atomic_uint refs; /* its owner and every stream object */
	int epfd, evfd;
	uint64_t now_ns; /* of this round */
	struct timers timers;
	struct conn *conns; /* all of them */
	unsigned n_conns;
	struct conn *dirty, *dead;            /* to be flushed; to be freed */
	struct net_stream *todo, **todo_tail; /* streams with a callback due */
	struct net_server *server;            /* NULL in a client */
	struct tally *tallies;                /* likewise; in the order of its methods */
	atomic_uint load;                     /* connections, read by who hands out new ones */

	pthread_mutex_t lock; /* guards woken, woken_tail, arrived, kicked, closed */
	struct net_stream *woken, **woken_tail;
	struct conn *arrived;
	bool kicked, closed;
	atomic_bool called; /* something was put there: read without the lock by who spins */
	bool draining;      /* the loop's own: new connections are turned away */
	struct spin spin;   /* the loop's own */
	atomic_bool asleep; /* set under the lock; whoever clears it writes to evfd */

	uint8_t in[NET_IN_SIZE];        /* scratch: what was read */
	uint8_t plain[NET_RECORD_SIZE]; /* scratch: one record decrypted, or to be encrypted */
	struct buf cipher;              /* scratch: records to be written */
	struct buf spare;               /* the last message's body, if the application left it */
	struct net_stream *favourite;   /* whose message goes on though the budget is spent */
	struct timer patience;          /* … until then */
};
struct loop *loop_new(struct net_server *server, struct ord_err *e);
void loop_unref(struct loop *l);
/** One round: wait until @deadline_ns at most, run everything that is due, write everything. */
void loop_round(struct loop *l, uint64_t deadline_ns);
void loop_close(struct loop *l); /* cuts all connections; wakes do nothing from now on */
void loop_kick(struct loop *l);  /* any thread: end the wait */
void loop_give(struct loop *l, struct conn *c); /* any thread: the connection is @l's now */
void loop_todo(struct net_stream *s);
int loop_watch(struct loop *l, int fd, uint32_t events, void *tag, struct ord_err *e);

/* ---- connections --------------------------------------------------------- */

enum conn_state { CONN_CONNECTING, CONN_HANDSHAKE, CONN_OPEN, CONN_LINGER, CONN_DEAD };

/* So many things a second, so many at once. */
struct bucket {
	uint64_t at_ns;
	uint32_t tokens;
};

struct guard {
	uint64_t last_ping_ns;
	uint32_t strikes; /* pings that came too soon, since we last sent DATA or HEADERS */
	struct bucket odd, resets;
};

/* The header list that is being received. */
struct request {
	size_t bytes;
	const struct net_method *method;
	int refuse; /* gRPC status; NET_OK: fine so far */
	int http;   /* status to refuse with */
	bool post, grpc;
	uint64_t timeout_ns; /* 0: none */
	char why[200];
};

struct conn {
	struct loop *loop;
	int fd;
	enum conn_state state;
	bool client;
	bool readable; /* the socket may have more for us */
	bool blocked;  /* the socket takes nothing now */
	bool hung_up;  /* the peer has closed its half: read to the end */
	bool is_dirty;
	bool pinged;    /* nothing was read since our keepalive ping */
	bool seen_peer; /* its SETTINGS came: the handshake is over */
	bool draining;  /* GOAWAY was sent: no new streams */
	bool closing;   /* close once what is queued is out */
	bool parting;   /* … and the timer is on that */
	nghttp2_session *h2;
	struct pump *pump; /* NULL: plain */
	struct net_tls *tls;
	struct outq out;
	struct timer timer; /* handshake, keepalive or linger, by state */
	uint64_t handshake_timeout_ns, keepalive_ns, keepalive_timeout_ns, ping_min_ns;
	uint64_t last_read_ns;
	struct guard guard;
	struct request req;
	struct net_stream *streams;
	size_t partial;       /* allocated for messages that are not complete */
	size_t held;          /* bytes kept back by paused streams */
	size_t lent;          /* with the application, whose streams paused over them */
	size_t told;          /* of all these, what the server's budget has been told */
	bool hungry;          /* waits for room in the budget */
	size_t unacked, owed; /* read and not yet given back to the window; the latter once … */
	size_t max_recv, max_send;                   /* … less is held */
	struct conn *prev, *next, *dirty_next, *hop; /* hop: dead or arrived list */
	const char *why_lost;
	char peer[64];
	char *host; /* client: what was dialled */
	char *subject;
	uint8_t cert_hash[SHA256_LEN];
	bool has_cert;
	struct net_link *link; /* client */
};
struct conn *conn_new(int fd, bool client, struct net_tls *tls);
bool conn_watch(struct conn *c);
void conn_adopt(struct conn *c, struct loop *l); /* begins to serve it */
void conn_event(struct conn *c, uint32_t events);
void conn_dirty(struct conn *c);
void conn_flush(struct conn *c);
void conn_drain(struct conn *c);
void conn_seen_peer(struct conn *c);
/** @why is a literal. */
void conn_lost(struct conn *c, const char *why);
void conn_free(struct conn *c);
void conn_peer_name(char *to, size_t cap, const void *sockaddr);

/* ---- HTTP/2 -------------------------------------------------------------- */

void h2_start(struct conn *c);
/** 0, or -1: the connection is to be closed after what is queued. */
int h2_feed(struct conn *c, const uint8_t *p, size_t n);
void h2_pull(struct conn *c); /* frames into c->out */
void h2_consume(struct conn *c, size_t n);
/** Say GOAWAY with ENHANCE_YOUR_CALM and close. */
void h2_calm(struct conn *c, const char *why);

bool bucket_take(struct bucket *b, uint64_t now_ns, uint32_t burst, uint32_t per_second);
bool guard_frame(struct conn *c, const nghttp2_frame_hd *hd); /* false: enough */
bool guard_ping(struct conn *c);
bool guard_reset(struct conn *c);
void guard_sent(struct conn *c);

void request_begin(struct conn *c);
void request_header(struct conn *c, struct ord_bytes name, struct ord_bytes value);
void request_end(struct conn *c, struct net_stream *s);

/* ---- streams ------------------------------------------------------------- */

struct net_stream {
	atomic_uint refs;
	atomic_bool woken; /* in the loop's woken list */
	struct loop *loop; /* counted */
	struct conn *conn; /* NULL: gone */
	const struct net_method *method;
	void *state;
	struct tally *tally; /* NULL: nobody counts */
	int32_t id;
	bool app_open;  /* open() was called and closed() was not */
	bool responded; /* HEADERS are on their way */
	bool deferred;  /* nghttp2 waits for net_stream_send() */
	bool finished;  /* nothing more will be queued */
	bool paused, eof, half_closed;
	bool h2_gone; /* nghttp2 has forgotten it */
	bool todo_queued, todo_continue, todo_writable, todo_wake;
	bool was_high; /* owes a writable() */
	bool encoded;  /* grpc-encoding is not identity */

	struct outq out;
	uint8_t head[5]; /* the message being received: prefix, */
	uint8_t head_len;
	uint32_t want; /* its length, */
	struct buf body;
	struct buf held; /* bytes that came while paused, */
	size_t held_off; /* of which these are done */
	size_t lent;     /* the message over which the application has paused */
	size_t unacked;

	struct timer timer, deadline;
	uint64_t opened_ns, deadline_ns;
	int code, http;
	bool has_code, has_grpc_status; /* the latter: a client has read one */
	char *why;
	struct net_stream *prev, *next; /* of the connection */
	struct net_stream *todo_next, *woken_next;
};
struct net_stream *stream_new(struct conn *c, int32_t id);
void stream_open(struct net_stream *s, const struct net_method *m);
void stream_deadline(struct net_stream *s, uint64_t timeout_ns);
void stream_refuse(struct net_stream *s, int http, int code, const char *why);
/** Finish with a status of ours, and tell the application at once. */
void stream_fail(struct net_stream *s, int code, const char *fmt, ...) UTIL_PRINTF(3, 4);
void stream_status(struct net_stream *s, int code, const char *why); /* the first one counts */
void stream_end_app(struct net_stream *s, int code, const char *why);
void stream_closed(struct net_stream *s, uint32_t h2_error); /* nghttp2 closed it */
void stream_cut(struct net_stream *s);                       /* its connection is lost */
void stream_drop(struct net_stream *s);                      /* out of its connection */
void stream_run(struct net_stream *s);                       /* callbacks that are due */
void stream_take(struct net_stream *s, size_t n); /* queued bytes to the connection's queue */
void stream_push(struct net_stream *s);           /* there is something to send */
ssize_t stream_read_cb(nghttp2_session *h2, int32_t id, uint8_t *buf, size_t cap, uint32_t *flags,
		       nghttp2_data_source *src, void *arg);

void recv_data(struct net_stream *s, const uint8_t *p, size_t n);
void recv_eof(struct net_stream *s);
void recv_continue(struct net_stream *s);
bool recv_has_held(const struct net_stream *s);
void recv_drop_held(struct net_stream *s);
void recv_drop_body(struct net_stream *s);
void recv_resume(struct net_stream *s);
void recv_reopen(struct conn *c); /* there may be room again: give windows back */

/* ---- budget.c ------------------------------------------------------------ */

struct budget {
	size_t max;
	atomic_size_t kept; /* by all connections, as they told */
	atomic_bool taken;  /* there is a favourite */
	atomic_uint hungry; /* connections that wait */
};
/** May the window of @s, whose message is not finished, be opened?  If not, its connection waits.
 */
bool budget_may_go_on(struct net_stream *s);
bool budget_may_read(struct conn *c);             /* the same for the connection's window */
bool budget_may_grow(const struct net_stream *s); /* or is even twice the budget spent? */
void budget_refuse(struct net_stream *s);
void budget_settle(struct conn *c);         /* what it keeps has changed */
void budget_finished(struct net_stream *s); /* the message has been taken in, or given up */
void budget_leave(struct conn *c);          /* which keeps nothing any more */
void budget_feed(struct loop *l);           /* whoever waits tries again */

/* ---- who makes connections ----------------------------------------------- */

void server_accept(struct net_server *s);
void server_serve(struct net_server *s, int fd, const struct sockaddr_storage *peer);
struct loop *server_loop(const struct net_server *s, unsigned i); /* to run one without a thread */
const struct net_opts *server_opts(const struct net_server *s);
struct budget *server_budget(struct net_server *s);
void server_kick(struct net_server *s); /* every loop of it */
void client_header(struct net_stream *s, struct ord_bytes name, struct ord_bytes value);
void client_stream_closed(struct net_stream *s, uint32_t h2_error);
void client_link_state(struct conn *c, const char *why); /* NULL: up */
bool client_dial(struct conn *c); /* the next address of the name; false: errno says why not */

/* ---- status -------------------------------------------------------------- */

void percent_encode(struct buf *b, const char *text);
void percent_decode(struct buf *b, struct ord_bytes v);
/** Nanoseconds, 0 when it is no grpc-timeout. */
uint64_t grpc_timeout_parse(struct ord_bytes v);
void grpc_timeout_format(char *to, size_t cap, uint64_t ns);

#endif /* NET_PRIV_H */
