/* SPDX-License-Identifier: Apache-2.0 */
#include "../files.h"

#include <crypto/crypto.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#define P256_HALF    "57896044605178124381348723474703786764998477612067880171211129530534256022184"
#define UNDETERMINED "could not determine the validity of the signature: "
#define FAILED       UNDETERMINED "Failed verifing with opts [<nil>]: "

static EVP_PKEY *key;
static struct crypto_pubkey *pub;
static X509 *cert;
static uint8_t digest[32];

static X509 *self_signed(EVP_PKEY *k)
{
	X509 *x = X509_new();

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (const unsigned char *)"self", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, k);
	assert_true(X509_sign(x, k, EVP_sha256()) > 0);
	return x;
}

static int set_up(void **state)
{
	struct ord_err e = ERR_INIT;

	(void)state;
	key = EVP_EC_gen("P-256");
	cert = self_signed(key);
	memset(digest, 0x5a, sizeof(digest));
	test_ok(crypto_pubkey_from_cert(cert, &pub, &e), &e);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	crypto_pubkey_unref(pub);
	X509_free(cert);
	EVP_PKEY_free(key);
	return 0;
}

/* A signature by OpenSSL, with high or low S as wanted. */
static struct buf sign_raw(EVP_PKEY *k, bool high)
{
	uint8_t raw[160], *p = NULL;
	size_t len = sizeof(raw);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k, NULL);
	EC_GROUP *g;
	ECDSA_SIG *sig;
	BIGNUM *s, *half;
	char name[32];
	const uint8_t *q = raw;
	struct buf out = BUF_INIT;

	assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
	assert_int_equal(EVP_PKEY_sign(ctx, raw, &len, digest, 32), 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_get_group_name(k, name, sizeof(name), NULL);
	g = EC_GROUP_new_by_curve_name(OBJ_sn2nid(name));
	sig = d2i_ECDSA_SIG(NULL, &q, (long)len);
	s = BN_dup(ECDSA_SIG_get0_s(sig));
	half = BN_dup(EC_GROUP_get0_order(g));
	BN_rshift1(half, half);
	if ((BN_cmp(s, half) > 0) != high)
		BN_sub(s, EC_GROUP_get0_order(g), s);
	ECDSA_SIG_set0(sig, BN_dup(ECDSA_SIG_get0_r(sig)), s);
	len = (size_t)i2d_ECDSA_SIG(sig, &p);
	buf_add(&out, p, len);
	OPENSSL_free(p);
	ECDSA_SIG_free(sig);
	EC_GROUP_free(g);
	BN_free(half);
	return out;
}

static void a_low_s_signature_holds(void **state)
{
	struct buf sig = sign_raw(key, false);
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(crypto_verify_digest(pub, digest, buf_bytes(&sig), &e), &e);
	buf_add_str(&sig, "bytes behind the sequence");
	test_ok(crypto_verify_digest(pub, digest, buf_bytes(&sig), &e), &e);
	digest[0] ^= 1;
	test_fails(crypto_verify_digest(pub, digest, buf_bytes(&sig), &e), &e, ORD_EPERM,
		   "The signature is invalid");
	digest[0] ^= 1;
	buf_fini(&sig);
}

static void a_high_s_signature_is_refused_with_both_numbers(void **state)
{
	struct buf sig = sign_raw(key, true);
	struct ord_err e = ERR_INIT;
	const uint8_t *p = sig.data;
	ECDSA_SIG *rs = d2i_ECDSA_SIG(NULL, &p, (long)sig.len);
	char *s = BN_bn2dec(ECDSA_SIG_get0_s(rs));
	char *want = x_printf(
		FAILED "Invalid S. Must be smaller than half the order [%s][" P256_HALF "].", s);

	(void)state;
	test_fails(crypto_verify_digest(pub, digest, buf_bytes(&sig), &e), &e, ORD_EPERM, want);
	free(want);
	OPENSSL_free(s);
	ECDSA_SIG_free(rs);
	buf_fini(&sig);
}

#define UNMASHAL(why) \
	FAILED "Failed unmashalling signature [failed unmashalling signature [" why "]]"

