/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One MSP for all sets that define it alike.  The channels of a network have the same
 * organisations, and so has a channel before and after a change; to set one up costs milliseconds
 * for its certificates, and memory.  The table holds no references: an MSP leaves it with its last
 * user.
 */
#include <msp/msp_priv.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards table */
static struct map *table; /* definition to struct msp; NULL when empty */

/* Everything that setting up an MSP depends on. */
static void hash_definition(const Msp__MSPConfig *config, enum msp_version version,
			    uint8_t out[static SHA256_LEN])
{
	const uint64_t kind[] = {(uint64_t)config->type, version};
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, bytes_of(kind, sizeof(kind)));
	sha256_add(&h, wire_bytes(config->config));
	sha256_final(&h, out);
}

/* A new reference, unless the last one is gone and @m about to be freed. */
static bool ref_alive(struct msp *m)
{
	unsigned n = atomic_load_explicit(&m->refs, memory_order_relaxed);

	while (n > 0)
		if (atomic_compare_exchange_weak_explicit(&m->refs, &n, n + 1, memory_order_relaxed,
							  memory_order_relaxed))
			return true;
	return false;
}

/* The one in the table, +1; @fresh (may be NULL) goes into it when there is none. */
static struct msp *find_or_put(struct ord_bytes definition, struct msp *fresh)
{
	struct msp *m;

	pthread_mutex_lock(&lock);
	m = table ? map_get(table, definition) : NULL;
	if (m && !ref_alive(m))
		m = NULL;
	if (!m && fresh) {
		table = table ? table : map_new();
		map_put(table, definition, fresh);
		fresh->shared = true;
	}
	pthread_mutex_unlock(&lock);
	return m;
}

int msp_obtain(const Msp__MSPConfig *config, enum msp_version version, struct msp **out,
	       struct ord_err *e)
{
	uint8_t definition[SHA256_LEN];
	struct msp *fresh, *known;
	int rc;

	hash_definition(config, version, definition);
	*out = find_or_put(bytes_of(definition, sizeof(definition)), NULL);
	if (*out)
		return 0;
	if ((rc = msp_new(config, version, false, &fresh, e)) < 0)
		return rc;
	memcpy(fresh->definition, definition, sizeof(definition));
	known = find_or_put(bytes_of(definition, sizeof(definition)), fresh);
	if (known) /* somebody was faster */
		msp_unref(fresh);
	*out = known ? known : fresh;
	return 0;
}

void msp_forget(struct msp *m)
{
	struct ord_bytes definition = bytes_of(m->definition, sizeof(m->definition));

	pthread_mutex_lock(&lock);
	if (table && map_get(table, definition) == m) /* else another one took its place */
		map_put(table, definition, NULL);
	if (table && map_len(table) == 0) {
		map_free(table, NULL);
		table = NULL;
	}
	pthread_mutex_unlock(&lock);
}
