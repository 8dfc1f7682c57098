/* SPDX-License-Identifier: Apache-2.0 */
/* A channel without threads, disk or signatures: the support of a simulated chain. */
#include "fake_support.h"
#include "world.h"

#include <inttypes.h>
#include <stdlib.h>

static struct node *node_of(struct ord_support *s)
{
	return (struct node *)s;
}

/* ---- messages ------------------------------------------------------------ */

struct ord_env *fake_chan_env(const char *text, bool config)
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

static uint64_t sequence(struct ord_support *s)
{
	return node_of(s)->config;
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

/* Does the sequence that it was made at, in the end of its text, not say otherwise? */
static bool applies(const struct node *n, const struct ord_env *env)
{
	const char *text = (const char *)env->data.data;
	const char *at = env->data.len ? memrchr(text, '@', env->data.len) : NULL;
	char *copy = at ? x_strndup(at + 1, env->data.len - (size_t)(at + 1 - text)) : NULL, *end;
	bool yes = !copy || strtoull(copy, &end, 10) == n->config || *end;

	free(copy);
	return yes;
}

static int check_config(struct ord_support *s, const struct ord_env *env, struct ord_err *e)
{
	struct node *n = node_of(s);

	if (applies(n, env))
		return 0;
	world_is_stray(n->world, env->data);
	return err_set(e, ORD_EINVAL, "made of another configuration");
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
	text = x_printf("%.*s'%zu@%" PRIu64, (int)(*env)->data.len, (const char *)(*env)->data.data,
			node_of(s)->index, *seq);
	again = fake_chan_env(text, true);
	free(text);
	env_unref(*env);
	*env = again;
	return 0;
}

/* ---- configurations ------------------------------------------------------ */

/* A request to create a channel is ordered like one, and changes nothing here. */
static bool is_conf(const struct ord_block *b)
{
	return b->config && b->config->type == WIRE_CONFIG;
}

/* What stands behind a "=" in the text: "5,500,1,1".  Recorded messages have none. */
static void apply(struct node *n, struct ord_bytes text)
{
	char *copy = x_strndup((const char *)text.data, text.len), *p = strchr(copy, '=');
	unsigned count, size, once, again;

	n->config++;
	if (p && sscanf(p, "=%u,%u,%u,%u", &count, &size, &once, &again) == 4)
		n->conf = (struct world_conf){count, size, once, again};
	free(copy);
}

void fake_chan_configure(struct node *n)
{
	n->config = n->world->first_config;
	n->conf = n->world->conf;
	for (size_t i = 1; i < n->n_blocks; i++)
		if (is_conf(n->blocks[i]))
			apply(n, n->blocks[i]->config->data);
}

/* ---- blocks -------------------------------------------------------------- */

static size_t order_cut(struct ord_support *s, struct ord_env *env, struct ord_batch *out[2],
			uint64_t *wait_ns)
{
	struct node *n = node_of(s);
	struct cutter_limits l = {n->conf.max_count, n->conf.preferred_max};
	bool pending;
	size_t cut = cutter_order(&n->cutter, &l, env, out, &pending);

	*wait_ns = pending ? WORLD_BATCH_TIMEOUT : 0;
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
	uint64_t last = 0;

	assert_int_equal(take->number, n->n_blocks);
	if (is_conf(take))
		last = take->number;
	else if (n->n_blocks > 0)
		last = n->last_config[n->n_blocks - 1];
	n->blocks = x_realloc(n->blocks, (n->n_blocks + 1) * sizeof(*n->blocks));
	n->metadata = x_realloc(n->metadata, (n->n_blocks + 1) * sizeof(*n->metadata));
	n->last_config = x_realloc(n->last_config, (n->n_blocks + 1) * sizeof(*n->last_config));
	n->last_config[n->n_blocks] = last;
	n->forgets = x_realloc(n->forgets, (n->n_blocks + 1) * sizeof(*n->forgets));
	n->forgets[n->n_blocks] = n->go.forgets;
	n->blocks[n->n_blocks] = take;
	n->metadata[n->n_blocks] = (struct buf)BUF_INIT;
	buf_add_bytes(&n->metadata[n->n_blocks++], metadata);
}

static void write_config_block(struct ord_support *s, struct ord_block *take,
			       struct ord_bytes metadata)
{
	struct node *n = node_of(s);

	assert_true(applies(n, take->config));
	write_block(s, take, metadata);
	n->durable = n->n_blocks;
	if (is_conf(take))
		apply(n, take->config->data);
}

static uint64_t now_ns(struct ord_support *s)
{
	return node_of(s)->world->now_ns;
}

const struct ord_support_ops fake_chan_ops = {
	FAKE_SUPPORT,
	.sequence = sequence,
	.process_normal = process_normal,
	.process_config = process_config,
	.cutter_order = order_cut,
	.cutter_cut = cut,
	.create_block = create_block,
	.write_block = write_block,
	.write_config_block = write_config_block,
	.now_ns = now_ns,
	.check_config = check_config,
};
