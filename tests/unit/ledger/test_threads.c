/* SPDX-License-Identifier: Apache-2.0 */
/* One appends, many read, another marks the journal: for the thread sanitizer. */
#include "ledger_test.h"
#include <journal/journal_priv.h>

#define BLOCKS  200
#define READERS 4
#define READS   1500

static struct {
	struct test_chain chain;
	struct test_ledger t;
	struct journal *j;
	atomic_uint_fast64_t synced; /* journal position */
	atomic_bool done;
	atomic_uint_fast64_t told; /* by ledger_on_append() */
} world;

static void told(void *arg, uint64_t height)
{
	(void)arg;
	atomic_store(&world.told, height);
}

static void *append_blocks(void *arg)
{
	struct ord_err e = ERR_INIT;

	(void)arg;
	for (size_t i = 0, n; i < BLOCKS; i += n) {
		n = 1 + i % 3;
		if (n > BLOCKS - i)
			n = BLOCKS - i;
		for (size_t k = 0; k < n; k++)
			journal_append(world.j, bytes_str("head"), bytes_str("body"));
		util_assert(journal_sync(world.j, &e) == 0);
		util_assert(ledger_append(world.t.l, world.chain.b + i, n, &e) == 0);
		atomic_store(&world.synced, i + n);
	}
	return NULL;
}

static void *mark_journal(void *arg)
{
	(void)arg;
	while (!atomic_load(&world.done)) {
		uint64_t p = atomic_load(&world.synced);

		journal_mark(world.j, p, p);
		clock_sleep_ns(100000);
	}
	return NULL;
}

static void check(struct ord_block *b, uint64_t number)
{
	const struct ord_block *want = world.chain.b[number];

	util_assert(b->number == number && b->encoded.len == want->encoded.len &&
		    memcmp(b->encoded.data, want->encoded.data, b->encoded.len) == 0);
	block_unref(b);
}

static void *read_blocks(void *arg)
{
	uint32_t x = (uint32_t)(uintptr_t)arg;
	struct ord_err e = ERR_INIT;
	struct ord_block *b;

	for (int i = 0; i < READS; i++) {
		uint64_t height = ledger_height(world.t.l), n;

		x = x * 1664525 + 1013904223;
		if (height == 0)
			continue;
		n = i % 2 ? height - 1 : (x >> 8) % height;
		util_assert(ledger_read(world.t.l, n, &b, &e) == 0);
		check(b, n);
		b = ledger_cached(world.t.l, height - 1);
		if (b)
			check(b, height - 1);
		b = ledger_tip(world.t.l);
		check(b, b->number);
	}
	return NULL;
}

static void readers_and_one_appender_agree(void **state)
{
	char *dir = test_dir();
	pthread_t appender, marker, readers[READERS];
	struct ord_err e = ERR_INIT;

	(void)state;
	world.chain = test_make_chain(BLOCKS, 2, 20000, 1);
	world.t = test_open(dir);
	world.t.root->file_max = 1000 * 1000;
	journal_segment_max = 64 * 1024;
	test_ok(journal_open(world.t.l, &world.j, &e), &e);
	ledger_on_append(world.t.l, told, NULL);
	test_ok(thread_start(&appender, "appender", append_blocks, NULL, &e), &e);
	test_ok(thread_start(&marker, "marker", mark_journal, NULL, &e), &e);
	for (uintptr_t i = 0; i < READERS; i++)
		test_ok(thread_start(&readers[i], "reader", read_blocks, (void *)(i + 1), &e), &e);
	pthread_join(appender, NULL);
	for (int i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	atomic_store(&world.done, true);
	pthread_join(marker, NULL);
	assert_int_equal(atomic_load(&world.told), BLOCKS);
	assert_int_equal(ledger_height(world.t.l), BLOCKS);
	test_same_chain(world.t.l, &world.chain);
	journal_close(world.j);
	test_close(&world.t);
	test_free_chain(&world.chain);
	test_remove(dir);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_and_one_appender_agree),
	};

	return cmocka_run_group_tests(tests, test_quick, NULL);
}
