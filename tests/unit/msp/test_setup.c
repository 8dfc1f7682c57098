/* SPDX-License-Identifier: Apache-2.0 */
/* What makes an MSP, at each version of the semantics (spec 3.6). */
#include "made.h"

#define SETTING_UP "setting up the MSP manager failed: "

static const enum msp_version versions[] = {MSP_V1_0, MSP_V1_1, MSP_V1_3, MSP_V1_4_3};

static int tear_down(void **state)
{
	(void)state;
	made_free_all();
	return 0;
}

/* What setting up @spec says; "" when it comes up. */
static const char *outcome(enum msp_version v, const struct msp_spec *spec)
{
	static struct ord_err e;
	struct msp_set *s = msp_set_new(v);
	int rc = add_msp(s, spec, &e);

	msp_set_free(s);
	if (rc == 0)
		return "";
	assert_int_equal(rc, ORD_EINVAL);
	assert_int_equal(e.code, ORD_EINVAL);
	return e.msg;
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static void a_root_is_needed(void **state)
{
	(void)state;
	for (size_t v = 0; v < UTIL_ARRAY_LEN(versions); v++)
		assert_string_equal(outcome(versions[v], &(struct msp_spec){.name = "M"}),
				    SETTING_UP "expected at least one CA certificate");
}

static void authorities_are_checked(void **state)
{
	const struct made *root = make_root("root"), *leaf = make_leaf("a", NULL, root);
	const struct made *bare =
		make_cert(&(struct cert_spec){.cn = "bare", .ca = true, .no_ski = true});
	const struct made *stranger = make_ca("sub", make_root("unknown"));
	const struct made *mid = make_cert(
		&(struct cert_spec){.cn = "mid", .ca = true, .issuer = root, .serial = 0xab1});
	const char *no;

	(void)state;
	no = outcome(MSP_V1_3, &(struct msp_spec){.root = {leaf, root}});
	has(no, SETTING_UP "CA Certificate did not have the CA attribute, (SN: ");
	no = outcome(MSP_V1_3, &(struct msp_spec){.root = {bare}});
	has(no, SETTING_UP "CA Certificate problem with Subject Key Identifier extension, (SN: ");
	has(no, "): subjectKeyIdentifier not found in certificate");
	no = outcome(MSP_V1_3, &(struct msp_spec){.root = {root}, .intermediate = {stranger}});
	assert_string_equal(no, SETTING_UP "the supplied identity is not valid: x509: certificate "
					   "signed by unknown authority");
	no = outcome(MSP_V1_3, &(struct msp_spec){.root = {root},
						  .intermediate = {mid},
						  .crl = {make_crl(root, root, mid, true)}});
	assert_string_equal(no, SETTING_UP "CA Certificate is not valid, (SN: 2737): The "
					   "certificate has been revoked");
	no = outcome(MSP_V1_3, &(struct msp_spec){.root = {root}, .crl = {bytes_str("no list")}});
	assert_string_equal(no, SETTING_UP "could not parse RevocationList: malformed");
}

static void the_serial_number_is_printed_as_in_go(void **state)
{
	const struct made *root = make_root("root");
	const struct made *leaf = make_cert(&(struct cert_spec){.issuer = root, .serial = 0x0ab1});

	(void)state;
	assert_string_equal(outcome(MSP_V1_3, &(struct msp_spec){.root = {root, leaf}}),
			    SETTING_UP "CA Certificate did not have the CA attribute, (SN: ab1)");
}

static void tls_authorities_are_checked_but_may_have_expired(void **state)
{
	const struct made *root = make_root("root"), *adm = make_leaf("adm", NULL, root);
	const struct made *old = make_cert(&(struct cert_spec){.cn = "old",
							       .ca = true,
							       .not_before = NOW_2024 - 9 * YEAR,
							       .not_after = NOW_2024 - 8 * YEAR});
	const struct made *sub = make_ca("sub", make_root("unknown"));

	(void)state;
	for (size_t v = 0; v < UTIL_ARRAY_LEN(versions); v++) {
		struct msp_spec spec = {.root = {root}, .admin = {adm}, .tls_root = {old}};

		assert_string_equal(outcome(versions[v], &spec), "");
		spec.tls_root[1] = adm;
		has(outcome(versions[v], &spec),
		    SETTING_UP "CA Certificate did not have the CA attribute, (SN: ");
		spec.tls_root[1] = NULL;
		spec.tls_intermediate[0] = sub;
		has(outcome(versions[v], &spec),
		    ": could not obtain certification chain: the supplied identity is not valid: "
		    "x509: certificate signed by unknown authority");
	}
}

static void administrators_must_be_members(void **state)
{
	const struct made *root = make_root("root"), *other = make_root("other");
	const struct made *good = make_leaf("good", NULL, root);
	const struct made *stranger = make_leaf("stranger", NULL, other);
	const struct made *revoked = make_leaf("revoked", NULL, root);
	struct ord_bytes crl = make_crl(root, root, revoked, true);

	(void)state;
	for (size_t v = 0; v < UTIL_ARRAY_LEN(versions); v++) {
		struct msp_spec spec = {.root = {root}, .admin = {good}, .crl = {crl}};

		assert_string_equal(outcome(versions[v], &spec), "");
		spec.admin[1] = revoked;
		assert_string_equal(outcome(versions[v], &spec), SETTING_UP
				    "admin 1 is invalid: could not validate identity against "
				    "certification chain: The certificate has been revoked");
		spec.admin[1] = stranger;
		assert_string_equal(outcome(versions[v], &spec),
				    SETTING_UP "the supplied identity is not valid: x509: "
					       "certificate signed by unknown authority");
	}
}

static void node_ous_decide_who_administers(void **state)
{
	const struct made *root = make_root("root");
	const struct made *client = make_leaf("c", "client", root);
	const struct made *peer = make_leaf("p", "peer", root);
	const struct made *admin = make_leaf("a", "admin", root);
	struct msp_spec spec = {.root = {root}, .client = "client", .peer = "peer"};
	const char *no;

	(void)state;
	/* v1.1 and v1.3: clients */
	spec.admin[0] = client;
	assert_string_equal(outcome(MSP_V1_1, &spec), "");
	assert_string_equal(outcome(MSP_V1_3, &spec), "");
	assert_string_equal(outcome(MSP_V1_4_3, &spec), "");
	spec.admin[0] = peer;
	assert_string_equal(outcome(MSP_V1_1, &spec),
			    SETTING_UP "admin 0 is invalid: The identity is not a [CLIENT] under "
				       "this MSP [M]: The identity does not contain OU [CLIENT], "
				       "MSP: [M]");
	spec.admin[0] = admin;
	no = outcome(MSP_V1_3, &spec);
	has(no,
	    SETTING_UP "admin 0 is invalid: The identity is not valid under this MSP [M]: could "
		       "not validate identity's OUs: the identity must be a client or a peer");
	/* v1.0 knows no node OUs */
	assert_string_equal(outcome(MSP_V1_0, &spec), "");
	/* v1.4.3: clients or admins, and both in words when it is neither */
	spec.admin[0] = peer;
	assert_string_equal(outcome(MSP_V1_4_3, &spec), SETTING_UP
			    "admin 0 is invalid [The identity does not contain OU [CLIENT], MSP: "
			    "[M],cannot test for classification, node ou for type [ADMIN], not "
			    "defined, msp: [M]]");
	spec.admin_ou = "admin";
	spec.admin[0] = admin;
	assert_string_equal(outcome(MSP_V1_4_3, &spec), "");
	/* none at all needs an admin OU that is enforced */
	spec.admin[0] = NULL;
	assert_string_equal(outcome(MSP_V1_4_3, &spec), "");
	spec.node_off = true;
	assert_string_equal(outcome(MSP_V1_4_3, &spec),
			    SETTING_UP "administrators must be declared when no admin ou "
				       "classification is set");
	assert_string_equal(outcome(MSP_V1_3, &spec), "");
}

static void node_ous_need_both_names_before_1_4_3(void **state)
{
	const struct made *root = make_root("root"), *adm = make_leaf("a", "client", root);

	(void)state;
	for (int v = MSP_V1_1; v <= MSP_V1_3; v++) {
		assert_string_equal(
			outcome((enum msp_version)v,
				&(struct msp_spec){.root = {root}, .peer = "peer", .admin = {adm}}),
			SETTING_UP
			"Failed setting up NodeOUs. ClientOU must be different from nil.");
		assert_string_equal(
			outcome((enum msp_version)v, &(struct msp_spec){.root = {root},
									.client = "client",
									.admin = {adm}}),
			SETTING_UP "Failed setting up NodeOUs. PeerOU must be different from nil.");
	}
	assert_string_equal(
		outcome(MSP_V1_4_3,
			&(struct msp_spec){.root = {root}, .client = "client", .admin = {adm}}),
		"");
}

static void units_name_configured_authorities(void **state)
{
	const struct made *root = make_root("root"), *mid = make_ca("mid", root);
	const struct made *low = make_ca("low", mid), *other = make_root("other");
	struct msp_spec spec = {.root = {root}, .intermediate = {mid, low}};

	(void)state;
	spec.ou[0].ca = other;
	spec.ou[0].name = "x";
	assert_string_equal(outcome(MSP_V1_0, &spec),
			    SETTING_UP "failed getting certificate for [x]: Failed adding OU. "
				       "Certificate [CN=other,C=US] not in root or intermediate "
				       "certs.");
	spec.ou[0].ca = mid; /* it has a CA below it */
	assert_string_equal(outcome(MSP_V1_0, &spec),
			    SETTING_UP "failed getting certificate for [x]: Failed computing "
				       "validation chain: invalid validation chain. Parent "
				       "certificate should be a leaf of the certification tree");
	spec.ou[0].ca = low;
	assert_string_equal(outcome(MSP_V1_0, &spec), "");
	spec.ou[0].ca = root;
	assert_string_equal(outcome(MSP_V1_0, &spec), "");
	spec.client = "client";
	spec.peer = "peer";
	spec.node_ca = other;
	has(outcome(MSP_V1_1, &spec), SETTING_UP "Failed adding OU. Certificate [");
	spec.ou[0].ca = NULL;
	has(outcome(MSP_V1_0, &spec),
	    SETTING_UP "failed getting certificate for [x]: Failed getting certificate: "
		       "getCertFromPem error: could not decode pem bytes");
}

static void hash_functions_are_fabric_s(void **state)
{
	static const char *const known[] = {"SHA256", "SHA384", "SHA3_256", "SHA3_384"};
	const struct made *root = make_root("root"), *leaf = make_leaf("a", "x", root);
	struct msp_spec spec = {.root = {root}, .ou = {{root, "x"}}};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(known); i++) {
		struct msp_set *s;

		spec.hash = known[i];
		s = set_of(MSP_V1_3, &spec);
		assert_string_equal(verdict(s, leaf), "");
		msp_set_free(s);
	}
	spec.hash = "MD5";
	assert_string_equal(outcome(MSP_V1_3, &spec),
			    SETTING_UP "failed getting hash function options: hash function not "
				       "recognized [MD5]");
}

