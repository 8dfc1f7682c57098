/* SPDX-License-Identifier: Apache-2.0 */
/* bench_watch: follows the chain by Deliver and ticks off what comes back. */
#include "bench.h"
#include "seek.h"

#include <inttypes.h>

/* The block that was the newest when we came: the chain is followed from it. */
static void begin(struct bench_run *r, const struct ord_block *b)
{
	r->watching = true;
	r->next_block = b->number + 1;
	memcpy(r->tip_hash, b->header_hash, sizeof(r->tip_hash));
}

static bool continues_chain(struct bench_run *r, const struct ord_block *b)
{
	if (b->number != r->next_block)
		bench_fail(r, "block %" PRIu64 " came where block %" PRIu64 " was due", b->number,
			   r->next_block);
	else if (!bytes_eq(b->previous_hash, bytes_of(r->tip_hash, sizeof(r->tip_hash))))
		bench_fail(r, "block %" PRIu64 " does not carry the hash of the block before it",
			   b->number);
	else if (!block_data_hash_fits(b))
		bench_fail(r, "block %" PRIu64 ": its data hash is not that of its data",
			   b->number);
	return !r->failed;
}

static void tick_off(struct bench_run *r, const struct ord_block *b, struct ord_bytes envelope,
		     uint64_t now)
{
	struct bench_tx *tx = bench_load_find(&r->load, envelope);

	if (!tx) {
		r->foreign++;
		return;
	}
	if (tx->committed || tx->sent_ns == 0) {
		bench_fail(r, "block %" PRIu64 " holds a transaction that %s", b->number,
			   tx->committed ? "came back before" : "was not sent yet");
		return;
	}
	tx->committed = true;
	tx->commit_us = (uint32_t)((now - tx->sent_ns) / 1000);
	r->committed++;
}

static void on_block(struct net_stream *s, void *state, struct net_msg *m)
{
	struct bench_run *r = state;
	uint64_t now = clock_mono_ns();
	struct ord_err e = ERR_INIT;
	struct ord_block *b;
	int status, rc = seek_response(&m->body, &b, &status, &e);

	(void)s;
	if (rc == 0)
		rc = seek_status_error(status, NULL, &e);
	if (rc < 0) {
		bench_fail(r, "%s", e.msg);
		return;
	}
	if (!r->watching) {
		begin(r, b);
	} else if (continues_chain(r, b)) {
		for (size_t i = 0; i < b->n_data; i++)
			tick_off(r, b, b->data[i], now);
		r->blocks++;
		begin(r, b);
	}
	block_unref(b);
}

static void on_closed(struct net_stream *s, void *state)
{
	const char *why;
	int status = net_call_status(s, &why);

	bench_ended(state, status, why);
}

static void on_link(struct net_link *link, void *arg, const char *why)
{
	struct bench_run *r = arg;

	(void)link;
	if (!why)
		return;
	r->watch_link = NULL;
	bench_ended(r, NET_UNAVAILABLE, why);
}

int bench_watch_open(struct bench_run *r, struct ord_err *e)
{
	struct seek seek = {r->o->channel, SEEK_NEWEST, SEEK_ENDLESS, true, false};
	struct net_stream *stream;
	struct buf env = BUF_INIT;
	int rc;

	r->watch_method = (struct net_method){
		.path = REMOTE_DELIVER, .message = on_block, .closed = on_closed};
	rc = remote_link(r->remote, on_link, r, &r->watch_link, e);
	if (rc < 0)
		return rc;
	rc = seek_envelope(r->who, r->remote, &seek, &env, e);
	if (rc == 0) {
		stream = net_call(r->watch_link, &r->watch_method, r, 0);
		rc = stream ? net_stream_send(stream, &(struct net_chunk){.bytes = buf_bytes(&env)},
					      1, e)
			    : remote_ended(r->remote, NET_UNAVAILABLE, NULL, e);
	}
	buf_fini(&env);
	return rc;
}
