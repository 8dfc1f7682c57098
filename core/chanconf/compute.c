/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The update from one configuration to another, as configtxlator computes it: a group whose members
 * come or go gets a new version and names all of its members; any other shows only those that
 * change.  What the read set holds is what the write set relies on.
 */
#include "chanconf_priv.h"

/* ---- groups under construction ------------------------------------------- */

/* An empty group with room for as many members as @like has. */
static Common__ConfigGroup *group_new(struct scratch *s, const Common__ConfigGroup *like)
{
	Common__ConfigGroup *g = chanconf_scratch(s, sizeof(*g));

	common__config_group__init(g);
	g->groups = chanconf_scratch(s, like->n_groups * sizeof(*g->groups));
	g->values = chanconf_scratch(s, like->n_values * sizeof(*g->values));
	g->policies = chanconf_scratch(s, like->n_policies * sizeof(*g->policies));
	return g;
}

static void add_group(struct scratch *s, Common__ConfigGroup *to, char *key,
		      Common__ConfigGroup *group)
{
	Common__ConfigGroup__GroupsEntry *entry = chanconf_scratch(s, sizeof(*entry));

	common__config_group__groups_entry__init(entry);
	entry->key = key;
	entry->value = group;
	to->groups[to->n_groups++] = entry;
}

static Common__ConfigValue *add_value(struct scratch *s, Common__ConfigGroup *to, char *key,
				      uint64_t version)
{
	Common__ConfigGroup__ValuesEntry *entry = chanconf_scratch(s, sizeof(*entry));

	common__config_group__values_entry__init(entry);
	entry->key = key;
	entry->value = chanconf_scratch(s, sizeof(*entry->value));
	common__config_value__init(entry->value);
	entry->value->version = version;
	to->values[to->n_values++] = entry;
	return entry->value;
}

static Common__ConfigPolicy *add_policy(struct scratch *s, Common__ConfigGroup *to, char *key,
					uint64_t version)
{
	Common__ConfigGroup__PoliciesEntry *entry = chanconf_scratch(s, sizeof(*entry));

	common__config_group__policies_entry__init(entry);
	entry->key = key;
	entry->value = chanconf_scratch(s, sizeof(*entry->value));
	common__config_policy__init(entry->value);
	entry->value->version = version;
	to->policies[to->n_policies++] = entry;
	return entry->value;
}

/* ---- comparing ----------------------------------------------------------- */

