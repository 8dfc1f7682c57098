/* SPDX-License-Identifier: Apache-2.0 */
/* blocks: encoding, hashes, metadata */
#include "wire_test.h"
#include <openssl/evp.h>
#include <openssl/pem.h>

static struct ord_block *chain_block(unsigned number)
{
	return test_block("blocks/mychannel.%03u.block", number);
}

static struct ord_block *rebuild(const struct ord_block *b)
{
	return block_from_parts(b->number, b->previous_hash, b->data_hash, b->data, b->n_data,
				b->meta, b->n_meta);
}

static void check_identity(const char *name, struct ord_bytes content)
{
	struct buf b = BUF_INIT;
	struct ord_block *block, *again;
	struct ord_err e = ERR_INIT;
	uint8_t hash[BLOCK_HASH_LEN];

	(void)name;
	buf_add_bytes(&b, content);
	test_ok(block_parse(&b, &block, &e), &e);
	assert_null(b.data);
	again = rebuild(block);
	test_same_bytes(buf_bytes(&again->encoded), content);
	test_same_bytes(bytes_of(again->header_hash, BLOCK_HASH_LEN),
			bytes_of(block->header_hash, BLOCK_HASH_LEN));
	block_compute_data_hash(again, hash);
	test_same_bytes(again->data_hash, bytes_of(hash, sizeof(hash)));
	assert_true(again->sealed && again->n_meta == BLOCK_META_SLOTS);
	block_unref(again);
	block_unref(block);
}

static void every_golden_block_is_put_together_identically(void **state)
{
	(void)state;
	assert_in_range(test_each_golden("blocks", check_identity), 50, 100);
	assert_in_range(test_each_golden("kafka", check_identity), 6, 100);
}

/* As the orderer makes a block: envelopes, then metadata. */
static void check_made_anew(const char *name, struct ord_bytes content)
{
	struct ord_env **envs;
	struct buf b = BUF_INIT;
	struct ord_block *block, *anew;
	struct ord_err e = ERR_INIT;

	(void)name;
	buf_add_bytes(&b, content);
	test_ok(block_parse(&b, &block, &e), &e);
	envs = x_malloc(block->n_data * sizeof(*envs));
	for (size_t i = 0; i < block->n_data; i++) {
		test_ok(env_parse(block->data[i], &envs[i], &e), &e);
		envs[i]->journal_pos = 10 - i;
	}
	anew = block_new(block->number, block->previous_hash, envs, block->n_data);
	assert_int_equal(anew->journal_pos, 10);
	assert_int_equal(anew->config != NULL, env_classify(envs[0]) == ORD_MSG_CONFIG);
	for (size_t i = 0; i < block->n_data; i++)
		env_unref(envs[i]);
	test_same_bytes(anew->data_hash, block->data_hash);
	for (size_t i = 0; i < block->n_meta; i++) {
		assert_int_equal(anew->meta[i].len, 0);
		block_set_meta(anew, i, bytes_str("a first try"));
		block_set_meta(anew, i, block->meta[i]);
		test_same_bytes(anew->meta[i], block->meta[i]);
	}
	block_seal(anew);
	test_same_bytes(buf_bytes(&anew->encoded), content);
	test_same_bytes(anew->data[block->n_data - 1], block->data[block->n_data - 1]);
	free(envs);
	block_unref(block_ref(anew));
	block_unref(anew);
	block_unref(block);
}

static void every_golden_block_is_made_anew_identically(void **state)
{
	(void)state;
	test_each_golden("blocks", check_made_anew);
	test_each_golden("kafka", check_made_anew);
}

/* The golden list: number, envelopes, first eight bytes of both hashes, lengths of metadata. */
static void describe(const struct ord_block *b, struct buf *out)
{
	buf_printf(out, "%u %zu prev=", (unsigned)b->number, b->n_data);
	hex_encode(out, bytes_of(b->previous_hash.data, b->previous_hash.len ? 8 : 0));
	buf_add_str(out, " data=");
	hex_encode(out, bytes_of(b->data_hash.data, 8));
	buf_add_str(out, " datahash_ok metadata_lens= [");
	for (size_t i = 0; i < b->n_meta; i++)
		buf_printf(out, "%s%zu", i ? ", " : "", b->meta[i].len);
	buf_add_str(out, "]\n");
}

