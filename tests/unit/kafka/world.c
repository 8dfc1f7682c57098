/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <kafka/message.h>
#include <stdlib.h>

#define BATCH_TIMEOUT (2 * CLOCK_SEC_NS)

static struct node *node_of(struct ord_support *s)
{
	return (struct node *)s;
}

/* ---- the support: a channel without threads ------------------------------------------------ */

static uint64_t sequence(struct ord_support *s)
{
	return node_of(s)->config;
}

static struct ord_bytes env_bytes(const struct ord_env *env)
{
	return env->raw;
}

static int parse(struct ord_support *s, struct ord_bytes b, struct ord_env **out, struct ord_err *e)
{
	(void)s;
	return env_parse(b, out, e);
}

static bool has(struct ord_bytes text, char c)
{
	return memchr(text.data, c, text.len) != NULL;
}

static int process_normal(struct ord_support *s, struct ord_env *env, uint64_t *seq,
			  struct ord_err *e)
{
	*seq = node_of(s)->config;
	if (has(env->data, '!') && (!has(env->data, '?') || node_of(s)->index % 2))
		return err_set(e, ORD_EPERM, "not valid any more");
	return 0;
}

static struct ord_env *make_env(const char *text, bool config)
{
	struct wire_header_spec h = {.type = config ? WIRE_CONFIG : WIRE_ENDORSER_TRANSACTION,
				     .channel_id = "sim"};
	struct buf payload = BUF_INIT;
	struct ord_env *env;

	wire_build_payload(&h, bytes_str(text), &payload);
	env = env_make(buf_bytes(&payload), bytes_str("s"));
	buf_fini(&payload);
	return env;
}

/* What comes before the first "'" of a text: an apostrophe is put there when it is made anew. */
static size_t stem(struct ord_bytes text)
{
	const void *end = text.len ? memchr(text.data, '\'', text.len) : NULL;

	return end ? (size_t)((const uint8_t *)end - text.data) : text.len;
}

/* No update can be made twice: it would find newer versions than it expects. */
static bool is_made(const struct node *n, const struct ord_env *env)
{
	for (size_t i = 1; i < n->n_blocks; i++) {
		const struct ord_env *c = n->blocks[i]->config;

		if (c && stem(c->data) == stem(env->data) &&
		    memcmp(c->data.data, env->data.data, stem(env->data)) == 0)
			return true;
	}
	return false;
}

/* Made anew, as each orderer signs its own; known by its first letters still. */
static int process_config(struct ord_support *s, struct ord_env **env, uint64_t *seq,
			  struct ord_err *e)
{
	struct ord_env *again;
	char *text;

	if (process_normal(s, *env, seq, e) < 0)
		return e->code;
	if (is_made(node_of(s), *env))
		return err_set(e, ORD_EINVAL, "out of date");
	text = x_printf("%.*s'%zu", (int)(*env)->data.len, (const char *)(*env)->data.data,
			node_of(s)->index);
	again = make_env(text, true);
	free(text);
	env_unref(*env);
	*env = again;
	return 0;
}

static size_t order_cut(struct ord_support *s, struct ord_env *env, struct ord_batch *out[2],
			uint64_t *wait_ns)
{
	struct node *n = node_of(s);
	struct cutter_limits l = {n->world->max_count, n->world->preferred_max};
	bool pending;
	size_t cut = cutter_order(&n->cutter, &l, env, out, &pending);

	*wait_ns = pending ? BATCH_TIMEOUT : 0;
	return cut;
}

static struct ord_batch *cut(struct ord_support *s)
{
	return cutter_cut(&node_of(s)->cutter);
}

static struct ord_block *create_block(struct ord_support *s, struct ord_batch *take)
{
	struct node *n = node_of(s);
	struct ord_block *last = n->n_blocks ? n->blocks[n->n_blocks - 1] : NULL;
	struct ord_bytes previous =
		bytes_of(last ? last->header_hash : NULL, last ? sizeof(last->header_hash) : 0);
	struct ord_block *b = block_new(n->n_blocks, previous, take->envs, take->n);

	batch_free(take);
	return b;
}

static void write_block(struct ord_support *s, struct ord_block *take, struct ord_bytes metadata)
{
	struct node *n = node_of(s);

	assert_int_equal(take->number, n->n_blocks);
	n->blocks = x_realloc(n->blocks, (n->n_blocks + 1) * sizeof(*n->blocks));
	n->metadata = x_realloc(n->metadata, (n->n_blocks + 1) * sizeof(*n->metadata));
	n->blocks[n->n_blocks] = take;
	n->metadata[n->n_blocks] = (struct buf)BUF_INIT;
	buf_add_bytes(&n->metadata[n->n_blocks++], metadata);
}

