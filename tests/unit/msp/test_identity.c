/* SPDX-License-Identifier: Apache-2.0 */
/* Which certificates are identities (spec 3.4, 3.5, 3.7). */
#include "made.h"

#define NOT_VALID "the supplied identity is not valid: "
#define CHAIN     "could not obtain certification chain: failed getting validation chain: "

static int tear_down(void **state)
{
	(void)state;
	made_free_all();
	return 0;
}

/* An MSP with one root and, unless @admin is NULL, that administrator. */
static struct msp_set *simple(const struct made *root)
{
	return set_of(MSP_V1_3, &(struct msp_spec){.root = {root}});
}

static void an_expired_leaf_is_still_valid(void **state)
{
	const struct made *root = make_root("root");
	const struct made *leaf = make_cert(&(struct cert_spec){
		.issuer = root, .not_before = NOW_2024 - YEAR, .not_after = NOW_2024 - YEAR + 60});
	struct msp_set *s = simple(root);

	(void)state;
	assert_string_equal(verdict(s, leaf), "");
	assert_int_equal(msp_expiry(s, made_identity("M", leaf)), NOW_2024 - YEAR + 60);
	msp_set_free(s);
}

static void the_ca_must_have_been_valid_when_the_leaf_began(void **state)
{
	const struct made *root = make_cert(&(struct cert_spec){
		.cn = "root", .ca = true, .not_before = NOW_2024, .not_after = NOW_2024 + YEAR});
	const struct made *early = make_cert(&(struct cert_spec){
		.issuer = root, .not_before = NOW_2024 - 2, .not_after = NOW_2024 + YEAR});
	const struct made *first = make_cert(&(struct cert_spec){
		.issuer = root, .not_before = NOW_2024 - 1, .not_after = NOW_2024 + YEAR});
	const struct made *last =
		make_cert(&(struct cert_spec){.issuer = root, .not_before = NOW_2024 + YEAR - 1});
	const struct made *late =
		make_cert(&(struct cert_spec){.issuer = root, .not_before = NOW_2024 + YEAR});
	struct msp_set *s = simple(root);

	(void)state;
	assert_string_equal(verdict(s, early),
			    NOT_VALID "x509: certificate has expired or is not yet valid: current "
				      "time 2023-12-31T23:59:59Z is before 2024-01-01T00:00:00Z");
	assert_string_equal(verdict(s, first), "");
	assert_string_equal(verdict(s, last), "");
	assert_string_equal(verdict(s, late),
			    NOT_VALID "x509: certificate has expired or is not yet valid: current "
				      "time 2024-12-31T00:00:01Z is after 2024-12-31T00:00:00Z");
	msp_set_free(s);
}

static void extended_key_usages_must_include_servers(void **state)
{
	static const char incompatible[] =
		NOT_VALID "x509: certificate specifies an incompatible key usage";
	const struct made *root = make_root("root");
	const struct made *narrow = make_cert(&(struct cert_spec){
		.cn = "narrow", .ca = true, .issuer = root, .eku = "clientAuth"});
	struct msp_set *s = simple(root);
	static const struct {
		const char *eku;
		bool fits;
	} t[] = {{"clientAuth", false},
		 {"serverAuth", true},
		 {"clientAuth,serverAuth", true},
		 {"anyExtendedKeyUsage", true},
		 {"1.2.3.4", false},
		 {"critical,codeSigning", false}};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(t); i++) {
		const struct made *leaf =
			make_cert(&(struct cert_spec){.issuer = root, .eku = t[i].eku});

		assert_string_equal(verdict(s, leaf), t[i].fits ? "" : incompatible);
	}
	msp_set_free(s);
	/* the whole chain counts */
	s = msp_set_new(MSP_V1_3);
	{
		struct ord_err e = ERR_INIT;

		assert_int_equal(
			add_msp(s, &(struct msp_spec){.root = {root}, .intermediate = {narrow}},
				&e),
			ORD_EINVAL);
		assert_string_equal(e.msg, "setting up the MSP manager failed: the supplied "
					   "identity is not valid: x509: certificate specifies an "
					   "incompatible key usage");
	}
	msp_set_free(s);
}

