/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl policy explain: messages made by Fabric's tools against Fabric's configurations. */
#include "ctl_run.h"

#define SUBJECT(who, ou) who " 'CN=" ou ",L=San Francisco,ST=California,C=US'"
#define ORDERER_ADMIN    SUBJECT("OrdererMSP", "Admin@example.com,OU=admin")
#define ORG1_ADMIN       SUBJECT("Org1MSP", "Admin@org1.example.com,OU=admin")

static struct ctl_run explain(const char *block, const char *envelope, const char *option,
			      const char *value)
{
	char *config = test_golden_path("%s", block), *env = test_golden_path("%s", envelope);
	struct ctl_run r = ctl_run("policy", "explain", "--config-block", config, "--envelope", env,
				   (char *)option, (char *)value);

	free(config);
	free(env);
	return r;
}

static void a_satisfied_policy_is_shown_as_a_tree(void **state)
{
	struct ctl_run r =
		explain("blocks/mychannel.002.block", "tx/batchsize.signed-ordereradmin.tx",
			"--policy", "/Channel/Orderer/Admins");

	(void)state;
	ctl_expect(&r, 0,
		   "/Channel/Orderer/Admins: satisfied (the signatures on the update)\n"
		   "  signed by " ORDERER_ADMIN "\n"
		   "  yes /Channel/Orderer/Admins: 1 of the 1 'Admins' sub-policies that it needs, "
		   "of 1\n"
		   "  yes   /Channel/Orderer/OrdererOrg/Admins\n"
		   "  yes     1 of 1: 1 satisfied\n"
		   "  yes       OrdererMSP.admin\n"
		   "  yes         " ORDERER_ADMIN "\n",
		   "");
}

static void a_refusal_says_who_is_missing(void **state)
{
	struct ctl_run r = explain("blocks/mychannel.002.block",
				   "tx/mychannel.Org1MSPanchors.signed-org1admin.tx", "--policy",
				   "/Channel/Application/Admins");

	(void)state;
	ctl_expect(&r, 1,
		   "/Channel/Application/Admins: not satisfied (the signatures on the update)\n"
		   "  signed by " ORG1_ADMIN "\n"
		   "  no  /Channel/Application/Admins: 1 of the 2 'Admins' sub-policies that it "
		   "needs, of 2\n"
		   "  yes   /Channel/Application/Org1MSP/Admins\n"
		   "  yes     1 of 1: 1 satisfied\n"
		   "  yes       Org1MSP.admin\n"
		   "  yes         " ORG1_ADMIN "\n"
		   "  no    /Channel/Application/Org2MSP/Admins\n"
		   "  no      1 of 1: 0 satisfied\n"
		   "  no        Org2MSP.admin\n"
		   "  no          " ORG1_ADMIN ": the identity is a member of a different MSP "
		   "(expected Org2MSP, got Org1MSP)\n"
		   "  missing: Org2MSP.admin\n",
		   "ordererctl policy explain: /Channel/Application/Admins is not satisfied\n");
}

/* Without --policy: the writers for the message, then the policies of what the update changes. */
static void all_that_the_orderer_asks_is_asked(void **state)
{
	struct ctl_run r =
		explain("blocks/mychannel.002.block", "tx/batchsize.unsigned.tx", NULL, NULL);

	(void)state;
	assert_int_equal(r.code, 1);
	assert_string_equal(r.err,
			    "ordererctl policy explain: /Channel/Writers is not satisfied\n");
	assert_non_null(strstr(r.out, "  missing: 1 of (Org1MSP.admin, Org1MSP.client, "
				      "Org2MSP.admin, Org2MSP.client, OrdererMSP.member)\n"));
	assert_non_null(strstr(r.out, "\n/Channel/Orderer/Admins: not satisfied (the signatures "
				      "on the update)\n  nobody signed\n"));
	ctl_run_free(&r);
}

static void a_creation_is_asked_of_the_template(void **state)
{
	struct ctl_run r = explain("blocks/genesis.solo.block", "tx/mychannel.signed-org1admin.tx",
				   NULL, NULL);

	(void)state;
	assert_int_equal(r.code, 0);
	assert_string_equal(r.err, "");
	assert_int_equal(
		strncmp(r.out, "/Channel/Application/ChannelCreationPolicy: satisfied", 53), 0);
	ctl_run_free(&r);
}

static void json_says_the_same(void **state)
{
	char *config = test_golden_path("blocks/mychannel.002.block");
	char *env = test_golden_path("tx/mychannel.tx");
	struct ctl_run r = ctl_run("policy", "explain", "--config-block", config, "--envelope", env,
				   "--policy", "/Channel/Application/Nobody", "--json");

	(void)state;
	ctl_expect(&r, 1,
		   "[\n\t{\n"
		   "\t\t\"policy\": \"/Channel/Application/Nobody\",\n"
		   "\t\t\"asked_of\": \"the signatures on the update\",\n"
		   "\t\t\"satisfied\": false,\n"
		   "\t\t\"error\": \"No such policy: 'Application/Nobody'\",\n"
		   "\t\t\"missing\": \"\",\n"
		   "\t\t\"signatures\": [],\n"
		   "\t\t\"steps\": []\n"
		   "\t}\n]\n",
		   "ordererctl policy explain: /Channel/Application/Nobody is not satisfied\n");
	free(config);
	free(env);
}

static void files_that_do_not_fit_are_refused(void **state)
{
	char *config = test_golden_path("blocks/mychannel.003.block");
	char *tx = test_golden_path("tx/oldcapschannel.tx"), *want;
	struct ctl_run r = ctl_run("policy", "explain", "--config-block", config, "--envelope", tx);

	(void)state;
	want = x_printf("ordererctl policy explain: %s is for channel 'oldcapschannel', but %s "
			"holds the configuration of 'mychannel'\n",
			tx, config);
	ctl_expect(&r, 1, "", want);
	free(want);
	r = ctl_run("policy", "explain", "--config-block", tx, "--envelope", tx);
	assert_int_equal(r.code, 1);
	assert_string_equal(r.out, "");
	ctl_run_free(&r);
	r = ctl_run("policy", "explain", "--config-block", config, "--envelope", "/dev/null");
	assert_int_equal(r.code, 1);
	assert_string_equal(r.out, "");
	ctl_run_free(&r);
	free(config);
	free(tx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_satisfied_policy_is_shown_as_a_tree),
		cmocka_unit_test(a_refusal_says_who_is_missing),
		cmocka_unit_test(all_that_the_orderer_asks_is_asked),
		cmocka_unit_test(a_creation_is_asked_of_the_template),
		cmocka_unit_test(json_says_the_same),
		cmocka_unit_test(files_that_do_not_fit_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
