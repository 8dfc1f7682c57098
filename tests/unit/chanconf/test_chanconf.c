/* SPDX-License-Identifier: Apache-2.0 */
/* What comes out of the configurations that Fabric's tools made. */
#include "chanconf_test.h"

static struct chanconf *conf_of(const char *name)
{
	struct ord_block *b = test_block("blocks/%s", name);
	struct ord_env *env = block_config_env(b);
	struct chanconf *c = NULL;
	struct ord_err e = ERR_INIT;

	assert_non_null(env);
	test_ok(chanconf_from_env(env, &c, &e), &e);
	env_unref(env);
	block_unref(b);
	return c;
}

static void every_golden_config_builds(void **state)
{
	static const struct {
		const char *block, *channel, *type;
		uint64_t sequence;
		uint32_t count, absolute, preferred;
		size_t n_orgs;
		bool system;
	} all[] = {
		{"genesis.solo.block", "testchainid", "solo", 0, 10, 103809024, 524288, 3, true},
		{"genesis.solo100.block", "testchainid", "solo", 0, 100, 10 << 20, 2 << 20, 3,
		 true},
		{"genesis.solo500.block", "testchainid", "solo", 0, 500, 10 << 20, 2 << 20, 3,
		 true},
		{"genesis.solo.oldcaps.block", "testchainid", "solo", 0, 10, 103809024, 524288, 3,
		 true},
		{"genesis.kafka.block", "testchainid", "kafka", 0, 10, 103809024, 524288, 3, true},
		{"genesis.kafka500.block", "testchainid", "kafka", 0, 500, 10 << 20, 2 << 20, 3,
		 true},
		{"genesis.etcdraft.block", "testchainid", "etcdraft", 0, 10, 103809024, 524288, 3,
		 true},
		{"mychannel.000.block", "mychannel", "solo", 1, 10, 103809024, 524288, 3, false},
		{"mychannel.001.block", "mychannel", "solo", 2, 10, 103809024, 524288, 3, false},
		{"mychannel.002.block", "mychannel", "solo", 3, 10, 103809024, 524288, 3, false},
		{"mychannel.003.block", "mychannel", "solo", 4, 5, 103809024, 524288, 3, false},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(all); i++) {
		struct chanconf *c = conf_of(all[i].block);
		struct ord_err e = ERR_INIT;

		assert_string_equal(c->channel_id, all[i].channel);
		assert_string_equal(c->pub.consensus_type, all[i].type);
		assert_int_equal(c->pub.size, sizeof(struct ord_chanconf));
		assert_int_equal(c->pub.sequence, all[i].sequence);
		assert_int_equal(c->pub.batch_max_count, all[i].count);
		assert_int_equal(c->pub.batch_absolute_max, all[i].absolute);
		assert_int_equal(c->pub.batch_preferred_max, all[i].preferred);
		assert_int_equal(c->pub.batch_timeout_ns, 2 * CLOCK_SEC_NS);
		assert_int_equal(c->n_orgs, all[i].n_orgs);
		assert_int_equal(c->has_consortiums, all[i].system);
		assert_int_equal(c->has_application, !all[i].system);
		assert_true(c->has_orderer);
		assert_int_equal(c->state, CHANCONF_NORMAL);
		test_ok(chanconf_check_supported(c, &e), &e);
		chanconf_unref(c);
	}
}

static const struct chanconf_org *org_of(const struct chanconf *c, const char *name)
{
	for (size_t i = 0; i < c->n_orgs; i++)
		if (strcmp(c->orgs[i].name, name) == 0)
			return &c->orgs[i];
	fail_msg("no org %s", name);
	return NULL;
}

