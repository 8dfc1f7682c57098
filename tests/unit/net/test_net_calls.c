/* SPDX-License-Identifier: Apache-2.0 */
/* Calls between the room's own client and server. */
#include "rig.h"

#include <sys/resource.h>

static struct rig rig;
static struct call call; /* the only one, in most tests */

static int set_up(void **state)
{
	(void)state;
	rig_start(&rig, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_stop(&rig);
	call_fini(&call); /* its stream wrote to it until now */
	return 0;
}

static void messages_come_back_in_order(void **state)
{
	(void)state;
	rig_call(&call, rig_link(&rig, NULL), "/rig.Rig/Echo", 0);
	for (int i = 0; i < 200; i++) {
		char text[16];

		snprintf(text, sizeof(text), "message %d", i);
		call_send(&call, text);
	}
	rig_wait(&rig, call.messages == 200);
	assert_string_equal(buf_cstr(&call.last), "message 199");
	assert_false(call.closed);
	net_call_half_close(call.s);
	rig_wait(&rig, call.closed);
	assert_int_equal(call.code, NET_OK);
	assert_true(call.half_closed);
	assert_int_equal(atomic_load(&seen.closed), 1);
}

static void sizes_around_every_boundary_arrive_whole(void **state)
{
	static const size_t sizes[] = {0,     1,     511,    512,    4095,    4096,
				       4097,  513,   960,    16378,  16379,   16380,
				       16384, 65536, 131072, 524288, 1000000, 9000000};
	size_t sum = 0;

	(void)state;
	rig_call(&call, rig_link(&rig, NULL), "/rig.Rig/Echo", 0);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(sizes); i++) {
		call_send_bytes(&call, sizes[i]);
		sum += sizes[i];
		rig_wait(&rig, call.messages == i + 1);
		assert_int_equal(call.bytes, sum);
		assert_int_equal(call.last.len, sizes[i]);
		for (size_t k = 0; k < call.last.len; k++)
			if (call.last.data[k] != 'x')
				fail_msg("byte %zu of %zu is %02x", k, sizes[i], call.last.data[k]);
	}
}

static void full_queues_do_not_wait_for_each_other(void **state)
{
	(void)state;
	rig_call(&call, rig_link(&rig, NULL), "/rig.Rig/Echo", 0);
	for (int i = 0; i < 3; i++)
		call_send_bytes(&call, 9000000);
	rig_wait(&rig, call.messages == 3);
	assert_int_equal(call.bytes, 27000000);
}

/* Half as many bytes again as the server wants to keep, on one connection, as a gateway has it. */
static void unfinished_messages_hold_their_senders_back(void **state)
{
	struct net_opts o = {.max_recv_msg = 1 << 20, .loops = 2};
	static struct call calls[24];
	struct net_link *l;

	(void)state;
	rig_stop(&rig);
	rig_start(&rig, &o);
	l = rig_link(&rig, NULL);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(calls); i++) {
		rig_call(&calls[i], l, "/rig.Rig/Silent", 0);
		call_send_bytes(&calls[i], 1 << 20);
		net_call_half_close(calls[i].s);
	}
	for (size_t i = 0; i < UTIL_ARRAY_LEN(calls); i++) {
		rig_wait(&rig, calls[i].closed);
		assert_string_equal(calls[i].why, "");
		assert_int_equal(calls[i].code, NET_OK);
		call_fini(&calls[i]);
	}
	assert_int_equal(atomic_load(&seen.messages), UTIL_ARRAY_LEN(calls));
}

static void no_wake_is_lost(void **state)
{
	(void)state;
	rig_call(&call, rig_link(&rig, NULL), "/rig.Rig/Crowd", 0);
	for (unsigned round = 1; round <= 20; round++) {
		call_send(&call, "");
		rig_wait(&rig, call.messages == round);
	}
}

static void half_close_is_not_cancellation(void **state)
{
	(void)state;
	rig_call(&call, rig_link(&rig, NULL), "/rig.Rig/Later", 0);
	call_send(&call, "answer me later");
	net_call_half_close(call.s);
	rig_wait(&rig, call.closed);
	assert_int_equal(call.code, NET_OK);
	assert_int_equal(atomic_load(&seen.half_closed), 1);
}

