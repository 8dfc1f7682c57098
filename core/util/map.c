/* SPDX-License-Identifier: Apache-2.0 */
/* map: open addressing with linear probing; keys copied; SipHash-2-4 under a random key. */
#include <stdlib.h>
#include <sys/random.h>
#include <util/util.h>

struct slot {
	uint64_t hash;
	uint8_t *key; /* NULL: never used */
	size_t key_len;
	void *value; /* NULL with a key: removed */
};

struct map {
	size_t cap, len, used; /* used counts removed slots, too */
	struct slot *slots;
};

static uint64_t sip_key[2];
static pthread_once_t sip_once = PTHREAD_ONCE_INIT;

static void sip_init(void)
{
	/* Not OpenSSL's: its first random byte brings 180 KB of generators into an idle daemon. */
	util_assert(getrandom(sip_key, sizeof(sip_key), 0) == sizeof(sip_key));
}

static uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	sip_round(v);
	v[0] ^= m;
}

uint64_t util_siphash(struct ord_bytes key)
{
	uint64_t v[4], m, last = (uint64_t)key.len << 56;
	size_t i;

	pthread_once(&sip_once, sip_init);
	v[0] = sip_key[0] ^ 0x736f6d6570736575;
	v[1] = sip_key[1] ^ 0x646f72616e646f6d;
	v[2] = sip_key[0] ^ 0x6c7967656e657261;
	v[3] = sip_key[1] ^ 0x7465646279746573;
	for (i = 0; i + 8 <= key.len; i += 8) {
		memcpy(&m, key.data + i, 8);
		sip_word(v, m);
	}
	for (size_t j = 0; i + j < key.len; j++)
		last |= (uint64_t)key.data[i + j] << (8 * j);
	sip_word(v, last);
	v[2] ^= 0xff;
	for (int r = 0; r < 4; r++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct map *map_new(void)
{
	return x_alloc(sizeof(struct map));
}

void map_free(struct map *m, void (*free_value)(void *))
{
	if (!m)
		return;
	for (size_t i = 0; i < m->cap; i++) {
		if (m->slots[i].value && free_value)
			free_value(m->slots[i].value);
		free(m->slots[i].key);
	}
	free(m->slots);
	free(m);
}

/* The slot of @key, or the first never-used slot where it would go. */
static struct slot *find(const struct map *m, struct ord_bytes key, uint64_t hash)
{
	size_t i = hash & (m->cap - 1);

	while (m->slots[i].key) {
		struct slot *s = &m->slots[i];

		if (s->hash == hash && bytes_eq(bytes_of(s->key, s->key_len), key))
			return s;
		i = (i + 1) & (m->cap - 1);
	}
	return &m->slots[i];
}

/* Make room for one more: rebuild without the removed slots when three quarters are used. */
static void grow(struct map *m)
{
	struct map old = *m;

	if (m->cap && (m->used + 1) * 4 <= m->cap * 3)
		return;
	m->cap = 16;
	while (m->cap < (m->len + 1) * 2)
		m->cap *= 2;
	m->slots = x_alloc(m->cap * sizeof(m->slots[0]));
	m->used = m->len;
	for (size_t i = 0; i < old.cap; i++) {
		struct slot *s = &old.slots[i];

		if (s->value)
			*find(m, bytes_of(s->key, s->key_len), s->hash) = *s;
		else
			free(s->key);
	}
	free(old.slots);
}

void *map_get(const struct map *m, struct ord_bytes key)
{
	return m->len ? find(m, key, util_siphash(key))->value : NULL;
}

void *map_put(struct map *m, struct ord_bytes key, void *value)
{
	uint64_t hash = util_siphash(key);
	struct slot *s;
	void *old;

	if (!value && m->len == 0)
		return NULL;
	grow(m);
	s = find(m, key, hash);
	old = s->value;
	if (!s->key && value) {
		s->hash = hash;
		s->key = x_malloc(key.len);
		s->key_len = key.len;
		if (key.len)
			memcpy(s->key, key.data, key.len);
		m->used++;
	}
	s->value = value;
	m->len += (value != NULL) - (old != NULL);
	return old;
}

size_t map_len(const struct map *m)
{
	return m->len;
}

bool map_next(const struct map *m, size_t *pos, struct ord_bytes *key, void **value)
{
	for (; *pos < m->cap; ++*pos) {
		struct slot *s = &m->slots[*pos];

		if (!s->value)
			continue;
		*key = bytes_of(s->key, s->key_len);
		*value = s->value;
		++*pos;
		return true;
	}
	return false;
}
