/* SPDX-License-Identifier: Apache-2.0 */
/* Identities: everything asked of a certificate is worked out when the identity is made. */
#include <msp/msp_priv.h>

static void make_key(struct msp_identity *id)
{
	uint8_t hash[SHA256_LEN];

	sha256(buf_bytes(&id->der), hash);
	buf_add(&id->key, id->msp->name, strlen(id->msp->name) + 1);
	buf_add(&id->key, hash, sizeof(hash));
}

static struct msp_identity *identity_new(struct msp *m, uint64_t set, size_t n_answers)
{
	struct msp_identity *id = x_alloc(sizeof(*id) + n_answers * sizeof(id->answers[0]));

	atomic_init(&id->refs, 1);
	id->msp = msp_ref(m);
	id->set = set;
	id->not_after = INT64_MAX;
	id->n_answers = n_answers;
	return id;
}

static bool is_admin(const struct msp *m, struct ord_bytes der)
{
	for (size_t i = 0; i < m->n_admins; i++)
		if (bytes_eq(buf_bytes(&m->admins[i]->der), der))
			return true;
	return false;
}

static struct msp_identity *make_idemix(struct msp *m, struct ord_bytes id_bytes, uint64_t set,
					size_t n_answers)
{
	struct msp_identity *id = identity_new(m, set, n_answers);

	buf_add_bytes(&id->der, id_bytes);
	id->invalid = x_printf("Idemix identities are not supported, MSP: [%s]", m->name);
	make_key(id);
	return id;
}

static int import_key(const struct msp_cert *c, struct crypto_pubkey **pub, struct ord_err *e)
{
	*pub = NULL;
	if (EVP_PKEY_get_base_id(X509_get0_pubkey(c->x)) == EVP_PKEY_RSA)
		return 0; /* an identity, but one that cannot sign (spec 3.2) */
	if (crypto_pubkey_from_cert(c->x, pub, e) < 0)
		return err_set(e, ORD_EPERM,
			       "failed to import certificate's public key: Certificate's public "
			       "key type not recognized. Supported keys: [ECDSA, RSA]");
	return 0;
}

/* Steps 3 and 4 of spec 3.4, then the whole of 3.5. */
static int make_x509(struct msp *m, struct msp_cert **cert, uint64_t set, size_t n_answers,
		     struct msp_identity **out, struct ord_err *e)
{
	struct msp_identity *id;
	struct crypto_pubkey *pub;
	struct ord_err why = ERR_INIT;

	if (import_key(*cert, &pub, e) < 0)
		return ORD_EPERM;
	if (msp_sanitise(m, cert, e) < 0) {
		crypto_pubkey_unref(pub);
		return ORD_EPERM;
	}
	id = identity_new(m, set, n_answers);
	id->pub = pub;
	id->not_after = (*cert)->not_after;
	buf_add_bytes(&id->der, buf_bytes(&(*cert)->der));
	if (msp_check_identity(m, *cert, &id->units, &why) < 0)
		id->invalid = x_strdup(why.msg);
	id->admin = is_admin(m, buf_bytes(&id->der));
	make_key(id);
	*out = id;
	return 0;
}

static int parse(struct ord_bytes id_bytes, struct msp_cert **out, struct ord_err *e)
{
	struct ord_bytes label;
	struct buf der = BUF_INIT;
	X509 *x;
	int rc;

	if (id_bytes.len > MSP_MAX_PEM)
		return err_set(e, ORD_EPERM, "a certificate of %zu bytes is too large",
			       id_bytes.len);
	if (!crypto_pem_next(&id_bytes, &label, &der))
		return err_set(e, ORD_EPERM, "could not decode the PEM structure");
	rc = crypto_cert_from_der(buf_bytes(&der), &x, e);
	buf_fini(&der);
	if (rc < 0)
		return err_wrap(e, "parseCertificate failed");
	*out = msp_cert_new(x);
	return 0;
}

int msp_identity_make(struct msp *m, struct ord_bytes id_bytes, uint64_t set, size_t n_answers,
		      struct msp_identity **out, int64_t *not_after, struct ord_err *e)
{
	struct msp_cert *cert;
	int rc;

	*not_after = INT64_MAX;
	if (m && m->idemix) {
		*out = make_idemix(m, id_bytes, set, n_answers);
		return 0;
	}
	rc = parse(id_bytes, &cert, e);
	if (rc == 0) {
		*not_after = cert->not_after;
		rc = m ? make_x509(m, &cert, set, n_answers, out, e) : ORD_EPERM;
		msp_cert_free(cert);
	}
	if (rc < 0 && e)
		e->code = ORD_EPERM;
	return rc < 0 ? ORD_EPERM : 0;
}

struct msp_identity *msp_identity_ref(struct msp_identity *id)
{
	ref_get(&id->refs);
	return id;
}

void msp_identity_unref(struct msp_identity *id)
{
	if (!id || !ref_put(&id->refs))
		return;
	crypto_pubkey_unref(id->pub);
	msp_units_fini(&id->units);
	buf_fini(&id->der);
	buf_fini(&id->key);
	free(id->invalid);
	msp_unref(id->msp);
	free(id);
}

int msp_validate(struct msp_identity *id, struct ord_err *e)
{
	return id->invalid ? err_set(e, ORD_EPERM, "%s", id->invalid) : 0;
}

struct ord_bytes msp_identity_key(const struct msp_identity *id)
{
	return buf_bytes(&id->key);
}

const char *msp_identity_mspid(const struct msp_identity *id)
{
	return id->msp->name;
}

int64_t msp_identity_not_after(const struct msp_identity *id)
{
	return id->not_after;
}

void msp_describe_serialized(struct ord_bytes serialized, struct buf *out)
{
	Msp__SerializedIdentity *sid;
	struct msp_cert *cert;

	if (wire_unpack(&msp__serialized_identity__descriptor, serialized, &sid, NULL) < 0) {
		buf_add_str(out, "(not an identity)");
		return;
	}
	if (!*sid->mspid && sid->id_bytes.len == 0) {
		buf_add_str(out, "(nobody)");
		wire_free(sid);
		return;
	}
	buf_add_str(out, *sid->mspid ? sid->mspid : "(no MSP)");
	if (parse(wire_bytes(sid->id_bytes), &cert, NULL) == 0) {
		buf_add_str(out, " '");
		msp_name_text(X509_get_subject_name(cert->x), out);
		buf_add_u8(out, '\'');
		msp_cert_free(cert);
	} else {
		buf_add_str(out, " (no certificate)");
	}
	wire_free(sid);
}

int msp_verify_digest(struct msp_identity *id, const uint8_t digest[static 32],
		      struct ord_bytes sig, struct ord_err *e)
{
	if (id->msp->idemix)
		return msp_validate(id, e);
	if (strcmp(id->msp->hash_family, "SHA2") != 0)
		return err_set(e, ORD_EPERM,
			       "failed getting hash function options: hash familiy not recognized "
			       "[%s]",
			       id->msp->hash_family);
	if (!id->pub)
		return err_set(e, ORD_EPERM,
			       "could not determine the validity of the signature: an RSA key "
			       "does not sign for an identity");
	return crypto_verify_digest(id->pub, digest, sig, e);
}