/* What Go's encoding/asn1 says of each, and what it lets pass. */
static void der_is_as_strict_as_gos(void **state)
{
	static const struct {
		const char *hex, *want;
	} t[] = {
		{"", UNDETERMINED "Invalid signature. Cannot be empty."},
		{"30", UNMASHAL("asn1: syntax error: truncated tag or length")},
		{"3080", UNMASHAL("asn1: syntax error: indefinite length found (not DER)")},
		{"308106020101020101", UNMASHAL("asn1: structure error: non-minimal length")},
		{"30820006020101020101",
		 UNMASHAL("asn1: structure error: superfluous leading zeros in length")},
		{"308501", UNMASHAL("asn1: syntax error: truncated tag or length")},
		{"3085ffffffffff", UNMASHAL("asn1: structure error: length too large")},
		{"3006020101", UNMASHAL("asn1: syntax error: data truncated")},
		{"0201010201", UNMASHAL("asn1: structure error: tags don't match")},
		{"3003020101", UNMASHAL("asn1: syntax error: sequence truncated")},
		{"30050200020101", UNMASHAL("asn1: structure error: empty integer")},
		{"300702020001020101",
		 UNMASHAL("asn1: structure error: integer not minimally-encoded")},
		{"30070202ff80020101",
		 UNMASHAL("asn1: structure error: integer not minimally-encoded")},
		{"3006020100020101",
		 FAILED "Failed unmashalling signature [invalid signature, R must be larger than "
			"zero]"},
		{"3006020101020100",
		 FAILED "Failed unmashalling signature [invalid signature, S must be larger than "
			"zero]"},
		{"30060201010201ff",
		 FAILED "Failed unmashalling signature [invalid signature, S must be larger than "
			"zero]"},
		{"3006020101020101", "The signature is invalid"},
		{"30090201010201010201ff", "The signature is invalid"}, /* a third element passes */
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(t); i++) {
		struct buf sig = BUF_INIT;
		struct ord_err e = ERR_INIT;

		assert_int_equal(hex_decode(&sig, t[i].hex), 0);
		test_fails(crypto_verify_digest(pub, digest, buf_bytes(&sig), &e), &e, ORD_EPERM,
			   t[i].want);
		buf_fini(&sig);
	}
}

/* SEQUENCE { INTEGER of @r_len bytes 01…, INTEGER of @s_len bytes 01… } with long lengths. */
static struct buf huge_sig(size_t r_len, size_t s_len)
{
	size_t lens[2] = {r_len, s_len};
	struct buf b = BUF_INIT;
	uint8_t head[] = {0x30, 0x83, (uint8_t)((r_len + s_len + 10) >> 16),
			  (uint8_t)((r_len + s_len + 10) >> 8), (uint8_t)(r_len + s_len + 10)};

	buf_add(&b, head, sizeof(head));
	for (int i = 0; i < 2; i++) {
		uint8_t h[] = {0x02, 0x83, (uint8_t)(lens[i] >> 16), (uint8_t)(lens[i] >> 8),
			       (uint8_t)lens[i]};

		buf_add(&b, h, sizeof(h));
		for (size_t n = 0; n < lens[i]; n++)
			buf_add_u8(&b, 1);
	}
	return b;
}

static void huge_numbers_cost_nothing(void **state)
{
	struct buf r = huge_sig(4 << 20, 65536), s = huge_sig(65536, 4 << 20);
	struct ord_err e = ERR_INIT;

	(void)state;
	test_fails(crypto_verify_digest(pub, digest, buf_bytes(&s), &e), &e, ORD_EPERM,
		   FAILED "Invalid S. Must be smaller than half the order [too large][" P256_HALF
			  "].");
	assert_int_equal(crypto_verify_digest(pub, digest, buf_bytes(&r), &e), ORD_EPERM);
	buf_fini(&r);
	buf_fini(&s);
}

static struct crypto_key *load_key(EVP_PKEY *k)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct crypto_key *out = NULL;
	struct ord_err e = ERR_INIT;
	char *text;
	long len;

	PEM_write_bio_PKCS8PrivateKey(bio, k, NULL, NULL, 0, NULL, NULL);
	len = BIO_get_mem_data(bio, &text);
	test_ok(crypto_key_from_pem(bytes_of(text, (size_t)len), &out, &e), &e);
	BIO_free(bio);
	return out;
}

