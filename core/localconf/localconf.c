/* SPDX-License-Identifier: Apache-2.0 */
/* localconf: find the file, put the sources over each other, read the result. */
#include "localconf_priv.h"
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#define FILE_MAX (1u << 20) /* bytes of a configuration or PEM file */

static const char *const file_names[] = {"ordererd.ini", "orderer.yaml", "orderer.yml"};

/* ---- the table ----------------------------------------------------------- */

static size_t count_rows(const struct localconf_row *rows)
{
	size_t n = 0;

	while (rows && rows[n].key)
		n++;
	return n;
}

/* A plugin's row takes the place of a built-in one of the same key. */
static void add_rows(struct localconf *c, const struct localconf_row *rows)
{
	for (const struct localconf_row *r = rows; r && r->key; r++) {
		struct conf_slot *s = conf_find(c, r->key);
		char *key = conf_lower(r->key);

		if (!s)
			s = &c->slots[c->n++];
		s->row = *r;
		if (!r->fallback)
			s->row.fallback = "";
		map_put(c->by_key, bytes_str(key), s);
		free(key);
	}
}

static struct localconf *make_table(const struct localconf_row *extra)
{
	struct localconf *c = x_alloc(sizeof(*c));
	size_t n = count_rows(localconf_rows()) + count_rows(extra);

	c->slots = x_alloc(n * sizeof(*c->slots));
	c->by_key = map_new();
	c->seen = map_new();
	add_rows(c, localconf_rows());
	add_rows(c, extra);
	return c;
}

void conf_list_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

void localconf_free(struct localconf *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++) {
		free(c->slots[i].given);
		free(c->slots[i].origin);
		free(c->slots[i].text);
		conf_list_free(c->slots[i].list);
		conf_map_free(&c->slots[i]);
	}
	for (size_t i = 0; i < c->n_warnings; i++)
		free(c->warnings[i]);
	free(c->warnings);
	free(c->slots);
	map_free(c->by_key, NULL);
	map_free(c->seen, free);
	free(c->path);
	free(c->dir);
	free(c);
}

int conf_read_text(const char *path, struct buf *text, struct ord_err *e)
{
	int rc = file_read(path, FILE_MAX, text, e);

	if (rc == 0 && text->len && memchr(text->data, '\0', text->len))
		rc = err_set(e, ORD_EINVAL, "read %s: it has a NUL byte", path);
	return rc;
}

/* ---- finding the file ---------------------------------------------------- */

static const char *find_variable(char **environment, const char *name)
{
	size_t n = strlen(name);

	for (char **v = environment; v && *v; v++)
		if (strncmp(*v, name, n) == 0 && (*v)[n] == '=')
			return (*v)[n + 1] ? *v + n + 1 : NULL;
	return NULL;
}

static void find_in(struct localconf *c, const char *dir)
{
	for (size_t i = 0; !c->path && i < UTIL_ARRAY_LEN(file_names); i++) {
		char *path = file_join(dir, file_names[i]);

		/* what cannot be looked at is found, so that reading it says why */
		if (access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR))
			c->path = path;
		else
			free(path);
	}
}

static int find_file(struct localconf *c, const char *given, char **environment, struct ord_err *e)
{
	static const char *const dirs[] = {NULL, ORD_CONF_DIR, "/etc/hyperledger/fabric"};
	const char *cfg_path = find_variable(environment, "FABRIC_CFG_PATH"), *slash;

	if (!given && cfg_path && !file_is_dir(cfg_path))
		return err_set(e, ORD_ENOENT, "FABRIC_CFG_PATH %s does not exist", cfg_path);
	if (given)
		c->path = x_strdup(given);
	else if (cfg_path)
		find_in(c, cfg_path);
	else
		for (size_t i = 0; !c->path && i < UTIL_ARRAY_LEN(dirs); i++)
			find_in(c, dirs[i]);
	slash = c->path ? strrchr(c->path, '/') : NULL;
	if (slash)
		c->dir = x_strndup(c->path, slash == c->path ? 1 : (size_t)(slash - c->path));
	else if (!c->path && cfg_path)
		c->dir = x_strdup(cfg_path);
	return 0;
}

/* ---- loading ------------------------------------------------------------- */

static bool is_yaml(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && (strcasecmp(dot, ".yaml") == 0 || strcasecmp(dot, ".yml") == 0);
}

static int read_sources(struct localconf *c, const char *path, char **environment,
			struct ord_err *e)
{
	int rc = find_file(c, path, environment, e);

	if (rc == 0 && c->path)
		rc = is_yaml(c->path) ? conf_read_yaml(c, e) : conf_read_ini(c, e);
	if (rc == 0)
		rc = conf_read_environment(c, environment, e);
	return rc;
}

/* One sentence for all settings that were made in vain. */
static void warn_of_idle(struct localconf *c)
{
	struct buf names = BUF_INIT;

	for (size_t i = 0; i < c->n; i++) {
		struct conf_slot *s = &c->slots[i];

		if (s->row.accepted_unused && s->given && strcmp(s->given, s->row.fallback) != 0)
			buf_printf(&names, "%s%s", names.len ? ", " : "", s->row.key);
	}
	if (c->absent)
		buf_printf(&names, "%sKafka.* (no plugin kafka is loaded)", names.len ? ", " : "");
	if (names.len)
		conf_warn(c, "these settings have no effect here: %s", buf_cstr(&names));
	buf_fini(&names);
}

int localconf_load(const char *path, const struct localconf_row *extra, char **environment,
		   struct localconf **out, struct ord_err *e)
{
	struct localconf *c = make_table(extra);
	int rc = read_sources(c, path, environment, e);

