/* SPDX-License-Identifier: Apache-2.0 */
/* crypto_cert: X.509 by OpenSSL, extension for extension as Go's x509 package writes them. */
#include "crypto_cert.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

enum { VALID_SEC = 3650 * 24 * 3600, BACKDATE_SEC = 5 * 60 };

/* Only memory or a broken library can make these calls fail. */
static int openssl_failed(const char *what, struct ord_err *e)
{
	char text[200];

	ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	return err_set(e, ORD_EINTERNAL, "%s: %s", what, text);
}

int cert_new_key(EVP_PKEY **out, struct ord_err *e)
{
	*out = EVP_EC_gen("P-256");
	return *out ? 0 : openssl_failed("make a key", e);
}

void cert_key_ski(EVP_PKEY *key, uint8_t out[static SHA256_LEN])
{
	unsigned char *point = NULL;
	size_t len = EVP_PKEY_get1_encoded_public_key(key, &point);

	util_assert(len > 0);
	sha256(bytes_of(point, len), out);
	OPENSSL_free(point);
}

/* ---- subject ------------------------------------------------------------- */

/* Go writes PrintableString where the characters allow it ('*', '&' and '@' do not), else UTF-8. */
static int string_type(const char *s)
{
	static const char printable[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789 '()+,-./:=?";

	return strspn(s, printable) == strlen(s) ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING;
}

/* @set: 0 a new RDN, -1 a further value of the last one. */
static bool add_rdn(X509_NAME *name, int nid, const char *value, int set)
{
	if (!value || !*value)
		return true;
	return X509_NAME_add_entry_by_NID(name, nid, string_type(value),
					  (const unsigned char *)value, -1, -1, set) == 1;
}

static const char *or_default(const char *value, const char *fallback)
{
	return value && *value ? value : fallback;
}

static int set_subject(X509 *cert, const struct cc_spec *s, const char *organization,
		       const char *ou, const char *common_name, struct ord_err *e)
{
	X509_NAME *name = X509_get_subject_name(cert);
	bool unit = s->unit && *s->unit;

	if (!add_rdn(name, NID_countryName, or_default(s->country, "US"), 0) ||
	    !add_rdn(name, NID_stateOrProvinceName, or_default(s->province, "California"), 0) ||
	    !add_rdn(name, NID_localityName, or_default(s->locality, "San Francisco"), 0) ||
	    !add_rdn(name, NID_streetAddress, s->street, 0) ||
	    !add_rdn(name, NID_postalCode, s->postal_code, 0) ||
	    !add_rdn(name, NID_organizationName, organization, 0) ||
	    !add_rdn(name, NID_organizationalUnitName, s->unit, 0) ||
	    !add_rdn(name, NID_organizationalUnitName, ou, unit ? -1 : 0) ||
	    !add_rdn(name, NID_commonName, common_name, 0))
		return err_set(e, ORD_EINVAL,
			       "the subject of %s cannot be encoded: a field is too long or empty",
			       common_name);
	return 0;
}

/* ---- the frame ----------------------------------------------------------- */

static bool set_validity(X509 *cert)
{
	int64_t now = clock_wall_ns() / (int64_t)CLOCK_SEC_NS;
	time_t from = (time_t)((now + 30) / 60 * 60 - BACKDATE_SEC);

	return ASN1_TIME_set(X509_getm_notBefore(cert), from) &&
	       ASN1_TIME_set(X509_getm_notAfter(cert), from + VALID_SEC);
}

static bool set_serial(X509 *cert)
{
	BIGNUM *n = BN_new();
	bool ok = n && BN_rand(n, 128, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
		  BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));

	BN_free(n);
	return ok;
}

static X509 *new_cert(EVP_PKEY *key)
{
	X509 *cert = X509_new();

	if (cert && X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
	    set_validity(cert) && X509_set_pubkey(cert, key))
		return cert;
	X509_free(cert);
	return NULL;
}

/* ---- extensions ---------------------------------------------------------- */

static bool add_ext(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *x = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool ok = x && X509_add_ext(cert, x, -1);

	X509_EXTENSION_free(x);
	return ok;
}

static bool add_ski(X509 *cert, EVP_PKEY *key)
{
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	uint8_t ski[SHA256_LEN];
	bool ok;

	cert_key_ski(key, ski);
	ok = id && ASN1_OCTET_STRING_set(id, ski, sizeof(ski)) &&
	     X509_add1_ext_i2d(cert, NID_subject_key_identifier, id, 0, X509V3_ADD_APPEND) == 1;
	ASN1_OCTET_STRING_free(id);
	return ok;
}

static bool add_aki(X509 *cert, X509 *issuer)
{
	AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();
	bool ok;

	if (id)
		id->keyid = ASN1_OCTET_STRING_dup(X509_get0_subject_key_id(issuer));
	ok = id && id->keyid &&
	     X509_add1_ext_i2d(cert, NID_authority_key_identifier, id, 0, X509V3_ADD_APPEND) == 1;
	AUTHORITY_KEYID_free(id);
	return ok;
}

