/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The setting Rebase: "<channel>@<height>:<offset>", several of them with commas between.
 *
 * When a topic was made anew, or lost messages that stand in nobody's ledger, the offset in the
 * last block leads nowhere.  With this setting the operator says, on all orderers alike, that a
 * chain of exactly this height takes its next message at this offset, and that what the last block
 * remembers of older offsets is over.  A chain that is higher has been there: nothing happens.  One
 * that is lower lacks blocks that no topic holds any more, so it must not begin.
 */
#ifndef KAFKA_REBASE_H
#define KAFKA_REBASE_H

#include <ordererd/consensus.h>

struct kafka_rebase {
	enum kafka_rebase_where {
		KAFKA_REBASE_NONE, /* not named, or the chain is higher: go on as ever */
		KAFKA_REBASE_HERE, /* forget the last block's metadata, and consume from offset */
		KAFKA_REBASE_BELOW /* copy the blocks up to height first */
	} where;
	uint64_t height; /* of the setting */
	int64_t offset;
};

/** Is the setting well-formed?  An empty one is.   Errors: ORD_EINVAL one sentence. */
int kafka_rebase_check(const char *setting, struct ord_err *e);
/** What the setting, which was checked, means for @channel at @height. */
struct kafka_rebase kafka_rebase(const char *setting, const char *channel, uint64_t height);

#endif /* KAFKA_REBASE_H */
