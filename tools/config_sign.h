/* SPDX-License-Identifier: Apache-2.0 */
/* config_sign - signatures on config updates. */
#ifndef CONFIG_SIGN_H
#define CONFIG_SIGN_H

#include "ctl.h"
#include "identity.h"

/* Who signs: opened from --identity, given once or more. */
struct signers {
	struct msp_local **who;
	size_t n;
};
int signers_open(const struct ctl_list *identities, struct signers *out, struct ord_err *e);
void signers_close(struct signers *s);

/** The ConfigUpdateEnvelope in @env, free with wire_free().
 *  Errors: ORD_EINVAL "it is of type …, not CONFIG_UPDATE" and the like. */
int config_sign_open(const struct ord_env *env, Common__ConfigUpdateEnvelope **out,
		     struct ord_err *e);
/** Add the signatures of all of @s to @env, a CONFIG_UPDATE envelope, as 'peer channel
 * signconfigtx' does: the envelope that is appended to @out is one of the first of them, around all
 * signatures. again[i] tells of each whether it had signed before, and so adds none; NULL: nobody
 * asks. Errors: ORD_EINVAL it is no such envelope. */
int config_sign(const struct signers *s, struct ord_bytes env, struct buf *out, bool *again,
		struct ord_err *e);

#endif /* CONFIG_SIGN_H */
