/* SPDX-License-Identifier: Apache-2.0 */
/* The loader against plugins that each misbehave in one way: the exact sentence, every time. */
#include "../unit/files.h"
#include <errno.h>

#include <plugin/plugin.h>
#include <sys/stat.h>
#include <unistd.h>

static char *dir; /* a fresh folder for each test */

static int make_dir(void **state)
{
	(void)state;
	dir = test_dir();
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	test_rmdir(dir);
	return 0;
}

/* Put a plugin, or the first @max bytes of it, into the folder as @name.so. */
static char *install(const char *from, const char *name, size_t max, unsigned mode)
{
	char *source = test_build_path("tests/abi/%s.so", from),
	     *path = x_printf("%s/%s.so", dir, name);
	struct buf b = BUF_INIT;
	struct ord_err e;

	test_ok(file_read(source, 16 << 20, &b, &e), &e);
	if (b.len > max)
		b.len = max;
	test_ok(file_write_atomic(path, buf_bytes(&b), 0644, &e), &e);
	assert_int_equal(chmod(path, mode), 0);
	buf_fini(&b);
	free(source);
	return path;
}

/* plugin_load() must refuse @path with "plugin <path>: @want". */
static void refused(const char *path, const char *want)
{
	char *text = x_printf("plugin %s: %s", path, want);
	const struct ord_plugin *def;
	struct ord_err e = ERR_INIT;

	test_fails(plugin_load(path, &def, &e), &e, ORD_EINVAL, text);
	free(text);
}

#define REBUILD "rebuild it against this daemon's <ordererd/consensus.h>"

