/* SPDX-License-Identifier: Apache-2.0 */
/* scan, unpack, pack, equal */
#include "wire_test.h"

/* Scan @hex as a @d; NULL: accepted. */
static void check_scan(const ProtobufCMessageDescriptor *d, const char *hex, const char *want)
{
	struct buf b = test_hex(hex);
	struct ord_err e = ERR_INIT;

	if (want)
		test_fails(wire_scan(d, buf_bytes(&b), &e), &e, ORD_EINVAL, want);
	else
		test_ok(wire_scan(d, buf_bytes(&b), &e), &e);
	buf_fini(&b);
}

static void scan_checks_lengths_tags_and_wire_types(void **state)
{
	const ProtobufCMessageDescriptor *d = &common__config__descriptor;

	(void)state;
	check_scan(d, "", NULL);
	check_scan(d, "0805", NULL);
	check_scan(d, "08", "common.Config: unexpected EOF");
	check_scan(d, "0880", "common.Config: unexpected EOF");
	check_scan(d, "08ffffffffffffffffff02", "common.Config: unexpected EOF");
	check_scan(d, "0a00", "common.Config.sequence: wrong wire type");
	check_scan(d, "1005", "common.Config.channel_group: wrong wire type");
	check_scan(d, "1201", "common.Config: unexpected EOF");
	check_scan(d, "12ffffffffffffffffff01", "common.Config: unexpected EOF");
	check_scan(d, "0000", "common.Config: illegal tag");
	check_scan(d, "808080808001", "common.Config: illegal tag");
	check_scan(d, "0b0c", "common.Config: illegal wire type");
	check_scan(d, "0e", "common.Config: illegal wire type");
	check_scan(d, "12021a00", NULL);
	check_scan(d, "12021a01", "common.Config.channel_group: unexpected EOF");
	check_scan(d, "1204120212ff", "common.Config.channel_group.groups: unexpected EOF");
}

static void scan_skips_unknown_fields_by_their_length(void **state)
{
	const ProtobufCMessageDescriptor *d = &common__config__descriptor;

	(void)state;
	check_scan(d, "7805 7a0161 7900000000000000ff 7d00000000", NULL);
	check_scan(d, "7a0261", "common.Config: unexpected EOF");
	check_scan(d, "7900000000000000", "common.Config: unexpected EOF");
	check_scan(d, "7d000000", "common.Config: unexpected EOF");
}

static void scan_refuses_strings_that_are_not_utf8(void **state)
{
	static const struct {
		const char *hex;
		bool ok;
	} cases[] = {
		{"", true},        {"61", true},        {"7f", true},        {"c280", true},
		{"dfbf", true},    {"e0a080", true},    {"ed9fbf", true},    {"ee8080", true},
		{"efbfbf", true},  {"f0908080", true},  {"f48fbfbf", true},  {"e282ac61", true},
		{"80", false},     {"c0af", false},     {"c1bf", false},     {"c2", false},
		{"c261", false},   {"e09fbf", false},   {"eda080", false},   {"e282", false},
		{"e28261", false}, {"f08fbfbf", false}, {"f4908080", false}, {"f5808080", false},
		{"f09f98", false}, {"ff", false},       {"6180", false},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++) {
		char *hex = x_printf("0a%02zx%s", strlen(cases[i].hex) / 2, cases[i].hex);

		check_scan(&common__config_update__descriptor, hex,
			   cases[i].ok ? NULL : "common.ConfigUpdate.channel_id: invalid UTF-8");
		free(hex);
	}
	check_scan(&common__config_update__descriptor, "0a03610062",
		   "common.ConfigUpdate.channel_id: string contains a NUL");
}

static void scan_refuses_a_singular_message_that_comes_twice(void **state)
{
	(void)state;
	check_scan(&common__config__descriptor, "12001200",
		   "common.Config.channel_group: message appears twice");
	check_scan(&common__config__descriptor, "08010802", NULL); /* scalars: the last counts */
	check_scan(&orderer__seek_position__descriptor, "0a001200", NULL);
}

