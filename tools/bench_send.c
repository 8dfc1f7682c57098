/* SPDX-License-Identifier: Apache-2.0 */
/* bench_send: lanes.  Each is one Broadcast stream with so many transactions under way. */
#include "bench.h"

#include "seek.h"

#include <inttypes.h>
#include <stdlib.h>

struct bench_lane {
	struct bench_run *run;
	struct net_stream *stream; /* NULL: closed */
	uint64_t *under_way;       /* indices of transactions, a ring in the order they were sent */
	uint64_t head, tail;
};

static void on_answer(struct net_stream *s, void *state, struct net_msg *m);
static void on_writable(struct net_stream *s, void *state);
static void on_closed(struct net_stream *s, void *state);

static const struct net_method broadcast = {
	.path = REMOTE_BROADCAST,
	.message = on_answer,
	.writable = on_writable,
	.closed = on_closed,
};

/* ---- sending ------------------------------------------------------------- */

static bool is_over(const struct bench_run *r, uint64_t now)
{
	return r->next >= r->load.n || (r->stop_ns && now >= r->stop_ns) || r->failed;
}

/* When transaction @i is due; with no rate, at once. */
static uint64_t due_ns(const struct bench_run *r, uint64_t i)
{
	if (r->o->rate == 0)
		return 0;
	return r->started_ns + i / r->o->rate * CLOCK_SEC_NS +
	       i % r->o->rate * CLOCK_SEC_NS / r->o->rate;
}

static bool has_room(const struct bench_lane *l)
{
	return l->stream && l->tail - l->head < l->run->o->outstanding &&
	       net_stream_queued(l->stream) < NET_HIGH_WATER;
}

static void send_next(struct bench_lane *l, uint64_t now)
{
	struct bench_run *r = l->run;
	struct bench_tx *tx = &r->load.tx[r->next];
	struct net_chunk chunk = {.bytes = tx->envelope};
	struct ord_err e = ERR_INIT;

	tx->sent_ns = r->o->rate ? due_ns(r, r->next) : now;
	l->under_way[l->tail++ % r->o->outstanding] = r->next++;
	if (net_stream_send(l->stream, &chunk, 1, &e) < 0)
		bench_fail(r, "%s", e.msg);
}

/* Fill the lane with what is due. */
static void fill(struct bench_lane *l, uint64_t now)
{
	while (!is_over(l->run, now) && has_room(l) && due_ns(l->run, l->run->next) <= now)
		send_next(l, now);
}

uint64_t bench_lanes_pump(struct bench_run *r, uint64_t now)
{
	bool sent = true;

	/* one each in turn, so that a slow rate is spread over all lanes */
	while (sent && r->o->rate) {
		sent = false;
		for (size_t i = 0; i < r->o->streams; i++) {
			struct bench_lane *l = &r->lanes[i];

			if (is_over(r, now) || due_ns(r, r->next) > now)
				break;
			if (!has_room(l))
				continue;
			send_next(l, now);
			sent = true;
		}
	}
	for (size_t i = 0; r->o->rate == 0 && i < r->o->streams; i++)
		fill(&r->lanes[i], now);
	if (is_over(r, now) || r->o->rate == 0 || due_ns(r, r->next) <= now)
		return CLOCK_NEVER;
	return due_ns(r, r->next);
}

/* ---- answers ------------------------------------------------------------- */

/* status 200 and no info: all that is ever expected. */
static bool is_success(struct ord_bytes b)
{
	return b.len == 3 && memcmp(b.data, "\x08\xc8\x01", 3) == 0;
}

static void refused(struct bench_run *r, struct ord_bytes b)
{
	Orderer__BroadcastResponse *resp;
	struct ord_err e = ERR_INIT;

	if (wire_unpack(&orderer__broadcast_response__descriptor, b, &resp, &e) == 0) {
		seek_status_error((int)resp->status, resp->info, &e);
		wire_free(resp);
	}
	bench_fail(r, "%s", e.msg);
}

static void on_answer(struct net_stream *s, void *state, struct net_msg *m)
{
	struct bench_lane *l = state;
	struct bench_run *r = l->run;
	uint64_t now = clock_mono_ns();
	struct bench_tx *tx;

	(void)s;
	if (l->head == l->tail) {
		bench_fail(r, "the orderer answered a message that was not sent");
		return;
	}
	if (!is_success(buf_bytes(&m->body))) {
		refused(r, buf_bytes(&m->body));
		return;
	}
	tx = &r->load.tx[l->under_way[l->head++ % r->o->outstanding]];
	tx->ack_us = (uint32_t)((now - tx->sent_ns) / 1000);
	r->acked++;
	r->last_ack_ns = now;
	r->committed_at_last_ack = r->committed;
	if (r->o->rate == 0)
		fill(l, now);
}

static void on_writable(struct net_stream *s, void *state)
{
	struct bench_lane *l = state;

	(void)s;
	if (l->run->o->rate == 0 && l->run->started_ns)
		fill(l, clock_mono_ns());
}

static void on_closed(struct net_stream *s, void *state)
{
	struct bench_lane *l = state;
	const char *why;
	int status = net_call_status(s, &why);

	l->stream = NULL;
	bench_ended(l->run, status, why);
}

/* ---- opening ------------------------------------------------------------- */

static void on_link(struct net_link *link, void *arg, const char *why)
{
	struct bench_run *r = arg;

	if (!why) {
		r->links_up++;
		return;
	}
	for (size_t i = 0; i < r->n_links; i++) {
		if (r->links[i] == link)
			r->links[i] = NULL;
	}
	bench_ended(r, NET_UNAVAILABLE, why);
}

int bench_lanes_open(struct bench_run *r, struct ord_err *e)
{
	r->links = x_alloc(r->o->connections * sizeof(struct net_link *));
	r->lanes = x_alloc(r->o->streams * sizeof(struct bench_lane));
	for (; r->n_links < r->o->connections; r->n_links++) {
		int rc = remote_link(r->remote, on_link, r, &r->links[r->n_links], e);

		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < r->o->streams; i++) {
		struct bench_lane *l = &r->lanes[i];

		l->run = r;
		l->under_way = x_alloc(r->o->outstanding * sizeof(*l->under_way));
		l->stream = net_call(r->links[i % r->n_links], &broadcast, l, 0);
		if (!l->stream)
			return remote_ended(r->remote, NET_UNAVAILABLE, NULL, e);
	}
	return 0;
}

void bench_lanes_free(struct bench_run *r)
{
	for (size_t i = 0; r->lanes && i < r->o->streams; i++)
		free(r->lanes[i].under_way);
	free(r->lanes);
	free(r->links);
}
