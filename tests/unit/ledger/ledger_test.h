/* SPDX-License-Identifier: Apache-2.0 */
/* Ledger directories for tests: made, copied, broken, looked into, removed. */
#ifndef LEDGER_TEST_H
#define LEDGER_TEST_H

#include "../blocks.h"
#include "../files.h"
#include <errno.h>
#include <ledger/ledger_priv.h>
#include <sys/stat.h>

#define TEST_CHANNEL "mychannel"

/* Group set-up: what the ledger warns of is what these tests are about. */
static inline int test_quiet(void **state)
{
	(void)state;
	return log_set_spec("panic", NULL);
}

/* A fault that only saves time: syncs matter to nobody who reads the page cache. */
static inline int test_no_sync(enum ledger_io op)
{
	return op == LEDGER_IO_SYNC ? LEDGER_IO_PRETEND : 0;
}

static inline int test_quick(void **state)
{
	ledger_io_fault = test_no_sync;
	return test_quiet(state);
}

/* ---- directories and files ----------------------------------------------- */

static inline char *test_blockfile(const char *root, unsigned number)
{
	return x_printf("%s/chains/" TEST_CHANNEL "/blockfile_%06u", root, number);
}

/* All names, sizes and contents below @dir as one hash, to see that nothing changed. */
static inline void test_add_tree(struct sha256 *h, const char *dir)
{
	char **names;
	struct ord_err e = ERR_INIT;

	test_ok(file_list(dir, &names, NULL, &e), &e);
	for (char **p = names; *p; p++) {
		char *path = file_join(dir, *p);

		sha256_add(h, bytes_of(path, strlen(path) + 1));
		if (file_is_dir(path)) {
			test_add_tree(h, path);
		} else {
			struct buf b = test_read(path);

			sha256_add(h, bytes_of(&b.len, sizeof(b.len)));
			sha256_add(h, buf_bytes(&b));
			buf_fini(&b);
		}
		free(path);
	}
	file_list_free(names);
}

static inline uint64_t test_tree(const char *dir)
{
	uint8_t out[SHA256_LEN];
	struct sha256 h;
	uint64_t v;

	sha256_init(&h);
	test_add_tree(&h, dir);
	sha256_final(&h, out);
	memcpy(&v, out, sizeof(v));
	return v;
}

/* ---- blocks -------------------------------------------------------------- */

/* Block @number of a chain whose every byte is decided by @seed: @n envelopes of about @size
 * bytes and two metadata slots. */
static inline struct ord_block *test_make_block(uint64_t number, const struct ord_block *before,
						size_t n, size_t size, unsigned seed)
{
	struct ord_env **envs = x_alloc(n * sizeof(*envs));
	uint8_t *payload = x_malloc(size);
	struct ord_block *b;

	for (size_t i = 0; i < n; i++) {
		uint64_t x = (number * 1000 + i) * 2654435761u + seed;

		for (size_t k = 0; k < size; k++) {
			x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
			payload[k] = (uint8_t)(x >> 56);
		}
		envs[i] = env_make(bytes_of(payload, size), bytes_str("signature"));
	}
	b = block_new(number, bytes_of(before ? before->header_hash : NULL, before ? 32 : 0), envs,
		      n);
	block_set_meta(b, BLOCK_META_SIGNATURES, bytes_of("\x0a\x06\x0a\x04\x08\x07\x12\x00", 8));
	block_set_meta(b, BLOCK_META_LAST_CONFIG, bytes_of("\x0a\x02\x08\x07", 4));
	block_seal(b);
	for (size_t i = 0; i < n; i++)
		env_unref(envs[i]);
	free(envs);
	free(payload);
	return b;
}

struct test_chain {
	struct ord_block **b;
	size_t n;
};

static inline struct test_chain test_make_chain(size_t n, size_t envs, size_t size, unsigned seed)
{
	struct test_chain c = {x_alloc(n * sizeof(*c.b)), n};

	for (size_t i = 0; i < n; i++)
		c.b[i] = test_make_block(i, i ? c.b[i - 1] : NULL, envs, size, seed);
	return c;
}

static inline void test_free_chain(struct test_chain *c)
{
	for (size_t i = 0; i < c->n; i++)
		block_unref(c->b[i]);
	free(c->b);
}

static inline void test_same_block(const struct ord_block *got, const struct ord_block *want)
{
	assert_int_equal(got->number, want->number);
	assert_int_equal(got->encoded.len, want->encoded.len);
	assert_memory_equal(got->encoded.data, want->encoded.data, want->encoded.len);
	assert_memory_equal(got->header_hash, want->header_hash, BLOCK_HASH_LEN);
}

/* ---- an open ledger ------------------------------------------------------ */

struct test_ledger {
	struct ledger_root *root;
	struct ledger *l;
};

static inline int test_try_open(const char *dir, struct test_ledger *t, struct ord_err *e)
{
	int rc = ledger_root_open(dir, &t->root, e);

	if (rc < 0)
		return rc;
	rc = ledger_open(t->root, TEST_CHANNEL, true, &t->l, e);
	if (rc < 0)
		ledger_root_close(t->root);
	return rc;
}

static inline struct test_ledger test_open(const char *dir)
{
	struct test_ledger t;
	struct ord_err e = ERR_INIT;

	test_ok(test_try_open(dir, &t, &e), &e);
	return t;
}

static inline void test_close(struct test_ledger *t)
{
	ledger_close(t->l);
	ledger_root_close(t->root);
}

/* Every block below the height is that of @c. */
static inline void test_same_chain(struct ledger *l, const struct test_chain *c)
{
	struct ord_err e = ERR_INIT;

	assert_true(ledger_height(l) <= c->n);
	for (uint64_t i = 0; i < ledger_height(l); i++) {
		struct ord_block *b;

		test_ok(ledger_read(l, i, &b, &e), &e);
		test_same_block(b, c->b[i]);
		block_unref(b);
	}
}

/* A ledger directory that holds the first @n blocks of @c. */
static inline void test_fill(const char *dir, const struct test_chain *c, size_t n)
{
	struct test_ledger t = test_open(dir);
	struct ord_err e = ERR_INIT;

	test_ok(ledger_append(t.l, c->b, n, &e), &e);
	test_close(&t);
}

#endif /* LEDGER_TEST_H */
