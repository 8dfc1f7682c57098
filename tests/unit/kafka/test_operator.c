/* SPDX-License-Identifier: Apache-2.0 */
/* kafka: the settings as an operator meets them: in the manual, the sample, Fabric's files, the
 * log. */
#include "fake_host.h"
#include <plugin/plugin.h>
#include <unistd.h>

/* ---- what is written about it -------------------------------------------- */

static char *text_of_file(const char *name)
{
	const char *top = getenv("TOP_SRCDIR");
	char *path = x_printf("%s/%s", top ? top : ".", name), *text;
	struct buf b = BUF_INIT;
	struct ord_err e;

	test_ok(file_read(path, 1 << 20, &b, &e), &e);
	text = x_strdup(buf_cstr(&b));
	buf_fini(&b);
	free(path);
	return text;
}

/* "Key … (kind; fallback)" in one line; without effect there may be no parenthesis. */
static void the_manual_has_every_setting_and_its_default(void **state)
{
	char *man = text_of_file("plugins/kafka/ordererd-kafka.7");

	(void)state;
	for (const struct ord_setting *s = kafka_settings_table; s->key; s++) {
		char *named = x_printf(" %s", s->key), *at = strstr(man, named), *end;
		char *want = x_printf("; %s)", *s->fallback ? s->fallback : "none");

		if (s->type == ORD_SET_MAP)
			at = NULL; /* is a section there */
		else if (!at)
			fail_msg("%s is not in the manual", s->key);
		end = at ? strchr(at, '\n') : NULL;
		at = at ? strstr(at, "; ") : NULL;
		if (at && at < end && strncmp(at, want, strlen(want)) != 0)
			fail_msg("%s: the manual says \"%.20s\", expected \"%s\"", s->key, at,
				 want);
		free(named);
		free(want);
	}
	free(man);
}

