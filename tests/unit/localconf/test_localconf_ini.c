/* SPDX-License-Identifier: Apache-2.0 */
/* ordererd.ini: what is refused, with file, line and remedy; what iniparser would take in silence.
 */
#include "conf_test.h"
#include <ctype.h>

static char *no_environment[] = {NULL};

static void mistakes_are_named_with_their_line(void **state)
{
	static const struct {
		const char *ini, *why; /* behind "@/ordererd.ini:" */
	} rows[] = {
		{"[General.TLS]\nEnable = true\n",
		 "2: unknown key General.TLS.Enable; did you mean General.TLS.Enabled?"},
		{"[General]\nZebra = 1\n",
		 "2: unknown key General.Zebra; ordererd.ini(5) lists all"},
		{"[Genral]\n", "1: unknown section Genral; did you mean General?"},
		{"[Zebra]\n", "1: unknown section Zebra; ordererd.ini(5) lists all"},
		{"[General]\nTLS = true\n", "2: General.TLS is a section: expected keys below it"},
		{"[General]\nLogLevel = debug\n",
		 "2: General.LogLevel is no longer a setting; set FABRIC_LOGGING_SPEC in the "
		 "environment instead"},
		{"[General]\nListenPort = 1\n\nlistenport = 1\n",
		 "4: General.listenport is set twice, first at @/ordererd.ini:2"},
		{"[General]\nListenPort =\nListenPort = 1\n",
		 "3: General.ListenPort is set twice, first at @/ordererd.ini:2"},
		{"[General]\nTLS.Enabled = true\n[General.TLS]\nEnabled = false\n",
		 "4: General.TLS.Enabled is set twice, first at @/ordererd.ini:2"},
		{"ListenPort = 1\n", "1: a key before the first [section]"},
		{"[General]\n= 1\n", "2: a value without a key"},
		{"[]\n", "1: a section without a name"},
		{"[General\n", "1: expected nothing but [section] in this line"},
		{"[General] # x\n", "1: expected nothing but [section] in this line"},
		{"[General]]\n", "1: expected nothing but [section] in this line"},
		{"[General]\nListenPort\n", "2: expected key = value, [section] or # comment"},
		{"[General]\nListenPort: 7050\n",
		 "2: expected key = value, [section] or # comment"},
		{"[General]\nLocalMSPID = a\\\nb\n", "2: a line may not end in a backslash"},
		{"[General]\n# a\\\nb\n", "2: a line may not end in a backslash"},
		{"[General]\nLocalMSPID = a#b\n",
		 "2: a value with '#' or ';' must stand in quotes"},
		{"[General]\nLocalMSPID = a;b\n",
		 "2: a value with '#' or ';' must stand in quotes"},
		{"[General]\nLocalMSPID = \"ab\n", "2: the quoted value has no end"},
		{"[General]\nLocalMSPID = \"a\" b\n", "2: text behind the quoted value"},
		{"[General]\nLocalMSPID = \"\"a\n", "2: text behind the quoted value"},
		{"\xef\xbb\xbf[General]\n",
		 "1: the file begins with a byte order mark: save it without"},
		{"[General]\nLocalMSPID = a\x1b[31m\n", "2: the line has a control character"},
		{"[General]\nLocalMSPID = a\rb\n", "2: the line has a control character"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++) {
		char *why = x_printf("@/ordererd.ini:%s", rows[i].why);

		conf_refuses("ordererd.ini", rows[i].ini, no_environment, why);
		free(why);
	}
}

static void long_lines_are_refused_not_cut(void **state)
{
	char *path = x_printf("%0*d", 984, 1);
	char *fits = x_printf("[General]\nLocalMSPDir = /%s\n", path);
	char *over = x_printf("# ok\n[General]\nLocalMSPDir = /%s00\n", path);
	struct localconf *c = conf_load("ordererd.ini", fits, no_environment);

	(void)state;
	assert_int_equal(strlen(localconf_str(c, "General.LocalMSPDir")), 985);
	localconf_free(c);
	conf_refuses("ordererd.ini", over, no_environment,
		     "@/ordererd.ini:3: the line is longer than 1000 bytes");
	free(path);
	free(fits);
	free(over);
}

static void values_are_what_they_look_like(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"a", "a"},
		{"  a b  ", "a b"},
		{"a ; note", "a"},
		{"a # note", "a"},
		{"\"a#b;c\"", "a#b;c"},
		{"'a \"b\"' # note", "a \"b\""},
		{"\" a \"", " a "},
		{"a = b", "a = b"},
		{"a \"b\" 'c", "a \"b\" 'c"},
		{"", "SampleOrg"},
		{"\"\"", "SampleOrg"},
		{"'' ; note", "SampleOrg"},
		{"# note", "SampleOrg"},
		{"; note", "SampleOrg"},
		{"100%s %n", "100%s %n"},
		{"\xc3\xa4", "\xc3\xa4"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++) {
		char *ini = x_printf("[General]\nLocalMSPID = %s\n", rows[i].text);
		struct localconf *c = conf_load("ordererd.ini", ini, no_environment);

		assert_string_equal(localconf_str(c, "General.LocalMSPID"), rows[i].want);
		localconf_free(c);
		free(ini);
	}
}