static void scan_reads_packed_numbers(void **state)
{
	const ProtobufCMessageDescriptor *d = &etcdraft__cluster_metadata__descriptor;
	static const char *const same[] = {"0a03010203", "080108020803", "0a020102 0803"};
	struct ord_err e = ERR_INIT;

	(void)state;
	check_scan(d, "0a0180", "etcdraft.ClusterMetadata.active_nodes: unexpected EOF");
	check_scan(&common__config__descriptor, "0a0101",
		   "common.Config.sequence: wrong wire type");
	for (size_t i = 0; i < UTIL_ARRAY_LEN(same); i++) {
		struct buf b = test_hex(same[i]), packed = BUF_INIT;
		Etcdraft__ClusterMetadata *m;

		test_ok(wire_unpack(d, buf_bytes(&b), &m, &e), &e);
		assert_int_equal(m->n_active_nodes, 3);
		assert_int_equal(m->active_nodes[2], 3);
		wire_pack(m, &packed);
		test_same_hex(buf_bytes(&packed), "0a03010203");
		wire_free(m);
		buf_fini(&packed);
		buf_fini(&b);
	}
}

/* @levels n_out_of policies inside each other: two messages a level. */
static struct buf nested_policy(unsigned levels)
{
	struct buf b = BUF_INIT;

	for (unsigned i = 0; i < levels; i++) {
		struct buf rule = BUF_INIT, outer = BUF_INIT;

		buf_add_u8(&rule, 0x12); /* NOutOf.rules */
		buf_add_uvarint(&rule, b.len);
		buf_add_bytes(&rule, buf_bytes(&b));
		buf_add_u8(&outer, 0x12); /* SignaturePolicy.n_out_of */
		buf_add_uvarint(&outer, rule.len);
		buf_add_bytes(&outer, buf_bytes(&rule));
		buf_fini(&rule);
		buf_fini(&b);
		b = outer;
	}
	return b;
}

static void scan_refuses_a_nesting_bomb(void **state)
{
	const ProtobufCMessageDescriptor *d = &common__signature_policy__descriptor;
	struct buf bomb = nested_policy(4500), deepest = nested_policy(31),
		   over = nested_policy(32);
	Common__SignaturePolicy *m;
	struct ord_err e = ERR_INIT;

	(void)state;
	assert_in_range(bomb.len, 30000, 40000);
	assert_int_equal(wire_unpack(d, buf_bytes(&bomb), &m, &e), ORD_EINVAL);
	assert_null(m);
	assert_non_null(strstr(e.msg, "common.SignaturePolicy.n_out_of.rules.n_out_of"));
	test_ok(wire_unpack(d, buf_bytes(&deepest), &m, &e), &e); /* 63 messages */
	wire_free(m);
	assert_int_equal(wire_scan(d, buf_bytes(&over), &e), ORD_EINVAL);
	assert_non_null(strstr(e.msg, ": nested too deeply"));
	buf_fini(&bomb);
	buf_fini(&deepest);
	buf_fini(&over);
}

static void scan_bounds_the_number_of_fields(void **state)
{
	const ProtobufCMessageDescriptor *d = &common__config_update_envelope__descriptor;
	struct buf b = BUF_INIT;
	struct ord_err e = ERR_INIT;

	(void)state;
	for (unsigned i = 0; i < WIRE_MAX_FIELDS; i++)
		buf_add(&b, "\x12\x00", 2); /* an empty signature */
	test_ok(wire_scan(d, buf_bytes(&b), &e), &e);
	buf_add(&b, "\x12\x00", 2);
	test_fails(wire_scan(d, buf_bytes(&b), &e), &e, ORD_EINVAL,
		   "common.ConfigUpdateEnvelope.signatures: too many fields");
	buf_fini(&b);
}

static void unpack_sorts_maps_and_keeps_the_last_of_equal_keys(void **state)
{
	/* groups: b (version 1), a (no value), b (version 2) */
	struct buf b = test_hex("1207 0a0162 12020801 1203 0a0161 1207 0a0162 12020802");
	struct buf packed = BUF_INIT;
	Common__ConfigGroup *g;
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(wire_unpack(&common__config_group__descriptor, buf_bytes(&b), &g, &e), &e);
	assert_int_equal(g->n_groups, 2);
	assert_string_equal(g->groups[0]->key, "a");
	assert_non_null(g->groups[0]->value);
	assert_string_equal(g->groups[1]->key, "b");
	assert_int_equal(g->groups[1]->value->version, 2);
	wire_pack(g, &packed);
	test_same_hex(buf_bytes(&packed), "12050a01611200 12070a016212020802");
	wire_free(g);
	buf_fini(&packed);
	buf_fini(&b);
}