static void two_chains_are_refused(void **state)
{
	/* One intermediate, certified by two roots of the same name and key. */
	const struct made *root = make_root("root");
	const struct made *again =
		make_cert(&(struct cert_spec){.cn = "root", .ca = true, .same_key_as = root});
	const struct made *leaf = make_leaf("leaf", NULL, root);
	struct msp_set *s = set_of(MSP_V1_3, &(struct msp_spec){.root = {root, again}});

	(void)state;
	assert_string_equal(verdict(s, leaf),
			    "this MSP only supports a single validation chain, got 2");
	msp_set_free(s);
	/* the same certificate twice is one */
	s = set_of(MSP_V1_3, &(struct msp_spec){.root = {root, root}});
	assert_string_equal(verdict(s, leaf), "");
	msp_set_free(s);
}

static void only_the_leaves_of_the_ca_tree_issue_identities(void **state)
{
	const struct made *root = make_root("root"), *other = make_root("other");
	const struct made *upper = make_ca("upper", root), *lower = make_ca("lower", upper);
	struct msp_set *s = set_of(MSP_V1_3, &(struct msp_spec){.root = {root, other},
								.intermediate = {upper, lower}});
	static const char internal[] =
		"could not obtain certification chain: invalid validation chain. Parent certificate "
		"should be a leaf of the certification tree";

	(void)state;
	assert_string_equal(verdict(s, make_leaf("a", NULL, root)), internal);
	assert_string_equal(verdict(s, make_leaf("a", NULL, upper)), internal);
	assert_string_equal(verdict(s, make_leaf("a", NULL, lower)), "");
	assert_string_equal(verdict(s, make_leaf("a", NULL, other)), "");
	msp_set_free(s);
}

static void a_ca_is_no_identity(void **state)
{
	const struct made *root = make_root("root");
	struct msp_set *s = simple(root);

	(void)state;
	assert_string_equal(verdict(s, root),
			    "could not obtain certification chain: An X509 certificate with Basic "
			    "Constraint: Certificate Authority equals true cannot be used as an "
			    "identity");
	msp_set_free(s);
}

static void a_stranger_is_refused(void **state)
{
	const struct made *root = make_root("root"), *same_name = make_root("root");
	const struct made *ecdsa = make_leaf("leaf", NULL, same_name);
	const struct made *rsa_root =
		make_cert(&(struct cert_spec){.cn = "R", .ca = true, .curve = "RSA"});
	const struct made *rsa = make_leaf("leaf", NULL, rsa_root);
	struct msp_set *s = simple(root);

	(void)state;
	assert_string_equal(verdict(s, ecdsa), NOT_VALID
			    "x509: certificate signed by unknown authority (possibly because of "
			    "\"x509: ECDSA verification failure\" while trying to verify candidate "
			    "authority certificate \"root\")");
	/* what is not signed by ECDSA needs no chain to be read, only to be valid */
	assert_string_equal(verdict(s, rsa),
			    CHAIN NOT_VALID "x509: certificate signed by unknown authority");
	msp_set_free(s);
}

static void rsa_authorities_are_fine_and_rsa_identities_cannot_sign(void **state)
{
	const struct made *root =
		make_cert(&(struct cert_spec){.cn = "R", .ca = true, .curve = "RSA"});
	const struct made *leaf = make_leaf("leaf", NULL, root);
	const struct made *rsa = make_cert(&(struct cert_spec){.issuer = root, .curve = "RSA"});
	const struct made *ed = make_cert(&(struct cert_spec){.issuer = root, .curve = "ED25519"});
	struct msp_set *s = simple(root);
	struct msp_identity *id;
	struct ord_err e = ERR_INIT;
	uint8_t digest[32] = {0};

	(void)state;
	assert_string_equal(verdict(s, leaf), "");
	assert_string_equal(verdict(s, rsa), "");
	id = identify(s, made_identity("M", rsa));
	test_fails(msp_verify_digest(id, digest, bytes_str("sig"), &e), &e, ORD_EPERM,
		   "could not determine the validity of the signature: an RSA key does not sign "
		   "for an identity");
	msp_identity_unref(id);
	assert_string_equal(verdict(s, ed),
			    "failed to import certificate's public key: Certificate's public key "
			    "type not recognized. Supported keys: [ECDSA, RSA]");
	msp_set_free(s);
}

