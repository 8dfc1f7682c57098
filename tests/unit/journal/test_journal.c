/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: what was synced comes back, what was not does not. */
#include "../ledger/ledger_test.h"

#include <journal/journal_priv.h>

#define SEGMENT (64u * 1024)
#define BIG     (24u * 1024) /* two records of this fill a segment */
#define BLOCKS  200u         /* of the ledger: marks speak of these */

static struct test_chain chain; /* one block more than that */

/* A journal in a directory of its own, and a way to look at it as after a crash. */
struct world {
	char *dir;
	struct test_ledger t;
	struct journal *j;
};

static struct world world_open_with(char *dir, uint64_t segment_size)
{
	struct world w = {.dir = dir, .t = test_open(dir)};
	struct ord_err e = ERR_INIT;

	if (ledger_height(w.t.l) == 0)
		test_ok(ledger_append(w.t.l, chain.b, BLOCKS, &e), &e);
	journal_segment_max = segment_size;
	test_ok(journal_open(w.t.l, &w.j, &e), &e);
	return w;
}

static struct world world_open(char *dir)
{
	return world_open_with(dir, SEGMENT);
}

static void world_close(struct world *w)
{
	journal_close(w->j);
	test_close(&w->t);
	test_remove(w->dir);
	free(w->dir);
}

/* What is on disk now, as if the process had been killed. */
static struct world world_crashed(const struct world *w)
{
	char *dir = test_dir();

	test_copy(w->dir, dir);
	return world_open(dir);
}

/* Record @position is @size bytes that depend on both. */
static struct buf record(uint64_t position, size_t size)
{
	struct buf b = BUF_INIT;

	buf_reserve(&b, size + 20);
	buf_printf(&b, "%llu:", (unsigned long long)position);
	while (b.len < size)
		buf_add_u8(&b, (uint8_t)(position * 31 + b.len));
	return b;
}

static void append(struct journal *j, uint64_t position, size_t size)
{
	struct buf b = record(position, size);
	size_t head = b.len / 3;

	assert_int_equal(
		journal_append(j, bytes_of(b.data, head), bytes_of(b.data + head, b.len - head)),
		position);
	buf_fini(&b);
}

static void append_and_sync(struct journal *j, uint64_t from, uint64_t to, size_t size)
{
	struct ord_err e = ERR_INIT;

	for (; from <= to; from++)
		append(j, from, size);
	test_ok(journal_sync(j, &e), &e);
}

/* The replay is exactly the records @from … @to. */
static void replays(struct journal *j, uint64_t from, uint64_t to, size_t size)
{
	struct ord_bytes got;
	uint64_t position;

	for (; from <= to; from++) {
		struct buf want = record(from, size);

		assert_int_equal(journal_replay(j, &position, &got, NULL), 1);
		assert_int_equal(position, from);
		assert_int_equal(got.len, want.len);
		assert_memory_equal(got.data, want.data, want.len);
		buf_fini(&want);
	}
	assert_int_equal(journal_replay(j, &position, &got, NULL), 0);
	assert_int_equal(journal_replay(j, &position, &got, NULL), 0);
}

static void marked(struct journal *j, uint64_t position, uint64_t block)
{
	uint64_t p, b;

	journal_marked(j, &p, &b);
	assert_int_equal(p, position);
	assert_int_equal(b, block);
}

/* ---- the ordinary life --------------------------------------------------- */

static void the_checksum_is_xxh64(void **state)
{
	static const char text[] = "Nobody inspects the spammish repetition";

	(void)state;
	assert_true(journal_checksum(0, "", 0) == UINT64_C(0xef46db3751d8e999));
	assert_true(journal_checksum(0, "abc", 3) == UINT64_C(0x44bc2cf5ad770999));
	assert_true(journal_checksum(0, text, sizeof(text) - 1) == UINT64_C(0xfbcea83c8a378bf1));
}

