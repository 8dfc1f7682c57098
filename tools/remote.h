/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote - an orderer to talk to: its address and TLS from the options that every command of the
 * network shares, a link to it, and calls that wait for their answers.
 */
#ifndef REMOTE_H
#define REMOTE_H

#include <net/net.h>

#include "ctl.h"

struct remote_opts {
	const char *orderer;
	struct ctl_tls tls;
	int64_t timeout_ns;
};
/* The rows of these options in the table of a command whose struct is @s, member @m. */
/* clang-format off */
#define REMOTE_OPTS(s, m) \
	{"orderer", CTL_STRING, offsetof(s, m.orderer), false, "HOST:PORT", \
	 "where the orderer listens [127.0.0.1:7050]"}, \
	CTL_TLS_OPTS(s, m.tls), \
	{"timeout", CTL_DURATION, offsetof(s, m.timeout_ns), false, "DURATION", \
	 "give up when the orderer is silent for so long [30s]"}
#define REMOTE_DEFAULTS {.orderer = "127.0.0.1:7050", .timeout_ns = INT64_C(30000000000)}
/* clang-format on */

struct remote {
	char *host;
	uint16_t port;
	struct net_tls *tls;
	uint8_t cert_hash[SHA256_LEN];
	bool has_cert; /* cert_hash is that of our certificate */
	struct net_client *client;
	int64_t timeout_ns;
};

/** Read the TLS files; nothing is sent yet.   Blocks: disk. */
int remote_open(const struct remote_opts *o, struct remote *out, struct ord_err *e);
void remote_close(struct remote *r);
/** Our certificate's hash for channel headers; empty without one. */
struct ord_bytes remote_cert_hash(const struct remote *r);

/** Begin to connect; @state and @arg are those of net_link_opts. */
int remote_link(struct remote *r, void (*state)(struct net_link *l, void *arg, const char *why),
		void *arg, struct net_link **out, struct ord_err *e);
/** How a call or link ended, as an error: "orderer HOST:PORT: Unavailable: …". */
int remote_ended(const struct remote *r, int status, const char *why, struct ord_err *e);

/* ---- one call that waits ------------------------------------------------- */

struct remote_call;

/** Open a link and on it a call of @path, e.g. REMOTE_BROADCAST. */
int remote_call(struct remote *r, const char *path, struct remote_call **out, struct ord_err *e);
void remote_call_free(struct remote_call *c);
int remote_send(struct remote_call *c, struct ord_bytes msg, struct ord_err *e);
/** The next message, moved into @msg; 1: one, 0: the call ended with OK.  @patient: wait for ever.
 *  Blocks: until it comes.
 *  Errors: ORD_EUNAVAIL how the call or its connection ended; ORD_ETIMEDOUT. */
int remote_receive(struct remote_call *c, bool patient, struct buf *msg, struct ord_err *e);

#define REMOTE_BROADCAST "/orderer.AtomicBroadcast/Broadcast"
#define REMOTE_DELIVER   "/orderer.AtomicBroadcast/Deliver"

#endif /* REMOTE_H */
