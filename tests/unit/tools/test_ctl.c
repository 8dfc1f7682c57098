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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(usage_errors_exit_with_2_and_one_sentence),
		cmocka_unit_test(a_failure_exits_with_1),
		cmocka_unit_test(help_is_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
