/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, appending, reading, by the rules. */
#include "ledger_test.h"

/* ---- the directory ------------------------------------------------------- */

static void one_process_at_a_time(void **state)
{
	char *dir = test_dir(), *want;
	struct ord_err e = ERR_INIT;
	struct ledger_root *r, *second;

	(void)state;
	test_ok(ledger_root_open(dir, &r, &e), &e);
	want = x_printf("ledger directory %s is in use by process %ld", dir, (long)getpid());
	test_fails(ledger_root_open(dir, &second, &e), &e, ORD_EUNAVAIL, want);
	ledger_root_close(r);
	test_ok(ledger_root_open(dir, &r, &e), &e);
	assert_true(ledger_root_free_bytes(r) > 0);
	ledger_root_close(r);
	test_remove(dir);
	free(want);
	free(dir);
}

static void channels_are_listed_and_nothing_else(void **state)
{
	static const char *const made[] = {"chains/b.c-1", "chains/a", "chains/lost+found",
					   "chains/.hidden", "chains/a_b"};
	char *dir = test_dir(), **ids;
	struct ord_err e = ERR_INIT;
	struct ledger_root *r;
	size_t n;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(made); i++) {
		char *path = file_join(dir, made[i]);

		test_ok(file_mkdir_p(path, 0755, &e), &e);
		free(path);
	}
	{
		char *path = file_join(dir, "chains/afile");

		test_write(path, bytes_str("x"));
		free(path);
	}
	test_ok(ledger_root_open(dir, &r, &e), &e);
	test_ok(ledger_root_list(r, &ids, &n, &e), &e);
	assert_int_equal(n, 2);
	assert_string_equal(ids[0], "a");
	assert_string_equal(ids[1], "b.c-1");
	assert_null(ids[2]);
	file_list_free(ids);
	ledger_root_close(r);
	test_remove(dir);
	free(dir);
}

static void a_channel_id_is_no_path(void **state)
{
	static const char *const bad[] = {"", ".", "..", "../x", "a/b", "/etc", "a b", ".x"};
	char *dir = test_dir();
	struct ord_err e = ERR_INIT;
	struct ledger_root *r;
	struct ledger *l;

	(void)state;
	test_ok(ledger_root_open(dir, &r, &e), &e);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(bad); i++)
		assert_int_equal(ledger_open(r, bad[i], true, &l, &e), ORD_EINVAL);
	assert_int_equal(ledger_open(r, "nosuch", false, &l, &e), ORD_ENOENT);
	ledger_root_close(r);
	test_remove(dir);
	free(dir);
}

/* ---- appending and reading ----------------------------------------------- */

static void blocks_come_back_as_they_went(void **state)
{
	struct test_chain c = test_make_chain(40, 3, 200, 1);
	char *dir = test_dir();
	struct ord_err e = ERR_INIT;
	struct ord_block *b;
	struct test_ledger t;

	(void)state;
	t = test_open(dir);
	assert_int_equal(ledger_height(t.l), 0);
	assert_null(ledger_tip(t.l));
	test_ok(ledger_append(t.l, c.b, 1, &e), &e);
	test_ok(ledger_append(t.l, c.b + 1, 38, &e), &e);
	test_ok(ledger_append(t.l, c.b + 39, 1, &e), &e);
	assert_int_equal(ledger_height(t.l), 40);
	test_same_chain(t.l, &c);
	b = ledger_tip(t.l);
	assert_ptr_equal(b, c.b[39]);
	block_unref(b);
	test_fails(ledger_read(t.l, 40, &b, &e), &e, ORD_ENOENT, "block 40 is not there yet");
	test_close(&t);
	t = test_open(dir);
	assert_null(ledger_cached(t.l, 7));
	assert_int_equal(ledger_height(t.l), 40);
	test_same_chain(t.l, &c);
	b = ledger_cached(t.l, 7);
	assert_non_null(b);
	block_unref(b);
	test_close(&t);
	test_free_chain(&c);
	test_remove(dir);
	free(dir);
}

