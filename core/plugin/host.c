/* SPDX-License-Identifier: Apache-2.0 */
/* What a plugin gets from the daemon as a whole: its settings, its logger, its metrics. */
#include <inttypes.h>
#include <plugin/plugin_priv.h>
#include <stdlib.h>

static const struct plugin_host *host_of(const struct ord_host *h)
{
	return UTIL_CONTAINER(h, const struct plugin_host, pub);
}

static const char *host_setting(const struct ord_host *pub, const char *key)
{
	const struct plugin_host *h = host_of(pub);

	for (size_t i = 0; i < h->n_settings; i++)
		if (strcmp(h->plugin->def->settings[i].key, key) == 0)
			return h->values[i];
	return NULL;
}

static void host_log(const struct ord_host *pub, enum ord_level l, const char *func,
		     const char *fmt, va_list ap)
{
	struct log_logger *logger = plugin_logger(host_of(pub)->plugin);

	if (log_enabled(logger, (int)l))
		log_vwrite(logger, (int)l, func, fmt, ap);
}

static struct ord_metric *host_metric(const struct ord_host *pub, const char *name,
				      const char *label, const char *help, char kind)
{
	return plugin_metric_new(host_of(pub)->plugin->def->name, name, label, help, kind);
}

static const struct ord_host_ops host_ops = {
	.size = sizeof(host_ops),
	.setting = host_setting,
	.log = host_log,
	.metric = host_metric,
	.metric_add = plugin_metric_add,
};

/* The value as the plugin reads it: one spelling a type. */
static char *setting_value(const struct localconf *conf, const char *key, enum ord_setting_type t)
{
	switch (t) {
	case ORD_SET_BOOL:
		return x_strdup(localconf_bool(conf, key) ? "true" : "false");
	case ORD_SET_UINT:
		return x_printf("%" PRIu64, localconf_uint(conf, key));
	case ORD_SET_DURATION:
		return x_printf("%" PRId64, localconf_duration_ns(conf, key));
	case ORD_SET_STRING:
	case ORD_SET_PATH:
	case ORD_SET_SECRET:
	case ORD_SET_PEM:
	case ORD_SET_MAP:
		break;
	}
	return x_strdup(localconf_str(conf, key));
}

char *plugin_setting_key(const struct ord_plugin *def, const struct ord_setting *s)
{
	return x_printf("%s.%s", def->name, s->key);
}

size_t plugin_count_settings(const struct ord_plugin *def)
{
	size_t n = 0;

	while (def->settings && def->settings[n].key)
		n++;
	return n;
}

void plugin_host_init(struct plugin_host *h, const struct plugin *p, const struct localconf *conf)
{
	h->pub.ops = &host_ops;
	h->plugin = p;
	h->n_settings = plugin_count_settings(p->def);
	h->values = x_alloc((h->n_settings + 1) * sizeof(*h->values));
	for (size_t i = 0; i < h->n_settings; i++) {
		char *key = plugin_setting_key(p->def, &p->def->settings[i]);

		h->values[i] = setting_value(conf, key, p->def->settings[i].type);
		free(key);
	}
}

void plugin_host_fini(struct plugin_host *h)
{
	for (size_t i = 0; i < h->n_settings; i++)
		free(h->values[i]);
	free(h->values);
	*h = (struct plugin_host){0};
}

/* Loggers register themselves with the log for good, so one per name stays for good. */
struct kept_logger {
	struct log_logger logger;
	struct kept_logger *next;
};

struct log_logger *plugin_logger_for(const char *name)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards kept */
	static struct kept_logger *kept;
	struct kept_logger *k;
	char *full = x_printf("orderer.consensus.%s", name);

	pthread_mutex_lock(&lock);
	for (k = kept; k && strcmp(k->logger.name, full) != 0; k = k->next)
		;
	if (!k) {
		k = x_alloc(sizeof(*k));
		k->logger = (struct log_logger)LOG_LOGGER(full);
		k->next = kept;
		kept = k;
		full = NULL;
	}
	pthread_mutex_unlock(&lock);
	free(full);
	return &k->logger;
}
