/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every orderer of a channel consumes the same topic and takes the same steps, so all cut the same
 * blocks.  What is decided here depends on the topic and on the channel's configuration alone, with
 * one exception: a message that was valid at an older config sequence is checked again, and time
 * may tell two orderers different things.  So it is not ordered where it stands, but sent to the
 * topic once more, and whichever orderer's copy comes first is ordered.
 *
 * Which copies come first, copies.c knows.  An orderer that finds a message bad says so in a
 * CONNECT, and if its word comes first, nobody waits for the message any longer.
 */
#include "step.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

/* ---- blocks -------------------------------------------------------------- */

/* A step under way. */
struct step {
	struct kafka_state *st;
	const struct kafka_effects *fx;
	struct ord_support *s;
	const struct ord_support_ops *ops;
	int64_t offset; /* of the message */
	bool halted;    /* before it was through */
};

/* Everything up to @persisted is in this block or in an earlier one. */
static void write_block(struct step *step, struct ord_batch *take, int64_t persisted, bool config)
{
	struct kafka_state *st = step->st;
	struct ord_block *b = step->ops->create_block(step->s, take);
	struct kafka_bytes metadata;

	st->persisted = persisted;
	st->last_cut++;
	metadata = kafka_state_metadata(st);
	if (config)
		step->ops->write_config_block(step->s, b, kafka_view(metadata));
	else
		step->ops->write_block(step->s, b, kafka_view(metadata));
	free(metadata.data);
}

/* @wait_ns: how long what is left in the cutter may wait; 0: nothing is left.  A running timer runs
 * on when a full block leaves a message behind (spec 6.3). */
static void set_timer(struct step *step, uint64_t wait_ns)
{
	step->st->wait_ns = wait_ns;
	if (wait_ns == 0)
		step->st->timer_at = ORD_NEVER;
	else if (step->st->timer_at == ORD_NEVER)
		step->st->timer_at = step->ops->now_ns(step->s) + wait_ns;
}

/* A block says up to where the topic need not be read again.  What was to come once more of that
 * must stand in the topic first. */
static bool may_write(struct step *step)
{
	if (step->st->posted && !step->fx->delivered(step->fx))
		step->halted = true;
	else
		step->st->posted = false;
	return !step->halted;
}

/* A block that leaves the message behind ends before it, and says so: after a restart it is
 * consumed again.  Fabric's orderers forget its original offset then, until they are restarted
 * themselves; we forget it in any case. */
static void order_normal(struct step *step, struct ord_env *env, int64_t original)
{
	struct kafka_state *st = step->st;
	struct ord_batch *batches[2];
	uint64_t wait_ns;
	size_t n;
	bool left_behind, forget;

	if (!may_write(step))
		return;
	n = step->ops->cutter_order(step->s, env, batches, &wait_ns);
	left_behind = n == 1 && wait_ns > 0;
	forget = left_behind || step->offset == st->left_behind;
	st->left_behind = left_behind && original != 0 ? step->offset : 0;
	set_timer(step, wait_ns);
	if (n == 2 || left_behind)
		write_block(step, batches[0], step->offset - 1, false);
	kafka_copies_ordered(&st->copies, original, forget);
	st->left_behind = 0;
	if (n > 0 && !left_behind)
		write_block(step, batches[n - 1], step->offset, false);
}

/* A config message that was made of another configuration than the one of now, or that nobody could
 * have made, would leave a ledger that is void from there on.  Configurations are in the blocks, so
 * all orderers pass over the same ones.  (A Go orderer ends at such a message, at every start.) */
static bool applies(struct step *step, const struct ord_env *config)
{
	struct ord_err e = {0};

	if (step->ops->check_config(step->s, config, &e) == 0)
		return true;
	ord_log(step->s, ORD_ERROR,
		"discarding config message at offset %" PRId64 ", which does not apply: %s",
		step->offset, e.msg);
	return false;
}

static void order_config(struct step *step, struct ord_env *env, int64_t original)
{
	struct ord_batch *pending;

	if (!applies(step, env) || !may_write(step))
		return;
	pending = step->ops->cutter_cut(step->s);
	if (pending)
		write_block(step, pending, step->offset - 1, false);
	set_timer(step, 0);
	kafka_copies_ordered(&step->st->copies, original, false);
	write_block(step, step->ops->batch_one(env), step->offset, true);
}

