/* SPDX-License-Identifier: Apache-2.0 */
/* Config updates and the creation of channels, from the request to the ledger, and over restarts.
 */
#include "updates.h"

#include <errno.h>

static struct rig rig;
static struct admins admins;
static atomic_bool disk_full;

/* A full disk takes no blocks; the journal has its room already. */
static int disk(enum ledger_io op)
{
	char thread[16] = "";

	pthread_getname_np(pthread_self(), thread, sizeof(thread));
	if (op == LEDGER_IO_WRITE && atomic_load(&disk_full) && strcmp(thread, "commit") == 0)
		return ENOSPC;
	return rig_no_sync(op);
}

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
	atomic_store(&disk_full, false);
	rig_free(&rig);
	admins_fini(&admins);
	return 0;
}

/* ---- looking at the ledger ----------------------------------------------- */

static struct ord_block *block_at(struct chan *c, uint64_t number)
{
	struct ord_err e = ERR_INIT;
	struct ord_block *b;

	test_ok(ledger_read(chan_ledger(c), number, &b, &e), &e);
	return b;
}

static uint64_t last_config_of(struct chan *c, uint64_t number)
{
	struct ord_block *b = block_at(c, number);
	struct ord_err e = ERR_INIT;
	uint64_t index;

	test_ok(block_last_config(b, &index, &e), &e);
	block_unref(b);
	return index;
}

static uint64_t height_of(struct chan *c)
{
	return ledger_height(chan_ledger(c));
}

static uint32_t batch_of(struct chan *c)
{
	struct chanconf *conf = chan_conf(c);
	uint32_t n = conf->pub.batch_max_count;

	chanconf_unref(conf);
	return n;
}

static struct chan *find(const char *id)
{
	return rig_borrow(registrar_find(rig.registrar, id));
}

static void reopen(void)
{
	rig_close(&rig);
	rig_open(&rig);
}

/* ---- updates of a channel ------------------------------------------------ */

static void an_update_is_in_force_when_its_block_is_written(void **state)
{
	uint64_t height = height_of(rig.chan), seq = chan_sequence(rig.chan);
	struct ord_err e = ERR_INIT;
	struct ord_block *b;

	(void)state;
	test_ok(update_send(rig.registrar, update_of(rig.chan, change_batch_to_7, &admins.orderer),
			    &e),
		&e);
	rig_until(height_of(rig.chan) == height + 1);
	assert_int_equal(chan_sequence(rig.chan), seq + 1);
	assert_int_equal(batch_of(rig.chan), 7);
	assert_int_equal(last_config_of(rig.chan, height), height);
	b = block_at(rig.chan, height);
	assert_int_equal(b->n_data, 1);
	block_unref(b);
}

/* Nor to another channel; one that makes a channel applies to the system channel alone. */
static void a_config_message_applies_to_what_it_was_made_of_only(void **state)
{
	struct chan *system, *c;
	struct ord_env *first, *second, *creation;
	struct ord_err e = ERR_INIT;
	uint64_t seq;

	(void)state;
	test_ok(update_check(rig.registrar, update_of(rig.chan, change_batch_to_7, &admins.orderer),
			     &c, &first, &seq, &e),
		&e);
	test_ok(update_check(rig.registrar, update_of(rig.chan, change_batch_to_9, &admins.orderer),
			     &c, &second, &seq, &e),
		&e);
	test_ok(update_check(rig.registrar, creation_of("newchannel", &admins.org1), &system,
			     &creation, &seq, &e),
		&e);
	test_ok(writer_check_config(rig.chan, first, &e), &e);
	test_ok(writer_check_config(rig.chan, second, &e), &e);
	test_ok(writer_check_config(system, creation, &e), &e);
	test_fails(writer_check_config(rig.chan, creation, &e), &e, ORD_EINVAL,
		   "channel " RIG_CHANNEL " is no system channel");
	assert_int_equal(writer_check_config(system, first, &e), ORD_EINVAL);
	test_ok(update_order(rig.chan, first, chan_sequence(rig.chan), &e), &e);
	rig_until(batch_of(rig.chan) == 7);
	test_fails(writer_check_config(rig.chan, second, &e), &e, ORD_EINVAL,
		   "config currently at sequence 5, cannot validate config at sequence 5");
	test_ok(writer_check_config(system, creation, &e), &e);
	env_unref(second);
	env_unref(creation);
}

