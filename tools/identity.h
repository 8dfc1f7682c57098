/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity - who signs: an MSP directory and its MSP id, and what is signed with it.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <msp/msp.h>

#define IDENTITY_OPT_HELP \
	"who signs: MSP id and MSP directory, e.g. Org1MSP:…/users/User1@org1.example.com/msp"

/** Open "MSPID:DIR".   Errors: one sentence. */
int identity_open(const char *text, struct msp_local **out, struct ord_err *e);

/* What goes into an envelope of ours besides its data. */
struct identity_message {
	int32_t type; /* a common.HeaderType */
	const char *channel_id;
	int64_t time_ns;        /* since 1970 */
	struct ord_bytes nonce; /* 24 bytes */
	struct ord_bytes tls_cert_hash;
	bool tx_id; /* the header carries one: SHA-256 over nonce and creator */
};
#define IDENTITY_TX_ID_LEN 64

/** The transaction id that Fabric computes of nonce and creator, in hex. */
void identity_tx_id(struct ord_bytes nonce, struct ord_bytes creator,
		    char out[static IDENTITY_TX_ID_LEN + 1]);
/** Append a signed Envelope around @data.   Thread: any. */
int identity_envelope(struct msp_local *who, const struct identity_message *m,
		      struct ord_bytes data, struct buf *out, struct ord_err *e);

#endif /* IDENTITY_H */
