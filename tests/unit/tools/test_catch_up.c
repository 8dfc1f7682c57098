/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl ledger catch-up: chains made by Fabric, from orderers that are honest, and not. */
#include "../blocks.h"
#include "ctl_run.h"
#include "fake_orderer.h"

#include <ledger/ledger.h>
#include <msp/msp.h>
#include <sys/file.h>

enum { CHAIN = 50, OURS = 10, BAD = 20 };

/* ---- chains -------------------------------------------------------------- */

/* The channel of a solo orderer: 50 blocks, those before the fifth configurations. */
static void solo_chain(struct ord_block **out, size_t n)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = test_block("blocks/mychannel.%03u.block", i);
}

static void drop(struct ord_block **blocks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		block_unref(blocks[i]);
}

/* A ledger directory in which mychannel has these blocks. */
static char *ledger_of(struct ord_block *const *blocks, size_t n)
{
	char *dir = test_dir();
	struct ord_err e = ERR_INIT;
	struct ledger_root *root;
	struct ledger *l;

	test_ok(ledger_root_open(dir, &root, &e), &e);
	test_ok(ledger_open(root, "mychannel", true, &l, &e), &e);
	test_ok(ledger_append(l, blocks, n, &e), &e);
	ledger_close(l);
	ledger_root_close(root);
	return dir;
}

/* The ledger has the first @n of @blocks and no more, header, data and metadata. */
static void holds(const char *dir, struct ord_block *const *blocks, size_t n)
{
	struct ord_err e = ERR_INIT;
	struct ledger_root *root;
	struct ord_block *b;
	struct ledger *l;

	test_ok(ledger_root_open(dir, &root, &e), &e);
	test_ok(ledger_open(root, "mychannel", false, &l, &e), &e);
	assert_int_equal(ledger_height(l), n);
	for (size_t i = 0; i < n; i++) {
		test_ok(ledger_read(l, i, &b, &e), &e);
		assert_true(bytes_eq(buf_bytes(&b->encoded), buf_bytes(&blocks[i]->encoded)));
		block_unref(b);
	}
	ledger_close(l);
	ledger_root_close(root);
}

/* ---- one run ------------------------------------------------------------- */

/* The program is forked while the server's thread runs: it only calls exec. */
struct fixture {
	struct fake_orderer *f;
	struct ord_block *chain[CHAIN];
	char *address, *identity, *ledger;
};

/* The other orderer has all blocks but @bad in the place of block BAD; we have the first @n. */
static struct fixture start(enum fake_sin sin, size_t n, struct ord_block *bad)
{
	struct ord_block *theirs[CHAIN];
	struct fixture x;
	char *msp = test_golden_path(
		"crypto-config/ordererOrganizations/example.com/orderers/orderer.example.com/msp");

	solo_chain(x.chain, CHAIN);
	for (size_t i = 0; i < CHAIN; i++)
		theirs[i] = bad && i == BAD ? bad : block_ref(x.chain[i]);
	x.ledger = n > 0 ? ledger_of(x.chain, n) : test_dir();
	x.f = fake_orderer_start_with(sin, theirs, CHAIN);
	x.address = x_printf("127.0.0.1:%u", fake_orderer_port(x.f));
	x.identity = x_printf("OrdererMSP:%s", msp);
	free(msp);
	return x;
}

static void stop(struct fixture *x)
{
	fake_orderer_stop(x->f);
	drop(x->chain, CHAIN);
	free(x->address);
	free(x->identity);
	test_rmdir(x->ledger);
}

#define catch_up(x, ...)                                                                  \
	ctl_run("ledger", "catch-up", "--ledger", (x)->ledger, "--orderer", (x)->address, \
		"--identity", (x)->identity, __VA_ARGS__)

/* It says this, with "ADDRESS" for the other orderer. */
static void says(struct fixture *x, struct ctl_run r, int code, const char *out, const char *err)
{
	char *want[2];
	const char *given[2] = {out, err};

	for (int i = 0; i < 2; i++) {
		const char *at = strstr(given[i], "ADDRESS");

		want[i] = at ? x_printf("%.*s%s%s", (int)(at - given[i]), given[i], x->address,
					at + strlen("ADDRESS"))
			     : x_strdup(given[i]);
	}
	ctl_expect(&r, code, want[0], want[1]);
	free(want[0]);
	free(want[1]);
}

/* ---- copying ------------------------------------------------------------- */

