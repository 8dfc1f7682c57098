/* SPDX-License-Identifier: Apache-2.0 */
/*
 * configtx.yaml to a tree.  libfyaml parses; aliases and merges (<<) are followed here, so that
 * what they expand to is bounded and a merge may name several maps.
 *
 * A key that stands in the map itself wins over a merged one, wherever it stands, as YAML has it.
 */
#include "configtx_priv.h"
#include <libfyaml.h>
#include <stdlib.h>

#define MAX_FILE  (1u << 20)
#define MAX_NODES 100000
#define MAX_KEYS  4096 /* in one map */
#define MAX_DEPTH 64

static struct log_logger logger = LOG_LOGGER("common.tools.configtxgen.localconfig");

struct loader {
	const char *file;
	size_t n_nodes;
	unsigned depth;
};

int configtx_fail(const struct configtx_node *at, struct ord_err *e, const char *fmt, ...)
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

void configtx_free(struct configtx_node *node)
{
	if (!node)
		return;
	for (size_t i = 0; i < node->n; i++)
		configtx_free(node->items[i]);
	free(node->items);
	free(node->key);
	free(node->text);
	free(node);
}

/* ---- access ------------------------------------------------------------------------------ */

static size_t find_key(const struct configtx_node *map, const char *key)
{
	size_t i = 0;

	while (i < map->n && strcmp(map->items[i]->key, key) != 0)
		i++;
	return i;
}

const struct configtx_node *configtx_get(const struct configtx_node *map, const char *key)
{
	size_t i;

	if (!map || map->kind != CONFIGTX_MAP)
		return NULL;
	i = find_key(map, key);
	if (i == map->n || map->items[i]->kind == CONFIGTX_NULL)
		return NULL;
	return map->items[i];
}

const char *configtx_text(const struct configtx_node *map, const char *key, const char *fallback)
{
	const struct configtx_node *v = configtx_get(map, key);

	return v && v->text[0] ? v->text : fallback;
}

uint64_t configtx_number(const struct configtx_node *map, const char *key, uint64_t fallback)
{
	const struct configtx_node *v = configtx_get(map, key);
	uint64_t n = 0;
	bool overflow;

	if (v && !configtx_size(v->text, &n, &overflow))
		n = strtoull(v->text, NULL, 10);
	return n ? n : fallback;
}

/* ---- building the tree --------------------------------------------------------------------- */

static unsigned line_of(struct fy_node *n)
{
	struct fy_token *t = n ? fy_node_get_scalar_token(n) : NULL;
	const struct fy_mark *mark = t ? fy_token_start_mark(t) : NULL;

	return mark ? (unsigned)mark->line + 1 : 0;
}

static void append(struct configtx_node *to, struct configtx_node *item)
{
	to->items = x_realloc(to->items, (to->n + 1) * sizeof(*to->items));
	to->items[to->n++] = item;
}

static int convert(struct loader *l, struct fy_node *in, unsigned line, struct configtx_node **out,
		   struct ord_err *e);

static void convert_scalar(struct fy_node *in, struct configtx_node *node)
{
	size_t len = 0;
	const char *text = fy_node_get_scalar(in, &len);

	node->text = x_strndup(text ? text : "", text ? len : 0);
	node->kind = CONFIGTX_SCALAR;
	if (fy_node_get_style(in) == FYNS_PLAIN &&
	    (!node->text[0] || strcmp(node->text, "~") == 0 || strcasecmp(node->text, "null") == 0))
		node->kind = CONFIGTX_NULL;
}

static int convert_list(struct loader *l, struct fy_node *in, struct configtx_node *node,
			struct ord_err *e)
{
	struct fy_node *item;
	void *at = NULL;

	node->kind = CONFIGTX_LIST;
	while ((item = fy_node_sequence_iterate(in, &at))) {
		struct configtx_node *converted;
		int rc = convert(l, item, node->line, &converted, e);

		if (rc < 0)
			return rc;
		append(node, converted);
	}
	return 0;
}

/* Take what @from holds and @map does not. */
static void merge_map(struct configtx_node *map, struct configtx_node *from)
{
	for (size_t i = 0; i < from->n; i++) {
		struct configtx_node *item = from->items[i];
		size_t have = find_key(map, item->key);

		if (have < map->n) {
			if (!map->items[have]->merged)
				log_warn(&logger,
					 "%s:%u: %s stands before << and wins over the merged %s; "
					 "configtxgen takes the merged one",
					 map->file, map->items[have]->line, item->key, item->key);
			continue;
		}
		item->merged = true;
		append(map, item);
		from->items[i] = NULL;
	}
}

/* The value of <<: a map or a list of maps, of which the first wins. */
static int merge(struct loader *l, struct fy_node *value, struct configtx_node *map,
		 struct ord_err *e)
{
	struct configtx_node *from;
	int rc = convert(l, value, map->line, &from, e);

	if (rc < 0)
		return rc;
	if (from->kind == CONFIGTX_MAP) {
		merge_map(map, from);
	} else if (from->kind == CONFIGTX_LIST) {
		for (size_t i = 0; i < from->n && rc == 0; i++)
			if (from->items[i]->kind == CONFIGTX_MAP)
				merge_map(map, from->items[i]);
			else
				rc = configtx_fail(from, e, "<< wants maps in its list");
	} else if (from->kind != CONFIGTX_NULL) {
		rc = configtx_fail(from, e, "<< wants a map or a list of maps");
	}
	configtx_free(from);
	return rc;
}

