/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that need no socket. */
#include "rig.h"

#include <net/net_priv.h>

static void status_names_are_gos(void **state)
{
	(void)state;
	assert_string_equal(net_status_name(NET_OK), "OK");
	assert_string_equal(net_status_name(NET_CANCELLED), "Canceled");
	assert_string_equal(net_status_name(NET_DEADLINE_EXCEEDED), "DeadlineExceeded");
	assert_string_equal(net_status_name(NET_UNAUTHENTICATED), "Unauthenticated");
	assert_string_equal(net_status_name(17), "Unknown");
	assert_string_equal(net_status_name(-1), "Unknown");
}

static void status_messages_are_percent_encoded(void **state)
{
	static const char *const t[][2] = {
		{"plain text", "plain text"},
		{"100%", "100%25"},
		{"\t\u263a~\x7f", "%09%E2%98%BA~%7F"},
		{"", ""},
	};
	struct buf b = BUF_INIT, back = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(t); i++) {
		b.len = back.len = 0;
		percent_encode(&b, t[i][0]);
		assert_string_equal(buf_cstr(&b), t[i][1]);
		percent_decode(&back, buf_bytes(&b));
		assert_string_equal(buf_cstr(&back), t[i][0]);
	}
	back.len = 0;
	percent_decode(&back, bytes_str("%zz%4%41%"));
	assert_string_equal(buf_cstr(&back), "%zz%4A%");
	buf_fini(&b);
	buf_fini(&back);
}

static void timeouts_are_read_and_written(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} t[] = {
		{"1n", 1},
		{"5u", 5000},
		{"100m", 100 * CLOCK_MS_NS},
		{"3S", 3 * CLOCK_SEC_NS},
		{"2M", 120 * CLOCK_SEC_NS},
		{"1H", 3600 * CLOCK_SEC_NS},
		{"0S", 1},
		{"99999999H", INT64_MAX / 2},
		{"S", 0},
		{"", 0},
		{"1", 0},
		{"-1S", 0},
		{"1.5S", 0},
		{"100000000S", 0},
		{"1s", 0},
	};
	char text[16];

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(t); i++)
		if (grpc_timeout_parse(bytes_str(t[i].text)) != t[i].ns)
			fail_msg("%s: %llu", t[i].text,
				 (unsigned long long)grpc_timeout_parse(bytes_str(t[i].text)));
	for (uint64_t ns = 1; ns < UINT64_MAX / 8; ns = ns * 7 + 3) {
		uint64_t back;

		grpc_timeout_format(text, sizeof(text), ns);
		back = grpc_timeout_parse(bytes_str(text));
		assert_true(back <= ns && back >= ns - ns / 100000);
	}
}

struct alarm {
	struct timer t;
	uint64_t *last;
	unsigned *fired;
};

static void ring(struct timer *t)
{
	struct alarm *a = (struct alarm *)t;

	assert_true(t->at_ns >= *a->last);
	*a->last = t->at_ns;
	(*a->fired)++;
}

static void timers_fire_in_order(void **state)
{
	static struct alarm a[1000];
	struct timers h = {NULL, 0, 0};
	uint64_t last = 0, x = 12345;
	unsigned fired = 0, left = 1000;

	(void)state;
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 1000; i++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			a[i].t.fire = ring;
			a[i].last = &last;
			a[i].fired = &fired;
			timer_set(&h, &a[i].t, x >> 40);
		}
	for (int i = 0; i < 1000; i += 3, left--)
		timer_clear(&h, &a[i].t);
	for (int i = 0; i < 1000; i += 3)
		timer_clear(&h, &a[i].t);
	assert_int_equal(h.len, left);
	timers_fire(&h, 1 << 23);
	assert_true(fired > 0 && fired < left);
	assert_true(timers_next(&h) > 1 << 23);
	timers_fire(&h, CLOCK_NEVER - 1);
	assert_int_equal(fired, left);
	assert_true(timers_next(&h) == CLOCK_NEVER);
}

static unsigned released;

static void release(void *owner)
{
	(void)owner;
	released++;
}

static void queues_keep_every_byte(void **state)
{
	static uint8_t source[300000], copy[300000];
	struct outq a = {0}, b = {0};
	size_t put = 0, taken = 0, shared = 0, got = 0;
	uint32_t x = 1;

	(void)state;
	released = 0;
	for (size_t i = 0; i < sizeof(source); i++)
		source[i] = (uint8_t)(i * 31 + i / 256);
	while (got < sizeof(source)) {
		size_t n = (x = x * 1664525 + 1013904223) >> 20;

		n = n < sizeof(source) - put ? n : sizeof(source) - put;
		if (x & 0x800) {
			outq_share(&a, bytes_of(source + put, n), release, NULL);
			shared++;
		} else {
			outq_copy(&a, source + put, n);
		}
		put += n;
		assert_int_equal(a.bytes, put - taken);
		n = a.bytes * (x >> 8 & 3) / 3;
		outq_move(&b, &a, n);
		taken += n;
		n = b.bytes * (x >> 12 & 3) / 3;
		assert_int_equal(outq_peek(&b, copy + got, n), n);
		outq_drop(&b, n);
		got += n;
	}
	assert_memory_equal(copy, source, sizeof(source));
	assert_int_equal(released, shared);
	assert_int_equal(a.bytes + b.bytes, 0);
	assert_null(a.ring);
	assert_null(b.ring);
}

static void big_chunks_are_not_copied(void **state)
{
	static const uint8_t block[40000];
	struct outq a = {0}, b = {0};
	struct iovec v[8];

	(void)state;
	released = 0;
	outq_copy(&a, "head", 4);
	outq_share(&a, bytes_of(block, sizeof(block)), release, NULL);
	outq_move(&b, &a, 20000);
	outq_move(&b, &a, 20004);
	assert_int_equal(outq_iov(&b, v, 8), 3);
	assert_ptr_equal(v[1].iov_base, block);
	assert_ptr_equal(v[2].iov_base, block + 19996);
	outq_drop(&b, 30000);
	assert_int_equal(released, 0);
	outq_drop(&b, 10004);
	assert_int_equal(released, 1);
	outq_share(&a, bytes_of(block, sizeof(block)), release, NULL);
	outq_fini(&a);
	assert_int_equal(released, 2);
	outq_fini(&b);
}

static void a_bucket_refills(void **state)
{
	struct bucket b = {0};
	uint64_t now = 50 * CLOCK_SEC_NS;
	unsigned taken = 0;

	(void)state;
	while (bucket_take(&b, now, 1000, 100))
		taken++;
	assert_int_equal(taken, 1000);
	now += CLOCK_SEC_NS;
	while (bucket_take(&b, now, 1000, 100))
		taken++;
	assert_int_equal(taken, 1100);
	assert_false(bucket_take(&b, now + 9 * CLOCK_MS_NS, 1000, 100));
	assert_true(bucket_take(&b, now + 10 * CLOCK_MS_NS, 1000, 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_names_are_gos),
		cmocka_unit_test(status_messages_are_percent_encoded),
		cmocka_unit_test(timeouts_are_read_and_written),
		cmocka_unit_test(timers_fire_in_order),
		cmocka_unit_test(queues_keep_every_byte),
		cmocka_unit_test(big_chunks_are_not_copied),
		cmocka_unit_test(a_bucket_refills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
