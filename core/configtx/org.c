/* SPDX-License-Identifier: Apache-2.0 */
/* Organisations of a profile: their MSP from its directory, their policies and addresses. */
#include "configtx_priv.h"
#include <stdlib.h>

#define MAX_KEY_FILE (1u << 20)

static struct log_logger logger = LOG_LOGGER("common.tools.configtxgen.encoder");

/* ---- MSPs ---------------------------------------------------------------- */

static int read_key(const char *dir, const char *name, ProtobufCBinaryData *out, struct ord_err *e)
{
	char *msp = file_join(dir, "msp"), *path = file_join(msp, name);
	struct buf b = BUF_INIT;
	int rc = file_read(path, MAX_KEY_FILE, &b, e);

	*out = wire_binary(buf_bytes(&b));
	free(path);
	free(msp);
	return rc;
}

/* An Idemix issuer's directory.  A signer's secret that may lie there is not for a channel. */
static int idemix_config(const char *dir, const char *mspid, Msp__MSPConfig **out,
			 struct ord_err *e)
{
	Msp__IdemixMSPConfig idemix = MSP__IDEMIX_MSPCONFIG__INIT;
	struct buf b = BUF_INIT;
	int rc;

	idemix.name = (char *)mspid;
	rc = read_key(dir, "IssuerPublicKey", &idemix.ipk, e);
	if (rc < 0)
		err_wrap(e, "failed to read issuer public key file");
	if (rc == 0) {
		rc = read_key(dir, "RevocationPublicKey", &idemix.revocation_pk, e);
		if (rc < 0)
			err_wrap(e, "failed to read revocation public key file");
	}
	if (rc == 0) {
		wire_pack(&idemix, &b);
		*out = x_alloc(sizeof(**out));
		msp__mspconfig__init(*out);
		(*out)->type = 1;
		(*out)->config = wire_binary(buf_bytes(&b));
	}
	free(idemix.ipk.data);
	free(idemix.revocation_pk.data);
	return rc;
}

static int add_msp(Common__ConfigGroup *g, const struct yaml *org, const char *dir,
		   struct ord_err *e)
{
	const char *type = configtx_text(org, "MSPType", "bccsp");
	const char *mspid = configtx_text(org, "ID", "");
	char *msp_dir = file_join(dir, configtx_text(org, "MSPDir", ""));
	Msp__MSPConfig *config = NULL;
	int rc;

	if (strcmp(type, "bccsp") == 0)
		rc = msp_dir_config(msp_dir, mspid, &config, e);
	else if (strcmp(type, "idemix") == 0)
		rc = idemix_config(msp_dir, mspid, &config, e);
	else
		rc = err_set(e, ORD_EINVAL, "unknown MSP type '%s', expected bccsp or idemix",
			     type);
	if (rc < 0)
		err_wrap(e, "%s:%u: Error loading MSP configuration for org %s", org->file,
			 org->line, configtx_text(org, "Name", ""));
	else
		configtx_add_value(g, "MSP", config, "Admins");
	wire_free(config);
	free(msp_dir);
	return rc;
}

/* ---- addresses ----------------------------------------------------------- */

static void add_endpoints(Common__ConfigGroup *g, const struct yaml *list)
{
	Common__OrdererAddresses msg = COMMON__ORDERER_ADDRESSES__INIT;

	if (!list || list->n == 0)
		return;
	msg.addresses = configtx_texts(list, &msg.n_addresses);
	configtx_add_value(g, "Endpoints", &msg, "Admins");
	free(msg.addresses);
}

void configtx_add_anchor_peers(Common__ConfigGroup *g, const struct yaml *list)
{
	Protos__AnchorPeers msg = PROTOS__ANCHOR_PEERS__INIT;
	Protos__AnchorPeer *peers;

	if (!list || list->n == 0)
		return;
	peers = x_alloc(list->n * sizeof(*peers));
	msg.anchor_peers = x_alloc(list->n * sizeof(*msg.anchor_peers));
	for (size_t i = 0; i < list->n; i++) {
		protos__anchor_peer__init(&peers[i]);
		peers[i].host = (char *)configtx_text(list->items[i], "Host", "");
		peers[i].port = (int32_t)configtx_number(list->items[i], "Port", 0);
		msg.anchor_peers[msg.n_anchor_peers++] = &peers[i];
	}
	configtx_add_value(g, "AnchorPeers", &msg, "Admins");
	free(msg.anchor_peers);
	free(peers);
}

/* ---- organisations ------------------------------------------------------- */

static int add_org_policies(Common__ConfigGroup *g, const struct yaml *org, struct ord_err *e)
{
	const struct yaml *policies = yaml_get(org, "Policies");
	const char *admin = configtx_text(org, "AdminPrincipal", "Role.ADMIN");

	if (policies && policies->n > 0)
		return configtx_add_policies(g, policies, e);
	log_warn(&logger,
		 "Default policy emission is deprecated, please include policy specifications for "
		 "the org group %s in configtx.yaml",
		 configtx_text(org, "Name", ""));
	configtx_add_org_defaults(g, configtx_text(org, "ID", ""),
				  strcmp(admin, "Role.ADMIN") != 0);
	return 0;
}

/* Fabric 2.0: an organisation whose MSP is not at hand; its members stay out of the tree, which is
 * right as long as nobody changes them. */
bool configtx_is_foreign(const struct yaml *org)
{
	return org->kind == YAML_MAP &&
	       bool_parse(configtx_text(org, "SkipAsForeign", "false")) == 1;
}

static int add_org(Common__ConfigGroup *to, const struct yaml *org, enum configtx_org kind,
		   const char *dir, struct ord_err *e)
{
	Common__ConfigGroup *g;
	int rc;

	if (org->kind != YAML_MAP || !yaml_get(org, "Name"))
		return yaml_fail(org, e, "an organization without a Name");
	g = configtx_group_new();
	if (configtx_is_foreign(org)) {
		configtx_add_group(to, configtx_text(org, "Name", ""), g);
		return 0;
	}
	rc = add_org_policies(g, org, e);
	if (rc == 0)
		rc = add_msp(g, org, dir, e);
	if (rc < 0) {
		wire_free(g);
		return rc;
	}
	if (kind == CONFIGTX_ORDERER_ORG)
		add_endpoints(g, yaml_get(org, "OrdererEndpoints"));
	if (kind == CONFIGTX_APPLICATION_ORG)
		configtx_add_anchor_peers(g, yaml_get(org, "AnchorPeers"));
	configtx_add_group(to, configtx_text(org, "Name", ""), g);
	return 0;
}

int configtx_add_orgs(Common__ConfigGroup *g, const struct yaml *orgs, enum configtx_org kind,
		      const char *dir, struct ord_err *e)
{
	int rc = 0;

	for (size_t i = 0; orgs && i < orgs->n && rc == 0; i++)
		rc = add_org(g, orgs->items[i], kind, dir, e);
	return rc;
}
