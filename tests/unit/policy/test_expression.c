/* SPDX-License-Identifier: Apache-2.0 */
/* Policy expressions against what Fabric's own parser makes of them. */
#include "../test.h"
#include <policy/policy.h>

/* "1(0,2(1,2)) A.1 B.0": gates with their n, principals by number, then MSP id and role of each. */
static void render_rule(struct buf *b, const Common__SignaturePolicy *r)
{
	if (r->type_case == COMMON__SIGNATURE_POLICY__TYPE_SIGNED_BY) {
		buf_printf(b, "%d", r->signed_by);
		return;
	}
	assert_int_equal(r->type_case, COMMON__SIGNATURE_POLICY__TYPE_N_OUT_OF);
	buf_printf(b, "%d(", r->n_out_of->n);
	for (size_t i = 0; i < r->n_out_of->n_rules; i++) {
		buf_add_str(b, i ? "," : "");
		render_rule(b, r->n_out_of->rules[i]);
	}
	buf_add_str(b, ")");
}

static void render(struct buf *b, const Common__SignaturePolicyEnvelope *env)
{
	struct ord_err e = ERR_INIT;

	assert_int_equal(env->version, 0);
	render_rule(b, env->rule);
	for (size_t i = 0; i < env->n_identities; i++) {
		Msp__MSPRole *role = NULL;

		assert_int_equal(env->identities[i]->principal_classification,
				 MSP__MSPPRINCIPAL__CLASSIFICATION__ROLE);
		test_ok(wire_unpack(&msp__msprole__descriptor,
				    wire_bytes(env->identities[i]->principal), &role, &e),
			&e);
		buf_printf(b, " %s.%d", role->msp_identifier, (int)role->role);
		wire_free(role);
	}
}

static void expressions_make_fabrics_policies(void **state)
{
	static const struct {
		const char *text, *want;
	} good[] = {
		{"OR('A.member')", "1(0) A.0"},
		{"AND('A.member', 'B.member')", "2(0,1) A.0 B.0"},
		{"OR('A.member','B.admin','C.client','D.peer','E.orderer')",
		 "1(0,1,2,3,4) A.0 B.1 C.2 D.3 E.4"},
		{"Or('A.member', \"B.member\")", "1(0,1) A.0 B.0"},
		{"and('A.member' , 'A.member')", "2(0,1) A.0 A.0"},
		{" OutOf( 2 , 'A.member', 'B.member', 'C.member' ) ", "2(0,1,2) A.0 B.0 C.0"},
		{"outof('1', 'A.member')", "1(0) A.0"},
		{"OUTOF(0, 'A.member')", "0(0) A.0"},
		{"OutOf(2, 'A.member')", "2(0) A.0"}, /* Fabric lets n + 1 pass */
		/* a gate's nested gates are numbered before its own principals */
		{"OR('A.member', AND('B.member', 'C.member'))", "1(2,2(0,1)) B.0 C.0 A.0"},
		{"OR(AND('A.member', 'B.member'), OR('C.admin', 'D.member'))",
		 "1(2(0,1),1(2,3)) A.0 B.0 C.1 D.0"},
		{"OR('MSP.WITH.DOTS.member', 'MSP-WITH-DASHES.member')",
		 "1(0,1) MSP.WITH.DOTS.0 MSP-WITH-DASHES.0"},
		{"OR('admin.peer.member')", "1(0) admin.peer.0"},
	};
	struct ord_err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(good); i++) {
		Common__SignaturePolicyEnvelope *env = NULL;
		struct buf got = BUF_INIT;

		test_ok(policy_from_expression(good[i].text, &env, &e), &e);
		render(&got, env);
		assert_string_equal(buf_cstr(&got), good[i].want);
		buf_fini(&got);
		wire_free(env);
	}
}

