/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of a set: serialized identity to identity, or to why there is none.
 *
 * Shards keep threads apart; a lock is held for a look-up and nothing else.  What is full drops the
 * oldest entry that was not used since the hand last passed (second chance).  Refusals have a table
 * of their own, so that a stranger's junk never pushes a member out.
 */
#include <msp/msp_priv.h>

#define N_SHARDS  8
#define N_BUCKETS 512 /* of a table; a power of two */
#define MAX_GOOD  512 /* a shard; 4,096 in all */
#define MAX_BAD   64
#define MAX_KEY   4096 /* a longer identity is worked out each time; usual are 800 bytes */

struct entry {
	struct entry *next; /* in its bucket */
	uint64_t hash;
	struct msp_identity *id; /* NULL: refused */
	int code;
	char *text;
	int64_t not_after;
	bool used; /* since the hand last passed */
	size_t key_len;
	uint8_t key[];
};

struct table {
	struct entry **buckets; /* NULL until the first entry */
	struct entry **ring;    /* in order of arrival, the hand is where the next goes */
	size_t n, cap, hand;
};

struct shard {
	pthread_mutex_t lock; /* of both tables */
	struct table good, bad;
} __attribute__((aligned(64)));

struct msp_cache {
	struct shard shards[N_SHARDS];
};

struct msp_cache *msp_cache_new(void)
{
	struct msp_cache *c = aligned_alloc(64, sizeof(*c));

	util_assert(c);
	memset(c, 0, sizeof(*c));
	for (int i = 0; i < N_SHARDS; i++) {
		pthread_mutex_init(&c->shards[i].lock, NULL);
		c->shards[i].good.cap = MAX_GOOD;
		c->shards[i].bad.cap = MAX_BAD;
	}
	return c;
}

static void entry_free(struct entry *e)
{
	msp_identity_unref(e->id);
	free(e->text);
	free(e);
}

static void table_fini(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		entry_free(t->ring[i]);
	free(t->buckets);
	free(t->ring);
}

void msp_cache_free(struct msp_cache *c)
{
	for (int i = 0; i < N_SHARDS; i++) {
		table_fini(&c->shards[i].good);
		table_fini(&c->shards[i].bad);
		pthread_mutex_destroy(&c->shards[i].lock);
	}
	free(c);
}

static struct shard *shard_of(struct msp_cache *c, uint64_t hash)
{
	return &c->shards[hash >> 61];
}

static struct entry **bucket_of(struct table *t, uint64_t hash)
{
	return &t->buckets[hash & (N_BUCKETS - 1)];
}

static struct entry *table_find(struct table *t, uint64_t hash, struct ord_bytes key)
{
	if (!t->buckets)
		return NULL;
	for (struct entry *e = *bucket_of(t, hash); e; e = e->next)
		if (e->hash == hash && bytes_eq(bytes_of(e->key, e->key_len), key))
			return e;
	return NULL;
}

static void unlink_entry(struct table *t, struct entry *e)
{
	struct entry **at = bucket_of(t, e->hash);

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
}

/* Put @e in; returns what had to go, to be freed outside the lock. */
static struct entry *table_add(struct table *t, struct entry *e)
{
	struct entry *out = NULL;

	if (!t->buckets) {
		t->buckets = x_alloc(N_BUCKETS * sizeof(struct entry *));
		t->ring = x_alloc(t->cap * sizeof(struct entry *));
	}
	if (t->n == t->cap) {
		while (t->ring[t->hand]->used) {
			t->ring[t->hand]->used = false;
			t->hand = (t->hand + 1) % t->cap;
		}
		out = t->ring[t->hand];
		unlink_entry(t, out);
	} else {
		t->n++;
	}
	t->ring[t->hand] = e;
	t->hand = (t->hand + 1) % t->cap;
	e->next = *bucket_of(t, e->hash);
	*bucket_of(t, e->hash) = e;
	return out;
}

bool msp_cache_get(struct msp_cache *c, struct ord_bytes key, struct msp_found *found,
		   struct ord_err *e)
{
	struct shard *s;
	struct entry *hit;
	uint64_t hash;

	if (key.len == 0 || key.len > MAX_KEY)
		return false;
	hash = util_siphash(key);
	s = shard_of(c, hash);
	pthread_mutex_lock(&s->lock);
	hit = table_find(&s->good, hash, key);
	if (!hit)
		hit = table_find(&s->bad, hash, key);
	if (hit) {
		hit->used = true;
		*found = (struct msp_found){.id = hit->id ? msp_identity_ref(hit->id) : NULL,
					    .code = hit->code,
					    .not_after = hit->not_after};
		if (!hit->id)
			err_set(e, hit->code, "%s", hit->text);
	}
	pthread_mutex_unlock(&s->lock);
	return hit != NULL;
}

void msp_cache_put(struct msp_cache *c, struct ord_bytes key, const struct msp_found *found)
{
	struct entry *e, *out;
	struct shard *s;
	struct table *t;

	if (key.len == 0 || key.len > MAX_KEY)
		return;
	e = x_alloc(sizeof(*e) + key.len);
	e->hash = util_siphash(key);
	s = shard_of(c, e->hash);
	t = found->id ? &s->good : &s->bad;
	e->id = found->id ? msp_identity_ref(found->id) : NULL;
	e->code = found->code;
	e->text = found->id ? NULL : x_strdup(found->text);
	e->not_after = found->not_after;
	e->key_len = key.len;
	if (key.len > 0)
		memcpy(e->key, key.data, key.len);

	pthread_mutex_lock(&s->lock);
	out = table_find(t, e->hash, key) ? e : table_add(t, e); /* another thread was first */
	pthread_mutex_unlock(&s->lock);
	if (out)
		entry_free(out);
}
