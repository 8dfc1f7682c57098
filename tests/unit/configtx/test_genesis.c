/* SPDX-License-Identifier: Apache-2.0 */
/* Genesis blocks from configtx.yaml, against those that configtxgen made and against its rules. */
#include "../chanconf/chanconf_test.h"
#include "../files.h"
#include <configtx/configtx.h>

static char *golden_yaml(void)
{
	return test_golden_path("configtx.yaml");
}

/* A configtx.yaml of our own in a folder of our own. */
static char *dir, *own_yaml;

static int genesis_of(const char *yaml, const char *profile, char *const *environment,
		      struct ord_block **b, struct ord_err *e)
{
	struct ord_err write_error = ERR_INIT;

	test_ok(file_write_atomic(own_yaml, bytes_str(yaml), 0600, &write_error), &write_error);
	return configtx_genesis(own_yaml, profile, "testchainid", environment, b, e);
}

static Common__Config *config_of(const char *yaml, const char *profile, char *const *environment)
{
	struct ord_block *b = NULL;
	struct ord_err e = ERR_INIT;
	Common__Config *c;

	test_ok(genesis_of(yaml, profile, environment, &b, &e), &e);
	c = block_config(b);
	block_unref(b);
	return c;
}

static struct chanconf *conf_of(const char *yaml, const char *profile, char *const *environment)
{
	Common__Config *config = config_of(yaml, profile, environment);
	struct chanconf *c = NULL;
	struct ord_err e = ERR_INIT;

	test_ok(chanconf_new("testchainid", config, &c, &e), &e);
	wire_free(config);
	return c;
}

/* "<path>:<want>" is the whole refusal. */
static void refused(const char *yaml, const char *profile, const char *want)
{
	struct ord_block *b = NULL;
	struct ord_err e = ERR_INIT;
	int rc = genesis_of(yaml, profile, NULL, &b, &e);
	char *whole = x_printf("%s:%s", own_yaml, want);

	assert_true(rc < 0);
	assert_null(b);
	assert_string_equal(e.msg, whole);
	free(whole);
}

/* ---- against configtxgen ------------------------------------------------- */

static void golden_profiles_make_golden_configs(void **state)
{
	static const struct {
		const char *profile, *block;
	} all[] = {
		{"TwoOrgsOrdererGenesis", "genesis.solo.block"},
		{"TwoOrgsOrdererGenesis100", "genesis.solo100.block"},
		{"TwoOrgsOrdererGenesis500", "genesis.solo500.block"},
		{"TwoOrgsOrdererGenesisOldCaps", "genesis.solo.oldcaps.block"},
		{"KafkaGenesis", "genesis.kafka.block"},
		{"KafkaGenesis500", "genesis.kafka500.block"},
		{"EtcdRaftGenesis", "genesis.etcdraft.block"},
	};
	char *yaml = golden_yaml();

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(all); i++) {
		Common__Config *want = golden_config(all[i].block), *got;
		struct ord_block *b = NULL;
		struct ord_err e = ERR_INIT;

		test_ok(configtx_genesis(yaml, all[i].profile, "testchainid", NULL, &b, &e), &e);
		got = block_config(b);
		if (!wire_equal(got, want))
			fail_msg("profile %s does not make what is in %s", all[i].profile,
				 all[i].block);
		wire_free(got);
		wire_free(want);
		block_unref(b);
	}
	free(yaml);
}

static void the_block_is_built_as_configtxgens(void **state)
{
	struct ord_block *want = test_block("blocks/genesis.solo.block"), *b = NULL;
	struct ord_env *env, *want_env = block_config_env(want);
	uint8_t hash[SHA256_LEN];
	struct buf tx_id = BUF_INIT;
	struct ord_err e = ERR_INIT;
	char *yaml = golden_yaml();

	(void)state;
	test_ok(configtx_genesis(yaml, "TwoOrgsOrdererGenesis", "testchainid", NULL, &b, &e), &e);
	assert_int_equal(b->number, 0);
	assert_int_equal(b->previous_hash.len, 0);
	assert_int_equal(b->n_data, 1);
	assert_int_equal(b->n_meta, want->n_meta);
	for (size_t i = 0; i < b->n_meta; i++)
		assert_true(bytes_eq(b->meta[i], want->meta[i]));
	assert_true(block_data_hash_fits(b));
	env = block_config_env(b);
	assert_string_equal(env->channel_id, "testchainid");
	assert_int_equal(env->signature.len, 0);
	assert_int_equal(env->creator.len, 0);
	assert_int_equal(env->nonce.len, 24);
	assert_true(env->has_timestamp);
	assert_int_equal(env->timestamp_nanos, 0);
	/* the channel header but for what is random or now: version, epoch, no extension */
	assert_int_equal(env->payload.len - env->data.len,
			 want_env->payload.len - want_env->data.len);
	sha256(env->nonce, hash);
	hex_encode(&tx_id, bytes_of(hash, sizeof(hash)));
	assert_true(bytes_eq(env->tx_id, buf_bytes(&tx_id)));
	buf_fini(&tx_id);
	env_unref(env);
	env_unref(want_env);
	block_unref(b);
	block_unref(want);
	free(yaml);
}

