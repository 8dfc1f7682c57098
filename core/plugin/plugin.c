/* SPDX-License-Identifier: Apache-2.0 */
/* The set of loaded plugins: found in one directory, opened together, never unloaded. */
#include <plugin/plugin_priv.h>
#include <stdlib.h>

struct plugin_set {
	size_t n;
	struct plugin *plugins; /* in name order */
	struct localconf_row *rows;
};

static int load_one(const char *dir, const char *file, struct plugin *p, struct ord_err *e)
{
	p->path = file_join(dir, file);
	p->priv = x_alloc(sizeof(*p->priv));
	if (plugin_load(p->path, &p->def, e) < 0)
		return e->code;
	p->priv->logger = plugin_logger_for(p->def->name);
	return 0;
}

static enum localconf_type row_type(enum ord_setting_type t)
{
	switch (t) {
	case ORD_SET_BOOL:
		return LOCALCONF_BOOL;
	case ORD_SET_UINT:
		return LOCALCONF_UINT;
	case ORD_SET_DURATION:
		return LOCALCONF_DURATION;
	case ORD_SET_PATH:
		return LOCALCONF_PATH;
	case ORD_SET_SECRET:
		return LOCALCONF_SECRET;
	case ORD_SET_PEM:
		return LOCALCONF_PEM;
	case ORD_SET_MAP:
		return LOCALCONF_MAP;
	case ORD_SET_STRING:
		break;
	}
	return LOCALCONF_STRING;
}

static struct localconf_row *make_rows(const struct plugin_set *s)
{
	struct localconf_row *rows;
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += plugin_count_settings(s->plugins[i].def);
	rows = x_alloc((n + 1) * sizeof(*rows));
	n = 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct ord_plugin *def = s->plugins[i].def;

		for (const struct ord_setting *set = def->settings; set && set->key; set++)
			rows[n++] = (struct localconf_row){.key = plugin_setting_key(def, set),
							   .type = row_type(set->type),
							   .fallback = set->fallback,
							   .help = set->help};
	}
	return rows;
}

int plugin_set_load(const char *dir, struct plugin_set **out, struct ord_err *e)
{
	struct plugin_set *s = x_alloc(sizeof(*s));
	char **files = NULL;
	size_t n = 0;
	int rc;

	rc = file_is_dir(dir)
		     ? file_list(dir, &files, &n, e)
		     : err_set(e, ORD_ENOENT,
			       "%s is no folder: name the right one in General.PluginDir", dir);
	if (rc < 0) {
		err_wrap(e, "plugins");
		goto out;
	}
	s->plugins = x_alloc((n + 1) * sizeof(*s->plugins));
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (plugin_is_file(files[i]))
			rc = load_one(dir, files[i], &s->plugins[s->n++], e);
	if (rc == 0 && s->n == 0)
		rc = err_set(
			e, ORD_ENOENT,
			"plugins: %s holds none (*.so): install one, or name the right folder in General.PluginDir",
			dir);
	if (rc == 0)
		s->rows = make_rows(s);
out:
	if (rc < 0)
		plugin_set_close(s);
	else
		*out = s;
	file_list_free(files);
	return rc;
}

const struct localconf_row *plugin_set_rows(struct plugin_set *s)
{
	return s->rows;
}

static int open_one(struct plugin *p, const struct localconf *conf, struct ord_err *e)
{
	int rc;

	plugin_host_init(&p->priv->host, p, conf);
	*e = (struct ord_err)ERR_INIT;
	rc = p->def->open ? p->def->open(&p->priv->host.pub, &p->handle, e) : 0;
	if (rc == 0) {
		p->priv->opened = true;
		log_info(p->priv->logger, "Loaded %s %s: %s", p->def->name, p->def->version,
			 p->def->summary);
		return 0;
	}
	if (!e->msg[0])
		return err_set(e, ORD_EINTERNAL,
			       "plugin %s: open() failed with code %d and gave no reason", p->path,
			       rc);
	e->code = rc < 0 ? rc : ORD_EINTERNAL;
	return err_wrap(e, "plugin %s", p->path);
}

int plugin_set_open(struct plugin_set *s, const struct localconf *conf, struct ord_err *e)
{
	for (size_t i = 0; i < s->n; i++)
		if (open_one(&s->plugins[i], conf, e) < 0)
			return e->code;
	return 0;
}

struct plugin *plugin_find(struct plugin_set *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->plugins[i].def->name, name) == 0)
			return &s->plugins[i];
	return NULL;
}

int plugin_need(struct plugin_set *s, const char *name, struct plugin **out, struct ord_err *e)
{
	struct buf names = BUF_INIT;
	int rc = 0;

	*out = plugin_find(s, name);
	if (!*out) {
		plugin_set_names(s, &names);
		rc = err_set(e, ORD_ENOTSUP,
			     "no consensus plugin for type %s is loaded (loaded: %s); install it "
			     "or set General.PluginDir",
			     name, buf_cstr(&names));
	}
	buf_fini(&names);
	return rc;
}

void plugin_set_names(const struct plugin_set *s, struct buf *out)
{
	for (size_t i = 0; i < s->n; i++)
		buf_printf(out, "%s%s", i ? ", " : "", s->plugins[i].def->name);
}

void plugin_set_close(struct plugin_set *s)
{
	if (!s)
		return;
	for (size_t i = s->n; i-- > 0;) {
		struct plugin *p = &s->plugins[i];

		if (p->priv->opened && p->def->close)
			p->def->close(p->handle);
		plugin_host_fini(&p->priv->host);
		free(p->priv);
		free(p->path);
	}
	for (struct localconf_row *r = s->rows; r && r->key; r++)
		free((char *)r->key);
	free(s->rows);
	free(s->plugins);
	free(s);
}

const struct ord_host *plugin_host(const struct plugin *p)
{
	return &p->priv->host.pub;
}

struct log_logger *plugin_logger(const struct plugin *p)
{
	return p->priv->logger;
}
