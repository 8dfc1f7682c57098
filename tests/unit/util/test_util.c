/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

static void duration_reads_what_go_reads(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
		const char *printed;
	} good[] = {
		{"0", 0, "0s"},
		{"2s", 2000000000, "2s"},
		{"1h3m", 3780000000000, "1h3m0s"},
		{"250ms", 250000000, "250ms"},
		{"1.5s", 1500000000, "1.5s"},
		{"-2us", -2000, "-2\u00b5s"},
		{".5m", 30000000000, "30s"},
		{"2562047h47m16.854775807s", INT64_MAX, "2562047h47m16.854775807s"},
	};
	static const char *const bad[] = {"",    "2",   "s",           "1x",
					  "1s2", "-",   ".s",          "1.s.",
					  " 1s", "1 s", "9999999999h", "99999999999999999999s"};
	struct ord_err e = ERR_INIT;
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(good); i++) {
		struct buf b = BUF_INIT;

		test_ok(duration_parse(good[i].text, &ns, &e), &e);
		assert_int_equal(ns, good[i].ns);
		duration_format(&b, ns);
		assert_string_equal(buf_cstr(&b), good[i].printed);
		buf_fini(&b);
	}
	for (size_t i = 0; i < UTIL_ARRAY_LEN(bad); i++)
		assert_int_equal(duration_parse(bad[i], &ns, &e), ORD_EINVAL);
}

static void varints_are_minimal_and_bounded(void **state)
{
	static const uint64_t values[] = {0, 1, 127, 128, 300, UINT32_MAX, UINT64_MAX};
	static const uint8_t too_long[] = {0xff, 0xff, 0xff, 0xff, 0xff,
					   0xff, 0xff, 0xff, 0xff, 0x02};
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(values); i++) {
		uint8_t out[10];
		size_t n = uvarint_put(out, values[i]);

		assert_int_equal(n, uvarint_len(values[i]));
		assert_int_equal(uvarint_get(bytes_of(out, n), &v), n);
		assert_true(v == values[i]);
		assert_int_equal(uvarint_get(bytes_of(out, n - 1), &v), 0);
	}
	assert_int_equal(uvarint_get(bytes_of(too_long, sizeof(too_long)), &v), 0);
}

static void map_keeps_what_was_put(void **state)
{
	struct map *m = map_new();
	char key[16];
	size_t pos = 0, seen = 0;
	struct ord_bytes k;
	void *v;

	(void)state;
	for (intptr_t i = 1; i <= 1000; i++) {
		snprintf(key, sizeof(key), "k%d", (int)i);
		assert_null(map_put(m, bytes_str(key), (void *)i));
	}
	for (intptr_t i = 1; i <= 1000; i += 2) {
		snprintf(key, sizeof(key), "k%d", (int)i);
		assert_ptr_equal(map_put(m, bytes_str(key), NULL), (void *)i);
	}
	assert_int_equal(map_len(m), 500);
	for (intptr_t i = 1; i <= 1000; i++) {
		snprintf(key, sizeof(key), "k%d", (int)i);
		assert_ptr_equal(map_get(m, bytes_str(key)), i % 2 ? NULL : (void *)i);
	}
	while (map_next(m, &pos, &k, &v))
		seen++;
	assert_int_equal(seen, 500);
	map_free(m, NULL);
}

static void *push_hundred(void *arg)
{
	for (intptr_t i = 1; i <= 100; i++)
		while (mailbox_push(arg, (void *)i) == ORD_EUNAVAIL)
			clock_sleep_ns(1000);
	mailbox_close(arg);
	return NULL;
}

