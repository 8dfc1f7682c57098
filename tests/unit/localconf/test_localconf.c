/* SPDX-License-Identifier: Apache-2.0 */
/* Which source wins, which file is taken, what is printed. */
#include "conf_test.h"
#include <sys/stat.h>

static char *no_environment[] = {NULL};

static const char *warning(const struct localconf *c, size_t i)
{
	const char *const *w = localconf_warnings(c);

	for (size_t n = 0; n < i && *w; n++)
		w++;
	return *w ? *w : "";
}

static void every_row_is_well_formed(void **state)
{
	(void)state;
	for (const struct localconf_row *r = localconf_rows(); r->key; r++) {
		assert_non_null(strchr(r->key, '.'));
		assert_non_null(r->fallback);
		assert_true(r->help && r->help[0] && r->help[strlen(r->help) - 1] == '.');
		for (const struct localconf_row *o = r + 1; o->key; o++)
			assert_int_not_equal(strcasecmp(r->key, o->key), 0);
	}
}

static void the_environment_alone_is_enough(void **state)
{
	char *environment[] = {"PATH=/bin",
			       "FABRIC_CFG_PATH=/tmp",
			       "ORDERER_GENERAL_LISTENADDRESS=0.0.0.0",
			       "ORDERER_GENERAL_GENESISMETHOD=file",
			       "ORDERER_GENERAL_GENESISFILE=/var/genesis.block",
			       "ORDERER_GENERAL_LOCALMSPID=OrdererMSP",
			       "ORDERER_GENERAL_TLS_ENABLED=true",
			       "ORDERER_GENERAL_TLS_ROOTCAS=[/tls/ca.crt, /tls/other.crt]",
			       "ORDERER_GENERAL_TLS_CLIENTROOTCAS=[a.crt]",
			       "ORDERER_GENERAL_LISTENPORT=",
			       "ORDERER_KAFKA_RETRY_SHORTINTERVAL=1s",
			       "ORDERER_KAFKA_VERSION=",
			       NULL};
	struct ord_err e = ERR_INIT;
	struct localconf *c;

	(void)state;
	test_ok(localconf_load(NULL, NULL, environment, &c, &e), &e);
	assert_null(localconf_path(c));
	conf_is(c, "General.ListenAddress", "0.0.0.0");
	assert_int_equal(localconf_uint(c, "General.ListenPort"), 7050);
	assert_string_equal(localconf_origin(c, "General.ListenPort"), "default");
	conf_is(c, "General.BootstrapMethod", "file");
	conf_is(c, "General.GenesisMethod", "file");
	conf_is(c, "General.BootstrapFile", "/var/genesis.block");
	assert_string_equal(localconf_origin(c, "General.BootstrapFile"),
			    "environment ORDERER_GENERAL_GENESISFILE");
	conf_is(c, "General.LocalMSPDir", "/tmp/msp");
	conf_is(c, "General.LocalMSPID", "OrdererMSP");
	assert_true(localconf_bool(c, "General.TLS.Enabled"));
	assert_string_equal(localconf_list(c, "General.TLS.RootCAs")[1], "/tls/other.crt");
	assert_null(localconf_list(c, "General.TLS.RootCAs")[2]);
	assert_string_equal(localconf_list(c, "General.TLS.ClientRootCAs")[0], "/tmp/a.crt");
	assert_string_equal(warning(c, 0), "these settings have no effect here: "
					   "General.TLS.RootCAs, Kafka.* (no plugin kafka is "
					   "loaded)");
	assert_null(localconf_warnings(c)[1]);
	localconf_free(c);
}

static void unknown_variables_only_warn(void **state)
{
	char *environment[] = {"FABRIC_CFG_PATH=/tmp",
			       "ORDERER_GENERAL_LISTENPROT=1",
			       "ORDERER_GENERAL_LOGLEVEL=debug",
			       "ORDERER_=x",
			       "ORDERER_HOST",
			       "ORDERERS=3",
			       NULL};
	struct ord_err e = ERR_INIT;
	struct localconf *c;

	(void)state;
	test_ok(localconf_load(NULL, NULL, environment, &c, &e), &e);
	assert_string_equal(warning(c, 0),
			    "environment variable ORDERER_GENERAL_LISTENPROT is no setting; did "
			    "you mean ORDERER_GENERAL_LISTENPORT?");
	assert_non_null(strstr(warning(c, 1), "ORDERER_GENERAL_LOGLEVEL is no setting"));
	assert_string_equal(warning(c, 2), "environment variable ORDERER_ is no setting");
	assert_null(localconf_warnings(c)[3]);
	localconf_free(c);
}

