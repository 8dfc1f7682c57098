/* SPDX-License-Identifier: Apache-2.0 */
/* Forms, well made and not, against what Go's mime/multipart makes of them. */
#include "../test.h"

#include <ops/multipart_priv.h>

/* The parts as "name[*]=content;" (* for a file), or the error. */
static char *read_all(struct ord_bytes body, const char *boundary)
{
	struct multipart m = {.delimiter = NULL};
	struct multipart_part p;
	struct buf b = BUF_INIT;
	struct ord_err e = ERR_INIT;
	int rc = multipart_init(&m, body, boundary, &e);

	while (rc == 0 && (rc = multipart_next(&m, &p, &e)) > 0) {
		buf_printf(&b, "%s%s=%.*s;", p.name ? p.name : "-", p.file ? "*" : "",
			   (int)p.content.len, (const char *)p.content.data);
		multipart_part_fini(&p);
		rc = 0;
	}
	if (rc < 0)
		buf_printf(&b, "!%s", e.msg);
	multipart_fini(&m);
	return buf_cstr(&b);
}

static void expect(const char *body, const char *want)
{
	char *got = read_all(bytes_str(body), "b");

	assert_string_equal(got, want);
	free(got);
}

#define A "Content-Disposition: form-data; name=a\r\n\r\n"

static void parts_are_read_in_order(void **state)
{
	(void)state;
	expect("--b--", "");
	expect("--b--\r\n", "");
	expect("--b\r\n" A "one\r\n--b\r\nContent-Disposition: form-data; name=\"b c\"; "
	       "filename=\"f\"\r\nContent-Type: x\r\n\r\ntwo\r\nlines\r\n--b--\r\nepilogue",
	       "a=one;b c*=two\r\nlines;");
	expect("preamble\r\n--b \t\r\n" A "\r\n--b--", "a=;");
	expect("--b\r\n" A "--b--", "a=;");
	expect("--b\n" A "one\n--b\nContent-Disposition:form-data;name=c\n\ntwo\r\n--b--",
	       "a=one;c=two\r;");
}

static void a_boundary_is_a_line_of_its_own(void **state)
{
	(void)state;
	expect("--b\r\n" A "x--b\r\n--bb\r\n-b\r\n\r\n--\r\n--b-\r\n--b--",
	       "a=x--b\r\n--bb\r\n-b\r\n\r\n--\r\n--b-;");
	expect("--bb\r\n--b\r\n" A "\r\n--b--", "a=;");
}

static void a_part_without_a_name_is_nobodys(void **state)
{
	(void)state;
	expect("--b\r\n\r\nx\r\n--b--", "-=x;");
	expect("--b\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--b--", "-=x;");
	expect("--b\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nx\r\n--b--", "-=x;");
	expect("--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b--", "-=x;");
	expect("--b\r\ncontent-disposition:  FORM-DATA ; NAME=a; FileName=\"\\\"\"\r\n\r\nx\r\n--b--",
	       "a*=x;");
	expect("--b\r\nContent-Disposition: form-data; name=a; filename=\"\"\r\n\r\nx\r\n--b--",
	       "a=x;");
}

static void a_cut_body_is_an_error(void **state)
{
	(void)state;
	expect("", "!multipart: NextPart: EOF");
	expect("no boundary\r\n", "!multipart: NextPart: EOF");
	expect("--b", "!multipart: NextPart: EOF");
	expect("--b\r\n", "!unexpected EOF");
	expect("--b\r\nContent-Disposition: form-data", "!unexpected EOF");
	expect("--b\r\n" A, "!unexpected EOF");
	expect("--b\r\n" A "x\r\n", "!unexpected EOF");
	expect("--b\r\n" A "x\r\n--b", "a=x;!multipart: unexpected line in Next()");
	expect("--b\r\nno header\r\n\r\n", "!malformed MIME header line: no header");
	expect("--b\r\n: x\r\n\r\n", "!malformed MIME header line: : x");
}

static void binary_content_is_kept(void **state)
{
	static const char body[] = "--b\r\n" A "\0--b\0\r\n\0--b\r\n--b--";
	struct multipart m;
	struct multipart_part p;
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(multipart_init(&m, bytes_of(body, sizeof(body) - 1), "b", &e), &e);
	assert_int_equal(multipart_next(&m, &p, &e), 1);
	assert_true(bytes_eq(p.content, bytes_of("\0--b\0\r\n\0--b", 11)));
	multipart_part_fini(&p);
	assert_int_equal(multipart_next(&m, &p, &e), 0);
	multipart_fini(&m);
}

/* ---- parameters ---------------------------------------------------------- */

static void expect_param(const char *header, const char *want)
{
	struct ord_err e = ERR_INIT;
	char *value;

	if (multipart_param(header, "boundary", &value, &e) < 0)
		assert_string_equal(e.msg, want);
	else
		assert_string_equal(value ? value : "(none)", want);
	free(value);
}

static void parameters_are_tokens_or_quoted(void **state)
{
	(void)state;
	expect_param("multipart/form-data; boundary=xyz", "xyz");
	expect_param("multipart/form-data;boundary=\"x \\\"y\\\" z\"", "x \"y\" z");
	expect_param("Multipart/Form-Data ; charset=utf-8 ; BOUNDARY = xyz ;", "xyz");
	expect_param("multipart/form-data", "(none)");
	expect_param("multipart/form-data;", "(none)");
	expect_param("multipart/form-data; boundary=\"\"", "");
	expect_param("", "mime: no media type");
	expect_param(";boundary=x", "mime: no media type");
	expect_param("multipart/", "mime: expected token after slash");
	expect_param("multipart/form data; boundary=x",
		     "mime: unexpected content after media subtype");
	expect_param("multipart/form-data; boundary=x y", "mime: invalid media parameter");
	expect_param("multipart/form-data; boundary=", "mime: invalid media parameter");
	expect_param("multipart/form-data; boundary", "mime: invalid media parameter");
	expect_param("multipart/form-data; boundary=\"x", "mime: invalid media parameter");
	expect_param("multipart/form-data; =x", "mime: invalid media parameter");
	expect_param("multipart/form-data; boundary=x; boundary=y",
		     "mime: duplicate parameter name");
}

static void an_empty_boundary_is_refused(void **state)
{
	char *got = read_all(bytes_str("--"), "");

	(void)state;
	assert_string_equal(got, "!multipart: boundary is empty");
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_read_in_order),
		cmocka_unit_test(a_boundary_is_a_line_of_its_own),
		cmocka_unit_test(a_part_without_a_name_is_nobodys),
		cmocka_unit_test(a_cut_body_is_an_error),
		cmocka_unit_test(binary_content_is_kept),
		cmocka_unit_test(parameters_are_tokens_or_quoted),
		cmocka_unit_test(an_empty_boundary_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