static void synced_records_come_back_in_order(void **state)
{
	struct world w = world_open(test_dir()), c;
	struct ord_err e = ERR_INIT;

	(void)state;
	marked(w.j, 0, 0);
	replays(w.j, 1, 0, 0);
	test_ok(journal_sync(w.j, &e), &e);
	append_and_sync(w.j, 1, 1, 100);
	append_and_sync(w.j, 2, 50, 100);
	append(w.j, 51, 100); /* never synced */
	c = world_crashed(&w);
	replays(c.j, 1, 50, 100);
	append_and_sync(c.j, 51, 51, 100);
	world_close(&w);
	w = world_crashed(&c);
	replays(w.j, 1, 51, 100);
	world_close(&w);
	world_close(&c);
}

static void a_mark_leaves_out_what_is_in_blocks(void **state)
{
	struct world w = world_open(test_dir()), c;

	(void)state;
	append_and_sync(w.j, 1, 20, 100);
	journal_mark(w.j, 10, 3);
	journal_mark(w.j, 9, 2); /* an older mark changes nothing */
	c = world_crashed(&w);
	marked(c.j, 0, 0); /* not synced yet */
	replays(c.j, 1, 20, 100);
	world_close(&c);
	append_and_sync(w.j, 21, 22, 100);
	c = world_crashed(&w);
	marked(c.j, 10, 3);
	replays(c.j, 11, 22, 100);
	journal_mark(c.j, 22, 5);
	journal_close(c.j); /* a clean end keeps the mark */
	{
		struct ord_err e = ERR_INIT;

		test_ok(journal_open(c.t.l, &c.j, &e), &e);
	}
	marked(c.j, 22, 5);
	replays(c.j, 1, 0, 0);
	append_and_sync(c.j, 23, 23, 100);
	world_close(&c);
	world_close(&w);
}

/* The ledger ends with block 199, but the journal has heard of block 200, which a torn tail took.
 */
static void a_mark_of_blocks_that_are_gone_does_not_count(void **state)
{
	struct world w = world_open(test_dir()), c;
	struct ord_err e = ERR_INIT;

	(void)state;
	append_and_sync(w.j, 1, 10, 100);
	journal_mark(w.j, 5, BLOCKS - 1);
	append_and_sync(w.j, 11, 12, 100);
	journal_mark(w.j, 12, BLOCKS);
	append_and_sync(w.j, 13, 14, 100);
	c = world_crashed(&w);
	world_close(&w);
	marked(c.j, 5, BLOCKS - 1);
	replays(c.j, 6, 14, 100);
	test_ok(journal_begin(c.j, 7, BLOCKS - 1, &e), &e);
	replays(c.j, 8, 14, 100);
	test_ok(ledger_append(c.t.l, &chain.b[BLOCKS], 1, &e), &e);
	w = world_crashed(&c); /* there is a block 200 again, with other messages in it */
	marked(w.j, 7, BLOCKS - 1);
	replays(w.j, 8, 14, 100);
	world_close(&w);
	world_close(&c);
}

/* Such a mark may have let segments go that are needed now: what is left comes back. */
static void what_a_void_mark_has_left_comes_back(void **state)
{
	struct world w = world_open(test_dir()), c;
	struct ord_bytes got;
	uint64_t first, position;

	(void)state;
	for (uint64_t p = 1; p <= 12; p++) {
		append_and_sync(w.j, p, p, BIG);
		journal_mark(w.j, p, p <= 3 ? p : BLOCKS + p);
	}
	c = world_crashed(&w);
	assert_int_equal(journal_replay(c.j, &first, &got, NULL), 1);
	assert_in_range(first, 5, 11);
	for (position = first; position < 12;)
		assert_int_equal(journal_replay(c.j, &position, &got, NULL), 1);
	assert_int_equal(journal_replay(c.j, &position, &got, NULL), 0);
	world_close(&c);
	world_close(&w);
}

static size_t journal_files(const struct world *w, uint64_t *bytes)
{
	char *dir = x_printf("%s/ordererd/" TEST_CHANNEL, w->dir), **names;
	struct ord_err e = ERR_INIT;
	struct stat st;
	size_t n = 0;

	*bytes = 0;
	test_ok(file_list(dir, &names, NULL, &e), &e);
	for (char **p = names; *p; p++) {
		char *path = file_join(dir, *p);

		if (strncmp(*p, "journal.", 8) == 0 && stat(path, &st) == 0) {
			*bytes += (uint64_t)st.st_size;
			n++;
		}
		free(path);
	}
	file_list_free(names);
	free(dir);
	return n;
}

