/* SPDX-License-Identifier: Apache-2.0 */
/* policy, inside: the compiled form that the files of this room share. */
#ifndef POLICY_PRIV_H
#define POLICY_PRIV_H

#include "policy.h"

/* What a hostile configuration or request may make us hold and walk.  Fabric has no bounds here;
 * these are far beyond any network. */
#define POLICY_MAX_DEPTH      32    /* nested groups, nested n_out_of */
#define POLICY_MAX_RULES      10000 /* of one signature policy */
#define POLICY_MAX_SIGNATURES 1024  /* in one evaluation */

/* One rule of a signature policy.  The rules of a policy stand in one array in the order of their
 * evaluation, so that a rule's nested rules follow it directly. */
struct policy_rule {
	const struct msp_principal *signed_by; /* NULL: n_out_of */
	int32_t n;
	uint32_t end; /* n_out_of: the index behind its last nested rule */
};

enum policy_kind { POLICY_SIGNATURE, POLICY_IMPLICIT_META };

struct policy {
	enum policy_kind kind;
	char *name; /* "/Channel/Orderer/Writers" */

	struct policy_rule *rules; /* signature */
	uint32_t n_rules;

	char *sub_name;             /* implicit meta */
	const struct policy **subs; /* one a child group; NULL: the child has no such policy */
	size_t n_subs, threshold;
};

struct policy_node {
	char *path;                    /* "Channel/Orderer" */
	const char *name;              /* its last element */
	struct policy_node **children; /* sorted by name */
	size_t n_children;
	struct policy *policies; /* sorted by name */
	size_t n_policies;
};

/* Compile a SignaturePolicyEnvelope into @p.  Errors: ORD_EINVAL with Fabric's text. */
int policy_compile_signature(struct msp_set *msps, struct ord_bytes value, struct policy *p,
			     struct ord_err *e);

#endif /* POLICY_PRIV_H */
