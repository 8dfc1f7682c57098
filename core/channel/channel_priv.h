/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the channel room share. */
#ifndef CHANNEL_PRIV_H
#define CHANNEL_PRIV_H

#include <channel/channel.h>
#include <journal/journal.h>

/* Blocks that wait for the commit thread, per channel.  A chain thread that runs ahead waits; the
 * messages are safe in its journal, so nobody waits for these blocks but Deliver. */
#define COMMIT_QUEUE_BLOCKS 16
#define COMMIT_QUEUE_BYTES  (512u << 10)

/* ---- block cutter (cutter.c): pure, owned by the chain thread ------------ */

struct ord_batch {
	size_t n;
	struct ord_env *envs[]; /* one reference each */
};

struct cutter {
	struct ord_env **pending;
	size_t n, cap;
	uint64_t bytes;
};

/* No batch is larger, however large the configuration prefers them: no peer receives such a block,
 * and the ledger would refuse one of more than twice this.  A constant, since all orderers of a
 * channel must cut alike. */
#define CUTTER_BYTES_MAX WIRE_MAX_MSG

struct cutter_limits {
	uint32_t max_count, preferred_max;
};

size_t cutter_order(struct cutter *c, const struct cutter_limits *l, struct ord_env *env,
		    struct ord_batch *out[2], bool *pending);
struct ord_batch *cutter_cut(struct cutter *c); /* NULL: nothing pending */
struct ord_batch *cutter_one(struct ord_env *env);
void cutter_fini(struct cutter *c);
void batch_free(struct ord_batch *b);

/* ---- one channel --------------------------------------------------------- */

/* A block on its way to the ledger. */
struct commit {
	struct ord_block *block;
	struct buf metadata; /* the consenter's */
	size_t bytes;        /* of header and data */
	uint64_t conf_seq;   /* in force when it was written */
	struct commit *next;
};

struct ord_journal {
	struct chan *chan;
	struct journal *journal;
};

/* What lets threads in to a chain, and keeps them out while it is replaced (gate.c). */
struct gate {
	struct ord_chain *_Atomic chain; /* NULL: shut */
	atomic_uint inside;
	struct monitor empty;
	bool barred; /* shut since gate_prepare(): stays so.  Guarded by empty */
};

struct chan {
	struct ord_support support; /* first: what the plugin holds */
	atomic_uint refs;
	struct registrar *registrar;
	char *id;
	struct ledger *ledger;

	/* control */
	struct plugin *plugin;
	struct ord_chain *chain;
	bool started, halted;

	struct gate gate;
	struct pool_task switching; /* to another consensus (switch.c) */
	atomic_bool switch_asked;
	atomic_bool removed;
	struct passing *passing; /* once removed */

	pthread_mutex_t conf_lock; /* guards the next two */
	struct chanconf *conf;
	char *failed; /* why there is no chain, and will be none until the next start; NULL */
	_Atomic uint64_t sequence; /* conf's, for a look without the lock */

	/* chain thread */
	struct cutter cutter;
	uint64_t cutter_since_ns;     /* something is pending */
	struct chanconf *cutter_conf; /* the limits are read from the live configuration */
	bool block_made;              /* created and not yet written */
	uint64_t next_number;
	uint8_t last_hash[BLOCK_HASH_LEN];

	/* commit queue */
	struct monitor commit; /* guards the six below */
	struct commit *queue, **queue_tail;
	size_t queued;
	uint64_t queued_bytes;
	bool giving_up;        /* the daemon stops: do not wait for a ledger that refuses */
	bool gave_up;          /* and a block was dropped: the journal has its messages */
	atomic_bool read_only; /* the ledger refuses blocks (disk full) */
	atomic_bool mailed;    /* stands in the registrar's list of dirty channels */
	struct chan *next_dirty;

	/* commit thread */
	uint64_t retry_at_ns; /* the ledger refused; not before this time; 0: it did not */
	struct chan *next_stuck;
	uint64_t last_config_block, last_config_seq;
	struct ord_journal journal;
	uint64_t journal_done;

	struct chan_counts counts;

	pthread_mutex_t watch_lock; /* guards the list; held while wake() runs */
	struct chan_watch *watches;
};

/* ---- the registrar ------------------------------------------------------- */

struct registrar {
	struct registrar_opts opts;
	struct pool
		*control; /* one thread: what may block, or must not run on a chain's own thread */

	pthread_mutex_t lock; /* guards the set of channels */
	struct chan **chans;  /* by name, a reference each */
	size_t n;
	struct map *by_id;
	struct chan *system;
	struct map *passing; /* channels that are being joined or removed (participation.c) */

	pthread_t commit_thread;
	bool commit_started;
	struct ord_mailbox *bell; /* rung when a channel is dirty */
	pthread_mutex_t
		dirty_lock; /* guards the list: channels with queued blocks, a reference each */
	struct chan *dirty, **dirty_tail;
	struct chan *stuck; /* commit thread: the ledger refused; a reference each */
};

/* ---- registrar.c --------------------------------------------------------- */
void registrar_add(struct registrar *r, struct chan *take);
size_t registrar_count(struct registrar *r);
struct chan *registrar_take(struct registrar *r,
			    const char *channel_id); /* out, with its reference */
/** Have @fn run on the control thread, and wait for it. */
void registrar_control(struct registrar *r, void (*fn)(struct registrar *r));

