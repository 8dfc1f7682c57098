/* SPDX-License-Identifier: Apache-2.0 */
/* YAML as a tree: what is followed, what is bounded, and what is refused with its line. */
#include "../test.h"

static struct yaml *parsed(const char *text)
{
	struct ord_err e = ERR_INIT;
	struct yaml *y = NULL;

	test_ok(yaml_parse("f.yaml", bytes_str(text), &y, &e), &e);
	return y;
}

/* "{a: 1, b: [x, null]}", for comparing. */
static void print(const struct yaml *y, struct buf *b)
{
	bool map = y->kind == YAML_MAP;

	if (y->kind == YAML_NULL)
		buf_add_str(b, "null");
	else if (y->kind == YAML_SCALAR)
		buf_printf(b, "%s%s", y->text, y->merged ? "<" : "");
	else
		buf_add_str(b, map ? "{" : "[");
	for (size_t i = 0; i < y->n; i++) {
		buf_printf(b, "%s%s%s", i ? ", " : "", map ? y->items[i]->key : "",
			   map ? ": " : "");
		print(y->items[i], b);
	}
	if (y->kind == YAML_LIST || map)
		buf_add_str(b, map ? "}" : "]");
}

static void documents_become_trees(void **state)
{
	static const struct {
		const char *text, *tree;
	} rows[] = {
		{"", "null"},
		{" \r\n\t# x: y\n", "null"},
		{"---\n", "null"},
		{"~", "null"},
		{"'~'", "~"},
		{"a: 1\nb: [x, null, 'null', \"\"]\n", "{a: 1, b: [x, null, null, ]}"},
		{"a: &a {x: 1}\nb: *a\nc: [*a, *a]\n",
		 "{a: {x: 1}, b: {x: 1}, c: [{x: 1}, {x: 1}]}"},
		{"a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\n", "{a: {x: 1, y: 2}, b: {x: 3, y: 2<}}"},
		{"a: &a {x: 1, y: 2}\nb: {x: 3, <<: *a}\n", "{a: {x: 1, y: 2}, b: {x: 3, y: 2<}}"},
		{"a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}\n",
		 "{a: {x: 1}, b: {x: 2, y: 2}, c: {x: 1<, y: 2<}}"},
		{"a: {<<: }\n", "{a: {}}"},
		{"{\"a\": {\"b\": [1, 2]}}", "{a: {b: [1, 2]}}"},
		{"a: |\n  b\n  c\n", "{a: b\nc\n}"},
		{"\xc3\xa4: \xe2\x82\xac\n", "{\xc3\xa4: \xe2\x82\xac}"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++) {
		struct yaml *y = parsed(rows[i].text);
		struct buf b = BUF_INIT;

		print(y, &b);
		assert_string_equal(buf_cstr(&b), rows[i].tree);
		buf_fini(&b);
		yaml_free(y);
	}
}

static void nodes_know_where_they_stand(void **state)
{
	struct yaml *y = parsed("a:\n  - b: 1\n\n  - c\n\nd:\ne: \"x\"\nf: &f\n  g: 1\nh:\n  g: 2\n"
				"  <<: *f\n");
	const struct yaml *a = yaml_get(y, "a"), *h = yaml_get(y, "h");
	struct ord_err e = ERR_INIT;

	(void)state;
	assert_int_equal(y->line, 1);
	assert_int_equal(a->line, 1);
	assert_int_equal(a->items[0]->line, 2);
	assert_int_equal(a->items[1]->line, 4);
	assert_int_equal(y->items[1]->line, 6);
	assert_null(yaml_get(y, "d"));
	assert_null(yaml_get(y, "z"));
	assert_null(yaml_get(a, "b"));
	assert_true(yaml_get(y, "e")->quoted);
	assert_true(yaml_get(h, "g")->before_merge);
	assert_false(yaml_get(yaml_get(y, "f"), "g")->before_merge);
	test_fails(yaml_fail(a->items[1], &e, "is %d", 3), &e, ORD_EINVAL, "f.yaml:4: is 3");
	yaml_free(y);
}

static void refused(struct ord_bytes text, const char *want)
{
	struct ord_err e = ERR_INIT;
	struct yaml *y = NULL;
	int rc = yaml_parse("f.yaml", text, &y, &e);

	if (rc != ORD_EINVAL || y)
		fail_msg("taken: %.*s", (int)text.len, (const char *)text.data);
	if (strncmp(e.msg, want, strlen(want)) != 0)
		fail_msg("%s\nwant %s", e.msg, want);
}

static void mistakes_are_named_with_their_line(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"a: [1\nb: 2\n", "f.yaml:3: not YAML: "},
		{"a:\n\tb: 1\n", "f.yaml:"},
		{"a: 1\nb: {a: 1, a: 2}\n", "f.yaml:2: key a is given twice"},
		{"a: 1\n? [b]\n: 2\n", "f.yaml:1: a key must be plain text"},
		{"a: 1\nb: *c\n", "f.yaml:2: *c: no such anchor above"},
		{"a: {<<: 3}\n", "f.yaml:1: << wants a map or a list of maps"},
		{"a: {<<: [3]}\n", "f.yaml:1: << wants maps in its list"},
		{"a: \"x\\0y\"\n", "f.yaml:1: a text with a NUL byte"},
		{"\"a\\0b\": 1\n", "f.yaml"},
		{"a: \"\xff\"\n", "f.yaml: not YAML: not UTF-8"},
		/* this one keeps libfyaml 0.7 busy for ever */
		{"%a:\xf6 b\n\n", "f.yaml: not YAML: not UTF-8"},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++)
		refused(bytes_str(rows[i].text), rows[i].why);
	refused(bytes_of("a: b\0c\n", 7), "f.yaml: not YAML: a NUL byte");
}

/* A small text that would be a billion values, maps and lists in each other, a map of many keys. */
static void bombs_do_not_go_off(void **state)
{
	struct buf bomb = BUF_INIT, deep = BUF_INIT, wide = BUF_INIT;

	(void)state;
	buf_add_str(&bomb, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 10; i++)
		buf_printf(&bomb, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i,
			   i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	refused(buf_bytes(&bomb), "f.yaml:6: more than 100000 values, aliases written out");
	refused(bytes_str("a: &a\n  b: *a\n"),
		"f.yaml:2: nested more than 64 deep; does an anchor hold itself?");
	refused(bytes_str("a: &a {<<: *a}\n"),
		"f.yaml:1: nested more than 64 deep; does an anchor hold itself?");
	for (int i = 0; i < 100000; i++)
		buf_add_str(&deep, "[");
	refused(buf_bytes(&deep), "f.yaml:1: not YAML: ");
	for (int i = 0; i < 2000; i++)
		buf_printf(&wide, "k%d: 1\n", i);
	refused(buf_bytes(&wide), "f.yaml:1: more than 1024 keys in one map");
	buf_fini(&bomb);
	buf_fini(&deep);
	buf_fini(&wide);
}

static void a_file_that_is_not_there_is_named(void **state)
{
	struct ord_err e = ERR_INIT;
	struct yaml *y;

	(void)state;
	assert_int_equal(yaml_load("/nonexistent/f.yaml", &y, &e), ORD_ENOENT);
	assert_non_null(strstr(e.msg, "/nonexistent/f.yaml"));
	assert_null(y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_become_trees),
		cmocka_unit_test(nodes_know_where_they_stand),
		cmocka_unit_test(mistakes_are_named_with_their_line),
		cmocka_unit_test(bombs_do_not_go_off),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
