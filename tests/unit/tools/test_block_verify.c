/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl block verify: chains made by Fabric are good, and one bit is enough to make them bad.
 */
#include "ctl_run.h"

#include <wire/wire.h>

enum { CHAIN = 50 };

static char *golden_block(unsigned number)
{
	return test_golden_path("blocks/mychannel.%03u.block", number);
}

/* block verify of blocks @from … @to, with @replaced (may be NULL) in the place of @at. */
static struct ctl_run verify_chain(unsigned from, unsigned to, unsigned at, const char *replaced)
{
	char *argv[CHAIN + 4] = {"ordererctl", "block", "verify"};
	struct ctl_run r;
	int n = 3;

	for (unsigned i = from; i <= to; i++)
		argv[n++] = replaced && i == at ? x_strdup(replaced) : golden_block(i);
	r = ctl_run_argv(argv);
	while (n > 3)
		free(argv[--n]);
	return r;
}

static void a_chain_of_files_is_good(void **state)
{
	char *out = ctl_answer(verify_chain(0, CHAIN - 1, 0, NULL));

	(void)state;
	assert_string_equal(out, "files: blocks 0 to 49: hash chain, data hashes and signatures "
				 "are good\n");
	free(out);
}

static void a_ledger_directory_is_good(void **state)
{
	char *dir = test_golden_path("ledger"), *out;

	(void)state;
	out = ctl_answer(ctl_run("block", "verify", "--ledger", dir));
	assert_string_equal(
		out, "mychannel: blocks 0 to 49: hash chain, data hashes and signatures are good\n"
		     "testchainid: blocks 0 to 1: hash chain, data hashes and signatures are "
		     "good\n");
	free(out);
	out = ctl_answer(ctl_run("block", "verify", "--ledger", dir, "--channel", "testchainid"));
	assert_string_equal(out, "testchainid: blocks 0 to 1: hash chain, data hashes and "
				 "signatures are good\n");
	free(out);
	free(dir);
}

static void a_later_block_needs_its_configuration(void **state)
{
	char *config = golden_block(3), *block = golden_block(10), *want;
	struct ctl_run r = ctl_run("block", "verify", block);

	(void)state;
	want = x_printf("ordererctl block verify: %s: block 10 cannot be verified without the "
			"configuration before it: give its block with --config-block\n",
			block);
	ctl_expect(&r, 1, "", want);
	free(want);
	r = ctl_run("block", "verify", "--config-block", config, block);
	want = x_printf("%s: block 10: hash chain, data hash and signature are good\n", block);
	ctl_expect(&r, 0, want, "");
	free(want);
	free(config);
	free(block);
}

/* ---- one bit ------------------------------------------------------------- */

/* Block 7 with one bit flipped where @find says, verified in its chain. */
static void flipped(size_t (*find)(const struct ord_block *b), const char *why)
{
	char *dir = test_dir(), *path = file_join(dir, "block"), *want;
	struct buf bytes = test_golden("blocks/mychannel.007.block"), copy = BUF_INIT;
	struct ord_err e = ERR_INIT;
	struct ord_block *b;
	struct ctl_run r;

	buf_add_bytes(&copy, buf_bytes(&bytes));
	test_ok(block_parse(&bytes, &b, &e), &e);
	copy.data[find(b)] ^= 0x10;
	test_ok(file_write_atomic(path, buf_bytes(&copy), 0644, &e), &e);
	r = verify_chain(0, 9, 7, path);
	want = x_printf("ordererctl block verify: %s: block 7: %s\n", path, why);
	ctl_expect(&r, 1, "", want);
	block_unref(b);
	buf_fini(&copy);
	buf_fini(&bytes);
	free(want);
	free(path);
	test_rmdir(dir);
}

static size_t offset_of(const struct ord_block *b, struct ord_bytes view, size_t at)
{
	return (size_t)(view.data - b->encoded.data) + at;
}

