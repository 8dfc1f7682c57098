/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net - epoll loops, TLS (OpenSSL), HTTP/2 (nghttp2), gRPC framing and status; a server, and a
 * client for tools and tests.  Source: spec 1.1, 11.1.
 *
 * A connection belongs to one loop, a loop to one thread; every callback below runs on it.  The
 * calls that other threads may make are net_stream_hold(), _release() and _wake().
 *
 * No callback is called from inside a call of the application's: what a call causes (more
 * messages after net_stream_resume(), closed() after net_stream_finish()) comes later.
 */
#ifndef NET_H
#define NET_H

#include <util/util.h>

/* gRPC status codes. */
enum {
	NET_OK = 0,
	NET_CANCELLED = 1,
	NET_UNKNOWN = 2,
	NET_INVALID_ARGUMENT = 3,
	NET_DEADLINE_EXCEEDED = 4,
	NET_NOT_FOUND = 5,
	NET_ALREADY_EXISTS = 6,
	NET_PERMISSION_DENIED = 7,
	NET_RESOURCE_EXHAUSTED = 8,
	NET_FAILED_PRECONDITION = 9,
	NET_ABORTED = 10,
	NET_OUT_OF_RANGE = 11,
	NET_UNIMPLEMENTED = 12,
	NET_INTERNAL = 13,
	NET_UNAVAILABLE = 14,
	NET_DATA_LOSS = 15,
	NET_UNAUTHENTICATED = 16
};
const char *net_status_name(int code); /* "OK", "Canceled" … as Go prints them; else "Unknown" */

/* In a server, a stream whose queue is above the high mark is sent no more messages until it has
 * drained below the low one.  There writable() is called, in a client too: an application that
 * wants to send much fills up to the high mark and goes on in writable(). */
#define NET_LOW_WATER  ((size_t)128 * 1024)
#define NET_HIGH_WATER ((size_t)512 * 1024)

/** A listening socket.  Wildcards and "" mean every address of both families.
 *  Blocks: name lookup.   Errors: names address and port. */
int net_listen(const char *address, uint16_t port, int *fd, struct ord_err *e);
uint16_t net_port_of(int fd); /* the port a socket is bound to */

struct net_server;
struct net_stream;

/* A received message: the stream's buffer moves to whoever takes it. */
struct net_msg {
	struct buf body;
};

/* One method of a service: a bidirectional stream.  Callbacks may be NULL, open() of a server's
 * method and message() excepted. */
struct net_method {
	const char *path; /* "/orderer.AtomicBroadcast/Broadcast" */
	/** A stream opened.  Returns the method's own state, handed back below.  Not called in a
	 *  client: there net_call() is given the state. */
	void *(*open)(struct net_stream *s, void *arg);
	/** One whole message came in.  Take @m->body by moving it out; what is left is freed. */
	void (*message)(struct net_stream *s, void *state, struct net_msg *m);
	/** The other side sends no more (a client still wants its answers). */
	void (*half_close)(struct net_stream *s, void *state);
	/** net_stream_wake() was called since the last time, or the timer came. */
	void (*wake)(struct net_stream *s, void *state);
	/** Output that was queued above NET_LOW_WATER has drained below it: send more. */
	void (*writable)(struct net_stream *s, void *state);
	/** The stream is gone: finished, reset, its connection lost, or its deadline passed.  The
	 *  last callback; after it @s is valid only for who holds it (net_stream_hold()). */
	void (*closed)(struct net_stream *s, void *state);
	void *arg;
	size_t max_recv; /* bytes of one message, if less than the connection's; 0: that */
};

struct net_opts {
	const char *address;              /* "127.0.0.1", "::", a host name */
	uint16_t port;                    /* 0: any; see net_server_port() */
	unsigned loops;                   /* threads; 0: 1 */
	const struct net_method *methods; /* ends with path == NULL */
	unsigned max_connections;         /* 0: what the limit of open files allows */