static void every_curve_signs_low_and_verifies(void **state)
{
	static const char *const curves[] = {"P-224", "P-256", "P-384", "P-521"};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(curves); i++) {
		EVP_PKEY *k = EVP_EC_gen(curves[i]);
		X509 *x = self_signed(k);
		struct crypto_key *ck = load_key(k);
		struct crypto_pubkey *pk;
		struct ord_err e = ERR_INIT;
		uint8_t a[32], b[32];

		test_ok(crypto_pubkey_from_cert(x, &pk, &e), &e);
		crypto_key_ski(ck, a);
		assert_int_equal(crypto_cert_ski(x, b), 0);
		assert_memory_equal(a, b, sizeof(a));
		for (int n = 0; n < 24; n++) { /* half of them come out high */
			struct buf sig = BUF_INIT;
			struct buf high = sign_raw(k, true);

			digest[1] = (uint8_t)n;
			test_ok(crypto_sign_digest(ck, digest, &sig, &e), &e);
			test_ok(crypto_verify_digest(pk, digest, buf_bytes(&sig), &e), &e);
			assert_int_equal(crypto_verify_digest(pk, digest, buf_bytes(&high), &e),
					 ORD_EPERM);
			buf_fini(&sig);
			buf_fini(&high);
		}
		crypto_key_free(ck);
		crypto_pubkey_unref(pk);
		X509_free(x);
		EVP_PKEY_free(k);
	}
}

static void other_keys_are_refused(void **state)
{
	EVP_PKEY *rsa = EVP_RSA_gen(1024), *other = EVP_EC_gen("secp256k1");
	X509 *x = self_signed(rsa), *o = self_signed(other);
	struct crypto_pubkey *pk;
	struct ord_err e = ERR_INIT;
	struct buf der = BUF_INIT;
	X509 *got;

	(void)state;
	test_fails(crypto_pubkey_from_cert(x, &pk, &e), &e, ORD_EINVAL,
		   "not an ECDSA public key on P-224, P-256, P-384 or P-521");
	crypto_cert_der(o, &der);
	test_fails(crypto_cert_from_der(buf_bytes(&der), &got, &e), &e, ORD_EINVAL,
		   "x509: unsupported elliptic curve");
	buf_fini(&der);
	X509_free(x);
	X509_free(o);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(other);
}

/* A copy of @cert with its own signature forced high or low. */
static X509 *with_s(bool high)
{
	struct buf der = BUF_INIT;
	X509 *x = NULL;

	do { /* signatures are random: sign until S comes out as wanted */
		ECDSA_SIG *rs;
		const ASN1_BIT_STRING *bits;
		const uint8_t *p;
		BIGNUM *order = NULL;

		X509_free(x);
		x = self_signed(key);
		X509_get0_signature(&bits, NULL, x);
		p = bits->data;
		rs = d2i_ECDSA_SIG(NULL, &p, bits->length);
		BN_dec2bn(&order, P256_HALF);
		if ((BN_cmp(ECDSA_SIG_get0_s(rs), order) > 0) == high)
			crypto_cert_der(x, &der);
		ECDSA_SIG_free(rs);
		BN_free(order);
	} while (der.len == 0);
	buf_fini(&der);
	return x;
}

static void a_certificate_is_brought_to_low_s(void **state)
{
	X509 *high = with_s(true), *low = with_s(false), *got, *again;
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(crypto_cert_low_s(low, key, &got, &e), &e);
	assert_ptr_equal(got, low);
	X509_free(got);

	test_ok(crypto_cert_low_s(high, key, &got, &e), &e);
	assert_ptr_not_equal(got, high);
	assert_int_equal(X509_verify(got, key), 1);
	assert_int_not_equal(X509_cmp(got, high), 0);
	test_ok(crypto_cert_low_s(got, key, &again, &e), &e);
	assert_ptr_equal(again, got);
	X509_free(again);
	X509_free(got);
	X509_free(high);
	X509_free(low);
}

