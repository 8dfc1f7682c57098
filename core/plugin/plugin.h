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
/** dlopen and check one file, as plugin_set_load() does with each. */
int plugin_load(const char *path, const struct ord_plugin **def, struct ord_err *e);
/** The settings of all plugins as rows "solo.Durable" for localconf_load(); the set's. */
const struct localconf_row *plugin_set_rows(struct plugin_set *s);
/** Call open() of each with its settings from @conf, which is read only now.
 *  Thread: main.   Errors: the plugin's own, behind its path; plugin_set_close() cleans up. */
int plugin_set_open(struct plugin_set *s, const struct localconf *conf, struct ord_err *e);
/** By ConsensusType.type; only looks up what is loaded.  NULL: none. */
struct plugin *plugin_find(struct plugin_set *s, const char *name);
/** As plugin_find(), for what a channel needs.
 *  Errors: ORD_ENOTSUP: what is loaded instead, and the remedy. */
int plugin_need(struct plugin_set *s, const char *name, struct plugin **out, struct ord_err *e);
/** Names of all, comma separated, for messages. */
void plugin_set_names(const struct plugin_set *s, struct buf *out);
/** Call close() of each that was opened, last first, and free the set.
 *  Thread: main, when no chain is left.   Blocks: yes. */
void plugin_set_close(struct plugin_set *s);
/** What a chain of this plugin finds in its ord_support. */
const struct ord_host *plugin_host(const struct plugin *p);
/** "orderer.consensus.<name>"; lives as long as the process. */
struct log_logger *plugin_logger(const struct plugin *p);

/** Check a definition as plugin_set_load() does; tests hand in broken ones.
 *  @name: the file's, without ".so".   Errors: ORD_EINVAL. */
int plugin_check(const char *path, const char *name, const struct ord_plugin *def,
		 struct ord_err *e);
/** Check the chain table that handle_chain() returned.  ORD_EINVAL names the missing entry. */
int plugin_check_chain(const struct plugin *p, const struct ord_chain *chain, struct ord_err *e);

/* ---- metrics of plugins, for whoever publishes them ---------------------- */

/* One series of one metric, as it is now. */
struct plugin_sample {
	const char *name; /* "consensus_<plugin>_<name>" */
	const char *help;
	char kind;                          /* 'c' counter, 'g' gauge, 'h' histogram */
	const char *label;                  /* "" : the metric has no label */
	const char *label_value;            /* "" then, too */
	double value;                       /* of a histogram: the sum */
	uint64_t count;                     /* of a histogram: observations */
	uint64_t buckets[HISTOGRAM_BOUNDS]; /* cumulative */
};

/** Every series, metric by metric in order of registration.
 *  Thread: any.   Locks: none is held while @each runs. */
void plugin_metrics_each(void (*each)(void *arg, const struct plugin_sample *s), void *arg);

#endif /* PLUGIN_H */