static void orgs_say_where_they_belong(void **state)
{
	struct chanconf *system = conf_of("genesis.solo.block"),
			*app = conf_of("mychannel.003.block");
	const struct chanconf_org *org = org_of(system, "OrdererOrg");

	(void)state;
	assert_string_equal(org->mspid, "OrdererMSP");
	assert_true(org->orderer && !org->application && !org->consortium);
	org = org_of(system, "Org2MSP");
	assert_string_equal(org->mspid, "Org2MSP");
	assert_true(!org->orderer && !org->application);
	assert_string_equal(org->consortium, "SampleConsortium");
	org = org_of(app, "Org1MSP");
	assert_string_equal(org->mspid, "Org1MSP");
	assert_true(!org->orderer && org->application && !org->consortium);
	assert_null(system->consortium);
	assert_string_equal(app->consortium, "SampleConsortium");
	chanconf_unref(system);
	chanconf_unref(app);
}

static void addresses_brokers_and_metadata_come_out(void **state)
{
	struct chanconf *kafka = conf_of("genesis.kafka.block"),
			*raft = conf_of("genesis.etcdraft.block"),
			*solo = conf_of("genesis.solo.block");
	Etcdraft__ConfigMetadata *m = NULL;
	struct ord_err e = ERR_INIT;

	(void)state;
	assert_string_equal(kafka->pub.kafka_brokers[0], "127.0.0.1:9092");
	assert_null(kafka->pub.kafka_brokers[1]);
	assert_null(solo->pub.kafka_brokers[0]);
	assert_int_equal(solo->pub.consensus_metadata.len, 0);
	assert_string_equal(solo->orderer_addresses[0], "127.0.0.1:7050");
	assert_null(solo->orderer_addresses[1]);
	assert_string_equal(raft->orderer_addresses[2], "127.0.0.1:9050");
	test_ok(wire_unpack(&etcdraft__config_metadata__descriptor, raft->pub.consensus_metadata,
			    &m, &e),
		&e);
	assert_int_equal(m->n_consenters, 3);
	assert_int_equal(m->consenters[1]->port, 8050);
	wire_free(m);
	assert_int_equal(solo->max_channels, 0);
	chanconf_unref(kafka);
	chanconf_unref(raft);
	chanconf_unref(solo);
}

static void capabilities_of_golden_configs(void **state)
{
	struct chanconf *now = conf_of("genesis.solo.block"),
			*old = conf_of("genesis.solo.oldcaps.block");

	(void)state;
	assert_true(now->caps.channel_v1_4_3 && now->caps.orderer_v1_4_2);
	assert_true(now->caps.expiration_check && now->caps.consensus_migration);
	assert_true(now->caps.org_orderer_endpoints && now->caps.consensus_type_change);
	assert_int_equal(now->caps.msp_version, MSP_V1_4_3);
	assert_true(old->caps.channel_v1_3 && old->caps.orderer_v1_1);
	assert_true(old->caps.expiration_check && old->caps.resubmission);
	assert_false(old->caps.consensus_migration || old->caps.org_orderer_endpoints);
	assert_int_equal(old->caps.msp_version, MSP_V1_3);
	chanconf_unref(now);
	chanconf_unref(old);
}

static void capability_effects_follow_the_table(void **state)
{
	static const struct {
		const char *channel[3], *orderer[3];
		enum msp_version msp;
		bool endpoints, expiration, migration, admins;
	} cases[] = {
		{{NULL}, {NULL}, MSP_V1_0, false, false, false, false},
		{{"V1_1"}, {"V1_1"}, MSP_V1_1, false, true, false, false},
		{{"V1_3"}, {"V1_1"}, MSP_V1_3, false, true, false, false},
		{{"V1_1", "V1_3"}, {"V1_1"}, MSP_V1_3, false, true, false, false},
		{{"V1_4_2"}, {"V1_4_2"}, MSP_V1_3, true, true, true, false},
		{{"V1_4_3"}, {"V1_4_2"}, MSP_V1_4_3, true, true, true, false},
		{{"V2_0"}, {"V2_0"}, MSP_V1_4_3, true, true, true, true},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++) {
		Common__Config *config = golden_config("genesis.solo.block");
		struct chanconf *c = NULL;
		struct ord_err e = ERR_INIT;

		put_capabilities(group_at(config, ""), cases[i].channel);
		put_capabilities(group_at(config, "Orderer"), cases[i].orderer);
		test_ok(chanconf_new("testchainid", config, &c, &e), &e);
		assert_int_equal(c->caps.msp_version, cases[i].msp);
		assert_int_equal(c->caps.org_orderer_endpoints, cases[i].endpoints);
		assert_int_equal(c->caps.consensus_type_change, cases[i].endpoints);
		assert_int_equal(c->caps.expiration_check, cases[i].expiration);
		assert_int_equal(c->caps.resubmission, cases[i].expiration);
		assert_int_equal(c->pub.resubmission, cases[i].expiration);
		assert_int_equal(c->caps.predictable_template, cases[i].expiration);
		assert_int_equal(c->caps.consensus_migration, cases[i].migration);
		assert_int_equal(c->caps.admins_creation_policy, cases[i].admins);
		test_ok(chanconf_check_supported(c, &e), &e);
		chanconf_unref(c);
		wire_free(config);
	}
}

