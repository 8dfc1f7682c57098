/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <inttypes.h>
#include <kafka/message.h>
#include <stdlib.h>

/* ---- the topic ----------------------------------------------------------- */

static void append(struct world *w, struct buf take, int client)
{
	w->log = x_realloc(w->log, (w->n_log + 1) * sizeof(*w->log));
	w->log[w->n_log] = take;
	if (client >= 0)
		w->clients[client].offset = (int64_t)w->n_log;
	w->n_log++;
}

static void queue(struct node *n, struct post p)
{
	n->outbox = x_realloc(n->outbox, (n->n_outbox + 1) * sizeof(*n->outbox));
	n->outbox[n->n_outbox++] = p;
}

/* The oldest of those under way, which are then one less. */
static struct post take_post(struct node *n)
{
	struct post p = n->outbox[0];

	memmove(n->outbox, n->outbox + 1, --n->n_outbox * sizeof(*n->outbox));
	return p;
}

static void drop_post(struct node *n)
{
	struct post p = take_post(n);

	buf_fini(&p.message);
}

static struct buf copy_of(struct ord_bytes message)
{
	struct buf b = BUF_INIT;

	buf_add_bytes(&b, message);
	return b;
}

void world_post(struct node *n, struct ord_bytes message)
{
	queue(n, (struct post){copy_of(message), -1});
}

void world_post_now(struct node *n, struct ord_bytes message)
{
	append(n->world, copy_of(message), -1);
}

void world_append(struct world *w, struct ord_bytes message)
{
	append(w, copy_of(message), -1);
}

bool world_arrive(struct world *w, size_t node)
{
	struct node *n = &w->nodes[node];
	struct post p;

	if (n->n_outbox == 0)
		return false;
	p = take_post(n);
	append(w, p.message, p.client);
	if (p.client >= 0)
		w->clients[p.client].settled = true;
	return true;
}

/* ---- chains -------------------------------------------------------------- */

static void post(const struct kafka_effects *fx, struct ord_bytes message)
{
	world_post((struct node *)fx->support, message);
}

static bool delivered(const struct kafka_effects *fx)
{
	struct node *n = (struct node *)fx->support;

	while (!n->stopping && world_arrive(n->world, n->index))
		;
	return !n->stopping;
}

static void step(struct node *n, struct kafka_event event)
{
	n->fx.exactly_once = n->conf.exactly_once;
	n->fx.resubmission = n->conf.resubmission;
	if (!kafka_step(&n->st, &event, &n->fx))
		world_crash(n->world, n->index, 0, 0);
}

/* Clients' messages first, each kind in its order. */
static void put_back_own(struct node *n)
{
	struct post *sorted = x_alloc(n->n_outbox * sizeof(*sorted));
	size_t k = 0;

	for (int own = 0; own <= 1; own++)
		for (size_t i = 0; i < n->n_outbox; i++)
			if ((n->outbox[i].client < 0) == own)
				sorted[k++] = n->outbox[i];
	free(n->outbox);
	n->outbox = sorted;
}

void world_lose(struct world *w, size_t node)
{
	struct node *n = &w->nodes[node];

	if (n->n_outbox == 0)
		return;
	if (n->outbox[0].client < 0)
		put_back_own(n);
	else
		drop_post(n);
}

bool world_consume(struct world *w, size_t node)
{
	struct node *n = &w->nodes[node];
	struct ord_bytes value;

	if (n->next >= (int64_t)w->n_log)
		return false;
	value = buf_bytes(&w->log[n->next++]);
	if (n->is_go && !go_chain_consume(n, n->next - 1, value))
		world_become(w, node, false); /* it would end there whenever it starts again */
	else if (!n->is_go)
		step(n, (struct kafka_event){KAFKA_CONSUMED, n->next - 1, value});
	return true;
}

void world_expire(struct world *w, size_t node)
{
	struct node *n = &w->nodes[node];

	if (n->is_go && n->go.timer_at <= w->now_ns)
		go_chain_expire(n);
	else if (!n->is_go && n->st.timer_at <= w->now_ns)
		step(n, (struct kafka_event){.type = KAFKA_EXPIRED});
}

static bool is_blocked(const struct node *n)
{
	return n->is_go ? n->go.blocked : kafka_is_blocked(&n->st);
}

void world_send(struct world *w, size_t node, const char *text, bool config)
{
	struct node *n = &w->nodes[node];
	struct ord_env *env;
	struct kafka_bytes m;
	char *made;

	if (is_blocked(n))
		return;
	made = config ? x_printf("%s@%" PRIu64, text, n->config) : x_strdup(text);
	env = fake_chan_env(made, config);
	free(made);
	m = kafka_regular(env->raw, n->config,
			  config ? ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__CONFIG
				 : ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__NORMAL,
			  0);
	w->clients = x_realloc(w->clients, (w->n_clients + 1) * sizeof(*w->clients));
	w->clients[w->n_clients] = (struct client){.text = x_strdup(text), .offset = -1};
	queue(n, (struct post){copy_of(kafka_view(m)), (int)w->n_clients++});
	free(m.data);
	env_unref(env);
}

