/* SPDX-License-Identifier: Apache-2.0 */
/* The access log: Fabric's line for each call that is over, with its fields. */
#include "../capture.h"
#include "rig.h"

#include <regex.h>

#define HOUR 3600L

static void server_logs(struct rig *r, struct capture *c, const char *format,
			const struct net_opts *given)
{
	struct net_opts o = given ? *given : (struct net_opts){0};
	struct ord_err e = ERR_INIT;

	test_ok(log_set_format(format, &e), &e);
	o.on_call_end = net_log_call;
	rig_start(r, &o);
	capture_start(c);
}

/* The server is stopped, so that it has written what it will; one line, and it is @want. */
static void logged(struct rig *r, struct capture *c, const char *want)
{
	struct buf out;
	regex_t re;

	rig_stop(r);
	out = capture_end(c);
	assert_int_equal(regcomp(&re, want, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, buf_cstr(&out), 0, NULL, 0) != 0)
		fail_msg("logged:\n%s\nwant:\n%s", (char *)out.data, want);
	regfree(&re);
	buf_fini(&out);
}

static void echo(struct rig *r, struct net_tls *tls, uint64_t timeout_ns)
{
	struct call c;

	rig_call(&c, rig_link(r, tls), "/rig.Rig/Echo", timeout_ns);
	call_send(&c, "hello");
	net_call_half_close(c.s);
	rig_wait(r, c.closed);
	assert_int_equal(c.code, NET_OK);
	call_fini(&c);
}

#define WHO  "grpc\\.service=rig\\.Rig grpc\\.method="
#define PEER "grpc\\.peer_address=127\\.0\\.0\\.1:[0-9]+"
#define TOOK "grpc\\.call_duration=[0-9.]+(ns|\xc2\xb5s|ms|s)"

static void a_call_that_went_well_is_one_line(void **state)
{
	struct capture c;
	struct rig r;

	(void)state;
	server_logs(&r, &c, "%{module} %{level} %{message}", NULL);
	echo(&r, NULL, 0);
	logged(&r, &c,
	       "^comm\\.grpc\\.server INFO streaming call completed " WHO "Echo " PEER
	       " grpc\\.code=OK " TOOK "\n$");
}

static void a_call_that_failed_says_why(void **state)
{
	struct capture capture;
	struct rig r;
	struct call c;

	(void)state;
	server_logs(&r, &capture, "%{message}", NULL);
	rig_call(&c, rig_link(&r, NULL), "/rig.Rig/Status", 0);
	call_send(&c, "9 not yet\n");
	rig_wait(&r, c.closed);
	call_fini(&c);
	logged(&r, &capture,
	       "^streaming call completed " WHO "Status " PEER
	       " error=\"rpc error: code = FailedPrecondition desc = not yet\\\\n\""
	       " grpc\\.code=FailedPrecondition " TOOK "\n$");
}

static void a_cancelled_call_says_so(void **state)
{
	struct capture capture;
	struct rig r;
	struct call c;

	(void)state;
	server_logs(&r, &capture, "%{message}", NULL);
	rig_call(&c, rig_link(&r, NULL), "/rig.Rig/Echo", 0);
	call_send(&c, "hello");
	rig_wait(&r, c.messages == 1);
	net_call_cancel(c.s);
	rig_wait(&r, c.closed && atomic_load(&seen.closed) == 1);
	call_fini(&c);
	logged(&r, &capture,
	       "^streaming call completed " WHO "Echo " PEER
	       " error=\"rpc error: code = Canceled desc = context canceled\""
	       " grpc\\.code=Canceled " TOOK "\n$");
}

static void deadline_and_certificate_are_named(void **state)
{
	struct cert ca, server, client;
	struct net_opts o = {.tls = true, .client_auth = true};
	struct ord_err e = ERR_INIT;
	struct net_tls *tls = NULL;
	struct ord_bytes pem;
	struct capture c;
	struct rig r;

	(void)state;
	cert_make(&ca, "ca", NULL, -HOUR, HOUR, true);
	cert_make(&server, "orderer", &ca, -HOUR, HOUR, true);
	cert_make(&client, "peer0", &ca, -HOUR, HOUR, true);
	pem = buf_bytes(&ca.pem);
	o.cert_pem = buf_bytes(&server.pem);
	o.key_pem = buf_bytes(&server.key_pem);
	server_logs(&r, &c, "json", &o);
	test_ok(net_server_client_cas(r.server, &pem, 1, &e), &e);
	test_ok(net_tls_new(pem, buf_bytes(&client.pem), buf_bytes(&client.key_pem), NULL, 0, &tls,
			    &e),
		&e);
	echo(&r, tls, 60 * CLOCK_SEC_NS);
	net_tls_free(tls);
	logged(&r, &c,
	       "^\\{\"level\":\"info\",\"ts\":[0-9.]+,\"name\":\"comm\\.grpc\\.server\","
	       "\"caller\":\"[a-z_]+\",\"msg\":\"streaming call completed\","
	       "\"grpc\\.service\":\"rig\\.Rig\",\"grpc\\.method\":\"Echo\","
	       "\"grpc\\.request_deadline\":[0-9]{10,}\\.[0-9]{6},"
	       "\"grpc\\.peer_address\":\"127\\.0\\.0\\.1:[0-9]+\","
	       "\"grpc\\.peer_subject\":\"CN=peer0[^\"]*\","
	       "\"grpc\\.code\":\"OK\",\"grpc\\.call_duration\":[0-9.e-]+\\}\n$");
	cert_fini(&ca);
	cert_fini(&server);
	cert_fini(&client);
}

static void the_spec_turns_it_off(void **state)
{
	struct ord_err e = ERR_INIT;
	struct capture c;
	struct rig r;

	(void)state;
	test_ok(log_set_spec("comm.grpc.server=warn:info", &e), &e);
	server_logs(&r, &c, "%{message}", NULL);
	echo(&r, NULL, 0);
	logged(&r, &c, "^$");
	test_ok(log_set_spec("info", &e), &e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_that_went_well_is_one_line),
		cmocka_unit_test(a_call_that_failed_says_why),
		cmocka_unit_test(a_cancelled_call_says_so),
		cmocka_unit_test(deadline_and_certificate_are_named),
		cmocka_unit_test(the_spec_turns_it_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
