/* SPDX-License-Identifier: Apache-2.0 */
/* What Go's x509 package knows of a certificate, asked of OpenSSL once. */
#include <msp/msp_priv.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <time.h>

/* The critical extensions that Go's x509.Verify handles. */
static bool go_handles(int nid)
{
	static const int known[] = {
		NID_key_usage,        NID_basic_constraints,       NID_subject_alt_name,
		NID_name_constraints, NID_crl_distribution_points, NID_authority_key_identifier,
		NID_ext_key_usage,    NID_subject_key_identifier,  NID_certificate_policies,
		NID_info_access,
	};

	for (size_t i = 0; i < UTIL_ARRAY_LEN(known); i++)
		if (known[i] == nid)
			return true;
	return false;
}

static bool has_unhandled(X509 *x)
{
	for (int i = 0; i < X509_get_ext_count(x); i++) {
		X509_EXTENSION *ext = X509_get_ext(x, i);

		if (X509_EXTENSION_get_critical(ext) &&
		    !go_handles(OBJ_obj2nid(X509_EXTENSION_get_object(ext))))
			return true;
	}
	return false;
}

static struct ord_bytes name_der(X509_NAME *name)
{
	const unsigned char *p = NULL;
	size_t len = 0;

	X509_NAME_get0_der(name, &p, &len);
	return bytes_of(p, len);
}

static bool is_ecdsa(int nid)
{
	return nid == NID_ecdsa_with_SHA1 || nid == NID_ecdsa_with_SHA256 ||
	       nid == NID_ecdsa_with_SHA384 || nid == NID_ecdsa_with_SHA512;
}

struct msp_cert *msp_cert_new(X509 *x)
{
	struct msp_cert *c = x_alloc(sizeof(*c));
	uint32_t flags = X509_get_extension_flags(x), eku = X509_get_extended_key_usage(x);

	c->x = x;
	crypto_cert_der(x, &c->der);
	c->subject = name_der(X509_get_subject_name(x));
	c->issuer = name_der(X509_get_issuer_name(x));
	c->not_before = crypto_cert_not_before(x);
	c->not_after = crypto_cert_not_after(x);
	c->v3 = X509_get_version(x) == X509_VERSION_3;
	c->basic = flags & EXFLAG_BCONS;
	c->is_ca = flags & EXFLAG_CA;
	c->may_sign = X509_get_key_usage(x) & KU_KEY_CERT_SIGN; /* all bits when there is none */
	c->eku_fits = eku & (XKU_SSL_SERVER | XKU_ANYEKU);      /* the same */
	c->unhandled = has_unhandled(x);
	c->ecdsa_signed = is_ecdsa(X509_get_signature_nid(x));
	c->path_len = c->basic ? X509_get_pathlen(x) : -1;
	c->names = X509_get_ext_d2i(x, NID_name_constraints, NULL, NULL);
	ERR_clear_error();
	return c;
}

void msp_cert_free(struct msp_cert *c)
{
	if (!c)
		return;
	NAME_CONSTRAINTS_free(c->names);
	X509_free(c->x);
	buf_fini(&c->der);
	free(c);
}

int msp_cert_from_conf(struct ord_bytes pem, struct msp_cert **out, struct ord_err *e)
{
	struct ord_bytes label;
	struct buf der = BUF_INIT;
	X509 *x;
	int rc;

	if (!crypto_pem_next(&pem, &label, &der))
		return err_set(e, ORD_EINVAL, "getCertFromPem error: could not decode pem bytes");
	rc = crypto_cert_from_der(buf_bytes(&der), &x, e);
	buf_fini(&der);
	if (rc < 0)
		return err_wrap(e, "getCertFromPem error: failed to parse x509 cert");
	*out = msp_cert_new(x);
	return 0;
}

/* Go's reasons not to try a signature at all. */
static const char *weak_algorithm(int sig_nid)
{
	int md, pkey;

	if (!OBJ_find_sigid_algs(sig_nid, &md, &pkey))
		return "x509: cannot verify signature: algorithm unimplemented";
	if (md == NID_md2 || md == NID_md5 || md == NID_sha1)
		return "x509: cannot verify signature: insecure algorithm";
	if (pkey == NID_rsaEncryption || pkey == NID_X9_62_id_ecPublicKey ||
	    pkey == NID_rsassaPss || pkey == NID_ED25519)
		return NULL;
	return "x509: cannot verify signature: algorithm unimplemented";
}

const char *msp_cert_signed_by(const struct msp_cert *child, const struct msp_cert *parent)
{
	const char *why;
	bool ok;

	if ((parent->v3 && !parent->basic) || (parent->basic && !parent->is_ca) ||
	    !parent->may_sign)
		return "x509: invalid signature: parent certificate cannot sign this kind of "
		       "certificate";
	why = weak_algorithm(X509_get_signature_nid(child->x));
	if (why)
		return why;
	ok = X509_verify(child->x, X509_get0_pubkey(parent->x)) == 1;
	ERR_clear_error();
	if (ok)
		return NULL;
	return child->ecdsa_signed ? "x509: ECDSA verification failure"
				   : "x509: signature verification failure";
}

bool msp_cert_has_san(const struct msp_cert *c)
{
	return X509_get_ext_by_NID(c->x, NID_subject_alt_name, -1) >= 0;
}

bool msp_cert_common_name(const struct msp_cert *c, struct buf *out)
{
	X509_NAME *name = X509_get_subject_name(c->x);
	int at = -1, last = -1, len;
	unsigned char *text;

	while ((at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0)
		last = at; /* Go keeps the last one */
	if (last < 0)
		return false;
	len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
	if (len < 0) {
		ERR_clear_error();
		return false;
	}
	buf_add(out, text, (size_t)len);
	OPENSSL_free(text);
	return len > 0;
}

static char *serial_text(const struct msp_cert *c, char *(*print)(const BIGNUM *), bool hex)
{
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(c->x), NULL);
	char *text = n ? print(n) : NULL;
	char *out = x_strdup(text ? text : "?");

	if (hex) { /* Go: lower case, no leading zero */
		size_t skip = out[0] == '0' && out[1] ? 1 : 0;

		memmove(out, out + skip, strlen(out + skip) + 1);
		for (char *p = out; *p; p++)
			*p = *p >= 'A' && *p <= 'F' ? (char)(*p + 'a' - 'A') : *p;
	}
	OPENSSL_free(text);
	BN_free(n);
	return out;
}

char *msp_cert_serial_hex(const struct msp_cert *c)
{
	return serial_text(c, BN_bn2hex, true);
}

char *msp_cert_serial_dec(const struct msp_cert *c)
{
	return serial_text(c, BN_bn2dec, false);
}

void msp_serial_der(const ASN1_INTEGER *serial, struct buf *out)
{
	int len = i2d_ASN1_INTEGER(serial, NULL);
	unsigned char *p;

	util_assert(len > 0);
	buf_reserve(out, (size_t)len);
	p = out->data + out->len;
	out->len += (size_t)i2d_ASN1_INTEGER(serial, &p);
}

void msp_name_text(const X509_NAME *name, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	util_assert(bio);
	X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
	len = BIO_get_mem_data(bio, &text);
	buf_add(out, text, len > 0 ? (size_t)len : 0);
	BIO_free(bio);
}

void msp_date(int64_t sec, const char *format, struct buf *out)
{
	char text[64];
	time_t t = (time_t)sec;
	struct tm tm;

	if (gmtime_r(&t, &tm) && strftime(text, sizeof(text), format, &tm) > 0)
		buf_add_str(out, text);
}
