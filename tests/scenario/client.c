/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <stdlib.h>

_Noreturn void client_die(const char *what, const struct ord_err *e)
{
	fprintf(stderr, "client: %s: %s\n", what, e->msg);
	exit(1);
}

static void trust(struct client *c, const char *path)
{
	struct buf ca = BUF_INIT;
	struct ord_err e = ERR_INIT;

	if (file_read(path, SIZE_MAX, &ca, &e) < 0 ||
	    net_tls_new(buf_bytes(&ca), bytes_str(""), bytes_str(""), NULL, 0, &c->tls, &e) < 0)
		client_die(path, &e);
	buf_fini(&ca);
}

void client_open(struct client *c, char **words)
{
	const char *ca = getenv("SCENARIO_TLS_CA");
	struct ord_err e = ERR_INIT;

	c->port = (uint16_t)atoi(words[0]);
	if (msp_local_open(words[1], words[2], NULL, &c->signer, &e) < 0)
		client_die("identity", &e);
	if (net_client_new(&c->loop, &e) < 0)
		client_die("client", &e);
	if (ca)
		trust(c, ca);
}

void client_close(struct client *c)
{
	net_client_free(c->loop);
	net_tls_free(c->tls);
	msp_local_close(c->signer);
}

static void on_link(struct net_link *l, void *arg, const char *why)
{
	struct client *c = arg;

	if (why && c->link == l)
		c->link = NULL;
}

struct net_link *client_link(struct client *c)
{
	struct net_link_opts o = {
		.address = "127.0.0.1", .port = c->port, .tls = c->tls, .state = on_link, .arg = c};
	struct net_link *l = NULL;
	struct ord_err e = ERR_INIT;

	if (net_link_open(c->loop, &o, &l, &e) < 0)
		client_die("connect", &e);
	c->link = l;
	return l;
}

static struct ord_env *sign(struct client *c, int32_t type, const char *channel,
			    struct ord_bytes data)
{
	uint8_t nonce[24];
	int64_t now = clock_wall_ns();
	struct wire_header_spec h = {
		.type = type,
		.channel_id = channel,
		.timestamp_sec = now / (int64_t)CLOCK_SEC_NS,
		.timestamp_nanos = (int32_t)(now % (int64_t)CLOCK_SEC_NS),
		.creator = msp_local_identity(c->signer),
		.nonce = bytes_of(nonce, sizeof(nonce)),
	};
	struct buf payload = BUF_INIT, sig = BUF_INIT;
	struct ord_err e = ERR_INIT;
	struct ord_bytes part;
	struct ord_env *env;

	crypto_random(nonce, sizeof(nonce));
	wire_build_payload(&h, data, &payload);
	part = buf_bytes(&payload);
	if (msp_local_sign(c->signer, &part, 1, &sig, &e) < 0)
		client_die("sign", &e);
	env = env_make(part, buf_bytes(&sig));
	buf_fini(&payload);
	buf_fini(&sig);
	return env;
}

void client_send(struct client *c, struct net_stream *s, int32_t type, const char *channel,
		 struct ord_bytes data)
{
	struct ord_env *env = sign(c, type, channel, data);
	struct net_chunk chunk = {.bytes = env->raw};

	net_stream_send(s, &chunk, 1, NULL);
	env_unref(env);
}

Common__Status client_answer(const struct net_msg *m, enum client_expects expects)
{
	Orderer__BroadcastResponse *r;
	struct ord_err e = ERR_INIT;
	Common__Status status;

	if (wire_unpack(&orderer__broadcast_response__descriptor, buf_bytes(&m->body), &r, &e) < 0)
		client_die("answer", &e);
	status = r->status;
	if (status != COMMON__STATUS__SUCCESS &&
	    !(expects >= CLIENT_UNAVAILABLE && status == COMMON__STATUS__SERVICE_UNAVAILABLE) &&
	    !(expects >= CLIENT_MAINTENANCE && status == COMMON__STATUS__FORBIDDEN)) {
		err_set(&e, ORD_EINVAL, "%s", r->info);
		client_die("refused", &e);
	}
	wire_free(r);
	return status;
}

struct ord_block *client_block(const struct net_msg *m, uint64_t *status)
{
	struct ord_bytes body = buf_bytes(&m->body);
	struct ord_err e = ERR_INIT;
	struct buf copy = BUF_INIT;
	struct ord_block *b;
	uint64_t len;
	size_t n;

	if (body.len < 2)
		client_die("answer", (err_set(&e, ORD_EINVAL, "it is empty"), &e));
	n = uvarint_get(bytes_of(body.data + 1, body.len - 1), &len);
	if (body.data[0] == 0x08) {
		*status = len;
		return NULL;
	}
	buf_add(&copy, body.data + 1 + n, body.len - 1 - n);
	if (block_parse(&copy, &b, &e) < 0)
		client_die("block", &e);
	return b;
}
