/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that is full or broken: nothing half written stays, reading goes on, a retry works. */
#include "ledger_test.h"
#include <signal.h>
#include <sys/resource.h>

/* Fails the @left-th call of the kinds in @ops from now on, and all behind it when @forever. */
static struct {
	unsigned ops;
	int left, errnum;
	bool forever;
} plan;

static int follow_plan(enum ledger_io op)
{
	if (!(plan.ops & 1u << op))
		return test_no_sync(op);
	if (plan.left > 0) {
		plan.left--;
		return test_no_sync(op);
	}
	if (!plan.forever)
		plan.ops = 0;
	return plan.errnum;
}

#define READ     (1u << LEDGER_IO_READ)
#define WRITE    (1u << LEDGER_IO_WRITE)
#define SYNC     (1u << LEDGER_IO_SYNC)
#define CREATE   (1u << LEDGER_IO_CREATE)
#define TRUNCATE (1u << LEDGER_IO_TRUNCATE)

static void disk_breaks(unsigned ops, int left, int errnum, bool forever)
{
	plan.ops = ops;
	plan.left = left;
	plan.errnum = errnum;
	plan.forever = forever;
	ledger_io_fault = follow_plan;
}

static void disk_is_well(void)
{
	ledger_io_fault = test_no_sync;
}

struct world {
	char *dir;
	struct test_chain chain;
	struct test_ledger t;
};

static struct world world_open(void)
{
	struct world w = {.dir = test_dir(), .chain = test_make_chain(12, 3, 300, 1)};
	struct ord_err e = ERR_INIT;

	w.t = test_open(w.dir);
	test_ok(ledger_append(w.t.l, w.chain.b, 4, &e), &e);
	return w;
}

static void world_close(struct world *w)
{
	test_close(&w->t);
	test_free_chain(&w->chain);
	test_remove(w->dir);
	free(w->dir);
}

/* All that can be read is as before; nothing but whole blocks is in the file. */
static void stands_at(struct world *w, uint64_t height)
{
	char *path = test_blockfile(w->dir, 0);
	uint64_t size = 0;
	struct stat st;

	for (uint64_t i = 0; i < height; i++)
		size += ledger_record_size(w->chain.b[i]);
	assert_int_equal(ledger_height(w->t.l), height);
	test_same_chain(w->t.l, &w->chain);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, size);
	free(path);
}

static void goes_on(struct world *w, uint64_t height)
{
	struct ord_err e = ERR_INIT;

	disk_is_well();
	test_ok(ledger_append(w->t.l, w->chain.b + height, 3, &e), &e);
	stands_at(w, height + 3);
	test_close(&w->t);
	w->t = test_open(w->dir);
	stands_at(w, height + 3);
}

static void each_failing_call_leaves_the_old_end(void **state)
{
	static const unsigned kinds[] = {WRITE, SYNC};
	static const int errnums[] = {ENOSPC, EIO, EDQUOT, EFBIG};

	(void)state;
	for (size_t k = 0; k < UTIL_ARRAY_LEN(kinds); k++)
		for (size_t n = 0; n < UTIL_ARRAY_LEN(errnums); n++) {
			struct world w = world_open();
			struct ord_err e = ERR_INIT;
			char want[100];

			snprintf(want, sizeof(want), "channel mychannel: write block file 0: %s",
				 strerrordesc_np(errnums[n]));
			disk_breaks(kinds[k], 0, errnums[n], false);
			test_fails(ledger_append(w.t.l, w.chain.b + 4, 3, &e), &e, ORD_EUNAVAIL,
				   want);
			stands_at(&w, 4);
			goes_on(&w, 4);
			world_close(&w);
		}
}

static void a_dead_disk_is_read_only(void **state)
{
	struct world w = world_open();
	struct ord_err e = ERR_INIT;

	(void)state;
	disk_breaks(WRITE | SYNC | CREATE | TRUNCATE, 0, EIO, true);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ledger_append(w.t.l, w.chain.b + 4, 3, &e), ORD_EUNAVAIL);
	assert_int_equal(ledger_height(w.t.l), 4);
	test_same_chain(w.t.l, &w.chain);
	goes_on(&w, 4);
	world_close(&w);
}

static void a_failed_roll_over_leaves_no_file(void **state)
{
	struct ord_err e = ERR_INIT;

	(void)state;
	for (int how = 0; how < 4; how++) {
		struct world w = world_open();
		char *second;

		w.t.root->file_max = 5 * ledger_record_size(w.chain.b[1]);
		second = test_blockfile(w.dir, 1);
		if (how == 0)
			disk_breaks(CREATE, 0, ENOSPC, false);
		else if (how == 1)
			disk_breaks(WRITE, 1, ENOSPC, false);
		else if (how == 2)
			disk_breaks(SYNC, 1, EIO, false); /* of the directory */
		else
			disk_breaks(SYNC, 2, EIO, false);
		assert_int_equal(ledger_append(w.t.l, w.chain.b + 4, 5, &e), ORD_EUNAVAIL);
		stands_at(&w, 4);
		assert_false(file_exists(second));
		disk_is_well();
		test_ok(ledger_append(w.t.l, w.chain.b + 4, 5, &e), &e);
		assert_int_equal(ledger_height(w.t.l), 9);
		assert_true(file_exists(second));
		test_same_chain(w.t.l, &w.chain);
		world_close(&w);
		free(second);
	}
}

