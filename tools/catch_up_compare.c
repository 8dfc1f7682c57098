/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catch_up: compare.
 *
 * A block's hash covers the hash of the block before it.  So where two chains have the same block,
 * they are the same up to there, and the first block that differs is found by halving.
 */
#include "catch_up.h"

#include <inttypes.h>

struct ours {
	struct buf hashes; /* of all blocks */
	struct ctl_progress progress;
};

static int keep_hash(void *arg, struct ord_block *b, uint32_t file, uint32_t offset)
{
	struct ours *o = arg;

	(void)file;
	(void)offset;
	ctl_progress(&o->progress, b->number);
	buf_add(&o->hashes, b->header_hash, BLOCK_HASH_LEN);
	return 0;
}

static bool is_ours(const struct ours *o, const struct ord_block *b)
{
	return memcmp(o->hashes.data + b->number * BLOCK_HASH_LEN, b->header_hash,
		      BLOCK_HASH_LEN) == 0;
}

/* Is their block @number the one that we have? */
static int ask(const struct catch_up *c, const struct ours *o, uint64_t number, bool *same,
	       struct ord_err *e)
{
	struct ord_block *b;
	int rc = deliver_block(&c->from, number, false, &b, e);

	if (rc < 0)
		return rc;
	if (b->number != number)
		rc = err_set(e, ORD_EINVAL, "block %" PRIu64 " came where block %" PRIu64 " is due",
			     b->number, number);
	else
		*same = is_ours(o, b);
	block_unref(b);
	return rc;
}

/* @differs is known to differ; blocks before @from are not. */
static int find_first(const struct catch_up *c, const struct ours *o, uint64_t differs,
		      struct ord_err *e)
{
	uint64_t from = 0;
	bool same;

	while (from < differs) {
		uint64_t middle = from + (differs - from) / 2;
		int rc = ask(c, o, middle, &same, e);

		if (rc < 0)
			return rc;
		if (same)
			from = middle + 1;
		else
			differs = middle;
	}
	return err_set(e, ORD_EINVAL, "block %" PRIu64 " is the first that differs from that of %s",
		       differs, c->peer);
}

static int compare(const struct catch_up *c, const struct ours *o, struct ord_err *e)
{
	uint64_t here = o->hashes.len / BLOCK_HASH_LEN, there, common;
	struct ord_block *newest;
	bool same;
	int rc;

	if (here == 0)
		return err_set(e, ORD_ENOENT, "the ledger holds no block of it");
	rc = catch_up_newest(c, &newest, e);
	if (rc < 0)
		return rc;
	there = newest->number + 1;
	block_unref(newest);
	common = (here < there ? here : there) - 1;
	rc = ask(c, o, common, &same, e);
	if (rc < 0)
		return rc;
	if (!same)
		return find_first(c, o, common, e);
	printf("%s: %" PRIu64 " blocks here, %" PRIu64 " at %s: the same up to block %" PRIu64 "\n",
	       c->from.channel, here, there, c->peer, common);
	return 0;
}

int catch_up_compare(const struct catch_up *c, const char *chain_dir, struct ord_err *e)
{
	struct ours o = {.hashes = BUF_INIT};
	int rc;

	ctl_progress_start(&o.progress, c->from.channel, 0);
	rc = ledger_walk(chain_dir, keep_hash, &o, e);
	ctl_progress_end(&o.progress);
	if (rc == 0)
		rc = compare(c, &o, e);
	if (rc < 0)
		err_wrap(e, "%s", c->from.channel);
	buf_fini(&o.hashes);
	return rc;
}
