/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which keys have a table: the few that are used most.  Tables belong to points, not to keys, so
 * that one serves the same client on every channel, and outlives a new channel configuration.
 */
#include <crypto/crypto_priv.h>
#include <openssl/objects.h>

#define HOT_MAX   16                /* tables, of 150 KB */
#define HOT_AFTER 1000              /* checks; making a table costs as much as it saves in 700 */
#define USES_MAX  (16u * HOT_AFTER) /* so that what was hot once does not stay for ever */

static struct {
	pthread_mutex_t lock; /* guards the rest, crypto_pubkey.checks and table.uses */
	struct table *tables[HOT_MAX];
	size_t n;
	struct pool *pool; /* NULL: no tables */
	struct pool_task task;
	struct crypto_pubkey *making; /* the key that the task is at work for */
} hot = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct table *find(const struct crypto_pubkey *k)
{
	for (size_t i = 0; i < hot.n; i++)
		if (memcmp(hot.tables[i]->point, k->point, sizeof(k->point)) == 0)
			return hot.tables[i];
	return NULL;
}

/* Room for a table of a key that had HOT_AFTER checks, if need be that of one that had fewer
 * since.  Locked. */
static bool make_room(void)
{
	size_t least = 0;
	bool colder;

	if (hot.n < HOT_MAX)
		return true;
	for (size_t i = 1; i < hot.n; i++)
		if (hot.tables[i]->uses < hot.tables[least]->uses)
			least = i;
	colder = hot.tables[least]->uses < HOT_AFTER;
	for (size_t i = 0; i < hot.n; i++)
		hot.tables[i]->uses /= 2;
	if (colder) {
		table_unref(hot.tables[least]);
		hot.tables[least] = hot.tables[--hot.n];
	}
	return colder;
}

static void make(struct pool_task *task)
{
	struct crypto_pubkey *k = hot.making; /* nobody writes it while a task is under way */
	struct table *t = table_make(k);

	(void)task;
	pthread_mutex_lock(&hot.lock);
	hot.making = NULL;
	if (t && hot.pool && hot.n < HOT_MAX) {
		hot.tables[hot.n++] = t;
		t = NULL;
	}
	pthread_mutex_unlock(&hot.lock);
	table_unref(t);
	crypto_pubkey_unref(k);
}

struct table *hot_table(struct crypto_pubkey *k)
{
	struct table *t;

	if (k->curve->nid != NID_X9_62_prime256v1)
		return NULL; /* OpenSSL has no table of the other generators either */
	pthread_mutex_lock(&hot.lock);
	t = find(k);
	if (t) {
		ref_get(&t->refs);
		t->uses += t->uses < USES_MAX;
	} else if (hot.pool && ++k->checks >= HOT_AFTER && !hot.making) {
		k->checks = 0;
		if (make_room()) {
			hot.making = crypto_pubkey_ref(k);
			hot.task.run = make;
			pool_submit(hot.pool, &hot.task); /* locked: the pool must not go first */
		}
	}
	pthread_mutex_unlock(&hot.lock);
	return t;
}

void crypto_hot_keys(struct pool *p)
{
	pthread_mutex_lock(&hot.lock);
	hot.pool = p;
	while (!p && hot.n > 0)
		table_unref(hot.tables[--hot.n]);
	pthread_mutex_unlock(&hot.lock);
}
