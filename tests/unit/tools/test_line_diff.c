/* SPDX-License-Identifier: Apache-2.0 */
/* line_diff: what a reader should see of two texts of JSON. */
#include "../test.h"

#include "../../../tools/line_diff.h"

static const struct {
	const char *from, *to;
	int indent;
	size_t max;
	const char *want;
} cases[] = {
	{"", "", 0, 9, ""},
	{"{\n\t\"a\": 1\n}\n", "{\n\t\"a\": 1\n}\n", 0, 9, ""},
	{"{\n\t\"a\": 1,\n\t\"b\": 2\n}\n", "{\n\t\"a\": 3,\n\t\"b\": 2\n}\n", 2, 9,
	 "  a: 1 -> 3\n"},
	{"{\n\t\"a\": 1,\n\t\"b\": 2\n}\n", "{\n\t\"a\": 3,\n\t\"b\": \"x: y\"\n}\n", 0, 9,
	 "a: 1 -> 3\nb: 2 -> \"x: y\"\n"},
	/* a comma more is no difference */
	{"[\n\t\"x\"\n]\n", "[\n\t\"x\",\n\t\"y\"\n]\n", 0, 9, "+ \"y\"\n"},
	{"[\n\t\"x\",\n\t\"y\"\n]\n", "[\n\t\"y\"\n]\n", 0, 9, "- \"x\"\n"},
	{"[\n\"a\",\n\"b\",\n\"c\",\n\"d\"\n]", "[\n\"b\",\n\"x\",\n\"d\",\n\"e\"\n]", 0, 9,
	 "- \"a\"\n- \"c\"\n+ \"x\"\n+ \"e\"\n"},
	/* a value that becomes an object */
	{"{\n\"a\": null\n}", "{\n\"a\": {\n\"b\": 1\n}\n}", 0, 9,
	 "- \"a\": null\n+ \"a\": {\n+ \"b\": 1\n+ }\n"},
	{"1\n2\n3\n4\n", "5\n6\n7\n8\n", 1, 3, " - 1\n - 2\n - 3\n … and 5 lines more\n"},
};

static void differences_are_shown_as_a_reader_wants_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT;

		line_diff(cases[i].from, cases[i].to, cases[i].indent, cases[i].max, &out);
		assert_string_equal(buf_cstr(&out), cases[i].want);
		buf_fini(&out);
	}
}

/* Too large for a table: all between the first and the last difference. */
static void large_texts_are_compared_coarsely(void **state)
{
	struct buf from = BUF_INIT, to = BUF_INIT, out = BUF_INIT;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		buf_printf(&from, "%d\n", i);
		buf_printf(&to, "%d\n", i == 0 || i == 2998 ? -i - 1 : i);
	}
	line_diff(buf_cstr(&from), buf_cstr(&to), 0, 2, &out);
	assert_string_equal(buf_cstr(&out), "- 0\n- 1\n… and 5996 lines more\n");
	buf_fini(&from);
	buf_fini(&to);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences_are_shown_as_a_reader_wants_them),
		cmocka_unit_test(large_texts_are_compared_coarsely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
