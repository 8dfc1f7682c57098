/* SPDX-License-Identifier: Apache-2.0 */
/* Policies over real identities: who signed decides, in Fabric's order and with Fabric's words. */
#include "policy_test.h"
#include <unistd.h>

static struct msp_set *msps;

/* The linker puts this in front of msp_verify_digest(): how often is a signature verified? */
static atomic_uint n_verified;
int __real_msp_verify_digest(struct msp_identity *id, const uint8_t digest[static 32],
			     struct ord_bytes sig, struct ord_err *e);
int __wrap_msp_verify_digest(struct msp_identity *id, const uint8_t digest[static 32],
			     struct ord_bytes sig, struct ord_err *e);
int __wrap_msp_verify_digest(struct msp_identity *id, const uint8_t digest[static 32],
			     struct ord_bytes sig, struct ord_err *e)
{
	n_verified++;
	return __real_msp_verify_digest(id, digest, sig, e);
}

/* Compile @root and evaluate its policy @name for the signatures of @names. */
static int ask(const Common__ConfigGroup *root, const char *name, const char *names,
	       struct ord_err *e)
{
	struct policy_node *tree = NULL;
	struct signatures sigs;
	int rc;

	test_ok(policy_tree_new(msps, "/Channel", root, &tree, e), e);
	sign_all(&sigs, names);
	n_verified = 0;
	rc = policy_evaluate(policy_find(tree, name), name, msps, sigs.list, sigs.n, e);
	signatures_fini(&sigs);
	policy_tree_free(tree);
	return rc;
}

static int ask_expression(const char *rule, const char *names, struct ord_err *e)
{
	Common__ConfigGroup *root = group_new();
	int rc;

	policy_put(root, "P", rule);
	rc = ask(root, "P", names, e);
	wire_free(root);
	return rc;
}

/* ---- signature policies -------------------------------------------------- */

#define A1     "'Org1MSP.admin'"
#define M1     "'Org1MSP.member'"
#define M2     "'Org2MSP.member'"
#define ORD_MB "'OrdererMSP.member'"

static const struct {
	const char *rule, *names;
	bool satisfied;
} signature_cases[] = {
	{"OR(" M1 ")", "u1", true},
	{"OR(" M1 ")", "u2", false},
	{"OR(" M1 ")", "", false},
	{"OR(" M1 ")", "u1!", false},
	{"OR(" M1 ")", "? u1", true},
	{"OR(" M1 "," M2 ")", "u2", true},
	{"OR('Org1MSP.client')", "u1", true},
	{"OR('Org1MSP.client')", "p1", false},
	{"OR('Org1MSP.peer')", "p1", true},
	{"OR(" A1 ")", "a1", true},
	{"OR(" A1 ")", "u1", false},
	{"OR(" A1 ")", "a2", false},
	{"OR('OrdererMSP.orderer')", "o", true},
	{"AND(" M1 "," M2 ")", "u1 u2", true},
	{"AND(" M1 "," M2 ")", "u2 u1", true},
	{"AND(" M1 "," M2 ")", "u1", false},
	{"AND(" M1 "," M2 ")", "u1 u2!", false},
	{"OutOf(2," M1 "," M2 "," ORD_MB ")", "u1 o", true},
	{"OutOf(2," M1 "," M2 "," ORD_MB ")", "o", false},
	{"OutOf(0," M1 ")", "", true},
	/* one identity counts once, however often it signs */
	{"AND(" M1 "," M1 ")", "u1", false},
	{"AND(" M1 "," M1 ")", "u1 u1", false},
	{"AND(" M1 "," M1 ")", "u1 v1", true},
	{"AND(" M1 "," M1 ")", "u1 u1 v1", true},
	/* of equal identities the first counts, though its signature is forged */
	{"OR(" M1 ")", "u1! u1", false},
	{"OR(" M1 ")", "u1 u1!", true},
	{"OR(" M1 ")", "u1! v1", true},
	/* greedy: the first rule takes the first identity that fits */
	{"AND(" M1 "," A1 ")", "u1 a1", true},
	{"AND(" M1 "," A1 ")", "a1 u1", false},
	{"AND(" A1 "," M1 ")", "a1 u1", true},
	/* all rules are evaluated, also when enough are satisfied */
	{"AND(OR(" M1 "," M1 ")," M1 ")", "u1 v1", false},
	{"AND(OR(" M1 "," M1 ")," M1 ")", "u1 v1 p1", true},
	/* what a failed gate took is given back */
	{"OR(AND(" A1 "," M2 ")," A1 ")", "a1", true},
	{"AND(OR(AND(" A1 "," M2 ")," M1 ")," A1 ")", "u1 a1", true},
};