static void bad_variables_are_refused_by_name(void **state)
{
	char *environment[] = {"ORDERER_GENERAL_LISTENPORT=70500", NULL};

	(void)state;
	conf_refuses("ordererd.ini", "", environment,
		     "environment ORDERER_GENERAL_LISTENPORT: General.ListenPort is \"70500\", "
		     "expected a port number from 0 to 65535");
}

static void the_environment_wins_over_the_file(void **state)
{
	char *environment[] = {"ORDERER_GENERAL_LISTENPORT=2", NULL};
	struct localconf *c = conf_load("ordererd.ini",
					"[General]\nListenPort = 1\nLocalMSPID = A\n", environment);

	(void)state;
	assert_int_equal(localconf_uint(c, "General.ListenPort"), 2);
	assert_string_equal(localconf_origin(c, "General.ListenPort"),
			    "environment ORDERER_GENERAL_LISTENPORT");
	conf_is(c, "general.localmspid", "A");
	assert_null(localconf_warnings(c)[0]);
	localconf_free(c);
}

/* A name of 1.4 in the environment beats one of 2.x in the file; in one place 2.x wins. */
static void old_names_are_the_same_settings(void **state)
{
	char *environment[] = {"ORDERER_GENERAL_GENESISMETHOD=none", NULL};
	const char *ini = "[General]\nBootstrapMethod = file\nGenesisMethod = provisional\n";
	struct localconf *c = conf_load("ordererd.ini", ini, environment);
	char *want = conf_expand("@/ordererd.ini:3: General.BootstrapMethod is set here and by "
				 "@/ordererd.ini:2, which wins");

	(void)state;
	conf_is(c, "General.BootstrapMethod", "none");
	assert_string_equal(warning(c, 0), want);
	localconf_free(c);
	c = conf_load("ordererd.ini", ini, no_environment);
	conf_is(c, "General.BootstrapMethod", "file");
	localconf_free(c);
	free(want);
}

static void zero_means_the_default_where_it_does_in_fabric(void **state)
{
	struct localconf *c =
		conf_load("ordererd.ini",
			  "[General]\nListenPort = 0\nMaxRecvMsgSize = 0\nWorkers = 0\n"
			  "[General.Keepalive]\nServerMinInterval = -1s\n"
			  "[General.TLS]\nTLSHandshakeTimeShift = 0\n",
			  no_environment);

	(void)state;
	assert_int_equal(localconf_uint(c, "General.ListenPort"), 7050);
	assert_string_equal(localconf_origin(c, "General.ListenPort"), "default");
	assert_int_equal(localconf_uint(c, "General.MaxRecvMsgSize"), 104857600);
	assert_int_equal(localconf_uint(c, "General.Workers"), 0);
	assert_int_equal(localconf_duration_ns(c, "General.Keepalive.ServerMinInterval"),
			 60 * CLOCK_SEC_NS);
	assert_int_equal(localconf_duration_ns(c, "General.TLS.TLSHandshakeTimeShift"), 0);
	localconf_free(c);
}

/* ---- which file ---------------------------------------------------------- */

static void loads_from(char **environment, const char *want_path, const char *want_id)
{
	struct ord_err e = ERR_INIT;
	struct localconf *c;
	char *path = want_path ? conf_expand(want_path) : NULL;

	test_ok(localconf_load(NULL, NULL, environment, &c, &e), &e);
	if (path)
		assert_string_equal(localconf_path(c), path);
	else
		assert_null(localconf_path(c));
	conf_is(c, "General.LocalMSPID", want_id);
	localconf_free(c);
	free(path);
}

