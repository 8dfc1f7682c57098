/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl bench: options, the order of a run, its end. */
#include "bench.h"
#include "cmds.h"

#include <inttypes.h>
#include <stdlib.h>

/* Without --rate: what is signed beforehand for each second of --duration. */
enum { SIGNED_PER_S = 25000, DEFAULT_COUNT = 20000 };

void bench_fail(struct bench_run *r, const char *fmt, ...)
{
	va_list ap;

	if (r->failed)
		return;
	r->failed = true;
	r->why.code = ORD_EUNAVAIL;
	va_start(ap, fmt);
	vsnprintf(r->why.msg, sizeof(r->why.msg), fmt, ap);
	va_end(ap);
}

void bench_ended(struct bench_run *r, int status, const char *why)
{
	struct ord_err e = ERR_INIT;

	remote_ended(r->remote, status, why, &e);
	bench_fail(r, "%s", e.msg);
}

/* ---- the loop ------------------------------------------------------------ */

/* Anything that moves: silence is measured by it. */
static uint64_t pulse(const struct bench_run *r)
{
	return r->links_up + r->acked + r->blocks + r->watching;
}

/* Send and receive until done() or failure. */
static int drive(struct bench_run *r, bool (*done)(const struct bench_run *r),
		 struct ctl_progress *progress, struct ord_err *e)
{
	uint64_t seen = UINT64_MAX, silence_at = 0;

	while (!r->failed && !done(r)) {
		uint64_t now = clock_mono_ns(), wake = CLOCK_NEVER;

		if (pulse(r) != seen) {
			seen = pulse(r);
			silence_at = now + (uint64_t)r->o->remote.timeout_ns;
		}
		if (now >= silence_at)
			bench_fail(r,
				   "the orderer fell silent: %" PRIu64 " transactions sent, "
				   "%" PRIu64 " acknowledged, %" PRIu64 " came back",
				   r->next, r->acked, r->committed);
		if (r->started_ns)
			wake = bench_lanes_pump(r, now);
		if (progress)
			ctl_progress(progress, r->acked);
		net_client_run(r->remote->client, wake < silence_at ? wake : silence_at);
	}
	if (r->failed) {
		*e = r->why;
		return r->why.code;
	}
	return 0;
}

static bool is_ready(const struct bench_run *r)
{
	return r->links_up == r->n_links && r->watching;
}

static bool is_done(const struct bench_run *r)
{
	bool all_sent = r->next == r->load.n ||
			(r->stop_ns && clock_mono_ns() >= r->stop_ns && r->next > 0);

	return all_sent && r->acked == r->next && r->committed == r->next;
}

/* ---- one run ------------------------------------------------------------- */

static int measure(struct bench_run *r, struct bench_result *res, struct ord_err *e)
{
	struct ctl_progress progress;
	uint64_t client_cpu;
	double before = 0;
	int rc = drive(r, is_ready, NULL, e);

	res->cpu_s = -1;
	if (rc == 0)
		res->v_us = bench_v_us();
	if (rc == 0 && r->o->server_pid)
		rc = bench_cpu_s(r->o->server_pid, &before, e);
	if (rc < 0)
		return rc;
	ctl_progress_start(&progress, "acknowledged", r->load.n);
	client_cpu = clock_thread_cpu_ns();
	r->started_ns = clock_mono_ns();
	if (r->o->duration_ns)
		r->stop_ns = r->started_ns + (uint64_t)r->o->duration_ns;
	rc = drive(r, is_done, &progress, e);
	ctl_progress_end(&progress);
	res->client_cpu_s = (double)(clock_thread_cpu_ns() - client_cpu) / 1e9;
	res->seconds = (double)(r->last_ack_ns - r->started_ns) / 1e9;
	if (rc == 0 && r->o->server_pid) {
		rc = bench_cpu_s(r->o->server_pid, &res->cpu_s, e);
		res->cpu_s -= before;
		if (rc == 0)
			rc = bench_peak_rss(r->o->server_pid, &res->rss, e);
	}
	return rc;
}

/* V is timed right before and right after: the machine may not be the same all the time. */
static int run_load(struct bench_run *r, struct ord_err *e)
{
	struct bench_result res = {0};
	int rc = bench_watch_open(r, e);

	if (rc == 0)
		rc = bench_lanes_open(r, e);
	if (rc == 0)
		rc = measure(r, &res, e);
	net_client_free(r->remote->client); /* the last callbacks use the run */
	r->remote->client = NULL;
	bench_lanes_free(r);
	if (rc < 0)
		return rc;
	res.v_us = (res.v_us + bench_v_us()) / 2;
	bench_report(r, &res);
	return 0;
}

static uint64_t how_many(const struct bench_opts *o)
{
	double seconds = (double)o->duration_ns / 1e9;

	if (o->count)
		return o->count;
	if (!o->duration_ns)
		return DEFAULT_COUNT;
	return (uint64_t)(seconds * (double)(o->rate ? o->rate : SIGNED_PER_S)) + 1;
}

