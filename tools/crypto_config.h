/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto_config - crypto-config.yaml as Fabric's cryptogen understands it, templates expanded and
 * every name checked: from here on a name is safe as a file name.
 */
#ifndef CRYPTO_CONFIG_H
#define CRYPTO_CONFIG_H

#include "yaml_table.h"

/* A node, or a CA: cryptogen's NodeSpec. */
struct cc_spec {
	char *hostname, *common_name;
	char *country, *province, *locality, *unit, *street, *postal_code; /* of a CA only */
	struct yaml_strs sans;
};

struct cc_org {
	bool orderer; /* below OrdererOrgs */
	char *name, *domain;
	bool node_ous;
	struct cc_spec ca;
	struct cc_spec *nodes; /* Specs, then the nodes of Template */
	size_t n_nodes;
	uint32_t users; /* besides Admin; peer organisations only */
};

struct crypto_config {
	struct cc_org *orgs;
	size_t n_orgs;
};

/** Read and check the file @path.
 *  Errors: ORD_EINVAL one sentence with file and place. */
int crypto_config_read(const char *path, struct crypto_config *out, struct ord_err *e);
void crypto_config_fini(struct crypto_config *c);

#endif /* CRYPTO_CONFIG_H */
