/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that no well-behaved client sends, and clocks that jump. */
#include "rig.h"

#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <unistd.h>

static struct rig rig;
static int conn; /* the first connection */

/* ---- a clock that only the test moves ------------------------------------ */

static atomic_uint_fast64_t hand;

static uint64_t read_hand(void)
{
	return atomic_load(&hand);
}

static void hold_clock(void)
{
	atomic_store(&hand, clock_mono_ns());
	clock_virtual(read_hand);
}

/* The loop looks at the clock when something comes. */
static void advance(uint64_t ns)
{
	struct frame f;
	int fd;

	atomic_fetch_add(&hand, ns);
	fd = raw_connect(rig.port);
	assert_true(raw_read(fd, &f)); /* its SETTINGS: the loop has made a round */
	raw_close(fd);
}

/* ---- fixture ------------------------------------------------------------- */

static int set_up(void **state)
{
	(void)state;
	rig_start(&rig, NULL);
	conn = raw_open(rig.port);
	return 0;
}

static int set_up_with_clock(void **state)
{
	hold_clock();
	return set_up(state);
}

/* With a budget of 16 MiB. */
static int set_up_with_budget(void **state)
{
	(void)state;
	hold_clock();
	rig_start(&rig, &(struct net_opts){.max_recv_msg = 1 << 20});
	conn = raw_open(rig.port);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	raw_close(conn);
	rig_stop(&rig);
	clock_virtual(NULL);
	return 0;
}

/* ---- helpers ------------------------------------------------------------- */

static void message(struct buf *b, uint8_t flag, const char *text, size_t n)
{
	buf_add_u8(b, flag);
	for (int i = 24; i >= 0; i -= 8)
		buf_add_u8(b, (uint8_t)(n >> i));
	buf_add(b, text, n);
}

static void send_message(int fd, uint32_t stream, uint8_t flag, const char *text, bool end)
{
	struct buf b = BUF_INIT;

	message(&b, flag, text, strlen(text));
	raw_frame(fd, NGHTTP2_DATA, end, stream, b.data, b.len);
	buf_fini(&b);
}

static void expect_headers(int fd, const char *const *lines)
{
	struct buf text = BUF_INIT;
	struct frame f;

	assert_true(raw_skip_to(fd, NGHTTP2_HEADERS, &f));
	raw_headers(&f, &text);
	for (; *lines; lines++)
		if (!strstr((char *)text.data, *lines))
			fail_msg("no \"%s\" in:\n%s", *lines, (char *)text.data);
	buf_fini(&text);
}
#define EXPECT_HEADERS(fd, ...) expect_headers((fd), (const char *const[]){__VA_ARGS__, NULL})

/* The connection ends, with a GOAWAY that bears @code and @text. */
static void expect_goaway(int fd, uint32_t code, const char *text)
{
	struct frame f;

	assert_true(raw_skip_to(fd, NGHTTP2_GOAWAY, &f));
	assert_true(f.len >= 8);
	assert_int_equal(f.body[7], code);
	assert_int_equal(f.len - 8, strlen(text));
	assert_memory_equal(f.body + 8, text, f.len - 8);
	while (raw_read(fd, &f))
		;
}

/* ---- requests ------------------------------------------------------------ */

static void requests_that_are_not_grpc_are_refused(void **state)
{
	static const struct {
		const char *extra[5];
		const char *want[5];
	} t[] = {
		{{"content-type", "text/html", NULL},
		 {":status: 415\n", "grpc-status: 3\n",
		  "grpc-message: invalid gRPC request content-type \"text/html\"\n"}},
		{{"content-type", "application/grpcx", NULL}, {":status: 415\n"}},
		{{"content-type", NULL, NULL},
		 {":status: 415\n", "grpc-message: the request has no gRPC content-type\n"}},
		{{":method", "PUT", NULL}, {":status: 405\n", "grpc-status: 13\n"}},
		{{"grpc-timeout", "1x", NULL},
		 {":status: 400\n", "grpc-message: malformed grpc-timeout: \"1x\"\n"}},
		{{"grpc-encoding", "gzip", NULL},
		 {":status: 200\n", "grpc-status: 12\n", "grpc-accept-encoding: identity\n",
		  "grpc-message: grpc: Decompressor is not installed for grpc-encoding \"gzip\"\n"}},
		{{"content-type", "application/grpc+proto", "grpc-encoding", "identity", NULL},
		 {":status: 200\n", "grpc-status: 0\n"}},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(t); i++) {
		int fd = raw_open(rig.port);

		raw_request(fd, 1, "/rig.Rig/Silent", true, t[i].extra);
		expect_headers(fd, t[i].want);
		raw_close(fd);
	}
	assert_int_equal(atomic_load(&seen.opened), 1);
}

