/* SPDX-License-Identifier: Apache-2.0 */
/* Every type of value, good and bad, with the exact refusals. */
#include "conf_test.h"

static char *no_environment[] = {NULL};

struct value_case {
	const char *section, *key, *text, *expected; /* @a expected: of the refusal */
	uint64_t want;
};

static struct localconf *load_one(const struct value_case *v)
{
	char *ini = x_printf("[%s]\n%s = %s\n", v->section, v->key, v->text);
	struct localconf *c = conf_load("ordererd.ini", ini, no_environment);

	free(ini);
	return c;
}

static void refused(const struct value_case *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct value_case *v = &rows[i];
		char *ini = x_printf("[%s]\n%s = %s\n", v->section, v->key, v->text);
		char *why = x_printf("@/ordererd.ini:2: %s.%s is \"%s\", expected %s", v->section,
				     v->key, v->text, v->expected);

		conf_refuses("ordererd.ini", ini, no_environment, why);
		free(ini);
		free(why);
	}
}

static void booleans(void **state)
{
	static const char *const good[2][9] = {
		{"false", "False", "FALSE", "f", "0", "no", "off", "N", NULL},
		{"true", "True", "TRUE", "t", "1", "yes", "on", "y", NULL},
	};
	static const struct value_case bad[] = {
		{"General.TLS", "Enabled", "tru", "true or false", 0},
		{"General.TLS", "Enabled", "2", "true or false", 0},
		{"General.TLS", "Enabled", "true false", "true or false", 0},
	};

	(void)state;
	for (int v = 0; v < 2; v++)
		for (size_t i = 0; good[v][i]; i++) {
			struct value_case one = {"General.TLS", "Enabled", good[v][i], NULL, 0};
			struct localconf *c = load_one(&one);

			assert_int_equal(localconf_bool(c, "General.TLS.Enabled"), v);
			localconf_free(c);
		}
	refused(bad, UTIL_ARRAY_LEN(bad));
}

#define PORT_TEXT "a port number from 0 to 65535"
#define SIZE_TEXT "a size such as \"512\", \"64 KB\" or \"100 MB\", "

static void numbers_and_sizes(void **state)
{
	static const struct value_case good[] = {
		{"General", "ListenPort", "65535", NULL, 65535},
		{"General", "Workers", "1024", NULL, 1024},
		{"Broadcast", "MaxInflightPerStream", "4096", NULL, 4096},
		{"Broadcast", "MaxInflightBytes", "1048576", NULL, 1 << 20},
		{"Broadcast", "MaxInflightBytes", "1024k", NULL, 1 << 20},
		{"Broadcast", "MaxInflightBytes", "1024 KB", NULL, 1 << 20},
		{"Broadcast", "MaxInflightBytes", "64 MB", NULL, 64 << 20},
		{"Broadcast", "MaxInflightBytes", "64mB", NULL, 64 << 20},
		{"Broadcast", "MaxInflightBytes", "2g", NULL, UINT64_C(2) << 30},
		{"ChannelParticipation", "MaxRequestBodySize", "4194303k", NULL, 4294966272},
	};
	static const struct value_case bad[] = {
		{"General", "ListenPort", "65536", PORT_TEXT, 0},
		{"General", "ListenPort", "-1", PORT_TEXT, 0},
		{"General", "ListenPort", "7050x", PORT_TEXT, 0},
		{"General", "ListenPort", "010", PORT_TEXT, 0},
		{"General", "ListenPort", "0x10", PORT_TEXT, 0},
		{"General", "Workers", "1025", "a whole number from 0 to 1024", 0},
		{"Broadcast", "MaxInflightPerStream", "0", "a whole number from 1 to 4096", 0},
		{"General.Cluster", "SendBufferSize", "1.5", "a whole number", 0},
		{"General.Cluster", "SendBufferSize", "18446744073709551616", "a whole number", 0},
		{"General.Cluster", "SendBufferSize", "2s", "a whole number", 0},
		{"Broadcast", "MaxInflightBytes", "1 TB", SIZE_TEXT "of at least 1048576 bytes", 0},
		{"Broadcast", "MaxInflightBytes", "1 MiB", SIZE_TEXT "of at least 1048576 bytes",
		 0},
		{"Broadcast", "MaxInflightBytes", "64 k", SIZE_TEXT "of at least 1048576 bytes", 0},
		{"Broadcast", "MaxInflightBytes", "18446744073709551615k",
		 SIZE_TEXT "of at least 1048576 bytes", 0},
		{"General", "MaxRecvMsgSize", "2g", SIZE_TEXT "from 0 to 2147483647 bytes", 0},
		{"ChannelParticipation", "MaxRequestBodySize", "4 GB",
		 SIZE_TEXT "from 0 to 4294967295 bytes", 0},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(good); i++) {
		struct localconf *c = load_one(&good[i]);
		char *key = x_printf("%s.%s", good[i].section, good[i].key);

		assert_int_equal(localconf_uint(c, key), good[i].want);
		free(key);
		localconf_free(c);
	}
	refused(bad, UTIL_ARRAY_LEN(bad));
}

