/* SPDX-License-Identifier: Apache-2.0 */
/* config_sign - one more signature on a config update. */
#ifndef CONFIG_SIGN_H
#define CONFIG_SIGN_H

#include "identity.h"

/** Add the signature of @who to @env, a CONFIG_UPDATE envelope, as 'peer channel signconfigtx'
 *  does: the envelope that is appended to @out is one of @who, around all signatures.  *again is
 *  set, and nothing appended, when the identity has signed before.
 *  Errors: ORD_EINVAL it is no such envelope. */
int config_sign(struct msp_local *who, struct ord_bytes env, struct buf *out, bool *again,
		struct ord_err *e);

#endif /* CONFIG_SIGN_H */
