/* SPDX-License-Identifier: Apache-2.0 */
/* chanconf, inside: the decoded values of each group, and the steps that build a chanconf. */
#ifndef CHANCONF_PRIV_H
#define CHANCONF_PRIV_H

#include "chanconf.h"
#include <inttypes.h>

/* Group, value and policy keys that more than one file looks at. */
#define KEY_CHANNEL      "Channel"
#define KEY_ORDERER      "Orderer"
#define KEY_APPLICATION  "Application"
#define KEY_CONSORTIUMS  "Consortiums"
#define KEY_CAPABILITIES "Capabilities"
#define KEY_CONSORTIUM   "Consortium"
#define KEY_ADMINS       "Admins"

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

/* chanconf.c: as chanconf_new(), but @take belongs to the chanconf, also on failure. */
int chanconf_adopt(const char *channel_id, Common__Config *take, struct chanconf **out,
		   struct ord_err *e);
/* Decode what a CONFIG envelope holds; free with wire_free(). */
int chanconf_open_config(const struct ord_env *env, Common__ConfigEnvelope **out,
			 struct ord_err *e);
/* Errors: ORD_EINVAL "config does not contain orderer config". */
int chanconf_need_orderer(const struct chanconf *c, struct ord_err *e);
/* A copy of message @msg, to be freed with wire_free().  @out is the address of a pointer to one.
 */
int chanconf_copy(const void *msg, void *out, struct ord_err *e);

/* groups.c: decode and check the whole tree below @c->config. */
int chanconf_groups_build(struct chanconf *c, struct ord_err *e);

/* find.c: what group @in (may be NULL) holds under that key; NULL when it holds nothing.  Groups
 * are sorted, as wire_unpack() leaves them. */
const Common__ConfigGroup *chanconf_find_group(const Common__ConfigGroup *in, const char *key);
const Common__ConfigValue *chanconf_find_value(const Common__ConfigGroup *in, const char *key);
const Common__ConfigPolicy *chanconf_find_policy(const Common__ConfigGroup *in, const char *key);

/* names.c: every key of the tree is legal.
 * Errors: ORD_EINVAL "Illegal characters in key: %s". */
int chanconf_names_check(const Common__ConfigGroup *root, struct ord_err *e);
/* May that be an element's mod_policy?
 * Errors: ORD_EINVAL "mod_policy not set", "path element at %d is invalid: …". */
int chanconf_mod_policy_check(const char *mod_policy, struct ord_err *e);

/* scratch.c: memory for a message under construction, which borrows most of what it shows. */
struct scratch {
	void **blocks;
	size_t n;
};
void *chanconf_scratch(struct scratch *s, size_t n); /* zeroed */
void chanconf_scratch_free(struct scratch *s);

/* ---- updates ------------------------------------------------------------- */

/* A CONFIG_UPDATE envelope, decoded. */
struct update {
	Common__ConfigUpdateEnvelope *outer;
	Common__ConfigUpdate *inner;
};
/* update_parse.c.  Errors: ORD_EINVAL "invalid type %s, expected CONFIG_UPDATE" …. */
int chanconf_update_open(const struct ord_env *env, struct update *u, struct ord_err *e);
int chanconf_update_decode(struct update *u, struct ord_err *e);
void chanconf_update_fini(struct update *u);
/* Who signed; what, is left to chanconf_update_digest(), and there to signatures that policies will
 * look at: the first of each identity that @msps know. */
int chanconf_update_signed(const struct update *u, struct policy_signed **out, size_t *n,
			   struct ord_err *e);
void chanconf_update_digest(const struct update *u, struct msp_set *msps,
			    struct policy_signed *sigs, size_t n);

/* An element of a config tree, whatever its kind, as walks show it. */
enum element_kind { ELEMENT_GROUP, ELEMENT_VALUE, ELEMENT_POLICY };
struct element {
	bool there;
	uint64_t version;
	const char *mod_policy;
};
struct update_step {
	enum element_kind kind;
	const char *path; /* of the group that holds it, "" for the root's; with @key its name */
	const char *key;
	const struct policy_node *node; /* relative mod_policies start here; NULL: does not exist */
	struct element current, wanted;
};
/* update_walk.c: visit every element of @wanted (may be NULL) that @except does not have at the
 * same version, until a visit fails; @node is the policies of @current, or NULL throughout. */
typedef int (*update_visit)(void *arg, const struct update_step *step, struct ord_err *e);
int chanconf_update_walk(const Common__ConfigGroup *current, const struct policy_node *node,
			 const Common__ConfigGroup *except, const Common__ConfigGroup *wanted,
			 update_visit visit, void *arg, struct ord_err *e);
/* "[Value]  /Channel/Orderer/BatchSize"; heap. */
char *chanconf_update_key(const struct update_step *step);

/* accept.c: ValidateNew (spec 4.5). */
int chanconf_validate_new(const struct chanconf *current, const struct chanconf *next,
			  struct ord_err *e);

/* update_apply.c: the tree that an authorized update makes of @current; borrows from both. */
const Common__ConfigGroup *chanconf_update_overlay(struct scratch *s,
						   const Common__ConfigGroup *current,
						   const Common__ConfigUpdate *update);
/* Give elements without a mod_policy one, where a channel has got capabilities since v1.0. */
void chanconf_update_repair(const Common__ConfigGroup *current, const Common__ConfigUpdate *update,
			    Common__ConfigGroup *result);

#endif /* CHANCONF_PRIV_H */