static void only_the_next_block_is_taken(void **state)
{
	struct test_chain c = test_make_chain(4, 1, 50, 1), other = test_make_chain(4, 1, 50, 2);
	char *dir = test_dir(), *want;
	struct ord_err e = ERR_INIT;
	struct buf x = BUF_INIT, y = BUF_INIT;
	struct test_ledger t = test_open(dir);
	struct ord_block *mixed[] = {c.b[1], other.b[2]};

	(void)state;
	test_fails(ledger_append(t.l, c.b + 1, 1, &e), &e, ORD_EINVAL,
		   "block number should have been 0 but was 1");
	test_ok(ledger_append(t.l, c.b, 1, &e), &e);
	hex_encode(&x, bytes_of(c.b[1]->header_hash, 32));
	hex_encode(&y, bytes_of(other.b[1]->header_hash, 32));
	want = x_printf("unexpected Previous block hash. Expected PreviousHash = [%s], "
			"PreviousHash referred in the latest block = [%s]",
			buf_cstr(&x), buf_cstr(&y));
	test_fails(ledger_append(t.l, mixed, 2, &e), &e, ORD_EINVAL, want);
	assert_int_equal(ledger_height(t.l), 1);
	test_fails(ledger_append(t.l, other.b, 1, &e), &e, ORD_EINVAL,
		   "block 0 is already in the ledger with another content");
	/* recovery replays: what is there is skipped, what is new is added */
	test_ok(ledger_append(t.l, c.b, 3, &e), &e);
	test_ok(ledger_append(t.l, c.b, 3, &e), &e);
	assert_int_equal(ledger_height(t.l), 3);
	test_same_chain(t.l, &c);
	test_close(&t);
	test_free_chain(&c);
	test_free_chain(&other);
	test_remove(dir);
	buf_fini(&x);
	buf_fini(&y);
	free(want);
	free(dir);
}

static void a_block_with_a_false_data_hash_is_refused(void **state)
{
	struct ord_block *good = test_make_block(0, NULL, 1, 50, 1), *bad;
	char *dir = test_dir();
	struct ord_err e = ERR_INIT;
	struct test_ledger t = test_open(dir);

	(void)state;
	bad = block_from_parts(0, good->previous_hash, bytes_of(good->header_hash, 32), good->data,
			       good->n_data, good->meta, good->n_meta);
	test_fails(ledger_append(t.l, &bad, 1, &e), &e, ORD_EINVAL,
		   "block 0: the data hash does not fit its envelopes");
	block_unref(bad);
	block_unref(good);
	test_close(&t);
	test_remove(dir);
	free(dir);
}

static void note_height(void *arg, uint64_t height)
{
	*(uint64_t *)arg = *(uint64_t *)arg * 100 + height;
}

static void the_height_is_told_after_each_append(void **state)
{
	struct test_chain c = test_make_chain(5, 1, 50, 1);
	char *dir = test_dir();
	struct ord_err e = ERR_INIT;
	struct test_ledger t = test_open(dir);
	uint64_t seen = 0;

	(void)state;
	ledger_on_append(t.l, note_height, &seen);
	test_ok(ledger_append(t.l, c.b, 2, &e), &e);
	test_ok(ledger_append(t.l, c.b, 2, &e), &e);
	test_ok(ledger_append(t.l, c.b + 2, 3, &e), &e);
	assert_int_equal(seen, 205);
	test_close(&t);
	test_free_chain(&c);
	test_remove(dir);
	free(dir);
}

/* ---- roll-over ----------------------------------------------------------- */

static uint64_t size_of(const char *root, unsigned file)
{
	char *path = test_blockfile(root, file);
	struct stat st;
	int rc = stat(path, &st);

	free(path);
	return rc < 0 ? UINT64_MAX : (uint64_t)st.st_size;
}

static void files_roll_over_as_in_go(void **state)
{
	struct test_chain c = test_make_chain(9, 1, 100, 1);
	uint64_t size = ledger_record_size(c.b[1]);
	char *dir = test_dir();
	struct ord_err e = ERR_INIT;
	struct test_ledger t = test_open(dir);

	(void)state;
	t.root->file_max = 3 * size; /* block 0 is smaller: it has no previous hash */
	test_ok(ledger_append(t.l, c.b, 2, &e), &e);
	test_ok(ledger_append(t.l, c.b + 2, 7, &e), &e);
	assert_true(size_of(dir, 0) == ledger_record_size(c.b[0]) + 2 * size);
	assert_true(size_of(dir, 1) == 3 * size);
	assert_true(size_of(dir, 2) == 3 * size);
	assert_true(size_of(dir, 3) == UINT64_MAX);
	test_same_chain(t.l, &c);
	test_close(&t);
	t = test_open(dir);
	assert_int_equal(ledger_height(t.l), 9);
	test_same_chain(t.l, &c);
	test_close(&t);
	test_free_chain(&c);
	test_remove(dir);
	free(dir);
}