static void signature_policies_are_greedy_in_order(void **state)
{
	struct ord_err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(signature_cases); i++) {
		int want = signature_cases[i].satisfied ? 0 : ORD_EPERM;
		int rc = ask_expression(signature_cases[i].rule, signature_cases[i].names, &e);

		if (rc != want)
			fail_msg("%s with \"%s\": %d, expected %d", signature_cases[i].rule,
				 signature_cases[i].names, rc, want);
		if (rc < 0)
			assert_string_equal(e.msg, "signature set did not satisfy policy");
	}
}

static void signatures_are_verified_lazily(void **state)
{
	struct ord_err e = ERR_INIT;

	(void)state;
	assert_int_equal(ask_expression("OR(" M2 ")", "u1", &e), ORD_EPERM);
	assert_int_equal(n_verified, 0);
	test_ok(ask_expression("OR(" M1 ")", "u2 o u1", &e), &e);
	assert_int_equal(n_verified, 1);
}

static void a_signature_is_verified_once_for_all_sub_policies(void **state)
{
	Common__ConfigGroup *root = group_new();
	struct ord_err e = ERR_INIT;

	(void)state;
	policy_put(root, "P", "ALL P");
	for (int i = 0; i < 10; i++) {
		char name[8];

		snprintf(name, sizeof(name), "Org%d", i);
		policy_put(group_below(root, name), "P", "OR(" M1 "," M2 ")");
	}
	test_ok(ask(root, "P", "u1", &e), &e);
	assert_int_equal(n_verified, 1);
	assert_int_equal(ask(root, "P", "u1!", &e), ORD_EPERM);
	assert_int_equal(n_verified, 1);
	test_ok(ask(root, "P", "u1! u2", &e), &e);
	assert_int_equal(n_verified, 2);
	wire_free(root);
}

static void too_many_signatures_are_refused(void **state)
{
	Common__ConfigGroup *root = group_new();
	struct policy_signed *many = x_alloc(1025 * sizeof(*many));
	struct policy_node *tree = NULL;
	struct ord_err e = ERR_INIT;

	(void)state;
	policy_put(root, "P", "OutOf(0," M1 ")");
	test_ok(policy_tree_new(msps, "/Channel", root, &tree, &e), &e);
	test_ok(policy_evaluate(policy_find(tree, "P"), "P", msps, many, 1024, &e), &e);
	test_fails(policy_evaluate(policy_find(tree, "P"), "P", msps, many, 1025, &e), &e,
		   ORD_EPERM, "1025 signatures, at most 1024 are evaluated");
	policy_tree_free(tree);
	free(many);
	wire_free(root);
}

struct asker {
	const struct policy_node *tree;
	const struct signatures *sigs;
	unsigned satisfied;
	pthread_t thread;
};

static void *ask_often(void *arg)
{
	struct asker *a = arg;
	struct ord_err e;

	for (int i = 0; i < 50; i++)
		a->satisfied += policy_evaluate(policy_find(a->tree, "P"), "P", msps, a->sigs->list,
						a->sigs->n, &e) == 0;
	return NULL;
}

static void one_tree_serves_many_threads(void **state)
{
	Common__ConfigGroup *root = group_new();
	struct policy_node *tree = NULL;
	struct signatures sigs;
	struct asker askers[4];
	struct ord_err e = ERR_INIT;

	(void)state;
	policy_put(root, "P", "AND(" M1 "," M2 "," ORD_MB ")");
	test_ok(policy_tree_new(msps, "/Channel", root, &tree, &e), &e);
	sign_all(&sigs, "u1 v1 u2 o a2");
	for (size_t i = 0; i < UTIL_ARRAY_LEN(askers); i++) {
		askers[i] = (struct asker){.tree = tree, .sigs = &sigs};
		test_ok(thread_start(&askers[i].thread, "ask", ask_often, &askers[i], &e), &e);
	}
	for (size_t i = 0; i < UTIL_ARRAY_LEN(askers); i++) {
		assert_int_equal(pthread_join(askers[i].thread, NULL), 0);
		assert_int_equal(askers[i].satisfied, 50);
	}
	signatures_fini(&sigs);
	policy_tree_free(tree);
	wire_free(root);
}

