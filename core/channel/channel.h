/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel - the registrar and its channels: filters, cutter, block writer, chain.
 * Sources: spec 2.3-2.5 (metadata), 5.2, 5.3 (filters), 6.2-6.4 (cutter, writer), 7.4 (start).
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <chanconf/chanconf.h>
#include <ledger/ledger.h>
#include <plugin/plugin.h>

/* One waiting client: embedded in the waiter's own struct. */
struct ord_ticket {
	/** Called exactly once, on any thread; must not block.  @why is borrowed, may be NULL. */
	void (*done)(struct ord_ticket *t, int code, const char *why);
};

struct registrar;
struct chan;

struct registrar_opts {
	struct ledger_root *root;
	struct plugin_set *plugins;
	struct msp_local *signer;
	struct pool *pool;         /* channels open on it, in parallel */
	bool no_expiration_checks; /* General.Authentication.NoExpirationChecks */
	uint32_t max_inflight;     /* unsettled messages per chain */
	/** Called after any channel's configuration changed, and once per channel at start. */
	void (*on_config)(void *arg, struct chan *c);
	void *arg;
};

/** Open every channel of the ledger directory and start the chains, the system channel last.
 *  @bootstrap (may be NULL): block 0 to begin with when there is no channel yet.
 *  Thread: main.   Blocks: disk.
 *  A chain that does not start leaves a channel that is closed and says why.
 *  Errors: one sentence: a channel does not open, or no chain starts.  A ledger that is damaged was
 *  left as it is; others may have been brought to what the next start would make of them. */
int registrar_open(const struct registrar_opts *opts, struct ord_block *bootstrap,
		   struct registrar **out, struct ord_err *e);
/** Could @block begin a ledger directory: block 0 of a system channel that this orderer
 *  supports, with one of @plugins?
 *  Errors: ORD_EINVAL, ORD_ENOTSUP; "Failed validating bootstrap block: …". */
int registrar_check_bootstrap(struct plugin_set *plugins, const struct ord_block *block,
			      struct ord_err *e);
/** Halt every chain, write what is queued, close the ledgers.   Blocks: yes. */
void registrar_close(struct registrar *r);
/* The set of channels changes while the daemon runs: who keeps a channel holds a reference, and
 * asks chan_removed() from time to time. */

/** +1; NULL: no such channel.   Thread: any.   Locks: a short one. */
struct chan *registrar_find(struct registrar *r, const char *channel_id);
struct chan *registrar_system(struct registrar *r); /* +1; NULL: none */
/** Every channel there is now, in name order; no lock is held while @each runs. */
void registrar_each(struct registrar *r, void (*each)(void *arg, struct chan *c), void *arg);

struct chan *chan_ref(struct chan *c);
/** With the last reference, a channel that was removed goes from the disk.  NULL is fine. */
void chan_unref(struct chan *c);

const char *chan_id(const struct chan *c);
struct chanconf *chan_conf(struct chan *c); /* +1 */
uint64_t chan_sequence(const struct chan *c);
struct ledger *chan_ledger(struct chan *c);
/** The consenter cannot stay up to date, or the channel is being removed: Deliver answers 503 (spec
 *  5.5). */
bool chan_errored(struct chan *c);
/** Is its health worth asking for: its chain knows a backing service, or does not run? */
bool chan_has_health(struct chan *c);
/** Ask it; @t is settled with the answer.  Only where chan_has_health().
 *  Thread: any.   Blocks: no.   Errors: < 0: @t is the caller's and @e says why. */
int chan_health(struct chan *c, struct ord_ticket *t, struct ord_err *e);
/** It was removed: whoever holds it should let go.  chan_watch() tells. */
bool chan_removed(const struct chan *c);

/* Broadcast, in two halves: checks run on all cores, consensus takes messages in stream order. */

/** What kind of processing a message needs and where (spec 5.4 steps 1-3): *out (+1) is the
 * channel, or the system channel for a request to create one.
 *  @config: it is a CONFIG_UPDATE.
 *  Errors: ORD_EINVAL, ORD_ENOENT with Fabric's text. */
int chan_route(struct registrar *r, const struct ord_env *env, struct chan **out, bool *config,
	       struct ord_err *e);
/** Is it larger than @c, where it was routed, lets in?  The first thing that all processing asks,
 *  for who wants to know it before anything else.
 *  Errors: ORD_EINVAL as chan_process_normal(), chan_process_config_update(). */
int chan_check_size(struct chan *c, const struct ord_env *env, bool config, struct ord_err *e);
/** The filters of spec 5.2, in order, that every message to a channel of this configuration passes;
 *  @expiration: with the one on the sender's certificate.
 *  Thread: any (workers).   Blocks: no (CPU).
 *  Errors: ORD_EINVAL 400, ORD_EPERM 403; the text is the info. */
