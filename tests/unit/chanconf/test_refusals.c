/* SPDX-License-Identifier: Apache-2.0 */
/* Every check of a configuration: a golden one, spoilt in one place, is refused with Fabric's
 * words.
 */
#include "chanconf_test.h"

#define CHANNEL  "initializing channelconfig failed: "
#define SUB(g)   CHANNEL "could not create channel " g " sub-group config: "
#define POLICIES "initializing policymanager failed: "
#define NAMES    "initializing configtx manager failed: "

/* The application channel for changes below Application, the system channel for all others. */
static void refused_in(const char *block, const char *channel_id, void (*spoil)(Common__Config *),
		       const char *want)
{
	Common__Config *config = golden_config(block);
	struct chanconf *c = NULL;
	struct ord_err e = ERR_INIT;

	if (spoil)
		spoil(config);
	test_fails(chanconf_new(channel_id, config, &c, &e), &e, ORD_EINVAL, want);
	wire_free(config);
}

static void refused(void (*spoil)(Common__Config *), const char *want)
{
	refused_in("genesis.kafka.block", "testchainid", spoil, want);
}

static void refused_app(void (*spoil)(Common__Config *), const char *want)
{
	refused_in("mychannel.002.block", "mychannel", spoil, want);
}

/* ---- /Channel ------------------------------------------------------------ */

static void no_group(Common__Config *c)
{
	wire_free(c->channel_group);
	c->channel_group = NULL;
}

static void no_orderer_caps(Common__Config *c)
{
	drop_value(group_at(c, "Orderer"), "Capabilities");
}

static void only_application_caps(Common__Config *c)
{
	no_orderer_caps(c);
	drop_value(group_at(c, ""), "Capabilities");
}

static void unexpected_value(Common__Config *c)
{
	put_bytes(group_at(c, ""), "Extra", bytes_str(""));
}

static void unknown_hash(Common__Config *c)
{
	Common__HashingAlgorithm h = COMMON__HASHING_ALGORITHM__INIT;

	h.name = "MD5";
	put_value(group_at(c, ""), "HashingAlgorithm", &h);
}

static void no_hash(Common__Config *c)
{
	drop_value(group_at(c, ""), "HashingAlgorithm");
}

static void narrow(Common__Config *c)
{
	Common__BlockDataHashingStructure s = COMMON__BLOCK_DATA_HASHING_STRUCTURE__INIT;

	s.width = 4;
	put_value(group_at(c, ""), "BlockDataHashingStructure", &s);
}

static void no_addresses(Common__Config *c)
{
	static const char *const old[] = {"V1_3", NULL};

	put_capabilities(group_at(c, ""), old);
	drop_value(group_at(c, ""), "OrdererAddresses");
}

static void strange_group(Common__Config *c)
{
	add_group(group_at(c, ""), "Strange");
}

static void channel_values_are_checked(void **state)
{
	struct chanconf *c = NULL;
	struct ord_err e = ERR_INIT;

	(void)state;
	test_fails(chanconf_new("a", NULL, &c, &e), &e, ORD_EINVAL,
		   "channelconfig Config cannot be nil");
	refused(no_group, "config must contain a channel group");
	refused(no_orderer_caps,
		"cannot enable channel capabilities without orderer support first");
	refused_app(only_application_caps,
		    "cannot enable application capabilities without orderer support first");
	refused(unexpected_value, CHANNEL "failed to deserialize values: Unexpected key Extra");
	refused(unknown_hash, CHANNEL "Unknown hashing algorithm type: MD5");
	refused(no_hash, CHANNEL "Unknown hashing algorithm type: ");
	refused(narrow,
		CHANNEL "BlockDataHashStructure width only supported at MaxUint32 in this version");
	refused(no_addresses, CHANNEL "Must set some OrdererAddresses");
	refused(strange_group, CHANNEL "Disallowed channel group: Strange");
}

/* ---- /Channel/Orderer ---------------------------------------------------- */

static Orderer__BatchSize batch = ORDERER__BATCH_SIZE__INIT;
static const char *timeout_text, *broker_text;

static void set_batch(Common__Config *c)
{
	put_value(group_at(c, "Orderer"), "BatchSize", &batch);
}

static void no_batch(Common__Config *c)
{
	drop_value(group_at(c, "Orderer"), "BatchSize");
}

