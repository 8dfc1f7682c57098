/* SPDX-License-Identifier: Apache-2.0 */
#include "msp_test.h"

struct buf pack(const void *msg)
{
	struct buf b = BUF_INIT;

	wire_pack(msg, &b);
	return b;
}

static void add_msps(struct msp_set *s, const Common__ConfigGroup *g)
{
	struct ord_err e = ERR_INIT;

	for (size_t i = 0; i < g->n_values; i++) {
		Msp__MSPConfig *config;
		const char *mspid;

		if (strcmp(g->values[i]->key, "MSP") != 0)
			continue;
		test_ok(wire_unpack(&msp__mspconfig__descriptor,
				    wire_bytes(g->values[i]->value->value), &config, &e),
			&e);
		test_ok(msp_set_add(s, config, &mspid, &e), &e);
		wire_free(config);
	}
	for (size_t i = 0; i < g->n_groups; i++)
		add_msps(s, g->groups[i]->value);
}

struct msp_set *golden_set(const char *name, enum msp_version version)
{
	struct ord_block *block = test_block("%s", name);
	struct ord_env *env = block_config_env(block);
	struct msp_set *s = msp_set_new(version);
	Common__ConfigEnvelope *config;
	struct ord_err e = ERR_INIT;

	assert_non_null(env);
	test_ok(wire_unpack(&common__config_envelope__descriptor, env->data, &config, &e), &e);
	add_msps(s, config->config->channel_group);
	wire_free(config);
	env_unref(env);
	block_unref(block);
	return s;
}

char *golden_crypto(const char *path)
{
	return test_golden_path("crypto-config/%s", path);
}

struct buf serialize(const char *mspid, struct ord_bytes pem)
{
	Msp__SerializedIdentity sid = MSP__SERIALIZED_IDENTITY__INIT;

	sid.mspid = (char *)mspid;
	sid.id_bytes = wire_binary(pem);
	return pack(&sid);
}

struct buf golden_identity(const char *mspid, const char *cert)
{
	char *path = x_printf("crypto-config/%s", cert);
	struct buf pem = test_golden(path), out = serialize(mspid, buf_bytes(&pem));

	buf_fini(&pem);
	free(path);
	return out;
}

const struct msp_principal *principal_of(struct msp_set *s, int class, struct ord_bytes bytes)
{
	Msp__MSPPrincipal p = MSP__MSPPRINCIPAL__INIT;

	p.principal_classification = (Msp__MSPPrincipal__Classification) class;
	p.principal = wire_binary(bytes);
	return msp_principal(s, &p);
}

static const struct msp_principal *principal_with(struct msp_set *s, int class, const void *msg)
{
	struct buf b = pack(msg);
	const struct msp_principal *p = principal_of(s, class, buf_bytes(&b));

	buf_fini(&b);
	return p;
}

const struct msp_principal *role_of(struct msp_set *s, const char *mspid, int role)
{
	Msp__MSPRole r = MSP__MSPROLE__INIT;

	r.msp_identifier = (char *)mspid;
	r.role = (Msp__MSPRole__MSPRoleType)role;
	return principal_with(s, MSP__MSPPRINCIPAL__CLASSIFICATION__ROLE, &r);
}

const struct msp_principal *unit_of(struct msp_set *s, const char *mspid, const char *ou,
				    struct ord_bytes certifiers)
{
	Msp__OrganizationUnit u = MSP__ORGANIZATION_UNIT__INIT;

	u.msp_identifier = (char *)mspid;
	u.organizational_unit_identifier = (char *)ou;
	u.certifiers_identifier = wire_binary(certifiers);
	return principal_with(s, MSP__MSPPRINCIPAL__CLASSIFICATION__ORGANIZATION_UNIT, &u);
}

const struct msp_principal *identity_of(struct msp_set *s, struct ord_bytes serialized)
{
	return principal_of(s, MSP__MSPPRINCIPAL__CLASSIFICATION__IDENTITY, serialized);
}

struct msp_identity *identify(struct msp_set *s, struct ord_bytes serialized)
{
	struct msp_identity *id;
	struct ord_err e = ERR_INIT;

	test_ok(msp_identify(s, serialized, &id, &e), &e);
	return id;
}
