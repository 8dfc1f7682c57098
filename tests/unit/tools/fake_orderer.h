/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_orderer - an orderer of one channel in memory: Broadcast, Deliver, blocks of ten, nothing
 * checked, nothing signed.  It can be told to sin, so that a test sees the sin found out.
 */
#ifndef FAKE_ORDERER_H
#define FAKE_ORDERER_H

#include <net/net.h>
#include <wire/wire.h>

enum fake_sin {
	FAKE_HONEST,
	FAKE_REFUSES,      /* answers 403 to the fifteenth message */
	FAKE_LOSES,        /* acknowledges the fifteenth message and forgets it */
	FAKE_REPEATS,      /* puts the fifteenth message into two blocks */
	FAKE_FORKS,        /* a wrong previous hash in the second block */
	FAKE_CHANGES_DATA, /* a block whose data hash is not that of its data */
	FAKE_HANGS_UP,     /* ends the Broadcast stream after the fifteenth message */
	FAKE_STALLS,       /* delivers nothing behind its third block, and does not say so */
	FAKE_OVERRUNS,     /* delivers its newest block once more where it should end */
	FAKE_STOPS         /* says that it is through after its third block */
};

struct fake_orderer;
enum fake_tls {
	FAKE_PLAIN,
	FAKE_TLS,
	FAKE_MUTUAL_TLS /* and headers must carry the hash of the client's certificate */
};
/** Serve on a port of 127.0.0.1 until stopped; the chain begins with one block.
 *  The certificates are those of the golden orderer.example.com. */
struct fake_orderer *fake_orderer_start(enum fake_sin sin, enum fake_tls tls);
/** As above, in plain text, with these blocks (taken over), whatever they are, to deliver. */
struct fake_orderer *fake_orderer_start_with(enum fake_sin sin, struct ord_block *const *blocks,
					     size_t n);
uint16_t fake_orderer_port(const struct fake_orderer *f);
void fake_orderer_stop(struct fake_orderer *f);

#endif /* FAKE_ORDERER_H */
