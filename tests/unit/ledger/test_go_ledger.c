/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of a Go orderer: read, gone on with as Go would, and left alone while it runs. */
#include "ledger_test.h"
#include <sys/file.h>
#include <sys/wait.h>

/* ---- Fabric's bytes ------------------------------------------------------ */

static void copy_golden(const char *name, const char *dir)
{
	char *from = test_golden_path("%s", name);

	test_copy(from, dir);
	free(from);
}

static void a_go_ledger_reads_as_peers_fetched_it(void **state)
{
	char *dir = test_dir();
	struct ord_err e = ERR_INIT;
	struct test_ledger t;

	(void)state;
	copy_golden("ledger", dir);
	t = test_open(dir);
	assert_int_equal(ledger_height(t.l), 50);
	for (unsigned i = 0; i < 50; i++) {
		struct ord_block *want = test_block("blocks/mychannel.%03u.block", i), *got;

		test_ok(ledger_read(t.l, i, &got, &e), &e);
		test_same_block(got, want);
		block_unref(got);
		block_unref(want);
	}
	test_close(&t);
	test_remove(dir);
	free(dir);
}

/* The same blocks, appended by us to an empty ledger, make the same file. */
static void check_appends_like_go(const char *name, const char *channel, unsigned height)
{
	char *dir = test_dir(), *go = test_dir(), *chain = x_printf("%s/chains/%s", dir, channel);
	struct ledger_root *from, *to;
	struct ledger *l, *mine;
	struct ord_err e = ERR_INIT;
	uint64_t want;

	copy_golden(name, go);
	test_ok(ledger_root_open(go, &from, &e), &e);
	test_ok(ledger_open(from, channel, false, &l, &e), &e);
	assert_int_equal(ledger_height(l), height);
	test_ok(ledger_root_open(dir, &to, &e), &e);
	test_ok(ledger_open(to, channel, true, &mine, &e), &e);
	for (unsigned i = 0; i < height; i++) {
		struct ord_block *b;

		test_ok(ledger_read(l, i, &b, &e), &e);
		test_ok(ledger_append(mine, &b, 1, &e), &e);
		block_unref(b);
	}
	ledger_close(mine);
	ledger_root_close(to);
	ledger_close(l);
	ledger_root_close(from);
	{
		char *a = x_printf("%s/blockfile_000000", chain);
		char *b = x_printf("%s/chains/%s/blockfile_000000", go, channel);
		struct buf x = test_read(a), y = test_read(b);

		want = y.len;
		assert_int_equal(x.len, want);
		assert_memory_equal(x.data, y.data, want);
		buf_fini(&x);
		buf_fini(&y);
		free(a);
		free(b);
	}
	test_remove(dir);
	test_remove(go);
	free(dir);
	free(go);
	free(chain);
}

static void appended_blocks_make_the_files_of_go(void **state)
{
	(void)state;
	check_appends_like_go("ledger", "mychannel", 50);
	check_appends_like_go("ledger", "testchainid", 2);
	check_appends_like_go("ledger500", "mychannel", 1);
	check_appends_like_go("ledger500", "testchainid", 2);
	check_appends_like_go("ledger-kafka", "mychannel", 6);
	check_appends_like_go("ledger-kafka", "testchainid", 2);
}

/* ---- Go's index ---------------------------------------------------------- */

static void the_index_of_go_goes_before_the_first_append(void **state)
{
	char *dir = test_dir(), *index = x_printf("%s/index", dir);
	struct ord_err e = ERR_INIT;
	struct ord_block *tip, *next;
	struct test_ledger t;

	(void)state;
	copy_golden("ledger", dir);
	t = test_open(dir);
	assert_true(file_is_dir(index));
	tip = ledger_tip(t.l);
	next = test_make_block(50, tip, 2, 100, 1);
	test_ok(ledger_append(t.l, &next, 1, &e), &e);
	assert_false(file_exists(index));
	block_unref(tip);
	block_unref(next);
	test_close(&t);
	test_remove(dir);
	free(index);
	free(dir);
}

static void an_index_with_a_strange_file_is_refused(void **state)
{
	char *dir = test_dir(), *strange = x_printf("%s/index/notes.txt", dir), *want;
	struct ord_err e = ERR_INIT;
	struct ledger_root *r;
	uint64_t before;

	(void)state;
	copy_golden("ledger", dir);
	test_write(strange, bytes_str("mine"));
	before = test_tree(dir);
	want = x_printf(
		"%s is no file of a Go orderer's index, and the index must go before blocks "
		"are added: move that file away",
		strange);
	test_fails(ledger_root_open(dir, &r, &e), &e, ORD_EINVAL, want);
	assert_true(before == test_tree(dir));
	test_remove(dir);
	free(want);
	free(strange);
	free(dir);
}

static void a_running_go_orderer_keeps_us_out(void **state)
{
	char *dir = test_dir(), *lock = x_printf("%s/index/LOCK", dir), *want;
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct ord_err e = ERR_INIT;
	struct ledger_root *r;
	int fd, ready[2], status;
	pid_t child;
	char c;

	(void)state;
	copy_golden("ledger", dir);
	want = x_printf("%s is locked: stop the orderer that uses it first", lock);
	fd = open(lock, O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	test_fails(ledger_root_open(dir, &r, &e), &e, ORD_EUNAVAIL, want);
	close(fd);
	/* the other kind of lock, which only another process can hold against us */
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		fd = open(lock, O_RDWR);
		c = fcntl(fd, F_SETLK, &fl) == 0;
		if (write(ready[1], &c, 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	test_fails(ledger_root_open(dir, &r, &e), &e, ORD_EUNAVAIL, want);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	test_ok(ledger_root_open(dir, &r, &e), &e);
	ledger_root_close(r);
	close(ready[0]);
	close(ready[1]);
	test_remove(dir);
	free(want);
	free(lock);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_go_ledger_reads_as_peers_fetched_it),
		cmocka_unit_test(appended_blocks_make_the_files_of_go),
		cmocka_unit_test(the_index_of_go_goes_before_the_first_append),
		cmocka_unit_test(an_index_with_a_strange_file_is_refused),
		cmocka_unit_test(a_running_go_orderer_keeps_us_out),
	};

	return cmocka_run_group_tests(tests, test_quiet, NULL);
}