/* The address that @text is; its length in bytes, 0 when it is a DNS name. */
static int parse_ip(const char *text, uint8_t out[static 16])
{
	if (inet_pton(AF_INET, text, out) == 1)
		return 4;
	return inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
}

static bool push_name(GENERAL_NAMES *names, int type, const void *data, int len)
{
	GENERAL_NAME *n = GENERAL_NAME_new();
	ASN1_STRING *s =
		ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);

	if (n && s && ASN1_STRING_set(s, data, len)) {
		GENERAL_NAME_set0_value(n, type, s);
		if (sk_GENERAL_NAME_push(names, n) > 0)
			return true;
		s = NULL;
	}
	ASN1_STRING_free(s);
	GENERAL_NAME_free(n);
	return false;
}

/* DNS names first, then addresses: Go's order. */
static bool add_sans(X509 *cert, const struct yaml_strs *sans)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	bool ok = names != NULL;
	uint8_t ip[16];

	for (size_t i = 0; ok && i < sans->n; i++) {
		if (parse_ip(sans->item[i], ip) == 0)
			ok = push_name(names, GEN_DNS, sans->item[i], (int)strlen(sans->item[i]));
	}
	for (size_t i = 0; ok && i < sans->n; i++) {
		int len = parse_ip(sans->item[i], ip);

		if (len > 0)
			ok = push_name(names, GEN_IPADD, ip, len);
	}
	ok = ok && X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND) == 1;
	GENERAL_NAMES_free(names);
	return ok;
}

static bool add_ca_extensions(X509 *cert, EVP_PKEY *key)
{
	return add_ext(cert, NID_key_usage,
		       "critical,digitalSignature,keyEncipherment,keyCertSign,cRLSign") &&
	       add_ext(cert, NID_ext_key_usage, "clientAuth,serverAuth") &&
	       add_ext(cert, NID_basic_constraints, "critical,CA:TRUE") && add_ski(cert, key);
}

static bool add_leaf_extensions(X509 *cert, const struct authority *by,
				const struct cert_request *req)
{
	const char *usage = req->tls ? "critical,digitalSignature,keyEncipherment"
				     : "critical,digitalSignature";

	return add_ext(cert, NID_key_usage, usage) &&
	       (!req->tls || add_ext(cert, NID_ext_key_usage, "serverAuth,clientAuth")) &&
	       add_ext(cert, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_aki(cert, by->cert) &&
	       (!req->sans || req->sans->n == 0 || add_sans(cert, req->sans));
}

/* ---- signing ------------------------------------------------------------- */

/* Fabric refuses signatures whose S is in the upper half of the order. */
static int sign(X509 **cert, EVP_PKEY *key, struct ord_err *e)
{
	X509 *low;
	int rc;

	if (X509_sign(*cert, key, EVP_sha256()) <= 0)
		return openssl_failed("sign a certificate", e);
	rc = crypto_cert_low_s(*cert, key, &low, e);
	if (rc < 0)
		return rc;
	X509_free(*cert);
	*cert = low;
	return 0;
}

int cert_authority(const char *organization, const char *common_name, const struct cc_spec *spec,
		   struct authority *out, struct ord_err *e)
{
	int rc;

	*out = (struct authority){.spec = spec};
	rc = cert_new_key(&out->key, e);
	if (rc < 0)
		return rc;
	out->cert = new_cert(out->key);
	if (!out->cert || !add_ca_extensions(out->cert, out->key))
		rc = openssl_failed("make a CA certificate", e);
	if (rc == 0)
		rc = set_subject(out->cert, spec, organization, NULL, common_name, e);
	if (rc == 0 && !X509_set_issuer_name(out->cert, X509_get_subject_name(out->cert)))
		rc = openssl_failed("make a CA certificate", e);
	if (rc == 0)
		rc = sign(&out->cert, out->key, e);
	if (rc < 0)
		cert_authority_fini(out);
	return rc;
}

void cert_authority_fini(struct authority *a)
{
	EVP_PKEY_free(a->key);
	X509_free(a->cert);
	*a = (struct authority){NULL, NULL, NULL};
}

int cert_issue(const struct authority *by, EVP_PKEY *key, const struct cert_request *req,
	       X509 **out, struct ord_err *e)
{
	X509 *cert = new_cert(key);
	int rc = 0;

	if (!cert || !X509_set_issuer_name(cert, X509_get_subject_name(by->cert)) ||
	    !add_leaf_extensions(cert, by, req))
		rc = openssl_failed("make a certificate", e);
	if (rc == 0)
		rc = set_subject(cert, by->spec, NULL, req->ou, req->common_name, e);
	if (rc == 0)
		rc = sign(&cert, by->key, e);
	if (rc < 0) {
		X509_free(cert);
		return rc;
	}
	*out = cert;
	return 0;
}
