/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_diff: the write set against the configuration.  An element with another version than the
 * configuration's is set; a group with another version has the members that are named, and no
 * others.
 */
#include "config_diff.h"
#include "json_deep.h"
#include "line_diff.h"

#include <stdlib.h>

enum { MAX_DEPTH = 32, MAX_LINES = 24, MAX_COMPACT = 240, INDENT = 4 };

struct walk {
	void (*each)(void *arg, const struct config_diff *d);
	void *arg;
	const char *names[MAX_DEPTH + 1]; /* of the groups we are in, below /Channel */
	unsigned depth;
};

/* Walks both groups at once: @current or @wanted may be NULL. */
static void walk_group(struct walk *w, const Common__ConfigGroup *current,
		       const Common__ConfigGroup *wanted);

/* ---- elements as JSON ---------------------------------------------------- */

/* JSON of the message of type @d, or of the bytes themselves when they are none; heap. */
static char *as_json(const ProtobufCMessageDescriptor *d, struct ord_bytes b)
{
	struct buf json = BUF_INIT;

	if (d && json_decode(d, b, &json, NULL) == 0)
		return buf_cstr(&json);
	buf_fini(&json);
	buf_add_u8(&json, '"');
	base64_encode(&json, b);
	buf_add_str(&json, "\"\n");
	return buf_cstr(&json);
}

static char *value_json(const struct walk *w, const char *key, const Common__ConfigValue *value)
{
	return as_json(json_config_value(w->names, w->depth, key), wire_bytes(value->value));
}

static char *policy_json(const Common__ConfigPolicy *policy)
{
	struct buf b = BUF_INIT;
	char *json;

	if (policy->policy)
		wire_pack(policy->policy, &b);
	json = as_json(&common__policy__descriptor, buf_bytes(&b));
	buf_fini(&b);
	return json;
}

/* All in one line, if it is not too long. */
static void add_compact(const char *json, struct buf *out)
{
	size_t limit = out->len + MAX_COMPACT;

	buf_printf(out, "%*s", INDENT, "");
	for (; *json && out->len < limit; json++) {
		if (*json == '\n' && json[1] && json[-1] == ',')
			buf_add_u8(out, ' ');
		else if (*json != '\n' && *json != '\t')
			buf_add_u8(out, (uint8_t)*json);
	}
	buf_add_str(out, *json ? "…\n" : "\n");
}

/* What became of one text of JSON; takes both over.  NULL: there was none, or is none any more. */
static void add_lines(char *from, char *to, struct buf *out)
{
	if (to && from)
		line_diff(from, to, INDENT, MAX_LINES, out);
	else if (to)
		add_compact(to, out);
	free(from);
	free(to);
}

static void add_mod_policy(const char *from, const char *to, struct buf *out)
{
	if (strcmp(from, to) != 0)
		buf_printf(out, "%*smod_policy: \"%s\" -> \"%s\"\n", INDENT, "", from, to);
}

/* ---- telling ------------------------------------------------------------- */

static void tell(struct walk *w, const char *kind, const char *key, const uint64_t *from,
		 const uint64_t *to, const char *lines)
{
	struct buf name = BUF_INIT;

	buf_printf(&name, "%-8s /Channel", kind);
	for (unsigned i = 0; i < w->depth; i++)
		buf_printf(&name, "/%s", w->names[i]);
	if (key)
		buf_printf(&name, "/%s", key);
	w->each(w->arg, &(struct config_diff){.change = !from ? CONFIG_ADDED
							: !to ? CONFIG_REMOVED
							      : CONFIG_CHANGED,
					      .key = buf_cstr(&name),
					      .from = from ? *from : 0,
					      .to = to ? *to : 0,
					      .lines = lines});
	buf_fini(&name);
}

static void tell_value(struct walk *w, const char *key, const Common__ConfigValue *from,
		       const Common__ConfigValue *to)
{
	struct buf lines = BUF_INIT;

	if (from && to && from->version == to->version)
		return;
	if (from && to)
		add_mod_policy(from->mod_policy, to->mod_policy, &lines);
	add_lines(from ? value_json(w, key, from) : NULL, to ? value_json(w, key, to) : NULL,
		  &lines);
	tell(w, "[Value]", key, from ? &from->version : NULL, to ? &to->version : NULL,
	     buf_cstr(&lines));
	buf_fini(&lines);
}

static void tell_policy(struct walk *w, const char *key, const Common__ConfigPolicy *from,
			const Common__ConfigPolicy *to)
{
	struct buf lines = BUF_INIT;

	if (from && to && from->version == to->version)
		return;
	if (from && to)
		add_mod_policy(from->mod_policy, to->mod_policy, &lines);
	add_lines(from ? policy_json(from) : NULL, to ? policy_json(to) : NULL, &lines);
	tell(w, "[Policy]", key, from ? &from->version : NULL, to ? &to->version : NULL,
	     buf_cstr(&lines));
	buf_fini(&lines);
}

