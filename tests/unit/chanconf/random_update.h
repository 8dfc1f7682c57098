/* SPDX-License-Identifier: Apache-2.0 */
/* Random configurations, and random updates of them: some right, most a little wrong. */
#ifndef RANDOM_UPDATE_H
#define RANDOM_UPDATE_H

#include "chanconf_test.h"

/* The same sequence for the same seed, everywhere. */
struct dice {
	uint64_t state;
};
unsigned roll(struct dice *d, unsigned sides); /* 0 ... sides - 1 */

/* Who may sign, in the order of these bits. */
enum {
	SIGNER_ADMIN1 = 1,
	SIGNER_ADMIN2 = 2,
	SIGNER_ORDERER_ADMIN = 4,
	SIGNER_USER1 = 8,
	SIGNER_USER2 = 16,
	SIGNERS = 5
};
#define SIGNER_ADMINS (SIGNER_ADMIN1 | SIGNER_ADMIN2 | SIGNER_ORDERER_ADMIN)
void signers_close(void);

/* A CONFIG_UPDATE envelope of @update, signed by the set @signers; one that has its bit in @forged
 * signs something else. */
struct ord_env *signed_update(const char *channel_id, const Common__ConfigUpdate *update,
			      unsigned signers, unsigned forged);

/* Change something in @config, up to three times; it may not build any more. */
void random_config(struct dice *d, Common__Config *config);
/* An update of @config with honest versions, spoilt or not.  Free with wire_free(). */
Common__ConfigUpdate *random_update(struct dice *d, const char *channel_id,
				    const Common__Config *config);
/* A request for a new channel, @honest but for what chance does to it. */
void random_request(struct dice *d, Common__ConfigUpdate *honest);
/* Who signs, and whose signatures are good. */
void random_signers(struct dice *d, unsigned *signers, unsigned *forged);

#endif /* RANDOM_UPDATE_H */
