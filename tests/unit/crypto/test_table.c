/* SPDX-License-Identifier: Apache-2.0 */
/* Checks by a table against OpenSSL's own, where they are most likely to differ; who gets a table.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "../test.h"

#include <crypto/crypto_priv.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/objects.h>

static const struct curve *p256;
static const BIGNUM *order;
static BN_CTX *ctx;

/* ---- numbers ------------------------------------------------------------- */

static BIGNUM *number(int64_t v) /* below zero: order + v */
{
	BIGNUM *n = BN_new();

	BN_set_word(n, (BN_ULONG)(v < 0 ? -v : v));
	if (v < 0)
		BN_sub(n, order, n);
	return n;
}

static BIGNUM *random_number(void)
{
	BIGNUM *n = BN_new();

	do
		BN_rand_range(n, order);
	while (BN_is_zero(n));
	return n;
}

static BIGNUM *times(const BIGNUM *a, const BIGNUM *b)
{
	BIGNUM *n = BN_new();

	BN_mod_mul(n, a, b, order, ctx);
	return n;
}

static BIGNUM *over(const BIGNUM *a, const BIGNUM *b)
{
	BIGNUM *inverse = BN_mod_inverse(NULL, b, order, ctx), *n;

	assert_non_null(inverse);
	n = times(a, inverse);
	BN_free(inverse);
	return n;
}

/* a·G + b·Q */
static EC_POINT *combined(const BIGNUM *a, const EC_POINT *q, const BIGNUM *b)
{
	EC_POINT *r = EC_POINT_new(p256->group);

	assert_int_equal(EC_POINT_mul(p256->group, r, a, q, b, ctx), 1);
	return r;
}

static BIGNUM *x_of(const EC_POINT *p)
{
	BIGNUM *x = BN_new();

	assert_int_equal(EC_POINT_get_affine_coordinates(p256->group, p, x, NULL, ctx), 1);
	return x;
}

/* ---- keys and signatures ------------------------------------------------- */

static struct crypto_pubkey *key_of_point(const EC_POINT *q)
{
	struct crypto_pubkey *k = x_alloc(sizeof(*k));

	k->refs = 1;
	k->curve = p256;
	k->ec = EC_KEY_new();
	EC_KEY_set_group(k->ec, p256->group);
	assert_int_equal(EC_KEY_set_public_key(k->ec, q), 1);
	EC_POINT_point2oct(p256->group, q, POINT_CONVERSION_UNCOMPRESSED, k->point,
			   sizeof(k->point), ctx);
	return k;
}

static struct crypto_pubkey *key_of_secret(const BIGNUM *d)
{
	EC_POINT *q = combined(d, NULL, NULL);
	struct crypto_pubkey *k = key_of_point(q);

	EC_POINT_free(q);
	return k;
}

static struct crypto_pubkey *random_key(void)
{
	BIGNUM *d = random_number();
	struct crypto_pubkey *k = key_of_secret(d);

	BN_free(d);
	return k;
}

static struct table *table_of(const struct crypto_pubkey *k)
{
	struct table *t = table_make(k);

	assert_non_null(t);
	return t;
}

static bool by_openssl(const struct crypto_pubkey *k, const uint8_t digest[static 32],
		       const BIGNUM *r, const BIGNUM *s)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	bool ok;

	ECDSA_SIG_set0(sig, BN_dup(r), BN_dup(s));
	ok = ECDSA_do_verify(digest, 32, sig, k->ec) == 1;
	ECDSA_SIG_free(sig);
	return ok;
}

static bool by_table(const struct table *t, const uint8_t digest[static 32], const BIGNUM *r,
		     const BIGNUM *s)
{
	uint8_t rb[64], sb[64];
	struct ecsig sig = {bytes_of(rb, (size_t)BN_bn2bin(r, rb)),
			    bytes_of(sb, (size_t)BN_bn2bin(s, sb))};

	return table_verify(t, digest, &sig);
}

/* Both say @holds. */
static void both(const struct crypto_pubkey *k, const struct table *t, const BIGNUM *e,
		 const BIGNUM *r, const BIGNUM *s, bool holds)
{
	uint8_t digest[32];

	assert_int_equal(BN_bn2binpad(e, digest, 32), 32);
	assert_int_equal(by_openssl(k, digest, r, s), holds);
	assert_int_equal(by_table(t, digest, r, s), holds);
}