/* Put @item into @map; a merged one of that key gives way. */
static int put(struct configtx_node *map, struct configtx_node *item, struct ord_err *e)
{
	size_t have = find_key(map, item->key);

	if (have == map->n) {
		append(map, item);
		return 0;
	}
	if (!map->items[have]->merged) {
		configtx_fail(item, e, "key %s is given twice", item->key);
		configtx_free(item);
		return ORD_EINVAL;
	}
	configtx_free(map->items[have]);
	map->items[have] = item;
	return 0;
}

static int convert_pair(struct loader *l, struct fy_node_pair *pair, struct configtx_node *map,
			struct ord_err *e)
{
	struct fy_node *key = fy_node_pair_key(pair), *value = fy_node_pair_value(pair);
	struct configtx_node *item;
	const char *text = NULL;
	size_t len = 0;
	int rc;

	if (key && fy_node_is_scalar(key) && !fy_node_is_alias(key))
		text = fy_node_get_scalar(key, &len);
	if (!text || memchr(text, '\0', len))
		return configtx_fail(map, e, "a key must be plain text");
	if (map->n == MAX_KEYS)
		return configtx_fail(map, e, "more than %d keys in one map", MAX_KEYS);
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

static int convert_map(struct loader *l, struct fy_node *in, struct configtx_node *node,
		       struct ord_err *e)
{
	struct fy_node_pair *pair;
	void *at = NULL;
	int rc = 0;

	node->kind = CONFIGTX_MAP;
	while (rc == 0 && (pair = fy_node_mapping_iterate(in, &at)))
		rc = convert_pair(l, pair, node, e);
	return rc;
}

static int convert_alias(struct loader *l, struct fy_node *in, struct configtx_node *node,
			 struct configtx_node **out, struct ord_err *e)
{
	struct fy_node *target = fy_node_resolve_alias(in);
	size_t len = 0;
	const char *name = fy_node_get_scalar(in, &len);

	if (!target)
		return configtx_fail(node, e, "*%.*s: no such anchor above", (int)len,
				     name ? name : "");
	return convert(l, target, node->line, out, e);
}

static int convert_node(struct loader *l, struct fy_node *in, struct configtx_node *node,
			struct ord_err *e)
{
	switch (fy_node_get_type(in)) {
	case FYNT_SEQUENCE:
		return convert_list(l, in, node, e);
	case FYNT_MAPPING:
		return convert_map(l, in, node, e);
	default:
		convert_scalar(in, node);
		return 0;
	}
}

/* @line: where the value was asked for, should it not know itself. */
static int convert(struct loader *l, struct fy_node *in, unsigned line, struct configtx_node **out,
		   struct ord_err *e)
{
	struct configtx_node *node = x_alloc(sizeof(*node));
	unsigned own = in && fy_node_is_scalar(in) ? line_of(in) : 0;
	int rc = 0;

	node->file = l->file;
	node->line = own ? own : line;
	l->depth++;
	if (++l->n_nodes > MAX_NODES)
		rc = configtx_fail(node, e, "aliases expand to more than %d values", MAX_NODES);
	else if (l->depth > MAX_DEPTH)
		rc = configtx_fail(node, e, "nested more than %d deep; does an anchor hold itself?",
				   MAX_DEPTH);
	else if (in && fy_node_is_alias(in)) {
		rc = convert_alias(l, in, node, out, e);
		configtx_free(node);
		l->depth--;
		return rc;
	} else if (in) {
		rc = convert_node(l, in, node, e);
	}
	l->depth--;
	if (rc < 0)
		configtx_free(node);
	else
		*out = node;
	return rc;
}

/* ---- the file -------------------------------------------------------------------------------- */

static int fail_parse(const char *path, struct fy_diag *diag, struct ord_err *e)
{
	struct fy_diag_error *error;
	void *at = NULL;

	error = fy_diag_errors_iterate(diag, &at);
	if (!error)
		return err_set(e, ORD_EINVAL, "%s: not a YAML document", path);
	return err_set(e, ORD_EINVAL, "%s:%d: %s", path, error->line, error->msg);
}

int configtx_parse(const char *path, struct ord_bytes text, struct configtx_node **out,
		   struct ord_err *e)
{
	struct loader l = {.file = path};
	struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_ALLOW_DUPLICATE_KEYS};
	struct fy_diag_cfg diag_cfg;
	struct fy_document *doc;
	int rc;

	if (!wire_utf8_ok(text)) /* libfyaml 0.7 may look for an end of it for ever */
		return err_set(e, ORD_EINVAL, "%s: not UTF-8 text", path);
	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	cfg.diag = fy_diag_create(&diag_cfg);
	if (!cfg.diag)
		return err_set(e, ORD_ENOMEM, "%s: no memory for the YAML parser", path);
	fy_diag_set_collect_errors(cfg.diag, true);
	doc = fy_document_build_from_string(&cfg, (const char *)text.data, text.len);
	if (!doc)
		rc = fail_parse(path, cfg.diag, e);
	else if (fy_node_get_type(fy_document_root(doc)) != FYNT_MAPPING)
		rc = err_set(e, ORD_EINVAL, "%s: not a map of sections", path);
	else
		rc = convert(&l, fy_document_root(doc), 1, out, e);
	fy_document_destroy(doc);
	fy_diag_destroy(cfg.diag);
	return rc;
}

int configtx_load(const char *path, struct configtx_node **out, struct ord_err *e)
{
	struct buf text = BUF_INIT;
	int rc = file_read(path, MAX_FILE, &text, e);

	if (rc == 0)
		rc = configtx_parse(path, buf_bytes(&text), out, e);
	buf_fini(&text);
	return rc;
}
