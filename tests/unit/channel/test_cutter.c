/* SPDX-License-Identifier: Apache-2.0 */
/* The block cutter against every edge of spec 6.2. */
#include "../test.h"
#include <channel/channel_priv.h>

static struct ord_env *env_of_size(size_t size)
{
	uint8_t *payload = x_alloc(size);
	struct ord_env *env = env_make(bytes_of(payload, size - 1), bytes_of("s", 1));

	assert_int_equal(env_size(env), size);
	free(payload);
	return env;
}

/* Feed sizes; expect "ready batches" as message counts, and what stays pending. */
struct cut_case {
	const char *name;
	struct cutter_limits limits;
	size_t sizes[6];
	struct {
		size_t n, counts[2];
		bool pending;
	} want[6];
};

static const struct cut_case cases[] = {
	{"count reached",
	 {3, 1000},
	 {10, 10, 10, 10},
	 {{0, {0}, true}, {0, {0}, true}, {1, {3}, false}, {0, {0}, true}}},
	{"one a block", {1, 1000}, {10, 10}, {{1, {1}, false}, {1, {1}, false}}},
	{"overflow cuts what waits and keeps the new one",
	 {10, 100},
	 {60, 50, 50, 1},
	 {{0, {0}, true}, {1, {1}, true}, {0, {0}, true}, {1, {2}, true}}},
	{"exactly the preferred size is no overflow",
	 {10, 100},
	 {50, 50, 1},
	 {{0, {0}, true}, {0, {0}, true}, {1, {2}, true}}},
	{"larger than preferred stands alone",
	 {10, 100},
	 {101, 10, 101},
	 {{1, {1}, false}, {0, {0}, true}, {2, {1, 1}, false}}},
	{"exactly preferred is not alone", {10, 100}, {100, 1}, {{0, {0}, true}, {1, {1}, true}}},
	{"overflow, then the count with the new one",
	 {2, 100},
	 {90, 20, 20},
	 {{0, {0}, true}, {1, {1}, true}, {1, {2}, false}}},
};

static void run_case(const struct cut_case *t)
{
	struct cutter c = {0};
	struct ord_batch *out[2];
	bool pending;

	for (size_t i = 0; i < UTIL_ARRAY_LEN(t->sizes) && t->sizes[i]; i++) {
		struct ord_env *env = env_of_size(t->sizes[i]);
		size_t n = cutter_order(&c, &t->limits, env, out, &pending);

		if (n != t->want[i].n || pending != t->want[i].pending)
			fail_msg("%s, message %zu: %zu batches, pending %d; want %zu, %d", t->name,
				 i, n, pending, t->want[i].n, t->want[i].pending);
		for (size_t k = 0; k < n; k++) {
			if (out[k]->n != t->want[i].counts[k])
				fail_msg("%s, message %zu, batch %zu: %zu messages, want %zu",
					 t->name, i, k, out[k]->n, t->want[i].counts[k]);
			batch_free(out[k]);
		}
		env_unref(env);
	}
	cutter_fini(&c);
}

/* Where the configuration prefers the impossible: a block that nobody could receive. */
static void no_batch_is_larger_than_a_message_may_be(void **state)
{
	static const struct cutter_limits limits = {UINT32_MAX, UINT32_MAX};
	struct ord_env *env = env_of_size(1u << 20);
	struct cutter c = {0};
	struct ord_batch *out[2];
	bool pending;

	(void)state;
	for (size_t i = 0; i < CUTTER_BYTES_MAX >> 20; i++)
		assert_int_equal(cutter_order(&c, &limits, env, out, &pending), 0);
	assert_int_equal(cutter_order(&c, &limits, env, out, &pending), 1);
	assert_int_equal(out[0]->n, CUTTER_BYTES_MAX >> 20);
	batch_free(out[0]);
	cutter_fini(&c);
	env_unref(env);
}

static void every_edge_cuts_as_fabric_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++)
		run_case(&cases[i]);
}

static void cut_takes_all_in_order_once(void **state)
{
	struct cutter_limits l = {100, 1000};
	struct cutter c = {0};
	struct ord_env *envs[3];
	struct ord_batch *out[2], *b;
	bool pending;

	(void)state;
	assert_null(cutter_cut(&c));
	for (size_t i = 0; i < 3; i++) {
		envs[i] = env_of_size(10 + i);
		assert_int_equal(cutter_order(&c, &l, envs[i], out, &pending), 0);
	}
	b = cutter_cut(&c);
	assert_int_equal(b->n, 3);
	for (size_t i = 0; i < 3; i++)
		assert_ptr_equal(b->envs[i], envs[i]);
	assert_null(cutter_cut(&c));
	batch_free(b);
	for (size_t i = 0; i < 3; i++)
		env_unref(envs[i]);
	cutter_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_edge_cuts_as_fabric_does),
		cmocka_unit_test(no_batch_is_larger_than_a_message_may_be),
		cmocka_unit_test(cut_takes_all_in_order_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