static void go_s_other_rules_hold(void **state)
{
	const struct made *root = make_root("root");
	const struct made *flat =
		make_cert(&(struct cert_spec){.cn = "flat", .ca = true, .path_len = 1});
	const struct made *mute = make_cert(
		&(struct cert_spec){.cn = "mute", .ca = true, .usage = "critical,cRLSign"});
	const struct made *sub = make_ca("sub", flat);
	struct msp_set *s = set_of(MSP_V1_3, &(struct msp_spec){.root = {root, flat, mute}});
	struct ord_err e = ERR_INIT;

	(void)state;
	assert_string_equal(
		verdict(s, make_cert(&(struct cert_spec){.issuer = root, .unknown = "1.2.3.4"})),
		NOT_VALID "x509: unhandled critical extension");
	assert_string_equal(
		verdict(s, make_leaf("leaf", NULL, mute)),
		NOT_VALID "x509: certificate signed by unknown authority (possibly because of "
			  "\"x509: invalid signature: parent certificate cannot sign this kind of "
			  "certificate\" while trying to verify candidate authority certificate "
			  "\"mute\")");
	assert_string_equal(
		verdict(s, make_cert(&(struct cert_spec){.issuer = root, .md = "SHA1"})),
		NOT_VALID "x509: certificate signed by unknown authority (possibly because of "
			  "\"x509: cannot verify signature: insecure algorithm\" while trying to "
			  "verify candidate authority certificate \"root\")");
	assert_string_equal(verdict(s, make_leaf("leaf", NULL, flat)), "");
	msp_set_free(s);

	s = set_of(MSP_V1_3, &(struct msp_spec){.root = {flat}, .intermediate = {sub}});
	assert_string_equal(verdict(s, make_leaf("leaf", NULL, sub)),
			    NOT_VALID "x509: too many intermediates for path length constraint");
	msp_set_free(s);

	s = msp_set_new(MSP_V1_3); /* a leaf among the intermediates is no CA */
	test_fails(add_msp(s,
			   &(struct msp_spec){.root = {root},
					      .intermediate = {make_leaf("leaf", NULL, root)}},
			   &e),
		   &e, ORD_EINVAL, e.msg);
	assert_non_null(strstr(e.msg, "CA Certificate did not have the CA attribute, (SN: "));
	msp_set_free(s);
}

static void name_constraints_are_enforced(void **state)
{
	const struct made *root = make_cert(&(struct cert_spec){
		.cn = "root", .ca = true, .names = "critical,permitted;DNS:example.com"});
	struct msp_set *s = simple(root);
	static const struct {
		const char *cn, *san, *want;
	} t[] = {
		{"a", "DNS:peer.example.com", ""},
		{"a", "DNS:peer.example.org",
		 NOT_VALID "x509: a root or intermediate certificate is not authorized to sign for "
			   "this name"},
		{"peer.example.com", NULL,
		 NOT_VALID "x509: issuer has name constraints but leaf doesn't have a SAN "
			   "extension"},
		{"Admin@example.com", NULL, ""}, /* no host name */
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(t); i++)
		assert_string_equal(
			verdict(s, make_cert(&(struct cert_spec){
					   .cn = t[i].cn, .san = t[i].san, .issuer = root})),
			t[i].want);
	msp_set_free(s);
}

