/* SPDX-License-Identifier: Apache-2.0 */
/* Channels that come and go while the orderer runs. */
#include "rig.h"

#include <sys/stat.h>
#include <unistd.h>

static struct rig rig;

/* An empty directory: no system channel. */
static int set_up(void **state)
{
	char *chains, *own;

	(void)state;
	rig_make(&rig, "ledger");
	chains = rig_path(&rig, "chains");
	own = rig_path(&rig, "index");
	test_remove(chains);
	test_remove(own);
	free(chains);
	free(own);
	rig_open(&rig);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static int join_bytes(struct ord_bytes block, struct chan_info *info, int *status,
		      struct ord_err *e)
{
	return registrar_join(rig.registrar, block, info, status, e);
}

static int join(const char *golden, struct chan_info *info, int *status, struct ord_err *e)
{
	struct buf b = test_golden(golden);
	int rc = join_bytes(buf_bytes(&b), info, status, e);

	buf_fini(&b);
	return rc;
}

static void must_join(const char *golden)
{
	struct ord_err e = ERR_INIT;
	struct chan_info info;
	int status;

	test_ok(join(golden, &info, &status, &e), &e);
}

static void must_refuse_join(const char *golden, int want, const char *text)
{
	struct ord_err e = ERR_INIT;
	struct chan_info info;
	int status = 0;

	assert_true(join(golden, &info, &status, &e) < 0);
	assert_string_equal(e.msg, text);
	assert_int_equal(status, want);
}

static void must_refuse_removal(const char *id, int want, const char *text)
{
	struct ord_err e = ERR_INIT;
	int status = 0;

	assert_true(registrar_remove(rig.registrar, id, &status, &e) < 0);
	assert_string_equal(e.msg, text);
	assert_int_equal(status, want);
}

static bool on_disk(const char *name)
{
	char *path = rig_path(&rig, name);
	bool there = file_exists(path);

	free(path);
	return there;
}

static struct chan *mychannel(void)
{
	return rig_borrow(registrar_find(rig.registrar, RIG_CHANNEL));
}

#define GENESIS "blocks/mychannel.000.block"

/* ---- join ---------------------------------------------------------------- */

static void a_channel_is_joined_by_its_genesis_block(void **state)
{
	struct ord_err e = ERR_INIT;
	struct chan_info info;
	int status;

	(void)state;
	test_ok(join(GENESIS, &info, &status, &e), &e);
	assert_string_equal(info.name, RIG_CHANNEL);
	assert_string_equal(info.relation, "other");
	assert_string_equal(info.status, "active");
	assert_int_equal(info.height, 1);
	assert_false(on_disk("pendingops/join/mychannel.join"));
	rig.chan = mychannel();
	rig_accept(&rig, "hello", 1);
	rig_close(&rig);
	rig_open(&rig);
	rig_until(rig_count(rig.chan, "hello") == 1);
}

static void the_genesis_block_is_kept_as_it_came(void **state)
{
	struct buf golden = test_golden(GENESIS);
	struct ord_err e = ERR_INIT;
	struct ord_block *b;

	(void)state;
	must_join(GENESIS);
	test_ok(ledger_read(chan_ledger(mychannel()), 0, &b, &e), &e);
	assert_true(bytes_eq(buf_bytes(&b->encoded), buf_bytes(&golden)));
	block_unref(b);
	buf_fini(&golden);
}

static void joins_are_refused_in_fabrics_words(void **state)
{
	struct ord_err e = ERR_INIT;
	struct chan_info info;
	int status;

	(void)state;
	assert_true(join_bytes(bytes_str("nonsense"), &info, &status, &e) < 0);
	assert_non_null(strstr(e.msg, "cannot unmarshal file part config-block into a block: "));
	assert_int_equal(status, JOIN_BAD);
	must_refuse_join("blocks/mychannel.010.block", JOIN_BAD,
			 "invalid join block: block is not a config block");
	must_refuse_join("blocks/genesis.etcdraft.block", JOIN_BAD,
			 "cannot join: failed to find a consenter for consensus type: etcdraft");
	must_refuse_join("blocks/mychannel.003.block", JOIN_BAD,
			 "cannot join: the block has number 3, and this orderer does not fetch the "
			 "blocks before it from others: join with the channel's genesis block, "
			 "number 0");
	must_join(GENESIS);
	must_refuse_join(GENESIS, JOIN_NOT_ALLOWED, "cannot join: channel already exists");
	must_refuse_join("blocks/genesis.solo.block", JOIN_FORBIDDEN,
			 "cannot join: application channels already exist");
	assert_int_equal(registrar_count(rig.registrar), 1);
}

static void nothing_is_joined_beside_a_system_channel(void **state)
{
	(void)state;
	must_join("blocks/genesis.solo.block");
	must_refuse_join(GENESIS, JOIN_NOT_ALLOWED, "cannot join: system channel exists");
	must_refuse_removal(RIG_SYSTEM, JOIN_NOT_ALLOWED, "cannot remove: system channel exists");
}

/* A crash after the join block was saved, before anything else. */
static void a_join_that_was_begun_is_brought_to_its_end(void **state)
{
	struct buf golden = test_golden(GENESIS);
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(pending_save(rig.registrar, "join", RIG_CHANNEL, buf_bytes(&golden), &e), &e);
	rig_close(&rig);
	rig_open(&rig);
	assert_non_null(rig.chan);
	assert_int_equal(ledger_height(chan_ledger(rig.chan)), 1);
	assert_false(on_disk("pendingops/join/mychannel.join"));
	buf_fini(&golden);
}

/* ---- remove -------------------------------------------------------------- */

static bool is_gone(void)
{
	struct ord_err e = ERR_INIT;
	struct chan_info info;

	return registrar_info(rig.registrar, RIG_CHANNEL, &info, &e) == ORD_ENOENT;
}

static void a_removed_channel_goes_from_the_disk(void **state)
{
	struct ord_err e = ERR_INIT;
	int status;

	(void)state;
	must_join(GENESIS);
	rig.chan = mychannel();
	rig_accept(&rig, "hello", 25);
	test_ok(registrar_remove(rig.registrar, RIG_CHANNEL, &status, &e), &e);
	assert_null(registrar_find(rig.registrar, RIG_CHANNEL));
	rig_until(is_gone());
	assert_false(on_disk("chains/mychannel"));
	assert_false(on_disk("ordererd/mychannel"));
	assert_false(on_disk("pendingops/remove/mychannel.remove"));
	must_refuse_removal(RIG_CHANNEL, JOIN_NOT_FOUND, "cannot remove: channel does not exist");
	must_join(GENESIS);
	assert_int_equal(ledger_height(chan_ledger(mychannel())), 1);
}

struct watcher {
	struct chan_watch watch;
	atomic_uint woken;
};

static void on_wake(struct chan_watch *w)
{
	atomic_fetch_add(&UTIL_CONTAINER(w, struct watcher, watch)->woken, 1);
}

/* As a Deliver stream does; the files stay until it lets go. */
static void who_holds_a_removed_channel_is_woken(void **state)
{
	struct watcher w = {.watch.wake = on_wake};
	struct ord_ticket t = {NULL};
	struct ord_err e = ERR_INIT;
	struct chan_info info;
	struct chan *c;
	int status;

	(void)state;
	must_join(GENESIS);
	c = registrar_find(rig.registrar, RIG_CHANNEL);
	chan_watch(c, &w.watch);
	test_ok(registrar_remove(rig.registrar, RIG_CHANNEL, &status, &e), &e);
	rig_until(atomic_load(&w.woken) > 0 && chan_errored(c));
	assert_true(chan_removed(c));
	test_fails(chan_wait_ready(c, &t, &e), &e, ORD_ENOENT, "channel does not exist");
	must_refuse_join(GENESIS, JOIN_CONFLICT, "cannot join: channel pending removal");
	must_refuse_removal(RIG_CHANNEL, JOIN_CONFLICT, "cannot remove: channel pending removal");
	/* which could create it again, in the files that are about to go */
	must_refuse_join("blocks/genesis.solo.block", JOIN_FORBIDDEN,
			 "cannot join: application channels already exist");
	test_ok(registrar_info(rig.registrar, RIG_CHANNEL, &info, &e), &e);
	assert_string_equal(info.status, "inactive");
	assert_true(on_disk("chains/mychannel/blockfile_000000"));
	chan_unwatch(c, &w.watch);
	chan_unref(c);
	rig_until(is_gone());
	assert_false(on_disk("chains/mychannel"));
}

/* A crash after the marker. */
static void a_removal_that_was_begun_is_brought_to_its_end(void **state)
{
	struct ord_err e = ERR_INIT;

	(void)state;
	must_join(GENESIS);
	test_ok(pending_save(rig.registrar, "remove", RIG_CHANNEL, bytes_of(NULL, 0), &e), &e);
	rig_close(&rig);
	rig_open(&rig);
	assert_null(rig.chan);
	assert_false(on_disk("chains/mychannel"));
	assert_false(on_disk("pendingops/remove/mychannel.remove"));
}

/* ---- list ---------------------------------------------------------------- */

static void collect(void *arg, const char *name, bool system)
{
	buf_printf(arg, "%s%s ", name, system ? "*" : "");
}

static void channels_are_listed(void **state)
{
	struct buf names = BUF_INIT;
	struct ord_err e = ERR_INIT;
	struct chan_info info;

	(void)state;
	registrar_list(rig.registrar, collect, &names);
	assert_int_equal(names.len, 0);
	test_fails(registrar_info(rig.registrar, RIG_CHANNEL, &info, &e), &e, ORD_ENOENT,
		   "channel does not exist");
	must_join("blocks/genesis.solo.block");
	registrar_list(rig.registrar, collect, &names);
	assert_string_equal(buf_cstr(&names), "testchainid* ");
	buf_fini(&names);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_channel_is_joined_by_its_genesis_block),
		TEST(the_genesis_block_is_kept_as_it_came),
		TEST(joins_are_refused_in_fabrics_words),
		TEST(nothing_is_joined_beside_a_system_channel),
		TEST(a_join_that_was_begun_is_brought_to_its_end),
		TEST(a_removed_channel_goes_from_the_disk),
		TEST(who_holds_a_removed_channel_is_woken),
		TEST(a_removal_that_was_begun_is_brought_to_its_end),
		TEST(channels_are_listed),
	};

	log_set_spec("panic", NULL);
	ledger_io_fault = rig_no_sync;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
