/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of the ledger on this machine; no test.  The working directory's disk is measured. */
#include "ledger_test.h"
#include <journal/journal.h>
#include <time.h>

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct {
	double wall, cpu;
} begun;

static void begin(void)
{
	begun.wall = seconds(CLOCK_MONOTONIC);
	begun.cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static double wall(void)
{
	return seconds(CLOCK_MONOTONIC) - begun.wall;
}

static double cpu(void)
{
	return seconds(CLOCK_PROCESS_CPUTIME_ID) - begun.cpu;
}

static void must(int rc, const struct ord_err *e)
{
	if (rc < 0) {
		fprintf(stderr, "%s\n", e->msg);
		exit(1);
	}
}

static void bench_append(size_t batch)
{
	struct test_chain c = test_make_chain(1600, 10, 1024, 1);
	char *dir = test_dir();
	struct ord_err e = ERR_INIT;
	struct test_ledger t = test_open(dir);
	double s;

	begin();
	for (size_t i = 0; i + batch <= c.n; i += batch)
		must(ledger_append(t.l, c.b + i, batch, &e), &e);
	s = wall();
	printf("append, blocks of 10 x 1 KB, %2zu a batch: %6.0f blocks/s, %4.0f us and %3.0f us CPU "
	       "a batch\n",
	       batch, (double)c.n / s, s * 1e6 * (double)batch / (double)c.n,
	       cpu() * 1e6 * (double)batch / (double)c.n);
	test_close(&t);
	test_free_chain(&c);
	test_remove(dir);
	free(dir);
}

static void bench_read(void)
{
	enum { BLOCKS = 1000, ROUNDS = 5 };
	struct test_chain c = test_make_chain(BLOCKS, 190, 1024, 1);
	char *dir = test_dir();
	struct ord_err e = ERR_INIT;
	struct test_ledger t;
	double bytes = 0, s;

	test_fill(dir, &c, BLOCKS);
	test_free_chain(&c);
	t = test_open(dir);
	begin();
	for (uint64_t i = 0; i < ROUNDS * BLOCKS; i++) {
		struct ord_block *b;

		must(ledger_read(t.l, i % BLOCKS, &b, &e), &e);
		bytes += (double)b->encoded.len;
		block_unref(b);
	}
	s = wall();
	printf("read, blocks of %.0f KB, one thread, page cache: %.2f GB/s, %.2f CPU s a GB\n",
	       bytes / ROUNDS / BLOCKS / 1e3, bytes / s / 1e9, cpu() / bytes * 1e9);
	test_close(&t);
	test_remove(dir);
	free(dir);
}

static void bench_open(void)
{
	enum { BLOCKS = 10000 };
	struct test_chain c = test_make_chain(BLOCKS, 10, 1024, 1);
	char *dir = test_dir(), *index = x_printf("%s/ordererd/" TEST_CHANNEL "/index", dir);

	test_fill(dir, &c, BLOCKS);
	test_free_chain(&c);
	for (int with_index = 1; with_index >= 0; with_index--) {
		struct test_ledger t;

		if (!with_index)
			unlink(index);
		begin();
		t = test_open(dir);
		printf("open, %llu blocks of 10 KB, %s index: %.2f ms\n",
		       (unsigned long long)ledger_height(t.l), with_index ? "with" : "without",
		       wall() * 1e3);
		test_close(&t);
	}
	test_remove(dir);
	free(index);
	free(dir);
}

static void bench_journal(size_t size)
{
	enum { SYNCS = 2000 };
	char *dir = test_dir();
	struct ord_err e = ERR_INIT;
	struct test_ledger t = test_open(dir);
	uint8_t *record = x_alloc(1024);
	struct journal *j;
	double worst = 0, s;

	must(journal_open(t.l, &j, &e), &e);
	for (int i = 0; i < SYNCS + 200; i++) {
		double before = seconds(CLOCK_MONOTONIC), took;
		uint64_t position = 0;

		if (i == 200) /* the first segments are being made */
			begin();
		for (size_t n = 0; n < size; n += 1024)
			position = journal_append(j, bytes_of(record, 16), bytes_of(record, 1008));
		must(journal_sync(j, &e), &e);
		journal_mark(j, position, (uint64_t)i);
		took = seconds(CLOCK_MONOTONIC) - before;
		if (i >= 200 && took > worst)
			worst = took;
	}
	s = wall();
	printf("journal, %3zu KB a sync: %4.0f us, %3.0f us CPU, worst %.1f ms\n", size / 1024,
	       s * 1e6 / SYNCS, cpu() * 1e6 / SYNCS, worst * 1e3);
	journal_close(j);
	test_close(&t);
	test_remove(dir);
	free(record);
	free(dir);
}

int main(void)
{
	bench_append(1);
	bench_append(16);
	bench_read();
	bench_open();
	bench_journal(2048);
	bench_journal(128 * 1024);
	return 0;
}
