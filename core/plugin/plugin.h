/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugin - find, dlopen, check: consensus plugins behind <ordererd/consensus.h>.
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <localconf/localconf.h>

/* One loaded plugin. */
struct plugin {
	const struct ord_plugin *def;
	char *path;
	void *handle; /* what open() made */
	struct plugin_priv *priv;
};

struct plugin_set; /* every plugin of one directory */

/** dlopen every <dir>/<name>.so and check its symbol: magic, ABI version, size, name, tables.
 *  Nothing of a plugin is called but through dlopen itself.  Never dlclosed.
 *  Thread: main.   Errors: one sentence with file, what is wrong and the remedy. */
int plugin_set_load(const char *dir, struct plugin_set **out, struct ord_err *e);
/** The settings of all plugins as rows "solo.Durable" for localconf_load(); the set's. */
const struct localconf_row *plugin_set_rows(struct plugin_set *s);
/** Call open() of each with its settings from @conf. */
int plugin_set_open(struct plugin_set *s, const struct localconf *conf, struct ord_err *e);
/** By ConsensusType.type; only looks up what is loaded.  NULL: none. */
struct plugin *plugin_find(struct plugin_set *s, const char *name);
/** Names of all, comma separated, for messages. */
void plugin_set_names(const struct plugin_set *s, struct buf *out);
void plugin_set_close(struct plugin_set *s);

/** Check a definition as plugin_set_load() does; tests hand in broken ones. */
int plugin_check(const char *path, const char *name, const struct ord_plugin *def,
		 struct ord_err *e);
/** Check the chain table that handle_chain() returned.  ORD_EINVAL names the missing entry. */
int plugin_check_chain(const struct plugin *p, const struct ord_chain *chain, struct ord_err *e);

#endif /* PLUGIN_H */