/* ---- gate.c -------------------------------------------------------------- */
void gate_init(struct gate *g);
void gate_fini(struct gate *g);
struct ord_chain *gate_enter(struct gate *g); /* NULL: shut, and nothing to leave */
void gate_leave(struct gate *g);
/** A chain is about to start: a gate_shut() from now on, by the chain itself perhaps, outlasts the
 *  gate_open() that follows. */
void gate_prepare(struct gate *g);
void gate_open(struct gate *g, struct ord_chain *chain);
void gate_shut(struct gate *g);       /* nobody new comes in */
void gate_wait_empty(struct gate *g); /* … and nobody is inside */

/* ---- chan.c -------------------------------------------------------------- */
/** Errors: ORD_ENOENT the chain has no block. */
int chan_open(struct registrar *r, const char *id, struct chan **out, struct ord_err *e);
int chan_start(struct chan *c, struct ord_err *e);
void chan_give_up(struct chan *c); /* wait for no ledger that refuses blocks */
void chan_halt(struct chan *c);
void chan_set_conf(struct chan *c, struct chanconf *take);
void chan_wake_all(struct chan *c);

void chan_fail(struct chan *c, const struct ord_err *e); /* it stays without a chain, and says so */
bool chan_failed(struct chan *c);
bool chan_giving_up(struct chan *c);
int chan_check_writable(struct chan *c, struct ord_err *e); /* ORD_EUNAVAIL: read-only */
void chan_free(struct chan *c);

/* ---- filters.c ----------------------------------------------------------- */
int filter_size(const struct chanconf *conf, const struct ord_env *env, struct ord_err *e);
int filter_apply(const struct chan *c, const struct chanconf *conf, const struct ord_env *env,
		 struct ord_err *e);

/* ---- config.c ------------------------------------------------------------ */
/** Make a config message anew from its own last_update: *out (+1) is the one to order. */
int chan_process_config(struct chan *c, const struct ord_env *env, struct ord_env **out,
			uint64_t *seq, struct ord_err *e);

/* ---- create.c ------------------------------------------------------------ */
/** Make the channel of an ORDERER_TRANSACTION, unless there is one of that name.
 *  Thread: the system channel's.   Blocks: while the disk is full.
 *  Errors: ORD_EUNAVAIL it is, and the daemon stops. */
int create_channel(struct chan *system, const struct ord_env *transaction, struct ord_err *e);
/** Is @transaction one that create_channel() can carry out?   Errors: ORD_EINVAL. */
int create_check(struct chan *system, const struct ord_env *transaction, struct ord_err *e);
/** The ledger with its first block; what there is already is kept. */
int create_ledger(struct registrar *r, const char *id, struct ord_block *genesis,
		  struct ord_err *e);
/** Open and start the channel that the ledger holds.  Unless it @must_start, a chain that does not
 *  leaves a channel that has failed. */
int create_chan(struct registrar *r, const char *id, bool must_start, struct ord_err *e);

/* ---- pending.c: what a crash must not leave half done.  @what: "join" or "remove" ---- */
int pending_save(struct registrar *r, const char *what, const char *id, struct ord_bytes content,
		 struct ord_err *e);
int pending_done(struct registrar *r, const char *what, const char *id, struct ord_err *e);
int pending_end_all(struct registrar *r, struct ord_err *e); /* what the last run began */

/* ---- participation.c ----------------------------------------------------- */
void participation_bury(struct chan *c); /* the last reference of a removed channel is gone */
void participation_fini(struct registrar *r);

/* ---- switch.c ------------------------------------------------------------ */
bool switch_needed(const struct chan *c, const struct chanconf *next);
void switch_begin(struct chan *c);  /* chain thread: this chain takes no more messages */
void switch_finish(struct chan *c); /* chain thread: its last block is on disk */

/* ---- support.c ----------------------------------------------------------- */
extern const struct ord_support_ops chan_support_ops;

/* ---- writer.c ------------------------------------------------------------ */
void commit_free(struct commit *w);
struct ord_block *writer_create(struct chan *c, struct ord_batch *take);
void writer_write(struct chan *c, struct ord_block *take, struct ord_bytes metadata);
void writer_write_config(struct chan *c, struct ord_block *take, struct ord_bytes metadata);
/** May writer_write_config() take a block of @config next?   Errors: ORD_EINVAL. */
int writer_check_config(struct chan *c, const struct ord_env *config, struct ord_err *e);
void writer_wait_drained(struct chan *c);
int writer_finish(struct chan *c, struct commit *w, struct ord_err *e); /* sign and seal */

/* ---- commit.c ------------------------------------------------------------ */
void commit_mail(struct chan *c); /* have the commit thread look at the channel */
int commit_start(struct registrar *r, struct ord_err *e);
void commit_stop(struct registrar *r); /* writes what is queued and can be written */

/* ---- journaling.c -------------------------------------------------------- */
int journaling_open(struct chan *c, struct ord_journal **out, struct ord_err *e);
int journaling_next(struct ord_journal *j, struct ord_env **env, uint64_t *seq);
void journaling_append(struct ord_journal *j, struct ord_env *env, uint64_t seq);
int journaling_sync(struct ord_journal *j, struct ord_err *e);

#endif /* CHANNEL_PRIV_H */
