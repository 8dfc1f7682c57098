/* SPDX-License-Identifier: Apache-2.0 */
/* envelopes and payloads */
#include "wire_test.h"

/* By env_take(), with @slack bytes behind the buffer's content; it must agree with @like. */
static bool taken_is_kept(struct ord_bytes b, size_t slack, const struct ord_env *like)
{
	struct buf take = {x_malloc(b.len + slack + 1), b.len, b.len + slack};
	const uint8_t *data = take.data;
	struct ord_env *env;
	struct ord_err e = ERR_INIT;
	bool kept;

	for (size_t i = 0; i < b.len; i++)
		take.data[i] = b.data[i];
	test_ok(env_take(&take, &env, &e), &e);
	assert_null(take.data);
	test_same_bytes(env->raw, like->raw);
	assert_true(bytes_eq(env->payload, like->payload));
	assert_true(bytes_eq(env->signature, like->signature));
	assert_true(bytes_eq(env->creator, like->creator));
	assert_true(bytes_eq(env->nonce, like->nonce));
	assert_true(bytes_eq(env->data, like->data));
	assert_true(bytes_eq(env->tx_id, like->tx_id));
	assert_true(bytes_eq(env->tls_cert_hash, like->tls_cert_hash));
	assert_string_equal(env->channel_id, like->channel_id);
	kept = env->raw.data == data;
	env_unref(env);
	return kept;
}

static struct ord_env *parse(const char *hex, struct ord_err *e)
{
	struct buf b = test_hex(hex);
	struct ord_env *env;
	bool canonical;

	test_ok(env_parse(buf_bytes(&b), &env, e), e);
	canonical =
		env->payload.len > 0 && env->signature.len > 0 && bytes_eq(env->raw, buf_bytes(&b));
	assert_int_equal(taken_is_kept(buf_bytes(&b), 0, env), canonical);
	buf_fini(&b);
	return env;
}

/* An Envelope around the payload @hex. */
static struct ord_env *make(const char *hex)
{
	struct buf payload = test_hex(hex);
	struct ord_env *env = env_make(buf_bytes(&payload), bytes_str("sig"));

	buf_fini(&payload);
	return env;
}

static void check_identity(const char *name, struct ord_bytes content)
{
	struct ord_env *env;
	struct ord_err e = ERR_INIT;

	if (strstr(name, ".tx") == NULL)
		return; /* not an Envelope */
	test_ok(env_parse(content, &env, &e), &e);
	assert_true(env->header_ok);
	test_same_bytes(env->raw, content);
	if (env->signature.len > 0) {
		assert_true(taken_is_kept(content, 0, env));
		assert_true(taken_is_kept(content, 1024, env));
		assert_false(taken_is_kept(content, 1025, env)); /* too much to waste */
	}
	env_unref(env);
}

static void check_elements(const char *name, struct ord_bytes content)
{
	struct buf b = BUF_INIT;
	struct ord_block *block;
	struct ord_err e = ERR_INIT;

	(void)name;
	buf_add_bytes(&b, content);
	test_ok(block_parse(&b, &block, &e), &e);
	for (size_t i = 0; i < block->n_data; i++)
		check_identity(".tx", block->data[i]);
	block_unref(block);
}

static void every_golden_envelope_is_re_encoded_identically(void **state)
{
	(void)state;
	assert_in_range(test_each_golden("tx", check_identity), 10, 100);
	assert_in_range(test_each_golden("blocks", check_elements), 50, 100);
	assert_in_range(test_each_golden("kafka", check_elements), 6, 100);
}

