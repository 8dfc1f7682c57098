/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_PRIV_H
#define CRYPTO_PRIV_H

#include <crypto/crypto.h>
#include <openssl/ec.h>

#define CRYPTO_MAX_ORDER  66 /* bytes of P-521's order */
#define CRYPTO_P256_POINT 65 /* bytes of an uncompressed point */

/* One of the four curves of Fabric's software provider, as a signature check needs it.  Made once:
 * a group costs OpenSSL more than a signature. */
struct curve {
	int nid;
	EC_GROUP *group;
	size_t len;                      /* of the order and of a coordinate, in bytes */
	uint8_t order[CRYPTO_MAX_ORDER]; /* big-endian */
	uint8_t half[CRYPTO_MAX_ORDER];  /* order >> 1 */
};

/** NULL: not P-224, P-256, P-384 or P-521. */
const struct curve *curve_by_nid(int nid);
/** The curve of an EC key; NULL for any other key. */
const struct curve *curve_of_pkey(EVP_PKEY *pkey);

/* An ECDSA signature: two positive numbers, big-endian, without leading zeros. */
struct ecsig {
	struct ord_bytes r, s;
};

/** Parse DER as Go's encoding/asn1 does: minimal lengths and integers, bytes behind s and behind
 *  the sequence ignored.  The views point into @der.
 *  Errors: false, and Go's reason, which is a constant, in *why. */
bool ecsig_parse(struct ord_bytes der, struct ecsig *sig, const char **why);
/** Is s at most half the order? */
bool ecsig_is_low(const struct curve *c, const struct ecsig *sig);
/** Append DER, s replaced by order - s when it is high; false when s exceeds the order. */
bool ecsig_encode_low(const struct curve *c, const struct ecsig *sig, struct buf *der);

struct crypto_pubkey {
	atomic_uint refs;
	EC_KEY *ec;
	const struct curve *curve;
	uint8_t point[CRYPTO_P256_POINT]; /* of a key on P-256 */
	unsigned checks;                  /* without a table; hot.c's */
};

/* Multiples of one key on P-256, by which a check costs less than half. */
struct table {
	atomic_uint refs;
	uint8_t point[CRYPTO_P256_POINT];
	unsigned uses; /* hot.c's */
	const struct curve *curve;
	EC_GROUP *group; /* P-256, but with the key for its generator */
};

/** A table for @k, which is on P-256; 16 ms of work.  NULL: this OpenSSL makes none. */
struct table *table_make(const struct crypto_pubkey *k);
void table_unref(struct table *t);
/** Does the signature hold?  Thread: any; @t is only read. */
bool table_verify(const struct table *t, const uint8_t digest[static 32], const struct ecsig *sig);

/** The table for @k, to be unref'd, if it has one by now; counts a check.
 *  Locks: one, for a look-up. */
struct table *hot_table(struct crypto_pubkey *k);

#endif /* CRYPTO_PRIV_H */
