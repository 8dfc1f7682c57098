/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl send: transactions, or envelopes as they are, to an orderer by Broadcast. */
#include "cmds.h"
#include "seek.h"
#include "submit.h"

#include <crypto/crypto.h>
#include <inttypes.h>
#include <stdlib.h>

struct send_opts {
	struct remote_opts remote;
	const char *channel, *identity;
	bool envelope;
	uint64_t size, count;
};

struct send {
	const struct send_opts *o;
	struct msp_local *who; /* NULL with --envelope */
	struct remote remote;
	struct remote_call *call;
};

/* Sends one envelope and prints what the orderer says of it. */
static int deliver(struct send *s, const char *label, struct ord_bytes env, struct ord_err *e)
{
	Orderer__BroadcastResponse *r;
	int rc = remote_send(s->call, env, e);

	if (rc == 0)
		rc = submit_answer(s->call, &r, e);
	if (rc < 0)
		return rc;
	printf("%s %d %s%s%s\n", label, r->status, wire_status_name((int)r->status),
	       *r->info ? ": " : "", r->info);
	if (r->status != COMMON__STATUS__SUCCESS)
		rc = err_set(e, ORD_EINVAL, "the orderer refused %s", label);
	wire_free(r);
	return rc;
}

static int send_transaction(struct send *s, struct ord_bytes data, struct ord_err *e)
{
	char tx_id[IDENTITY_TX_ID_LEN + 1];
	uint8_t nonce[WIRE_NONCE_LEN];
	struct identity_message m = {.type = WIRE_ENDORSER_TRANSACTION,
				     .channel_id = s->o->channel,
				     .time_ns = clock_wall_ns(),
				     .nonce = bytes_of(nonce, sizeof(nonce)),
				     .tls_cert_hash = remote_cert_hash(&s->remote),
				     .tx_id = true};
	struct buf env = BUF_INIT;
	int rc;

	crypto_random(nonce, sizeof(nonce));
	identity_tx_id(m.nonce, msp_local_identity(s->who), tx_id);
	rc = identity_envelope(s->who, &m, data, &env, e);
	if (rc == 0)
		rc = deliver(s, tx_id, buf_bytes(&env), e);
	buf_fini(&env);
	return rc;
}

static int send_file(struct send *s, const char *path, struct ord_err *e)
{
	struct buf b = BUF_INIT;
	int rc = ctl_input(path, WIRE_MAX_MSG, &b, e);

	if (rc == 0 && s->o->envelope)
		rc = deliver(s, path, buf_bytes(&b), e);
	else if (rc == 0)
		rc = send_transaction(s, buf_bytes(&b), e);
	buf_fini(&b);
	return rc;
}

static int send_random(struct send *s, struct ord_err *e)
{
	uint8_t *data = x_malloc(s->o->size + 1);
	int rc;

	crypto_random(data, s->o->size);
	rc = send_transaction(s, bytes_of(data, s->o->size), e);
	free(data);
	return rc;
}

static int send_all(struct send *s, const struct ctl_args *files, struct ord_err *e)
{
	int rc = remote_call(&s->remote, REMOTE_BROADCAST, &s->call, e);

	for (size_t i = 0; rc == 0 && i < files->n; i++)
		rc = send_file(s, files->item[i], e);
	for (uint64_t i = 0; rc == 0 && files->n == 0 && i < s->o->count; i++)
		rc = send_random(s, e);
	remote_call_free(s->call);
	return rc;
}

static int send_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct send_opts *o = opts;
	struct send s = {.o = o};
	int rc = 0;

	if (o->envelope && args->n == 0)
		return err_set(e, ORD_EINVAL, "--envelope wants files");
	if (!o->envelope && (!o->channel || !o->identity))
		return err_set(e, ORD_EINVAL, "a transaction wants --channel and --identity");
	if (o->size > WIRE_MAX_MSG)
		return err_set(e, ORD_EINVAL, "--size: at most %u bytes", WIRE_MAX_MSG);
	if (!o->envelope)
		rc = identity_open(o->identity, &s.who, e);
	if (rc == 0)
		rc = remote_open(&o->remote, &s.remote, e);
	if (rc == 0) {
		rc = send_all(&s, args, e);
		remote_close(&s.remote);
	}
	if (s.who)
		msp_local_close(s.who);
	return rc;
}

static const struct ctl_opt send_opt[] = {
	{"channel", CTL_STRING, offsetof(struct send_opts, channel), false, "ID",
	 "to this channel"},
	{"identity", CTL_STRING, offsetof(struct send_opts, identity), false, "MSPID:DIR",
	 IDENTITY_OPT_HELP},
	{"size", CTL_SIZE, offsetof(struct send_opts, size), false, "SIZE",
	 "without files: bytes of random payload [1024]"},
	{"count", CTL_UINT, offsetof(struct send_opts, count), false, "N",
	 "without files: how many transactions [1]"},
	{"envelope", CTL_FLAG, offsetof(struct send_opts, envelope), false, NULL,
	 "the files are signed envelopes: send them as they are"},
	REMOTE_OPTS(struct send_opts, remote),
	CTL_OPT_END};

const struct ctl_cmd cmd_send = {
	.name = "send",
	.operands = "[FILE…]",
	.max_operands = SIZE_MAX,
	.summary = "send transactions to an orderer",
	.details =
		"Makes a signed transaction of the bytes of each file (- is standard input), or of "
		"random ones, sends one after the other by Broadcast and prints transaction id and "
		"status of each. It ends at the first that is refused. Peers will mark such a "
		"transaction invalid: nobody endorsed it.",
	.opts = send_opt,
	.defaults = &(const struct send_opts){.remote = REMOTE_DEFAULTS, .size = 1024, .count = 1},
	.opts_size = sizeof(struct send_opts),
	.run = send_run,
};
