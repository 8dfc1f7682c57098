/* SPDX-License-Identifier: Apache-2.0 */
/* plugin: what its own files share. */
#ifndef PLUGIN_PRIV_H
#define PLUGIN_PRIV_H

#include <plugin/plugin.h>

#define PLUGIN_MAX_SETTINGS 256 /* a table without its last row must not be walked for ever */

/* What a plugin sees of us. */
struct plugin_host {
	struct ord_host pub; /* first member */
	const struct plugin *plugin;
	size_t n_settings;
	char **values; /* by the index of the setting */
};

struct plugin_priv {
	struct plugin_host host;
	struct log_logger *logger;
	bool opened;
};

/* load.c */
bool plugin_is_file(const char *name); /* "<name>.so" */

/* host.c */
void plugin_host_init(struct plugin_host *h, const struct plugin *p, const struct localconf *conf);
void plugin_host_fini(struct plugin_host *h);
struct log_logger *plugin_logger_for(const char *name);
char *plugin_setting_key(const struct ord_plugin *def, const struct ord_setting *s);
size_t plugin_count_settings(const struct ord_plugin *def);

/* metrics.c */
struct ord_metric *plugin_metric_new(const char *plugin, const char *name, const char *label,
				     const char *help, char kind);
void plugin_metric_add(struct ord_metric *m, const char *label_value, double v);

#endif /* PLUGIN_PRIV_H */
