/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl config get, set, add-org and remove-org, without an orderer: what the update says. */
#include "ctl_run.h"

#include <wire/wire.h>

#define BLOCK "blocks/mychannel.003.block"

static struct ctl_run get(const char *block, const char *key)
{
	char *path = test_golden_path("%s", block);
	struct ctl_run r = ctl_run("config", "get", "--config-block", path, (char *)key);

	free(path);
	return r;
}

static void what_is_set_is_listed(void **state)
{
	struct ctl_run r = get(BLOCK, NULL);

	(void)state;
	ctl_expect(&r, 0,
		   "channel.capability = V1_4_3\n"
		   "orderer.capability = V1_4_2\n"
		   "application.capability = V1_4_2\n"
		   "orderer.addresses = 127.0.0.1:7050\n"
		   "orderer.batch-timeout = 2s\n"
		   "orderer.batch-size.max-message-count = 5\n"
		   "orderer.batch-size.absolute-max-bytes = 103809024\n"
		   "orderer.batch-size.preferred-max-bytes = 524288\n"
		   "orderer.consensus-type = solo\n"
		   "orderer.consensus-state = normal\n"
		   "orderer.max-channels = 0\n"
		   "anchor-peers.Org1MSP = peer0.org1.example.com:7051\n"
		   "anchor-peers.Org2MSP = peer0.org2.example.com:9051\n",
		   "");
	r = get("blocks/genesis.kafka.block", "orderer.kafka-brokers");
	ctl_expect(&r, 0, "127.0.0.1:9092\n", "");
	r = get("blocks/genesis.kafka.block", "orderer.kafka-exactly-once");
	ctl_expect(&r, 0, "false\n", "");
}

/* ---- set ----------------------------------------------------------------- */

static const struct {
	const char *key, *text;
	const char *want; /* the line of the dry run that tells the change */
} settable[] = {
	{"channel.capability", "V2_0", "- \"V1_4_3\": {}"},
	{"orderer.capability", "V2_0", "+ \"V2_0\": {}"},
	{"application.capability", "V2_5", "+ \"V2_5\": {}"},
	{"orderer.addresses", "a:1,b:2", "+ \"b:2\""},
	{"orderer.batch-timeout", "500ms", "timeout: \"2s\" -> \"500ms\""},
	{"orderer.batch-size.max-message-count", "9", "max_message_count: 5 -> 9"},
	{"orderer.batch-size.absolute-max-bytes", "10MB",
	 "absolute_max_bytes: 103809024 -> 10485760"},
	{"orderer.batch-size.preferred-max-bytes", "1m", "preferred_max_bytes: 524288 -> 1048576"},
	{"orderer.consensus-type", "kafka", "type: \"solo\" -> \"kafka\""},
	{"orderer.consensus-state", "maintenance",
	 "state: \"STATE_NORMAL\" -> \"STATE_MAINTENANCE\""},
	{"orderer.kafka-brokers", "k:9092", "{\"brokers\": [\"k:9092\"]}"},
	{"orderer.max-channels", "7", "max_count: \"0\" -> \"7\""},
	{"orderer.endpoints.OrdererOrg", "o:7050", "{\"addresses\": [\"o:7050\"]}"},
	{"anchor-peers.Org1MSP", "p:7051", "host: \"peer0.org1.example.com\" -> \"p\""},
	{"acl.peer/Propose", "/Channel/Application/Writers",
	 "{\"acls\": {\"peer/Propose\": {\"policy_ref\": \"/Channel/Application/Writers\"}}}"},
};

static void every_key_can_be_set(void **state)
{
	char *block = test_golden_path(BLOCK);

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(settable); i++) {
		struct ctl_run r = ctl_run("config", "set", "--config-block", block, "--dry-run",
					   (char *)settable[i].key, (char *)settable[i].text);

		assert_int_equal(r.code, 1); /* nobody signed */
		assert_string_equal(r.err,
				    "ordererctl config set: the orderer would refuse this\n");
		if (!strstr(r.out, settable[i].want))
			fail_msg("%s: '%s' is not in: %s", settable[i].key, settable[i].want,
				 r.out);
		ctl_run_free(&r);
	}
	free(block);
}

