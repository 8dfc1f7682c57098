/* SPDX-License-Identifier: Apache-2.0 */
/* chanconf, inside: the decoded values of each group, and the steps that build a chanconf. */
#ifndef CHANCONF_PRIV_H
#define CHANCONF_PRIV_H

#include "chanconf.h"

/* Group and value keys that more than one file looks at. */
#define KEY_ORDERER      "Orderer"
#define KEY_APPLICATION  "Application"
#define KEY_CONSORTIUMS  "Consortiums"
#define KEY_CAPABILITIES "Capabilities"

/* The values of a group, each decoded; a value that the group does not hold is the empty message.
 */
struct values_channel {
	Common__HashingAlgorithm *hashing_algorithm;
	Common__BlockDataHashingStructure *block_data_hashing_structure;
	Common__OrdererAddresses *orderer_addresses;
	Common__Consortium *consortium;
	Common__Capabilities *capabilities;
};
struct values_orderer {
	Orderer__ConsensusType *consensus_type;
	Orderer__BatchSize *batch_size;
	Orderer__BatchTimeout *batch_timeout;
	Orderer__KafkaBrokers *kafka_brokers;
	Orderer__ChannelRestrictions *channel_restrictions;
	Common__Capabilities *capabilities;
};
struct values_application {
	Protos__ACLs *acls;
	Common__Capabilities *capabilities;
};
struct values_consortium {
	Common__Policy *channel_creation_policy;
};
struct values_org {
	Msp__MSPConfig *msp;
	Common__OrdererAddresses *endpoints; /* orderer orgs */
	Protos__AnchorPeers *anchor_peers;   /* application orgs */
};

/* Which keys a group may hold, and where in its struct they go; ends with key == NULL. */
struct value_key {
	const char *key;
	const ProtobufCMessageDescriptor *type;
	size_t offset;
};
extern const struct value_key chanconf_channel_keys[], chanconf_orderer_keys[],
	chanconf_application_keys[], chanconf_consortium_keys[], chanconf_orderer_org_keys[],
	chanconf_application_org_keys[], chanconf_consortium_org_keys[];

/* Decode the values of @group into @values, which is zeroed before; free in either case.
 * Errors: ORD_EINVAL "failed to deserialize values: Unexpected key %s". */
int chanconf_values_read(const struct value_key *keys, const Common__ConfigGroup *group,
			 void *values, struct ord_err *e);
void chanconf_values_free(const struct value_key *keys, void *values);

/* The checks of spec 4.1, in Fabric's order. */
int chanconf_values_check_channel(const struct values_channel *v, bool need_addresses,
				  struct ord_err *e);
int chanconf_values_check_orderer(const struct values_orderer *v, int64_t *batch_timeout_ns,
				  struct ord_err *e);

struct chanconf_priv {
	struct values_channel channel;
	struct values_orderer orderer;         /* NULLs without an Orderer group */
	struct values_application application; /* NULLs without an Application group */
};

/* caps.c */
void chanconf_caps_channel(struct chanconf_caps *caps, const Common__Capabilities *required);
void chanconf_caps_orderer(struct chanconf_caps *caps, const Common__Capabilities *required);
bool chanconf_caps_allow_acls(const Common__Capabilities *application);
/* Errors: ORD_ENOTSUP "Channel capability %s is required but not supported". */
int chanconf_caps_check_channel(const Common__Capabilities *required, struct ord_err *e);
int chanconf_caps_check_orderer(const Common__Capabilities *required, struct ord_err *e);

/* groups.c: decode and check the whole tree below @c->config. */
int chanconf_groups_build(struct chanconf *c, struct ord_err *e);
/* The group or value of that key; NULL when there is none. */
const Common__ConfigGroup *chanconf_group_find(const Common__ConfigGroup *in, const char *key);
bool chanconf_group_has_value(const Common__ConfigGroup *in, const char *key);

/* names.c: every key of the tree is legal.
 * Errors: ORD_EINVAL "error converting config to map: Illegal characters in key: %s". */
int chanconf_names_check(const Common__ConfigGroup *root, struct ord_err *e);

#endif /* CHANCONF_PRIV_H */