/* It was accepted, so it is in force; who comes behind it is answered all the same. */
static void an_update_that_a_full_disk_keeps_back_holds_nobody_up(void **state)
{
	uint64_t height = height_of(rig.chan), seq;
	struct ord_env *update, *env = rig_tx(&rig.user, "behind");
	struct ord_err e = ERR_INIT;
	struct chan *c;

	(void)state;
	test_ok(update_check(rig.registrar, update_of(rig.chan, change_batch_to_7, &admins.orderer),
			     &c, &update, &seq, &e),
		&e);
	atomic_store(&disk_full, true);
	test_ok(update_order(c, update, seq, &e), &e);
	rig_until(chan_check_writable(c, &e) < 0);
	assert_int_equal(rig_order(c, env), ORD_EUNAVAIL);
	assert_int_equal(chan_sequence(c), seq + 1);
	assert_int_equal(height_of(c), height);
	atomic_store(&disk_full, false);
	rig_until(height_of(c) == height + 1 && chan_check_writable(c, &e) == 0);
	assert_int_equal(rig_order(c, env), ORD_OK);
	assert_int_equal(batch_of(c), 7);
	env_unref(env);
}

/* Version 0, epoch 0, no transaction id, whole seconds, signed by this orderer. */
static void the_config_message_has_fabrics_header(void **state)
{
	struct ord_err e = ERR_INIT;
	struct ord_env *out, *parsed;
	struct chan *c;
	uint64_t seq;

	(void)state;
	test_ok(update_check(rig.registrar, update_of(rig.chan, change_batch_to_7, &admins.orderer),
			     &c, &out, &seq, &e),
		&e);
	test_ok(env_parse(out->raw, &parsed, &e), &e);
	assert_int_equal(parsed->type, WIRE_CONFIG);
	assert_string_equal(parsed->channel_id, RIG_CHANNEL);
	assert_int_equal(parsed->tx_id.len, 0);
	assert_int_equal(parsed->timestamp_nanos, 0);
	assert_int_not_equal(parsed->timestamp_sec, 0);
	assert_int_equal(parsed->nonce.len, 24);
	assert_true(bytes_eq(parsed->creator, msp_local_identity(rig.signer)));
	assert_int_equal(seq, chan_sequence(rig.chan));
	env_unref(parsed);
	env_unref(out);
}

static void the_last_config_index_survives_restarts(void **state)
{
	uint64_t height = height_of(rig.chan);
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(update_send(rig.registrar, update_of(rig.chan, change_batch_to_7, &admins.orderer),
			    &e),
		&e);
	rig_until(height_of(rig.chan) == height + 1);
	reopen();
	assert_int_equal(batch_of(rig.chan), 7);
	rig_accept(&rig, "then", 7);
	rig_until(height_of(rig.chan) == height + 2);
	assert_int_equal(last_config_of(rig.chan, height + 1), height);
	test_ok(update_send(rig.registrar, update_of(rig.chan, change_batch_to_9, &admins.orderer),
			    &e),
		&e);
	rig_until(height_of(rig.chan) == height + 3);
	assert_int_equal(last_config_of(rig.chan, height + 2), height + 2);
	reopen();
	assert_int_equal(batch_of(rig.chan), 9);
	rig_accept(&rig, "thereafter", 9);
	rig_until(height_of(rig.chan) == height + 4);
	assert_int_equal(last_config_of(rig.chan, height + 3), height + 2);
}

static void who_may_not_change_it_is_told_why(void **state)
{
	struct ord_err e = ERR_INIT;

	(void)state;
	assert_int_equal(update_send(rig.registrar,
				     update_of(rig.chan, change_batch_to_7, &admins.org1), &e),
			 ORD_EINVAL);
	assert_non_null(strstr(e.msg,
			       "error applying config update to existing channel "
			       "'mychannel': error authorizing update: error validating "
			       "DeltaSet: policy for [Value]  /Channel/Orderer/BatchSize not "
			       "satisfied"));
}

/* Both were made for the configuration before; the second waited while the first came into force.
 */
static void an_update_overtaken_by_another_is_refused(void **state)
{
	struct ord_env *first, *second;
	struct ord_err e = ERR_INIT;
	uint64_t seq, height = height_of(rig.chan);
	struct chan *c;

	(void)state;
	test_ok(update_check(rig.registrar, update_of(rig.chan, change_batch_to_7, &admins.orderer),
			     &c, &first, &seq, &e),
		&e);
	test_ok(update_check(rig.registrar, update_of(rig.chan, change_batch_to_9, &admins.orderer),
			     &c, &second, &seq, &e),
		&e);
	test_ok(update_order(c, first, seq, &e), &e);
	assert_int_equal(update_order(c, second, seq, &e), ORD_EINVAL);
	assert_string_equal(e.msg,
			    "error applying config update to existing channel 'mychannel': error "
			    "authorizing update: error validating DeltaSet: attempt to set key "
			    "[Value]  /Channel/Orderer/BatchSize to version 2, but key is at "
			    "version 2");
	assert_int_equal(height_of(rig.chan), height + 1);
	assert_int_equal(batch_of(rig.chan), 7);
}