static const struct {
	const char *key, *text, *want;
} unsettable[] = {
	{"orderer.batch-timeot", "1s",
	 "unknown key 'orderer.batch-timeot': did you mean 'orderer.batch-timeout'?"},
	{"zzz", "1s", "unknown key 'zzz': 'config get' lists those that are set"},
	{"acl.", "x", "key 'acl.' wants a name behind its dot"},
	{"orderer.batch-timeout", "2",
	 "orderer.batch-timeout '2': want a duration such as 500ms or 2s"},
	{"orderer.batch-timeout", "0s",
	 "orderer.batch-timeout '0s': want a duration such as 500ms or 2s"},
	{"orderer.batch-size.max-message-count", "x",
	 "orderer.batch-size.max-message-count 'x': want a number"},
	{"orderer.batch-size.max-message-count", "4294967296",
	 "orderer.batch-size.max-message-count '4294967296': want less than 4 G"},
	{"orderer.batch-size.absolute-max-bytes", "8 T",
	 "orderer.batch-size.absolute-max-bytes '8 T': want a size such as 524288, 512k or 2MB"},
	{"orderer.consensus-state", "idle",
	 "orderer.consensus-state 'idle': want normal or maintenance"},
	{"orderer.kafka-exactly-once", "yes",
	 "orderer.kafka-exactly-once 'yes': want true or false"},
	{"orderer.kafka-exactly-once", "true",
	 "orderer.kafka-exactly-once 'true': the consensus type is solo, not kafka"},
	{"orderer.kafka-brokers", "a:1,,b:2",
	 "orderer.kafka-brokers 'a:1,,b:2': an element is empty"},
	{"orderer.kafka-brokers", "a",
	 "orderer.kafka-brokers 'a': want HOST:PORT, or several with "
	 "commas"},
	{"channel.capability", "1.4", "channel.capability '1.4': want a capability such as V1_4_3"},
	{"anchor-peers.Nobody", "a:1", "there is no group /Channel/Application/Nobody"},
	{"orderer.batch-timeout", "2s",
	 "no differences detected between original and updated config"},
};

static void what_cannot_be_set_is_one_sentence(void **state)
{
	char *block = test_golden_path(BLOCK);

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(unsettable); i++) {
		struct ctl_run r = ctl_run("config", "set", "--config-block", block, "--dry-run",
					   (char *)unsettable[i].key, (char *)unsettable[i].text);
		char *want = x_printf("ordererctl config set: %s\n", unsettable[i].want);

		ctl_expect(&r, 1, "", want);
		free(want);
	}
	free(block);
}

static void an_acl_can_be_taken_back(void **state)
{
	char *block = test_golden_path(BLOCK);
	struct ctl_run r = ctl_run("config", "set", "--config-block", block, "--dry-run", "acl.a",
				   "x", "acl.b", "y", "acl.a", "");

	(void)state;
	assert_non_null(strstr(r.out, "{\"acls\": {\"b\": {\"policy_ref\": \"y\"}}}"));
	ctl_run_free(&r);
	free(block);
}

/* Of the consensus type that the command line itself sets, too. */
static void exactly_once_is_of_kafka(void **state)
{
	char *kafka = test_golden_path("blocks/genesis.kafka.block"),
	     *solo = test_golden_path(BLOCK);
	struct ctl_run r = ctl_run("config", "set", "--config-block", kafka, "--dry-run",
				   "orderer.kafka-exactly-once", "true");

	(void)state;
	assert_non_null(strstr(r.out, "+ \"exactly_once\": true"));
	ctl_run_free(&r);
	r = ctl_run("config", "set", "--config-block", solo, "--dry-run", "orderer.consensus-type",
		    "kafka", "orderer.kafka-exactly-once", "true");
	assert_non_null(strstr(r.out, "+ \"exactly_once\": true"));
	ctl_run_free(&r);
	r = ctl_run("config", "set", "--config-block", kafka, "--dry-run",
		    "orderer.kafka-exactly-once", "true", "orderer.kafka-exactly-once", "false");
	ctl_expect(&r, 1, "",
		   "ordererctl config set: no differences detected between original and updated "
		   "config\n");
	free(kafka);
	free(solo);
}

static void options_that_do_not_fit_are_refused(void **state)
{
	char *block = test_golden_path(BLOCK);
	struct ctl_run r = ctl_run("config", "set", "a", "b");

	(void)state;
	ctl_expect(&r, 1, "",
		   "ordererctl config set: say which configuration: --channel or --config-block\n");
	r = ctl_run("config", "set", "--config-block", block, "a", "b");
	ctl_expect(&r, 1, "", "ordererctl config set: option --identity is missing\n");
	r = ctl_run("config", "set", "--config-block", block, "a", "b", "c");
	ctl_expect(&r, 1, "", "ordererctl config set: the value of c is missing\n");
	r = ctl_run("config", "get", "--channel", "mychannel");
	ctl_expect(&r, 1, "", "ordererctl config get: option --identity is missing\n");
	free(block);
}

/* ---- organisations ------------------------------------------------------- */

