/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl config-update check: what Fabric's orderer said is what the dry run says. */
#include "ctl_run.h"

#define SUBJECT(who, ou) who " 'CN=" ou ",L=San Francisco,ST=California,C=US'"
#define ORDERER_ADMIN    SUBJECT("OrdererMSP", "Admin@example.com,OU=admin")
#define ORG1_ADMIN       SUBJECT("Org1MSP", "Admin@org1.example.com,OU=admin")

static const struct {
	const char *block, *update;
	int code;
	const char *want; /* on standard output */
} cases[] = {
	{"blocks/mychannel.002.block", "tx/batchsize.signed-ordereradmin.tx", 0,
	 "channel mychannel, sequence 3\n"
	 "changes:\n"
	 "  ~ [Value]  /Channel/Orderer/BatchSize, version 0 -> 1\n"
	 "      max_message_count: 10 -> 5\n"
	 "policies that this needs:\n"
	 "  yes /Channel/Orderer/Admins\n"
	 "signatures on the update:\n"
	 "  signed by " ORDERER_ADMIN "\n"
	 "answer: 200 SUCCESS\n"},
	/* as it comes from compute_update */
	{"blocks/mychannel.002.block", "tx/batchsize.configupdate.pb", 1,
	 "channel mychannel, sequence 3\n"
	 "changes:\n"
	 "  ~ [Value]  /Channel/Orderer/BatchSize, version 0 -> 1\n"
	 "      max_message_count: 10 -> 5\n"
	 "policies that this needs:\n"
	 "  no  /Channel/Orderer/Admins: missing OrdererMSP.admin\n"
	 "signatures on the update:\n"
	 "  nobody signed\n"
	 "  the envelope is not signed: whoever sends it must satisfy /Channel/Writers\n"
	 "answer: 400 BAD_REQUEST: error applying config update to existing channel 'mychannel': "
	 "error authorizing update: error validating DeltaSet: policy for [Value]  "
	 "/Channel/Orderer/BatchSize not satisfied: implicit policy evaluation failed - 0 "
	 "sub-policies were satisfied, but this policy requires 1 of the 'Admins' sub-policies to "
	 "be satisfied\n"},
	{"blocks/mychannel.000.block", "tx/mychannel.Org1MSPanchors.signed-org1admin.tx", 0,
	 "channel mychannel, sequence 1\n"
	 "changes:\n"
	 "  ~ [Group]  /Channel/Application/Org1MSP, version 0 -> 1\n"
	 "  + [Value]  /Channel/Application/Org1MSP/AnchorPeers\n"
	 "      {\"anchor_peers\": [{\"host\": \"peer0.org1.example.com\", \"port\": 7051}]}\n"
	 "policies that this needs:\n"
	 "  yes /Channel/Application/Org1MSP/Admins\n"
	 "signatures on the update:\n"
	 "  signed by " ORG1_ADMIN "\n"
	 "answer: 200 SUCCESS\n"},
	/* a second time: it was made for the configuration before */
	{"blocks/mychannel.001.block", "tx/mychannel.Org1MSPanchors.signed-org1admin.tx", 1,
	 "channel mychannel, sequence 2\n"
	 "changes:\n"
	 "  none\n"
	 "policies that this needs:\n"
	 "  yes /Channel/Application/Org1MSP/Admins\n"
	 "signatures on the update:\n"
	 "  signed by " ORG1_ADMIN "\n"
	 "answer: 400 BAD_REQUEST: error applying config update to existing channel 'mychannel': "
	 "error authorizing update: error validating ReadSet: proposed update requires that key "
	 "[Group]  /Channel/Application/Org1MSP be at version 0, but it is currently at version "
	 "1\n"},
	{"blocks/genesis.solo.block", "tx/mychannel.signed-org1admin.tx", 0,
	 "new channel mychannel, against the template of testchainid\n"
	 "changes:\n"
	 "  ~ [Group]  /Channel/Application, version 0 -> 1\n"
	 "      mod_policy: \"ChannelCreationPolicy\" -> \"Admins\"\n"
	 "  + [Value]  /Channel/Application/Capabilities\n"
	 "      {\"capabilities\": {\"V1_4_2\": {}}}\n"
	 "  + [Policy] /Channel/Application/Admins\n"
	 "      {\"type\": 3, \"value\": {\"rule\": \"MAJORITY\", \"sub_policy\": \"Admins\"}}\n"
	 "  - [Policy] /Channel/Application/ChannelCreationPolicy\n"
	 "  + [Policy] /Channel/Application/Readers\n"
	 "      {\"type\": 3, \"value\": {\"rule\": \"ANY\", \"sub_policy\": \"Readers\"}}\n"
	 "  + [Policy] /Channel/Application/Writers\n"
	 "      {\"type\": 3, \"value\": {\"rule\": \"ANY\", \"sub_policy\": \"Writers\"}}\n"
	 "policies that this needs:\n"
	 "  yes /Channel/Application/ChannelCreationPolicy\n"
	 "signatures on the update:\n"
	 "  signed by " ORG1_ADMIN "\n"
	 "answer: 200 SUCCESS\n"},
};

static void the_dry_run_says_what_the_orderer_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++) {
		char *block = test_golden_path("%s", cases[i].block);
		char *update = test_golden_path("%s", cases[i].update);
		char *err = cases[i].code == 0
				    ? x_strdup("")
				    : x_printf("ordererctl config-update check: the orderer would "
					       "refuse %s\n",
					       update);
		struct ctl_run r = ctl_run("config-update", "check", "--config-block", block,
					   "--update", update);

		ctl_expect(&r, cases[i].code, cases[i].want, err);
		free(block);
		free(update);
		free(err);
	}
}

/* What has no answer is one sentence, and nothing else. */
static void refused(const char *block, const char *update, const char *want)
{
	char *b = test_golden_path("%s", block), *u = test_golden_path("%s", update);
	struct ctl_run r = ctl_run("config-update", "check", "--config-block", b, "--update", u);
	char *err = x_printf("ordererctl config-update check: %s%s\n", *want == ':' ? u : "", want);

	ctl_expect(&r, 1, "", err);
	free(b);
	free(u);
	free(err);
}

static void files_of_another_kind_are_refused(void **state)
{
	(void)state;
	refused("blocks/mychannel.002.block", "tx/oldcapschannel.tx",
		": the update is for channel 'oldcapschannel', the configuration is that of "
		"'mychannel'");
	refused("blocks/mychannel.002.block", "tx/endorser.tx",
		": it is of type ENDORSER_TRANSACTION, not CONFIG_UPDATE");
	refused("blocks/mychannel.002.block", "tx/config.original.pb",
		": neither an Envelope nor a ConfigUpdate");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_dry_run_says_what_the_orderer_says),
		cmocka_unit_test(files_of_another_kind_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
