/* SPDX-License-Identifier: Apache-2.0 */
/* fake_orderer: all of it runs on the server's one loop thread. */
#include "fake_orderer.h"

#include "../test.h"

#include <stdlib.h>
#include <wire/wire.h>

enum { BATCH = 10, SINFUL = 15, MAX_BLOCKS = 1000, MAX_READERS = 64 };

struct reader {
	struct fake_orderer *f;
	struct net_stream *stream; /* NULL: nobody */
	uint64_t begun, next, stop;
	bool wait, active;
};

struct fake_orderer {
	enum fake_sin sin;
	enum fake_tls tls;
	struct net_server *server;
	struct net_method methods[3];
	struct ord_env *pending[BATCH];
	struct ord_block *blocks[MAX_BLOCKS];
	size_t n_pending, n_blocks, n_messages;
	struct reader readers[MAX_READERS];
};

/* ---- blocks -------------------------------------------------------------- */

static struct ord_block *spoil(struct ord_block *b, struct ord_bytes previous,
			       struct ord_bytes hash)
{
	struct ord_block *bad =
		block_from_parts(b->number, previous, hash, b->data, b->n_data, b->meta, b->n_meta);

	block_unref(b);
	return bad;
}

static void add_block(struct fake_orderer *f)
{
	static const uint8_t wrong[BLOCK_HASH_LEN] = {1};
	struct ord_block *tip = f->n_blocks ? f->blocks[f->n_blocks - 1] : NULL;
	struct ord_bytes previous = bytes_of(tip ? tip->header_hash : NULL, tip ? 32 : 0);
	struct ord_block *b = block_new(f->n_blocks, previous, f->pending, f->n_pending);

	block_seal(b);
	if (f->sin == FAKE_FORKS && f->n_blocks == 2)
		b = spoil(b, bytes_of(wrong, sizeof(wrong)), b->data_hash);
	if (f->sin == FAKE_CHANGES_DATA && f->n_blocks == 2)
		b = spoil(b, previous, bytes_of(wrong, sizeof(wrong)));
	util_assert(f->n_blocks < MAX_BLOCKS);
	f->blocks[f->n_blocks++] = b;
	for (size_t i = 0; i < f->n_pending; i++)
		env_unref(f->pending[i]);
	f->n_pending = 0;
}

/* TLS binding, as an orderer with mutual TLS asks for it. */
static bool is_bound(const struct fake_orderer *f, struct net_stream *s, const struct ord_env *env)
{
	return f->tls != FAKE_MUTUAL_TLS ||
	       bytes_eq(env->tls_cert_hash, net_stream_client_cert_hash(s));
}

/* ---- Deliver ------------------------------------------------------------- */

static void send_block(struct reader *r, struct ord_block *b)
{
	struct buf head = BUF_INIT;
	struct net_chunk chunks[2];

	buf_add_u8(&head, 0x12);
	buf_add_uvarint(&head, b->encoded.len);
	chunks[0] = (struct net_chunk){.bytes = buf_bytes(&head)};
	chunks[1] = (struct net_chunk){.bytes = buf_bytes(&b->encoded)};
	net_stream_send(r->stream, chunks, 2, NULL);
	buf_fini(&head);
}

static void send_status(struct reader *r, int status)
{
	struct buf b = BUF_INIT;

	buf_add_u8(&b, 0x08);
	buf_add_uvarint(&b, (uint64_t)status);
	net_stream_send(r->stream, &(struct net_chunk){.bytes = buf_bytes(&b)}, 1, NULL);
	buf_fini(&b);
	r->active = false;
}

/* After the block that stood at r->next. */
static void go_on(struct reader *r)
{
	enum fake_sin sin = r->f->sin;
	bool third = r->next == r->begun + 2 && r->next < r->stop;

	if (sin == FAKE_STALLS && third)
		r->active = false;
	else if (sin == FAKE_OVERRUNS && r->next == r->stop && r->stop > r->begun)
		send_block(r, r->f->blocks[r->next]);
	else if (r->next == r->stop || (sin == FAKE_STOPS && third))
		send_status(r, COMMON__STATUS__SUCCESS);
	r->next++;
}