/* ---- implicit meta ------------------------------------------------------- */

static void thresholds_are_fabrics(void **state)
{
	static const struct {
		const char *rule;
		int children, satisfied, needed;
	} cases[] = {
		{"ANY P", 0, 0, 0},      {"ALL P", 0, 0, 0},      {"MAJORITY P", 0, 0, 0},
		{"ANY P", 1, 0, 1},      {"ANY P", 1, 1, 1},      {"ANY P", 4, 0, 1},
		{"ANY P", 4, 1, 1},      {"ALL P", 3, 2, 3},      {"ALL P", 3, 3, 3},
		{"MAJORITY P", 1, 0, 1}, {"MAJORITY P", 1, 1, 1}, {"MAJORITY P", 2, 1, 2},
		{"MAJORITY P", 2, 2, 2}, {"MAJORITY P", 3, 1, 2}, {"MAJORITY P", 3, 2, 2},
		{"MAJORITY P", 4, 2, 3}, {"MAJORITY P", 4, 3, 3}, {"MAJORITY P", 5, 3, 3},
	};
	struct ord_err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++) {
		Common__ConfigGroup *root = group_new();
		char name[16], want[256];

		policy_put(root, "P", cases[i].rule);
		for (int k = 0; k < cases[i].children; k++) {
			snprintf(name, sizeof(name), "Org%d", k);
			policy_put(group_below(root, name), "P",
				   k < cases[i].satisfied ? "OutOf(0," M1 ")" : "OR(" M1 ")");
		}
		snprintf(want, sizeof(want),
			 "implicit policy evaluation failed - %d sub-policies were satisfied, but "
			 "this policy requires %d of the 'P' sub-policies to be satisfied",
			 cases[i].satisfied, cases[i].needed);
		if (cases[i].satisfied >= cases[i].needed)
			test_ok(ask(root, "P", "", &e), &e);
		else
			test_fails(ask(root, "P", "", &e), &e, ORD_EPERM, want);
		wire_free(root);
	}
}

static void a_missing_sub_policy_counts_as_failing(void **state)
{
	Common__ConfigGroup *root = group_new();
	struct ord_err e = ERR_INIT;

	(void)state;
	policy_put(root, "All", "ALL P");
	policy_put(root, "Any", "ANY P");
	policy_put(group_below(root, "A"), "P", "OutOf(0," M1 ")");
	policy_put(group_below(root, "B"), "Q", "OutOf(0," M1 ")");
	test_ok(ask(root, "Any", "", &e), &e);
	test_fails(ask(root, "All", "", &e), &e, ORD_EPERM,
		   "implicit policy evaluation failed - 1 sub-policies were satisfied, but this "
		   "policy requires 2 of the 'P' sub-policies to be satisfied");
	wire_free(root);
}

static void sub_policies_may_be_paths(void **state)
{
	Common__ConfigGroup *root = group_new(), *a = group_below(root, "A");
	struct ord_err e = ERR_INIT;

	(void)state;
	policy_put(root, "Relative", "ANY Org/P");
	policy_put(root, "Absolute", "ANY /Channel/A/Org/P");
	policy_put(root, "Elsewhere", "ANY /Channel/B/Org/P");
	policy_put(group_below(a, "Org"), "P", "OR(" M1 ")");
	test_ok(ask(root, "Relative", "u1", &e), &e);
	test_ok(ask(root, "Absolute", "u1", &e), &e);
	assert_int_equal(ask(root, "Elsewhere", "u1", &e), ORD_EPERM);
	wire_free(root);
}

/* ---- the debug log ------------------------------------------------------- */

/* What evaluating writes to standard error with the policy loggers at debug. */
static struct buf explained(const Common__ConfigGroup *root, const char *names)
{
	int saved = dup(STDERR_FILENO);
	struct buf text = BUF_INIT;
	struct ord_err e = ERR_INIT;
	FILE *to = tmpfile();
	char chunk[4096];
	size_t n;

