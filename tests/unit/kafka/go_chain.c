/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <kafka.pb-c.h>
#include <stdlib.h>

typedef Orderer__KafkaMessageRegular Regular;

void go_chain_start(struct node *n, struct ord_bytes metadata)
{
	struct go_chain *c = &n->go;
	Orderer__KafkaMetadata *m;

	*c = (struct go_chain){.last_offset_persisted = -3,
			       .last_cut_block_number = n->n_blocks - 1,
			       .timer_at = ORD_NEVER};
	if (metadata.len > 0) {
		m = orderer__kafka_metadata__unpack(NULL, metadata.len, metadata.data);
		assert_non_null(m);
		c->last_offset_persisted = m->last_offset_persisted;
		c->last_original_offset_processed = m->last_original_offset_processed;
		c->last_resubmitted_config_offset = m->last_resubmitted_config_offset;
		orderer__kafka_metadata__free_unpacked(m, NULL);
	}
	c->blocked = c->last_resubmitted_config_offset > c->last_original_offset_processed;
}

/* ---- blocks -------------------------------------------------------------- */

static void write_block(struct node *n, struct ord_batch *batch, int64_t offset, int64_t original,
			int64_t resubmitted, bool config)
{
	Orderer__KafkaMetadata m = ORDERER__KAFKA_METADATA__INIT;
	struct ord_block *b = n->support.ops->create_block(&n->support, batch);
	struct buf bytes = BUF_INIT;

	m.last_offset_persisted = offset;
	m.last_original_offset_processed = original;
	m.last_resubmitted_config_offset = resubmitted;
	wire_pack(&m, &bytes);
	if (config)
		n->support.ops->write_config_block(&n->support, b, buf_bytes(&bytes));
	else
		n->support.ops->write_block(&n->support, b, buf_bytes(&bytes));
	buf_fini(&bytes);
	n->go.last_cut_block_number++;
}

static void commit_normal(struct node *n, struct ord_env *env, int64_t received, int64_t new_offset)
{
	struct go_chain *c = &n->go;
	struct ord_batch *batches[2];
	uint64_t timeout;
	size_t len = n->support.ops->cutter_order(&n->support, env, batches, &timeout);
	bool pending = timeout > 0;
	int64_t offset = received;

	if (!pending)
		c->timer_at = ORD_NEVER;
	else if (c->timer_at == ORD_NEVER)
		c->timer_at = n->world->now_ns + timeout;
	if (len == 0) {
		c->last_original_offset_processed = new_offset;
		return;
	}
	if (pending || len == 2)
		offset--;
	else
		c->last_original_offset_processed = new_offset;
	c->forgets = pending && new_offset != c->last_original_offset_processed;
	write_block(n, batches[0], offset, c->last_original_offset_processed,
		    c->last_resubmitted_config_offset, false);
	c->forgets = false;
	if (len == 2) {
		c->last_original_offset_processed = new_offset;
		write_block(n, batches[1], received, new_offset, c->last_resubmitted_config_offset,
			    false);
	}
}

static void commit_config(struct node *n, struct ord_env *env, int64_t received, int64_t new_offset)
{
	struct go_chain *c = &n->go;
	struct ord_batch *pending;
	struct ord_err e = ERR_INIT;

	c->panics = n->support.ops->check_config(&n->support, env, &e) < 0;
	if (c->panics)
		return;
	pending = n->support.ops->cutter_cut(&n->support);
	if (pending)
		write_block(n, pending, received - 1, c->last_original_offset_processed,
			    c->last_resubmitted_config_offset, false);
	c->last_original_offset_processed = new_offset;
	write_block(n, n->support.ops->batch_one(env), received, new_offset,
		    c->last_resubmitted_config_offset, true);
	c->timer_at = ORD_NEVER;
}

/* ---- regular messages ---------------------------------------------------- */

static void order_again(struct node *n, struct ord_env *env, uint64_t seq, int64_t received,
			Orderer__KafkaMessageRegular__Class class)
{
	Regular r = ORDERER__KAFKA_MESSAGE_REGULAR__INIT;
	Orderer__KafkaMessage m = ORDERER__KAFKA_MESSAGE__INIT;
	struct buf bytes = BUF_INIT;

	r.payload = wire_binary(env->raw);
	r.config_seq = seq;
	r.class_ = class;
	r.original_offset = received;
	m.type_case = ORDERER__KAFKA_MESSAGE__TYPE_REGULAR;
	m.regular = &r;
	wire_pack(&m, &bytes);
	world_post_now(n, buf_bytes(&bytes));
	buf_fini(&bytes);
}