static void other_signature_hashes_verify_nothing(void **state)
{
	const struct made *root = make_root("root");
	struct msp_set *s = set_of(MSP_V1_3, &(struct msp_spec){.root = {root}, .family = "SHA3"});
	struct msp_identity *id = identify(s, made_identity("M", make_leaf("a", NULL, root)));
	struct ord_err e = ERR_INIT;
	uint8_t digest[32] = {0};

	(void)state;
	test_fails(msp_verify_digest(id, digest, bytes_str("s"), &e), &e, ORD_EPERM,
		   "failed getting hash function options: hash familiy not recognized [SHA3]");
	msp_identity_unref(id);
	msp_set_free(s);
}

static void a_signing_identity_needs_its_key_and_time(void **state)
{
	const struct made *root = make_root("root"), *leaf = make_leaf("a", NULL, root);
	const struct made *old =
		make_cert(&(struct cert_spec){.issuer = root, .not_after = NOW_2024});

	(void)state;
	assert_string_equal(outcome(MSP_V1_3, &(struct msp_spec){.root = {root}, .signer = leaf}),
			    SETTING_UP "KeyMaterial not found in SigningIdentityInfo");
	assert_string_equal(
		outcome(MSP_V1_3,
			&(struct msp_spec){.root = {root}, .signer = leaf, .signer_key = true}),
		"");
	has(outcome(MSP_V1_3,
		    &(struct msp_spec){.root = {root}, .signer = old, .signer_key = true}),
	    SETTING_UP "signing identity expired ");
}

