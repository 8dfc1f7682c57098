/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"

static void start_server(struct desk *d, const struct net_opts *given)
{
	struct net_opts o = *given;
	struct ord_err e = ERR_INIT;

	o.address = "127.0.0.1";
	o.methods = service_methods(d->service);
	test_ok(net_server_new(&o, &d->server, &e), &e);
	test_ok(net_server_start(d->server, &e), &e);
	test_ok(net_client_new(&d->client, &e), &e);
}

struct net_link *desk_link(struct desk *d)
{
	struct net_link_opts o = {
		.address = "127.0.0.1", .port = net_server_port(d->server), .tls = d->tls};
	struct net_link *l = NULL;
	struct ord_err e = ERR_INIT;

	test_ok(net_link_open(d->client, &o, &l, &e), &e);
	return l;
}

static void open_service(struct desk *d, const struct service_opts *given)
{
	struct service_opts o = given ? *given : (struct service_opts){0};

	*d = (struct desk){0};
	rig_make(&d->rig, "ledger");
	d->rig.max_count = 1;
	d->rig.timeout_ns = CLOCK_SEC_NS;
	rig_open(&d->rig);
	o.registrar = &d->rig.registrar;
	o.pool = d->rig.pool;
	o.time_window_ns = o.time_window_ns ? o.time_window_ns : 900 * (int64_t)CLOCK_SEC_NS;
	o.max_inflight_stream = o.max_inflight_stream ? o.max_inflight_stream : 64;
	o.max_inflight = o.max_inflight ? o.max_inflight : 8192;
	o.max_inflight_bytes = o.max_inflight_bytes ? o.max_inflight_bytes : 64u << 20;
	d->service = service_new(&o);
}

void desk_open_net(struct desk *d, const struct service_opts *o, const struct net_opts *n)
{
	open_service(d, o);
	start_server(d, n);
	d->link = desk_link(d);
}

void desk_open(struct desk *d, const struct service_opts *o)
{
	desk_open_net(d, o, &(struct net_opts){0});
}

#define ORDERER_TLS \
	"crypto-config/ordererOrganizations/example.com/orderers/orderer.example.com/tls/"
#define USER_TLS \
	"crypto-config/peerOrganizations/org1.example.com/users/User1@org1.example.com/tls/"

void desk_open_tls(struct desk *d, const struct service_opts *o, uint8_t cert_hash[SHA256_LEN])
{
	struct buf cert = test_golden(ORDERER_TLS "server.crt");
	struct buf key = test_golden(ORDERER_TLS "server.key");
	struct buf ca = test_golden(ORDERER_TLS "ca.crt");
	struct buf user = test_golden(USER_TLS "client.crt");
	struct buf user_key = test_golden(USER_TLS "client.key");
	struct buf user_ca = test_golden(USER_TLS "ca.crt");
	struct ord_bytes trusted = buf_bytes(&user_ca);
	struct net_opts n = {.tls = true, .client_auth = true};
	struct ord_err e = ERR_INIT;
	unsigned len = 0;
	X509 *x;

	n.cert_pem = buf_bytes(&cert);
	n.key_pem = buf_bytes(&key);
	open_service(d, o);
	start_server(d, &n);
	test_ok(net_server_client_cas(d->server, &trusted, 1, &e), &e);
	test_ok(net_tls_new(buf_bytes(&ca), buf_bytes(&user), buf_bytes(&user_key),
			    "orderer.example.com", 0, &d->tls, &e),
		&e);
	test_ok(crypto_cert_from_pem(buf_bytes(&user), &x, &e), &e);
	assert_int_equal(X509_digest(x, EVP_sha256(), cert_hash, &len), 1);
	X509_free(x);
	d->link = desk_link(d);
	buf_fini(&cert);
	buf_fini(&key);
	buf_fini(&ca);
	buf_fini(&user);
	buf_fini(&user_key);
	buf_fini(&user_ca);
}

/* In the daemon's order: streams, workers, chains. */
void desk_close(struct desk *d)
{
	tamper_release();
	net_client_free(d->client);
	net_tls_free(d->tls);
	net_server_stop(d->server, 0);
	rig_close(&d->rig);
	net_server_free(d->server);
	service_free(d->service);
	rig_free(&d->rig);
}

/* ---- a stream ------------------------------------------------------------ */

static void on_status(struct talk *t, int status, const char *info)
{
	t->answers++;
	t->successes += status == COMMON__STATUS__SUCCESS;
	t->status = status;
	snprintf(t->info, sizeof(t->info), "%s", info);
}

static void on_answer(struct net_stream *s, void *state, struct net_msg *m)
{
	Orderer__BroadcastResponse *r;
	struct ord_err e = ERR_INIT;

	(void)s;
	test_ok(wire_unpack(&orderer__broadcast_response__descriptor, buf_bytes(&m->body), &r, &e),
		&e);
	on_status(state, (int)r->status, r->info);
	wire_free(r);
}

static void on_block(struct talk *t, uint64_t number)
{
	if (t->blocks++ == 0)
		t->first = number;
	else if (number != t->last + 1)
		t->out_of_order = true;
	t->last = number;
}

static void on_delivered(struct net_stream *s, void *state, struct net_msg *m)
{
	Orderer__DeliverResponse *r;
	struct ord_err e = ERR_INIT;

	(void)s;
	test_ok(wire_unpack(&orderer__deliver_response__descriptor, buf_bytes(&m->body), &r, &e),
		&e);
	if (r->type_case == ORDERER__DELIVER_RESPONSE__TYPE_BLOCK)
		on_block(state, r->block->header->number);
	else
		on_status(state, (int)r->status, "");
	wire_free(r);
}

static void on_closed(struct net_stream *s, void *state)
{
	struct talk *t = state;
	const char *why;

	t->code = net_call_status(s, &why);
	snprintf(t->why, sizeof(t->why), "%s", why);
	t->closed = true;
	t->s = NULL;
}

static const struct net_method broadcast = {
	.path = "/orderer.AtomicBroadcast/Broadcast", .message = on_answer, .closed = on_closed};
static const struct net_method deliver = {
	.path = "/orderer.AtomicBroadcast/Deliver", .message = on_delivered, .closed = on_closed};

void talk_open(struct talk *t, struct net_link *l, const char *method)
{
	*t = (struct talk){0};
	t->s = net_call(l, strcmp(method, "Deliver") == 0 ? &deliver : &broadcast, t, 0);
	assert_non_null(t->s);
}

void talk_send_bytes(struct talk *t, struct ord_bytes message)
{
	struct net_chunk chunk = {.bytes = message};
	struct ord_err e = ERR_INIT;

	test_ok(net_stream_send(t->s, &chunk, 1, &e), &e);
}

void talk_send(struct talk *t, const struct ord_env *env)
{
	talk_send_bytes(t, env->raw);
}

void talk_send_tx(struct talk *t, struct desk *d, const char *text)
{
	struct ord_env *env = rig_tx(&d->rig.user, text);

	talk_send(t, env);
	env_unref(env);
}
