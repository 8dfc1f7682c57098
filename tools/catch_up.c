/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catch_up: copy.
 *
 * The other orderer is asked from the block on which our chain ends: if that one is the same there,
 * all before it is.  It may be anybody's machine: nothing is believed but what the channel's
 * orderers signed, nothing is kept in memory but a batch, and a stream that stands still or does
 * not end is given up.  What was killed is done again: it begins where the ledger ends.
 */
#include "catch_up.h"
#include "verify.h"

#include <inttypes.h>
#include <stdlib.h>

enum { BATCH = 256, BATCH_BYTES = 4 << 20 }; /* for one sync */

struct copy {
	const struct catch_up *c;
	struct ledger_root *root;
	struct ledger *ledger; /* NULL: not made yet */
	struct ord_block *tip; /* on which the chain ends, or with which it will begin */
	bool met;              /* the other orderer has it, too */
	struct verify v;       /* of the block behind what was received */
	struct ord_block *batch[BATCH];
	size_t n, bytes;
	struct ctl_progress progress;
};

int catch_up_newest(const struct catch_up *c, struct ord_block **out, struct ord_err *e)
{
	int rc = deliver_block(&c->from, SEEK_NEWEST, false, out, e);

	if (rc < 0 || (*out)->number < SEEK_OLDEST)
		return rc;
	block_unref(*out);
	return err_set(e, ORD_EINVAL, "the orderer's newest block has an impossible number");
}

/* ---- our chain ----------------------------------------------------------- */

static uint64_t height(const struct copy *k)
{
	return k->ledger ? ledger_height(k->ledger) : 0;
}

/* A genesis block that was given must be the one that is there. */
static int check_begin(const struct copy *k, struct ord_err *e)
{
	struct ord_block *first;
	bool same;
	int rc = ledger_read(k->ledger, 0, &first, e);

	if (rc < 0)
		return rc;
	same = memcmp(first->header_hash, k->c->genesis->header_hash, BLOCK_HASH_LEN) == 0;
	block_unref(first);
	return same ? 0
		    : err_set(e, ORD_EINVAL,
			      "the chain is there and begins with another block than the given "
			      "genesis block");
}

static int open_chain(struct copy *k, struct ord_err *e)
{
	int rc = ledger_open(k->root, k->c->from.channel, false, &k->ledger, e);

	if (rc == ORD_ENOENT)
		rc = 0;
	if (rc == 0 && height(k) > 0) {
		k->tip = ledger_tip(k->ledger);
		if (k->c->genesis)
			rc = check_begin(k, e);
	} else if (rc == 0 && k->c->genesis) {
		k->tip = block_ref(k->c->genesis);
	} else if (rc == 0) {
		rc = err_set(e, ORD_ENOENT,
			     "the ledger holds no block of it: give its genesis block with "
			     "--genesis");
	}
	return rc;
}

/* With which configuration to go on behind the tip. */
static int read_config(struct copy *k, struct ord_err *e)
{
	struct ord_block *config = NULL;
	uint64_t index = 0;
	int rc = height(k) > 0 ? block_last_config(k->tip, &index, e) : 0;

	if (rc == 0 && height(k) > 0)
		rc = ledger_read(k->ledger, index, &config, e);
	else if (rc == 0)
		config = block_ref(k->tip);
	if (rc == 0)
		rc = verify_resume(&k->v, k->tip, config, e);
	block_unref(config);
	return rc;
}

/* The chain that is not there begins, now that the other orderer is known to have it. */
static int begin_chain(struct copy *k, struct ord_err *e)
{
	int rc = 0;

	if (!k->ledger)
		rc = ledger_open(k->root, k->c->from.channel, true, &k->ledger, e);
	if (rc == 0 && height(k) == 0)
		rc = ledger_append(k->ledger, &k->tip, 1, e);
	return rc;
}

/* ---- their blocks -------------------------------------------------------- */

static int append_batch(struct copy *k, struct ord_err *e)
{
	int rc = k->n > 0 ? ledger_append(k->ledger, k->batch, k->n, e) : 0;

	while (k->n > 0)
		block_unref(k->batch[--k->n]);
	k->bytes = 0;
	return rc;
}

/* What no orderer writes, and nobody signed. */
static int check_slots(const struct ord_block *b, struct ord_err *e)
{
	bool plain = b->n_meta <= BLOCK_META_SLOTS;

	if (plain && b->n_meta > BLOCK_META_TRANSACTIONS_FILTER)
		plain = b->meta[BLOCK_META_TRANSACTIONS_FILTER].len == 0;
	if (plain && b->n_meta > BLOCK_META_COMMIT_HASH)
		plain = b->meta[BLOCK_META_COMMIT_HASH].len == 0;
	return plain ? 0
		     : err_set(e, ORD_EINVAL,
			       "block %" PRIu64 " carries metadata that orderers do not write",
			       b->number);
}

/* Owns: @b is taken over. */
static int take(struct copy *k, struct ord_block *b, struct ord_err *e)
{
	int rc = verify_next(&k->v, b, e);

	if (rc == 0)
		rc = check_slots(b, e);
	if (rc < 0) {
		block_unref(b);
		return rc;
	}
	k->batch[k->n++] = b;
	k->bytes += b->encoded.len;
	ctl_progress(&k->progress, b->number);
	return k->n == BATCH || k->bytes >= BATCH_BYTES ? append_batch(k, e) : 0;
}