/* ---- messages that were valid at an older config sequence ---------------- */

static void await(struct step *step, int64_t original)
{
	if (!kafka_copies_await(&step->st->copies, original, step->offset))
		ord_log(step->s, ORD_ERROR,
			"more than %d messages have to be checked again: the oldest is lost",
			KAFKA_AWAITING_MAX);
}

static void post(struct step *step, struct kafka_bytes m)
{
	step->fx->post(step->fx, kafka_view(m));
	step->st->posted = true;
	free(m.data);
}

/* Checked again and found valid: once more to the topic, for all orderers to meet there. */
static void send_again(struct step *step, struct ord_env *env, uint64_t seq,
		       Orderer__KafkaMessageRegular__Class class)
{
	post(step, kafka_regular(step->ops->env_bytes(env), seq, class, step->offset));
}

static void reject(struct step *step)
{
	post(step, kafka_rejected(step->offset));
}

/* ---- messages of the topic ----------------------------------------------- */

static void consume_normal(struct step *step, const struct kafka_message *r, struct ord_env *env)
{
	uint64_t seq;
	struct ord_err e = {0};

	if (kafka_copies_late(&step->st->copies, r->original_offset)) {
		kafka_copies_drop(&step->st->copies, r->original_offset);
		return; /* another orderer's copy came first */
	}
	if (r->config_seq >= step->ops->sequence(step->s)) {
		order_normal(step, env, r->original_offset);
		return;
	}
	await(step, r->original_offset);
	if (step->ops->process_normal(step->s, env, &seq, &e) == 0) {
		send_again(step, env, seq, ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__NORMAL);
		return;
	}
	ord_log(step->s, ORD_WARN, "discarding bad normal message because = %s", e.msg);
	reject(step);
}

/* *env becomes another message when it is checked again. */
static void consume_config(struct step *step, const struct kafka_message *r, struct ord_env **env)
{
	uint64_t seq;
	struct ord_err e = {0};

	if (kafka_copies_late(&step->st->copies, r->original_offset)) {
		kafka_copies_drop(&step->st->copies, r->original_offset);
		return;
	}
	if (r->original_offset > step->st->resubmitted)
		step->st->resubmitted = r->original_offset; /* others found it valid */
	if (r->config_seq >= step->ops->sequence(step->s)) {
		order_config(step, *env, r->original_offset);
		return;
	}
	await(step, r->original_offset);
	if (step->ops->process_config(step->s, env, &seq, &e) == 0) {
		step->st->resubmitted = step->offset;
		send_again(step, *env, seq, ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__CONFIG);
		return;
	}
	ord_log(step->s, ORD_WARN, "rejecting config message because = %s", e.msg);
	reject(step);
}

/* Messages of Fabric 1.0, or for a channel that may have an orderer of 1.0: checked at every
 * orderer where they stand, which is why that mode is to be left behind. */
static void consume_old(struct step *step, struct ord_env *env)
{
	bool config = step->ops->classify(env) == ORD_MSG_CONFIG;
	struct ord_env *checked = step->ops->env_ref(env);
	uint64_t seq;
	struct ord_err e = {0};
	int rc;

	ord_log(step->s, ORD_WARN, "This orderer is running in compatibility mode");
	if (step->ops->classify(env) == ORD_MSG_CONFIG_UPDATE)
		rc = ord_fail(&e, ORD_EINVAL, "it is a config update");
	else if (config)
		rc = step->ops->process_config(step->s, &checked, &seq, &e);
	else
		rc = step->ops->process_normal(step->s, env, &seq, &e);
	if (rc < 0)
		ord_log(step->s, ORD_WARN, "discarding bad %s message because = %s",
			config ? "config" : "normal", e.msg);
	else if (config)
		order_config(step, env, 0);
	else
		order_normal(step, env, 0);
	step->ops->env_unref(checked);
}

/* What the sender says it is decides how it is consumed, but only what is a config message can be
 * in a block of its own, and nowhere else. */
static bool is_of_class(struct step *step, const struct kafka_message *r, const struct ord_env *env)
{
	return (r->class == ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__CONFIG) ==
	       (step->ops->classify(env) == ORD_MSG_CONFIG);
}

