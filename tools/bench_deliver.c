/* SPDX-License-Identifier: Apache-2.0 */
/* bench_deliver: how fast a stored chain comes, to one reader or to several. */
#include "bench.h"
#include "seek.h"

#include <inttypes.h>
#include <stdlib.h>

struct reader;

struct delivery {
	const struct bench_opts *o;
	struct remote *remote;
	struct msp_local *who;
	struct net_method method;
	struct reader *readers;
	size_t up, busy; /* readers with a link; readers that are not done */
	struct bench_delivered *out;
	bool failed;
	struct ord_err why;
};

struct reader {
	struct delivery *d;
	struct net_link *link;
	struct net_stream *stream;
	uint64_t rounds_left, next;
	uint8_t hash[BLOCK_HASH_LEN];
};

static void fail(struct delivery *d, const struct ord_err *e)
{
	if (!d->failed)
		d->why = *e;
	d->failed = true;
}

static int ask(struct reader *r, struct ord_err *e)
{
	struct seek seek = {r->d->o->channel, SEEK_OLDEST, SEEK_NEWEST, false, false};
	struct buf env = BUF_INIT;
	int rc = seek_envelope(r->d->who, r->d->remote, &seek, &env, e);

	r->next = 0;
	if (rc == 0)
		rc = net_stream_send(r->stream, &(struct net_chunk){.bytes = buf_bytes(&env)}, 1,
				     e);
	buf_fini(&env);
	return rc;
}

/* Only the chain is checked: hashing all data would measure the reader. */
static int take_block(struct reader *r, const struct ord_block *b, struct ord_err *e)
{
	if (b->number != r->next)
		return err_set(e, ORD_EINVAL,
			       "block %" PRIu64 " came where block %" PRIu64 " was due", b->number,
			       r->next);
	if (b->number > 0 && !bytes_eq(b->previous_hash, bytes_of(r->hash, sizeof(r->hash))))
		return err_set(e, ORD_EINVAL,
			       "block %" PRIu64 " does not carry the hash of the block before it",
			       b->number);
	memcpy(r->hash, b->header_hash, sizeof(r->hash));
	r->next++;
	r->d->out->blocks++;
	return 0;
}

static void on_message(struct net_stream *s, void *state, struct net_msg *m)
{
	struct reader *r = state;
	struct ord_err e = ERR_INIT;
	struct ord_block *b;
	int status, rc;

	(void)s;
	r->d->out->bytes += m->body.len;
	rc = seek_response(&m->body, &b, &status, &e);
	if (rc > 0) {
		rc = take_block(r, b, &e);
		block_unref(b);
	} else if (rc == 0 && status != COMMON__STATUS__SUCCESS) {
		rc = seek_status_error(status, NULL, &e);
	} else if (rc == 0 && --r->rounds_left == 0) {
		r->d->busy--;
	} else if (rc == 0) {
		rc = ask(r, &e);
	}
	if (rc < 0)
		fail(r->d, &e);
}

static void on_closed(struct net_stream *s, void *state)
{
	struct reader *r = state;
	struct ord_err e = ERR_INIT;
	const char *why;
	int status = net_call_status(s, &why);

	remote_ended(r->d->remote, status, why, &e);
	fail(r->d, &e);
}

static void on_link(struct net_link *link, void *arg, const char *why)
{
	struct reader *r = arg;
	struct ord_err e = ERR_INIT;

	(void)link;
	if (!why) {
		r->d->up++;
		return;
	}
	r->link = NULL;
	remote_ended(r->d->remote, NET_UNAVAILABLE, why, &e);
	fail(r->d, &e);
}

static int open_reader(struct delivery *d, struct reader *r, struct ord_err *e)
{
	int rc = remote_link(d->remote, on_link, r, &r->link, e);

	if (rc < 0)
		return rc;
	r->d = d;
	r->rounds_left = d->o->rounds;
	r->stream = net_call(r->link, &d->method, r, 0);
	return r->stream ? 0 : remote_ended(d->remote, NET_UNAVAILABLE, NULL, e);
}

/* Run until @counter reaches @goal; silence longer than the time-out is a failure. */
static int run_until(struct delivery *d, const size_t *counter, size_t goal, struct ord_err *e)
{
	uint64_t seen = UINT64_MAX, deadline = 0;

	while (*counter != goal && !d->failed) {
		uint64_t now = clock_mono_ns();

		if (d->out->bytes + d->up != seen) {
			seen = d->out->bytes + d->up;
			deadline = now + (uint64_t)d->o->remote.timeout_ns;
		}
		if (now >= deadline)
			return err_set(e, ORD_ETIMEDOUT, "the orderer fell silent");
		net_client_run(d->remote->client, deadline);
	}
	if (d->failed) {
		*e = d->why;
		return d->why.code;
	}
	return 0;
}

static int run(struct delivery *d, struct ord_err *e)
{
	double before = 0;
	uint64_t start, client_cpu;
	int rc = run_until(d, &d->up, d->o->streams, e);

	if (rc == 0 && d->o->server_pid)
		rc = bench_cpu_s(d->o->server_pid, &before, e);
	client_cpu = clock_thread_cpu_ns();
	start = clock_mono_ns();
	for (size_t i = 0; rc == 0 && i < d->o->streams; i++)
		rc = ask(&d->readers[i], e);
	if (rc == 0)
		rc = run_until(d, &d->busy, 0, e);
	d->out->seconds = (double)(clock_mono_ns() - start) / 1e9;
	d->out->client_cpu_s = (double)(clock_thread_cpu_ns() - client_cpu) / 1e9;
	d->out->cpu_s = -1;
	if (rc == 0 && d->o->server_pid) {
		rc = bench_cpu_s(d->o->server_pid, &d->out->cpu_s, e);
		d->out->cpu_s -= before;
		if (rc == 0)
			rc = bench_peak_rss(d->o->server_pid, &d->out->rss, e);
	}
	return rc;
}

int bench_deliver(const struct bench_opts *o, struct remote *remote, struct msp_local *who,
		  struct bench_delivered *out, struct ord_err *e)
{
	struct delivery d = {.o = o, .remote = remote, .who = who, .out = out};
	int rc = 0;

	*out = (struct bench_delivered){0};
	d.busy = o->streams;
	d.method = (struct net_method){
		.path = REMOTE_DELIVER, .message = on_message, .closed = on_closed};
	d.readers = x_alloc(o->streams * sizeof(*d.readers));
	for (size_t i = 0; rc == 0 && i < o->streams; i++)
		rc = open_reader(&d, &d.readers[i], e);
	if (rc == 0)
		rc = run(&d, e);
	net_client_free(remote->client); /* the last callbacks use the readers */
	remote->client = NULL;
	free(d.readers);
	return rc;
}
