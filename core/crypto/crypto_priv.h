/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_PRIV_H
#define CRYPTO_PRIV_H

#include <crypto/crypto.h>
#include <openssl/ec.h>

#define CRYPTO_MAX_ORDER 66 /* bytes of P-521's order */

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

#endif /* CRYPTO_PRIV_H */
