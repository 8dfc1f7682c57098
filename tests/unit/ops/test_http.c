/* SPDX-License-Identifier: Apache-2.0 */
/* The listener under clients that do not behave, and what it says when it cannot listen. */
#include "rig.h"

#include <sys/socket.h>
#include <unistd.h>

static void serve(uint64_t read_timeout_ns)
{
	struct ops_admin o = {
		.listen = {.address = "127.0.0.1:0", .read_timeout_ns = read_timeout_ns},
		.participation = true,
		.max_body = 1024,
		.channels = fake_channels(),
	};
	struct ord_err e = ERR_INIT;

	test_ok(ops_admin_open(&o, &server, &e), &e);
	port = ops_port(server);
}

static int start(void **state)
{
	(void)state;
	fake_reset();
	serve(0);
	return 0;
}

static int start_impatient(void **state)
{
	(void)state;
	fake_reset();
	serve(200 * CLOCK_MS_NS);
	return 0;
}

static void it_still_serves(void)
{
	struct answer a;

	ask_for(port, "GET", "/participation/v1/channels", "", &a);
	assert_int_equal(a.status, 200);
	answer_fini(&a);
}

static int status_of(struct ord_bytes request)
{
	struct answer a;
	int status;

	ask_bytes(port, request, &a);
	status = a.status;
	answer_fini(&a);
	return status;
}

/* ---- requests that are too much, or no requests -------------------------- */

static void huge_headers_are_refused(void **state)
{
	struct buf rq = BUF_INIT;

	(void)state;
	buf_add_str(&rq, "GET /participation/v1/channels HTTP/1.1\r\nHost: x\r\nX-Large: ");
	for (size_t i = 0; i < 200000; i++)
		buf_add_u8(&rq, 'x');
	buf_add_str(&rq, "\r\n\r\n");
	assert_true(status_of(buf_bytes(&rq)) != 200);
	rq.len = 0;
	buf_add_str(&rq, "GET /");
	for (size_t i = 0; i < 200000; i++)
		buf_add_u8(&rq, 'x');
	buf_add_str(&rq, " HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(status_of(buf_bytes(&rq)) != 200);
	buf_fini(&rq);
	it_still_serves();
}

static void what_is_no_http_is_refused(void **state)
{
	static const char *const requests[] = {
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"\r\n\r\n\r\n",
		"GET\r\n\r\n",
		"GET / HTTP/9.9\r\n\r\n",
		"POST /participation/v1/channels HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		"POST /participation/v1/channels HTTP/1.1\r\nHost: x\r\n"
		"Content-Length: 99999999999999999999999\r\n\r\n",
		"POST /participation/v1/channels HTTP/1.1\r\nHost: x\r\n"
		"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(requests); i++) {
		int fd = http_connect(port);
		struct answer a;

		http_send(fd, requests[i], strlen(requests[i]));
		shutdown(fd, SHUT_WR);
		http_receive(fd, &a);
		assert_true(a.status == 0 || a.status >= 300);
		answer_fini(&a);
		close(fd);
	}
	it_still_serves();
}

static void a_chunked_form_is_read_too(void **state)
{
	const char *form = "--b\r\nContent-Disposition: form-data; name=\"config-block\"; "
			   "filename=\"f\"\r\n\r\nblock\r\n--b--\r\n";
	char *rq =
		x_printf("POST /participation/v1/channels HTTP/1.1\r\nHost: x\r\n" FORM_TYPE
			 "Transfer-Encoding: chunked\r\n\r\n%zx\r\n%.10s\r\n%zx\r\n%s\r\n0\r\n\r\n",
			 (size_t)10, form, strlen(form) - 10, form + 10);

	(void)state;
	assert_int_equal(status_of(bytes_str(rq)), 201);
	assert_true(bytes_eq_str(buf_bytes(&fake.joined), "block"));
	free(rq);
}

static void an_endless_body_is_cut(void **state)
{
	static char piece[1 << 16];
	const char *head = "POST /participation/v1/channels HTTP/1.1\r\nHost: x\r\n" FORM_TYPE
			   "Content-Length: 1099511627776\r\n\r\n";
	int fd = http_connect(port);
	size_t sent = 0;

	(void)state;
	assert_true(http_send(fd, head, strlen(head)));
	while (http_send(fd, piece, sizeof(piece)))
		sent += sizeof(piece);
	assert_true(sent < (size_t)200 << 20);
	close(fd);
	it_still_serves();
}

/* ---- clients that take their time ---------------------------------------- */

/* Bytes that come one at a time do not keep a connection. */
static void drip(const char *head)
{
	int fd = http_connect(port);
	unsigned n = 0;

	assert_true(http_send(fd, head, strlen(head)));
	while (http_send(fd, "x", 1) && n++ < 10000)
		clock_sleep_ns(2 * CLOCK_MS_NS);
	assert_true(n < 10000);
	close(fd);
}

static void a_slow_client_is_cut(void **state)
{
	(void)state;
	drip("");
	drip("GET /participation/v1/channels HTTP/1.1\r\nX-Slow: ");
	drip("POST /participation/v1/channels HTTP/1.1\r\nHost: x\r\n" FORM_TYPE
	     "Content-Length: 1000000\r\n\r\n");
	it_still_serves();
}

static void idle_connections_do_not_keep_others_out(void **state)
{
	int fds[100];

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(fds); i++)
		fds[i] = http_connect(port);
	it_still_serves();
	for (size_t i = 0; i < UTIL_ARRAY_LEN(fds); i++)
		close(fds[i]);
}