	size_t max_recv_msg, max_send_msg; /* bytes; 0: 100 MiB */
	uint64_t handshake_timeout_ns;     /* General.ConnectionTimeout; 0: 5 s */
	/* Ping a silent client after the interval (0: 2 h), drop it after the time-out (0: 20 s).
	 * Pings of clients may follow each other after the minimum (0: 1 min) or 9 s, whichever is
	 * less: gateways ping every 10 s. */
	uint64_t keepalive_interval_ns, keepalive_timeout_ns, keepalive_min_interval_ns;

	bool tls, client_auth;
	struct ord_bytes cert_pem, key_pem;
	int64_t tls_time_shift_ns; /* the verification clock is this far in the past */

	/** Stream and connection events, for logs and metrics; any may be NULL.  on_call_end()
	 *  comes just before closed().   Thread: the loop. */
	void (*on_connect)(void *arg, bool opened);
	void (*on_call_end)(void *arg, struct net_stream *s, int code, const char *why,
			    uint64_t duration_ns);
	void *arg;
};

/** An on_call_end() that writes Fabric's access log: "streaming call completed", with service,
 *  method, peer, gRPC code and duration, from the logger comm.grpc.server. */
void net_log_call(void *arg, struct net_stream *s, int code, const char *why, uint64_t duration_ns);

/** Bind and listen; nothing is served until net_server_start().  @o->methods stays the caller's
 *  and must outlive the server.
 *  Blocks: name lookup.
 *  Errors: names address and port, or the PEM file's fault. */
int net_server_new(const struct net_opts *o, struct net_server **out, struct ord_err *e);
/** Do certificate and key load and belong together?  Nothing is bound.  Errors: as
 * net_server_new(). */
int net_check_tls(const struct net_opts *o, struct ord_err *e);
/** Is there a certificate in @pem, as the pool of client CAs needs it?  Errors: ORD_EINVAL. */
int net_check_cas(struct ord_bytes pem, struct ord_err *e);
/** Errors: ORD_EUNAVAIL no thread to be had. */
int net_server_start(struct net_server *s, struct ord_err *e);
uint16_t net_server_port(const struct net_server *s);
/** Swap the pool of client CAs (PEM certificates, one after another): new handshakes only.
 *  Thread: any.   Errors: ORD_EINVAL one is no PEM certificate; the old pool stays. */
int net_server_client_cas(struct net_server *s, const struct ord_bytes *pems, size_t n,
			  struct ord_err *e);
/** Where max_connections is 0: leave @files of the limit of open files, beside a hundred or so, to
 *  the rest of the process, from now on.
 *  Thread: any. */
void net_server_keep_back(struct net_server *s, unsigned files);
/* What became of one method, since the server was made. */
struct net_counts {
	uint64_t calls, received, sent; /* the latter are messages */
};
void net_server_counts(const struct net_server *s, const char *path, struct net_counts *out);
/** Stop accepting, send GOAWAY, let streams finish until @deadline_ns, then cut them.  Blocks. */
void net_server_stop(struct net_server *s, uint64_t deadline_ns);
void net_server_free(struct net_server *s);

/* ---- on the stream's own loop thread ------------------------------------- */

/* A counted buffer whose bytes may be sent without copying. */
struct net_chunk {
	struct ord_bytes bytes;
	void (*release)(
		void *owner); /* called once the bytes are out; NULL: bytes are copied now */
	void *owner;
};
/** Queue one message made of @n chunks.
 *  Owns:   takes every chunk, on errors too (released at once).
 *  Errors: ORD_ETOOBIG over max_send_msg; ORD_ECLOSED the stream is gone or finished. */
int net_stream_send(struct net_stream *s, const struct net_chunk *chunks, size_t n,
		    struct ord_err *e);
/** Bytes queued here; what the connection took to write (at most about 256 KiB) is not counted. */
size_t net_stream_queued(const struct net_stream *s);
/** End the call with a gRPC status once everything queued is out.  Nothing more is delivered;
 *  closed() follows.  A second call does nothing.   Server only. */
void net_stream_finish(struct net_stream *s, int code, const char *why);
/** Stop and go on reading: while paused no message is delivered and the HTTP/2 window closes, so
 *  the client is held back.  Messages already received come after net_stream_resume(). */
