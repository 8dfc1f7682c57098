/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes for the tests of wire: hex, golden folders, flipped bits. */
#ifndef WIRE_TEST_H
#define WIRE_TEST_H

#include "../blocks.h"

/* Hex without its spaces. */
static inline struct buf test_hex_digits(const char *hex)
{
	struct buf b = BUF_INIT;

	for (; *hex; hex++)
		if (*hex != ' ')
			buf_add_u8(&b, (uint8_t)*hex);
	buf_cstr(&b);
	return b;
}

static inline struct buf test_hex(const char *hex)
{
	struct buf b = BUF_INIT, digits = test_hex_digits(hex);

	if (hex_decode(&b, (char *)digits.data) < 0)
		fail_msg("not hex: %s", hex);
	buf_fini(&digits);
	return b;
}

static inline void test_same_bytes(struct ord_bytes got, struct ord_bytes want)
{
	assert_int_equal(got.len, want.len);
	if (want.len)
		assert_memory_equal(got.data, want.data, want.len);
}

static inline void test_same_hex(struct ord_bytes got, const char *want)
{
	struct buf hex = BUF_INIT, digits = test_hex_digits(want);

	hex_encode(&hex, got);
	assert_string_equal(buf_cstr(&hex), (char *)digits.data);
	buf_fini(&digits);
	buf_fini(&hex);
}

/* Call @fn with every message of a golden folder; returns how many there were.  What stands there
 * as text (.jsonl) is for others. */
static inline size_t test_each_golden(const char *folder,
				      void (*fn)(const char *name, struct ord_bytes content))
{
	char *dir = test_golden_path("%s", folder);
	struct ord_err e = ERR_INIT;
	size_t messages = 0, n;
	char **names;

	test_ok(file_list(dir, &names, &n, &e), &e);
	for (size_t i = 0; i < n; i++) {
		char *path = x_printf("%s/%s", folder, names[i]);
		struct buf b = test_golden(path);

		if (!strstr(names[i], ".jsonl")) {
			fn(names[i], buf_bytes(&b));
			messages++;
		}
		buf_fini(&b);
		free(path);
	}
	file_list_free(names);
	free(dir);
	return messages;
}

/* Call @fn with @rounds copies of @good, each with one to eight bits flipped.  Always the same. */
static inline void test_flip_bits(struct ord_bytes good, int rounds, void (*fn)(struct ord_bytes))
{
	uint32_t seed = 12345;

	for (int i = 0; i < rounds; i++) {
		struct buf b = BUF_INIT;

		buf_add_bytes(&b, good);
		for (int k = 0; k <= i % 8; k++) {
			seed = seed * 1664525 + 1013904223;
			b.data[(seed >> 8) % b.len] ^= (uint8_t)(1u << (seed & 7));
		}
		fn(buf_bytes(&b));
		buf_fini(&b);
	}
}

#endif /* WIRE_TEST_H */
