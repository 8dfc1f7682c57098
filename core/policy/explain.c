/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why: the steps of an evaluation, for tools and for the debug log.  A refusal is evaluated once
 * more to be explained, so an evaluation that nobody asks about pays nothing.
 */
#include "policy_priv.h"
#include <stdlib.h>

static struct log_logger logger = LOG_LOGGER("policies");
static struct log_logger dsl_logger = LOG_LOGGER("cauthdsl");

/* ---- the trace ----------------------------------------------------------- */

#define NOT_TOLD SIZE_MAX

size_t policy_trace_open(struct policy_trace *t, enum policy_step_kind kind, char *what)
{
	unsigned depth = t->depth++;

	if (t->n == POLICY_MAX_STEPS) {
		free(what);
		return NOT_TOLD;
	}
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 16;
		t->steps = x_realloc(t->steps, t->cap * sizeof(*t->steps));
	}
	t->steps[t->n] = (struct policy_step){.kind = kind, .depth = depth, .what = what};
	return t->n++;
}

void policy_trace_count(struct policy_trace *t, size_t at, size_t needs, size_t has)
{
	if (at == NOT_TOLD)
		return;
	t->steps[at].needs = needs;
	t->steps[at].has = has;
}

void policy_trace_close(struct policy_trace *t, size_t at, bool satisfied, char *why)
{
	t->depth--;
	if (at == NOT_TOLD) {
		free(why);
		return;
	}
	t->steps[at].satisfied = satisfied;
	t->steps[at].why = why ? why : x_strdup("");
}

static void add_leaf(struct policy_trace *t, enum policy_step_kind kind, struct ord_bytes identity,
		     bool satisfied, char *why)
{
	struct buf what = BUF_INIT;

	if (t->n < POLICY_MAX_STEPS) /* a certificate to parse */
		msp_describe_serialized(identity, &what);
	policy_trace_close(t, policy_trace_open(t, kind, x_strdup(buf_cstr(&what))), satisfied,
			   why);
	buf_fini(&what);
}

/* "its certificate expired on 2024-01-01T00:00:00Z"; NULL: it has not. */
static char *expired(struct msp_set *msps, struct ord_bytes identity)
{
	int64_t not_after = msp_expiry(msps, identity);
	struct buf when = BUF_INIT;
	char *text;

	if (not_after >= clock_wall_ns() / (int64_t)CLOCK_SEC_NS)
		return NULL;
	msp_date(not_after, "%Y-%m-%dT%H:%M:%SZ", &when);
	text = x_printf("its certificate expired on %s", buf_cstr(&when));
	buf_fini(&when);
	return text;
}

void policy_trace_signature(struct policy_trace *t, struct msp_set *msps, struct ord_bytes identity,
			    const char *left_out)
{
	add_leaf(t, POLICY_STEP_SIGNATURE, identity, !left_out,
		 left_out ? x_strdup(left_out) : expired(msps, identity));
}

void policy_trace_identity(struct policy_trace *t, struct ord_bytes identity, const char *why)
{
	add_leaf(t, POLICY_STEP_IDENTITY, identity, !why, why ? x_strdup(why) : NULL);
}

int policy_explain(const struct policy *p, const char *name, struct msp_set *msps,
		   const struct policy_signed *sigs, size_t n,
		   void (*each)(void *arg, const struct policy_step *s), void *arg,
		   struct ord_err *e)
{
	struct policy_trace t = {.n = 0};
	int rc = policy_run(p, name, msps, sigs, n, &t, e);

	for (size_t i = 0; i < t.n; i++)
		each(arg, &t.steps[i]);
	for (size_t i = 0; i < t.n; i++) {
		free((char *)t.steps[i].what);
		free((char *)t.steps[i].why);
	}
	free(t.steps);
	return rc;
}

/* ---- the debug log ------------------------------------------------------- */

/* Where we are: lines are read one by one. */
struct place {
	const char *policy, *rule;
};

static void log_step(void *arg, const struct policy_step *s)
{
	const char *colon = *s->why ? ": " : "";
	struct place *at = arg;

	switch (s->kind) {
	case POLICY_STEP_SIGNATURE:
		log_debug(&dsl_logger, "%s %s%s%s", s->what,
			  s->satisfied ? "signed" : "does not count", colon, s->why);
		break;
	case POLICY_STEP_POLICY:
		at->policy = s->what;
		log_debug(&logger, "Signature set %s policy %s%s%s",
			  s->satisfied ? "satisfies" : "did not satisfy", s->what, colon, s->why);
		break;
	case POLICY_STEP_RULE:
		at->rule = s->what;
		log_debug(&dsl_logger, "policy %s: %s %s%s%s", at->policy, s->what,
			  s->satisfied ? "is satisfied" : "is not satisfied", colon, s->why);
		break;
	case POLICY_STEP_IDENTITY:
		log_debug(&dsl_logger, "policy %s: %s %s %s%s%s", at->policy, s->what,
			  s->satisfied ? "is" : "is no good as", at->rule, colon, s->why);
		break;
	}
}

int policy_evaluate(const struct policy *p, const char *name, struct msp_set *msps,
		    const struct policy_signed *sigs, size_t n, struct ord_err *e)
{
	int rc = policy_run(p, name, msps, sigs, n, NULL, e);
	struct place at = {"", ""};

	if (rc == 0)
		log_debug(&logger, "Signature set satisfies policy %s", p->name);
	else if (p && (log_enabled(&logger, ORD_DEBUG) || log_enabled(&dsl_logger, ORD_DEBUG)))
		policy_explain(p, name, msps, sigs, n, log_step, &at, NULL);
	return rc;
}
