/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets in over TLS, and who does not. */
#include "rig.h"

#include <openssl/ssl.h>
#include <unistd.h>

#define HOUR 3600L

static struct cert ca, server, client, other_ca, other_client, twin_ca, twin_client, old_client;

static int make_certs(void **state)
{
	(void)state;
	cert_make(&ca, "ca", NULL, -HOUR, HOUR, true);
	cert_make(&server, "orderer", &ca, -HOUR, HOUR, true);
	cert_make(&client, "peer0", &ca, -HOUR, HOUR, true);
	cert_make(&old_client, "peer0", &ca, -3 * HOUR, -2 * HOUR, true);
	cert_make(&other_ca, "other ca", NULL, -HOUR, HOUR, true);
	cert_make(&other_client, "peer1", &other_ca, -HOUR, HOUR, true);
	cert_make(&twin_ca, "ca", NULL, -HOUR, HOUR, true);
	cert_make(&twin_client, "peer2", &twin_ca, -HOUR, HOUR, true);
	return 0;
}

static int drop_certs(void **state)
{
	struct cert *all[] = {&ca,           &server,  &client,      &other_ca,
			      &other_client, &twin_ca, &twin_client, &old_client};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(all); i++)
		cert_fini(all[i]);
	return 0;
}

static void trust(struct rig *r, const struct cert *a, const struct cert *b)
{
	struct ord_bytes pems[2] = {buf_bytes(&a->pem), b ? buf_bytes(&b->pem) : bytes_str("")};
	struct ord_err e = ERR_INIT;

	test_ok(net_server_client_cas(r->server, pems, b ? 2 : 1, &e), &e);
}

static void start_tls(struct rig *r, bool client_auth, int64_t shift_ns)
{
	struct net_opts o = {.tls = true,
			     .client_auth = client_auth,
			     .cert_pem = buf_bytes(&server.pem),
			     .key_pem = buf_bytes(&server.key_pem),
			     .tls_time_shift_ns = shift_ns};

	rig_start(r, &o);
	if (client_auth)
		trust(r, &ca, NULL);
}

static struct net_tls *tls_as(const struct cert *own, const struct cert *root, const char *name)
{
	struct ord_bytes none = bytes_of(NULL, 0);
	struct ord_err e = ERR_INIT;
	struct net_tls *t = NULL;

	test_ok(net_tls_new(buf_bytes(&root->pem), own ? buf_bytes(&own->pem) : none,
			    own ? buf_bytes(&own->key_pem) : none, name, 0, &t, &e),
		&e);
	return t;
}

/* One echo; returns the status. */
static int try_call(struct rig *r, const struct cert *own, const struct cert *root,
		    const char *name, char why[300])
{
	struct net_tls *t = tls_as(own, root, name);
	struct call c;
	int code;

	rig_call(&c, rig_link(r, t), "/rig.Rig/Echo", 0);
	net_tls_free(t);
	call_send(&c, "hello");
	net_call_half_close(c.s);
	rig_wait(r, c.closed);
	if (why)
		memcpy(why, c.why, sizeof(c.why));
	code = c.code;
	assert_int_equal(c.messages, code == NET_OK ? 1 : 0);
	call_fini(&c);
	return code;
}

static void tls_carries_messages_of_any_size(void **state)
{
	struct net_tls *t;
	struct rig r;
	struct call c;

	(void)state;
	start_tls(&r, false, 0);
	t = tls_as(NULL, &ca, NULL);
	rig_call(&c, rig_link(&r, t), "/rig.Rig/Echo", 0);
	net_tls_free(t);
	for (size_t n = 1, i = 1; n < 9000000; n *= 7, i++) {
		call_send_bytes(&c, n);
		rig_wait(&r, c.messages == i);
		assert_int_equal(c.last.len, n);
	}
	call_fini(&c);
	rig_stop(&r);
}