static void a_real_transaction_shows_its_headers(void **state)
{
	struct ord_block *b = test_block("blocks/mychannel.004.block");
	Common__Payload *payload;
	Common__ChannelHeader *ch;
	Common__SignatureHeader *sh;
	struct ord_env *env;
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(env_parse(b->data[0], &env, &e), &e);
	test_ok(wire_unpack(&common__payload__descriptor, env->payload, &payload, &e), &e);
	test_ok(wire_unpack(&common__channel_header__descriptor,
			    wire_bytes(payload->header->channel_header), &ch, &e),
		&e);
	test_ok(wire_unpack(&common__signature_header__descriptor,
			    wire_bytes(payload->header->signature_header), &sh, &e),
		&e);

	assert_true(env->header_ok && env->has_signature_header && env->has_timestamp);
	assert_int_equal(env->type, WIRE_ENDORSER_TRANSACTION);
	assert_string_equal(env->channel_id, "mychannel");
	assert_true(bytes_eq_str(env->tx_id, ch->tx_id));
	assert_int_equal(env->tx_id.len, 64);
	assert_int_equal(env->timestamp_sec, ch->timestamp->seconds);
	assert_int_equal(env->timestamp_nanos, ch->timestamp->nanos);
	test_same_bytes(env->tls_cert_hash, wire_bytes(ch->tls_cert_hash));
	test_same_bytes(env->creator, wire_bytes(sh->creator));
	test_same_bytes(env->nonce, wire_bytes(sh->nonce));
	assert_int_equal(env->nonce.len, 24);
	test_same_bytes(env->data, wire_bytes(payload->data));
	assert_int_equal(env_size(env), env->payload.len + env->signature.len);
	wire_free(sh);
	wire_free(ch);
	wire_free(payload);
	env_unref(env);
	block_unref(b);
}

static void other_encodings_become_the_canonical_one(void **state)
{
	static const char *const same[] = {
		"0a0161 120162",        /* as it should be */
		"120162 0a0161",        /* turned round */
		"0a8180800061 120162",  /* a longer length */
		"0a017a 0a0161 120162", /* twice: the last counts */
		"8a00 0161 120162",     /* a longer tag */
	};
	struct ord_err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(same); i++) {
		struct ord_env *env = parse(same[i], &e);

		test_same_hex(env->raw, "0a0161120162");
		env_unref(env);
	}
}

/* Go's orderers write them again behind the two that they know. */
static void unknown_fields_are_kept_but_for_clients(void **state)
{
	static const char *const cases[][2] = {
		{"0a0161 120162 7a0163 7805", "7a01637805"},
		{"7a0163 0a0161 120162 7805", "7a01637805"},
		{"0805 0a0161 120162", "0805"}, /* a payload that is a number is not the payload */
		{"0a0161 fa00 0163 120162", "7a0163"},   /* a longer tag */
		{"0a0161 120162 7a8100 63", "7a810063"}, /* a longer length */
	};
	struct ord_err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++) {
		struct buf b = test_hex(cases[i][0]);
		char *want = x_printf("0a0161120162%s", cases[i][1]);
		struct ord_env *env;

		test_ok(env_parse(buf_bytes(&b), &env, &e), &e);
		test_same_hex(env->raw, want);
		assert_int_equal(env_size(env), 2);
		env_unref(env);
		test_ok(env_take(&b, &env, &e), &e);
		test_same_hex(env->raw, "0a0161120162");
		env_unref(env);
		free(want);
	}
}

static void absent_payload_and_signature_are_left_out(void **state)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"0a00 1200", ""},
		{"120162", "120162"},
		{"0a0161", "0a0161"},
	};
	struct ord_err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++) {
		struct ord_env *env = parse(cases[i][0], &e);

		test_same_hex(env->raw, cases[i][1]);
		env_unref(env);
	}
}

static void an_envelope_that_does_not_parse_is_no_object(void **state)
{
	static const char *const bad[] = {"0a", "0a02", "0a0261", "0b0c", "00", "0f"};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(bad); i++) {
		struct buf b = test_hex(bad[i]);
		struct ord_env *env;
		struct ord_err e = ERR_INIT;

		assert_int_equal(env_parse(buf_bytes(&b), &env, &e), ORD_EINVAL);
		assert_memory_equal(e.msg, "error unmarshaling Envelope: ", 29);
		assert_null(env);
		assert_int_equal(env_take(&b, &env, &e), ORD_EINVAL);
		assert_null(env);
		assert_null(b.data);
	}
}

