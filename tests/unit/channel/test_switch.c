/* SPDX-License-Identifier: Apache-2.0 */
/* From one consensus to another on the same ledger, and back. */
#include "updates.h"

#include <unistd.h>

static struct rig rig;
static struct admins admins;

static int set_up(void **state)
{
	(void)state;
	rig_make(&rig, "ledger");
	admins_read(&admins);
	rig_open(&rig);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_free(&rig);
	admins_fini(&admins);
	return 0;
}

#define CHANGING "channel mychannel is changing to consensus type "

/* Send it until no chain is being replaced, and wait until it is in force. */
static void configure(void (*change)(Common__Config *config))
{
	uint64_t before = chan_sequence(rig.chan), height = ledger_height(chan_ledger(rig.chan));
	struct ord_err e;
	int rc;

	do {
		e = (struct ord_err)ERR_INIT;
		rc = update_send(rig.registrar, update_of(rig.chan, change, &admins.orderer), &e);
		if (rc == ORD_EUNAVAIL)
			assert_int_equal(strncmp(e.msg, CHANGING, strlen(CHANGING)), 0);
	} while (rc == ORD_EUNAVAIL);
	test_ok(rc, &e);
	rig_until(chan_sequence(rig.chan) > before);
	rig_until(ledger_height(chan_ledger(rig.chan)) > height);
}

/* A transaction, sent until it is taken. */
static void send_tx(const char *text)
{
	struct ord_env *env = rig_tx(&rig.user, text);

	rig_until(rig_order(rig.chan, env) == ORD_OK);
	env_unref(env);
}

static void move_to(void (*change)(Common__Config *config))
{
	configure(change_state_to_maintenance);
	configure(change);
	configure(change_state_to_normal);
}

/* The consenter's bytes of the block with @text in it. */
static size_t metadata_of(const char *text)
{
	size_t len = SIZE_MAX;

	for (uint64_t n = 0; n < ledger_height(chan_ledger(rig.chan)); n++) {
		struct buf metadata = BUF_INIT;
		struct ord_err e = ERR_INIT;
		struct ord_block *b;
		struct ord_env *env;

		test_ok(ledger_read(chan_ledger(rig.chan), n, &b, &e), &e);
		test_ok(env_parse(b->data[0], &env, &e), &e);
		test_ok(block_consenter_metadata(b, &metadata, &e), &e);
		if (bytes_eq_str(env->data, text))
			len = metadata.len;
		buf_fini(&metadata);
		env_unref(env);
		block_unref(b);
	}
	return len;
}

/* Of the newest block that changed the type, which has no metadata whoever wrote it. */
static size_t metadata_of_config(uint64_t number)
{
	struct buf metadata = BUF_INIT;
	struct ord_err e = ERR_INIT;
	struct ord_block *b;
	size_t len;

	test_ok(ledger_read(chan_ledger(rig.chan), number, &b, &e), &e);
	test_ok(block_consenter_metadata(b, &metadata, &e), &e);
	len = metadata.len;
	buf_fini(&metadata);
	block_unref(b);
	return len;
}

static unsigned journal_files(void)
{
	char *dir = rig_path(&rig, "ordererd/mychannel"), **names;
	struct ord_err e = ERR_INIT;
	unsigned n = 0;

	test_ok(file_list(dir, &names, NULL, &e), &e);
	for (char **p = names; *p; p++)
		n += strncmp(*p, "journal.", 8) == 0;
	file_list_free(names);
	free(dir);
	return n;
}

/* The ledger itself checks numbers and hash chain at every append. */
static void a_channel_moves_to_another_consensus_and_back(void **state)
{
	(void)state;
	send_tx("under solo");
	move_to(change_type_to_skeleton);
	send_tx("under skeleton");
	rig_until(rig_count(rig.chan, "under skeleton") == 1);
	assert_int_equal(metadata_of("under solo"), 0);
	assert_int_equal(metadata_of("under skeleton"), 8);
	move_to(change_type_to_solo);
	send_tx("back home");
	rig_until(rig_count(rig.chan, "back home") == 1);
	assert_int_equal(metadata_of("back home"), 0);
	rig_close(&rig);
	rig_open(&rig);
	send_tx("next day");
	rig_until(rig_count(rig.chan, "next day") == 1);
	assert_int_equal(rig_count(rig.chan, "under solo"), 1);
	assert_int_equal(rig_count(rig.chan, "back home"), 1);
}

