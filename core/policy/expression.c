/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy expressions: OR('Org1MSP.admin', AND('Org2MSP.member', 'Org3MSP.peer')) and
 * "MAJORITY Admins".
 *
 * Principals are numbered as Fabric's tools number them, so that the same expression makes the
 * same bytes: a gate's nested gates first, then its own principals, nothing shared.
 */
#include "policy_priv.h"
#include <stdlib.h>

#define MAX_TEXT 65536

struct parser {
	const char *text, *at;
	Common__SignaturePolicyEnvelope *env;
	unsigned n_rules;
};

/* An argument of a gate: a nested gate, or a principal whose number is not known yet. */
struct arg {
	Common__SignaturePolicy *gate;
	char *principal;
};

struct args {
	struct arg *list;
	size_t n;
};

static int fail(const struct parser *p, const char *where, struct ord_err *e, const char *fmt, ...)
	UTIL_PRINTF(4, 5);
static int fail(const struct parser *p, const char *where, struct ord_err *e, const char *fmt, ...)
{
	char msg[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return err_set(e, ORD_EINVAL, "%s at character %zu", msg, (size_t)(where - p->text) + 1);
}

/* ---- characters and tokens ----------------------------------------------- */

static void skip_space(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r')
		p->at++;
}

static bool take(struct parser *p, char c)
{
	skip_space(p);
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

/* A quoted string; heap. */
static int take_string(struct parser *p, char **out, struct ord_err *e)
{
	const char *start = p->at, *end = strchr(start + 1, *start);

	if (!end)
		return fail(p, start, e, "unclosed string literal");
	*out = x_strndup(start + 1, (size_t)(end - start) - 1);
	p->at = end + 1;
	return 0;
}

/* What is no token of ours, for messages: up to the next delimiter. */
static int fail_token(const struct parser *p, struct ord_err *e)
{
	size_t n = strcspn(p->at, " \t\r\n,()'\"");

	if (*p->at == '\0')
		return fail(p, p->at, e, "unexpected end of policy string");
	return fail(p, p->at, e, "unrecognized token '%.*s' in policy string",
		    (int)(n == 0   ? 1
			  : n > 64 ? 64
				   : n),
		    p->at);
}

/* ---- principals ---------------------------------------------------------- */

static const struct {
	const char *name;
	Msp__MSPRole__MSPRoleType role;
} roles[] = {
	{"admin", MSP__MSPROLE__MSPROLE_TYPE__ADMIN},
	{"member", MSP__MSPROLE__MSPROLE_TYPE__MEMBER},
	{"client", MSP__MSPROLE__MSPROLE_TYPE__CLIENT},
	{"peer", MSP__MSPROLE__MSPROLE_TYPE__PEER},
	{"orderer", MSP__MSPROLE__MSPROLE_TYPE__ORDERER},
};

/* Split "Org1MSP.member" at its last dot; false when it is not of that form. */
static bool principal_split(const char *text, size_t *id_len, Msp__MSPRole__MSPRoleType *role)
{
	const char *dot = strrchr(text, '.');

	if (!dot || dot == text)
		return false;
	for (const char *c = text; c < dot; c++)
		if (!ascii_is_alnum(*c) && *c != '.' && *c != '-')
			return false;
	*id_len = (size_t)(dot - text);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(roles); i++)
		if (strcmp(dot + 1, roles[i].name) == 0) {
			*role = roles[i].role;
			return true;
		}
	return false;
}

static int take_principal(struct parser *p, char **out, struct ord_err *e)
{
	const char *start = p->at;
	Msp__MSPRole__MSPRoleType role;
	size_t id_len;
	int rc = take_string(p, out, e);

	if (rc == 0 && !principal_split(*out, &id_len, &role)) {
		rc = fail(p, start, e,
			  "unrecognized token '%.64s' in policy string, expected 'MSPID.role' with "
			  "role admin, member, client, peer or orderer,",
			  *out);
		free(*out);
	}
	return rc;
}

/* Append the principal to the envelope; the rule that asks for it. */
static Common__SignaturePolicy *signed_by(struct parser *p, const char *principal)
{
	Common__SignaturePolicyEnvelope *env = p->env;
	Common__SignaturePolicy *rule = x_alloc(sizeof(*rule));
	Msp__MSPPrincipal *id = x_alloc(sizeof(*id));
	Msp__MSPRole role = MSP__MSPROLE__INIT;
	struct buf packed = BUF_INIT;
	size_t id_len = 0;

	principal_split(principal, &id_len, &role.role);
	role.msp_identifier = x_strndup(principal, id_len);
	wire_pack(&role, &packed);
	free(role.msp_identifier);
	msp__mspprincipal__init(id);
	id->principal_classification = MSP__MSPPRINCIPAL__CLASSIFICATION__ROLE;
	id->principal = wire_binary(buf_bytes(&packed));

	env->identities = x_realloc(env->identities, (env->n_identities + 1) * sizeof(id));
	env->identities[env->n_identities] = id;
	common__signature_policy__init(rule);
	rule->type_case = COMMON__SIGNATURE_POLICY__TYPE_SIGNED_BY;
	rule->signed_by = (int32_t)env->n_identities++;
	return rule;
}

/* ---- gates --------------------------------------------------------------- */

enum gate { GATE_AND, GATE_OR, GATE_OUT_OF, GATE_NONE };

static enum gate take_gate(struct parser *p)
{
	static const struct {
		const char *name;
		enum gate gate;
	} names[] = {
		{"And", GATE_AND},      {"and", GATE_AND},      {"AND", GATE_AND},
		{"Or", GATE_OR},        {"or", GATE_OR},        {"OR", GATE_OR},
		{"OutOf", GATE_OUT_OF}, {"outof", GATE_OUT_OF}, {"OUTOF", GATE_OUT_OF},
	};
	size_t n = 0;

	skip_space(p);
	while (ascii_is_alnum(p->at[n]))
		n++;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(names); i++)
		if (strlen(names[i].name) == n && memcmp(names[i].name, p->at, n) == 0) {
			p->at += n;
			return names[i].gate;
		}
	return GATE_NONE;
}

