/* SPDX-License-Identifier: Apache-2.0 */
/* json_deep: every message that is known, under Fabric's name for it. */
#include "json_deep_priv.h"
#include "transaction.pb-c.h"

static const struct {
	const char *name;
	const ProtobufCMessageDescriptor *d;
} types[] = {
	/* common.proto */
	{"google.protobuf.Timestamp", &common__timestamp__descriptor},
	{"common.Envelope", &common__envelope__descriptor},
	{"common.Payload", &common__payload__descriptor},
	{"common.Header", &common__header__descriptor},
	{"common.ChannelHeader", &common__channel_header__descriptor},
	{"common.SignatureHeader", &common__signature_header__descriptor},
	{"common.Block", &common__block__descriptor},
	{"common.BlockHeader", &common__block_header__descriptor},
	{"common.BlockData", &common__block_data__descriptor},
	{"common.BlockMetadata", &common__block_metadata__descriptor},
	{"common.Metadata", &common__metadata__descriptor},
	{"common.MetadataSignature", &common__metadata_signature__descriptor},
	{"common.LastConfig", &common__last_config__descriptor},
	{"common.OrdererBlockMetadata", &common__orderer_block_metadata__descriptor},
	{"common.BlockchainInfo", &common__blockchain_info__descriptor},
	/* configtx.proto */
	{"common.ConfigEnvelope", &common__config_envelope__descriptor},
	{"common.Config", &common__config__descriptor},
	{"common.ConfigUpdateEnvelope", &common__config_update_envelope__descriptor},
	{"common.ConfigUpdate", &common__config_update__descriptor},
	{"common.ConfigGroup", &common__config_group__descriptor},
	{"common.ConfigValue", &common__config_value__descriptor},
	{"common.ConfigPolicy", &common__config_policy__descriptor},
	{"common.ConfigSignature", &common__config_signature__descriptor},
	{"common.HashingAlgorithm", &common__hashing_algorithm__descriptor},
	{"common.BlockDataHashingStructure", &common__block_data_hashing_structure__descriptor},
	{"common.OrdererAddresses", &common__orderer_addresses__descriptor},
	{"common.Consortium", &common__consortium__descriptor},
	{"common.Capabilities", &common__capabilities__descriptor},
	{"common.Capability", &common__capability__descriptor},
	{"common.Policy", &common__policy__descriptor},
	{"common.SignaturePolicyEnvelope", &common__signature_policy_envelope__descriptor},
	{"common.SignaturePolicy", &common__signature_policy__descriptor},
	{"common.ImplicitMetaPolicy", &common__implicit_meta_policy__descriptor},
	/* etcdraft.proto */
	{"etcdraft.ConfigMetadata", &etcdraft__config_metadata__descriptor},
	{"etcdraft.Consenter", &etcdraft__consenter__descriptor},
	{"etcdraft.Options", &etcdraft__options__descriptor},
	{"etcdraft.BlockMetadata", &etcdraft__block_metadata__descriptor},
	{"etcdraft.ClusterMetadata", &etcdraft__cluster_metadata__descriptor},
	/* kafka.proto */
	{"orderer.KafkaMessage", &orderer__kafka_message__descriptor},
	{"orderer.KafkaMessageRegular", &orderer__kafka_message_regular__descriptor},
	{"orderer.KafkaMessageTimeToCut", &orderer__kafka_message_time_to_cut__descriptor},
	{"orderer.KafkaMessageConnect", &orderer__kafka_message_connect__descriptor},
	{"orderer.KafkaMetadata", &orderer__kafka_metadata__descriptor},
	{"orderer.KafkaConfigMetadata", &orderer__kafka_config_metadata__descriptor},
	/* msp.proto */
	{"msp.SerializedIdentity", &msp__serialized_identity__descriptor},
	{"msp.SerializedIdemixIdentity", &msp__serialized_idemix_identity__descriptor},
	{"msp.MSPConfig", &msp__mspconfig__descriptor},
	{"msp.FabricMSPConfig", &msp__fabric_mspconfig__descriptor},
	{"msp.FabricCryptoConfig", &msp__fabric_crypto_config__descriptor},
	{"msp.SigningIdentityInfo", &msp__signing_identity_info__descriptor},
	{"msp.KeyInfo", &msp__key_info__descriptor},
	{"msp.FabricOUIdentifier", &msp__fabric_ouidentifier__descriptor},
	{"msp.FabricNodeOUs", &msp__fabric_node_ous__descriptor},
	{"msp.IdemixMSPConfig", &msp__idemix_mspconfig__descriptor},
	{"msp.IdemixMSPSignerConfig", &msp__idemix_mspsigner_config__descriptor},
	{"common.MSPPrincipal", &msp__mspprincipal__descriptor},
	{"common.MSPRole", &msp__msprole__descriptor},
	{"common.OrganizationUnit", &msp__organization_unit__descriptor},
	{"common.MSPIdentityAnonymity", &msp__mspidentity_anonymity__descriptor},
	{"common.CombinedPrincipal", &msp__combined_principal__descriptor},
	/* orderer.proto */
	{"orderer.BroadcastResponse", &orderer__broadcast_response__descriptor},
	{"orderer.SeekNewest", &orderer__seek_newest__descriptor},
	{"orderer.SeekOldest", &orderer__seek_oldest__descriptor},
	{"orderer.SeekSpecified", &orderer__seek_specified__descriptor},
	{"orderer.SeekNextCommit", &orderer__seek_next_commit__descriptor},
	{"orderer.SeekPosition", &orderer__seek_position__descriptor},
	{"orderer.SeekInfo", &orderer__seek_info__descriptor},
	{"orderer.DeliverResponse", &orderer__deliver_response__descriptor},
	{"orderer.ConsensusType", &orderer__consensus_type__descriptor},
	{"orderer.BatchSize", &orderer__batch_size__descriptor},
	{"orderer.BatchTimeout", &orderer__batch_timeout__descriptor},
	{"orderer.KafkaBrokers", &orderer__kafka_brokers__descriptor},
	{"orderer.ChannelRestrictions", &orderer__channel_restrictions__descriptor},
	{"orderer.StepRequest", &orderer__step_request__descriptor},
	{"orderer.StepResponse", &orderer__step_response__descriptor},
	{"orderer.ConsensusRequest", &orderer__consensus_request__descriptor},
	{"orderer.SubmitRequest", &orderer__submit_request__descriptor},
	{"orderer.SubmitResponse", &orderer__submit_response__descriptor},
	/* peer.proto */
	{"protos.AnchorPeers", &protos__anchor_peers__descriptor},
	{"protos.AnchorPeer", &protos__anchor_peer__descriptor},
	{"protos.ACLs", &protos__acls__descriptor},
	{"protos.APIResource", &protos__apiresource__descriptor},
	/* transaction.proto */
	{"protos.Transaction", &protos__transaction__descriptor},
	{"protos.TransactionAction", &protos__transaction_action__descriptor},
	{"protos.ChaincodeActionPayload", &protos__chaincode_action_payload__descriptor},
	{"protos.ChaincodeEndorsedAction", &protos__chaincode_endorsed_action__descriptor},
	{"protos.Endorsement", &protos__endorsement__descriptor},
	{"protos.ProposalResponsePayload", &protos__proposal_response_payload__descriptor},
	{"protos.ChaincodeProposalPayload", &protos__chaincode_proposal_payload__descriptor},
	{"protos.ChaincodeInvocationSpec", &protos__chaincode_invocation_spec__descriptor},
	{"protos.ChaincodeSpec", &protos__chaincode_spec__descriptor},
	{"protos.ChaincodeID", &protos__chaincode_id__descriptor},
	{"protos.ChaincodeInput", &protos__chaincode_input__descriptor},
	{"protos.ChaincodeAction", &protos__chaincode_action__descriptor},
	{"protos.Response", &protos__response__descriptor},
	{"protos.ChaincodeEvent", &protos__chaincode_event__descriptor},
	{"rwset.TxReadWriteSet", &protos__tx_read_write_set__descriptor},
	{"rwset.NsReadWriteSet", &protos__ns_read_write_set__descriptor},
	{"rwset.CollectionHashedReadWriteSet",
	 &protos__collection_hashed_read_write_set__descriptor},
	{"kvrwset.KVRWSet", &protos__kvrwset__descriptor},
	{"kvrwset.KVRead", &protos__kvread__descriptor},
	{"kvrwset.KVWrite", &protos__kvwrite__descriptor},
	{"kvrwset.KVMetadataWrite", &protos__kvmetadata_write__descriptor},
	{"kvrwset.KVMetadataEntry", &protos__kvmetadata_entry__descriptor},
	{"kvrwset.Version", &protos__version__descriptor},
	{"kvrwset.RangeQueryInfo", &protos__range_query_info__descriptor},
	{"kvrwset.QueryReads", &protos__query_reads__descriptor},
	{"kvrwset.QueryReadsMerkleSummary", &protos__query_reads_merkle_summary__descriptor},
};

int json_deep_type(const char *name, const ProtobufCMessageDescriptor **out, struct ord_err *e)
{
	const char *names[UTIL_ARRAY_LEN(types) + 1], *nearest;

	for (size_t i = 0; i < UTIL_ARRAY_LEN(types); i++) {
		names[i] = types[i].name;
		if (strcmp(types[i].name, name) == 0) {
			*out = types[i].d;
			return 0;
		}
	}
	names[UTIL_ARRAY_LEN(types)] = NULL;
	nearest = err_nearest(name, names);
	if (nearest)
		return err_set(e, ORD_EINVAL,
			       "--type %s: no such message is known: did you mean %s?", name,
			       nearest);
	return err_set(e, ORD_EINVAL, "--type %s: no such message is known", name);
}