static void pack_sorts_the_maps_of_a_message_built_by_hand(void **state)
{
	Common__Capability yes = COMMON__CAPABILITY__INIT;
	Common__Capabilities__CapabilitiesEntry z = COMMON__CAPABILITIES__CAPABILITIES_ENTRY__INIT;
	Common__Capabilities__CapabilitiesEntry a = COMMON__CAPABILITIES__CAPABILITIES_ENTRY__INIT;
	Common__Capabilities__CapabilitiesEntry *two[] = {&z, &a}, *turned[] = {&a, &z};
	Common__Capabilities m = COMMON__CAPABILITIES__INIT, n = COMMON__CAPABILITIES__INIT;
	struct buf packed = BUF_INIT;

	(void)state;
	z.key = (char *)"z";
	a.key = (char *)"a";
	z.value = a.value = &yes;
	m.n_capabilities = n.n_capabilities = 2;
	m.capabilities = two;
	n.capabilities = turned;
	wire_pack(&m, &packed);
	test_same_hex(buf_bytes(&packed), "0a050a01611200 0a050a017a1200");
	assert_ptr_equal(two[0], &z); /* the message stays as it was */
	assert_true(wire_equal(&m, &n));
	a.key = (char *)"b";
	assert_false(wire_equal(&m, &(Common__Capabilities)COMMON__CAPABILITIES__INIT));
	buf_fini(&packed);
}

static void pack_writes_what_go_writes(void **state)
{
	Common__SignaturePolicy first = COMMON__SIGNATURE_POLICY__INIT;
	Common__ChannelHeader negative = COMMON__CHANNEL_HEADER__INIT;
	Common__OrdererBlockMetadata obm = COMMON__ORDERER_BLOCK_METADATA__INIT;
	Common__LastConfig zero = COMMON__LAST_CONFIG__INIT;
	Orderer__KafkaMessage connect = ORDERER__KAFKA_MESSAGE__INIT;
	Orderer__KafkaMessageConnect nothing = ORDERER__KAFKA_MESSAGE_CONNECT__INIT;
	struct buf b = BUF_INIT;

	(void)state;
	first.type_case = COMMON__SIGNATURE_POLICY__TYPE_SIGNED_BY;
	wire_pack(&first, &b);
	test_same_hex(buf_bytes(&b), "0800");
	b.len = 0;
	negative.type = -1;
	wire_pack(&negative, &b);
	test_same_hex(buf_bytes(&b), "08ffffffffffffffffff01");
	b.len = 0;
	obm.last_config = &zero;
	wire_pack(&obm, &b);
	test_same_hex(buf_bytes(&b), "0a00");
	b.len = 0;
	connect.type_case = ORDERER__KAFKA_MESSAGE__TYPE_CONNECT;
	connect.connect = &nothing;
	wire_pack(&connect, &b);
	test_same_hex(buf_bytes(&b), "1a00");
	buf_fini(&b);
}

static void unknown_fields_stay_behind_the_known_ones(void **state)
{
	struct buf b = test_hex("7a0161 7805 0805"), packed = BUF_INIT;
	Common__Config *m, *n;
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(wire_unpack(&common__config__descriptor, buf_bytes(&b), &m, &e), &e);
	wire_pack(m, &packed);
	test_same_hex(buf_bytes(&packed), "0805 7a0161 7805");
	test_ok(wire_unpack(&common__config__descriptor, buf_bytes(&packed), &n, &e), &e);
	assert_true(wire_equal(m, n));
	wire_free(n);
	test_ok(wire_unpack(&common__config__descriptor, bytes_of(packed.data, 2), &n, &e), &e);
	assert_false(wire_equal(m, n));
	wire_free(n);
	wire_free(m);
	buf_fini(&packed);
	buf_fini(&b);
}