static void an_index_that_cannot_be_written_waits_in_memory(void **state)
{
	struct world w = world_open();
	struct ord_err e = ERR_INIT;

	(void)state;
	disk_breaks(WRITE, 1, ENOSPC, false); /* the write behind the blocks' own */
	test_ok(ledger_append(w.t.l, w.chain.b + 4, 1, &e), &e);
	disk_breaks(WRITE, 1, ENOSPC, false);
	test_ok(ledger_append(w.t.l, w.chain.b + 5, 2, &e), &e);
	ledger_cache_drop(w.t.root->cache, w.t.l);
	stands_at(&w, 7);
	goes_on(&w, 7);
	world_close(&w);
}

/* After a failed sync the kernel may have dropped pages that were synced long ago. */
static void a_tip_lost_by_a_failed_sync_is_written_again(void **state)
{
	struct world w = world_open();
	char *path = test_blockfile(w.dir, 0);
	struct ord_err e = ERR_INIT;
	struct buf b;

	(void)state;
	disk_breaks(SYNC, 0, EIO, false);
	assert_int_equal(ledger_append(w.t.l, w.chain.b + 4, 1, &e), ORD_EUNAVAIL);
	b = test_read(path);
	memset(b.data + b.len - 200, 0, 200);
	test_write(path, buf_bytes(&b));
	goes_on(&w, 4);
	world_close(&w);
	buf_fini(&b);
	free(path);
}

/* Where it stands must be known for that: not even a byte of another block is touched. */
static void a_tip_whose_place_is_not_known_waits(void **state)
{
	struct world w = world_open();
	char *path = test_blockfile(w.dir, 0);
	struct buf before = test_read(path), after;
	struct ord_err e = ERR_INIT;

	(void)state;
	disk_breaks(SYNC, 0, EIO, false);
	assert_int_equal(ledger_append(w.t.l, w.chain.b + 4, 1, &e), ORD_EUNAVAIL);
	disk_breaks(READ, 0, EIO, false); /* of the index */
	test_fails(ledger_append(w.t.l, w.chain.b + 4, 1, &e), &e, ORD_EUNAVAIL,
		   "channel mychannel: find the last block in block file 0: Input/output error");
	after = test_read(path);
	assert_true(bytes_eq(buf_bytes(&before), buf_bytes(&after)));
	goes_on(&w, 4);
	world_close(&w);
	buf_fini(&before);
	buf_fini(&after);
	free(path);
}

static void someone_else_s_bytes_are_noticed(void **state)
{
	struct world w = world_open();
	char *path = test_blockfile(w.dir, 0);
	struct ord_err e = ERR_INIT;
	struct buf b = test_read(path);

	(void)state;
	buf_add_str(&b, "surprise");
	test_write(path, buf_bytes(&b));
	test_fails(
		ledger_append(w.t.l, w.chain.b + 4, 1, &e), &e, ORD_EUNAVAIL,
		"channel mychannel: block file 0 was changed by someone else: restart to look at "
		"it again");
	world_close(&w);
	buf_fini(&b);
	free(path);
}

/* The kernel itself refuses in the middle of a record. */
static void a_real_limit_is_survived(void **state)
{
	struct world w = world_open();
	struct rlimit old, limit;
	struct ord_err e = ERR_INIT;
	uint64_t size = 0;

	(void)state;
	for (int i = 0; i < 4; i++)
		size += ledger_record_size(w.chain.b[i]);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = size + 500;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(ledger_append(w.t.l, w.chain.b + 4, 3, &e), ORD_EUNAVAIL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	stands_at(&w, 4);
	goes_on(&w, 4);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_failing_call_leaves_the_old_end),
		cmocka_unit_test(a_dead_disk_is_read_only),
		cmocka_unit_test(a_failed_roll_over_leaves_no_file),
		cmocka_unit_test(an_index_that_cannot_be_written_waits_in_memory),
		cmocka_unit_test(a_tip_lost_by_a_failed_sync_is_written_again),
		cmocka_unit_test(a_tip_whose_place_is_not_known_waits),
		cmocka_unit_test(someone_else_s_bytes_are_noticed),
		cmocka_unit_test(a_real_limit_is_survived),
	};

	return cmocka_run_group_tests(tests, test_quick, NULL);
}
