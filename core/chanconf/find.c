/* SPDX-License-Identifier: Apache-2.0 */
/* Look-up by key in a config tree.  wire_unpack() leaves every map sorted, so that nothing here
 * depends on how many entries somebody sends. */
#include "chanconf_priv.h"

/* The three maps of a group differ in nothing but their types. */
#define FIND(type, map)                                                  \
	if (!in)                                                         \
		return NULL;                                             \
	for (size_t lo = 0, hi = in->n_##map; lo < hi;) {                \
		size_t mid = (lo + hi) / 2;                              \
		const Common__ConfigGroup__##type *entry = in->map[mid]; \
		int order = strcmp(entry->key, key);                     \
                                                                         \
		if (order == 0)                                          \
			return entry->value;                             \
		if (order < 0)                                           \
			lo = mid + 1;                                    \
		else                                                     \
			hi = mid;                                        \
	}                                                                \
	return NULL

const Common__ConfigGroup *chanconf_find_group(const Common__ConfigGroup *in, const char *key)
{
	FIND(GroupsEntry, groups);
}

const Common__ConfigValue *chanconf_find_value(const Common__ConfigGroup *in, const char *key)
{
	FIND(ValuesEntry, values);
}

const Common__ConfigPolicy *chanconf_find_policy(const Common__ConfigGroup *in, const char *key)
{
	FIND(PoliciesEntry, policies);
}
