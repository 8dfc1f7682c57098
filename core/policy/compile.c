/* SPDX-License-Identifier: Apache-2.0 */
/* Signature policies from their messages to flat arrays of rules. */
#include "policy_priv.h"
#include <stdlib.h>

struct compiler {
	struct msp_set *msps;
	const Common__SignaturePolicyEnvelope *env;
	const struct msp_principal **principals; /* by index in env; NULL: not asked for yet */
	struct policy *p;
	uint32_t cap;
};

static struct policy_rule *rule_add(struct compiler *c)
{
	if (c->p->n_rules == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 4;
		c->p->rules = x_realloc(c->p->rules, c->cap * sizeof(struct policy_rule));
	}
	memset(&c->p->rules[c->p->n_rules], 0, sizeof(struct policy_rule));
	return &c->p->rules[c->p->n_rules++];
}

static int compile_signed_by(struct compiler *c, int32_t index, struct ord_err *e)
{
	if (index < 0 || (size_t)index >= c->env->n_identities)
		return err_set(e, ORD_EINVAL,
			       "identity index out of range, requested %d, but identities length "
			       "is %zu",
			       index, c->env->n_identities);
	if (!c->principals[index])
		c->principals[index] = msp_principal(c->msps, c->env->identities[index]);
	rule_add(c)->signed_by = c->principals[index];
	return 0;
}

static int compile_rule(struct compiler *c, const Common__SignaturePolicy *rule, unsigned depth,
			struct ord_err *e)
{
	uint32_t here = c->p->n_rules;
	int rc = 0;

	if (!rule)
		return err_set(e, ORD_EINVAL, "Empty policy element");
	if (depth > POLICY_MAX_DEPTH)
		return err_set(e, ORD_EINVAL, "rules are nested more than %d deep",
			       POLICY_MAX_DEPTH);
	if (here == POLICY_MAX_RULES)
		return err_set(e, ORD_EINVAL, "policy has more than %d rules", POLICY_MAX_RULES);
	switch (rule->type_case) {
	case COMMON__SIGNATURE_POLICY__TYPE_SIGNED_BY:
		return compile_signed_by(c, rule->signed_by, e);
	case COMMON__SIGNATURE_POLICY__TYPE_N_OUT_OF:
		rule_add(c)->n = rule->n_out_of->n;
		for (size_t i = 0; rc == 0 && i < rule->n_out_of->n_rules; i++)
			rc = compile_rule(c, rule->n_out_of->rules[i], depth + 1, e);
		c->p->rules[here].of = (uint32_t)rule->n_out_of->n_rules;
		c->p->rules[here].end = c->p->n_rules;
		return rc;
	default:
		return err_set(e, ORD_EINVAL, "Unknown type: <nil>:<nil>");
	}
}

int policy_compile_signature(struct msp_set *msps, struct ord_bytes value, struct policy *p,
			     struct ord_err *e)
{
	Common__SignaturePolicyEnvelope *env = NULL;
	struct compiler c = {.msps = msps, .p = p};
	int rc;

	p->kind = POLICY_SIGNATURE;
	rc = wire_unpack(&common__signature_policy_envelope__descriptor, value, &env, e);
	if (rc < 0)
		return err_wrap(e, "Error unmarshaling to SignaturePolicy");
	c.env = env;
	c.principals = x_alloc(env->n_identities * sizeof(*c.principals));
	if (env->version != 0)
		rc = err_set(e, ORD_EINVAL,
			     "This evaluator only understands messages of version 0, but version "
			     "was %d",
			     env->version);
	else
		rc = compile_rule(&c, env->rule, 1, e);
	free(c.principals);
	wire_free(env);
	return rc;
}
