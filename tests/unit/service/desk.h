/* SPDX-License-Identifier: Apache-2.0 */
/* A served registrar on loopback, and a client that talks to it. */
#ifndef DESK_H
#define DESK_H

#include "../channel/rig.h"

#include <net/net.h>
#include <service/service_priv.h>

struct desk {
	struct rig rig;
	struct service *service;
	struct net_server *server;
	struct net_client *client;
	struct net_tls *tls; /* NULL: plain */
	struct net_link *link;
};

/** Options left zero get what suits a test; @o may be NULL. */
void desk_open(struct desk *d, const struct service_opts *o);
/** With a listener's options, too: limits. */
void desk_open_net(struct desk *d, const struct service_opts *o, const struct net_opts *n);
/** With mutual TLS: the client is User1 of Org1, whose certificate has the hash @cert_hash. */
void desk_open_tls(struct desk *d, const struct service_opts *o, uint8_t cert_hash[SHA256_LEN]);
void desk_close(struct desk *d);
struct net_link *desk_link(struct desk *d); /* one more connection */

/* One stream, and what came back on it. */
struct talk {
	struct net_stream *s; /* NULL once it is over */
	unsigned answers;     /* statuses, of Broadcast or Deliver */
	unsigned successes;   /* of them */
	int status;           /* the last one */
	char info[300];
	unsigned blocks;
	uint64_t first, last; /* block numbers */
	bool out_of_order;
	bool closed;
	int code; /* gRPC's */
	char why[300];
};
void talk_open(struct talk *t, struct net_link *l, const char *method); /* "Broadcast", "Deliver" */
void talk_send(struct talk *t, const struct ord_env *env);
void talk_send_bytes(struct talk *t, struct ord_bytes message);
/** rig_tx() by the rig's user. */
void talk_send_tx(struct talk *t, struct desk *d, const char *text);

/** Run the client until @cond holds; the test fails when that takes a quarter of a minute. */
#define desk_until(d, cond)                                                             \
	do {                                                                            \
		for (unsigned tries_ = 0; !(cond); tries_++) {                          \
			if (tries_ > 5000)                                              \
				fail_msg("never came true: %s", #cond);                 \
			net_client_run((d)->client, clock_mono_ns() + 2 * CLOCK_MS_NS); \
		}                                                                       \
	} while (0)

#endif /* DESK_H */