static void set_timeout(Common__Config *c)
{
	Orderer__BatchTimeout t = ORDERER__BATCH_TIMEOUT__INIT;

	t.timeout = (char *)timeout_text;
	put_value(group_at(c, "Orderer"), "BatchTimeout", &t);
}

static void set_broker(Common__Config *c)
{
	Orderer__KafkaBrokers k = ORDERER__KAFKA_BROKERS__INIT;
	char *brokers[] = {"good-1.example.com:9092", (char *)broker_text};

	k.n_brokers = 2;
	k.brokers = brokers;
	put_value(group_at(c, "Orderer"), "KafkaBrokers", &k);
}

static void orderer_extra(Common__Config *c)
{
	put_bytes(group_at(c, "Orderer"), "Extra", bytes_str(""));
}

static void refused_batch(uint32_t count, uint32_t absolute, uint32_t preferred, const char *want)
{
	batch.max_message_count = count;
	batch.absolute_max_bytes = absolute;
	batch.preferred_max_bytes = preferred;
	refused(set_batch, want);
}

static void batch_sizes_are_checked(void **state)
{
	static const char count[] = SUB("Orderer") "Attempted to set the batch size max message "
						   "count to an invalid value: 0";

	(void)state;
	refused_batch(0, 2, 1, count);
	refused(no_batch, count);
	refused_batch(1, 0, 1,
		      SUB("Orderer") "Attempted to set the batch size absolute max bytes to an "
				     "invalid value: 0");
	refused_batch(1, 1, 0,
		      SUB("Orderer") "Attempted to set the batch size preferred max bytes to an "
				     "invalid value: 0");
	refused_batch(1, 7, 8,
		      SUB("Orderer") "Attempted to set the batch size preferred max bytes (8) "
				     "greater than the absolute max bytes (7).");
	refused(orderer_extra, SUB("Orderer") "failed to deserialize values: Unexpected key Extra");
}

static void batch_timeouts_are_checked(void **state)
{
	(void)state;
	timeout_text = "2x";
	refused(set_timeout, SUB("Orderer") "Attempted to set the batch timeout to a invalid "
					    "value: time: invalid duration \"2x\"");
	timeout_text = "";
	refused(set_timeout, SUB("Orderer") "Attempted to set the batch timeout to a invalid "
					    "value: time: invalid duration \"\"");
	timeout_text = "0s";
	refused(set_timeout, SUB("Orderer") "Attempted to set the batch timeout to a non-positive "
					    "value: 0s");
	timeout_text = "-1m30s";
	refused(set_timeout, SUB("Orderer") "Attempted to set the batch timeout to a non-positive "
					    "value: -1m30s");
}

static void kafka_brokers_are_checked(void **state)
{
	static const char *const bad[] = {
		"host",         "host:",      "host:port",  "host:65536",
		"host:-1",      "host:+1",    "a:b:1",      "[::1]:9092",
		"ho_st:9092",   ".host:9092", "host.:9092", "-host:9092",
		"host-:9092",   " host:9092", "host :9092", "host:9092 ",
		"h\xc3\xb6:80", "",           "::",         "host:99999999999999999999",
	};
	static const char *const good[] = {"a:0",    "1.2.3.4:9092", "a-b.c:65535",
					   "a..b:1", "host:00080",   ":9092"};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(bad); i++) {
		char *want = x_printf(SUB("Orderer") "Invalid broker entry: %s", bad[i]);

		broker_text = bad[i];
		refused(set_broker, want);
		free(want);
	}
	for (size_t i = 0; i < UTIL_ARRAY_LEN(good); i++) {
		Common__Config *config = golden_config("genesis.kafka.block");
		struct chanconf *c = NULL;
		struct ord_err e = ERR_INIT;

		broker_text = good[i];
		set_broker(config);
		test_ok(chanconf_new("testchainid", config, &c, &e), &e);
		assert_string_equal(c->pub.kafka_brokers[1], good[i]);
		chanconf_unref(c);
		wire_free(config);
	}
}

/* ---- organisations ------------------------------------------------------- */

static void orderer_org_group(Common__Config *c)
{
	add_group(group_at(c, "Orderer/OrdererOrg"), "below");
}

static void endpoints_too_early(Common__Config *c)
{
	static const char *const old[] = {"V1_3", NULL};

	put_capabilities(group_at(c, ""), old);
	put_bytes(group_at(c, "Orderer/OrdererOrg"), "Endpoints", bytes_str(""));
}

static void orderer_org_anchors(Common__Config *c)
{
	put_bytes(group_at(c, "Orderer/OrdererOrg"), "AnchorPeers", bytes_str(""));
}

