/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revocation lists.  A list counts for the certificates of the CA whose key it names, if that CA
 * signed it; dates, in the list and of the list, do not count (spec 3.5).
 */
#include <msp/msp_priv.h>
#include <openssl/err.h>

static struct log_logger logger = LOG_LOGGER("msp");

struct msp_crl {
	X509_CRL *crl;
	struct map *serials; /* revoked, by their DER */
	struct ord_bytes aki;
	AUTHORITY_KEYID *aki_ext;
	const char *no_aki; /* why there is none: every check fails then */
};

static void load_serials(struct msp_crl *c)
{
	STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(c->crl);

	c->serials = map_new();
	for (int i = 0; i < sk_X509_REVOKED_num(revoked); i++) {
		struct buf der = BUF_INIT;

		msp_serial_der(X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(revoked, i)),
			       &der);
		map_put(c->serials, buf_bytes(&der), c);
		buf_fini(&der);
	}
}

static void load_aki(struct msp_crl *c)
{
	int critical;

	c->aki_ext = X509_CRL_get_ext_d2i(c->crl, NID_authority_key_identifier, &critical, NULL);
	if (!c->aki_ext)
		c->no_aki = critical == -1 ? "authorityKeyIdentifier not found in certificate"
					   : "failed to unmarshal AKI";
	else if (c->aki_ext->keyid)
		c->aki = bytes_of(c->aki_ext->keyid->data, (size_t)c->aki_ext->keyid->length);
	ERR_clear_error();
}

int msp_crl_parse(struct ord_bytes text, struct msp_crl **out, struct ord_err *e)
{
	struct ord_bytes rest = text, label, der = text;
	struct buf pem = BUF_INIT;
	const unsigned char *p;
	struct msp_crl *c;
	X509_CRL *crl;

	if (text.len > strlen("-----BEGIN X509 CRL") &&
	    memcmp(text.data, "-----BEGIN X509 CRL", strlen("-----BEGIN X509 CRL")) == 0 &&
	    crypto_pem_next(&rest, &label, &pem))
		der = buf_bytes(&pem);
	p = der.data;
	crl = der.len && der.len <= INT32_MAX ? d2i_X509_CRL(NULL, &p, (long)der.len) : NULL;
	ERR_clear_error();
	if (!crl || p != der.data + der.len) {
		X509_CRL_free(crl);
		buf_fini(&pem);
		return err_set(e, ORD_EINVAL, "could not parse RevocationList: %s",
			       crl ? "trailing data" : "malformed");
	}
	buf_fini(&pem);
	c = x_alloc(sizeof(*c));
	c->crl = crl;
	load_serials(c);
	load_aki(c);
	*out = c;
	return 0;
}

void msp_crl_free(struct msp_crl *c)
{
	if (!c)
		return;
	AUTHORITY_KEYID_free(c->aki_ext);
	map_free(c->serials, NULL);
	X509_CRL_free(c->crl);
	free(c);
}

static bool signed_by(const struct msp_crl *c, const struct msp_cert *issuer)
{
	bool ok = X509_CRL_verify(c->crl, X509_get0_pubkey(issuer->x)) == 1;

	ERR_clear_error();
	if (!ok)
		log_warn(&logger, "Invalid signature over the identified CRL, error %s",
			 "its authority key identifier names a CA that did not sign it");
	return ok;
}

int msp_check_revoked(const struct msp *m, const struct msp_cert *cert,
		      const struct msp_chain *chain, struct ord_err *e)
{
	const struct msp_cert *issuer = chain->cert[1];
	const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(issuer->x);
	struct buf serial = BUF_INIT;
	int rc = 0;

	if (!ski)
		return err_set(e, ORD_EPERM,
			       "could not obtain Subject Key Identifier for signer cert: "
			       "subjectKeyIdentifier not found in certificate");
	msp_serial_der(X509_get0_serialNumber(cert->x), &serial);
	for (size_t i = 0; rc == 0 && i < m->n_crls; i++) {
		const struct msp_crl *c = m->crls[i];

		if (c->no_aki)
			rc = err_set(e, ORD_EPERM,
				     "could not obtain Authority Key Identifier for crl: %s",
				     c->no_aki);
		else if (bytes_eq(c->aki, bytes_of(ski->data, (size_t)ski->length)) &&
			 map_get(c->serials, buf_bytes(&serial)) && signed_by(c, issuer))
			rc = err_set(e, ORD_EPERM, "The certificate has been revoked");
	}
	buf_fini(&serial);
	return rc;
}
