/* SPDX-License-Identifier: Apache-2.0 */
/* Fabric's orderer.yaml: nested maps become dotted keys, lists "[a, b]", null unset. */
#include "localconf_priv.h"
#include <libfyaml.h>
#include <stdlib.h>
#include <strings.h>

#define DEPTH_MAX 32    /* of maps in maps */
#define NODES_MAX 20000 /* with every alias written out */

struct yaml_file {
	struct localconf *c;
	struct fy_diag *diag;
	struct fy_document *doc;
};

static int put_node(struct yaml_file *f, const char *name, struct fy_node *node, int line,
		    struct ord_err *e);

static int refuse(const struct yaml_file *f, int line, struct ord_err *e, const char *name,
		  const char *why)
{
	return err_set(e, ORD_EINVAL, "%s:%d: %.200s %s", f->c->path, line, name, why);
}

static int line_of(struct fy_node *scalar)
{
	struct fy_token *t = fy_node_get_scalar_token(scalar);
	const struct fy_mark *m = t ? fy_token_start_mark(t) : NULL;

	return m ? m->line + 1 : 0;
}

/* The text of a scalar; NULL when it stands for null.  Heap. */
static char *scalar_text(struct fy_node *node)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	size_t n = 0;
	const char *s = fy_node_get_scalar(node, &n);

	if (!s)
		return NULL;
	for (size_t i = 0; fy_node_get_style(node) == FYNS_PLAIN && i < UTIL_ARRAY_LEN(nulls); i++)
		if (n == strlen(nulls[i]) && memcmp(s, nulls[i], n) == 0)
			return NULL;
	return x_strndup(s, n);
}

static bool takes_list(const struct conf_slot *s)
{
	return s->row.type == LOCALCONF_LIST || s->row.type == LOCALCONF_PATHS ||
	       s->row.type == LOCALCONF_PEM;
}

static int put_text(struct yaml_file *f, const char *name, const char *text, int line,
		    struct ord_err *e)
{
	char *origin = x_printf("%s:%d", f->c->path, line);
	int rc = conf_put(f->c, CONF_FILE, origin, name, text, e);

	free(origin);
	return rc;
}

static int put_scalar(struct yaml_file *f, const char *name, struct fy_node *node, int line,
		      struct ord_err *e)
{
	size_t n = strlen(name);
	char *text = scalar_text(node);
	int rc;

	if (!text && conf_is_section(f->c, name))
		return 0; /* a section with nothing in it */
	if (!text && n > 5 && strcasecmp(name + n - 5, ".File") == 0)
		return refuse(f, line, e, name, "is empty, expected the path of a file");
	rc = put_text(f, name, text, line, e);
	free(text);
	return rc;
}

static int put_sequence(struct yaml_file *f, const char *name, struct fy_node *node, int line,
			struct ord_err *e)
{
	const struct conf_slot *s = conf_find(f->c, name);
	struct buf list = BUF_INIT;
	struct fy_node *item;
	void *iter = NULL;
	int rc = 0;

	if (s && !takes_list(s))
		return refuse(f, line, e, name, "takes one value, not a list");
	buf_add_str(&list, "[");
	while (s && rc == 0 && (item = fy_node_sequence_iterate(node, &iter)) != NULL) {
		char *text = fy_node_is_scalar(item) ? scalar_text(item) : NULL;

		if (!text)
			rc = refuse(f, line, e, name, "has an element that is no text");
		else if (strchr(text, ','))
			rc = refuse(f, line, e, name, "has an element with a comma in it");
		else
			buf_printf(&list, "%s%s", list.len > 1 ? ", " : "", text);
		free(text);
	}
	buf_add_str(&list, "]");
	if (rc == 0)
		rc = put_text(f, name, list.len > 2 ? buf_cstr(&list) : NULL, line, e);
	buf_fini(&list);
	return rc;
}

static int put_mapping(struct yaml_file *f, const char *name, struct fy_node *node,
		       struct ord_err *e)
{
	struct fy_node_pair *pair;
	void *iter = NULL;
	int rc = 0;

	while (rc == 0 && (pair = fy_node_mapping_iterate(node, &iter)) != NULL) {
		struct fy_node *key = fy_node_pair_key(pair);
		char *text = key && fy_node_is_scalar(key) ? scalar_text(key) : NULL;
		char *full = x_printf("%s%s%s", name, *name ? "." : "", text ? text : "");

		if (!text)
			rc = refuse(f, key ? line_of(key) : 0, e, *name ? name : "the file",
				    "has a key that is no text");
		else
			rc = put_node(f, full, fy_node_pair_value(pair), line_of(key), e);
		free(full);
		free(text);
	}
	return rc;
}

/* @line: of the key, since a null or a list has no place of its own. */
static int put_node(struct yaml_file *f, const char *name, struct fy_node *node, int line,
		    struct ord_err *e)
{
	if (!node || fy_node_get_type(node) == FYNT_SCALAR)
		return put_scalar(f, name, node, line, e);
	if (fy_node_get_type(node) == FYNT_SEQUENCE)
		return put_sequence(f, name, node, line, e);
	return put_mapping(f, name, node, e);
}

