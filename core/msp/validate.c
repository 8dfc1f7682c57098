/* SPDX-License-Identifier: Apache-2.0 */
/* Is this certificate an identity of that MSP (spec 3.5)? */
#include <msp/msp_priv.h>
#include <openssl/err.h>
#include <openssl/objects.h>

int msp_sanitise(const struct msp *m, struct msp_cert **cert, struct ord_err *e)
{
	struct msp_chain chain;
	const struct msp_cert *parent = *cert;
	X509 *low;
	int rc;

	if (!parent->ecdsa_signed)
		return 0;
	/* A root in another form than the configured one is its own parent, as Fabric 2.5 has it.
	 */
	if (!parent->is_ca || msp_cert_signed_by(parent, parent) != NULL) {
		rc = msp_chain_find(*cert, &m->roots, &m->intermediates, &chain, e);
		if (rc < 0)
			return rc;
		parent = chain.cert[chain.len > 1];
	}
	rc = crypto_cert_low_s((*cert)->x, X509_get0_pubkey(parent->x), &low, e);
	if (rc < 0)
		return rc;
	if (low == (*cert)->x) {
		X509_free(low);
	} else {
		msp_cert_free(*cert);
		*cert = msp_cert_new(low);
	}
	return 0;
}

/* Not a CA, one chain, issued by a leaf of the CA tree. */
static int identity_chain(const struct msp *m, const struct msp_cert *cert, struct msp_chain *chain,
			  struct ord_err *e)
{
	const struct msp_cert *parent;
	int rc;

	if (cert->is_ca)
		return err_set(e, ORD_EPERM,
			       "An X509 certificate with Basic Constraint: Certificate Authority "
			       "equals true cannot be used as an identity");
	rc = msp_chain_find(cert, &m->roots, &m->intermediates, chain, e);
	if (rc < 0)
		return err_wrap(e, "failed getting validation chain");
	if (chain->len < 2)
		return err_set(e, ORD_EPERM, "expected a chain of length at least 2, got %zu",
			       chain->len);
	parent = chain->cert[1];
	if (parent->internal)
		return err_set(e, ORD_EPERM,
			       "invalid validation chain. Parent certificate should be a leaf of "
			       "the certification tree");
	return 0;
}

void msp_units_fini(struct msp_units *u)
{
	free(u->name);
	buf_fini(&u->text);
	*u = (struct msp_units){.n = 0};
}

/* Append the UTF-8 form of one OU; views are made when the text stands still. */
static void add_unit(struct msp_units *u, X509_NAME_ENTRY *entry)
{
	unsigned char *text;
	int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));

	if (len < 0) {
		ERR_clear_error();
		return;
	}
	u->name = x_realloc(u->name, (u->n + 1) * sizeof(*u->name));
	u->name[u->n++] = bytes_of(NULL, (size_t)len);
	buf_add(&u->text, text, (size_t)len);
	OPENSSL_free(text);
}

static void fill_units(const struct msp *m, const struct msp_cert *cert,
		       const struct msp_chain *chain, struct msp_units *u)
{
	X509_NAME *subject = X509_get_subject_name(cert->x);
	size_t pos = 0;
	int at = -1;

	msp_chain_digest(m, chain, 1, &u->certifiers);
	while ((at = X509_NAME_get_index_by_NID(subject, NID_organizationalUnitName, at)) >= 0)
		add_unit(u, X509_NAME_get_entry(subject, at));
	for (size_t i = 0; i < u->n; i++) {
		u->name[i].data = u->text.data + pos;
		pos += u->name[i].len;
	}
}

int msp_check_identity(const struct msp *m, const struct msp_cert *cert, struct msp_units *u,
		       struct ord_err *e)
{
	struct msp_chain chain;

	*u = (struct msp_units){.n = 0};
	if (identity_chain(m, cert, &chain, e) < 0)
		return err_wrap(e, "could not obtain certification chain");
	fill_units(m, cert, &chain, u);
	if (msp_check_revoked(m, cert, &chain, e) < 0)
		return err_wrap(e, "could not validate identity against certification chain");
	if (msp_check_units(m, u, e) < 0)
		return err_wrap(e, "could not validate identity's OUs");
	return 0;
}