/* What waits in the cutter is cut in front of the config block, under the old configuration. */
static void pending_messages_come_before_the_config_block(void **state)
{
	uint64_t height = height_of(rig.chan);
	struct ord_err e = ERR_INIT;

	(void)state;
	rig_batches(&rig, 100, 3600 * CLOCK_SEC_NS);
	rig_accept(&rig, "pending", 3);
	test_ok(update_send(rig.registrar, update_of(rig.chan, change_batch_to_7, &admins.orderer),
			    &e),
		&e);
	rig_until(height_of(rig.chan) == height + 2);
	assert_int_equal(rig_count(rig.chan, "pending"), 3);
	assert_int_equal(last_config_of(rig.chan, height + 1), height + 1);
	assert_true(last_config_of(rig.chan, height) < height);
}

/* ---- creation ------------------------------------------------------------ */

static void a_channel_is_created_and_works_at_once(void **state)
{
	struct chan *system = rig_borrow(registrar_system(rig.registrar)), *c;
	uint64_t height = height_of(system);
	struct ord_err e = ERR_INIT;
	struct ord_env *tx;

	(void)state;
	test_ok(update_send(rig.registrar, creation_of("newchannel", &admins.org1), &e), &e);
	rig_until(height_of(system) == height + 1);
	c = find("newchannel");
	assert_non_null(c);
	assert_int_equal(height_of(c), 1);
	assert_int_equal(chan_sequence(c), 1);
	assert_int_equal(registrar_count(rig.registrar), 3);
	tx = rig_env(&rig.user, WIRE_ENDORSER_TRANSACTION, "newchannel", bytes_str("hello"));
	assert_int_equal(rig_order(c, tx), ORD_OK);
	env_unref(tx);
	assert_true(last_config_of(system, height) < height);
	reopen();
	rig_until(rig_count(find("newchannel"), "hello") == 1);
}

/* All orderers make the same bytes: the CONFIG within, no signature, empty metadata. */
static void its_genesis_block_is_what_everybody_makes(void **state)
{
	struct chan *system = rig_borrow(registrar_system(rig.registrar));
	uint64_t height = height_of(system);
	struct ord_err e = ERR_INIT;
	struct ord_env *tx;
	struct ord_block *genesis, *b;

	(void)state;
	test_ok(update_send(rig.registrar, creation_of("newchannel", &admins.org1), &e), &e);
	rig_until(height_of(system) == height + 1);
	genesis = block_at(find("newchannel"), 0);
	b = block_at(system, height);
	test_ok(env_parse(b->data[0], &tx, &e), &e);
	assert_int_equal(tx->type, WIRE_ORDERER_TRANSACTION);
	assert_true(bytes_eq(tx->data, genesis->data[0]));
	assert_int_equal(genesis->n_meta, BLOCK_META_SLOTS);
	for (size_t i = 0; i < genesis->n_meta; i++)
		assert_int_equal(genesis->meta[i].len, 0);
	env_unref(tx);
	block_unref(b);
	block_unref(genesis);
}

static void of_two_requests_for_one_channel_one_wins(void **state)
{
	struct chan *system;
	struct ord_env *first, *second;
	struct ord_err e = ERR_INIT;
	uint64_t seq, height;

	(void)state;
	test_ok(update_check(rig.registrar, creation_of("newchannel", &admins.org1), &system,
			     &first, &seq, &e),
		&e);
	test_ok(update_check(rig.registrar, creation_of("newchannel", &admins.org1), &system,
			     &second, &seq, &e),
		&e);
	height = height_of(system);
	test_ok(update_order(system, first, seq, &e), &e);
	assert_int_equal(update_order(system, second, seq, &e), ORD_EINVAL);
	assert_non_null(strstr(e.msg, "error applying config update to existing channel "
				      "'newchannel'"));
	rig_until(height_of(system) == height + 1);
	assert_int_equal(height_of(find("newchannel")), 1);
	reopen();
	assert_int_equal(height_of(rig_borrow(registrar_system(rig.registrar))), height + 1);
}

static void an_existing_channel_is_not_created_again(void **state)
{
	struct ord_err e = ERR_INIT;

	(void)state;
	test_fails(update_send(rig.registrar, creation_of(RIG_CHANNEL, &admins.org1), &e), &e,
		   ORD_EINVAL,
		   "error applying config update to existing channel 'mychannel': error "
		   "authorizing update: error validating ReadSet: proposed update requires that "
		   "key [Group]  /Channel/Application be at version 0, but it is currently at "
		   "version 1");
}