static void process_old(struct node *n, struct ord_env *env, int64_t received)
{
	const struct ord_support_ops *ops = n->support.ops;
	struct ord_env *again = ops->env_ref(env);
	struct ord_err e = ERR_INIT;
	uint64_t seq;

	if (ops->classify(env) == ORD_MSG_CONFIG) {
		if (ops->process_config(&n->support, &again, &seq, &e) == 0)
			commit_config(n, env, received, n->go.last_original_offset_processed);
	} else if (ops->process_normal(&n->support, env, &seq, &e) == 0) {
		commit_normal(n, env, received, n->go.last_original_offset_processed);
	}
	ops->env_unref(again);
}

static int64_t new_offset(const struct node *n, const Regular *r)
{
	return r->original_offset ? r->original_offset : n->go.last_original_offset_processed;
}

static bool is_processed(const struct node *n, const Regular *r)
{
	return r->original_offset != 0 &&
	       r->original_offset <= n->go.last_original_offset_processed;
}

static void process_normal(struct node *n, const Regular *r, struct ord_env *env, int64_t received)
{
	struct ord_err e = ERR_INIT;
	uint64_t seq;

	if (is_processed(n, r))
		return;
	if (r->config_seq >= n->config)
		commit_normal(n, env, received, new_offset(n, r));
	else if (n->support.ops->process_normal(&n->support, env, &seq, &e) == 0)
		order_again(n, env, seq, received, ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__NORMAL);
}

static void process_config(struct node *n, const Regular *r, struct ord_env **env, int64_t received)
{
	struct go_chain *c = &n->go;
	struct ord_err e = ERR_INIT;
	uint64_t seq;

	if (is_processed(n, r))
		return;
	if (r->original_offset != 0) {
		if (r->original_offset == c->last_resubmitted_config_offset &&
		    r->config_seq == n->config)
			c->blocked = false;
		if (c->last_resubmitted_config_offset < r->original_offset)
			c->last_resubmitted_config_offset = r->original_offset;
	}
	if (r->config_seq >= n->config) {
		commit_config(n, *env, received, new_offset(n, r));
	} else if (n->support.ops->process_config(&n->support, env, &seq, &e) == 0) {
		order_again(n, *env, seq, received, ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__CONFIG);
		c->last_resubmitted_config_offset = received;
		c->blocked = true;
	}
}

static void process_regular(struct node *n, const Regular *r, int64_t received)
{
	struct ord_env *env;
	struct ord_err e = ERR_INIT;

	test_ok(env_parse(wire_bytes(r->payload), &env, &e), &e);
	if (r->class_ == ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__UNKNOWN || !n->conf.resubmission)
		process_old(n, env, received);
	else if (r->class_ == ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__NORMAL)
		process_normal(n, r, env, received);
	else
		process_config(n, r, &env, received);
	env_unref(env);
}

/* ---- the loop ------------------------------------------------------------ */

static void process_time_to_cut(struct node *n, uint64_t number, int64_t received)
{
	struct go_chain *c = &n->go;
	struct ord_batch *batch;

	if (number <= c->last_cut_block_number)
		return;
	if (number > c->last_cut_block_number + 1) {
		c->exited = true;
		return;
	}
	c->timer_at = ORD_NEVER;
	batch = n->support.ops->cutter_cut(&n->support);
	if (batch)
		write_block(n, batch, received, c->last_original_offset_processed, 0, false);
	else
		c->exited = true;
}

bool go_chain_consume(struct node *n, int64_t offset, struct ord_bytes value)
{
	Orderer__KafkaMessage *m = orderer__kafka_message__unpack(NULL, value.len, value.data);

	assert_non_null(m);
	if (m->type_case == ORDERER__KAFKA_MESSAGE__TYPE_TIME_TO_CUT)
		process_time_to_cut(n, m->time_to_cut->block_number, offset);
	else if (m->type_case == ORDERER__KAFKA_MESSAGE__TYPE_REGULAR)
		process_regular(n, m->regular, offset);
	orderer__kafka_message__free_unpacked(m, NULL);
	return !n->go.panics;
}

void go_chain_expire(struct node *n)
{
	Orderer__KafkaMessageTimeToCut t = ORDERER__KAFKA_MESSAGE_TIME_TO_CUT__INIT;
	Orderer__KafkaMessage m = ORDERER__KAFKA_MESSAGE__INIT;
	struct buf bytes = BUF_INIT;

	n->go.timer_at = ORD_NEVER;
	t.block_number = n->go.last_cut_block_number + 1;
	m.type_case = ORDERER__KAFKA_MESSAGE__TYPE_TIME_TO_CUT;
	m.time_to_cut = &t;
	wire_pack(&m, &bytes);
	world_post_now(n, buf_bytes(&bytes));
	buf_fini(&bytes);
}
