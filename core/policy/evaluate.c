/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluation.  The usual question is one signature against a dozen policies that ask for roles of
 * other organisations: it costs one look-up of the identity, one remembered answer a principal,
 * one verification, and no allocation.
 */
#include "policy_priv.h"
#include <stdlib.h>

static struct log_logger logger = LOG_LOGGER("policies");
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
	struct ord_err *why; /* where reasons go for the debug log; NULL: nobody asks */
};

/* ---- saying why (debug only) ------------------------------------------------------ */

static void explain_signer(const struct evaluation *ev, const struct policy *p,
			   const struct signer *s, const char *what)
{
	struct buf who = BUF_INIT;

	msp_identity_describe(s->identity, &who);
	log_debug(&dsl_logger, "policy %s: identity %s %s: %s", p->name, buf_cstr(&who), what,
		  ev->why->msg);
	buf_fini(&who);
}

static void explain_result(const struct policy *p, bool satisfied)
{
	log_debug(&logger, "Signature set %s policy %s",
		  satisfied ? "satisfies" : "did not satisfy", p->name);
}

static void explain_implicit(const struct policy *p, size_t satisfied)
{
	struct buf which = BUF_INIT;

	for (size_t i = 0; i < p->n_subs; i++)
		buf_printf(&which, " %s%s", p->subs[i] ? p->subs[i]->name : "no such policy: ",
			   p->subs[i] ? "" : p->sub_name);
	log_debug(&logger,
		  "Evaluation Failed: Only %zu policies were satisfied, but needed %zu of [%s ]",
		  satisfied, p->threshold, buf_cstr(&which));
	buf_fini(&which);
}

/* ---- signature policies --------------------------------------------------------------- */

static bool signature_valid(struct evaluation *ev, const struct policy *p, struct signer *s)
{
	if (s->verdict != NOT_VERIFIED)
		return s->verdict == VALID;
	s->verdict = VALID;
	if (msp_verify_digest(s->identity, s->sig->digest, s->sig->signature, ev->why) < 0) {
		s->verdict = INVALID;
		if (ev->why)
			explain_signer(ev, p, s, "has an invalid signature");
	}
	return s->verdict == VALID;
}

static bool signer_matches(struct evaluation *ev, const struct policy *p, struct signer *s,
			   const struct msp_principal *principal)
{
	if (msp_satisfies(s->identity, principal, ev->why) == 0)
		return signature_valid(ev, p, s);
	if (ev->why)
		explain_signer(ev, p, s, "does not satisfy principal");
	return false;
}

/* The first identity that no rule used yet, is the principal, and signed. */
static bool eval_signed_by(struct evaluation *ev, const struct policy *p,
			   const struct msp_principal *principal)
{
	for (size_t i = 0; ev->n_used < ev->n_signers && i < ev->n_signers; i++) {
		struct signer *s = &ev->signers[i];

		if (s->used || !signer_matches(ev, p, s, principal))
			continue;
		s->used = true;
		ev->trail[ev->n_used++] = (uint16_t)i;
		return true;
	}
	return false;
}

static void give_back(struct evaluation *ev, size_t mark)
{
	while (ev->n_used > mark)
		ev->signers[ev->trail[--ev->n_used]].used = false;
}

/* Fabric's greedy evaluation: every nested rule in order, also when enough are satisfied already;
 * each success keeps the identities it used.  *at moves behind the rule.  The depth of the
 * recursion is POLICY_MAX_DEPTH at most. */
static bool eval_rule(struct evaluation *ev, const struct policy *p, uint32_t *at)
{
	const struct policy_rule *rule = &p->rules[(*at)++];
	size_t mark = ev->n_used;
	int32_t satisfied = 0;

	if (rule->signed_by)
		return eval_signed_by(ev, p, rule->signed_by);
	while (*at < rule->end)
		satisfied += eval_rule(ev, p, at);
	if (satisfied >= rule->n)
		return true;
	give_back(ev, mark);
	return false;
}

static bool eval_signature(struct evaluation *ev, const struct policy *p)
{
	uint32_t at = 0;
	bool satisfied = eval_rule(ev, p, &at);

	give_back(ev, 0);
	return satisfied;
}

/* ---- implicit meta policies ------------------------------------------------------------ */

static bool eval(struct evaluation *ev, const struct policy *p, size_t *n_satisfied);

/* How many sub-policies are satisfied; stops at the threshold. */
static size_t eval_implicit(struct evaluation *ev, const struct policy *p)
{
	size_t satisfied = 0, of_sub;

	for (size_t i = 0; i < p->n_subs && satisfied < p->threshold; i++)
		if (p->subs[i] && eval(ev, p->subs[i], &of_sub))
			satisfied++;
	if (ev->why && satisfied < p->threshold)
		explain_implicit(p, satisfied);
	return satisfied;
}

/* Sub-policies are those of child groups, so the recursion ends with the config tree. */
static bool eval(struct evaluation *ev, const struct policy *p, size_t *n_satisfied)
{
	bool satisfied;

	*n_satisfied = 0;
	if (p->kind == POLICY_SIGNATURE) {
		satisfied = eval_signature(ev, p);
	} else {
		*n_satisfied = eval_implicit(ev, p);
		satisfied = *n_satisfied >= p->threshold;
	}
	if (ev->why)
		explain_result(p, satisfied);
	return satisfied;
}

/* ---- the signature set -------------------------------------------------------------------- */

static bool is_duplicate(const struct evaluation *ev, const struct msp_identity *identity)
{
	for (size_t i = 0; i < ev->n_signers; i++)
		if (ev->signers[i].identity == identity ||
		    bytes_eq(msp_identity_key(ev->signers[i].identity), msp_identity_key(identity)))
			return true;
	return false;
}

/* Who signed: identities that cannot be had and repeated ones are left out, as in v1.4; the first
 * of equal ones counts, whether or not its signature is valid. */
static void identify(struct evaluation *ev, struct msp_set *msps, const struct policy_signed *sigs,
		     size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct msp_identity *identity;
		struct ord_err e;

		if (msp_identify(msps, sigs[i].identity, &identity, &e) < 0) {
			log_warn(&dsl_logger,
				 "Principal deserialization failure (%s) for identity %zu", e.msg,
				 i);
		} else if (is_duplicate(ev, identity)) {
			log_warn(&dsl_logger,
				 "De-duplicating identity of %s at index %zu in signature set",
				 msp_identity_mspid(identity), i);
			msp_identity_unref(identity);
		} else {
			ev->signers[ev->n_signers++] =
				(struct signer){.identity = identity, .sig = &sigs[i]};
		}
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

int policy_evaluate(const struct policy *p, const char *name, struct msp_set *msps,
		    const struct policy_signed *sigs, size_t n, struct ord_err *e)
{
	struct signer few[4];
	uint16_t few_trail[UTIL_ARRAY_LEN(few)];
	struct ord_err why;
	struct evaluation ev = {.signers = few, .trail = few_trail};
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
	if (log_enabled(&logger, ORD_DEBUG) || log_enabled(&dsl_logger, ORD_DEBUG))
		ev.why = &why;
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