/* Nobody knows yet who asks: it is weighed before it is unpacked. */
static void a_request_too_large_is_not_even_looked_into(void **state)
{
	char *big = x_alloc(3000), want[120];
	struct ord_err e = ERR_INIT;
	struct ord_env *env;

	(void)state;
	memset(big, 'x', 2999);
	env = rig_env(&rig.user, WIRE_CONFIG_UPDATE, "newchannel", bytes_str(big));
	snprintf(want, sizeof(want),
		 "message payload is %zu bytes and exceeds maximum allowed 2000 bytes",
		 env_size(env));
	rig_reconfigure(rig_borrow(registrar_system(rig.registrar)), change_to_tiny_messages);
	test_fails(update_send(rig.registrar, env, &e), &e, ORD_EINVAL, want);
	free(big);
}

/* A crash after the new ledger and before the block of the system channel. */
static void a_channel_half_made_is_made_again(void **state)
{
	struct chan *system;
	struct ord_env *tx;
	struct ord_err e = ERR_INIT;
	uint64_t seq, height;
	char *dir = rig_path(&rig, "chains/newchannel");

	(void)state;
	test_ok(file_mkdir_p(dir, 0755, &e), &e);
	reopen();
	assert_null(find("newchannel"));
	test_ok(update_check(rig.registrar, creation_of("newchannel", &admins.org1), &system, &tx,
			     &seq, &e),
		&e);
	height = height_of(system);
	test_ok(update_order(system, tx, seq, &e), &e);
	rig_until(height_of(system) == height + 1);
	assert_int_equal(height_of(find("newchannel")), 1);
	free(dir);
}

static void there_is_a_limit(void **state)
{
	struct chan *system = rig_borrow(registrar_system(rig.registrar));
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(update_send(rig.registrar,
			    update_of(system, change_max_channels_to_1, &admins.orderer), &e),
		&e);
	rig_until(chan_sequence(system) == 1);
	test_fails(update_send(rig.registrar, creation_of("newchannel", &admins.org1), &e), &e,
		   ORD_EINVAL, "channel creation would exceed maximimum number of channels: 1");
}

static void maintenance_refuses_creation(void **state)
{
	struct chan *system = rig_borrow(registrar_system(rig.registrar));
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(update_send(rig.registrar,
			    update_of(system, change_state_to_maintenance, &admins.orderer), &e),
		&e);
	rig_until(chan_sequence(system) == 1);
	test_fails(update_send(rig.registrar, creation_of("newchannel", &admins.org1), &e), &e,
		   ORD_EUNAVAIL, "channel creation is not permitted: maintenance mode");
}

static void a_type_whose_plugin_is_not_loaded_is_refused(void **state)
{
	uint64_t seq = chan_sequence(rig.chan);
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(update_send(rig.registrar,
			    update_of(rig.chan, change_state_to_maintenance, &admins.orderer), &e),
		&e);
	rig_until(chan_sequence(rig.chan) == seq + 1);
	assert_int_equal(update_send(rig.registrar,
				     update_of(rig.chan, change_type_to_kafka, &admins.orderer),
				     &e),
			 ORD_EINVAL);
	assert_non_null(strstr(e.msg,
			       "config update for existing channel did not pass maintenance "
			       "checks: config transaction inspection failed: attempted to change "
			       "consensus type from solo to kafka, transition not supported"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_update_is_in_force_when_its_block_is_written),
		TEST(a_config_message_applies_to_what_it_was_made_of_only),
		TEST(an_update_that_a_full_disk_keeps_back_holds_nobody_up),
		TEST(the_config_message_has_fabrics_header),
		TEST(the_last_config_index_survives_restarts),
		TEST(who_may_not_change_it_is_told_why),
		TEST(an_update_overtaken_by_another_is_refused),
		TEST(pending_messages_come_before_the_config_block),
		TEST(a_channel_is_created_and_works_at_once),
		TEST(its_genesis_block_is_what_everybody_makes),
		TEST(of_two_requests_for_one_channel_one_wins),
		TEST(an_existing_channel_is_not_created_again),
		TEST(a_request_too_large_is_not_even_looked_into),
		TEST(a_channel_half_made_is_made_again),
		TEST(there_is_a_limit),
		TEST(maintenance_refuses_creation),
		TEST(a_type_whose_plugin_is_not_loaded_is_refused),
	};

	log_set_spec("panic", NULL);
	ledger_io_fault = disk;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
