/* SPDX-License-Identifier: Apache-2.0 */
/* Calls between the room's own client and server. */
#include "rig.h"

static void messages_come_back_in_order(void **state)
{
	struct rig r;
	struct call c;

	(void)state;
	rig_start(&r, NULL);
	rig_call(&c, rig_link(&r, NULL), "/rig.Rig/Echo", 0);
	for (int i = 0; i < 200; i++) {
		char text[16];

		snprintf(text, sizeof(text), "message %d", i);
		call_send(&c, text);
	}
	rig_wait(&r, c.messages == 200);
	assert_string_equal(buf_cstr(&c.last), "message 199");
	assert_false(c.closed);
	net_call_half_close(c.s);
	rig_wait(&r, c.closed);
	assert_int_equal(c.code, NET_OK);
	assert_true(c.half_closed);
	assert_int_equal(atomic_load(&seen.closed), 1);
	call_fini(&c);
	rig_stop(&r);
}

static void sizes_around_every_boundary_arrive_whole(void **state)
{
	static const size_t sizes[] = {0,     1,     511,    512,    4095,    4096,
				       4097,  513,   960,    16378,  16379,   16380,
				       16384, 65536, 131072, 524288, 1000000, 9000000};
	struct rig r;
	struct call c;
	size_t sum = 0;

	(void)state;
	rig_start(&r, NULL);
	rig_call(&c, rig_link(&r, NULL), "/rig.Rig/Echo", 0);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(sizes); i++) {
		call_send_bytes(&c, sizes[i]);
		sum += sizes[i];
		rig_wait(&r, c.messages == i + 1);
		assert_int_equal(c.bytes, sum);
		assert_int_equal(c.last.len, sizes[i]);
		for (size_t k = 0; k < c.last.len; k++)
			if (c.last.data[k] != 'x')
				fail_msg("byte %zu of %zu is %02x", k, sizes[i], c.last.data[k]);
	}
	call_fini(&c);
	rig_stop(&r);
}

static void full_queues_do_not_wait_for_each_other(void **state)
{
	struct rig r;
	struct call c;

	(void)state;
	rig_start(&r, NULL);
	rig_call(&c, rig_link(&r, NULL), "/rig.Rig/Echo", 0);
	for (int i = 0; i < 3; i++)
		call_send_bytes(&c, 9000000);
	rig_wait(&r, c.messages == 3);
	assert_int_equal(c.bytes, 27000000);
	call_fini(&c);
	rig_stop(&r);
}

static void no_wake_is_lost(void **state)
{
	struct rig r;
	struct call c;

	(void)state;
	rig_start(&r, NULL);
	rig_call(&c, rig_link(&r, NULL), "/rig.Rig/Crowd", 0);
	for (unsigned round = 1; round <= 20; round++) {
		call_send(&c, "");
		rig_wait(&r, c.messages == round);
	}
	call_fini(&c);
	rig_stop(&r);
}

static void half_close_is_not_cancellation(void **state)
{
	struct rig r;
	struct call c;

	(void)state;
	rig_start(&r, NULL);
	rig_call(&c, rig_link(&r, NULL), "/rig.Rig/Later", 0);
	call_send(&c, "answer me later");
	net_call_half_close(c.s);
	rig_wait(&r, c.closed);
	assert_int_equal(c.code, NET_OK);
	assert_int_equal(atomic_load(&seen.half_closed), 1);
	call_fini(&c);
	rig_stop(&r);
}

static void a_wake_from_another_thread_reaches_the_stream(void **state)
{
	struct rig r;
	struct call c;

	(void)state;
	rig_start(&r, NULL);
	rig_call(&c, rig_link(&r, NULL), "/rig.Rig/Later", 0);
	call_send(&c, "woken");
	rig_wait(&r, c.messages == 1);
	assert_string_equal(buf_cstr(&c.last), "woken");
	call_fini(&c);
	rig_stop(&r);
}