static void calls_and_messages_are_counted_by_method(void **state)
{
	struct net_counts n;

	(void)state;
	rig_call(&call, rig_link(&rig, NULL), "/rig.Rig/Echo", 0);
	for (unsigned i = 1; i <= 3; i++) {
		call_send(&call, "hello");
		rig_wait(&rig, call.messages == i);
	}
	net_server_counts(rig.server, "/rig.Rig/Echo", &n);
	assert_int_equal(n.calls, 1);
	assert_int_equal(n.received, 3);
	assert_int_equal(n.sent, 3);
	net_server_counts(rig.server, "/rig.Rig/Silent", &n);
	assert_int_equal(n.calls + n.received + n.sent, 0);
	net_server_counts(rig.server, "/rig.Rig/Nothing", &n);
	assert_int_equal(n.calls, 0);
}

static void a_wake_from_another_thread_reaches_the_stream(void **state)
{
	(void)state;
	rig_call(&call, rig_link(&rig, NULL), "/rig.Rig/Later", 0);
	call_send(&call, "woken");
	rig_wait(&rig, call.messages == 1);
	assert_string_equal(buf_cstr(&call.last), "woken");
}

static void a_timer_wakes_the_stream(void **state)
{
	(void)state;
	rig_call(&call, rig_link(&rig, NULL), "/rig.Rig/Tick", 0);
	call_send(&call, "");
	rig_wait(&rig, call.messages == 1);
	assert_string_equal(buf_cstr(&call.last), "tick");
}

static void a_cancelled_call_is_closed_on_both_sides(void **state)
{
	(void)state;
	rig_call(&call, rig_link(&rig, NULL), "/rig.Rig/Echo", 0);
	call_send(&call, "hello");
	rig_wait(&rig, call.messages == 1);
	net_call_cancel(call.s);
	rig_wait(&rig, call.closed && atomic_load(&seen.closed) == 1);
	assert_int_equal(call.code, NET_CANCELLED);
	assert_int_equal(atomic_load(&seen.last_code), NET_CANCELLED);
	assert_int_equal(atomic_load(&seen.half_closed), 0);
}

static void a_lost_connection_closes_its_calls(void **state)
{
	struct call c[3];
	struct net_link *l = rig_link(&rig, NULL);

	(void)state;
	for (int i = 0; i < 3; i++) {
		rig_call(&c[i], l, "/rig.Rig/Echo", 0);
		call_send(&c[i], "hello");
	}
	rig_wait(&rig, c[0].messages && c[1].messages && c[2].messages);
	net_link_close(l);
	rig_wait(&rig, atomic_load(&seen.closed) == 3 && atomic_load(&seen.disconnects) == 1);
	for (int i = 0; i < 3; i++) {
		assert_true(c[i].closed);
		assert_int_equal(c[i].code, NET_UNAVAILABLE);
		call_fini(&c[i]);
	}
	assert_int_equal(atomic_load(&seen.last_code), NET_CANCELLED);
}

static void status_and_text_reach_the_client(void **state)
{
	static const struct {
		const char *ask;
		int code;
		const char *why;
	} t[] = {
		{"0 ", 0, ""},
		{"2 test status message", 2, "test status message"},
		{"14 \t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001F608\t\n",
		 14,
		 "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001F608\t\n"},
		{"16 100%", 16, "100%"},
	};
	struct net_link *l = rig_link(&rig, NULL);

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(t); i++) {
		struct call c;

		rig_call(&c, l, "/rig.Rig/Status", 0);
		call_send(&c, t[i].ask);
		rig_wait(&rig, c.closed);
		assert_int_equal(c.code, t[i].code);
		assert_string_equal(c.why, t[i].why);
		assert_int_equal(atomic_load(&seen.last_code), t[i].code);
		call_fini(&c);
	}
}

static void unknown_methods_are_unimplemented(void **state)
{
	static const char *const t[][2] = {
		{"/rig.Rig/Nothing", "unknown method Nothing for service rig.Rig"},
		{"/rig.Other/Echo", "unknown service rig.Other"},
		{"/rig.Ri/Echo", "unknown service rig.Ri"},
		{"/nonsense", "malformed method name: \"/nonsense\""},
	};
	struct net_link *l = rig_link(&rig, NULL);

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(t); i++) {
		struct call c;

		rig_call(&c, l, t[i][0], 0);
		call_send(&c, "hello");
		rig_wait(&rig, c.closed);
		assert_int_equal(c.code, NET_UNIMPLEMENTED);
		assert_string_equal(c.why, t[i][1]);
		call_fini(&c);
	}
	assert_int_equal(atomic_load(&seen.opened), 0);
}

