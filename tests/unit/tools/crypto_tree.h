/* SPDX-License-Identifier: Apache-2.0 */
/* A tree made by ordererctl crypto from the golden crypto-config.yaml, once for all tests. */
#ifndef CRYPTO_TREE_H
#define CRYPTO_TREE_H

#include "ctl_run.h"

static char *work, *tree, *golden;

static inline int make_tree(void **state)
{
	char *config = test_golden_path("crypto-config.yaml");
	struct ctl_run r;

	(void)state;
	work = test_dir();
	tree = file_join(work, "crypto-config");
	golden = test_golden_path("crypto-config");
	r = ctl_run("crypto", "--config", config, "--output", tree);
	free(config);
	if (r.code != 0)
		fprintf(stderr, "%s", r.err);
	ctl_run_free(&r);
	return r.code;
}

static inline int remove_tree(void **state)
{
	(void)state;
	test_rmdir(work);
	free(tree);
	free(golden);
	return 0;
}

/* Call @fn with the directory of each orderer, peer and user. */
static inline void each_node(void (*fn)(const char *dir))
{
	static const char *const folders[] = {"ordererOrganizations/example.com/orderers",
					      "ordererOrganizations/example.com/users",
					      "peerOrganizations/org1.example.com/peers",
					      "peerOrganizations/org1.example.com/users",
					      "peerOrganizations/org2.example.com/peers",
					      "peerOrganizations/org2.example.com/users"};
	struct ord_err e = ERR_INIT;

	for (size_t i = 0; i < UTIL_ARRAY_LEN(folders); i++) {
		char *folder = file_join(tree, folders[i]), **names;

		test_ok(file_list(folder, &names, NULL, &e), &e);
		for (size_t k = 0; names[k]; k++) {
			char *dir = file_join(folder, names[k]);

			fn(dir);
			free(dir);
		}
		file_list_free(names);
		free(folder);
	}
}

#endif /* CRYPTO_TREE_H */
