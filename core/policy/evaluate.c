/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluation.  The usual question is one signature against a dozen policies that ask for roles of
 * other organisations: it costs one look-up of the identity, one remembered answer a principal,
 * one verification, and no allocation.
 */
#include "policy_priv.h"
#include <stdlib.h>

static struct log_logger dsl_logger = LOG_LOGGER("cauthdsl");

enum verdict { NOT_VERIFIED, VALID, INVALID };

/* One identity of the signature set; its signature is verified at most once. */
struct signer {
	struct msp_identity *identity;
	const struct policy_signed *sig;
	enum verdict verdict;
	bool used; /* by a rule of the signature policy under evaluation */
};

/* Signers in the order of the set, without duplicates.  Rules consume them; `trail` remembers in
 * which order, so that what a failed n_out_of consumed can be given back. */
struct evaluation {
	struct signer *signers;
	uint16_t *trail;
	size_t n_signers, n_used;
	struct policy_trace *trace; /* NULL: nobody asks why */
};

/* Where reasons go; NULL: then they are not worked out. */
static struct ord_err *why_of(struct evaluation *ev)
{
	return ev->trace ? &ev->trace->e : NULL;
}

static void tell(struct evaluation *ev, const struct signer *s, const char *why)
{
	if (ev->trace)
		policy_trace_identity(ev->trace, s->sig->identity, why);
}

/* ---- signature policies -------------------------------------------------- */

/* A remembered verdict has no reason with it, but only one reason is possible. */
static bool signature_valid(struct evaluation *ev, struct signer *s)
{
	const char *why = "its signature is not valid, as was seen before";

	if (s->verdict == NOT_VERIFIED) {
		s->verdict = VALID;
		if (msp_verify_digest(s->identity, s->sig->digest, s->sig->signature, why_of(ev)) <
		    0) {
			s->verdict = INVALID;
			why = ev->trace ? ev->trace->e.msg : why;
		}
	}
	tell(ev, s, s->verdict == VALID ? NULL : why);
	return s->verdict == VALID;
}

static bool signer_matches(struct evaluation *ev, struct signer *s,
			   const struct msp_principal *principal)
{
	if (s->used) {
		tell(ev, s, "already used by an earlier principal");
		return false;
	}
	if (msp_satisfies(s->identity, principal, why_of(ev)) == 0)
		return signature_valid(ev, s);
	if (ev->trace)
		tell(ev, s, ev->trace->e.msg);
	return false;
}

/* The first identity that no rule used yet, is the principal, and signed. */
static bool eval_signed_by(struct evaluation *ev, const struct msp_principal *principal)
{
	for (size_t i = 0; i < ev->n_signers; i++) {
		struct signer *s = &ev->signers[i];

		if (!signer_matches(ev, s, principal))
			continue;
		s->used = true;
		ev->trail[ev->n_used++] = (uint16_t)i;
		return true;
	}
	return false;
}

static bool eval_principal(struct evaluation *ev, const struct msp_principal *principal)
{
	struct buf what = BUF_INIT;
	bool satisfied;
	size_t step;

	if (!ev->trace) /* the usual way */
		return ev->n_used < ev->n_signers && eval_signed_by(ev, principal);
	msp_principal_describe(principal, &what);
	step = policy_trace_open(ev->trace, POLICY_STEP_RULE, x_strdup(buf_cstr(&what)));
	buf_fini(&what);
	satisfied = eval_signed_by(ev, principal);
	policy_trace_close(ev->trace, step, satisfied,
			   ev->n_signers ? NULL : x_strdup("no signature counts"));
	return satisfied;
}

static void give_back(struct evaluation *ev, size_t mark)
{
	while (ev->n_used > mark)
		ev->signers[ev->trail[--ev->n_used]].used = false;
}

static bool eval_rule(struct evaluation *ev, const struct policy *p, uint32_t *at);

/* Fabric's greedy evaluation: every nested rule in order, also when enough are satisfied already;
 * each success keeps the identities it used. */
static bool eval_nested(struct evaluation *ev, const struct policy *p, uint32_t *at,
			const struct policy_rule *rule)
{
	size_t step = 0, mark = ev->n_used;
	int32_t satisfied = 0;

	if (ev->trace)
		step = policy_trace_open(ev->trace, POLICY_STEP_RULE,
					 x_printf("%d of %u", rule->n, rule->of));
	while (*at < rule->end)
		satisfied += eval_rule(ev, p, at);
	if (ev->trace) {
		policy_trace_count(ev->trace, step, rule->n > 0 ? (size_t)rule->n : 0,
				   (size_t)satisfied);
		policy_trace_close(ev->trace, step, satisfied >= rule->n,
				   x_printf("%d satisfied", satisfied));
	}
	if (satisfied >= rule->n)
		return true;
	give_back(ev, mark);
	return false;
}

/* *at moves behind the rule.  The depth of the recursion is POLICY_MAX_DEPTH at most. */
static bool eval_rule(struct evaluation *ev, const struct policy *p, uint32_t *at)
{
	const struct policy_rule *rule = &p->rules[(*at)++];

	return rule->signed_by ? eval_principal(ev, rule->signed_by) : eval_nested(ev, p, at, rule);
}

static bool eval_signature(struct evaluation *ev, const struct policy *p)
{
	uint32_t at = 0;
	bool satisfied = eval_rule(ev, p, &at);

	give_back(ev, 0);
	return satisfied;
}

/* ---- implicit meta policies ---------------------------------------------- */

static bool eval(struct evaluation *ev, const struct policy *p, size_t *n_satisfied);

static void tell_missing(struct policy_trace *t, const struct policy *p, size_t i)
{
	char *what = x_printf("/%s/%s", p->group->children[i]->path, p->sub_name);

	policy_trace_close(t, policy_trace_open(t, POLICY_STEP_POLICY, what), false,
			   x_strdup("no such policy"));
}

