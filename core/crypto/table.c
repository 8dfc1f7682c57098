/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDSA on P-256 with a table of multiples of the key (doc/adr/0003-tables-for-hot-keys.md).
 *
 * A check is u1·G + u2·Q, and nearly all of its time is u2·Q: OpenSSL has a table of multiples of
 * the generator G, none of the key Q.  Here Q becomes the generator of a group of its own, and
 * OpenSSL makes the same kind of table for it.  No curve formula of ours: only the equation of
 * ECDSA, over OpenSSL's numbers and points.  All of it is public, so time tells nobody a thing.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* EC_GROUP_precompute_mult(), projective coordinates */
#include <crypto/crypto_priv.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <stdlib.h>

struct table *table_make(const struct crypto_pubkey *k)
{
	const EC_GROUP *g = k->curve->group;
	struct table *t = x_alloc(sizeof(*t));

	atomic_init(&t->refs, 1);
	memcpy(t->point, k->point, sizeof(t->point));
	t->curve = k->curve;
	t->group = EC_GROUP_dup(g);
	if (t->group &&
	    EC_GROUP_set_generator(t->group, EC_KEY_get0_public_key(k->ec), EC_GROUP_get0_order(g),
				   BN_value_one()) == 1 &&
	    EC_GROUP_precompute_mult(t->group, NULL) == 1 &&
	    EC_GROUP_have_precompute_mult(t->group) == 1)
		return t;
	ERR_clear_error();
	table_unref(t);
	return NULL;
}

void table_unref(struct table *t)
{
	if (!t || !ref_put(&t->refs))
		return;
	EC_GROUP_free(t->group);
	free(t);
}

/* What a check works with; taken anew each time, which costs a fiftieth of it. */
struct work {
	BN_CTX *ctx;
	BIGNUM *r, *s, *e, *x, *z;
	EC_POINT *a, *b;
};

static void work_init(struct work *w, const EC_GROUP *g)
{
	BIGNUM **numbers[] = {&w->r, &w->s, &w->e, &w->x, &w->z};

	w->ctx = BN_CTX_new();
	util_assert(w->ctx);
	BN_CTX_start(w->ctx);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(numbers); i++)
		*numbers[i] = BN_CTX_get(w->ctx);
	w->a = EC_POINT_new(g);
	w->b = EC_POINT_new(g);
	util_assert(w->z && w->a && w->b);
}

static void work_fini(struct work *w)
{
	EC_POINT_free(w->a);
	EC_POINT_free(w->b);
	BN_CTX_end(w->ctx);
	BN_CTX_free(w->ctx);
}

/* r, s and the digest as numbers; false unless 0 < r < order and 0 < s < order. */
static bool take_numbers(struct work *w, const BIGNUM *order, const uint8_t digest[static 32],
			 const struct ecsig *sig)
{
	return BN_bin2bn(sig->r.data, (int)sig->r.len, w->r) &&
	       BN_bin2bn(sig->s.data, (int)sig->s.len, w->s) && BN_bin2bn(digest, 32, w->e) &&
	       !BN_is_zero(w->r) && BN_cmp(w->r, order) < 0 && !BN_is_zero(w->s) &&
	       BN_cmp(w->s, order) < 0;
}

/* a = (e/s)·G + (r/s)·Q */
static bool combine(struct work *w, const struct table *t, const BIGNUM *order)
{
	const EC_GROUP *g = t->curve->group;

	return BN_mod_inverse(w->s, w->s, order, w->ctx) &&
	       BN_mod_mul(w->e, w->e, w->s, order, w->ctx) &&
	       BN_mod_mul(w->s, w->r, w->s, order, w->ctx) &&
	       EC_POINT_mul(g, w->a, w->e, NULL, NULL, w->ctx) &&
	       EC_POINT_mul(t->group, w->b, w->s, NULL, NULL, w->ctx) &&
	       EC_POINT_add(g, w->a, w->a, w->b, w->ctx);
}

/* Is the affine x of point a, which is X/Z², modulo the order r?  r·Z² = X says it without a
 * division.  x is below p, which is a little more than the order: it may be r + order, too. */
static bool x_is_r(struct work *w, const EC_GROUP *g)
{
	const BIGNUM *p = EC_GROUP_get0_field(g);

	if (EC_POINT_is_at_infinity(g, w->a) ||
	    !EC_POINT_get_Jprojective_coordinates_GFp(g, w->a, w->x, NULL, w->z, w->ctx) ||
	    !BN_mod_sqr(w->z, w->z, p, w->ctx) || !BN_mod_mul(w->e, w->r, w->z, p, w->ctx))
		return false;
	if (BN_cmp(w->e, w->x) == 0)
		return true;
	return BN_add(w->r, w->r, EC_GROUP_get0_order(g)) && BN_cmp(w->r, p) < 0 &&
	       BN_mod_mul(w->e, w->r, w->z, p, w->ctx) && BN_cmp(w->e, w->x) == 0;
}

bool table_verify(const struct table *t, const uint8_t digest[static 32], const struct ecsig *sig)
{
	const EC_GROUP *g = t->curve->group;
	const BIGNUM *order = EC_GROUP_get0_order(g);
	struct work w;
	bool ok;

	work_init(&w, g);
	ok = take_numbers(&w, order, digest, sig) && combine(&w, t, order) && x_is_r(&w, g);
	work_fini(&w);
	if (!ok)
		ERR_clear_error();
	return ok;
}