/* The n of OutOf(n, …); Fabric takes it quoted, too. */
static int take_number(struct parser *p, long *n, struct ord_err *e)
{
	char quote = 0;

	skip_space(p);
	if (*p->at == '\'' || *p->at == '"')
		quote = *p->at++;
	if (!ascii_is_digit(*p->at))
		return fail_token(p, e);
	for (*n = 0; ascii_is_digit(*p->at) && *n <= POLICY_MAX_RULES; p->at++)
		*n = *n * 10 + (*p->at - '0');
	if (quote && *p->at != quote)
		return fail(p, p->at, e, "unclosed string literal");
	p->at += quote != 0;
	return 0;
}

static int parse_gate(struct parser *p, unsigned depth, Common__SignaturePolicy **out,
		      struct ord_err *e);

static int parse_arg(struct parser *p, unsigned depth, struct args *args, struct ord_err *e)
{
	struct arg arg = {NULL, NULL};
	int rc;

	if (++p->n_rules > POLICY_MAX_RULES)
		return fail(p, p->at, e, "policy has more than %d rules", POLICY_MAX_RULES);
	skip_space(p);
	if (*p->at == '\'' || *p->at == '"')
		rc = take_principal(p, &arg.principal, e);
	else
		rc = parse_gate(p, depth + 1, &arg.gate, e);
	if (rc < 0)
		return rc;
	args->list = x_realloc(args->list, (args->n + 1) * sizeof(arg));
	args->list[args->n++] = arg;
	return 0;
}

/* "(", for OutOf the number, the arguments, ")". */
static int parse_args(struct parser *p, enum gate gate, unsigned depth, struct args *args, long *n,
		      struct ord_err *e)
{
	const char *start = p->at;
	bool more;
	int rc = 0;

	if (!take(p, '('))
		return fail_token(p, e);
	if (gate == GATE_OUT_OF) {
		rc = take_number(p, n, e);
		more = rc == 0 && take(p, ',');
	} else {
		skip_space(p);
		more = *p->at != ')';
	}
	for (; rc == 0 && more; more = take(p, ','))
		rc = parse_arg(p, depth, args, e);
	if (rc == 0 && !take(p, ')'))
		rc = fail_token(p, e);
	if (rc == 0 && args->n == 0)
		rc = fail(p, start, e, "Expected at least two arguments to NOutOf. Given 1");
	return rc;
}