static void an_organisation_is_added_of_its_msp(void **state)
{
	char *block = test_golden_path(BLOCK), *dir = test_dir(), *tx = file_join(dir, "tx"), *json;
	char *msp = test_golden_path("crypto-config/ordererOrganizations/example.com/msp");

	(void)state;
	free(ctl_answer(ctl_run("config", "add-org", "Org3", msp, "--mspid", "Org3MSP",
				"--endorsement", "OR('Org3MSP.peer')", "--config-block", block,
				"--output", tx)));
	json = ctl_answer(ctl_run("decode", "--type", "common.Envelope", tx));
	assert_non_null(strstr(json, "\"Org3\": {"));
	assert_non_null(strstr(json, "\"name\": \"Org3MSP\""));
	assert_non_null(strstr(json, "\"Endorsement\": {"));
	assert_non_null(strstr(json, "\"channel_id\": \"mychannel\""));
	free(json);
	free(msp);
	free(tx);
	free(block);
	test_rmdir(dir);
}

/* The JSON of a group as configtxgen prints it, out of the block's own. */
static char *org_json(const char *block)
{
	char *json = ctl_answer(ctl_run("block", "show", (char *)block));
	char *begin = strstr(json, "\"Org2MSP\": {"), *end, *text;

	assert_non_null(begin);
	begin += strlen("\"Org2MSP\": ");
	end = strstr(begin, "\"version\": \"1\"\n"); /* of the group, behind its members */
	assert_non_null(end);
	end = strchr(end, '}');
	text = x_strndup(begin, (size_t)(end + 1 - begin));
	free(json);
	return text;
}

static void an_organisation_is_added_of_its_json(void **state)
{
	char *block = test_golden_path(BLOCK), *dir = test_dir(),
	     *file = file_join(dir, "org.json");
	char *json = org_json(block);
	struct ctl_run r;

	(void)state;
	test_write(file, bytes_str(json));
	r = ctl_run("config", "add-org", "Again", file, "--config-block", block, "--dry-run");
	assert_non_null(strstr(r.out, "  + [Group]  /Channel/Application/Again\n"));
	assert_non_null(strstr(r.out, "  + [Value]  /Channel/Application/Again/MSP\n"));
	assert_non_null(strstr(r.out, "  + [Policy] /Channel/Application/Again/Admins\n"));
	ctl_run_free(&r);
	r = ctl_run("config", "add-org", "Org1MSP", file, "--config-block", block, "--dry-run");
	ctl_expect(&r, 1, "", "ordererctl config add-org: organisation Org1MSP is there already\n");
	test_write(file, bytes_str("{}"));
	r = ctl_run("config", "add-org", "Again", file, "--config-block", block, "--dry-run");
	assert_int_equal(r.code, 1);
	assert_non_null(strstr(r.err, "org.json: an organisation needs an MSP\n"));
	ctl_run_free(&r);
	free(json);
	free(file);
	free(block);
	test_rmdir(dir);
}

static void an_organisation_is_removed(void **state)
{
	char *block = test_golden_path(BLOCK);
	struct ctl_run r =
		ctl_run("config", "remove-org", "Org2MSP", "--config-block", block, "--dry-run");

	(void)state;
	assert_non_null(strstr(r.out,
			       "changes:\n  ~ [Group]  /Channel/Application, version 1 -> 2\n"
			       "  - [Group]  /Channel/Application/Org2MSP\npolicies"));
	ctl_run_free(&r);
	r = ctl_run("config", "remove-org", "Org2MSP", "--config-block", block, "--dry-run",
		    "--group", "orderer");
	ctl_expect(&r, 1, "", "ordererctl config remove-org: there is no organisation Org2MSP\n");
	r = ctl_run("config", "remove-org", "Org2MSP", "--config-block", block, "--dry-run",
		    "--group", "consortium:C");
	ctl_expect(&r, 1, "",
		   "ordererctl config remove-org: there is no group /Channel/Consortiums/C\n");
	r = ctl_run("config", "remove-org", "Org2MSP", "--config-block", block, "--dry-run",
		    "--group", "consortium:");
	ctl_expect(&r, 1, "",
		   "ordererctl config remove-org: --group 'consortium:': want application, orderer "
		   "or consortium:NAME\n");
	free(block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_set_is_listed),
		cmocka_unit_test(every_key_can_be_set),
		cmocka_unit_test(what_cannot_be_set_is_one_sentence),
		cmocka_unit_test(an_acl_can_be_taken_back),
		cmocka_unit_test(exactly_once_is_of_kafka),
		cmocka_unit_test(options_that_do_not_fit_are_refused),
		cmocka_unit_test(an_organisation_is_added_of_its_msp),
		cmocka_unit_test(an_organisation_is_added_of_its_json),
		cmocka_unit_test(an_organisation_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
