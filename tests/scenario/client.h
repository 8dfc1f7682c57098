/* SPDX-License-Identifier: Apache-2.0 */
/* What the clients of the scenarios have in common: who they are, and signed messages. */
#ifndef SCENARIO_CLIENT_H
#define SCENARIO_CLIENT_H

#include <msp/msp.h>
#include <net/net.h>
#include <wire/wire.h>

struct client {
	struct net_client *loop;
	struct msp_local *signer;
	uint16_t port;         /* of the server, on 127.0.0.1 */
	struct net_link *link; /* the newest connection; NULL when it is down */
	struct net_tls *tls;   /* NULL: plain */
};

_Noreturn void client_die(const char *what, const struct ord_err *e);
/** From the words PORT MSPDIR MSPID of the command line.  When SCENARIO_TLS_CA names a file, TLS is
 *  used and the certificates in it are trusted. */
void client_open(struct client *c, char **words);
void client_close(struct client *c);
struct net_link *client_link(struct client *c); /* one more connection */

/** Send a signed envelope of @type with @data for @channel. */
void client_send(struct client *c, struct net_stream *s, int32_t type, const char *channel,
		 struct ord_bytes data);
/* What may come besides SUCCESS. */
enum client_expects {
	CLIENT_SUCCESS,
	CLIENT_UNAVAILABLE, /* SERVICE_UNAVAILABLE */
	CLIENT_MAINTENANCE  /* that, or FORBIDDEN */
};
/** The answer of a Broadcast.  One that is not expected ends the program, and what it says is
 *  shown. */
Common__Status client_answer(const struct net_msg *m, enum client_expects expects);
/** The block in a DeliverResponse; NULL: it is a status, which goes to *status. */
struct ord_block *client_block(const struct net_msg *m, uint64_t *status);

#endif /* SCENARIO_CLIENT_H */
