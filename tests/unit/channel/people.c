/* SPDX-License-Identifier: Apache-2.0 */
/* Who signs in the tests of channel and service. */
#include "rig.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* The one file in tests/golden/crypto-config/<dir>/<sub> whose name ends with @suffix. */
static struct buf only_file(const char *dir, const char *sub, const char *suffix)
{
	char *folder = test_golden_path("crypto-config/%s/%s", dir, sub);
	struct buf b = BUF_INIT;
	struct ord_err e = ERR_INIT;
	char **names;

	test_ok(file_list(folder, &names, NULL, &e), &e);
	for (char **p = names; *p && b.len == 0; p++) {
		char *path = file_join(folder, *p);

		if (strlen(*p) > strlen(suffix) &&
		    strcmp(*p + strlen(*p) - strlen(suffix), suffix) == 0)
			test_ok(file_read(path, 1 << 20, &b, &e), &e);
		free(path);
	}
	file_list_free(names);
	if (b.len == 0)
		fail_msg("nothing ends with %s in %s", suffix, folder);
	free(folder);
	return b;
}

static void set_creator(struct person *p, const char *mspid, struct ord_bytes pem)
{
	Msp__SerializedIdentity id = MSP__SERIALIZED_IDENTITY__INIT;

	id.mspid = (char *)mspid;
	id.id_bytes = wire_binary(pem);
	wire_pack(&id, &p->creator);
}

void person_read(struct person *p, const char *dir, const char *mspid)
{
	struct buf cert = only_file(dir, "signcerts", ".pem");
	struct buf key = only_file(dir, "keystore", "_sk");
	struct ord_err e = ERR_INIT;

	*p = (struct person){0};
	set_creator(p, mspid, buf_bytes(&cert));
	test_ok(crypto_key_from_pem(buf_bytes(&key), &p->key, &e), &e);
	buf_fini(&cert);
	buf_fini(&key);
}

static void add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(ext);
	assert_int_equal(X509_add_ext(x, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

/* A client certificate of Org1, signed by its CA. */
static X509 *issue(EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key, long seconds)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 4711);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), seconds);
	X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_ASC, (const uint8_t *)"client", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"made", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(ca));
	X509_set_pubkey(x, key);
	add_extension(x, ca, NID_key_usage, "critical,digitalSignature");
	add_extension(x, ca, NID_basic_constraints, "critical,CA:FALSE");
	add_extension(x, ca, NID_authority_key_identifier, "keyid");
	assert_true(X509_sign(x, ca_key, EVP_sha256()) > 0);
	return x;
}

static void to_pem(struct buf *out, X509 *x, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;

	if (x)
		PEM_write_bio_X509(bio, x);
	else
		PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	n = BIO_get_mem_data(bio, &text);
	buf_add(out, text, (size_t)n);
	BIO_free(bio);
}

void person_make(struct person *p, long seconds)
{
	const char *dir = "peerOrganizations/org1.example.com";
	struct buf ca_pem = only_file(dir, "ca", ".pem"), ca_key_pem = only_file(dir, "ca", "_sk");
	struct buf pem = BUF_INIT, key_pem = BUF_INIT;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct crypto_key *ca_key;
	struct ord_err e = ERR_INIT;
	X509 *ca, *x;

	*p = (struct person){0};
	test_ok(crypto_cert_from_pem(buf_bytes(&ca_pem), &ca, &e), &e);
	test_ok(crypto_key_from_pem(buf_bytes(&ca_key_pem), &ca_key, &e), &e);
	x = issue(key, ca, crypto_key_evp(ca_key), seconds);
	to_pem(&pem, x, NULL);
	to_pem(&key_pem, NULL, key);
	set_creator(p, "Org1MSP", buf_bytes(&pem));
	test_ok(crypto_key_from_pem(buf_bytes(&key_pem), &p->key, &e), &e);
	X509_free(x);
	X509_free(ca);
	EVP_PKEY_free(key);
	crypto_key_free(ca_key);
	buf_fini(&ca_pem);
	buf_fini(&ca_key_pem);
	buf_fini(&pem);
	buf_fini(&key_pem);
}

void person_fini(struct person *p)
{
	buf_fini(&p->creator);
	crypto_key_free(p->key);
}