int chan_filter(const struct chanconf *conf, const struct ord_env *env, bool expiration,
		struct ord_err *e);
/** chan_filter() on a normal message, unless the channel is in maintenance.  *seq gets the config
 * sequence. Thread: any (workers).   Blocks: no (CPU). Errors: ORD_EINVAL 400, ORD_EPERM 403,
 * ORD_ENOENT 404, ORD_EUNAVAIL 503; the text is the info.
 */
int chan_process_normal(struct chan *c, struct ord_env *env, uint64_t *seq, struct ord_err *e);
/** As above for a CONFIG_UPDATE (spec 5.3): *out (+1) is the CONFIG message to order, or on the
 * system channel, for another channel's id, the ORDERER_TRANSACTION that creates that channel. */
int chan_process_config_update(struct chan *c, struct ord_env *env, struct ord_env **out,
			       uint64_t *seq, struct ord_err *e);
/** Hand a checked message to consensus: order() or configure().  0: @t is owed; < 0: @t is the
 *  caller's and @e says why.
 *  Thread: any.   Blocks: no.   Owns: @env borrowed. */
int chan_order(struct chan *c, struct ord_env *env, bool config, uint64_t seq, struct ord_ticket *t,
	       struct ord_err *e);
/** May messages be sent now?  As chan_order() settles. */
int chan_wait_ready(struct chan *c, struct ord_ticket *t, struct ord_err *e);

/* ---- channel participation (spec 9.2) ------------------------------------ */

struct chan_info {
	char name[250];
	const char *relation; /* "consenter", "other" */
	const char *status;   /* "active", "inactive", "failed" */
	uint64_t height;
};
/* What a refusal becomes in HTTP. */
enum registrar_refusal {
	JOIN_BAD = 400,
	JOIN_FORBIDDEN = 403,
	JOIN_NOT_FOUND = 404,
	JOIN_NOT_ALLOWED = 405,
	JOIN_CONFLICT = 409,
	JOIN_FAILED = 500
};
/** Make the channel whose genesis block @block is (a marshalled Block) and start its chain.
 *  Thread: any but the network's.   Blocks: disk.
 *  Errors: *status says which; the text is the whole of "error". */
int registrar_join(struct registrar *r, struct ord_bytes block, struct chan_info *out, int *status,
		   struct ord_err *e);
/** Forget the channel: when this returns its going is certain, its files go soon, a crash or not.
 *  Thread: any but the network's.   Blocks: disk.   Errors: as above. */
int registrar_remove(struct registrar *r, const char *channel_id, int *status, struct ord_err *e);
/** Thread: any.   Errors: ORD_ENOENT "channel does not exist". */
int registrar_info(struct registrar *r, const char *channel_id, struct chan_info *out,
		   struct ord_err *e);
/** Every channel, those on their way out too, in name order; no lock is held while @each runs. */
void registrar_list(struct registrar *r, void (*each)(void *arg, const char *name, bool system),
		    void *arg);

/* ---- counts -------------------------------------------------------------- */

/* Messages of one type to Broadcast that were answered with one status. */
struct chan_handled {
	int32_t type; /* common.HeaderType */
	int status;   /* common.Status */
	atomic_uint_fast64_t n;
	struct histogram validate, enqueue;
	struct chan_handled *_Atomic next;
};

/* What is counted of a channel, for whoever publishes it; all of it only grows. */
struct chan_counts {
	struct histogram fill;   /* of blocks, from a batch's first message until it is cut */
	struct histogram commit; /* of blocks, until they are on disk: in Fabric's bounds for it */
	atomic_uint_fast64_t deliver_received, deliver_completed[2]; /* requests; by success */
	atomic_uint_fast64_t deliver_blocks;
	struct chan_handled *_Atomic handled;
};

/** The channel's, and as long as it. */
struct chan_counts *chan_counts(struct chan *c);
/** The row of @type and @status, made by the first who asks.   Thread: any. */
struct chan_handled *chan_handled(struct chan_counts *c, int32_t type, int status);
/** "ENDORSER_TRANSACTION", …, "unknown". */
const char *chan_handled_type(const struct chan_handled *h, char tmp[static 12]);
void chan_counts_init(struct chan_counts *c); /* zeroed */
void chan_counts_fini(struct chan_counts *c);

/* Watching a channel: Deliver streams wait for blocks and for errored(). */
struct chan_watch {
	/** A block was appended, the chain's errored() may have changed, or the channel closes.
	 *  Any thread; must not block; may be called spuriously. */
	void (*wake)(struct chan_watch *w);
	struct chan_watch *prev, *next;
};
void chan_watch(struct chan *c, struct chan_watch *w);
/** On return wake() is not running and will not be called again. */
void chan_unwatch(struct chan *c, struct chan_watch *w);

#endif /* CHANNEL_H */
