/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: parsed as strictly as Go does, and their low-S form. */
#include <crypto/crypto_priv.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <time.h>

/* False: not a time.  timegm() knows years as far as ASN.1 does. */
static bool time_sec(const ASN1_TIME *t, int64_t *sec)
{
	struct tm tm;

	if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*sec = timegm(&tm);
	return true;
}

/* What Go refuses when it parses and OpenSSL only when asked. */
static const char *flaw_of(X509 *cert)
{
	EVP_PKEY *pkey;
	int64_t sec;

	if (!time_sec(X509_get0_notBefore(cert), &sec) || !time_sec(X509_get0_notAfter(cert), &sec))
		return "x509: malformed validity";
	/* Decodes and keeps every extension now, while one thread has the certificate. */
	if (X509_get_extension_flags(cert) & EXFLAG_INVALID)
		return "x509: invalid extension";
	pkey = X509_get0_pubkey(cert);
	if (!pkey)
		return "x509: unsupported or malformed public key";
	if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC && !curve_of_pkey(pkey))
		return "x509: unsupported elliptic curve";
	return NULL;
}

int crypto_cert_from_der(struct ord_bytes der, X509 **out, struct ord_err *e)
{
	const unsigned char *p = der.data;
	X509 *cert = der.len <= INT32_MAX ? d2i_X509(NULL, &p, (long)der.len) : NULL;
	const char *flaw;

	if (!cert)
		flaw = "x509: malformed certificate";
	else if (p != der.data + der.len)
		flaw = "x509: trailing data";
	else
		flaw = flaw_of(cert);
	ERR_clear_error();
	if (flaw) {
		X509_free(cert);
		return err_set(e, ORD_EINVAL, "%s", flaw);
	}
	*out = cert;
	return 0;
}

int crypto_cert_from_pem(struct ord_bytes pem, X509 **out, struct ord_err *e)
{
	struct ord_bytes label;
	struct buf der = BUF_INIT;
	int rc;

	if (!crypto_pem_next(&pem, &label, &der))
		return err_set(e, ORD_EINVAL, "no PEM content");
	rc = crypto_cert_from_der(buf_bytes(&der), out, e);
	buf_fini(&der);
	return rc;
}

void crypto_cert_der(X509 *cert, struct buf *out)
{
	int len = i2d_X509(cert, NULL);
	unsigned char *p;

	util_assert(len > 0);
	buf_reserve(out, (size_t)len);
	p = out->data + out->len;
	out->len += (size_t)i2d_X509(cert, &p);
}

int64_t crypto_cert_not_before(X509 *cert)
{
	int64_t sec = 0;

	util_assert(time_sec(X509_get0_notBefore(cert), &sec)); /* looked at when parsed */
	return sec;
}

int64_t crypto_cert_not_after(X509 *cert)
{
	int64_t sec = 0;

	util_assert(time_sec(X509_get0_notAfter(cert), &sec));
	return sec;
}

/* SEQUENCE { tbsCertificate and signatureAlgorithm as they are, BIT STRING @sig }. */
static void der_with_signature(struct ord_bytes der, struct ord_bytes sig, struct buf *out)
{
	const unsigned char *body = der.data, *p;
	unsigned char *q;
	long len;
	int tag, class;
	size_t kept, bits;

	ASN1_get_object(&body, &len, &tag, &class, (long)der.len);
	p = body;
	for (int i = 0; i < 2; i++) {
		ASN1_get_object(&p, &len, &tag, &class, der.data + der.len - p);
		p += len;
	}
	kept = (size_t)(p - body);
	bits = (size_t)ASN1_object_size(0, (int)sig.len + 1, V_ASN1_BIT_STRING);
	buf_reserve(out, der.len + bits + 16);
	q = out->data + out->len;
	ASN1_put_object(&q, 1, (int)(kept + bits), V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
	memcpy(q, body, kept);
	q += kept;
	ASN1_put_object(&q, 0, (int)sig.len + 1, V_ASN1_BIT_STRING, V_ASN1_UNIVERSAL);
	*q++ = 0; /* no unused bits */
	memcpy(q, sig.data, sig.len);
	out->len = (size_t)(q + sig.len - out->data);
}

int crypto_cert_low_s(X509 *cert, EVP_PKEY *issuer_key, X509 **out, struct ord_err *e)
{
	struct buf der = BUF_INIT, low = BUF_INIT, fixed = BUF_INIT;
	const ASN1_BIT_STRING *bits;
	struct ord_bytes sig;
	const struct curve *curve = curve_of_pkey(issuer_key);
	struct ecsig rs;
	const char *why = "the signature does not fit the issuer's curve";
	int rc = 0;

	X509_get0_signature(&bits, NULL, cert);
	sig = bytes_of(bits->data, (size_t)bits->length);
	if (!curve)
		return err_set(e, ORD_EINVAL,
			       "the issuer of an ECDSA certificate has no ECDSA key");
	if (!ecsig_parse(sig, &rs, &why) || !ecsig_encode_low(curve, &rs, &low)) {
		rc = err_set(e, ORD_EINVAL, "failed unmashalling signature [%s]", why);
	} else if (bytes_eq(sig, buf_bytes(&low))) {
		X509_up_ref(cert);
		*out = cert;
	} else {
		crypto_cert_der(cert, &der);
		der_with_signature(buf_bytes(&der), buf_bytes(&low), &fixed);
		rc = crypto_cert_from_der(buf_bytes(&fixed), out, e);
	}
	buf_fini(&der);
	buf_fini(&low);
	buf_fini(&fixed);
	return rc;
}