static void a_stale_ledger_catches_up(void **state)
{
	struct fixture x = start(FAKE_HONEST, 2, NULL);

	(void)state;
	says(&x, catch_up(&x, "--channel", "mychannel", "--until", "2"), 0,
	     "mychannel: copied block 2 from ADDRESS: hash chain, data hash and signature are "
	     "good\n"
	     "mychannel: height 3; the next start goes on behind it with consensus type solo\n",
	     "");
	holds(x.ledger, x.chain, 3);
	says(&x, catch_up(&x, "--timeout", "60s"), 0,
	     "mychannel: copied blocks 3 to 49 from ADDRESS: hash chain, data hashes and "
	     "signatures are good\n"
	     "mychannel: height 50; the next start goes on behind it with consensus type solo\n",
	     "");
	holds(x.ledger, x.chain, CHAIN);
	says(&x, catch_up(&x, "--until", "7", "--channel", "mychannel"), 0,
	     "mychannel: nothing to copy from ADDRESS\n"
	     "mychannel: height 50; the next start goes on behind it with consensus type solo\n",
	     "");
	holds(x.ledger, x.chain, CHAIN);
	stop(&x);
}

static void a_chain_begins_with_a_genesis_block_that_was_given(void **state)
{
	char *genesis = test_golden_path("blocks/mychannel.000.block"), *want;
	char *other = test_golden_path("kafka/mychannel.0.block");
	char *system = test_golden_path("blocks/genesis.solo.block");
	struct fixture x = start(FAKE_HONEST, 0, NULL);

	(void)state;
	want = x_printf("ordererctl ledger catch-up: %s/chains: there is no such directory, so %s "
			"is no ledger\n",
			x.ledger, x.ledger);
	says(&x, catch_up(&x, "--channel", "mychannel"), 1, "", want);
	free(want);
	want = x_printf("ordererctl ledger catch-up: %s: it belongs to channel testchainid, not "
			"mychannel\n",
			system);
	says(&x, catch_up(&x, "--channel", "mychannel", "--genesis", system), 1, "", want);
	free(want);
	says(&x, catch_up(&x, "--channel", "mychannel", "--genesis", other), 1, "",
	     "ordererctl ledger catch-up: mychannel: its block 0 is another one than ours: the "
	     "chains have parted; --check finds out where\n");
	says(&x, catch_up(&x, "--channel", "mychannel"), 1, "",
	     "ordererctl ledger catch-up: mychannel: the ledger holds no block of it: give its "
	     "genesis block with --genesis\n");
	says(&x, catch_up(&x, "--channel", "mychannel", "--genesis", genesis, "--until", "0"), 0,
	     "mychannel: copied block 0 from ADDRESS: hash chain, data hash and signature are "
	     "good\n"
	     "mychannel: height 1; the next start goes on behind it with consensus type solo\n",
	     "");
	free(ctl_answer(catch_up(&x, "--channel", "mychannel", "--genesis", genesis)));
	holds(x.ledger, x.chain, CHAIN);
	says(&x, catch_up(&x, "--channel", "mychannel", "--genesis", other), 1, "",
	     "ordererctl ledger catch-up: mychannel: the chain is there and begins with another "
	     "block than the given genesis block\n");
	free(genesis);
	free(other);
	free(system);
	stop(&x);
}

static void a_kafka_chain_tells_its_offset(void **state)
{
	struct ord_block *chain[6];
	struct fixture x = start(FAKE_HONEST, 0, NULL);
	struct fake_orderer *kafka;
	char *ledger;

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		chain[i] = test_block("kafka/mychannel.%u.block", i);
	ledger = ledger_of(chain, 1);
	for (unsigned i = 0; i < 6; i++)
		block_ref(chain[i]);
	kafka = fake_orderer_start_with(FAKE_HONEST, chain, 6);
	free(x.address);
	x.address = x_printf("127.0.0.1:%u", fake_orderer_port(kafka));
	test_rmdir(x.ledger);
	x.ledger = ledger;
	says(&x, catch_up(&x, "--channel", "mychannel", "--until", "0"), 0,
	     "mychannel: nothing to copy from ADDRESS\n"
	     "mychannel: height 1; the next start reads the channel's Kafka topic from its oldest "
	     "offset\n",
	     "");
	says(&x, catch_up(&x, "--channel", "mychannel"), 0,
	     "mychannel: copied blocks 1 to 5 from ADDRESS: hash chain, data hashes and "
	     "signatures are good\n"
	     "mychannel: height 6; the next start reads the channel's Kafka topic from offset "
	     "35\n",
	     "");
	holds(x.ledger, chain, 6);
	drop(chain, 6);
	fake_orderer_stop(kafka);
	stop(&x);
}