static void equal_takes_a_default_for_absent_but_not_an_empty_message(void **state)
{
	static const char *const pairs[][2] = {{"0800", ""}, {"1200", ""}, {"0801", ""}};
	static const bool want[] = {true, false, false};
	struct ord_err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(pairs); i++) {
		Common__Config *m[2];

		for (int k = 0; k < 2; k++) {
			struct buf b = test_hex(pairs[i][k]);

			test_ok(wire_unpack(&common__config__descriptor, buf_bytes(&b), &m[k], &e),
				&e);
			buf_fini(&b);
		}
		assert_int_equal(wire_equal(m[0], m[1]), want[i]);
		assert_int_equal(wire_equal(m[1], m[0]), want[i]);
		wire_free(m[0]);
		wire_free(m[1]);
	}
	assert_true(wire_equal(NULL, NULL));
	assert_false(wire_equal(NULL, &(Common__Config)COMMON__CONFIG__INIT));
}

static size_t n_configs;

/* Every configuration that Go wrote: the same meaning and the same length after a round trip. */
static void check_config(struct ord_bytes data)
{
	const ProtobufCMessageDescriptor *d = &common__config_envelope__descriptor;
	Common__ConfigEnvelope *m, *again;
	struct buf packed = BUF_INIT, twice = BUF_INIT;
	struct ord_err e = ERR_INIT;

	test_ok(wire_unpack(d, data, &m, &e), &e);
	assert_true(m->config->channel_group->n_groups > 0);
	wire_pack(m, &packed);
	assert_int_equal(packed.len, data.len);
	test_ok(wire_unpack(d, buf_bytes(&packed), &again, &e), &e);
	assert_true(wire_equal(m, again));
	wire_pack(again, &twice);
	test_same_bytes(buf_bytes(&twice), buf_bytes(&packed));

	again->config->channel_group->groups[0]->value->version++;
	assert_false(wire_equal(m, again));
	wire_free(m);
	wire_free(again);
	buf_fini(&packed);
	buf_fini(&twice);
	n_configs++;
}

static void check_block(const char *name, struct ord_bytes content)
{
	struct buf b = BUF_INIT;
	struct ord_block *block;
	struct ord_env *env;
	struct ord_err e = ERR_INIT;

	(void)name;
	buf_add_bytes(&b, content);
	test_ok(block_parse(&b, &block, &e), &e);
	env = block_config_env(block);
	if (env)
		check_config(env->data);
	env_unref(env);
	block_unref(block);
}

static void every_golden_config_survives_a_round_trip(void **state)
{
	(void)state;
	n_configs = 0;
	test_each_golden("blocks", check_block);
	test_each_golden("kafka", check_block);
	assert_in_range(n_configs, 8, 100);
}

static void unpack_flipped(struct ord_bytes b)
{
	Common__ConfigEnvelope *m;

	wire_unpack(&common__config_envelope__descriptor, b, &m, NULL);
	wire_free(m);
}

static void flipped_bits_in_a_config_do_no_harm(void **state)
{
	struct ord_block *b = test_block("blocks/mychannel.003.block");
	struct ord_env *env = block_config_env(b);

	(void)state;
	test_flip_bits(env->data, 2000, unpack_flipped);
	env_unref(env);
	block_unref(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scan_checks_lengths_tags_and_wire_types),
		cmocka_unit_test(scan_skips_unknown_fields_by_their_length),
		cmocka_unit_test(scan_refuses_strings_that_are_not_utf8),
		cmocka_unit_test(scan_refuses_a_singular_message_that_comes_twice),
		cmocka_unit_test(scan_reads_packed_numbers),
		cmocka_unit_test(scan_refuses_a_nesting_bomb),
		cmocka_unit_test(scan_bounds_the_number_of_fields),
		cmocka_unit_test(unpack_sorts_maps_and_keeps_the_last_of_equal_keys),
		cmocka_unit_test(pack_sorts_the_maps_of_a_message_built_by_hand),
		cmocka_unit_test(pack_writes_what_go_writes),
		cmocka_unit_test(unknown_fields_stay_behind_the_known_ones),
		cmocka_unit_test(equal_takes_a_default_for_absent_but_not_an_empty_message),
		cmocka_unit_test(every_golden_config_survives_a_round_trip),
		cmocka_unit_test(flipped_bits_in_a_config_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