/* The signature that makes a check compute a·G + b·Q: it holds, and holds for nothing else. */
static void check_scalars(const struct crypto_pubkey *k, const struct table *t, const BIGNUM *a,
			  const BIGNUM *b)
{
	EC_POINT *point = combined(a, EC_KEY_get0_public_key(k->ec), b);
	BIGNUM *x = x_of(point), *r = BN_new(), *s, *e;

	BN_nnmod(r, x, order, ctx);
	s = over(r, b);
	e = times(a, s);
	both(k, t, e, r, s, true);
	BN_add_word(e, 1);
	both(k, t, e, r, s, false);
	EC_POINT_free(point);
	BN_free(x);
	BN_free(r);
	BN_free(s);
	BN_free(e);
}

static int set_up(void **state)
{
	(void)state;
	p256 = curve_by_nid(NID_X9_62_prime256v1);
	order = EC_GROUP_get0_order(p256->group);
	ctx = BN_CTX_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	BN_CTX_free(ctx);
	return 0;
}

static void drop(struct crypto_pubkey *k, struct table *t)
{
	table_unref(t);
	crypto_pubkey_unref(k);
}

/* ---- the check ----------------------------------------------------------- */

static void every_flipped_bit_is_seen(void **state)
{
	BIGNUM *d = random_number(), *flipped = BN_new();
	struct crypto_pubkey *k = key_of_secret(d), *other = random_key();
	struct table *t = table_of(k), *others = table_of(other);
	uint8_t digest[32];
	const BIGNUM *r, *s;
	ECDSA_SIG *sig;

	(void)state;
	crypto_random(digest, sizeof(digest));
	EC_KEY_set_private_key(k->ec, d);
	sig = ECDSA_do_sign(digest, 32, k->ec);
	ECDSA_SIG_get0(sig, &r, &s);
	assert_true(by_table(t, digest, r, s));
	assert_false(by_table(others, digest, r, s));
	for (int bit = 0; bit < 256; bit++) {
		digest[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(by_table(t, digest, r, s));
		digest[bit / 8] ^= (uint8_t)(1 << bit % 8);
		BN_copy(flipped, r);
		BN_is_bit_set(r, bit) ? BN_clear_bit(flipped, bit) : BN_set_bit(flipped, bit);
		assert_false(by_table(t, digest, flipped, s));
		BN_copy(flipped, s);
		BN_is_bit_set(s, bit) ? BN_clear_bit(flipped, bit) : BN_set_bit(flipped, bit);
		assert_false(by_table(t, digest, r, flipped));
	}
	assert_true(by_table(t, digest, r, s));
	ECDSA_SIG_free(sig);
	BN_free(d);
	BN_free(flipped);
	drop(other, others);
	drop(k, t);
}

/* Numbers at every edge, in every pair: what OpenSSL says, the table says. */
static void numbers_at_the_edges_are_refused(void **state)
{
	struct crypto_pubkey *k = random_key();
	struct table *t = table_of(k);
	BIGNUM *edge[12];
	size_t n = 0;
	uint8_t digest[32];

	(void)state;
	crypto_random(digest, sizeof(digest));
	for (int64_t v = 0; v < 4; v++)
		edge[n++] = number(v);
	for (int64_t v = -3; v < 0; v++)
		edge[n++] = number(v);
	edge[n++] = BN_dup(order);
	edge[n] = BN_dup(order);
	BN_add_word(edge[n++], 1);
	edge[n++] = BN_dup(EC_GROUP_get0_field(p256->group));
	edge[n] = number(1);
	BN_lshift(edge[n], edge[n], 256);
	n++;
	edge[n] = BN_dup(edge[n - 1]);
	BN_sub_word(edge[n++], 1);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			assert_false(by_openssl(k, digest, edge[i], edge[j]));
			assert_false(by_table(t, digest, edge[i], edge[j]));
		}
	for (size_t i = 0; i < n; i++)
		BN_free(edge[i]);
	drop(k, t);
}

/* The table is walked in windows of seven bits: their edges, powers of two, the ends. */
static void every_kind_of_multiple_is_right(void **state)
{
	struct crypto_pubkey *k = random_key();
	struct table *t = table_of(k);
	BIGNUM *zero = number(0), *a, *b;

	(void)state;
	for (int64_t v = 1; v <= 260; v++) {
		a = random_number();
		b = number(v % 2 ? v : -v);
		check_scalars(k, t, a, b);
		check_scalars(k, t, b, a);
		check_scalars(k, t, zero, b);
		BN_free(a);
		BN_free(b);
	}
	for (int bit = 0; bit < 255; bit++) {
		a = random_number();
		b = number(0);
		BN_set_bit(b, bit);
		check_scalars(k, t, a, b);
		BN_sub_word(b, bit ? 1 : 0);
		check_scalars(k, t, a, b);
		BN_sub(b, order, b);
		check_scalars(k, t, a, b);
		BN_free(a);
		BN_free(b);
	}
	BN_free(zero);
	drop(k, t);
}