static void segments_are_used_again(void **state)
{
	struct world w = world_open(test_dir()), c;
	uint64_t bytes, made;

	(void)state;
	for (uint64_t p = 1; p <= 30; p++) {
		append_and_sync(w.j, p, p, BIG);
		journal_mark(w.j, p - p % 2, p);
		if (p % 7 == 0) {
			c = world_crashed(&w);
			replays(c.j, p - 1 - (p - 1) % 2 + 1, p, BIG);
			world_close(&c);
		}
	}
	made = journal_files(&w, &bytes);
	assert_in_range(made, 2, 4);
	assert_int_equal(bytes, made * SEGMENT);
	world_close(&w);
}

static void a_stuck_ledger_makes_the_journal_grow(void **state)
{
	struct world w = world_open(test_dir()), c;
	uint64_t bytes;

	(void)state;
	for (uint64_t p = 1; p <= 12; p++)
		append_and_sync(w.j, p, p, BIG);
	assert_int_equal(journal_files(&w, &bytes), 6);
	c = world_crashed(&w);
	replays(c.j, 1, 12, BIG);
	journal_mark(c.j, 12, 4);
	append_and_sync(c.j, 13, 13, 100);
	assert_in_range(journal_files(&c, &bytes), 2, 4);
	world_close(&c);
	world_close(&w);
}

/* A channel among hundreds must not take megabytes; a busy one must not change files all the time.
 */
static void segments_are_small_until_two_are_not_enough(void **state)
{
	struct world w = world_open_with(test_dir(), 4u * 1024 * 1024), c;
	uint64_t bytes;

	(void)state;
	for (uint64_t p = 1; p <= 40; p++) {
		append_and_sync(w.j, p, p, BIG);
		journal_mark(w.j, p, p);
	}
	assert_int_equal(journal_files(&w, &bytes), 2);
	assert_int_equal(bytes, 2 * JOURNAL_FIRST);
	for (uint64_t p = 41; p <= 140; p++) /* 2.4 MB, of which nothing is in a block */
		append_and_sync(w.j, p, p, BIG);
	assert_int_equal(journal_files(&w, &bytes), 4);
	assert_int_equal(bytes, (1 + 1 + 4 + 16) * JOURNAL_FIRST);
	c = world_crashed(&w);
	replays(c.j, 41, 140, BIG);
	world_close(&c);
	world_close(&w);
}

static void a_record_larger_than_a_segment_has_its_own(void **state)
{
	struct world w = world_open(test_dir()), c;
	uint64_t bytes;

	(void)state;
	append_and_sync(w.j, 1, 1, 1000u * 1000);
	c = world_crashed(&w);
	replays(c.j, 1, 1, 1000u * 1000);
	journal_mark(c.j, 1, 1);
	append_and_sync(c.j, 2, 2, 10);
	append_and_sync(c.j, 3, 3, 10);
	journal_files(&c, &bytes);
	assert_int_equal(bytes, SEGMENT);
	world_close(&c);
	world_close(&w);
}

/* ---- torn and broken ----------------------------------------------------- */

static char *segment_path(const struct world *w, unsigned number)
{
	return x_printf("%s/ordererd/" TEST_CHANNEL "/journal.%08u", w->dir, number);
}