/* A text begins with its id and a dot. */
void world_is_stray(struct world *w, struct ord_bytes text)
{
	for (size_t i = 0; i < w->n_clients; i++) {
		size_t id = strcspn(w->clients[i].text, ".") + 1;

		if (id <= text.len && memcmp(w->clients[i].text, text.data, id) == 0)
			w->clients[i].stray = true;
	}
}

/* ---- beginnings and ends ------------------------------------------------- */

static void start(struct node *n)
{
	struct ord_bytes metadata = buf_bytes(&n->metadata[n->n_blocks - 1]);
	struct ord_err e = ERR_INIT;

	fake_chan_configure(n);
	n->stopping = false;
	go_chain_start(n, metadata);
	test_ok(kafka_resume(&n->st, metadata, n->n_blocks, &e), &e);
	n->next = n->is_go ? n->go.last_offset_persisted + 1 : kafka_next_offset(&n->st);
	if (n->next < 0)
		n->next = 0;
}

static void clear(struct node *n)
{
	while (n->n_outbox > 0)
		drop_post(n);
	cutter_fini(&n->cutter);
	kafka_state_fini(&n->st);
}

static void drop_block(struct node *n)
{
	block_unref(n->blocks[--n->n_blocks]);
	buf_fini(&n->metadata[n->n_blocks]);
}

void world_crash(struct world *w, size_t node, size_t arrive, size_t lose)
{
	struct node *n = &w->nodes[node];

	if (n->forgets[n->n_blocks - 1])
		return;
	for (; arrive > 0 && n->n_outbox > 0; arrive--) {
		struct post p = take_post(n);

		append(w, p.message, p.client);
	}
	clear(n);
	while (lose-- > 0 && n->n_blocks > n->durable && !n->forgets[n->n_blocks - 2])
		drop_block(n);
	start(n);
}

/* Does the last block leave a copy behind?  It says so, but not in words of Go's: one of Fabric's
 * that starts with it is in the place of one that forgets. */
static bool leaves_behind(const struct node *n)
{
	struct kafka_state st;
	struct ord_err e = ERR_INIT;
	bool yes;

	test_ok(kafka_resume(&st, buf_bytes(&n->metadata[n->n_blocks - 1]), n->n_blocks, &e), &e);
	yes = st.left_behind != 0;
	kafka_state_fini(&st);
	return yes;
}

void world_become(struct world *w, size_t node, bool go)
{
	struct node *n = &w->nodes[node];

	if (n->forgets[n->n_blocks - 1] || (go && leaves_behind(n)))
		return;
	n->is_go = go;
	world_crash(w, node, 0, 0);
}

void world_wipe(struct world *w, size_t node)
{
	struct node *n = &w->nodes[node];

	n->durable = 1;
	while (n->n_blocks > 1)
		drop_block(n);
	world_crash(w, node, 0, 0);
}

static void begin(struct node *n)
{
	struct ord_env *genesis = fake_chan_env("genesis", true);
	const struct ord_support_ops *o = &fake_chan_ops;

	o->write_block(&n->support, o->create_block(&n->support, o->batch_one(genesis)),
		       bytes_of(NULL, 0));
	n->durable = 1;
	start(n);
	env_unref(genesis);
}

/* As the first orderer does: no message has offset 0, which means none. */
static void connect_first(struct world *w)
{
	struct kafka_bytes m = kafka_connect(bytes_of(NULL, 0));

	world_append(w, kafka_view(m));
	free(m.data);
}

struct world *world_new(size_t nodes, struct world_conf conf)
{
	struct world *w = x_alloc(sizeof(*w));

	w->n_nodes = nodes;
	w->conf = conf;
	for (size_t i = 0; i < nodes; i++) {
		struct node *n = &w->nodes[i];

		n->support.ops = &fake_chan_ops;
		n->fx = (struct kafka_effects){
			.support = &n->support, .post = post, .delivered = delivered};
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
		free(n->last_config);
		free(n->forgets);
		free(n->outbox);
	}
	for (size_t i = 0; i < w->n_log; i++)
		buf_fini(&w->log[i]);
	for (size_t i = 0; i < w->n_clients; i++)
		free(w->clients[i].text);
	free(w->log);
	free(w->clients);
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

static bool move_all(struct world *w)
{
	bool moved = false;

	for (size_t i = 0; i < w->n_nodes && w->n_log <= WORLD_LOG_MAX; i++) {
		w->nodes[i].stopping = false;
		while (w->n_log <= WORLD_LOG_MAX && world_arrive(w, i))
			moved = true;
		while (w->n_log <= WORLD_LOG_MAX && world_consume(w, i))
			moved = true;
		moved |= w->nodes[i].cutter.n > 0;
	}
	return moved;
}

bool world_quiesce(struct world *w)
{
	for (int round = 0; move_all(w); round++) {
		assert_true(round < 1000);
		w->now_ns += WORLD_BATCH_TIMEOUT;
		for (size_t i = 0; i < w->n_nodes; i++)
			world_expire(w, i);
	}
	return w->n_log <= WORLD_LOG_MAX;
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
