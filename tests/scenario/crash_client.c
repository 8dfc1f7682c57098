/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other side of the crash scenarios.
 *
 *   crash_client load PORT MSPDIR MSPID ACKS SEED CHANNEL...
 *       sends numbered transactions on several streams, many under way on each, to every channel,
 *       until the server goes away; appends a line "CHANNEL NUMBER" to ACKS for each one that is
 *       acknowledged
 *   crash_client flood PORT MSPDIR MSPID ACKS SEED CHANNEL...
 *       the same with larger messages, and more of them under way
 *   crash_client keep PORT MSPDIR MSPID ACKS SEED CHANNEL...
 *       the same at an easy pace and until SIGTERM: a refusal with SERVICE_UNAVAILABLE and a server
 *       that goes away and comes back are no end; no transaction is ever sent again
 *   crash_client insist PORT MSPDIR MSPID ACKS SEED CHANNEL...
 *       the same through a channel's maintenance, too, when it is refused with FORBIDDEN
 *   crash_client verify PORT MSPDIR MSPID ACKS CHANNEL
 *       reads the whole chain and checks hashes, last-config indices, that every acknowledged
 *       transaction is there, and that none is there twice; prints "N blocks, N of them
 *       configurations, N transactions, N acknowledged, HASH", the hash of the last block's header
 */
#include "client.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define STREAMS     4 /* a channel */
#define OUTSTANDING 16
#define FLOOD       64 /* flood: so many instead */
#define FLOOD_SIZE  10000
#define PACE_NS     (CLOCK_SEC_NS / 10) /* keep: so often each stream gets */
#define PACE        3                   /* that many */

struct crash {
	struct client c;
	int acks;
	uint64_t seed, next;
	unsigned window; /* OUTSTANDING or FLOOD */
	size_t open_calls;
	enum client_expects expects; /* more than success: it keeps sending */
};

static bool is_keeping(const struct crash *c)
{
	return c->expects != CLIENT_SUCCESS;
}

/* ---- load ---------------------------------------------------------------- */

struct load_call {
	struct crash *c;
	const char *channel;
	struct net_stream *stream; /* NULL: it ended */
	uint64_t sent[FLOOD];      /* numbers under way, oldest at head */
	unsigned head, n;
};

static void fill(struct load_call *l, unsigned at_most)
{
	for (unsigned i = 0; i < at_most && l->n < l->c->window; i++) {
		char data[FLOOD_SIZE + 100];
		uint64_t number = l->c->seed * 1000000000 + l->c->next++;
		int len = snprintf(data, sizeof(data), "%llu %0*d", (unsigned long long)number,
				   l->c->window == FLOOD ? FLOOD_SIZE : (int)(number % 500) + 1, 0);

		l->sent[(l->head + l->n++) % FLOOD] = number;
		client_send(&l->c->c, l->stream, WIRE_ENDORSER_TRANSACTION, l->channel,
			    bytes_of(data, (size_t)len));
	}
}

static void note_ack(struct load_call *l)
{
	struct ord_err e = ERR_INIT;
	char line[320];
	int len = snprintf(line, sizeof(line), "%s %llu\n", l->channel,
			   (unsigned long long)l->sent[l->head % FLOOD]);

	if (write(l->c->acks, line, (size_t)len) != len) {
		err_set(&e, ORD_EINTERNAL, "cannot write");
		client_die("acks", &e);
	}
}

static void on_answer(struct net_stream *s, void *state, struct net_msg *m)
{
	struct load_call *l = state;

	if (client_answer(m, l->c->expects) != COMMON__STATUS__SUCCESS) {
		l->n = l->c->window; /* the orderer is done with this stream, and so are we */
		net_call_half_close(s);
		return;
	}
	note_ack(l);
	l->head++;
	l->n--;
	if (!is_keeping(l->c))
		fill(l, l->c->window);
}

static void on_gone(struct net_stream *s, void *state)
{
	struct load_call *l = state;

	l->c->open_calls--;
	l->stream = NULL;
	l->n = 0;
	net_stream_release(s);
}

static const struct net_method broadcast = {
	.path = "/orderer.AtomicBroadcast/Broadcast", .message = on_answer, .closed = on_gone};

static bool open_call(struct load_call *l)
{
	l->stream = net_call(l->c->c.link, &broadcast, l, 0);
	if (!l->stream)
		return false;
	net_stream_hold(l->stream);
	l->c->open_calls++;
	return true;
}

