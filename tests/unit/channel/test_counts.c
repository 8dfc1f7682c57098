/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of a channel. */
#include "rig.h"

static struct rig rig;

static int set_up(void **state)
{
	(void)state;
	rig_make(&rig, "ledger");
	rig_open(&rig);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static uint64_t fills(struct histogram_sum *sum)
{
	return histogram_read(&chan_counts(rig.chan)->fill, sum);
}

static void a_full_batch_is_counted_from_its_first_message(void **state)
{
	uint64_t before = ledger_height(chan_ledger(rig.chan));
	struct histogram_sum sum;

	(void)state;
	rig_batches(&rig, 2, 3600 * CLOCK_SEC_NS);
	rig_accept(&rig, "x", 5);
	rig_until(ledger_height(chan_ledger(rig.chan)) == before + 2);
	assert_int_equal(fills(&sum), 2); /* the fifth waits */
	assert_true(sum.seconds > 0);
	rig_accept(&rig, "x", 1);
	rig_until(ledger_height(chan_ledger(rig.chan)) == before + 3);
	assert_int_equal(fills(&sum), 3);
}

static void a_batch_of_one_takes_no_time(void **state)
{
	struct histogram_sum sum;

	(void)state;
	rig_batches(&rig, 1, 3600 * CLOCK_SEC_NS);
	rig_accept(&rig, "alone", 3);
	rig_until(rig_count(rig.chan, "alone") == 3);
	assert_int_equal(fills(&sum), 3);
	assert_true(sum.seconds == 0);
	assert_int_equal(sum.buckets[0], 3);
}

static void a_batch_that_the_timer_cuts_waited_for_it(void **state)
{
	struct histogram_sum sum;

	(void)state;
	rig_batches(&rig, 100, 30 * CLOCK_MS_NS);
	rig_accept(&rig, "slow", 1);
	rig_until(rig_count(rig.chan, "slow") == 1);
	assert_int_equal(fills(&sum), 1);
	assert_true(sum.seconds >= .03);
	assert_int_equal(sum.buckets[2], 0); /* 25 ms */
}

static void an_overflow_is_two_batches(void **state)
{
	struct histogram_sum sum;
	struct chanconf *conf = chan_conf(rig.chan);
	size_t too_many = conf->pub.batch_preferred_max + 1;
	uint8_t *bytes = x_alloc(too_many);
	struct ord_env *small, *big;

	(void)state;
	rig_batches(&rig, 100, 3600 * CLOCK_SEC_NS);
	small = rig_tx(&rig.user, "small");
	big = rig_env(&rig.user, WIRE_ENDORSER_TRANSACTION, RIG_CHANNEL, bytes_of(bytes, too_many));
	assert_int_equal(rig_order(rig.chan, small), ORD_OK);
	assert_int_equal(rig_order(rig.chan, big), ORD_OK);
	rig_until(fills(&sum) == 2);
	chanconf_unref(conf);
	free(bytes);
	env_unref(small);
	env_unref(big);
}

/* ---- rows ---------------------------------------------------------------- */

#define KINDS  40
#define ROUNDS 1000

static void *count_all(void *counts)
{
	for (int i = 0; i < KINDS * ROUNDS; i++)
		atomic_fetch_add(&chan_handled(counts, i % 4, 200 + i / 4 % 10)->n, 1);
	return NULL;
}

static void threads_share_rows_and_lose_nothing(void **state)
{
	struct chan_counts c = {0};
	pthread_t threads[4];
	unsigned n = 0;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_all, &c), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (struct chan_handled *h = c.handled; h; h = h->next, n++)
		assert_int_equal(h->n, 4 * ROUNDS);
	assert_int_equal(n, KINDS);
	chan_counts_fini(&c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_full_batch_is_counted_from_its_first_message),
		TEST(a_batch_of_one_takes_no_time),
		TEST(a_batch_that_the_timer_cuts_waited_for_it),
		TEST(an_overflow_is_two_batches),
		cmocka_unit_test(threads_share_rows_and_lose_nothing),
	};

	log_set_spec("panic", NULL);
	ledger_io_fault = rig_no_sync;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