/* ---- an orderer that lies ------------------------------------------------ */

/* @b with another metadata slot. */
static struct ord_block *with_slot(const struct ord_block *b, size_t slot, struct ord_bytes value)
{
	struct ord_bytes meta[BLOCK_META_SLOTS];

	assert_int_equal(b->n_meta, BLOCK_META_SLOTS);
	memcpy(meta, b->meta, sizeof(meta));
	meta[slot] = value;
	return block_from_parts(b->number, b->previous_hash, b->data_hash, b->data, b->n_data, meta,
				BLOCK_META_SLOTS);
}

/* Another signer says what the orderer said. */
static struct ord_block *signed_by_a_user(const struct ord_block *b)
{
	char *dir = test_golden_path(
		"crypto-config/peerOrganizations/org1.example.com/users/User1@org1.example.com/msp");
	Common__MetadataSignature s = COMMON__METADATA_SIGNATURE__INIT, *list = &s;
	Common__SignatureHeader h = COMMON__SIGNATURE_HEADER__INIT;
	struct buf header = BUF_INIT, bytes = BUF_INIT, sig = BUF_INIT, slot = BUF_INIT;
	struct ord_err e = ERR_INIT;
	struct msp_local *who;
	struct ord_bytes part;
	struct ord_block *bad;
	Common__Metadata *m;

	test_ok(msp_local_open(dir, "Org1MSP", NULL, &who, &e), &e);
	test_ok(wire_unpack(&common__metadata__descriptor, b->meta[0], &m, &e), &e);
	h.creator = wire_binary(msp_local_identity(who));
	wire_pack(&h, &header);
	block_signed_bytes(b, wire_bytes(m->value), buf_bytes(&header), &bytes);
	part = buf_bytes(&bytes);
	test_ok(msp_local_sign(who, &part, 1, &sig, &e), &e);
	s.signature_header = wire_binary(buf_bytes(&header));
	s.signature = wire_binary(buf_bytes(&sig));
	{
		Common__Metadata forged = COMMON__METADATA__INIT;

		forged.value = m->value;
		forged.n_signatures = 1;
		forged.signatures = &list;
		wire_pack(&forged, &slot);
	}
	bad = with_slot(b, BLOCK_META_SIGNATURES, buf_bytes(&slot));
	wire_free(m);
	msp_local_close(who);
	buf_fini(&header);
	buf_fini(&bytes);
	buf_fini(&sig);
	buf_fini(&slot);
	free(dir);
	return bad;
}

static struct ord_block *wrong_number(const struct ord_block *b)
{
	return block_from_parts(b->number + 1, b->previous_hash, b->data_hash, b->data, b->n_data,
				b->meta, b->n_meta);
}

static struct ord_block *wrong_previous(const struct ord_block *b)
{
	return block_from_parts(b->number, b->data_hash, b->data_hash, b->data, b->n_data, b->meta,
				b->n_meta);
}

static struct ord_block *one_transaction_less(const struct ord_block *b)
{
	return block_from_parts(b->number, b->previous_hash, b->data_hash, b->data, b->n_data - 1,
				b->meta, b->n_meta);
}

/* One transaction less, and a header that says so: the signature covers the header. */
static struct ord_block *another_header(const struct ord_block *b)
{
	struct ord_block *less = one_transaction_less(b), *bad;
	uint8_t hash[BLOCK_HASH_LEN];

	block_compute_data_hash(less, hash);
	bad = block_from_parts(b->number, b->previous_hash, bytes_of(hash, sizeof(hash)), b->data,
			       b->n_data - 1, b->meta, b->n_meta);
	block_unref(less);
	return bad;
}

static struct ord_block *not_signed(const struct ord_block *b)
{
	return with_slot(b, BLOCK_META_SIGNATURES, bytes_of(NULL, 0));
}

/* Metadata { value: LastConfig { index: 2 } } */
static struct ord_block *other_last_config(const struct ord_block *b)
{
	return with_slot(b, BLOCK_META_LAST_CONFIG, bytes_str("\x0a\x02\x08\x02"));
}

static struct ord_block *other_orderer_metadata(const struct ord_block *b)
{
	return with_slot(b, BLOCK_META_ORDERER, bytes_str("\x0a\x02\x08\x07"));
}

static struct ord_block *a_peers_filter(const struct ord_block *b)
{
	return with_slot(b, BLOCK_META_TRANSACTIONS_FILTER, bytes_str("\x01\x01"));
}

