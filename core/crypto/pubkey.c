/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys and signature checks: the hottest path of the daemon.
 *
 * Measured with OpenSSL 3.0 (tests/unit/msp/bench_msp.c), in units of V, which is what `openssl
 * speed ecdsap256` needs for a check: EVP_PKEY_verify() on a fresh context 1.04, on a kept
 * one 1.00, ECDSA_verify() on a kept EC_KEY 0.98 (it parses the DER and encodes it again),
 * ECDSA_do_verify() on numbers parsed here 0.97, and with a table 0.48.  Two threads are as fast as
 * one: keys and tables are only read.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* EC_KEY: see above */
#include <crypto/crypto_priv.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#define UNDETERMINED "could not determine the validity of the signature: "
#define FAILED       UNDETERMINED "Failed verifing with opts [<nil>]: "

/* ---- curves -------------------------------------------------------------- */

static struct curve curves[] = {{.nid = NID_secp224r1},
				{.nid = NID_X9_62_prime256v1},
				{.nid = NID_secp384r1},
				{.nid = NID_secp521r1}};
static pthread_once_t curves_once = PTHREAD_ONCE_INIT;

static void make_curves(void)
{
	for (size_t i = 0; i < UTIL_ARRAY_LEN(curves); i++) {
		struct curve *c = &curves[i];
		BIGNUM *half;

		c->group = EC_GROUP_new_by_curve_name(c->nid);
		util_assert(c->group);
		half = BN_dup(EC_GROUP_get0_order(c->group));
		util_assert(half);
		c->len = (size_t)BN_num_bytes(half);
		BN_bn2binpad(half, c->order, (int)c->len);
		BN_rshift1(half, half);
		BN_bn2binpad(half, c->half, (int)c->len);
		BN_free(half);
	}
}

const struct curve *curve_by_nid(int nid)
{
	pthread_once(&curves_once, make_curves);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(curves); i++)
		if (curves[i].nid == nid)
			return &curves[i];
	return NULL;
}

const struct curve *curve_of_pkey(EVP_PKEY *pkey)
{
	char name[32];

	if (!pkey || EVP_PKEY_get_base_id(pkey) != EVP_PKEY_EC ||
	    EVP_PKEY_get_group_name(pkey, name, sizeof(name), NULL) != 1)
		return NULL;
	return curve_by_nid(OBJ_sn2nid(name));
}

/* ---- keys ---------------------------------------------------------------- */

/* The uncompressed point of @cert's EC key and its curve; Go takes no other form. */
static bool cert_point(X509 *cert, const struct curve **c, struct ord_bytes *point)
{
	const unsigned char *p;
	const void *param;
	ASN1_OBJECT *alg;
	X509_ALGOR *algor;
	int len, type;

	if (!X509_PUBKEY_get0_param(&alg, &p, &len, &algor, X509_get_X509_PUBKEY(cert)) ||
	    OBJ_obj2nid(alg) != NID_X9_62_id_ecPublicKey)
		return false;
	X509_ALGOR_get0(NULL, &type, &param, algor);
	*c = type == V_ASN1_OBJECT ? curve_by_nid(OBJ_obj2nid(param)) : NULL;
	*point = bytes_of(p, (size_t)len);
	return *c && point->len == 1 + 2 * (*c)->len && p[0] == POINT_CONVERSION_UNCOMPRESSED;
}

int crypto_pubkey_from_cert(X509 *cert, struct crypto_pubkey **out, struct ord_err *e)
{
	struct crypto_pubkey *k;
	struct ord_bytes point;
	const struct curve *curve;
	EC_KEY *ec;

	if (!cert_point(cert, &curve, &point))
		return err_set(e, ORD_EINVAL,
			       "not an ECDSA public key on P-224, P-256, P-384 or P-521");
	ec = EC_KEY_new();
	util_assert(ec && EC_KEY_set_group(ec, curve->group) == 1);
	if (EC_KEY_oct2key(ec, point.data, point.len, NULL) != 1) {
		ERR_clear_error();
		EC_KEY_free(ec);
		return err_set(e, ORD_EINVAL, "x509: failed to unmarshal elliptic curve point");
	}
	k = x_alloc(sizeof(*k));
	atomic_init(&k->refs, 1);
	k->ec = ec;
	k->curve = curve;
	if (point.len == sizeof(k->point))
		memcpy(k->point, point.data, point.len);
	*out = k;
	return 0;
}

