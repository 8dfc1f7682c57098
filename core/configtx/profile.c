/* SPDX-License-Identifier: Apache-2.0 */
/* One profile of a configtx.yaml: found, overridden by the environment, checked. */
#include "configtx_priv.h"
#include <stdlib.h>

#define MAX_PROFILES 64 /* that a "did you mean" looks at */

static int fail_profile(const char *path, const struct yaml *profiles, const char *name,
			struct ord_err *e)
{
	const char *names[MAX_PROFILES + 1], *nearest;
	size_t n = 0;

	for (size_t i = 0; profiles && i < profiles->n && n < MAX_PROFILES; i++)
		names[n++] = profiles->items[i]->key;
	names[n] = NULL;
	nearest = err_nearest(name, names);
	return err_set(e, ORD_ENOENT, "%s: Could not find profile: %s%s%s%s", path, name,
		       nearest ? ", did you mean " : "", nearest ? nearest : "",
		       nearest ? "?" : "");
}

int configtx_profile_load(const char *path, const char *name, char *const *environment,
			  struct configtx_profile *out, struct ord_err *e)
{
	const char *slash = strrchr(path, '/');
	const struct yaml *profiles;
	int rc;

	*out = (struct configtx_profile){NULL, NULL, NULL};
	rc = yaml_load(path, &out->root, e);
	if (rc == 0)
		rc = configtx_check(out->root, e);
	if (rc < 0)
		return rc;
	out->dir = slash ? x_strndup(path, (size_t)(slash - path) + 1) : x_strdup(".");
	profiles = yaml_get(out->root, "Profiles");
	out->node = (struct yaml *)yaml_get(profiles, name);
	if (!out->node)
		return fail_profile(path, profiles, name, e);
	return configtx_override(out->node, environment, e);
}

void configtx_profile_free(struct configtx_profile *p)
{
	yaml_free(p->root);
	free(p->dir);
}
