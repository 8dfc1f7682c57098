/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in over TLS. */
#include "../net/rig.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <unistd.h>

#include "rig.h"

#define HOUR 3600L

static struct cert ca, other_ca, server_cert, client, stranger, expired;

static int make_certs(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN); /* OpenSSL writes where nobody reads any more */
	cert_make(&ca, "ca", NULL, -HOUR, HOUR, true);
	cert_make(&other_ca, "other", NULL, -HOUR, HOUR, true);
	cert_make(&server_cert, "server", &ca, -HOUR, HOUR, true);
	cert_make(&client, "client", &ca, -HOUR, HOUR, true);
	cert_make(&stranger, "stranger", &other_ca, -HOUR, HOUR, true);
	cert_make(&expired, "expired", &ca, -2 * HOUR, -HOUR, true);
	return 0;
}

static int free_certs(void **state)
{
	(void)state;
	cert_fini(&ca);
	cert_fini(&other_ca);
	cert_fini(&server_cert);
	cert_fini(&client);
	cert_fini(&stranger);
	cert_fini(&expired);
	return 0;
}

static struct ops_listen listen_with(bool client_auth, bool cas)
{
	return (struct ops_listen){
		.address = "127.0.0.1:0",
		.tls = true,
		.client_auth = client_auth,
		.cert_pem = buf_bytes(&server_cert.pem),
		.key_pem = buf_bytes(&server_cert.key_pem),
		.client_cas_pem = cas ? buf_bytes(&ca.pem) : bytes_of(NULL, 0),
	};
}

static void serve_operations(bool client_auth, bool cas)
{
	struct ops_operations o = {.listen = listen_with(client_auth, cas), .version = "1"};
	struct ord_err e = ERR_INIT;

	test_ok(ops_operations_open(&o, &server, &e), &e);
	port = ops_port(server);
}

static void serve_admin(void)
{
	struct ops_admin o = {
		.listen = listen_with(true, true),
		.participation = true,
		.max_body = 1 << 20,
		.channels = fake_channels(),
	};
	struct ord_err e = ERR_INIT;

	fake_reset();
	test_ok(ops_admin_open(&o, &server, &e), &e);
	port = ops_port(server);
}

static SSL_CTX *client_context(const struct cert *own, int max_version)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	assert_non_null(ctx);
	SSL_CTX_set_max_proto_version(ctx, max_version);
	SSL_CTX_set_security_level(ctx, 0);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca.x509);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (own) {
		SSL_CTX_use_certificate(ctx, own->x509);
		SSL_CTX_use_PrivateKey(ctx, own->key);
	}
	return ctx;
}

/* What a refused client was told last. */
static int alert;

static void on_event(const SSL *ssl, int where, int value)
{
	(void)ssl;
	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
		alert = value & 0xff;
}

/* The status of a request's answer; 0: the connection was refused. */
static int exchange(SSL *ssl, struct ord_bytes rq)
{
	char text[4096];
	int n = 0, got;

	alert = -1;
	SSL_set_info_callback(ssl, on_event);
	if (SSL_connect(ssl) != 1)
		return 0;
	SSL_write(ssl, rq.data, (int)rq.len);
	while (n < (int)sizeof(text) - 1 &&
	       (got = SSL_read(ssl, text + n, (int)sizeof(text) - 1 - n)) > 0)
		n += got;
	text[n] = '\0';
	return n > 9 ? atoi(text + strlen("HTTP/1.1 ")) : 0;
}

static int ask_tls(const struct cert *own, int max_version, struct ord_bytes rq)
{
	SSL_CTX *ctx = client_context(own, max_version);
	SSL *ssl = SSL_new(ctx);
	int fd = http_connect(port), status;

	SSL_set_fd(ssl, fd);
	status = exchange(ssl, rq);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
	return status;
}

