/* SPDX-License-Identifier: Apache-2.0 */
/* Fabric's logging specification, line formats and time layouts, and lines that stay whole. */
#include "../capture.h"
#include <errno.h>
#include <time.h>
#include <util/log_priv.h>

#define WHEN_NS INT64_C(1613923445067891234) /* 2021-02-21 16:04:05.067891234 UTC, a Sunday */

/* ---- spec ---------------------------------------------------------------- */

static void spec_prints_itself_normalised(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"", "info"},
		{"debug", "debug"},
		{"DEBUG", "debug"},
		{"a.=info:warning", "a.=info:warn"},
		{"a-b=error", "a-b=error:info"},
		{"a#b=error", "a#b=error:info"},
		{"a_b=error", "a_b=error:info"},
		{"debug:a=info:b=warn", "a=info:b=warn:debug"},
		{"b=warn:a=error", "a=error:b=warn:info"},
		{"z,a.b,a=CRITICAL:notice", "a.b=error:a=error:z=error:info"},
		{"a=debug:a=warn", "a=warn:info"},
		{"warn:", "info"},
		{"error:warn", "warn"},
		{"a=dpanic:b=panic:c=fatal:payload", "a=dpanic:b=panic:c=fatal:Level(-2)"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++) {
		struct log_spec *s;
		struct ord_err e = ERR_INIT;
		struct buf b = BUF_INIT;

		test_ok(log_spec_parse(rows[i].in, &s, &e), &e);
		log_spec_print(s, &b);
		assert_string_equal(buf_cstr(&b), rows[i].out);
		buf_fini(&b);
		log_spec_free(s);
	}
}