static void a_real_chain_hangs_together_by_its_hashes(void **state)
{
	struct buf want = test_golden("mychannel.blkinfo.txt"), got = BUF_INIT;
	struct ord_block *previous = NULL;

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		struct ord_block *b = chain_block(i);

		describe(b, &got);
		assert_int_equal(b->number, i);
		if (previous)
			test_same_bytes(b->previous_hash,
					bytes_of(previous->header_hash, BLOCK_HASH_LEN));
		else
			assert_int_equal(b->previous_hash.len, 0);
		block_unref(previous);
		previous = b;
	}
	block_unref(previous);
	assert_string_equal(buf_cstr(&got), buf_cstr(&want));
	buf_fini(&got);
	buf_fini(&want);
}

static void header_der_is_gos_for_every_number(void **state)
{
	static const struct {
		uint64_t number;
		const char *integer;
	} cases[] = {
		{0, "020100"},
		{1, "020101"},
		{127, "02017f"},
		{128, "02020080"},
		{255, "020200ff"},
		{256, "02020100"},
		{32767, "02027fff"},
		{32768, "0203008000"},
		{INT64_MAX, "02087fffffffffffffff"},
		{UINT64_C(1) << 63, "0209008000000000000000"},
		{UINT64_MAX, "020900ffffffffffffffff"},
	};
	uint8_t der[BLOCK_HEADER_DER_MAX];

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++) {
		struct ord_block b = {.number = cases[i].number,
				      .previous_hash = bytes_str("prev"),
				      .data_hash = bytes_str("d")};
		char *want = x_printf("30%02zx%s040470726576040164",
				      strlen(cases[i].integer) / 2 + 9, cases[i].integer);

		test_same_hex(bytes_of(der, block_header_der(&b, der)), want);
		free(want);
	}
}

static void genesis_has_an_empty_previous_hash(void **state)
{
	struct ord_block *b = chain_block(0);
	uint8_t der[BLOCK_HEADER_DER_MAX];
	size_t len = block_header_der(b, der);

	(void)state;
	assert_int_equal(len, 41);
	test_same_hex(bytes_of(der, 9), "30270201000400 0420");
	block_unref(b);
}

static void an_empty_block_hashes_the_empty_string(void **state)
{
	struct ord_block *b = block_new(7, bytes_str("p"), NULL, 0);

	(void)state;
	test_same_hex(b->data_hash,
		      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_int_equal(b->n_data, 0);
	block_seal(b);
	assert_int_equal(b->n_meta, BLOCK_META_SLOTS);
	test_same_hex(bytes_of(b->encoded.data + b->encoded.len - 14, 14),
		      "1200 1a0a 0a000a000a000a000a00");
	block_unref(b);
}

static uint64_t last_config(const struct ord_block *b)
{
	struct ord_err e = ERR_INIT;
	uint64_t index = 99;

	test_ok(block_last_config(b, &index, &e), &e);
	return index;
}

static void last_config_is_found_in_every_golden_block(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		struct ord_block *b = chain_block(i);
		struct ord_env *env = block_config_env(b);

		assert_int_equal(last_config(b), i < 3 ? i : 3);
		assert_int_equal(env != NULL, i <= 3);
		env_unref(env);
		block_unref(b);
	}
}

/* A block with these two metadata values (hex of Metadata messages). */
static struct ord_block *with_meta(size_t slot, const char *hex, size_t slot2, const char *hex2)
{
	struct ord_block *b = block_new(1, bytes_of(NULL, 0), NULL, 0);
	struct buf v = test_hex(hex), v2 = test_hex(hex2);

	block_set_meta(b, slot, buf_bytes(&v));
	block_set_meta(b, slot2, buf_bytes(&v2));
	block_seal(b);
	buf_fini(&v);
	buf_fini(&v2);
	return b;
}

static void last_config_falls_back_to_its_own_slot(void **state)
{
	static const struct {
		const char *slot0, *slot1;
		uint64_t want;
	} cases[] = {
		{"0a040a020805", "0a020809", 5}, /* the signed one first */
		{"0a020a00", "0a020809", 0},     /* an index of 0 is an index */
		{"", "0a020809", 9},             /* before 1.4.1 */
		{"0a00", "0a020809", 9},
		{"", "", 0}, /* a channel's first block */
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++) {
		struct ord_block *b = with_meta(0, cases[i].slot0, 1, cases[i].slot1);

		assert_int_equal(last_config(b), cases[i].want);
		block_unref(b);
	}
}