static void durations(void **state)
{
	static const char expected[] = "a duration such as \"250ms\", \"30s\" or \"1h30m\"";
	static const struct value_case good[] = {
		{"General.Authentication", "TimeWindow", "1h3m", NULL, 3780 * CLOCK_SEC_NS},
		{"General.Authentication", "TimeWindow", "1.5s", NULL, 1500000000},
		{"General.Authentication", "TimeWindow", "250ms", NULL, 250000000},
	};
	static const struct value_case bad[] = {
		{"General.Authentication", "TimeWindow", "15", expected, 0},
		{"General.Authentication", "TimeWindow", "15 m", expected, 0},
		{"General.Authentication", "TimeWindow", "9999999999h", expected, 0},
		{"General.TLS", "TLSHandshakeTimeShift", "-1s", expected, 0},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(good); i++) {
		struct localconf *c = load_one(&good[i]);

		assert_int_equal(localconf_duration_ns(c, "General.Authentication.TimeWindow"),
				 good[i].want);
		localconf_free(c);
	}
	refused(bad, UTIL_ARRAY_LEN(bad));
}

static void choices(void **state)
{
	static const struct value_case bad[] = {
		{"General", "BootstrapMethod", "fil", "one of file, provisional, none", 0},
		{"General", "BootstrapMethod", "File", "one of file, provisional, none", 0},
		{"General", "BootstrapMethod", "file|none", "one of file, provisional, none", 0},
		{"General.BCCSP", "Default", "HSM", "one of SW, PKCS11", 0},
	};

	(void)state;
	refused(bad, UTIL_ARRAY_LEN(bad));
}

static void lists_and_paths(void **state)
{
	static const char expected[] = "a list such as \"[a, b]\" without empty elements";
	static const struct value_case bad[] = {
		{"General.TLS", "RootCAs", "[a,,b]", expected, 0},
		{"General.TLS", "RootCAs", "[a, ]", expected, 0},
		{"General.TLS", "RootCAs", "[,a]", expected, 0},
	};
	struct localconf *c =
		conf_load("ordererd.ini",
			  "[General.TLS]\nRootCAs = [ a , /b/c,d e]\nClientRootCAs=x,y\n"
			  "[Operations.TLS]\nClientRootCAs = [a]\nCertificate = a\n"
			  "[Admin.TLS]\nClientRootCAs = []\n"
			  "[FileLedger]\nLocation = ledger\n",
			  no_environment);
	const char *const *list = localconf_list(c, "General.TLS.RootCAs");
	char *want[3] = {conf_expand("@/a"), x_strdup("/b/c"), conf_expand("@/d e")};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(list[i], want[i]);
		free(want[i]);
	}
	assert_null(list[3]);
	assert_null(localconf_list(c, "General.TLS.ClientRootCAs")[1]); /* one element, as in Go */
	assert_string_equal(localconf_list(c, "Operations.TLS.ClientRootCAs")[0], "a");
	conf_is(c, "Operations.TLS.Certificate", "a");
	assert_null(localconf_list(c, "Admin.TLS.ClientRootCAs")[0]);
	conf_is(c, "FileLedger.Location", "@/ledger");
	localconf_free(c);
	refused(bad, UTIL_ARRAY_LEN(bad));
}

/* ---- PEM and secrets, from text and from files --------------------------- */

#define PEM "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"

/* Load with one variable, "@" being the test's folder. */
static int load_env(const char *variable, struct localconf **c, struct ord_err *e)
{
	char *v = conf_expand(variable), *ini = conf_write("ordererd.ini", "");
	char *environment[] = {v, NULL};
	int rc = localconf_load(ini, conf_plugin_rows, environment, c, e);

	free(v);
	free(ini);
	return rc;
}