/* ---- what a profile may leave out ---------------------------------------- */

#define MINIMAL              \
	"Profiles:\n"        \
	"  P:\n"             \
	"    Orderer: {}\n"  \
	"    Consortiums:\n" \
	"      C:\n"         \
	"        Organizations:\n"

static void a_bare_profile_gets_fabrics_defaults(void **state)
{
	struct chanconf *c = conf_of(MINIMAL, "P", NULL);

	(void)state;
	assert_string_equal(c->pub.consensus_type, "solo");
	assert_int_equal(c->pub.batch_max_count, 500);
	assert_int_equal(c->pub.batch_absolute_max, 10 << 20);
	assert_int_equal(c->pub.batch_preferred_max, 2 << 20);
	assert_int_equal(c->pub.batch_timeout_ns, 2 * CLOCK_SEC_NS);
	assert_string_equal(c->orderer_addresses[0], "127.0.0.1:7050");
	assert_int_equal(c->caps.msp_version, MSP_V1_0);
	assert_true(c->has_consortiums && !c->has_application);
	assert_non_null(chanconf_policy(c, "/Channel/Readers"));
	assert_non_null(chanconf_policy(c, "/Channel/Writers"));
	assert_non_null(chanconf_policy(c, "/Channel/Admins"));
	assert_non_null(chanconf_policy(c, "/Channel/Orderer/BlockValidation"));
	assert_non_null(chanconf_policy(c, "/Channel/Consortiums/Admins"));
	assert_int_equal(c->n_orgs, 0);
	chanconf_unref(c);
}

static void null_addresses_are_defaulted_and_empty_ones_left_out(void **state)
{
	static const char yaml[] =
		"Profiles:\n"
		"  Null: {Orderer: {Addresses: }, Capabilities: {V1_4_3: true}}\n"
		"  None: {Orderer: {Addresses: [], Capabilities: {V1_4_2: true}},\n"
		"         Capabilities: {V1_4_3: true}}\n";
	struct chanconf *c;
	struct ord_block *b = NULL;
	struct ord_err e = ERR_INIT;

	(void)state;
	/* channel capabilities without the orderer's: no orderer would start on that */
	assert_int_equal(genesis_of(yaml, "Null", NULL, &b, &e), ORD_EINVAL);
	assert_non_null(strstr(e.msg, "no orderer would take profile Null: cannot enable channel "
				      "capabilities without orderer support first"));
	c = conf_of(yaml, "None", NULL);
	assert_null(c->orderer_addresses[0]);
	chanconf_unref(c);
}

static void an_application_channel_has_no_consortiums(void **state)
{
	static const char yaml[] =
		"Profiles:\n"
		"  App:\n"
		"    Consortium: SampleConsortium\n"
		"    Capabilities: {V2_0: true}\n"
		"    Orderer: {Capabilities: {V2_0: yes, V1_1: false}}\n"
		"    Application:\n"
		"      ACLs: {lscc/ChaincodeExists: /Channel/Application/Readers}\n"
		"      Capabilities: {V2_5: true}\n";
	struct chanconf *c = conf_of(yaml, "App", NULL);

	(void)state;
	assert_true(c->has_application && !c->has_consortiums);
	assert_string_equal(c->consortium, "SampleConsortium");
	assert_true(c->caps.orderer_v2_0 && !c->caps.orderer_v1_1);
	chanconf_unref(c);
}