static void metadata_that_does_not_parse_is_named(void **state)
{
	static const struct {
		const char *slot0, *slot1, *text;
	} cases[] = {
		{"0a", "", "error unmarshaling metadata at index 0"},
		{"0a010a", "", "error unmarshaling orderer block metadata"},
		{"", "0a", "error unmarshaling metadata at index 1"},
		{"", "0a0108", "error unmarshaling last config"},
		{"0a030a0108", "", "error unmarshaling last config"},
	};
	struct ord_err e = ERR_INIT;
	uint64_t index;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++) {
		struct ord_block *b = with_meta(0, cases[i].slot0, 1, cases[i].slot1);

		test_fails(block_last_config(b, &index, &e), &e, ORD_EINVAL, cases[i].text);
		block_unref(b);
	}
}

static void check_offsets(const struct ord_block *b, int64_t persisted)
{
	Orderer__KafkaMetadata *m;
	struct buf bytes = BUF_INIT;
	struct ord_err e = ERR_INIT;

	test_ok(block_consenter_metadata(b, &bytes, &e), &e);
	test_ok(wire_unpack(&orderer__kafka_metadata__descriptor, buf_bytes(&bytes), &m, &e), &e);
	assert_int_equal(m->last_offset_persisted, persisted);
	wire_free(m);
	buf_fini(&bytes);
}

static void kafka_metadata_is_found_in_either_slot(void **state)
{
	static const int64_t persisted[] = {0, 10, 20, 24, 25, 34};

	(void)state;
	for (unsigned i = 1; i < UTIL_ARRAY_LEN(persisted); i++) {
		struct ord_block *b = test_block("kafka/mychannel.%u.block", i), *v2;
		struct ord_bytes meta[BLOCK_META_SLOTS] = {b->meta[0], b->meta[1]};

		check_offsets(b, persisted[i]);
		/* 2.x leaves the orderer's slot empty */
		v2 = block_from_parts(b->number, b->previous_hash, b->data_hash, b->data, b->n_data,
				      meta, BLOCK_META_SLOTS);
		check_offsets(v2, persisted[i]);
		block_unref(v2);
		block_unref(b);
	}
}

static void solo_blocks_have_no_consenter_metadata(void **state)
{
	struct ord_block *b = chain_block(9);
	struct buf bytes = BUF_INIT;
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(block_consenter_metadata(b, &bytes, &e), &e);
	assert_int_equal(bytes.len, 0);
	block_unref(b);
	b = with_meta(0, "", 3, "0a");
	test_fails(block_consenter_metadata(b, &bytes, &e), &e, ORD_EINVAL,
		   "error unmarshaling metadata at index 3");
	block_unref(b);
	b = with_meta(0, "0a03 12010a", 3, "");
	test_fails(block_consenter_metadata(b, &bytes, &e), &e, ORD_EINVAL,
		   "error unmarshaling consenter metadata");
	block_unref(b);
}

/* Does the key in the PEM certificate @cert accept @signature over @signed_bytes? */
static bool verifies(struct ord_bytes cert, struct ord_bytes signature,
		     struct ord_bytes signed_bytes)
{
	BIO *bio = BIO_new_mem_buf(cert.data, (int)cert.len);
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	assert_non_null(x);
	EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, X509_get0_pubkey(x));
	ok = EVP_DigestVerify(ctx, signature.data, signature.len, signed_bytes.data,
			      signed_bytes.len) == 1;
	EVP_MD_CTX_free(ctx);
	X509_free(x);
	BIO_free(bio);
	return ok;
}

static void the_orderer_signed_the_signed_bytes(void **state)
{
	struct ord_block *b = chain_block(12);
	Common__Metadata *meta;
	Common__SignatureHeader *sh;
	Msp__SerializedIdentity *id;
	struct buf signed_bytes = BUF_INIT;
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(wire_unpack(&common__metadata__descriptor, b->meta[BLOCK_META_SIGNATURES], &meta,
			    &e),
		&e);
	assert_int_equal(meta->n_signatures, 1);
	test_ok(wire_unpack(&common__signature_header__descriptor,
			    wire_bytes(meta->signatures[0]->signature_header), &sh, &e),
		&e);
	test_ok(wire_unpack(&msp__serialized_identity__descriptor, wire_bytes(sh->creator), &id,
			    &e),
		&e);
	block_signed_bytes(b, wire_bytes(meta->value),
			   wire_bytes(meta->signatures[0]->signature_header), &signed_bytes);
	assert_true(verifies(wire_bytes(id->id_bytes), wire_bytes(meta->signatures[0]->signature),
			     buf_bytes(&signed_bytes)));
	signed_bytes.data[0] ^= 1;
	assert_false(verifies(wire_bytes(id->id_bytes), wire_bytes(meta->signatures[0]->signature),
			      buf_bytes(&signed_bytes)));
	wire_free(id);
	wire_free(sh);
	wire_free(meta);
	buf_fini(&signed_bytes);
	block_unref(b);
}

