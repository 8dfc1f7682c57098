/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_table: YAML behind tables. */
#include "yaml_table.h"

#include <stdlib.h>

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

/* An item of a list has no key of its own. */
static int wrong(const struct yaml *n, const char *want, struct ord_err *e)
{
	return yaml_fail(n, e, "%s%swant %s", n->key ? n->key : "", n->key ? ": " : "", want);
}

static int read_str(const struct yaml *n, void *at, struct ord_err *e)
{
	if (n->kind != YAML_SCALAR)
		return wrong(n, "a string", e);
	free(*(char **)at);
	*(char **)at = x_strdup(n->text);
	return 0;
}

static int read_bool(const struct yaml *n, void *at, struct ord_err *e)
{
	bool yes = n->kind == YAML_SCALAR && strcmp(n->text, "true") == 0;

	if (!yes && (n->kind != YAML_SCALAR || strcmp(n->text, "false") != 0))
		return wrong(n, "true or false", e);
	*(bool *)at = yes;
	return 0;
}

static int read_uint(const struct yaml *n, void *at, struct ord_err *e)
{
	uint64_t v;

	if (n->kind != YAML_SCALAR || !decimal_parse(bytes_str(n->text), 999999999, &v))
		return wrong(n, "a number", e);
	*(uint32_t *)at = (uint32_t)v;
	return 0;
}

static int add_str(const struct yaml *item, void *arg, struct ord_err *e)
{
	if (item->kind != YAML_SCALAR)
		return wrong(item, "a string", e);
	yaml_strs_add(arg, item->text);
	return 0;
}

static int read_value(const struct yaml *n, const struct yaml_key *k, void *base, struct ord_err *e)
{
	void *at = (char *)base + k->at;

	if (n->kind == YAML_NULL)
		return 0;
	switch (k->type) {
	case YAML_STR:
		return read_str(n, at, e);
	case YAML_BOOL:
		return read_bool(n, at, e);
	case YAML_UINT:
		return read_uint(n, at, e);
	case YAML_STRS:
		return yaml_each(n, add_str, at, e);
	case YAML_SUB:
		return k->sub(n, at, e);
	}
	return 0;
}

static int unknown_key(const struct yaml *n, const struct yaml_key *keys, struct ord_err *e)
{
	const char *names[32] = {NULL}, *near;

	for (size_t i = 0; i < UTIL_ARRAY_LEN(names) - 1 && keys[i].name; i++)
		names[i] = keys[i].name;
	near = err_nearest(n->key, names);
	return yaml_fail(n, e, "unknown key '%s'%s%s%s", n->key, near ? ": did you mean '" : "",
			 near ? near : "", near ? "'?" : "");
}

int yaml_read(const struct yaml *n, const struct yaml_key *keys, void *base, struct ord_err *e)
{
	int rc = 0;

	if (n->kind == YAML_NULL)
		return 0;
	if (n->kind != YAML_MAP)
		return wrong(n, "a mapping", e);
	for (size_t i = 0; i < n->n && rc == 0; i++) {
		const struct yaml_key *k = keys;

		while (k->name && strcmp(k->name, n->items[i]->key) != 0)
			k++;
		rc = k->name ? read_value(n->items[i], k, base, e)
			     : unknown_key(n->items[i], keys, e);
	}
	return rc;
}

int yaml_each(const struct yaml *n,
	      int (*each)(const struct yaml *item, void *arg, struct ord_err *e), void *arg,
	      struct ord_err *e)
{
	int rc = 0;

	if (n->kind == YAML_NULL)
		return 0;
	if (n->kind != YAML_LIST)
		return wrong(n, "a list", e);
	for (size_t i = 0; i < n->n && rc == 0; i++)
		rc = each(n->items[i], arg, e);
	return rc;
}