static void any_consensus_type_is_recorded(void **state)
{
	static const char yaml[] = "Profiles:\n"
				   "  Kafka: {Orderer: {OrdererType: kafka}}\n"
				   "  Mine: {Orderer: {OrdererType: my-plugin}}\n";
	struct chanconf *kafka = conf_of(yaml, "Kafka", NULL), *mine = conf_of(yaml, "Mine", NULL);

	(void)state;
	assert_string_equal(kafka->pub.consensus_type, "kafka");
	assert_string_equal(kafka->pub.kafka_brokers[0], "127.0.0.1:9092");
	assert_string_equal(mine->pub.consensus_type, "my-plugin");
	assert_null(mine->pub.kafka_brokers[0]);
	chanconf_unref(kafka);
	chanconf_unref(mine);
}

static void kafka_may_order_exactly_once(void **state)
{
	static const char yaml[] =
		"Profiles:\n"
		"  Go: {Orderer: {OrdererType: kafka, Kafka: {ExactlyOnce: false}}}\n"
		"  Ours: {Orderer: {OrdererType: kafka, Kafka: {ExactlyOnce: true}}}\n"
		"  Solo: {Orderer: {OrdererType: solo, Kafka: {ExactlyOnce: true}}}\n";
	struct chanconf *go = conf_of(yaml, "Go", NULL), *ours = conf_of(yaml, "Ours", NULL),
			*solo = conf_of(yaml, "Solo", NULL);

	(void)state;
	assert_int_equal(go->pub.consensus_metadata.len, 0);
	assert_int_equal(solo->pub.consensus_metadata.len, 0);
	assert_int_equal(ours->pub.consensus_metadata.len, 2);
	assert_memory_equal(ours->pub.consensus_metadata.data, "\x08\x01", 2);
	chanconf_unref(go);
	chanconf_unref(ours);
	chanconf_unref(solo);
}

/* ---- merges -------------------------------------------------------------- */

static void merges_are_followed(void **state)
{
	static const char yaml[] =
		"Orderer: &base\n"
		"  BatchTimeout: 3s\n"
		"  BatchSize: &size {MaxMessageCount: 7, AbsoluteMaxBytes: 4 MB}\n"
		"Application:\n"
		"  Policies: &two {Readers: {Type: ImplicitMeta, Rule: ANY Readers}}\n"
		"Profiles:\n"
		"  Nested: &nested\n"
		"    Orderer: &o\n"
		"      <<: *base\n"
		"      BatchSize:\n"
		"        <<: *size\n"
		"        MaxMessageCount: 8\n"
		"  Twice:\n"
		"    <<: *nested\n"
		"    Orderer: {<<: *o, MaxChannels: 4}\n"
		"  ExplicitFirst:\n"
		"    Orderer:\n"
		"      BatchTimeout: 5s\n"
		"      <<: *base\n"
		"  List:\n"
		"    Orderer:\n"
		"      <<: [{BatchTimeout: 6s}, *o, {MaxChannels: 9, BatchTimeout: 7s}]\n";
	static const struct {
		const char *profile;
		uint64_t timeout_s;
		uint32_t count;
		uint64_t max_channels;
	} cases[] = {
		{"Nested", 3, 8, 0},
		{"Twice", 3, 8, 4},
		{"ExplicitFirst", 5, 7, 0},
		{"List", 6, 8, 9},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++) {
		struct chanconf *c = conf_of(yaml, cases[i].profile, NULL);

		assert_int_equal(c->pub.batch_timeout_ns, cases[i].timeout_s * CLOCK_SEC_NS);
		assert_int_equal(c->pub.batch_max_count, cases[i].count);
		assert_int_equal(c->pub.batch_absolute_max, 4 << 20);
		assert_int_equal(c->max_channels, cases[i].max_channels);
		chanconf_unref(c);
	}
}

static void aliases_are_bounded(void **state)
{
	struct buf yaml = BUF_INIT;

	(void)state;
	refused("Profiles: {P: &a {Consortiums: *a}}", "P",
		"1: nested more than 64 deep; does an anchor hold itself?");
	refused("Profiles: {P: *nobody}", "P", "1: *nobody: no such anchor above");
	refused("Profiles:\n  P: {<<: 3}\n", "P", "2: << wants a map or a list of maps");
	buf_add_str(&yaml, "Capabilities:\n  a0: &a0 {x: true, y: true}\n");
	for (int i = 1; i < 30; i++)
		buf_printf(&yaml, "  a%d: &a%d {x: *a%d, y: *a%d}\n", i, i, i - 1, i - 1);
	refused(buf_cstr(&yaml), "P", "8: more than 100000 values, aliases written out");
	buf_fini(&yaml);
}

