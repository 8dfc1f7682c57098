/* SPDX-License-Identifier: Apache-2.0 */
/* Sections with any names in them: what of them arrives, and that their values are not printed. */
#include "conf_test.h"

static const struct localconf_row rows[] = {
	{.key = "kafka.Verbose", .type = LOCALCONF_BOOL, .fallback = "false", .help = "Talk."},
	{.key = "kafka.Client.Known", .type = LOCALCONF_UINT, .fallback = "7", .help = "Known."},
	{.key = "kafka.Client", .type = LOCALCONF_MAP, .help = "The library's."},
	{.key = "solo.Durable", .type = LOCALCONF_BOOL, .fallback = "true", .help = "Sync."},
	{.key = NULL},
};

static char *no_environment[] = {NULL};

static struct localconf *load(const char *name, const char *text, char **environment)
{
	struct ord_err e = ERR_INIT;
	char *path = conf_write(name, text);
	struct localconf *c = NULL;

	test_ok(localconf_load(path, rows, environment, &c, &e), &e);
	assert_null(localconf_warnings(c)[0]);
	free(path);
	return c;
}

static void names_arrive_in_order_and_lower_case(void **state)
{
	struct localconf *c = load("ordererd.ini",
				   "[Kafka.Client]\nLinger.MS = 5\nssl.cipher.suites = \"a;b=c\"\n"
				   "[kafka]\nVerbose = true\nclient.debug = all\n"
				   "[KAFKA.CLIENT.a]\nb_c-d = 1 # one\nempty =\n",
				   no_environment);

	(void)state;
	conf_is(c, "Kafka.Client", "linger.ms=5\nssl.cipher.suites=a;b=c\ndebug=all\na.b_c-d=1\n");
	conf_is(c, "Kafka.Client.Known", "7");
	localconf_free(c);
	c = load("ordererd.ini", "[Kafka.Client]\n", no_environment);
	conf_is(c, "Kafka.Client", "");
	localconf_free(c);
}

static void a_key_of_its_own_is_none_of_the_map(void **state)
{
	char *environment[] = {"ORDERER_KAFKA_CLIENT_KNOWN=3", NULL};
	struct localconf *c =
		load("ordererd.ini", "[Kafka.Client]\nKnown = 2\nx = y\n", no_environment);

	(void)state;
	assert_int_equal(localconf_uint(c, "Kafka.Client.Known"), 2);
	conf_is(c, "Kafka.Client", "x=y\n");
	localconf_free(c);
	c = load("ordererd.ini", "", environment);
	assert_int_equal(localconf_uint(c, "Kafka.Client.Known"), 3);
	conf_is(c, "Kafka.Client", "");
	localconf_free(c);
}

static void the_environment_comes_last_and_wins(void **state)
{
	char *environment[] = {"ORDERER_KAFKA_CLIENT_LINGER_MS=9", "ORDERER_KAFKA_Client_Acks=1",
			       "ORDERER_KAFKA_CLIENT_DEBUG=", "ORDERER_KAFKA_VERBOSE=true", NULL};
	struct localconf *c =
		load("ordererd.ini", "[Kafka.Client]\nlinger.ms = 5\ndebug = all\n", environment);

	(void)state;
	conf_is(c, "Kafka.Client", "debug=all\nlinger.ms=9\nacks=1\n");
	assert_true(localconf_bool(c, "Kafka.Verbose"));
	localconf_free(c);
}

static void yaml_has_them_flat_or_nested(void **state)
{
	struct localconf *c = load("orderer.yaml",
				   "Kafka:\n  Client:\n    linger.ms: 5\n    ssl:\n"
				   "      ca:\n        location: /ca.pem\n    debug:\n",
				   no_environment);

	(void)state;
	conf_is(c, "Kafka.Client", "linger.ms=5\nssl.ca.location=/ca.pem\n");
	localconf_free(c);
	c = load("orderer.yaml", "Kafka:\n  Client:\n", no_environment);
	conf_is(c, "Kafka.Client", "");
	localconf_free(c);
}