void net_stream_pause(struct net_stream *s);
void net_stream_resume(struct net_stream *s);
/* About the connection; empty after closed(). */
const char *net_stream_peer(const struct net_stream *s);    /* "127.0.0.1:40000" */
const char *net_stream_subject(const struct net_stream *s); /* client certificate's, "" if none */
const char *net_stream_path(const struct net_stream *s);
uint64_t net_stream_deadline_ns(const struct net_stream *s); /* clock_mono_ns() or CLOCK_NEVER */
/** SHA-256 of the client certificate's DER; empty when there is none. */
struct ord_bytes net_stream_client_cert_hash(const struct net_stream *s);
/** Have the loop call wake() for this stream at @mono_ns; once; replaces an earlier one.
 *  CLOCK_NEVER: not at all. */
void net_stream_timer(struct net_stream *s, uint64_t mono_ns);

/* ---- from any thread ----------------------------------------------------- */

/** Keep the object (not the connection) alive: for whoever may still call net_stream_wake(). */
struct net_stream *net_stream_hold(struct net_stream *s);
void net_stream_release(struct net_stream *s);
/** Have the loop call wake(); calls before it runs are one.  Does nothing after closed(), not even
 *  when the server is freed. */
void net_stream_wake(struct net_stream *s);

/* ---- client ----------------------------------------------------------------------------
 *
 * A net_client is a loop that its owner drives; it has any number of links (connections) to any
 * servers, each with any number of calls (streams).  All of it belongs to one thread.  A call is a
 * net_stream with the callbacks of a net_method: net_stream_send(), _pause(), _timer(), _wake() and
 * so on work as in a server; closed() reads the status with net_call_status().
 */
struct net_client;
struct net_link;
struct net_tls; /* what a client trusts and shows; counted, shared by links */

int net_client_new(struct net_client **out, struct ord_err *e);
/** Do what is there to do; when nothing is, wait for it until @deadline_ns (clock_mono_ns() time;
 *  0: do not wait).  net_stream_wake() ends the wait.
 *  Blocks: yes. */
void net_client_run(struct net_client *c, uint64_t deadline_ns);
/** Cuts all links: closed() comes for each open call. */
void net_client_free(struct net_client *c);

/** @ca_pem: trusted roots; @cert_pem, @key_pem: the client's own, or empty.  @server_name is what
 *  the server's certificate must name; NULL: the address that is dialled.
 *  Errors: ORD_EINVAL which PEM is at fault. */
int net_tls_new(struct ord_bytes ca_pem, struct ord_bytes cert_pem, struct ord_bytes key_pem,
		const char *server_name, int64_t time_shift_ns, struct net_tls **out,
		struct ord_err *e);
void net_tls_free(struct net_tls *t); /* links that use it keep it */

struct net_link_opts {
	const char *address;
	uint16_t port;
	struct net_tls *tls;               /* NULL: plain */
	size_t max_recv_msg, max_send_msg; /* bytes; 0: 100 MiB */
	uint64_t timeout_ns;               /* to connect, with the handshakes; 0: 20 s */
	/** The link is up (@why NULL), or it failed or ended and @why says so; it is freed after
	 *  that.  May be NULL. */
	void (*state)(struct net_link *l, void *arg, const char *why);
	void *arg;
};
/** Begin to connect; calls may be opened at once.
 *  Blocks: name lookup.   Errors: ORD_EUNAVAIL no such host. */
int net_link_open(struct net_client *c, const struct net_link_opts *o, struct net_link **out,
		  struct ord_err *e);
/** Cut it: closed() comes for each open call, state() last. */
void net_link_close(struct net_link *l);

bool net_link_draining(const struct net_link *l); /* the server said GOAWAY: no new calls */

/** Open a call of @m with the state @state.  @timeout_ns goes out as grpc-timeout and is kept here
 *  too; 0: none.  @m must outlive the call.
 *  Errors: NULL when the link is down already. */
struct net_stream *net_call(struct net_link *l, const struct net_method *m, void *state,
			    uint64_t timeout_ns);
void net_call_half_close(struct net_stream *s); /* once everything queued is out */
void net_call_cancel(struct net_stream *s);     /* RST_STREAM; closed() follows */
/** The status that ended the call, and its text; valid in closed(). */
int net_call_status(const struct net_stream *s, const char **why);

#endif /* NET_H */