/* ---- the environment ----------------------------------------------------- */

static const char overridden[] =
	"Orderer: &o\n"
	"  OrdererType: solo\n"
	"  Addresses: [a:1]\n"
	"  BatchTimeout: 2s\n"
	"  BatchSize: {MaxMessageCount: 10, PreferredMaxBytes: 512 KB}\n"
	"  Kafka: {Brokers: }\n"
	"  Capabilities: {V1_4_2: true}\n"
	"Profiles:\n"
	"  P:\n"
	"    Orderer: *o\n"
	"    Capabilities: {V1_4_3: true}\n"
	"    Policies: {Readers: {Type: ImplicitMeta, Rule: ANY Readers}}\n";

static void the_environment_overrides_the_profile(void **state)
{
	static char *const environment[] = {
		"PATH=/bin",
		"CONFIGTX_ORDERER_ORDERERTYPE=kafka",
		"CONFIGTX_ORDERER_ADDRESSES=[ b:2 , c:3]",
		"CONFIGTX_ORDERER_BATCHTIMEOUT=1m30s",
		"CONFIGTX_ORDERER_BATCHSIZE_MAXMESSAGECOUNT=77",
		"CONFIGTX_ORDERER_BATCHSIZE_PREFERREDMAXBYTES=",    /* empty: not set */
		"CONFIGTX_ORDERER_BATCHSIZE_ABSOLUTEMAXBYTES=1 MB", /* not in the file */
		"CONFIGTX_ORDERER_KAFKA_BROKERS=broker:9092",
		"CONFIGTX_POLICIES_READERS_RULE=ALL Readers",
		NULL,
	};
	Common__Config *config = config_of(overridden, "P", environment);
	struct chanconf *c = conf_of(overridden, "P", environment);
	Common__ImplicitMetaPolicy *readers = NULL;
	struct ord_err e = ERR_INIT;

	(void)state;
	assert_string_equal(c->pub.consensus_type, "kafka");
	assert_string_equal(c->orderer_addresses[0], "b:2");
	assert_string_equal(c->orderer_addresses[1], "c:3");
	assert_null(c->orderer_addresses[2]);
	assert_int_equal(c->pub.batch_timeout_ns, 90 * CLOCK_SEC_NS);
	assert_int_equal(c->pub.batch_max_count, 77);
	assert_int_equal(c->pub.batch_preferred_max, 512 << 10);
	assert_int_equal(c->pub.batch_absolute_max, 10 << 20);
	assert_string_equal(c->pub.kafka_brokers[0], "broker:9092");
	assert_null(c->pub.kafka_brokers[1]);
	test_ok(wire_unpack(&common__implicit_meta_policy__descriptor,
			    wire_bytes(config->channel_group->policies[0]->value->policy->value),
			    &readers, &e),
		&e);
	assert_int_equal(readers->rule, COMMON__IMPLICIT_META_POLICY__RULE__ALL);
	wire_free(readers);
	wire_free(config);
	chanconf_unref(c);
}

static void a_bad_value_in_the_environment_is_named(void **state)
{
	char *bad[] = {"CONFIGTX_ORDERER_BATCHTIMEOUT=soon", NULL};
	struct ord_err e = ERR_INIT;
	struct ord_block *b = NULL;

	(void)state;
	test_fails(genesis_of(overridden, "P", bad, &b, &e), &e, ORD_EINVAL,
		   "CONFIGTX_ORDERER_BATCHTIMEOUT=soon: invalid duration \"soon\", expected one "
		   "such as 2s");
	bad[0] = "CONFIGTX_ORDERER_CAPABILITIES_V1_4_2=maybe";
	test_fails(genesis_of(overridden, "P", bad, &b, &e), &e, ORD_EINVAL,
		   "CONFIGTX_ORDERER_CAPABILITIES_V1_4_2=maybe: 'maybe' is neither true nor "
		   "false");
}

/* ---- refusals ------------------------------------------------------------ */

