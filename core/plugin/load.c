/* SPDX-License-Identifier: Apache-2.0 */
/* One plugin: its file, dlopen, its symbol. */
#include <dlfcn.h>
#include <errno.h>
#include <plugin/plugin_priv.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SUFFIX ".so"

bool plugin_is_file(const char *name)
{
	size_t n = strlen(name), s = strlen(SUFFIX);

	return n > s && strcmp(name + n - s, SUFFIX) == 0;
}

/* What dlopen would run must be a file that not everyone can rewrite. */
static int check_file(const char *path, struct ord_err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_set(e, ORD_EINVAL, "it cannot be read (%s): repair or remove it",
			       strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, ORD_EINVAL, "it is not a regular file: remove it");
	if (st.st_mode & S_IWOTH)
		return err_set(e, ORD_EINVAL, "every user may write to it: chmod o-w it");
	return 0;
}

/* dlerror() without the path that it often begins with. */
static const char *load_error(const char *path)
{
	const char *why = dlerror();
	size_t n = strlen(path);

	if (!why)
		return "no reason given";
	return strncmp(why, path, n) == 0 && strncmp(why + n, ": ", 2) == 0 ? why + n + 2 : why;
}

static int load_symbol(const char *path, const struct ord_plugin **def, struct ord_err *e)
{
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!so)
		return err_set(e, ORD_EINVAL,
			       "it cannot be loaded (%s): install what it needs, or rebuild it",
			       load_error(path));
	*def = dlsym(so, "ord_plugin");
	if (!*def)
		return err_set(e, ORD_EINVAL,
			       "it has no symbol 'ord_plugin': define it with ORD_PLUGIN(), or "
			       "remove the file");
	return 0;
}

int plugin_load(const char *path, const struct ord_plugin **def, struct ord_err *e)
{
	const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
	char *located = slash ? x_strdup(path) : x_printf("./%s", path); /* never by search path */
	char *name = x_strndup(file, strlen(file) - (plugin_is_file(file) ? strlen(SUFFIX) : 0));
	int rc;

	rc = check_file(path, e);
	if (rc == 0)
		rc = load_symbol(located, def, e);
	if (rc < 0)
		err_wrap(e, "plugin %s", path);
	else
		rc = plugin_check(path, name, *def, e);
	free(name);
	free(located);
	return rc;
}