static void a_slow_reader_over_tls_is_waited_for(void **state)
{
	struct net_tls *t;
	struct rig r;
	struct call c;

	(void)state;
	start_tls(&r, false, 0);
	t = tls_as(NULL, &ca, NULL);
	rig_call(&c, rig_link(&r, t), "/rig.Rig/Source", 0);
	net_tls_free(t);
	net_stream_pause(c.s);
	call_send(&c, "100 206000");
	rig_wait(&r, atomic_load(&seen.queued) > 0);
	net_stream_resume(c.s);
	rig_wait(&r, c.closed);
	assert_int_equal(c.code, NET_OK);
	assert_int_equal(c.bytes, 100 * 206000);
	call_fini(&c);
	rig_stop(&r);
}

static void a_certificate_is_asked_for_but_not_checked(void **state)
{
	uint8_t want[SHA256_LEN], *der = NULL;
	struct rig r;
	int n = i2d_X509(other_client.x509, &der);

	(void)state;
	sha256(bytes_of(der, (size_t)n), want);
	OPENSSL_free(der);
	start_tls(&r, false, 0);
	assert_int_equal(try_call(&r, NULL, &ca, NULL, NULL), NET_OK);
	assert_int_equal(atomic_load(&seen.cert_hash_len), 0);
	assert_string_equal(seen.subject, "");
	assert_int_equal(try_call(&r, &other_client, &ca, NULL, NULL), NET_OK);
	assert_int_equal(atomic_load(&seen.cert_hash_len), SHA256_LEN);
	assert_memory_equal(seen.cert_hash, want, SHA256_LEN);
	assert_string_equal(seen.subject, "CN=peer1,O=Org");
	rig_stop(&r);
}

static void mutual_tls_lets_in_who_is_trusted(void **state)
{
	struct rig r;

	(void)state;
	start_tls(&r, true, 0);
	assert_int_equal(try_call(&r, &client, &ca, NULL, NULL), NET_OK);
	assert_int_equal(try_call(&r, NULL, &ca, NULL, NULL), NET_UNAVAILABLE);
	assert_int_equal(try_call(&r, &other_client, &ca, NULL, NULL), NET_UNAVAILABLE);
	assert_int_equal(try_call(&r, &old_client, &ca, NULL, NULL), NET_UNAVAILABLE);
	assert_int_equal(atomic_load(&seen.opened), 1);
	rig_stop(&r);
}

static void a_new_pool_counts_for_new_handshakes(void **state)
{
	struct ord_bytes junk = bytes_str("not a certificate");
	struct ord_err e = ERR_INIT;
	struct net_tls *t;
	struct rig r;
	struct call c;

	(void)state;
	start_tls(&r, true, 0);
	t = tls_as(&client, &ca, NULL);
	rig_call(&c, rig_link(&r, t), "/rig.Rig/Echo", 0);
	net_tls_free(t);
	call_send(&c, "one");
	rig_wait(&r, c.messages == 1);
	trust(&r, &other_ca, NULL);
	assert_int_equal(try_call(&r, &client, &ca, NULL, NULL), NET_UNAVAILABLE);
	assert_int_equal(try_call(&r, &other_client, &ca, NULL, NULL), NET_OK);
	call_send(&c, "two");
	rig_wait(&r, c.messages == 2);
	test_fails(net_server_client_cas(r.server, &junk, 1, &e), &e, ORD_EINVAL,
		   "trusted CA certificates: no PEM certificate in entry 0");
	assert_int_equal(try_call(&r, &other_client, &ca, NULL, NULL), NET_OK);
	call_fini(&c);
	rig_stop(&r);
}

static void two_cas_of_one_name_both_work(void **state)
{
	struct rig r;

	(void)state;
	start_tls(&r, true, 0);
	trust(&r, &ca, &twin_ca);
	assert_int_equal(try_call(&r, &client, &ca, NULL, NULL), NET_OK);
	assert_int_equal(try_call(&r, &twin_client, &ca, NULL, NULL), NET_OK);
	trust(&r, &twin_ca, &ca);
	assert_int_equal(try_call(&r, &client, &ca, NULL, NULL), NET_OK);
	assert_int_equal(try_call(&r, &twin_client, &ca, NULL, NULL), NET_OK);
	rig_stop(&r);
}

