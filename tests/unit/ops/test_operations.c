/* SPDX-License-Identifier: Apache-2.0 */
/* /healthz, /logspec, /version (spec 8.1). */
#include "rig.h"

#include <unistd.h>

/* ---- checks that a test decides ------------------------------------------ */

#define MAX_CHECKS 3

static struct {
	size_t n;
	int codes[MAX_CHECKS];
	const char *why[MAX_CHECKS];
	bool later;                             /* on another thread, after a while */
	struct ord_ticket *tickets[MAX_CHECKS]; /* owed by that thread */
	pthread_t thread;
} checks;

static void *settle_all(void *arg)
{
	(void)arg;
	for (size_t i = checks.n; i-- > 0;) {
		clock_sleep_ns(CLOCK_MS_NS);
		checks.tickets[i]->done(checks.tickets[i], checks.codes[i], checks.why[i]);
	}
	return NULL;
}

static void check(void *arg, struct ops_health *h)
{
	static const char *const names[MAX_CHECKS] = {"a/0", "b/0", "\"c\"/0"};
	struct ord_err e = ERR_INIT;

	assert_ptr_equal(arg, &checks);
	for (size_t i = 0; i < checks.n; i++)
		checks.tickets[i] = ops_health_check(h, names[i]);
	if (checks.later)
		test_ok(thread_start(&checks.thread, "settler", settle_all, NULL, &e), &e);
	else
		settle_all(NULL);
}

static int start(void **state)
{
	struct ops_operations o = {
		.listen = {.address = "127.0.0.1:0"},
		.version = "1.2<3",
		.check = check,
		.arg = &checks,
	};
	struct ord_err e = ERR_INIT;

	(void)state;
	memset(&checks, 0, sizeof(checks));
	test_ok(ops_operations_open(&o, &server, &e), &e);
	port = ops_port(server);
	return 0;
}

static int stop_and_restore(void **state)
{
	struct ord_err e = ERR_INIT;

	test_ok(log_set_spec("info", &e), &e);
	return stop(state);
}

/* ---- health -------------------------------------------------------------- */

/* The body with the time's digits as '#'. */
static void expect_health(int status, const char *body)
{
	struct answer a;
	char *t;

	ask_for(port, "GET", "/healthz", "", &a);
	assert_int_equal(a.status, status);
	assert_string_equal(answer_header(&a, "Content-Type"), "application/json");
	t = strstr((char *)a.text.data, "\"time\":\"");
	assert_non_null(t);
	t += strlen("\"time\":\"");
	assert_true(strspn(t, "0123456789-T:.Z") >= strlen("2026-01-01T00:00:00Z"));
	memmove(t, t + strcspn(t, "\""), strlen(t + strcspn(t, "\"")) + 1);
	assert_string_equal(a.body, body);
	answer_fini(&a);
}

static void without_checks_all_is_well(void **state)
{
	(void)state;
	expect_health(200, "{\"status\":\"OK\",\"time\":\"\"}");
	expect("POST", "/healthz", "Content-Length: 0\r\n", 405, "");
}

static void every_check_must_pass(void **state)
{
	(void)state;
	checks.n = 2;
	expect_health(200, "{\"status\":\"OK\",\"time\":\"\"}");
	checks.n = 3;
	checks.codes[0] = checks.codes[2] = ORD_EUNAVAIL;
	checks.why[2] = "no \"broker\"";
	expect_health(503, "{\"status\":\"Service Unavailable\",\"time\":\"\",\"failed_checks\":["
			   "{\"component\":\"\\\"c\\\"/0\",\"reason\":\"no \\\"broker\\\"\"},"
			   "{\"component\":\"a/0\",\"reason\":\"service unavailable\"}]}");
}

static void checks_may_answer_from_another_thread(void **state)
{
	(void)state;
	checks.n = 3;
	checks.later = true;
	expect_health(200, "{\"status\":\"OK\",\"time\":\"\"}");
	pthread_join(checks.thread, NULL);
	checks.codes[1] = ORD_ETIMEDOUT;
	checks.why[1] = "too late";
	expect_health(503, "{\"status\":\"Service Unavailable\",\"time\":\"\",\"failed_checks\":["
			   "{\"component\":\"b/0\",\"reason\":\"too late\"}]}");
	pthread_join(checks.thread, NULL);
}

/* The listener stops and its clients leave while a ticket is still owed. */
static struct ord_ticket *owed;

static void check_never(void *arg, struct ops_health *h)
{
	(void)arg;
	owed = ops_health_check(h, "slow/0");
}

