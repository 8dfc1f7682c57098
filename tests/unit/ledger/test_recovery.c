/* SPDX-License-Identifier: Apache-2.0 */
/* Torn tails are cut to the last whole block; damage is refused and left alone. */
#include "ledger_test.h"

#define HEIGHT 5 /* blocks in the ledger that gets broken; one more is ready to follow */

/* A good ledger with one file, as bytes, and a directory that is broken again and again. */
static struct {
	struct test_chain chain;
	char *dir, *file, *index;
	struct buf good; /* the block file */
	struct buf good_index;
	size_t at[HEIGHT + 1]; /* where each block begins; the end */
} world;

static int set_up(void **state)
{
	test_quick(state);
	world.chain = test_make_chain(HEIGHT + 2, 2, 20, 1);
	world.dir = test_dir();
	world.file = test_blockfile(world.dir, 0);
	world.index = x_printf("%s/ordererd/" TEST_CHANNEL "/index", world.dir);
	test_fill(world.dir, &world.chain, HEIGHT);
	world.good = test_read(world.file);
	world.good_index = test_read(world.index);
	for (int i = 0; i < HEIGHT; i++)
		world.at[i + 1] = world.at[i] + ledger_record_size(world.chain.b[i]);
	assert_int_equal(world.at[HEIGHT], world.good.len);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_free_chain(&world.chain);
	test_remove(world.dir);
	free(world.dir);
	free(world.file);
	free(world.index);
	buf_fini(&world.good);
	buf_fini(&world.good_index);
	return 0;
}

/* Make the directory hold @file, and an index of @entries entries; -1: no index. */
static void put(struct ord_bytes file, int entries)
{
	test_write(world.file, file);
	unlink(world.index);
	if (entries >= 0)
		test_write(world.index, bytes_of(world.good_index.data, (size_t)entries * 8));
}

/* Opening keeps @height blocks, goes on, and finds the same again. */
static void keeps(uint64_t height)
{
	struct ord_err e = ERR_INIT;
	struct test_ledger t = test_open(world.dir);
	struct stat st;

	assert_int_equal(ledger_height(t.l), height);
	assert_int_equal(stat(world.file, &st), 0);
	assert_int_equal(st.st_size, world.at[height]);
	test_same_chain(t.l, &world.chain);
	test_ok(ledger_append(t.l, world.chain.b + height, 1, &e), &e);
	test_close(&t);
	t = test_open(world.dir);
	assert_int_equal(ledger_height(t.l), height + 1);
	test_same_chain(t.l, &world.chain);
	test_close(&t);
}

/* With a full index and without one. */
static void keeps_both_ways(struct ord_bytes file, uint64_t height)
{
	put(file, HEIGHT);
	keeps(height);
	put(file, -1);
	keeps(height);
}

/* Opening refuses with a sentence of these words and touches nothing. */
static void refuses(const char *words)
{
	uint64_t before = test_tree(world.dir);
	struct ord_err e = ERR_INIT;
	struct test_ledger t;

	assert_int_equal(test_try_open(world.dir, &t, &e), ORD_EINVAL);
	if (!strstr(e.msg, words) || !strstr(e.msg, world.dir))
		fail_msg("\"%s\" does not say \"%s\"", e.msg, words);
	assert_true(before == test_tree(world.dir));
}

static struct buf copy(size_t len)
{
	struct buf b = BUF_INIT;

	buf_add(&b, world.good.data, len);
	return b;
}

/* ---- torn tails ---------------------------------------------------------- */

static void the_last_block_cut_short_anywhere_is_cut(void **state)
{
	(void)state;
	for (size_t len = world.at[HEIGHT - 1]; len < world.good.len; len++)
		keeps_both_ways(bytes_of(world.good.data, len), HEIGHT - 1);
}