static void a_timer_wakes_the_stream(void **state)
{
	struct rig r;
	struct call c;

	(void)state;
	rig_start(&r, NULL);
	rig_call(&c, rig_link(&r, NULL), "/rig.Rig/Tick", 0);
	call_send(&c, "");
	rig_wait(&r, c.messages == 1);
	assert_string_equal(buf_cstr(&c.last), "tick");
	call_fini(&c);
	rig_stop(&r);
}

static void a_cancelled_call_is_closed_on_both_sides(void **state)
{
	struct rig r;
	struct call c;

	(void)state;
	rig_start(&r, NULL);
	rig_call(&c, rig_link(&r, NULL), "/rig.Rig/Echo", 0);
	call_send(&c, "hello");
	rig_wait(&r, c.messages == 1);
	net_call_cancel(c.s);
	rig_wait(&r, c.closed && atomic_load(&seen.closed) == 1);
	assert_int_equal(c.code, NET_CANCELLED);
	assert_int_equal(atomic_load(&seen.last_code), NET_CANCELLED);
	assert_int_equal(atomic_load(&seen.half_closed), 0);
	call_fini(&c);
	rig_stop(&r);
}

static void a_lost_connection_closes_its_calls(void **state)
{
	struct rig r;
	struct call c[3];
	struct net_link *l;

	(void)state;
	rig_start(&r, NULL);
	l = rig_link(&r, NULL);
	for (int i = 0; i < 3; i++) {
		rig_call(&c[i], l, "/rig.Rig/Echo", 0);
		call_send(&c[i], "hello");
	}
	rig_wait(&r, c[0].messages && c[1].messages && c[2].messages);
	net_link_close(l);
	rig_wait(&r, atomic_load(&seen.closed) == 3 && atomic_load(&seen.disconnects) == 1);
	for (int i = 0; i < 3; i++) {
		assert_true(c[i].closed);
		assert_int_equal(c[i].code, NET_UNAVAILABLE);
		call_fini(&c[i]);
	}
	assert_int_equal(atomic_load(&seen.last_code), NET_CANCELLED);
	rig_stop(&r);
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
	struct rig r;
	struct net_link *l;

	(void)state;
	rig_start(&r, NULL);
	l = rig_link(&r, NULL);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(t); i++) {
		struct call c;

		rig_call(&c, l, "/rig.Rig/Status", 0);
		call_send(&c, t[i].ask);
		rig_wait(&r, c.closed);
		assert_int_equal(c.code, t[i].code);
		assert_string_equal(c.why, t[i].why);
		assert_int_equal(atomic_load(&seen.last_code), t[i].code);
		call_fini(&c);
	}
	rig_stop(&r);
}

static void unknown_methods_are_unimplemented(void **state)
{
	static const char *const t[][2] = {
		{"/rig.Rig/Nothing", "unknown method Nothing for service rig.Rig"},
		{"/rig.Other/Echo", "unknown service rig.Other"},
		{"/rig.Ri/Echo", "unknown service rig.Ri"},
		{"/nonsense", "malformed method name: \"/nonsense\""},
	};
	struct rig r;
	struct net_link *l;

	(void)state;
	rig_start(&r, NULL);
	l = rig_link(&r, NULL);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(t); i++) {
		struct call c;

		rig_call(&c, l, t[i][0], 0);
		call_send(&c, "hello");
		rig_wait(&r, c.closed);
		assert_int_equal(c.code, NET_UNIMPLEMENTED);
		assert_string_equal(c.why, t[i][1]);
		call_fini(&c);
	}
	assert_int_equal(atomic_load(&seen.opened), 0);
	rig_stop(&r);
}

static void a_message_over_the_limit_is_refused_in_grpc_words(void **state)
{
	struct net_opts o = {.max_recv_msg = 1000};
	struct rig r;
	struct call c;

	(void)state;
	rig_start(&r, &o);
	rig_call(&c, rig_link(&r, NULL), "/rig.Rig/Echo", 0);
	call_send_bytes(&c, 1000);
	call_send_bytes(&c, 1001);
	rig_wait(&r, c.closed);
	assert_int_equal(c.messages, 1);
	assert_int_equal(c.code, NET_RESOURCE_EXHAUSTED);
	assert_string_equal(c.why, "grpc: received message larger than max (1001 vs. 1000)");
	assert_int_equal(atomic_load(&seen.messages), 1);
	assert_int_equal(atomic_load(&seen.closed), 1);
	call_fini(&c);
	rig_stop(&r);
}

