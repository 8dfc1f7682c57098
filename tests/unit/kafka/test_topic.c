/* SPDX-License-Identifier: Apache-2.0 */
/* kafka: one chain and what may become of its topic. */
#include "rig.h"

#include <string.h>

#define MINUTE UINT64_C(60000000000)

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(a_lost_topic_makes_the_channel_read_only),
		RIG_TEST(a_topic_that_is_not_described_is_not_gone),
		RIG_TEST(limits_that_are_not_told_are_warned_of),
		RIG_TEST(a_leader_changes_under_load),
		RIG_TEST(a_restart_goes_on_behind_the_last_block),
		RIG_TEST(clients_wait_while_a_chain_is_far_behind),
		RIG_TEST(a_config_message_that_does_not_apply_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