static void app_org_group(Common__Config *c)
{
	add_group(group_at(c, "Application/Org1MSP"), "below");
}

static void app_org_endpoints(Common__Config *c)
{
	put_bytes(group_at(c, "Application/Org1MSP"), "Endpoints", bytes_str(""));
}

static void consortium_org_group(Common__Config *c)
{
	add_group(group_at(c, "Consortiums/SampleConsortium/Org1MSP"), "below");
}

static void consortium_extra(Common__Config *c)
{
	put_bytes(group_at(c, "Consortiums/SampleConsortium"), "Extra", bytes_str(""));
}

static void acls_too_early(Common__Config *c)
{
	static const char *const old[] = {"V1_1", NULL};

	put_capabilities(group_at(c, "Application"), old);
	put_bytes(group_at(c, "Application"), "ACLs", bytes_str(""));
}

static void unknown_msp_type(Common__Config *c)
{
	Msp__MSPConfig m = MSP__MSPCONFIG__INIT;

	m.type = 7;
	put_value(group_at(c, "Orderer/OrdererOrg"), "MSP", &m);
}

static void no_msp(Common__Config *c)
{
	drop_value(group_at(c, "Orderer/OrdererOrg"), "MSP");
}

/* The orderer's MSP with another name, or with one more admin. */
static void change_msp(Common__ConfigGroup *from, Common__ConfigGroup *to, const char *name)
{
	Msp__FabricMSPConfig *f = NULL;
	Msp__MSPConfig *m = NULL;
	struct ord_err e = ERR_INIT;
	struct buf b = BUF_INIT;

	test_ok(wire_unpack(&msp__mspconfig__descriptor, value_bytes(from, "MSP"), &m, &e), &e);
	test_ok(wire_unpack(&msp__fabric_mspconfig__descriptor, wire_bytes(m->config), &f, &e), &e);
	free(f->name);
	f->name = x_strdup(name);
	wire_pack(f, &b);
	free(m->config.data);
	m->config = wire_binary(buf_bytes(&b));
	put_value(to, "MSP", m);
	wire_free(f);
	wire_free(m);
}

static void nameless_msp(Common__Config *c)
{
	Common__ConfigGroup *org = group_at(c, "Orderer/OrdererOrg");

	change_msp(org, org, "");
}

static void two_msps_of_one_name(Common__Config *c)
{
	change_msp(group_at(c, "Consortiums/SampleConsortium/Org1MSP"),
		   group_at(c, "Orderer/OrdererOrg"), "Org2MSP");
}

static void broken_value(Common__Config *c)
{
	put_bytes(group_at(c, "Orderer"), "BatchSize", bytes_str("\x08"));
}

static void organisations_are_checked(void **state)
{
	(void)state;
	refused(orderer_org_group, SUB("Orderer") "OrdererOrg config does not allow sub-groups");
	refused(endpoints_too_early,
		SUB("Orderer") "Orderer Org OrdererOrg cannot contain endpoints value until "
			       "V1_4_2+ capabilities have been enabled");
	refused(orderer_org_anchors,
		SUB("Orderer") "failed to deserialize values: Unexpected key AnchorPeers");
	refused_app(app_org_group,
		    SUB("Application") "ApplicationOrg config does not allow sub-groups");
	refused_app(app_org_endpoints,
		    SUB("Application") "failed to deserialize values: Unexpected key Endpoints");
	refused_app(acls_too_early, SUB("Application") "ACLs may not be specified without the "
						       "required capability");
	refused(consortium_org_group, SUB("Consortiums") "organizations do not support sub-groups");
	refused(consortium_extra,
		SUB("Consortiums") "failed to deserialize values: Unexpected key Extra");
}

static void msps_are_checked(void **state)
{
	(void)state;
	refused(unknown_msp_type, SUB("Orderer") "Setup error: unsupported msp type 7");
	refused(no_msp, SUB("Orderer") "setting up the MSP manager failed: expected at least one "
				       "CA certificate");
	refused(nameless_msp, SUB("Orderer") "MSP for org OrdererOrg has empty MSP ID");
	refused(two_msps_of_one_name,
		SUB("Orderer") "Attempted to define two different versions of MSP: Org2MSP");
}