/* Without key identifiers only the signature tells the CAs apart. */
static void two_cas_of_one_name_work_without_key_identifiers(void **state)
{
	struct cert plain_ca[2], plain_client[2];
	struct rig r;

	(void)state;
	for (int i = 0; i < 2; i++) {
		cert_make(&plain_ca[i], "ca", NULL, -HOUR, HOUR, false);
		cert_make(&plain_client[i], "peer", &plain_ca[i], -HOUR, HOUR, false);
	}
	start_tls(&r, true, 0);
	for (int first = 0; first < 2; first++) {
		trust(&r, &plain_ca[first], &plain_ca[1 - first]);
		for (int i = 0; i < 2; i++)
			assert_int_equal(try_call(&r, &plain_client[i], &ca, NULL, NULL), NET_OK);
	}
	rig_stop(&r);
	for (int i = 0; i < 2; i++) {
		cert_fini(&plain_ca[i]);
		cert_fini(&plain_client[i]);
	}
}

/* The pools of Fabric hold intermediate certificates beside roots, and Go trusts both. */
static void a_leaf_in_the_pool_is_trusted_itself(void **state)
{
	struct rig r;

	(void)state;
	start_tls(&r, true, 0);
	trust(&r, &other_client, NULL);
	assert_int_equal(try_call(&r, &other_client, &ca, NULL, NULL), NET_OK);
	rig_stop(&r);
}

static void the_time_shift_forgives_expired_certificates(void **state)
{
	struct rig r;

	(void)state;
	/* Two and a half hours ago the old client was valid and the CA not yet. */
	start_tls(&r, true, (int64_t)(5 * HOUR / 2) * (int64_t)CLOCK_SEC_NS);
	trust(&r, &old_client, NULL);
	assert_int_equal(try_call(&r, &old_client, &ca, NULL, NULL), NET_OK);
	assert_int_equal(try_call(&r, &client, &ca, NULL, NULL), NET_UNAVAILABLE);
	rig_stop(&r);
}

static void the_client_checks_the_server(void **state)
{
	char why[300];
	struct rig r;

	(void)state;
	start_tls(&r, false, 0);
	assert_int_equal(try_call(&r, NULL, &ca, "localhost", NULL), NET_OK);
	assert_int_equal(try_call(&r, NULL, &ca, "elsewhere", why), NET_UNAVAILABLE);
	assert_string_equal(why, "hostname mismatch");
	assert_int_equal(try_call(&r, NULL, &other_ca, NULL, why), NET_UNAVAILABLE);
	assert_string_equal(why, "unable to get local issuer certificate");
	rig_stop(&r);
}

/* ---- clients that are not ours ------------------------------------------- */

/* Handshake as @version with @ciphers and @alpn; returns the session, or NULL when it is refused.
 */
static SSL *shake(struct rig *r, int version, const char *ciphers, const char *alpn)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int fd = raw_connect(r->port);
	SSL *ssl;

	SSL_CTX_set_min_proto_version(ctx, version);
	SSL_CTX_set_max_proto_version(ctx, version);
	if (ciphers)
		assert_int_equal(SSL_CTX_set_cipher_list(ctx, ciphers), 1);
	ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	if (alpn)
		SSL_set_alpn_protos(ssl, (const uint8_t *)alpn, (unsigned)strlen(alpn));
	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) == 1)
		return ssl;
	SSL_free(ssl);
	raw_close(fd);
	return NULL;
}

static void part(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);

	SSL_free(ssl);
	raw_close(fd);
}

static void only_h2_is_spoken(void **state)
{
	const uint8_t *proto;
	unsigned n;
	struct rig r;
	SSL *ssl;

	(void)state;
	start_tls(&r, false, 0);
	for (int v = TLS1_2_VERSION; v <= TLS1_3_VERSION; v++) {
		ssl = shake(&r, v, NULL, "\x08http/1.1\x02h2");
		assert_non_null(ssl);
		SSL_get0_alpn_selected(ssl, &proto, &n);
		assert_int_equal(n, 2);
		assert_memory_equal(proto, "h2", 2);
		part(ssl);
		assert_null(shake(&r, v, NULL, "\x08http/1.1"));
		assert_null(shake(&r, v, NULL, NULL));
	}
	rig_stop(&r);
}

