/* SPDX-License-Identifier: Apache-2.0 */
/* The block cutter (spec 6.2): when is a batch full? */
#include <stdlib.h>

#include "channel_priv.h"

void batch_free(struct ord_batch *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++)
		env_unref(b->envs[i]);
	free(b);
}

static struct ord_batch *batch_of(struct ord_env *const *envs, size_t n)
{
	struct ord_batch *b = x_malloc(sizeof(*b) + n * sizeof(b->envs[0]));

	b->n = n;
	memcpy(b->envs, envs, n * sizeof(b->envs[0]));
	return b;
}

struct ord_batch *cutter_one(struct ord_env *env)
{
	env_ref(env);
	return batch_of(&env, 1);
}

struct ord_batch *cutter_cut(struct cutter *c)
{
	struct ord_batch *b;

	if (c->n == 0)
		return NULL;
	b = batch_of(c->pending, c->n); /* the references move into the batch */
	c->n = 0;
	c->bytes = 0;
	return b;
}

static void add_pending(struct cutter *c, struct ord_env *env)
{
	if (c->n == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 16;
		c->pending = x_realloc(c->pending, c->cap * sizeof(c->pending[0]));
	}
	c->pending[c->n++] = env_ref(env);
	c->bytes += env_size(env);
}

size_t cutter_order(struct cutter *c, const struct cutter_limits *l, struct ord_env *env,
		    struct ord_batch *out[2], bool *pending)
{
	size_t n = 0,
	       max = l->preferred_max < CUTTER_BYTES_MAX ? l->preferred_max : CUTTER_BYTES_MAX;
	bool isolated = env_size(env) > max;

	if (isolated || c->bytes + env_size(env) > max) {
		out[n] = cutter_cut(c);
		n += out[n] != NULL;
	}
	if (isolated) {
		out[n++] = cutter_one(env);
	} else {
		add_pending(c, env);
		if (c->n >= l->max_count)
			out[n++] = cutter_cut(c);
	}
	*pending = c->n > 0;
	return n;
}

void cutter_fini(struct cutter *c)
{
	batch_free(cutter_cut(c));
	free(c->pending);
	*c = (struct cutter){0};
}