static void the_first_file_that_exists_is_taken(void **state)
{
	struct ord_err e = ERR_INIT;
	char *variable = x_printf("FABRIC_CFG_PATH=%s/etc", conf_dir), cwd[256];
	char *environment[] = {variable, NULL};
	char *etc = x_printf("%s/etc", conf_dir), *want;
	struct localconf *c;

	(void)state;
	want = x_printf("FABRIC_CFG_PATH %s does not exist", etc);
	test_fails(localconf_load(NULL, NULL, environment, &c, &e), &e, ORD_ENOENT, want);
	assert_int_equal(mkdir(etc, 0700), 0);
	loads_from(environment, NULL, "SampleOrg");
	free(conf_write("etc/orderer.yml", "General: {LocalMSPID: yml}\n"));
	loads_from(environment, "@/etc/orderer.yml", "yml");
	free(conf_write("etc/orderer.yaml", "General: {LocalMSPID: yaml}\n"));
	loads_from(environment, "@/etc/orderer.yaml", "yaml");
	free(conf_write("etc/ordererd.ini", "[General]\nLocalMSPID = ini\n"));
	loads_from(environment, "@/etc/ordererd.ini", "ini");
	/* without FABRIC_CFG_PATH the working directory comes first */
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(chdir(etc), 0);
	test_ok(localconf_load(NULL, NULL, no_environment, &c, &e), &e);
	assert_int_equal(chdir(cwd), 0);
	assert_string_equal(localconf_path(c), "ordererd.ini");
	conf_is(c, "General.LocalMSPDir", "msp");
	localconf_free(c);
	free(variable);
	free(want);
	free(etc);
}

static void a_file_that_is_asked_for_must_be_there(void **state)
{
	struct ord_err e = ERR_INIT;
	struct localconf *c;
	char *path = conf_expand("@/none.ini");
	char *want = conf_expand("read @/none.ini: No such file or directory");

	(void)state;
	test_fails(localconf_load(path, NULL, no_environment, &c, &e), &e, ORD_ENOENT, want);
	free(path);
	free(want);
}

/* ---- plugins ------------------------------------------------------------- */

static void plugins_add_and_replace_rows(void **state)
{
	static const struct localconf_row extra[] = {
		{.key = "solo.Durable", .type = LOCALCONF_BOOL, .fallback = "true"},
		{.key = "general.SystemChannel", .type = LOCALCONF_UINT, .fallback = "9"},
		{.key = NULL},
	};
	char *environment[] = {"ORDERER_SOLO_DURABLE=false", NULL};
	struct ord_err e = ERR_INIT;
	struct localconf *c;
	char *ini = conf_write("ordererd.ini", "[solo]\n");

	(void)state;
	test_ok(localconf_load(ini, extra, environment, &c, &e), &e);
	assert_false(localconf_bool(c, "solo.Durable"));
	assert_int_equal(localconf_uint(c, "General.SystemChannel"), 9);
	localconf_free(c);
	free(ini);
}

/* Fabric's images and files set Kafka's keys, whatever orders. */
static void keys_of_a_plugin_that_is_not_there_only_warn(void **state)
{
	static const struct localconf_row extra[] = {
		{.key = "kafka.Verbose", .type = LOCALCONF_BOOL, .fallback = "false"},
		{.key = NULL},
	};
	static const struct {
		const char *file, *text;
	} all[] = {
		{"ordererd.ini", "[Kafka.Retry]\nShortTotal = 1m\n"},
		{"ordererd.ini", "[kafka]\nanything = 1m\n"},
		{"orderer.yaml", "Kafka:\n  Retry:\n    ShortTotal: 1m\n"},
		{"orderer.yaml", "Kafka:\n  TLS:\n    RootCAs: [a, b]\n    Enabled: true\n"},
	};
	char *environment[] = {"ORDERER_KAFKA_RETRY_SHORTTOTAL=1m", NULL};
	struct ord_err e = ERR_INIT;
	struct localconf *c;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(all); i++) {
		char *path = conf_write(all[i].file, all[i].text);

		test_ok(localconf_load(path, NULL, no_environment, &c, &e), &e);
		assert_string_equal(warning(c, 0), "these settings have no effect here: Kafka.* "
						   "(no plugin kafka is loaded)");
		assert_null(localconf_warnings(c)[1]);
		localconf_free(c);
		assert_true(localconf_load(path, extra, no_environment, &c, &e) < 0);
		assert_non_null(strstr(e.msg, ": unknown "));
		free(path);
	}
	test_ok(localconf_load(NULL, extra, environment, &c, &e), &e);
	assert_non_null(strstr(warning(c, 0), "ORDERER_KAFKA_RETRY_SHORTTOTAL is no setting"));
	localconf_free(c);
}