static void mailbox_hands_over_in_order(void **state)
{
	struct ord_mailbox *m = mailbox_new(7);
	struct ord_err e = ERR_INIT;
	pthread_t t;
	void *item;

	(void)state;
	assert_int_equal(mailbox_pop(m, 0, &item), ORD_ETIMEDOUT);
	test_ok(thread_start(&t, "pusher", push_hundred, m, &e), &e);
	for (intptr_t i = 1; i <= 100; i++) {
		assert_int_equal(mailbox_pop(m, CLOCK_NEVER, &item), 0);
		assert_ptr_equal(item, (void *)i);
	}
	assert_int_equal(mailbox_pop(m, CLOCK_NEVER, &item), ORD_ECLOSED);
	assert_int_equal(mailbox_push(m, item), ORD_ECLOSED);
	pthread_join(t, NULL);
	mailbox_free(m);
}

struct ball {
	struct ord_mailbox *to, *fro;
};

static void *hit_back(void *arg)
{
	struct ball *b = arg;
	void *item;

	while (mailbox_pop(b->to, CLOCK_NEVER, &item) == 0)
		assert_int_equal(mailbox_push(b->fro, item), 0);
	return NULL;
}

static void mailboxes_pass_a_lone_item_to_and_fro(void **state)
{
	struct ball b = {mailbox_new(1), mailbox_new(1)};
	struct ord_err e = ERR_INIT;
	pthread_t t;
	void *item;

	(void)state;
	test_ok(thread_start(&t, "partner", hit_back, &b, &e), &e);
	for (intptr_t i = 1; i <= 2000; i++) {
		assert_int_equal(mailbox_push(b.to, (void *)i), 0);
		assert_int_equal(mailbox_pop(b.fro, CLOCK_NEVER, &item), 0);
		assert_ptr_equal(item, (void *)i);
	}
	mailbox_close(b.to);
	pthread_join(t, NULL);
	mailbox_free(b.to);
	mailbox_free(b.fro);
}

/* Waits that end at once; on a busy machine not every try is one.  Whether the next would spin. */
static bool spins_after_short_waits(bool one)
{
	struct spin s = {0};
	bool spins = false;

	for (int i = 0; i < 10000 && !spins; i++) {
		spin_begin(&s);
		spins = s.spinning;
		while (spin_on(&s))
			; /* comes to an end by itself */
		spin_end(&s, one);
		assert_false(s.spinning);
	}
	return spins;
}

static void who_was_given_one_thing_soon_spins(void **state)
{
	(void)state;
	assert_int_equal(spins_after_short_waits(true), thread_cpus() > 1);
	assert_false(spins_after_short_waits(false));
}

static void who_waited_long_does_not_spin(void **state)
{
	struct spin s = {0};

	(void)state;
	for (int i = 0; i < 20; i++) {
		spin_begin(&s);
		assert_false(s.spinning);
		clock_sleep_ns(CLOCK_MS_NS);
		spin_end(&s, true);
	}
}

static uint64_t noon(void)
{
	return 12 * 3600 * CLOCK_SEC_NS;
}

static void nobody_spins_in_virtual_time(void **state)
{
	(void)state;
	clock_virtual(noon);
	assert_true(clock_is_virtual());
	assert_false(spins_after_short_waits(true));
	clock_virtual(NULL);
}

struct count_task {
	struct pool_task task;
	atomic_int *count;
};

static void count_up(struct pool_task *t)
{
	atomic_fetch_add(UTIL_CONTAINER(t, struct count_task, task)->count, 1);
}

static void pool_runs_every_task(void **state)
{
	static struct count_task tasks[1000];
	atomic_int count = 0;
	struct ord_err e = ERR_INIT;
	struct pool *p;

	(void)state;
	test_ok(pool_new(3, "worker", &p, &e), &e);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(tasks); i++) {
		tasks[i] = (struct count_task){{count_up, NULL}, &count};
		pool_submit(p, &tasks[i].task);
	}
	pool_free(p);
	assert_int_equal(count, 1000);
}