static void a_message_over_the_senders_limit_is_not_sent(void **state)
{
	struct net_link_opts o = {.address = "127.0.0.1", .max_send_msg = 10};
	struct net_chunk chunk = {.owner = x_alloc(11), .release = free};
	struct ord_err e = ERR_INIT;
	struct net_link *l;
	struct rig r;
	struct call c;

	(void)state;
	rig_start(&r, NULL);
	o.port = r.port;
	test_ok(net_link_open(r.client, &o, &l, &e), &e);
	rig_call(&c, l, "/rig.Rig/Echo", 0);
	chunk.bytes = bytes_of(chunk.owner, 11);
	test_fails(net_stream_send(c.s, &chunk, 1, &e), &e, ORD_ETOOBIG,
		   "trying to send message larger than max (11 vs. 10)");
	call_send(&c, "0123456789");
	rig_wait(&r, c.messages == 1);
	call_fini(&c);
	rig_stop(&r);
}

static void the_deadline_ends_the_call(void **state)
{
	struct rig r;
	struct call c;

	(void)state;
	rig_start(&r, NULL);
	rig_call(&c, rig_link(&r, NULL), "/rig.Rig/Silent", 20 * CLOCK_MS_NS);
	call_send(&c, "hello");
	rig_wait(&r, c.closed && atomic_load(&seen.closed) == 1);
	assert_int_equal(c.code, NET_DEADLINE_EXCEEDED);
	call_fini(&c);
	rig_stop(&r);
}

static void a_paused_stream_holds_its_client_back(void **state)
{
	struct rig r;
	struct call c, opener;
	struct net_link *l;
	char number[4096];
	size_t before;

	(void)state;
	rig_start(&r, NULL);
	l = rig_link(&r, NULL);
	rig_call(&c, l, "/rig.Rig/Gate", 0);
	memset(number, ' ', sizeof(number));
	number[sizeof(number) - 1] = '\0';
	for (int i = 0; i < 1000; i++) {
		snprintf(number, 8, "%d", i);
		number[strlen(number)] = ' ';
		call_send(&c, number);
	}
	rig_wait(&r, atomic_load(&seen.messages) == 1);
	/* The window closes with most of the four megabytes still here. */
	do {
		before = net_stream_queued(c.s);
		for (int i = 0; i < 20; i++)
			net_client_run(r.client, clock_mono_ns() + 2000000);
	} while (net_stream_queued(c.s) != before);
	assert_true(before > 3000000);
	assert_int_equal(atomic_load(&seen.messages), 1);
	/* Other streams of the connection go on. */
	rig_call(&opener, l, "/rig.Rig/Open", 0);
	call_send(&opener, "");
	rig_wait(&r, opener.closed);
	assert_int_equal(opener.code, NET_OK);
	net_call_half_close(c.s);
	rig_wait(&r, c.closed);
	assert_int_equal(c.code, NET_OK);
	assert_int_equal(atomic_load(&seen.in_order), 1000);
	call_fini(&c);
	call_fini(&opener);
	rig_stop(&r);
}

static void a_slow_reader_is_waited_for(void **state)
{
	struct rig r;
	struct call c;

	(void)state;
	rig_start(&r, NULL);
	rig_call(&c, rig_link(&r, NULL), "/rig.Rig/Source", 0);
	net_stream_pause(c.s);
	call_send(&c, "400 206000"); /* 82 MB */
	rig_wait(&r, atomic_load(&seen.queued) > 0);
	for (int i = 0; i < 50; i++)
		net_client_run(r.client, clock_mono_ns() + CLOCK_MS_NS);
	assert_int_equal(c.messages, 0);
	net_stream_resume(c.s);
	rig_wait(&r, c.closed);
	assert_int_equal(c.code, NET_OK);
	assert_int_equal(c.messages, 400);
	assert_int_equal(c.bytes, 400 * 206000);
	assert_in_range(atomic_load(&seen.queued), NET_HIGH_WATER, NET_HIGH_WATER + 206005);
	call_fini(&c);
	rig_stop(&r);
}