/* ---- reading ------------------------------------------------------------------------------------
 */

/* Count the nodes below @node with every alias followed; more than *@left or too deep: false. */
static bool is_bounded(struct fy_node *node, int depth, int *left)
{
	struct fy_node_pair *pair;
	struct fy_node *item;
	void *iter = NULL;
	bool ok = depth <= DEPTH_MAX && --*left > 0;

	if (!ok || !node)
		return ok;
	if (fy_node_is_alias(node))
		return is_bounded(fy_node_resolve_alias(node), depth + 1, left);
	if (fy_node_get_type(node) == FYNT_SEQUENCE)
		while (ok && (item = fy_node_sequence_iterate(node, &iter)) != NULL)
			ok = is_bounded(item, depth + 1, left);
	else if (fy_node_get_type(node) == FYNT_MAPPING)
		while (ok && (pair = fy_node_mapping_iterate(node, &iter)) != NULL)
			ok = is_bounded(fy_node_pair_key(pair), depth + 1, left) &&
			     is_bounded(fy_node_pair_value(pair), depth + 1, left);
	return ok;
}

static int parser_fault(const struct yaml_file *f, struct ord_err *e)
{
	void *iter = NULL;
	struct fy_diag_error *d = fy_diag_errors_iterate(f->diag, &iter);

	if (!d)
		return err_set(e, ORD_EINVAL, "%s: not YAML", f->c->path);
	return err_set(e, ORD_EINVAL, "%s:%d: not YAML: %s", f->c->path, d->line, d->msg);
}

static int parse(struct yaml_file *f, struct ord_bytes text, struct ord_err *e)
{
	struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG, .diag = f->diag};
	int left = NODES_MAX;

	f->doc = fy_document_build_from_string(&cfg, (const char *)text.data, text.len);
	if (!f->doc)
		return parser_fault(f, e);
	if (!is_bounded(fy_document_root(f->doc), 0, &left))
		return err_set(e, ORD_EINVAL, "%s: nested too deeply, or too much of it",
			       f->c->path);
	if (fy_document_resolve(f->doc) != 0)
		return parser_fault(f, e);
	return 0;
}

/* Nothing but blanks and comments: libfyaml sees no document in that. */
static bool is_blank(struct ord_bytes text)
{
	bool comment = false;

	for (size_t i = 0; i < text.len; i++) {
		comment = text.data[i] == '#' || (comment && text.data[i] != '\n');
		if (!comment && !strchr(" \t\r\n", text.data[i]))
			return false;
	}
	return true;
}

static struct fy_diag *make_diag(void)
{
	struct fy_diag_cfg cfg;
	struct fy_diag *diag;

	fy_diag_cfg_default(&cfg);
	cfg.fp = NULL;
	diag = fy_diag_create(&cfg);
	util_assert(diag);
	fy_diag_set_collect_errors(diag, true);
	return diag;
}

static int put_root(struct yaml_file *f, struct fy_node *root, struct ord_err *e)
{
	char *text = NULL;

	if (root && fy_node_get_type(root) == FYNT_MAPPING)
		return put_mapping(f, "", root, e);
	if (root && fy_node_is_scalar(root))
		text = scalar_text(root);
	if (!root || (fy_node_is_scalar(root) && !text))
		return 0; /* "---" and no more */
	free(text);
	return err_set(e, ORD_EINVAL, "%s: expected sections such as \"General:\"", f->c->path);
}

int conf_read_yaml(struct localconf *c, struct ord_err *e)
{
	struct yaml_file f = {.c = c, .diag = make_diag()};
	struct buf text = BUF_INIT;
	int rc = conf_read_text(c->path, &text, e);

	/* libfyaml 0.7 hangs on bytes that are not UTF-8 in a directive */
	if (rc == 0 && !utf8_valid(buf_bytes(&text)))
		rc = err_set(e, ORD_EINVAL, "%s: not YAML: not UTF-8", c->path);
	if (rc < 0 || is_blank(buf_bytes(&text)))
		goto out;
	rc = parse(&f, buf_bytes(&text), e);
	if (rc == 0)
		rc = put_root(&f, fy_document_root(f.doc), e);
out:
	fy_document_destroy(f.doc);
	fy_diag_destroy(f.diag);
	buf_fini(&text);
	return rc;
}

char *conf_json_file(const char *text)
{
	struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_JSON_FORCE};
	struct fy_document *doc;
	struct fy_node *node;
	char *file = NULL;

	if (text[0] != '{' || strlen(text) > 4096)
		return NULL;
	doc = fy_document_build_from_string(&cfg, text, FY_NT);
	if (!doc)
		return NULL;
	node = fy_node_by_path(fy_document_root(doc), "/File", FY_NT, FYNWF_DONT_FOLLOW);
	if (node && fy_node_is_scalar(node))
		file = scalar_text(node);
	fy_document_destroy(doc);
	return file;
}