/* Answers of Go 1.26's pem.Decode. */
static void pem_is_read_as_go_reads_it(void **state)
{
	static const struct {
		const char *text, *label, *bytes, *rest;
	} t[] = {
		{"-----BEGIN A-----\nQUJD\n-----END A-----\nmore", "A", "ABC", "more"},
		{"text\n-----BEGIN A B-----  \r\nQU JD\r\nRA==\r\n-----END A B-----", "A B", "ABCD",
		 ""},
		{"-----BEGIN A-----\nK: v\n\nQUJD\n-----END A-----\n", "A", "ABC", ""},
		{"-----BEGIN A-----\n-----END A-----\nx", "A", "", "x"},
		{"x-----BEGIN A-----\nQUJD\n-----END A-----\n", NULL, NULL, NULL},
		{"-----BEGIN A-----\nQUJD\n-----END B-----\n", NULL, NULL, NULL},
		{"-----BEGIN A-----\nQUJD\n-----END A-----x\n", NULL, NULL, NULL},
		{"-----BEGIN A-----\nQUJ\n-----END A-----\n", NULL, NULL, NULL},
		{"-----BEGIN A-----\nQU=D\n-----END A-----\n", NULL, NULL, NULL},
		{"-----BEGIN A----\nQUJD\n-----END A----\n", NULL, NULL, NULL},
		{"-----BEGIN A-----\n!\n-----END A-----\n-----BEGIN B-----\nQUJD\n-----END B-----\n",
		 "B", "ABC", ""},
		{"-----BEGIN A-----\n-----BEGIN B-----\nQUJD\n-----END B-----\n", "B", "ABC", ""},
		{"-----BEGIN A-----", NULL, NULL, NULL},
		{"", NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(t); i++) {
		struct ord_bytes rest = bytes_str(t[i].text), label;
		struct buf b = BUF_INIT;
		bool got = crypto_pem_next(&rest, &label, &b);

		if (got != (t[i].label != NULL))
			fail_msg("%zu: %s", i, t[i].text);
		if (got) {
			if (!bytes_eq_str(label, t[i].label) ||
			    !bytes_eq_str(buf_bytes(&b), t[i].bytes) ||
			    !bytes_eq_str(rest, t[i].rest))
				fail_msg("%zu: %s", i, t[i].text);
		} else {
			assert_int_equal(b.len, 0);
			assert_true(bytes_eq_str(rest, t[i].text));
		}
		buf_fini(&b);
	}
}

static void pem_is_written_as_go_writes_it(void **state)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct buf der = BUF_INIT, pem = BUF_INIT;
	char *text;
	long len;

	(void)state;
	PEM_write_bio_X509(bio, cert);
	len = BIO_get_mem_data(bio, &text);
	crypto_cert_der(cert, &der);
	crypto_der_to_pem(buf_bytes(&der), &pem);
	assert_int_equal(pem.len, len);
	assert_memory_equal(pem.data, text, pem.len);
	BIO_free(bio);
	buf_fini(&der);
	buf_fini(&pem);
}

static void a_certificate_with_trailing_bytes_is_refused(void **state)
{
	struct buf der = BUF_INIT;
	struct ord_err e = ERR_INIT;
	X509 *x;

	(void)state;
	crypto_cert_der(cert, &der);
	test_ok(crypto_cert_from_der(buf_bytes(&der), &x, &e), &e);
	assert_int_equal(crypto_cert_not_after(x) - crypto_cert_not_before(x), 3600);
	X509_free(x);
	buf_add_u8(&der, 0);
	test_fails(crypto_cert_from_der(buf_bytes(&der), &x, &e), &e, ORD_EINVAL,
		   "x509: trailing data");
	der.len = 20;
	test_fails(crypto_cert_from_der(buf_bytes(&der), &x, &e), &e, ORD_EINVAL,
		   "x509: malformed certificate");
	buf_fini(&der);
}

/* ---- key store ----------------------------------------------------------- */

static void put_file(const char *dir, const char *name, const char *text, size_t len)
{
	char *path = file_join(dir, name);

	test_write(path, bytes_of(text, len));
	free(path);
}

static void put_key(const char *dir, const char *name, EVP_PKEY *k, bool sec1)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	if (sec1)
		PEM_write_bio_PrivateKey_traditional(bio, k, NULL, NULL, 0, NULL, NULL);
	else
		PEM_write_bio_PrivateKey(bio, k, NULL, NULL, 0, NULL, NULL);
	len = BIO_get_mem_data(bio, &text);
	put_file(dir, name, text, (size_t)len);
	BIO_free(bio);
}

