/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl's frame: finding commands, options, exit codes. */
#include "ctl_run.h"

static void usage_errors_exit_with_2_and_one_sentence(void **state)
{
	struct ctl_run r;

	(void)state;
	r = ctl_run("cryto");
	ctl_expect(&r, 2, "", "ordererctl: unknown command 'cryto': did you mean 'crypto'?\n");
	r = ctl_run("xyzzyxyzzy");
	ctl_expect(&r, 2, "",
		   "ordererctl: unknown command 'xyzzyxyzzy': see 'ordererctl --help'\n");
	r = ctl_run("crypto");
	ctl_expect(&r, 2, "",
		   "ordererctl crypto: option --config is missing; see 'ordererctl crypto "
		   "--help'\n");
	r = ctl_run("crypto", "--confg", "x");
	ctl_expect(&r, 2, "",
		   "ordererctl crypto: unknown option '--confg': did you mean '--config'?; see "
		   "'ordererctl crypto --help'\n");
	r = ctl_run("crypto", "--config");
	ctl_expect(&r, 2, "",
		   "ordererctl crypto: option '--config' needs a value; see 'ordererctl crypto "
		   "--help'\n");
	r = ctl_run("crypto", "-x");
	ctl_expect(&r, 2, "",
		   "ordererctl crypto: unknown option '-x'; see 'ordererctl crypto --help'\n");
	r = ctl_run("crypto", "--config", "a", "b");
	ctl_expect(&r, 2, "",
		   "ordererctl crypto: one argument too many: 'b'; see 'ordererctl crypto "
		   "--help'\n");
}

static void a_failure_exits_with_1(void **state)
{
	struct ctl_run r = ctl_run("crypto", "--config", "/nonexistent/crypto-config.yaml");

	(void)state;
	ctl_expect(&r, 1, "",
		   "ordererctl crypto: read /nonexistent/crypto-config.yaml: No such file or "
		   "directory\n");
}

static void help_is_an_answer(void **state)
{
	char *out = ctl_answer(ctl_run("--help"));

	(void)state;
	assert_non_null(strstr(out, "  crypto "));
	free(out);
	out = ctl_answer(ctl_run("crypto", "--help"));
	assert_non_null(strstr(out, "Usage: ordererctl crypto --config FILE"));
	assert_non_null(strstr(out, "--output DIR"));
	free(out);
	out = ctl_answer(ctl_run("--version"));
	assert_string_equal(out, "ordererctl " PACKAGE_VERSION "\n");
	free(out);
}

static void settings_are_explained_with_their_origin(void **state)
{
	char *dir = test_dir(), *ini = file_join(dir, "ordererd.ini"), *want, *out;
	char *plugins = test_build_path(".libs");
	char *text = x_printf("[General]\nListenPort = 7777\nPluginDir = %s\n", plugins);

	(void)state;
	test_write(ini, bytes_str(text));
	setenv("ORDERER_GENERAL_LOCALMSPID", "MyMSP", 1);
	out = ctl_answer(ctl_run("config", "explain", "--config", ini));
	unsetenv("ORDERER_GENERAL_LOCALMSPID");
	want = x_printf("# from: %s:2\nGeneral.ListenPort = 7777\n", ini);
	assert_non_null(strstr(out, want));
	assert_non_null(strstr(out, "# from: environment ORDERER_GENERAL_LOCALMSPID\n"
				    "General.LocalMSPID = MyMSP\n"));
	assert_non_null(strstr(out, "# from: default\nGeneral.ConnectionTimeout = 5s\n"));
	assert_non_null(strstr(out, "# from: default\nsolo.Durable = true\n"));
	free(want);
	free(out);
	free(plugins);
	free(text);
	free(ini);
	test_rmdir(dir);
}

/* The commands of the overview: lines of two blanks, name, two blanks, summary. */
static void each_command(void (*fn)(char *name))
{
	char *overview = ctl_answer(ctl_run("--help")), *line = strstr(overview, "Commands:\n");

	assert_non_null(line);
	line = strtok(line + strlen("Commands:\n"), "\n");
	for (; line && strncmp(line, "  ", 2) == 0; line = strtok(NULL, "\n")) {
		char *name = x_strndup(line + 2, (size_t)(strstr(line + 2, "  ") - line - 2));

		fn(name);
		free(name);
	}
	free(overview);
}

static struct ctl_run help_of(char *name)
{
	char *verb = strchr(name, ' ');

	if (!verb)
		return ctl_run(name, "--help");
	*verb = '\0';
	return ctl_run(name, verb + 1, "--help");
}

static char *man_page(void)
{
	char *path = test_source_path("doc/man/ordererctl.1");
	struct buf page = test_read(path);

	free(path);
	return buf_cstr(&page);
}

/* In man pages a dash that is typed is "\-". */
static void add_man_spelling(struct buf *b, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_printf(b, "%s%c", text[i] == '-' ? "\\" : "", text[i]);
}

/* A section of its own, and every option that --help prints, in its spelling. */
static void has_man_entries(char *name)
{
	struct buf section = BUF_INIT;
	char *page = man_page(), *out, *at;

	buf_add_str(&section, "\n.SS ");
	add_man_spelling(&section, name, strlen(name));
	if (!strstr(page, buf_cstr(&section)))
		fail_msg("'%s' has no section in the man page", name);
	buf_fini(&section);
	at = out = ctl_answer(help_of(name));
	while ((at = strstr(at, "\n  --"))) {
		struct buf want = BUF_INIT;
		size_t len = strcspn(at += 3, " \n");

		add_man_spelling(&want, at, len);
		if (strncmp(at, "--help", len) != 0 && !strstr(page, buf_cstr(&want)))
			fail_msg("%s of '%s' is not in the man page", buf_cstr(&want), name);
		buf_fini(&want);
	}
	free(out);
	free(page);
}

static void the_man_page_has_every_command_and_option(void **state)
{
	(void)state;
	each_command(has_man_entries);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(usage_errors_exit_with_2_and_one_sentence),
		cmocka_unit_test(a_failure_exits_with_1),
		cmocka_unit_test(help_is_an_answer),
		cmocka_unit_test(settings_are_explained_with_their_origin),
		cmocka_unit_test(the_man_page_has_every_command_and_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