static void high_s_certificates_count_in_their_low_s_form(void **state)
{
	const struct made *root =
		make_cert(&(struct cert_spec){.cn = "root", .ca = true, .s = HIGH_S});
	const struct made *mid = make_cert(
		&(struct cert_spec){.cn = "mid", .ca = true, .issuer = root, .s = HIGH_S});
	const struct made *leaf =
		make_cert(&(struct cert_spec){.ou = {"leaf"}, .issuer = mid, .s = HIGH_S});
	struct msp_set *s = set_of(MSP_V1_0, &(struct msp_spec){.root = {root},
								.intermediate = {mid},
								.admin = {leaf},
								.ou = {{mid, "x"}, {mid, "leaf"}}});
	struct msp_identity *id, *low;
	struct buf der = BUF_INIT, pem = BUF_INIT, ident = BUF_INIT;
	struct ord_err e = ERR_INIT;
	X509 *x;

	(void)state;
	assert_string_equal(verdict(s, leaf), "");
	id = identify(s, made_identity("M", leaf));
	test_ok(msp_satisfies(id, role_of(s, "M", MSP__MSPROLE__MSPROLE_TYPE__ADMIN), &e), &e);

	/* the same certificate in low-S form is the same identity, and a principal either way */
	test_ok(crypto_cert_low_s(leaf->x, mid->key, &x, &e), &e);
	assert_ptr_not_equal(x, leaf->x);
	crypto_cert_der(x, &der);
	crypto_der_to_pem(buf_bytes(&der), &pem);
	ident = serialize("M", buf_bytes(&pem));
	low = identify(s, buf_bytes(&ident));
	assert_true(bytes_eq(msp_identity_key(id), msp_identity_key(low)));
	test_ok(msp_satisfies(low, identity_of(s, made_identity("M", leaf)), &e), &e);
	test_ok(msp_satisfies(id, identity_of(s, buf_bytes(&ident)), &e), &e);
	msp_identity_unref(low);
	msp_identity_unref(id);
	X509_free(x);
	buf_fini(&der);
	buf_fini(&pem);
	buf_fini(&ident);
	msp_set_free(s);
}

static void a_high_s_signature_is_refused(void **state)
{
	const struct made *root = make_root("root"), *leaf = make_leaf("leaf", NULL, root);
	struct msp_set *s = simple(root);
	struct msp_identity *id = identify(s, made_identity("M", leaf));
	struct ord_err e = ERR_INIT;
	static const uint8_t high[] = {
		0x30, 0x26, 2, 1, 1, 2, 0x21, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1, 1, 1, 1,
		1,    1,    1, 1, 1, 1, 1,    1, 1,    1,    1,    1,    1, 1, 1, 1, 1, 1, 1, 1};
	uint8_t digest[32] = {0};

	(void)state;
	assert_int_equal(msp_verify_digest(id, digest, bytes_of(high, sizeof(high)), &e),
			 ORD_EPERM);
	assert_non_null(strstr(e.msg, "Invalid S. Must be smaller than half the order ["));
	msp_identity_unref(id);
	msp_set_free(s);
}

static void a_revoked_identity_is_refused(void **state)
{
	static const char revoked[] =
		"could not validate identity against certification chain: The "
		"certificate has been revoked";
	const struct made *root = make_root("root"), *other = make_root("other");
	const struct made *bad = make_leaf("bad", NULL, root),
			  *good = make_leaf("good", NULL, root);
	struct msp_set *s =
		set_of(MSP_V1_3, &(struct msp_spec){.root = {root},
						    .crl = {make_crl(root, root, bad, true)}});

	(void)state;
	assert_string_equal(verdict(s, bad), revoked);
	assert_string_equal(verdict(s, good), "");
	msp_set_free(s);
	/* a list that the CA did not sign is passed over */
	s = set_of(MSP_V1_3,
		   &(struct msp_spec){.root = {root}, .crl = {make_crl(root, other, bad, true)}});
	assert_string_equal(verdict(s, bad), "");
	msp_set_free(s);
	/* another CA's list does not count, even for the same serial number */
	s = set_of(MSP_V1_3, &(struct msp_spec){.root = {root, other},
						.crl = {make_crl(other, other, bad, true)}});
	assert_string_equal(verdict(s, bad), "");
	msp_set_free(s);
	/* a list that names no key makes every check fail */
	s = set_of(MSP_V1_3,
		   &(struct msp_spec){.root = {root}, .crl = {make_crl(root, root, NULL, false)}});
	assert_string_equal(verdict(s, good),
			    "could not validate identity against certification chain: could not "
			    "obtain Authority Key Identifier for crl: authorityKeyIdentifier not "
			    "found in certificate");
	msp_set_free(s);
}

