/* SPDX-License-Identifier: Apache-2.0 */
/* policy, inside: the compiled form that the files of this room share. */
#ifndef POLICY_PRIV_H
#define POLICY_PRIV_H

#include "policy.h"

/* What a hostile configuration or request may make us hold and walk.  Fabric has no bounds here;
 * these are far beyond any network. */
#define POLICY_MAX_DEPTH 32    /* nested groups, nested n_out_of */
#define POLICY_MAX_RULES 10000 /* of one signature policy */
#define POLICY_MAX_STEPS 4096  /* of one explanation; what follows is not told */

/* One rule of a signature policy.  The rules of a policy stand in one array in the order of their
 * evaluation, so that a rule's nested rules follow it directly. */
struct policy_rule {
	const struct msp_principal *signed_by; /* NULL: n_out_of */
	int32_t n;
	uint32_t of;  /* n_out_of: its nested rules, */
	uint32_t end; /* and the index behind the last one */
};

enum policy_kind { POLICY_SIGNATURE, POLICY_IMPLICIT_META };

struct policy {
	enum policy_kind kind;
	char *name; /* "/Channel/Orderer/Writers" */

	struct policy_rule *rules; /* signature */
	uint32_t n_rules;

	char *sub_name;                  /* implicit meta */
	const struct policy_node *group; /* where it is */
	const struct policy **subs;      /* one a child of it; NULL: the child has no such policy */
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

/* ---- what happened on the way (explain.c) -------------------------------- */

/* The steps of one evaluation, parents before children; an evaluation without one says nothing. */
struct policy_trace {
	struct policy_step *steps; /* what and why are on the heap */
	size_t n, cap;
	unsigned depth;
	struct ord_err e; /* for the functions whose reasons are asked for */
};

/** Begin a step, its children follow; returns its index, or what policy_trace_close() ignores.
 *  Owns: @what is taken over. */
size_t policy_trace_open(struct policy_trace *t, enum policy_step_kind kind, char *what);
/** Step @at needs so many of its children and has so many. */
void policy_trace_count(struct policy_trace *t, size_t at, size_t needs, size_t has);
/** The end of step @at.   Owns: @why (may be NULL) is taken over. */
void policy_trace_close(struct policy_trace *t, size_t at, bool satisfied, char *why);
/** One signature of the set: @left_out says why it does not count; NULL: it does. */
void policy_trace_signature(struct policy_trace *t, struct msp_set *msps, struct ord_bytes identity,
			    const char *left_out);
/** An identity was asked whether it is a principal: @why it is not; NULL: it is. */
void policy_trace_identity(struct policy_trace *t, struct ord_bytes identity, const char *why);

/** The evaluation itself; @t may be NULL.   Errors: as policy_evaluate(). */
int policy_run(const struct policy *p, const char *name, struct msp_set *msps,
	       const struct policy_signed *sigs, size_t n, struct policy_trace *t,
	       struct ord_err *e);

#endif /* POLICY_PRIV_H */