/* How many sub-policies are satisfied; stops at the threshold. */
static size_t eval_implicit(struct evaluation *ev, const struct policy *p)
{
	size_t satisfied = 0, of_sub;

	for (size_t i = 0; i < p->n_subs && satisfied < p->threshold; i++) {
		if (p->subs[i] && eval(ev, p->subs[i], &of_sub))
			satisfied++;
		else if (!p->subs[i] && ev->trace)
			tell_missing(ev->trace, p, i);
	}
	return satisfied;
}

static void tell_policy(struct policy_trace *t, size_t step, const struct policy *p, size_t has,
			bool satisfied)
{
	bool meta = p->kind == POLICY_IMPLICIT_META;

	policy_trace_count(t, step, meta ? p->threshold : 1, has);
	policy_trace_close(t, step, satisfied,
			   meta ? x_printf("%zu of the %zu '%s' sub-policies that it needs, of %zu",
					   has, p->threshold, p->sub_name, p->n_subs)
				: NULL);
}

/* Sub-policies are those of child groups, so the recursion ends with the config tree. */
static bool eval(struct evaluation *ev, const struct policy *p, size_t *n_satisfied)
{
	bool satisfied;
	size_t step = 0;

	if (ev->trace)
		step = policy_trace_open(ev->trace, POLICY_STEP_POLICY, x_strdup(p->name));
	if (p->kind == POLICY_SIGNATURE) {
		satisfied = eval_signature(ev, p);
		*n_satisfied = satisfied;
	} else {
		*n_satisfied = eval_implicit(ev, p);
		satisfied = *n_satisfied >= p->threshold;
	}
	if (ev->trace)
		tell_policy(ev->trace, step, p, *n_satisfied, satisfied);
	return satisfied;
}

/* ---- the signature set --------------------------------------------------- */

static bool is_duplicate(const struct evaluation *ev, const struct msp_identity *identity)
{
	for (size_t i = 0; i < ev->n_signers; i++)
		if (ev->signers[i].identity == identity ||
		    bytes_eq(msp_identity_key(ev->signers[i].identity), msp_identity_key(identity)))
			return true;
	return false;
}

/* Take the signer of @sig in; returns why not, text of @e or of its own. */
static const char *identify_one(struct evaluation *ev, struct msp_set *msps,
				const struct policy_signed *sig, size_t i, struct ord_err *e)
{
	struct msp_identity *identity;

	if (msp_identify(msps, sig->identity, &identity, e) < 0) {
		if (!ev->trace)
			log_warn(&dsl_logger,
				 "Principal deserialization failure (%s) for identity %zu", e->msg,
				 i);
		return e->msg;
	}
	if (is_duplicate(ev, identity)) {
		if (!ev->trace)
			log_warn(&dsl_logger,
				 "De-duplicating identity of %s at index %zu in signature set",
				 msp_identity_mspid(identity), i);
		msp_identity_unref(identity);
		return "the same identity signed before";
	}
	ev->signers[ev->n_signers++] = (struct signer){.identity = identity, .sig = sig};
	return NULL;
}

/* Who signed: identities that cannot be had and repeated ones are left out, as in v1.4; the first
 * of equal ones counts, whether or not its signature is valid. */
static void identify(struct evaluation *ev, struct msp_set *msps, const struct policy_signed *sigs,
		     size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct ord_err e;
		const char *left_out = identify_one(ev, msps, &sigs[i], i, &e);

		if (ev->trace)
			policy_trace_signature(ev->trace, msps, sigs[i].identity, left_out);
	}
}

static int refuse(const struct policy *p, size_t n_satisfied, struct ord_err *e)
{
	if (p->kind == POLICY_SIGNATURE)
		return err_set(e, ORD_EPERM, "signature set did not satisfy policy");
	return err_set(e, ORD_EPERM,
		       "implicit policy evaluation failed - %zu sub-policies were satisfied, but "
		       "this policy requires %zu of the '%s' sub-policies to be satisfied",
		       n_satisfied, p->threshold, p->sub_name);
}

static int refuse_missing(const char *name, struct ord_err *e)
{
	static const char root[] = "/Channel/";

	/* Go looks up relative to the root and names what it looked for. */
	if (strncmp(name, root, sizeof(root) - 1) == 0)
		name += sizeof(root) - 1;
	return err_set(e, ORD_EPERM, "No such policy: '%s'", name);
}

int policy_run(const struct policy *p, const char *name, struct msp_set *msps,
	       const struct policy_signed *sigs, size_t n, struct policy_trace *t,
	       struct ord_err *e)
{
	struct signer few[4];
	uint16_t few_trail[UTIL_ARRAY_LEN(few)];
	struct evaluation ev = {.signers = few, .trail = few_trail, .trace = t};
	size_t n_satisfied;
	bool satisfied;

	if (!p)
		return refuse_missing(name, e);
	if (n > POLICY_MAX_SIGNATURES)
		return err_set(e, ORD_EPERM, "%zu signatures, at most %d are evaluated", n,
			       POLICY_MAX_SIGNATURES);
	if (n > UTIL_ARRAY_LEN(few)) {
		ev.signers = x_alloc(n * sizeof(*ev.signers));
		ev.trail = x_alloc(n * sizeof(*ev.trail));
	}
	identify(&ev, msps, sigs, n);
	satisfied = eval(&ev, p, &n_satisfied);
	for (size_t i = 0; i < ev.n_signers; i++)
		msp_identity_unref(ev.signers[i].identity);
	if (ev.signers != few) {
		free(ev.signers);
		free(ev.trail);
	}
	return satisfied ? 0 : refuse(p, n_satisfied, e);
}
