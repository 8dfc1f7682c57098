/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block writer (spec 2.3, 2.4, 6.4): chain threads make blocks and queue them; the commit
 * thread (commit.c) has them completed here, metadata and signature, and appends them.
 */
#include <stdlib.h>

#include "channel_priv.h"

/* ---- chain thread -------------------------------------------------------- */

static bool queue_full(const struct chan *c)
{
	return c->queued >= COMMIT_QUEUE_BLOCKS || c->queued_bytes >= COMMIT_QUEUE_BYTES;
}

/* A chain with a journal takes in nothing new while the ledger refuses blocks (journaling_sync()):
 * what it holds becomes blocks all the same, so that no client waits for the disk. */
static bool waits_for_disk(const struct chan *c)
{
	return !c->read_only || !(c->giving_up || c->journal.journal);
}

/* Wait while the channel is too far ahead of its disk: before a block is made, not with it in
 * hand. */
static void wait_for_room(struct chan *c)
{
	monitor_lock(&c->commit);
	while (queue_full(c) && waits_for_disk(c))
		monitor_wait(&c->commit);
	if (queue_full(c) && c->giving_up)
		c->gave_up = true; /* no block from here on is written: there must be no gap */
	monitor_unlock(&c->commit);
}

struct ord_block *writer_create(struct chan *c, struct ord_batch *take)
{
	struct ord_bytes previous = bytes_of(c->last_hash, c->next_number ? BLOCK_HASH_LEN : 0);
	struct ord_block *b;

	util_assert(take && take->n > 0 && !c->block_made);
	wait_for_room(c);
	b = block_new(c->next_number, previous, take->envs, take->n);
	batch_free(take);
	c->block_made = true;
	return b;
}

void commit_free(struct commit *w)
{
	block_unref(w->block);
	buf_fini(&w->metadata);
	free(w);
}

/* Queue for the commit thread, unless an earlier block was given up. */
static void enqueue(struct chan *c, struct commit *w)
{
	bool dropped;

	monitor_lock(&c->commit);
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
		commit_mail(c);
}

static void wait_written(struct chan *c)
{
	monitor_lock(&c->commit);
	while (c->queued > 0 && waits_for_disk(c))
		monitor_wait(&c->commit);
	monitor_unlock(&c->commit);
}

void writer_wait_drained(struct chan *c)
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
	w->conf_seq = chan_sequence(c);
	buf_add_bytes(&w->metadata, metadata);
	enqueue(c, w);
}

/* What follows the configuration of now, if @config is in the next block. */
static int follow(struct chan *c, const struct ord_env *config, struct chanconf **next,
		  struct ord_err *e)
{
	struct chanconf *now = chan_conf(c);
	int rc = chanconf_validate(now, config, next, e);

	chanconf_unref(now);
	return rc;
}

/* All orderers of a channel must say the same, so nothing decides that one of them alone knows:
 * certificates of signers count even if they have expired (msp/validate.c reads no clock), and a
 * capability that only this orderer lacks is no reason to pass over what the others write. */
int writer_check_config(struct chan *c, const struct ord_env *config, struct ord_err *e)
{
	struct chanconf *next;
	int rc = 0;

	if (config->type != WIRE_CONFIG)
		return create_check(c, config, e);
	if (follow(c, config, &next, e) < 0)
		return e->code;
	if (!next->has_orderer)
		rc = err_set(e, ORD_EINVAL, "config does not contain orderer config");
	chanconf_unref(next);
	return rc;
}

/* A configuration that was ordered and does not hold cannot be passed over: what follows it in the
 * ledger would be void. */
static struct chanconf *validate(struct chan *c, const struct ord_env *config)
{
	struct chanconf *next = NULL;
	struct ord_err e = ERR_INIT;

	if (follow(c, config, &next, &e) < 0 || chanconf_check_supported(next, &e) < 0) {
		err_wrap(&e,
			 "Told to write a config block with new config, but could not apply it");
		chan_support_ops.fatal(&c->support, e.msg);
	}
	return next;
}

static void write_new_conf(struct chan *c, struct ord_block *take, struct ord_bytes metadata)
{
	struct chanconf *next = validate(c, take->config);
	bool other_consensus = switch_needed(c, next);

	util_stop_at("config-validated");
	if (other_consensus)
		switch_begin(c);
	chan_set_conf(c, next);
	writer_write(c, take, other_consensus ? bytes_of(NULL, 0) : metadata);
	(other_consensus ? writer_wait_drained : wait_written)(c);
	util_stop_at("config-written");
	if (other_consensus)
		switch_finish(c);
}

static void write_creation(struct chan *c, struct ord_block *take, struct ord_bytes metadata)
{
	struct ord_err e = ERR_INIT;
	int rc = create_channel(c, take->config, &e);

	if (rc < 0 && rc != ORD_EUNAVAIL) {
		err_wrap(&e,
			 "Told to write a config block with new channel, but could not create it");
		chan_support_ops.fatal(&c->support, e.msg);
	}
	if (rc < 0) { /* the daemon stops: neither this block nor one behind it is written */
		monitor_lock(&c->commit);
		c->gave_up = true;
		monitor_unlock(&c->commit);
	}
	util_stop_at("create-commit");
	writer_write(c, take, metadata);
	wait_written(c);
	util_stop_at("create-written");
}

/* Everything before the new configuration is on disk first, then it comes into force, then its own
 * block is written: as Fabric 2.x does it, while the disk takes blocks. */
void writer_write_config(struct chan *c, struct ord_block *take, struct ord_bytes metadata)
{
	util_assert(take->config);
	wait_written(c);
	if (take->config->type == WIRE_CONFIG)
		write_new_conf(c, take, metadata);
	else
		write_creation(c, take, metadata);
}

/* ---- completing, on the commit thread ------------------------------------ */

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
	uint8_t nonce[WIRE_NONCE_LEN];
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
int writer_finish(struct chan *c, struct commit *w, struct ord_err *e)
{
	struct ord_block *b = w->block;
	struct buf orderer = BUF_INIT, last = BUF_INIT, slot1 = BUF_INIT, value = BUF_INIT,
		   slot0 = BUF_INIT;
	int rc;

	if (b->sealed)
		return 0;
	if (w->conf_seq > c->last_config_seq) {
		c->last_config_block = b->number;
		c->last_config_seq = w->conf_seq;
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