static void a_next_record_begun_is_cut(void **state)
{
	(void)state;
	for (size_t n = 0; n < world.at[2] - world.at[1]; n++) {
		struct buf b = copy(world.good.len);

		buf_add(&b, world.good.data + world.at[1], n);
		keeps_both_ways(buf_bytes(&b), HEIGHT);
		buf_fini(&b);
	}
}

static void random_bytes_appended_are_cut(void **state)
{
	uint32_t x = 1;

	(void)state;
	for (size_t n = 1; n < 20000; n += n / 3 + 1) {
		struct buf b = copy(world.good.len);

		for (size_t i = 0; i < n; i++) {
			x = x * 1664525 + 1013904223;
			buf_add_u8(&b, (uint8_t)(x >> 24));
		}
		keeps_both_ways(buf_bytes(&b), HEIGHT);
		buf_fini(&b);
	}
}

static void zeros_appended_are_cut(void **state)
{
	(void)state;
	for (size_t n = 1; n <= 4096; n *= 2) {
		struct buf b = copy(world.good.len);

		for (size_t i = 0; i < n; i++)
			buf_add_u8(&b, 0);
		keeps_both_ways(buf_bytes(&b), HEIGHT);
		buf_fini(&b);
	}
}

/* The last three bytes are empty slots: zero anyway. */
static void an_end_zeroed_anywhere_is_cut(void **state)
{
	(void)state;
	for (size_t n = 1; n < world.good.len; n += 1 + (n > world.at[1]) * 7) {
		struct buf b = copy(world.good.len);
		uint64_t height = 0;

		memset(b.data + b.len - n, 0, n);
		while (height < HEIGHT && world.at[height + 1] <= b.len - n)
			height++;
		keeps_both_ways(buf_bytes(&b), n <= 3 ? HEIGHT : height);
		buf_fini(&b);
	}
}

static void a_hole_in_the_last_block_is_cut(void **state)
{
	(void)state;
	for (size_t i = world.at[HEIGHT - 1] + 70; i < world.good.len - 20; i += 3) {
		struct buf b = copy(world.good.len);

		memset(b.data + i, 0, 5);
		if (memcmp(b.data, world.good.data, b.len) != 0)
			keeps_both_ways(buf_bytes(&b), HEIGHT - 1);
		buf_fini(&b);
	}
}

/* One append of blocks 3 and 4 that a power loss tore: 4 reached the disk, 3 did not. */
static void the_middle_torn_out_of_one_append_is_cut(void **state)
{
	struct buf b = copy(world.good.len);

	(void)state;
	memset(b.data + world.at[3], 0, world.at[4] - world.at[3]);
	put(buf_bytes(&b), 3);
	keeps(3);
	put(buf_bytes(&b), 2); /* the index, too, lost its end */
	keeps(3);
	put(buf_bytes(&b), 4); /* block 3 was synced */
	refuses("but whole blocks stand there");
	put(buf_bytes(&b), -1);
	refuses("but whole blocks stand there");
	buf_fini(&b);
}

/* Behind our index a Go orderer may have added blocks, each synced: none of them is given up. */
static void what_a_go_orderer_added_is_not_cut(void **state)
{
	char *index = x_printf("%s/index", world.dir), *current = x_printf("%s/CURRENT", index);
	struct buf b = copy(world.good.len);

	(void)state;
	assert_int_equal(mkdir(index, 0755), 0);
	test_write(current, bytes_str("MANIFEST-000000"));
	memset(b.data + world.at[3], 0, world.at[4] - world.at[3]);
	put(buf_bytes(&b), 3);
	refuses("but whole blocks stand there");
	b.len = world.at[4] - 1;
	put(buf_bytes(&b), 2);
	keeps(3);
	assert_false(file_exists(index));
	buf_fini(&b);
	free(current);
	free(index);
}

static void blocks_behind_the_index_are_found(void **state)
{
	(void)state;
	for (int entries = -1; entries <= HEIGHT; entries++) {
		put(buf_bytes(&world.good), entries);
		keeps(HEIGHT);
	}
}

