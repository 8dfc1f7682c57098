/* SPDX-License-Identifier: Apache-2.0 */
/* reasons: the steps of policy_explain(), kept and shown. */
#include "reasons.h"

#include <stdlib.h>

static void keep_step(void *arg, const struct policy_step *s)
{
	struct reasons *r = arg;

	r->steps = x_realloc(r->steps, (r->n + 1) * sizeof(*r->steps));
	r->steps[r->n] = *s;
	r->steps[r->n].what = x_strdup(s->what);
	r->steps[r->n++].why = x_strdup(s->why);
}

void reasons_ask(struct reasons *r, const struct chanconf *c, const char *name,
		 const struct policy_signed *sigs, size_t n)
{
	*r = (struct reasons){.n = 0};
	r->satisfied = policy_explain(chanconf_policy(c, name), name, c->msps, sigs, n, keep_step,
				      r, &r->e) == 0;
}

void reasons_free(struct reasons *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free((char *)r->steps[i].what);
		free((char *)r->steps[i].why);
	}
	free(r->steps);
	*r = (struct reasons){.n = 0};
}

/* ---- lines --------------------------------------------------------------- */

void reasons_text(struct buf *out, const char *text)
{
	for (; *text; text++) {
		uint8_t c = (uint8_t)*text;

		buf_add_u8(out, c < 0x20 || c == 0x7f ? '?' : c);
	}
}

static void add_text(const struct policy_step *s, struct buf *out)
{
	reasons_text(out, s->what);
	if (*s->why) {
		buf_add_str(out, ": ");
		reasons_text(out, s->why);
	}
	buf_add_u8(out, '\n');
}

void reasons_signatures(const struct reasons *r, struct buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (r->steps[i].kind != POLICY_STEP_SIGNATURE)
			continue;
		buf_add_str(out, r->steps[i].satisfied ? "  signed by " : "  not counted: ");
		add_text(&r->steps[i], out);
		n++;
	}
	if (n == 0)
		buf_add_str(out, "  nobody signed\n");
}

void reasons_tree(const struct reasons *r, struct buf *out)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct policy_step *s = &r->steps[i];

		if (s->kind == POLICY_STEP_SIGNATURE)
			continue;
		buf_printf(out, "  %-4s%*s", s->satisfied ? "yes" : "no", (int)s->depth * 2, "");
		add_text(s, out);
	}
	if (r->n == 0 || r->steps[r->n - 1].kind == POLICY_STEP_SIGNATURE) {
		buf_add_str(out, "  no  ");
		reasons_text(out, r->e.msg);
		buf_add_u8(out, '\n');
	}
}

/* ---- who is missing ------------------------------------------------------ */

/* The step behind step @at and everything below it. */
static size_t behind(const struct reasons *r, size_t at)
{
	size_t i = at + 1;

	while (i < r->n && r->steps[i].depth > r->steps[at].depth)
		i++;
	return i;
}

static size_t count_unsatisfied(const struct reasons *r, size_t at)
{
	size_t n = 0;

	for (size_t i = at + 1, end = behind(r, at); i < end; i = behind(r, i))
		n += !r->steps[i].satisfied;
	return n;
}

/* What step @at, which is not satisfied, still needs; @any: as one of several, which need no
 * brackets of their own when one of them will do.  Each level is one of the config tree or of a
 * policy, which are bounded. */
static void add_missing(const struct reasons *r, size_t at, bool any, struct buf *out)
{
	const struct policy_step *s = &r->steps[at];
	size_t need = s->needs - s->has, n = count_unsatisfied(r, at), end = behind(r, at);
	bool one = need == 1 && n > 1, brackets = n > 1 && !(one && any);
	const char *comma = "";

	if (s->needs == 0) { /* a principal, or a policy that is not there */
		reasons_text(out, s->what);
		if (s->kind == POLICY_STEP_POLICY)
			buf_add_str(out, " (no such policy)");
		return;
	}
	if (brackets && n == need)
		buf_add_str(out, "all of (");
	else if (brackets)
		buf_printf(out, "%zu of (", need);
	for (size_t i = at + 1; i < end; i = behind(r, i)) {
		if (r->steps[i].satisfied)
			continue;
		buf_add_str(out, comma);
		add_missing(r, i, one || (any && n == 1), out);
		comma = ", ";
	}
	if (brackets)
		buf_add_u8(out, ')');
}

void reasons_missing(const struct reasons *r, struct buf *out)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->steps[i].kind == POLICY_STEP_SIGNATURE)
			continue;
		if (!r->steps[i].satisfied)
			add_missing(r, i, false, out);
		return;
	}
}

/* ---- JSON ---------------------------------------------------------------- */

static void add_string(struct json *j, const char *key, const char *value)
{
	json_key_str(j, key);
	json_string(j, bytes_str(value));
}

static void add_members(struct json *j, const struct policy_step *s)
{
	static const char *const kinds[] = {"signature", "policy", "rule", "identity"};

	add_string(j, "kind", kinds[s->kind]);
	add_string(j, "what", s->what);
	json_key_str(j, "satisfied");
	json_literal(j, s->satisfied ? "true" : "false");
	if (*s->why)
		add_string(j, "why", s->why);
}

static void add_signatures(const struct reasons *r, struct json *j)
{
	json_key_str(j, "signatures");
	json_open(j, '[');
	for (size_t i = 0; i < r->n; i++) {
		if (r->steps[i].kind != POLICY_STEP_SIGNATURE)
			continue;
		json_open(j, '{');
		add_string(j, "identity", r->steps[i].what);
		json_key_str(j, "counts");
		json_literal(j, r->steps[i].satisfied ? "true" : "false");
		if (*r->steps[i].why)
			add_string(j, "why", r->steps[i].why);
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* The steps from @from to @end that are children of one step. */
static void add_steps(const struct reasons *r, size_t from, size_t end, struct json *j)
{
	json_open(j, '[');
	for (size_t i = from; i < end; i = behind(r, i)) {
		if (r->steps[i].kind == POLICY_STEP_SIGNATURE)
			continue;
		json_open(j, '{');
		add_members(j, &r->steps[i]);
		if (behind(r, i) > i + 1) {
			json_key_str(j, "steps");
			add_steps(r, i + 1, behind(r, i), j);
		}
		json_close(j, '}');
	}
	json_close(j, ']');
}

void reasons_json(const struct reasons *r, struct json *j)
{
	struct buf missing = BUF_INIT;

	json_key_str(j, "satisfied");
	json_literal(j, r->satisfied ? "true" : "false");
	if (!r->satisfied) {
		reasons_missing(r, &missing);
		add_string(j, "error", r->e.msg);
		add_string(j, "missing", buf_cstr(&missing));
		buf_fini(&missing);
	}
	add_signatures(r, j);
	json_key_str(j, "steps");
	add_steps(r, 0, r->n, j);
}
