/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The administrator in the scenarios.
 *
 *   config_client create PORT MSPDIR MSPID TX PREFIX COUNT
 *       creates channels PREFIX0 … after the request in the file TX, and waits for each genesis
 *       block
 *   config_client use PORT MSPDIR MSPID PREFIX COUNT
 *       sends a transaction to each of those channels, and waits for the blocks
 *   config_client churn PORT MSPDIR MSPID CHANNEL BLOCK TIMES MSPDIR MSPID MSPDIR MSPID
 *       changes the channel's batch size again and again, and lets Org2MSP (as BLOCK describes it)
 *       come and go, until the server goes away or it has done so TIMES times; the orderer's
 *       administrator first, then those of Org1MSP and Org2MSP.  Prints how many were accepted.
 */
#include "config.h"

#include <stdlib.h>

#define WINDOW 32 /* requests under way */

static uint64_t give_up;

static void late(const char *what)
{
	struct ord_err e = ERR_INIT;

	if (clock_mono_ns() < give_up)
		return;
	err_set(&e, ORD_ETIMEDOUT, "no answer for two minutes");
	client_die(what, &e);
}

/* ---- create, use --------------------------------------------------------- */

/* One message to each of COUNT channels, all on one stream. */
struct each {
	struct client *c;
	const char *prefix;
	unsigned count, sent, answered;
	Common__ConfigUpdate *update; /* create: the request, but for its channel */
	bool gone;
};

static const char *name_of(const struct each *x, unsigned i, char out[static 64])
{
	snprintf(out, 64, "%s%u", x->prefix, i);
	return out;
}

static void send_creation(struct each *x, struct net_stream *s, const char *channel)
{
	struct buf update = BUF_INIT, envelope = BUF_INIT;
	char *was = x->update->channel_id;

	x->update->channel_id = (char *)channel;
	wire_pack(x->update, &update);
	x->update->channel_id = was;
	config_sign(buf_bytes(&update), &x->c->signer, 1, &envelope);
	client_send(x->c, s, WIRE_CONFIG_UPDATE, channel, buf_bytes(&envelope));
	buf_fini(&update);
	buf_fini(&envelope);
}

static void fill(struct each *x, struct net_stream *s)
{
	char name[64];

	while (x->sent < x->count && x->sent - x->answered < WINDOW) {
		if (x->update)
			send_creation(x, s, name_of(x, x->sent, name));
		else
			client_send(x->c, s, WIRE_ENDORSER_TRANSACTION, name_of(x, x->sent, name),
				    bytes_str("a transaction"));
		x->sent++;
	}
}

static void on_answer(struct net_stream *s, void *state, struct net_msg *m)
{
	struct each *x = state;

	client_answer(m, CLIENT_SUCCESS);
	x->answered++;
	fill(x, s);
	if (x->answered == x->count)
		net_call_half_close(s);
}

static void on_gone(struct net_stream *s, void *state)
{
	struct each *x = state;

	(void)s;
	x->gone = true;
}

static const struct net_method broadcast = {
	.path = "/orderer.AtomicBroadcast/Broadcast", .message = on_answer, .closed = on_gone};

/* Block @number of each channel; one that is still to be created is asked for again. */
static void wait_for_blocks(struct each *x, uint64_t number)
{
	for (unsigned i = 0; i < x->count; i++) {
		struct ord_block *b = NULL;
		uint64_t status;
		char name[64];

		while (!(b = config_ask(x->c, name_of(x, i, name),
					ORDERER__SEEK_POSITION__TYPE_SPECIFIED, number, &status))) {
			late(name);
			clock_sleep_ns(CLOCK_SEC_NS / 100);
		}
		block_unref(b);
	}
}

static int each_channel(struct each *x, uint64_t number)
{
	struct net_stream *s = net_call(x->c->link, &broadcast, x, 0);
	struct ord_err e = ERR_INIT;

	if (s)
		fill(x, s);
	while (s && !x->gone) {
		late("answers");
		net_client_run(x->c->loop, give_up);
	}
	if (x->answered != x->count)
		client_die("broadcast", (err_set(&e, ORD_EUNAVAIL, "the stream ended early"), &e));
	wait_for_blocks(x, number);
	return 0;
}

/* The ConfigUpdate in an envelope that configtxgen wrote. */
static Common__ConfigUpdate *read_update(const char *path)
{
	Common__ConfigUpdateEnvelope *envelope;
	struct buf bytes = BUF_INIT;
	struct ord_err e = ERR_INIT;
	Common__ConfigUpdate *update;
	struct ord_env *env;

	if (file_read(path, SIZE_MAX, &bytes, &e) < 0 ||
	    env_parse(buf_bytes(&bytes), &env, &e) < 0 ||
	    wire_unpack(&common__config_update_envelope__descriptor, env->data, &envelope, &e) <
		    0 ||
	    wire_unpack(&common__config_update__descriptor, wire_bytes(envelope->config_update),
			&update, &e) < 0)
		client_die(path, &e);
	wire_free(envelope);
	env_unref(env);
	buf_fini(&bytes);
	return update;
}

