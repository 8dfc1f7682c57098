/* SPDX-License-Identifier: Apache-2.0 */
/* yaml: libfyaml behind tables. */
#include "yaml.h"

#include <stdlib.h>

enum { MAX_DEPTH = 32, MAX_NODES = 100000 };

void yaml_strs_add(struct yaml_strs *s, const char *item)
{
	s->item = x_realloc(s->item, (s->n + 1) * sizeof(*s->item));
	s->item[s->n++] = x_strdup(item);
}

void yaml_strs_free(struct yaml_strs *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->item[i]);
	free(s->item);
	*s = (struct yaml_strs){NULL, 0};
}

/* ---- parsing ------------------------------------------------------------------------- */

/* Would the tree with every alias copied in stay small?  Aliases of aliases grow exponentially. */
static bool is_bounded(struct fy_node *n, unsigned depth, unsigned *budget)
{
	struct fy_node *item;
	struct fy_node_pair *pair;
	void *pos = NULL;

	if (!n)
		return true;
	if (depth > MAX_DEPTH || (*budget)-- == 0)
		return false;
	if (fy_node_is_alias(n))
		return is_bounded(fy_node_resolve_alias(n), depth + 1, budget);
	if (fy_node_is_sequence(n)) {
		while ((item = fy_node_sequence_iterate(n, &pos))) {
			if (!is_bounded(item, depth + 1, budget))
				return false;
		}
	} else if (fy_node_is_mapping(n)) {
		while ((pair = fy_node_mapping_iterate(n, &pos))) {
			if (!is_bounded(fy_node_pair_value(pair), depth + 1, budget))
				return false;
		}
	}
	return true;
}

static int parse_failed(const char *path, struct fy_diag *diag, struct ord_err *e)
{
	void *pos = NULL;
	struct fy_diag_error *err = fy_diag_errors_iterate(diag, &pos);

	if (!err)
		return err_set(e, ORD_EINVAL, "%s: empty, or not YAML", path);
	return err_set(e, ORD_EINVAL, "%s:%d:%d: %s", path, err->line, err->column, err->msg);
}

/* libfyaml says some things on its own; errors are collected instead. */
static void keep_quiet(struct fy_diag *diag, void *user, const char *buf, size_t len)
{
	(void)diag;
	(void)user;
	(void)buf;
	(void)len;
}

int yaml_parse(const char *path, struct ord_bytes text, struct fy_document **out, struct ord_err *e)
{
	struct fy_diag *diag = fy_diag_create(&(struct fy_diag_cfg){.output_fn = keep_quiet});
	struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET, .diag = diag};
	unsigned budget = MAX_NODES;
	struct fy_document *d;
	int rc = 0;

	fy_diag_set_collect_errors(diag, true);
	d = fy_document_build_from_string(&cfg, (const char *)text.data, text.len);
	if (!d)
		rc = parse_failed(path, diag, e);
	else if (!is_bounded(fy_document_root(d), 0, &budget))
		rc = err_set(e, ORD_EINVAL, "%s: too deep, too large or aliases in a circle", path);
	else if (fy_document_resolve(d) < 0)
		rc = parse_failed(path, diag, e);
	if (rc < 0)
		fy_document_destroy(d);
	else
		*out = d;
	fy_diag_destroy(diag);
	return rc;
}

/* ---- reading ------------------------------------------------------------------------- */

static int wrong(struct fy_node *n, const char *want, struct ord_err *e)
{
	char *path = fy_node_get_path(n);

	err_set(e, ORD_EINVAL, "%s: want %s", path ? path : "/", want);
	free(path);
	return ORD_EINVAL;
}

static bool is_null(struct fy_node *n)
{
	size_t len;
	const char *s;

	if (!n)
		return true;
	if (!fy_node_is_scalar(n) || fy_node_get_style(n) != FYNS_PLAIN)
		return false;
	s = fy_node_get_scalar(n, &len);
	return len == 0 || bytes_eq_str(bytes_of(s, len), "~") ||
	       bytes_eq_str(bytes_of(s, len), "null");
}

