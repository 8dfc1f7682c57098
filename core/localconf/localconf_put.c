/* SPDX-License-Identifier: Apache-2.0 */
/* Putting what a source says into the table: known keys only, each once. */
#include "localconf_priv.h"
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

/* Keys of earlier Fabric releases, and what replaced them. */
static const struct {
	const char *key, *remedy;
} retired[] = {
	{"General.LogLevel", "set FABRIC_LOGGING_SPEC in the environment instead"},
	{"General.LogFormat", "set FABRIC_LOGGING_FORMAT in the environment instead"},
};

/* Where Fabric does not check keys either. */
static const char *const opaque[] = {"Consensus", "General.BCCSP"};

/* Fabric's section whose keys come with a plugin. */
static const char of_plugin[] = "Kafka";

char *conf_lower(const char *s)
{
	char *copy = x_strdup(s);

	for (char *p = copy; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

struct conf_slot *conf_find(const struct localconf *c, const char *key)
{
	char *lower = conf_lower(key);
	struct conf_slot *s = map_get(c->by_key, bytes_str(lower));

	free(lower);
	return s;
}

bool conf_takes_file(const struct conf_slot *s)
{
	return s->row.type == LOCALCONF_PEM || s->row.type == LOCALCONF_SECRET;
}

void conf_warn(struct localconf *c, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	c->warnings = x_realloc(c->warnings, (c->n_warnings + 2) * sizeof(*c->warnings));
	c->warnings[c->n_warnings++] = x_strdup(buf_cstr(&b));
	c->warnings[c->n_warnings] = NULL;
	buf_fini(&b);
}

static bool is_below(const char *name, const char *section)
{
	size_t n = strlen(section);

	return strncasecmp(name, section, n) == 0 && name[n] == '.';
}

bool conf_is_section(const struct localconf *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct localconf_row *r = &c->slots[i].row;

		if (is_below(r->key, name) ||
		    (r->type == LOCALCONF_MAP &&
		     (strcasecmp(r->key, name) == 0 || is_below(name, r->key))))
			return true;
	}
	return false;
}

bool conf_is_opaque(const char *name)
{
	for (size_t i = 0; i < UTIL_ARRAY_LEN(opaque); i++)
		if (strcasecmp(name, opaque[i]) == 0 || is_below(name, opaque[i]))
			return true;
	return false;
}

bool conf_is_absent(const struct localconf *c, const char *name)
{
	return (strcasecmp(name, of_plugin) == 0 || is_below(name, of_plugin)) &&
	       !conf_is_section(c, of_plugin);
}

/* ---- "did you mean" ------------------------------------------------------ */

/* Every key, or every section that a key stands in; ends with NULL.  Elements are the caller's. */
static char **known_names(const struct localconf *c, bool sections)
{
	char **names = x_alloc((c->n + 1) * sizeof(*names));

	for (size_t i = 0; i < c->n; i++) {
		const char *key = c->slots[i].row.key;

		names[i] = sections ? x_strndup(key, (size_t)(strrchr(key, '.') - key))
				    : x_strdup(key);
	}
	return names;
}

int conf_unknown(const struct localconf *c, const char *what, const char *origin, const char *name,
		 struct ord_err *e)
{
	char **names = known_names(c, strcmp(what, "section") == 0);
	const char *near = err_nearest(name, (const char *const *)names);

	err_set(e, ORD_EINVAL, "%s: unknown %s %.200s", origin, what, name);
	if (conf_is_section(c, name))
		err_set(e, ORD_EINVAL, "%s: %.200s is a section: expected keys below it", origin,
			name);
	else if (near)
		err_set(e, ORD_EINVAL, "%s: unknown %s %.200s; did you mean %s?", origin, what,
			name, near);
	else
		err_set(e, ORD_EINVAL, "%s: unknown %s %.200s; ordererd.ini(5) lists all", origin,
			what, name);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(retired); i++)
		if (strcasecmp(name, retired[i].key) == 0)
			err_set(e, ORD_EINVAL, "%s: %s is no longer a setting; %s", origin,
				retired[i].key, retired[i].remedy);
	conf_list_free(names);
	return ORD_EINVAL;
}

/* ---- putting ------------------------------------------------------------- */

static int note_place(struct localconf *c, const char *key, const char *origin, struct ord_err *e)
{
	char *lower = conf_lower(key);
	const char *first = map_get(c->seen, bytes_str(lower));
	int rc = 0;

	if (first)
		rc = err_set(e, ORD_EINVAL, "%s: %s is set twice, first at %s", origin, key, first);
	else
		map_put(c->seen, bytes_str(lower), x_strdup(origin));
	free(lower);
	return rc;
}

/* The slot of @key; of "Key.File" the slot of Key when that may come from a file. */
static struct conf_slot *target_of(const struct localconf *c, const char *key, bool *by_file)
{
	struct conf_slot *s = conf_find(c, key);
	size_t n = strlen(key);
	char *stem;

	*by_file = false;
	if (s || n < 6 || strcasecmp(key + n - 5, ".File") != 0)
		return s;
	stem = x_strndup(key, n - 5);
	s = conf_find(c, stem);
	free(stem);
	*by_file = s && conf_takes_file(s);
	return *by_file ? s : NULL;
}

/* A later source wins; in one source a key's own name wins over its older one, and a value over
 * the name of a file. */
static void offer(struct localconf *c, struct conf_slot *s, int rank, const char *origin,
		  const char *value)
{
	bool wins = !s->given || rank > s->rank;

	if (s->given && rank / 4 == s->rank / 4)
		conf_warn(c, "%s: %s is set here and by %s, which %s", origin, s->row.key,
			  s->origin, wins ? "loses" : "wins");
	if (!wins)
		return;
	free(s->given);
	free(s->origin);
	s->given = x_strdup(value);
	s->origin = x_strdup(origin);
	s->rank = rank;
}

int conf_put(struct localconf *c, enum conf_source source, const char *origin, const char *key,
	     const char *value, struct ord_err *e)
{
	bool by_file, alias;
	struct conf_slot *s = target_of(c, key, &by_file), *map;
	const char *name;
	int rank, rc = 0;

	map = s ? NULL : conf_map_of(c, key, &name);
	if (map && source == CONF_FILE)
		rc = note_place(c, key, origin, e);
	if (map)
		return rc == 0 && value && *value ? conf_map_put(map, origin, name, value, e) : rc;
	if (!s && c->lenient)
		return 0;
	if (!s && conf_is_absent(c, key)) {
		c->absent |= value && *value;
		return 0;
	}
	if (!s && conf_is_opaque(key)) {
		conf_warn(c, "%s: %.200s is unknown and has no effect", origin, key);
		return 0;
	}
	if (!s || s->row.type == LOCALCONF_MAP)
		return conf_unknown(c, "key", origin, key, e);
	if (source == CONF_FILE)
		rc = note_place(c, key, origin, e);
	if (rc < 0 || !value || !*value)
		return rc;
	alias = s->row.alias_of != NULL;
	if (alias)
		s = conf_find(c, s->row.alias_of);
	rank = (int)source * 4 + (alias ? 0 : 2) + (by_file ? 0 : 1);
	offer(c, s, rank, origin, value);
	if (s->rank == rank)
		s->by_file = by_file;
	return 0;
}