/* ---- churn --------------------------------------------------------------- */

enum { ORDERER_ADMIN, ORG1_ADMIN, ORG2_ADMIN, N_ADMINS };

struct churn {
	struct client c; /* the orderer's administrator sends */
	const char *channel, *block;
	struct msp_local *admins[N_ADMINS];
	unsigned accepted;
};

/* Change @next in the i-th way; the signers that this takes. */
static struct msp_local *const *edit(struct churn *u, unsigned i, Common__Config *next, size_t *n)
{
	Common__ConfigGroup *applications = config_group(next->channel_group, "Application");

	if (i % 3 != 2) {
		config_set_batch_size(next, 1 + (uint32_t)(rand() % 40));
		*n = 1;
		return &u->admins[ORDERER_ADMIN];
	}
	*n = 2;
	if (config_group(applications, "Org2MSP")) {
		config_remove_org(next, "Org2MSP");
	} else {
		Common__Config *model = config_read(u->block);

		config_add_org(next, model, "Org2MSP");
		wire_free(model);
	}
	return &u->admins[ORG1_ADMIN];
}

/* Wait until the channel has this sequence.  false: the server is gone. */
static bool reached(struct churn *u, uint64_t sequence)
{
	for (;;) {
		Common__Config *now = config_fetch(&u->c, u->channel);
		bool there = now && now->sequence >= sequence, gone = !now;

		wire_free(now);
		if (there || gone)
			return there;
		late("the new configuration");
		clock_sleep_ns(CLOCK_SEC_NS / 200);
	}
}

/* One update from the configuration there is to the next.  false: the server is gone. */
static bool update_once(struct churn *u, unsigned i)
{
	Common__Config *now = config_fetch(&u->c, u->channel), *next;
	struct buf bytes = BUF_INIT, envelope = BUF_INIT;
	struct msp_local *const *signers;
	struct ord_err e = ERR_INIT;
	Common__ConfigUpdate *update;
	bool ok = true;
	size_t n;

	if (!now)
		return false;
	next = config_clone(now);
	signers = edit(u, i, next, &n);
	if (chanconf_compute_update(u->channel, now, next, &update, &e) == 0) {
		wire_pack(update, &bytes);
		config_sign(buf_bytes(&bytes), signers, n, &envelope);
		ok = config_submit(&u->c, u->channel, buf_bytes(&envelope)) && ++u->accepted &&
		     reached(u, now->sequence + 1);
		wire_free(update);
	} /* else: the same batch size again */
	buf_fini(&bytes);
	buf_fini(&envelope);
	wire_free(next);
	wire_free(now);
	return ok;
}

static int churn(char **words)
{
	struct churn u = {.channel = words[3], .block = words[4]};
	unsigned times = (unsigned)strtoul(words[5], NULL, 10);
	struct ord_err e = ERR_INIT;

	client_open(&u.c, words);
	client_link(&u.c);
	u.admins[ORDERER_ADMIN] = u.c.signer;
	for (int i = 0; i < 2; i++)
		if (msp_local_open(words[6 + 2 * i], words[7 + 2 * i], NULL,
				   &u.admins[ORG1_ADMIN + i], &e) < 0)
			client_die("identity", &e);
	srand((unsigned)clock_mono_ns());
	for (unsigned i = 0; i < times && update_once(&u, i); i++)
		give_up = clock_mono_ns() + 120 * CLOCK_SEC_NS;
	printf("%u updates accepted\n", u.accepted);
	msp_local_close(u.admins[ORG1_ADMIN]);
	msp_local_close(u.admins[ORG2_ADMIN]);
	client_close(&u.c);
	return 0;
}

int main(int argc, char **argv)
{
	bool create = argc == 8 && strcmp(argv[1], "create") == 0;
	struct client c = {0};
	struct each x = {.c = &c, .prefix = argv[argc - 2]};
	int rc;

	give_up = clock_mono_ns() + 120 * CLOCK_SEC_NS;
	if (argc == 12 && strcmp(argv[1], "churn") == 0)
		return churn(argv + 2);
	if (!create && !(argc == 7 && strcmp(argv[1], "use") == 0)) {
		fputs("usage: config_client create|use|churn PORT MSPDIR MSPID …\n", stderr);
		return 2;
	}
	client_open(&c, argv + 2);
	client_link(&c);
	x.count = (unsigned)strtoul(argv[argc - 1], NULL, 10);
	x.update = create ? read_update(argv[5]) : NULL;
	rc = each_channel(&x, create ? 0 : 1);
	wire_free(x.update);
	client_close(&c);
	return rc;
}