/* On TLS 1.2 and 1.3 alike. */
static void expect_status(const struct cert *own, const char *path, int status)
{
	char *rq = x_printf("GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);

	assert_int_equal(ask_tls(own, TLS1_2_VERSION, bytes_str(rq)), status);
	assert_int_equal(ask_tls(own, TLS1_3_VERSION, bytes_str(rq)), status);
	free(rq);
}

/* ---- operations ---------------------------------------------------------- */

static void log_levels_are_for_certified_clients(void **state)
{
	(void)state;
	serve_operations(false, true);
	expect_status(NULL, "/healthz", 200);
	expect_status(NULL, "/version", 200);
	expect_status(NULL, "/nothing", 404);
	expect_status(NULL, "/logspec", 401);
	expect_status(&client, "/logspec", 200);
	expect_status(&client, "/healthz", 200);
}

static void a_certificate_that_is_shown_must_be_good(void **state)
{
	(void)state;
	serve_operations(false, true);
	expect_status(&stranger, "/healthz", 0);
	expect_status(&expired, "/healthz", 0);
	expect_status(&stranger, "/logspec", 0);
}

static void without_client_cas_no_certificate_is_good(void **state)
{
	(void)state;
	serve_operations(false, false);
	expect_status(NULL, "/healthz", 200);
	expect_status(NULL, "/logspec", 401);
	expect_status(&client, "/logspec", 0);
}

static void a_required_certificate_is_required_everywhere(void **state)
{
	(void)state;
	serve_operations(true, true);
	expect_status(NULL, "/healthz", 0);
	assert_int_equal(alert, TLS13_AD_CERTIFICATE_REQUIRED);
	expect_status(NULL, "/version", 0);
	expect_status(&stranger, "/healthz", 0);
	assert_int_equal(alert, SSL_AD_BAD_CERTIFICATE);
	expect_status(&client, "/healthz", 200);
	expect_status(&client, "/logspec", 200);
}

static void old_tls_and_no_tls_are_refused(void **state)
{
	struct ord_bytes rq = bytes_str("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	struct answer a;

	(void)state;
	serve_operations(false, true);
	assert_int_equal(ask_tls(&client, TLS1_1_VERSION, rq), 0);
	ask_bytes(port, rq, &a);
	assert_int_equal(a.status, 0);
	answer_fini(&a);
	expect_status(NULL, "/healthz", 200);
}

/* ---- administration ------------------------------------------------------ */

static void the_admin_listener_takes_certified_clients_only(void **state)
{
	(void)state;
	serve_admin();
	expect_status(NULL, "/participation/v1/channels", 0);
	expect_status(&stranger, "/participation/v1/channels", 0);
	expect_status(&expired, "/participation/v1/channels", 0);
	expect_status(&client, "/participation/v1/channels", 200);
}

static void a_large_form_comes_through(void **state)
{
	struct buf form = BUF_INIT, rq = BUF_INIT, file = BUF_INIT;

	(void)state;
	serve_admin();
	for (size_t i = 0; i < 300000; i++)
		buf_add_u8(&file, (uint8_t)(i * 7));
	form_part(&form, "config-block", "f", buf_bytes(&file));
	form_end(&form);
	buf_printf(
		&rq,
		"POST /participation/v1/channels HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" FORM_TYPE
		"Content-Length: %zu\r\n\r\n",
		form.len);
	buf_add_bytes(&rq, buf_bytes(&form));
	assert_int_equal(ask_tls(&client, TLS1_3_VERSION, buf_bytes(&rq)), 201);
	assert_true(bytes_eq(buf_bytes(&fake.joined), buf_bytes(&file)));
	buf_fini(&form);
	buf_fini(&rq);
	buf_fini(&file);
}

static void a_bad_certificate_is_named(void **state)
{
	struct ops_operations o = {.listen = listen_with(false, true), .version = "1"};
	struct ops_server *s;
	struct ord_err e = ERR_INIT;

	(void)state;
	o.listen.key_pem = buf_bytes(&client.key_pem);
	assert_int_equal(ops_operations_open(&o, &s, &e), ORD_EINVAL);
	assert_non_null(strstr(e.msg, "failed to start operations subsystem: "));
	assert_non_null(strstr(e.msg, "key"));
	assert_null(s);
	server = NULL;
}

#define CASE(name) cmocka_unit_test_teardown(name, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(log_levels_are_for_certified_clients),
		CASE(a_certificate_that_is_shown_must_be_good),
		CASE(without_client_cas_no_certificate_is_good),
		CASE(a_required_certificate_is_required_everywhere),
		CASE(old_tls_and_no_tls_are_refused),
		CASE(the_admin_listener_takes_certified_clients_only),
		CASE(a_large_form_comes_through),
		CASE(a_bad_certificate_is_named),
	};

	return cmocka_run_group_tests(tests, make_certs, free_certs);
}