static void load(struct load_call *calls, size_t n)
{
	struct crash *c = calls->c;

	for (size_t i = 0; i < n && open_call(&calls[i]); i++)
		fill(&calls[i], c->window);
	while (c->open_calls > 0)
		net_client_run(c->c.loop, CLOCK_NEVER);
}

/* ---- keep ---------------------------------------------------------------- */

static volatile sig_atomic_t stopping;

static void on_signal(int signal)
{
	(void)signal;
	stopping = 1;
}

static void run_until(struct crash *c, uint64_t when)
{
	while (clock_mono_ns() < when)
		net_client_run(c->c.loop, when);
}

static void keep(struct load_call *calls, size_t n)
{
	struct crash *c = calls->c;

	signal(SIGTERM, on_signal);
	while (!stopping) {
		if (!c->c.link)
			client_link(&c->c);
		for (size_t i = 0; i < n; i++)
			if (calls[i].stream || (c->c.link && open_call(&calls[i])))
				fill(&calls[i], PACE);
		run_until(c, clock_mono_ns() + PACE_NS);
	}
}

/* STREAMS calls for each channel. */
static void load_channels(struct crash *c, char **channels, size_t n)
{
	struct load_call *calls = x_alloc(n * STREAMS * sizeof(*calls));

	for (size_t i = 0; i < n * STREAMS; i++)
		calls[i] = (struct load_call){.c = c, .channel = channels[i / STREAMS]};
	(is_keeping(c) ? keep : load)(calls, n * STREAMS);
	net_client_free(c->c.loop); /* ends the calls */
	c->c.loop = NULL;
	free(calls);
}

/* ---- verify -------------------------------------------------------------- */

struct verify_call {
	uint8_t previous[BLOCK_HASH_LEN];
	uint64_t blocks, transactions, configs;
	uint64_t last_config; /* the last CONFIG's block */
	struct map *numbers;  /* "NUMBER" -> itself */
	bool done;
};

static void fault(const char *what, uint64_t block)
{
	fprintf(stderr, "crash_client: block %llu: %s\n", (unsigned long long)block, what);
	exit(1);
}

static void check_links(struct verify_call *v, const struct ord_block *b)
{
	if (b->number != v->blocks)
		fault("wrong number", v->blocks);
	if (!block_data_hash_fits(b))
		fault("data hash does not fit", b->number);
	if (b->number > 0 &&
	    !bytes_eq(bytes_of(v->previous, sizeof(v->previous)), b->previous_hash))
		fault("previous hash does not fit", b->number);
	memcpy(v->previous, b->header_hash, sizeof(v->previous));
	v->blocks++;
}

/* Every block but the first, which is nobody's, names the last configuration at its time. */
static void check_last_config(struct verify_call *v, const struct ord_block *b)
{
	struct ord_env *config = block_config_env(b);
	struct ord_err e = ERR_INIT;
	uint64_t index;

	if (config) {
		v->last_config = b->number;
		v->configs++;
	}
	env_unref(config);
	if (b->number == 0)
		return;
	if (block_last_config(b, &index, &e) < 0)
		fault(e.msg, b->number);
	if (index != v->last_config)
		fault("wrong last configuration", b->number);
}

/* "NUMBER ...": ours; other transactions may stand beside them. */
static struct ord_bytes number_of(struct ord_bytes data)
{
	size_t n = 0;

	while (n < data.len && data.data[n] >= '0' && data.data[n] <= '9')
		n++;
	return bytes_of(data.data, n < data.len && data.data[n] == ' ' ? n : 0);
}

static void note_number(struct verify_call *v, const struct ord_block *b, struct ord_bytes element)
{
	struct ord_err e = ERR_INIT;
	struct ord_bytes number;
	struct ord_env *env;

	if (env_parse(element, &env, &e) < 0)
		fault(e.msg, b->number);
	number = number_of(env->data);
	if (env->type == WIRE_ENDORSER_TRANSACTION && number.len > 0) {
		if (map_put(v->numbers, number, v))
			fault("a transaction stands here for the second time", b->number);
		v->transactions++;
	}
	env_unref(env);
}

static void on_delivered(struct net_stream *s, void *state, struct net_msg *m)
{
	struct verify_call *v = state;
	uint64_t status = 0;
	struct ord_block *b = client_block(m, &status);

	(void)s;
	if (!b) {
		if (status != COMMON__STATUS__SUCCESS)
			fault("the chain was not delivered to its end", v->blocks);
		v->done = true;
		return;
	}
	check_links(v, b);
	check_last_config(v, b);
	for (size_t i = 0; i < b->n_data; i++)
		note_number(v, b, b->data[i]);
	block_unref(b);
}

