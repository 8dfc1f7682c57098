/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over the read or the write set of an update side by side with the configuration: one step
 * an element, whatever the number of elements. */
#include "chanconf_priv.h"
#include <stdlib.h>

struct walk {
	struct buf path; /* of the group whose members are visited */
	update_visit visit;
	void *arg;
	struct ord_err *e;
};

/* What walks want to know of any kind of element; NULL is none. */
#define ELEMENT(m)                                             \
	((m) ? (struct element){.there = true,                 \
				.version = (m)->version,       \
				.mod_policy = (m)->mod_policy} \
	     : (struct element){.there = false, .version = 0, .mod_policy = ""})

static int visit(struct walk *w, enum element_kind kind, const char *key,
		 const struct policy_node *node, struct element current, struct element except,
		 struct element wanted)
{
	struct update_step step = {.kind = kind,
				   .path = buf_cstr(&w->path),
				   .key = key,
				   .node = node,
				   .current = current,
				   .wanted = wanted};

	if (except.there && except.version == wanted.version)
		return 0;
	return w->visit(w->arg, &step, w->e);
}

static int walk_group(struct walk *w, const char *key, const struct policy_node *node,
		      const Common__ConfigGroup *current, const Common__ConfigGroup *except,
		      const Common__ConfigGroup *wanted);

static int walk_sub_group(struct walk *w, const char *key, const struct policy_node *parent,
			  const Common__ConfigGroup *current, const Common__ConfigGroup *except,
			  const Common__ConfigGroup *wanted)
{
	const Common__ConfigGroup *sub = chanconf_find_group(current, key);
	const char *const name[] = {key, NULL};

	return walk_group(w, key, parent && sub ? policy_group(parent, name) : NULL, sub,
			  chanconf_find_group(except, key), wanted);
}

static int walk_members(struct walk *w, const struct policy_node *node,
			const Common__ConfigGroup *current, const Common__ConfigGroup *except,
			const Common__ConfigGroup *wanted)
{
	int rc = 0;

	for (size_t i = 0; i < wanted->n_groups && rc == 0; i++)
		rc = walk_sub_group(w, wanted->groups[i]->key, node, current, except,
				    wanted->groups[i]->value);
	for (size_t i = 0; i < wanted->n_values && rc == 0; i++) {
		const char *key = wanted->values[i]->key;

		rc = visit(w, ELEMENT_VALUE, key, node, ELEMENT(chanconf_find_value(current, key)),
			   ELEMENT(chanconf_find_value(except, key)),
			   ELEMENT(wanted->values[i]->value));
	}
	for (size_t i = 0; i < wanted->n_policies && rc == 0; i++) {
		const char *key = wanted->policies[i]->key;

		rc = visit(w, ELEMENT_POLICY, key, node,
			   ELEMENT(chanconf_find_policy(current, key)),
			   ELEMENT(chanconf_find_policy(except, key)),
			   ELEMENT(wanted->policies[i]->value));
	}
	return rc;
}

/* The depth is that of the message, which wire_scan() bounds. */
static int walk_group(struct walk *w, const char *key, const struct policy_node *node,
		      const Common__ConfigGroup *current, const Common__ConfigGroup *except,
		      const Common__ConfigGroup *wanted)
{
	size_t len = w->path.len;
	int rc = visit(w, ELEMENT_GROUP, key, node, ELEMENT(current), ELEMENT(except),
		       ELEMENT(wanted));

	buf_printf(&w->path, "/%s", key);
	if (rc == 0)
		rc = walk_members(w, node, current, except, wanted);
	w->path.len = len;
	return rc;
}

int chanconf_update_walk(const Common__ConfigGroup *current, const struct policy_node *node,
			 const Common__ConfigGroup *except, const Common__ConfigGroup *wanted,
			 update_visit visit_step, void *arg, struct ord_err *e)
{
	struct walk w = {.path = BUF_INIT, .visit = visit_step, .arg = arg, .e = e};
	int rc = 0;

	if (wanted)
		rc = walk_group(&w, KEY_CHANNEL, node, current, except, wanted);
	buf_fini(&w.path);
	return rc;
}

char *chanconf_update_key(const struct update_step *step)
{
	static const char *const kinds[] = {
		[ELEMENT_GROUP] = "[Group] ",
		[ELEMENT_VALUE] = "[Value] ",
		[ELEMENT_POLICY] = "[Policy]",
	};

	return x_printf("%s %s/%s", kinds[step->kind], step->path, step->key);
}
