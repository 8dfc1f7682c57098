/* SPDX-License-Identifier: Apache-2.0 */
/* ORDERER_GENERAL_TLS_ENABLED is General.TLS.Enabled; an empty value counts as unset. */
#include "localconf_priv.h"
#include <ctype.h>
#include <stdlib.h>

#define PREFIX      "ORDERER_"
#define PREFIX_LEN  (sizeof(PREFIX) - 1)
#define FILE_SUFFIX "_FILE"

char *conf_variable(const char *key)
{
	char *name = x_printf(PREFIX "%s", key);

	for (char *p = name; *p; p++)
		*p = *p == '.' ? '_' : (char)toupper((unsigned char)*p);
	return name;
}

/* Does variable @name set @s?  *by_file: through the file it names. */
static bool names_slot(const char *name, const struct conf_slot *s, bool *by_file)
{
	char *own = conf_variable(s->row.key);
	size_t n = strlen(own);
	bool same = strncmp(name, own, n) == 0;

	free(own);
	*by_file = same && conf_takes_file(s) && strcmp(name + n, FILE_SUFFIX) == 0;
	return *by_file || (same && name[n] == '\0');
}

static void warn_unknown(struct localconf *c, const char *name)
{
	char **names = x_alloc((c->n + 1) * sizeof(*names));
	const char *near;

	for (size_t i = 0; i < c->n; i++)
		names[i] = conf_variable(c->slots[i].row.key);
	near = err_nearest(name, (const char *const *)names);
	if (near)
		conf_warn(c, "environment variable %.200s is no setting; did you mean %s?", name,
			  near);
	else
		conf_warn(c, "environment variable %.200s is no setting", name);
	conf_list_free(names);
}

/* The key that variable @name sets: one of its own before one in a MAP.  Heap; NULL: none. */
static char *key_of(const struct localconf *c, const char *name)
{
	char *key = NULL;
	bool by_file;

	for (size_t i = 0; i < c->n; i++)
		if (names_slot(name, &c->slots[i], &by_file))
			return x_printf("%s%s", c->slots[i].row.key, by_file ? ".File" : "");
	if (conf_map_of_variable(c, name, &key))
		return key;
	return strncmp(name, PREFIX "KAFKA_", PREFIX_LEN + 6) == 0 && conf_is_absent(c, "Kafka")
		       ? x_strdup("Kafka.*")
		       : NULL;
}

static int put_variable(struct localconf *c, const char *name, const char *value, struct ord_err *e)
{
	char *key = key_of(c, name), *origin = x_printf("environment %s", name);
	int rc = 0;

	if (key)
		rc = conf_put(c, CONF_ENVIRONMENT, origin, key, value, e);
	else if (!c->lenient)
		warn_unknown(c, name);
	free(key);
	free(origin);
	return rc;
}

int conf_read_environment(struct localconf *c, char **environment, struct ord_err *e)
{
	int rc = 0;

	for (char **v = environment; rc == 0 && v && *v; v++) {
		const char *equals = strchr(*v, '=');
		char *name;

		if (strncmp(*v, PREFIX, PREFIX_LEN) != 0 || !equals)
			continue;
		name = x_strndup(*v, (size_t)(equals - *v));
		rc = put_variable(c, name, equals + 1, e);
		free(name);
	}
	return rc;
}