/* Do both have members of the same names?  Maps are sorted. */
#define SAME_KEYS(a, b, map)                                                 \
	do {                                                                 \
		if ((a)->n_##map != (b)->n_##map)                            \
			return false;                                        \
		for (size_t i = 0; i < (a)->n_##map; i++)                    \
			if (strcmp((a)->map[i]->key, (b)->map[i]->key) != 0) \
				return false;                                \
	} while (0)

/* Is a group's own element the same?  What its members are is their own affair. */
static bool same_group(const Common__ConfigGroup *a, const Common__ConfigGroup *b)
{
	SAME_KEYS(a, b, groups);
	SAME_KEYS(a, b, values);
	SAME_KEYS(a, b, policies);
	return strcmp(a->mod_policy, b->mod_policy) == 0;
}

static bool same_value(const Common__ConfigValue *a, const Common__ConfigValue *b)
{
	return strcmp(a->mod_policy, b->mod_policy) == 0 &&
	       bytes_eq(wire_bytes(a->value), wire_bytes(b->value));
}

static bool same_policy(const Common__ConfigPolicy *a, const Common__ConfigPolicy *b)
{
	return strcmp(a->mod_policy, b->mod_policy) == 0 && wire_equal(a->policy, b->policy);
}

/* ---- computing ----------------------------------------------------------- */

/* One group on the way from @from (NULL: it is new) to @to. */
struct step {
	struct scratch *s;
	const Common__ConfigGroup *from, *to;
	bool renewed; /* it gets a new version, and names all its members */
	Common__ConfigGroup *read, *write;
};

static bool compute_group(struct step *st);

static void compute_values(struct step *st)
{
	for (size_t i = 0; i < st->to->n_values; i++) {
		char *key = st->to->values[i]->key;
		const Common__ConfigValue *is = st->to->values[i]->value;
		const Common__ConfigValue *was = chanconf_find_value(st->from, key);

		if (!was || !same_value(was, is)) {
			Common__ConfigValue *v =
				add_value(st->s, st->write, key, was ? was->version + 1 : 0);

			v->mod_policy = is->mod_policy;
			v->value = is->value;
		} else if (st->renewed) {
			add_value(st->s, st->read, key, was->version);
			add_value(st->s, st->write, key, was->version);
		}
	}
}

static void compute_policies(struct step *st)
{
	for (size_t i = 0; i < st->to->n_policies; i++) {
		char *key = st->to->policies[i]->key;
		const Common__ConfigPolicy *is = st->to->policies[i]->value;
		const Common__ConfigPolicy *was = chanconf_find_policy(st->from, key);

		if (!was || !same_policy(was, is)) {
			Common__ConfigPolicy *p =
				add_policy(st->s, st->write, key, was ? was->version + 1 : 0);

			p->mod_policy = is->mod_policy;
			p->policy = is->policy;
		} else if (st->renewed) {
			add_policy(st->s, st->read, key, was->version);
			add_policy(st->s, st->write, key, was->version);
		}
	}
}

static void compute_groups(struct step *st)
{
	for (size_t i = 0; i < st->to->n_groups; i++) {
		char *key = st->to->groups[i]->key;
		struct step sub = {.s = st->s,
				   .from = chanconf_find_group(st->from, key),
				   .to = st->to->groups[i]->value};
		bool changed = compute_group(&sub);

		if (sub.from && (changed || st->renewed))
			add_group(st->s, st->read, key, sub.read);
		if (changed || st->renewed)
			add_group(st->s, st->write, key, sub.write);
	}
}

/* The depth is that of the messages, which wire_unpack() bounds. */
static bool compute_group(struct step *st)
{
	st->renewed = !st->from || !same_group(st->from, st->to);
	st->read = group_new(st->s, st->to);
	st->write = group_new(st->s, st->to);
	if (st->from)
		st->read->version = st->write->version = st->from->version;
	if (st->renewed) {
		st->write->version = st->from ? st->from->version + 1 : 0;
		st->write->mod_policy = st->to->mod_policy;
	}
	compute_groups(st);
	compute_values(st);
	compute_policies(st);
	return st->renewed || st->write->n_groups || st->write->n_values || st->write->n_policies;
}

static int compute(const char *channel_id, const Common__Config *from, const Common__Config *to,
		   Common__ConfigUpdate **out, struct ord_err *e)
{
	Common__ConfigUpdate update = COMMON__CONFIG_UPDATE__INIT;
	struct scratch s = {NULL, 0};
	struct step root = {.s = &s, .from = from->channel_group, .to = to->channel_group};
	int rc;

	if (compute_group(&root)) {
		update.channel_id = (char *)channel_id;
		update.read_set = root.read;
		update.write_set = root.write;
		rc = chanconf_copy(&update, out, e);
	} else {
		rc = err_set(e, ORD_EINVAL,
			     "no differences detected between original and updated config");
	}
	chanconf_scratch_free(&s);
	return rc;
}

int chanconf_compute_update(const char *channel_id, const Common__Config *from,
			    const Common__Config *to, Common__ConfigUpdate **out, struct ord_err *e)
{
	Common__Config *was = NULL, *is = NULL;
	int rc;

	if (!from->channel_group)
		return err_set(e, ORD_EINVAL, "no channel group included for original config");
	if (!to->channel_group)
		return err_set(e, ORD_EINVAL, "no channel group included for updated config");
	/* Copies, because theirs come sorted. */
	if ((rc = chanconf_copy(from, &was, e)) == 0 && (rc = chanconf_copy(to, &is, e)) == 0)
		rc = compute(channel_id, was, is, out, e);
	wire_free(was);
	wire_free(is);
	return rc;
}