static void a_check_may_outlive_its_request(void **state)
{
	struct ops_operations o = {.listen = {.address = "127.0.0.1:0"}, .check = check_never};
	const char *rq = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
			 "GET /version HTTP/1.1\r\nHost: x\r\n\r\n";
	struct ops_server *s;
	struct ord_err e = ERR_INIT;
	struct answer a;
	int fd;

	(void)state;
	o.version = "1";
	test_ok(ops_operations_open(&o, &s, &e), &e);
	fd = http_connect(ops_port(s));
	assert_true(http_send(fd, rq, strlen(rq)));
	ask_for(ops_port(s), "GET", "/version", "", &a); /* the other is under way by now */
	assert_int_equal(a.status, 200);
	answer_fini(&a);
	ops_stop(s);
	http_receive(fd, &a);
	assert_int_equal(a.status, 408);
	answer_fini(&a);
	close(fd);
	owed->done(owed, ORD_OK, NULL);
	ops_free(s);
}

/* ---- log levels ---------------------------------------------------------- */

static void put(const char *body, int status, const char *answer)
{
	char *headers = x_printf("Content-Length: %zu\r\n", strlen(body));
	char *request = x_printf("PUT /logspec HTTP/1.1\r\nHost: x\r\n%s\r\n%s", headers, body);
	struct answer a;

	ask(port, request, &a);
	assert_int_equal(a.status, status);
	assert_string_equal(a.body, answer);
	answer_fini(&a);
	free(request);
	free(headers);
}

static void the_log_spec_is_read_and_set(void **state)
{
	(void)state;
	expect("GET", "/logspec", "", 200, "{\"spec\":\"info\"}\n");
	put("{\"spec\":\"b,a=debug:orderer.common=error:warn\"}", 204, "");
	expect("GET", "/logspec", "", 200,
	       "{\"spec\":\"a=debug:b=debug:orderer.common=error:warn\"}\n");
	put("{\"other\":[1,{\"x\":null}],\"spec\":\"\"}", 204, "");
	expect("GET", "/logspec", "", 200, "{\"spec\":\"info\"}\n");
	put(" \r\n\t{\"spec\":\"debug\"}\n", 204, "");
	expect("GET", "/logspec", "", 200, "{\"spec\":\"debug\"}\n");
	put("{}", 204, "");
	expect("GET", "/logspec", "", 200, "{\"spec\":\"info\"}\n");
}

static void a_bad_log_spec_changes_nothing(void **state)
{
	const char *no_object =
		"{\"error\":\"the body is not a JSON object {\\\"spec\\\":\\\"...\\\"}\"}\n";

	(void)state;
	put("{\"spec\":\"a=b=c\"}", 400,
	    "{\"error\":\"invalid logging specification 'a=b=c': bad segment 'a=b=c'\"}\n");
	put("{\"spec\":7}", 400, "{\"error\":\"\\\"spec\\\" is not a string\"}\n");
	put("{\"spec\":[\"debug\"]}", 400, "{\"error\":\"\\\"spec\\\" is not a string\"}\n");
	put("", 400, no_object);
	put("debug", 400, no_object);
	put("[]", 400, no_object);
	expect("GET", "/logspec", "", 200, "{\"spec\":\"info\"}\n");
	expect("POST", "/logspec", "Content-Length: 0\r\n", 400,
	       "{\"error\":\"invalid request method: POST\"}\n");
}

