/* SPDX-License-Identifier: Apache-2.0 */
/* plugin: the checks of settings, value by value, and the metrics.  Files: see tests/abi. */
#include "../test.h"

#include <plugin/plugin.h>
#include <plugin/plugin_priv.h>

static int no_chain(void *plugin, struct ord_support *s, struct ord_bytes metadata,
		    struct ord_chain **out, struct ord_err *e)
{
	(void)plugin, (void)s, (void)metadata, (void)out;
	return ord_fail(e, ORD_ENOTSUP, "no chain");
}

/* plugin_check() of a plugin with this one setting. */
static int check_setting(struct ord_setting setting, struct ord_err *e)
{
	const struct ord_setting settings[] = {setting, {0}};
	const struct ord_plugin def = {.magic = ORD_PLUGIN_MAGIC,
				       .abi_major = ORD_ABI_MAJOR,
				       .abi_minor = ORD_ABI_MINOR,
				       .size = sizeof(def),
				       .name = "p",
				       .version = "1",
				       .summary = "for tests",
				       .settings = settings,
				       .handle_chain = no_chain};

	return plugin_check("p.so", "p", &def, e);
}

static void fallbacks_must_be_of_their_type(void **state)
{
	const struct {
		enum ord_setting_type type;
		const char *text, *problem; /* NULL: fine */
	} cases[] = {
		{ORD_SET_BOOL, "true", NULL},
		{ORD_SET_BOOL, "false", NULL},
		{ORD_SET_BOOL, "True", "true or false"},
		{ORD_SET_BOOL, "", "true or false"},
		{ORD_SET_UINT, "0", NULL},
		{ORD_SET_UINT, "18446744073709551615", NULL},
		{ORD_SET_UINT, "18446744073709551616", "a decimal number"},
		{ORD_SET_UINT, "99999999999999999999", "a decimal number"},
		{ORD_SET_UINT, "-1", "a decimal number"},
		{ORD_SET_UINT, "0x10", "a decimal number"},
		{ORD_SET_UINT, "", "a decimal number"},
		{ORD_SET_DURATION, "2s", NULL},
		{ORD_SET_DURATION, "0", NULL},
		{ORD_SET_DURATION, "-2s", "a duration such as 2s"},
		{ORD_SET_DURATION, "2", "a duration such as 2s"},
		{ORD_SET_STRING, "", NULL},
		{ORD_SET_PATH, "/etc", NULL},
		{ORD_SET_SECRET, "", NULL},
		{ORD_SET_PEM, "", NULL},
		{ORD_SET_MAP, "", NULL},
		{ORD_SET_MAP, "a=b\n", "empty"},
		{(enum ord_setting_type)99, "", "of a type that this daemon knows"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++) {
		struct ord_setting s = {"Key", cases[i].type, cases[i].text, "help"};
		struct ord_err e = ERR_INIT;
		char *want;

		if (!cases[i].problem) {
			test_ok(check_setting(s, &e), &e);
			continue;
		}
		want = x_printf(
			"plugin p.so: the fallback '%s' of setting Key is not %s: correct it",
			cases[i].text, cases[i].problem);
		test_fails(check_setting(s, &e), &e, ORD_EINVAL, want);
		free(want);
	}
}

static void keys_are_words_between_dots(void **state)
{
	const char *good[] = {"K", "Retry.ShortInterval", "A.B.C", "V2"};
	const char *bad[] = {"", ".", "A.", ".A", "A..B", "A B", "A_B", "2A", "A.2", "K\xc3\xa4"};
	struct ord_err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(good); i++)
		test_ok(check_setting((struct ord_setting){good[i], ORD_SET_UINT, "1", "help"}, &e),
			&e);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(bad); i++) {
		char *want = x_printf("plugin p.so: '%s' is no name for a setting: use letters and "
				      "digits, with dots between words",
				      bad[i]);

		test_fails(
			check_setting((struct ord_setting){bad[i], ORD_SET_UINT, "1", "help"}, &e),
			&e, ORD_EINVAL, want);
		free(want);
	}
}