static void a_header_list_over_the_limit_is_refused(void **state)
{
	char *value = x_alloc(8101);
	const char *extra[] = {"x-one", value, "x-two", value, NULL};

	(void)state;
	memset(value, 'v', 8100);
	raw_request(conn, 1, "/rig.Rig/Echo", false, extra);
	EXPECT_HEADERS(conn, ":status: 431\n", "grpc-status: 8\n");
	extra[2] = NULL;
	raw_request(conn, 3, "/rig.Rig/Silent", true, extra);
	EXPECT_HEADERS(conn, "grpc-status: 0\n");
	free(value);
}

static void a_compressed_message_is_refused(void **state)
{
	(void)state;
	raw_request(conn, 1, "/rig.Rig/Echo", false, NULL);
	send_message(conn, 1, 1, "zip", false);
	EXPECT_HEADERS(conn, "grpc-status: 13\n", "compressed flag set with identity or empty");
	raw_request(conn, 3, "/rig.Rig/Echo", false, NULL);
	send_message(conn, 3, 7, "what", false);
	EXPECT_HEADERS(conn, "grpc-status: 13\n", "received unexpected payload format 7");
}

static void a_message_cut_short_is_an_error(void **state)
{
	(void)state;
	raw_request(conn, 1, "/rig.Rig/Silent", false, NULL);
	raw_frame(conn, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "\0\0\0\0\5abc", 8);
	EXPECT_HEADERS(conn, "grpc-status: 13\n", "grpc-message: unexpected EOF\n");
}

/* On each of @n streams, 400 KB of a message of 1 MiB, for which 512 KiB are kept. */
static void send_unfinished(int fd, uint32_t n)
{
	static const uint8_t window[] = {0x7f, 0, 0, 0};
	static const uint8_t head[] = {0, 0, 0x10, 0, 0};
	static uint8_t part[16000];

	raw_frame(fd, NGHTTP2_WINDOW_UPDATE, 0, 0, window, sizeof(window));
	for (uint32_t id = 1; id < 2 * n; id += 2) {
		raw_request(fd, id, "/rig.Rig/Silent", false, NULL);
		raw_frame(fd, NGHTTP2_DATA, 0, id, head, sizeof(head));
		for (int i = 0; i < 25; i++)
			raw_frame(fd, NGHTTP2_DATA, 0, id, part, sizeof(part));
	}
}

static void unfinished_messages_are_bounded(void **state)
{
	(void)state;
	send_unfinished(conn, 80);
	EXPECT_HEADERS(conn, "grpc-status: 8\n", "grpc-message: too many unfinished messages\n");
	assert_int_equal(atomic_load(&seen.messages), 0);
}

static void who_has_spent_the_budget_is_not_in_others_way(void **state)
{
	static struct call call;
	struct frame f;

	(void)state;
	send_unfinished(conn, 36);
	raw_frame(conn, NGHTTP2_PING, 0, 0, "01234567", 8);
	assert_true(raw_skip_to(conn, NGHTTP2_PING, &f)); /* all of it was read */
	rig_call(&call, rig_link(&rig, NULL), "/rig.Rig/Echo", 0);
	for (unsigned i = 1; i <= 3; i++) {
		call_send_bytes(&call, 1 << 20);
		rig_wait(&rig, call.messages == i);
	}
	call_fini(&call);
}

/* One message goes on though the budget is spent; it must not stand in the others' way for ever. */
static void a_favourite_that_is_not_finished_is_dropped(void **state)
{
	struct frame f;

	(void)state;
	send_unfinished(conn, 36);
	raw_frame(conn, NGHTTP2_PING, 0, 0, "01234567", 8);
	assert_true(raw_skip_to(conn, NGHTTP2_PING, &f));
	advance(31 * CLOCK_SEC_NS);
	assert_true(raw_skip_to(conn, NGHTTP2_HEADERS, &f));
	assert_int_equal(atomic_load(&seen.last_code), NET_RESOURCE_EXHAUSTED);
}