static void a_block_larger_than_a_file_stands_alone(void **state)
{
	struct ord_block *b[3];
	struct test_chain c = {b, 3};
	char *dir = test_dir();
	struct ord_err e = ERR_INIT;
	struct test_ledger t = test_open(dir);

	(void)state;
	b[0] = test_make_block(0, NULL, 1, 5000, 1);
	b[1] = test_make_block(1, b[0], 1, 5000, 1);
	b[2] = test_make_block(2, b[1], 1, 100, 1);
	t.root->file_max = 1000;
	test_ok(ledger_append(t.l, b, 3, &e), &e);
	assert_int_equal(size_of(dir, 0), 0);
	assert_true(size_of(dir, 1) == ledger_record_size(b[0]));
	assert_true(size_of(dir, 2) == ledger_record_size(b[1]));
	assert_true(size_of(dir, 3) == ledger_record_size(b[2]));
	test_close(&t);
	t = test_open(dir);
	assert_int_equal(ledger_height(t.l), 3);
	test_same_chain(t.l, &c);
	test_close(&t);
	for (int i = 0; i < 3; i++)
		block_unref(b[i]);
	test_remove(dir);
	free(dir);
}

/* ---- the index ----------------------------------------------------------- */

static void break_index(const char *dir, int how)
{
	char *path = x_printf("%s/ordererd/" TEST_CHANNEL "/index", dir);
	struct buf b = test_read(path);

	if (how == 0) {
		unlink(path);
	} else {
		if (how == 1)
			b.len = b.len / 2 - 3;
		else if (how == 2)
			memset(b.data, 0, b.len);
		else if (how == 3)
			memset(b.data + 5 * 8, 0xff, 10 * 8);
		else
			memmove(b.data + 8, b.data, b.len - 8);
		test_write(path, buf_bytes(&b));
	}
	buf_fini(&b);
	free(path);
}

static void a_missing_short_or_wrong_index_is_rebuilt(void **state)
{
	struct test_chain c = test_make_chain(30, 2, 100, 1);
	struct ord_err e = ERR_INIT;

	(void)state;
	for (int how = 0; how < 5; how++) {
		char *dir = test_dir();
		struct test_ledger t = test_open(dir);

		t.root->file_max = 3000;
		test_ok(ledger_append(t.l, c.b, 29, &e), &e);
		test_close(&t);
		break_index(dir, how);
		for (int again = 0; again < 2; again++) {
			t = test_open(dir);
			assert_int_equal(ledger_height(t.l), 29 + again);
			test_same_chain(t.l, &c);
			test_ok(ledger_append(t.l, c.b + 29, 1, &e), &e);
			test_close(&t);
		}
		test_remove(dir);
		free(dir);
	}
	test_free_chain(&c);
}

/* ---- damage -------------------------------------------------------------- */

static void a_damaged_block_is_named(void **state)
{
	struct test_chain c = test_make_chain(30, 2, 100, 1);
	char *dir = test_dir(), *path = test_blockfile(dir, 0), *want;
	struct ord_err e = ERR_INIT;
	struct test_ledger t;
	struct ord_block *b;
	struct buf bytes;
	uint64_t offset = 0;

	(void)state;
	test_fill(dir, &c, 30);
	bytes = test_read(path);
	for (int i = 0; i < 10; i++)
		offset += ledger_record_size(c.b[i]);
	memset(bytes.data + offset + 70, 0xff, 40); /* the first envelope's length */
	test_write(path, buf_bytes(&bytes));
	t = test_open(dir);
	want = x_printf(
		"%s: block 10 at offset %u cannot be read: the envelopes do not fit into the "
		"record",
		path, (unsigned)offset);
	test_fails(ledger_read(t.l, 10, &b, &e), &e, ORD_EINTERNAL, want);
	test_ok(ledger_read(t.l, 11, &b, &e), &e);
	test_same_block(b, c.b[11]);
	block_unref(b);
	test_close(&t);
	test_free_chain(&c);
	test_remove(dir);
	buf_fini(&bytes);
	free(want);
	free(path);
	free(dir);
}