static Common__SignaturePolicy *gate_new(struct parser *p, long n, struct args *args)
{
	Common__SignaturePolicy *rule = x_alloc(sizeof(*rule));
	Common__SignaturePolicy__NOutOf *n_out_of = x_alloc(sizeof(*n_out_of));

	common__signature_policy__init(rule);
	common__signature_policy__nout_of__init(n_out_of);
	rule->type_case = COMMON__SIGNATURE_POLICY__TYPE_N_OUT_OF;
	rule->n_out_of = n_out_of;
	n_out_of->n = (int32_t)n;
	n_out_of->n_rules = args->n;
	n_out_of->rules = x_alloc(args->n * sizeof(*n_out_of->rules));
	for (size_t i = 0; i < args->n; i++) {
		struct arg *arg = &args->list[i];

		n_out_of->rules[i] = arg->gate ? arg->gate : signed_by(p, arg->principal);
		arg->gate = NULL;
	}
	return rule;
}

static int parse_gate(struct parser *p, unsigned depth, Common__SignaturePolicy **out,
		      struct ord_err *e)
{
	struct args args = {NULL, 0};
	const char *start;
	enum gate gate;
	long n = 0;
	int rc;

	skip_space(p);
	start = p->at;
	if (depth > POLICY_MAX_DEPTH)
		return fail(p, start, e, "gates are nested more than %d deep", POLICY_MAX_DEPTH);
	gate = take_gate(p);
	if (gate == GATE_NONE)
		return fail_token(p, e);
	rc = parse_args(p, gate, depth, &args, &n, e);
	if (gate != GATE_OUT_OF)
		n = gate == GATE_AND ? (long)args.n : 1;
	if (rc == 0 && n > (long)args.n + 1)
		rc = fail(p, start, e, "Invalid t-out-of-n predicate, t %ld, n %zu", n, args.n);
	if (rc == 0)
		*out = gate_new(p, n, &args);
	for (size_t i = 0; i < args.n; i++) {
		wire_free(args.list[i].gate);
		free(args.list[i].principal);
	}
	free(args.list);
	return rc;
}

int policy_from_expression(const char *text, Common__SignaturePolicyEnvelope **out,
			   struct ord_err *e)
{
	struct parser p = {.text = text, .at = text};
	int rc;

	if (strlen(text) > MAX_TEXT)
		return err_set(e, ORD_EINVAL, "policy string is longer than %d characters",
			       MAX_TEXT);
	p.env = x_alloc(sizeof(*p.env));
	common__signature_policy_envelope__init(p.env);
	rc = parse_gate(&p, 1, &p.env->rule, e);
	skip_space(&p);
	if (rc == 0 && *p.at)
		rc = fail_token(&p, e);
	if (rc == 0)
		*out = p.env;
	else
		wire_free(p.env);
	return rc;
}

/* ---- implicit meta ------------------------------------------------------- */

int policy_from_implicit(const char *text, Common__ImplicitMetaPolicy **out, struct ord_err *e)
{
	static const char *const rules[] = {"ANY", "ALL", "MAJORITY"}; /* by number */
	const char *space = strchr(text, ' ');
	size_t n_tokens = 1, n, rule = 0;

	for (const char *c = text; *c; c++)
		n_tokens += *c == ' ';
	if (n_tokens != 2)
		return err_set(e, ORD_EINVAL, "expected two space separated tokens, but got %zu",
			       n_tokens);
	n = (size_t)(space - text);
	while (rule < UTIL_ARRAY_LEN(rules) &&
	       (strlen(rules[rule]) != n || memcmp(rules[rule], text, n) != 0))
		rule++;
	if (rule == UTIL_ARRAY_LEN(rules))
		return err_set(e, ORD_EINVAL,
			       "unknown rule type '%.*s', expected ALL, ANY, or MAJORITY", (int)n,
			       text);
	*out = x_alloc(sizeof(**out));
	common__implicit_meta_policy__init(*out);
	(*out)->rule = (Common__ImplicitMetaPolicy__Rule)rule;
	(*out)->sub_policy = x_strdup(space + 1);
	return 0;
}