static void a_torn_first_block_leaves_an_empty_chain(void **state)
{
	(void)state;
	for (size_t len = 0; len < world.at[1]; len++) {
		put(bytes_of(world.good.data, len), 0);
		keeps(0);
		put(bytes_of(world.good.data, len), -1);
		keeps(0);
	}
}

/* ---- several files ------------------------------------------------------- */

/* Split the good file: blocks 0 … @first-1, then the rest. */
static char *split(int first, bool with_index)
{
	char *second = test_blockfile(world.dir, 1);
	struct buf entries = BUF_INIT;

	for (int i = 0; i < HEIGHT; i++)
		ledger_index_encode(
			&entries, i < first
					  ? (struct ledger_place){0, (uint32_t)world.at[i]}
					  : (struct ledger_place){
						    1, (uint32_t)(world.at[i] - world.at[first])});
	put(bytes_of(world.good.data, world.at[first]), -1);
	if (with_index)
		test_write(world.index, buf_bytes(&entries));
	test_write(second,
		   bytes_of(world.good.data + world.at[first], world.good.len - world.at[first]));
	buf_fini(&entries);
	return second;
}

static void opens_at(uint64_t height)
{
	struct ord_err e = ERR_INIT;

	for (int i = 0; i < 2; i++) {
		struct test_ledger t = test_open(world.dir);

		assert_int_equal(ledger_height(t.l), height + (uint64_t)i);
		test_same_chain(t.l, &world.chain);
		test_ok(ledger_append(t.l, world.chain.b + height, 1, &e), &e);
		test_close(&t);
	}
}

static void empty_files_are_no_trouble(void **state)
{
	(void)state;
	for (int with_index = 0; with_index < 2; with_index++) {
		char *second = split(HEIGHT, with_index);

		opens_at(HEIGHT); /* an empty last file */
		free(second);
		second = split(0, with_index);
		opens_at(HEIGHT); /* an empty predecessor */
		unlink(second);
		free(second);
	}
}

static void the_tail_may_be_in_front_of_an_empty_file(void **state)
{
	(void)state;
	for (int with_index = 0; with_index < 2; with_index++) {
		char *second = split(HEIGHT, with_index);
		struct buf b = copy(world.good.len - 30);

		test_write(world.file, buf_bytes(&b));
		opens_at(HEIGHT - 1);
		unlink(second);
		free(second);
		buf_fini(&b);
	}
}

static void a_torn_second_file_is_cut(void **state)
{
	(void)state;
	for (int with_index = 0; with_index < 2; with_index++) {
		char *second = split(2, with_index);

		assert_int_equal(truncate(second, 10), 0);
		opens_at(2);
		unlink(second);
		free(second);
	}
}

/* ---- damage -------------------------------------------------------------- */

static void damage_in_front_of_whole_blocks_is_refused(void **state)
{
	(void)state;
	for (size_t i = world.at[1]; i < world.at[2]; i++) {
		struct buf b = copy(world.good.len);

		b.data[i] ^= 0x40;
		put(buf_bytes(&b), -1);
		if (i < world.at[2] - 17) /* no hash covers the metadata: 9 + 5 + 3 bytes */
			refuses("block 1 at offset");
		buf_fini(&b);
	}
}

static void the_refusal_names_file_offset_and_remedy(void **state)
{
	struct buf b = copy(world.good.len);
	struct ord_err e = ERR_INIT;
	struct test_ledger t;
	char *want = x_printf(
		"%s: block 1 at offset %zu is damaged (the data hash does not fit its envelopes) but "
		"whole blocks stand there: nothing was changed; put back a copy of the channel's "
		"block files, or cut this file to %zu bytes and remove the later ones to give up that "
		"block and all behind it",
		world.file, world.at[1], world.at[1]);

	(void)state;
	b.data[world.at[1] + 80] ^= 1;
	put(buf_bytes(&b), -1);
	test_fails(test_try_open(world.dir, &t, &e), &e, ORD_EINVAL, want);
	free(want);
	buf_fini(&b);
}