static void a_message_over_the_limit_is_refused_in_grpc_words(void **state)
{
	struct net_opts o = {.max_recv_msg = 1000};
	struct call c;

	(void)state;
	rig_start(&rig, &o);
	rig_call(&c, rig_link(&rig, NULL), "/rig.Rig/Echo", 0);
	call_send_bytes(&c, 1000);
	call_send_bytes(&c, 1001);
	rig_wait(&rig, c.closed);
	assert_int_equal(c.messages, 1);
	assert_int_equal(c.code, NET_RESOURCE_EXHAUSTED);
	assert_string_equal(c.why, "grpc: received message larger than max (1001 vs. 1000)");
	assert_int_equal(atomic_load(&seen.messages), 1);
	assert_int_equal(atomic_load(&seen.closed), 1);
	call_fini(&c);
	rig_stop(&rig);
}

static void a_message_over_the_senders_limit_is_not_sent(void **state)
{
	struct net_link_opts o = {.address = "127.0.0.1", .max_send_msg = 10};
	struct net_chunk chunk = {.owner = x_alloc(11), .release = free};
	struct ord_err e = ERR_INIT;
	struct net_link *l;

	(void)state;
	o.port = rig.port;
	test_ok(net_link_open(rig.client, &o, &l, &e), &e);
	rig_call(&call, l, "/rig.Rig/Echo", 0);
	chunk.bytes = bytes_of(chunk.owner, 11);
	test_fails(net_stream_send(call.s, &chunk, 1, &e), &e, ORD_ETOOBIG,
		   "trying to send message larger than max (11 vs. 10)");
	call_send(&call, "0123456789");
	rig_wait(&rig, call.messages == 1);
}

static void the_deadline_ends_the_call(void **state)
{
	(void)state;
	rig_call(&call, rig_link(&rig, NULL), "/rig.Rig/Silent", 20 * CLOCK_MS_NS);
	call_send(&call, "hello");
	rig_wait(&rig, call.closed && atomic_load(&seen.closed) == 1);
	assert_int_equal(call.code, NET_DEADLINE_EXCEEDED);
}

static void a_paused_stream_holds_its_client_back(void **state)
{
	struct call opener;
	struct net_link *l = rig_link(&rig, NULL);
	char number[4096];
	size_t before;

	(void)state;
	rig_call(&call, l, "/rig.Rig/Gate", 0);
	memset(number, ' ', sizeof(number));
	number[sizeof(number) - 1] = '\0';
	for (int i = 0; i < 1000; i++) {
		snprintf(number, 8, "%d", i);
		number[strlen(number)] = ' ';
		call_send(&call, number);
	}
	rig_wait(&rig, atomic_load(&seen.messages) == 1);
	/* The window closes with most of the four megabytes still here. */
	do {
		before = net_stream_queued(call.s);
		for (int i = 0; i < 20; i++)
			net_client_run(rig.client, clock_mono_ns() + 2000000);
	} while (net_stream_queued(call.s) != before);
	assert_true(before > 3000000);
	assert_int_equal(atomic_load(&seen.messages), 1);
	/* Other streams of the connection go on. */
	rig_call(&opener, l, "/rig.Rig/Open", 0);
	call_send(&opener, "");
	rig_wait(&rig, opener.closed);
	assert_int_equal(opener.code, NET_OK);
	net_call_half_close(call.s);
	rig_wait(&rig, call.closed);
	assert_int_equal(call.code, NET_OK);
	assert_int_equal(atomic_load(&seen.in_order), 1000);
	call_fini(&opener);
}

static void a_slow_reader_is_waited_for(void **state)
{
	(void)state;
	rig_call(&call, rig_link(&rig, NULL), "/rig.Rig/Source", 0);
	net_stream_pause(call.s);
	call_send(&call, "400 206000"); /* 82 MB */
	rig_wait(&rig, atomic_load(&seen.queued) > 0);
	for (int i = 0; i < 50; i++)
		net_client_run(rig.client, clock_mono_ns() + CLOCK_MS_NS);
	assert_int_equal(call.messages, 0);
	net_stream_resume(call.s);
	rig_wait(&rig, call.closed);
	assert_int_equal(call.code, NET_OK);
	assert_int_equal(call.messages, 400);
	assert_int_equal(call.bytes, 400 * 206000);
	assert_in_range(atomic_load(&seen.queued), NET_HIGH_WATER, NET_HIGH_WATER + 206005);
}

