/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block writer (spec 2.3, 2.4, 6.4): chain threads make blocks and queue them; one commit
 * thread fills in metadata, signs, and appends.  Blocks that piled up while the disk was busy share
 * one fsync.
 */
#include <stdlib.h>

#include "channel_priv.h"

static struct log_logger logger = LOG_LOGGER("orderer.commmon.multichannel");

#define COMMIT_BATCH    64                  /* blocks an append */
#define COMMIT_RETRY_NS (500 * CLOCK_MS_NS) /* between tries while the ledger refuses */

/* ---- chain thread --------------------------------------------------------------- */

struct ord_block *writer_create(struct chan *c, struct ord_batch *take)
{
	struct ord_bytes previous = bytes_of(c->last_hash, c->next_number ? BLOCK_HASH_LEN : 0);
	struct ord_block *b;

	util_assert(take && take->n > 0 && !c->block_made);
	b = block_new(c->next_number, previous, take->envs, take->n);
	batch_free(take);
	c->block_made = true;
	return b;
}

static bool queue_full(const struct chan *c)
{
	return c->queued >= COMMIT_QUEUE_BLOCKS || c->queued_bytes >= COMMIT_QUEUE_BYTES;
}

/* Have the commit thread look at the channel. */
static void mail(struct chan *c)
{
	if (!atomic_exchange(&c->mailed, true))
		mailbox_push(c->registrar->dirty, c);
}

void commit_free(struct commit *w)
{
	block_unref(w->block);
	buf_fini(&w->metadata);
	free(w);
}

/* Queue for the commit thread; waits while the channel is too far ahead of its disk. */
static void enqueue(struct chan *c, struct commit *w)
{
	bool dropped;

	monitor_lock(&c->commit);
	while (queue_full(c) && !(c->giving_up && c->read_only))
		monitor_wait(&c->commit);
	if (queue_full(c))
		c->gave_up = true; /* and none behind it is written: there must be no gap */
	dropped = c->gave_up;
	if (!dropped) {
		*c->queue_tail = w;
		c->queue_tail = &w->next;
		c->queued++;
		c->queued_bytes += w->bytes;
	}
	monitor_unlock(&c->commit);
	if (dropped)
		commit_free(w);
	else
		mail(c);
}

static void wait_drained(struct chan *c)
{
	monitor_lock(&c->commit);
	while (c->queued > 0 && !(c->giving_up && c->read_only))
		monitor_wait(&c->commit);
	monitor_unlock(&c->commit);
}

void writer_write(struct chan *c, struct ord_block *take, struct ord_bytes metadata)
{
	struct commit *w = x_alloc(sizeof(*w));

	util_assert(c->block_made && take->number == c->next_number);
	c->block_made = false;
	c->next_number++;
	memcpy(c->last_hash, take->header_hash, sizeof(c->last_hash));
	w->block = take;
	w->bytes = take->encoded.len;
	buf_add_bytes(&w->metadata, metadata);
	enqueue(c, w);
}

/* Everything before the new configuration is on disk first, then it comes into force, then its own
 * block is written: as Fabric 2.x does it. */
void writer_write_config(struct chan *c, struct ord_block *take, struct ord_bytes metadata)
{
	struct ord_err e = ERR_INIT;
	struct chanconf *conf;

	util_assert(take->config && take->config->type == WIRE_CONFIG);
	if (chanconf_from_env(take->config, &conf, &e) < 0)
		chan_support_ops.fatal(&c->support, e.msg);
	wait_drained(c);
	chan_set_conf(c, conf);
	writer_write(c, take, metadata);
	wait_drained(c);
}

/* ---- commit thread ------------------------------------------------------------------ */

static void pack_metadata(struct ord_bytes value, struct buf *out)
{
	Common__Metadata m = COMMON__METADATA__INIT;

	m.value = wire_binary(value);
	wire_pack(&m, out);
}

static void pack_last_config(uint64_t index, struct buf *out)
{
	Common__LastConfig lc = COMMON__LAST_CONFIG__INIT;

	lc.index = index;
	wire_pack(&lc, out);
}

