/* SPDX-License-Identifier: Apache-2.0 */
/* The setting Rebase: what it means, and what it does not let pass. */
#include "../test.h"

#include <kafka/rebase.h>

static void means(const char *setting, uint64_t height, enum kafka_rebase_where where,
		  int64_t offset)
{
	struct kafka_rebase r = kafka_rebase(setting, "mychannel", height);
	struct ord_err e = ERR_INIT;

	test_ok(kafka_rebase_check(setting, &e), &e);
	assert_int_equal(r.where, where);
	assert_int_equal(r.offset, offset);
}

static void it_holds_at_exactly_one_height(void **state)
{
	(void)state;
	means("mychannel@12:0", 12, KAFKA_REBASE_HERE, 0);
	means("mychannel@12:500", 12, KAFKA_REBASE_HERE, 500);
	means("mychannel@12:500", 13, KAFKA_REBASE_NONE, 0);
	means("mychannel@12:500", UINT64_MAX, KAFKA_REBASE_NONE, 0);
	means("mychannel@12:500", 11, KAFKA_REBASE_BELOW, 500);
	means("mychannel@12:500", 1, KAFKA_REBASE_BELOW, 500);
	assert_int_equal(kafka_rebase("mychannel@12:0", "mychannel", 3).height, 12);
}

static void other_channels_are_not_meant(void **state)
{
	(void)state;
	means("", 12, KAFKA_REBASE_NONE, 0);
	means("other@12:7", 12, KAFKA_REBASE_NONE, 0);
	means("mychannel2@12:7", 12, KAFKA_REBASE_NONE, 0);
	means("mychanne@12:7", 12, KAFKA_REBASE_NONE, 0);
	means("a@1:2,mychannel@12:7 , b.c-d@12:9", 12, KAFKA_REBASE_HERE, 7);
	means(" a@12:2,\tmychannel@999999999999999999:999999999999999999 ", 12, KAFKA_REBASE_BELOW,
	      INT64_C(999999999999999999));
}

static void what_is_not_clear_is_refused(void **state)
{
	static const char *const bad[] = {"mychannel",
					  "mychannel@12",
					  "mychannel@12:",
					  "mychannel@:1",
					  "@12:1",
					  "mychannel@12:1,",
					  "mychannel@12:1, ",
					  ",",
					  "mychannel@12:1;other@3:1",
					  "mychannel@12:-1",
					  "mychannel@0:1",
					  "mychannel @12:1",
					  "mychannel@12:1 2",
					  "mychannel@0x12:1",
					  "mychannel@12:1000000000000000000",
					  "mychannel@12:oldest"};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(bad); i++) {
		char *want = x_printf("Kafka.Rebase: '%s': want <channel>@<height>:<offset>, "
				      "several with commas between",
				      bad[i]);
		struct ord_err e = ERR_INIT;

		test_fails(kafka_rebase_check(bad[i], &e), &e, ORD_EINVAL, want);
		free(want);
	}
}

static void a_channel_stands_there_once(void **state)
{
	struct ord_err e = ERR_INIT;

	(void)state;
	test_fails(kafka_rebase_check("a@1:0,mychannel@12:1,b@1:0,mychannel@40:0", &e), &e,
		   ORD_EINVAL, "Kafka.Rebase names channel mychannel twice");
	test_fails(kafka_rebase_check("a@1:0, b@2:x", &e), &e, ORD_EINVAL,
		   "Kafka.Rebase: 'b@2:x': want <channel>@<height>:<offset>, several with "
		   "commas between");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_holds_at_exactly_one_height),
		cmocka_unit_test(other_channels_are_not_meant),
		cmocka_unit_test(what_is_not_clear_is_refused),
		cmocka_unit_test(a_channel_stands_there_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