static void messages_may_be_cut_and_joined_anywhere(void **state)
{
	struct buf b = BUF_INIT;
	int fd;

	(void)state;
	for (int i = 0; i < 20; i++)
		message(&b, 0, "some message of twenty", (size_t)i);
	for (size_t cut = 1; cut <= b.len; cut += cut < 12 ? 1 : 50) {
		fd = raw_open(rig.port);
		atomic_store(&seen.messages, 0);
		raw_request(fd, 1, "/rig.Rig/Silent", false, NULL);
		for (size_t off = 0; off < b.len; off += cut)
			raw_frame(fd, NGHTTP2_DATA, 0, 1, b.data + off,
				  b.len - off < cut ? b.len - off : cut);
		raw_frame(fd, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, NULL, 0);
		EXPECT_HEADERS(fd, "grpc-status: 0\n");
		assert_int_equal(atomic_load(&seen.messages), 20);
		raw_close(fd);
	}
	buf_fini(&b);
}

static void the_end_of_a_call_resets_a_client_that_goes_on(void **state)
{
	struct buf text = BUF_INIT;
	struct frame f;

	(void)state;
	raw_request(conn, 1, "/rig.Rig/Status", false, NULL);
	send_message(conn, 1, 0, "5 no such block", false);
	assert_true(raw_skip_to(conn, NGHTTP2_HEADERS, &f));
	assert_true(f.flags & NGHTTP2_FLAG_END_STREAM);
	raw_headers(&f, &text);
	assert_non_null(strstr(buf_cstr(&text), "grpc-message: no such block\n"));
	buf_fini(&text);
	assert_true(raw_read(conn, &f));
	assert_int_equal(f.type, NGHTTP2_RST_STREAM);
	assert_int_equal(f.body[3], NGHTTP2_NO_ERROR);
	/* What was under way meanwhile does no harm. */
	send_message(conn, 1, 0, "late", true);
	raw_request(conn, 3, "/rig.Rig/Silent", true, NULL);
	EXPECT_HEADERS(conn, "grpc-status");
}

static void the_window_may_change_in_mid_connection(void **state)
{
	static const uint8_t tiny[] = {0, 4, 0, 0, 0, 100}, huge[] = {0, 4, 0, 0x52, 0x65, 0xc0};
	static const uint8_t conn_more[] = {0, 0x52, 0x65, 0xc0};
	struct frame f = {0};
	size_t got = 0;

	(void)state;
	raw_frame(conn, NGHTTP2_SETTINGS, 0, 0, tiny, sizeof(tiny));
	raw_request(conn, 1, "/rig.Rig/Source", false, NULL);
	send_message(conn, 1, 0, "1 1000000", false);
	while (got < 100 && raw_skip_to(conn, NGHTTP2_DATA, &f))
		got += f.len;
	assert_int_equal(got, 100);
	raw_frame(conn, NGHTTP2_WINDOW_UPDATE, 0, 0, conn_more, sizeof(conn_more));
	raw_frame(conn, NGHTTP2_SETTINGS, 0, 0, huge, sizeof(huge));
	while (got < 1000005 && raw_skip_to(conn, NGHTTP2_DATA, &f))
		got += f.len;
	assert_int_equal(got, 1000005);
}

static void streams_beyond_the_limit_end_the_connection(void **state)
{
	const uint32_t limit = 16384;
	struct frame f;

	(void)state;
	for (uint32_t i = 0; i < limit; i++)
		raw_request(conn, 2 * i + 1, "/rig.Rig/Silent", false, NULL);
	rig_wait(&rig, atomic_load(&seen.opened) == limit);
	raw_request(conn, 2 * limit + 1, "/rig.Rig/Silent", false, NULL);
	assert_true(raw_skip_to(conn, NGHTTP2_GOAWAY, &f));
	assert_int_equal(f.body[7], NGHTTP2_PROTOCOL_ERROR);
	while (raw_read(conn, &f))
		;
	assert_int_equal(atomic_load(&seen.opened), limit);
	rig_wait(&rig, atomic_load(&seen.closed) == limit);
}

/* ---- clocks -------------------------------------------------------------- */

static void the_server_keeps_deadlines_itself(void **state)
{
	const char *const extra[] = {"grpc-timeout", "1500m", NULL};
	struct frame f;
	int fd;

	(void)state;
	fd = raw_open(rig.port);
	raw_request(fd, 1, "/rig.Rig/Silent", false, extra);
	rig_wait(&rig, atomic_load(&seen.opened) == 1);
	atomic_fetch_add(&hand, 1400 * CLOCK_MS_NS);
	raw_request(conn, 1, "/rig.Rig/Silent", true, NULL);
	assert_true(raw_skip_to(conn, NGHTTP2_HEADERS, &f));
	assert_int_equal(atomic_load(&seen.closed), 1); /* the other one */
	atomic_fetch_add(&hand, 100 * CLOCK_MS_NS);
	raw_request(conn, 3, "/rig.Rig/Silent", true, NULL);
	EXPECT_HEADERS(fd, "grpc-status: 4\n", "grpc-message: context deadline exceeded\n");
	rig_wait(&rig, atomic_load(&seen.closed) == 3);
	close(fd);
}

