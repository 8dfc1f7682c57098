/* SPDX-License-Identifier: Apache-2.0 */
/* A MAP: a section with names that somebody else understands, such as a plugin's library. */
#include "localconf_priv.h"
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

struct conf_slot *conf_map_of(const struct localconf *c, const char *key, const char **name)
{
	for (size_t i = 0; i < c->n; i++) {
		struct conf_slot *s = &c->slots[i];
		size_t n = strlen(s->row.key);

		if (s->row.type != LOCALCONF_MAP || strncasecmp(key, s->row.key, n) != 0 ||
		    key[n] != '.' || !key[n + 1])
			continue;
		*name = key + n + 1;
		return s;
	}
	return NULL;
}

/* LINGER_MS is linger.ms. */
static char *key_of_variable(const struct conf_slot *s, const char *rest)
{
	char *key = x_printf("%s.%s", s->row.key, rest);

	for (char *p = key + strlen(s->row.key); *p; p++)
		*p = *p == '_' ? '.' : (char)tolower((unsigned char)*p);
	return key;
}

struct conf_slot *conf_map_of_variable(const struct localconf *c, const char *variable, char **key)
{
	for (size_t i = 0; i < c->n; i++) {
		struct conf_slot *s = &c->slots[i];
		char *own = conf_variable(s->row.key);
		size_t n = strlen(own);
		bool in = s->row.type == LOCALCONF_MAP && strncasecmp(variable, own, n) == 0 &&
			  variable[n] == '_' && variable[n + 1];

		free(own);
		if (!in)
			continue;
		*key = key_of_variable(s, variable + n + 1);
		return s;
	}
	return NULL;
}

static int check_entry(const struct conf_slot *s, const char *origin, const char *name,
		       const char *value, struct ord_err *e)
{
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
			return err_set(e, ORD_EINVAL,
				       "%s: '%.200s' is no name for %s: use letters, digits, dots, "
				       "dashes and underscores",
				       origin, name, s->row.key);
	for (const char *p = value; *p; p++)
		if (iscntrl((unsigned char)*p))
			return err_set(e, ORD_EINVAL,
				       "%s: the value of %s.%.200s has a control character", origin,
				       s->row.key, name);
	return 0;
}

static void free_entry(struct conf_entry *entry)
{
	free(entry->name);
	free(entry->value);
	free(entry->origin);
}

static void remove_entry(struct conf_slot *s, const char *name)
{
	for (size_t i = 0; i < s->n_entries; i++) {
		if (strcmp(s->entries[i].name, name) != 0)
			continue;
		free_entry(&s->entries[i]);
		s->n_entries--;
		memmove(&s->entries[i], &s->entries[i + 1],
			(s->n_entries - i) * sizeof(*s->entries));
		return;
	}
}

int conf_map_put(struct conf_slot *s, const char *origin, const char *name, const char *value,
		 struct ord_err *e)
{
	char *lower;

	if (check_entry(s, origin, name, value, e) < 0)
		return e->code;
	lower = conf_lower(name);
	remove_entry(s, lower);
	s->entries = x_realloc(s->entries, (s->n_entries + 1) * sizeof(*s->entries));
	s->entries[s->n_entries++] = (struct conf_entry){
		.name = lower, .value = x_strdup(value), .origin = x_strdup(origin)};
	return 0;
}

void conf_map_text(const struct conf_slot *s, struct buf *out)
{
	for (size_t i = 0; i < s->n_entries; i++)
		buf_printf(out, "%s=%s\n", s->entries[i].name, s->entries[i].value);
}

void conf_map_free(struct conf_slot *s)
{
	for (size_t i = 0; i < s->n_entries; i++)
		free_entry(&s->entries[i]);
	free(s->entries);
}
