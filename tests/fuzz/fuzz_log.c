/* SPDX-License-Identifier: Apache-2.0 */
/* "spec\nformat\nmessage": a spec prints itself so that it reads the same again, and no message
 * makes a second line or reaches the terminal. */
#include "fuzz.h"
#include <stdlib.h>
#include <util/log_priv.h>

static char *next_line(struct ord_bytes *rest)
{
	const uint8_t *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
	size_t n = end ? (size_t)(end - rest->data) : rest->len;
	char *line = x_strndup((const char *)rest->data, n);

	n += end != NULL;
	*rest = bytes_of(rest->data + n, rest->len - n);
	return line;
}

static void try_spec(const char *text)
{
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct ord_err e = ERR_INIT;
	struct log_spec *s;

	if (log_spec_parse(text, &s, &e) < 0) {
		util_assert(e.code == ORD_EINVAL && e.msg[0]);
		return;
	}
	util_assert(log_spec_level(s, "orderer.common.server") >= log_spec_lowest(s));
	log_spec_print(s, &first);
	log_spec_free(s);
	if (!strstr(buf_cstr(&first), "Level(")) { /* a quirk of zap's: it does not read that */
		util_assert(log_spec_parse(buf_cstr(&first), &s, &e) == 0);
		log_spec_print(s, &second);
		util_assert(bytes_eq(buf_bytes(&first), buf_bytes(&second)));
		log_spec_free(s);
	}
	buf_fini(&first);
	buf_fini(&second);
}

/* Control characters may only come from the pattern's own text. */
static bool is_plain(struct ord_bytes line)
{
	for (size_t i = 0; i + 1 < line.len; i++)
		if (line.data[i] < 0x20 || line.data[i] == 0x7f)
			return false;
	return line.len > 0 && line.data[line.len - 1] == '\n';
}

static void try_format(const char *text, struct ord_bytes message)
{
	char *field = x_strndup((const char *)message.data, message.len);
	struct log_field fields[] = {{.key = "field", .text = field}, {0}};
	struct log_entry en = {
		INT64_C(1613923445067891234), 7, ORD_INFO, "a.b", "f", message, fields};
	struct buf line = BUF_INIT;
	struct ord_err e = ERR_INIT;
	struct log_format *f;

	if (log_format_parse(text, false, &f, &e) < 0) {
		util_assert(e.code == ORD_EINVAL && e.msg[0]);
		free(field);
		return;
	}
	log_format_line(f, &en, &line);
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			goto out;
	util_assert(is_plain(buf_bytes(&line)));
out:
	log_format_free(f);
	buf_fini(&line);
	free(field);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ord_bytes rest = bytes_of(data, size);
	char *spec = next_line(&rest), *format = next_line(&rest);

	try_spec(spec);
	try_format(format, rest);
	try_format("json", rest);
	try_format("logfmt", rest);
	free(spec);
	free(format);
	return 0;
}
