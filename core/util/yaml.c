/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml: a document to a tree.  libfyaml parses; aliases and merges (<<) are followed here, so that
 * what they expand to is bounded and a merge may name several maps.
 *
 * A key that stands in the map itself wins over a merged one, wherever it stands, as YAML has it.
 */
#include <libfyaml.h>
#include <stdlib.h>
#include <strings.h>
#include <util/util.h>

#define MAX_NODES 100000
#define MAX_KEYS  1024 /* in one map */
#define MAX_DEPTH 64

struct loader {
	const char *file;
	size_t n_nodes;
	unsigned depth;
};

int yaml_fail(const struct yaml *at, struct ord_err *e, const char *fmt, ...)
{
	char msg[900];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (at->line)
		return err_set(e, ORD_EINVAL, "%s:%u: %s", at->file, at->line, msg);
	return err_set(e, ORD_EINVAL, "%s: %s", at->file, msg);
}

void yaml_free(struct yaml *y)
{
	if (!y)
		return;
	for (size_t i = 0; i < y->n; i++)
		yaml_free(y->items[i]);
	free(y->items);
	free(y->key);
	free(y->text);
	free(y);
}

static size_t find_key(const struct yaml *map, const char *key)
{
	size_t i = 0;

	while (i < map->n && strcmp(map->items[i]->key, key) != 0)
		i++;
	return i;
}

const struct yaml *yaml_get(const struct yaml *map, const char *key)
{
	size_t i;

	if (!map || map->kind != YAML_MAP)
		return NULL;
	i = find_key(map, key);
	if (i == map->n || map->items[i]->kind == YAML_NULL)
		return NULL;
	return map->items[i];
}

/* ---- building the tree --------------------------------------------------- */

static int convert(struct loader *l, struct fy_node *in, unsigned line, struct yaml **out,
		   struct ord_err *e);

static unsigned line_of(struct fy_node *n)
{
	struct fy_token *t = n ? fy_node_get_scalar_token(n) : NULL;
	const struct fy_mark *mark = t ? fy_token_start_mark(t) : NULL;

	return mark ? (unsigned)mark->line + 1 : 0;
}

static void append(struct yaml *to, struct yaml *item)
{
	to->items = x_realloc(to->items, (to->n + 1) * sizeof(*to->items));
	to->items[to->n++] = item;
}

static int convert_scalar(struct fy_node *in, struct yaml *y, struct ord_err *e)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	size_t len = 0;
	const char *text = fy_node_get_scalar(in, &len);
	bool plain = fy_node_get_style(in) == FYNS_PLAIN;

	if (text && memchr(text, '\0', len))
		return yaml_fail(y, e, "a text with a NUL byte");
	y->kind = YAML_SCALAR;
	y->text = x_strndup(text ? text : "", text ? len : 0);
	y->quoted = fy_node_get_style(in) == FYNS_DOUBLE_QUOTED;
	for (size_t i = 0; plain && i < UTIL_ARRAY_LEN(nulls); i++)
		if (strcmp(y->text, nulls[i]) == 0)
			y->kind = YAML_NULL;
	return 0;
}

/* An item of a list has no key, but a map has a first one. */
static unsigned line_of_item(struct fy_node *item, unsigned fallback)
{
	struct fy_node_pair *first = NULL;
	unsigned line = 0;

	if (item && fy_node_is_mapping(item))
		first = fy_node_mapping_get_by_index(item, 0);
	if (first && fy_node_is_scalar(fy_node_pair_key(first)))
		line = line_of(fy_node_pair_key(first));
	return line ? line : fallback;
}

static int convert_list(struct loader *l, struct fy_node *in, struct yaml *y, struct ord_err *e)
{
	struct fy_node *item;
	void *at = NULL;

	y->kind = YAML_LIST;
	while ((item = fy_node_sequence_iterate(in, &at))) {
		struct yaml *converted;
		int rc = convert(l, item, line_of_item(item, y->line), &converted, e);

		if (rc < 0)
			return rc;
		append(y, converted);
	}
	return 0;
}

