/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of compiled policies, of the shape of the config tree; look-up by name. */
#include "policy_priv.h"
#include <stdlib.h>

static struct log_logger logger = LOG_LOGGER("policies");

/* The name of a policy within its group. */
static const char *short_name(const struct policy *p)
{
	return strrchr(p->name, '/') + 1;
}

static int by_policy_name(const void *a, const void *b)
{
	return strcmp(short_name(a), short_name(b));
}

static int by_node_name(const void *a, const void *b)
{
	return strcmp((*(struct policy_node *const *)a)->name,
		      (*(struct policy_node *const *)b)->name);
}

/* ---- compiling ----------------------------------------------------------- */

static int threshold_of(const Common__ImplicitMetaPolicy *m, size_t n, size_t *out,
			struct ord_err *e)
{
	switch (m->rule) {
	case COMMON__IMPLICIT_META_POLICY__RULE__ANY:
		*out = n > 0 ? 1 : 0;
		return 0;
	case COMMON__IMPLICIT_META_POLICY__RULE__ALL:
		*out = n;
		return 0;
	case COMMON__IMPLICIT_META_POLICY__RULE__MAJORITY:
		*out = n > 0 ? n / 2 + 1 : 0;
		return 0;
	default:
		/* Go takes such a rule for one that is satisfied when nobody signs. */
		return err_set(e, ORD_EINVAL, "unknown rule %d", (int)m->rule);
	}
}

/* The children are compiled already, so what is found here is final. */
static int compile_implicit(const struct policy_node *node, struct ord_bytes value,
			    struct policy *p, struct ord_err *e)
{
	Common__ImplicitMetaPolicy *m = NULL;
	int rc;

	p->kind = POLICY_IMPLICIT_META;
	rc = wire_unpack(&common__implicit_meta_policy__descriptor, value, &m, e);
	if (rc < 0)
		return err_wrap(e, "Error unmarshaling to ImplicitMetaPolicy");
	rc = threshold_of(m, node->n_children, &p->threshold, e);
	if (rc == 0) {
		p->sub_name = x_strdup(m->sub_policy);
		p->group = node;
		p->n_subs = node->n_children;
		p->subs = x_alloc(p->n_subs * sizeof(struct policy *));
		for (size_t i = 0; i < p->n_subs; i++)
			p->subs[i] = policy_find(node->children[i], p->sub_name);
	}
	wire_free(m);
	return rc;
}

static int compile_policy(struct msp_set *msps, const struct policy_node *node,
			  const Common__ConfigGroup__PoliciesEntry *entry, struct policy *p,
			  struct ord_err *e)
{
	const Common__Policy *policy = entry->value->policy;

	p->name = x_printf("/%s/%s", node->path, entry->key);
	if (!policy)
		return err_set(e, ORD_EINVAL, "policy %s at path %s was nil", entry->key,
			       node->path);
	switch (policy->type) {
	case COMMON__POLICY__POLICY_TYPE__SIGNATURE:
		if (policy_compile_signature(msps, wire_bytes(policy->value), p, e) < 0)
			return err_wrap(e, "policy %s at path %s did not compile", entry->key,
					node->path);
		break;
	case COMMON__POLICY__POLICY_TYPE__IMPLICIT_META:
		if (compile_implicit(node, wire_bytes(policy->value), p, e) < 0)
			return err_wrap(e, "implicit policy %s at path %s did not compile",
					entry->key, node->path);
		break;
	default:
		return err_set(e, ORD_EINVAL, "policy %s at path %s has unknown policy type: %d",
			       entry->key, node->path, policy->type);
	}
	log_debug(&logger, "Proposed new policy %s for %s", entry->key, node->path);
	return 0;
}

static int node_new(struct msp_set *msps, const char *path, const Common__ConfigGroup *group,
		    unsigned depth, struct policy_node **out, struct ord_err *e);

static int compile_children(struct msp_set *msps, struct policy_node *node,
			    const Common__ConfigGroup *group, unsigned depth, struct ord_err *e)
{
	node->children = x_alloc(group->n_groups * sizeof(*node->children));
	for (size_t i = 0; i < group->n_groups; i++) {
		char *path = x_printf("%s/%s", node->path, group->groups[i]->key);
		int rc = node_new(msps, path, group->groups[i]->value, depth + 1,
				  &node->children[node->n_children], e);

		free(path);
		if (rc < 0)
			return rc;
		node->n_children++;
	}
	qsort(node->children, node->n_children, sizeof(struct policy_node *), by_node_name);
	return 0;
}

static int node_new(struct msp_set *msps, const char *path, const Common__ConfigGroup *group,
		    unsigned depth, struct policy_node **out, struct ord_err *e)
{
	struct policy_node *node;
	const char *slash;

	if (depth > POLICY_MAX_DEPTH)
		return err_set(e, ORD_EINVAL, "group %s is nested more than %d deep", path,
			       POLICY_MAX_DEPTH);
	node = x_alloc(sizeof(*node));
	node->path = x_strdup(path);
	slash = strrchr(node->path, '/');
	node->name = slash ? slash + 1 : node->path;
	node->policies = x_alloc(group->n_policies * sizeof(*node->policies));
	if (compile_children(msps, node, group, depth, e) < 0)
		goto out;
	while (node->n_policies < group->n_policies) {
		size_t i = node->n_policies++;

		if (compile_policy(msps, node, group->policies[i], &node->policies[i], e) < 0)
			goto out;
	}
	qsort(node->policies, node->n_policies, sizeof(struct policy), by_policy_name);
	*out = node;
	return 0;
out:
	policy_tree_free(node);
	return ORD_EINVAL;
}

int policy_tree_new(struct msp_set *msps, const char *path, const Common__ConfigGroup *group,
		    struct policy_node **out, struct ord_err *e)
{
	return node_new(msps, path[0] == '/' ? path + 1 : path, group, 1, out, e);
}

void policy_tree_free(struct policy_node *node)
{
	if (!node)
		return;
	for (size_t i = 0; i < node->n_children; i++)
		policy_tree_free(node->children[i]);
	for (size_t i = 0; i < node->n_policies; i++) {
		free(node->policies[i].name);
		free(node->policies[i].rules);
		free(node->policies[i].sub_name);
		free(node->policies[i].subs);
	}
	free(node->children);
	free(node->policies);
	free(node->path);
	free(node);
}

/* ---- look-up ------------------------------------------------------------- */

static const struct policy_node *child(const struct policy_node *at, const char *name, size_t len)
{
	size_t lo = 0, hi = at->n_children;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const char *have = at->children[mid]->name;
		int order = strncmp(have, name, len);

		if (order == 0 && have[len] == '\0')
			return at->children[mid];
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static const struct policy *policy_here(const struct policy_node *at, const char *name)
{
	size_t lo = 0, hi = at->n_policies;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int order = strcmp(short_name(&at->policies[mid]), name);

		if (order == 0)
			return &at->policies[mid];
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct policy *policy_find(const struct policy_node *at, const char *name)
{
	const char *slash;

	if (name[0] == '/') {
		size_t n = strlen(at->path);

		if (strncmp(name + 1, at->path, n) != 0 || name[1 + n] != '/')
			return NULL;
		name += 1 + n + 1;
	}
	for (; at && (slash = strchr(name, '/')); name = slash + 1)
		at = child(at, name, (size_t)(slash - name));
	return at ? policy_here(at, name) : NULL;
}

const struct policy_node *policy_group(const struct policy_node *root, const char *const *path)
{
	for (; root && *path; path++)
		root = child(root, *path, strlen(*path));
	return root;
}
