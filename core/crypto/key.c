/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys: read from PEM, sign with low S. */
#include <crypto/crypto_priv.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#define MAX_SIG 160 /* DER of two numbers on P-521 is 139 bytes */

struct crypto_key {
	EVP_PKEY *evp;
	const struct curve *curve;
	uint8_t ski[32];
};

void crypto_random(void *p, size_t n)
{
	util_assert(n <= INT32_MAX && RAND_bytes(p, (int)n) == 1);
}

/* SHA-256 over 04 ‖ X ‖ Y. */
static bool point_ski(EVP_PKEY *evp, size_t len, uint8_t ski[static 32])
{
	uint8_t point[1 + 2 * CRYPTO_MAX_ORDER] = {4};
	BIGNUM *x = NULL, *y = NULL;
	bool ok = EVP_PKEY_get_bn_param(evp, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
		  EVP_PKEY_get_bn_param(evp, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
		  BN_bn2binpad(x, point + 1, (int)len) >= 0 &&
		  BN_bn2binpad(y, point + 1 + len, (int)len) >= 0;

	if (ok)
		sha256(bytes_of(point, 1 + 2 * len), ski);
	BN_free(x);
	BN_free(y);
	return ok;
}

static int key_from_evp(EVP_PKEY *evp, struct crypto_key **out, struct ord_err *e)
{
	struct crypto_key k = {.evp = evp, .curve = curve_of_pkey(evp)};

	if (!k.curve)
		return err_set(e, ORD_EINVAL,
			       "not an ECDSA private key on P-224, P-256, P-384 or P-521");
	if (!point_ski(evp, k.curve->len, k.ski)) {
		ERR_clear_error();
		return err_set(e, ORD_EINVAL, "the private key has no usable public point");
	}
	EVP_PKEY_up_ref(evp);
	*out = x_alloc(sizeof(k));
	**out = k;
	return 0;
}

int crypto_key_from_pem(struct ord_bytes pem, struct crypto_key **out, struct ord_err *e)
{
	struct ord_bytes rest = pem, label;
	struct buf der = BUF_INIT;
	const unsigned char *p;
	EVP_PKEY *evp;
	int rc;

	if (!crypto_pem_next(&rest, &label, &der))
		return err_set(e, ORD_EINVAL, "failed to decode PEM block with private key");
	p = der.data;
	evp = d2i_AutoPrivateKey(NULL, &p, (long)der.len);
	if (evp)
		rc = key_from_evp(evp, out, e);
	else if (memmem(pem.data, pem.len, "ENCRYPTED", strlen("ENCRYPTED")))
		rc = err_set(e, ORD_EINVAL,
			     "the private key is encrypted: decrypt it, no password can be given");
	else
		rc = err_set(e, ORD_EINVAL, "not a PKCS#8 or SEC1 private key");
	ERR_clear_error();
	EVP_PKEY_free(evp);
	OPENSSL_cleanse(der.data, der.len);
	buf_fini(&der);
	return rc;
}

int crypto_sign_digest(struct crypto_key *k, const uint8_t digest[static 32], struct buf *sig,
		       struct ord_err *e)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->evp, NULL);
	uint8_t raw[MAX_SIG];
	size_t len = sizeof(raw);
	struct ecsig rs;
	const char *why = "the key does not sign";
	bool ok = ctx && EVP_PKEY_sign_init(ctx) == 1 &&
		  EVP_PKEY_sign(ctx, raw, &len, digest, 32) == 1 &&
		  ecsig_parse(bytes_of(raw, len), &rs, &why) &&
		  ecsig_encode_low(k->curve, &rs, sig);

	EVP_PKEY_CTX_free(ctx);
	if (ok)
		return 0;
	ERR_clear_error();
	return err_set(e, ORD_EINTERNAL, "could not sign: %s", why);
}

void crypto_key_ski(struct crypto_key *k, uint8_t out[static 32])
{
	memcpy(out, k->ski, sizeof(k->ski));
}

EVP_PKEY *crypto_key_evp(struct crypto_key *k)
{
	return k->evp;
}

void crypto_key_free(struct crypto_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->evp);
	free(k);
}