static size_t in_data(const struct ord_block *b)
{
	return offset_of(b, b->data[3], b->data[3].len - 1);
}

static size_t in_data_hash(const struct ord_block *b)
{
	return offset_of(b, b->data_hash, 5);
}

static size_t in_previous_hash(const struct ord_block *b)
{
	return offset_of(b, b->previous_hash, 31);
}

/* The signature is the last thing in slot 0; its tail is S. */
static size_t in_signature(const struct ord_block *b)
{
	return offset_of(b, b->meta[0], b->meta[0].len - 1);
}

static void one_flipped_bit_is_named_with_its_block(void **state)
{
	(void)state;
	flipped(in_data, "its data hash is not that of its data");
	flipped(in_data_hash, "its data hash is not that of its data");
	flipped(in_previous_hash, "its previous hash is not that of block 6");
	flipped(in_signature, "its signature is not good for /Channel/Orderer/BlockValidation: "
			      "implicit policy evaluation failed - 0 sub-policies were satisfied, "
			      "but this policy requires 1 of the 'Writers' sub-policies to be "
			      "satisfied");
}

static void a_missing_block_is_noticed(void **state)
{
	char *eight = golden_block(8), *want;
	struct ctl_run r = verify_chain(0, 9, 7, eight);

	(void)state;
	want = x_printf("ordererctl block verify: %s: block 8 stands where block 7 is due\n",
			eight);
	ctl_expect(&r, 1, "", want);
	free(want);
	free(eight);
}

/* A copy of the golden ledger, for damage. */
static char *copy_of_ledger(const char *dir)
{
	char *chain = x_printf("%s/chains/mychannel", dir);
	char *file = file_join(chain, "blockfile_000000");
	struct buf b = test_golden("ledger/chains/mychannel/blockfile_000000");
	struct ord_err e = ERR_INIT;

	test_ok(file_mkdir_p(chain, 0755, &e), &e);
	test_ok(file_write_atomic(file, buf_bytes(&b), 0644, &e), &e);
	buf_fini(&b);
	free(chain);
	return file;
}

static void a_damaged_ledger_is_reported_and_left_alone(void **state)
{
	char *dir = test_dir(), *file = copy_of_ledger(dir);
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct ord_err e = ERR_INIT;
	struct ctl_run r;

	(void)state;
	test_ok(file_read(file, 64 << 20, &before, &e), &e);
	before.data[before.len / 2] ^= 1;
	test_ok(file_write_atomic(file, buf_bytes(&before), 0644, &e), &e);
	r = ctl_run("block", "verify", "--ledger", dir);
	assert_int_equal(r.code, 1);
	assert_string_equal(r.out, "");
	assert_non_null(strstr(r.err, "ordererctl block verify: mychannel: "));
	assert_non_null(strstr(r.err, "block "));
	ctl_run_free(&r);
	test_ok(file_read(file, 64 << 20, &after, &e), &e);
	assert_true(bytes_eq(buf_bytes(&before), buf_bytes(&after)));
	buf_fini(&before);
	buf_fini(&after);
	free(file);
	test_rmdir(dir);
}

static void files_and_ledger_exclude_each_other(void **state)
{
	struct ctl_run r = ctl_run("block", "verify");

	(void)state;
	ctl_expect(&r, 1, "",
		   "ordererctl block verify: give block files, or --ledger and perhaps "
		   "--channel\n");
	r = ctl_run("block", "verify", "--ledger", "x", "y");
	ctl_expect(&r, 1, "",
		   "ordererctl block verify: --ledger goes without files and --config-block\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_of_files_is_good),
		cmocka_unit_test(a_ledger_directory_is_good),
		cmocka_unit_test(a_later_block_needs_its_configuration),
		cmocka_unit_test(one_flipped_bit_is_named_with_its_block),
		cmocka_unit_test(a_missing_block_is_noticed),
		cmocka_unit_test(a_damaged_ledger_is_reported_and_left_alone),
		cmocka_unit_test(files_and_ledger_exclude_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