static void unsupported_capabilities_are_named(void **state)
{
	static const char *const future[] = {"V1_1", "V9_9", NULL};
	Common__Config *config = golden_config("mychannel.000.block");
	struct chanconf *c = NULL;
	struct ord_err e = ERR_INIT;

	(void)state;
	put_capabilities(group_at(config, "Application"), future); /* the peers' affair */
	test_ok(chanconf_new("mychannel", config, &c, &e), &e);
	test_ok(chanconf_check_supported(c, &e), &e);
	chanconf_unref(c);
	put_capabilities(group_at(config, ""), future);
	test_ok(chanconf_new("mychannel", config, &c, &e), &e);
	test_fails(chanconf_check_supported(c, &e), &e, ORD_ENOTSUP,
		   "config requires unsupported channel capabilities: Channel capability V9_9 is "
		   "required but not supported: Channel capability V9_9 is required but not "
		   "supported");
	chanconf_unref(c);
	put_capabilities(group_at(config, "Orderer"), future);
	test_ok(chanconf_new("mychannel", config, &c, &e), &e);
	test_fails(chanconf_check_supported(c, &e), &e, ORD_ENOTSUP,
		   "config requires unsupported orderer capabilities: Orderer capability V9_9 is "
		   "required but not supported: Orderer capability V9_9 is required but not "
		   "supported");
	chanconf_unref(c);
	drop_group(group_at(config, ""), "Orderer");
	test_ok(chanconf_new("mychannel", config, &c, &e), &e);
	assert_string_equal(c->pub.consensus_type, "");
	test_fails(chanconf_check_supported(c, &e), &e, ORD_EINVAL,
		   "config does not contain orderer config");
	chanconf_unref(c);
	wire_free(config);
}

static void maintenance_moves_the_policies(void **state)
{
	Orderer__ConsensusType type = ORDERER__CONSENSUS_TYPE__INIT;
	Common__Config *config = golden_config("mychannel.000.block");
	struct chanconf *c = NULL;
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(chanconf_new("mychannel", config, &c, &e), &e);
	assert_ptr_equal(c->writers, chanconf_policy(c, "/Channel/Writers"));
	assert_ptr_equal(c->readers, chanconf_policy(c, "/Channel/Readers"));
	assert_non_null(c->writers);
	assert_string_equal(c->writers_name, "/Channel/Writers");
	chanconf_unref(c);
	type.type = "kafka";
	type.state = ORDERER__CONSENSUS_TYPE__STATE__STATE_MAINTENANCE;
	put_value(group_at(config, "Orderer"), "ConsensusType", &type);
	test_ok(chanconf_new("mychannel", config, &c, &e), &e);
	assert_int_equal(c->state, CHANCONF_MAINTENANCE);
	assert_ptr_equal(c->writers, chanconf_policy(c, "/Channel/Orderer/Writers"));
	assert_ptr_equal(c->readers, chanconf_policy(c, "/Channel/Orderer/Readers"));
	assert_non_null(c->readers);
	assert_string_equal(c->readers_name, "/Channel/Orderer/Readers");
	chanconf_unref(c);
	wire_free(config);
}

