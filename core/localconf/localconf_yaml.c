/* SPDX-License-Identifier: Apache-2.0 */
/* Fabric's orderer.yaml: nested maps become dotted keys, lists "[a, b]", null unset. */
#include "localconf_priv.h"
#include <stdlib.h>
#include <strings.h>

static int put_node(struct localconf *c, const char *name, const struct yaml *y, struct ord_err *e);

static bool takes_list(const struct conf_slot *s)
{
	return s->row.type == LOCALCONF_LIST || s->row.type == LOCALCONF_PATHS ||
	       s->row.type == LOCALCONF_PEM;
}

static int put_text(struct localconf *c, const char *name, const char *text, const struct yaml *y,
		    struct ord_err *e)
{
	char *origin = x_printf("%s:%u", y->file, y->line);
	int rc = conf_put(c, CONF_FILE, origin, name, text, e);

	free(origin);
	return rc;
}

static int put_null(struct localconf *c, const char *name, const struct yaml *y, struct ord_err *e)
{
	size_t n = strlen(name);

	if (conf_is_section(c, name))
		return 0; /* a section with nothing in it */
	if (n > 5 && strcasecmp(name + n - 5, ".File") == 0)
		return yaml_fail(y, e, "%.200s is empty, expected the path of a file", name);
	return put_text(c, name, NULL, y, e);
}

static int put_list(struct localconf *c, const char *name, const struct yaml *y, struct ord_err *e)
{
	const struct conf_slot *s = conf_find(c, name);
	struct buf list = BUF_INIT;
	const char *in_map;
	int rc = 0;

	if (s ? !takes_list(s) : conf_map_of(c, name, &in_map) != NULL)
		return yaml_fail(y, e, "%.200s takes one value, not a list", name);
	buf_add_str(&list, "[");
	for (size_t i = 0; s && i < y->n && rc == 0; i++) {
		const struct yaml *item = y->items[i];

		if (item->kind != YAML_SCALAR)
			rc = yaml_fail(item, e, "%.200s has an element that is no text", name);
		else if (strchr(item->text, ','))
			rc = yaml_fail(item, e, "%.200s has an element with a comma in it", name);
		else
			buf_printf(&list, "%s%s", i ? ", " : "", item->text);
	}
	buf_add_str(&list, "]");
	if (rc == 0)
		rc = put_text(c, name, list.len > 2 ? buf_cstr(&list) : NULL, y, e);
	buf_fini(&list);
	return rc;
}

static int put_map(struct localconf *c, const char *name, const struct yaml *y, struct ord_err *e)
{
	int rc = 0;

	for (size_t i = 0; i < y->n && rc == 0; i++) {
		const struct yaml *item = y->items[i];
		char *full = x_printf("%s%s%s", name, *name ? "." : "", item->key);

		rc = put_node(c, full, item, e);
		free(full);
	}
	return rc;
}

static int put_node(struct localconf *c, const char *name, const struct yaml *y, struct ord_err *e)
{
	switch (y->kind) {
	case YAML_MAP:
		return put_map(c, name, y, e);
	case YAML_LIST:
		return put_list(c, name, y, e);
	case YAML_NULL:
		return put_null(c, name, y, e);
	default:
		return put_text(c, name, y->text, y, e);
	}
}

int conf_read_yaml(struct localconf *c, struct ord_err *e)
{
	struct buf text = BUF_INIT;
	struct yaml *root = NULL;
	int rc = conf_read_text(c->path, &text, e);

	if (rc == 0)
		rc = yaml_parse(c->path, buf_bytes(&text), &root, e);
	if (rc == 0 && root->kind == YAML_MAP)
		rc = put_map(c, "", root, e);
	else if (rc == 0 && root->kind != YAML_NULL)
		rc = yaml_fail(root, e, "expected sections such as \"General:\"");
	yaml_free(root);
	buf_fini(&text);
	return rc;
}

char *conf_json_file(const char *text)
{
	struct yaml *root = NULL;
	const struct yaml *node;
	char *file = NULL;

	if (text[0] != '{' || strlen(text) > 4096)
		return NULL;
	if (yaml_parse("value", bytes_str(text), &root, NULL) == 0) { /* JSON is YAML */
		node = yaml_get(root, "File");
		file = node && node->quoted ? x_strdup(node->text) : NULL;
	}
	yaml_free(root);
	return file;
}