/* The first block must be our tip. */
static int meet(struct copy *k, struct ord_block *b, struct ord_err *e)
{
	int rc = 0;

	if (b->number != k->tip->number)
		rc = err_set(e, ORD_EINVAL, "block %" PRIu64 " came where block %" PRIu64 " is due",
			     b->number, k->tip->number);
	else if (memcmp(b->header_hash, k->tip->header_hash, BLOCK_HASH_LEN) != 0)
		rc = err_set(e, ORD_EINVAL,
			     "its block %" PRIu64 " is another one than ours: the chains have "
			     "parted; --check finds out where",
			     b->number);
	block_unref(b);
	k->met = rc == 0;
	return rc < 0 ? rc : begin_chain(k, e);
}

static int receive(struct copy *k, struct remote_call *call, uint64_t last, struct ord_err *e)
{
	struct ord_block *b;
	int status = 0, rc;

	while ((rc = deliver_next(call, false, &b, &status, e)) > 0) {
		if (!k->met) {
			rc = meet(k, b, e);
		} else if (k->v.next > last) {
			block_unref(b);
			rc = err_set(e, ORD_EINVAL, "the orderer sent one block too many");
		} else {
			rc = take(k, b, e);
		}
		if (rc < 0)
			return rc;
	}
	if (rc == 0 && status != COMMON__STATUS__SUCCESS)
		rc = seek_status_error(status, NULL, e);
	else if (rc == 0 && (!k->met || k->v.next <= last))
		rc = err_set(e, ORD_EUNAVAIL,
			     "the orderer ended before block %" PRIu64 " of %" PRIu64, k->v.next,
			     last);
	return rc;
}

/* ---- what was done ------------------------------------------------------- */

static void report(const struct copy *k, uint64_t first)
{
	const char *id = k->c->from.channel;

	if (height(k) == first)
		printf("%s: nothing to copy from %s\n", id, k->c->peer);
	else if (height(k) == first + 1)
		printf("%s: copied block %" PRIu64 " from %s: hash chain, data hash and "
		       "signature are good\n",
		       id, first, k->c->peer);
	else
		printf("%s: copied blocks %" PRIu64 " to %" PRIu64
		       " from %s: hash chain, data hashes and signatures are good\n",
		       id, first, height(k) - 1, k->c->peer);
}

/* Where Kafka's consumption goes on.   Errors: the metadata is not Kafka's. */
static int next_offset(const struct ord_block *tip, int64_t *next, struct ord_err *e)
{
	struct buf bytes = BUF_INIT;
	Orderer__KafkaMetadata *m;
	int rc = block_consenter_metadata(tip, &bytes, e);

	*next = -1;
	if (rc == 0 && bytes.len > 0) {
		rc = wire_unpack(&orderer__kafka_metadata__descriptor, buf_bytes(&bytes), &m, e);
		if (rc == 0)
			*next = m->last_offset_persisted + 1;
		wire_free(m);
	}
	buf_fini(&bytes);
	return rc;
}

/* What the next start will make of it. */
static int report_start(const struct copy *k, struct ord_err *e)
{
	const char *type = k->v.conf->pub.consensus_type;
	struct ord_block *tip = ledger_tip(k->ledger);
	int64_t next = -1;
	int rc = 0;

	printf("%s: height %" PRIu64, k->c->from.channel, height(k));
	if (chanconf_check_supported(k->v.conf, e) < 0)
		printf("; this orderer cannot serve it: %s\n", e->msg);
	else if (strcmp(type, "kafka") != 0)
		printf("; the next start goes on behind it with consensus type %s\n", type);
	else if ((rc = next_offset(tip, &next, e)) < 0)
		printf("\n");
	else if (next < 0)
		printf("; the next start reads the channel's Kafka topic from its oldest offset\n");
	else
		printf("; the next start reads the channel's Kafka topic from offset %" PRId64 "\n",
		       next);
	block_unref(tip);
	return rc;
}

/* ---- copying ------------------------------------------------------------- */

static int copy_to(struct copy *k, uint64_t last, struct ord_err *e)
{
	struct remote_call *call;
	struct ord_err later = ERR_INIT;
	int rc = deliver_open(&k->c->from, k->tip->number, last, false, &call, e), kept;

	if (rc < 0)
		return rc;
	ctl_progress_start(&k->progress, k->c->from.channel, last);
	rc = receive(k, call, last, e);
	kept = append_batch(k, rc < 0 ? &later : e);
	ctl_progress_end(&k->progress);
	remote_call_free(call);
	return rc < 0 ? rc : kept;
}

/* Up to which block: what there is, or less. */
static int find_last(const struct copy *k, uint64_t *last, struct ord_err *e)
{
	struct ord_block *newest;
	int rc = catch_up_newest(k->c, &newest, e);

	if (rc < 0)
		return rc;
	*last = newest->number < k->c->until ? newest->number : k->c->until;
	if (newest->number < k->tip->number)
		rc = err_set(e, ORD_EINVAL,
			     "the orderer has %" PRIu64 " blocks, fewer than the %" PRIu64 " here",
			     newest->number + 1, k->tip->number + 1);
	else if (*last < k->tip->number)
		*last = k->tip->number;
	block_unref(newest);
	return rc;
}

int catch_up_copy(const struct catch_up *c, struct ledger_root *root, struct ord_err *e)
{
	struct copy k = {.c = c, .root = root};
	uint64_t first = 0, last;
	int rc = open_chain(&k, e);

	if (rc == 0)
		rc = read_config(&k, e);
	if (rc == 0) {
		first = height(&k);
		rc = find_last(&k, &last, e);
	}
	if (rc == 0) {
		rc = copy_to(&k, last, e);
		if (rc == 0 || height(&k) > first)
			report(&k, first);
	}
	if (rc == 0)
		rc = report_start(&k, e);
	if (rc < 0)
		err_wrap(e, "%s", c->from.channel);
	block_unref(k.tip);
	verify_fini(&k.v);
	ledger_close(k.ledger);
	return rc;
}