static void spec_says_what_is_wrong_with_it(void **state)
{
	static const struct {
		const char *in, *why;
	} rows[] = {
		{"=INFO:DEBUG", "'=INFO:DEBUG': no logger specified in segment '=INFO'"},
		{"=INFO=:DEBUG", "'=INFO=:DEBUG': bad segment '=INFO='"},
		{"bogus", "'bogus': bad segment 'bogus'"},
		{"Debug", "'Debug': bad segment 'Debug'"},
		{" info", "' info': bad segment ' info'"},
		{"a=", "'a=': bad segment 'a='"},
		{"a.b=info:a=broken:c.=warn",
		 "'a.b=info:a=broken:c.=warn': bad segment 'a=broken'"},
		{"a*=info:debug", "'a*=info:debug': bad logger name 'a*'"},
		{".a=info:debug", "'.a=info:debug': bad logger name '.a'"},
		{"a..b=info", "'a..b=info': bad logger name 'a..b'"},
		{"a..=info", "'a..=info': bad logger name 'a..'"},
		{".=info", "'.=info': bad logger name '.'"},
		{"a,,b=info", "'a,,b=info': bad logger name ''"},
		{"\xc3\xa4=info", "'\xc3\xa4=info': bad logger name '\xc3\xa4'"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++) {
		struct log_spec *s;
		struct ord_err e = ERR_INIT;
		char *want = x_printf("invalid logging specification %s", rows[i].why);

		test_fails(log_spec_parse(rows[i].in, &s, &e), &e, ORD_EINVAL, want);
		free(want);
	}
}

static void spec_governs_a_logger_by_its_longest_match(void **state)
{
	static const struct {
		const char *spec, *logger;
		int level;
	} rows[] = {
		{"debug", "a.b", ORD_DEBUG},
		{"logger=info:debug", "logger.a.b", ORD_INFO},
		{"logger=info:logger.=error:debug", "logger", ORD_ERROR},
		{"logger=info:logger.=error:debug", "logger.a", ORD_INFO},
		{"a.b=info:a,z=error:c.b=info:c.=warn:debug", "a", ORD_ERROR},
		{"a.b=info:a,z=error:c.b=info:c.=warn:debug", "a.b.c.d", ORD_INFO},
		{"a.b=info:a,z=error:c.b=info:c.=warn:debug", "a.c", ORD_ERROR},
		{"a.b=info:a,z=error:c.b=info:c.=warn:debug", "c", ORD_WARN},
		{"a.b=info:a,z=error:c.b=info:c.=warn:debug", "c.a", ORD_DEBUG},
		{"a.b=info:a,z=error:c.b=info:c.=warn:debug", "ab.c", ORD_DEBUG},
		{"a=fatal:payload", "b", LOG_PAYLOAD},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++) {
		struct log_spec *s;
		struct ord_err e = ERR_INIT;

		test_ok(log_spec_parse(rows[i].spec, &s, &e), &e);
		assert_int_equal(log_spec_level(s, rows[i].logger), rows[i].level);
		log_spec_free(s);
	}
}

/* ---- formats ------------------------------------------------------------- */

static const struct log_entry sample = {
	.wall_ns = WHEN_NS,
	.id = 42,
	.level = ORD_WARN,
	.logger = "orderer.common.server",
	.func = "serve",
	.message = {(const uint8_t *)"disk full", 9},
};

static void line_is(const char *format, bool colour, const struct log_entry *en, const char *want)
{
	struct log_format *f;
	struct ord_err e = ERR_INIT;
	struct buf b = BUF_INIT;

	test_ok(log_format_parse(format, colour, &f, &e), &e);
	log_format_line(f, en, &b);
	assert_string_equal(buf_cstr(&b), want);
	buf_fini(&b);
	log_format_free(f);
}

static void patterns_print_as_in_fabric(void **state)
{
	static const struct {
		const char *format, *line;
	} rows[] = {
		{"", "\n"},
		{"plain %d %{} %{unknown} %{levels} %{level",
		 "plain %d %{} %{unknown} %{levels} %{level\n"},
		{"%{level}|%{level:.4s}|%{level:6s}|%{level:-6s}|", "WARN|WARN|  WARN|WARN  |\n"},
		{"%{id}|%{id:03x}|%{id:04x}|%{id:5d}|%{id:-5d}|", "42|02a|002a|   42|42   |\n"},
		{"%{id:#x}|%{id:X}|%{id:o}|%{id:b}|%{id:+d}|%{id:.5d}|",
		 "0x2a|2A|52|101010|+42|00042|\n"},
		{"[%{module}] %{shortfunc} -> %{message}",
		 "[orderer.common.server] serve -> disk full\n"},
		{"%{message:.4s}|%{message:q}|%{message:x}",
		 "disk|\"disk full\"|6469736b2066756c6c\n"},
		{"%{time}", "2021-02-21T16:04:05.067Z\n"},
		{"%{time:15:04:05.000}", "16:04:05.067\n"},
		{LOG_DEFAULT_FORMAT,
		 "2021-02-21 16:04:05.067 UTC 002a WARN [orderer.common.server] serve -> disk full\n"},
		{"%{color}%{time:2006-01-02 15:04:05.000 MST} [%{module}] %{shortfunc} -> "
		 "%{level:.4s} %{id:03x}%{color:reset} %{message}",
		 "2021-02-21 16:04:05.067 UTC [orderer.common.server] serve -> WARN 02a disk full\n"},
		{"json",
		 "{\"level\":\"warn\",\"ts\":1613923445.067891,\"name\":\"orderer.common.server\","
		 "\"caller\":\"serve\",\"msg\":\"disk full\"}\n"},
		{"logfmt",
		 "level=warn ts=1613923445.067891 name=orderer.common.server caller=serve "
		 "msg=\"disk full\"\n"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++)
		line_is(rows[i].format, false, &sample, rows[i].line);
}

static void colours_follow_the_level_and_only_when_asked_for(void **state)
{
	static const int codes[] = {0, 36, 34, 33, 31, 35, 35, 35};
	const char *format = "%{color}a%{color:bold}b%{color:reset}c";

	(void)state;
	for (int level = LOG_PAYLOAD; level <= LOG_FATAL; level++) {
		struct log_entry en = sample;
		int code = codes[level - LOG_PAYLOAD];
		char *want =
			x_printf("\x1b[%dma\x1b[%d%smb\x1b[0mc\n", code, code, code ? ";1" : "");

		en.level = level;
		line_is(format, true, &en, want);
		line_is(format, false, &en, "abc\n");
		free(want);
	}
}

static void formats_say_what_is_wrong_with_them(void **state)
{
	static const struct {
		const char *format, *why;
	} rows[] = {
		{"%{color:bad}", "invalid color option: bad"},
		{"%{module:ok}", "invalid option for %{module}: ok"},
		{"%{message:n}", "invalid option for %{message}: n"},
		{"%{id:s}", "invalid option for %{id}: s"},
		{"%{id:*d}", "invalid option for %{id}: *d"},
		{"%{level:99999999999s}", "invalid option for %{level}: 99999999999s"},
		{"%{level:.1001s}", "invalid option for %{level}: .1001s"},
		{"%{level:4}", "invalid option for %{level}: 4"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++) {
		struct log_format *f;
		struct ord_err e = ERR_INIT;

		test_fails(log_format_parse(rows[i].format, false, &f, &e), &e, ORD_EINVAL,
			   rows[i].why);
	}
}

static void fields_stand_behind_the_text(void **state)
{
	static const struct log_field fields[] = {
		{.key = "grpc.method", .text = "Deliver"},
		{.key = "error", .text = "code = \"x\"\n"},
		{.key = "grpc.request_deadline", .type = LOG_TIME, .ns = WHEN_NS},
		{.key = "grpc.call_duration", .type = LOG_DURATION, .ns = 1500000},
		{0},
	};
	struct log_entry en = sample;

	(void)state;
	en.fields = fields;
	line_is("%{message}", false, &en,
		"disk full grpc.method=Deliver error=\"code = \\\"x\\\"\\n\" "
		"grpc.request_deadline=2021-02-21T16:04:05.067Z grpc.call_duration=1.5ms\n");
	line_is("logfmt", false, &en,
		"level=warn ts=1613923445.067891 name=orderer.common.server caller=serve "
		"msg=\"disk full\" grpc.method=Deliver error=\"code = \\\"x\\\"\\n\" "
		"grpc.request_deadline=1613923445.067891 grpc.call_duration=0.0015\n");
	line_is("json", false, &en,
		"{\"level\":\"warn\",\"ts\":1613923445.067891,\"name\":\"orderer.common.server\","
		"\"caller\":\"serve\",\"msg\":\"disk full\",\"grpc.method\":\"Deliver\","
		"\"error\":\"code = \\\"x\\\"\\n\",\"grpc.request_deadline\":1613923445.067891,"
		"\"grpc.call_duration\":0.0015}\n");
}

static void messages_cannot_forge_a_line(void **state)
{
	static const char evil[] =
		"a\nb\r\tc\x1b[31m\x7f\xc2\x9b\xff\xc0\x80\xed\xa0\x80 \xc3\xa9=\"\\";
	struct log_entry en = sample;

	(void)state;
	en.message = bytes_str(evil);
	line_is("%{message}", true, &en,
		"a\\nb\\r\\tc\\x1b[31m\\x7f\\xc2\\x9b\\xff\\xc0\\x80\\xed\\xa0\\x80 \xc3\xa9=\"\\\n");
	line_is("json", false, &en,
		"{\"level\":\"warn\",\"ts\":1613923445.067891,\"name\":\"orderer.common.server\","
		"\"caller\":\"serve\",\"msg\":\"a\\nb\\r\\tc\\u001b[31m\\u007f\\ufffd\\ufffd\\ufffd\\ufffd"
		"\\ufffd\\ufffd\\ufffd\\ufffd \xc3\xa9=\\\"\\\\\"}\n");
	en.message = bytes_str("k=v");
	line_is("logfmt", false, &en,
		"level=warn ts=1613923445.067891 name=orderer.common.server caller=serve msg=\"k=v\"\n");
	en.message = bytes_str("\xc3\xa9\xc3\xa9\xc3\xa9");
	line_is("%{message:.2s}|%{message:4s}", false, &en,
		"\xc3\xa9\xc3\xa9| \xc3\xa9\xc3\xa9\xc3\xa9\n");
}

static void time_layouts_are_gos(void **state)
{
	static const struct {
		const char *zone, *layout, *want;
	} rows[] = {
		{"UTC", "Mon Jan _2 15:04:05 2006", "Sun Feb 21 16:04:05 2021"},
		{"UTC", "Monday, 02-Jan-06 15:04:05 MST", "Sunday, 21-Feb-21 16:04:05 UTC"},
		{"UTC", "January 2, 3:4:5PM pm", "February 21, 4:4:5PM pm"},
		{"UTC", "2006-01-02T15:04:05.999999999Z07:00", "2021-02-21T16:04:05.067891234Z"},
		{"UTC", "05.000000,000.9x.0", "05.067891,067x.0"},
		{"UTC", "Janitor Month _2006 __2 002 .0001", "Janitor Month _2021  52 052 .0002"},
		{"CET-1", "03 -0700 -07:00 Z0700 Z07 -07:00:00 MST",
		 "05 +0100 +01:00 +0100 +01 +01:00:00 CET"},
		{"NST3:30", "15 -0700 -07 Z07:00", "12 -0330 -03 -03:30"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++) {
		struct log_layout *l = log_layout_new(bytes_str(rows[i].layout));
		struct buf b = BUF_INIT;

		setenv("TZ", rows[i].zone, 1);
		tzset();
		log_layout_print(l, WHEN_NS, &b);
		assert_string_equal(buf_cstr(&b), rows[i].want);
		buf_fini(&b);
		log_layout_free(l);
	}
	setenv("TZ", "UTC", 1);
	tzset();
}

/* ---- the whole of it ----------------------------------------------------- */

static uint64_t frozen(void)
{
	return (uint64_t)WHEN_NS;
}

static struct log_logger server = LOG_LOGGER("orderer.common.server");
static struct log_logger msp = LOG_LOGGER("msp");

static void levels_change_at_run_time_and_are_counted(void **state)
{
	uint64_t checked[2][LOG_LEVELS], written[2][LOG_LEVELS];
	struct ord_err e = ERR_INIT;
	struct buf out, spec = BUF_INIT;
	struct capture capture;

	(void)state;
	clock_virtual(frozen);
	capture_start(&capture);
	test_ok(log_set_format("%{level} %{module} %{message}", &e), &e);
	log_counts(checked[0], written[0]);
	log_debug(&server, "hidden %d", 1);
	errno = ENOSPC;
	log_info(&server, "shown %d\n\n", 2);
	assert_int_equal(errno, ENOSPC);
	test_ok(log_set_spec("msp=debug:warn", &e), &e);
	log_info(&server, "hidden %d", 3);
	log_debug(&msp, "shown %d", 4);
	assert_int_equal(log_set_spec("nonsense", &e), ORD_EINVAL);
	log_error(&server, "shown %d", 5);
	log_get_spec(&spec);
	test_ok(log_set_spec("", &e), &e);
	log_debug(&msp, "hidden %d", 6);
	log_counts(checked[1], written[1]);
	out = capture_end(&capture);
	clock_virtual(NULL);
	assert_string_equal(buf_cstr(&out), "INFO orderer.common.server shown 2\n"
					    "DEBUG msp shown 4\n"
					    "ERROR orderer.common.server shown 5\n");
	assert_string_equal(buf_cstr(&spec), "msp=debug:warn");
	/* the info line that only its own logger refused counts as checked, as in Fabric */
	for (int level = LOG_PAYLOAD; level <= LOG_FATAL; level++) {
		size_t i = (size_t)(level - LOG_PAYLOAD);
		static const uint64_t want[2][LOG_LEVELS] = {{0, 1, 2, 0, 1, 0, 0, 0},
							     {0, 1, 1, 0, 1, 0, 0, 0}};

		assert_int_equal(checked[1][i] - checked[0][i], want[0][i]);
		assert_int_equal(written[1][i] - written[0][i], want[1][i]);
	}
	buf_fini(&out);
	buf_fini(&spec);
}

#define WRITERS 4
#define LINES   300

static void *write_lines(void *arg)
{
	char filler[200];

	memset(filler, 'x', sizeof(filler));
	for (int i = 0; i < LINES; i++)
		log_info(&server, "%d.%d %.*s", (int)(intptr_t)arg, i, i % 200 + 1, filler);
	return NULL;
}

static void threads_write_whole_lines_while_settings_change(void **state)
{
	int next[WRITERS] = {0}, lines = 0;
	struct ord_err e = ERR_INIT;
	pthread_t t[WRITERS];
	struct capture capture;
	struct buf out;

	(void)state;
	capture_start(&capture);
	test_ok(log_set_format("<%{message}>", &e), &e);
	for (intptr_t i = 0; i < WRITERS; i++)
		test_ok(thread_start(&t[i], "writer", write_lines, (void *)i, &e), &e);
	for (int i = 0; i < 50; i++) {
		test_ok(log_set_spec(i % 2 ? "orderer=debug:error" : "info", &e), &e);
		test_ok(log_set_format("<%{message}>", &e), &e);
	}
	for (size_t i = 0; i < WRITERS; i++)
		pthread_join(t[i], NULL);
	test_ok(log_set_format(NULL, &e), &e);
	out = capture_end(&capture);
	buf_cstr(&out);
	for (char *s = (char *)out.data; *s; s = strchr(s, '\n') + 1, lines++) {
		int who, i, end;

		end = 0;
		assert_int_equal(sscanf(s, "<%d.%d %*[x]>%n", &who, &i, &end), 2);
		assert_int_equal(s[end], '\n');
		assert_int_equal(strcspn(strchr(s, ' ') + 1, ">"), i % 200 + 1);
		assert_true(who >= 0 && who < WRITERS);
		assert_int_equal(i, next[who]++);
	}
	assert_int_equal(lines, WRITERS * LINES);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spec_prints_itself_normalised),
		cmocka_unit_test(spec_says_what_is_wrong_with_it),
		cmocka_unit_test(spec_governs_a_logger_by_its_longest_match),
		cmocka_unit_test(patterns_print_as_in_fabric),
		cmocka_unit_test(colours_follow_the_level_and_only_when_asked_for),
		cmocka_unit_test(formats_say_what_is_wrong_with_them),
		cmocka_unit_test(fields_stand_behind_the_text),
		cmocka_unit_test(messages_cannot_forge_a_line),
		cmocka_unit_test(time_layouts_are_gos),
		cmocka_unit_test(levels_change_at_run_time_and_are_counted),
		cmocka_unit_test(threads_write_whole_lines_while_settings_change),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
