/* SPDX-License-Identifier: Apache-2.0 */
/* The block writer (spec 2.3, 2.4, 6.3, 6.4): what stands in a block's metadata, and when it comes.
 */
#include "rig.h"

#include <openssl/ec.h>

static struct rig rig;

static int set_up(void **state)
{
	(void)state;
	rig_make(&rig, "ledger");
	rig_open(&rig);
	rig_batches(&rig, 1, CLOCK_SEC_NS);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static uint64_t height(struct chan *c)
{
	return ledger_height(chan_ledger(c));
}

/* Order one message and return the block that holds it. */
static struct ord_block *next_block(struct chan *c, const struct person *p)
{
	struct ord_env *env = rig_env(p, WIRE_MESSAGE, chan_id(c), bytes_str("x"));
	uint64_t number = height(c);
	struct ord_err e = ERR_INIT;
	struct ord_block *b;

	assert_int_equal(rig_order(c, env), ORD_OK);
	rig_until(height(c) > number);
	test_ok(ledger_read(chan_ledger(c), number, &b, &e), &e);
	assert_int_equal(b->n_data, 1);
	assert_true(bytes_eq(b->data[0], env->raw));
	env_unref(env);
	return b;
}

static Common__Metadata *metadata(const struct ord_block *b, size_t slot)
{
	Common__Metadata *m;
	struct ord_err e = ERR_INIT;

	test_ok(wire_unpack(&common__metadata__descriptor, b->meta[slot], &m, &e), &e);
	return m;
}

static void assert_bytes(struct ord_bytes got, const void *want, size_t len)
{
	assert_int_equal(got.len, len);
	assert_memory_equal(got.data, want, len);
}

/* The index of the last configuration is encoded even when it is 0. */
static void slots_are_fabrics_byte_for_byte(void **state)
{
	struct chan *system = rig_borrow(registrar_system(rig.registrar));
	struct chanconf *conf = chan_conf(system);
	struct ord_block *b;
	Common__Metadata *m;

	(void)state;
	conf->pub.batch_max_count = 1;
	chanconf_unref(conf);
	b = next_block(system, &rig.orderer);
	assert_int_equal(b->n_meta, BLOCK_META_SLOTS);
	m = metadata(b, BLOCK_META_SIGNATURES);
	assert_bytes(wire_bytes(m->value), "\x0a\x00", 2);
	assert_int_equal(m->n_signatures, 1);
	wire_free(m);
	m = metadata(b, BLOCK_META_LAST_CONFIG);
	assert_int_equal(m->n_signatures, 0);
	assert_int_equal(m->value.len, 0);
	wire_free(m);
	assert_int_equal(b->meta[BLOCK_META_TRANSACTIONS_FILTER].len, 0);
	assert_int_equal(b->meta[BLOCK_META_ORDERER].len, 0);
	assert_int_equal(b->meta[BLOCK_META_COMMIT_HASH].len, 0);
	block_unref(b);
}

static void slots_name_the_last_configuration(void **state)
{
	struct ord_block *tip = ledger_tip(chan_ledger(rig.chan)),
			 *b = next_block(rig.chan, &rig.user);
	uint8_t want0[16] = {0x0a}, want1[16] = {0x08};
	struct ord_err e = ERR_INIT;
	Common__Metadata *m;
	uint64_t index;
	size_t n;

	(void)state;
	test_ok(block_last_config(tip, &index, &e), &e);
	assert_true(index > 0);
	n = uvarint_put(want1 + 1, index);
	want0[1] = (uint8_t)(n + 1);
	memcpy(want0 + 2, want1, n + 1);
	m = metadata(b, BLOCK_META_SIGNATURES);
	assert_bytes(wire_bytes(m->value), want0, n + 3);
	wire_free(m);
	m = metadata(b, BLOCK_META_LAST_CONFIG);
	assert_bytes(wire_bytes(m->value), want1, n + 1);
	wire_free(m);
	block_unref(tip);
	block_unref(b);
}

/* s of a DER ECDSA signature on P-256 is at most half the order. */
static bool low_s(struct ord_bytes sig)
{
	const uint8_t *p = sig.data;
	ECDSA_SIG *es = d2i_ECDSA_SIG(NULL, &p, (long)sig.len);
	BIGNUM *order = NULL;
	bool low;

	assert_non_null(es);
	BN_hex2bn(&order, "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");
	BN_rshift1(order, order);
	low = BN_cmp(ECDSA_SIG_get0_s(es), order) <= 0;
	BN_free(order);
	ECDSA_SIG_free(es);
	return low;
}

/* The signature, checked with parts put together here: value, signature header, DER of the header.
 */
static void check_signature(const struct ord_block *b)
{
	Common__Metadata *m = metadata(b, BLOCK_META_SIGNATURES);
	Common__MetadataSignature *s = m->signatures[0];
	struct chanconf *conf = chan_conf(rig.chan);
	Common__SignatureHeader *h = NULL;
	uint8_t der[BLOCK_HEADER_DER_MAX], digest[SHA256_LEN];
	struct msp_identity *id = NULL;
	struct ord_err e = ERR_INIT;
	struct sha256 sha;

	test_ok(wire_unpack(&common__signature_header__descriptor, wire_bytes(s->signature_header),
			    &h, &e),
		&e);
	assert_true(bytes_eq(wire_bytes(h->creator), buf_bytes(&rig.orderer.creator)));
	assert_int_equal(h->nonce.len, 24);
	sha256_init(&sha);
	sha256_add(&sha, wire_bytes(m->value));
	sha256_add(&sha, wire_bytes(s->signature_header));
	sha256_add(&sha, bytes_of(der, block_header_der(b, der)));
	sha256_final(&sha, digest);
	test_ok(msp_identify(conf->msps, wire_bytes(h->creator), &id, &e), &e);
	test_ok(msp_verify_digest(id, digest, wire_bytes(s->signature), &e), &e);
	assert_true(low_s(wire_bytes(s->signature)));
	msp_identity_unref(id);
	chanconf_unref(conf);
	wire_free(h);
	wire_free(m);
}

static void signatures_hold_and_are_low(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct ord_block *b = next_block(rig.chan, &rig.user);

		check_signature(b);
		block_unref(b);
	}
}

