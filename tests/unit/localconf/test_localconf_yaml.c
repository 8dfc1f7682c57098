/* SPDX-License-Identifier: Apache-2.0 */
/* Fabric's orderer.yaml as it is, and what YAML can do to a reader. */
#include "conf_test.h"

static char *no_environment[] = {NULL};

static struct localconf *load_golden(const char *name)
{
	struct buf text = test_golden(name);
	char *path = conf_write("orderer.yaml", buf_cstr(&text));
	struct ord_err e = ERR_INIT;
	struct localconf *c = NULL;

	test_ok(localconf_load(path, NULL, no_environment, &c, &e), &e);
	buf_fini(&text);
	free(path);
	return c;
}

static void a_file_of_1_4_loads_unchanged(void **state)
{
	struct localconf *c = load_golden("localconf/orderer-1.4.yaml");
	char *origin = conf_expand("@/orderer.yaml:28");

	(void)state;
	conf_is(c, "General.ListenAddress", "0.0.0.0");
	assert_int_equal(localconf_uint(c, "General.ListenPort"), 7051);
	assert_true(localconf_bool(c, "General.TLS.Enabled"));
	conf_is(c, "General.TLS.PrivateKey", "@/tls/orderer.key");
	conf_is(c, "General.TLS.Certificate", "/abs/orderer.crt");
	assert_string_equal(localconf_list(c, "General.TLS.RootCAs")[1], "/abs/other.crt");
	assert_null(localconf_list(c, "General.TLS.ClientRootCAs")[0]);
	conf_is(c, "General.BootstrapMethod", "provisional");
	assert_string_equal(localconf_origin(c, "General.BootstrapMethod"), origin);
	conf_is(c, "General.BootstrapFile", "@/first.block");
	conf_is(c, "General.GenesisProfile", "TwoOrgs");
	conf_is(c, "General.LocalMSPDir", "@/crypto/msp");
	assert_int_equal(localconf_duration_ns(c, "General.Authentication.TimeWindow"),
			 300 * CLOCK_SEC_NS);
	localconf_free(c);
	free(origin);
}

static void a_file_of_2_5_loads_unchanged(void **state)
{
	struct localconf *c = load_golden("localconf/orderer-2.5.yaml");

	(void)state;
	conf_is(c, "General.BootstrapMethod", "none");
	conf_is(c, "General.BootstrapFile", "@/genesisblock");
	assert_int_equal(localconf_uint(c, "General.MaxRecvMsgSize"), 52428800);
	assert_int_equal(localconf_uint(c, "ChannelParticipation.MaxRequestBodySize"), 1 << 20);
	conf_is(c, "FileLedger.Location", "/var/ledger");
	localconf_free(c);
}

static void mistakes_are_named_with_their_line_in_yaml(void **state)
{
	static const struct {
		const char *yaml, *why; /* behind "@/orderer.yaml" */
	} rows[] = {
		{"General:\n  TLS:\n    Enable: true\n",
		 ":3: unknown key General.TLS.Enable; did you mean General.TLS.Enabled?"},
		{"General:\n  LogLevel:\n",
		 ":2: General.LogLevel is no longer a setting; set FABRIC_LOGGING_SPEC in the "
		 "environment instead"},
		{"General:\n  TLS: yes\n", ":2: General.TLS is a section: expected keys below it"},
		{"General:\n  ListenPort:\n    Port: 1\n",
		 ":3: unknown key General.ListenPort.Port; did you mean General.ListenPort?"},
		{"General:\n  ListenPort: seven\n",
		 ":2: General.ListenPort is \"seven\", expected a port number from 0 to 65535"},
		{"General:\n  ListenPort: 1\n  listenport: 2\n",
		 ":3: General.listenport is set twice, first at @/orderer.yaml:2"},
		{"General: 1\nGeneral: 2\n", ":2: key General is given twice"},
		{"General: *b\n", ":1: *b: no such anchor above"},
		{"General:\n  ListenPort: [1]\n",
		 ":2: General.ListenPort takes one value, not a list"},
		{"General:\n  TLS:\n    RootCAs: [[a]]\n",
		 ":3: General.TLS.RootCAs has an element that is no text"},
		{"General:\n  TLS:\n    RootCAs: [\"a,b\"]\n",
		 ":3: General.TLS.RootCAs has an element with a comma in it"},
		{"Kafka:\n  TLS:\n    PrivateKey:\n      File:\n",
		 ":4: Kafka.TLS.PrivateKey.File is empty, expected the path of a file"},
		{"General:\n  LocalMSPID: \"a\\nb\"\n",
		 ":2: the value of General.LocalMSPID has a control character"},
		{"General:\n  ? [a]\n  : 1\n", ":1: a key must be plain text"},
		{"- General\n", ": expected sections such as \"General:\""},
		{"General\n", ":1: expected sections such as \"General:\""},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++) {
		char *why = x_printf("@/orderer.yaml%s", rows[i].why);

		conf_refuses("orderer.yaml", rows[i].yaml, no_environment, why);
		free(why);
	}
}

