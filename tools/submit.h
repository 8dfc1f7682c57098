/* SPDX-License-Identifier: Apache-2.0 */
/*
 * submit - config updates to an orderer, and the blocks that come of them.
 */
#ifndef SUBMIT_H
#define SUBMIT_H

#include "deliver.h"

/** The answer to the oldest envelope sent that has none yet; free with wire_free().
 *  Errors: ORD_EUNAVAIL there comes none. */
int submit_answer(struct remote_call *call, Orderer__BroadcastResponse **out, struct ord_err *e);
/** Broadcast one envelope.
 *  Errors: ORD_EINVAL and others, "the orderer answered 400 BAD_REQUEST: …". */
int submit(struct remote *r, struct ord_bytes env, struct ord_err *e);
/** Broadcast a config update of an existing channel and wait for the block (+1) in which it is.
 *  Errors: as submit(); ORD_EINVAL another update came first; ORD_ETIMEDOUT. */
int submit_update(const struct deliver *d, struct ord_bytes env, struct ord_block **out,
		  struct ord_err *e);
/** Broadcast the creation of channel d->channel and wait for its genesis block (+1), through all
 *  that the orderer answers while it makes the channel.
 *  Errors: as submit(); ORD_ETIMEDOUT. */
int submit_creation(const struct deliver *d, struct ord_bytes env, struct ord_block **out,
		    struct ord_err *e);

#endif /* SUBMIT_H */
