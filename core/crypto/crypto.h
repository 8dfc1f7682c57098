/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto - ECDSA with low S, X.509, key stores.  Sources: spec 3.2, 3.3, 3.5.
 */
#ifndef CRYPTO_H
#define CRYPTO_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <util/util.h>

/* ---- public keys and signatures ------------------------------------------ */

struct crypto_pubkey; /* an ECDSA public key, immutable, counted, ready for any thread */

struct crypto_pubkey *crypto_pubkey_ref(struct crypto_pubkey *k);
void crypto_pubkey_unref(struct crypto_pubkey *k);
/** From a certificate.  Errors: ORD_EINVAL not an EC key on P-224/256/384/521. */
int crypto_pubkey_from_cert(X509 *cert, struct crypto_pubkey **out, struct ord_err *e);
/** Verify a DER ECDSA signature over a SHA-256 digest; high S is refused; bytes behind the DER
 *  sequence are ignored (spec 3.3).
 *  Thread: any.   Locks: one, for a look-up.
 *  Errors: ORD_EPERM "The signature is invalid" or "could not determine the validity of the
 *  signature: …". */
int crypto_verify_digest(struct crypto_pubkey *k, const uint8_t digest[static 32],
			 struct ord_bytes sig, struct ord_err *e);

/** From now on make tables for the keys that are used most, on the threads of @p; NULL: no more,
 *  and drop those there are.
 *  Owns: @p must live until the call with NULL, and may be freed after it. */
void crypto_hot_keys(struct pool *p);

/* ---- private keys -------------------------------------------------------- */

/* A back end that holds private keys.  Files come first; PKCS#11 fits the same table. */
struct crypto_key;
struct crypto_keystore;
struct crypto_keystore_ops {
	const char *name;
	/** Find the private key whose SKI (SHA-256 over the uncompressed point) is @ski.
	 *  Errors: ORD_ENOENT "KeyMaterial not found in SigningIdentityInfo". */
	int (*find)(struct crypto_keystore *ks, const uint8_t ski[static 32],
		    struct crypto_key **out, struct ord_err *e);
	void (*close)(struct crypto_keystore *ks);
};
struct crypto_keystore {
	const struct crypto_keystore_ops *ops;
};
/** The file back end over directory @dir (spec 3.2), which is read at each find.
 *  Blocks: disk, in find. */
int crypto_keystore_files(const char *dir, struct crypto_keystore **out, struct ord_err *e);

/** Sign a SHA-256 digest: low-S DER appended to @sig.
 *  Thread: any.   Errors: ORD_EINTERNAL. */
int crypto_sign_digest(struct crypto_key *k, const uint8_t digest[static 32], struct buf *sig,
		       struct ord_err *e);
/** A private key in PEM (PKCS#8, SEC1).  Errors: ORD_EINVAL. */
int crypto_key_from_pem(struct ord_bytes pem, struct crypto_key **out, struct ord_err *e);
void crypto_key_ski(struct crypto_key *k, uint8_t out[static 32]);
EVP_PKEY *crypto_key_evp(struct crypto_key *k); /* borrowed; file keys only */
void crypto_key_free(struct crypto_key *k);

/* ---- certificates -------------------------------------------------------- */

/** Take the next PEM block off *rest as Go's pem.Decode does; its bytes are appended to @der.
 *  False: there is none, *rest stays.   Owns: *label points into *rest. */
bool crypto_pem_next(struct ord_bytes *rest, struct ord_bytes *label, struct buf *der);
/** A certificate that Go would parse, too.  Errors: ORD_EINVAL "x509: …". */
int crypto_cert_from_der(struct ord_bytes der, X509 **out, struct ord_err *e);

/** The first PEM block of @pem as a certificate, whatever its label; what follows is ignored. */
int crypto_cert_from_pem(struct ord_bytes pem, X509 **out, struct ord_err *e);
/** DER appended to @out. */
void crypto_cert_der(X509 *cert, struct buf *out);
/** PEM with the label CERTIFICATE appended to @out, as Go's pem.Encode writes it. */
void crypto_der_to_pem(struct ord_bytes der, struct buf *out);
/** The certificate with its own ECDSA signature in low-S form (spec 3.4); +1 on the same object
 *  when nothing changes. */
int crypto_cert_low_s(X509 *cert, EVP_PKEY *issuer_key, X509 **out, struct ord_err *e);
int crypto_cert_ski(X509 *cert, uint8_t out[static 32]); /* of its public key; -1: not EC */
int64_t crypto_cert_not_before(X509 *cert);              /* seconds since 1970 */
int64_t crypto_cert_not_after(X509 *cert);
void crypto_random(void *p, size_t n);

#endif /* CRYPTO_H */