static void an_msp_is_defined_once(void **state)
{
	const struct made *root = make_root("root"), *other = make_root("other");
	struct msp_set *s = msp_set_new(MSP_V1_3);
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(add_msp(s, &(struct msp_spec){.root = {root}}, &e), &e);
	test_ok(add_msp(s, &(struct msp_spec){.root = {root}}, &e), &e);
	test_ok(add_msp(s, &(struct msp_spec){.name = "N", .root = {root}}, &e), &e);
	test_fails(add_msp(s, &(struct msp_spec){.root = {other}}, &e), &e, ORD_EINVAL,
		   "Attempted to define two different versions of MSP: M");
	assert_string_equal(verdict(s, make_leaf("a", NULL, root)), "");
	msp_set_free(s);
}

static void unknown_types_are_refused(void **state)
{
	Msp__MSPConfig config = MSP__MSPCONFIG__INIT;
	struct msp_set *s = msp_set_new(MSP_V1_4_3);
	struct ord_err e = ERR_INIT;
	const char *mspid;

	(void)state;
	config.type = 7;
	test_fails(msp_set_add(s, &config, &mspid, &e), &e, ORD_EINVAL,
		   "Setup error: unsupported msp type 7");
	config.type = 0;
	config.config = wire_binary(bytes_str("\xff"));
	assert_int_equal(msp_set_add(s, &config, &mspid, &e), ORD_EINVAL);
	has(e.msg, SETTING_UP "failed unmarshalling fabric msp config: ");
	msp_set_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_root_is_needed),
		cmocka_unit_test(authorities_are_checked),
		cmocka_unit_test(the_serial_number_is_printed_as_in_go),
		cmocka_unit_test(tls_authorities_are_checked_but_may_have_expired),
		cmocka_unit_test(administrators_must_be_members),
		cmocka_unit_test(node_ous_decide_who_administers),
		cmocka_unit_test(node_ous_need_both_names_before_1_4_3),
		cmocka_unit_test(units_name_configured_authorities),
		cmocka_unit_test(hash_functions_are_fabric_s),
		cmocka_unit_test(other_signature_hashes_verify_nothing),
		cmocka_unit_test(a_signing_identity_needs_its_key_and_time),
		cmocka_unit_test(an_msp_is_defined_once),
		cmocka_unit_test(unknown_types_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