static void a_client_that_never_reads_answers_is_not_read_from(void **state)
{
	struct rig r;
	struct call c;
	unsigned sent = 0, before;

	(void)state;
	rig_start(&r, NULL);
	rig_call(&c, rig_link(&r, NULL), "/rig.Rig/Echo", 0);
	net_stream_pause(c.s);
	do { /* until neither side takes any more */
		before = atomic_load(&seen.messages);
		for (int i = 0; i < 20; i++) {
			if (net_stream_queued(c.s) < NET_LOW_WATER)
				for (int k = 0; k < 32; k++, sent++)
					call_send_bytes(&c, 4096);
			net_client_run(r.client, clock_mono_ns() + 2000000);
		}
	} while (atomic_load(&seen.messages) != before);
	/* Two windows, two queues; not everything that was asked for. */
	assert_true(before < 1000);
	net_stream_resume(c.s);
	rig_wait(&r, c.messages == sent);
	call_fini(&c);
	rig_stop(&r);
}

static void two_thousand_idle_streams_are_served(void **state)
{
	enum { N = 2000 };
	static struct call c[N];
	struct net_opts o = {.loops = 2};
	struct rig r;

	(void)state;
	rig_start(&r, &o);
	for (int k = 0; k < 20; k++) {
		struct net_link *l = rig_link(&r, NULL);

		for (int i = 0; i < N / 20; i++)
			rig_call(&c[k * N / 20 + i], l, "/rig.Rig/Echo", 0);
	}
	rig_wait(&r, atomic_load(&seen.opened) == N);
	for (int i = 0; i < N; i += 7)
		call_send(&c[i], "still there?");
	for (int i = 0; i < N; i += 7)
		rig_wait(&r, c[i].messages == 1);
	for (int i = 0; i < N; i++)
		net_call_half_close(c[i].s);
	for (int i = 0; i < N; i++) {
		rig_wait(&r, c[i].closed);
		assert_int_equal(c[i].code, NET_OK);
		call_fini(&c[i]);
	}
	rig_stop(&r);
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
	struct net_link *l;
	struct rig r;
	struct call c;
	pthread_t t;

	(void)state;
	rig_start(&r, NULL);
	stop.server = r.server;
	l = rig_link(&r, NULL);
	rig_call(&c, l, "/rig.Rig/Echo", 0);
	call_send(&c, "before");
	rig_wait(&r, c.messages == 1);
	test_ok(thread_start(&t, "stop", stop_server, &stop, &e), &e);
	rig_wait(&r, net_link_draining(l));
	call_send(&c, "after");
	rig_wait(&r, c.messages == 2);
	assert_false(atomic_load(&stop.done));
	net_call_half_close(c.s);
	rig_wait(&r, c.closed && atomic_load(&stop.done));
	assert_int_equal(c.code, NET_OK);
	pthread_join(t, NULL);
	call_fini(&c);
	rig_stop(&r);
}

static void a_stopping_server_cuts_what_does_not_end(void **state)
{
	struct rig r;
	struct call c;

	(void)state;
	rig_start(&r, NULL);
	rig_call(&c, rig_link(&r, NULL), "/rig.Rig/Echo", 0);
	call_send(&c, "hello");
	rig_wait(&r, c.messages == 1);
	net_server_stop(r.server, clock_mono_ns() + CLOCK_MS_NS);
	assert_int_equal(atomic_load(&seen.closed), 1);
	rig_wait(&r, c.closed);
	assert_int_equal(c.code, NET_UNAVAILABLE);
	call_fini(&c);
	rig_stop(&r);
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
	struct link_state s = {0};
	struct net_link_opts o = {.address = "127.0.0.1", .state = on_link, .arg = &s};
	struct ord_err e = ERR_INIT;
	struct net_link *l;
	struct rig r;
	struct call c;

	(void)state;
	rig_start(&r, NULL);
	o.port = r.port;
	net_server_stop(r.server, 0);
	test_ok(net_link_open(r.client, &o, &l, &e), &e);
	rig_call(&c, l, "/rig.Rig/Echo", 0);
	rig_wait(&r, c.closed && s.why[0]);
	assert_int_equal(c.code, NET_UNAVAILABLE);
	assert_string_equal(c.why, "Connection refused");
	assert_string_equal(s.why, "Connection refused");
	assert_int_equal(s.ups, 0);
	rig_stop(&r);
}

