/* SPDX-License-Identifier: Apache-2.0 */
/* A profile as the /Channel group: the same tree that configtxgen makes of it (spec 7.3). */
#include "configtx_priv.h"
#include <stdlib.h>

#define ORDERER_ADMINS "/Channel/Orderer/Admins"

static struct log_logger logger = LOG_LOGGER("common.tools.configtxgen.encoder");

/* Declared policies, or those every group had before policies could be declared. */
static int add_policies(Common__ConfigGroup *g, const struct yaml *section, const char *which,
			struct ord_err *e)
{
	const struct yaml *policies = yaml_get(section, "Policies");

	if (policies && policies->n > 0)
		return configtx_add_policies(g, policies, e);
	log_warn(&logger,
		 "Default policy emission is deprecated, please include policy specifications for "
		 "the %s group in configtx.yaml",
		 which);
	configtx_add_implicit(g, "Admins", "MAJORITY Admins");
	configtx_add_implicit(g, "Readers", "ANY Readers");
	configtx_add_implicit(g, "Writers", "ANY Writers");
	return 0;
}

/* ---- /Channel/Application ------------------------------------------------ */

static void add_acls(Common__ConfigGroup *g, const struct yaml *acls)
{
	Protos__ACLs msg = PROTOS__ACLS__INIT;
	Protos__ACLs__AclsEntry *entries;
	Protos__APIResource *resources;

	if (!acls || acls->n == 0)
		return;
	entries = x_alloc(acls->n * sizeof(*entries));
	resources = x_alloc(acls->n * sizeof(*resources));
	msg.acls = x_alloc(acls->n * sizeof(*msg.acls));
	for (size_t i = 0; i < acls->n; i++) {
		const struct yaml *acl = acls->items[i];

		protos__apiresource__init(&resources[i]);
		if (acl->kind == YAML_SCALAR)
			resources[i].policy_ref = acl->text;
		protos__acls__acls_entry__init(&entries[i]);
		entries[i].key = acl->key;
		entries[i].value = &resources[i];
		msg.acls[msg.n_acls++] = &entries[i];
	}
	configtx_add_value(g, "ACLs", &msg, "Admins");
	free(msg.acls);
	free(resources);
	free(entries);
}

static int application_group(const struct yaml *application, const char *dir,
			     Common__ConfigGroup **out, struct ord_err *e)
{
	Common__ConfigGroup *g = configtx_group_new();
	int rc = add_policies(g, application, "application", e);

	add_acls(g, yaml_get(application, "ACLs"));
	configtx_add_capabilities(g, yaml_get(application, "Capabilities"));
	if (rc == 0)
		rc = configtx_add_orgs(g, yaml_get(application, "Organizations"),
				       CONFIGTX_APPLICATION_ORG, dir, e);
	if (rc == 0)
		*out = g;
	else
		wire_free(g);
	return rc;
}

/* ---- /Channel/Consortiums ------------------------------------------------ */

static Common__ConfigGroup *orderer_admins_group(void)
{
	Common__ConfigGroup *g = configtx_group_new();

	free(g->mod_policy);
	g->mod_policy = x_strdup(ORDERER_ADMINS);
	return g;
}

/* Which policy a request for a channel of this consortium must satisfy: ANY Admins. */
static void add_creation_policy(Common__ConfigGroup *g)
{
	Common__ImplicitMetaPolicy any = COMMON__IMPLICIT_META_POLICY__INIT;
	Common__Policy msg = COMMON__POLICY__INIT;
	struct buf packed = BUF_INIT;

	any.sub_policy = "Admins";
	any.rule = COMMON__IMPLICIT_META_POLICY__RULE__ANY;
	wire_pack(&any, &packed);
	msg.type = COMMON__POLICY__POLICY_TYPE__IMPLICIT_META;
	msg.value = wire_binary(buf_bytes(&packed));
	configtx_add_value(g, "ChannelCreationPolicy", &msg, ORDERER_ADMINS);
	buf_fini(&packed);
}

/* Nothing refers to this policy; it lets /Channel/Admins count the consortiums as content, which
 * leaves the system channel to the orderer's admins. */