static void a_client_that_never_reads_answers_is_not_read_from(void **state)
{
	unsigned sent = 0, before;

	(void)state;
	rig_call(&call, rig_link(&rig, NULL), "/rig.Rig/Echo", 0);
	net_stream_pause(call.s);
	do { /* until neither side takes any more */
		before = atomic_load(&seen.messages);
		for (int i = 0; i < 20; i++) {
			if (net_stream_queued(call.s) < NET_LOW_WATER)
				for (int k = 0; k < 32; k++, sent++)
					call_send_bytes(&call, 4096);
			net_client_run(rig.client, clock_mono_ns() + 2000000);
		}
	} while (atomic_load(&seen.messages) != before);
	/* Two windows, two queues; not everything that was asked for. */
	assert_true(before < 1000);
	net_stream_resume(call.s);
	rig_wait(&rig, call.messages == sent);
}

static void two_thousand_idle_streams_are_served(void **state)
{
	enum { N = 2000 };
	static struct call c[N];
	struct net_opts o = {.loops = 2};

	(void)state;
	rig_start(&rig, &o);
	for (int k = 0; k < 20; k++) {
		struct net_link *l = rig_link(&rig, NULL);

		for (int i = 0; i < N / 20; i++)
			rig_call(&c[k * N / 20 + i], l, "/rig.Rig/Echo", 0);
	}
	rig_wait(&rig, atomic_load(&seen.opened) == N);
	for (int i = 0; i < N; i += 7)
		call_send(&c[i], "still there?");
	for (int i = 0; i < N; i += 7)
		rig_wait(&rig, c[i].messages == 1);
	for (int i = 0; i < N; i++)
		net_call_half_close(c[i].s);
	for (int i = 0; i < N; i++) {
		rig_wait(&rig, c[i].closed);
		assert_int_equal(c[i].code, NET_OK);
		call_fini(&c[i]);
	}
	rig_stop(&rig);
}

struct stopper {
	struct net_server *server;
	uint64_t deadline_ns;
	atomic_bool done;
};

static void *stop_server(void *arg)
{
	struct stopper *s = arg;

	net_server_stop(s->server, s->deadline_ns);
	atomic_store(&s->done, true);
	return NULL;
}

static void a_stopping_server_lets_calls_finish(void **state)
{
	struct stopper stop = {.deadline_ns = CLOCK_NEVER};
	struct ord_err e = ERR_INIT;
	struct net_link *l = rig_link(&rig, NULL);
	pthread_t t;

	(void)state;
	stop.server = rig.server;
	rig_call(&call, l, "/rig.Rig/Echo", 0);
	call_send(&call, "before");
	rig_wait(&rig, call.messages == 1);
	test_ok(thread_start(&t, "stop", stop_server, &stop, &e), &e);
	rig_wait(&rig, net_link_draining(l));
	call_send(&call, "after");
	rig_wait(&rig, call.messages == 2);
	assert_false(atomic_load(&stop.done));
	net_call_half_close(call.s);
	rig_wait(&rig, call.closed && atomic_load(&stop.done));
	assert_int_equal(call.code, NET_OK);
	pthread_join(t, NULL);
}

static void a_stopping_server_cuts_what_does_not_end(void **state)
{
	(void)state;
	rig_call(&call, rig_link(&rig, NULL), "/rig.Rig/Echo", 0);
	call_send(&call, "hello");
	rig_wait(&rig, call.messages == 1);
	net_server_stop(rig.server, clock_mono_ns() + CLOCK_MS_NS);
	assert_int_equal(atomic_load(&seen.closed), 1);
	rig_wait(&rig, call.closed);
	assert_int_equal(call.code, NET_UNAVAILABLE);
}

struct link_state {
	int ups;
	char why[100];
};

static void on_link(struct net_link *l, void *arg, const char *why)
{
	struct link_state *s = arg;

	(void)l;
	if (why)
		snprintf(s->why, sizeof(s->why), "%s", why);
	else
		s->ups++;
}

static void a_refused_connection_says_why(void **state)
{
	static struct link_state s; /* the link writes to it until the rig stops */
	struct net_link_opts o = {.address = "127.0.0.1", .state = on_link, .arg = &s};
	struct ord_err e = ERR_INIT;
	struct net_link *l;

	(void)state;
	o.port = rig.port;
	net_server_stop(rig.server, 0);
	test_ok(net_link_open(rig.client, &o, &l, &e), &e);
	rig_call(&call, l, "/rig.Rig/Echo", 0);
	rig_wait(&rig, call.closed && s.why[0]);
	assert_int_equal(call.code, NET_UNAVAILABLE);
	assert_string_equal(call.why, "Connection refused");
	assert_string_equal(s.why, "Connection refused");
	assert_int_equal(s.ups, 0);
}