	assert_non_null(to);
	test_ok(log_set_spec("cauthdsl,policies=debug:error", &e), &e);
	assert_int_equal(dup2(fileno(to), STDERR_FILENO), STDERR_FILENO);
	ask(root, "P", names, &e);
	dup2(saved, STDERR_FILENO);
	close(saved);
	test_ok(log_set_spec("info", &e), &e);
	rewind(to);
	while ((n = fread(chunk, 1, sizeof(chunk), to)) > 0)
		buf_add(&text, chunk, n);
	fclose(to);
	return text;
}

static void the_debug_log_says_why_a_policy_failed(void **state)
{
	static const char *const want[] = {
		"Signature set did not satisfy policy /Channel/P: 0 of the 1 'P' sub-policies",
		"Signature set did not satisfy policy /Channel/A/P\n",
		"policy /Channel/A/P: 1 of 1 is not satisfied: 0 satisfied",
		"Org1MSP 'CN=User1@org1.example.com,OU=client,L=San Francisco,ST=California,C=US' "
		"is no good as Org2MSP.member: the identity is a member of a different MSP",
		"Org2MSP 'CN=User1@org2.example.com,OU=client,L=San Francisco,ST=California,C=US' "
		"is no good as Org2MSP.member: The signature is invalid",
		"Signature set did not satisfy policy /Channel/B/P: no such policy",
	};
	Common__ConfigGroup *root = group_new();
	struct buf got;

	(void)state;
	policy_put(root, "P", "ANY P");
	policy_put(group_below(root, "A"), "P", "OR(" M2 ")");
	group_below(root, "B");
	got = explained(root, "u1 u2!");
	for (size_t i = 0; i < UTIL_ARRAY_LEN(want); i++)
		if (!strstr(buf_cstr(&got), want[i]))
			fail_msg("\"%s\" is not in: %s", want[i], buf_cstr(&got));
	buf_fini(&got);
	wire_free(root);
}

/* ---- look-up ------------------------------------------------------------- */

static void policies_are_found_by_absolute_and_relative_names(void **state)
{
	static const char *const orderer_path[] = {"Orderer", NULL},
				 *const org_path[] = {"Orderer", "Org", NULL},
				 *const no_path[] = {"Orderer", "Or", NULL}, *const here[] = {NULL};
	Common__ConfigGroup *root = group_new(), *orderer = group_below(root, "Orderer");
	const struct policy_node *at;
	struct policy_node *tree = NULL;
	struct ord_err e = ERR_INIT;

	(void)state;
	policy_put(root, "Readers", "ANY Readers");
	policy_put(orderer, "Readers", "ANY Readers");
	policy_put(group_below(orderer, "Org"), "Readers", "OR(" M1 ")");
	test_ok(policy_tree_new(msps, "/Channel", root, &tree, &e), &e);
	assert_non_null(policy_find(tree, "Readers"));
	assert_ptr_equal(policy_find(tree, "/Channel/Readers"), policy_find(tree, "Readers"));
	assert_non_null(policy_find(tree, "/Channel/Orderer/Readers"));
	assert_ptr_not_equal(policy_find(tree, "Orderer/Readers"), policy_find(tree, "Readers"));
	assert_ptr_equal(policy_group(tree, here), tree);
	at = policy_group(tree, orderer_path);
	assert_ptr_equal(policy_find(at, "Readers"), policy_find(tree, "Orderer/Readers"));
	assert_ptr_equal(policy_find(at, "/Channel/Orderer/Org/Readers"),
			 policy_find(policy_group(tree, org_path), "Readers"));
	assert_null(policy_find(at, "/Channel/Readers")); /* above: not its to find */
	assert_null(policy_group(tree, no_path));
	assert_null(policy_find(tree, "/Channel"));
	assert_null(policy_find(tree, "/ChannelXReaders"));
	assert_null(policy_find(tree, "Orderer"));
	assert_null(policy_find(tree, "Orderer/Or/Readers"));
	assert_null(policy_find(tree, "Reader"));
	assert_null(policy_find(tree, ""));
	policy_tree_free(tree);
	wire_free(root);
}

static void a_missing_policy_refuses(void **state)
{
	struct ord_err e = ERR_INIT;

	(void)state;
	test_fails(policy_evaluate(NULL, "/Channel/Application/Writers", msps, NULL, 0, &e), &e,
		   ORD_EPERM, "No such policy: 'Application/Writers'");
	test_fails(policy_evaluate(NULL, "/Other/Writers", msps, NULL, 0, &e), &e, ORD_EPERM,
		   "No such policy: '/Other/Writers'");
	test_fails(policy_evaluate(NULL, "Writers", msps, NULL, 0, &e), &e, ORD_EPERM,
		   "No such policy: 'Writers'");
}