static void one_key_can_be_read_before_plugins_are_known(void **state)
{
	struct ord_err e = ERR_INIT;
	char *path = conf_write("ordererd.ini", "[solo]\nDurable = true\n"
						"[General]\nPluginDir = plugins\n");
	char *value, *want = conf_expand("@/plugins");

	(void)state;
	test_ok(localconf_peek(path, no_environment, "General.PluginDir", &value, &e), &e);
	assert_string_equal(value, want);
	free(value);
	free(want);
	free(path);
	conf_refuses("ordererd.ini", "[solo]\nDurable = true\n", no_environment,
		     "@/ordererd.ini:1: unknown section solo; ordererd.ini(5) lists all");
}

/* ---- printing ------------------------------------------------------------ */

static bool has_line(const struct buf *b, const char *line)
{
	const char *at = strstr((const char *)b->data, line);

	return at && at[strlen(line)] == '\n' && (at == (const char *)b->data || at[-1] == '\n');
}

static void the_dump_hides_secrets_and_names_no_alias(void **state)
{
	struct localconf *c = conf_load("ordererd.ini",
					"[General.TLS]\nRootCAs = [a, /b]\n"
					"[Kafka.SASLPlain]\nPassword = \"pa#ss\"\n"
					"[Kafka.TLS]\nPrivateKey = '-----BEGIN X'\n",
					no_environment);
	struct buf b = BUF_INIT;
	char *list = conf_expand("General.TLS.RootCAs = [@/a, /b]"), *want;

	(void)state;
	conf_is(c, "Kafka.SASLPlain.Password", "pa#ss");
	localconf_dump(c, &b);
	buf_cstr(&b);
	assert_true(has_line(&b, "General.ListenPort = 7050"));
	assert_true(has_line(&b, list));
	assert_true(has_line(&b, "Kafka.SASLPlain.Password = ***"));
	assert_true(has_line(&b, "General.BCCSP.PKCS11.Pin = "));
	assert_true(has_line(&b, "Kafka.TLS.PrivateKey = (12 bytes of PEM)"));
	assert_null(strstr((char *)b.data, "pa#ss"));
	assert_null(strstr((char *)b.data, "BEGIN"));
	assert_null(strstr((char *)b.data, "GenesisMethod"));
	b.len = 0;
	localconf_explain(c, &b);
	buf_cstr(&b);
	assert_true(has_line(&b, "# Port to listen on for clients.\n# from: default\n"
				 "General.ListenPort = 7050"));
	assert_null(strstr((char *)b.data, "pa#ss"));
	b.len = 0;
	localconf_dump_given(c, &b);
	want = x_printf("%s (%s/ordererd.ini:2)\n"
			"Kafka.TLS.PrivateKey = (12 bytes of PEM) (%s/ordererd.ini:6)\n"
			"Kafka.SASLPlain.Password = *** (%s/ordererd.ini:4)\n",
			list, conf_dir, conf_dir, conf_dir);
	assert_string_equal(buf_cstr(&b), want);
	buf_fini(&b);
	free(list);
	free(want);
	localconf_free(c);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, conf_setup, conf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_row_is_well_formed),
		TEST(the_environment_alone_is_enough),
		TEST(unknown_variables_only_warn),
		TEST(bad_variables_are_refused_by_name),
		TEST(the_environment_wins_over_the_file),
		TEST(old_names_are_the_same_settings),
		TEST(zero_means_the_default_where_it_does_in_fabric),
		TEST(the_first_file_that_exists_is_taken),
		TEST(a_file_that_is_asked_for_must_be_there),
		TEST(plugins_add_and_replace_rows),
		TEST(keys_of_a_plugin_that_is_not_there_only_warn),
		TEST(one_key_can_be_read_before_plugins_are_known),
		TEST(the_dump_hides_secrets_and_names_no_alias),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
