/* SPDX-License-Identifier: Apache-2.0 */
/* log_spec: "[<logger>[,<logger>...]=]<level>[:...]", Fabric's logging specification (spec 8.3). */
#include "log_priv.h"
#include <ctype.h>
#include <stdlib.h>

struct segment {
	char *text; /* "orderer.common=debug": how it is sorted and printed */
	size_t name_len;
	int level;
};

struct log_spec {
	struct segment *segments;
	size_t n;
	int fallback; /* for loggers that no segment names */
};

static const struct {
	const char *name;
	int level;
} levels[] = {
	{"payload", LOG_PAYLOAD}, {"debug", ORD_DEBUG},    {"info", ORD_INFO},
	{"notice", ORD_INFO},     {"warn", ORD_WARN},      {"warning", ORD_WARN},
	{"error", ORD_ERROR},     {"critical", ORD_ERROR}, {"dpanic", LOG_DPANIC},
	{"panic", LOG_PANIC},     {"fatal", LOG_FATAL},
};

static bool same_in_one_case(struct ord_bytes given, const char *lower)
{
	bool is_lower = true, is_upper = true;

	if (given.len != strlen(lower))
		return false;
	for (size_t i = 0; i < given.len; i++) {
		is_lower = is_lower && given.data[i] == (uint8_t)lower[i];
		is_upper = is_upper && given.data[i] == (uint8_t)(lower[i] - 'a' + 'A');
	}
	return is_lower || is_upper;
}

/* The level called @name, all lower or all upper case; false when there is none. */
static bool find_level(struct ord_bytes name, int *level)
{
	for (size_t i = 0; i < UTIL_ARRAY_LEN(levels); i++)
		if (same_in_one_case(name, levels[i].name)) {
			*level = levels[i].level;
			return true;
		}
	return false;
}

const char *log_level_name(int level)
{
	if (level == LOG_PAYLOAD)
		return "Level(-2)";
	for (size_t i = 0; i < UTIL_ARRAY_LEN(levels); i++)
		if (levels[i].level == level)
			return levels[i].name;
	return "unknown";
}

/* What is left of @rest up to @c, which is dropped; false when nothing is left.
 * "a:" has two parts, the second one empty: @more remembers that. */
static bool next_part(struct ord_bytes *rest, char c, bool *more, struct ord_bytes *part)
{
	const uint8_t *end;

	if (!*more)
		return false;
	end = rest->len ? memchr(rest->data, c, rest->len) : NULL;
	*more = end != NULL;
	*part = bytes_of(rest->data, end ? (size_t)(end - rest->data) : rest->len);
	if (end)
		*rest = bytes_of(end + 1, rest->len - part->len - 1);
	return true;
}

/* Dotted words of letters, digits and "_#-", not empty. */
static bool valid_name(struct ord_bytes name)
{
	bool word = false;

	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];

		if (c == '.' && !word)
			return false;
		if (c != '.' && (c > 127 || (!isalnum(c) && !strchr("_#-", c))))
			return false;
		word = c != '.';
	}
	return word;
}

static struct segment *find(const struct log_spec *s, const char *name, size_t len)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->segments[i].name_len == len && memcmp(s->segments[i].text, name, len) == 0)
			return &s->segments[i];
	return NULL;
}

static void put(struct log_spec *s, struct ord_bytes name, int level)
{
	struct segment *g = find(s, (const char *)name.data, name.len);

	if (!g) {
		s->segments = x_realloc(s->segments, (s->n + 1) * sizeof(*g));
		g = &s->segments[s->n++];
	} else {
		free(g->text);
	}
	g->text = x_printf("%.*s=%s", (int)name.len, name.data, log_level_name(level));
	g->name_len = name.len;
	g->level = level;
}

/* "<logger>[,<logger>...]" of one segment. */
static int put_names(struct log_spec *s, struct ord_bytes names, int level, struct ord_err *e)
{
	struct ord_bytes name;
	bool more = true;

	while (next_part(&names, ',', &more, &name)) {
		struct ord_bytes bare = name;

		if (bare.len > 0 && bare.data[bare.len - 1] == '.')
			bare.len--;
		if (!valid_name(bare))
			return err_set(e, ORD_EINVAL, "bad logger name '%.*s'", (int)name.len,
				       name.data);
		put(s, name, level);
	}
	return 0;
}

static int put_segment(struct log_spec *s, struct ord_bytes text, struct ord_err *e)
{
	struct ord_bytes left, right, rest = text;
	bool more = true;
	int level = ORD_INFO;

	next_part(&rest, '=', &more, &left);
	if (!more) { /* a level alone; an empty one means info */
		if (text.len > 0 && !find_level(text, &level))
			goto bad;
		s->fallback = level;
		return 0;
	}
	next_part(&rest, '=', &more, &right);
	if (more)
		goto bad;
	if (left.len == 0)
		return err_set(e, ORD_EINVAL, "no logger specified in segment '%.*s'",
			       (int)text.len, text.data);
	if (!find_level(right, &level))
		goto bad;
	return put_names(s, left, level, e);
bad:
	return err_set(e, ORD_EINVAL, "bad segment '%.*s'", (int)text.len, text.data);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct segment *)a)->text, ((const struct segment *)b)->text);
}

int log_spec_parse(const char *text, struct log_spec **out, struct ord_err *e)
{
	struct log_spec *s = x_alloc(sizeof(*s));
	struct ord_bytes rest = bytes_str(text), part;
	bool more = true;
	struct ord_err why = ERR_INIT;

	s->fallback = ORD_INFO;
	while (next_part(&rest, ':', &more, &part))
		if (put_segment(s, part, &why) < 0) {
			log_spec_free(s);
			return err_set(e, ORD_EINVAL, "invalid logging specification '%.400s': %s",
				       text, why.msg);
		}
	if (s->n > 0)
		qsort(s->segments, s->n, sizeof(s->segments[0]), by_text);
	*out = s;
	return 0;
}

void log_spec_free(struct log_spec *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		free(s->segments[i].text);
	free(s->segments);
	free(s);
}

/* "a.b" is governed by the segment "a.b.", else "a.b", else "a", else the default. */
int log_spec_level(const struct log_spec *s, const char *logger)
{
	char *candidate = x_printf("%s.", logger);
	const struct segment *g = find(s, candidate, strlen(candidate));

	while (!g) {
		char *dot = strrchr(candidate, '.');

		if (!dot || dot == candidate)
			break;
		*dot = '\0';
		g = find(s, candidate, strlen(candidate));
	}
	free(candidate);
	return g ? g->level : s->fallback;
}

int log_spec_lowest(const struct log_spec *s)
{
	int lowest = s->fallback;

	for (size_t i = 0; i < s->n; i++)
		if (s->segments[i].level < lowest)
			lowest = s->segments[i].level;
	return lowest;
}

void log_spec_print(const struct log_spec *s, struct buf *b)
{
	for (size_t i = 0; i < s->n; i++)
		buf_printf(b, "%s:", s->segments[i].text);
	buf_add_str(b, log_level_name(s->fallback));
}