static struct ord_block *seven_slots(const struct ord_block *b)
{
	struct ord_bytes meta[BLOCK_META_SLOTS + 2] = {{NULL, 0}};

	memcpy(meta, b->meta, BLOCK_META_SLOTS * sizeof(*meta));
	return block_from_parts(b->number, b->previous_hash, b->data_hash, b->data, b->n_data, meta,
				UTIL_ARRAY_LEN(meta));
}

#define BAD_SIGNATURE                                                                           \
	"its signature is not good for /Channel/Orderer/BlockValidation: implicit policy "      \
	"evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the " \
	"'Writers' sub-policies to be satisfied"

static void a_bad_block_is_refused_and_those_before_it_are_kept(void **state)
{
	static const struct {
		struct ord_block *(*spoil)(const struct ord_block *b);
		const char *why;
	} sins[] = {
		{wrong_number, "block 21 stands where block 20 is due"},
		{wrong_previous, "block 20: its previous hash is not that of block 19"},
		{one_transaction_less, "block 20: its data hash is not that of its data"},
		{another_header, "block 20: " BAD_SIGNATURE},
		{signed_by_a_user, "block 20: " BAD_SIGNATURE},
		{not_signed, "block 20 is not signed"},
		{other_last_config, "block 20 says that the configuration is in block 2, but it "
				    "is in block 3"},
		{other_orderer_metadata, "block 20: its ORDERER metadata is not what was signed"},
		{a_peers_filter, "block 20 carries metadata that orderers do not write"},
		{seven_slots, "block 20 carries metadata that orderers do not write"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(sins); i++) {
		struct ord_block *good = test_block("blocks/mychannel.%03u.block", BAD);
		struct fixture x = start(FAKE_HONEST, OURS, sins[i].spoil(good));
		char *err = x_printf("ordererctl ledger catch-up: mychannel: %s\n", sins[i].why);

		says(&x, catch_up(&x, "--channel", "mychannel"), 1,
		     "mychannel: copied blocks 10 to 19 from ADDRESS: hash chain, data hashes "
		     "and signatures are good\n",
		     err);
		holds(x.ledger, x.chain, BAD);
		free(err);
		block_unref(good);
		stop(&x);
	}
}

static void streams_that_do_not_end_well_are_given_up(void **state)
{
	struct fixture x = start(FAKE_STALLS, OURS, NULL);

	(void)state;
	says(&x, catch_up(&x, "--timeout", "2s"), 1,
	     "mychannel: copied blocks 10 to 11 from ADDRESS: hash chain, data hashes and "
	     "signatures are good\n",
	     "ordererctl ledger catch-up: mychannel: orderer ADDRESS: no answer in time\n");
	holds(x.ledger, x.chain, 12);
	stop(&x);

	x = start(FAKE_STOPS, OURS, NULL);
	says(&x, catch_up(&x, "--channel", "mychannel"), 1,
	     "mychannel: copied blocks 10 to 11 from ADDRESS: hash chain, data hashes and "
	     "signatures are good\n",
	     "ordererctl ledger catch-up: mychannel: the orderer ended before block 12 of 49\n");
	stop(&x);

	x = start(FAKE_OVERRUNS, OURS, NULL);
	says(&x, catch_up(&x, "--channel", "mychannel"), 1,
	     "mychannel: copied blocks 10 to 49 from ADDRESS: hash chain, data hashes and "
	     "signatures are good\n",
	     "ordererctl ledger catch-up: mychannel: the orderer sent one block too many\n");
	holds(x.ledger, x.chain, CHAIN);
	stop(&x);
}

/* Someone who has less, and someone who boasts. */
static void the_other_height_is_looked_at(void **state)
{
	struct fixture x = start(FAKE_HONEST, CHAIN, NULL);
	struct ord_block *theirs[3];
	struct fake_orderer *f;
	char *own = x.address;

	(void)state;
	solo_chain(theirs, 3);
	f = fake_orderer_start_with(FAKE_HONEST, theirs, 3);
	x.address = x_printf("127.0.0.1:%u", fake_orderer_port(f));
	says(&x, catch_up(&x, "--channel", "mychannel"), 1, "",
	     "ordererctl ledger catch-up: mychannel: the orderer has 3 blocks, fewer than the 50 "
	     "here\n");
	says(&x, catch_up(&x, "--check"), 0,
	     "mychannel: 50 blocks here, 3 at ADDRESS: the same up to block 2\n", "");
	fake_orderer_stop(f);
	free(x.address);

	solo_chain(theirs, 2);
	theirs[2] = block_from_parts(UINT64_MAX - 1, theirs[1]->previous_hash, theirs[1]->data_hash,
				     NULL, 0, NULL, 0);
	f = fake_orderer_start_with(FAKE_HONEST, theirs, 3);
	x.address = x_printf("127.0.0.1:%u", fake_orderer_port(f));
	says(&x, catch_up(&x, "--channel", "mychannel"), 1, "",
	     "ordererctl ledger catch-up: mychannel: the orderer's newest block has an impossible "
	     "number\n");
	fake_orderer_stop(f);
	free(x.address);
	x.address = own;
	holds(x.ledger, x.chain, CHAIN);
	stop(&x);
}

/* ---- comparing ----------------------------------------------------------- */

static void a_comparison_writes_nothing(void **state)
{
	struct fixture x = start(FAKE_HONEST, OURS, NULL);

	(void)state;
	says(&x, catch_up(&x, "--check"), 0,
	     "mychannel: 10 blocks here, 50 at ADDRESS: the same up to block 9\n", "");
	holds(x.ledger, x.chain, OURS);
	says(&x, catch_up(&x, "--check", "--until", "7"), 1, "",
	     "ordererctl ledger catch-up: --check goes without --genesis and --until\n");
	stop(&x);
}

/* Our chain is theirs up to block @same, and 30 blocks long. */
static void parted_behind(unsigned same)
{
	struct fixture x = start(FAKE_HONEST, 0, NULL);
	struct ord_block *ours[30];
	char *want;

	for (unsigned i = 0; i < 30; i++) {
		struct ord_bytes previous =
			bytes_of(i ? ours[i - 1]->header_hash : NULL, i ? BLOCK_HASH_LEN : 0);

		ours[i] = i <= same ? block_ref(x.chain[i])
				    : block_new(i, previous, (struct ord_env *[]){NULL}, 0);
		if (i > same)
			block_seal(ours[i]);
	}
	test_rmdir(x.ledger);
	x.ledger = ledger_of(ours, 30);
	want = x_printf("ordererctl ledger catch-up: mychannel: block %u is the first that "
			"differs from that of %s\n",
			same + 1, x.address);
	says(&x, catch_up(&x, "--check"), 1, "", want);
	free(want);
	drop(ours, 30);
	stop(&x);
}

static void the_first_block_that_differs_is_found(void **state)
{
	(void)state;
	parted_behind(0);
	parted_behind(13);
	parted_behind(28);
}

/* ---- who else is there --------------------------------------------------- */

static void a_ledger_in_use_is_left_alone(void **state)
{
	struct fixture x = start(FAKE_HONEST, OURS, NULL);
	char *index = file_join(x.ledger, "index"), *lock = file_join(index, "LOCK"), *want;
	struct ord_err e = ERR_INIT;
	struct ledger_root *root;
	int fd;

	(void)state;
	test_ok(ledger_root_open(x.ledger, &root, &e), &e);
	want = x_printf("ordererctl ledger catch-up: ledger directory %s is in use by process "
			"%ld\n",
			x.ledger, (long)getpid());
	says(&x, catch_up(&x, "--channel", "mychannel"), 1, "", want);
	free(want);
	says(&x, catch_up(&x, "--check"), 0,
	     "mychannel: 10 blocks here, 50 at ADDRESS: the same up to block 9\n", "");
	ledger_root_close(root);

	/* a Go orderer holds the lock of its index */
	test_ok(file_mkdir_p(index, 0755, &e), &e);
	test_write(lock, bytes_str(""));
	fd = open(lock, O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	want = x_printf("ordererctl ledger catch-up: %s is locked: stop the orderer that uses it "
			"first\n",
			lock);
	says(&x, catch_up(&x, "--channel", "mychannel"), 1, "", want);
	free(want);
	close(fd);
	holds(x.ledger, x.chain, OURS);
	assert_true(file_exists(lock));
	free(lock);
	free(index);
	stop(&x);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stale_ledger_catches_up),
		cmocka_unit_test(a_chain_begins_with_a_genesis_block_that_was_given),
		cmocka_unit_test(a_kafka_chain_tells_its_offset),
		cmocka_unit_test(a_bad_block_is_refused_and_those_before_it_are_kept),
		cmocka_unit_test(streams_that_do_not_end_well_are_given_up),
		cmocka_unit_test(the_other_height_is_looked_at),
		cmocka_unit_test(a_comparison_writes_nothing),
		cmocka_unit_test(the_first_block_that_differs_is_found),
		cmocka_unit_test(a_ledger_in_use_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
