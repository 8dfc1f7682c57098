/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka.so, which the daemon loads at every start.  The plugin itself, and with it librdkafka and
 * the nine libraries that librdkafka brings, stay behind the door until a channel is ordered by
 * Kafka, or a setting is there that only librdkafka can judge: an orderer with neither need not
 * spend 3 MB and 3 ms of CPU on them.
 */
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "table.h"

#define BEHIND "kafka_librdkafka.dso" /* in the folder of this file */

struct door {
	const struct ord_host *host;
	pthread_mutex_t lock;            /* guards these */
	const struct ord_plugin *plugin; /* behind the door; NULL: closed */
	void *handle;                    /* what its open() made */
};

/* Beside this file, wherever a link to it may be. */
static int path_behind(char path[PATH_MAX + sizeof(BEHIND)], struct ord_err *e)
{
	struct stat st;
	Dl_info here;

	if (!dladdr(kafka_settings_table, &here) || !realpath(here.dli_fname, path))
		return ord_fail(e, ORD_EINTERNAL, "kafka.so does not know where it is");
	strcpy(strrchr(path, '/') + 1, BEHIND);
	if (stat(path, &st) == 0 && (st.st_mode & S_IWOTH))
		return ord_fail(e, ORD_EINVAL, "%s: every user may write to it: chmod o-w it",
				path);
	return 0;
}

static int load(const struct ord_plugin **out, struct ord_err *e)
{
	char path[PATH_MAX + sizeof(BEHIND)];
	const struct ord_plugin *found;
	void *so;

	if (path_behind(path, e) < 0)
		return e->code;
	so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!so)
		return ord_fail(e, ORD_EINVAL, "%s: install what is missing", dlerror());
	found = dlsym(so, "ord_plugin");
	if (!found || found->size != sizeof(*found) ||
	    strcmp(found->version, KAFKA_PLUGIN_VERSION) != 0)
		return ord_fail(e, ORD_EINVAL, "%s is not of this kafka.so: install both anew",
				path);
	*out = found;
	return 0;
}

/* Under the lock. */
static int open_locked(struct door *d, struct ord_err *e)
{
	const struct ord_plugin *found;
	int rc;

	if (d->plugin)
		return 0;
	rc = load(&found, e);
	if (rc == 0)
		rc = found->open(d->host, &d->handle, e);
	if (rc == 0)
		d->plugin = found;
	return rc;
}

static int open_up(struct door *d, struct ord_err *e)
{
	int rc;

	pthread_mutex_lock(&d->lock);
	rc = open_locked(d, e);
	pthread_mutex_unlock(&d->lock);
	return rc;
}

/* Durations are the host's to check, everything else may be librdkafka's. */
static bool has_settings(const struct ord_host *h)
{
	for (const struct ord_setting *s = kafka_settings_table; s->key; s++)
		if (s->type != ORD_SET_DURATION &&
		    strcmp(h->ops->setting(h, s->key), s->fallback) != 0)
			return true;
	return false;
}

static void door_close(void *plugin)
{
	struct door *d = plugin;

	if (d->plugin)
		d->plugin->close(d->handle);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

static int door_open(const struct ord_host *h, void **plugin, struct ord_err *e)
{
	struct door *d = ord_alloc(sizeof(*d));
	int rc;

	*d = (struct door){.host = h};
	pthread_mutex_init(&d->lock, NULL);
	rc = has_settings(h) ? open_up(d, e) : 0;
	if (rc == 0)
		*plugin = d;
	else
		door_close(d);
	return rc;
}

static int door_handle_chain(void *plugin, struct ord_support *s, struct ord_bytes metadata,
			     struct ord_chain **out, struct ord_err *e)
{
	struct door *d = plugin;
	int rc = open_up(d, e);

	return rc < 0 ? rc : d->plugin->handle_chain(d->handle, s, metadata, out, e);
}

ORD_PLUGIN("kafka", .version = KAFKA_PLUGIN_VERSION, .summary = KAFKA_PLUGIN_SUMMARY,
	   .settings = kafka_settings_table, .open = door_open, .close = door_close,
	   .handle_chain = door_handle_chain);