static int find(const char *dir, struct crypto_key **out, struct ord_err *e)
{
	struct crypto_keystore *ks;
	uint8_t ski[32];
	int rc;

	assert_int_equal(crypto_cert_ski(cert, ski), 0);
	test_ok(crypto_keystore_files(dir, &ks, e), e);
	rc = ks->ops->find(ks, ski, out, e);
	ks->ops->close(ks);
	return rc;
}

static void a_key_is_found_by_name_or_by_trying_all(void **state)
{
	char *dir = test_dir(), *sub = file_join(dir, "adir");
	EVP_PKEY *other = EVP_EC_gen("P-256");
	struct crypto_key *k = NULL;
	struct ord_err e = ERR_INIT;
	struct buf name = BUF_INIT;
	uint8_t ski[32];

	(void)state;
	test_fails(find("/nonexistent/keystore", &k, &e), &e, ORD_ENOENT,
		   "KeyMaterial not found in SigningIdentityInfo");
	mkdir(sub, 0755);
	put_file(dir, "note.txt", "no key", 6);
	put_key(dir, "another.pem", other, false);
	test_fails(find(dir, &k, &e), &e, ORD_ENOENT,
		   "KeyMaterial not found in SigningIdentityInfo");

	put_key(dir, "zz.pem", key, true); /* by trying, SEC1 */
	test_ok(find(dir, &k, &e), &e);
	assert_int_equal(EVP_PKEY_eq(crypto_key_evp(k), key), 1);
	crypto_key_free(k);

	crypto_cert_ski(cert, ski);
	hex_encode(&name, bytes_of(ski, 32));
	buf_add_str(&name, "_sk");
	put_key(dir, buf_cstr(&name), key, false); /* by name, PKCS#8 */
	test_ok(find(dir, &k, &e), &e);
	crypto_key_free(k);
	put_key(dir, buf_cstr(&name), other, false); /* named for another key: by trying again */
	test_ok(find(dir, &k, &e), &e);
	assert_int_equal(EVP_PKEY_eq(crypto_key_evp(k), key), 1);
	crypto_key_free(k);
	buf_fini(&name);
	EVP_PKEY_free(other);
	free(sub);
	test_rmdir(dir);
}

static void a_key_file_beyond_64_kib_is_not_read(void **state)
{
	char *dir = test_dir(), *big = x_alloc(70000);
	struct crypto_key *k = NULL;
	struct ord_err e = ERR_INIT;
	char *path = file_join(dir, "big.pem");
	FILE *f;

	(void)state;
	put_key(dir, "big.pem", key, false);
	test_ok(find(dir, &k, &e), &e);
	crypto_key_free(k);
	f = fopen(path, "a");
	memset(big, '\n', 70000);
	fwrite(big, 1, 70000, f);
	fclose(f);
	assert_int_equal(find(dir, &k, &e), ORD_ENOENT);
	free(path);
	free(big);
	test_rmdir(dir);
}

static void an_encrypted_key_is_refused_by_name(void **state)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct crypto_key *k;
	struct ord_err e = ERR_INIT;
	char *text;
	long len;

	(void)state;
	PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), "pw", 2, NULL, NULL);
	len = BIO_get_mem_data(bio, &text);
	test_fails(crypto_key_from_pem(bytes_of(text, (size_t)len), &k, &e), &e, ORD_EINVAL,
		   "the private key is encrypted: decrypt it, no password can be given");
	BIO_free(bio);
	test_fails(crypto_key_from_pem(bytes_str("x"), &k, &e), &e, ORD_EINVAL,
		   "failed to decode PEM block with private key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_low_s_signature_holds),
		cmocka_unit_test(a_high_s_signature_is_refused_with_both_numbers),
		cmocka_unit_test(der_is_as_strict_as_gos),
		cmocka_unit_test(huge_numbers_cost_nothing),
		cmocka_unit_test(every_curve_signs_low_and_verifies),
		cmocka_unit_test(other_keys_are_refused),
		cmocka_unit_test(a_certificate_is_brought_to_low_s),
		cmocka_unit_test(pem_is_read_as_go_reads_it),
		cmocka_unit_test(pem_is_written_as_go_writes_it),
		cmocka_unit_test(a_certificate_with_trailing_bytes_is_refused),
		cmocka_unit_test(a_key_is_found_by_name_or_by_trying_all),
		cmocka_unit_test(a_key_file_beyond_64_kib_is_not_read),
		cmocka_unit_test(an_encrypted_key_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
