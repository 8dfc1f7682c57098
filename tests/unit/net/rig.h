/* SPDX-License-Identifier: Apache-2.0 */
/* A server with a few methods to be called, and a client to call them with. */
#ifndef RIG_H
#define RIG_H

#include "../test.h"

#include <net/net.h>

/* ---- server -------------------------------------------------------------- */

/* What the server's methods have seen since rig_start(). */
struct seen {
	atomic_uint opened, messages, half_closed, closed;
	atomic_uint connects, disconnects;
	atomic_int last_code; /* of on_call_end */
	atomic_size_t queued; /* the most that /rig.Rig/Source had queued at once */
	atomic_uint in_order; /* /rig.Rig/Gate: messages whose number was the expected one */
	char peer[64], subject[256];
	uint8_t cert_hash[SHA256_LEN];
	atomic_size_t cert_hash_len;
};
extern struct seen seen;

/*
 *   /rig.Rig/Echo    every message comes back; ends OK after half-close
 *   /rig.Rig/Status  the message is "<code> <text>": ends with that status
 *   /rig.Rig/Silent  takes everything, says nothing, ends OK after half-close
 *   /rig.Rig/Source  the message is "<count> <bytes>": so many messages come, then OK
 *   /rig.Rig/Gate    pauses after its first message until /rig.Rig/Open is called; ends OK after
 *                    half-close
 *   /rig.Rig/Open    resumes the stream that /rig.Rig/Gate paused
 *   /rig.Rig/Later   a message comes back from another thread, through net_stream_wake()
 *   /rig.Rig/Crowd   a message starts threads that count and wake; answers when the count is full
 *   /rig.Rig/Tick    answers "tick" when a timer of 1 ms has come
 */
struct rig {
	struct net_server *server;
	struct net_client *client;
	uint16_t port;
};
/** Options left zero get what suits a test; @o may be NULL. */
void rig_start(struct rig *r, const struct net_opts *o);
void rig_stop(struct rig *r);

/* ---- client -------------------------------------------------------------- */

struct call {
	struct net_stream *s;
	unsigned messages, writables;
	size_t bytes;
	struct buf last; /* the last message */
	bool half_closed, closed;
	int code;
	char why[300];
};

struct net_link *rig_link(struct rig *r, struct net_tls *tls);
/** Open @path on @l; @c is filled as things happen. */
void rig_call(struct call *c, struct net_link *l, const char *path, uint64_t timeout_ns);
void call_send(struct call *c, const char *text);
void call_send_bytes(struct call *c, size_t n); /* "xxxx…" */
void call_fini(struct call *c);

/** Run the client until @cond holds; the test fails when that takes a quarter of a minute. */
#define rig_wait(r, cond)                                                       \
	do {                                                                    \
		for (unsigned tries_ = 0; !(cond); tries_++) {                  \
			if (tries_ > 3000)                                      \
				fail_msg("never came true: %s", #cond);         \
			net_client_run((r)->client, clock_mono_ns() + 5000000); \
		}                                                               \
	} while (0)

/* ---- raw HTTP/2, for what a well-behaved client does not do -------------- */

struct frame {
	uint8_t type, flags;
	uint32_t stream, len;
	uint8_t body[16384];
};
int raw_connect(uint16_t port);
int raw_open(uint16_t port); /* with preface and SETTINGS */
/* What sends returns false when the other side takes no more. */
bool raw_send(int fd, const void *p, size_t n);
bool raw_frame(int fd, uint8_t type, uint8_t flags, uint32_t stream, const void *p, size_t n);
/** The next frame; false: the connection is at its end. */
bool raw_read(int fd, struct frame *f);
/** Skip to a frame of @type; false: none came. */
bool raw_skip_to(int fd, uint8_t type, struct frame *f);
/** Open a stream on @path; @extra is more headers: name, value, …, NULL. */
bool raw_request(int fd, uint32_t stream, const char *path, bool end, const char *const *extra);
/** The header block of @f as "name: value\n" …; to be called for each block of the connection that
 *  was opened last, in order. */
void raw_headers(const struct frame *f, struct buf *text);
void raw_close(int fd);

/* ---- certificates -------------------------------------------------------- */

struct cert {
	struct buf pem, key_pem;
	void *x509, *key;
};
/** @issuer NULL: a CA of its own.  Valid from @from to @to seconds from now. */
void cert_make(struct cert *c, const char *cn, const struct cert *issuer, long from, long to,
	       bool key_ids);
void cert_fini(struct cert *c);

#endif /* RIG_H */
