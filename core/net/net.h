/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net - epoll loops, TLS (OpenSSL), HTTP/2 (nghttp2), gRPC framing and status.  Source:
 * spec 1.1, 11.1.
 *
 * A connection belongs to one loop thread; every callback below runs on it.  The one call that
 * other threads may make is net_stream_wake().
 */
#ifndef NET_H
#define NET_H

#include <util/util.h>

/* gRPC status codes that we send. */
enum {
	NET_OK = 0,
	NET_CANCELLED = 1,
	NET_UNKNOWN = 2,
	NET_INVALID_ARGUMENT = 3,
	NET_DEADLINE_EXCEEDED = 4,
	NET_RESOURCE_EXHAUSTED = 8,
	NET_UNIMPLEMENTED = 12,
	NET_INTERNAL = 13,
	NET_UNAVAILABLE = 14
};
const char *net_status_name(int code); /* "OK", "Canceled" … as Go prints them */

struct net_server;
struct net_stream;

/* A received message: the stream's buffer moves to whoever takes it. */
struct net_msg {
	struct buf body;
};

/* One method of a service: a bidirectional stream. */
struct net_method {
	const char *path; /* "/orderer.AtomicBroadcast/Broadcast" */
	/** A stream opened.  Returns the method's own state, handed back below. */
	void *(*open)(struct net_stream *s, void *arg);
	/** One whole message came in.  Take @m->body by moving it out; what is left is freed. */
	void (*message)(struct net_stream *s, void *state, struct net_msg *m);
	/** The client sends no more (it still wants its answers). */
	void (*half_close)(struct net_stream *s, void *state);
	/** net_stream_wake() was called since the last time. */
	void (*wake)(struct net_stream *s, void *state);
	/** Output that was queued has drained below the low-water mark: send more. */
	void (*writable)(struct net_stream *s, void *state);
	/** The stream is gone: finished, reset, its connection lost, or its deadline passed.  The
	 *  last callback; @s is valid until net_stream_release(). */
	void (*closed)(struct net_stream *s, void *state);
	void *arg;
};

struct net_opts {
	const char *address; /* "127.0.0.1", "::", a host name */
	uint16_t port;       /* 0: any; see net_server_port() */
	unsigned loops;
	const struct net_method *methods; /* ends with path == NULL */

	size_t max_recv_msg, max_send_msg; /* bytes; 0: 100 MiB */
	uint64_t handshake_timeout_ns;     /* General.ConnectionTimeout */
	uint64_t keepalive_interval_ns, keepalive_timeout_ns, keepalive_min_interval_ns;

	bool tls, client_auth;
	struct ord_bytes cert_pem, key_pem;
	int64_t tls_time_shift_ns; /* the verification clock is this far in the past */

	/** Stream and connection events, for logs and metrics; any may be NULL. */
	void (*on_connect)(void *arg, bool opened);
	void (*on_call_end)(void *arg, struct net_stream *s, int code, const char *why,
			    uint64_t duration_ns);
	void *arg;
};

/** Bind and listen; nothing is served until net_server_start().
 *  Errors: names address and port, or the PEM file's fault. */
int net_server_new(const struct net_opts *o, struct net_server **out, struct ord_err *e);
int net_server_start(struct net_server *s, struct ord_err *e);
uint16_t net_server_port(const struct net_server *s);
/** Swap the pool of client CAs (PEM certificates, one after another): new handshakes only.
 *  Thread: any. */
int net_server_client_cas(struct net_server *s, const struct ord_bytes *pems, size_t n,
			  struct ord_err *e);
/** Stop accepting, send GOAWAY, let streams finish until @deadline_ns, then cut them.  Blocks. */
void net_server_stop(struct net_server *s, uint64_t deadline_ns);
void net_server_free(struct net_server *s);

/* ---- on the stream's own loop thread ------------------------------------------------ */

/* A counted buffer whose bytes may be sent without copying. */
struct net_chunk {
	struct ord_bytes bytes;
	void (*release)(
		void *owner); /* called once the bytes are out; NULL: bytes are copied now */
	void *owner;
};
/** Queue one message made of @n chunks.
 *  Errors: ORD_ETOOBIG over max_send_msg; ORD_ECLOSED the stream is gone (chunks released). */
int net_stream_send(struct net_stream *s, const struct net_chunk *chunks, size_t n,
		    struct ord_err *e);
/** Bytes queued and not yet written to the socket. */
size_t net_stream_queued(const struct net_stream *s);
/** End the call with a gRPC status once everything queued is out. */
void net_stream_finish(struct net_stream *s, int code, const char *why);
/** Stop and go on reading: while paused no message is delivered and the HTTP/2 window closes, so
 *  the client is held back.  Messages already received come after net_stream_resume(). */
void net_stream_pause(struct net_stream *s);
void net_stream_resume(struct net_stream *s);
const char *net_stream_peer(const struct net_stream *s);    /* "127.0.0.1:40000" */
const char *net_stream_subject(const struct net_stream *s); /* client certificate's, "" if none */
const char *net_stream_path(const struct net_stream *s);
/** SHA-256 of the client certificate's DER; empty when there is none. */
struct ord_bytes net_stream_client_cert_hash(const struct net_stream *s);
/** Have the loop call wake() for this stream at @mono_ns; once; replaces an earlier one. */
void net_stream_timer(struct net_stream *s, uint64_t mono_ns);

/* ---- from any thread ------------------------------------------------------------------ */

/** Keep the object (not the connection) alive: for whoever may still call net_stream_wake(). */
struct net_stream *net_stream_hold(struct net_stream *s);
void net_stream_release(struct net_stream *s);
/** Have the loop call wake(); calls before it runs are one.  Does nothing after closed(). */
void net_stream_wake(struct net_stream *s);

#endif /* NET_H */