static void pem_comes_as_text_or_from_a_file(void **state)
{
	static const struct {
		const char *variable, *key, *want;
	} good[] = {
		{"ORDERER_KAFKA_TLS_CERTIFICATE=" PEM, "Kafka.TLS.Certificate", PEM},
		{"ORDERER_KAFKA_TLS_CERTIFICATE_FILE=@/a.pem", "Kafka.TLS.Certificate", PEM},
		{"ORDERER_KAFKA_TLS_ROOTCAS_FILE=@/a.pem", "Kafka.TLS.RootCAs", PEM},
		{"ORDERER_KAFKA_TLS_ROOTCAS={\"File\": \"@/a.pem\"}", "Kafka.TLS.RootCAs", PEM},
		{"ORDERER_KAFKA_TLS_ROOTCAS=[" PEM "," PEM "]", "Kafka.TLS.RootCAs",
		 " " PEM "\n" PEM "\n"},
		{"ORDERER_KAFKA_SASLPLAIN_PASSWORD_FILE=@/secret", "Kafka.SASLPlain.Password",
		 " s3cret"},
		{"ORDERER_KAFKA_SASLPLAIN_PASSWORD={not json}", "Kafka.SASLPlain.Password",
		 "{not json}"},
	};

	(void)state;
	free(conf_write("a.pem", PEM));
	free(conf_write("secret", " s3cret\r\n"));
	for (size_t i = 0; i < UTIL_ARRAY_LEN(good); i++) {
		struct ord_err e = ERR_INIT;
		struct localconf *c;

		test_ok(load_env(good[i].variable, &c, &e), &e);
		assert_string_equal(localconf_str(c, good[i].key), good[i].want);
		localconf_free(c);
	}
}

static void pem_that_is_none_is_refused(void **state)
{
	static const struct {
		const char *variable, *why;
		int code;
	} bad[] = {
		{"ORDERER_KAFKA_TLS_CERTIFICATE=/etc/cert.pem",
		 "environment ORDERER_KAFKA_TLS_CERTIFICATE: Kafka.TLS.Certificate holds no PEM (to "
		 "name a file, set Kafka.TLS.Certificate.File)",
		 ORD_EINVAL},
		{"ORDERER_KAFKA_TLS_CERTIFICATE_FILE=@/none",
		 "environment ORDERER_KAFKA_TLS_CERTIFICATE_FILE: Kafka.TLS.Certificate: read "
		 "@/none: No such file or directory",
		 ORD_ENOENT},
		{"ORDERER_KAFKA_TLS_CERTIFICATE_FILE=@/nul",
		 "environment ORDERER_KAFKA_TLS_CERTIFICATE_FILE: Kafka.TLS.Certificate: read "
		 "@/nul: it has a NUL byte",
		 ORD_EINVAL},
		{"ORDERER_KAFKA_SASLPLAIN_PASSWORD_FILE=@",
		 "environment ORDERER_KAFKA_SASLPLAIN_PASSWORD_FILE: Kafka.SASLPlain.Password: read "
		 "@: not a regular file",
		 ORD_EINVAL},
	};

	(void)state;
	free(conf_write_bytes("nul", PEM "\0", sizeof(PEM)));
	for (size_t i = 0; i < UTIL_ARRAY_LEN(bad); i++) {
		struct ord_err e = ERR_INIT;
		struct localconf *c;
		char *why = conf_expand(bad[i].why);

		test_fails(load_env(bad[i].variable, &c, &e), &e, bad[i].code, why);
		free(why);
	}
}

static void a_value_beats_the_name_of_a_file(void **state)
{
	struct localconf *c;
	const char *warning;

	(void)state;
	free(conf_write("a.pem", PEM));
	c = conf_load("ordererd.ini",
		      "[Kafka.SASLPlain]\nPassword = direct\nPassword.File = /none\n",
		      no_environment);
	conf_is(c, "Kafka.SASLPlain.Password", "direct");
	warning = localconf_warnings(c)[0];
	assert_non_null(strstr(warning, "Kafka.SASLPlain.Password is set here and by "));
	localconf_free(c);
	conf_refuses("ordererd.ini", "[General]\nLocalMSPID.File = x\n", no_environment,
		     "@/ordererd.ini:2: unknown key General.LocalMSPID.File; did you mean "
		     "General.LocalMSPDir?");
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, conf_setup, conf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(booleans),
		TEST(numbers_and_sizes),
		TEST(durations),
		TEST(choices),
		TEST(lists_and_paths),
		TEST(pem_comes_as_text_or_from_a_file),
		TEST(pem_that_is_none_is_refused),
		TEST(a_value_beats_the_name_of_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