static void a_body_that_is_no_json_is_refused(void **state)
{
	struct buf deep = BUF_INIT;
	struct answer a;

	(void)state;
	buf_add_str(&deep,
		    "PUT /logspec HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n{\"spec\":");
	for (size_t i = strlen("{\"spec\":"); i < 9000; i++)
		buf_add_u8(&deep, '[');
	ask_bytes(port, buf_bytes(&deep), &a);
	assert_int_equal(a.status, 400);
	answer_fini(&a);
	deep.len = 0;
	buf_add_str(&deep, "PUT /logspec HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
	for (size_t i = 0; i < 100000; i++)
		buf_add_u8(&deep, ' ');
	ask_bytes(port, buf_bytes(&deep), &a);
	assert_int_equal(a.status, 400);
	assert_string_equal(a.body, "{\"error\":\"http: request body too large\"}\n");
	answer_fini(&a);
	buf_fini(&deep);
}

/* ---- the rest ------------------------------------------------------------ */

static void the_version_is_told(void **state)
{
	(void)state;
	expect("GET", "/version", "", 200, "{\"Version\":\"1.2\\u003c3\"}");
	expect("PUT", "/version", "Content-Length: 0\r\n", 400,
	       "{\"Error\":\"invalid request method: PUT\"}\n");
}

static void an_unknown_path_is_not_found(void **state)
{
	(void)state;
	expect("GET", "/", "", 404, "404 page not found\n");
	expect("GET", "/healthz/", "", 404, "404 page not found\n");
	expect("GET", "/metrics", "", 404, "404 page not found\n");
	expect("GET", "/participation/v1/channels", "", 404, "404 page not found\n");
}

static void add_metrics(void *arg, struct ops_metrics *m)
{
	static const struct histogram_sum sum = {
		.seconds = 2.5, .count = 3, .buckets = {0, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2}};

	assert_ptr_equal(arg, &checks);
	ops_metric(m, "test_height", 'g', "A \\ and\na new line.");
	ops_sample(m, (struct ops_label[]){{"channel", "a\"\\\n"}, {"x", ""}, {0}}, 1234567890123);
	ops_sample(m, NULL, 0.25);
	ops_metric(m, "test_seconds", 'h', "Time.");
	ops_sample_histogram(m, (struct ops_label[]){{"channel", "a"}, {0}}, &sum);
}

static const char wanted_metrics[] = "# HELP test_height A \\\\ and\\na new line.\n"
				     "# TYPE test_height gauge\n"
				     "test_height{channel=\"a\\\"\\\\\\n\",x=\"\"} 1234567890123\n"
				     "test_height 0.25\n"
				     "# HELP test_seconds Time.\n"
				     "# TYPE test_seconds histogram\n"
				     "test_seconds_bucket{channel=\"a\",le=\"0.005\"} 0\n"
				     "test_seconds_bucket{channel=\"a\",le=\"0.01\"} 1\n";

static void metrics_are_told_as_prometheus_reads_them(void **state)
{
	struct ops_operations o = {
		.listen = {.address = "127.0.0.1:0"},
		.version = "1\"2",
		.metrics = add_metrics,
		.arg = &checks,
	};
	struct ops_server *s;
	struct ord_err e = ERR_INIT;
	struct answer a;

	(void)state;
	test_ok(ops_operations_open(&o, &s, &e), &e);
	ask_for(ops_port(s), "GET", "/metrics", "", &a);
	assert_int_equal(a.status, 200);
	assert_string_equal(answer_header(&a, "Content-Type"),
			    "text/plain; version=0.0.4; charset=utf-8");
	assert_non_null(strstr(a.body, "\nfabric_version{version=\"1\\\"2\"} 1\n"));
	assert_non_null(strstr(a.body, wanted_metrics));
	assert_non_null(strstr(a.body, "test_seconds_bucket{channel=\"a\",le=\"10\"} 2\n"
				       "test_seconds_bucket{channel=\"a\",le=\"+Inf\"} 3\n"
				       "test_seconds_sum{channel=\"a\"} 2.5\n"
				       "test_seconds_count{channel=\"a\"} 3\n"));
	assert_non_null(strstr(a.body, "\nprocess_resident_memory_bytes "));
	answer_fini(&a);
	ops_stop(s);
	ops_free(s);
}

static bool is_uuid(const char *s)
{
	static const char like[] = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
	size_t i;

	for (i = 0; like[i]; i++)
		if (like[i] == 'x'   ? !strchr("0123456789abcdef", s[i])
		    : like[i] == 'y' ? !strchr("89ab", s[i])
				     : s[i] != like[i])
			return false;
	return s[i] == '\0';
}

static void every_answer_carries_the_request_id(void **state)
{
	static const char *const paths[] = {"/healthz", "/version", "/nothing"};
	struct answer a;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(paths); i++) {
		ask_for(port, "GET", paths[i], "X-Request-Id: one two\r\n", &a);
		assert_string_equal(answer_header(&a, "X-Request-Id"), "one two");
		answer_fini(&a);
		ask_for(port, "GET", paths[i], "", &a);
		assert_true(is_uuid(answer_header(&a, "X-Request-Id")));
		answer_fini(&a);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop_and_restore)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(without_checks_all_is_well),
		CASE(every_check_must_pass),
		CASE(checks_may_answer_from_another_thread),
		CASE(a_check_may_outlive_its_request),
		CASE(the_log_spec_is_read_and_set),
		CASE(a_bad_log_spec_changes_nothing),
		CASE(a_body_that_is_no_json_is_refused),
		CASE(the_version_is_told),
		CASE(metrics_are_told_as_prometheus_reads_them),
		CASE(an_unknown_path_is_not_found),
		CASE(every_answer_carries_the_request_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