static void broken_yaml_is_refused_with_its_line(void **state)
{
	static const char *const rows[] = {"General:\n\tTLS: 1\n", "a: [1\nb: 2\n", "a: \"\xff\"\n",
					   "%a:\xf6 b\n\n"};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++) {
		struct ord_err e = ERR_INIT;
		char *path = conf_write("orderer.yaml", rows[i]);
		char *start = x_printf("%s:", path);
		struct localconf *c;

		assert_int_equal(localconf_load(path, NULL, no_environment, &c, &e), ORD_EINVAL);
		if (strncmp(e.msg, start, strlen(start)) != 0 || !strstr(e.msg, "not YAML"))
			fail_msg("%s", e.msg);
		free(path);
		free(start);
	}
}

static void nothing_in_the_file_is_fine(void **state)
{
	static const char *const rows[] = {"",
					   "\n",
					   "# only\n  # comments",
					   "---\n",
					   "{}\n",
					   "General:\nConsensus:\n",
					   "General: ~\n"};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++) {
		struct localconf *c = conf_load("orderer.yaml", rows[i], no_environment);

		conf_is(c, "General.LocalMSPID", "SampleOrg");
		localconf_free(c);
	}
}

static void anchors_merges_and_files_are_followed(void **state)
{
	static const char yaml[] = "General:\n"
				   "  TLS: &tls\n    Enabled: true\n    ClientAuthRequired: on\n"
				   "  ListenPort: 1\n"
				   "Operations:\n  TLS:\n    <<: *tls\n    Enabled: false\n"
				   "Kafka:\n  TLS:\n    RootCAs:\n      File: @/a.pem\n"
				   "    Certificate: |\n      -----BEGIN X-----\n"
				   "  SASLPlain: {Password: 'null'}\n"
				   "Consensus: {Own: {Deep: [1, {a: b}]}}\n";
	char *text = conf_expand(yaml);
	struct localconf *c;

	(void)state;
	free(conf_write("a.pem", "-----BEGIN Y-----\n"));
	c = conf_load("orderer.yaml", text, no_environment);
	assert_true(localconf_bool(c, "Operations.TLS.ClientAuthRequired"));
	assert_false(localconf_bool(c, "Operations.TLS.Enabled"));
	conf_is(c, "Kafka.TLS.RootCAs", "-----BEGIN Y-----\n");
	conf_is(c, "Kafka.TLS.Certificate", "-----BEGIN X-----\n");
	conf_is(c, "Kafka.SASLPlain.Password", "null");
	localconf_free(c);
	free(text);
}

/* A small file that would be a billion nodes, one that holds itself, and one too deep. */
static void bombs_do_not_go_off(void **state)
{
	struct buf bomb = BUF_INIT, deep = BUF_INIT;

	(void)state;
	buf_add_str(&bomb, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 10; i++)
		buf_printf(&bomb, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i,
			   i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	for (int i = 0; i < 70; i++)
		buf_printf(&deep, "%*sa:\n", i, "");
	conf_refuses("orderer.yaml", buf_cstr(&bomb), no_environment,
		     "@/orderer.yaml:6: more than 100000 values, aliases written out");
	conf_refuses("orderer.yaml", "General: &g\n  TLS: *g\n", no_environment,
		     "@/orderer.yaml:2: nested more than 64 deep; does an anchor hold itself?");
	conf_refuses("orderer.yaml", buf_cstr(&deep), no_environment,
		     "@/orderer.yaml:64: not YAML: Max depth (64) exceeded");
	buf_fini(&bomb);
	buf_fini(&deep);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, conf_setup, conf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_of_1_4_loads_unchanged),
		TEST(a_file_of_2_5_loads_unchanged),
		TEST(mistakes_are_named_with_their_line_in_yaml),
		TEST(broken_yaml_is_refused_with_its_line),
		TEST(nothing_in_the_file_is_fine),
		TEST(anchors_merges_and_files_are_followed),
		TEST(bombs_do_not_go_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
