/* SPDX-License-Identifier: Apache-2.0 */
/* kafka: one chain and what brokers do to it. */
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

/* ---- brokers that refuse ------------------------------------------------- */

static void what_passes_is_tried_again(void **state)
{
	static const rd_kafka_resp_err_t errors[] = {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
						     RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
						     RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION};
	const int n = UTIL_ARRAY_LEN(errors);
	struct rig *r = *state;
	struct testkit *k = rig_serve(r, (struct testkit_opts){.max_count = 1});

	for (int i = 0; i < n; i++) {
		rig_fail_writes(r, 1, errors[i]);
		rig_order(k, 20 * i, 20);
	}
	testkit_wait_settled(k, 20 * (size_t)n);
	testkit_wait_written(k, 20 * (size_t)n);
	assert_null(strstr(testkit_answers(k), "failed"));
	rig_check_blocks(k, 0, 20 * n);
	testkit_free(k);
}

static void too_few_replicas_for_long_is_an_outage(void **state)
{
	struct rig *r = *state;
	struct testkit *k = rig_serve(r, (struct testkit_opts){.max_count = 1});

	rig_fail_writes(r, 2000, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
	rig_order(k, 0, 3);
	testkit_advance(k, MINUTE);
	testkit_wait_settled(k, 3);
	assert_null(strstr(testkit_answers(k), "ok"));
	testkit_wait_errored(k);
	rig_fail_nothing(r);
	testkit_wait_serving(k);
	rig_order(k, 3, 1);
	testkit_wait_message(k, "m3");
	/* what the brokers never got is not ordered behind its refusal */
	assert_string_equal(testkit_blocks(k), "[m0] [m3]");
	testkit_free(k);
}

/* Only what the brokers take after it began ends an outage, not what they took before. */
static void what_is_read_late_does_not_end_an_outage(void **state)
{
	struct rig *r = *state;
	struct testkit *k;

	rig_write_garbage(r, "late");
	rig_delay_reads(r, 4);
	k = rig_serve(r, (struct testkit_opts){.max_count = 1, .channel = "late"});
	rig_fail_writes(r, 2000, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
	rig_order(k, 0, 1);
	testkit_advance(k, MINUTE);
	testkit_wait_settled(k, 1);
	for (int i = 0; i < 2000 && testkit_logged(k, "Unable to unmarshal") == 0; i++)
		clock_sleep_ns(10 * CLOCK_MS_NS);
	assert_int_equal(testkit_logged(k, "Unable to unmarshal"), 1);
	assert_int_equal(testkit_logged(k, "available again"), 0);
	testkit_wait_errored(k);
	rig_fail_nothing(r);
	testkit_wait_serving(k);
	testkit_free(k);
}

static void a_message_too_large_is_refused_alone(void **state)
{
	struct rig *r = *state;
	struct testkit *k = rig_serve(r, (struct testkit_opts){.max_count = 1});

	rig_fail_writes(r, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	rig_order(k, 0, 1);
	testkit_wait_settled(k, 1);
	assert_non_null(strstr(testkit_answers(k), "m0 failed -4 the message is larger than"));
	assert_false(testkit_errored(k));
	rig_order(k, 1, 5);
	testkit_wait_message(k, "m5");
	rig_check_blocks(k, 1, 5);
	testkit_free(k);
}

/* The copy, not the message: nobody waits for it any longer, and the channel goes on. */
static void a_copy_too_large_does_not_stop_the_channel(void **state)
{
	struct rig *r = *state;
	struct testkit *k = rig_serve(r, (struct testkit_opts){.max_count = 1});
	uint64_t old = testkit_sequence(k);

	testkit_bump_sequence(k);
	rig_fail_writes(r, 1, RD_KAFKA_RESP_ERR_NO_ERROR);
	rig_fail_writes(r, 2, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	assert_int_equal(testkit_order_at(k, "late", old), 0);
	testkit_wait_settled(k, 1);
	testkit_wait_idle(k);
	rig_order(k, 0, 3);
	testkit_wait_message(k, "m2");
	assert_string_equal(testkit_blocks(k), "[m0] [m1] [m2]");
	assert_int_equal(testkit_logged(k, "has to be sent again, and is not ordered"), 1);
	assert_false(testkit_errored(k));
	testkit_free(k);
}

static void a_lost_permission_is_an_outage_with_its_reason(void **state)
{
	struct rig *r = *state;
	struct testkit *k = rig_serve(r, (struct testkit_opts){.max_count = 1});

	rig_fail_writes(r, 2, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	rig_order(k, 0, 1);
	testkit_wait_settled(k, 1);
	assert_string_equal(testkit_answers(k),
			    "m0 failed -7 cannot enqueue: Broker: Topic authorization failed");
	testkit_wait_errored(k);
	testkit_wait_idle(k); /* the chain's own message was refused as well, and can wait */
	assert_true(testkit_errored(k));
	assert_int_equal(testkit_logged(k, "takes no messages: Broker: Topic authorization failed"),
			 1);
	assert_int_equal(testkit_order(k, "a"), ORD_EUNAVAIL);
	testkit_wait_serving(k);
	rig_order(k, 1, 5);
	testkit_wait_message(k, "m5");
	rig_check_blocks(k, 1, 5);
	testkit_free(k);
}

static void a_topic_that_cannot_be_read_is_an_outage_with_its_reason(void **state)
{
	struct rig *r = *state;
	struct testkit *k;

	rig_write_some(r, "unread", 1);
	rig_fail_reads(r, 2000, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	k = rig_kit(r, (struct testkit_opts){.max_count = 1, .channel = "unread"});
	testkit_start(k);
	for (int i = 0; i < 2000 && testkit_logged(k, "cannot be read") == 0; i++)
		clock_sleep_ns(10 * CLOCK_MS_NS);
	assert_int_equal(testkit_logged(k, "Kafka topic unread cannot be read: "
					   "Broker: Topic authorization failed"),
			 1);
	assert_int_equal(testkit_order(k, "a"), ORD_EUNAVAIL);
	assert_int_equal(testkit_health(k), ORD_EUNAVAIL);
	assert_string_equal(testkit_answers(k),
			    "a refused -7 cannot enqueue; ?health refused -7 Kafka topic unread "
			    "cannot be read: Broker: Topic authorization failed");
	rig_fail_nothing(r);
	testkit_wait_serving(k);
	rig_order(k, 0, 5);
	testkit_wait_message(k, "m4");
	assert_int_equal(testkit_logged(k, "cannot be reached"), 0);
	testkit_free(k);
}

/* A config message is on its way once more, so that others have to wait for it. */
static void who_waits_for_a_config_message_is_refused_in_an_outage(void **state)
{
	struct rig *r = *state;
	struct testkit *k = rig_serve(r, (struct testkit_opts){.max_count = 1});
	size_t asked = 1;

	rig_delay_reads(r, 1);
	testkit_bump_sequence(k);
	assert_int_equal(testkit_configure_at(k, "c", 0), 0);
	testkit_wait_settled(k, 1);
	rig_fail_writes(r, 2000, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
	for (; asked < 2000 && !strstr(testkit_answers(k), "owed"); asked++) {
		assert_int_equal(testkit_wait_ready(k), 0);
		clock_sleep_ns(10 * CLOCK_MS_NS);
	}
	assert_non_null(strstr(testkit_answers(k), "?ready owed"));
	rig_down(r);
	testkit_wait_errored(k);
	testkit_wait_settled(k, asked);
	assert_non_null(strstr(testkit_answers(k), "?ready failed -7 cannot enqueue"));
	assert_int_equal(testkit_wait_ready(k), ORD_EUNAVAIL);
	rig_fail_nothing(r);
	rig_up(r);
	testkit_wait_serving(k);
	testkit_wait_message(k, "c'");
	testkit_free(k);
}

/* To an idempotent producer that is fatal.  Time stands still, and so does the making of others. */
static void a_right_that_no_client_has_is_named(void **state)
{
	struct rig *r = *state;
	struct testkit *k = rig_kit(r, (struct testkit_opts){.max_count = 1});

	rig_fail_producers(r, 1000, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
	testkit_start(k);
	testkit_wait_idle(k);
	testkit_advance(k, MINUTE);
	testkit_wait_idle(k);
	assert_int_equal(testkit_health(k), ORD_EUNAVAIL);
	assert_non_null(strstr(testkit_answers(k), "Cluster authorization failed"));
	assert_in_range(testkit_logged(k, "the producer has to be made anew"), 1, 6);
	rig_fail_nothing(r);
	testkit_wait_serving(k);
	rig_order(k, 0, 1);
	testkit_wait_message(k, "m0");
	testkit_free(k);
}

/* ---- the topic ----------------------------------------------------------- */

/* The topic was made anew: the ledger goes on where it does not. */
static void a_lost_topic_makes_the_channel_read_only(void **state)
{
	struct rig *r = *state;
	struct testkit_disk *disk = testkit_disk_new();
	struct testkit *k = rig_serve(r, (struct testkit_opts){.max_count = 1, .disk = disk});

	rig_order(k, 0, 5);
	testkit_wait_written(k, 5);
	testkit_free(k);
	k = rig_kit(r, (struct testkit_opts){.disk = disk, .channel = "made-anew"});
	testkit_start(k);
	testkit_wait_idle(k);
	testkit_advance(k, MINUTE);
	testkit_wait_idle(k);
	assert_true(testkit_errored(k));
	assert_true(testkit_logged(k, "the topic was made anew") > 0);
	assert_true(testkit_order(k, "a") < 0);
	assert_true(testkit_configure(k, "b") < 0);
	assert_true(testkit_health(k) < 0);
	rig_check_blocks(k, 0, 5);
	testkit_free(k);
	testkit_disk_free(disk);
}

/* Brokers that must not tell of a topic name no partitions of it. */
static void a_topic_that_is_not_described_is_not_gone(void **state)
{
	struct rig *r = *state;
	struct testkit_disk *disk = testkit_disk_new();
	struct testkit_opts opts = {.max_count = 1, .disk = disk, .channel = "described"};
	struct testkit *k = rig_serve(r, opts);

	rig_order(k, 0, 1);
	testkit_wait_written(k, 1);
	testkit_free(k);
	rd_kafka_mock_topic_set_error(r->cluster, "described",
				      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	k = rig_kit(r, opts);
	testkit_start(k);
	testkit_wait_idle(k);
	assert_true(testkit_logged(k, "Kafka topic described: Broker: Topic authorization failed") >
		    0);
	assert_int_equal(testkit_logged(k, "is gone"), 0);
	assert_int_equal(testkit_order(k, "a"), ORD_EUNAVAIL);
	rd_kafka_mock_topic_set_error(r->cluster, "described", RD_KAFKA_RESP_ERR_NO_ERROR);
	testkit_wait_serving(k);
	rig_order(k, 1, 1);
	testkit_wait_message(k, "m1");
	testkit_free(k);
	testkit_disk_free(disk);
}

/* The mock brokers do not know how to tell them. */
static void limits_that_are_not_told_are_warned_of(void **state)
{
	struct rig *r = *state;
	struct testkit *k = rig_serve(r, (struct testkit_opts){.max_count = 1});

	assert_int_equal(testkit_logged(k, "does not tell its settings"), 1);
	assert_int_equal(testkit_logged(k, "is the right DescribeConfigs missing?"), 1);
	testkit_free(k);
}

static void a_leader_changes_under_load(void **state)
{
	struct rig *r = *state;
	struct testkit *k = rig_serve(r, (struct testkit_opts){.max_count = 10, .channel = "led"});

	for (int i = 0; i < 20; i++) {
		rig_order(k, 20 * i, 20);
		rd_kafka_mock_partition_set_leader(r->cluster, "led", 0, 1 + i % RIG_BROKERS);
	}
	testkit_wait_settled(k, 400);
	testkit_wait_written(k, 400);
	assert_null(strstr(testkit_answers(k), "failed"));
	rig_check_blocks(k, 0, 400);
	testkit_free(k);
}

static void a_restart_goes_on_behind_the_last_block(void **state)
{
	struct rig *r = *state;
	struct testkit_disk *disk = testkit_disk_new();

	for (int life = 0; life < 4; life++) {
		struct testkit *k =
			rig_serve(r, (struct testkit_opts){.max_count = 2, .disk = disk});

		rig_order(k, 5 * life, 5);
		testkit_wait_settled(
			k, 5); /* and the last one of every other life waits in the cutter */
		testkit_wait_written(k, (size_t)(5 * life + 5) / 2 * 2);
		if (life == 3)
			rig_check_blocks(k, 0, 20);
		testkit_free(k);
	}
	testkit_disk_free(disk);
}

/* Else more would be accepted behind a configuration than can be checked again. */
static void clients_wait_while_a_chain_is_far_behind(void **state)
{
	struct rig *r = *state;
	struct testkit *k;
	size_t asked = 0;

	rig_write_some(r, "behind", 40000);
	rig_fail_reads(r, 1, RD_KAFKA_RESP_ERR_NO_ERROR);
	rig_delay_reads(r, 4);
	k = rig_serve(r, (struct testkit_opts){.max_count = 1, .channel = "behind"});
	for (; asked < 200 && !strstr(testkit_answers(k), "owed"); asked++) {
		assert_int_equal(testkit_wait_ready(k), 0);
		clock_sleep_ns(10 * CLOCK_MS_NS);
	}
	assert_non_null(strstr(testkit_answers(k), "?ready owed"));
	testkit_wait_settled(k, asked);
	assert_null(strstr(testkit_answers(k), "failed"));
	rig_order(k, 0, 1);
	testkit_wait_message(k, "m0");
	testkit_free(k);
}

/* By the ways of Fabric 1.0: both were made of the same configuration. */
static void a_config_message_that_does_not_apply_is_passed_over(void **state)
{
	struct testkit *k =
		rig_serve(*state, (struct testkit_opts){.max_count = 1, .no_resubmission = true});

	assert_int_equal(testkit_configure(k, "c"), 0);
	assert_int_equal(testkit_configure(k, "d"), 0);
	testkit_wait_message(k, "c");
	rig_order(k, 0, 1);
	testkit_wait_message(k, "m0");
	assert_string_equal(testkit_blocks(k), "[*c] [m0]");
	assert_int_equal(testkit_logged(k, "which does not apply: 'd' was made at sequence 0"), 1);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_chain_waits_for_its_brokers),
		TEST(an_outage_is_told_and_ends_by_itself),
		TEST(messages_on_their_way_arrive_when_brokers_return),
		TEST(clients_do_not_wait_for_ever),
		TEST(a_broker_that_dies_with_messages_loses_none),
		TEST(what_passes_is_tried_again),
		TEST(too_few_replicas_for_long_is_an_outage),
		TEST(what_is_read_late_does_not_end_an_outage),
		TEST(a_message_too_large_is_refused_alone),
		TEST(a_copy_too_large_does_not_stop_the_channel),
		TEST(a_lost_permission_is_an_outage_with_its_reason),
		TEST(a_topic_that_cannot_be_read_is_an_outage_with_its_reason),
		TEST(who_waits_for_a_config_message_is_refused_in_an_outage),
		TEST(a_right_that_no_client_has_is_named),
		TEST(a_lost_topic_makes_the_channel_read_only),
		TEST(a_topic_that_is_not_described_is_not_gone),
		TEST(limits_that_are_not_told_are_warned_of),
		TEST(a_leader_changes_under_load),
		TEST(a_restart_goes_on_behind_the_last_block),
		TEST(clients_wait_while_a_chain_is_far_behind),
		TEST(a_config_message_that_does_not_apply_is_passed_over),
		TEST(a_chain_halts_while_its_brokers_are_down),
		TEST(a_chain_halts_in_an_outage_with_messages_on_their_way),
		TEST(a_chain_halts_with_slow_brokers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
