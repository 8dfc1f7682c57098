/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A topic written by anybody: byte 0 is how many messages were consumed when the chain stops and
 * starts again, and how the channel is set; then messages, each behind its length in two bytes, or
 * with the uppermost bit of it set the metadata of a block.  No message ends the process; a chain
 * that started again with what its last block says has the same ledger in the end; and no metadata
 * is taken that would not be written again as it was read.
 */
#include "../unit/kafka/fake_support.h"
#include "fuzz.h"

#include <kafka/step.h>
#include <stdlib.h>

#define MAX_MESSAGES 64

struct fake {
	struct ord_support support; /* first */
	struct kafka_state st;
	struct cutter cutter;
	uint64_t config;
	struct ord_block *last;
	struct buf metadata; /* of the last block */
	uint8_t hash[BLOCK_HASH_LEN];
};

static struct fake *fake_of(struct ord_support *s)
{
	return (struct fake *)s;
}

/* ---- a support that takes everything ------------------------------------- */

static uint64_t sequence(struct ord_support *s)
{
	return fake_of(s)->config;
}

/* Depends on the message alone, as it must where every orderer checks for itself. */
static int process(struct ord_support *s, const struct ord_env *env, uint64_t *seq,
		   struct ord_err *e)
{
	*seq = fake_of(s)->config;
	return env->signature.len % 2 ? err_set(e, ORD_EPERM, "odd") : 0;
}

static int process_normal(struct ord_support *s, struct ord_env *env, uint64_t *seq,
			  struct ord_err *e)
{
	return process(s, env, seq, e);
}

static int process_config(struct ord_support *s, struct ord_env **env, uint64_t *seq,
			  struct ord_err *e)
{
	return process(s, *env, seq, e);
}

static int check_config(struct ord_support *s, const struct ord_env *env, struct ord_err *e)
{
	uint64_t seq;

	return process(s, env, &seq, e);
}

static size_t order(struct ord_support *s, struct ord_env *env, struct ord_batch *out[2],
		    uint64_t *wait_ns)
{
	struct cutter_limits l = {3, 64};
	bool pending;
	size_t n = cutter_order(&fake_of(s)->cutter, &l, env, out, &pending);

	*wait_ns = pending;
	return n;
}

static struct ord_batch *cut(struct ord_support *s)
{
	return cutter_cut(&fake_of(s)->cutter);
}

static struct ord_block *create(struct ord_support *s, struct ord_batch *take)
{
	struct fake *f = fake_of(s);
	struct ord_block *b = block_new(f->last ? f->last->number + 1 : 1,
					bytes_of(f->hash, sizeof(f->hash)), take->envs, take->n);

	batch_free(take);
	return b;
}

static void write_any(struct fake *f, struct ord_block *take, struct ord_bytes metadata)
{
	util_assert(take->number == f->st.last_cut);
	block_unref(f->last);
	f->last = take;
	memcpy(f->hash, take->header_hash, sizeof(f->hash));
	buf_fini(&f->metadata);
	buf_add_bytes(&f->metadata, metadata);
}

static void write_block(struct ord_support *s, struct ord_block *take, struct ord_bytes metadata)
{
	util_assert(!take->config);
	write_any(fake_of(s), take, metadata);
}

static void write_config_block(struct ord_support *s, struct ord_block *take,
			       struct ord_bytes metadata)
{
	util_assert(take->config);
	write_any(fake_of(s), take, metadata);
	fake_of(s)->config++;
}

static uint64_t now_ns(struct ord_support *s)
{
	(void)s;
	return 0;
}

static const struct ord_support_ops ops = {
	FAKE_SUPPORT,
	.sequence = sequence,
	.process_normal = process_normal,
	.process_config = process_config,
	.cutter_order = order,
	.cutter_cut = cut,
	.create_block = create,
	.write_block = write_block,
	.write_config_block = write_config_block,
	.now_ns = now_ns,
	.check_config = check_config,
};

/* What is posted is a message. */
static void post(const struct kafka_effects *fx, struct ord_bytes message)
{
	struct kafka_message m;

	(void)fx;
	util_assert(kafka_message_read(message, &m) && m.type != KAFKA_NOTHING);
}

