/* SPDX-License-Identifier: Apache-2.0 */
/* ORDERER_GENERAL_TLS_ENABLED is General.TLS.Enabled; an empty value counts as unset. */
#include "localconf_priv.h"
#include <ctype.h>
#include <stdlib.h>

#define PREFIX      "ORDERER_"
#define PREFIX_LEN  (sizeof(PREFIX) - 1)
#define FILE_SUFFIX "_FILE"

static char *variable_of(const char *key)
{
	char *name = x_printf(PREFIX "%s", key);

	for (char *p = name; *p; p++)
		*p = *p == '.' ? '_' : (char)toupper((unsigned char)*p);
	return name;
}

/* Does variable @name set @s?  *by_file: through the file it names. */
static bool names_slot(const char *name, const struct conf_slot *s, bool *by_file)
{
	char *own = variable_of(s->row.key);
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
		names[i] = variable_of(c->slots[i].row.key);
	near = err_nearest(name, (const char *const *)names);
	if (near)
		conf_warn(c, "environment variable %.200s is no setting; did you mean %s?", name,
			  near);
	else
		conf_warn(c, "environment variable %.200s is no setting", name);
	conf_list_free(names);
}

static int put_variable(struct localconf *c, const char *name, const char *value, struct ord_err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		struct conf_slot *s = &c->slots[i];
		char *origin, *key;
		bool by_file;
		int rc;

		if (!names_slot(name, s, &by_file))
			continue;
		origin = x_printf("environment %s", name);
		key = x_printf("%s%s", s->row.key, by_file ? ".File" : "");
		rc = conf_put(c, CONF_ENVIRONMENT, origin, key, value, e);
		free(origin);
		free(key);
		return rc;
	}
	if (!c->lenient)
		warn_unknown(c, name);
	return 0;
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
