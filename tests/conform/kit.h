/* SPDX-License-Identifier: Apache-2.0 */
/* testkit: what its files share.  Nothing of the daemon: a plugin's author links this alone. */
#ifndef KIT_H
#define KIT_H

#include <ordererd/testkit.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define KIT_MAX    4096       /* messages, blocks, journal records, tickets: each */
#define KIT_ARENA  (8u << 20) /* bytes on the disk */
#define KIT_LAG    1          /* blocks that a crash loses */
#define KIT_WAIT_S 20

/* ---- disk: survives a crash; only ever appended to ----------------------- */

struct kit_text {
	uint32_t at, len; /* in the arena */
};
struct kit_record {
	uint64_t pos, seq;
	struct kit_text bytes;
};
struct kit_stored {
	bool config;
	uint32_t n, first; /* in messages[] */
	uint64_t journal_pos;
	struct kit_text metadata;
};
struct testkit_disk {
	atomic_uint used, n_messages, n_blocks, n_records, n_accepted, bumps;
	char channel[64];
	struct kit_text messages[KIT_MAX], accepted[KIT_MAX];
	struct kit_stored blocks[KIT_MAX];
	struct kit_record records[KIT_MAX];
	char arena[KIT_ARENA];
};

/* ---- the objects behind the opaque pointers ------------------------------ */

struct ord_env {
	struct testkit *k;
	atomic_uint refs;
	uint64_t journal_pos;
	uint64_t born; /* the sequence that it was made at */
	bool config;
	size_t len; /* bytes: "N" or "C", born, ":", text */
	char *bytes;
	const char *text; /* in bytes */
};
struct ord_batch {
	struct testkit *k;
	size_t n;
	struct ord_env **envs;
};
struct ord_block {
	struct ord_batch *batch;
	struct ord_bytes metadata;
	bool config;
	struct ord_block *next;
};
enum kit_state { KIT_OFFERED, KIT_REFUSED, KIT_SETTLED };
struct ord_ticket {
	struct testkit *k;
	char *text;
	enum kit_state state;
	int code;
	char *why;
};
struct ord_journal {
	struct testkit *k;
	uint64_t written; /* highest position in a block at open */
	unsigned next;    /* record that journal_next() looks at */
	bool replayed;
	size_t n_unsynced;
	struct kit_record unsynced[KIT_MAX];
};
struct ord_mailbox {
	struct testkit *k;
	size_t cap, head, len;
	bool closed;
	void *ring[];
};
struct ord_thread {
	struct testkit *k;
	pthread_t id;
	void (*fn)(void *);
	void *arg;
	bool ended;
	const struct ord_mailbox *waits_for; /* NULL: it runs */
	uint64_t deadline;
	struct ord_thread *next;
};
struct kit_conf {
	struct ord_chanconf pub; /* first member */
	struct testkit *k;
};

struct testkit {
	struct ord_support support; /* first member */
	struct ord_host host;       /* of this kit and of those beside it */
	const struct ord_plugin *def;
	struct testkit_opts opts;
	struct testkit_disk *disk;
	bool own_disk;
	char **settings; /* values by index */
	void *plugin;
	struct ord_chain *chain;
	bool opened, started, halted;
	atomic_uint steps;

	pthread_mutex_t lock; /* guards everything below */
	pthread_cond_t changed;
	uint64_t now, sequence, journal_pos, ordered_pos;
	struct ord_ticket *tickets[KIT_MAX];
	size_t n_tickets, n_settled;
	struct ord_thread *threads, *chain_thread;
	struct ord_env *pending[KIT_MAX]; /* the cutter */
	size_t n_pending, pending_bytes;
	struct ord_block *building, *queue; /* written, not on the disk yet; oldest first */
	size_t n_queue;
	struct ord_journal *journal;
	bool uses_journal;
	const char *awaited; /* by testkit_wait_message() */
	unsigned fail_syncs, fail_opens, fail_threads, kicks;
	int live_envs, live_batches, live_blocks, live_confs, live_mailboxes, live_threads;
	char *log, *blocks_text, *answers_text;
};

/* testkit.c */
void kit_broken(struct testkit *k, const char *fmt, ...) ORD_PRINTF(2, 3);
void kit_step(struct testkit *k); /* every call into the host passes here: it may crash */
char *kit_print(const char *fmt, ...) ORD_PRINTF(1, 2);
void kit_append(char **s, const char *fmt, ...) ORD_PRINTF(2, 3);
extern const struct ord_host_ops kit_host_ops;

/* kit_disk.c */
struct kit_text kit_store(struct testkit_disk *d, const void *p, size_t n);
void kit_store_block(struct testkit *k, const struct ord_block *b);
void kit_store_accepted(struct testkit_disk *d, const char *text);
uint64_t kit_disk_sequence(const struct testkit_disk *d);
uint64_t kit_disk_journal_pos(const struct testkit_disk *d);
struct ord_bytes kit_disk_metadata(const struct testkit_disk *d);
int kit_journal_open(struct ord_support *s, struct ord_journal **out, struct ord_err *e);
int kit_journal_next(struct ord_journal *j, struct ord_env **env, uint64_t *seq);
void kit_journal_append(struct ord_journal *j, struct ord_env *env, uint64_t seq);
int kit_journal_sync(struct ord_journal *j, struct ord_err *e);
void kit_journal_close(struct ord_journal *j);

/* kit_chan.c */
extern const struct ord_support_ops kit_support_ops;
struct ord_env *kit_env_new(struct testkit *k, bool config, uint64_t born, const char *text);
struct ord_env *kit_env_of_bytes(struct testkit *k, struct ord_bytes b); /* NULL: not ours */
void kit_env_unref(struct ord_env *env);
void kit_flush_blocks(struct testkit *k, size_t keep); /* lock held */

/* kit_wait.c */
uint64_t kit_now(struct ord_support *s);
struct ord_mailbox *kit_mailbox_new(struct ord_support *s, size_t cap);
int kit_mailbox_push(struct ord_mailbox *m, void *item);
int kit_mailbox_pop(struct ord_mailbox *m, uint64_t deadline_ns, void **items, size_t max);
void kit_mailbox_close(struct ord_mailbox *m);
void kit_mailbox_free(struct ord_mailbox *m);
int kit_thread_start(struct ord_support *s, const char *name, void (*fn)(void *), void *arg,
		     struct ord_thread **out);
void kit_thread_join(struct ord_thread *t);
/** The caller must be the chain's thread, always the same.  Takes the lock. */
void kit_lock_chain(struct testkit *k, const char *call);
void kit_lock(struct testkit *k);
void kit_unlock(struct testkit *k);
void kit_changed(struct testkit *k); /* lock held */

#endif /* KIT_H */
