/* SPDX-License-Identifier: Apache-2.0 */
/* A registrar on a copy of a recorded ledger, with the built solo plugin and a few people. */
#ifndef CHANNEL_RIG_H
#define CHANNEL_RIG_H

#include "../files.h"

#include <channel/channel_priv.h>
#include <ledger/ledger_priv.h>

#define RIG_CHANNEL "mychannel"
#define RIG_SYSTEM  "testchainid"

/* Somebody who signs. */
struct person {
	struct buf creator; /* SerializedIdentity */
	struct crypto_key *key;
};

struct rig {
	char *dir; /* the ledger's */
	bool no_expiration_checks;
	uint32_t max_count; /* batches; 0: as configured */
	uint64_t timeout_ns;
	bool open;
	struct ledger_root *root;
	struct plugin_set *plugins;
	struct localconf *conf;
	struct msp_local *signer;
	struct pool *pool;
	struct registrar *registrar;
	struct chan *chan; /* RIG_CHANNEL, borrowed from the registrar */
	struct person user, other, orderer;
};

/** Have rig_make() load the skeleton beside solo. */
extern bool rig_with_skeleton;
/** Copy tests/golden/@ledger; nothing is opened. */
void rig_make(struct rig *r, const char *ledger);
int rig_try_open(struct rig *r, struct ord_err *e);
void rig_open(struct rig *r); /* must open */
void rig_close(struct rig *r);
void rig_free(struct rig *r); /* closes it, and the copy is gone */
/** Give the reference back and go on with the registrar's. */
struct chan *rig_borrow(struct chan *take);
/** Batches of RIG_CHANNEL: at most @max_count messages or @timeout_ns old, now and whenever the rig
 * opens again.  Not while messages are under way. */
void rig_batches(struct rig *r, uint32_t max_count, uint64_t timeout_ns);

/* ---- people and what they send ------------------------------------------- */

/** The person of an MSP directory below tests/golden/crypto-config. */
void person_read(struct person *p, const char *dir, const char *mspid);
/** A client of Org1 whose certificate, from Org1's own CA, ends @seconds from now. */
void person_make(struct person *p, long seconds);
void person_fini(struct person *p);

struct ord_env *rig_env(const struct person *p, int32_t type, const char *channel,
			struct ord_bytes data);
/** A transaction for RIG_CHANNEL with that text in it. */
struct ord_env *rig_tx(const struct person *p, const char *text);

/** Check it, order it, wait for the answer: its code. */
int rig_order(struct chan *c, struct ord_env *env);
/** rig_tx() by the user, which must be accepted, @n times the same envelope. */
void rig_accept(struct rig *r, const char *text, unsigned n);

/** How often a transaction with that text stands in the channel. */
unsigned rig_count(struct chan *c, const char *text);

/** Wait until @cond holds; the test fails when that takes a quarter of a minute. */
#define rig_until(cond)                                                 \
	do {                                                            \
		for (unsigned tries_ = 0; !(cond); tries_++) {          \
			if (tries_ > 15000)                             \
				fail_msg("never came true: %s", #cond); \
			clock_sleep_ns(CLOCK_MS_NS);                    \
		}                                                       \
	} while (0)

/* ---- other configurations ------------------------------------------------ */

/** The channel's configuration with the next sequence and one change, put in force. */
void rig_reconfigure(struct chan *c, void (*change)(Common__Config *config));
void rig_set_orderer_value(Common__Config *config, const char *key, const void *msg);
struct ord_bytes rig_orderer_value(Common__Config *config, const char *key);
void change_nothing(Common__Config *config);
void change_to_maintenance(Common__Config *config);
void change_to_tiny_messages(Common__Config *config); /* AbsoluteMaxBytes 2000 */
void change_without_policies(Common__Config *config); /* of /Channel: no Readers, no Writers */
void change_without_org1(Common__Config *config);     /* Org1 is no member any more */

/* ---- a chain that can be told how to behave --------------------------------------------------
 *
 * The rig stands between the host and solo: a message with the text "refuse" is refused by order(),
 * one with "fail" is accepted and then settled with an error.
 */
struct tamper {
	const char *no_chain; /* handle_chain() refuses this channel, or all: "*" */
	atomic_bool errored, not_ready, hold;
	atomic_uint chains;  /* made by handle_chain() */
	atomic_uint held;    /* messages kept back while hold is set */
	atomic_uint inline_; /* messages that a loop of the network's handed over itself */
};
extern struct tamper tamper;
void tamper_release(void); /* what is held goes on, and nothing is held any more */

/* ledger_io_fault for tests in which nobody pulls the plug: syncs are left out. */
int rig_no_sync(enum ledger_io op);

/* ---- directories --------------------------------------------------------- */

char *rig_path(const struct rig *r, const char *name); /* below the ledger directory; heap */

#endif /* CHANNEL_RIG_H */
