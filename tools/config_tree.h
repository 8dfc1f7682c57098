/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_tree - find and change the elements of a Config that we may write to.
 */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include <wire/wire.h>

/** The group that @path, e.g. "Application/Org1MSP", leads to below /Channel; "" is /Channel.
 *  Errors: ORD_ENOENT "there is no group /Channel/…". */
int config_tree_group(const Common__Config *config, const char *path, Common__ConfigGroup **out,
		      struct ord_err *e);
/** A child of @g by name; NULL: none. */
Common__ConfigGroup *config_tree_child(const Common__ConfigGroup *g, const char *name);
/** Put @child, which becomes @g's, there under @name, which must be free. */
void config_tree_add_child(Common__ConfigGroup *g, const char *name, Common__ConfigGroup *child);
/** False: there was none. */
bool config_tree_remove_child(Common__ConfigGroup *g, const char *name);
/** The bytes of value @name; none when there is no such value. */
struct ord_bytes config_tree_value(const Common__ConfigGroup *g, const char *name);
/** Set value @name to the encoding of @msg; a new one is changed by the group's Admins. */
void config_tree_set_value(Common__ConfigGroup *g, const char *name, const void *msg);
/** Set policy @name, which must be free, to @msg, the message of a policy of this @type; it is
 *  changed by the group's Admins. */
void config_tree_add_policy(Common__ConfigGroup *g, const char *name, int type, const void *msg);

#endif /* CONFIG_TREE_H */