/* ---- what does not compile ----------------------------------------------- */

static void refused_tree(Common__ConfigGroup *root, const char *want)
{
	struct policy_node *tree = NULL;
	struct ord_err e = ERR_INIT;

	test_fails(policy_tree_new(msps, "/Channel", root, &tree, &e), &e, ORD_EINVAL, want);
	wire_free(root);
}

static void refused_envelope(Common__SignaturePolicyEnvelope *env, const char *want)
{
	Common__ConfigGroup *root = group_new();

	policy_packed(group_below(root, "Orderer"), "P", COMMON__POLICY__POLICY_TYPE__SIGNATURE,
		      env);
	refused_tree(root, want);
}

static Common__SignaturePolicyEnvelope *parsed(const char *rule)
{
	Common__SignaturePolicyEnvelope *env = NULL;
	struct ord_err e = ERR_INIT;

	test_ok(policy_from_expression(rule, &env, &e), &e);
	return env;
}

static void broken_signature_policies_are_refused(void **state)
{
	static const char version[] = "policy P at path Channel/Orderer did not compile: This "
				      "evaluator only understands messages of version 0, but "
				      "version was 1";
	Common__SignaturePolicyEnvelope *env = parsed("OR(" M1 ")");

	(void)state;
	env->version = 1;
	refused_envelope(env, version);
	env = parsed("OR(" M1 "," M1 ")");
	env->rule->n_out_of->rules[1]->signed_by = 2;
	refused_envelope(env, "policy P at path Channel/Orderer did not compile: identity index "
			      "out of range, requested 2, but identities length is 2");
	env = parsed("OR(" M1 ")");
	env->rule->n_out_of->rules[0]->signed_by = -1;
	refused_envelope(env, "policy P at path Channel/Orderer did not compile: identity index "
			      "out of range, requested -1, but identities length is 1");
	env = parsed("OR(" M1 ")");
	env->rule->n_out_of->rules[0]->type_case = COMMON__SIGNATURE_POLICY__TYPE__NOT_SET;
	refused_envelope(env, "policy P at path Channel/Orderer did not compile: Unknown type: "
			      "<nil>:<nil>");
	env = parsed("OR(" M1 ")");
	wire_free(env->rule);
	env->rule = NULL;
	refused_envelope(env, "policy P at path Channel/Orderer did not compile: Empty policy "
			      "element");
}

static void broken_policies_are_refused(void **state)
{
	struct ord_err e = ERR_INIT;
	struct policy_node *tree = NULL;
	Common__ConfigGroup *root = group_new();
	Common__ImplicitMetaPolicy *meta = NULL;

	(void)state;
	policy_raw(root, "P", 0, bytes_str(""));
	refused_tree(root, "policy P at path Channel has unknown policy type: 0");
	root = group_new();
	policy_raw(root, "P", COMMON__POLICY__POLICY_TYPE__MSP, bytes_str(""));
	refused_tree(root, "policy P at path Channel has unknown policy type: 2");
	root = group_new();
	policy_put(root, "P", "ANY P");
	wire_free(root->policies[0]->value->policy);
	root->policies[0]->value->policy = NULL;
	refused_tree(root, "policy P at path Channel was nil");
	root = group_new();
	test_ok(policy_from_implicit("ANY P", &meta, &e), &e);
	meta->rule = 7;
	policy_packed(root, "P", COMMON__POLICY__POLICY_TYPE__IMPLICIT_META, meta);
	refused_tree(root, "implicit policy P at path Channel did not compile: unknown rule 7");
	for (int type = 1; type <= 3; type += 2) {
		root = group_new();
		policy_raw(root, "P", type, bytes_str("\xff\xff\xff"));
		assert_int_equal(policy_tree_new(msps, "/Channel", root, &tree, &e), ORD_EINVAL);
		assert_non_null(
			strstr(e.msg, type == 1 ? "Error unmarshaling to SignaturePolicy: "
						: "Error unmarshaling to ImplicitMetaPolicy: "));
		wire_free(root);
	}
}

