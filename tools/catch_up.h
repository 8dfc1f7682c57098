/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catch_up - the blocks that a stopped orderer's ledger lacks, from another orderer: each verified
 * before it is appended.  And the question before that: do both have the same chain?
 */
#ifndef CATCH_UP_H
#define CATCH_UP_H

#include <ledger/ledger.h>

#include "deliver.h"

#define CATCH_UP_ALL UINT64_MAX

struct catch_up {
	struct deliver from;       /* the other orderer, and which channel */
	const char *peer;          /* its name in sentences */
	struct ord_block *genesis; /* NULL: the chain must be there; else it begins with this */
	uint64_t until;            /* the last block to copy, or CATCH_UP_ALL */
};

/** Append to the channel's chain in @root what the other orderer has and it has not, and print what
 *  was done.  What was verified before something goes wrong is kept.
 *  Blocks: network and disk. */
int catch_up_copy(const struct catch_up *c, struct ledger_root *root, struct ord_err *e);
/** Compare the chain in @chain_dir with the other orderer's, without writing, and print the answer.
 *  Blocks: network and disk.   Errors: and ORD_EINVAL the chains differ, and where. */
int catch_up_compare(const struct catch_up *c, const char *chain_dir, struct ord_err *e);

/** The other orderer's newest block (+1).   Errors: and ORD_EINVAL a number that cannot be. */
int catch_up_newest(const struct catch_up *c, struct ord_block **out, struct ord_err *e);

#endif /* CATCH_UP_H */
