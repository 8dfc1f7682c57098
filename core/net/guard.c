/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client may do only so often: pings, resets of streams that were not answered
 * (CVE-2023-44487), frames that carry nothing.
 *
 * A gateway resets every stream after the answer, thousands a second: those are free.  gRPC clients
 * send pings to measure the bandwidth whenever DATA arrives: what we send clears the strikes.
 */
#include <net/net_priv.h>

#define PING_TOLERATED_NS (9 * CLOCK_SEC_NS) /* gateways ping every 10 s, give or take */
#define PING_STRIKES      2u                 /* as grpc-go */
#define ODD_BURST         500u
#define ODD_PER_SECOND    100u
#define RESET_BURST       1000u
#define RESET_PER_SECOND  200u

bool bucket_take(struct bucket *b, uint64_t now_ns, uint32_t burst, uint32_t per_second)
{
	uint64_t gained = (now_ns - b->at_ns) / (CLOCK_SEC_NS / per_second);

	if (gained > 0) {
		b->tokens = gained > burst - b->tokens ? burst : b->tokens + (uint32_t)gained;
		b->at_ns = now_ns;
	}
	if (b->tokens == 0)
		return false;
	b->tokens--;
	return true;
}

bool guard_frame(struct conn *c, const nghttp2_frame_hd *hd)
{
	switch (hd->type) {
	case NGHTTP2_DATA:
		if (hd->length > 0 || (hd->flags & NGHTTP2_FLAG_END_STREAM))
			return true;
		break;
	case NGHTTP2_HEADERS:
	case NGHTTP2_WINDOW_UPDATE:
	case NGHTTP2_RST_STREAM: /* guard_reset() looks closer */
	case NGHTTP2_PING:       /* guard_ping() too */
	case NGHTTP2_GOAWAY:
		return true;
	default: /* SETTINGS, PRIORITY; nghttp2 drops unknown types before we see them */
		break;
	}
	return bucket_take(&c->guard.odd, c->loop->now_ns, ODD_BURST, ODD_PER_SECOND);
}

bool guard_ping(struct conn *c)
{
	struct guard *g = &c->guard;
	uint64_t since = c->loop->now_ns - g->last_ping_ns, min = c->ping_min_ns;

	g->last_ping_ns = c->loop->now_ns;
	if (since >= (min < PING_TOLERATED_NS ? min : PING_TOLERATED_NS))
		g->strikes = 0;
	else
		g->strikes++;
	return g->strikes <= PING_STRIKES;
}

bool guard_reset(struct conn *c)
{
	return bucket_take(&c->guard.resets, c->loop->now_ns, RESET_BURST, RESET_PER_SECOND);
}

void guard_sent(struct conn *c)
{
	c->guard.strikes = 0;
	c->guard.last_ping_ns = 0;
}
