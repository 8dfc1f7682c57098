/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration values: which key holds which message, and what each must say (spec 4.1). */
#include "chanconf_priv.h"
#include <stdlib.h>

#define VALUE(group, field, key, type)                                           \
	{                                                                        \
		key, &type##__descriptor, offsetof(struct values_##group, field) \
	}
#define END                   \
	{                     \
		NULL, NULL, 0 \
	}

const struct value_key chanconf_channel_keys[] = {
	VALUE(channel, hashing_algorithm, "HashingAlgorithm", common__hashing_algorithm),
	VALUE(channel, block_data_hashing_structure, "BlockDataHashingStructure",
	      common__block_data_hashing_structure),
	VALUE(channel, orderer_addresses, "OrdererAddresses", common__orderer_addresses),
	VALUE(channel, consortium, "Consortium", common__consortium),
	VALUE(channel, capabilities, KEY_CAPABILITIES, common__capabilities),
	END,
};
const struct value_key chanconf_orderer_keys[] = {
	VALUE(orderer, consensus_type, "ConsensusType", orderer__consensus_type),
	VALUE(orderer, batch_size, "BatchSize", orderer__batch_size),
	VALUE(orderer, batch_timeout, "BatchTimeout", orderer__batch_timeout),
	VALUE(orderer, kafka_brokers, "KafkaBrokers", orderer__kafka_brokers),
	VALUE(orderer, channel_restrictions, "ChannelRestrictions", orderer__channel_restrictions),
	VALUE(orderer, capabilities, KEY_CAPABILITIES, common__capabilities),
	END,
};
const struct value_key chanconf_application_keys[] = {
	VALUE(application, acls, "ACLs", protos__acls),
	VALUE(application, capabilities, KEY_CAPABILITIES, common__capabilities),
	END,
};
const struct value_key chanconf_consortium_keys[] = {
	VALUE(consortium, channel_creation_policy, "ChannelCreationPolicy", common__policy),
	END,
};
const struct value_key chanconf_orderer_org_keys[] = {
	VALUE(org, msp, "MSP", msp__mspconfig),
	VALUE(org, endpoints, "Endpoints", common__orderer_addresses),
	END,
};
const struct value_key chanconf_application_org_keys[] = {
	VALUE(org, msp, "MSP", msp__mspconfig),
	VALUE(org, anchor_peers, "AnchorPeers", protos__anchor_peers),
	END,
};
const struct value_key chanconf_consortium_org_keys[] = {
	VALUE(org, msp, "MSP", msp__mspconfig),
	END,
};

/* ---- reading ------------------------------------------------------------- */

static void **slot_of(const struct value_key *key, void *values)
{
	return (void **)((char *)values + key->offset);
}

static int read_value(const struct value_key *keys, const Common__ConfigGroup__ValuesEntry *entry,
		      void *values, struct ord_err *e)
{
	void **slot;

	while (keys->key && strcmp(keys->key, entry->key) != 0)
		keys++;
	if (!keys->key)
		return err_set(e, ORD_EINVAL, "Unexpected key %s", entry->key);
	slot = slot_of(keys, values);
	if (wire_unpack(keys->type, wire_bytes(entry->value->value), slot, e) < 0)
		return err_wrap(e, "%s", entry->key);
	return 0;
}

int chanconf_values_read(const struct value_key *keys, const Common__ConfigGroup *group,
			 void *values, struct ord_err *e)
{
	const struct ord_bytes nothing = {NULL, 0};

	for (size_t i = 0; i < group->n_values; i++)
		if (read_value(keys, group->values[i], values, e) < 0)
			return err_wrap(e, "failed to deserialize values");
	for (; keys->key; keys++) {
		void **slot = slot_of(keys, values);

		if (!*slot && wire_unpack(keys->type, nothing, slot, e) < 0)
			return err_wrap(e, "%s", keys->key);
	}
	return 0;
}

void chanconf_values_free(const struct value_key *keys, void *values)
{
	for (; keys->key; keys++)
		wire_free(*slot_of(keys, values));
}

/* ---- /Channel ------------------------------------------------------------ */

int chanconf_values_check_channel(const struct values_channel *v, bool need_addresses,
				  struct ord_err *e)
{
	const char *hash = v->hashing_algorithm->name;

	if (strcmp(hash, "SHA256") != 0 && strcmp(hash, "SHA3_256") != 0)
		return err_set(e, ORD_EINVAL, "Unknown hashing algorithm type: %s", hash);
	if (v->block_data_hashing_structure->width != UINT32_MAX)
		return err_set(e, ORD_EINVAL,
			       "BlockDataHashStructure width only supported at MaxUint32 in this "
			       "version");
	if (need_addresses && v->orderer_addresses->n_addresses == 0)
		return err_set(e, ORD_EINVAL, "Must set some OrdererAddresses");
	return 0;
}

/* ---- /Channel/Orderer ---------------------------------------------------- */

static int check_batch_size(const Orderer__BatchSize *b, struct ord_err *e)
{
	if (b->max_message_count == 0)
		return err_set(e, ORD_EINVAL,
			       "Attempted to set the batch size max message count to an invalid "
			       "value: 0");
	if (b->absolute_max_bytes == 0)
		return err_set(e, ORD_EINVAL,
			       "Attempted to set the batch size absolute max bytes to an invalid "
			       "value: 0");
	if (b->preferred_max_bytes == 0)
		return err_set(e, ORD_EINVAL,
			       "Attempted to set the batch size preferred max bytes to an invalid "
			       "value: 0");
	if (b->preferred_max_bytes > b->absolute_max_bytes)
		return err_set(e, ORD_EINVAL,
			       "Attempted to set the batch size preferred max bytes (%u) greater "
			       "than the absolute max bytes (%u).",
			       b->preferred_max_bytes, b->absolute_max_bytes);
	return 0;
}

static int check_batch_timeout(const Orderer__BatchTimeout *b, int64_t *ns, struct ord_err *e)
{
	struct buf text = BUF_INIT;

	if (duration_parse(b->timeout, ns, e) < 0)
		return err_wrap(e, "Attempted to set the batch timeout to a invalid value: time");
	if (*ns > 0)
		return 0;
	duration_format(&text, *ns);
	err_set(e, ORD_EINVAL, "Attempted to set the batch timeout to a non-positive value: %s",
		buf_cstr(&text));
	buf_fini(&text);
	return ORD_EINVAL;
}

/* host:port; letters, digits, dots and dashes, neither of the last two at an end.  An empty host
 * is let through, as Fabric does. */
static bool is_broker(const char *s)
{
	const char *colon = strchr(s, ':');
	uint64_t port;

	if (!colon || !decimal_parse(bytes_str(colon + 1), UINT16_MAX, &port))
		return false;
	for (const char *c = s; c < colon; c++)
		if (!ascii_is_alnum(*c) && *c != '.' && *c != '-')
			return false;
	return colon == s || (ascii_is_alnum(s[0]) && ascii_is_alnum(colon[-1]));
}

int chanconf_values_check_orderer(const struct values_orderer *v, int64_t *batch_timeout_ns,
				  struct ord_err *e)
{
	const Orderer__KafkaBrokers *kafka = v->kafka_brokers;

	if (check_batch_size(v->batch_size, e) < 0 ||
	    check_batch_timeout(v->batch_timeout, batch_timeout_ns, e) < 0)
		return ORD_EINVAL;
	for (size_t i = 0; i < kafka->n_brokers; i++)
		if (!is_broker(kafka->brokers[i]))
			return err_set(e, ORD_EINVAL, "Invalid broker entry: %s",
				       kafka->brokers[i]);
	return 0;
}