static void a_handshake_has_its_time(void **state)
{
	struct frame f;
	int silent;

	(void)state;
	raw_request(conn, 1, "/rig.Rig/Echo", false, NULL);
	rig_wait(&rig, atomic_load(&seen.opened) == 1);
	silent = raw_connect(rig.port);
	assert_true(raw_skip_to(silent, NGHTTP2_SETTINGS, &f));
	advance(5 * CLOCK_SEC_NS);
	while (raw_read(silent, &f))
		;
	/* A stream without a message has all the time it wants. */
	advance(3600 * CLOCK_SEC_NS);
	send_message(conn, 1, 0, "hello", false);
	assert_true(raw_skip_to(conn, NGHTTP2_DATA, &f));
	close(silent);
}

static void a_silent_client_is_pinged_and_then_dropped(void **state)
{
	struct frame f;

	(void)state;
	raw_request(conn, 1, "/rig.Rig/Echo", false, NULL);
	rig_wait(&rig, atomic_load(&seen.opened) == 1);
	advance(7200 * CLOCK_SEC_NS);
	assert_true(raw_skip_to(conn, NGHTTP2_PING, &f));
	raw_frame(conn, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, f.body, 8);
	send_message(conn, 1, 0, "I am here", false);
	assert_true(raw_skip_to(conn, NGHTTP2_DATA, &f));
	advance(20 * CLOCK_SEC_NS);
	advance(7180 * CLOCK_SEC_NS);
	assert_true(raw_skip_to(conn, NGHTTP2_PING, &f));
	advance(20 * CLOCK_SEC_NS);
	while (raw_read(conn, &f))
		;
	assert_int_equal(atomic_load(&seen.closed), 1);
}

static void ping(int fd)
{
	raw_frame(fd, NGHTTP2_PING, 0, 0, "12345678", 8);
}