static void tell_group(struct walk *w, const Common__ConfigGroup *from,
		       const Common__ConfigGroup *to)
{
	struct buf lines = BUF_INIT;

	if (from && to && from->version == to->version)
		return;
	if (from && to)
		add_mod_policy(from->mod_policy, to->mod_policy, &lines);
	tell(w, "[Group]", NULL, from ? &from->version : NULL, to ? &to->version : NULL,
	     buf_cstr(&lines));
	buf_fini(&lines);
}

/* ---- walking ------------------------------------------------------------- */

/* Two sorted maps are walked side by side: which key is first?  NULL: at the end. */
static int order_of(const char *current, const char *wanted)
{
	if (!current || !wanted)
		return current ? -1 : 1;
	return strcmp(current, wanted);
}

/* What @wanted does not name is gone when its version is another one; else it is as it was. */
static bool is_gone(const Common__ConfigGroup *current, const Common__ConfigGroup *wanted)
{
	return current->version != wanted->version;
}

static void walk_values(struct walk *w, const Common__ConfigGroup *current,
			const Common__ConfigGroup *wanted)
{
	size_t n = current ? current->n_values : 0, m = wanted->n_values;

	for (size_t i = 0, j = 0; i < n || j < m;) {
		const Common__ConfigGroup__ValuesEntry *from = i < n ? current->values[i] : NULL;
		const Common__ConfigGroup__ValuesEntry *to = j < m ? wanted->values[j] : NULL;
		int order = order_of(from ? from->key : NULL, to ? to->key : NULL);

		i += order <= 0;
		j += order >= 0;
		if (order >= 0)
			tell_value(w, to->key, order == 0 ? from->value : NULL, to->value);
		else if (is_gone(current, wanted))
			tell_value(w, from->key, from->value, NULL);
	}
}

static void walk_policies(struct walk *w, const Common__ConfigGroup *current,
			  const Common__ConfigGroup *wanted)
{
	size_t n = current ? current->n_policies : 0, m = wanted->n_policies;

	for (size_t i = 0, j = 0; i < n || j < m;) {
		const Common__ConfigGroup__PoliciesEntry *from =
			i < n ? current->policies[i] : NULL;
		const Common__ConfigGroup__PoliciesEntry *to = j < m ? wanted->policies[j] : NULL;
		int order = order_of(from ? from->key : NULL, to ? to->key : NULL);

		i += order <= 0;
		j += order >= 0;
		if (order >= 0)
			tell_policy(w, to->key, order == 0 ? from->value : NULL, to->value);
		else if (is_gone(current, wanted))
			tell_policy(w, from->key, from->value, NULL);
	}
}

static void walk_child(struct walk *w, const char *key, const Common__ConfigGroup *current,
		       const Common__ConfigGroup *wanted)
{
	if (w->depth == MAX_DEPTH)
		return; /* no configuration is that deep: chanconf refuses it */
	w->names[w->depth++] = key;
	walk_group(w, current, wanted);
	w->depth--;
}

static void walk_groups(struct walk *w, const Common__ConfigGroup *current,
			const Common__ConfigGroup *wanted)
{
	size_t n = current ? current->n_groups : 0, m = wanted->n_groups;

	for (size_t i = 0, j = 0; i < n || j < m;) {
		const Common__ConfigGroup__GroupsEntry *from = i < n ? current->groups[i] : NULL;
		const Common__ConfigGroup__GroupsEntry *to = j < m ? wanted->groups[j] : NULL;
		int order = order_of(from ? from->key : NULL, to ? to->key : NULL);

		i += order <= 0;
		j += order >= 0;
		if (order >= 0)
			walk_child(w, to->key, order == 0 ? from->value : NULL, to->value);
		else if (is_gone(current, wanted))
			walk_child(w, from->key, from->value, NULL);
	}
}

static void walk_group(struct walk *w, const Common__ConfigGroup *current,
		       const Common__ConfigGroup *wanted)
{
	tell_group(w, current, wanted);
	if (!wanted)
		return; /* what was in it goes with it */
	walk_values(w, current, wanted);
	walk_policies(w, current, wanted);
	walk_groups(w, current, wanted);
}

void config_diff(const Common__ConfigGroup *current, const Common__ConfigUpdate *update,
		 void (*each)(void *arg, const struct config_diff *d), void *arg)
{
	struct walk w = {.each = each, .arg = arg};

	if (update->write_set)
		walk_group(&w, current, update->write_set);
}
