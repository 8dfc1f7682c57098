/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many who listen, and some who do not read.
 *
 *   idle_client idle PORT MSPDIR MSPID CHANNEL PID
 *       follows the channel with 10,000 streams on 100 connections, with an idle Broadcast stream
 * on each; then one transaction must reach them all. idle_client slow PORT MSPDIR MSPID CHANNEL PID
 *       fifty followers stop reading, five go on, while 20,000 transactions of 4,000 bytes go
 *       through: the five must get them all, the server must not grow with what the fifty do not
 *       take, and one of them that reads again must miss nothing.
 *
 * PID is the server's: what it occupies is printed as a comment.
 */
#include "client.h"

#include <stdlib.h>

#define LINKS        100
#define STREAMS      100 /* a connection */
#define SLOW         50
#define QUICK        5
#define TRANSACTIONS 20000
#define OUTSTANDING  64
#define GROWTH_MIB   96 /* what the fifty may cost: a megabyte and a half each, and some air */

struct follower {
	bool count;       /* look into the blocks */
	bool stop;        /* stop reading after the first block */
	unsigned blocks;  /* deliveries */
	uint64_t next;    /* block number; when they are looked into */
	uint64_t counted; /* transactions, without those of the first block */
};

static unsigned lost; /* streams that ended */

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "idle_client: %s\n", what);
	exit(1);
}

static unsigned rss_mib(const char *pid)
{
	char path[64], line[256];
	unsigned kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %u", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib / 1024;
}

#define run_until(c, cond, what)                                                             \
	do {                                                                                 \
		uint64_t give_up_ = clock_mono_ns() + 120 * CLOCK_SEC_NS;                    \
		while (!(cond)) {                                                            \
			net_client_run((c)->loop, clock_mono_ns() + CLOCK_SEC_NS / 10);      \
			if (lost > 0 || clock_mono_ns() > give_up_)                          \
				fail(lost ? "a stream ended: " what : "not in time: " what); \
		}                                                                            \
	} while (0)

/* ---- followers ----------------------------------------------------------- */

static void on_delivered(struct net_stream *s, void *state, struct net_msg *m)
{
	struct follower *f = state;
	struct ord_block *b;
	uint64_t status;

	if (f->stop && f->blocks == 0)
		net_stream_pause(s);
	f->blocks++;
	if (!f->count)
		return;
	b = client_block(m, &status);
	if (!b)
		fail("a follower was answered with a status");
	if (f->blocks > 1 && b->number != f->next)
		fail("a block is missing");
	f->next = b->number + 1;
	if (f->blocks > 1)
		f->counted += b->n_data;
	block_unref(b);
}

static void on_lost(struct net_stream *s, void *state)
{
	(void)s, (void)state;
	lost++;
}

static const struct net_method deliver = {
	.path = "/orderer.AtomicBroadcast/Deliver", .message = on_delivered, .closed = on_lost};

/* SeekInfo { start = newest {}, stop = specified { 2^64 - 1 } }: the newest block tells that the
 * stream follows. */
static const uint8_t seek_follow[] = {0x0a, 0x02, 0x0a, 0x00, 0x12, 0x0d, 0x1a, 0x0b, 0x08, 0xff,
				      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};

static struct net_stream *follow(struct client *c, struct net_link *l, const char *channel,
				 struct follower *f)
{
	struct net_stream *s = net_call(l, &deliver, f, 0);

	if (!s)
		fail("a connection is down");
	client_send(c, s, WIRE_DELIVER_SEEK_INFO, channel,
		    bytes_of(seek_follow, sizeof(seek_follow)));
	return s;
}

static bool all_have(const struct follower *f, size_t n, unsigned blocks)
{
	for (size_t i = 0; i < n; i++)
		if (f[i].blocks < blocks)
			return false;
	return true;
}

/* ---- senders ------------------------------------------------------------- */

struct sender {
	struct client *c;
	const char *channel;
	unsigned left, under_way, accepted;
};