static void consume_regular(struct step *step, const struct kafka_message *r)
{
	struct ord_env *env;
	struct ord_err e = {0};

	if (step->ops->env_parse(step->s, r->payload, &env, &e) < 0) {
		ord_log(step->s, ORD_ERROR,
			"failed to unmarshal payload of regular message because = %s", e.msg);
		return;
	}
	if (r->class == ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__UNKNOWN ||
	    (!step->fx->resubmission && !step->fx->exactly_once)) {
		kafka_copies_drop(&step->st->copies, r->original_offset); /* of a better time */
		consume_old(step, env);
	} else if (r->class > ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__CONFIG || r->class < 0)
		ord_log(step->s, ORD_ERROR, "unsupported regular kafka message type: %d", r->class);
	else if (!is_of_class(step, r, env))
		ord_log(step->s, ORD_ERROR, "discarding message of another type than it says");
	else if (r->class == ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__NORMAL)
		consume_normal(step, r, env);
	else
		consume_config(step, r, &env);
	step->ops->env_unref(env);
}

static void cut_on_time(struct step *step)
{
	struct ord_batch *batch;

	if (!may_write(step))
		return;
	batch = step->ops->cutter_cut(step->s);
	set_timer(step, 0);
	if (batch)
		write_block(step, batch, step->offset, false);
	else
		ord_log(step->s, ORD_ERROR,
			"got right time-to-cut message (for block [%" PRIu64
			"]), no pending requests though; this might indicate a bug",
			step->st->last_cut + 1);
}

/* The first of them for the next block cuts it; those of the other orderers are late.  One that
 * none of us could have sent is no reason to stop a channel. */
static void consume_time_to_cut(struct step *step, uint64_t block_number)
{
	uint64_t next = step->st->last_cut + 1;

	if (block_number == next)
		cut_on_time(step);
	else if (block_number > next)
		ord_log(step->s, ORD_ERROR,
			"got larger time-to-cut message (%" PRIu64
			") than allowed/expected (%" PRIu64 ") - this might indicate a bug",
			block_number, next);
}

/* What ordererds tell each other; Fabric's orderers say nothing here. */
static void consume_connect(struct step *step, struct ord_bytes payload)
{
	const size_t n = strlen(KAFKA_REJECTED);
	char text[32] = "";

	if (payload.len <= n || payload.len - n >= sizeof(text) ||
	    memcmp(payload.data, KAFKA_REJECTED, n) != 0)
		return;
	memcpy(text, payload.data + n, payload.len - n);
	kafka_copies_drop(&step->st->copies, strtoll(text, NULL, 10));
}

static void consume(struct step *step, struct ord_bytes value)
{
	struct kafka_message m;

	kafka_copies_rule(&step->st->copies, step->offset, step->fx->exactly_once);
	if (!kafka_message_read(value, &m)) {
		ord_log(step->s, ORD_ERROR,
			"Unable to unmarshal consumed message at offset %" PRId64, step->offset);
		return;
	}
	switch (m.type) {
	case KAFKA_REGULAR:
		consume_regular(step, &m);
		break;
	case KAFKA_TIME_TO_CUT:
		consume_time_to_cut(step, m.block_number);
		break;
	case KAFKA_CONNECT:
		consume_connect(step, m.payload);
		break;
	case KAFKA_NOTHING:
		break;
	}
}

/* ---- the batch timer ----------------------------------------------------- */

/* No block is cut by a clock: the topic is asked, and says the same to everyone. */
static void ask_to_cut(struct step *step)
{
	struct kafka_bytes m;

	step->st->timer_at = ORD_NEVER;
	if (step->st->wait_ns == 0)
		return;
	m = kafka_time_to_cut(step->st->last_cut + 1);
	step->fx->post(step->fx, kafka_view(m)); /* may get lost: no block waits for it */
	free(m.data);
}

bool kafka_step(struct kafka_state *st, const struct kafka_event *event,
		const struct kafka_effects *fx)
{
	struct step step = {st, fx, fx->support, fx->support->ops, event->offset, false};

	switch (event->type) {
	case KAFKA_CONSUMED:
		consume(&step, event->value);
		break;
	case KAFKA_EXPIRED:
		ask_to_cut(&step);
		break;
	}
	return !step.halted;
}