static void damage_in_an_earlier_file_is_refused(void **state)
{
	char *second = split(2, false);

	(void)state;
	assert_int_equal(truncate(world.file, (off_t)world.at[2] - 5), 0);
	refuses("and later block files follow");
	unlink(second);
	free(second);
}

static void a_missing_file_is_refused(void **state)
{
	char *second = split(2, true);

	(void)state;
	unlink(world.file);
	refuses("is missing, but there are later block files");
	unlink(second);
	free(second);
}

static void a_block_of_another_chain_is_refused(void **state)
{
	struct test_chain other = test_make_chain(HEIGHT, 2, 20, 2);
	char *dir = test_dir(), *file = test_blockfile(dir, 0);
	struct buf b = copy(world.at[2]), theirs;

	(void)state;
	test_fill(dir, &other, HEIGHT);
	theirs = test_read(file);
	buf_add(&b, theirs.data + world.at[2], world.at[4] - world.at[2]);
	put(buf_bytes(&b), -1);
	refuses("it does not follow the block before it");
	b.len = world.at[2];
	buf_add(&b, world.good.data + world.at[3], world.at[5] - world.at[3]);
	put(buf_bytes(&b), -1);
	refuses("another block stands there");
	test_free_chain(&other);
	test_remove(dir);
	buf_fini(&theirs);
	buf_fini(&b);
	free(file);
	free(dir);
}

static void a_genesis_block_with_a_false_hash_is_refused(void **state)
{
	struct buf b = copy(world.at[1]);

	(void)state;
	b.data[b.len - 30] ^= 1;
	put(buf_bytes(&b), -1);
	refuses("although nothing is missing of it");
	buf_fini(&b);
}

/* More whole blocks than one append writes are never cut, whatever the index says. */
static void more_than_one_append_is_refused(void **state)
{
	struct test_chain c = test_make_chain(4, 1, LEDGER_BATCH_MAX / 2, 3);
	struct ord_err e = ERR_INIT;
	struct test_ledger t;
	struct buf b;

	(void)state;
	unlink(world.file);
	unlink(world.index);
	test_fill(world.dir, &c, 4);
	b = test_read(world.file);
	b.data[ledger_record_size(c.b[0]) + 5] ^= 1; /* the data hash's length */
	put(buf_bytes(&b), 0);                       /* an index that has lost all its entries */
	assert_int_equal(test_try_open(world.dir, &t, &e), ORD_EINVAL);
	test_free_chain(&c);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_block_cut_short_anywhere_is_cut),
		cmocka_unit_test(a_next_record_begun_is_cut),
		cmocka_unit_test(random_bytes_appended_are_cut),
		cmocka_unit_test(zeros_appended_are_cut),
		cmocka_unit_test(an_end_zeroed_anywhere_is_cut),
		cmocka_unit_test(a_hole_in_the_last_block_is_cut),
		cmocka_unit_test(the_middle_torn_out_of_one_append_is_cut),
		cmocka_unit_test(what_a_go_orderer_added_is_not_cut),
		cmocka_unit_test(blocks_behind_the_index_are_found),
		cmocka_unit_test(a_torn_first_block_leaves_an_empty_chain),
		cmocka_unit_test(empty_files_are_no_trouble),
		cmocka_unit_test(the_tail_may_be_in_front_of_an_empty_file),
		cmocka_unit_test(a_torn_second_file_is_cut),
		cmocka_unit_test(damage_in_front_of_whole_blocks_is_refused),
		cmocka_unit_test(the_refusal_names_file_offset_and_remedy),
		cmocka_unit_test(damage_in_an_earlier_file_is_refused),
		cmocka_unit_test(a_missing_file_is_refused),
		cmocka_unit_test(a_block_of_another_chain_is_refused),
		cmocka_unit_test(a_genesis_block_with_a_false_hash_is_refused),
		cmocka_unit_test(more_than_one_append_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