/* Take what @from holds and @map does not. */
static void merge_map(struct yaml *map, struct yaml *from)
{
	for (size_t i = 0; i < from->n; i++) {
		struct yaml *item = from->items[i];
		size_t have = find_key(map, item->key);

		if (have < map->n) {
			map->items[have]->before_merge = !map->items[have]->merged;
			continue;
		}
		item->merged = true;
		append(map, item);
		from->items[i] = NULL;
	}
}

/* The value of <<: a map or a list of maps, of which the first wins. */
static int merge(struct loader *l, struct fy_node *value, struct yaml *map, struct ord_err *e)
{
	struct yaml *from;
	int rc = convert(l, value, map->line, &from, e);

	if (rc < 0)
		return rc;
	if (from->kind == YAML_MAP) {
		merge_map(map, from);
	} else if (from->kind == YAML_LIST) {
		for (size_t i = 0; i < from->n && rc == 0; i++)
			if (from->items[i]->kind == YAML_MAP)
				merge_map(map, from->items[i]);
			else
				rc = yaml_fail(from, e, "<< wants maps in its list");
	} else if (from->kind != YAML_NULL) {
		rc = yaml_fail(from, e, "<< wants a map or a list of maps");
	}
	yaml_free(from);
	return rc;
}

/* Put @take into @map; a merged one of that key gives way. */
static int put(struct yaml *map, struct yaml *take, struct ord_err *e)
{
	size_t have = find_key(map, take->key);

	if (have == map->n) {
		append(map, take);
		return 0;
	}
	if (!map->items[have]->merged) {
		yaml_fail(take, e, "key %s is given twice", take->key);
		yaml_free(take);
		return ORD_EINVAL;
	}
	yaml_free(map->items[have]);
	map->items[have] = take;
	return 0;
}

static int convert_pair(struct loader *l, struct fy_node_pair *pair, struct yaml *map,
			struct ord_err *e)
{
	struct fy_node *key = fy_node_pair_key(pair), *value = fy_node_pair_value(pair);
	struct yaml *item;
	const char *text = NULL;
	size_t len = 0;
	int rc;

	if (key && fy_node_is_scalar(key) && !fy_node_is_alias(key))
		text = fy_node_get_scalar(key, &len);
	if (!text || memchr(text, '\0', len))
		return yaml_fail(map, e, "a key must be plain text");
	if (map->n == MAX_KEYS)
		return yaml_fail(map, e, "more than %d keys in one map", MAX_KEYS);
	if (map->line == 0)
		map->line = line_of(key);
	if (len == 2 && memcmp(text, "<<", 2) == 0)
		return merge(l, value, map, e);
	rc = convert(l, value, line_of(key), &item, e);
	if (rc < 0)
		return rc;
	item->key = x_strndup(text, len);
	return put(map, item, e);
}

static int convert_map(struct loader *l, struct fy_node *in, struct yaml *y, struct ord_err *e)
{
	struct fy_node_pair *pair;
	void *at = NULL;
	int rc = 0;

	y->kind = YAML_MAP;
	while (rc == 0 && (pair = fy_node_mapping_iterate(in, &at)))
		rc = convert_pair(l, pair, y, e);
	return rc;
}

static int convert_node(struct loader *l, struct fy_node *in, unsigned line, struct yaml **out,
			struct ord_err *e)
{
	struct yaml *y = x_alloc(sizeof(*y));
	unsigned own = in && fy_node_is_scalar(in) ? line_of(in) : 0;
	int rc = 0;

	y->file = l->file;
	y->line = own ? own : line;
	if (!in)
		y->kind = YAML_NULL;
	else if (fy_node_get_type(in) == FYNT_SEQUENCE)
		rc = convert_list(l, in, y, e);
	else if (fy_node_get_type(in) == FYNT_MAPPING)
		rc = convert_map(l, in, y, e);
	else
		rc = convert_scalar(in, y, e);
	if (rc < 0)
		yaml_free(y);
	else
		*out = y;
	return rc;
}

