/* SPDX-License-Identifier: Apache-2.0 */
/* Explanations, whole: which sub-policy refused whom, and why. */
#include "../msp/made.h"
#include "policy_test.h"

static struct msp_set *golden;

/* A step as a line: two blanks a level, "+" or "-", what, ": ", why. */
static void add_line(void *arg, const struct policy_step *s)
{
	static const char *const kinds[] = {"signature", "policy", "rule", "identity"};
	struct buf *out = arg;

	buf_printf(out, "%*s%c %s %s%s%s\n", (int)s->depth * 2, "", s->satisfied ? '+' : '-',
		   kinds[s->kind], s->what, *s->why ? ": " : "", s->why);
}

static void explains(struct msp_set *msps, const Common__ConfigGroup *root, const char *name,
		     const struct policy_signed *sigs, size_t n, const char *want)
{
	struct policy_node *tree = NULL;
	struct buf got = BUF_INIT;
	struct ord_err e = ERR_INIT, plain = ERR_INIT;
	int rc;

	test_ok(policy_tree_new(msps, "/Channel", root, &tree, &e), &e);
	rc = policy_explain(policy_find(tree, name), name, msps, sigs, n, add_line, &got, &e);
	assert_int_equal(rc, policy_evaluate(policy_find(tree, name), name, msps, sigs, n, &plain));
	if (rc < 0)
		assert_string_equal(e.msg, plain.msg);
	assert_string_equal(buf_cstr(&got), want);
	buf_fini(&got);
	policy_tree_free(tree);
}

/* ---- the tree ------------------------------------------------------------ */

#define SUBJECT(who, ou) who " 'CN=" ou ",L=San Francisco,ST=California,C=US'"
#define U1               SUBJECT("Org1MSP", "User1@org1.example.com,OU=client")
#define A1               SUBJECT("Org1MSP", "Admin@org1.example.com,OU=admin")
#define U2               SUBJECT("Org2MSP", "User1@org2.example.com,OU=client")

static const struct {
	const char *rule, *names, *want;
} cases[] = {
	{"OR('Org1MSP.member')", "u1",
	 "+ signature " U1 "\n"
	 "+ policy /Channel/P\n"
	 "  + rule 1 of 1: 1 satisfied\n"
	 "    + rule Org1MSP.member\n"
	 "      + identity " U1 "\n"},
	{"OR('Org1MSP.admin')", "",
	 "- policy /Channel/P\n"
	 "  - rule 1 of 1: 0 satisfied\n"
	 "    - rule Org1MSP.admin: no signature counts\n"},
	{"OR('Org1MSP.admin','Org2MSP.peer')", "u1",
	 "+ signature " U1 "\n"
	 "- policy /Channel/P\n"
	 "  - rule 1 of 2: 0 satisfied\n"
	 "    - rule Org1MSP.admin\n"
	 "      - identity " U1 ": The identity is not an admin under this MSP [Org1MSP]: The "
	 "identity does not contain OU [ADMIN], MSP: [Org1MSP]\n"
	 "    - rule Org2MSP.peer\n"
	 "      - identity " U1 ": the identity is a member of a different MSP (expected Org2MSP, "
	 "got Org1MSP)\n"},
	{"AND('Org1MSP.member','Org1MSP.admin')", "a1 u2!",
	 "+ signature " A1 "\n"
	 "+ signature " U2 "\n"
	 "- policy /Channel/P\n"
	 "  - rule 2 of 2: 1 satisfied\n"
	 "    + rule Org1MSP.member\n"
	 "      + identity " A1 "\n"
	 "    - rule Org1MSP.admin\n"
	 "      - identity " A1 ": already used by an earlier principal\n"
	 "      - identity " U2 ": the identity is a member of a different MSP (expected Org1MSP, "
	 "got Org2MSP)\n"},
	{"OutOf(2,'Org2MSP.member','Org2MSP.client')", "u2! u2 ?",
	 "+ signature " U2 "\n"
	 "- signature " U2 ": the same identity signed before\n"
	 "- signature (not an identity): could not deserialize a SerializedIdentity: "
	 "msp.SerializedIdentity: illegal wire type\n"
	 "- policy /Channel/P\n"
	 "  - rule 2 of 2: 0 satisfied\n"
	 "    - rule Org2MSP.member\n"
	 "      - identity " U2 ": The signature is invalid\n"
	 "    - rule Org2MSP.client\n"
	 "      - identity " U2 ": its signature is not valid, as was seen before\n"},
};

