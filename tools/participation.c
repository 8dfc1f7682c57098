/* SPDX-License-Identifier: Apache-2.0 */
/* participation: ask, and show the answer as osnadmin shows it. */
#include "participation.h"

#include <stdlib.h>

#define PATH "/participation/v1/channels"

/* ---- JSON as Go's json.Indent() lays it out with a tab ------------------- */

static void new_line(struct buf *out, unsigned depth)
{
	buf_add_u8(out, '\n');
	for (unsigned i = 0; i < depth; i++)
		buf_add_u8(out, '\t');
}

/* The string that begins at @i; returns the index of its closing quote. */
static size_t copy_string(struct ord_bytes json, size_t i, struct buf *out)
{
	do {
		if (json.data[i] == '\\' && i + 1 < json.len)
			buf_add_u8(out, json.data[i++]);
		buf_add_u8(out, json.data[i++]);
	} while (i < json.len && json.data[i] != '"');
	if (i < json.len)
		buf_add_u8(out, '"');
	return i;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Nothing is checked: what is no JSON comes out laid out oddly, and whole. */
static void indent(struct ord_bytes json, struct buf *out)
{
	unsigned depth = 0;
	bool opened = false; /* and nothing within yet */

	for (size_t i = 0; i < json.len; i++) {
		uint8_t c = json.data[i];
		bool closes = c == '}' || c == ']';

		if (is_blank(c))
			continue;
		depth -= closes && depth > 0;
		if (opened != closes && (opened || closes))
			new_line(out, depth);
		opened = c == '{' || c == '[';
		depth += opened;
		if (c == '"')
			i = copy_string(json, i, out);
		else
			buf_add_u8(out, c);
		if (c == ',')
			new_line(out, depth);
		else if (c == ':')
			buf_add_u8(out, ' ');
	}
}

/* ---- asking -------------------------------------------------------------- */

static int show(const struct participation_opts *o, const struct http_answer *a, struct ord_err *e)
{
	struct buf out = BUF_INIT;
	int rc;

	if (!o->no_status)
		buf_printf(&out, "Status: %d\n", a->status);
	indent(buf_bytes(&a->body), &out);
	buf_add_u8(&out, '\n');
	rc = ctl_output(NULL, buf_bytes(&out), e);
	buf_fini(&out);
	if (rc == 0 && (a->status < 200 || a->status > 299))
		rc = err_set(e, ORD_EINVAL, "the orderer refused: status %d", a->status);
	return rc;
}

int participation_ask(const struct participation_opts *o, const char *method, bool one,
		      const char *content_type, struct ord_bytes body, struct ord_err *e)
{
	char *path = one ? x_printf(PATH "/%s", o->channel) : x_strdup(PATH);
	struct http_request r = {method, path, content_type, body};
	struct http_answer a;
	int rc = http_ask(&o->http, &r, &a, e);

	if (rc == 0)
		rc = show(o, &a, e);
	buf_fini(&a.body);
	free(path);
	return rc;
}