static void only_a_lone_config_message_is_the_configuration(void **state)
{
	struct ord_block *b = test_block("blocks/testchainid.1.block"), *two;
	struct ord_bytes twice[2];

	(void)state;
	assert_null(block_config_env(b)); /* ORDERER_TRANSACTION: another channel's */
	block_unref(b);
	b = chain_block(3);
	twice[0] = twice[1] = b->data[0];
	two = block_from_parts(3, b->previous_hash, b->data_hash, twice, 2, b->meta, b->n_meta);
	assert_null(block_config_env(two));
	block_unref(two);
	block_unref(b);
}

static void blocks_that_do_not_parse_are_refused(void **state)
{
	static const struct {
		const char *hex, *text;
	} cases[] = {
		{"", "error unmarshaling Block: block header is missing"},
		{"1200", "error unmarshaling Block: block header is missing"},
		{"0a00", "error unmarshaling Block: block data is missing"},
		{"0a001200 0a00", "error unmarshaling Block: message appears twice"},
		{"0a001200 08", "error unmarshaling Block: unexpected EOF"},
		{"0a001200 1801", "error unmarshaling Block: wrong wire type"},
		{"0a01081200", "error unmarshaling Block: unexpected EOF"},
		{"0a0012020a05", "error unmarshaling Block: unexpected EOF"},
		{"0a0012001a020a05", "error unmarshaling Block: unexpected EOF"},
		{"0a23 1221 000000000000000000000000000000000000000000000000000000000000000000 1200",
		 "error unmarshaling Block: block header holds a hash of more than 32 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++) {
		struct buf b = test_hex(cases[i].hex);
		size_t before = b.len;
		struct ord_block *block;
		struct ord_err e = ERR_INIT;

		test_fails(block_parse(&b, &block, &e), &e, ORD_EINVAL, cases[i].text);
		assert_null(block);
		assert_int_equal(b.len, before); /* still the caller's */
		buf_fini(&b);
	}
}

static void a_block_without_metadata_is_read(void **state)
{
	struct buf b = test_hex("0a00 12030a0161 7a0161");
	struct ord_block *block;
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(block_parse(&b, &block, &e), &e);
	assert_int_equal(block->n_data, 1);
	assert_int_equal(block->n_meta, 0);
	assert_int_equal(last_config(block), 0);
	assert_null(block_config_env(block));
	block_unref(block);
}

static void parse_flipped(struct ord_bytes bytes)
{
	struct buf b = BUF_INIT, consenter = BUF_INIT;
	struct ord_block *block;
	struct ord_env *env;
	uint64_t index;

	buf_add_bytes(&b, bytes);
	if (block_parse(&b, &block, NULL) == 0) {
		block_last_config(block, &index, NULL);
		block_consenter_metadata(block, &consenter, NULL);
		env = block_config_env(block);
		env_unref(env);
		block_unref(rebuild(block));
		block_unref(block);
	}
	buf_fini(&consenter);
	buf_fini(&b);
}

static void flipped_bits_and_cuts_in_a_block_do_no_harm(void **state)
{
	struct buf b = test_golden("blocks/mychannel.004.block");

	(void)state;
	test_flip_bits(buf_bytes(&b), 5000, parse_flipped);
	for (size_t i = 0; i < b.len; i++)
		parse_flipped(bytes_of(b.data, i));
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_golden_block_is_put_together_identically),
		cmocka_unit_test(every_golden_block_is_made_anew_identically),
		cmocka_unit_test(a_real_chain_hangs_together_by_its_hashes),
		cmocka_unit_test(header_der_is_gos_for_every_number),
		cmocka_unit_test(genesis_has_an_empty_previous_hash),
		cmocka_unit_test(an_empty_block_hashes_the_empty_string),
		cmocka_unit_test(last_config_is_found_in_every_golden_block),
		cmocka_unit_test(last_config_falls_back_to_its_own_slot),
		cmocka_unit_test(metadata_that_does_not_parse_is_named),
		cmocka_unit_test(kafka_metadata_is_found_in_either_slot),
		cmocka_unit_test(solo_blocks_have_no_consenter_metadata),
		cmocka_unit_test(the_orderer_signed_the_signed_bytes),
		cmocka_unit_test(only_a_lone_config_message_is_the_configuration),
		cmocka_unit_test(blocks_that_do_not_parse_are_refused),
		cmocka_unit_test(a_block_without_metadata_is_read),
		cmocka_unit_test(flipped_bits_and_cuts_in_a_block_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
