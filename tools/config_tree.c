/* SPDX-License-Identifier: Apache-2.0 */
/* config_tree: everything is on the heap, so that wire_free() of the Config frees it. */
#include "config_tree.h"

#include <stdlib.h>

#define ADMINS "Admins"

static ProtobufCBinaryData encoding(const void *msg)
{
	struct buf b = BUF_INIT;

	wire_pack(msg, &b);
	return wire_binary(buf_bytes(&b)); /* whoever gets it frees it */
}

/* ---- groups -------------------------------------------------------------- */

static size_t child_index(const Common__ConfigGroup *g, const char *name)
{
	size_t i = 0;

	while (i < g->n_groups && strcmp(g->groups[i]->key, name) != 0)
		i++;
	return i;
}

Common__ConfigGroup *config_tree_child(const Common__ConfigGroup *g, const char *name)
{
	size_t i = child_index(g, name);

	return i < g->n_groups ? g->groups[i]->value : NULL;
}

int config_tree_group(const Common__Config *config, const char *path, Common__ConfigGroup **out,
		      struct ord_err *e)
{
	const char *at = path;

	*out = config->channel_group;
	while (*out && *at) {
		size_t len = strcspn(at, "/");
		char *name = x_strndup(at, len);

		*out = config_tree_child(*out, name);
		free(name);
		at += len + (at[len] == '/');
	}
	return *out ? 0 : err_set(e, ORD_ENOENT, "there is no group /Channel/%s", path);
}

void config_tree_add_child(Common__ConfigGroup *g, const char *name, Common__ConfigGroup *child)
{
	Common__ConfigGroup__GroupsEntry *entry = x_alloc(sizeof(*entry));

	common__config_group__groups_entry__init(entry);
	entry->key = x_strdup(name);
	entry->value = child;
	g->groups = x_realloc(g->groups, (g->n_groups + 1) * sizeof(entry));
	g->groups[g->n_groups++] = entry;
}

bool config_tree_remove_child(Common__ConfigGroup *g, const char *name)
{
	size_t i = child_index(g, name);

	if (i == g->n_groups)
		return false;
	wire_free(g->groups[i]);
	g->n_groups--;
	memmove(&g->groups[i], &g->groups[i + 1], (g->n_groups - i) * sizeof(g->groups[0]));
	return true;
}

/* ---- values -------------------------------------------------------------- */

static Common__ConfigValue *find_value(const Common__ConfigGroup *g, const char *name)
{
	for (size_t i = 0; i < g->n_values; i++)
		if (strcmp(g->values[i]->key, name) == 0)
			return g->values[i]->value;
	return NULL;
}

struct ord_bytes config_tree_value(const Common__ConfigGroup *g, const char *name)
{
	const Common__ConfigValue *v = find_value(g, name);

	return v ? wire_bytes(v->value) : bytes_of(NULL, 0);
}

static Common__ConfigValue *add_value(Common__ConfigGroup *g, const char *name)
{
	Common__ConfigGroup__ValuesEntry *entry = x_alloc(sizeof(*entry));

	common__config_group__values_entry__init(entry);
	entry->key = x_strdup(name);
	entry->value = x_alloc(sizeof(*entry->value));
	common__config_value__init(entry->value);
	entry->value->mod_policy = x_strdup(ADMINS);
	g->values = x_realloc(g->values, (g->n_values + 1) * sizeof(entry));
	g->values[g->n_values++] = entry;
	return entry->value;
}

void config_tree_set_value(Common__ConfigGroup *g, const char *name, const void *msg)
{
	Common__ConfigValue *v = find_value(g, name);

	if (!v)
		v = add_value(g, name);
	free(v->value.data);
	v->value = encoding(msg);
}

/* ---- policies ------------------------------------------------------------ */

void config_tree_add_policy(Common__ConfigGroup *g, const char *name, int type, const void *msg)
{
	Common__ConfigGroup__PoliciesEntry *entry = x_alloc(sizeof(*entry));
	Common__ConfigPolicy *policy = x_alloc(sizeof(*policy));

	common__config_group__policies_entry__init(entry);
	common__config_policy__init(policy);
	entry->key = x_strdup(name);
	entry->value = policy;
	policy->mod_policy = x_strdup(ADMINS);
	policy->policy = x_alloc(sizeof(*policy->policy));
	common__policy__init(policy->policy);
	policy->policy->type = type;
	policy->policy->value = encoding(msg);
	g->policies = x_realloc(g->policies, (g->n_policies + 1) * sizeof(entry));
	g->policies[g->n_policies++] = entry;
}