static void a_setting_has_a_fallback_and_a_help(void **state)
{
	struct ord_err e = ERR_INIT;

	(void)state;
	test_fails(check_setting((struct ord_setting){"Key", ORD_SET_STRING, NULL, "help"}, &e), &e,
		   ORD_EINVAL,
		   "plugin p.so: setting Key has no fallback: give it one, if only \"\"");
	test_fails(check_setting((struct ord_setting){"Key", ORD_SET_STRING, "", NULL}, &e), &e,
		   ORD_EINVAL, "plugin p.so: setting Key has no help: say what it does");
	test_fails(check_setting((struct ord_setting){"Key", ORD_SET_STRING, "", ""}, &e), &e,
		   ORD_EINVAL, "plugin p.so: setting Key has no help: say what it does");
}

static void a_logger_is_made_once_per_name(void **state)
{
	(void)state;
	assert_ptr_equal(plugin_logger_for("p"), plugin_logger_for("p"));
	assert_ptr_not_equal(plugin_logger_for("p"), plugin_logger_for("q"));
	assert_string_equal(plugin_logger_for("q")->name, "orderer.consensus.q");
}

/* ---- metrics ------------------------------------------------------------- */

/* Every sample as a line. */
static void print_sample(void *arg, const struct plugin_sample *s)
{
	struct buf *out = arg;

	buf_printf(out, "%s{%s=%s} %c %g", s->name, s->label, s->label_value, s->kind, s->value);
	if (s->kind == 'h') {
		buf_printf(out, " of %llu:", (unsigned long long)s->count);
		for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++)
			buf_printf(out, " %llu", (unsigned long long)s->buckets[i]);
	}
	buf_add_str(out, "\n");
}

static void metrics_are_read_as_they_were_added(void **state)
{
	struct ord_metric *c = plugin_metric_new("m", "messages", "channel", "help", 'c');
	struct ord_metric *g = plugin_metric_new("m", "lag", NULL, "help", 'g');
	struct ord_metric *h = plugin_metric_new("m", "seconds", "broker", "help", 'h');
	struct buf out = BUF_INIT;

	(void)state;
	assert_ptr_equal(c, plugin_metric_new("m", "messages", "channel", "help", 'c'));
	plugin_metric_add(c, "a", 2);
	plugin_metric_add(c, "b", 5);
	plugin_metric_add(c, "a", 1);
	plugin_metric_add(g, NULL, 7);
	plugin_metric_add(g, NULL, 4);
	plugin_metric_add(h, "x:1", .005);
	plugin_metric_add(h, "x:1", .3);
	plugin_metric_add(h, "x:1", 100);
	plugin_metrics_each(print_sample, &out);
	assert_string_equal(buf_cstr(&out), "consensus_m_messages{channel=b} c 5\n"
					    "consensus_m_messages{channel=a} c 3\n"
					    "consensus_m_lag{=} g 4\n"
					    "consensus_m_seconds{broker=x:1} h 100.305 of 3: "
					    "1 1 1 1 1 1 2 2 2 2 2\n");
	buf_fini(&out);
}

#define CROWD 4
#define EACH  10000

static void *add_many(void *arg)
{
	for (int i = 0; i < EACH; i++)
		plugin_metric_add(arg, i % 2 ? "odd" : "even", 1);
	return NULL;
}

static void sum_crowd(void *arg, const struct plugin_sample *s)
{
	if (!strcmp(s->name, "consensus_crowd_total")) {
		assert_int_equal((int)s->value, CROWD * EACH / 2);
		++*(int *)arg;
	}
}

static void no_addition_is_lost_among_threads(void **state)
{
	struct ord_metric *m = plugin_metric_new("crowd", "total", "parity", "help", 'c');
	pthread_t threads[CROWD];
	struct ord_err e;
	int series = 0;

	(void)state;
	for (int i = 0; i < CROWD; i++)
		test_ok(thread_start(&threads[i], "adder", add_many, m, &e), &e);
	for (int i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
	plugin_metrics_each(sum_crowd, &series);
	assert_int_equal(series, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fallbacks_must_be_of_their_type),
		cmocka_unit_test(keys_are_words_between_dots),
		cmocka_unit_test(a_setting_has_a_fallback_and_a_help),
		cmocka_unit_test(a_logger_is_made_once_per_name),
		cmocka_unit_test(metrics_are_read_as_they_were_added),
		cmocka_unit_test(no_addition_is_lost_among_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