static void unknown_keys_name_the_nearest(void **state)
{
	(void)state;
	refused("Profile: {}\n", "P", "1: unknown key Profile, did you mean Profiles?");
	refused("Profiles:\n  P:\n    Ordrer: {}\n", "P",
		"3: unknown key Ordrer, did you mean Orderer?");
	refused("Profiles:\n  P:\n    Orderer:\n      BatchTimeOut: 2s\n      BatchSizes: {}\n",
		"P", "5: unknown key BatchSizes, did you mean BatchSize?");
	refused("Profiles:\n  Other:\n    Orderer: {Zzzzzzzzzzzz: 1}\n  P: {Orderer: {}}\n", "P",
		"3: unknown key Zzzzzzzzzzzz");
	refused("Organizations:\n  - {Name: A, MSPDirs: x}\n", "P",
		"2: unknown key MSPDirs, did you mean MSPDir?");
}

static void keys_are_found_whatever_their_case(void **state)
{
	struct chanconf *c = conf_of("profiles: {P: {orderer: {batchtimeout: 4s}}}\n", "P", NULL);

	(void)state;
	assert_int_equal(c->pub.batch_timeout_ns, 4 * CLOCK_SEC_NS);
	chanconf_unref(c);
	refused("Profiles: {P: {Orderer: {}, orderer: {}}}\n", "P",
		"1: key Orderer is given twice");
}

static void broken_files_are_told_where(void **state)
{
	(void)state;
	refused("", "P", " not a map of sections");
	refused("- 1\n", "P", " not a map of sections");
	refused("%  a:\xff\xff", "P", " not YAML: not UTF-8");
	refused("Profiles: [\n", "P", "2: not YAML: flow sequence without a closing bracket");
	refused("Profiles:\n  P: {Orderer: {}}\n  P: {Orderer: {}}\n", "P",
		"3: key P is given twice");
	refused("Profiles:\n  ? [a]\n  : 1\n", "P", "1: a key must be plain text");
	refused("Profiles: 3\n", "P", "1: expected a map");
	refused("Profiles: {P: {Orderer: [1]}}\n", "P",
		"1: expected a map with the key OrdererType and the like");
	refused("Profiles: {P: {Orderer: {OrdererType: [1]}}}\n", "P",
		"1: expected a single value");
}