static void ou_identifiers_name_who_is_in(void **state)
{
	const struct made *root = make_root("root"), *mid = make_ca("mid", root);
	const struct made *other = make_root("other");
	struct msp_set *s = set_of(MSP_V1_0, &(struct msp_spec){.root = {root, other},
								.intermediate = {mid},
								.ou = {{mid, "sales"}}});
	const char *no;

	(void)state;
	assert_string_equal(verdict(s, make_leaf("a", "sales", mid)), "");
	assert_string_equal(
		verdict(s, make_cert(&(struct cert_spec){.ou = {"it", "sales"}, .issuer = mid})),
		"");
	assert_string_equal(verdict(s, make_leaf("a", NULL, mid)),
			    "could not validate identity's OUs: the identity certificate does not "
			    "contain an Organizational Unit (OU)");
	no = verdict(s, make_leaf("a", "sales", other)); /* the name alone does not do */
	assert_non_null(strstr(no, "could not validate identity's OUs: none of the identity's "
				   "organizational units [sales("));
	assert_non_null(strstr(no, ")] are in MSP M"));
	msp_set_free(s);
}

static void node_ous_at_1_1_are_client_and_peer(void **state)
{
	const struct made *root = make_root("root"), *other = make_root("other");
	struct msp_set *s = set_of(MSP_V1_1, &(struct msp_spec){.root = {root, other},
								.client = "client",
								.peer = "peer",
								.node_ca = root});
	const char *no;

	(void)state;
	assert_string_equal(verdict(s, make_leaf("a", "client", root)), "");
	assert_string_equal(verdict(s, make_leaf("a", "peer", root)), "");
	no = verdict(s, make_leaf("a", "orderer", root));
	assert_non_null(strstr(no,
			       "could not validate identity's OUs: the identity must be a client "
			       "or a peer identity to be valid, not a combination of them. OUs: "
			       "[orderer("));
	assert_non_null(strstr(no, ")], MSP: [M]"));
	no = verdict(s, make_cert(&(struct cert_spec){.ou = {"client", "peer"}, .issuer = root}));
	assert_non_null(strstr(no, "not a combination of them. OUs: [client("));
	no = verdict(s, make_leaf("a", "client", other));
	assert_non_null(strstr(no, "certifiersIdentifier does not match: [client("));
	assert_non_null(strstr(verdict(s, make_leaf("a", NULL, root)), "OUs: [], MSP: [M]"));
	msp_set_free(s);
}

static void node_ous_at_1_4_3_are_any_of_four(void **state)
{
	const struct made *root = make_root("root");
	struct msp_set *s =
		set_of(MSP_V1_4_3,
		       &(struct msp_spec){.root = {root}, .admin_ou = "boss", .orderer = "ord"});
	static const char *const units[] = {"boss", "ord"};
	const char *no;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(units); i++)
		assert_string_equal(verdict(s, make_leaf("a", units[i], root)), "");
	no = verdict(s, make_leaf("a", "client", root));
	assert_non_null(strstr(no,
			       "the identity must be a client, a peer, an orderer or an admin "
			       "identity to be valid, not a combination of them. OUs: [client("));
	no = verdict(s, make_cert(&(struct cert_spec){.ou = {"ord", "boss"}, .issuer = root}));
	assert_non_null(strstr(no, "not a combination of them. OUs: [ord("));
	msp_set_free(s);
	/* not enabled: they do not matter */
	s = set_of(MSP_V1_4_3, &(struct msp_spec){.root = {root},
						  .client = "client",
						  .node_off = true,
						  .admin = {make_leaf("adm", "x", root)}});
	assert_string_equal(verdict(s, make_leaf("a", "whatever", root)), "");
	msp_set_free(s);
}

static const char *refusal(struct msp_set *s, struct ord_bytes serialized)
{
	static struct ord_err e;
	struct msp_identity *id;

	assert_int_equal(msp_identify(s, serialized, &id, &e), ORD_EPERM);
	assert_null(id);
	return e.msg;
}