/* Slot 0's value: the last config index, present even at 0, and slot 3's bytes. */
static void pack_signed_value(uint64_t index, struct ord_bytes orderer_slot, struct buf *out)
{
	Common__LastConfig lc = COMMON__LAST_CONFIG__INIT;
	Common__OrdererBlockMetadata m = COMMON__ORDERER_BLOCK_METADATA__INIT;

	lc.index = index;
	m.last_config = &lc;
	m.consenter_metadata = wire_binary(orderer_slot);
	wire_pack(&m, out);
}

static int sign_block(struct chan *c, const struct ord_block *b, struct ord_bytes value,
		      struct buf *out, struct ord_err *e)
{
	struct msp_local *signer = c->registrar->opts.signer;
	Common__SignatureHeader sh = COMMON__SIGNATURE_HEADER__INIT;
	Common__MetadataSignature ms = COMMON__METADATA_SIGNATURE__INIT, *list[] = {&ms};
	Common__Metadata m = COMMON__METADATA__INIT;
	struct buf header = BUF_INIT, tbs = BUF_INIT, sig = BUF_INIT;
	uint8_t nonce[24];
	struct ord_bytes part;
	int rc;

	crypto_random(nonce, sizeof(nonce));
	sh.creator = wire_binary(msp_local_identity(signer));
	sh.nonce = wire_binary(bytes_of(nonce, sizeof(nonce)));
	wire_pack(&sh, &header);
	block_signed_bytes(b, value, buf_bytes(&header), &tbs);
	part = buf_bytes(&tbs);
	rc = msp_local_sign(signer, &part, 1, &sig, e);
	if (rc == 0) {
		ms.signature_header = wire_binary(buf_bytes(&header));
		ms.signature = wire_binary(buf_bytes(&sig));
		m.value = wire_binary(value);
		m.signatures = list;
		m.n_signatures = 1;
		wire_pack(&m, out);
	}
	buf_fini(&header);
	buf_fini(&tbs);
	buf_fini(&sig);
	return rc;
}

/* Metadata slots 3, 1 and 0, in Fabric's order, then the block is complete. */
static int finish_block(struct chan *c, struct commit *w, struct ord_err *e)
{
	struct ord_block *b = w->block;
	struct buf orderer = BUF_INIT, last = BUF_INIT, slot1 = BUF_INIT, value = BUF_INIT,
		   slot0 = BUF_INIT;
	uint64_t seq = chan_sequence(c);
	int rc;

	if (b->sealed)
		return 0;
	if (seq > c->last_config_seq) {
		c->last_config_block = b->number;
		c->last_config_seq = seq;
	}
	if (w->metadata.len > 0)
		pack_metadata(buf_bytes(&w->metadata), &orderer);
	block_set_meta(b, BLOCK_META_ORDERER, buf_bytes(&orderer));
	pack_last_config(c->last_config_block, &last);
	pack_metadata(buf_bytes(&last), &slot1);
	block_set_meta(b, BLOCK_META_LAST_CONFIG, buf_bytes(&slot1));
	pack_signed_value(c->last_config_block, buf_bytes(&orderer), &value);
	rc = sign_block(c, b, buf_bytes(&value), &slot0, e);
	if (rc == 0) {
		block_set_meta(b, BLOCK_META_SIGNATURES, buf_bytes(&slot0));
		block_seal(b);
	}
	buf_fini(&orderer);
	buf_fini(&last);
	buf_fini(&slot1);
	buf_fini(&value);
	buf_fini(&slot0);
	return rc;
}

/* Up to @max of the channel's queued blocks; they stay queued until they are on disk. */
static size_t peek(struct chan *c, struct commit **out, size_t max)
{
	size_t n = 0;

	monitor_lock(&c->commit);
	for (struct commit *w = c->queue; w && n < max; w = w->next)
		out[n++] = w;
	monitor_unlock(&c->commit);
	return n;
}

/* Take the @n oldest, which are @work, out; true when more are queued. */
static bool dequeue(struct chan *c, struct commit *const *work, size_t n)
{
	bool more;

	monitor_lock(&c->commit);
	c->queue = work[n - 1]->next;
	if (!c->queue)
		c->queue_tail = &c->queue;
	c->queued -= n;
	for (size_t i = 0; i < n; i++)
		c->queued_bytes -= work[i]->bytes;
	more = c->queue != NULL;
	monitor_wake(&c->commit);
	monitor_unlock(&c->commit);
	for (size_t i = 0; i < n; i++)
		commit_free(work[i]);
	return more;
}