static void values_are_checked_where_they_stand(void **state)
{
	static const struct {
		const char *orderer, *want;
	} cases[] = {
		{"BatchTimeout: 2", "2: invalid duration \"2\", expected one such as 2s"},
		{"BatchSize: {MaxMessageCount: many}",
		 "2: 'many' is not a number or a size such as 10 MB"},
		{"BatchSize: {MaxMessageCount: -1}",
		 "2: '-1' is not a number or a size such as 10 MB"},
		{"BatchSize: {AbsoluteMaxBytes: 4 GB}", "2: value '4 GB' overflows uint32"},
		{"BatchSize: {AbsoluteMaxBytes: 4294967296}",
		 "2: value '4294967296' overflows uint32"},
		{"BatchSize: {AbsoluteMaxBytes: 10 MBs}",
		 "2: '10 MBs' is not a number or a size such as 10 MB"},
		{"MaxChannels: 1 KB", "2: '1 KB' is not a number"},
		{"Capabilities: {V1_1: perhaps}", "2: 'perhaps' is neither true nor false"},
		{"Policies: {P: {Type: Magic, Rule: x}}",
		 "2: unknown policy type: Magic, expected Signature or ImplicitMeta"},
		{"Policies: {P: {Type: ImplicitMeta, Rule: SOME P}}",
		 "2: invalid implicit meta policy rule 'SOME P': unknown rule type 'SOME', expected "
		 "ALL, ANY, or MAJORITY"},
		{"Policies: {P: {Type: Signature, Rule: \"OR('A')\"}}",
		 "2: invalid signature policy rule 'OR('A')': unrecognized token 'A' in policy "
		 "string, expected 'MSPID.role' with role admin, member, client, peer or orderer, "
		 "at character 4"},
		{"Organizations: [{ID: A}]", "2: an organization without a Name"},
		{"OrdererType: etcdraft", "1: etcdraft raft configuration missing"},
		{"OrdererType: etcdraft, EtcdRaft: {Options: {ElectionTick: 3}}",
		 "2: etcdraft configuration did not specify any consenter"},
		{"OrdererType: etcdraft, EtcdRaft: {Consenters: [{Host: h}], Options: {ElectionTick: "
		 "3, HeartbeatTick: 3}}",
		 "2: election tick must be greater than heartbeat tick"},
		{"OrdererType: etcdraft, EtcdRaft: {Consenters: [{Host: h}], Options: {TickInterval: "
		 "x}}",
		 "2: Etcdraft TickInterval (x) must be in time duration format"},
		{"OrdererType: etcdraft, EtcdRaft: {Consenters: [{Port: 1}]}",
		 "2: consenter info in etcdraft configuration did not specify host"},
		{"OrdererType: etcdraft, EtcdRaft: {Consenters: [{Host: h}]}",
		 "2: consenter info in etcdraft configuration did not specify port"},
		{"OrdererType: etcdraft, EtcdRaft: {Consenters: [{Host: h, Port: 1}]}",
		 "2: consenter info in etcdraft configuration did not specify client TLS cert"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++) {
		char *yaml = x_printf("Profiles: {P: {Orderer:\n  {%s}}}\n", cases[i].orderer);
		struct ord_block *b = NULL;
		struct ord_err e = ERR_INIT;
		char *whole = x_printf("%s:%s", own_yaml, cases[i].want);

		assert_true(genesis_of(yaml, "P", NULL, &b, &e) < 0);
		/* from here on the groups say which of them could not be made */
		if (!strstr(e.msg, whole))
			assert_string_equal(e.msg, whole);
		free(whole);
		free(yaml);
	}
}

static void missing_files_are_named(void **state)
{
	static const char raft[] = "Profiles: {P: {Orderer: {OrdererType: etcdraft, EtcdRaft: "
				   "{Consenters: [{Host: h, Port: 1, ClientTLSCert: c.pem, "
				   "ServerTLSCert: s.pem}]}}}}";
	static const char org[] = "Profiles: {P: {Orderer: {Organizations: [{Name: A, ID: B, "
				  "MSPDir: nowhere}]}}}";
	char *missing = x_printf("%s/missing.yaml", dir), *cert = x_printf("%s/c.pem", dir);
	struct ord_block *b = NULL;
	struct ord_err e = ERR_INIT;

	(void)state;
	assert_int_equal(configtx_genesis(missing, "P", "a", NULL, &b, &e), ORD_ENOENT);
	assert_non_null(strstr(e.msg, missing));
	assert_int_equal(genesis_of(raft, "P", NULL, &b, &e), ORD_ENOENT);
	assert_non_null(strstr(e.msg, "cannot load client cert for consenter h:1: "));
	assert_non_null(strstr(e.msg, cert));
	assert_true(genesis_of(org, "P", NULL, &b, &e) < 0);
	assert_non_null(strstr(e.msg, "Error loading MSP configuration for org A: "));
	assert_non_null(strstr(e.msg, "/nowhere"));
	free(missing);
	free(cert);
}

static void profiles_must_exist_and_order(void **state)
{
	struct ord_block *b = NULL;
	struct ord_err e = ERR_INIT;

	(void)state;
	refused(MINIMAL, "Q", " Could not find profile: Q, did you mean P?");
	refused("Profiles:\n", "Q", " Could not find profile: Q");
	refused("Profiles: {App: {Application: {}}}\n", "App",
		" profile App: refusing to generate block which is missing orderer section");
	test_fails(configtx_genesis(own_yaml, "P", "Bad", NULL, &b, &e), &e, ORD_EINVAL,
		   "bad channel ID: channel ID 'Bad' contains illegal characters");
}

static int setup(void **state)
{
	(void)state;
	dir = test_dir();
	own_yaml = x_printf("%s/configtx.yaml", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_rmdir(dir);
	free(own_yaml);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_profiles_make_golden_configs),
		cmocka_unit_test(the_block_is_built_as_configtxgens),
		cmocka_unit_test(a_bare_profile_gets_fabrics_defaults),
		cmocka_unit_test(null_addresses_are_defaulted_and_empty_ones_left_out),
		cmocka_unit_test(an_application_channel_has_no_consortiums),
		cmocka_unit_test(any_consensus_type_is_recorded),
		cmocka_unit_test(kafka_may_order_exactly_once),
		cmocka_unit_test(merges_are_followed),
		cmocka_unit_test(aliases_are_bounded),
		cmocka_unit_test(the_environment_overrides_the_profile),
		cmocka_unit_test(a_bad_value_in_the_environment_is_named),
		cmocka_unit_test(unknown_keys_name_the_nearest),
		cmocka_unit_test(keys_are_found_whatever_their_case),
		cmocka_unit_test(broken_files_are_told_where),
		cmocka_unit_test(values_are_checked_where_they_stand),
		cmocka_unit_test(missing_files_are_named),
		cmocka_unit_test(profiles_must_exist_and_order),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
