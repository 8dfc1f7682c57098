/* SPDX-License-Identifier: Apache-2.0 */
/* Identities, principals and signatures made by Fabric's own tools. */
#include "msp_test.h"

enum { MEMBER, ADMIN, CLIENT, PEER, ORDERER };

#define ORG0 "ordererOrganizations/example.com"
#define ORG1 "peerOrganizations/org1.example.com"
#define ORG2 "peerOrganizations/org2.example.com"

static const struct member {
	const char *mspid, *cert;
	int role; /* besides MEMBER */
} members[] = {
	{"OrdererMSP",
	 ORG0 "/orderers/orderer.example.com/msp/signcerts/orderer.example.com-cert.pem", ORDERER},
	{"OrdererMSP",
	 ORG0 "/orderers/orderer2.example.com/msp/signcerts/orderer2.example.com-cert.pem",
	 ORDERER},
	{"OrdererMSP",
	 ORG0 "/orderers/orderer3.example.com/msp/signcerts/orderer3.example.com-cert.pem",
	 ORDERER},
	{"OrdererMSP", ORG0 "/users/Admin@example.com/msp/signcerts/Admin@example.com-cert.pem",
	 ADMIN},
	{"Org1MSP",
	 ORG1 "/peers/peer0.org1.example.com/msp/signcerts/peer0.org1.example.com-cert.pem", PEER},
	{"Org1MSP",
	 ORG1 "/users/Admin@org1.example.com/msp/signcerts/Admin@org1.example.com-cert.pem", ADMIN},
	{"Org1MSP",
	 ORG1 "/users/User1@org1.example.com/msp/signcerts/User1@org1.example.com-cert.pem",
	 CLIENT},
	{"Org2MSP",
	 ORG2 "/peers/peer1.org2.example.com/msp/signcerts/peer1.org2.example.com-cert.pem", PEER},
	{"Org2MSP",
	 ORG2 "/users/Admin@org2.example.com/msp/signcerts/Admin@org2.example.com-cert.pem", ADMIN},
};

static void every_identity_is_what_its_name_says(void **state)
{
	struct msp_set *s = golden_set("blocks/genesis.solo.block", MSP_V1_4_3);
	static const char *const orgs[] = {"OrdererMSP", "Org1MSP", "Org2MSP"};
	const struct msp_principal *p[3][5];
	struct ord_err e = ERR_INIT;

	(void)state;
	for (int o = 0; o < 3; o++)
		for (int r = MEMBER; r <= ORDERER; r++)
			p[o][r] = role_of(s, orgs[o], r);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(members); i++) {
		const struct member *m = &members[i];
		struct buf b = golden_identity(m->mspid, m->cert);
		struct msp_identity *id = identify(s, buf_bytes(&b));

		assert_string_equal(msp_identity_mspid(id), m->mspid);
		assert_int_equal(msp_expiry(s, buf_bytes(&b)), msp_identity_not_after(id));
		test_ok(msp_validate(id, &e), &e);
		for (int o = 0; o < 3; o++)
			for (int r = MEMBER; r <= ORDERER; r++) {
				bool want = strcmp(orgs[o], m->mspid) == 0 &&
					    (r == MEMBER || r == m->role);

				for (int again = 0; again < 2; again++)
					if ((msp_satisfies(id, p[o][r], &e) == 0) != want)
						fail_msg("%s role %d of %s: %s", m->cert, r,
							 orgs[o], e.msg);
			}
		msp_identity_unref(id);
		buf_fini(&b);
	}
	msp_set_free(s);
}

static void one_identity_is_one_object(void **state)
{
	struct msp_set *s = golden_set("blocks/genesis.solo.block", MSP_V1_4_3);
	struct buf b = golden_identity(members[0].mspid, members[0].cert);
	struct msp_identity *a = identify(s, buf_bytes(&b)), *c = identify(s, buf_bytes(&b));

	(void)state;
	assert_ptr_equal(a, c);
	msp_set_free(s);
	assert_int_equal(msp_validate(a, NULL), 0); /* outlives its set */
	msp_identity_unref(a);
	msp_identity_unref(c);
	buf_fini(&b);
}

static void an_identity_is_described(void **state)
{
	struct buf b = golden_identity(members[6].mspid, members[6].cert), text = BUF_INIT;

	(void)state;
	msp_describe_serialized(buf_bytes(&b), &text);
	assert_string_equal(buf_cstr(&text), "Org1MSP 'CN=User1@org1.example.com,OU=client,L=San "
					     "Francisco,ST=California,C=US'");
	buf_fini(&text);
	buf_fini(&b);
}

static void a_wrong_msp_is_refused(void **state)
{
	struct msp_set *s = golden_set("blocks/genesis.solo.block", MSP_V1_4_3);
	struct buf b = golden_identity("Org2MSP", members[6].cert);
	struct buf c = golden_identity("NoMSP", members[6].cert);
	struct msp_identity *id;
	struct ord_err e = ERR_INIT;

	(void)state;
	for (int again = 0; again < 2; again++) { /* the second answer is the cache's */
		test_fails(msp_identify(s, buf_bytes(&b), &id, &e), &e, ORD_EPERM,
			   "the supplied identity is not valid: x509: certificate signed by "
			   "unknown authority");
		test_fails(msp_identify(s, buf_bytes(&c), &id, &e), &e, ORD_EPERM,
			   "MSP NoMSP is unknown");
	}
	/* its expiry can be told all the same */
	assert_true(msp_expiry(s, buf_bytes(&c)) > 1700000000);
	assert_true(msp_expiry(s, buf_bytes(&c)) < INT64_MAX);
	assert_true(msp_expiry(s, bytes_str("\x0a\x01x")) == INT64_MAX);
	buf_fini(&b);
	buf_fini(&c);
	msp_set_free(s);
}