/* The ledger said no: tell once, refuse new messages, try again later. */
static void refuse(struct chan *c, const struct ord_err *e)
{
	bool was;

	monitor_lock(&c->commit);
	was = atomic_exchange(&c->read_only, true);
	monitor_wake(&c->commit); /* who gives up need not wait any longer */
	monitor_unlock(&c->commit);
	if (!was)
		log_error(&logger,
			  "[channel: %s] Could not append block, the channel is read-only until "
			  "the ledger takes it: %s",
			  c->id, e->msg);
	c->retry_at_ns = clock_mono_ns() + COMMIT_RETRY_NS;
}

static void accept_again(struct chan *c)
{
	c->retry_at_ns = 0;
	if (atomic_exchange(&c->read_only, false))
		log_info(&logger, "[channel: %s] The ledger takes blocks again", c->id);
}

static void mark_journal(struct chan *c, struct ord_block *const *blocks, size_t n)
{
	if (!c->journal.journal)
		return;
	for (size_t i = 0; i < n; i++)
		if (blocks[i]->journal_pos > c->journal_done)
			c->journal_done = blocks[i]->journal_pos;
	journal_mark(c->journal.journal, c->journal_done, blocks[n - 1]->number);
}

/* Write what one channel has queued, at most COMMIT_BATCH blocks at a time. */
static void commit_some(struct chan *c)
{
	struct commit *work[COMMIT_BATCH];
	struct ord_block *blocks[COMMIT_BATCH];
	struct ord_err e = ERR_INIT;
	size_t n = peek(c, work, COMMIT_BATCH);
	int rc = 0;

	if (n == 0)
		return;
	for (size_t i = 0; i < n && rc == 0; i++) {
		blocks[i] = work[i]->block;
		rc = finish_block(c, work[i], &e);
	}
	if (rc == 0)
		rc = ledger_append(c->ledger, blocks, n, &e);
	if (rc < 0 && rc != ORD_EUNAVAIL)
		chan_support_ops.fatal(&c->support, e.msg);
	if (rc < 0) {
		refuse(c, &e);
		return;
	}
	accept_again(c);
	mark_journal(c, blocks, n);
	if (dequeue(c, work, n))
		mail(c);
}

/* The earliest time at which a ledger that refused is asked again. */
static uint64_t next_retry(const struct registrar *r)
{
	uint64_t at = CLOCK_NEVER;

	for (size_t i = 0; i < r->n; i++)
		if (r->chans[i]->retry_at_ns && r->chans[i]->retry_at_ns < at)
			at = r->chans[i]->retry_at_ns;
	return at;
}

static void retry_stuck(struct registrar *r)
{
	uint64_t now = clock_mono_ns();

	for (size_t i = 0; i < r->n; i++)
		if (r->chans[i]->retry_at_ns && r->chans[i]->retry_at_ns <= now)
			commit_some(r->chans[i]);
}

static void *commit_loop(void *arg)
{
	struct registrar *r = arg;
	uint64_t retry = CLOCK_NEVER;
	void *item;
	int rc;

	while ((rc = mailbox_pop(r->dirty, retry, &item)) != ORD_ECLOSED) {
		if (rc == 0) {
			struct chan *c = item;

			atomic_store(&c->mailed, false);
			commit_some(c);
		}
		retry_stuck(r); /* however busy the other channels are */
		retry = next_retry(r);
	}
	return NULL;
}

int writer_start(struct registrar *r, struct ord_err *e)
{
	int rc = thread_start(&r->commit_thread, "commit", commit_loop, r, e);

	r->commit_started = rc == 0;
	return rc;
}

/* The chains have halted: what they queued is written; a ledger that refuses keeps its last try. */
void writer_stop(struct registrar *r)
{
	if (!r->commit_started)
		return;
	for (size_t i = 0; i < r->n; i++)
		wait_drained(r->chans[i]);
	mailbox_close(r->dirty);
	pthread_join(r->commit_thread, NULL);
	r->commit_started = false;
}
