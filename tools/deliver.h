/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deliver - blocks of a channel from an orderer.
 */
#ifndef DELIVER_H
#define DELIVER_H

#include "seek.h"

struct deliver { /* whom to ask, who asks, for which channel */
	struct remote *remote;
	struct msp_local *who;
	const char *channel;
	bool best_effort; /* also from an orderer that may have fallen behind the others */
};

/** Ask for blocks; remote_call_free() the call. */
int deliver_open(const struct deliver *d, uint64_t start, uint64_t stop, bool wait,
		 struct remote_call **out, struct ord_err *e);
/** The next block (+1): 1; the status at the end, whatever it is: 0.  @patient: wait for ever. */
int deliver_next(struct remote_call *call, bool patient, struct ord_block **out, int *status,
		 struct ord_err *e);
/** One block (+1): 1; else 0 and the orderer's status. */
int deliver_try(const struct deliver *d, uint64_t number, bool wait, struct ord_block **out,
		int *status, struct ord_err *e);
/** One block (+1); a status other than SUCCESS is an error. */
int deliver_block(const struct deliver *d, uint64_t number, bool wait, struct ord_block **out,
		  struct ord_err *e);
/** The newest configuration block (+1); @height, if asked for, is behind the newest block. */
int deliver_config(const struct deliver *d, bool wait, struct ord_block **out, uint64_t *height,
		   struct ord_err *e);

#endif /* DELIVER_H */