static void json_strings_are_escaped_as_go_does(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_add_json(&b, bytes_of("a\"\\\n\r\t\1\0<>&\x7f\xc3\xa9\xe2\x80\xa8\xff", 18));
	assert_string_equal(buf_cstr(&b), "\"a\\\"\\\\\\n\\r\\t\\u0001\\u0000\\u003c\\u003e\\u0026"
					  "\x7f\xc3\xa9\\u2028\\ufffd\"");
	buf_fini(&b);
}

static void a_decimal_is_digits_alone_and_bounded(void **state)
{
	static const char *const bad[] = {
		"", " 1", "+1", "-1", "1 ", "0x1", "1e3", "101", "18446744073709551616"};
	uint64_t v;

	(void)state;
	assert_true(decimal_parse(bytes_str("0100"), 100, &v));
	assert_int_equal(v, 100);
	assert_true(decimal_parse(bytes_str("18446744073709551615"), UINT64_MAX, &v));
	assert_true(v == UINT64_MAX);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(bad); i++)
		if (decimal_parse(bytes_str(bad[i]), 100, &v))
			fail_msg("\"%s\" is a decimal", bad[i]);
}

static void truth_has_many_words(void **state)
{
	(void)state;
	assert_int_equal(bool_parse("Yes"), 1);
	assert_int_equal(bool_parse("0"), 0);
	assert_int_equal(bool_parse("truer"), -1);
	assert_int_equal(bool_parse(""), -1);
}

static void base64_and_hex_round_trip(void **state)
{
	(void)state;
	for (size_t n = 0; n < 40; n++) {
		uint8_t in[40];
		struct buf text = BUF_INIT, back = BUF_INIT;

		for (size_t i = 0; i < n; i++)
			in[i] = (uint8_t)(i * 37 + n);
		base64_encode(&text, bytes_of(in, n));
		assert_int_equal(base64_decode(&back, buf_cstr(&text), text.len), 0);
		assert_int_equal(back.len, n);
		assert_memory_equal(back.data, in, n);
		text.len = back.len = 0;
		hex_encode(&text, bytes_of(in, n));
		assert_int_equal(hex_decode(&back, buf_cstr(&text)), 0);
		assert_int_equal(back.len, n);
		assert_memory_equal(back.data, in, n);
		buf_fini(&text);
		buf_fini(&back);
	}
}

static void utf8_is_strict(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		uint32_t c;
	} rows[] = {
		{"a", 1, 'a'},
		{"\x7f", 1, 0x7f},
		{"\xc2\x80", 2, 0x80},
		{"\xdf\xbf", 2, 0x7ff},
		{"\xe0\xa0\x80", 3, 0x800},
		{"\xed\x9f\xbf", 3, 0xd7ff},
		{"\xf0\x90\x80\x80", 4, 0x10000},
		{"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
		{"", 0, 0},
		{"\x80", 0, 0},
		{"\xc0\x80", 0, 0},
		{"\xc1\xbf", 0, 0},
		{"\xc2", 0, 0},
		{"\xc2"
		 "a",
		 0, 0},
		{"\xe0\x9f\xbf", 0, 0},
		{"\xed\xa0\x80", 0, 0},
		{"\xf0\x8f\xbf\xbf", 0, 0},
		{"\xf4\x90\x80\x80", 0, 0},
		{"\xf5\x80\x80\x80", 0, 0},
		{"\xff", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++) {
		uint32_t c;

		assert_int_equal(utf8_char(bytes_str(rows[i].text), &c), rows[i].len);
		if (rows[i].len)
			assert_int_equal(c, rows[i].c);
	}
	assert_true(utf8_valid(bytes_str("a\xc3\xa4\xe2\x82\xac")));
	assert_false(utf8_valid(bytes_str("a\xc3\xa4\xe2\x82")));
}

static void sha256_is_sha256(void **state)
{
	uint8_t out[SHA256_LEN];
	struct buf hex = BUF_INIT;

	(void)state;
	sha256(bytes_str("abc"), out);
	hex_encode(&hex, bytes_of(out, sizeof(out)));
	assert_string_equal(buf_cstr(&hex),
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	buf_fini(&hex);
}

static void errors_grow_on_the_way_up(void **state)
{
	static const char *const names[] = {"General.TLS.Enabled", "General.ListenPort", NULL};
	struct ord_err e = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&e, ORD_EINVAL, "bad %d", 7), ORD_EINVAL);
	assert_int_equal(err_wrap(&e, "channel %s", "foo"), ORD_EINVAL);
	assert_string_equal(e.msg, "channel foo: bad 7");
	assert_string_equal(err_nearest("General.TLS.Enable", names), "General.TLS.Enabled");
	assert_null(err_nearest("Zebra", names));
}

