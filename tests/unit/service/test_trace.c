/* SPDX-License-Identifier: Apache-2.0 */
/* Debug.BroadcastTraceDir and Debug.DeliverTraceDir: a file for each request, with what was asked.
 */
#include "../capture.h"
#include "desk.h"

static struct desk desk;
static char dir[] = "/tmp/ordererd-trace-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	strcpy(strrchr(dir, '-'), "-XXXXXX");
	assert_non_null(mkdtemp(dir));
	desk_open(&desk,
		  &(struct service_opts){.broadcast_trace_dir = dir, .deliver_trace_dir = dir});
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	desk_close(&desk);
	test_remove(dir);
	return 0;
}

/* How many files with that ending hold exactly @want. */
static unsigned traced(const char *ending, struct ord_bytes want)
{
	struct ord_err e = ERR_INIT;
	unsigned n = 0;
	char **names;

	test_ok(file_list(dir, &names, NULL, &e), &e);
	for (char **name = names; *name; name++) {
		char *path = file_join(dir, *name), *dot = strrchr(*name, '.');
		struct buf b = BUF_INIT;
		long long ns;
		void *p;

		assert_int_equal(sscanf(*name, "%lld_%p.", &ns, &p), 2);
		test_ok(file_read(path, 1 << 20, &b, &e), &e);
		n += strcmp(dot, ending) == 0 && bytes_eq(buf_bytes(&b), want);
		buf_fini(&b);
		free(path);
	}
	file_list_free(names);
	return n;
}

static void ask(const char *method, struct ord_env *env)
{
	static struct talk t;

	talk_open(&t, desk.link, method);
	talk_send(&t, env);
	desk_until(&desk, t.answers == 1);
}

/* Those that are refused, too: they are what one looks for. */
static void every_request_is_in_a_file(void **state)
{
	struct ord_env *tx = rig_tx(&desk.rig.user, "x");
	struct ord_env *bad = env_make(bytes_str("\xff"), bytes_str("s"));

	(void)state;
	ask("Broadcast", tx);
	ask("Broadcast", tx);
	ask("Broadcast", bad);
	ask("Deliver", bad);
	assert_int_equal(traced(".Broadcast", tx->raw), 2);
	assert_int_equal(traced(".Broadcast", bad->raw), 1);
	assert_int_equal(traced(".Deliver", bad->raw), 1);
	assert_int_equal(traced(".Deliver", tx->raw), 0);
	env_unref(tx);
	env_unref(bad);
}

static void a_directory_that_is_gone_harms_nobody(void **state)
{
	struct ord_env *tx = rig_tx(&desk.rig.user, "x");
	struct ord_err e = ERR_INIT;
	struct capture capture;
	struct buf out;
	char *first;

	(void)state;
	test_remove(dir);
	test_ok(log_set_spec("warn", &e), &e);
	capture_start(&capture);
	ask("Broadcast", tx);
	ask("Broadcast", tx);
	out = capture_end(&capture);
	test_ok(log_set_spec("panic", &e), &e);
	first = strstr(buf_cstr(&out), "Requests are not all traced to /tmp/ordererd-trace-");
	assert_non_null(first);
	assert_null(strstr(first + 1, "Requests"));
	rig_until(rig_count(desk.rig.chan, "x") == 2);
	test_ok(file_mkdir_p(dir, 0700, &e), &e);
	buf_fini(&out);
	env_unref(tx);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_request_is_in_a_file),
		TEST(a_directory_that_is_gone_harms_nobody),
	};

	log_set_spec("panic", NULL);
	ledger_io_fault = rig_no_sync;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
