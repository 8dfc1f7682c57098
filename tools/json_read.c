/* SPDX-License-Identifier: Apache-2.0 */
/* json_read: one pass over the text, recursive for objects and arrays, bounded by their depth. */
#include "json_read.h"

#include <stdlib.h>

#define MAX_QUOTED 100 /* bytes of a name or value in a message */

struct reader {
	const char *name;
	uint8_t *p, *end;
	uint8_t *line_start;
	unsigned line, depth;
	struct ord_err *e;
};

static int fail(const struct reader *r, const char *fmt, ...) UTIL_PRINTF(2, 3);

static int fail(const struct reader *r, const char *fmt, ...)
{
	char msg[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return err_set(r->e, ORD_EINVAL, "%s:%u:%zu: %s", r->name, r->line,
		       (size_t)(r->p - r->line_start) + 1, msg);
}

char *json_quoted(struct ord_bytes text)
{
	struct buf b = BUF_INIT;

	if (text.len > MAX_QUOTED)
		for (text.len = MAX_QUOTED; (text.data[text.len] & 0xc0) == 0x80;)
			text.len--; /* not within a character */
	buf_add_json(&b, text);
	return buf_cstr(&b);
}

const char *json_kind_name(enum json_kind kind)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",       [JSON_BOOL] = "true or false",
		[JSON_NUMBER] = "a number", [JSON_STRING] = "a string",
		[JSON_ARRAY] = "an array",  [JSON_OBJECT] = "an object"};

	return names[kind];
}

static void skip_space(struct reader *r)
{
	for (; r->p < r->end; r->p++) {
		if (*r->p == '\n') {
			r->line++;
			r->line_start = r->p + 1;
		} else if (*r->p != ' ' && *r->p != '\t' && *r->p != '\r') {
			return;
		}
	}
}

static bool next_is(const struct reader *r, uint8_t c)
{
	return r->p < r->end && *r->p == c;
}

/* What stands here instead of @want. */
static int unexpected(const struct reader *r, const char *want)
{
	if (r->p == r->end)
		return fail(r, "the text ends where %s should be", want);
	if (*r->p > ' ' && *r->p < 0x7f)
		return fail(r, "'%c' where %s should be", *r->p, want);
	return fail(r, "byte 0x%02x where %s should be", *r->p, want);
}

/* ---- strings ------------------------------------------------------------- */

static bool hex4(const struct reader *r, const uint8_t *at, uint32_t *out)
{
	*out = 0;
	if (r->end - at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		uint8_t c = at[i], lower = c | 0x20;

		if (c >= '0' && c <= '9')
			*out = *out << 4 | (uint32_t)(c - '0');
		else if (lower >= 'a' && lower <= 'f')
			*out = *out << 4 | (uint32_t)(lower - 'a' + 10);
		else
			return false;
	}
	return true;
}

static uint8_t *put_utf8(uint8_t *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (uint8_t)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (uint8_t)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*to++ = (uint8_t)(0xe0 | c >> 12);
		} else {
			*to++ = (uint8_t)(0xf0 | c >> 18);
			*to++ = (uint8_t)(0x80 | (c >> 12 & 0x3f));
		}
		*to++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	}
	*to++ = (uint8_t)(0x80 | (c & 0x3f));
	return to;
}

/* "XXXX" of \uXXXX at r->p, with the second half of a surrogate pair: never longer in UTF-8. */
static int unescape_u(struct reader *r, uint8_t **to)
{
	uint32_t c, low;

	if (!hex4(r, r->p, &c))
		return fail(r, "\\u wants four hexadecimal digits");
	r->p += 4;
	if (c >= 0xd800 && c < 0xe000) {
		if (c >= 0xdc00 || r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u' ||
		    !hex4(r, r->p + 2, &low) || low < 0xdc00 || low >= 0xe000)
			return fail(r, "half of a surrogate pair");
		r->p += 6;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	*to = put_utf8(*to, c);
	return 0;
}

static int unescape(struct reader *r, uint8_t **to)
{
	static const char letters[] = "\"\\/bfnrt", meaning[] = "\"\\/\b\f\n\r\t";
	const char *which;

	if (++r->p == r->end)
		return unexpected(r, "the rest of an escape");
	if (*r->p == 'u') {
		r->p++;
		return unescape_u(r, to);
	}
	which = *r->p ? strchr(letters, *r->p) : NULL;
	if (!which)
		return unexpected(r, "an escaped character");
	*(*to)++ = (uint8_t)meaning[which - letters];
	r->p++;
	return 0;
}

static int read_string(struct reader *r, struct ord_bytes *out)
{
	uint8_t *start = r->p + 1, *to = start;
	int rc = 0;

	for (r->p++; rc == 0;) {
		if (r->p == r->end)
			return unexpected(r, "the end of a string");
		if (*r->p == '"')
			break;
		if (*r->p < 0x20)
			return fail(r, "a control character in a string must be escaped");
		if (*r->p == '\\')
			rc = unescape(r, &to);
		else
			*to++ = *r->p++;
	}
	if (rc < 0)
		return rc;
	r->p++;
	*out = bytes_of(start, (size_t)(to - start));
	return 0;
}

/* ---- numbers and words --------------------------------------------------- */

static size_t digits(struct reader *r)
{
	const uint8_t *start = r->p;

	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	return (size_t)(r->p - start);
}

static int read_number(struct reader *r, struct ord_bytes *out)
{
	const uint8_t *start = r->p;

	if (*r->p == '-')
		r->p++;
	if (next_is(r, '0'))
		r->p++;
	else if (digits(r) == 0)
		return unexpected(r, "a digit");
	if (next_is(r, '.')) {
		r->p++;
		if (digits(r) == 0)
			return unexpected(r, "a digit");
	}
	if (next_is(r, 'e') || next_is(r, 'E')) {
		r->p++;
		if (next_is(r, '+') || next_is(r, '-'))
			r->p++;
		if (digits(r) == 0)
			return unexpected(r, "a digit");
	}
	*out = bytes_of(start, (size_t)(r->p - start));
	return 0;
}

static bool word(struct reader *r, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(r->end - r->p) < n || memcmp(r->p, text, n) != 0)
		return false;
	r->p += n;
	return true;
}