static void serve(struct reader *r)
{
	while (r->active && r->next < r->f->n_blocks) {
		send_block(r, r->f->blocks[r->next]);
		go_on(r);
	}
	if (r->active && !r->wait)
		send_status(r, COMMON__STATUS__NOT_FOUND);
}

static uint64_t position(const struct fake_orderer *f, const Orderer__SeekPosition *p)
{
	if (p->type_case == ORDERER__SEEK_POSITION__TYPE_NEWEST)
		return f->n_blocks - 1;
	return p->type_case == ORDERER__SEEK_POSITION__TYPE_SPECIFIED ? p->specified->number : 0;
}

static void on_seek(struct net_stream *s, void *state, struct net_msg *m)
{
	struct reader *r = state;
	Orderer__SeekInfo *info;
	struct ord_env *env;

	util_assert(env_parse(buf_bytes(&m->body), &env, NULL) == 0);
	util_assert(wire_unpack(&orderer__seek_info__descriptor, env->data, &info, NULL) == 0);
	r->next = r->begun = position(r->f, info->start);
	r->stop = position(r->f, info->stop);
	r->wait = info->behavior == ORDERER__SEEK_INFO__SEEK_BEHAVIOR__BLOCK_UNTIL_READY;
	r->active = true;
	if (strcmp(env->channel_id, "mychannel") != 0)
		send_status(r, COMMON__STATUS__NOT_FOUND);
	else if (!is_bound(r->f, s, env))
		send_status(r, COMMON__STATUS__BAD_REQUEST);
	serve(r);
	wire_free(info);
	env_unref(env);
}

static void *open_reader(struct net_stream *s, void *arg)
{
	struct fake_orderer *f = arg;

	for (size_t i = 0; i < MAX_READERS; i++) {
		if (!f->readers[i].stream) {
			f->readers[i] = (struct reader){.f = f, .stream = s};
			return &f->readers[i];
		}
	}
	abort();
}

static void close_reader(struct net_stream *s, void *state)
{
	(void)s;
	*(struct reader *)state = (struct reader){0};
}

/* ---- Broadcast ----------------------------------------------------------- */

static void answer(struct net_stream *s, int status, const char *info)
{
	Orderer__BroadcastResponse r = ORDERER__BROADCAST_RESPONSE__INIT;
	struct buf b = BUF_INIT;

	r.status = (Common__Status)status;
	r.info = (char *)info;
	wire_pack(&r, &b);
	net_stream_send(s, &(struct net_chunk){.bytes = buf_bytes(&b)}, 1, NULL);
	buf_fini(&b);
}

static void order(struct fake_orderer *f, struct ord_env *env)
{
	f->pending[f->n_pending++] = env_ref(env);
	if (f->n_pending == BATCH) {
		add_block(f);
		for (size_t i = 0; i < MAX_READERS; i++)
			serve(&f->readers[i]);
	}
}

static void on_envelope(struct net_stream *s, void *state, struct net_msg *m)
{
	struct fake_orderer *f = state;
	bool sinful = ++f->n_messages == SINFUL;
	struct ord_env *env;

	util_assert(env_parse(buf_bytes(&m->body), &env, NULL) == 0);
	if (!is_bound(f, s, env)) {
		answer(s, COMMON__STATUS__BAD_REQUEST, "wrong TLS certificate hash");
	} else if (sinful && f->sin == FAKE_REFUSES) {
		answer(s, COMMON__STATUS__FORBIDDEN, "permission denied");
	} else if (sinful && f->sin == FAKE_HANGS_UP) {
		net_stream_finish(s, NET_UNAVAILABLE, "gone fishing");
	} else {
		if (!(sinful && f->sin == FAKE_LOSES))
			order(f, env);
		if (sinful && f->sin == FAKE_REPEATS)
			order(f, env);
		answer(s, COMMON__STATUS__SUCCESS, "");
	}
	env_unref(env);
}

