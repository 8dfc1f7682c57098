/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <ordererd/testkit.h> - a fake host for the tests of a consensus plugin.
 *
 * One testkit is a small world in memory: a host, one channel with its cutter, a disk with blocks
 * and a journal, and clients whose tickets it keeps.  Time stands still until testkit_advance().
 * Everything that <ordererd/consensus.h> asks of a plugin is checked at every call: who may call
 * what on which thread, create and write in turn, tickets settled once, messages in journal order,
 * nothing owed or leaked at the end.  A breach fails the test with one sentence.
 *
 *     struct testkit *k = testkit_new(&ord_plugin, &(struct testkit_opts){.max_count = 2});
 *
 *     testkit_start(k);
 *     testkit_order(k, "a");
 *     testkit_order(k, "b");
 *     testkit_wait_written(k, 2);
 *     assert(!strcmp(testkit_blocks(k), "[a b]"));
 *     testkit_free(k);
 *
 * Messages are texts; a message is known by its first word, so "a" and "a ..." must not both be
 * used.  What follows the first word is there for its size.  Link with -lordererd-testkit
 * -lpthread.
 *
 * Validity.  A message is valid at the sequence it was made at.  One whose text begins with
 * "fragile" is valid at that sequence only.  A config message applies at that sequence only; what
 * process_config() makes of it, with an apostrophe behind the first word, applies now.
 *
 * Crashes.  The disk of opts.disk is shared memory: fork(), let the child crash at its n-th call
 * into the host, and start another child on the same disk.  A block that was written is on the disk
 * once another one follows or the chain thread waits; before that a crash loses it.
 *
 * A log elsewhere.  A plugin whose messages come back from a broker, on threads that it did not get
 * from thread_start(), is at rest only for as long as nothing is on the way: say with quiet_ms how
 * long that can be.  Every disk names its channel anew, so that a log finds no message of another
 * test.
 */
#ifndef ORDERERD_TESTKIT_H
#define ORDERERD_TESTKIT_H

#include <ordererd/consensus.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TESTKIT_CRASHED  77  /* exit status of a crash */
#define TESTKIT_INFLIGHT 512 /* max_inflight() */

struct testkit;
struct testkit_disk;

/* All zero is fine. */
struct testkit_opts {
	uint32_t max_count;          /* messages in a block; 0: 10 */
	uint32_t preferred_max;      /* bytes in a block; 0: 2 MiB */
	uint64_t batch_timeout_ns;   /* 0: 2 s */
	const char *const *settings; /* "Key=value" …, NULL; the others have their fallback */
	const char *const *brokers;  /* of the channel configuration */
	struct ord_bytes consensus_metadata;
	bool no_resubmission;      /* it lacks capability V1_1 */
	struct testkit_disk *disk; /* NULL: a new one, gone with the kit */
	unsigned crash_at;         /* crash at this call into the host; 0: never */
	const char *channel;       /* its id; NULL: the disk's own, never used before */
	unsigned quiet_ms;         /* see testkit_wait_idle() */
	struct testkit *beside;    /* one process with this kit, which is opened before and freed
				    * after: they share the host and what open() made */
	void (*fail)(const char *why); /* must not return; NULL: print and abort() */
};

struct testkit_disk *testkit_disk_new(void);
void testkit_disk_free(struct testkit_disk *d);
/** Every message of every block on the disk, as testkit_blocks(). */
char *testkit_disk_blocks(const struct testkit_disk *d); /* to be freed */
/** First words of the messages whose clients heard ORD_OK, in that order, blanks between; to be
 * freed. */
char *testkit_disk_accepted(const struct testkit_disk *d);

struct testkit *testkit_new(const struct ord_plugin *def, const struct testkit_opts *opts);
/** open() and handle_chain(); what they return. */
int testkit_open(struct testkit *k, struct ord_err *e);
/** testkit_open() when that is still to be done, which must succeed; then start(). */
void testkit_start(struct testkit *k);
/** halt(); no ticket may be owed afterwards. */
void testkit_halt(struct testkit *k);
/** halt(), free(), close(); nothing may be left over.  Ends the kit. */
void testkit_free(struct testkit *k);

/* The client.  Returns what order() or configure() returned. */
int testkit_order(struct testkit *k, const char *text);
int testkit_configure(struct testkit *k, const char *text);
/* As above, checked at sequence @seq. */
int testkit_order_at(struct testkit *k, const char *text, uint64_t seq);
int testkit_configure_at(struct testkit *k, const char *text, uint64_t seq);
int testkit_wait_ready(struct testkit *k);
int testkit_health(struct testkit *k);
bool testkit_errored(struct testkit *k);

/* The world. */
uint64_t testkit_sequence(struct testkit *k);
void testkit_advance(struct testkit *k, uint64_t ns); /* time goes on */
void testkit_bump_sequence(struct testkit *k);        /* the configuration changes */
/* The channel configuration has these brokers from now on; @brokers is kept. */
void testkit_set_brokers(struct testkit *k, const char *const *brokers);
void testkit_fail_journal(struct testkit *k, unsigned syncs, unsigned opens);
void testkit_fail_threads(struct testkit *k, unsigned starts);

/* Waiting, 20 real seconds at most (or TESTKIT_WAIT of them), then the test fails. */
void testkit_wait_written(struct testkit *k, size_t messages);  /* in blocks on the disk */
void testkit_wait_message(struct testkit *k, const char *word); /* this one is, or made again */
void testkit_wait_pending(struct testkit *k, size_t messages);  /* in the cutter */
void testkit_wait_settled(struct testkit *k, size_t tickets);
/* Every thread of the plugin waits for a mailbox, and for quiet_ms real milliseconds the plugin has
 * made no call into the host. */
void testkit_wait_idle(struct testkit *k);
/* errored() is false, or true.  Time goes on meanwhile, faster than outside. */
void testkit_wait_serving(struct testkit *k);
void testkit_wait_errored(struct testkit *k);

/* What became of it; the strings are the kit's until the same call is made again. */
const char *testkit_blocks(struct testkit *k);  /* "[a b] [*c] [d]"; * marks a config block */
const char *testkit_answers(struct testkit *k); /* "a ok; b refused -10 Exiting; c owed" */
size_t testkit_written(struct testkit *k);
size_t testkit_pending(struct testkit *k);
/* Log lines with @part in them; with TESTKIT_LOG in the environment, all go to stderr, too. */
unsigned testkit_logged(struct testkit *k, const char *part);
unsigned testkit_kicks(struct testkit *k);
bool testkit_uses_journal(struct testkit *k);

#ifdef __cplusplus
}
#endif

#endif /* ORDERERD_TESTKIT_H */
