/* SPDX-License-Identifier: Apache-2.0 */
/* The channel participation API, row by row of spec 9.2. */
#include "rig.h"

#define MAX_BODY 4096

static void serve(bool participation)
{
	struct ops_admin o = {
		.listen = {.address = "127.0.0.1:0"},
		.participation = participation,
		.max_body = MAX_BODY,
		.channels = fake_channels(),
	};
	struct ord_err e = ERR_INIT;

	test_ok(ops_admin_open(&o, &server, &e), &e);
	port = ops_port(server);
	assert_int_not_equal(port, 0);
}

static int start(void **state)
{
	(void)state;
	fake_reset();
	serve(true);
	return 0;
}

static void expect_header(const char *method, const char *path, const char *name, const char *value)
{
	struct answer a;

	ask_for(port, method, path, "", &a);
	assert_string_equal(answer_header(&a, name), value);
	answer_fini(&a);
}

static void expect_form(const char *headers, const struct buf *form, int status, const char *body)
{
	struct answer a;

	post_form(port, headers, form, &a);
	assert_int_equal(a.status, status);
	assert_string_equal(a.body, body);
	answer_fini(&a);
}

/* ---- reading ------------------------------------------------------------- */

static void the_base_leads_to_the_channels(void **state)
{
	(void)state;
	expect("GET", "/participation/v1/", "", 302,
	       "<a href=\"/participation/v1/channels\">Found</a>.\n\n");
	expect_header("GET", "/participation/v1/", "Location", "/participation/v1/channels");
	expect("GET", "/participation/v1", "", 301,
	       "<a href=\"/participation/v1/\">Moved Permanently</a>.\n\n");
	expect_header("GET", "/participation/v1", "Location", "/participation/v1/");
}

static void no_channels_are_null(void **state)
{
	(void)state;
	expect("GET", "/participation/v1/channels", "", 200,
	       "{\"systemChannel\":null,\"channels\":null}\n");
	expect_header("GET", "/participation/v1/channels", "Cache-Control", "no-store");
	expect_header("GET", "/participation/v1/channels", "Content-Type", "application/json");
}

static void channels_are_listed_the_system_channel_apart(void **state)
{
	(void)state;
	fake.system = "system";
	expect("GET", "/participation/v1/channels", "", 200,
	       "{\"systemChannel\":{\"name\":\"system\",\"url\":\"/participation/v1/channels/"
	       "system\"},\"channels\":null}\n");
	fake.channels[0] = "a";
	fake.channels[1] = "b.c";
	expect("GET", "/participation/v1/channels?x=y", "", 200,
	       "{\"systemChannel\":{\"name\":\"system\",\"url\":\"/participation/v1/channels/"
	       "system\"},\"channels\":[{\"name\":\"a\",\"url\":\"/participation/v1/channels/a\"},"
	       "{\"name\":\"b.c\",\"url\":\"/participation/v1/channels/b.c\"}]}\n");
}

static void one_channel_is_described(void **state)
{
	const char *body =
		"{\"name\":\"a\",\"url\":\"/participation/v1/channels/a\","
		"\"consensusRelation\":\"consenter\",\"status\":\"active\",\"height\":7}\n";

	(void)state;
	fake.channels[0] = "a";
	expect("GET", "/participation/v1/channels/a", "", 200, body);
	expect("GET", "/participation/v1/channels/%61", "", 200, body);
	expect_header("GET", "/participation/v1/channels/a", "Cache-Control", "no-store");
	expect("GET", "/participation/v1/channels/b", "", 404,
	       "{\"error\":\"channel does not exist\"}\n");
}

static void a_bad_channel_id_is_refused(void **state)
{
	(void)state;
	fake.channels[0] = "a";
	expect("GET", "/participation/v1/channels/A", "", 400,
	       "{\"error\":\"invalid channel ID: 'A' contains illegal characters\"}\n");
	expect("DELETE", "/participation/v1/channels/a%00b", "", 400,
	       "{\"error\":\"invalid channel ID: 'a%00b' contains illegal characters\"}\n");
	expect("GET", "/participation/v1/channels/%2fa", "", 400,
	       "{\"error\":\"invalid channel ID: '/a' contains illegal characters\"}\n");
	expect("GET", "/participation/v1/channels/%3Ca%3E%ff", "", 400,
	       "{\"error\":\"invalid channel ID: '\\u003ca\\u003e\\ufffd' contains illegal "
	       "characters\"}\n");
	assert_string_equal(fake.removed, "");
}

static void an_unknown_path_is_not_found(void **state)
{
	static const char *const paths[] = {"/",
					    "/healthz",
					    "/participation/",
					    "/participation/v2/channels",
					    "/participation/v1/channel",
					    "/participation/v1/channels/",
					    "/participation/v1/channels/a/b"};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(paths); i++)
		expect("GET", paths[i], "", 404, "404 page not found\n");
}

