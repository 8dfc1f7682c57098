/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 at random moments: what a child was told is durable, its successor finds.
 * LEDGER_KILL_ROUNDS sets how often (30).
 */
#include "ledger_test.h"
#include <journal/journal_priv.h>
#include <signal.h>
#include <sys/wait.h>

/* What the child reports through the pipe, after the call that promised it returned. */
struct ack {
	uint64_t height, position, mark;
};

static size_t body_of(uint64_t position)
{
	return position % 13 == 0 ? 70000 : 50 + position % 200;
}

static void add_record(struct journal *j, uint64_t next)
{
	uint8_t *body = x_malloc(body_of(next));

	memset(body, (int)(next & 0xff), body_of(next));
	util_assert(journal_append(j, bytes_of(&next, 8), bytes_of(body, body_of(next))) == next);
	free(body);
}

static void report(int fd, const struct ack *a)
{
	util_assert(write(fd, a, sizeof(*a)) == sizeof(*a));
}

static struct ord_block *next_block(const struct ord_block *before)
{
	uint64_t number = before ? before->number + 1 : 0;

	return test_make_block(number, before, 1 + number % 5, 100 + number % 7 * 500, 9);
}

static void append_some(struct ledger *l, size_t n)
{
	struct ord_block *b[4], *tip = ledger_tip(l);
	struct ord_err e = ERR_INIT;

	for (size_t i = 0; i < n; i++)
		b[i] = next_block(i ? b[i - 1] : tip);
	util_assert(ledger_append(l, b, n, &e) == 0);
	for (size_t i = 0; i < n; i++)
		block_unref(b[i]);
	if (tip)
		block_unref(tip);
}

/* Never returns: appends until it is killed. */
static _Noreturn void child(const char *dir, int fd)
{
	struct ack a = {0, 0, 0};
	struct ord_err e = ERR_INIT;
	struct ord_bytes record;
	struct test_ledger t;
	struct journal *j;
	uint64_t block;

	util_assert(test_try_open(dir, &t, &e) == 0);
	t.root->file_max = 40000;
	journal_segment_max = 256 * 1024;
	util_assert(journal_open(t.l, &j, &e) == 0);
	journal_marked(j, &a.position, &block);
	while (journal_replay(j, &a.position, &record, NULL) > 0)
		continue;
	for (unsigned i = 0;; i++) {
		append_some(t.l, 1 + i % 4);
		a.height = ledger_height(t.l);
		report(fd, &a);
		for (unsigned k = 0; k <= i % 6; k++)
			add_record(j, a.position + 1 + k);
		util_assert(journal_sync(j, &e) == 0);
		a.position += i % 6 + 1;
		report(fd, &a);
		if (i % 5 == 4)
			journal_mark(j, a.mark = a.position - 3, a.height - 1);
	}
}

/* Let a child run for about @us, kill it, and return its last report.  @working: count from its
 * first block, however slow the machine; else from the fork, since the start belongs to the
 * moments, too. */
static struct ack run_and_kill(const char *dir, unsigned us, bool working)
{
	struct ack a = {0, 0, 0}, next;
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		child(dir, fds[1]);
	}
	close(fds[1]);
	while (working && a.height == 0 && read(fds[0], &next, sizeof(next)) == sizeof(next))
		a = next;
	clock_sleep_ns((uint64_t)us * 1000);
	kill(pid, SIGKILL);
	while (read(fds[0], &next, sizeof(next)) == sizeof(next))
		a = next;
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return a;
}

static void check_blocks(struct ledger *l, struct ord_block **checked)
{
	struct ord_err e = ERR_INIT;
	uint64_t from = *checked ? (*checked)->number + 1 : 0;

	for (uint64_t i = from; i < ledger_height(l); i++) {
		struct ord_block *got, *want = next_block(*checked);

		test_ok(ledger_read(l, i, &got, &e), &e);
		test_same_block(got, want);
		block_unref(got);
		if (*checked)
			block_unref(*checked);
		*checked = want;
	}
}

/* Every record from behind the mark to at least the last one reported, in order. */
static void check_journal(struct ledger *l, const struct ack *a, struct ack *sum)
{
	struct ord_err e = ERR_INIT;
	struct ord_bytes record;
	uint64_t mark, block, position = 0, want;
	struct journal *j;

	test_ok(journal_open(l, &j, &e), &e);
	journal_marked(j, &mark, &block);
	assert_true(mark >= sum->mark);
	for (want = mark + 1; journal_replay(j, &position, &record, NULL) > 0; want++) {
		uint64_t inside;

		assert_int_equal(position, want);
		assert_int_equal(record.len, 8 + body_of(position));
		memcpy(&inside, record.data, 8);
		assert_int_equal(inside, position);
		for (size_t i = 8; i < record.len; i++)
			assert_int_equal(record.data[i], position & 0xff);
	}
	assert_true(want - 1 >= a->position);
	assert_true(want - 1 >= sum->position);
	sum->mark = mark;
	sum->position = want - 1;
	journal_close(j);
}

static void a_killed_process_loses_nothing(void **state)
{
	const char *env = getenv("LEDGER_KILL_ROUNDS");
	int rounds = env ? atoi(env) : 30;
	char *dir = test_dir();
	struct ack sum = {0, 0, 0};
	struct ord_block *checked = NULL;

	(void)state;
	srand(env ? (unsigned)clock_mono_ns() : 1);
	for (int i = 0; i < rounds; i++) {
		struct ack a = run_and_kill(dir, (unsigned)rand() % 40000, i % 4 == 3);
		struct ord_err e = ERR_INIT;
		struct test_ledger t;

		test_ok(test_try_open(dir, &t, &e), &e);
		assert_true(ledger_height(t.l) >= a.height);
		assert_true(ledger_height(t.l) >= sum.height);
		sum.height = ledger_height(t.l);
		check_blocks(t.l, &checked);
		check_journal(t.l, &a, &sum);
		test_close(&t);
	}
	print_message("%d rounds: %llu blocks, %llu journal records\n", rounds,
		      (unsigned long long)sum.height, (unsigned long long)sum.position);
	assert_true(sum.height > 0);
	if (checked)
		block_unref(checked);
	test_remove(dir);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_killed_process_loses_nothing),
	};

	return cmocka_run_group_tests(tests, test_quiet, NULL);
}