static void a_ping_every_ten_seconds_is_tolerated(void **state)
{
	struct frame f;

	(void)state;
	for (int i = 0; i < 100; i++) {
		ping(conn);
		assert_true(raw_skip_to(conn, NGHTTP2_PING, &f));
		assert_int_equal(f.flags, NGHTTP2_FLAG_ACK);
		atomic_fetch_add(&hand, (i % 2 ? 10100 : 9900) * CLOCK_MS_NS);
	}
	for (int i = 0; i < 4; i++)
		ping(conn);
	expect_goaway(conn, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
}

static void pings_between_answers_are_tolerated(void **state)
{
	struct frame f;

	(void)state;
	raw_request(conn, 1, "/rig.Rig/Echo", false, NULL);
	for (int i = 0; i < 200; i++) {
		send_message(conn, 1, 0, "hello", false);
		assert_true(raw_skip_to(conn, NGHTTP2_DATA, &f));
		ping(conn);
		ping(conn);
		assert_true(raw_skip_to(conn, NGHTTP2_PING, &f));
		assert_true(raw_skip_to(conn, NGHTTP2_PING, &f));
	}
}

/* ---- floods -------------------------------------------------------------- */

static void rapid_reset_is_refused(void **state)
{
	static const uint8_t cancel[] = {0, 0, 0, NGHTTP2_CANCEL};

	(void)state;
	for (uint32_t id = 1; id < 40000; id += 2) {
		raw_request(conn, id, "/rig.Rig/Silent", false, NULL);
		raw_frame(conn, NGHTTP2_RST_STREAM, 0, id, cancel, sizeof(cancel));
	}
	expect_goaway(conn, NGHTTP2_ENHANCE_YOUR_CALM, "too many resets");
	assert_true(atomic_load(&seen.opened) < 10000);
	rig_wait(&rig, atomic_load(&seen.closed) == atomic_load(&seen.opened));
}

/* What a gateway does all day. */
static void a_reset_after_the_answer_is_free(void **state)
{
	static const uint8_t cancel[] = {0, 0, 0, NGHTTP2_CANCEL};
	struct frame f;

	(void)state;
	for (uint32_t id = 1; id < 8000; id += 2) {
		raw_request(conn, id, "/rig.Rig/Echo", false, NULL);
		send_message(conn, id, 0, "transaction", false);
		assert_true(raw_skip_to(conn, NGHTTP2_DATA, &f));
		assert_int_equal(f.stream, id);
		raw_frame(conn, NGHTTP2_RST_STREAM, 0, id, cancel, sizeof(cancel));
	}
	rig_wait(&rig, atomic_load(&seen.closed) == 4000);
}

/* Streams that the server must reset, CVE-2025-8671. */
static void provoked_resets_are_refused(void **state)
{
	static const uint8_t most[] = {0x7f, 0xff, 0xff, 0xff};

	(void)state;
	for (uint32_t id = 1; id < 40000; id += 2) {
		raw_request(conn, id, "/rig.Rig/Silent", false, NULL);
		raw_frame(conn, NGHTTP2_WINDOW_UPDATE, 0, id, most, sizeof(most));
	}
	raw_frame(conn, NGHTTP2_PING, 0, 0, "12345678", 8);
	expect_goaway(conn, NGHTTP2_ENHANCE_YOUR_CALM, "too many stream errors");
	assert_true(atomic_load(&seen.opened) < 10000);
}

static void empty_frames_are_counted(void **state)
{
	static const uint8_t priority[] = {0, 0, 0, 0, 16};
	static const struct {
		uint8_t type;
		uint32_t stream;
		const void *body;
		size_t len;
	} t[] = {
		{NGHTTP2_DATA, 1, NULL, 0},
		{NGHTTP2_SETTINGS, 0, NULL, 0},
		{NGHTTP2_PRIORITY, 3, priority, sizeof(priority)},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(t); i++) {
		int fd = raw_open(rig.port);

		raw_request(fd, 1, "/rig.Rig/Silent", false, NULL);
		for (int k = 0; k < 3000; k++)
			raw_frame(fd, t[i].type, 0, t[i].stream, t[i].body, t[i].len);
		expect_goaway(fd, NGHTTP2_ENHANCE_YOUR_CALM, "too many control frames");
		raw_close(fd);
	}
}

static void junk_instead_of_http2_is_dropped(void **state)
{
	struct frame f;
	int fd;

	(void)state;
	fd = raw_connect(rig.port);
	raw_send(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27);
	while (raw_read(fd, &f))
		;
	raw_close(fd);
	assert_int_equal(atomic_load(&seen.opened), 0);
}

/* A client that opens streams, wants answers, and reads none: what waits for it is bounded. */
static void answers_that_are_not_read_stop_the_reading(void **state)
{
	const char *const extra[] = {"content-type", "text/plain", NULL};
	struct timeval brief = {0, 200000};
	int small = 4096;
	uint32_t id = 1;

	(void)state;
	setsockopt(conn, SOL_SOCKET, SO_SNDTIMEO, &brief, sizeof(brief));
	setsockopt(conn, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	setsockopt(conn, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	while (id < 2000000 && raw_request(conn, id, "/rig.Rig/Silent", true, extra))
		id += 2;
	assert_true(id < 2000000);
}

#define TEST(name)        cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define BUDGET_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_with_budget, tear_down)
#define CLOCK_TEST(name)  cmocka_unit_test_setup_teardown(name, set_up_with_clock, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(requests_that_are_not_grpc_are_refused),
		TEST(a_header_list_over_the_limit_is_refused),
		TEST(a_compressed_message_is_refused),
		TEST(a_message_cut_short_is_an_error),
		BUDGET_TEST(unfinished_messages_are_bounded),
		BUDGET_TEST(who_has_spent_the_budget_is_not_in_others_way),
		BUDGET_TEST(a_favourite_that_is_not_finished_is_dropped),
		TEST(messages_may_be_cut_and_joined_anywhere),
		TEST(the_end_of_a_call_resets_a_client_that_goes_on),
		TEST(the_window_may_change_in_mid_connection),
		TEST(streams_beyond_the_limit_end_the_connection),
		CLOCK_TEST(the_server_keeps_deadlines_itself),
		CLOCK_TEST(a_handshake_has_its_time),
		CLOCK_TEST(a_silent_client_is_pinged_and_then_dropped),
		CLOCK_TEST(a_ping_every_ten_seconds_is_tolerated),
		TEST(pings_between_answers_are_tolerated),
		TEST(rapid_reset_is_refused),
		TEST(a_reset_after_the_answer_is_free),
		TEST(provoked_resets_are_refused),
		TEST(empty_frames_are_counted),
		TEST(junk_instead_of_http2_is_dropped),
		TEST(answers_that_are_not_read_stop_the_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
