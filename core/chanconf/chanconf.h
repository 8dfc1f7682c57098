/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chanconf - a channel's whole configuration at one sequence: parsed, checked, immutable, counted.
 * Sources: spec 4.1 (tree and values), 4.2 (capabilities), 4.3 (policies).
 *
 * Config updates (spec 4.4) and channel templates (4.7) will be further files of this room: pure
 * functions from a chanconf and a message to a new Config.
 */
#ifndef CHANCONF_H
#define CHANCONF_H

#include <policy/policy.h>

/* Capabilities that change what the orderer does (spec 4.2). */
struct chanconf_caps {
	/* /Channel */
	bool channel_v1_1, channel_v1_3, channel_v1_4_2, channel_v1_4_3, channel_v2_0;
	/* /Channel/Orderer */
	bool orderer_v1_1, orderer_v1_4_2, orderer_v2_0;

	/* what they mean */
	enum msp_version msp_version;
	bool expiration_check;       /* Orderer V1_1+ */
	bool resubmission;           /* Orderer V1_1+ */
	bool predictable_template;   /* Orderer V1_1+ */
	bool consensus_migration;    /* Orderer V1_4_2+ */
	bool consensus_type_change;  /* Channel V1_4_2+ */
	bool org_orderer_endpoints;  /* Channel V1_4_2+ */
	bool admins_creation_policy; /* Orderer V2_0+ */
};

enum chanconf_state { CHANCONF_NORMAL, CHANCONF_MAINTENANCE };

struct chanconf_org {
	const char *name; /* group key */
	const char *mspid;
	bool orderer, application;
	const char *consortium; /* its consortium's name, else NULL */
};

struct chanconf {
	struct ord_chanconf pub; /* what plugins see; first member */
	atomic_uint refs;
	char *channel_id;
	Common__Config *config; /* the whole tree */
	struct chanconf_caps caps;
	enum chanconf_state state;
	uint64_t max_channels;                              /* 0: unlimited */
	const char *consortium;                             /* of an application channel; NULL */
	bool has_orderer, has_application, has_consortiums; /* consortiums: a system channel */
	struct chanconf_org *orgs;
	size_t n_orgs;
	char **orderer_addresses; /* NULL-terminated */
	struct msp_set *msps;
	struct policy_node *policies; /* the root, /Channel */
	const struct policy *writers; /* by state: /Channel/Writers or /Channel/Orderer/Writers */
	const struct policy *readers; /* likewise */
	const char *writers_name, *readers_name;
	struct chanconf_priv *priv;
};

/** Build from a Config; everything of spec 4.1 is checked.
 *  Thread: any.   Owns: @config borrowed.   Blocks: no (CPU: parses every certificate).
 *  Errors: ORD_EINVAL with Fabric's text. */
int chanconf_new(const char *channel_id, const Common__Config *config, struct chanconf **out,
		 struct ord_err *e);
/** From the envelope of a config block (type CONFIG). */
int chanconf_from_env(const struct ord_env *env, struct chanconf **out, struct ord_err *e);
struct chanconf *chanconf_ref(struct chanconf *c);
void chanconf_unref(struct chanconf *c);
/** Does this orderer know every required capability (spec 4.2), and is there an Orderer group?
 *  Errors: ORD_ENOTSUP "config requires unsupported channel capabilities: …";
 *  ORD_EINVAL "config does not contain orderer config". */
int chanconf_check_supported(const struct chanconf *c, struct ord_err *e);
/** Channel id rules: [a-z][a-z0-9.-]*, 1 to 249 characters.
 *  Errors: ORD_EINVAL "bad channel ID: channel ID '%s' contains illegal characters". */
int chanconf_check_channel_id(const char *id, struct ord_err *e);
/** Each TLS CA certificate (PEM) of every application, orderer and consortium org. */
void chanconf_tls_cas(const struct chanconf *c, void (*each)(void *arg, struct ord_bytes pem),
		      void *arg);
/** Policy by absolute name; NULL when there is none. */
const struct policy *chanconf_policy(const struct chanconf *c, const char *name);

#endif /* CHANCONF_H */