static void values_that_do_not_parse_are_named(void **state)
{
	Common__Config *config = golden_config("genesis.solo.block");
	struct chanconf *c = NULL;
	struct ord_err e = ERR_INIT;

	(void)state;
	broken_value(config);
	assert_int_equal(chanconf_new("testchainid", config, &c, &e), ORD_EINVAL);
	assert_non_null(strstr(e.msg, SUB("Orderer") "failed to deserialize values: BatchSize: "));
	wire_free(config);
}

/* ---- policies and names -------------------------------------------------- */

static void nil_policy(Common__Config *c)
{
	Common__ConfigGroup *g = group_at(c, "Orderer/OrdererOrg");

	wire_free(g->policies[0]->value->policy);
	g->policies[0]->value->policy = NULL;
}

static void bad_value_key(Common__Config *c)
{
	/* nobody looks at values of this group but for their names */
	put_bytes(group_at(c, "Consortiums"), "under_score", bytes_str(""));
}

static const char *group_name;
static void bad_group_key(Common__Config *c)
{
	add_group(group_at(c, "Consortiums"), group_name);
}

static void bad_policy_key(Common__Config *c)
{
	Common__ConfigGroup *g = group_at(c, "Orderer");

	free(g->policies[0]->key);
	g->policies[0]->key = x_strdup("a b");
}

static void policies_and_names_are_checked(void **state)
{
	char long_name[251];

	(void)state;
	refused(nil_policy, POLICIES "policy Admins at path Channel/Orderer/OrdererOrg was nil");
	refused(bad_value_key, NAMES "error converting config to map: Illegal characters in key: "
				     "[Value]  /Channel/Consortiums/under_score");
	refused(bad_policy_key, NAMES "error converting config to map: Illegal characters in key: "
				      "[Policy] /Channel/Orderer/a b");
	memset(long_name, 'x', sizeof(long_name));
	long_name[250] = '\0';
	for (const char *const *bad = (const char *const[]){"", ".", "..", "a/b", long_name, NULL};
	     *bad; bad++) {
		char *want = x_printf(NAMES "error converting config to map: Illegal characters "
					    "in key: [Group]  /Channel/Consortiums/%s",
				      *bad);

		group_name = *bad;
		refused(bad_group_key, want);
		free(want);
	}
	refused_in("genesis.solo.block", "Bad", NULL,
		   NAMES "bad channel ID: channel ID 'Bad' contains illegal characters");
}

/* ---- envelopes ----------------------------------------------------------- */

static void only_config_messages_hold_a_configuration(void **state)
{
	struct ord_block *b = test_block("blocks/mychannel.010.block");
	struct ord_env *env = NULL;
	struct chanconf *c = NULL;
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(env_parse(b->data[0], &env, &e), &e);
	test_fails(chanconf_from_env(env, &c, &e), &e, ORD_EINVAL,
		   "not a CONFIG message but ENDORSER_TRANSACTION");
	env_unref(env);
	env = env_make(bytes_str("\xff"), bytes_of(NULL, 0));
	test_fails(chanconf_from_env(env, &c, &e), &e, ORD_EINVAL,
		   "failed to unmarshal channel header");
	env_unref(env);
	block_unref(b);
}

static void a_config_envelope_must_hold_a_config(void **state)
{
	struct wire_header_spec h = {.type = WIRE_CONFIG, .channel_id = "a"};
	struct chanconf *c = NULL;
	struct ord_err e = ERR_INIT;
	struct ord_env *env;

	(void)state;
	env = env_unsigned(&h, bytes_of(NULL, 0));
	test_fails(chanconf_from_env(env, &c, &e), &e, ORD_EINVAL,
		   "channelconfig Config cannot be nil");
	env_unref(env);
	env = env_unsigned(&h, bytes_str("\x0a"));
	assert_int_equal(chanconf_from_env(env, &c, &e), ORD_EINVAL);
	assert_non_null(strstr(e.msg, "failed to unmarshal config envelope from payload: "));
	env_unref(env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(channel_values_are_checked),
		cmocka_unit_test(batch_sizes_are_checked),
		cmocka_unit_test(batch_timeouts_are_checked),
		cmocka_unit_test(kafka_brokers_are_checked),
		cmocka_unit_test(organisations_are_checked),
		cmocka_unit_test(msps_are_checked),
		cmocka_unit_test(values_that_do_not_parse_are_named),
		cmocka_unit_test(policies_and_names_are_checked),
		cmocka_unit_test(only_config_messages_hold_a_configuration),
		cmocka_unit_test(a_config_envelope_must_hold_a_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