static void every_step_of_a_signature_policy_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(cases); i++) {
		Common__ConfigGroup *root = group_new();
		struct signatures sigs;

		policy_put(root, "P", cases[i].rule);
		sign_all(&sigs, cases[i].names);
		explains(golden, root, "P", sigs.list, sigs.n, cases[i].want);
		signatures_fini(&sigs);
		wire_free(root);
	}
}

static void sub_policies_are_told_until_the_threshold(void **state)
{
	Common__ConfigGroup *root = group_new();
	struct signatures sigs;

	(void)state;
	policy_put(root, "P", "MAJORITY P");
	policy_put(group_below(root, "A"), "P", "OutOf(0,'Org1MSP.member')");
	group_below(root, "B");
	policy_put(group_below(root, "C"), "P", "OutOf(0,'Org1MSP.member')");
	policy_put(group_below(root, "D"), "P", "OR('Org2MSP.member')");
	sign_all(&sigs, "u2");
	explains(golden, root, "P", sigs.list, 0,
		 "- policy /Channel/P: 2 of the 3 'P' sub-policies that it needs, of 4\n"
		 "  + policy /Channel/A/P\n"
		 "    + rule 0 of 1: 0 satisfied\n"
		 "      - rule Org1MSP.member: no signature counts\n"
		 "  - policy /Channel/B/P: no such policy\n"
		 "  + policy /Channel/C/P\n"
		 "    + rule 0 of 1: 0 satisfied\n"
		 "      - rule Org1MSP.member: no signature counts\n"
		 "  - policy /Channel/D/P\n"
		 "    - rule 1 of 1: 0 satisfied\n"
		 "      - rule Org2MSP.member: no signature counts\n");
	policy_put(group_below(root, "E"), "P", "OR('Org2MSP.member')");
	policy_put(root, "Q", "ANY P");
	explains(golden, root, "Q", sigs.list, 1,
		 "+ signature " U2 "\n"
		 "+ policy /Channel/Q: 1 of the 1 'P' sub-policies that it needs, of 5\n"
		 "  + policy /Channel/A/P\n"
		 "    + rule 0 of 1: 0 satisfied\n"
		 "      - rule Org1MSP.member\n"
		 "        - identity " U2
		 ": the identity is a member of a different MSP (expected Org1MSP, got Org2MSP)\n");
	signatures_fini(&sigs);
	wire_free(root);
}

static void a_missing_policy_has_no_steps(void **state)
{
	Common__ConfigGroup *root = group_new();

	(void)state;
	explains(golden, root, "Writers", NULL, 0, "");
	wire_free(root);
}

static void count_step(void *arg, const struct policy_step *s)
{
	assert_non_null(s->what);
	assert_non_null(s->why);
	++*(size_t *)arg;
}

static void an_explanation_has_an_end(void **state)
{
	Common__ConfigGroup *root = group_new();
	struct policy_node *tree = NULL;
	struct ord_err e = ERR_INIT;
	struct signatures sigs;
	char name[16];
	size_t n = 0;

	(void)state;
	policy_put(root, "P", "ALL P");
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "Org%d", i);
		policy_put(group_below(root, name), "P", "OR('Org1MSP.admin')");
	}
	test_ok(policy_tree_new(golden, "/Channel", root, &tree, &e), &e);
	sign_all(&sigs, "u1");
	assert_int_equal(policy_explain(policy_find(tree, "P"), "P", golden, sigs.list, sigs.n,
					count_step, &n, &e),
			 ORD_EPERM);
	assert_int_equal(n, 4096);
	signatures_fini(&sigs);
	policy_tree_free(tree);
	wire_free(root);
}

/* ---- the reasons of identities ------------------------------------------- */

/* "OR(@principal)" asked of @identity, which signs nothing valid: the line of its signature and,
 * when it is asked, of itself. */