static void a_conf_keeps_nothing_of_its_source(void **state)
{
	Common__Config *config = golden_config("genesis.kafka.block"), *same = NULL;
	struct chanconf *c = NULL;
	struct ord_err e = ERR_INIT;
	struct buf b = BUF_INIT;

	(void)state;
	wire_pack(config, &b);
	test_ok(wire_unpack(&common__config__descriptor, buf_bytes(&b), &same, &e), &e);
	test_ok(chanconf_new("testchainid", config, &c, &e), &e);
	wire_free(config);
	assert_true(wire_equal(c->config, same));
	assert_ptr_equal(chanconf_ref(c), c);
	chanconf_unref(c);
	assert_string_equal(c->pub.kafka_brokers[0], "127.0.0.1:9092");
	chanconf_unref(c);
	chanconf_unref(NULL);
	wire_free(same);
	buf_fini(&b);
}

static void count_ca(void *arg, struct ord_bytes pem)
{
	assert_true(pem.len > 27 && memcmp(pem.data, "-----BEGIN CERTIFICATE-----", 27) == 0);
	++*(unsigned *)arg;
}

static void tls_cas_come_once_per_org(void **state)
{
	Common__Config *config = golden_config("genesis.solo.block");
	Common__ConfigGroup *again;
	struct chanconf *c = NULL;
	struct ord_err e = ERR_INIT;
	unsigned n = 0;

	(void)state;
	/* the same organisation in the orderer group and in a consortium */
	again = add_group(group_at(config, "Consortiums/SampleConsortium"), "Twice");
	put_bytes(again, "MSP", value_bytes(group_at(config, "Orderer/OrdererOrg"), "MSP"));
	test_ok(chanconf_new("testchainid", config, &c, &e), &e);
	assert_int_equal(c->n_orgs, 4);
	chanconf_tls_cas(c, count_ca, &n);
	assert_int_equal(n, 3);
	chanconf_unref(c);
	wire_free(config);
}

static void channel_ids_follow_fabrics_rules(void **state)
{
	char longest[251];
	struct ord_err e = ERR_INIT;

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[249] = '\0';
	test_ok(chanconf_check_channel_id("a", &e), &e);
	test_ok(chanconf_check_channel_id("my.channel-1", &e), &e);
	test_ok(chanconf_check_channel_id(longest, &e), &e);
	longest[249] = 'a';
	longest[250] = '\0';
	test_fails(chanconf_check_channel_id(longest, &e), &e, ORD_EINVAL,
		   "bad channel ID: channel ID illegal, cannot be longer than 249");
	test_fails(chanconf_check_channel_id("", &e), &e, ORD_EINVAL,
		   "bad channel ID: channel ID illegal, cannot be empty");
	for (const char *const *bad = (const char *const[]){"My", "1a", ".a", "-a", "a_b", "aB",
							    "a/b", "\xc3\xa9", NULL};
	     *bad; bad++) {
		char *want = x_printf("bad channel ID: channel ID '%s' contains illegal characters",
				      *bad);

		test_fails(chanconf_check_channel_id(*bad, &e), &e, ORD_EINVAL, want);
		free(want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_golden_config_builds),
		cmocka_unit_test(orgs_say_where_they_belong),
		cmocka_unit_test(addresses_brokers_and_metadata_come_out),
		cmocka_unit_test(capabilities_of_golden_configs),
		cmocka_unit_test(capability_effects_follow_the_table),
		cmocka_unit_test(unsupported_capabilities_are_named),
		cmocka_unit_test(maintenance_moves_the_policies),
		cmocka_unit_test(a_conf_keeps_nothing_of_its_source),
		cmocka_unit_test(tls_cas_come_once_per_org),
		cmocka_unit_test(channel_ids_follow_fabrics_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