/* ---- methods, acceptance ------------------------------------------------- */

static void another_method_is_refused(void **state)
{
	(void)state;
	expect("PUT", "/participation/v1/channels", "", 405,
	       "{\"error\":\"invalid request method: PUT\"}\n");
	expect_header("PUT", "/participation/v1/channels", "Allow", "GET, POST");
	expect("POST", "/participation/v1/channels/a", "", 405,
	       "{\"error\":\"invalid request method: POST\"}\n");
	expect_header("POST", "/participation/v1/channels/A", "Allow", "GET, DELETE");
	expect_header("DELETE", "/participation/v1/", "Allow", "GET");
	expect_header("HEAD", "/participation/v1/channels", "Allow", "GET, POST");
}

static void only_json_is_served(void **state)
{
	static const char *const good[] = {"",
					   "Accept: */*\r\n",
					   "Accept: text/html, */*;q=0.1\r\n",
					   "Accept: application/*\r\n",
					   "Accept: text/html,application/json\r\n",
					   "Accept:\r\n"};
	static const char *const paths[] = {"/participation/v1/channels",
					    "/participation/v1/channels/a"};
	const char *refusal = "{\"error\":\"response Content-Type is application/json only\"}\n";
	struct answer a;

	(void)state;
	fake.channels[0] = "a";
	for (size_t i = 0; i < UTIL_ARRAY_LEN(good); i++) {
		ask_for(port, "GET", paths[i % 2], good[i], &a);
		assert_int_equal(a.status, 200);
		answer_fini(&a);
	}
	expect("GET", paths[0], "Accept: text/html\r\n", 406, refusal);
	expect("GET", paths[1], "Accept: text/html\r\n", 406, refusal);
	expect("POST", paths[0], "Accept: text/html\r\nContent-Length: 0\r\n", 406, refusal);
	expect("DELETE", paths[1], "Accept: text/html\r\n", 406, refusal);
	assert_string_equal(fake.removed, "");
}

static void everything_is_refused_while_disabled(void **state)
{
	const char *refusal = "{\"error\":\"channel participation API is disabled\"}\n";

	(void)state;
	ops_stop(server);
	ops_free(server);
	serve(false);
	expect("GET", "/participation/v1/", "", 503, refusal);
	expect("GET", "/participation/v1/channels", "", 503, refusal);
	expect("DELETE", "/participation/v1/channels/a", "", 503, refusal);
	expect("POST", "/participation/v1/channels", FORM_TYPE "Content-Length: 0\r\n", 503,
	       refusal);
	expect("GET", "/healthz", "", 404, "404 page not found\n");
}

/* ---- remove -------------------------------------------------------------- */

static void a_channel_is_removed(void **state)
{
	(void)state;
	expect("DELETE", "/participation/v1/channels/my.channel", "", 204, "");
	assert_string_equal(fake.removed, "my.channel");
}

static void a_refused_removal_says_why(void **state)
{
	static const struct {
		const char *text;
		int status;
		const char *allow;
	} rows[] = {
		{"cannot remove: system channel exists", 405, "GET"},
		{"cannot remove: channel does not exist", 404, ""},
		{"cannot remove: channel pending removal", 409, ""},
		{"cannot remove: whatever", 400, ""},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++) {
		char *body = x_printf("{\"error\":\"%s\"}\n", rows[i].text);

		fake.refusal = rows[i].text;
		fake.status = rows[i].status;
		expect("DELETE", "/participation/v1/channels/a", "", rows[i].status, body);
		expect_header("DELETE", "/participation/v1/channels/a", "Allow", rows[i].allow);
		free(body);
	}
}

/* ---- join ---------------------------------------------------------------- */

static void a_channel_is_joined(void **state)
{
	struct ord_bytes block = bytes_of("\0\r\n--\r\n--bb\r\n\xff", 14);
	struct buf form = BUF_INIT;
	struct answer a;

	(void)state;
	form_part(&form, "config-block", "config.block", block);
	form_end(&form);
	post_form(port, FORM_TYPE, &form, &a);
	assert_int_equal(a.status, 201);
	assert_string_equal(answer_header(&a, "Location"), "/participation/v1/channels/joined");
	assert_string_equal(a.body, "{\"name\":\"joined\",\"url\":\"/participation/v1/channels/"
				    "joined\",\"consensusRelation\":\"consenter\",\"status\":"
				    "\"active\",\"height\":7}\n");
	assert_true(bytes_eq(buf_bytes(&fake.joined), block));
	answer_fini(&a);
	buf_fini(&form);
}

