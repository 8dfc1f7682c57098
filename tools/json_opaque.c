/* SPDX-License-Identifier: Apache-2.0 */
/* json_opaque: which bytes field holds which message. */
#include "json_deep_priv.h"
#include "transaction.pb-c.h"

/* ---- by place: fields that always hold the same message ------------------ */

static const struct {
	const ProtobufCMessageDescriptor *in;
	const char *field;
	const ProtobufCMessageDescriptor *holds;
} fixed[] = {
	{&common__envelope__descriptor, "payload", &common__payload__descriptor},
	{&common__header__descriptor, "channel_header", &common__channel_header__descriptor},
	{&common__header__descriptor, "signature_header", &common__signature_header__descriptor},
	{&common__signature_header__descriptor, "creator", &msp__serialized_identity__descriptor},
	{&common__block_data__descriptor, "data", &common__envelope__descriptor},
	{&common__config_update_envelope__descriptor, "config_update",
	 &common__config_update__descriptor},
	{&common__config_signature__descriptor, "signature_header",
	 &common__signature_header__descriptor},
	{&protos__transaction_action__descriptor, "header", &common__signature_header__descriptor},
	{&protos__transaction_action__descriptor, "payload",
	 &protos__chaincode_action_payload__descriptor},
	{&protos__chaincode_action_payload__descriptor, "chaincode_proposal_payload",
	 &protos__chaincode_proposal_payload__descriptor},
	{&protos__chaincode_endorsed_action__descriptor, "proposal_response_payload",
	 &protos__proposal_response_payload__descriptor},
	{&protos__proposal_response_payload__descriptor, "extension",
	 &protos__chaincode_action__descriptor},
	{&protos__chaincode_proposal_payload__descriptor, "input",
	 &protos__chaincode_invocation_spec__descriptor},
	{&protos__chaincode_action__descriptor, "results", &protos__tx_read_write_set__descriptor},
	{&protos__chaincode_action__descriptor, "events", &protos__chaincode_event__descriptor},
	{&protos__ns_read_write_set__descriptor, "rwset", &protos__kvrwset__descriptor},
};

/* ---- config values, by their name and the group they stand in ------------ */

static const struct {
	enum json_group group;
	const char *name;
	const ProtobufCMessageDescriptor *holds;
} values[] = {
	{JSON_CHANNEL, "HashingAlgorithm", &common__hashing_algorithm__descriptor},
	{JSON_CHANNEL, "BlockDataHashingStructure",
	 &common__block_data_hashing_structure__descriptor},
	{JSON_CHANNEL, "OrdererAddresses", &common__orderer_addresses__descriptor},
	{JSON_CHANNEL, "Consortium", &common__consortium__descriptor},
	{JSON_CHANNEL, "Capabilities", &common__capabilities__descriptor},
	{JSON_ORDERER, "ConsensusType", &orderer__consensus_type__descriptor},
	{JSON_ORDERER, "BatchSize", &orderer__batch_size__descriptor},
	{JSON_ORDERER, "BatchTimeout", &orderer__batch_timeout__descriptor},
	{JSON_ORDERER, "KafkaBrokers", &orderer__kafka_brokers__descriptor},
	{JSON_ORDERER, "ChannelRestrictions", &orderer__channel_restrictions__descriptor},
	{JSON_ORDERER, "Capabilities", &common__capabilities__descriptor},
	{JSON_ORDERER_ORG, "MSP", &msp__mspconfig__descriptor},
	{JSON_ORDERER_ORG, "Endpoints", &common__orderer_addresses__descriptor},
	{JSON_APPLICATION, "Capabilities", &common__capabilities__descriptor},
	{JSON_APPLICATION, "ACLs", &protos__acls__descriptor},
	{JSON_APPLICATION_ORG, "MSP", &msp__mspconfig__descriptor},
	{JSON_APPLICATION_ORG, "AnchorPeers", &protos__anchor_peers__descriptor},
	{JSON_CONSORTIUM, "ChannelCreationPolicy", &common__policy__descriptor},
	{JSON_CONSORTIUM_ORG, "MSP", &msp__mspconfig__descriptor},
};

static const ProtobufCMessageDescriptor *config_value(const struct json_place *at)
{
	for (size_t i = 0; i < UTIL_ARRAY_LEN(values); i++) {
		if (values[i].group == at->group && strcmp(values[i].name, at->key) == 0)
			return values[i].holds;
	}
	return NULL;
}

enum json_group json_child_group(enum json_group group, const char *key)
{
	switch (group) {
	case JSON_CHANNEL:
		if (strcmp(key, "Orderer") == 0)
			return JSON_ORDERER;
		if (strcmp(key, "Application") == 0)
			return JSON_APPLICATION;
		return strcmp(key, "Consortiums") == 0 ? JSON_CONSORTIUMS : JSON_NO_GROUP;
	case JSON_ORDERER:
		return JSON_ORDERER_ORG;
	case JSON_APPLICATION:
		return JSON_APPLICATION_ORG;
	case JSON_CONSORTIUMS:
		return JSON_CONSORTIUM;
	case JSON_CONSORTIUM:
		return JSON_CONSORTIUM_ORG;
	default:
		return JSON_NO_GROUP;
	}
}

/* ---- by another field of the same message -------------------------------- */