static int bench_load(const struct bench_opts *o, struct remote *remote, struct msp_local **who,
		      struct ord_err *e)
{
	struct bench_run r = {.o = o, .remote = remote, .who = who[0]};
	int rc = bench_load_make(&r.load, o, who, remote_cert_hash(remote), how_many(o), e);

	if (rc < 0)
		return rc;
	rc = run_load(&r, e);
	bench_load_free(&r.load);
	return rc;
}

/* ---- the command --------------------------------------------------------- */

static int check_opts(struct bench_opts *o, struct ord_err *e)
{
	if (o->streams < 1 || o->streams > 10000 || o->outstanding < 1 || o->outstanding > 100000)
		return err_set(e, ORD_EINVAL,
			       "want 1 to 10000 --streams with 1 to 100000 --outstanding");
	if (o->connections == 0)
		o->connections = o->streams;
	if (o->connections > o->streams)
		return err_set(e, ORD_EINVAL, "there are more --connections than --streams");
	if (o->size > WIRE_MAX_MSG || o->rounds < 1)
		return err_set(e, ORD_EINVAL, "--size or --rounds is out of range");
	return 0;
}

static int run_with(const struct bench_opts *o, struct msp_local **who, struct ord_err *e)
{
	struct bench_delivered delivered;
	struct remote remote;
	int rc = remote_open(&o->remote, &remote, e);

	if (rc < 0)
		return rc;
	if (o->deliver) {
		rc = bench_deliver(o, &remote, who[0], &delivered, e);
		if (rc == 0)
			bench_report_delivered(o, &delivered);
	} else {
		rc = bench_load(o, &remote, who, e);
	}
	remote_close(&remote);
	return rc;
}

static int bench_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	struct bench_opts o = *(const struct bench_opts *)opts;
	struct msp_local **who = x_alloc(o.identities.n * sizeof(*who));
	int rc = check_opts(&o, e);

	(void)args;
	for (size_t i = 0; rc == 0 && i < o.identities.n; i++)
		rc = identity_open(o.identities.items[i], &who[i], e);
	if (rc == 0)
		rc = run_with(&o, who, e);
	for (size_t i = 0; i < o.identities.n; i++) {
		if (who[i])
			msp_local_close(who[i]);
	}
	free(who);
	return rc;
}

#define OPT(field) offsetof(struct bench_opts, field)
static const struct ctl_opt bench_opt[] = {
	{"channel", CTL_STRING, OPT(channel), true, "ID", "on this channel"},
	{"identity", CTL_LIST, OPT(identities), true, "MSPID:DIR",
	 IDENTITY_OPT_HELP "; given several times, they take turns"},
	{"streams", CTL_UINT, OPT(streams), false, "N", "Broadcast streams [32]"},
	{"connections", CTL_UINT, OPT(connections), false, "N",
	 "connections they share [one each]"},
	{"outstanding", CTL_UINT, OPT(outstanding), false, "N",
	 "transactions under way on each stream [64]"},
	{"size", CTL_SIZE, OPT(size), false, "SIZE", "bytes of payload [1024]"},
	{"count", CTL_UINT, OPT(count), false, "N", "how many transactions [20000]"},
	{"duration", CTL_DURATION, OPT(duration_ns), false, "DURATION",
	 "stop sending after so long, or when --count are sent"},
	{"rate", CTL_UINT, OPT(rate), false, "N",
	 "send so many a second; latency is then counted from when each was due"},
	{"deliver", CTL_FLAG, OPT(deliver), false, NULL,
	 "send nothing: read the stored chain from block 0 on every stream"},
	{"rounds", CTL_UINT, OPT(rounds), false, "N", "with --deliver: so many times [1]"},
	{"server-pid", CTL_UINT, OPT(server_pid), false, "PID",
	 "the orderer's process on this machine: report its CPU time and memory"},
	{"json", CTL_FLAG, OPT(json), false, NULL, "report in JSON"},
	REMOTE_OPTS(struct bench_opts, remote),
	CTL_OPT_END};
#undef OPT

const struct ctl_cmd cmd_bench = {
	.name = "bench",
	.summary = "load an orderer and measure it",
	.details =
		"Signs all transactions, starts the clock and keeps the streams busy. Each "
		"transaction must be acknowledged and come back by Deliver exactly once, in a "
		"chain of blocks whose hashes fit: else it fails. Works with any Fabric orderer.\n"
		"Throughput is counted from the first message to the last acknowledgement, the "
		"server's CPU time until everything has come back, divided by the transactions.",
	.opts = bench_opt,
	.defaults = &(const struct bench_opts){.remote = REMOTE_DEFAULTS,
					       .streams = 32,
					       .outstanding = 64,
					       .size = 1024,
					       .rounds = 1},
	.opts_size = sizeof(struct bench_opts),
	.run = bench_run,
};