static void a_refused_join_says_why(void **state)
{
	static const struct {
		const char *text;
		int status;
		const char *allow;
	} rows[] = {
		{"cannot join: system channel exists", 405, "GET"},
		{"cannot join: channel already exists", 405, "GET, DELETE"},
		{"cannot join: application channels already exist", 403, ""},
		{"cannot join: channel pending removal", 409, ""},
		{"cannot join: channel removal failure", 500, ""},
		{"invalid join block: block is not a config block", 400, ""},
	};
	struct buf form = BUF_INIT;

	(void)state;
	form_part(&form, "config-block", "config.block", bytes_str("block"));
	form_end(&form);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++) {
		char *body = x_printf("{\"error\":\"%s\"}\n", rows[i].text);
		struct answer a;

		fake.refusal = rows[i].text;
		fake.status = rows[i].status;
		post_form(port, FORM_TYPE, &form, &a);
		assert_int_equal(a.status, rows[i].status);
		assert_string_equal(a.body, body);
		assert_string_equal(answer_header(&a, "Allow"), rows[i].allow);
		answer_fini(&a);
		free(body);
	}
	buf_fini(&form);
}

static void a_form_has_one_file_and_nothing_else(void **state)
{
	const char *missing = "{\"error\":\"form does not contains part key: config-block\"}\n";
	const char *many = "{\"error\":\"form contains too many parts\"}\n";
	struct ord_bytes x = bytes_str("x");
	struct buf form = BUF_INIT;

	(void)state;
	form_end(&form);
	expect_form(FORM_TYPE, &form, 400, missing);
	form.len = 0;
	form_part(&form, "config-block", NULL, x); /* a value, not a file */
	form_end(&form);
	expect_form(FORM_TYPE, &form, 400, missing);
	form.len = 0;
	form_part(&form, "block", "config.block", x);
	form_end(&form);
	expect_form(FORM_TYPE, &form, 400, missing);
	form.len = 0;
	form_part(&form, "config-block", "a", x);
	form_part(&form, "config-block", "b", x);
	form_end(&form);
	expect_form(FORM_TYPE, &form, 400, many);
	form.len = 0;
	form_part(&form, "config-block", "a", x);
	form_part(&form, "more", NULL, x);
	form_end(&form);
	expect_form(FORM_TYPE, &form, 400, many);
	assert_int_equal(fake.joined.len, 0);
	buf_fini(&form);
}

static void another_content_type_is_refused(void **state)
{
	struct buf body = BUF_INIT;

	(void)state;
	buf_add_str(&body, "{}");
	expect_form("", &body, 400, "{\"error\":\"unsupported Content-Type: []\"}\n");
	expect_form("Content-Type: application/json\r\n", &body, 400,
		    "{\"error\":\"unsupported Content-Type: [application/json]\"}\n");
	expect_form(
		"Content-Type: multipart/form-data; boundary\r\n", &body, 400,
		"{\"error\":\"cannot parse Mime media type: mime: invalid media parameter\"}\n");
	expect_form("Content-Type: multipart/form-data\r\n", &body, 400,
		    "{\"error\":\"cannot read form from request body: multipart: boundary is "
		    "empty\"}\n");
	expect_form(
		FORM_TYPE, &body, 400,
		"{\"error\":\"cannot read form from request body: multipart: NextPart: EOF\"}\n");
	buf_fini(&body);
}

static void a_body_is_at_most_as_large_as_allowed(void **state)
{
	struct buf form = BUF_INIT, file = BUF_INIT;
	struct answer a;

	(void)state;
	form_part(&form, "config-block", "f", bytes_of(NULL, 0));
	form_end(&form);
	for (size_t n = form.len; n < MAX_BODY; n++)
		buf_add_u8(&file, 'x');
	form.len = 0;
	form_part(&form, "config-block", "f", buf_bytes(&file));
	form_end(&form);
	assert_int_equal(form.len, MAX_BODY);
	post_form(port, FORM_TYPE, &form, &a);
	assert_int_equal(a.status, 201);
	answer_fini(&a);
	assert_true(bytes_eq(buf_bytes(&fake.joined), buf_bytes(&file)));

	fake.joined.len = 0;
	buf_add_str(&form, "x");
	expect_form(FORM_TYPE, &form, 400,
		    "{\"error\":\"cannot read form from request body: http: request body too "
		    "large\"}\n");
	assert_int_equal(fake.joined.len, 0);
	buf_fini(&file);
	buf_fini(&form);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_base_leads_to_the_channels),
		CASE(no_channels_are_null),
		CASE(channels_are_listed_the_system_channel_apart),
		CASE(one_channel_is_described),
		CASE(a_bad_channel_id_is_refused),
		CASE(an_unknown_path_is_not_found),
		CASE(another_method_is_refused),
		CASE(only_json_is_served),
		CASE(everything_is_refused_while_disabled),
		CASE(a_channel_is_removed),
		CASE(a_refused_removal_says_why),
		CASE(a_channel_is_joined),
		CASE(a_refused_join_says_why),
		CASE(a_form_has_one_file_and_nothing_else),
		CASE(another_content_type_is_refused),
		CASE(a_body_is_at_most_as_large_as_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