static void a_name_is_tried_at_each_of_its_addresses(void **state)
{
	struct net_link_opts o = {.address =
					  "localhost"}; /* perhaps ::1 too: nobody listens there */
	struct ord_err e = ERR_INIT;
	struct net_link *l;

	(void)state;
	o.port = rig.port;
	test_ok(net_link_open(rig.client, &o, &l, &e), &e);
	rig_call(&call, l, "/rig.Rig/Echo", 0);
	call_send(&call, "hello");
	rig_wait(&rig, call.messages == 1);
	o.address = "no such host";
	assert_int_equal(net_link_open(rig.client, &o, &l, &e), ORD_EUNAVAIL);
}

static void a_taken_port_is_named(void **state)
{
	struct net_opts o = {.address = "127.0.0.1"};
	struct ord_err e = ERR_INIT;
	struct net_server *second;
	char want[100];

	(void)state;
	o.port = rig.port;
	snprintf(want, sizeof(want), "listen tcp 127.0.0.1:%u: Address already in use", rig.port);
	assert_true(net_server_new(&o, &second, &e) < 0);
	assert_string_equal(e.msg, want);
}

static void connections_are_bounded(void **state)
{
	struct net_opts o = {.max_connections = 2};
	struct call c[3];

	(void)state;
	rig_start(&rig, &o);
	for (int i = 0; i < 2; i++) {
		rig_call(&c[i], rig_link(&rig, NULL), "/rig.Rig/Echo", 0);
		call_send(&c[i], "hello");
		rig_wait(&rig, c[i].messages == 1);
	}
	rig_call(&c[2], rig_link(&rig, NULL), "/rig.Rig/Echo", 0);
	rig_wait(&rig, c[2].closed);
	assert_int_equal(c[2].code, NET_UNAVAILABLE);
	net_call_half_close(c[0].s);
	rig_wait(&rig, c[0].closed);
	for (int i = 0; i < 3; i++)
		call_fini(&c[i]);
	rig_stop(&rig);
}

/* What the process needs for itself may grow. */
static void connections_leave_files_to_others(void **state)
{
	struct rlimit was, lim;
	int fd[73];
	struct frame f;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &was);
	lim = was;
	lim.rlim_cur = 300;
	setrlimit(RLIMIT_NOFILE, &lim);
	rig_start(&rig, NULL);
	net_server_keep_back(rig.server, 100);
	for (int i = 0; i < 72; i++) {
		fd[i] = raw_open(rig.port);
		assert_true(raw_read(fd[i], &f));
	}
	fd[72] = raw_connect(rig.port);
	assert_false(raw_read(fd[72], &f));
	for (int i = 0; i < 73; i++)
		raw_close(fd[i]);
	rig_stop(&rig);
	setrlimit(RLIMIT_NOFILE, &was);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_come_back_in_order),
		TEST(sizes_around_every_boundary_arrive_whole),
		TEST(full_queues_do_not_wait_for_each_other),
		TEST(unfinished_messages_hold_their_senders_back),
		TEST(no_wake_is_lost),
		TEST(half_close_is_not_cancellation),
		TEST(calls_and_messages_are_counted_by_method),
		TEST(a_wake_from_another_thread_reaches_the_stream),
		TEST(a_timer_wakes_the_stream),
		TEST(a_cancelled_call_is_closed_on_both_sides),
		TEST(a_lost_connection_closes_its_calls),
		TEST(status_and_text_reach_the_client),
		TEST(unknown_methods_are_unimplemented),
		cmocka_unit_test(a_message_over_the_limit_is_refused_in_grpc_words),
		TEST(a_message_over_the_senders_limit_is_not_sent),
		TEST(the_deadline_ends_the_call),
		TEST(a_paused_stream_holds_its_client_back),
		TEST(a_slow_reader_is_waited_for),
		TEST(a_client_that_never_reads_answers_is_not_read_from),
		cmocka_unit_test(two_thousand_idle_streams_are_served),
		TEST(a_stopping_server_lets_calls_finish),
		TEST(a_stopping_server_cuts_what_does_not_end),
		TEST(a_refused_connection_says_why),
		TEST(a_name_is_tried_at_each_of_its_addresses),
		TEST(a_taken_port_is_named),
		cmocka_unit_test(connections_are_bounded),
		cmocka_unit_test(connections_leave_files_to_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