/* ---- hostile policies ---------------------------------------------------- */

/* @depth gates around a principal. */
static Common__SignaturePolicyEnvelope *deep(size_t depth)
{
	Common__SignaturePolicyEnvelope *env = parsed("OR(" M1 ")");

	for (size_t i = 1; i < depth; i++) {
		Common__SignaturePolicyEnvelope *outer = parsed("OR(" M1 ")");
		Common__SignaturePolicy **inner = &outer->rule->n_out_of->rules[0];

		wire_free(*inner);
		*inner = env->rule;
		env->rule = outer->rule;
		outer->rule = NULL;
		wire_free(outer);
	}
	return env;
}

static void *ask_deep(void *arg)
{
	Common__ConfigGroup *root = group_new();
	struct ord_err *e = arg;

	policy_packed(root, "P", COMMON__POLICY__POLICY_TYPE__SIGNATURE, deep(30));
	*e = (struct ord_err)ERR_INIT;
	e->code = ask(root, "P", "u1", e);
	wire_free(root);
	return NULL;
}

static void deep_policies_fit_a_small_stack(void **state)
{
	struct ord_err e = ERR_INIT;
	pthread_t thread;

	(void)state;
	test_ok(thread_start(&thread, "deep", ask_deep, &e, &e), &e);
	assert_int_equal(pthread_join(thread, NULL), 0);
	if (e.code < 0)
		fail_msg("%s", e.msg);
}

static void policies_too_deep_or_too_long_are_refused(void **state)
{
	Common__SignaturePolicyEnvelope *env = parsed("OR(" M1 ")");
	Common__ConfigGroup *root = group_new();
	Common__SignaturePolicy__NOutOf *gate = env->rule->n_out_of;
	struct policy_node *tree = NULL;
	struct ord_err e = ERR_INIT;

	(void)state;
	gate->rules = x_realloc(gate->rules, 10000 * sizeof(*gate->rules));
	for (gate->n_rules = 1; gate->n_rules < 10000; gate->n_rules++) {
		Common__SignaturePolicy *rule = x_alloc(sizeof(*rule));

		*rule = *gate->rules[0];
		gate->rules[gate->n_rules] = rule;
	}
	refused_envelope(env, "policy P at path Channel/Orderer did not compile: policy has more "
			      "than 10000 rules");
	policy_packed(root, "P", COMMON__POLICY__POLICY_TYPE__SIGNATURE, deep(2000));
	assert_int_equal(policy_tree_new(msps, "/Channel", root, &tree, &e), ORD_EINVAL);
	assert_non_null(strstr(e.msg, "nested too deeply"));
	wire_free(root);
}

static void groups_too_deep_are_refused(void **state)
{
	Common__ConfigGroup *root = group_new(), *at = root;
	struct policy_node *tree = NULL;
	struct ord_err e = ERR_INIT;

	(void)state;
	for (int i = 0; i < 40; i++)
		at = group_below(at, "g");
	assert_int_equal(policy_tree_new(msps, "/Channel", root, &tree, &e), ORD_EINVAL);
	assert_non_null(strstr(e.msg, "is nested more than 32 deep"));
	wire_free(root);
}

static int setup(void **state)
{
	(void)state;
	msps = msps_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	msp_set_free(msps);
	people_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signature_policies_are_greedy_in_order),
		cmocka_unit_test(signatures_are_verified_lazily),
		cmocka_unit_test(a_signature_is_verified_once_for_all_sub_policies),
		cmocka_unit_test(too_many_signatures_are_refused),
		cmocka_unit_test(one_tree_serves_many_threads),
		cmocka_unit_test(thresholds_are_fabrics),
		cmocka_unit_test(a_missing_sub_policy_counts_as_failing),
		cmocka_unit_test(sub_policies_may_be_paths),
		cmocka_unit_test(the_debug_log_says_why_a_policy_failed),
		cmocka_unit_test(policies_are_found_by_absolute_and_relative_names),
		cmocka_unit_test(a_missing_policy_refuses),
		cmocka_unit_test(broken_signature_policies_are_refused),
		cmocka_unit_test(broken_policies_are_refused),
		cmocka_unit_test(deep_policies_fit_a_small_stack),
		cmocka_unit_test(policies_too_deep_or_too_long_are_refused),
		cmocka_unit_test(groups_too_deep_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
