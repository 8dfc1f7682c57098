/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ordererd.ini.  iniparser says what the values are; a scan of our own in front of it says where
 * each key stands and refuses what iniparser takes in silence: duplicates, a value cut at a '#',
 * text behind a closing quote, continued lines, a file given up because of one line.
 */
#include "localconf_priv.h"
#include <ctype.h>
#include <iniparser/iniparser.h>
#include <stdlib.h>

#define LINE_MAX_LEN 1000 /* iniparser's buffer is 1024 */

/* The scan: which key stands in which line. */
struct ini_key {
	char *section, *key;
	int line;
};
struct ini_scan {
	const struct localconf *c;
	char *section; /* of the lines that follow; NULL: none yet */
	struct ini_key *keys;
	size_t n;
	int line;
};

static struct ord_bytes trim(struct ord_bytes b)
{
	while (b.len > 0 && isspace(b.data[0]))
		b = bytes_of(b.data + 1, b.len - 1);
	while (b.len > 0 && isspace(b.data[b.len - 1]))
		b.len--;
	return b;
}

static int bad_line(const struct ini_scan *s, struct ord_err *e, const char *why)
{
	return err_set(e, ORD_EINVAL, "%s:%d: %s", s->c->path, s->line, why);
}

static int scan_section(struct ini_scan *s, struct ord_bytes line, struct ord_err *e)
{
	struct ord_bytes name;
	char *origin;
	int rc = 0;

	if (line.data[line.len - 1] != ']' || memchr(line.data, ']', line.len - 1))
		return bad_line(s, e, "expected nothing but [section] in this line");
	name = trim(bytes_of(line.data + 1, line.len - 2));
	if (name.len == 0)
		return bad_line(s, e, "a section without a name");
	free(s->section);
	s->section = x_strndup((const char *)name.data, name.len);
	origin = x_printf("%s:%d", s->c->path, s->line);
	if (!s->c->lenient && !conf_is_section(s->c, s->section) && !conf_is_opaque(s->section) &&
	    !conf_is_absent(s->c, s->section))
		rc = conf_unknown(s->c, "section", origin, s->section, e);
	free(origin);
	return rc;
}

/* iniparser would cut the value here, or drop what follows a quote, without a word. */
static const char *value_fault(struct ord_bytes v)
{
	const uint8_t *close;

	if (v.len > 0 && (v.data[0] == '"' || v.data[0] == '\'')) {
		close = memchr(v.data + 1, v.data[0], v.len - 1);
		if (!close)
			return "the quoted value has no end";
		v = trim(bytes_of(close + 1, v.len - (size_t)(close + 1 - v.data)));
		if (v.len > 0 && v.data[0] != '#' && v.data[0] != ';')
			return "text behind the quoted value";
		return NULL;
	}
	for (size_t i = 0; i < v.len; i++)
		if (v.data[i] == '#' || v.data[i] == ';') {
			if (i > 0 && !isspace(v.data[i - 1]))
				return "a value with '#' or ';' must stand in quotes";
			return NULL;
		}
	return NULL;
}

static int scan_value(struct ini_scan *s, struct ord_bytes line, struct ord_err *e)
{
	const uint8_t *equals = memchr(line.data, '=', line.len);
	struct ord_bytes key, value;
	const char *fault;

	if (!equals)
		return bad_line(s, e, "expected key = value, [section] or # comment");
	key = trim(bytes_of(line.data, (size_t)(equals - line.data)));
	value = trim(bytes_of(equals + 1, line.len - (size_t)(equals + 1 - line.data)));
	if (key.len == 0)
		return bad_line(s, e, "a value without a key");
	if (!s->section)
		return bad_line(s, e, "a key before the first [section]");
	if (line.data[line.len - 1] == '\\')
		return bad_line(s, e, "a line may not end in a backslash");
	fault = value_fault(value);
	if (fault)
		return bad_line(s, e, fault);
	s->keys = x_realloc(s->keys, (s->n + 1) * sizeof(*s->keys));
	s->keys[s->n++] = (struct ini_key){.section = x_strdup(s->section),
					   .key = x_strndup((const char *)key.data, key.len),
					   .line = s->line};
	return 0;
}