static void on_delivered_all(struct net_stream *s, void *state)
{
	(void)state;
	(void)s;
}

static const struct net_method deliver = {.path = "/orderer.AtomicBroadcast/Deliver",
					  .message = on_delivered,
					  .closed = on_delivered_all};

/* SeekInfo { start = oldest {}, stop = newest {} } */
static const uint8_t seek_all[] = {0x0a, 0x02, 0x12, 0x00, 0x12, 0x02, 0x0a, 0x00};

/* How many are acknowledged; the first that is in no block, if any, goes to @missing. */
static uint64_t check_acks(const struct verify_call *v, const char *path, const char *channel,
			   char missing[64])
{
	FILE *f = fopen(path, "r");
	char name[256], number[64];
	uint64_t acked = 0;

	missing[0] = '\0';
	while (f && fscanf(f, "%255s %63s", name, number) == 2) {
		if (strcmp(name, channel) != 0)
			continue;
		acked++;
		if (!missing[0] && !map_get(v->numbers, bytes_str(number)))
			memcpy(missing, number, sizeof(number));
	}
	if (f)
		fclose(f);
	return acked;
}

/* Read the whole chain as it is now. */
static void read_chain(struct crash *c, const char *channel, struct verify_call *v)
{
	uint64_t give_up = clock_mono_ns() + 60 * CLOCK_SEC_NS;
	struct net_stream *s;

	*v = (struct verify_call){.numbers = map_new()};
	if (!c->c.link)
		client_link(&c->c);
	s = c->c.link ? net_call(c->c.link, &deliver, v, 0) : NULL;
	if (!s)
		fault("no connection", 0);
	client_send(&c->c, s, WIRE_DELIVER_SEEK_INFO, channel,
		    bytes_of(seek_all, sizeof(seek_all)));
	while (!v->done && clock_mono_ns() < give_up)
		net_client_run(c->c.loop, give_up);
	if (!v->done)
		fault("the chain was not delivered in time", v->blocks);
	net_call_half_close(s);
}

/* What the last run accepted and had not cut comes with the next batch time-out: wait for it. */
static int verify(struct crash *c, const char *acks, const char *channel)
{
	uint64_t give_up = clock_mono_ns() + 15 * CLOCK_SEC_NS, acked;
	struct verify_call v;
	struct buf hash = BUF_INIT;
	char missing[64];

	for (;;) {
		read_chain(c, channel, &v);
		acked = check_acks(&v, acks, channel, missing);
		if (!missing[0])
			break;
		if (clock_mono_ns() > give_up) {
			fprintf(stderr, "crash_client: %s: acknowledged transaction %s is lost\n",
				channel, missing);
			return 1;
		}
		map_free(v.numbers, NULL);
		clock_sleep_ns(CLOCK_SEC_NS / 4);
	}
	hex_encode(&hash, bytes_of(v.previous, sizeof(v.previous)));
	buf_add(&hash, "", 1);
	printf("%llu blocks, %llu of them configurations, %llu transactions, %llu acknowledged, %s\n",
	       (unsigned long long)v.blocks, (unsigned long long)v.configs,
	       (unsigned long long)v.transactions, (unsigned long long)acked,
	       (const char *)buf_bytes(&hash).data);
	buf_fini(&hash);
	map_free(v.numbers, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	struct crash c = {0};
	int rc = 0;

	if (argc < 7) {
		fputs("usage: crash_client load|flood|keep|insist|verify PORT MSPDIR MSPID ACKS [SEED] "
		      "CHANNEL...\n",
		      stderr);
		return 2;
	}
	client_open(&c.c, argv + 2);
	client_link(&c.c);
	c.expects = strcmp(argv[1], "keep") == 0     ? CLIENT_UNAVAILABLE
		    : strcmp(argv[1], "insist") == 0 ? CLIENT_MAINTENANCE
						     : CLIENT_SUCCESS;
	c.window = strcmp(argv[1], "flood") == 0 ? FLOOD : OUTSTANDING;
	if (is_keeping(&c) || c.window == FLOOD || strcmp(argv[1], "load") == 0) {
		c.acks = open(argv[5], O_WRONLY | O_CREAT | O_APPEND, 0644);
		c.seed = strtoull(argv[6], NULL, 10);
		load_channels(&c, argv + 7, (size_t)argc - 7);
	} else {
		rc = verify(&c, argv[5], argv[6]);
	}
	client_close(&c.c);
	return rc;
}