/* The last frame, broken at any place, is gone; those before it are whole. */
static void a_torn_frame_is_left_out(void **state)
{
	struct world w = world_open(test_dir()), c;
	char *dir = test_dir();
	size_t frame;

	(void)state;
	append_and_sync(w.j, 1, 3, 100);
	append_and_sync(w.j, 4, 5, 3000);
	frame = 2 * JOURNAL_ALIGN; /* where the second frame begins */
	for (size_t i = 0; i < JOURNAL_FRAME_LEN + 2 * 3004; i += i < 64 ? 1 : 97) {
		char *path;
		struct buf b;

		test_remove(dir);
		test_copy(w.dir, dir);
		c = (struct world){.dir = dir};
		path = segment_path(&c, 0);
		b = test_read(path);
		if (i % 2)
			b.data[frame + i] ^= 1;
		else
			b.len = frame + i;
		test_write(path, buf_bytes(&b));
		c = world_open(dir);
		replays(c.j, 1, 3, 100);
		append_and_sync(c.j, 4, 4, 50);
		journal_close(c.j);
		test_close(&c.t);
		c = world_open(dir);
		for (int n = 0; n < 4; n++) {
			struct ord_bytes got;
			uint64_t p;

			assert_int_equal(journal_replay(c.j, &p, &got, NULL), 1);
			assert_int_equal(got.len, p < 4 ? 100 : 50);
		}
		journal_close(c.j);
		test_close(&c.t);
		buf_fini(&b);
		free(path);
	}
	world_close(&w);
	test_remove(dir);
	free(dir);
}

static void files_of_zeros_or_garbage_are_no_journal(void **state)
{
	struct world w = world_open(test_dir()), c;
	struct buf b = BUF_INIT;
	char *path;

	(void)state;
	append_and_sync(w.j, 1, 3, 100);
	for (uint32_t i = 0; i < 100000; i++)
		buf_add_u8(&b, (uint8_t)(i * i >> 3));
	path = segment_path(&w, 7);
	test_write(path, buf_bytes(&b));
	free(path);
	path = segment_path(&w, 8);
	memset(b.data, 0, b.len);
	test_write(path, buf_bytes(&b));
	c = world_crashed(&w);
	replays(c.j, 1, 3, 100);
	append_and_sync(c.j, 4, 4, 100);
	world_close(&c);
	world_close(&w);
	buf_fini(&b);
	free(path);
}

static void damage_between_segments_is_refused(void **state)
{
	struct world w = world_open(test_dir());
	char *path = segment_path(&w, 0), *next = segment_path(&w, 1), *want;
	struct ord_err e = ERR_INIT;
	struct journal *j;
	struct buf b;
	uint64_t before;

	(void)state;
	for (uint64_t p = 1; p <= 5; p++)
		append_and_sync(w.j, p, p, BIG);
	journal_close(w.j);
	b = test_read(path);
	b.data[JOURNAL_ALIGN + 1000] ^= 1;
	test_write(path, buf_bytes(&b));
	before = test_tree(w.dir);
	want = x_printf(
		"%s begins with message 3 instead of 1, so this journal is damaged: to go on without "
		"the messages that stand in no block yet, remove the files journal.* in that "
		"directory",
		next);
	test_fails(journal_open(w.t.l, &j, &e), &e, ORD_EINTERNAL, want);
	assert_true(before == test_tree(w.dir));
	b.data[JOURNAL_ALIGN + 1000] ^= 1;
	test_write(path, buf_bytes(&b));
	test_ok(journal_open(w.t.l, &w.j, &e), &e);
	replays(w.j, 1, 5, BIG);
	world_close(&w);
	buf_fini(&b);
	free(want);
	free(path);
	free(next);
}

/* ---- a disk that refuses ------------------------------------------------- */

static int break_write(enum ledger_io op)
{
	return op == LEDGER_IO_WRITE ? EIO : test_no_sync(op);
}

static int writes_left;
static int break_later_writes(enum ledger_io op)
{
	return op == LEDGER_IO_WRITE && writes_left-- == 0 ? EIO : test_no_sync(op);
}

static int break_create(enum ledger_io op)
{
	return op == LEDGER_IO_CREATE ? ENOSPC : test_no_sync(op);
}

