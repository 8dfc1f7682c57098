/* SPDX-License-Identifier: Apache-2.0 */
/* multipart: boundaries, part headers, contents. */
#include "multipart_priv.h"

#include <stdlib.h>
#include <strings.h>

/* ---- header parameters --------------------------------------------------- */

static bool is_token(char c)
{
	return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?=", c);
}

static const char *skip_space(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

static char *take_token(const char **at)
{
	const char *begin = *at;

	while (is_token(**at))
		(*at)++;
	return x_strndup(begin, (size_t)(*at - begin));
}

/* NULL: it does not end. */
static char *take_quoted(const char **at)
{
	struct buf b = BUF_INIT;
	const char *s = *at + 1;

	for (; *s && *s != '"'; s++) {
		if (*s == '\\' && s[1])
			s++;
		buf_add_u8(&b, (uint8_t)*s);
	}
	if (*s != '"') {
		buf_fini(&b);
		return NULL;
	}
	*at = s + 1;
	return buf_cstr(&b);
}

/* "; name=value"; 1: taken, 0: the end of the header (a last ";" may stand there). */
static int next_param(const char **at, char **name, char **value, struct ord_err *e)
{
	const char *s = skip_space(*at);

	*name = *value = NULL;
	if (*s == ';')
		s = skip_space(s + 1);
	else if (*s)
		return err_set(e, ORD_EINVAL, "mime: invalid media parameter");
	if (!*s)
		return 0;
	*name = take_token(&s);
	s = skip_space(s);
	if (**name && *s == '=') {
		s = skip_space(s + 1);
		*value = *s == '"' ? take_quoted(&s) : take_token(&s);
	}
	*at = s;
	if (*value && (**value || s[-1] == '"'))
		return 1;
	free(*name);
	free(*value);
	return err_set(e, ORD_EINVAL, "mime: invalid media parameter");
}

/* The "multipart/form-data" or "form-data" in front of the parameters. */
static int skip_type(const char **at, struct ord_err *e)
{
	const char *s = skip_space(*at);
	char *type = take_token(&s), *sub = NULL;
	int rc = 0;

	if (!*type) {
		rc = err_set(e, ORD_EINVAL, "mime: no media type");
	} else if (*s == '/') {
		s++;
		sub = take_token(&s);
		if (!*sub)
			rc = err_set(e, ORD_EINVAL, "mime: expected token after slash");
	}
	s = skip_space(s);
	if (rc == 0 && *s && *s != ';')
		rc = err_set(e, ORD_EINVAL, "mime: unexpected content after media %s",
			     sub ? "subtype" : "type");
	free(type);
	free(sub);
	*at = s;
	return rc;
}

int multipart_param(const char *header, const char *name, char **value, struct ord_err *e)
{
	char *key, *text;
	int rc = skip_type(&header, e);

	*value = NULL;
	while (rc == 0 && (rc = next_param(&header, &key, &text, e)) > 0) {
		bool wanted = strcasecmp(key, name) == 0;

		rc = 0;
		if (wanted && *value)
			rc = err_set(e, ORD_EINVAL, "mime: duplicate parameter name");
		else if (wanted)
			*value = x_strdup(text);
		free(key);
		free(text);
	}
	if (rc < 0) {
		free(*value);
		*value = NULL;
	}
	return rc;
}

/* ---- parts --------------------------------------------------------------- */

int multipart_init(struct multipart *m, struct ord_bytes body, const char *boundary,
		   struct ord_err *e)
{
	*m = (struct multipart){.rest = body};
	if (!boundary || !*boundary)
		return err_set(e, ORD_EINVAL, "multipart: boundary is empty");
	m->delimiter = x_printf("--%s", boundary);
	return 0;
}

void multipart_fini(struct multipart *m)
{
	free(m->delimiter);
}

static void skip(struct ord_bytes *b, size_t n)
{
	b->data += n;
	b->len -= n;
}

/* With its end, if it has one. */
static struct ord_bytes take_line(struct ord_bytes *rest)
{
	const uint8_t *end = memchr(rest->data, '\n', rest->len);
	struct ord_bytes line =
		bytes_of(rest->data, end ? (size_t)(end - rest->data) + 1 : rest->len);

	skip(rest, line.len);
	return line;
}

static bool begins_with(struct ord_bytes b, const char *text)
{
	size_t n = strlen(text);

	return b.len >= n && memcmp(b.data, text, n) == 0;
}

static const char *line_end(const struct multipart *m)
{
	return m->bare_lf ? "\n" : "\r\n";
}

enum line { LINE_OTHER, LINE_DELIMITER, LINE_LAST };

/* The first delimiter tells how this body ends its lines. */
static enum line kind_of(struct multipart *m, struct ord_bytes line)
{
	enum line kind = LINE_DELIMITER;

	if (!begins_with(line, m->delimiter))
		return LINE_OTHER;
	skip(&line, strlen(m->delimiter));
	if (begins_with(line, "--")) {
		kind = LINE_LAST;
		skip(&line, 2);
	}
	while (line.len && (line.data[0] == ' ' || line.data[0] == '\t'))
		skip(&line, 1);
	if (!m->begun && kind == LINE_DELIMITER && bytes_eq_str(line, "\n"))
		m->bare_lf = true;
	if (bytes_eq_str(line, line_end(m)) || (kind == LINE_LAST && line.len == 0))
		return kind;
	return LINE_OTHER;
}

/* What may stand before the first delimiter is skipped. */
static int find_delimiter(struct multipart *m, struct ord_err *e)
{
	while (m->rest.len) {
		enum line kind = kind_of(m, take_line(&m->rest));

		if (kind == LINE_LAST)
			return 0;
		if (kind == LINE_DELIMITER)
			return 1;
		if (m->begun)
			return err_set(e, ORD_EINVAL, "multipart: unexpected line in Next()");
	}
	return err_set(e, ORD_EINVAL, "multipart: NextPart: EOF");
}

/* Something that does not say what it is, is no part of the form. */
static void take_disposition(struct multipart_part *p, const char *value)
{
	char *file = NULL;

	if (strncasecmp(value, "form-data", strlen("form-data")) != 0 || p->name)
		return;
	if (multipart_param(value, "name", &p->name, NULL) == 0 &&
	    multipart_param(value, "filename", &file, NULL) == 0)
		p->file = file && *file;
	free(file);
	if (p->name && !*p->name) {
		free(p->name);
		p->name = NULL;
	}
}

static int take_header(struct multipart_part *p, struct ord_bytes line, struct ord_err *e)
{
	static const char wanted[] = "Content-Disposition:";
	char *text = x_strndup((const char *)line.data, line.len);
	int rc = 0;

	if (!strchr(text, ':') || *text == ':')
		rc = err_set(e, ORD_EINVAL, "malformed MIME header line: %.100s", text);
	else if (strncasecmp(text, wanted, sizeof(wanted) - 1) == 0)
		take_disposition(p, skip_space(text + sizeof(wanted) - 1));
	free(text);
	return rc;
}

static int take_headers(struct multipart *m, struct multipart_part *p, struct ord_err *e)
{
	while (m->rest.len) {
		struct ord_bytes line = take_line(&m->rest);
		int rc;

		while (line.len &&
		       (line.data[line.len - 1] == '\n' || line.data[line.len - 1] == '\r'))
			line.len--;
		if (line.len == 0)
			return 0;
		rc = take_header(p, line, e);
		if (rc < 0)
			return rc;
	}
	return err_set(e, ORD_EINVAL, "unexpected EOF");
}

/* Does a line that begins with @at begin with the delimiter, and not with a longer word? */
static bool is_delimited(const struct multipart *m, struct ord_bytes at)
{
	if (!begins_with(at, m->delimiter))
		return false;
	skip(&at, strlen(m->delimiter));
	return at.len == 0 || memchr(" \t\r\n", at.data[0], 4) || begins_with(at, "--");
}

/* Up to the end of line in front of the next delimiter. */
static int take_content(struct multipart *m, struct multipart_part *p, struct ord_err *e)
{
	const char *nl = line_end(m);
	struct ord_bytes at = m->rest;
	const uint8_t *hit;

	p->content = bytes_of(m->rest.data, 0);
	if (is_delimited(m, at))
		return 1;
	while ((hit = memmem(at.data, at.len, nl, strlen(nl))) != NULL) {
		p->content.len = (size_t)(hit - m->rest.data);
		skip(&at, (size_t)(hit - at.data) + strlen(nl));
		if (is_delimited(m, at)) {
			m->rest = at;
			return 1;
		}
	}
	return err_set(e, ORD_EINVAL, "unexpected EOF");
}

int multipart_next(struct multipart *m, struct multipart_part *p, struct ord_err *e)
{
	int rc = find_delimiter(m, e);

	*p = (struct multipart_part){0};
	if (rc <= 0)
		return rc;
	m->begun = true;
	rc = take_headers(m, p, e);
	if (rc == 0)
		rc = take_content(m, p, e);
	if (rc < 0)
		multipart_part_fini(p);
	return rc;
}

void multipart_part_fini(struct multipart_part *p)
{
	free(p->name);
	*p = (struct multipart_part){0};
}
