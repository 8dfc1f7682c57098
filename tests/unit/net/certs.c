/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates made on the spot: their dates and names are what is tested. */
#include "rig.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static void extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(ext);
	X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
}

static void to_buf(struct buf *b, BIO *bio)
{
	char *p;
	long n = BIO_get_mem_data(bio, &p);

	buf_add(b, p, (size_t)n);
	BIO_free(bio);
}

void cert_make(struct cert *c, const char *cn, const struct cert *issuer, long from, long to,
	       bool key_ids)
{
	static long serial = 1;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new(), *ca = issuer ? issuer->x509 : x;
	X509_NAME *name = X509_get_subject_name(x);
	BIO *pem = BIO_new(BIO_s_mem()), *key_pem = BIO_new(BIO_s_mem());

	*c = (struct cert){.x509 = x, .key = key};
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	X509_gmtime_adj(X509_getm_notBefore(x), from);
	X509_gmtime_adj(X509_getm_notAfter(x), to);
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const uint8_t *)"Org", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)cn, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(ca));
	X509_set_pubkey(x, key);
	if (key_ids)
		extension(x, ca, NID_subject_key_identifier, "hash");
	if (key_ids && issuer)
		extension(x, ca, NID_authority_key_identifier, "keyid");
	extension(x, ca, NID_basic_constraints, issuer ? "CA:FALSE" : "critical,CA:TRUE");
	if (issuer) {
		extension(x, ca, NID_ext_key_usage, "serverAuth,clientAuth");
		extension(x, ca, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
	}
	assert_true(X509_sign(x, issuer ? issuer->key : key, EVP_sha256()) > 0);
	PEM_write_bio_X509(pem, x);
	PEM_write_bio_PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL);
	to_buf(&c->pem, pem);
	to_buf(&c->key_pem, key_pem);
}

void cert_fini(struct cert *c)
{
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
	buf_fini(&c->pem);
	buf_fini(&c->key_pem);
}