static void write_config_block(struct ord_support *s, struct ord_block *take,
			       struct ord_bytes metadata)
{
	struct node *n = node_of(s);

	write_block(s, take, metadata);
	n->durable = n->n_blocks;
	n->config++;
}

static uint64_t now_ns(struct ord_support *s)
{
	return node_of(s)->world->now_ns;
}

static void log_nothing(struct ord_support *s, enum ord_level l, const char *func, const char *fmt,
			va_list ap)
{
	(void)s, (void)l, (void)func, (void)fmt, (void)ap;
}

static const struct ord_support_ops ops = {
	.size = sizeof(ops),
	.sequence = sequence,
	.classify = env_classify,
	.env_bytes = env_bytes,
	.env_parse = parse,
	.env_ref = env_ref,
	.env_unref = env_unref,
	.process_normal = process_normal,
	.process_config = process_config,
	.cutter_order = order_cut,
	.cutter_cut = cut,
	.batch_one = cutter_one,
	.create_block = create_block,
	.write_block = write_block,
	.write_config_block = write_config_block,
	.now_ns = now_ns,
	.log = log_nothing,
};

/* ---- the topic ------------------------------------------------------------------------------ */

static void queue(struct node *n, struct ord_bytes message, int client)
{
	struct post p = {BUF_INIT, client};

	buf_add_bytes(&p.message, message);
	n->outbox = x_realloc(n->outbox, (n->n_outbox + 1) * sizeof(*n->outbox));
	n->outbox[n->n_outbox++] = p;
}

static void post(const struct kafka_effects *fx, struct ord_bytes message)
{
	queue(node_of(fx->support), message, -1);
}

bool world_arrive(struct world *w, size_t node)
{
	struct node *n = &w->nodes[node];

	if (n->n_outbox == 0)
		return false;
	w->log = x_realloc(w->log, (w->n_log + 1) * sizeof(*w->log));
	w->log[w->n_log++] = n->outbox[0].message;
	if (n->outbox[0].client >= 0)
		w->settled[n->outbox[0].client] = true;
	memmove(n->outbox, n->outbox + 1, --n->n_outbox * sizeof(*n->outbox));
	return true;
}

static bool delivered(const struct kafka_effects *fx)
{
	struct node *n = node_of(fx->support);

	while (world_arrive(n->world, n->index))
		;
	return true;
}

void world_send(struct world *w, size_t node, const char *text, bool config)
{
	struct node *n = &w->nodes[node];
	struct ord_env *env = make_env(text, config);
	struct kafka_bytes m = kafka_regular(env->raw, n->config,
					     config ? ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__CONFIG
						    : ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__NORMAL,
					     0);

	w->settled = x_realloc(w->settled, (w->n_clients + 1) * sizeof(*w->settled));
	w->texts = x_realloc(w->texts, (w->n_clients + 1) * sizeof(*w->texts));
	w->settled[w->n_clients] = false;
	w->texts[w->n_clients] = x_strdup(text);
	queue(n, kafka_view(m), (int)w->n_clients++);
	free(m.data);
	env_unref(env);
}

/* ---- nodes ------------------------------------------------------------------------------------
 */

static void step(struct node *n, struct kafka_event event)
{
	assert_true(kafka_step(&n->st, &event, &n->fx));
}

bool world_consume(struct world *w, size_t node)
{
	struct node *n = &w->nodes[node];

	if (n->next >= (int64_t)w->n_log)
		return false;
	n->next++;
	step(n, (struct kafka_event){KAFKA_CONSUMED, n->next - 1, buf_bytes(&w->log[n->next - 1])});
	return true;
}

void world_expire(struct world *w, size_t node)
{
	struct node *n = &w->nodes[node];

	if (n->st.timer_at <= w->now_ns)
		step(n, (struct kafka_event){.type = KAFKA_EXPIRED});
}

static void start(struct node *n)
{
	struct ord_err e = ERR_INIT;
	size_t last = n->n_blocks - 1;

	test_ok(kafka_resume(&n->st, buf_bytes(&n->metadata[last]), n->n_blocks, &e), &e);
	n->next = kafka_next_offset(&n->st);
	if (n->next < 0)
		n->next = 0;
	n->config = n->world->first_config;
	for (size_t i = 1; i < n->n_blocks; i++)
		n->config += n->blocks[i]->config != NULL;
}