/* A scalar without NUL, on the heap; NULL when it is none. */
static char *scalar(struct fy_node *n)
{
	size_t len;
	const char *s = fy_node_is_scalar(n) ? fy_node_get_scalar(n, &len) : NULL;

	return s && !memchr(s, '\0', len) ? x_strndup(s, len) : NULL;
}

static int read_str(struct fy_node *n, void *at, struct ord_err *e)
{
	char *s = scalar(n);

	if (!s)
		return wrong(n, "a string", e);
	free(*(char **)at);
	*(char **)at = s;
	return 0;
}

static int read_bool(struct fy_node *n, void *at, struct ord_err *e)
{
	char *s = scalar(n);
	bool yes = s && strcmp(s, "true") == 0, no = s && strcmp(s, "false") == 0;

	free(s);
	if (!yes && !no)
		return wrong(n, "true or false", e);
	*(bool *)at = yes;
	return 0;
}

static int read_uint(struct fy_node *n, void *at, struct ord_err *e)
{
	char *s = scalar(n);
	size_t len = s ? strlen(s) : 0;
	bool ok = len > 0 && len < 10 && strspn(s, "0123456789") == len;

	if (ok)
		*(uint32_t *)at = (uint32_t)strtoul(s, NULL, 10);
	free(s);
	return ok ? 0 : wrong(n, "a number", e);
}

static int read_strs(struct fy_node *item, void *arg, struct ord_err *e)
{
	char *s = NULL;
	int rc = read_str(item, &s, e);

	if (rc == 0)
		yaml_strs_add(arg, s);
	free(s);
	return rc;
}

static int read_value(struct fy_node *n, const struct yaml_key *k, void *base, struct ord_err *e)
{
	void *at = (char *)base + k->at;

	if (is_null(n))
		return 0;
	switch (k->type) {
	case YAML_STR:
		return read_str(n, at, e);
	case YAML_BOOL:
		return read_bool(n, at, e);
	case YAML_UINT:
		return read_uint(n, at, e);
	case YAML_STRS:
		return yaml_each(n, read_strs, at, e);
	case YAML_SUB:
		return k->sub(n, at, e);
	}
	return 0;
}

static int unknown_key(struct fy_node *n, const char *key, const struct yaml_key *keys,
		       struct ord_err *e)
{
	const char *names[32] = {NULL}, *near;
	char *path = fy_node_get_path(n);

	for (size_t i = 0; i < UTIL_ARRAY_LEN(names) - 1 && keys[i].name; i++)
		names[i] = keys[i].name;
	near = err_nearest(key, names);
	err_set(e, ORD_EINVAL, "%s: unknown key '%s'%s%s%s", path ? path : "/", key,
		near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
	free(path);
	return ORD_EINVAL;
}

int yaml_read(struct fy_node *n, const struct yaml_key *keys, void *base, struct ord_err *e)
{
	struct fy_node_pair *pair;
	void *pos = NULL;
	int rc = 0;

	if (is_null(n))
		return 0;
	if (!fy_node_is_mapping(n))
		return wrong(n, "a mapping", e);
	while (rc == 0 && (pair = fy_node_mapping_iterate(n, &pos))) {
		char *key = scalar(fy_node_pair_key(pair));
		const struct yaml_key *k = keys;

		while (k->name && (!key || strcmp(k->name, key) != 0))
			k++;
		rc = k->name ? read_value(fy_node_pair_value(pair), k, base, e)
			     : unknown_key(n, key ? key : "?", keys, e);
		free(key);
	}
	return rc;
}

int yaml_each(struct fy_node *n, int (*each)(struct fy_node *item, void *arg, struct ord_err *e),
	      void *arg, struct ord_err *e)
{
	struct fy_node *item;
	void *pos = NULL;
	int rc = 0;

	if (is_null(n))
		return 0;
	if (!fy_node_is_sequence(n))
		return wrong(n, "a list", e);
	while (rc == 0 && (item = fy_node_sequence_iterate(n, &pos)))
		rc = each(item, arg, e);
	return rc;
}