static void bad_expressions_are_told_where(void **state)
{
	static const struct {
		const char *text, *want;
	} bad[] = {
		{"", "unexpected end of policy string at character 1"},
		{"OR('A.member'", "unexpected end of policy string at character 14"},
		{"OR('A.member',)", "unrecognized token ')' in policy string at character 15"},
		{"OR 'A.member'", "unrecognized token ''' in policy string at character 4"},
		{"OR('A.member') x", "unrecognized token 'x' in policy string at character 16"},
		{"NAND('A.member')", "unrecognized token 'NAND' in policy string at character 1"},
		{"oR('A.member')", "unrecognized token 'oR' in policy string at character 1"},
		{"'A.member'", "unrecognized token ''' in policy string at character 1"},
		{"OR(A.member)", "unrecognized token 'A.member' in policy string at character 4"},
		{"OR('A.member", "unclosed string literal at character 4"},
		{"OR('A.boss')",
		 "unrecognized token 'A.boss' in policy string, expected 'MSPID.role' with role "
		 "admin, member, client, peer or orderer, at character 4"},
		{"OR('A_B.member')",
		 "unrecognized token 'A_B.member' in policy string, expected 'MSPID.role' with "
		 "role admin, member, client, peer or orderer, at character 4"},
		{"OR('.member')",
		 "unrecognized token '.member' in policy string, expected 'MSPID.role' with role "
		 "admin, member, client, peer or orderer, at character 4"},
		{"AND()", "Expected at least two arguments to NOutOf. Given 1 at character 4"},
		{"OutOf(1)", "Expected at least two arguments to NOutOf. Given 1 at character 6"},
		{"OutOf(3, 'A.member')", "Invalid t-out-of-n predicate, t 3, n 1 at character 1"},
		{"OutOf(-1, 'A.member')",
		 "unrecognized token '-1' in policy string at character 7"},
		{"OutOf('1", "unclosed string literal at character 9"},
		{"OutOf('A.member', 'B.member')",
		 "unrecognized token 'A.member' in policy string at character 8"},
	};
	struct ord_err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(bad); i++) {
		Common__SignaturePolicyEnvelope *env = NULL;

		test_fails(policy_from_expression(bad[i].text, &env, &e), &e, ORD_EINVAL,
			   bad[i].want);
		assert_null(env);
	}
}

/* @n gates around one principal. */
static char *nest(size_t n)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		buf_add_str(&b, "OR(");
	buf_add_str(&b, "'A.member'");
	for (size_t i = 0; i < n; i++)
		buf_add_str(&b, ")");
	return buf_cstr(&b);
}

static void expressions_are_bounded(void **state)
{
	Common__SignaturePolicyEnvelope *env = NULL;
	struct ord_err e = ERR_INIT;
	struct buf wide = BUF_INIT;
	char *text = nest(32);

	(void)state;
	test_ok(policy_from_expression(text, &env, &e), &e);
	wire_free(env);
	free(text);
	text = nest(10000);
	test_fails(policy_from_expression(text, &env, &e), &e, ORD_EINVAL,
		   "gates are nested more than 32 deep at character 97");
	free(text);
	for (size_t i = 0; i < 70000; i++)
		buf_add_str(&wide, " ");
	test_fails(policy_from_expression(buf_cstr(&wide), &env, &e), &e, ORD_EINVAL,
		   "policy string is longer than 65536 characters");
	buf_fini(&wide);
}

static void implicit_rules_parse_as_fabric_does(void **state)
{
	static const struct {
		const char *text;
		int rule;
		const char *sub;
	} good[] = {
		{"ANY Readers", COMMON__IMPLICIT_META_POLICY__RULE__ANY, "Readers"},
		{"ALL Writers", COMMON__IMPLICIT_META_POLICY__RULE__ALL, "Writers"},
		{"MAJORITY Admins", COMMON__IMPLICIT_META_POLICY__RULE__MAJORITY, "Admins"},
	};
	struct ord_err e = ERR_INIT;
	Common__ImplicitMetaPolicy *m = NULL;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(good); i++) {
		test_ok(policy_from_implicit(good[i].text, &m, &e), &e);
		assert_int_equal(m->rule, good[i].rule);
		assert_string_equal(m->sub_policy, good[i].sub);
		wire_free(m);
	}
	test_fails(policy_from_implicit("ANY", &m, &e), &e, ORD_EINVAL,
		   "expected two space separated tokens, but got 1");
	test_fails(policy_from_implicit("ANY  Readers", &m, &e), &e, ORD_EINVAL,
		   "expected two space separated tokens, but got 3");
	test_fails(policy_from_implicit("any Readers", &m, &e), &e, ORD_EINVAL,
		   "unknown rule type 'any', expected ALL, ANY, or MAJORITY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions_make_fabrics_policies),
		cmocka_unit_test(bad_expressions_are_told_where),
		cmocka_unit_test(expressions_are_bounded),
		cmocka_unit_test(implicit_rules_parse_as_fabric_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