static void a_histogram_may_have_its_own_bounds(void **state)
{
	static const double bounds[HISTOGRAM_BOUNDS] = {.005, .015, 1};
	struct histogram h = {.bounds = bounds};
	struct histogram_sum sum;

	(void)state;
	histogram_observe(&h, 15 * CLOCK_MS_NS);
	histogram_observe(&h, 15 * CLOCK_MS_NS + 1);
	histogram_observe(&h, 2 * CLOCK_SEC_NS);
	assert_int_equal(histogram_read(&h, &sum), 3);
	assert_int_equal(sum.buckets[0], 0);
	assert_int_equal(sum.buckets[1], 1);
	assert_int_equal(sum.buckets[2], 2);
	assert_ptr_equal(sum.bounds, bounds);
}

static void a_histogram_counts_each_once(void **state)
{
	struct histogram h = {0};
	struct histogram_sum sum;

	(void)state;
	assert_int_equal(histogram_read(&h, &sum), 0);
	histogram_observe(&h, 0);
	histogram_observe(&h, 5 * CLOCK_MS_NS); /* a bound belongs to its bucket */
	histogram_observe(&h, 5 * CLOCK_MS_NS + 1);
	histogram_observe(&h, 2 * CLOCK_SEC_NS);
	histogram_observe(&h, 11 * CLOCK_SEC_NS);
	assert_int_equal(histogram_read(&h, &sum), 5);
	assert_int_equal(sum.buckets[0], 2);
	assert_int_equal(sum.buckets[1], 3);
	assert_int_equal(sum.buckets[7], 3); /* a second */
	assert_int_equal(sum.buckets[8], 4);
	assert_int_equal(sum.buckets[10], 4);
	assert_true(sum.seconds > 13.01 && sum.seconds < 13.011);
	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
		histogram_observe(&h, (uint64_t)(histogram_bounds[i] * 1e9 + .5));
		histogram_read(&h, &sum);
		assert_true(sum.buckets[i] > (i ? sum.buckets[i - 1] : 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(duration_reads_what_go_reads),
		cmocka_unit_test(varints_are_minimal_and_bounded),
		cmocka_unit_test(map_keeps_what_was_put),
		cmocka_unit_test(a_histogram_counts_each_once),
		cmocka_unit_test(a_histogram_may_have_its_own_bounds),
		cmocka_unit_test(mailbox_hands_over_in_order),
		cmocka_unit_test(mailboxes_pass_a_lone_item_to_and_fro),
		cmocka_unit_test(who_was_given_one_thing_soon_spins),
		cmocka_unit_test(who_waited_long_does_not_spin),
		cmocka_unit_test(nobody_spins_in_virtual_time),
		cmocka_unit_test(pool_runs_every_task),
		cmocka_unit_test(json_strings_are_escaped_as_go_does),
		cmocka_unit_test(a_decimal_is_digits_alone_and_bounded),
		cmocka_unit_test(truth_has_many_words),
		cmocka_unit_test(base64_and_hex_round_trip),
		cmocka_unit_test(utf8_is_strict),
		cmocka_unit_test(sha256_is_sha256),
		cmocka_unit_test(errors_grow_on_the_way_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
