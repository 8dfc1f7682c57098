/* SPDX-License-Identifier: Apache-2.0 */
/* What the channel's configuration says to a Kafka orderer. */
#include "../test.h"

#include <kafka/message.h>
#include <util/util.h>

static bool says(const char *bytes, size_t len)
{
	return kafka_exactly_once((struct ord_bytes){(const uint8_t *)bytes, len});
}

static void exactly_once_is_switched_on_by_the_metadata(void **state)
{
	(void)state;
	assert_true(says("\x08\x01", 2));
	assert_true(says("\x08\x01\x12\x01x", 5)); /* and what a later version says besides */
	assert_false(says("\x08\x00", 2));
	assert_false(kafka_exactly_once((struct ord_bytes){NULL, 0}));
}

static void metadata_of_another_kind_switches_nothing_on(void **state)
{
	(void)state;
	assert_false(says("\x0a\x01\x01", 3)); /* etcdraft's begins like this */
	assert_false(says("\x08", 1));
	assert_false(says("kafka", 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_once_is_switched_on_by_the_metadata),
		cmocka_unit_test(metadata_of_another_kind_switches_nothing_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
