/* SPDX-License-Identifier: Apache-2.0 */
/*
 * configtx.yaml, inside: what may stand in it, and the configuration made from a profile.
 */
#ifndef CONFIGTX_PRIV_H
#define CONFIGTX_PRIV_H

#include "configtx.h"

/* ---- schema.c ------------------------------------------------------------ */

/* The text of a scalar in a map; @fallback when it is not there or empty. */
const char *configtx_text(const struct yaml *map, const char *key, const char *fallback);
/* The number of a checked scalar in a map; @fallback when it is not there or 0. */
uint64_t configtx_number(const struct yaml *map, const char *key, uint64_t fallback);
/* Check the whole file and give its keys their usual spelling; a single value where a list belongs
 * becomes a list of one.  Errors: ORD_EINVAL with file, line and the nearest known key. */
int configtx_check(struct yaml *root, struct ord_err *e);
/* Let CONFIGTX_ORDERER_BATCHTIMEOUT and the like override values of @profile; checked again. */
int configtx_override(struct yaml *profile, char *const *environment, struct ord_err *e);

/* ---- profile.c ----------------------------------------------------------- */

struct configtx_profile {
	struct yaml *root; /* the file */
	struct yaml *node; /* the profile in it, checked */
	char *dir;         /* what paths in it are relative to */
};

/* Free with configtx_profile_free() in either case.
 * Errors: ORD_ENOENT, ORD_EINVAL. */
int configtx_profile_load(const char *path, const char *name, char *const *environment,
			  struct configtx_profile *out, struct ord_err *e);
void configtx_profile_free(struct configtx_profile *p);

/* ---- group.c, orderer.c -------------------------------------------------- */

/* The /Channel group of @profile; paths in it are relative to @dir.  Free with wire_free().
 * Errors: ORD_EINVAL and those of reading files. */
int configtx_channel_group(const struct yaml *profile, const char *dir, Common__ConfigGroup **out,
			   struct ord_err *e);
/* The /Channel/Orderer group, organisations included. */
int configtx_orderer_group(const struct yaml *orderer, const char *dir, Common__ConfigGroup **out,
			   struct ord_err *e);

/* ---- channel_tx.c, update.c ---------------------------------------------- */

/* configtx_channel_tx() of profiles at hand; @base is that of the system channel, or NULL. */
int configtx_request_channel(const struct configtx_profile *p, const struct configtx_profile *base,
			     const char *channel_id, struct buf *out, struct ord_err *e);
/* configtx_anchor_peers() of a profile at hand. */
int configtx_request_anchors(const struct configtx_profile *p, const char *channel_id,
			     const char *org, struct buf *out, struct ord_err *e);

/* ---- building groups: build.c -------------------------------------------- */

/* mod_policy "Admins" unless said otherwise */
Common__ConfigGroup *configtx_group_new(void);
/* Replaces what has that key; @take is the group's. */
void configtx_add_group(Common__ConfigGroup *g, const char *key, Common__ConfigGroup *take);
/* A value holding @msg, borrowed, in the place of what has that key. */
void configtx_add_value(Common__ConfigGroup *g, const char *key, const void *msg,
			const char *mod_policy);
void configtx_add_policy(Common__ConfigGroup *g, const char *key, Common__Policy__PolicyType type,
			 const void *msg, const char *mod_policy);
/* "ANY Readers" as policy @key. */
void configtx_add_implicit(Common__ConfigGroup *g, const char *key, const char *rule);
/* Readers, Writers and Admins as an organisation has them that declares none. */
void configtx_add_org_defaults(Common__ConfigGroup *g, const char *mspid, bool members_are_admins);
void configtx_add_capabilities(Common__ConfigGroup *g, const struct yaml *caps);
/* The policies of a section.  Errors: ORD_EINVAL with file, line and Fabric's text. */
int configtx_add_policies(Common__ConfigGroup *g, const struct yaml *policies, struct ord_err *e);
/* A heap array of borrowed texts, as repeated string fields want it. */
char **configtx_texts(const struct yaml *list, size_t *n);

/* Organisations, by the kind of group they go into. */
enum configtx_org { CONFIGTX_ORDERER_ORG, CONFIGTX_APPLICATION_ORG, CONFIGTX_CONSORTIUM_ORG };
int configtx_add_orgs(Common__ConfigGroup *g, const struct yaml *orgs, enum configtx_org kind,
		      const char *dir, struct ord_err *e);
bool configtx_is_foreign(const struct yaml *org);
void configtx_add_anchor_peers(Common__ConfigGroup *g, const struct yaml *list);

#endif /* CONFIGTX_PRIV_H */
