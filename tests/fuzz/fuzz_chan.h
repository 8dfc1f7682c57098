/* SPDX-License-Identifier: Apache-2.0 */
/* Two channels for fuzzers, one of applications and a system channel, which let anybody do
 * anything, so that updates get as far as they can. */
#ifndef FUZZ_CHAN_H
#define FUZZ_CHAN_H

#include "fuzz.h"
#include <chanconf/chanconf.h>
#include <stdlib.h>

static inline Common__ConfigGroup *fuzz_group(Common__ConfigGroup *in, const char *key)
{
	Common__ConfigGroup__GroupsEntry *entry = x_alloc(sizeof(*entry));

	common__config_group__groups_entry__init(entry);
	entry->key = x_strdup(key);
	entry->value = x_alloc(sizeof(*entry->value));
	common__config_group__init(entry->value);
	in->groups = x_realloc(in->groups, (in->n_groups + 1) * sizeof(entry));
	in->groups[in->n_groups++] = entry;
	return entry->value;
}

static inline ProtobufCBinaryData fuzz_packed(const void *msg)
{
	struct buf b = BUF_INIT;

	wire_pack(msg, &b);
	return wire_binary(buf_bytes(&b));
}

static inline void fuzz_value(Common__ConfigGroup *in, const char *key, const void *msg)
{
	Common__ConfigGroup__ValuesEntry *entry = x_alloc(sizeof(*entry));

	common__config_group__values_entry__init(entry);
	entry->key = x_strdup(key);
	entry->value = x_alloc(sizeof(*entry->value));
	common__config_value__init(entry->value);
	entry->value->mod_policy = x_strdup("Admins");
	entry->value->value = fuzz_packed(msg);
	in->values = x_realloc(in->values, (in->n_values + 1) * sizeof(entry));
	in->values[in->n_values++] = entry;
}

/* A policy that is satisfied by nobody's signature. */
static inline Common__Policy *fuzz_anybody(void)
{
	Common__SignaturePolicyEnvelope env = COMMON__SIGNATURE_POLICY_ENVELOPE__INIT;
	Common__SignaturePolicy rule = COMMON__SIGNATURE_POLICY__INIT;
	Common__SignaturePolicy__NOutOf none = COMMON__SIGNATURE_POLICY__NOUT_OF__INIT;
	Common__Policy *p = x_alloc(sizeof(*p));

	rule.type_case = COMMON__SIGNATURE_POLICY__TYPE_N_OUT_OF;
	rule.n_out_of = &none;
	env.rule = &rule;
	common__policy__init(p);
	p->type = COMMON__POLICY__POLICY_TYPE__SIGNATURE;
	p->value = fuzz_packed(&env);
	return p;
}

static inline void fuzz_admins(Common__ConfigGroup *in)
{
	Common__ConfigGroup__PoliciesEntry *entry = x_alloc(sizeof(*entry));

	common__config_group__policies_entry__init(entry);
	entry->key = x_strdup("Admins");
	entry->value = x_alloc(sizeof(*entry->value));
	common__config_policy__init(entry->value);
	entry->value->mod_policy = x_strdup("Admins");
	entry->value->policy = fuzz_anybody();
	in->mod_policy = x_strdup("Admins");
	in->policies = x_alloc(sizeof(entry));
	in->policies[in->n_policies++] = entry;
}

static inline void fuzz_orderer(Common__ConfigGroup *g)
{
	Orderer__BatchSize size = ORDERER__BATCH_SIZE__INIT;
	Orderer__BatchTimeout timeout = ORDERER__BATCH_TIMEOUT__INIT;
	Orderer__ConsensusType type = ORDERER__CONSENSUS_TYPE__INIT;
	Common__Capabilities caps = COMMON__CAPABILITIES__INIT;
	Common__Capabilities__CapabilitiesEntry v2 = COMMON__CAPABILITIES__CAPABILITIES_ENTRY__INIT;
	Common__Capabilities__CapabilitiesEntry *list = &v2;

	size.max_message_count = size.absolute_max_bytes = size.preferred_max_bytes = 10;
	timeout.timeout = "2s";
	type.type = "solo";
	v2.key = "V2_0";
	caps.n_capabilities = 1;
	caps.capabilities = &list;
	fuzz_value(g, "BatchSize", &size);
	fuzz_value(g, "BatchTimeout", &timeout);
	fuzz_value(g, "ConsensusType", &type);
	fuzz_value(g, "Capabilities", &caps);
	fuzz_admins(g);
}

static inline struct chanconf *fuzz_channel(const char *channel_id, bool system)
{
	Common__HashingAlgorithm hash = COMMON__HASHING_ALGORITHM__INIT;
	Common__BlockDataHashingStructure width = COMMON__BLOCK_DATA_HASHING_STRUCTURE__INIT;
	Common__OrdererAddresses addresses = COMMON__ORDERER_ADDRESSES__INIT;
	Common__Config *config = x_alloc(sizeof(*config));
	Common__ConfigGroup *root = x_alloc(sizeof(*root)), *consortium;
	char *address = "a:1";
	struct chanconf *c = NULL;
	struct ord_err e = ERR_INIT;

	common__config__init(config);
	common__config_group__init(root);
	config->channel_group = root;
	hash.name = "SHA256";
	width.width = UINT32_MAX;
	addresses.n_addresses = 1;
	addresses.addresses = &address;
	fuzz_value(root, "HashingAlgorithm", &hash);
	fuzz_value(root, "BlockDataHashingStructure", &width);
	fuzz_value(root, "OrdererAddresses", &addresses);
	fuzz_admins(root);
	fuzz_orderer(fuzz_group(root, "Orderer"));
	if (system) {
		Common__Policy *anybody = fuzz_anybody();

		consortium = fuzz_group(fuzz_group(root, "Consortiums"), "C");
		fuzz_value(consortium, "ChannelCreationPolicy", anybody);
		wire_free(anybody);
	} else {
		fuzz_admins(fuzz_group(root, "Application"));
	}
	log_set_spec("fatal", &e);
	util_assert(chanconf_new(channel_id, config, &c, &e) == 0);
	wire_free(config);
	return c;
}

/* Made at the first call, freed at the end. */
static struct chanconf *fuzz_application, *fuzz_system;

static void fuzz_drop_channels(void)
{
	chanconf_unref(fuzz_application);
	chanconf_unref(fuzz_system);
}

static inline void fuzz_make_channels(void)
{
	if (fuzz_application)
		return;
	fuzz_application = fuzz_channel("fuzz", false);
	fuzz_system = fuzz_channel("system", true);
	atexit(fuzz_drop_channels);
}

/* A message without signatures. */
static inline struct ord_env *fuzz_message(int32_t type, const char *channel_id,
					   struct ord_bytes data)
{
	struct wire_header_spec h = {.type = type, .channel_id = channel_id};

	return env_unsigned(&h, data);
}

#endif /* FUZZ_CHAN_H */