static int count_block(void *arg, struct ord_block *b, uint32_t file, uint32_t offset)
{
	uint64_t *n = arg;

	(void)offset;
	assert_int_equal(b->number, *n);
	assert_true(file <= 9);
	return ++*n == 25 ? 7 : 0;
}

static void tools_walk_without_changing_anything(void **state)
{
	struct test_chain c = test_make_chain(30, 2, 100, 1);
	char *dir = test_dir(), *chain = x_printf("%s/chains/" TEST_CHANNEL, dir);
	char *path = test_blockfile(dir, 0), *want;
	struct ord_err e = ERR_INIT;
	struct buf bytes;
	uint64_t n = 0, before;

	(void)state;
	test_fill(dir, &c, 20);
	bytes = test_read(path);
	bytes.data[bytes.len - 40] ^= 1;
	test_write(path, buf_bytes(&bytes));
	before = test_tree(dir);
	want = x_printf("%s: block 19 at offset %u: the data hash does not fit its envelopes", path,
			(unsigned)(bytes.len - ledger_record_size(c.b[19])));
	test_fails(ledger_walk(chain, count_block, &n, &e), &e, ORD_EINVAL, want);
	assert_int_equal(n, 19);
	assert_true(before == test_tree(dir));
	test_remove(dir);
	test_ok(file_mkdir_p(dir, 0755, &e), &e);
	test_fill(dir, &c, 30);
	n = 0;
	assert_int_equal(ledger_walk(chain, count_block, &n, &e), 7);
	test_free_chain(&c);
	test_remove(dir);
	buf_fini(&bytes);
	free(want);
	free(path);
	free(chain);
	free(dir);
}

/* ---- the cache ----------------------------------------------------------- */

static void a_reader_of_the_whole_chain_leaves_the_tips_cached(void **state)
{
	struct test_chain c = test_make_chain(60, 1, 100 * 1024, 1);
	char *dir = test_dir();
	struct ord_err e = ERR_INIT;
	struct test_ledger t;
	struct ord_block *b, *held;
	size_t cached = 0;

	(void)state;
	test_fill(dir, &c, 40);
	t = test_open(dir);
	test_ok(ledger_append(t.l, c.b + 40, 20, &e), &e);
	test_ok(ledger_read(t.l, 0, &held, &e), &e);
	for (unsigned i = 0; i < 40; i++) {
		test_ok(ledger_read(t.l, i, &b, &e), &e);
		block_unref(b);
	}
	for (unsigned i = 40; i < 60; i++) {
		b = ledger_cached(t.l, i);
		assert_ptr_equal(b, c.b[i]);
		block_unref(b);
	}
	for (unsigned i = 0; i < 40; i++) {
		b = ledger_cached(t.l, i);
		cached += b != NULL;
		if (b)
			block_unref(b);
	}
	/* what somebody holds is still found; the rest is bounded */
	b = ledger_cached(t.l, 0);
	assert_ptr_equal(b, held);
	block_unref(b);
	block_unref(held);
	assert_in_range(cached, 2, 30);
	test_close(&t);
	test_free_chain(&c);
	test_remove(dir);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_process_at_a_time),
		cmocka_unit_test(channels_are_listed_and_nothing_else),
		cmocka_unit_test(a_channel_id_is_no_path),
		cmocka_unit_test(blocks_come_back_as_they_went),
		cmocka_unit_test(only_the_next_block_is_taken),
		cmocka_unit_test(a_block_with_a_false_data_hash_is_refused),
		cmocka_unit_test(the_height_is_told_after_each_append),
		cmocka_unit_test(files_roll_over_as_in_go),
		cmocka_unit_test(a_block_larger_than_a_file_stands_alone),
		cmocka_unit_test(a_missing_short_or_wrong_index_is_rebuilt),
		cmocka_unit_test(a_damaged_block_is_named),
		cmocka_unit_test(tools_walk_without_changing_anything),
		cmocka_unit_test(a_reader_of_the_whole_chain_leaves_the_tips_cached),
	};

	return cmocka_run_group_tests(tests, test_quiet, NULL);
}