	for (size_t i = 0; rc == 0 && i < c->n; i++)
		rc = conf_parse_slot(c, &c->slots[i], e);
	if (rc < 0) {
		localconf_free(c);
		return rc;
	}
	warn_of_idle(c);
	*out = c;
	return 0;
}

int localconf_peek(const char *path, char **environment, const char *key, char **value,
		   struct ord_err *e)
{
	struct localconf *c = make_table(NULL);
	struct conf_slot *s = conf_find(c, key);
	int rc;

	util_assert(s);
	c->lenient = true;
	rc = read_sources(c, path, environment, e);
	if (rc == 0)
		rc = conf_parse_slot(c, s, e);
	if (rc == 0)
		*value = x_strdup(s->text);
	localconf_free(c);
	return rc;
}

/* ---- reading ------------------------------------------------------------- */

static const struct conf_slot *slot_of(const struct localconf *c, const char *key)
{
	const struct conf_slot *s = conf_find(c, key);

	if (s && s->row.alias_of)
		s = conf_find(c, s->row.alias_of);
	util_assert(s);
	return s;
}

const char *localconf_str(const struct localconf *c, const char *key)
{
	return slot_of(c, key)->text;
}

bool localconf_bool(const struct localconf *c, const char *key)
{
	const struct conf_slot *s = slot_of(c, key);

	util_assert(s->row.type == LOCALCONF_BOOL);
	return s->flag;
}

uint64_t localconf_uint(const struct localconf *c, const char *key)
{
	const struct conf_slot *s = slot_of(c, key);

	util_assert(s->row.type == LOCALCONF_UINT || s->row.type == LOCALCONF_PORT ||
		    s->row.type == LOCALCONF_SIZE);
	return s->number;
}

int64_t localconf_duration_ns(const struct localconf *c, const char *key)
{
	const struct conf_slot *s = slot_of(c, key);

	util_assert(s->row.type == LOCALCONF_DURATION);
	return s->duration_ns;
}

const char *const *localconf_list(const struct localconf *c, const char *key)
{
	const struct conf_slot *s = slot_of(c, key);

	util_assert(s->row.type == LOCALCONF_LIST || s->row.type == LOCALCONF_PATHS);
	return (const char *const *)s->list;
}

const char *localconf_origin(const struct localconf *c, const char *key)
{
	const struct conf_slot *s = slot_of(c, key);

	return s->origin ? s->origin : "default";
}

const char *localconf_path(const struct localconf *c)
{
	return c->path;
}

const char *const *localconf_warnings(const struct localconf *c)
{
	static const char *const none[] = {NULL};

	return c->warnings ? (const char *const *)c->warnings : none;
}

/* ---- printing ------------------------------------------------------------ */

static void print_value(const struct conf_slot *s, struct buf *out)
{
	switch (s->row.type) {
	case LOCALCONF_SECRET:
		buf_add_str(out, *s->text ? "***" : "");
		break;
	case LOCALCONF_PEM:
		if (*s->text)
			buf_printf(out, "(%zu bytes of PEM)", strlen(s->text));
		break;
	case LOCALCONF_LIST:
	case LOCALCONF_PATHS:
		buf_add_u8(out, '[');
		for (size_t i = 0; s->list[i]; i++)
			buf_printf(out, "%s%s", i ? ", " : "", s->list[i]);
		buf_add_u8(out, ']');
		break;
	default:
		buf_add_str(out, s->text);
		break;
	}
}

/* Prints one key and its value in one of the three ways.  @origin: NULL for the default. */
typedef void print_fn(struct buf *out, const struct localconf_row *r, const char *key,
		      const char *value, const char *origin);

static void print_map(const struct conf_slot *s, print_fn *print, struct buf *out)
{
	char *key;

	for (size_t i = 0; i < s->n_entries; i++) {
		key = x_printf("%s.%s", s->row.key, s->entries[i].name);
		print(out, &s->row, key, "***", s->entries[i].origin);
		free(key);
	}
	if (s->n_entries)
		return;
	key = x_printf("%s.*", s->row.key);
	print(out, &s->row, key, "", NULL);
	free(key);
}

static void print_all(const struct localconf *c, print_fn *print, struct buf *out)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct conf_slot *s = &c->slots[i];
		struct buf value = BUF_INIT;

		if (s->row.alias_of)
			continue;
		if (s->row.type == LOCALCONF_MAP) {
			print_map(s, print, out);
			continue;
		}
		print_value(s, &value);
		print(out, &s->row, s->row.key, buf_cstr(&value), s->origin);
		buf_fini(&value);
	}
}

static void print_plain(struct buf *out, const struct localconf_row *r, const char *key,
			const char *value, const char *origin)
{
	(void)r, (void)origin;
	buf_printf(out, "%s = %s\n", key, value);
}

static void print_given(struct buf *out, const struct localconf_row *r, const char *key,
			const char *value, const char *origin)
{
	(void)r;
	if (origin)
		buf_printf(out, "%s = %s (%s)\n", key, value, origin);
}

static void print_explained(struct buf *out, const struct localconf_row *r, const char *key,
			    const char *value, const char *origin)
{
	buf_printf(out, "# %s%s\n# from: %s\n%s = %s\n\n", r->help ? r->help : "",
		   r->accepted_unused ? " Has no effect here." : "", origin ? origin : "default",
		   key, value);
}

void localconf_dump(const struct localconf *c, struct buf *out)
{
	print_all(c, print_plain, out);
}

void localconf_dump_given(const struct localconf *c, struct buf *out)
{
	print_all(c, print_given, out);
}

void localconf_explain(const struct localconf *c, struct buf *out)
{
	print_all(c, print_explained, out);
}
