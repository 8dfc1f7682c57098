/* SPDX-License-Identifier: Apache-2.0 */
/* What channels and the elements of a configuration may be called (spec 4.1). */
#include "chanconf_priv.h"
#include <stdlib.h>

#define MAX_NAME 249

static bool is_one_of(char c, const char *extra, bool upper)
{
	return (c >= 'a' && c <= 'z') || (upper && c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr(extra, c));
}

int chanconf_check_channel_id(const char *id, struct ord_err *e)
{
	size_t n = strlen(id);

	if (n == 0)
		return err_set(e, ORD_EINVAL,
			       "bad channel ID: channel ID illegal, cannot be empty");
	if (n > MAX_NAME)
		return err_set(e, ORD_EINVAL,
			       "bad channel ID: channel ID illegal, cannot be longer than %d",
			       MAX_NAME);
	for (size_t i = 0; i < n; i++)
		if (!is_one_of(id[i], i == 0 ? "" : "0123456789.-", false))
			return err_set(
				e, ORD_EINVAL,
				"bad channel ID: channel ID '%s' contains illegal characters", id);
	return 0;
}

/* The path element or key @key of @n characters.  @e may be NULL. */
static int check_id(const char *key, size_t n, struct ord_err *e)
{
	if (n == 0)
		return err_set(e, ORD_EINVAL, "config ID illegal, cannot be empty");
	if (n > MAX_NAME)
		return err_set(e, ORD_EINVAL, "config ID illegal, cannot be longer than %d",
			       MAX_NAME);
	if (strncmp(key, "..", n) == 0 && n <= 2)
		return err_set(e, ORD_EINVAL, "name '%.*s' for config ID is not allowed", (int)n,
			       key);
	for (size_t i = 0; i < n; i++)
		if (!is_one_of(key[i], "0123456789.-", true))
			return err_set(e, ORD_EINVAL,
				       "config ID '%.*s' contains illegal characters", (int)n, key);
	return 0;
}

int chanconf_mod_policy_check(const char *mod_policy, struct ord_err *e)
{
	const char *at = mod_policy[0] == '/' ? mod_policy + 1 : mod_policy;

	if (mod_policy[0] == '\0')
		return err_set(e, ORD_EINVAL, "mod_policy not set");
	for (int i = 0;; i++) {
		size_t n = strcspn(at, "/");

		if (check_id(at, n, e) < 0)
			return err_wrap(e, "path element at %d is invalid", i);
		if (at[n] == '\0')
			return 0;
		at += n + 1;
	}
}

/* ---- the whole tree ------------------------------------------------------ */

static int check_key(const char *kind, const char *path, const char *key, struct ord_err *e)
{
	if (check_id(key, strlen(key), NULL) == 0)
		return 0;
	return err_set(e, ORD_EINVAL, "Illegal characters in key: %s%s/%s", kind, path, key);
}

/* The depth is that of the message, which wire_scan() bounds. */
static int check_group(const char *path, const Common__ConfigGroup *g, struct ord_err *e)
{
	int rc = 0;

	for (size_t i = 0; i < g->n_groups && rc == 0; i++) {
		char *below = x_printf("%s/%s", path, g->groups[i]->key);

		rc = check_key("[Group]  ", path, g->groups[i]->key, e);
		if (rc == 0)
			rc = check_group(below, g->groups[i]->value, e);
		free(below);
	}
	for (size_t i = 0; i < g->n_values && rc == 0; i++)
		rc = check_key("[Value]  ", path, g->values[i]->key, e);
	for (size_t i = 0; i < g->n_policies && rc == 0; i++)
		rc = check_key("[Policy] ", path, g->policies[i]->key, e);
	return rc;
}

int chanconf_names_check(const Common__ConfigGroup *root, struct ord_err *e)
{
	return check_group("/" KEY_CHANNEL, root, e);
}