static void layout_does_not_matter(void **state)
{
	static const char *const rows[] = {
		"[General]\nListenPort=1\n[General.TLS]\nEnabled=true",
		"\r\n[General]\r\n  ListenPort = 1\r\n\r\n[General.TLS]\r\nEnabled = true\r\n",
		"; a\n#b\n[ general ]\n\tLISTENPORT\t=\t1\n\n  [GENERAL.tls]  \nenabled = true\n",
		"[General]\nListenPort = 1\nTLS.Enabled = true\n[Consensus]\n[Consensus.Own]\n",
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++) {
		struct localconf *c = conf_load("ordererd.ini", rows[i], no_environment);

		assert_int_equal(localconf_uint(c, "General.ListenPort"), 1);
		assert_true(localconf_bool(c, "General.TLS.Enabled"));
		localconf_free(c);
	}
}

static void what_fabric_does_not_check_only_warns(void **state)
{
	struct localconf *c = conf_load("ordererd.ini",
					"[Consensus]\nOwn = 1\n[General.BCCSP.PKCS11]\nImmutable = "
					"true\nLabel = x\n",
					no_environment);
	char *want = conf_expand("@/ordererd.ini:2: Consensus.Own is unknown and has no effect");

	(void)state;
	assert_string_equal(localconf_warnings(c)[0], want);
	assert_non_null(strstr(localconf_warnings(c)[1], "General.BCCSP.PKCS11.Immutable"));
	assert_string_equal(localconf_warnings(c)[2],
			    "these settings have no effect here: General.BCCSP.PKCS11.Label");
	localconf_free(c);
	free(want);
}

/* ---- the sample that is installed ---------------------------------------- */

/* "#Key = value" without its "#"; other lines, comments among them, as they are. */
static char *uncommented(const char *text)
{
	struct buf b = BUF_INIT;
	bool line_start = true;

	for (; *text; text++) {
		if (!(line_start && *text == '#' && isupper((unsigned char)text[1])))
			buf_add_u8(&b, (uint8_t)*text);
		line_start = *text == '\n';
	}
	return buf_cstr(&b);
}

static void the_sample_shows_the_defaults(void **state)
{
	static const struct localconf_row solo[] = {
		{.key = "solo.Durable", .type = LOCALCONF_BOOL, .fallback = "true"},
		{.key = NULL},
	};
	char *path = test_source_path("etc/ordererd.ini"), *text;
	struct buf sample = BUF_INIT, shown = BUF_INIT, bare = BUF_INIT;
	struct ord_err e = ERR_INIT;
	struct localconf *c;
	size_t set = 0;

	(void)state;
	test_ok(file_read(path, 1 << 20, &sample, &e), &e);
	free(path);
	text = uncommented(buf_cstr(&sample));
	path = conf_write("ordererd.ini", text);
	test_ok(localconf_load(path, solo, no_environment, &c, &e), &e);
	localconf_dump(c, &shown);
	for (const struct localconf_row *r = localconf_rows(); r->key; r++)
		set += strcmp(localconf_origin(c, r->key), "default") != 0;
	localconf_free(c);
	free(path);
	assert_true(set > 20);
	path = conf_write("ordererd.ini", "");
	test_ok(localconf_load(path, solo, no_environment, &c, &e), &e);
	localconf_dump(c, &bare);
	assert_string_equal(buf_cstr(&shown), buf_cstr(&bare));
	localconf_free(c);
	free(path);
	free(text);
	buf_fini(&sample);
	buf_fini(&shown);
	buf_fini(&bare);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, conf_setup, conf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mistakes_are_named_with_their_line),    TEST(long_lines_are_refused_not_cut),
		TEST(values_are_what_they_look_like),        TEST(layout_does_not_matter),
		TEST(what_fabric_does_not_check_only_warns), TEST(the_sample_shows_the_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
