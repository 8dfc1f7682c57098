/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks of a plugin's tables.  Each refusal is one sentence for a stranger: which file, what
 * is wrong, what to do.
 */
#include <ctype.h>
#include <plugin/plugin_priv.h>
#include <strings.h>

#define MAX_NAME 32
#define REBUILD  "rebuild it against this daemon's <ordererd/consensus.h>"

static int check_version(const struct ord_plugin *def, struct ord_err *e)
{
	bool fits;

	if (def->magic != ORD_PLUGIN_MAGIC)
		return err_set(e, ORD_EINVAL,
			       "'ord_plugin' begins with 0x%08x instead of 0x%08x: define it with "
			       "ORD_PLUGIN() and " REBUILD,
			       def->magic, ORD_PLUGIN_MAGIC);
	fits = def->abi_major == ORD_ABI_MAJOR &&
	       (ORD_ABI_MAJOR == 0 ? def->abi_minor == ORD_ABI_MINOR
				   : def->abi_minor <= ORD_ABI_MINOR);
	if (!fits)
		return err_set(e, ORD_EINVAL,
			       "it was built for ABI %u.%u and this daemon speaks %u.%u: " REBUILD
			       ", or install the daemon it was built for",
			       def->abi_major, def->abi_minor, ORD_ABI_MAJOR, ORD_ABI_MINOR);
	if (def->size < sizeof(*def))
		return err_set(e, ORD_EINVAL,
			       "'ord_plugin' is %u bytes long, ABI %u.%u needs %zu: define it with "
			       "ORD_PLUGIN() and " REBUILD,
			       def->size, def->abi_major, def->abi_minor, sizeof(*def));
	return 0;
}

/* A name is a file name, an ini section and a piece of an environment variable's name at once. */
static bool name_is_clean(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++)
		if (!isalnum((unsigned char)name[i]) || i == MAX_NAME)
			return false;
	return i > 0 && isalpha((unsigned char)name[0]);
}

static int check_name(const char *name, const struct ord_plugin *def, struct ord_err *e)
{
	if (!def->name)
		return err_set(e, ORD_EINVAL, "'ord_plugin' has no name: set .name to \"%s\"",
			       name);
	if (!name_is_clean(def->name))
		return err_set(
			e, ORD_EINVAL,
			"'%.64s' is no name for a plugin: use a letter, then up to %d letters "
			"and digits",
			def->name, MAX_NAME - 1);
	if (strcmp(def->name, name) != 0)
		return err_set(e, ORD_EINVAL, "it calls itself '%s': name its file %s.so",
			       def->name, def->name);
	return 0;
}

static int check_entries(const struct ord_plugin *def, struct ord_err *e)
{
	const struct {
		bool there;
		const char *name;
	} entries[] = {
		{def->version != NULL, "version"},
		{def->summary != NULL, "summary"},
		{def->handle_chain != NULL, "handle_chain"},
	};

	for (size_t i = 0; i < UTIL_ARRAY_LEN(entries); i++)
		if (!entries[i].there)
			return err_set(e, ORD_EINVAL, "'ord_plugin' has no .%s: set it",
				       entries[i].name);
	return 0;
}

/* "Durable", "Retry.ShortInterval": words of letters and digits between dots. */
static bool key_is_clean(const char *key)
{
	bool start = true;

	for (; *key; key++) {
		unsigned char c = (unsigned char)*key;

		if (start ? !isalpha(c) : !isalnum(c) && c != '.')
			return false;
		start = c == '.';
	}
	return !start;
}