static void a_name_is_tried_at_each_of_its_addresses(void **state)
{
	struct net_link_opts o = {.address =
					  "localhost"}; /* perhaps ::1 too: nobody listens there */
	struct ord_err e = ERR_INIT;
	struct net_link *l;
	struct rig r;
	struct call c;

	(void)state;
	rig_start(&r, NULL);
	o.port = r.port;
	test_ok(net_link_open(r.client, &o, &l, &e), &e);
	rig_call(&c, l, "/rig.Rig/Echo", 0);
	call_send(&c, "hello");
	rig_wait(&r, c.messages == 1);
	call_fini(&c);
	o.address = "no such host";
	assert_int_equal(net_link_open(r.client, &o, &l, &e), ORD_EUNAVAIL);
	rig_stop(&r);
}

static void a_taken_port_is_named(void **state)
{
	struct net_opts o = {.address = "127.0.0.1"};
	struct ord_err e = ERR_INIT;
	struct net_server *second;
	char want[100];
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	o.port = r.port;
	snprintf(want, sizeof(want), "listen tcp 127.0.0.1:%u: Address already in use", r.port);
	assert_true(net_server_new(&o, &second, &e) < 0);
	assert_string_equal(e.msg, want);
	rig_stop(&r);
}

static void connections_are_bounded(void **state)
{
	struct net_opts o = {.max_connections = 2};
	struct rig r;
	struct call c[3];

	(void)state;
	rig_start(&r, &o);
	for (int i = 0; i < 2; i++) {
		rig_call(&c[i], rig_link(&r, NULL), "/rig.Rig/Echo", 0);
		call_send(&c[i], "hello");
		rig_wait(&r, c[i].messages == 1);
	}
	rig_call(&c[2], rig_link(&r, NULL), "/rig.Rig/Echo", 0);
	rig_wait(&r, c[2].closed);
	assert_int_equal(c[2].code, NET_UNAVAILABLE);
	net_call_half_close(c[0].s);
	rig_wait(&r, c[0].closed);
	for (int i = 0; i < 3; i++)
		call_fini(&c[i]);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_back_in_order),
		cmocka_unit_test(sizes_around_every_boundary_arrive_whole),
		cmocka_unit_test(full_queues_do_not_wait_for_each_other),
		cmocka_unit_test(no_wake_is_lost),
		cmocka_unit_test(half_close_is_not_cancellation),
		cmocka_unit_test(a_wake_from_another_thread_reaches_the_stream),
		cmocka_unit_test(a_timer_wakes_the_stream),
		cmocka_unit_test(a_cancelled_call_is_closed_on_both_sides),
		cmocka_unit_test(a_lost_connection_closes_its_calls),
		cmocka_unit_test(status_and_text_reach_the_client),
		cmocka_unit_test(unknown_methods_are_unimplemented),
		cmocka_unit_test(a_message_over_the_limit_is_refused_in_grpc_words),
		cmocka_unit_test(a_message_over_the_senders_limit_is_not_sent),
		cmocka_unit_test(the_deadline_ends_the_call),
		cmocka_unit_test(a_paused_stream_holds_its_client_back),
		cmocka_unit_test(a_slow_reader_is_waited_for),
		cmocka_unit_test(a_client_that_never_reads_answers_is_not_read_from),
		cmocka_unit_test(two_thousand_idle_streams_are_served),
		cmocka_unit_test(a_stopping_server_lets_calls_finish),
		cmocka_unit_test(a_stopping_server_cuts_what_does_not_end),
		cmocka_unit_test(a_refused_connection_says_why),
		cmocka_unit_test(a_name_is_tried_at_each_of_its_addresses),
		cmocka_unit_test(a_taken_port_is_named),
		cmocka_unit_test(connections_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