static void made_explains(struct msp_set *s, struct ord_bytes identity, const char *principal,
			  const char *signature, const char *asked)
{
	struct policy_signed sig = {.identity = identity};
	Common__ConfigGroup *root = group_new();
	char *rule = x_printf("OR('%s')", principal), *want;

	policy_put(root, "P", rule);
	want = x_printf("%s\n"
			"- policy /Channel/P\n"
			"  - rule 1 of 1: 0 satisfied\n"
			"    - rule %s%s\n",
			signature, principal, asked);
	explains(s, root, "P", &sig, 1, want);
	free(rule);
	free(want);
	wire_free(root);
}

/* An MSP of this root, with an administrator. */
static struct msp_set *made_set(struct msp_spec spec, const struct made *root)
{
	spec.root[0] = root;
	spec.admin[0] = make_leaf("admin", "client", root);
	return set_of(MSP_V1_1, &spec);
}

static void an_unknown_msp_or_ca_is_told(void **state)
{
	const struct made *root = make_root("root"), *stranger = make_root("stranger");
	struct msp_set *s = made_set((struct msp_spec){.name = "M"}, root);

	(void)state;
	made_explains(s, made_identity("X", make_leaf("leaf", NULL, root)), "M.member",
		      "- signature X 'CN=leaf,C=US': MSP X is unknown", ": no signature counts");
	made_explains(s, made_identity("M", make_leaf("leaf", NULL, stranger)), "M.member",
		      "- signature M 'CN=leaf,C=US': the supplied identity is not valid: x509: "
		      "certificate signed by unknown authority",
		      ": no signature counts");
	msp_set_free(s);
}

static void a_revoked_certificate_is_told(void **state)
{
	const struct made *root = make_root("root"), *leaf = make_leaf("leaf", NULL, root);
	struct msp_set *s =
		made_set((struct msp_spec){.crl = {make_crl(root, root, leaf, true)}}, root);

	(void)state;
	made_explains(s, made_identity("M", leaf), "M.member", "+ signature M 'CN=leaf,C=US'",
		      "\n      - identity M 'CN=leaf,C=US': could not validate identity against "
		      "certification chain: The certificate has been revoked");
	msp_set_free(s);
}

static void a_missing_ou_is_told(void **state)
{
	const struct made *root = make_root("root"), *leaf = make_leaf("leaf", "peer", root);
	struct msp_set *s = made_set((struct msp_spec){.client = "client", .peer = "peer"}, root);

	(void)state;
	made_explains(s, made_identity("M", leaf), "M.client",
		      "+ signature M 'CN=leaf,OU=peer,C=US'",
		      "\n      - identity M 'CN=leaf,OU=peer,C=US': The identity is not a [CLIENT] "
		      "under this MSP [M]: The identity does not contain OU [CLIENT], MSP: [M]");
	msp_set_free(s);
}

static void an_expired_certificate_is_told(void **state)
{
	const struct made *root = make_root("root");
	const struct made *leaf = make_cert(&(struct cert_spec){.cn = "leaf",
								.issuer = root,
								.not_before = NOW_2024 - YEAR,
								.not_after = NOW_2024});
	struct msp_set *s = made_set((struct msp_spec){.name = "M"}, root);

	(void)state;
	made_explains(
		s, made_identity("M", leaf), "M.member",
		"+ signature M 'CN=leaf,C=US': its certificate expired on 2024-01-01T00:00:00Z",
		"\n      - identity M 'CN=leaf,C=US': could not determine the validity of the "
		"signature: Invalid signature. Cannot be empty.");
	msp_set_free(s);
}

static int setup(void **state)
{
	(void)state;
	golden = msps_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	msp_set_free(golden);
	people_close();
	made_free_all();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_step_of_a_signature_policy_is_told),
		cmocka_unit_test(sub_policies_are_told_until_the_threshold),
		cmocka_unit_test(a_missing_policy_has_no_steps),
		cmocka_unit_test(an_explanation_has_an_end),
		cmocka_unit_test(an_unknown_msp_or_ca_is_told),
		cmocka_unit_test(a_revoked_certificate_is_told),
		cmocka_unit_test(a_missing_ou_is_told),
		cmocka_unit_test(an_expired_certificate_is_told),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