/* @line: where the value was asked for, should it not know itself. */
static int convert(struct loader *l, struct fy_node *in, unsigned line, struct yaml **out,
		   struct ord_err *e)
{
	const struct yaml here = {.file = l->file, .line = line};
	struct fy_node *target = in;
	const char *name;
	size_t len = 0;
	int rc;

	if (++l->n_nodes > MAX_NODES)
		return yaml_fail(&here, e, "more than %d values, aliases written out", MAX_NODES);
	if (l->depth == MAX_DEPTH)
		return yaml_fail(&here, e, "nested more than %d deep; does an anchor hold itself?",
				 MAX_DEPTH);
	l->depth++;
	if (in && fy_node_is_alias(in)) {
		target = fy_node_resolve_alias(in);
		name = fy_node_get_scalar(in, &len);
		rc = target ? convert(l, target, line, out, e)
			    : yaml_fail(&here, e, "*%.*s: no such anchor above", (int)len,
					name ? name : "");
	} else {
		rc = convert_node(l, in, line, out, e);
	}
	l->depth--;
	return rc;
}

/* ---- the document -------------------------------------------------------- */

/* Nothing but blanks and comments: libfyaml sees no document in that. */
static bool is_blank(struct ord_bytes text)
{
	bool comment = false;

	for (size_t i = 0; i < text.len; i++) {
		comment = text.data[i] == '#' || (comment && text.data[i] != '\n');
		if (!comment && !memchr(" \t\r\n", text.data[i], 4))
			return false;
	}
	return true;
}

/* libfyaml says some things on its own; errors are collected instead. */
static void keep_quiet(struct fy_diag *diag, void *user, const char *text, size_t len)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)len;
}

static struct fy_diag *diag_new(void)
{
	struct fy_diag_cfg cfg;
	struct fy_diag *diag;

	fy_diag_cfg_default(&cfg);
	cfg.fp = NULL;
	cfg.output_fn = keep_quiet;
	diag = fy_diag_create(&cfg);
	util_assert(diag);
	fy_diag_set_collect_errors(diag, true);
	return diag;
}

static int fail_parse(const char *path, struct fy_diag *diag, struct ord_err *e)
{
	void *at = NULL;
	struct fy_diag_error *error = fy_diag_errors_iterate(diag, &at);

	if (!error)
		return err_set(e, ORD_EINVAL, "%s: not YAML", path);
	return err_set(e, ORD_EINVAL, "%s:%d: not YAML: %s", path, error->line, error->msg);
}

static int parse(struct loader *l, struct ord_bytes text, struct yaml **out, struct ord_err *e)
{
	struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_ALLOW_DUPLICATE_KEYS,
				   .diag = diag_new()};
	struct fy_document *doc =
		fy_document_build_from_string(&cfg, (const char *)text.data, text.len);
	int rc;

	if (doc)
		rc = convert(l, fy_document_root(doc), 0, out, e);
	else
		rc = fail_parse(l->file, cfg.diag, e);
	fy_document_destroy(doc);
	fy_diag_destroy(cfg.diag);
	return rc;
}

int yaml_parse(const char *path, struct ord_bytes text, struct yaml **out, struct ord_err *e)
{
	struct loader l = {.file = path};

	*out = NULL;
	if (!utf8_valid(text)) /* libfyaml 0.7 may look for an end of it for ever */
		return err_set(e, ORD_EINVAL, "%s: not YAML: not UTF-8", path);
	if (text.len && memchr(text.data, '\0', text.len)) /* where libfyaml would stop */
		return err_set(e, ORD_EINVAL, "%s: not YAML: a NUL byte", path);
	if (is_blank(text))
		return convert(&l, NULL, 0, out, e);
	return parse(&l, text, out, e);
}

int yaml_load(const char *path, struct yaml **out, struct ord_err *e)
{
	struct buf text = BUF_INIT;
	int rc = file_read(path, YAML_FILE_MAX, &text, e);

	*out = NULL;
	if (rc == 0)
		rc = yaml_parse(path, buf_bytes(&text), out, e);
	buf_fini(&text);
	return rc;
}