static void add_accept_all(Common__ConfigGroup *g)
{
	Common__SignaturePolicyEnvelope env = COMMON__SIGNATURE_POLICY_ENVELOPE__INIT;
	Common__SignaturePolicy rule = COMMON__SIGNATURE_POLICY__INIT;
	Common__SignaturePolicy__NOutOf none = COMMON__SIGNATURE_POLICY__NOUT_OF__INIT;

	rule.type_case = COMMON__SIGNATURE_POLICY__TYPE_N_OUT_OF;
	rule.n_out_of = &none;
	env.rule = &rule;
	configtx_add_policy(g, "Admins", COMMON__POLICY__POLICY_TYPE__SIGNATURE, &env,
			    ORDERER_ADMINS);
}

static int consortiums_group(const struct yaml *consortiums, const char *dir,
			     Common__ConfigGroup **out, struct ord_err *e)
{
	Common__ConfigGroup *g = orderer_admins_group();
	int rc = 0;

	add_accept_all(g);
	for (size_t i = 0; i < consortiums->n && rc == 0; i++) {
		const struct yaml *in = consortiums->items[i];
		Common__ConfigGroup *consortium = orderer_admins_group();

		configtx_add_group(g, in->key, consortium);
		add_creation_policy(consortium);
		rc = configtx_add_orgs(consortium, yaml_get(in, "Organizations"),
				       CONFIGTX_CONSORTIUM_ORG, dir, e);
		if (rc < 0)
			err_wrap(e, "failed to create consortium %s", in->key);
	}
	if (rc == 0)
		*out = g;
	else
		wire_free(g);
	return rc;
}

/* ---- /Channel ------------------------------------------------------------ */

static void add_addresses(Common__ConfigGroup *g, const struct yaml *orderer)
{
	static char *usual[] = {"127.0.0.1:7050"};
	const struct yaml *list = yaml_get(orderer, "Addresses");
	Common__OrdererAddresses msg = COMMON__ORDERER_ADDRESSES__INIT;
	char **own = NULL;

	msg.n_addresses = 1;
	msg.addresses = usual;
	if (list)
		msg.addresses = own = configtx_texts(list, &msg.n_addresses);
	if (msg.n_addresses > 0)
		configtx_add_value(g, "OrdererAddresses", &msg, ORDERER_ADMINS);
	free(own);
}

static void add_channel_values(Common__ConfigGroup *g, const struct yaml *profile)
{
	Common__HashingAlgorithm hash = COMMON__HASHING_ALGORITHM__INIT;
	Common__BlockDataHashingStructure data_hash = COMMON__BLOCK_DATA_HASHING_STRUCTURE__INIT;
	Common__Consortium consortium = COMMON__CONSORTIUM__INIT;

	hash.name = "SHA256";
	configtx_add_value(g, "HashingAlgorithm", &hash, "Admins");
	data_hash.width = UINT32_MAX;
	configtx_add_value(g, "BlockDataHashingStructure", &data_hash, "Admins");
	if (yaml_get(profile, "Orderer"))
		add_addresses(g, yaml_get(profile, "Orderer"));
	consortium.name = (char *)configtx_text(profile, "Consortium", NULL);
	if (consortium.name)
		configtx_add_value(g, "Consortium", &consortium, "Admins");
	configtx_add_capabilities(g, yaml_get(profile, "Capabilities"));
}

static int add_section(Common__ConfigGroup *g, const struct yaml *profile, const char *section,
		       const char *word, const char *dir,
		       int (*make)(const struct yaml *section, const char *dir,
				   Common__ConfigGroup **out, struct ord_err *e),
		       struct ord_err *e)
{
	const struct yaml *in = yaml_get(profile, section);
	Common__ConfigGroup *child = NULL;
	int rc;

	if (!in)
		return 0;
	rc = make(in, dir, &child, e);
	if (rc < 0)
		return err_wrap(e, "could not create %s group", word);
	configtx_add_group(g, section, child);
	return 0;
}

int configtx_channel_group(const struct yaml *profile, const char *dir, Common__ConfigGroup **out,
			   struct ord_err *e)
{
	Common__ConfigGroup *g = configtx_group_new();
	int rc = add_policies(g, profile, "channel", e);

	add_channel_values(g, profile);
	if (rc == 0)
		rc = add_section(g, profile, "Orderer", "orderer", dir, configtx_orderer_group, e);
	if (rc == 0)
		rc = add_section(g, profile, "Application", "application", dir, application_group,
				 e);
	if (rc == 0)
		rc = add_section(g, profile, "Consortiums", "consortiums", dir, consortiums_group,
				 e);
	if (rc == 0)
		*out = g;
	else
		wire_free(g);
	return rc;
}