static void versions_and_suites_are_fabrics(void **state)
{
	struct rig r;
	SSL *ssl;

	(void)state;
	start_tls(&r, false, 0);
	ssl = shake(&r, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", "\x02h2");
	assert_non_null(ssl);
	part(ssl);
	ssl = shake(&r, TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384", "\x02h2");
	assert_non_null(ssl);
	part(ssl);
	assert_null(shake(&r, TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", "\x02h2"));
	assert_null(shake(&r, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256", "\x02h2"));
	assert_null(shake(&r, TLS1_1_VERSION, "ALL:@SECLEVEL=0", "\x02h2"));
	rig_stop(&r);
}

static void there_are_no_session_tickets(void **state)
{
	struct frame f;
	struct rig r;
	SSL *ssl;

	(void)state;
	start_tls(&r, false, 0);
	for (int v = TLS1_2_VERSION; v <= TLS1_3_VERSION; v++) {
		ssl = shake(&r, v, NULL, "\x02h2");
		assert_non_null(ssl);
		assert_true(SSL_read(ssl, f.body, sizeof(f.body)) > 0);
		assert_int_equal(SSL_SESSION_has_ticket(SSL_get_session(ssl)), 0);
		assert_int_equal(SSL_SESSION_is_resumable(SSL_get_session(ssl)), 0);
		part(ssl);
	}
	rig_stop(&r);
}

static void a_client_hello_may_come_in_pieces(void **state)
{
	struct rig r;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	BIO *out = BIO_new(BIO_s_mem()), *in = BIO_new(BIO_s_mem());
	uint8_t answer[16384];
	ssize_t got;
	char *hello;
	long n;
	int fd;

	(void)state;
	start_tls(&r, false, 0);
	fd = raw_connect(r.port);
	SSL_set_alpn_protos(ssl, (const uint8_t *)"\x02h2", 3);
	SSL_set_bio(ssl, in, out);
	assert_true(SSL_connect(ssl) < 0);
	n = BIO_get_mem_data(out, &hello);
	for (long i = 0; i < n; i++) {
		raw_send(fd, hello + i, 1);
		if (i % 50 == 0)
			net_client_run(r.client, clock_mono_ns() + CLOCK_MS_NS);
	}
	BIO_reset(out);
	while (SSL_connect(ssl) != 1) {
		got = read(fd, answer, sizeof(answer));
		assert_true(got > 0);
		BIO_write(in, answer, (int)got);
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	raw_close(fd);
	rig_stop(&r);
}

static void bad_pem_files_are_named(void **state)
{
	struct net_opts o = {.address = "127.0.0.1", .tls = true};
	struct net_server *s;
	struct ord_err e = ERR_INIT;

	(void)state;
	test_fails(net_server_new(&o, &s, &e), &e, ORD_EINVAL,
		   "TLS certificate: no PEM certificate in it");
	o.cert_pem = buf_bytes(&server.pem);
	test_fails(net_server_new(&o, &s, &e), &e, ORD_EINVAL,
		   "TLS private key: no readable PEM key in it");
	o.key_pem = buf_bytes(&client.key_pem);
	test_fails(net_server_new(&o, &s, &e), &e, ORD_EINVAL,
		   "TLS private key: it does not belong to the certificate");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls_carries_messages_of_any_size),
		cmocka_unit_test(a_slow_reader_over_tls_is_waited_for),
		cmocka_unit_test(a_certificate_is_asked_for_but_not_checked),
		cmocka_unit_test(mutual_tls_lets_in_who_is_trusted),
		cmocka_unit_test(a_new_pool_counts_for_new_handshakes),
		cmocka_unit_test(two_cas_of_one_name_both_work),
		cmocka_unit_test(two_cas_of_one_name_work_without_key_identifiers),
		cmocka_unit_test(a_leaf_in_the_pool_is_trusted_itself),
		cmocka_unit_test(the_time_shift_forgives_expired_certificates),
		cmocka_unit_test(the_client_checks_the_server),
		cmocka_unit_test(only_h2_is_spoken),
		cmocka_unit_test(versions_and_suites_are_fabrics),
		cmocka_unit_test(there_are_no_session_tickets),
		cmocka_unit_test(a_client_hello_may_come_in_pieces),
		cmocka_unit_test(bad_pem_files_are_named),
	};

	return cmocka_run_group_tests(tests, make_certs, drop_certs);
}
