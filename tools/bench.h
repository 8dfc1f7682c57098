/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench - the load generator: transactions signed before the clock starts, lanes (Broadcast
 * streams) that keep some of them under way, and a watcher that sees by Deliver that each comes
 * back exactly once in a whole chain.
 *
 * Everything after the signing runs on one thread: the client shares the machine with the server.
 */
#ifndef BENCH_H
#define BENCH_H

#include "identity.h"
#include "remote.h"

struct bench_opts {
	struct remote_opts remote;
	const char *channel;
	struct ctl_list identities;
	uint64_t streams, connections, outstanding, size, count, rate, server_pid, rounds;
	int64_t duration_ns;
	bool deliver, json;
};

/* ---- bench_load.c: what is sent ------------------------------------------ */

struct bench_tx {
	struct ord_bytes envelope;
	uint64_t sent_ns; /* with a rate: when it was due */
	uint32_t ack_us, commit_us;
	bool committed;
};

struct bench_load {
	struct bench_tx *tx;
	size_t n;
	uint8_t *arena; /* one slot an envelope */
	size_t slot;
	uint8_t run_id[16];    /* stands in every nonce, before the transaction's index */
	size_t *nonce_offsets; /* in an envelope, by identity */
	size_t n_identities;
};

/** Sign @n transactions on all cores, by each of @who in turn. */
int bench_load_make(struct bench_load *l, const struct bench_opts *o, struct msp_local **who,
		    struct ord_bytes cert_hash, size_t n, struct ord_err *e);
void bench_load_free(struct bench_load *l);
/** The transaction that @envelope is; NULL: not one of ours. */
struct bench_tx *bench_load_find(struct bench_load *l, struct ord_bytes envelope);

/* ---- bench_send.c, bench_watch.c: one run -------------------------------- */

struct bench_lane;

struct bench_run {
	const struct bench_opts *o;
	struct remote *remote;
	struct msp_local *who; /* asks for blocks */
	struct bench_load load;

	/* lanes */
	struct net_link **links;
	size_t n_links, links_up;
	struct bench_lane *lanes;
	uint64_t next, acked; /* transactions */
	uint64_t started_ns, stop_ns, last_ack_ns;

	/* watcher */
	struct net_link *watch_link;
	struct net_method watch_method;
	bool watching;       /* the tip is known */
	uint64_t next_block; /* its number */
	uint8_t tip_hash[SHA256_LEN];
	uint64_t blocks, committed, committed_at_last_ack, foreign;

	bool failed;
	struct ord_err why;
};

/** End the run with this reason; the first one stays. */
void bench_fail(struct bench_run *r, const char *fmt, ...) UTIL_PRINTF(2, 3);
/** The same, because a call or a link ended like this. */
void bench_ended(struct bench_run *r, int status, const char *why);

/** Open links and calls; they are up when links_up reaches n_links. */
int bench_lanes_open(struct bench_run *r, struct ord_err *e);
/** Send what may be sent now; returns when to come again (CLOCK_NEVER: when something comes). */
uint64_t bench_lanes_pump(struct bench_run *r, uint64_t now);
void bench_lanes_free(struct bench_run *r);

/** Ask for the newest block and all that follow it. */
int bench_watch_open(struct bench_run *r, struct ord_err *e);

/* ---- bench_server.c: what it costs --------------------------------------- */

/** CPU time of a process so far, in seconds. */
int bench_cpu_s(uint64_t pid, double *out, struct ord_err *e);
/** The most memory it ever had (VmHWM), in bytes. */
int bench_peak_rss(uint64_t pid, uint64_t *out, struct ord_err *e);
/** CPU time of one OpenSSL P-256 verification now, in microseconds: the unit V. */
double bench_v_us(void);

/* ---- bench_report.c ------------------------------------------------------ */

struct bench_result {
	double seconds; /* first message to last acknowledgement */
	double cpu_s;   /* the server's, until everything had come back; < 0: not known */
	uint64_t rss;
	double client_cpu_s, v_us;
};
void bench_report(struct bench_run *r, const struct bench_result *res);

struct bench_delivered {
	uint64_t blocks, bytes;
	double seconds, cpu_s, client_cpu_s;
	uint64_t rss;
};
void bench_report_delivered(const struct bench_opts *o, const struct bench_delivered *d);

/* ---- bench_deliver.c ----------------------------------------------------- */

/** Read the whole chain on every stream. */
int bench_deliver(const struct bench_opts *o, struct remote *r, struct msp_local *who,
		  struct bench_delivered *out, struct ord_err *e);

#endif /* BENCH_H */