static void a_connection_serves_one_request_after_another(void **state)
{
	const char *rq = "GET /participation/v1/channels HTTP/1.1\r\nHost: x\r\n\r\n";
	int fd = http_connect(port);

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct answer a;

		assert_true(http_send(fd, rq, strlen(rq)));
		http_receive(fd, &a);
		assert_int_equal(a.status, 200);
		answer_fini(&a);
	}
	close(fd);
}

static void a_client_that_leaves_is_forgotten(void **state)
{
	const char *rq = "POST /participation/v1/channels HTTP/1.1\r\nHost: x\r\n" FORM_TYPE
			 "Content-Length: 100\r\n\r\nhalf";

	(void)state;
	for (int i = 0; i < 200; i++) {
		int fd = http_connect(port);

		http_send(fd, rq, strlen(rq));
		close(fd);
	}
	it_still_serves();
}

/* ---- listening ----------------------------------------------------------- */

static void what_cannot_be_listened_on_is_named(void **state)
{
	struct ops_admin o = {.channels = fake_channels(), .max_body = 1};
	struct ops_server *s;
	struct ord_err e = ERR_INIT;
	char *text =
		x_printf("failed to start admin server: listen tcp 127.0.0.1:%u: Address already "
			 "in use",
			 port);
	char *address = x_printf("127.0.0.1:%u", port);

	(void)state;
	o.listen.address = address;
	test_fails(ops_admin_open(&o, &s, &e), &e, ORD_EINTERNAL, text);
	o.listen.address = "localhost";
	test_fails(ops_admin_open(&o, &s, &e), &e, ORD_EINVAL,
		   "failed to start admin server: address localhost is not HOST:PORT");
	o.listen.address = "::1:80";
	test_fails(ops_admin_open(&o, &s, &e), &e, ORD_EINVAL,
		   "failed to start admin server: address ::1:80 is not HOST:PORT");
	o.listen.address = "127.0.0.1:http";
	test_fails(ops_admin_open(&o, &s, &e), &e, ORD_EINVAL,
		   "failed to start admin server: address 127.0.0.1:http has no port between 0 and "
		   "65535");
	o.listen.address = "127.0.0.1:65536";
	assert_int_equal(ops_admin_open(&o, &s, &e), ORD_EINVAL);
	assert_null(s);
	free(address);
	free(text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(huge_headers_are_refused),
		CASE(what_is_no_http_is_refused),
		CASE(a_chunked_form_is_read_too),
		CASE(an_endless_body_is_cut),
		cmocka_unit_test_setup_teardown(a_slow_client_is_cut, start_impatient, stop),
		cmocka_unit_test_setup_teardown(idle_connections_do_not_keep_others_out,
						start_impatient, stop),
		CASE(a_connection_serves_one_request_after_another),
		CASE(a_client_that_leaves_is_forgotten),
		CASE(what_cannot_be_listened_on_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
