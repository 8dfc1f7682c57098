/* SPDX-License-Identifier: Apache-2.0 */
/* kafka: one chain whose brokers refuse what it writes and reads. */
#include "rig.h"

#include <string.h>

#define MINUTE UINT64_C(60000000000)

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(what_passes_is_tried_again),
		RIG_TEST(too_few_replicas_for_long_is_an_outage),
		RIG_TEST(what_is_read_late_does_not_end_an_outage),
		RIG_TEST(a_message_too_large_is_refused_alone),
		RIG_TEST(a_copy_too_large_does_not_stop_the_channel),
		RIG_TEST(a_lost_permission_is_an_outage_with_its_reason),
		RIG_TEST(a_topic_that_cannot_be_read_is_an_outage_with_its_reason),
		RIG_TEST(who_waits_for_a_config_message_is_refused_in_an_outage),
		RIG_TEST(a_right_that_no_client_has_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