static void each_sin_has_its_sentence(void **state)
{
	char *size =
		x_printf("'ord_plugin' is %zu bytes long, ABI 0.3 needs %zu: define it with "
			 "ORD_PLUGIN() and " REBUILD,
			 sizeof(struct ord_plugin) - sizeof(void *), sizeof(struct ord_plugin));
	const struct {
		const char *name, *want;
	} sins[] = {
		{"badsymbol", "it has no symbol 'ord_plugin': define it with ORD_PLUGIN(), or "
			      "remove the file"},
		{"badundefined",
		 "it cannot be loaded (undefined symbol: "
		 "there_is_no_such_function): install what it needs, or rebuild it"},
		{"badmagic", "'ord_plugin' begins with 0x12345678 instead of 0x4f52444c: define it "
			     "with ORD_PLUGIN() and " REBUILD},
		{"badmajor", "it was built for ABI 1.0 and this daemon speaks 0.3: " REBUILD
			     ", or install the daemon it was built for"},
		{"badminor", "it was built for ABI 0.4 and this daemon speaks 0.3: " REBUILD
			     ", or install the daemon it was built for"},
		{"badolder", "it was built for ABI 0.2 and this daemon speaks 0.3: " REBUILD
			     ", or install the daemon it was built for"},
		{"badsize", size},
		{"badnameless", "'ord_plugin' has no name: set .name to \"badnameless\""},
		{"badname", "it calls itself 'solo': name its file solo.so"},
		{"badletters", "'../etc/passwd' is no name for a plugin: use a letter, then up to "
			       "31 letters and digits"},
		{"badversion", "'ord_plugin' has no .version: set it"},
		{"badentry", "'ord_plugin' has no .handle_chain: set it"},
		{"badfallback", "the fallback 'yes' of setting Durable is not true or false: "
				"correct it"},
		{"badtwice", "setting retry stands twice in its table: remove one"},
		{"badendless", "its table of settings has no end: close it with a row {0}"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(sins); i++) {
		char *path = test_build_path("tests/abi/%s.so", sins[i].name);

		refused(path, sins[i].want);
		free(path);
	}
	free(size);
}

static void the_control_loads(void **state)
{
	char *path = test_build_path("tests/abi/good.so");
	const struct ord_plugin *def;
	struct ord_err e;

	(void)state;
	test_ok(plugin_load(path, &def, &e), &e);
	assert_string_equal(def->name, "good");
	free(path);
}

static void what_is_no_library_is_refused(void **state)
{
	char *path = x_printf("%s/text.so", dir);
	struct ord_err e;

	(void)state;
	test_ok(file_write_atomic(path,
				  bytes_str("This is a text of more than sixty-four bytes, so that "
					    "it is long enough for an ELF header.\n"),
				  0644, &e),
		&e);
	refused(path, "it cannot be loaded (invalid ELF header): install what it needs, or "
		      "rebuild it");
	free(path);
	path = install("good", "cut", 60, 0644);
	refused(path, "it cannot be loaded (file too short): install what it needs, or rebuild it");
	free(path);
}

static void what_is_no_safe_file_is_refused(void **state)
{
	char *path;

	(void)state;
	path = install("good", "good", SIZE_MAX, 0646);
	refused(path, "every user may write to it: chmod o-w it");
	free(path);
	path = x_printf("%s/folder.so", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	refused(path, "it is not a regular file: remove it");
	free(path);
	path = x_printf("%s/dangling.so", dir);
	assert_int_equal(symlink("/nowhere/at/all", path), 0);
	refused(path, "it cannot be read (No such file or directory): repair or remove it");
	free(path);
}

static void a_file_must_be_named_as_its_plugin(void **state)
{
	char *path = install("good", "better", SIZE_MAX, 0644);

	(void)state;
	refused(path, "it calls itself 'good': name its file good.so");
	free(path);
}

/* ---- sets ---------------------------------------------------------------- */

static struct plugin_set *load_set(void)
{
	struct plugin_set *s = NULL;
	struct ord_err e;

	test_ok(plugin_set_load(dir, &s, &e), &e);
	return s;
}

static struct localconf *load_conf(struct plugin_set *s, char **environment)
{
	struct localconf *conf = NULL;
	struct ord_err e;

	test_ok(localconf_load(NULL, plugin_set_rows(s), environment, &conf, &e), &e);
	return conf;
}

static void a_set_without_a_plugin_is_refused(void **state)
{
	struct plugin_set *s;
	struct ord_err e;
	char *want;

	(void)state;
	want = x_printf("plugins: %s holds none (*.so): install one, or name the right folder in "
			"General.PluginDir",
			dir);
	test_fails(plugin_set_load(dir, &s, &e), &e, ORD_ENOENT, want);
	free(want);
	test_fails(plugin_set_load("/nowhere", &s, &e), &e, ORD_ENOENT,
		   "plugins: /nowhere is no folder: name the right one in General.PluginDir");
}

static void one_bad_plugin_spoils_the_set(void **state)
{
	struct plugin_set *s;
	struct ord_err e;
	char *path, *want;

	(void)state;
	free(install("good", "good", SIZE_MAX, 0644));
	path = install("badentry", "badentry", SIZE_MAX, 0644);
	want = x_printf("plugin %s: 'ord_plugin' has no .handle_chain: set it", path);
	test_fails(plugin_set_load(dir, &s, &e), &e, ORD_EINVAL, want);
	free(want);
	free(path);
}

static void other_files_are_left_alone(void **state)
{
	struct plugin_set *s;
	struct buf names = BUF_INIT;
	char *path = x_printf("%s/good.la", dir);
	struct ord_err e;

	(void)state;
	free(install("good", "good", SIZE_MAX, 0644));
	free(install("badopen", "badopen", SIZE_MAX, 0644));
	test_ok(file_write_atomic(path, bytes_str("not a plugin"), 0644, &e), &e);
	s = load_set();
	plugin_set_names(s, &names);
	assert_string_equal(buf_cstr(&names), "badopen, good");
	assert_non_null(plugin_find(s, "good"));
	assert_null(plugin_find(s, "../good"));
	assert_null(plugin_find(s, "Good"));
	buf_fini(&names);
	plugin_set_close(s);
	free(path);
}

static void check_setting(const struct ord_host *h, const char *key, const char *want)
{
	assert_string_equal(h->ops->setting(h, key), want);
}

static void settings_arrive_in_one_spelling(void **state)
{
	char *environment[] = {"ORDERER_GOOD_COUNT=7",
			       "ORDERER_GOOD_RETRY_INTERVAL=1.5s",
			       "ORDERER_GOOD_FLAG=TRUE",
			       "ORDERER_GOOD_CLIENT_LINGER_MS=5",
			       "orderer_good_client_x=y",
			       "ORDERER_GOOD_client_Retries=3",
			       NULL};
	struct plugin_set *s;
	struct localconf *conf;
	const struct ord_host *h;
	struct ord_err e;

	(void)state;
	free(install("good", "good", SIZE_MAX, 0644));
	s = load_set();
	conf = load_conf(s, environment);
	test_ok(plugin_set_open(s, conf, &e), &e);
	localconf_free(conf); /* read for good */
	h = plugin_host(plugin_find(s, "good"));
	check_setting(h, "Text", "some text");
	check_setting(h, "Flag", "true");
	check_setting(h, "Count", "7");
	check_setting(h, "Retry.Interval", "1500000000");
	check_setting(h, "File", "");
	check_setting(h, "Certificate", "");
	check_setting(h, "Client", "linger.ms=5\nretries=3\n");
	assert_null(h->ops->setting(h, "Undeclared"));
	assert_int_equal(*(int *)plugin_find(s, "good")->handle, 0);
	plugin_set_close(s);
}

static void a_plugin_that_does_not_open_says_why(void **state)
{
	const struct {
		const char *name, *want;
		int code;
	} sins[] = {
		{"badopen", "no broker answers", ORD_EUNAVAIL},
		{"badsilence", "open() failed with code 1 and gave no reason", ORD_EINTERNAL},
	};
	char *none[] = {NULL};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(sins); i++) {
		char *path = install(sins[i].name, sins[i].name, SIZE_MAX, 0644);
		char *want = x_printf("plugin %s: %s", path, sins[i].want);
		struct plugin_set *s = load_set();
		struct localconf *conf = load_conf(s, none);
		struct ord_err e;

		test_fails(plugin_set_open(s, conf, &e), &e, sins[i].code, want);
		localconf_free(conf);
		plugin_set_close(s);
		assert_int_equal(unlink(path), 0);
		free(want);
		free(path);
	}
}

static void a_chain_that_is_not_whole_is_refused(void **state)
{
	char *size = x_printf("its chain table is %zu bytes long, ABI 0.3 needs %zu: set .size to "
			      "sizeof(struct ord_chain_ops)",
			      offsetof(struct ord_chain_ops, health), sizeof(struct ord_chain_ops));
	const struct {
		const char *name, *want;
	} sins[] = {
		{"badchain", "handle_chain() succeeded without a chain: set *out, or fail"},
		{"badops", "its chain table has no .halt: set it"},
		{"badopssize", size},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(sins); i++) {
		char *path = install(sins[i].name, sins[i].name, SIZE_MAX, 0644);
		char *want = x_printf("plugin %s: %s", path, sins[i].want);
		struct plugin_set *s = load_set();
		struct plugin *p = plugin_find(s, sins[i].name);
		struct ord_chain *chain;
		struct ord_err e;

		test_ok(p->def->handle_chain(NULL, NULL, (struct ord_bytes){0}, &chain, &e), &e);
		test_fails(plugin_check_chain(p, chain, &e), &e, ORD_EINVAL, want);
		plugin_set_close(s);
		assert_int_equal(unlink(path), 0);
		free(want);
		free(path);
	}
	free(size);
}

#define IN_FOLDER(t) cmocka_unit_test_setup_teardown(t, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sin_has_its_sentence),
		cmocka_unit_test(the_control_loads),
		IN_FOLDER(what_is_no_library_is_refused),
		IN_FOLDER(what_is_no_safe_file_is_refused),
		IN_FOLDER(a_file_must_be_named_as_its_plugin),
		IN_FOLDER(a_set_without_a_plugin_is_refused),
		IN_FOLDER(one_bad_plugin_spoils_the_set),
		IN_FOLDER(other_files_are_left_alone),
		IN_FOLDER(settings_arrive_in_one_spelling),
		IN_FOLDER(a_plugin_that_does_not_open_says_why),
		IN_FOLDER(a_chain_that_is_not_whole_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