static void a_refused_sync_keeps_nothing(void **state)
{
	struct world w = world_open(test_dir()), c;
	struct ord_err e = ERR_INIT;

	(void)state;
	append_and_sync(w.j, 1, 3, 100);
	for (int round = 0; round < 3; round++) {
		append(w.j, 4, 5000);
		append(w.j, 5, 5000);
		writes_left = 0; /* the frame; the withdrawal works */
		ledger_io_fault = break_later_writes;
		test_fails(journal_sync(w.j, &e), &e, ORD_EUNAVAIL,
			   "channel mychannel: write the journal: Input/output error");
		ledger_io_fault = test_no_sync;
		c = world_crashed(&w);
		replays(c.j, 1, 3, 100);
		world_close(&c);
	}
	append_and_sync(w.j, 4, 4, 100);
	append_and_sync(w.j, 5, 5, 100);
	c = world_crashed(&w);
	replays(c.j, 1, 5, 100);
	world_close(&c);
	world_close(&w);
}

/* A disk that takes nothing at all: no sync succeeds before the failed frame is withdrawn. */
static void a_dead_disk_gets_its_withdrawal_later(void **state)
{
	struct world w = world_open(test_dir()), c;
	struct ord_err e = ERR_INIT;

	(void)state;
	append_and_sync(w.j, 1, 3, 100);
	ledger_io_fault = break_write;
	for (int round = 0; round < 2; round++) {
		append(w.j, 4, 100);
		assert_int_equal(journal_sync(w.j, &e), ORD_EUNAVAIL);
	}
	ledger_io_fault = test_no_sync;
	append_and_sync(w.j, 4, 6, 100);
	c = world_crashed(&w);
	replays(c.j, 1, 6, 100);
	world_close(&c);
	world_close(&w);
}

static void a_full_disk_refuses_and_recovers(void **state)
{
	struct world w = world_open(test_dir()), c;
	struct ord_err e = ERR_INIT;

	(void)state;
	ledger_io_fault = break_create;
	append(w.j, 1, 100);
	test_fails(journal_sync(w.j, &e), &e, ORD_EUNAVAIL,
		   "channel mychannel: write the journal: No space left on device");
	ledger_io_fault = test_no_sync;
	append_and_sync(w.j, 1, 1, BIG);
	append_and_sync(w.j, 2, 2, BIG);
	ledger_io_fault = break_create;
	append(w.j, 3, BIG);
	assert_int_equal(journal_sync(w.j, &e), ORD_EUNAVAIL);
	append_and_sync(w.j, 3, 3, 100); /* a small one still fits */
	ledger_io_fault = test_no_sync;
	append_and_sync(w.j, 4, 4, 100);
	c = world_crashed(&w);
	{
		struct ord_bytes got;
		uint64_t p;

		for (int i = 1; i <= 4; i++) {
			assert_int_equal(journal_replay(c.j, &p, &got, NULL), 1);
			assert_int_equal(p, i);
			assert_int_equal(got.len, i < 3 ? BIG : 100);
		}
		assert_int_equal(journal_replay(c.j, &p, &got, NULL), 0);
	}
	world_close(&c);
	world_close(&w);
}

static int make_chain(void **state)
{
	chain = test_make_chain(BLOCKS + 1, 1, 10, 7);
	return test_quick(state);
}

static int free_chain(void **state)
{
	(void)state;
	test_free_chain(&chain);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_checksum_is_xxh64),
		cmocka_unit_test(synced_records_come_back_in_order),
		cmocka_unit_test(a_mark_leaves_out_what_is_in_blocks),
		cmocka_unit_test(a_mark_of_blocks_that_are_gone_does_not_count),
		cmocka_unit_test(what_a_void_mark_has_left_comes_back),
		cmocka_unit_test(segments_are_used_again),
		cmocka_unit_test(a_stuck_ledger_makes_the_journal_grow),
		cmocka_unit_test(segments_are_small_until_two_are_not_enough),
		cmocka_unit_test(a_record_larger_than_a_segment_has_its_own),
		cmocka_unit_test(a_torn_frame_is_left_out),
		cmocka_unit_test(files_of_zeros_or_garbage_are_no_journal),
		cmocka_unit_test(damage_between_segments_is_refused),
		cmocka_unit_test(a_refused_sync_keeps_nothing),
		cmocka_unit_test(a_dead_disk_gets_its_withdrawal_later),
		cmocka_unit_test(a_full_disk_refuses_and_recovers),
	};

	return cmocka_run_group_tests(tests, make_chain, free_chain);
}