/* The list "name = value" behind these words. */
static void the_manual_has_the_properties(void **state)
{
	static const char *const none[] = {NULL};
	char *man = text_of_file("plugins/kafka/ordererd-kafka.7"), *rest = NULL;
	char *list = strstr(strstr(man, "Set unless overridden here"), ".EX\n") + 4;
	struct kafka_settings s;
	size_t n = 0;

	(void)state;
	read_given(none, &s, NULL);
	*strstr(list, ".EE") = '\0';
	for (char *line = strtok_r(list, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *value = strstr(line, " = ");

		assert_non_null(value);
		*value = '\0';
		property_is(strstr(line, "fetch") || strstr(line, "queued") || strstr(line, "crc")
				    ? s.properties.consumer
				    : s.properties.producer,
			    line, value + 3);
		n++;
	}
	assert_true(n > 10);
	kafka_settings_fini(&s);
	free(man);
}

/* "#Key = value" below "[Kafka.Section]". */
static void check_sample_line(const char *section, char *line)
{
	char *value = strstr(line, " ="), *name, *file;

	assert_non_null(value);
	*value = '\0';
	value += value[2] == ' ' ? 3 : 2;
	name = x_printf("%s%s%s", section, *section ? "." : "", line);
	file = strstr(name, ".File");
	if (file)
		*file = '\0';
	for (const struct ord_setting *s = kafka_settings_table; s->key; s++)
		if (!strcmp(s->key, name)) {
			assert_string_equal(value, s->fallback);
			free(name);
			return;
		}
	fail_msg("%s in the sample is no setting", name);
}

static void the_sample_shows_the_defaults(void **state)
{
	char *ini = text_of_file("etc/ordererd.ini"), section[64] = "", *rest = NULL;
	bool here = false;
	size_t n = 0;

	(void)state;
	for (char *line = strtok_r(ini, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (*line == '[') {
			here = sscanf(line, "[Kafka.%63[^]]", section) == 1;
		} else if (here && line[0] == '#' && line[1] != ' ') {
			check_sample_line(section, line + 1);
			n++;
		}
	}
	assert_true(n > 10);
	free(ini);
}

/* ---- through the daemon's own host --------------------------------------- */

static char dir[64]; /* with nothing but kafka.so */

static int make_dir(void **state)
{
	const char *top = getenv("TOP_BUILDDIR");
	char cwd[4096], *so, *link;
	int rc;

	(void)state;
	strcpy(dir, "/tmp/ordererd-kafka-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	so = x_printf("%s/.libs/kafka.so", top ? top : cwd);
	link = x_printf("%s/kafka.so", dir);
	rc = symlink(so, link);
	free(so);
	free(link);
	return rc;
}

static int remove_dir(void **state)
{
	char *link = x_printf("%s/kafka.so", dir);

	(void)state;
	unlink(link);
	free(link);
	return rmdir(dir);
}

/* Load the plugin and the settings of @file, below tests/golden, and @environment; open it. */
static int load(const char *file, char **environment, struct plugin_set **set,
		struct localconf **conf, struct ord_err *e)
{
	const char *top = getenv("TOP_SRCDIR");
	char *path = file ? x_printf("%s/tests/golden/%s", top ? top : ".", file) : NULL;

	*conf = NULL;
	test_ok(plugin_set_load(dir, set, e), e);
	if (localconf_load(path, plugin_set_rows(*set), environment, conf, e) == 0)
		plugin_set_open(*set, *conf, e);
	free(path);
	return e->code;
}

static void close_all(struct plugin_set *set, struct localconf *conf)
{
	plugin_set_close(set);
	localconf_free(conf);
}

static void no_warning_of_kafka(const struct localconf *conf)
{
	for (const char *const *w = localconf_warnings(conf); *w; w++)
		if (strcasestr(*w, "kafka"))
			fail_msg("%s", *w);
}

static void files_of_fabric_load_unchanged(void **state)
{
	static const char *const files[] = {"localconf/orderer-1.4.yaml",
					    "localconf/orderer-2.5.yaml"};
	char *none[] = {NULL};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(files); i++) {
		struct plugin_set *set;
		struct localconf *conf;
		struct ord_err e = ERR_INIT;

		load(files[i], none, &set, &conf, &e);
		assert_string_equal(e.msg, "");
		no_warning_of_kafka(conf);
		close_all(set, conf);
	}
}

/* "ORDERER_KAFKA_TLS_<KEY>_FILE=…", of a file of the golden crypto-config. */
static char *tls_variable(const char *key, const char *file)
{
	const char *top = getenv("TOP_SRCDIR");

	return x_printf("ORDERER_KAFKA_TLS_%s_FILE=%s/tests/golden/crypto-config/"
			"ordererOrganizations/example.com/users/Admin@example.com/tls/%s",
			key, top ? top : ".", file);
}

/* What a container of Fabric's orderer is given. */
static void an_environment_of_fabric_loads_unchanged(void **state)
{
	char *tls[] = {tls_variable("CERTIFICATE", "client.crt"),
		       tls_variable("PRIVATEKEY", "client.key"), tls_variable("ROOTCAS", "ca.crt")};
	char *environment[] = {"FABRIC_CFG_PATH=/tmp",
			       "ORDERER_KAFKA_TOPIC_REPLICATIONFACTOR=1",
			       "ORDERER_KAFKA_VERBOSE=true",
			       "ORDERER_KAFKA_VERSION=0.10.2.0",
			       "ORDERER_KAFKA_RETRY_SHORTINTERVAL=1s",
			       "ORDERER_KAFKA_RETRY_SHORTTOTAL=30s",
			       "ORDERER_KAFKA_TLS_ENABLED=true",
			       "ORDERER_KAFKA_TLS_CLIENTAUTHREQUIRED=",
			       tls[0],
			       tls[1],
			       tls[2],
			       NULL};
	struct plugin_set *set;
	struct localconf *conf;
	struct ord_err e = ERR_INIT;

	(void)state;
	load(NULL, environment, &set, &conf, &e);
	assert_string_equal(e.msg, "");
	no_warning_of_kafka(conf);
	close_all(set, conf);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(tls); i++)
		free(tls[i]);
}

static void secrets_are_never_shown(void **state)
{
	char *environment[] = {"FABRIC_CFG_PATH=/tmp",
			       "ORDERER_KAFKA_SASL_MECHANISM=PLAIN",
			       "ORDERER_KAFKA_SASL_USER=u",
			       "ORDERER_KAFKA_SASL_PASSWORD=pssst",
			       "ORDERER_KAFKA_SASLPLAIN_PASSWORD=pssst",
			       "ORDERER_KAFKA_CLIENT_SSL_KEY_PASSWORD=pssst",
			       "ORDERER_KAFKA_CLIENT_LINGER_MS=pssst",
			       NULL};
	struct plugin_set *set;
	struct localconf *conf;
	struct buf shown = BUF_INIT;
	struct ord_err e = ERR_INIT;

	(void)state;
	load(NULL, environment, &set, &conf, &e);
	assert_non_null(strstr(e.msg, "/kafka.so: Kafka.Client.linger.ms: "));
	localconf_dump(conf, &shown);
	localconf_dump_given(conf, &shown);
	localconf_explain(conf, &shown);
	assert_non_null(strstr(buf_cstr(&shown), "kafka.SASL.Password = ***"));
	assert_non_null(strstr(buf_cstr(&shown), "kafka.Client.ssl.key.password = ***"));
	assert_null(strstr(buf_cstr(&shown), "pssst"));
	buf_fini(&shown);
	close_all(set, conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manual_has_every_setting_and_its_default),
		cmocka_unit_test(the_manual_has_the_properties),
		cmocka_unit_test(the_sample_shows_the_defaults),
		cmocka_unit_test(files_of_fabric_load_unchanged),
		cmocka_unit_test(an_environment_of_fabric_loads_unchanged),
		cmocka_unit_test(secrets_are_never_shown),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