static void junk_is_refused_with_the_reason(void **state)
{
	const struct made *root = make_root("root");
	struct msp_set *s = simple(root);
	struct buf big = BUF_INIT, b;

	(void)state;
	assert_non_null(strstr(refusal(s, bytes_str("\xff\xff\xff")),
			       "could not deserialize a SerializedIdentity: "));
	assert_string_equal(refusal(s, bytes_of(NULL, 0)), "MSP  is unknown");
	b = serialize("M", bytes_str("no PEM"));
	assert_string_equal(refusal(s, buf_bytes(&b)), "could not decode the PEM structure");
	buf_fini(&b);
	b = serialize("M", bytes_str("-----BEGIN CERTIFICATE-----\nQUJD\n-----END "
				     "CERTIFICATE-----\n"));
	assert_string_equal(refusal(s, buf_bytes(&b)),
			    "parseCertificate failed: x509: malformed certificate");
	buf_fini(&b);
	buf_add_bytes(&big, buf_bytes(&root->pem));
	while (big.len < 70000)
		buf_add_str(&big, "padding ");
	b = serialize("M", buf_bytes(&big));
	assert_non_null(strstr(refusal(s, buf_bytes(&b)), "bytes is too large"));
	buf_fini(&b);
	buf_fini(&big);
	msp_set_free(s);
}

static void idemix_is_kept_but_never_satisfied(void **state)
{
	const struct made *root = make_root("root");
	struct msp_set *s = simple(root);
	Msp__IdemixMSPConfig idemix = MSP__IDEMIX_MSPCONFIG__INIT;
	Msp__MSPConfig config = MSP__MSPCONFIG__INIT;
	struct buf packed, ident = serialize("I", bytes_str("some proof"));
	const char *mspid, *want = "Idemix identities are not supported, MSP: [I]";
	const struct msp_principal *member;
	struct msp_identity *id;
	struct ord_err e = ERR_INIT;
	uint8_t digest[32] = {0};

	(void)state;
	idemix.name = "I";
	packed = pack(&idemix);
	config.type = 1;
	config.config = wire_binary(buf_bytes(&packed));
	test_ok(msp_set_add(s, &config, &mspid, &e), &e);
	assert_string_equal(mspid, "I");
	member = role_of(s, "I", MSP__MSPROLE__MSPROLE_TYPE__MEMBER);
	id = identify(s, buf_bytes(&ident));
	assert_true(msp_identity_not_after(id) == INT64_MAX);
	test_fails(msp_validate(id, &e), &e, ORD_EPERM, want);
	test_fails(msp_satisfies(id, member, &e), &e, ORD_EPERM, want);
	test_fails(msp_verify_digest(id, digest, bytes_str("x"), &e), &e, ORD_EPERM, want);
	msp_identity_unref(id);
	assert_string_equal(verdict(s, make_leaf("leaf", NULL, root)), "");
	msp_set_free(s);

	s = msp_set_new(MSP_V1_0);
	test_fails(msp_set_add(s, &config, &mspid, &e), &e, ORD_EINVAL,
		   "setting up the MSP manager failed: Invalid *IdemixNewOpts. Version not "
		   "recognized [0]");
	msp_set_free(s);
	buf_fini(&packed);
	buf_fini(&ident);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_expired_leaf_is_still_valid),
		cmocka_unit_test(the_ca_must_have_been_valid_when_the_leaf_began),
		cmocka_unit_test(extended_key_usages_must_include_servers),
		cmocka_unit_test(two_chains_are_refused),
		cmocka_unit_test(only_the_leaves_of_the_ca_tree_issue_identities),
		cmocka_unit_test(a_ca_is_no_identity),
		cmocka_unit_test(a_stranger_is_refused),
		cmocka_unit_test(rsa_authorities_are_fine_and_rsa_identities_cannot_sign),
		cmocka_unit_test(go_s_other_rules_hold),
		cmocka_unit_test(name_constraints_are_enforced),
		cmocka_unit_test(high_s_certificates_count_in_their_low_s_form),
		cmocka_unit_test(a_high_s_signature_is_refused),
		cmocka_unit_test(a_revoked_identity_is_refused),
		cmocka_unit_test(ou_identifiers_name_who_is_in),
		cmocka_unit_test(node_ous_at_1_1_are_client_and_peer),
		cmocka_unit_test(node_ous_at_1_4_3_are_any_of_four),
		cmocka_unit_test(junk_is_refused_with_the_reason),
		cmocka_unit_test(idemix_is_kept_but_never_satisfied),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