static void blocks_hang_together_over_a_restart(void **state)
{
	struct ord_block *a = next_block(rig.chan, &rig.user), *b;
	uint64_t index_a, index_b;
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(block_last_config(a, &index_a, &e), &e);
	rig_close(&rig);
	rig_open(&rig);
	rig_batches(&rig, 1, CLOCK_SEC_NS);
	b = next_block(rig.chan, &rig.user);
	assert_int_equal(b->number, a->number + 1);
	assert_true(bytes_eq(b->previous_hash, bytes_of(a->header_hash, BLOCK_HASH_LEN)));
	test_ok(block_last_config(b, &index_b, &e), &e);
	assert_int_equal(index_b, index_a);
	block_unref(a);
	block_unref(b);
}

/* The block in which a new sequence first shows is the last-config block from then on. */
static void a_new_sequence_moves_the_index(void **state)
{
	struct ord_block *a, *b;
	uint64_t index;
	struct ord_err e = ERR_INIT;

	(void)state;
	rig_reconfigure(rig.chan, change_nothing);
	rig_batches(&rig, 1, CLOCK_SEC_NS);
	a = next_block(rig.chan, &rig.user);
	b = next_block(rig.chan, &rig.user);
	test_ok(block_last_config(a, &index, &e), &e);
	assert_int_equal(index, a->number);
	test_ok(block_last_config(b, &index, &e), &e);
	assert_int_equal(index, a->number);
	block_unref(a);
	block_unref(b);
}

static void the_batch_timer_cuts_what_waits(void **state)
{
	uint64_t before = height(rig.chan);
	struct ord_err e = ERR_INIT;
	struct ord_block *b;

	(void)state;
	rig_batches(&rig, 100, 100 * CLOCK_MS_NS);
	rig_accept(&rig, "one", 1);
	rig_accept(&rig, "two", 1);
	rig_until(height(rig.chan) > before);
	test_ok(ledger_read(chan_ledger(rig.chan), before, &b, &e), &e);
	assert_int_equal(b->n_data, 2);
	block_unref(b);
}

static void a_closing_channel_writes_what_waits(void **state)
{
	(void)state;
	rig_batches(&rig, 100, 3600 * CLOCK_SEC_NS);
	rig_accept(&rig, "last words", 3);
	rig_close(&rig);
	rig_open(&rig);
	assert_int_equal(rig_count(rig.chan, "last words"), 3);
}

/* More blocks than the commit queue holds, from two channels at once. */
static void many_blocks_of_two_channels_all_come(void **state)
{
	struct chan *system = rig_borrow(registrar_system(rig.registrar));
	struct ord_env *here = rig_tx(&rig.user, "here");
	struct ord_env *there = rig_env(&rig.orderer, WIRE_MESSAGE, RIG_SYSTEM, bytes_str("there"));
	struct chanconf *conf = chan_conf(system);

	(void)state;
	conf->pub.batch_max_count = 1;
	chanconf_unref(conf);
	for (int i = 0; i < 40; i++) {
		assert_int_equal(rig_order(rig.chan, here), ORD_OK);
		assert_int_equal(rig_order(system, there), ORD_OK);
	}
	rig_until(rig_count(rig.chan, "here") == 40 && rig_count(system, "there") == 40);
	env_unref(here);
	env_unref(there);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(slots_are_fabrics_byte_for_byte),
		TEST(slots_name_the_last_configuration),
		TEST(signatures_hold_and_are_low),
		TEST(blocks_hang_together_over_a_restart),
		TEST(a_new_sequence_moves_the_index),
		TEST(the_batch_timer_cuts_what_waits),
		TEST(a_closing_channel_writes_what_waits),
		TEST(many_blocks_of_two_channels_all_come),
	};

	log_set_spec("panic", NULL);
	ledger_io_fault = rig_no_sync;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