static void fill(struct net_stream *s, struct sender *t)
{
	static const char data[4000];

	for (; t->left > 0 && t->under_way < OUTSTANDING; t->left--, t->under_way++)
		client_send(t->c, s, WIRE_ENDORSER_TRANSACTION, t->channel,
			    bytes_of(data, sizeof(data)));
}

static void on_answer(struct net_stream *s, void *state, struct net_msg *m)
{
	struct sender *t = state;

	client_answer(m, CLIENT_SUCCESS);
	t->under_way--;
	t->accepted++;
	fill(s, t);
}

static const struct net_method broadcast = {
	.path = "/orderer.AtomicBroadcast/Broadcast", .message = on_answer, .closed = on_lost};

static struct net_stream *sender_open(struct net_link *l, struct sender *t)
{
	struct net_stream *s = net_call(l, &broadcast, t, 0);

	if (!s)
		fail("a connection is down");
	fill(s, t);
	return s;
}

/* ---- the two scenarios --------------------------------------------------- */

static void idle(struct client *c, const char *channel, const char *pid)
{
	const size_t n = LINKS * STREAMS;
	struct follower *f = x_alloc(n * sizeof(*f));
	struct sender nothing = {.c = c}, one = {.c = c, .channel = channel, .left = 1};
	unsigned before = rss_mib(pid);

	for (size_t i = 0; i < LINKS; i++) {
		struct net_link *l = client_link(c);

		sender_open(l, &nothing);
		for (size_t k = 0; k < STREAMS; k++)
			follow(c, l, channel, &f[i * STREAMS + k]);
		run_until(c, all_have(f + i * STREAMS, STREAMS, 1), "everyone follows");
	}
	printf("# %zu followers, %d idle senders: the server grew from %u to %u MiB\n", n, LINKS,
	       before, rss_mib(pid));
	sender_open(client_link(c), &one);
	run_until(c, one.accepted == 1, "a transaction is accepted");
	run_until(c, all_have(f, n, 2), "everyone gets its block");
	printf("ok a transaction reaches %zu followers\n", n);
	printf("# then the server has %u MiB\n", rss_mib(pid));
	free(f);
}

static bool all_counted(const struct follower *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (f[i].counted < TRANSACTIONS)
			return false;
	return true;
}

static void slow(struct client *c, const char *channel, const char *pid)
{
	struct follower sleeper[SLOW], quick[QUICK];
	struct net_stream *first = NULL;
	struct sender t = {.c = c, .channel = channel, .left = TRANSACTIONS};
	unsigned before, after;

	for (int i = 0; i < SLOW; i++) {
		struct net_stream *s;

		sleeper[i] = (struct follower){.stop = true, .count = true};
		s = follow(c, client_link(c), channel, &sleeper[i]);
		first = first ? first : s;
	}
	for (int i = 0; i < QUICK; i++) {
		quick[i] = (struct follower){.count = true};
		follow(c, client_link(c), channel, &quick[i]);
	}
	run_until(c, all_have(sleeper, SLOW, 1) && all_have(quick, QUICK, 1), "everyone follows");
	before = rss_mib(pid);
	sender_open(client_link(c), &t);
	run_until(c, t.accepted == TRANSACTIONS, "all transactions are accepted");
	run_until(c, all_counted(quick, QUICK), "who reads gets them all");
	after = rss_mib(pid);
	printf("ok %d followers keep up with %d transactions beside %d that do not read\n", QUICK,
	       TRANSACTIONS, SLOW);
	printf("%s the server is bounded: it grew from %u to %u MiB\n",
	       after - before < GROWTH_MIB || after < before ? "ok" : "not ok", before, after);
	net_stream_resume(first);
	run_until(c, all_counted(sleeper, 1), "who reads again misses nothing");
	printf("ok who reads again misses nothing\n");
}

int main(int argc, char **argv)
{
	struct client c = {0};

	if (argc != 7) {
		fputs("usage: idle_client idle|slow PORT MSPDIR MSPID CHANNEL PID\n", stderr);
		return 2;
	}
	client_open(&c, argv + 2);
	if (strcmp(argv[1], "slow") == 0)
		slow(&c, argv[5], argv[6]);
	else
		idle(&c, argv[5], argv[6]);
	client_close(&c);
	return 0;
}
