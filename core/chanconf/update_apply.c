/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an update makes of a configuration (spec 4.4, steps 7 and 9).
 *
 * An element of the write set counts when the read set does not have it at the same version;
 * everything else stays as it is.  A group's members are those that its element, the old or the
 * new one, names: so members are removed by a new version of their group that leaves them out,
 * and one that is added to a group that keeps its version gets lost.
 */
#include "chanconf_priv.h"
#include <stdlib.h>

/* Does the write set's element @w replace @cur, when the read set has @r? */
#define REPLACES(r, w) ((w) && (!(r) || (r)->version != (w)->version))

/* A set of an update and the configuration, at one place of the tree; each may be missing. */
struct layers {
	const Common__ConfigGroup *current, *read, *write;
};

static struct layers below(const struct layers *at, const char *key)
{
	return (struct layers){.current = chanconf_find_group(at->current, key),
			       .read = chanconf_find_group(at->read, key),
			       .write = chanconf_find_group(at->write, key)};
}

static const Common__ConfigValue *pick_value(const struct layers *at, const char *key)
{
	const Common__ConfigValue *r = chanconf_find_value(at->read, key);
	const Common__ConfigValue *w = chanconf_find_value(at->write, key);

	return REPLACES(r, w) ? w : chanconf_find_value(at->current, key);
}

static const Common__ConfigPolicy *pick_policy(const struct layers *at, const char *key)
{
	const Common__ConfigPolicy *r = chanconf_find_policy(at->read, key);
	const Common__ConfigPolicy *w = chanconf_find_policy(at->write, key);

	return REPLACES(r, w) ? w : chanconf_find_policy(at->current, key);
}

/* Entries for @n members of @g's map @map, each a copy of the old one but for its value, which
 * @pick finds by key.  A member that neither layer has cannot be: it is named by one of them. */
#define PICK(s, g, map, type, pick)                                              \
	do {                                                                     \
		type **list = chanconf_scratch(s, (g)->n_##map * sizeof(*list)); \
                                                                                 \
		for (size_t i = 0; i < (g)->n_##map; i++) {                      \
			list[i] = chanconf_scratch(s, sizeof(**list));           \
			*list[i] = *(g)->map[i];                                 \
			list[i]->value = (void *)(pick);                         \
			util_assert(list[i]->value);                             \
		}                                                                \
		(g)->map = list;                                                 \
	} while (0)

/* The depth is that of the message, which wire_scan() bounds. */
static const Common__ConfigGroup *overlay(struct scratch *s, struct layers at)
{
	Common__ConfigGroup *g;

	if (!at.write)
		return at.current;
	g = chanconf_scratch(s, sizeof(*g));
	*g = REPLACES(at.read, at.write) ? *at.write : *at.current;
	PICK(s, g, groups, Common__ConfigGroup__GroupsEntry, overlay(s, below(&at, list[i]->key)));
	PICK(s, g, values, Common__ConfigGroup__ValuesEntry, pick_value(&at, list[i]->key));
	PICK(s, g, policies, Common__ConfigGroup__PoliciesEntry, pick_policy(&at, list[i]->key));
	return g;
}

const Common__ConfigGroup *chanconf_update_overlay(struct scratch *s,
						   const Common__ConfigGroup *current,
						   const Common__ConfigUpdate *update)
{
	return overlay(s, (struct layers){current, update->read_set, update->write_set});
}

/* ---- elements without mod_policy ----------------------------------------- */

static bool has_capabilities(const Common__ConfigGroup *root)
{
	return chanconf_find_value(chanconf_find_group(root, KEY_ORDERER), KEY_CAPABILITIES);
}

static void repair_one(char **mod_policy)
{
	if ((*mod_policy)[0] != '\0')
		return;
	if (*mod_policy != protobuf_c_empty_string)
		free(*mod_policy);
	*mod_policy = x_strdup(KEY_ADMINS);
}

static void repair(Common__ConfigGroup *g)
{
	repair_one(&g->mod_policy);
	for (size_t i = 0; i < g->n_groups; i++)
		repair(g->groups[i]->value);
	for (size_t i = 0; i < g->n_values; i++)
		repair_one(&g->values[i]->value->mod_policy);
	for (size_t i = 0; i < g->n_policies; i++)
		repair_one(&g->policies[i]->value->mod_policy);
}

/* Fabric asks the overlay, not the tree made of it: capabilities that are just being removed, or
 * that get lost, count. */
void chanconf_update_repair(const Common__ConfigGroup *current, const Common__ConfigUpdate *update,
			    Common__ConfigGroup *result)
{
	if (has_capabilities(current) || has_capabilities(update->write_set))
		repair(result);
}
