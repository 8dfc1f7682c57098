/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chanconf - a channel's whole configuration at one sequence: parsed, checked, immutable, counted.
 * Sources: spec 4.1 (tree and values), 4.2 (capabilities), 4.3 (policies), 4.4 to 4.7 (updates and
 * templates: pure functions from a chanconf and a message to a new configuration).
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
 *  Thread: any.   Owns: @config borrowed.
 *  Blocks: no (CPU: parses the certificates of each MSP that no other channel has).
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

/* ---- updates (spec 4.4 to 4.6) ------------------------------------------- */

/** ProposeConfigUpdate: what @update, a CONFIG_UPDATE envelope, makes of @current.
 *  Owns:   *out, with config at sequence + 1 and last_update, to be freed with wire_free().
 *  Errors: ORD_EINVAL with Fabric's text, "error authorizing update: …". */
int chanconf_propose(const struct chanconf *current, const struct ord_env *update,
		     Common__ConfigEnvelope **out, struct ord_err *e);
/** May @config, a proposal, follow @current (spec 4.5)?  It builds, this orderer supports it, and
 *  nothing changes or vanishes that must not.
 *  Owns:   *next has a reference for the caller.
 *  Errors: ORD_EINVAL "config update is not compatible: …" and the other texts of spec 4.5. */
int chanconf_accept(const struct chanconf *current, const Common__Config *config,
		    struct chanconf **next, struct ord_err *e);
/** Validate at commit: @config_msg, a CONFIG envelope, says what its last_update makes of @current;
 *  and it builds.
 *  Owns:   *next has a reference for the caller.
 *  Errors: ORD_EINVAL "config currently at sequence …", "ConfigEnvelope LastUpdate did not produce
 *  the supplied config result" …. */
int chanconf_validate(const struct chanconf *current, const struct ord_env *config_msg,
		      struct chanconf **next, struct ord_err *e);
/** The maintenance filter (spec 4.6) on the CONFIG envelope made for an existing channel, but for
 *  whether there is a plugin of the type it turns to.
 *  Errors: ORD_EINVAL "config transaction inspection failed: …", which clients see behind "config
 *  update for existing channel did not pass maintenance checks: ". */
int chanconf_check_migration(const struct chanconf *current, const struct ord_env *config_msg,
			     struct ord_err *e);
/** The update that turns @from into @to, as configtxlator's compute_update makes it: the smallest
 *  read and write sets.  Free with wire_free().
 *  Errors: ORD_EINVAL "no differences detected between original and updated config". */
int chanconf_compute_update(const char *channel_id, const Common__Config *from,
			    const Common__Config *to, Common__ConfigUpdate **out,
			    struct ord_err *e);
/* One element that an update sets. */
struct chanconf_delta {
	const char *key;    /* "[Value]  /Channel/Orderer/BatchSize" */
	bool exists;        /* in the current configuration */
	uint64_t from, to;  /* versions; from is 0 where it does not exist */
	const char *policy; /* absolute name of the policy that guards it; NULL: its parent's does,
			     * by which it is added */
};
/** Explain @update, which need not be one that @current would accept: @each is called for every
 *  element of its delta set.
 *  Errors: ORD_EINVAL it does not parse. */
int chanconf_update_deltas(const struct chanconf *current, const struct ord_env *update,
			   void (*each)(void *arg, const struct chanconf_delta *d), void *arg,
			   struct ord_err *e);
/** The signature set of @update, as policy_evaluate() takes it.
 *  Owns:   *out, one block of memory, the identities and signatures in it included: free() it.
 *  Errors: ORD_EINVAL it does not parse. */
int chanconf_update_signatures(const struct ord_env *update, struct policy_signed **out, size_t *n,
			       struct ord_err *e);

/* ---- new channels (spec 4.7) --------------------------------------------- */

/** The DefaultTemplator: the configuration, at sequence 0, that the creation request @update is to
 *  be applied to.
 *  Owns:   *out has a reference for the caller.
 *  Errors: ORD_EINVAL with the texts of spec 4.7. */
int chanconf_template(const struct chanconf *system, const struct ord_env *update,
		      struct chanconf **out, struct ord_err *e);
/** The configuration of a new channel: the template with @update applied, at sequence 1.
 *  Owns:   *out, to be freed with wire_free().
 *  Errors: ORD_EINVAL as chanconf_template(), and "error validating channel creation transaction
 *  for new channel '%s', could not succesfully apply update to template configuration: …" (sic). */
int chanconf_create(const struct chanconf *system, const struct ord_env *update,
		    Common__ConfigEnvelope **out, struct ord_err *e);
/** The system channel's filter (spec 5.2, row 5) on an ORDERER_TRANSACTION, but for the number of
 *  channels: the CONFIG within is what its update makes of the template.
 *  Errors: ORD_EUNAVAIL "channel creation is not permitted: maintenance mode"; ORD_EINVAL. */
int chanconf_check_creation(const struct chanconf *system, const struct ord_env *orderer_tx,
			    struct ord_err *e);

#endif /* CHANCONF_H */
