/* SPDX-License-Identifier: Apache-2.0 */
/* kafka: one chain whose brokers are gone for a while, and how it halts. */
#include "rig.h"

#include <string.h>

#define MINUTE  UINT64_C(60000000000)
#define BOOTING "backing Kafka cluster has not completed booting; try again later"

/* ---- brokers that are gone ----------------------------------------------- */

static void a_chain_waits_for_its_brokers(void **state)
{
	struct rig *r = *state;
	struct testkit *k = rig_kit(r, (struct testkit_opts){.max_count = 1});

	rig_down(r);
	testkit_start(k);
	assert_true(testkit_errored(k));
	assert_int_equal(testkit_order(k, "a"), ORD_EUNAVAIL);
	assert_int_equal(testkit_configure(k, "b"), ORD_EUNAVAIL);
	assert_int_equal(testkit_wait_ready(k), ORD_EUNAVAIL);
	assert_int_equal(testkit_health(k), ORD_EUNAVAIL);
	assert_non_null(strstr(testkit_answers(k), "a refused -7 " BOOTING "; b refused -7 " BOOTING
						   "; ?ready refused -7 " BOOTING "; ?health"));
	rig_up(r);
	testkit_wait_serving(k);
	assert_int_equal(testkit_wait_ready(k), 0);
	assert_int_equal(testkit_health(k), 0);
	rig_order(k, 0, 1);
	testkit_wait_message(k, "m0");
	testkit_wait_settled(k, 3);
	assert_non_null(strstr(testkit_answers(k), "?ready ok; ?health ok; m0 ok"));
	testkit_free(k);
}

static void an_outage_is_told_and_ends_by_itself(void **state)
{
	struct rig *r = *state;
	struct testkit *k = rig_serve(r, (struct testkit_opts){.max_count = 1});

	for (int i = 0; i < 2; i++) {
		rig_order(k, i, 1);
		testkit_wait_written(k, (size_t)i + 1);
		rig_down(r);
		testkit_wait_errored(k);
		assert_int_equal(testkit_order(k, "lost"), ORD_EUNAVAIL);
		assert_int_equal(testkit_health(k), ORD_EUNAVAIL);
		rig_up(r);
		testkit_wait_serving(k);
	}
	rig_order(k, 2, 1);
	testkit_wait_written(k, 3);
	rig_check_blocks(k, 0, 3);
	testkit_free(k);
}

static void messages_on_their_way_arrive_when_brokers_return(void **state)
{
	struct rig *r = *state;
	struct testkit *k = rig_serve(r, (struct testkit_opts){.max_count = 1});

	rig_order(k, 0, 1);
	testkit_wait_written(k, 1);
	rig_down(r);
	rig_order(k, 1, 20);
	rig_up(r);
	testkit_wait_settled(k, 21);
	testkit_wait_written(k, 21);
	assert_null(strstr(testkit_answers(k), "failed"));
	rig_check_blocks(k, 0, 21);
	testkit_free(k);
}

/* Answered in time.  What was handed to the producer is not taken back: the brokers get it when
 * they return; what waited behind it never goes. */
static void clients_do_not_wait_for_ever(void **state)
{
	struct rig *r = *state;
	struct testkit *k = rig_serve(r, (struct testkit_opts){.max_count = 1});

	rig_down(r);
	rig_order(k, 0, 5);
	testkit_advance(k, MINUTE);
	testkit_wait_settled(k, 5);
	assert_null(strstr(testkit_answers(k), "ok"));
	assert_non_null(strstr(testkit_answers(k), "m0 failed -9 cannot enqueue; m1 failed -9"));
	testkit_wait_errored(k);
	assert_int_equal(testkit_order(k, "refused"), ORD_EUNAVAIL);
	rig_up(r);
	testkit_wait_serving(k);
	rig_order(k, 5, 1);
	testkit_wait_message(k, "m5");
	assert_string_equal(testkit_blocks(k), "[m0] [m5]");
	testkit_free(k);
}

/* The mock brokers do not know a message that is sent again, as real ones do: so only losses show.
 */
static void a_broker_that_dies_with_messages_loses_none(void **state)
{
	struct rig *r = *state;
	struct testkit *k = rig_serve(r, (struct testkit_opts){.max_count = 1});

	for (int round = 0; round < 6; round++) {
		int32_t broker = 1 + round % RIG_BROKERS;

		rig_order(k, 20 * round, 10);
		rd_kafka_mock_broker_set_down(r->cluster, broker);
		rig_order(k, 20 * round + 10, 10);
		rd_kafka_mock_broker_set_up(r->cluster, broker);
	}
	testkit_wait_settled(k, 120);
	assert_null(strstr(testkit_answers(k), "failed"));
	for (int i = 0; i < 120; i++) {
		char *text = x_printf("m%d", i);

		testkit_wait_message(k, text);
		free(text);
	}
	testkit_free(k);
}

/* ---- halting ------------------------------------------------------------- */

static void a_chain_halts_while_its_brokers_are_down(void **state)
{
	struct rig *r = *state;
	struct testkit *k = rig_kit(r, (struct testkit_opts){0});

	rig_down(r);
	testkit_start(k);
	testkit_free(k); /* at once, and after a while */
	k = rig_kit(r, (struct testkit_opts){0});
	testkit_start(k);
	testkit_wait_idle(k);
	testkit_halt(k);
	assert_int_equal(testkit_order(k, "a"), ORD_ECLOSED);
	assert_int_equal(testkit_wait_ready(k), ORD_ECLOSED);
	assert_non_null(strstr(testkit_answers(k), "consenter for this channel has been halted"));
	testkit_free(k);
}

static void a_chain_halts_in_an_outage_with_messages_on_their_way(void **state)
{
	struct rig *r = *state;
	struct testkit *k = rig_serve(r, (struct testkit_opts){0});

	rig_order(k, 0, 10);
	rig_down(r);
	testkit_order(k, "m10");
	testkit_wait_errored(k);
	testkit_free(k); /* checks that every ticket is settled */
}

static void a_chain_halts_with_slow_brokers(void **state)
{
	struct rig *r = *state;
	struct testkit_disk *disk = testkit_disk_new();
	struct testkit *k = rig_serve(r, (struct testkit_opts){.max_count = 3, .disk = disk});

	for (int32_t id = 1; id <= RIG_BROKERS; id++)
		rd_kafka_mock_broker_set_rtt(r->cluster, id, 100);
	rig_order(k, 0, 10);
	testkit_free(k);
	for (int32_t id = 1; id <= RIG_BROKERS; id++)
		rd_kafka_mock_broker_set_rtt(r->cluster, id, 0);
	k = rig_serve(r, (struct testkit_opts){.max_count = 1, .disk = disk});
	rig_order(k, 10, 1);
	testkit_wait_message(k, "m10");
	rig_check_blocks(k, 0, 11);
	testkit_free(k);
	testkit_disk_free(disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(a_chain_waits_for_its_brokers),
		RIG_TEST(an_outage_is_told_and_ends_by_itself),
		RIG_TEST(messages_on_their_way_arrive_when_brokers_return),
		RIG_TEST(clients_do_not_wait_for_ever),
		RIG_TEST(a_broker_that_dies_with_messages_loses_none),
		RIG_TEST(a_chain_halts_while_its_brokers_are_down),
		RIG_TEST(a_chain_halts_in_an_outage_with_messages_on_their_way),
		RIG_TEST(a_chain_halts_with_slow_brokers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
