/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations from golden blocks, and ways to spoil them. */
#ifndef CHANCONF_TEST_H
#define CHANCONF_TEST_H

#include "../blocks.h"
#include <chanconf/chanconf.h>

/* The configuration in a config block. */
static inline Common__Config *block_config(const struct ord_block *b)
{
	struct ord_env *env = block_config_env(b);
	Common__ConfigEnvelope *ce = NULL;
	struct ord_err e = ERR_INIT;
	Common__Config *config;

	assert_non_null(env);
	test_ok(wire_unpack(&common__config_envelope__descriptor, env->data, &ce, &e), &e);
	config = ce->config;
	ce->config = NULL;
	wire_free(ce);
	env_unref(env);
	return config;
}

static inline Common__Config *golden_config(const char *name)
{
	struct ord_block *b = test_block("blocks/%s", name);
	Common__Config *config = block_config(b);

	block_unref(b);
	return config;
}

/* The CONFIG message that brings @ce. */
static inline struct ord_env *config_message(const char *channel_id,
					     const Common__ConfigEnvelope *ce)
{
	struct wire_header_spec h = {.type = WIRE_CONFIG, .channel_id = channel_id};

	return env_unsigned_msg(&h, ce);
}

/* The group at "Orderer/OrdererOrg"; "" is the root. */
static inline Common__ConfigGroup *group_at(Common__Config *c, const char *path)
{
	Common__ConfigGroup *g = c->channel_group;

	while (*path) {
		size_t n = strcspn(path, "/"), i = 0;

		while (i < g->n_groups &&
		       (strlen(g->groups[i]->key) != n || memcmp(g->groups[i]->key, path, n) != 0))
			i++;
		if (i == g->n_groups)
			fail_msg("no group %s", path);
		g = g->groups[i]->value;
		path += n + (path[n] == '/');
	}
	return g;
}

static inline Common__ConfigGroup *add_group(Common__ConfigGroup *g, const char *key)
{
	Common__ConfigGroup__GroupsEntry *entry = x_alloc(sizeof(*entry));

	common__config_group__groups_entry__init(entry);
	entry->key = x_strdup(key);
	entry->value = x_alloc(sizeof(*entry->value));
	common__config_group__init(entry->value);
	g->groups = x_realloc(g->groups, (g->n_groups + 1) * sizeof(entry));
	g->groups[g->n_groups++] = entry;
	return entry->value;
}

static inline void drop_group(Common__ConfigGroup *g, const char *key)
{
	for (size_t i = 0; i < g->n_groups; i++)
		if (strcmp(g->groups[i]->key, key) == 0) {
			wire_free(g->groups[i]);
			g->groups[i] = g->groups[--g->n_groups];
			return;
		}
	fail_msg("no group %s", key);
}

static inline void drop_value(Common__ConfigGroup *g, const char *key)
{
	for (size_t i = 0; i < g->n_values; i++)
		if (strcmp(g->values[i]->key, key) == 0) {
			wire_free(g->values[i]);
			g->values[i] = g->values[--g->n_values];
			return;
		}
	fail_msg("no value %s", key);
}

static inline struct ord_bytes value_bytes(const Common__ConfigGroup *g, const char *key)
{
	for (size_t i = 0; i < g->n_values; i++)
		if (strcmp(g->values[i]->key, key) == 0)
			return wire_bytes(g->values[i]->value->value);
	fail_msg("no value %s", key);
	return bytes_of(NULL, 0);
}

static inline void put_bytes(Common__ConfigGroup *g, const char *key, struct ord_bytes value)
{
	Common__ConfigGroup__ValuesEntry *entry = NULL;
	struct buf copy = BUF_INIT;

	for (size_t i = 0; i < g->n_values; i++)
		if (strcmp(g->values[i]->key, key) == 0)
			entry = g->values[i];
	if (!entry) {
		entry = x_alloc(sizeof(*entry));
		common__config_group__values_entry__init(entry);
		entry->key = x_strdup(key);
		entry->value = x_alloc(sizeof(*entry->value));
		common__config_value__init(entry->value);
		g->values = x_realloc(g->values, (g->n_values + 1) * sizeof(entry));
		g->values[g->n_values++] = entry;
	}
	free(entry->value->value.data);
	buf_add_bytes(&copy, value);
	entry->value->value = wire_binary(buf_bytes(&copy));
}

static inline void put_value(Common__ConfigGroup *g, const char *key, const void *msg)
{
	struct buf b = BUF_INIT;

	wire_pack(msg, &b);
	put_bytes(g, key, buf_bytes(&b));
	buf_fini(&b);
}

/* Capabilities of these names, which end with NULL. */
static inline void put_capabilities(Common__ConfigGroup *g, const char *const *names)
{
	Common__Capabilities msg = COMMON__CAPABILITIES__INIT;
	Common__Capability empty = COMMON__CAPABILITY__INIT;
	Common__Capabilities__CapabilitiesEntry entries[8], *list[8];

	for (; names[msg.n_capabilities]; msg.n_capabilities++) {
		list[msg.n_capabilities] = &entries[msg.n_capabilities];
		common__capabilities__capabilities_entry__init(list[msg.n_capabilities]);
		list[msg.n_capabilities]->key = (char *)names[msg.n_capabilities];
		list[msg.n_capabilities]->value = &empty;
	}
	msg.capabilities = list;
	put_value(g, "Capabilities", &msg);
}

#endif /* CHANCONF_TEST_H */