/* Check one signature over the concatenation of @parts. */
static void check(struct msp_set *s, struct ord_bytes creator, struct ord_bytes signed_bytes,
		  struct ord_bytes sig)
{
	struct msp_identity *id = identify(s, creator);
	uint8_t digest[SHA256_LEN];
	struct ord_err e = ERR_INIT;

	sha256(signed_bytes, digest);
	test_ok(msp_verify_digest(id, digest, sig, &e), &e);
	digest[7] ^= 1;
	test_fails(msp_verify_digest(id, digest, sig, &e), &e, ORD_EPERM,
		   "The signature is invalid");
	msp_identity_unref(id);
}

static void the_orderer_signed_each_block(void **state)
{
	struct msp_set *s = golden_set("blocks/mychannel.000.block", MSP_V1_4_3);

	(void)state;
	for (int n = 1; n < 50; n++) {
		struct ord_block *b = test_block("blocks/mychannel.%03d.block", n);
		struct ord_err e = ERR_INIT;
		struct buf text = BUF_INIT;
		Common__SignatureHeader *sh;
		Common__Metadata *m;

		test_ok(wire_unpack(&common__metadata__descriptor, b->meta[BLOCK_META_SIGNATURES],
				    &m, &e),
			&e);
		assert_int_equal(m->n_signatures, 1);
		test_ok(wire_unpack(&common__signature_header__descriptor,
				    wire_bytes(m->signatures[0]->signature_header), &sh, &e),
			&e);
		block_signed_bytes(b, wire_bytes(m->value),
				   wire_bytes(m->signatures[0]->signature_header), &text);
		check(s, wire_bytes(sh->creator), buf_bytes(&text),
		      wire_bytes(m->signatures[0]->signature));
		buf_fini(&text);
		wire_free(sh);
		wire_free(m);
		block_unref(b);
	}
	msp_set_free(s);
}

static void their_creators_signed_the_transactions(void **state)
{
	struct msp_set *s = golden_set("blocks/mychannel.000.block", MSP_V1_4_3);
	unsigned seen = 0;

	(void)state;
	for (int n = 1; n < 50; n++) {
		struct ord_block *b = test_block("blocks/mychannel.%03d.block", n);

		for (size_t i = 0; i < b->n_data; i++, seen++) {
			struct ord_env *env;
			struct ord_err e = ERR_INIT;

			test_ok(env_parse(b->data[i], &env, &e), &e);
			check(s, env->creator, env->payload, env->signature);
			env_unref(env);
		}
		block_unref(b);
	}
	assert_int_equal(seen, 3 + 46 * 5);
	msp_set_free(s);
}

/* What configtxgen put into the block, ordererctl must put there, too. */
static void an_msp_directory_becomes_what_configtxgen_makes_of_it(void **state)
{
	static const struct {
		const char *mspid, *dir;
	} orgs[] = {
		{"OrdererMSP", ORG0 "/msp"}, {"Org1MSP", ORG1 "/msp"}, {"Org2MSP", ORG2 "/msp"}};
	struct msp_set *s = golden_set("blocks/genesis.solo.block", MSP_V1_4_3);

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(orgs); i++) {
		char *dir = golden_crypto(orgs[i].dir);
		Msp__MSPConfig *config;
		struct ord_err e = ERR_INIT;
		const char *mspid;

		test_ok(msp_dir_config(dir, orgs[i].mspid, &config, &e), &e);
		/* an equal definition is shared, any other is refused */
		test_ok(msp_set_add(s, config, &mspid, &e), &e);
		assert_string_equal(mspid, orgs[i].mspid);
		config->config.data[config->config.len - 1] ^= 1;
		assert_int_equal(msp_set_add(s, config, &mspid, &e), ORD_EINVAL);
		wire_free(config);
		free(dir);
	}
	msp_set_free(s);
}

struct counted {
	unsigned n;
	bool pem;
};

static void count(void *arg, struct ord_bytes pem)
{
	struct counted *c = arg;

	c->n++;
	c->pem = pem.len > 27 && memcmp(pem.data, "-----BEGIN CERTIFICATE-----", 27) == 0;
}

static void tls_cas_are_handed_out(void **state)
{
	struct msp_set *s = golden_set("blocks/genesis.solo.block", MSP_V1_4_3);
	struct counted c = {0, false};

	(void)state;
	msp_set_tls_cas(s, "Org1MSP", count, &c);
	assert_int_equal(c.n, 1);
	assert_true(c.pem);
	msp_set_tls_cas(s, "Org3MSP", count, &c);
	assert_int_equal(c.n, 1);
	msp_set_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_identity_is_what_its_name_says),
		cmocka_unit_test(one_identity_is_one_object),
		cmocka_unit_test(an_identity_is_described),
		cmocka_unit_test(a_wrong_msp_is_refused),
		cmocka_unit_test(the_orderer_signed_each_block),
		cmocka_unit_test(their_creators_signed_the_transactions),
		cmocka_unit_test(an_msp_directory_becomes_what_configtxgen_makes_of_it),
		cmocka_unit_test(tls_cas_are_handed_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