/* G, -G, 2·G …: the two halves of the sum meet, or cancel out. */
static void keys_next_to_the_generator_are_right(void **state)
{
	static const int64_t secrets[] = {1, 2, 3, 127, 128, -1, -2};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(secrets); i++) {
		BIGNUM *d = number(secrets[i]);
		struct crypto_pubkey *k = key_of_secret(d);
		struct table *t = table_of(k);

		for (int round = 0; round < 20; round++) {
			BIGNUM *a = random_number(), *b = random_number();

			check_scalars(k, t, a, b);
			BN_free(b);
			b = over(a, d); /* b·Q = a·G: a point is doubled */
			check_scalars(k, t, a, b);
			BN_free(a);
			BN_free(b);
		}
		BN_free(d);
		drop(k, t);
	}
}

static void the_point_at_infinity_is_no_signature(void **state)
{
	BIGNUM *d = random_number();
	struct crypto_pubkey *k = key_of_secret(d);
	struct table *t = table_of(k);

	(void)state;
	for (int round = 0; round < 20; round++) {
		BIGNUM *r = round ? random_number() : number(1), *s = random_number();
		BIGNUM *e = times(r, d); /* e/s·G = r/s·Q … */

		BN_sub(e, order, e); /* … and its negative */
		both(k, t, e, r, s, false);
		BN_free(r);
		BN_free(s);
		BN_free(e);
	}
	BN_free(d);
	drop(k, t);
}

/* An x between the order and p is r + order.  Nobody meets one by chance: the key is made to fit.
 */
static void an_x_beyond_the_order_is_taken_modulo_it(void **state)
{
	BIGNUM *x = BN_dup(order), *a = random_number(), *b = random_number(), *r, *s, *e;
	BIGNUM *one = number(1), *minus_one = number(-1), *minus_a = times(a, minus_one);
	BIGNUM *inverse = over(one, b);
	EC_POINT *point = EC_POINT_new(p256->group), *q, *part;
	struct crypto_pubkey *k;
	struct table *t;

	(void)state;
	do
		BN_add_word(x, 1);
	while (!EC_POINT_set_compressed_coordinates(p256->group, point, x, 0, ctx));
	part = combined(minus_a, point, one);
	q = combined(NULL, part, inverse); /* (point - a·G) / b */
	k = key_of_point(q);
	t = table_of(k);
	r = BN_new();
	BN_sub(r, x, order);
	s = over(r, b);
	e = times(a, s);
	both(k, t, e, r, s, true);
	both(k, t, e, x, s, false); /* r itself must be below the order */
	BN_add_word(r, 1);
	both(k, t, e, r, s, false);
	drop(k, t);
	EC_POINT_free(point);
	EC_POINT_free(part);
	EC_POINT_free(q);
	BIGNUM *all[] = {x, a, b, r, s, e, one, minus_one, minus_a, inverse};
	for (size_t i = 0; i < UTIL_ARRAY_LEN(all); i++)
		BN_free(all[i]);
}

/* A digest is a number up to 2^256 - 1, and the order is less. */
static void a_digest_beyond_the_order_is_taken_modulo_it(void **state)
{
	BIGNUM *d = random_number();
	struct crypto_pubkey *k = key_of_secret(d);
	struct table *t = table_of(k);
	uint8_t digests[4][32] = {{0}};

	(void)state;
	memset(digests[1], 0xff, 32);
	BN_bn2binpad(order, digests[2], 32);
	memcpy(digests[3], digests[2], 32);
	digests[3][31]++;
	EC_KEY_set_private_key(k->ec, d);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(digests); i++) {
		ECDSA_SIG *sig = ECDSA_do_sign(digests[i], 32, k->ec);
		const BIGNUM *r, *s;

		ECDSA_SIG_get0(sig, &r, &s);
		assert_true(by_openssl(k, digests[i], r, s));
		assert_true(by_table(t, digests[i], r, s));
		ECDSA_SIG_free(sig);
	}
	BN_free(d);
	drop(k, t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flipped_bit_is_seen),
		cmocka_unit_test(numbers_at_the_edges_are_refused),
		cmocka_unit_test(every_kind_of_multiple_is_right),
		cmocka_unit_test(keys_next_to_the_generator_are_right),
		cmocka_unit_test(the_point_at_infinity_is_no_signature),
		cmocka_unit_test(an_x_beyond_the_order_is_taken_modulo_it),
		cmocka_unit_test(a_digest_beyond_the_order_is_taken_modulo_it),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