static bool delivered(const struct kafka_effects *fx)
{
	(void)fx;
	return true;
}

/* ---- metadata ------------------------------------------------------------ */

static void try_metadata(struct ord_bytes b)
{
	struct kafka_state st, again;
	struct ord_err e = ERR_INIT;
	struct kafka_bytes first, second;

	if (kafka_resume(&st, b, 2, &e) < 0) {
		util_assert(e.code == ORD_EINVAL && e.msg[0]);
		kafka_state_fini(&st);
		return;
	}
	util_assert(kafka_next_offset(&st) >= KAFKA_OLDEST);
	kafka_is_blocked(&st);
	if (b.len > 0) {
		first = kafka_state_metadata(&st);
		if (first.len > 0) { /* else all is 0, and that is what no metadata says */
			util_assert(kafka_resume(&again, kafka_view(first), 2, &e) == 0);
			second = kafka_state_metadata(&again);
			util_assert(bytes_eq(kafka_view(first), kafka_view(second)));
			free(second.data);
			kafka_state_fini(&again);
		}
		free(first.data);
	}
	kafka_state_fini(&st);
}

/* ---- runs ---------------------------------------------------------------- */

static void start(struct fake *f)
{
	struct ord_err e = ERR_INIT;

	cutter_fini(&f->cutter);
	kafka_state_fini(&f->st);
	util_assert(kafka_resume(&f->st, buf_bytes(&f->metadata), f->last ? f->last->number + 1 : 1,
				 &e) == 0);
}

/* The offsets have gaps, as those of a topic may. */
static int64_t offset_of(size_t i)
{
	return 1 + 3 * (int64_t)i;
}

static void consume(struct fake *f, const struct kafka_effects *fx,
		    const struct ord_bytes *messages, size_t from, size_t to)
{
	struct kafka_event expired = {.type = KAFKA_EXPIRED};

	for (size_t i = from; i < to; i++) {
		struct kafka_event event = {KAFKA_CONSUMED, offset_of(i), messages[i]};

		if (offset_of(i) >= kafka_next_offset(&f->st))
			util_assert(kafka_step(&f->st, &event, fx));
	}
	util_assert(kafka_step(&f->st, &expired, fx));
}

/* The hash of the last block; @stop: after so many messages it starts again. */
static void run(const struct ord_bytes *messages, size_t n, size_t stop, uint8_t flags,
		uint8_t hash[static BLOCK_HASH_LEN])
{
	struct fake f = {.support = {.ops = &ops}, .metadata = BUF_INIT};
	struct kafka_effects fx = {.support = &f.support,
				   .resubmission = !(flags & 1),
				   .exactly_once = flags & 2,
				   .post = post,
				   .delivered = delivered};
	uint64_t config;

	start(&f);
	consume(&f, &fx, messages, 0, stop);
	if (stop < n) {
		config = f.config;
		start(&f);
		f.config = config;
		consume(&f, &fx, messages, 0, n);
	}
	try_metadata(buf_bytes(&f.metadata));
	memcpy(hash, f.hash, BLOCK_HASH_LEN);
	block_unref(f.last);
	buf_fini(&f.metadata);
	cutter_fini(&f.cutter);
	kafka_state_fini(&f.st);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ord_bytes messages[MAX_MESSAGES] = {{NULL, 0}};
	uint8_t first = size > 0 ? data[0] : 0, straight[BLOCK_HASH_LEN], stopped[BLOCK_HASH_LEN];
	size_t n = 0, at = 1;

	while (at + 2 <= size && n < MAX_MESSAGES) {
		size_t len = (size_t)(data[at] & 0x7f) << 8 | data[at + 1];
		bool metadata = data[at] & 0x80;
		struct ord_bytes b;

		at += 2;
		b = bytes_of(data + at, len < size - at ? len : size - at);
		at += b.len;
		if (metadata)
			try_metadata(b);
		else
			messages[n++] = b;
	}
	run(messages, n, n, first, straight);
	run(messages, n, n > 0 ? (first >> 2) % n : 0, first, stopped);
	util_assert(memcmp(straight, stopped, BLOCK_HASH_LEN) == 0);
	return 0;
}
