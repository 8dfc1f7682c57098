/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify - is this a chain?  Block after block: number, previous hash, data hash, the orderer's
 * signatures against the configuration in force, the last-config index, and that metadata outside
 * the signature says what was signed.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include <chanconf/chanconf.h>

struct verify {
	struct chanconf *conf; /* in force for the next block; NULL: not known */
	bool begun;
	uint64_t next;        /* number of the next block */
	uint64_t last_config; /* number of the newest configuration block */
	uint8_t hash[BLOCK_HASH_LEN];
};

/** Trust the configuration of @b, which is before what is to be verified. */
int verify_trust(struct verify *v, const struct ord_block *b, struct ord_err *e);
/** Go on behind @tip, which is trusted, with the configuration of @config, the newest there is.
 *  Errors: ORD_EINVAL @config holds none. */
int verify_resume(struct verify *v, const struct ord_block *tip, const struct ord_block *config,
		  struct ord_err *e);
/** Verify @b as the next block; block 0 is trusted as it is.
 *  Errors: ORD_EINVAL one sentence that begins with "block N". */
int verify_next(struct verify *v, const struct ord_block *b, struct ord_err *e);
void verify_fini(struct verify *v);

#endif /* VERIFY_H */