struct crypto_pubkey *crypto_pubkey_ref(struct crypto_pubkey *k)
{
	ref_get(&k->refs);
	return k;
}

void crypto_pubkey_unref(struct crypto_pubkey *k)
{
	if (!k || !ref_put(&k->refs))
		return;
	EC_KEY_free(k->ec);
	free(k);
}

int crypto_cert_ski(X509 *cert, uint8_t out[static 32])
{
	struct ord_bytes point;
	const struct curve *curve;

	if (!cert_point(cert, &curve, &point))
		return -1;
	sha256(point, out);
	return 0;
}

/* Fabric prints both numbers in decimal; one that fits no curve is not worth printing. */
static int refuse_high_s(const struct curve *c, struct ord_bytes s, struct ord_err *e)
{
	BIGNUM *bs, *bh = BN_bin2bn(c->half, (int)c->len, NULL);
	char *half, *high;
	int rc;

	util_assert(bh);
	half = BN_bn2dec(bh);
	bs = s.len <= CRYPTO_MAX_ORDER ? BN_bin2bn(s.data, (int)s.len, NULL) : NULL;
	high = bs ? BN_bn2dec(bs) : NULL;
	rc = err_set(e, ORD_EPERM,
		     FAILED "Invalid S. Must be smaller than half the order [%s][%s].",
		     high ? high : "too large", half ? half : "");
	OPENSSL_free(half);
	OPENSSL_free(high);
	BN_free(bs);
	BN_free(bh);
	return rc;
}

static bool verify_plain(EC_KEY *ec, const uint8_t digest[static 32], const struct ecsig *sig)
{
	ECDSA_SIG *s = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(sig->r.data, (int)sig->r.len, NULL);
	BIGNUM *v = BN_bin2bn(sig->s.data, (int)sig->s.len, NULL);
	int rc;

	util_assert(s && r && v && ECDSA_SIG_set0(s, r, v));
	rc = ECDSA_do_verify(digest, 32, s, ec);
	ECDSA_SIG_free(s);
	if (rc != 1)
		ERR_clear_error();
	return rc == 1;
}

static bool verify(struct crypto_pubkey *k, const uint8_t digest[static 32],
		   const struct ecsig *sig)
{
	struct table *t = hot_table(k);
	bool ok = t ? table_verify(t, digest, sig) : verify_plain(k->ec, digest, sig);

	table_unref(t);
	return ok;
}

int crypto_verify_digest(struct crypto_pubkey *k, const uint8_t digest[static 32],
			 struct ord_bytes sig, struct ord_err *e)
{
	struct ecsig rs;
	const char *why;

	if (sig.len == 0)
		return err_set(e, ORD_EPERM, UNDETERMINED "Invalid signature. Cannot be empty.");
	if (!ecsig_parse(sig, &rs, &why)) {
		bool asn1 = strncmp(why, "asn1", 4) == 0;

		return err_set(e, ORD_EPERM, FAILED "Failed unmashalling signature [%s%s%s]",
			       asn1 ? "failed unmashalling signature [" : "", why, asn1 ? "]" : "");
	}
	if (!ecsig_is_low(k->curve, &rs))
		return refuse_high_s(k->curve, rs.s, e);
	if (rs.r.len > k->curve->len || !verify(k, digest, &rs))
		return err_set(e, ORD_EPERM, "The signature is invalid");
	return 0;
}
