/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seek - Deliver's requests and answers.
 */
#ifndef SEEK_H
#define SEEK_H

#include "identity.h"
#include "remote.h"

/* Block numbers that stand for a position. */
#define SEEK_NEWEST (UINT64_MAX - 1)
#define SEEK_OLDEST (UINT64_MAX - 2)
/* As the stop: never. */
#define SEEK_ENDLESS UINT64_MAX

struct seek {
	const char *channel;
	uint64_t start, stop;
	bool wait;        /* for blocks that are not there yet */
	bool best_effort; /* also from an orderer that may have fallen behind the others */
};

/** Append the signed envelope that asks for this. */
int seek_envelope(struct msp_local *who, const struct remote *r, const struct seek *s,
		  struct buf *out, struct ord_err *e);
/** Take a DeliverResponse apart: 1 and a block (+1), or 0 and a status (a common.Status).
 *  Owns: @msg is taken over and emptied.   Errors: ORD_EINVAL it is none. */
int seek_response(struct buf *msg, struct ord_block **block, int *status, struct ord_err *e);
/** Turn a status other than SUCCESS into an error: "the orderer answered 404 NOT_FOUND: info". */
int seek_status_error(int status, const char *info, struct ord_err *e);

#endif /* SEEK_H */
