/* SPDX-License-Identifier: Apache-2.0 */
/* The identities that ordererctl crypto makes are what Fabric's MSP rules ask for. */
#include "crypto_tree.h"

#include <msp/msp.h>

/* The MSP of the organisation whose node directory is @dir. */
static struct msp_set *org_msps(const char *dir)
{
	char *msp = x_printf("%s/../../msp", dir);
	struct msp_set *set = msp_set_new(MSP_V1_4_3);
	Msp__MSPConfig *config;
	struct ord_err e = ERR_INIT;
	const char *mspid;

	test_ok(msp_dir_config(msp, "TheMSP", &config, &e), &e);
	test_ok(msp_set_add(set, config, &mspid, &e), &e);
	assert_string_equal(mspid, "TheMSP");
	wire_free(config);
	free(msp);
	return set;
}

/* The node signs with its key, its organisation's MSP knows it and its role. */
static void accept_node(const char *dir)
{
	char *msp = x_printf("%s/msp", dir);
	struct msp_set *set = org_msps(dir);
	struct buf sig = BUF_INIT;
	struct ord_bytes text = bytes_str("text");
	struct ord_err e = ERR_INIT;
	struct msp_identity *id;
	struct msp_local *local;
	uint8_t digest[SHA256_LEN];

	test_ok(msp_local_open(msp, "TheMSP", NULL, &local, &e), &e);
	test_ok(msp_local_sign(local, &text, 1, &sig, &e), &e);
	test_ok(msp_identify(set, msp_local_identity(local), &id, &e), &e);
	test_ok(msp_validate(id, &e), &e);
	sha256(text, digest);
	test_ok(msp_verify_digest(id, digest, buf_bytes(&sig), &e), &e);
	msp_identity_unref(id);
	msp_local_close(local);
	msp_set_free(set);
	buf_fini(&sig);
	free(msp);
}

static void every_identity_is_accepted_by_its_msp(void **state)
{
	(void)state;
	each_node(accept_node);
}

/* Does the identity of @dir satisfy @role of its organisation? */
static bool has_role(const char *rel, Msp__MSPRole__MSPRoleType role)
{
	char *dir = file_join(tree, rel), *msp = x_printf("%s/msp", dir);
	struct msp_set *set = org_msps(dir);
	Msp__MSPPrincipal principal = MSP__MSPPRINCIPAL__INIT;
	Msp__MSPRole msg = MSP__MSPROLE__INIT;
	struct buf packed = BUF_INIT;
	struct ord_err e = ERR_INIT;
	struct msp_identity *id;
	struct msp_local *local;
	bool yes;

	msg.msp_identifier = (char *)"TheMSP";
	msg.role = role;
	wire_pack(&msg, &packed);
	principal.principal_classification = MSP__MSPPRINCIPAL__CLASSIFICATION__ROLE;
	principal.principal = wire_binary(buf_bytes(&packed));
	test_ok(msp_local_open(msp, "TheMSP", NULL, &local, &e), &e);
	test_ok(msp_identify(set, msp_local_identity(local), &id, &e), &e);
	yes = msp_satisfies(id, msp_principal(set, &principal), &e) == 0;
	msp_identity_unref(id);
	msp_local_close(local);
	msp_set_free(set);
	buf_fini(&packed);
	free(msp);
	free(dir);
	return yes;
}

static void node_ous_give_each_its_role(void **state)
{
	static const struct {
		const char *rel;
		Msp__MSPRole__MSPRoleType role;
	} nodes[] = {
		{"ordererOrganizations/example.com/orderers/orderer.example.com",
		 MSP__MSPROLE__MSPROLE_TYPE__ORDERER},
		{"ordererOrganizations/example.com/users/Admin@example.com",
		 MSP__MSPROLE__MSPROLE_TYPE__ADMIN},
		{"peerOrganizations/org1.example.com/peers/peer0.org1.example.com",
		 MSP__MSPROLE__MSPROLE_TYPE__PEER},
		{"peerOrganizations/org1.example.com/users/User1@org1.example.com",
		 MSP__MSPROLE__MSPROLE_TYPE__CLIENT},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(nodes); i++) {
		for (size_t k = 0; k < UTIL_ARRAY_LEN(nodes); k++)
			assert_int_equal(has_role(nodes[i].rel, nodes[k].role), i == k);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_identity_is_accepted_by_its_msp),
		cmocka_unit_test(node_ous_give_each_its_role),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