static void the_block_of_the_change_has_no_metadata(void **state)
{
	uint64_t height;

	(void)state;
	move_to(change_type_to_skeleton);
	configure(change_state_to_maintenance);
	height = ledger_height(chan_ledger(rig.chan));
	configure(change_type_to_solo);
	rig_until(ledger_height(chan_ledger(rig.chan)) == height + 1);
	assert_int_equal(metadata_of_config(height - 1), 8);
	assert_int_equal(metadata_of_config(height), 0);
}

static void the_next_start_finds_the_new_consensus(void **state)
{
	(void)state;
	move_to(change_type_to_skeleton);
	rig_close(&rig);
	rig_open(&rig);
	send_tx("after");
	rig_until(rig_count(rig.chan, "after") == 1);
	assert_int_equal(metadata_of("after"), 8);
}

/* Nothing may come back when the channel does. */
static void the_journal_goes_with_solo(void **state)
{
	(void)state;
	send_tx("journaled");
	assert_true(journal_files() > 0);
	move_to(change_type_to_skeleton);
	send_tx("under skeleton");
	assert_int_equal(journal_files(), 0);
}

/* A crash between the block and the removal. */
static void a_journal_that_was_left_over_is_removed_at_start(void **state)
{
	char *journal = rig_path(&rig, "ordererd/mychannel/journal.00000000");
	struct ord_err e = ERR_INIT;

	(void)state;
	move_to(change_type_to_skeleton);
	rig_close(&rig);
	test_ok(file_write_atomic(journal, bytes_str("left over"), 0600, &e), &e);
	rig_open(&rig);
	assert_int_equal(journal_files(), 0);
	free(journal);
}

/* While the chain is replaced, and in a chain that has none: readers read, writers hear why. */
static void without_a_chain_blocks_can_be_read(void **state)
{
	struct ord_env *tx = rig_tx(&rig.user, "now");
	struct ord_ticket t = {NULL};
	struct ord_err e = ERR_INIT;

	(void)state;
	gate_shut(&rig.chan->gate);
	assert_false(chan_errored(rig.chan));
	test_fails(chan_wait_ready(rig.chan, &t, &e), &e, ORD_EUNAVAIL,
		   CHANGING "solo, try again later");
	err_set(&e, ORD_EINTERNAL, "the reason");
	chan_fail(rig.chan, &e);
	assert_true(chan_errored(rig.chan));
	test_fails(chan_order(rig.chan, tx, false, 0, &t, &e), &e, ORD_EUNAVAIL,
		   "the chain does not run: the reason");
	env_unref(tx);
}

/* What is in the old chain's hands when the type changes is for the client to send again. */
static void messages_behind_the_change_are_not_accepted(void **state)
{
	struct ord_err e = ERR_INIT;
	struct ord_env *late;
	struct chan *c;
	uint64_t seq;

	(void)state;
	test_ok(update_check(rig.registrar, update_of(rig.chan, change_batch_to_7, &admins.orderer),
			     &c, &late, &seq, &e),
		&e);
	rig_reconfigure(c, change_type_to_skeleton); /* in force, and solo has not gone yet */
	assert_int_equal(update_order(c, late, seq, &e), ORD_EUNAVAIL);
	assert_string_equal(e.msg, CHANGING "skeleton, try again later");
}

/* What a chain replays at its start may be the change of its type. */
static void a_gate_shut_while_the_chain_starts_stays_shut(void **state)
{
	struct ord_chain chain = {NULL};
	struct gate g = {0};

	(void)state;
	gate_init(&g);
	gate_prepare(&g);
	gate_shut(&g);
	gate_open(&g, &chain);
	assert_null(gate_enter(&g));
	gate_prepare(&g);
	gate_open(&g, &chain);
	assert_ptr_equal(gate_enter(&g), &chain);
	gate_leave(&g);
	gate_fini(&g);
}

static void stopping_in_the_middle_is_fine(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		configure(change_state_to_maintenance);
		configure(i % 2 ? change_type_to_solo : change_type_to_skeleton);
		rig_close(&rig);
		rig_open(&rig);
		configure(change_state_to_normal);
	}
	send_tx("at last");
	rig_until(rig_count(rig.chan, "at last") == 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_channel_moves_to_another_consensus_and_back),
		TEST(the_block_of_the_change_has_no_metadata),
		TEST(the_next_start_finds_the_new_consensus),
		TEST(the_journal_goes_with_solo),
		TEST(a_journal_that_was_left_over_is_removed_at_start),
		TEST(without_a_chain_blocks_can_be_read),
		TEST(messages_behind_the_change_are_not_accepted),
		cmocka_unit_test(a_gate_shut_while_the_chain_starts_stays_shut),
		TEST(stopping_in_the_middle_is_fine),
	};

	log_set_spec("panic", NULL);
	rig_with_skeleton = true;
	ledger_io_fault = rig_no_sync;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
