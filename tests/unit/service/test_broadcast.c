/* SPDX-License-Identifier: Apache-2.0 */
/* Broadcast (spec 5.4): what is answered, in which order, and who has to wait. */
#include "desk.h"

static struct desk desk;

static int set_up(void **state)
{
	(void)state;
	desk_open(&desk, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	desk_close(&desk);
	return 0;
}

static unsigned count(const char *text)
{
	return rig_count(desk.rig.chan, text);
}

static void many_under_way_are_answered_in_order_and_written_once(void **state)
{
	static struct talk t[3];
	char text[16];

	(void)state;
	for (int k = 0; k < 3; k++) {
		talk_open(&t[k], desk.link, "Broadcast");
		for (int i = 0; i < 100; i++) {
			snprintf(text, sizeof(text), "%d.%d", k, i);
			talk_send_tx(&t[k], &desk, text);
		}
		net_call_half_close(t[k].s);
	}
	for (int k = 0; k < 3; k++) {
		desk_until(&desk, t[k].closed);
		assert_int_equal(t[k].code, NET_OK);
		assert_int_equal(t[k].successes, 100);
		assert_int_equal(t[k].answers, 100);
		assert_string_equal(t[k].info, "");
	}
	rig_until(count("2.99") == 1 && count("1.99") == 1 && count("0.99") == 1);
	for (int k = 0; k < 3; k++) {
		snprintf(text, sizeof(text), "%d.50", k);
		assert_int_equal(count(text), 1);
	}
}

/* Consensus is given the messages of one stream in the order in which they came, though two workers
 * check them at once. */
static void a_stream_keeps_its_order(void **state)
{
	uint64_t before = ledger_height(chan_ledger(desk.rig.chan));
	struct ord_env *env[60];
	struct ord_err e = ERR_INIT;
	static struct talk t;

	(void)state;
	talk_open(&t, desk.link, "Broadcast");
	for (int i = 0; i < 60; i++) {
		env[i] = rig_tx(&desk.rig.user, "in order");
		talk_send(&t, env[i]);
	}
	desk_until(&desk, t.successes == 60);
	rig_until(ledger_height(chan_ledger(desk.rig.chan)) == before + 60);
	for (int i = 0; i < 60; i++) {
		struct ord_block *b;

		test_ok(ledger_read(chan_ledger(desk.rig.chan), before + (uint64_t)i, &b, &e), &e);
		assert_true(bytes_eq(b->data[0], env[i]->raw));
		block_unref(b);
		env_unref(env[i]);
	}
}

/* 100 messages at once, number 50 of which is @bad: what comes back, and that none behind it is
 * ordered. */
static void refused_in_the_middle(struct ord_env *take, int status, const char *info)
{
	static struct talk t;

	talk_open(&t, desk.link, "Broadcast");
	for (int i = 0; i < 50; i++)
		talk_send_tx(&t, &desk, "before");
	talk_send(&t, take);
	env_unref(take);
	for (int i = 0; i < 49; i++)
		talk_send_tx(&t, &desk, "behind");
	desk_until(&desk, t.closed);
	assert_int_equal(t.code, NET_OK);
	assert_int_equal(t.successes, 50);
	assert_int_equal(t.answers, 51);
	assert_int_equal(t.status, status);
	assert_string_equal(t.info, info);
	rig_accept(&desk.rig, "thereafter", 1);
	rig_until(count("thereafter") == 1);
	assert_int_equal(count("before"), 50);
	assert_int_equal(count("behind"), 0);
}

static void one_on_an_unknown_channel_ends_the_stream(void **state)
{
	(void)state;
	refused_in_the_middle(rig_env(&desk.rig.user, WIRE_MESSAGE, "nowhere", bytes_str("x")), 404,
			      "channel does not exist");
}

static void one_of_the_wrong_type_ends_the_stream(void **state)
{
	(void)state;
	refused_in_the_middle(rig_env(&desk.rig.user, WIRE_CONFIG, RIG_CHANNEL, bytes_str("x")),
			      400, "message is of type that cannot be processed directly");
}

static void one_without_a_header_ends_the_stream(void **state)
{
	(void)state;
	refused_in_the_middle(env_make(bytes_of(NULL, 0), bytes_str("s")), 400,
			      "could not determine channel ID: header not set");
}

static void one_without_permission_ends_the_stream(void **state)
{
	struct person mixed = {desk.rig.user.creator, desk.rig.other.key};

	(void)state;
	refused_in_the_middle(
		rig_tx(&mixed, "x"), 403,
		"implicit policy evaluation failed - 0 sub-policies were satisfied, but this "
		"policy requires 1 of the 'Writers' sub-policies to be satisfied: permission "
		"denied");
}

static void one_that_consensus_refuses_ends_the_stream(void **state)
{
	(void)state;
	refused_in_the_middle(rig_tx(&desk.rig.user, "refuse"), 503, "refused by the test");
}

static void a_chain_that_is_not_ready_refuses(void **state)
{
	static struct talk t;

	(void)state;
	atomic_store(&tamper.not_ready, true);
	talk_open(&t, desk.link, "Broadcast");
	talk_send_tx(&t, &desk, "x");
	desk_until(&desk, t.closed);
	assert_int_equal(t.status, 503);
	assert_string_equal(t.info, "not ready, says the test");
	assert_int_equal(t.code, NET_OK);
}

/* Accepted first, settled with an error later: what was handed over behind it may stand. */
static void a_late_failure_is_answered_and_ends_the_stream(void **state)
{
	static struct talk t;

	(void)state;
	talk_open(&t, desk.link, "Broadcast");
	talk_send_tx(&t, &desk, "before");
	talk_send_tx(&t, &desk, "fail");
	talk_send_tx(&t, &desk, "behind");
	desk_until(&desk, t.closed);
	assert_int_equal(t.code, NET_OK);
	assert_int_equal(t.successes, 1);
	assert_int_equal(t.answers, 2);
	assert_int_equal(t.status, 503);
	assert_string_equal(t.info, "failed by the test");
}

static void what_is_no_envelope_is_a_grpc_error(void **state)
{
	static struct talk t;

	(void)state;
	talk_open(&t, desk.link, "Broadcast");
	talk_send_tx(&t, &desk, "before");
	talk_send_bytes(&t, bytes_str("\xff\xff\xff"));
	talk_send_tx(&t, &desk, "behind");
	desk_until(&desk, t.closed);
	assert_int_equal(t.code, NET_INTERNAL);
	assert_int_equal(t.answers, 1);
	assert_int_equal(t.status, 200);
	rig_until(count("before") == 1);
	assert_int_equal(count("behind"), 0);
}

static void a_half_close_waits_for_what_is_under_way(void **state)
{
	static struct talk t;

	(void)state;
	atomic_store(&tamper.hold, true);
	talk_open(&t, desk.link, "Broadcast");
	for (int i = 0; i < 30; i++)
		talk_send_tx(&t, &desk, "held");
	net_call_half_close(t.s);
	desk_until(&desk, atomic_load(&tamper.held) == 30);
	assert_false(t.closed);
	assert_int_equal(t.answers, 0);
	tamper_release();
	desk_until(&desk, t.closed);
	assert_int_equal(t.successes, 30);
	assert_int_equal(t.code, NET_OK);
}

static void a_cancelled_stream_leaves_nothing_behind(void **state)
{
	static struct talk t, u;

	(void)state;
	atomic_store(&tamper.hold, true);
	talk_open(&t, desk.link, "Broadcast");
	for (int i = 0; i < 30; i++)
		talk_send_tx(&t, &desk, "held");
	desk_until(&desk, atomic_load(&tamper.held) == 30);
	for (int i = 0; i < 30; i++)
		talk_send_tx(&t, &desk, "late");
	net_call_cancel(t.s);
	desk_until(&desk, t.closed);
	assert_int_equal(t.code, NET_CANCELLED);
	tamper_release();
	/* what was handed over is ordered all the same; the connection goes on */
	talk_open(&u, desk.link, "Broadcast");
	talk_send_tx(&u, &desk, "next");
	desk_until(&desk, u.successes == 1);
	rig_until(count("held") == 30);
}

/* ---- bounds -------------------------------------------------------------- */

static int set_up_bounded(void **state)
{
	(void)state;
	desk_open(&desk, &(struct service_opts){.max_inflight_stream = 4, .max_inflight = 8});
	return 0;
}

static void one_stream_has_only_so_many_under_way(void **state)
{
	char *big = x_alloc(100000);
	static struct talk t;

	(void)state;
	memset(big, 'x', 99999);
	atomic_store(&tamper.hold, true);
	talk_open(&t, desk.link, "Broadcast");
	for (int i = 0; i < 40; i++)
		talk_send_tx(&t, &desk, big);
	net_call_half_close(t.s);
	desk_until(&desk, atomic_load(&tamper.held) == 4);
	for (int i = 0; i < 20; i++)
		net_client_run(desk.client, clock_mono_ns() + CLOCK_MS_NS);
	assert_int_equal(atomic_load(&tamper.held), 4);
	/* the rest waits with the client: its window is closed */
	assert_true(net_stream_queued(t.s) > 1000000);
	tamper_release();
	desk_until(&desk, t.closed);
	assert_int_equal(t.successes, 40);
	free(big);
}

static bool nothing_in_flight(void)
{
	struct service *sv = desk.service;
	bool nothing;

	pthread_mutex_lock(&sv->lock);
	nothing = sv->inflight == 0 && sv->inflight_bytes == 0;
	pthread_mutex_unlock(&sv->lock);
	return nothing;
}

static void all_streams_share_the_common_bound_and_none_starves(void **state)
{
	static struct talk t[20];

	(void)state;
	atomic_store(&tamper.hold, true);
	for (int k = 0; k < 20; k++) {
		talk_open(&t[k], desk.link, "Broadcast");
		for (int i = 0; i < 10; i++)
			talk_send_tx(&t[k], &desk, "x");
		net_call_half_close(t[k].s);
	}
	desk_until(&desk, atomic_load(&tamper.held) == 8);
	for (int i = 0; i < 20; i++)
		net_client_run(desk.client, clock_mono_ns() + CLOCK_MS_NS);
	assert_int_equal(atomic_load(&tamper.held), 8);
	tamper_release();
	for (int k = 0; k < 20; k++) {
		desk_until(&desk, t[k].closed);
		assert_int_equal(t[k].code, NET_OK);
		assert_int_equal(t[k].successes, 10);
	}
	rig_until(nothing_in_flight());
}

/* Streams that wait for room and then go, or are refused, pass their turn on. */
static void who_leaves_the_queue_passes_the_turn_on(void **state)
{
	static struct talk holder[2], gone[6], waiting[6];

	(void)state;
	atomic_store(&tamper.hold, true);
	for (int k = 0; k < 2; k++) {
		talk_open(&holder[k], desk.link, "Broadcast");
		for (int i = 0; i < 4; i++)
			talk_send_tx(&holder[k], &desk, "held");
	}
	desk_until(&desk, atomic_load(&tamper.held) == 8);
	for (int k = 0; k < 6; k++) {
		talk_open(&gone[k], desk.link, "Broadcast");
		talk_send_tx(&gone[k], &desk, "gone");
	}
	for (int k = 0; k < 6; k++) {
		talk_open(&waiting[k], desk.link, "Broadcast");
		talk_send_tx(&waiting[k], &desk, "waited");
	}
	for (int i = 0; i < 20; i++)
		net_client_run(desk.client, clock_mono_ns() + CLOCK_MS_NS);
	for (int k = 0; k < 6; k++)
		net_call_cancel(gone[k].s);
	tamper_release();
	for (int k = 0; k < 6; k++)
		desk_until(&desk, waiting[k].successes == 1 && gone[k].closed);
	rig_until(count("waited") == 6);
}

/* Room for one: who was told of it and goes away hands it on, and nobody overtakes. */
static void room_is_granted_in_turn(void **state)
{
	static struct talk t;
	struct service *sv = service_new(&(struct service_opts){
		.max_inflight_stream = 1, .max_inflight = 1, .max_inflight_bytes = 100});
	struct starved first, second, third;

	(void)state;
	talk_open(&t, desk.link, "Broadcast");
	first = second = third = (struct starved){.net = t.s};
	assert_true(service_admit(sv, 10, &first));
	assert_false(service_admit(sv, 200, &first)); /* its next one; larger than all */
	assert_false(service_admit(sv, 10, &second));
	assert_false(service_admit(sv, 10, &third));
	assert_false(service_granted(sv, &first));
	service_leave(sv, 10);
	service_forget(sv, &first); /* granted, and gone before it was looked at */
	assert_false(service_granted(sv, &third));
	assert_true(service_granted(sv, &second));
	assert_false(service_granted(sv, &second)); /* once */
	service_forget(sv, &second);                /* has nothing waiting: nothing changes */
	assert_false(service_granted(sv, &third));
	assert_false(service_admit(sv, 1, &first)); /* behind the third */
	service_leave(sv, 10);
	assert_false(service_granted(sv, &first));
	assert_true(service_granted(sv, &third));
	service_forget(sv, &first); /* out of the queue */
	service_leave(sv, 10);
	assert_int_equal(sv->inflight, 0);
	assert_int_equal(sv->inflight_bytes, 0);
	service_free(sv); /* asserts that nobody waits */
}

static int set_up_bytes(void **state)
{
	(void)state;
	desk_open(&desk, &(struct service_opts){.max_inflight_bytes = 20000});
	return 0;
}

/* One larger than the bound goes alone; many small ones do not keep it out. */
static void bytes_are_bounded_and_a_large_message_gets_through(void **state)
{
	char *big = x_alloc(50000);
	static struct talk small[4], large;

	(void)state;
	memset(big, 'x', 49999);
	for (int k = 0; k < 4; k++) {
		talk_open(&small[k], desk.link, "Broadcast");
		for (int i = 0; i < 50; i++)
			talk_send_tx(&small[k], &desk, "small");
		net_call_half_close(small[k].s);
	}
	talk_open(&large, desk.link, "Broadcast");
	talk_send_tx(&large, &desk, big);
	net_call_half_close(large.s);
	desk_until(&desk, large.closed);
	assert_int_equal(large.successes, 1);
	for (int k = 0; k < 4; k++) {
		desk_until(&desk, small[k].closed);
		assert_int_equal(small[k].successes, 50);
	}
	free(big);
}

static int set_up_one_by_one(void **state)
{
	(void)state;
	desk_open_net(&desk, &(struct service_opts){.max_inflight = 1},
		      &(struct net_opts){.max_recv_msg = 1 << 20});
	return 0;
}

/* A message that waits for room is kept: beyond what the server's budget for that is, here 16 MiB,
 * the rest waits with the clients. */
static void messages_that_wait_for_room_are_bounded(void **state)
{
	char *big = x_alloc(900001);
	static struct talk t[60];
	struct ord_env *env;
	size_t queued;

	(void)state;
	memset(big, 'x', 900000);
	env = rig_tx(&desk.rig.user, big);
	talk_open(&t[0], desk.link, "Broadcast");
	talk_send_tx(&t[0], &desk, "small");
	desk_until(&desk, t[0].successes == 1); /* the connection stands */
	net_call_half_close(t[0].s);
	desk_until(&desk, t[0].closed);
	atomic_store(&tamper.hold, true);
	for (size_t k = 0; k < UTIL_ARRAY_LEN(t); k++) {
		talk_open(&t[k], desk.link, "Broadcast");
		talk_send(&t[k], env);
		net_call_half_close(t[k].s);
	}
	desk_until(&desk, atomic_load(&tamper.held) == 1);
	for (int i = 0; i < 100; i++)
		net_client_run(desk.client, clock_mono_ns() + CLOCK_MS_NS);
	queued = 0;
	for (size_t k = 0; k < UTIL_ARRAY_LEN(t); k++)
		queued += net_stream_queued(t[k].s);
	assert_in_range(queued, 20u << 20, 60u << 20);
	tamper_release();
	for (size_t k = 0; k < UTIL_ARRAY_LEN(t); k++) {
		desk_until(&desk, t[k].closed);
		assert_int_equal(t[k].successes, 1);
	}
	env_unref(env);
	free(big);
}

static int set_up_small(void **state)
{
	(void)state;
	desk_open(&desk, &(struct service_opts){.max_inflight_bytes = 1u << 20, .count = true});
	rig_reconfigure(desk.rig.chan, change_to_tiny_messages);
	return 0;
}

/* It needs all the room there is, and has no right to any: neither does it wait, nor does anybody
 * wait for it. */
static void what_no_channel_lets_in_waits_for_no_room(void **state)
{
	char *big = x_alloc(2u << 20), want[120];
	static struct talk before, large, behind;
	struct ord_env *env;

	(void)state;
	memset(big, 'x', (2u << 20) - 1);
	env = rig_tx(&desk.rig.user, big);
	snprintf(want, sizeof(want),
		 "message payload is %zu bytes and exceeds maximum allowed 2000 bytes",
		 env_size(env));
	atomic_store(&tamper.hold, true);
	talk_open(&before, desk.link, "Broadcast");
	talk_send_tx(&before, &desk, "x");
	desk_until(&desk, atomic_load(&tamper.held) == 1);
	talk_open(&large, desk.link, "Broadcast");
	talk_send(&large, env);
	desk_until(&desk, large.closed);
	assert_int_equal(large.status, 400);
	assert_string_equal(large.info, want);
	assert_int_equal(chan_handled(chan_counts(desk.rig.chan), env->type, 400)->n, 1);
	talk_open(&behind, desk.link, "Broadcast");
	talk_send_tx(&behind, &desk, "x");
	desk_until(&desk, atomic_load(&tamper.held) == 2);
	tamper_release();
	desk_until(&desk, before.successes == 1 && behind.successes == 1);
	env_unref(env);
	free(big);
}

/* The loop serves others, too: it checks nothing itself that may take long. */
static void only_a_small_message_is_checked_on_the_loop(void **state)
{
	char *big = x_alloc(100000);
	static struct talk t;

	(void)state;
	memset(big, 'x', 99999);
	talk_open(&t, desk.link, "Broadcast");
	talk_send_tx(&t, &desk, "small");
	desk_until(&desk, t.successes == 1);
	assert_int_equal(atomic_load(&tamper.inline_), 1);
	talk_send_tx(&t, &desk, big);
	desk_until(&desk, t.successes == 2);
	assert_int_equal(atomic_load(&tamper.inline_), 1);
	free(big);
}

#define TEST(name)          cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_WITH(up, name) cmocka_unit_test_setup_teardown(name, up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(many_under_way_are_answered_in_order_and_written_once),
		TEST(a_stream_keeps_its_order),
		TEST(one_on_an_unknown_channel_ends_the_stream),
		TEST(one_of_the_wrong_type_ends_the_stream),
		TEST(one_without_a_header_ends_the_stream),
		TEST(one_without_permission_ends_the_stream),
		TEST(one_that_consensus_refuses_ends_the_stream),
		TEST(a_chain_that_is_not_ready_refuses),
		TEST(a_late_failure_is_answered_and_ends_the_stream),
		TEST(what_is_no_envelope_is_a_grpc_error),
		TEST(a_half_close_waits_for_what_is_under_way),
		TEST(a_cancelled_stream_leaves_nothing_behind),
		TEST_WITH(set_up_bounded, one_stream_has_only_so_many_under_way),
		TEST_WITH(set_up_bounded, all_streams_share_the_common_bound_and_none_starves),
		TEST_WITH(set_up_bounded, who_leaves_the_queue_passes_the_turn_on),
		TEST(room_is_granted_in_turn),
		TEST_WITH(set_up_one_by_one, messages_that_wait_for_room_are_bounded),
		TEST_WITH(set_up_small, what_no_channel_lets_in_waits_for_no_room),
		TEST(only_a_small_message_is_checked_on_the_loop),
		TEST_WITH(set_up_bytes, bytes_are_bounded_and_a_large_message_gets_through),
	};

	log_set_spec("panic", NULL);
	ledger_io_fault = rig_no_sync;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
