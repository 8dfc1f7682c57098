/* SPDX-License-Identifier: Apache-2.0 */
/* An update, explained: what it sets, and which policies that takes. */
#include "chanconf_priv.h"
#include <stdlib.h>

struct explain {
	void (*each)(void *arg, const struct chanconf_delta *d);
	void *arg;
};

/* Relative names start at the group that holds the element, those of a group at the group. */
static char *absolute_policy(const struct update_step *step)
{
	const char *name = step->current.mod_policy;

	if (name[0] == '/')
		return x_strdup(name);
	if (step->kind == ELEMENT_GROUP)
		return x_printf("%s/%s/%s", step->path, step->key, name);
	return x_printf("%s/%s", step->path, name);
}

static int explain_step(void *arg, const struct update_step *step, struct ord_err *e)
{
	const struct explain *x = arg;
	char *key = chanconf_update_key(step);
	char *policy = step->current.there ? absolute_policy(step) : NULL;
	const struct chanconf_delta delta = {.key = key,
					     .exists = step->current.there,
					     .from = step->current.version,
					     .to = step->wanted.version,
					     .policy = policy};

	(void)e;
	x->each(x->arg, &delta);
	free(key);
	free(policy);
	return 0;
}

int chanconf_update_deltas(const struct chanconf *current, const struct ord_env *update,
			   void (*each)(void *arg, const struct chanconf_delta *d), void *arg,
			   struct ord_err *e)
{
	struct explain x = {.each = each, .arg = arg};
	struct update u;
	int rc = chanconf_update_open(update, &u, e);

	if (rc == 0)
		rc = chanconf_update_decode(&u, e);
	if (rc == 0)
		rc = chanconf_update_walk(current->config->channel_group, NULL, u.inner->read_set,
					  u.inner->write_set, explain_step, &x, e);
	chanconf_update_fini(&u);
	return rc;
}
