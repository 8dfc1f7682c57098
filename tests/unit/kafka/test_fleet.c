/* SPDX-License-Identifier: Apache-2.0 */
/* kafka: many chains of one process, two orderers of one channel, brokers that change. */
#include "rig.h"

#include <string.h>

#define CHAINS 50
#define CONNECTIONS                                                                   \
	12 /* producer and consumer: each to a bootstrap address and to three brokers \
	    */

static void fifty_chains_share_their_connections(void **state)
{
	struct testkit *k[CHAINS];

	for (int i = 0; i < CHAINS; i++) {
		k[i] = rig_kit(*state,
			       (struct testkit_opts){.max_count = 1, .beside = i ? k[0] : NULL});
		testkit_start(k[i]);
	}
	for (int i = 0; i < CHAINS; i++) {
		testkit_wait_serving(k[i]);
		rig_order(k[i], 0, 2);
	}
	for (int i = 0; i < CHAINS; i++) {
		testkit_wait_written(k[i], 2);
		rig_check_blocks(k[i], 0, 2);
	}
	if (rig_connections(*state) > CONNECTIONS)
		fail_msg("%u connections for %d chains", rig_connections(*state), CHAINS);
	assert_true(rig_connections(*state) > 0);
	for (int i = CHAINS; i > 0; i--)
		testkit_free(k[i - 1]);
}

/* Two processes as far as the plugin can tell; what each cuts at its own time it asks the topic
 * for. */
static void two_orderers_cut_the_same_blocks(void **state)
{
	struct testkit_opts opts = {.max_count = 7, .channel = "two"};
	struct testkit *one = rig_serve(*state, opts), *other = rig_serve(*state, opts);
	char *blocks;

	for (int i = 0; i < 90; i++)
		rig_order(i % 3 ? one : other, i, 1);
	testkit_wait_settled(one, 60); /* else some come behind it, and are out of date */
	testkit_wait_settled(other, 30);
	assert_int_equal(testkit_configure(one, "c"), 0);
	testkit_wait_message(one, "c");
	testkit_wait_message(other, "c");
	for (int i = 90; i < 100; i++)
		rig_order(i % 3 ? one : other, i, 1);
	testkit_wait_written(one, 98);
	testkit_wait_written(other, 98);
	testkit_wait_idle(other);
	testkit_advance(other,
			UINT64_C(2000000000)); /* BatchTimeout: the first to ask cuts for both */
	testkit_wait_written(one, 101);
	testkit_wait_written(other, 101);
	testkit_advance(one, UINT64_C(2000000000)); /* too late: that block is cut */
	testkit_wait_idle(one);
	blocks = x_strdup(testkit_blocks(one));
	assert_string_equal(testkit_blocks(other), blocks);
	for (int i = 0; i < 100; i++) {
		char *word = x_printf("m%d", i), *at = strstr(blocks, word);

		if (!at)
			fail_msg("%s is missing: %s", word, blocks);
		free(word);
	}
	free(blocks);
	testkit_free(one);
	testkit_free(other);
}

static void the_batch_timer_asks_the_topic(void **state)
{
	struct testkit *k = rig_serve(*state, (struct testkit_opts){0});

	for (int i = 0; i < 5; i++) {
		rig_order(k, i, 1);
		testkit_wait_pending(k, 1);
		testkit_wait_idle(k);
		testkit_advance(k, UINT64_C(2000000000) - 1);
		testkit_wait_idle(k);
		assert_int_equal(testkit_written(k), i);
		testkit_advance(k, 1);
		testkit_wait_written(k, (size_t)i + 1);
	}
	assert_string_equal(testkit_blocks(k), "[m0] [m1] [m2] [m3] [m4]");
	testkit_free(k);
}

/* The topic moved to another cluster, with all that is in it, and the channel's configuration says
 * so.  Nothing but the old brokers' silence tells that the new ones are in use. */
static void new_brokers_need_no_restart(void **state)
{
	struct rig *old = *state, new;
	struct testkit *k =
		rig_serve(old, (struct testkit_opts){.max_count = 1, .channel = "moved"});

	rig_init(&new);
	rig_order(k, 0, 3);
	testkit_wait_written(k, 3);
	rig_write_some(&new, "moved", rig_next_offset(old, "moved") + 1);
	testkit_set_brokers(k, new.brokers);
	assert_int_equal(testkit_configure(k, "c"), 0);
	testkit_wait_message(k, "c");
	testkit_wait_idle(k);
	rig_down(old);
	rig_order(k, 3, 3);
	testkit_wait_settled(k, 7);
	testkit_wait_written(k, 7);
	assert_string_equal(testkit_blocks(k), "[m0] [m1] [m2] [*c] [m3] [m4] [m5]");
	testkit_free(k);
	rig_fini(&new);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(fifty_chains_share_their_connections),
		RIG_TEST(two_orderers_cut_the_same_blocks),
		RIG_TEST(the_batch_timer_asks_the_topic),
		RIG_TEST(new_brokers_need_no_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