static int scan_line(struct ini_scan *s, struct ord_bytes line, struct ord_err *e)
{
	char why[80];

	if (line.len > LINE_MAX_LEN) {
		snprintf(why, sizeof(why), "the line is longer than %d bytes", LINE_MAX_LEN);
		return bad_line(s, e, why);
	}
	line = trim(line);
	for (size_t i = 0; i < line.len; i++)
		if (iscntrl(line.data[i]) && line.data[i] != '\t')
			return bad_line(s, e, "the line has a control character");
	if (line.len == 0)
		return 0;
	if (line.data[0] == '#' || line.data[0] == ';') {
		if (line.data[line.len - 1] == '\\')
			return bad_line(s, e, "a line may not end in a backslash");
		return 0;
	}
	return line.data[0] == '[' ? scan_section(s, line, e) : scan_value(s, line, e);
}

static int scan_text(struct ini_scan *s, struct ord_bytes text, struct ord_err *e)
{
	int rc = 0;

	if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
		s->line = 1;
		return bad_line(s, e, "the file begins with a byte order mark: save it without");
	}
	while (rc == 0 && text.len > 0) {
		const uint8_t *end = memchr(text.data, '\n', text.len);
		size_t n = end ? (size_t)(end - text.data) : text.len;

		s->line++;
		rc = scan_line(s, bytes_of(text.data, n), e);
		n += end != NULL;
		text = bytes_of(text.data + n, text.len - n);
	}
	return rc;
}

static void scan_free(struct ini_scan *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->keys[i].section);
		free(s->keys[i].key);
	}
	free(s->keys);
	free(s->section);
}

/* ---- values -------------------------------------------------------------- */

static char parser_says[200];

static int keep_message(const char *fmt, ...) UTIL_PRINTF(1, 2);
static int keep_message(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(parser_says, sizeof(parser_says), fmt, ap);
	va_end(ap);
	parser_says[strcspn(parser_says, "\n")] = '\0';
	return n;
}

static int put_key(struct localconf *c, const struct ini_key *k, dictionary *d, struct ord_err *e)
{
	char *where = x_printf("%s:%s", k->section, k->key);
	char *name = x_printf("%s.%s", k->section, k->key);
	char *origin = x_printf("%s:%d", c->path, k->line);
	const char *value = iniparser_getstring(d, where, NULL);
	int rc;

	if (value)
		rc = conf_put(c, CONF_FILE, origin, name, value, e);
	else
		rc = err_set(e, ORD_EINVAL, "%s: the file changed while it was read", origin);
	free(where);
	free(name);
	free(origin);
	return rc;
}

static int put_values(struct localconf *c, const struct ini_scan *s, struct ord_err *e)
{
	dictionary *d;
	int rc = 0;

	iniparser_set_error_callback(keep_message);
	parser_says[0] = '\0';
	d = iniparser_load(c->path);
	iniparser_set_error_callback(NULL);
	if (!d)
		return err_set(e, ORD_EINVAL, "%s: %s", c->path, parser_says);
	for (size_t i = 0; rc == 0 && i < s->n; i++)
		rc = put_key(c, &s->keys[i], d, e);
	iniparser_freedict(d);
	return rc;
}

int conf_read_ini(struct localconf *c, struct ord_err *e)
{
	struct ini_scan scan = {.c = c};
	struct buf text = BUF_INIT;
	int rc = conf_read_text(c->path, &text, e);

	if (rc == 0)
		rc = scan_text(&scan, buf_bytes(&text), e);
	if (rc == 0)
		rc = put_values(c, &scan, e);
	scan_free(&scan);
	buf_fini(&text);
	return rc;
}
