/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy - signature and implicit-meta policies: pure functions over identities.  Source: spec 4.3.
 */
#ifndef POLICY_H
#define POLICY_H

#include <msp/msp.h>

/* Evaluated at once: far beyond any network; Fabric has no bound here. */
#define POLICY_MAX_SIGNATURES 1024

/* One signature: data is the concatenation of the parts, hashed once for all policies. */
struct policy_signed {
	struct ord_bytes identity; /* SerializedIdentity */
	struct ord_bytes signature;
	uint8_t digest[SHA256_LEN]; /* SHA-256 of what was signed */
};

/* A group's policies and its children's: a tree of the shape of the config tree. */
struct policy_node;

/** Compile the policies of @group and below; @path is "/Channel" for the root.
 *  Thread: one.   Owns: nothing of @group is kept.
 *  Errors: ORD_EINVAL "policy %s at path %s was nil" and the like. */
int policy_tree_new(struct msp_set *msps, const char *path, const Common__ConfigGroup *group,
		    struct policy_node **out, struct ord_err *e);
void policy_tree_free(struct policy_node *root);

/* A compiled policy; lives as long as its tree. */
struct policy;

/** Look up by absolute ("/Channel/Orderer/Writers") or relative ("Writers", "Group/Writers") name.
 *  NULL: no such policy. */
const struct policy *policy_find(const struct policy_node *at, const char *name);
/** The node of a group path below @root, e.g. {"Orderer", NULL}; NULL: no such group. */
const struct policy_node *policy_group(const struct policy_node *root, const char *const *path);

/** Do these signatures satisfy the policy?  NULL @p evaluates to "No such policy: '%s'" with @name,
 *  less a leading "/Channel/".  @msps: the set that the policy was compiled for.
 *  Signatures are verified lazily, each at most once, after a principal matched.  Of a refusal the
 *  loggers "policies" and "cauthdsl" say at debug which sub-policy refused whom, and why.
 *  Thread: any.   Errors: ORD_EPERM with Fabric's text. */
int policy_evaluate(const struct policy *p, const char *name, struct msp_set *msps,
		    const struct policy_signed *sigs, size_t n, struct ord_err *e);

enum policy_step_kind {
	POLICY_STEP_SIGNATURE, /* one of the set, at depth 0; satisfied: it counts */
	POLICY_STEP_POLICY,    /* a policy or sub-policy */
	POLICY_STEP_RULE,      /* "2 of 3", or a principal: "Org1MSP.admin" */
	POLICY_STEP_IDENTITY   /* asked whether it is the principal above, and signed */
};

/* One step of an evaluation; what is below it follows, one deeper. */
struct policy_step {
	enum policy_step_kind kind;
	unsigned depth;
	bool satisfied;
	const char *what; /* "/Channel/Application/Writers", "Org1MSP 'CN=…'" */
	const char *why;  /* in words; "" when there is nothing to say */
	size_t needs;     /* a policy, "2 of 3": so many of those below, */
	size_t has;       /* and so many were satisfied; 0 where nothing is below */
};

/** As policy_evaluate(), telling why: one call of @each for every signature of the set, and then
 *  for every policy, rule and identity that was tried, parents before children.  What comes behind
 *  a satisfied threshold is not tried.  A certificate that has expired is said to be: no policy
 *  asks for that, a filter of the orderer does.
 *  Thread: any.   Errors: as policy_evaluate(). */
int policy_explain(const struct policy *p, const char *name, struct msp_set *msps,
		   const struct policy_signed *sigs, size_t n,
		   void (*each)(void *arg, const struct policy_step *s), void *arg,
		   struct ord_err *e);

/* ---- policy expressions: "AND('Org1MSP.member', …)" (spec 7.3) ----------- */

/** Parse an expression into a SignaturePolicyEnvelope; free with wire_free().
 *  Errors: ORD_EINVAL with the place. */
int policy_from_expression(const char *text, Common__SignaturePolicyEnvelope **out,
			   struct ord_err *e);
/** Parse "ANY Readers" into an ImplicitMetaPolicy. */
int policy_from_implicit(const char *text, Common__ImplicitMetaPolicy **out, struct ord_err *e);

#endif /* POLICY_H */