/* NULL: @text is a value of type @t; else what it should be. */
static const char *value_problem(enum ord_setting_type t, const char *text)
{
	uint64_t n;
	int64_t ns;

	switch (t) {
	case ORD_SET_BOOL:
		return !strcmp(text, "true") || !strcmp(text, "false") ? NULL : "true or false";
	case ORD_SET_UINT:
		return decimal_parse(bytes_str(text), UINT64_MAX, &n) ? NULL : "a decimal number";
	case ORD_SET_DURATION:
		return duration_parse(text, &ns, NULL) == 0 && ns >= 0 ? NULL
								       : "a duration such as 2s";
	case ORD_SET_MAP:
		return *text ? "empty" : NULL;
	case ORD_SET_STRING:
	case ORD_SET_PATH:
	case ORD_SET_SECRET:
	case ORD_SET_PEM:
		return NULL;
	}
	return "of a type that this daemon knows";
}

static int check_setting(const struct ord_setting *s, struct ord_err *e)
{
	const char *problem;

	if (!key_is_clean(s->key))
		return err_set(
			e, ORD_EINVAL,
			"'%.64s' is no name for a setting: use letters and digits, with dots "
			"between words",
			s->key);
	if (!s->fallback)
		return err_set(e, ORD_EINVAL,
			       "setting %s has no fallback: give it one, if only \"\"", s->key);
	if (!s->help || !*s->help)
		return err_set(e, ORD_EINVAL, "setting %s has no help: say what it does", s->key);
	problem = value_problem(s->type, s->fallback);
	if (problem)
		return err_set(e, ORD_EINVAL,
			       "the fallback '%s' of setting %s is not %s: correct it", s->fallback,
			       s->key, problem);
	return 0;
}

static int check_settings(const struct ord_setting *all, struct ord_err *e)
{
	size_t n;

	for (n = 0; all && all[n].key; n++) {
		if (n == PLUGIN_MAX_SETTINGS)
			return err_set(e, ORD_EINVAL,
				       "its table of settings has no end: close it with a row {0}");
		if (check_setting(&all[n], e) < 0)
			return e->code;
		for (size_t i = 0; i < n; i++)
			if (!strcasecmp(all[i].key, all[n].key))
				return err_set(e, ORD_EINVAL,
					       "setting %s stands twice in its table: remove one",
					       all[n].key);
	}
	return 0;
}

int plugin_check(const char *path, const char *name, const struct ord_plugin *def,
		 struct ord_err *e)
{
	if (check_version(def, e) < 0 || check_name(name, def, e) < 0 ||
	    check_entries(def, e) < 0 || check_settings(def->settings, e) < 0)
		return err_wrap(e, "plugin %s", path);
	return 0;
}

#define FEWEST_CHAIN_OPS (offsetof(struct ord_chain_ops, health) + sizeof(void *))

static int check_chain_ops(const struct ord_chain *chain, struct ord_err *e)
{
	const struct ord_chain_ops *ops;

	if (!chain)
		return err_set(e, ORD_EINVAL,
			       "handle_chain() succeeded without a chain: set *out, or fail");
	ops = chain->ops;
	if (!ops)
		return err_set(e, ORD_EINVAL, "its chain has no table: set .ops");
	if (ops->size < FEWEST_CHAIN_OPS)
		return err_set(
			e, ORD_EINVAL,
			"its chain table is %u bytes long, ABI %u.%u needs %zu: set .size to "
			"sizeof(struct ord_chain_ops)",
			ops->size, ORD_ABI_MAJOR, ORD_ABI_MINOR, FEWEST_CHAIN_OPS);

	const struct {
		bool there;
		const char *name;
	} entries[] = {
		{ops->start != NULL, "start"},         {ops->order != NULL, "order"},
		{ops->configure != NULL, "configure"}, {ops->errored != NULL, "errored"},
		{ops->halt != NULL, "halt"},           {ops->free != NULL, "free"},
	};

	for (size_t i = 0; i < UTIL_ARRAY_LEN(entries); i++)
		if (!entries[i].there)
			return err_set(e, ORD_EINVAL, "its chain table has no .%s: set it",
				       entries[i].name);
	return 0;
}

int plugin_check_chain(const struct plugin *p, const struct ord_chain *chain, struct ord_err *e)
{
	if (check_chain_ops(chain, e) < 0)
		return err_wrap(e, "plugin %s", p->path);
	return 0;
}