static int read_word(struct reader *r, struct json_node *out)
{
	if (word(r, "null")) {
		out->kind = JSON_NULL;
		return 0;
	}
	out->kind = JSON_BOOL;
	out->truth = word(r, "true");
	return out->truth || word(r, "false") ? 0 : unexpected(r, "a value");
}

/* ---- objects and arrays -------------------------------------------------- */

static int read_value(struct reader *r, struct json_node *out);

static int by_key(const void *a, const void *b)
{
	const struct ord_bytes *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int order = n ? memcmp(x->data, y->data, n) : 0;

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

static int fail_twice(const struct reader *r, struct ord_bytes key)
{
	char *name = json_quoted(key);
	int rc = fail(r, "the object that ends here has %s twice", name);

	free(name);
	return rc;
}

static int refuse_duplicates(const struct reader *r, const struct json_node *object)
{
	struct ord_bytes *keys = x_malloc((object->n + 1) * sizeof(*keys));
	int rc = 0;

	for (size_t i = 0; i < object->n; i++)
		keys[i] = object->items[i].key;
	qsort(keys, object->n, sizeof(*keys), by_key);
	for (size_t i = 1; i < object->n && rc == 0; i++)
		if (bytes_eq(keys[i - 1], keys[i]))
			rc = fail_twice(r, keys[i]);
	free(keys);
	return rc;
}

static int read_key(struct reader *r, struct json_node *item)
{
	int rc;

	if (!next_is(r, '"'))
		return unexpected(r, "a key in double quotes");
	rc = read_string(r, &item->key);
	if (rc < 0)
		return rc;
	skip_space(r);
	if (!next_is(r, ':'))
		return unexpected(r, "':'");
	r->p++;
	skip_space(r);
	return 0;
}

static struct json_node *add_item(struct json_node *to)
{
	if ((to->n & (to->n - 1)) == 0) /* 0, 1, 2, 4, 8 …: full */
		to->items = x_realloc(to->items, (to->n ? 2 * to->n : 1) * sizeof(*to->items));
	memset(&to->items[to->n], 0, sizeof(*to->items));
	return &to->items[to->n++];
}

static int read_items(struct reader *r, struct json_node *out)
{
	bool object = out->kind == JSON_OBJECT;
	uint8_t close = object ? '}' : ']';
	int rc = 0;

	r->p++;
	skip_space(r);
	if (next_is(r, close)) {
		r->p++;
		return 0;
	}
	for (;;) {
		struct json_node *item = add_item(out);

		if (object)
			rc = read_key(r, item);
		if (rc == 0)
			rc = read_value(r, item);
		if (rc < 0)
			return rc;
		skip_space(r);
		if (next_is(r, close))
			break;
		if (!next_is(r, ','))
			return unexpected(r, object ? "',' or '}'" : "',' or ']'");
		r->p++;
		skip_space(r);
	}
	rc = object ? refuse_duplicates(r, out) : 0;
	r->p++;
	return rc;
}

static int read_nested(struct reader *r, struct json_node *out)
{
	int rc;

	if (++r->depth > JSON_READ_DEPTH)
		return fail(r, "more than %d objects and arrays in one another", JSON_READ_DEPTH);
	rc = read_items(r, out);
	r->depth--;
	return rc;
}

static int read_value(struct reader *r, struct json_node *out)
{
	out->line = r->line;
	if (r->p == r->end)
		return unexpected(r, "a value");
	switch (*r->p) {
	case '{':
	case '[':
		out->kind = *r->p == '{' ? JSON_OBJECT : JSON_ARRAY;
		return read_nested(r, out);
	case '"':
		out->kind = JSON_STRING;
		return read_string(r, &out->text);
	default:
		if (*r->p != '-' && (*r->p < '0' || *r->p > '9'))
			return read_word(r, out);
		out->kind = JSON_NUMBER;
		return read_number(r, &out->text);
	}
}

/* ---- the door ------------------------------------------------------------ */

static void free_items(struct json_node *node)
{
	for (size_t i = 0; i < node->n; i++)
		free_items(&node->items[i]);
	free(node->items);
}

void json_doc_free(struct json_doc *doc)
{
	free_items(&doc->root);
	buf_fini(&doc->text);
}

int json_read(const char *name, struct buf *take, struct json_doc *doc, struct ord_err *e)
{
	struct reader r = {.name = name, .line = 1, .e = e};
	int rc;

	*doc = (struct json_doc){.text = *take};
	*take = (struct buf)BUF_INIT;
	buf_reserve(&doc->text, 1);
	r.p = r.line_start = doc->text.data;
	r.end = r.p + doc->text.len;
	skip_space(&r);
	if (!utf8_valid(buf_bytes(&doc->text)))
		rc = err_set(e, ORD_EINVAL, "%s: not UTF-8 text", name);
	else
		rc = read_value(&r, &doc->root);
	if (rc == 0) {
		skip_space(&r);
		if (r.p < r.end)
			rc = unexpected(&r, "the end");
	}
	if (rc < 0)
		json_doc_free(doc);
	return rc;
}