static void *open_broadcast(struct net_stream *s, void *arg)
{
	(void)s;
	return arg;
}

static void half_close(struct net_stream *s, void *state)
{
	(void)state;
	net_stream_finish(s, NET_OK, "");
}

/* ---- start, stop --------------------------------------------------------- */

static struct ord_err why;

static void must(int rc)
{
	if (rc == 0)
		return;
	fprintf(stderr, "%s\n", why.msg);
	abort();
}

#define TLS_DIR "ordererOrganizations/example.com/orderers/orderer.example.com/tls"

static struct buf golden_pem(const char *name)
{
	char *path = test_golden_path("crypto-config/%s", name);
	struct buf b = BUF_INIT;

	must(file_read(path, 1 << 16, &b, &why));
	free(path);
	return b;
}

/* The client's CA is that of Org1. */
static void serve_with_tls(struct fake_orderer *f, struct net_opts *o)
{
	struct buf cert = golden_pem(TLS_DIR "/server.crt"),
		   key = golden_pem(TLS_DIR "/server.key");
	struct buf ca = golden_pem(
		"peerOrganizations/org1.example.com/tlsca/tlsca.org1.example.com-cert.pem");
	struct ord_bytes pem = buf_bytes(&ca);

	o->tls = true;
	o->client_auth = f->tls == FAKE_MUTUAL_TLS;
	o->cert_pem = buf_bytes(&cert);
	o->key_pem = buf_bytes(&key);
	must(net_server_new(o, &f->server, &why));
	must(net_server_client_cas(f->server, &pem, 1, &why));
	buf_fini(&cert);
	buf_fini(&key);
	buf_fini(&ca);
}

static struct fake_orderer *make(enum fake_sin sin, enum fake_tls tls)
{
	struct fake_orderer *f = x_alloc(sizeof(*f));

	f->sin = sin;
	f->tls = tls;
	f->methods[0] = (struct net_method){.path = "/orderer.AtomicBroadcast/Broadcast",
					    .open = open_broadcast,
					    .message = on_envelope,
					    .half_close = half_close,
					    .arg = f};
	f->methods[1] = (struct net_method){.path = "/orderer.AtomicBroadcast/Deliver",
					    .open = open_reader,
					    .message = on_seek,
					    .half_close = half_close,
					    .closed = close_reader,
					    .arg = f};
	return f;
}

static void listen_and_serve(struct fake_orderer *f)
{
	struct net_opts o = {.address = "127.0.0.1", .loops = 1, .methods = f->methods};

	if (f->tls == FAKE_PLAIN)
		must(net_server_new(&o, &f->server, &why));
	else
		serve_with_tls(f, &o);
	must(net_server_start(f->server, &why));
}

struct fake_orderer *fake_orderer_start(enum fake_sin sin, enum fake_tls tls)
{
	struct fake_orderer *f = make(sin, tls);

	add_block(f);
	listen_and_serve(f);
	return f;
}

struct fake_orderer *fake_orderer_start_with(enum fake_sin sin, struct ord_block *const *blocks,
					     size_t n)
{
	struct fake_orderer *f = make(sin, FAKE_PLAIN);

	util_assert(n <= MAX_BLOCKS);
	memcpy(f->blocks, blocks, n * sizeof(*blocks));
	f->n_blocks = n;
	listen_and_serve(f);
	return f;
}

uint16_t fake_orderer_port(const struct fake_orderer *f)
{
	return net_server_port(f->server);
}

void fake_orderer_stop(struct fake_orderer *f)
{
	net_server_stop(f->server, 0);
	net_server_free(f->server);
	for (size_t i = 0; i < f->n_pending; i++)
		env_unref(f->pending[i]);
	for (size_t i = 0; i < f->n_blocks; i++)
		block_unref(f->blocks[i]);
	free(f);
}