static void mistakes_are_named(void **state)
{
	static const struct {
		const char *file, *text, *why;
	} all[] = {
		{"ordererd.ini", "[Kafka.Client]\na = 1\nA = 2\n",
		 "@/ordererd.ini:3: Kafka.Client.A is set twice, first at @/ordererd.ini:2"},
		{"ordererd.ini", "[Kafka.Client]\na b = 1\n",
		 "@/ordererd.ini:2: 'a b' is no name for kafka.Client: use letters, digits, dots, "
		 "dashes and underscores"},
		{"ordererd.ini", "[Kafka]\nClient = 1\n",
		 "@/ordererd.ini:2: Kafka.Client is a section: expected keys below it"},
		{"ordererd.ini", "[Kafka.Clients]\na = 1\n",
		 "@/ordererd.ini:1: unknown section Kafka.Clients; did you mean kafka.Client?"},
		{"ordererd.ini", "[solo.Client]\na = 1\n",
		 "@/ordererd.ini:1: unknown section solo.Client; ordererd.ini(5) lists all"},
		{"orderer.yaml", "Kafka:\n  Client: 1\n",
		 "@/orderer.yaml:2: Kafka.Client is a section: expected keys below it"},
		{"orderer.yaml", "Kafka:\n  Client: {a: [b, c]}\n",
		 "@/orderer.yaml:2: Kafka.Client.a takes one value, not a list"},
		{"orderer.yaml", "Kafka:\n  Client: {a=b: c}\n",
		 "@/orderer.yaml:2: 'a=b' is no name for kafka.Client: use letters, digits, dots, "
		 "dashes and underscores"},
		{"orderer.yaml", "Kafka:\n  Client: {a: \"b\\nacks=0\"}\n",
		 "@/orderer.yaml:2: the value of kafka.Client.a has a control character"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(all); i++) {
		struct ord_err e = ERR_INIT;
		char *path = conf_write(all[i].file, all[i].text);
		char *want = conf_expand(all[i].why);
		struct localconf *c;

		test_fails(localconf_load(path, rows, no_environment, &c, &e), &e, ORD_EINVAL,
			   want);
		free(want);
		free(path);
	}
}

static void values_are_never_printed(void **state)
{
	struct localconf *c = load("ordererd.ini", "[Kafka.Client]\nsasl.password = pssst\na = b\n",
				   no_environment);
	struct buf b = BUF_INIT;
	char *want;

	(void)state;
	localconf_dump(c, &b);
	assert_non_null(strstr(buf_cstr(&b), "\nkafka.Client.sasl.password = ***\n"));
	assert_null(strstr(buf_cstr(&b), "pssst"));
	b.len = 0;
	localconf_dump_given(c, &b);
	want = conf_expand("kafka.Client.sasl.password = *** (@/ordererd.ini:2)\n"
			   "kafka.Client.a = *** (@/ordererd.ini:3)\n");
	assert_string_equal(buf_cstr(&b), want);
	free(want);
	b.len = 0;
	localconf_explain(c, &b);
	want = conf_expand("# The library's.\n# from: @/ordererd.ini:3\nkafka.Client.a = ***\n\n");
	assert_non_null(strstr(buf_cstr(&b), want));
	assert_null(strstr(buf_cstr(&b), "pssst"));
	free(want);
	localconf_free(c);
	c = load("ordererd.ini", "", no_environment);
	b.len = 0;
	localconf_explain(c, &b);
	assert_non_null(
		strstr(buf_cstr(&b), "# The library's.\n# from: default\nkafka.Client.* = \n\n"));
	localconf_free(c);
	buf_fini(&b);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, conf_setup, conf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_arrive_in_order_and_lower_case),
		TEST(a_key_of_its_own_is_none_of_the_map),
		TEST(the_environment_comes_last_and_wins),
		TEST(yaml_has_them_flat_or_nested),
		TEST(mistakes_are_named),
		TEST(values_are_never_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