static void clear(struct node *n)
{
	for (size_t i = 0; i < n->n_outbox; i++)
		buf_fini(&n->outbox[i].message);
	n->n_outbox = 0;
	cutter_fini(&n->cutter);
	n->cutter = (struct cutter){0};
	kafka_state_fini(&n->st);
}

static void drop_block(struct node *n)
{
	block_unref(n->blocks[--n->n_blocks]);
	buf_fini(&n->metadata[n->n_blocks]);
}

void world_crash(struct world *w, size_t node, size_t lose)
{
	struct node *n = &w->nodes[node];

	clear(n);
	while (lose-- > 0 && n->n_blocks > n->durable)
		drop_block(n);
	start(n);
}

static void begin(struct node *n)
{
	struct ord_env *genesis = make_env("genesis", true);

	write_block(&n->support, create_block(&n->support, cutter_one(genesis)), bytes_of(NULL, 0));
	n->durable = 1;
	start(n);
	env_unref(genesis);
}

/* As the first orderer does: no message has offset 0, which means none. */
static void connect_first(struct world *w)
{
	struct kafka_bytes m = kafka_connect(bytes_of(NULL, 0));

	queue(&w->nodes[0], kafka_view(m), -1);
	world_arrive(w, 0);
	free(m.data);
}

struct world *world_new(size_t nodes, uint32_t max_count, uint32_t preferred_max, bool exactly_once)
{
	struct world *w = x_alloc(sizeof(*w));

	w->n_nodes = nodes;
	w->max_count = max_count;
	w->preferred_max = preferred_max;
	for (size_t i = 0; i < nodes; i++) {
		struct node *n = &w->nodes[i];

		n->support.ops = &ops;
		n->fx = (struct kafka_effects){.support = &n->support,
					       .resubmission = true,
					       .exactly_once = exactly_once,
					       .post = post,
					       .delivered = delivered};
		n->world = w;
		n->index = i;
		begin(n);
	}
	connect_first(w);
	return w;
}

void world_free(struct world *w)
{
	for (size_t i = 0; i < w->n_nodes; i++) {
		struct node *n = &w->nodes[i];

		clear(n);
		while (n->n_blocks > 0)
			drop_block(n);
		free(n->blocks);
		free(n->metadata);
		free(n->outbox);
	}
	for (size_t i = 0; i < w->n_log; i++)
		buf_fini(&w->log[i]);
	for (size_t i = 0; i < w->n_clients; i++)
		free(w->texts[i]);
	free(w->log);
	free(w->settled);
	free(w->texts);
	free(w);
}

void world_restore(struct world *w, struct ord_block *genesis, uint64_t config)
{
	struct node *n = &w->nodes[0];

	assert_int_equal(w->n_nodes, 1);
	buf_fini(&w->log[--w->n_log]);
	block_unref(n->blocks[0]);
	n->blocks[0] = block_ref(genesis);
	w->first_config = config;
	start(n);
}

void world_append(struct world *w, struct ord_bytes message)
{
	queue(&w->nodes[0], message, -1);
	world_arrive(w, 0);
}

static bool move_all(struct world *w)
{
	bool moved = false;

	for (size_t i = 0; i < w->n_nodes; i++) {
		while (world_arrive(w, i))
			moved = true;
		while (world_consume(w, i))
			moved = true;
		moved |= w->nodes[i].cutter.n > 0;
	}
	return moved;
}

void world_quiesce(struct world *w)
{
	for (int round = 0; move_all(w); round++) {
		assert_true(round < 1000);
		w->now_ns += BATCH_TIMEOUT;
		for (size_t i = 0; i < w->n_nodes; i++)
			world_expire(w, i);
	}
}

char *world_ledger(const struct world *w, size_t node)
{
	const struct node *n = &w->nodes[node];
	struct buf b = BUF_INIT;

	for (size_t i = 1; i < n->n_blocks; i++) {
		buf_add_str(&b, "[");
		for (size_t k = 0; k < n->blocks[i]->n_data; k++) {
			struct ord_err e = ERR_INIT;
			struct ord_env *env;

			test_ok(env_parse(n->blocks[i]->data[k], &env, &e), &e);
			buf_printf(&b, "%s%s%.*s", k ? " " : "",
				   env->type == WIRE_CONFIG ? "*" : "", (int)env->data.len,
				   (const char *)env->data.data);
			env_unref(env);
		}
		buf_add_str(&b, "]");
	}
	return buf_cstr(&b);
}