static const ProtobufCMessageDescriptor *payload_data(const Common__Payload *p)
{
	Common__ChannelHeader *h;
	int32_t type;

	if (!p->header || wire_unpack(&common__channel_header__descriptor,
				      wire_bytes(p->header->channel_header), &h, NULL) < 0)
		return NULL;
	type = h->type;
	wire_free(h);
	switch (type) {
	case WIRE_MESSAGE:
		return &common__config_value__descriptor;
	case WIRE_CONFIG:
		return &common__config_envelope__descriptor;
	case WIRE_CONFIG_UPDATE:
		return &common__config_update_envelope__descriptor;
	case WIRE_ENDORSER_TRANSACTION:
		return &protos__transaction__descriptor;
	case WIRE_ORDERER_TRANSACTION:
		return &common__envelope__descriptor;
	case WIRE_DELIVER_SEEK_INFO:
		return &orderer__seek_info__descriptor;
	default:
		return NULL;
	}
}

static const ProtobufCMessageDescriptor *policy_value(const Common__Policy *p)
{
	switch (p->type) {
	case COMMON__POLICY__POLICY_TYPE__SIGNATURE:
		return &common__signature_policy_envelope__descriptor;
	case COMMON__POLICY__POLICY_TYPE__IMPLICIT_META:
		return &common__implicit_meta_policy__descriptor;
	default:
		return NULL;
	}
}

static const ProtobufCMessageDescriptor *principal(const Msp__MSPPrincipal *p)
{
	switch (p->principal_classification) {
	case MSP__MSPPRINCIPAL__CLASSIFICATION__ROLE:
		return &msp__msprole__descriptor;
	case MSP__MSPPRINCIPAL__CLASSIFICATION__ORGANIZATION_UNIT:
		return &msp__organization_unit__descriptor;
	case MSP__MSPPRINCIPAL__CLASSIFICATION__IDENTITY:
		return &msp__serialized_identity__descriptor;
	case MSP__MSPPRINCIPAL__CLASSIFICATION__ANONYMITY:
		return &msp__mspidentity_anonymity__descriptor;
	case MSP__MSPPRINCIPAL__CLASSIFICATION__COMBINED:
		return &msp__combined_principal__descriptor;
	default:
		return NULL;
	}
}

static const ProtobufCMessageDescriptor *msp_config(const Msp__MSPConfig *c)
{
	if (c->type == 0)
		return &msp__fabric_mspconfig__descriptor;
	return c->type == 1 ? &msp__idemix_mspconfig__descriptor : NULL;
}

static const ProtobufCMessageDescriptor *consensus_metadata(const Orderer__ConsensusType *c)
{
	if (strcmp(c->type, "kafka") == 0)
		return &orderer__kafka_config_metadata__descriptor;
	return strcmp(c->type, "etcdraft") == 0 ? &etcdraft__config_metadata__descriptor : NULL;
}

const ProtobufCMessageDescriptor *json_opaque(const ProtobufCMessage *msg,
					      const ProtobufCFieldDescriptor *f,
					      const struct json_place *at)
{
	const ProtobufCMessageDescriptor *d = msg->descriptor;

	for (size_t i = 0; i < UTIL_ARRAY_LEN(fixed); i++) {
		if (fixed[i].in == d && strcmp(fixed[i].field, f->name) == 0)
			return fixed[i].holds;
	}
	if (d == &common__config_value__descriptor)
		return config_value(at);
	if (d == &common__payload__descriptor)
		return payload_data((const Common__Payload *)msg);
	if (d == &common__policy__descriptor)
		return policy_value((const Common__Policy *)msg);
	if (d == &msp__mspprincipal__descriptor)
		return principal((const Msp__MSPPrincipal *)msg);
	if (d == &msp__mspconfig__descriptor)
		return msp_config((const Msp__MSPConfig *)msg);
	if (d == &orderer__consensus_type__descriptor)
		return consensus_metadata((const Orderer__ConsensusType *)msg);
	return NULL;
}

/* ---- what can be shown --------------------------------------------------- */

/* Keys of the state: text with any character in it. */
bool json_is_text(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f)
{
	const ProtobufCMessageDescriptor *d = msg->descriptor;

	if (d == &protos__range_query_info__descriptor)
		return true;
	return strcmp(f->name, "key") == 0 &&
	       (d == &protos__kvread__descriptor || d == &protos__kvwrite__descriptor ||
		d == &protos__kvmetadata_write__descriptor);
}

static bool field_whole(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f)
{
	bool list = f->label == PROTOBUF_C_LABEL_REPEATED;
	size_t n = list ? *(const size_t *)json_member(msg, f->quantifier_offset) : 1;
	const char *at = json_member(msg, f->offset);

	if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && !json_in_oneof(msg, f))
		return true;
	if (list)
		at = *(const char *const *)at;
	for (size_t i = 0; i < n; i++, at += json_size_of(f->type)) {
		if (f->type == PROTOBUF_C_TYPE_BYTES && json_is_text(msg, f) &&
		    !utf8_valid(wire_bytes(*(const ProtobufCBinaryData *)at)))
			return false;
		if (f->type == PROTOBUF_C_TYPE_MESSAGE && *(ProtobufCMessage *const *)at &&
		    !json_whole(*(ProtobufCMessage *const *)at))
			return false;
	}
	return true;
}

bool json_whole(const ProtobufCMessage *msg)
{
	for (unsigned i = 0; i < msg->descriptor->n_fields; i++) {
		if (!field_whole(msg, &msg->descriptor->fields[i]))
			return false;
	}
	return msg->n_unknown_fields == 0;
}

const ProtobufCMessageDescriptor *json_config_value(const char *const *groups, size_t n,
						    const char *key)
{
	struct json_place at = {JSON_CHANNEL, key, 0};

	for (size_t i = 0; i < n; i++)
		at.group = json_child_group(at.group, groups[i]);
	return config_value(&at);
}