static void bad_headers_are_told_in_broadcasts_words(void **state)
{
	static const struct {
		const char *payload, *text;
	} cases[] = {
		{"", "header not set"},
		{"120161", "header not set"},
		{"0a", "error unmarshaling Payload: unexpected EOF"},
		{"0a0205", "error unmarshaling Payload: unexpected EOF"},
		{"0a0107", "error unmarshaling Payload: illegal tag"},
		{"0a00", "channel header not set"},
		{"0a021200", "channel header not set"},
		{"0a030a0108", "error unmarshaling channel header: unexpected EOF"},
		{"0a050a032201ff", "error unmarshaling channel header: invalid UTF-8"},
		{"0a050a032a01ff", "error unmarshaling channel header: invalid UTF-8"},
		{"0a050a03220100", "error unmarshaling channel header: channel id contains a NUL"},
		{"0a050a031a0108", "error unmarshaling channel header: unexpected EOF"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++) {
		struct buf payload = test_hex(cases[i].payload);
		struct ord_env *env = env_make(buf_bytes(&payload), bytes_of(NULL, 0)), *again;
		struct ord_err e = ERR_INIT;

		test_ok(env_parse(env->raw, &again, &e), &e);
		assert_string_equal(e.msg, cases[i].text);
		assert_false(again->header_ok);
		assert_string_equal(again->channel_id, "");
		env_unref(env);
		env_unref(again);
		buf_fini(&payload);
	}
}

static void headers_are_read_as_go_reads_them(void **state)
{
	/* channel header in one Header, signature header in another: they merge */
	struct ord_env *env = make("0a07 0a05 0805 220161 0a08 1206 0a0163 12016e");

	(void)state;
	assert_true(env->header_ok && env->has_signature_header);
	assert_int_equal(env->type, WIRE_DELIVER_SEEK_INFO);
	assert_string_equal(env->channel_id, "a");
	assert_true(bytes_eq_str(env->creator, "c") && bytes_eq_str(env->nonce, "n"));
	env_unref(env);

	env = make("0a04 0a00 1200"); /* empty, but there */
	assert_true(env->header_ok && env->has_signature_header && !env->has_timestamp);
	env_unref(env);

	env = make("0a05 0a00 12010a"); /* a broken signature header does not spoil the rest */
	assert_true(env->header_ok && !env->has_signature_header);
	env_unref(env);

	env = make("0a0d 0a0b 08ffffffffffffffffff01"); /* type -1 */
	assert_int_equal(env->type, -1);
	env_unref(env);
}

static void a_truncated_envelope_is_refused_or_a_whole_one(void **state)
{
	struct buf b = test_golden("tx/mychannel.signed-org1admin.tx");
	struct ord_env *whole, *env;
	struct ord_err e = ERR_INIT;
	size_t payload_end;

	(void)state;
	test_ok(env_parse(buf_bytes(&b), &whole, &e), &e);
	payload_end = (size_t)(whole->payload.data + whole->payload.len - whole->raw.data);
	for (size_t i = 0; i < b.len; i++) {
		uint8_t *exact = x_malloc(i + 1); /* so that a sanitizer sees the end */
		int rc;

		memcpy(exact + 1, b.data, i);
		rc = env_parse(bytes_of(exact + 1, i), &env, &e);
		assert_int_equal(rc, i == 0 || i == payload_end ? 0 : ORD_EINVAL);
		env_unref(env);
		free(exact);
	}
	for (size_t i = 0; i < whole->payload.len; i++) {
		env = env_make(bytes_of(whole->payload.data, i), bytes_of(NULL, 0));
		assert_int_equal(env->payload.len, i);
		env_unref(env);
	}
	env_unref(whole);
	buf_fini(&b);
}

static void parse_flipped(struct ord_bytes b)
{
	struct ord_env *env, *again;
	struct ord_err e = ERR_INIT;

	if (env_parse(b, &env, &e) < 0)
		return;
	test_ok(env_parse(env->raw, &again, &e), &e);
	test_same_bytes(again->raw, env->raw);
	assert_int_equal(again->header_ok, env->header_ok);
	env_unref(env);
	env_unref(again);
}

static void flipped_bits_in_an_envelope_do_no_harm(void **state)
{
	struct buf b = test_golden("tx/mychannel.signed-org1admin.tx");

	(void)state;
	test_flip_bits(buf_bytes(&b), 20000, parse_flipped);
	test_flip_bits(bytes_of(b.data, 100), 20000, parse_flipped);
	buf_fini(&b);
}

static void a_built_payload_shows_what_was_put_in(void **state)
{
	struct wire_header_spec h = {.type = WIRE_CONFIG,
				     .version = 1,
				     .channel_id = "mychannel",
				     .tx_id = "abc",
				     .timestamp_sec = 1600000000,
				     .timestamp_nanos = 5,
				     .tls_cert_hash = bytes_str("hash"),
				     .creator = bytes_str("creator"),
				     .nonce = bytes_str("nonce")};
	struct buf payload = BUF_INIT;
	struct ord_env *env = env_unsigned(&h, bytes_str("data"));

	(void)state;
	assert_int_equal(env->signature.len, 0);
	assert_true(env->header_ok && env->has_signature_header && env->has_timestamp);
	assert_int_equal(env->type, WIRE_CONFIG);
	assert_string_equal(env->channel_id, "mychannel");
	assert_true(bytes_eq_str(env->tx_id, "abc"));
	assert_int_equal(env->timestamp_sec, 1600000000);
	assert_int_equal(env->timestamp_nanos, 5);
	assert_true(bytes_eq_str(env->tls_cert_hash, "hash"));
	assert_true(bytes_eq_str(env->creator, "creator"));
	assert_true(bytes_eq_str(env->nonce, "nonce"));
	assert_true(bytes_eq_str(env->data, "data"));
	env_unref(env);

	h = (struct wire_header_spec){.type = WIRE_CONFIG, .channel_id = "c", .timestamp_sec = 1};
	wire_build_payload(&h, bytes_of(NULL, 0), &payload);
	test_same_hex(buf_bytes(&payload), "0a0b 0a09 0801 1a020801 220163");
	buf_fini(&payload);
}

static void messages_are_classified_by_type_alone(void **state)
{
	static const struct {
		int32_t type;
		enum ord_class class;
		const char *name;
	} cases[] = {
		{WIRE_MESSAGE, ORD_MSG_NORMAL, "MESSAGE"},
		{WIRE_CONFIG, ORD_MSG_CONFIG, "CONFIG"},
		{WIRE_CONFIG_UPDATE, ORD_MSG_CONFIG_UPDATE, "CONFIG_UPDATE"},
		{WIRE_ENDORSER_TRANSACTION, ORD_MSG_NORMAL, "ENDORSER_TRANSACTION"},
		{WIRE_ORDERER_TRANSACTION, ORD_MSG_CONFIG, "ORDERER_TRANSACTION"},
		{WIRE_DELIVER_SEEK_INFO, ORD_MSG_NORMAL, "DELIVER_SEEK_INFO"},
		{7, ORD_MSG_NORMAL, "7"},
		{INT32_MIN, ORD_MSG_NORMAL, "-2147483648"},
	};
	char tmp[12];

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++) {
		struct ord_env env = {.type = cases[i].type};

		assert_int_equal(env_classify(&env), cases[i].class);
		assert_string_equal(wire_header_type_name(cases[i].type, tmp), cases[i].name);
	}
}

static void a_status_has_its_name(void **state)
{
	(void)state;
	assert_string_equal(wire_status_name(200), "SUCCESS");
	assert_string_equal(wire_status_name(413), "REQUEST_ENTITY_TOO_LARGE");
	assert_string_equal(wire_status_name(999), "UNKNOWN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_golden_envelope_is_re_encoded_identically),
		cmocka_unit_test(a_real_transaction_shows_its_headers),
		cmocka_unit_test(other_encodings_become_the_canonical_one),
		cmocka_unit_test(unknown_fields_are_kept_but_for_clients),
		cmocka_unit_test(absent_payload_and_signature_are_left_out),
		cmocka_unit_test(an_envelope_that_does_not_parse_is_no_object),
		cmocka_unit_test(bad_headers_are_told_in_broadcasts_words),
		cmocka_unit_test(headers_are_read_as_go_reads_them),
		cmocka_unit_test(a_truncated_envelope_is_refused_or_a_whole_one),
		cmocka_unit_test(flipped_bits_in_an_envelope_do_no_harm),
		cmocka_unit_test(a_built_payload_shows_what_was_put_in),
		cmocka_unit_test(messages_are_classified_by_type_alone),
		cmocka_unit_test(a_status_has_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
