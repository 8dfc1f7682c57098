/* SPDX-License-Identifier: Apache-2.0 */
/* Organizational units: what an MSP declares, and what that means for an identity (spec 3.7). */
#include <msp/msp_priv.h>

static struct log_logger logger = LOG_LOGGER("msp");

void msp_chain_digest(const struct msp *m, const struct msp_chain *chain, size_t from,
		      struct msp_digest *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned len;

	util_assert(ctx && EVP_DigestInit_ex(ctx, m->hash, NULL) == 1);
	for (size_t i = from; i < chain->len; i++)
		EVP_DigestUpdate(ctx, chain->cert[i]->der.data, chain->cert[i]->der.len);
	EVP_DigestFinal_ex(ctx, out->bytes, &len);
	out->len = len;
	EVP_MD_CTX_free(ctx);
}

static bool digest_eq(const struct msp_digest *a, const struct msp_digest *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* ---- what the MSP declares ----------------------------------------------- */

static int unknown_ca(const struct msp_cert *cert, struct ord_err *e)
{
	struct buf subject = BUF_INIT;
	int rc;

	msp_name_text(X509_get_subject_name(cert->x), &subject);
	rc = err_set(e, ORD_EINVAL,
		     "Failed adding OU. Certificate [%s] not in root or intermediate certs.",
		     buf_cstr(&subject));
	buf_fini(&subject);
	return rc;
}

/* The chain that issues what configured CA @cert issues. */
static int certifiers_chain(const struct msp *m, const struct msp_cert *cert,
			    struct msp_chain *chain, struct ord_err *e)
{
	struct ord_bytes der = buf_bytes(&cert->der);
	const struct msp_cert *ca;
	int rc;

	if (msp_pool_find(&m->roots, der)) {
		chain->len = 1;
		chain->cert[0] = cert;
		return 0;
	}
	ca = msp_pool_find(&m->intermediates, der);
	if (!ca)
		return unknown_ca(cert, e);
	rc = msp_chain_find(cert, &m->roots, &m->intermediates, chain, e);
	if (rc < 0)
		return err_wrap(e, "Failed computing validation chain: failed getting validation "
				   "chain");
	if (ca->internal)
		return err_set(
			e, ORD_EINVAL,
			"Failed computing validation chain: invalid validation chain. Parent "
			"certificate should be a leaf of the certification tree");
	return 0;
}

static int certifiers_of(const struct msp *m, struct ord_bytes pem, struct msp_digest *out,
			 struct ord_err *e)
{
	struct msp_chain chain = {.len = 0};
	struct msp_cert *cert;
	int rc = msp_cert_from_conf(pem, &cert, e);

	if (rc < 0)
		return err_wrap(e, "Failed getting certificate");
	rc = msp_sanitise(m, &cert, e);
	if (rc < 0)
		err_wrap(e, "sanitizeCert failed");
	else
		rc = certifiers_chain(m, cert, &chain, e);
	if (rc == 0)
		msp_chain_digest(m, &chain, 0, out);
	msp_cert_free(cert);
	return rc;
}

static bool have_ou(const struct msp *m, const char *name, const struct msp_digest *certifiers)
{
	for (size_t i = 0; i < m->n_ous; i++)
		if (strcmp(m->ous[i].name, name) == 0 &&
		    digest_eq(&m->ous[i].certifiers, certifiers))
			return true;
	return false;
}

int msp_setup_ous(struct msp *m, const Msp__FabricMSPConfig *conf, struct ord_err *e)
{
	size_t n = conf->n_organizational_unit_identifiers;

	m->ous = x_alloc(n * sizeof(*m->ous) + 1);
	for (size_t i = 0; i < n; i++) {
		const Msp__FabricOUIdentifier *ou = conf->organizational_unit_identifiers[i];
		struct msp_digest certifiers;

		if (certifiers_of(m, wire_bytes(ou->certificate), &certifiers, e) < 0)
			return err_wrap(e, "failed getting certificate for [%s]",
					ou->organizational_unit_identifier);
		if (have_ou(m, ou->organizational_unit_identifier, &certifiers)) {
			log_warn(&logger, "Duplicate found in ou identifiers [%s]",
				 ou->organizational_unit_identifier);
			continue;
		}
		m->ous[m->n_ous].name = x_strdup(ou->organizational_unit_identifier);
		m->ous[m->n_ous++].certifiers = certifiers;
	}
	return 0;
}

static int setup_node_ou(struct msp *m, enum msp_node_ou which, const Msp__FabricOUIdentifier *conf,
			 struct ord_err *e)
{
	struct msp_ou *ou = &m->node_ou[which];

	if (!conf)
		return 0;
	ou->name = x_strdup(conf->organizational_unit_identifier);
	if (conf->certificate.len == 0)
		return 0;
	return certifiers_of(m, wire_bytes(conf->certificate), &ou->certifiers, e);
}

static bool named(const Msp__FabricOUIdentifier *ou)
{
	return ou && ou->organizational_unit_identifier[0];
}

int msp_setup_node_ous(struct msp *m, const Msp__FabricNodeOUs *conf, struct ord_err *e)
{
	const Msp__FabricOUIdentifier *all[NODE_OUS] = {NULL};
	int rc = 0;

	if (!conf)
		return 0;
	m->node_ous = conf->enable;
	all[NODE_CLIENT] = conf->client_ou_identifier;
	all[NODE_PEER] = conf->peer_ou_identifier;
	if (m->version < MSP_V1_4_3) {
		if (!named(all[NODE_CLIENT]))
			return err_set(
				e, ORD_EINVAL,
				"Failed setting up NodeOUs. ClientOU must be different from nil.");
		if (!named(all[NODE_PEER]))
			return err_set(
				e, ORD_EINVAL,
				"Failed setting up NodeOUs. PeerOU must be different from nil.");
	} else {
		all[NODE_ADMIN] = conf->admin_ou_identifier;
		all[NODE_ORDERER] = conf->orderer_ou_identifier;
		if (!all[NODE_CLIENT] && !all[NODE_PEER] && !all[NODE_ADMIN] && !all[NODE_ORDERER])
			m->node_ous = false;
	}
	for (int i = 0; rc == 0 && i < NODE_OUS; i++)
		rc = setup_node_ou(m, (enum msp_node_ou)i, all[i], e);
	return rc;
}

/* ---- what it means for an identity --------------------------------------- */

/* "[client(0123456789ABCDEF) …]" */
static void print_units(const struct msp_units *u, struct buf *b)
{
	buf_add_u8(b, '[');
	for (size_t i = 0; i < u->n; i++) {
		buf_printf(b, "%s%.*s(", i ? " " : "", (int)u->name[i].len,
			   (const char *)u->name[i].data);
		for (int n = 0; n < 8; n++)
			buf_printf(b, "%02X", u->certifiers.bytes[n]);
		buf_add_u8(b, ')');
	}
	buf_add_u8(b, ']');
}

static int refuse_units(const struct msp_units *u, const struct msp *m, const char *before,
			const char *between, const char *after, struct ord_err *e)
{
	struct buf b = BUF_INIT;
	int rc;

	print_units(u, &b);
	rc = err_set(e, ORD_EPERM, "%s%s%s%s%s", before, buf_cstr(&b), between, m->name, after);
	buf_fini(&b);
	return rc;
}

static int check_ou_identifiers(const struct msp *m, const struct msp_units *u, struct ord_err *e)
{
	if (m->n_ous == 0)
		return 0;
	for (size_t i = 0; i < u->n; i++)
		for (size_t n = 0; n < m->n_ous; n++)
			if (bytes_eq_str(u->name[i], m->ous[n].name) &&
			    digest_eq(&m->ous[n].certifiers, &u->certifiers))
				return 0;
	if (u->n == 0)
		return err_set(e, ORD_EPERM,
			       "the identity certificate does not contain an Organizational Unit "
			       "(OU)");
	return refuse_units(u, m, "none of the identity's organizational units ", " are in MSP ",
			    "", e);
}

/* Where two roles share a name, Fabric's later one counts: v1.1 looks at the client first. */
static const struct msp_ou *node_ou_of(const struct msp *m, struct ord_bytes name)
{
	const struct msp_ou *ou = NULL;

	for (int i = 0; i < NODE_OUS; i++)
		if (m->node_ou[i].name && bytes_eq_str(name, m->node_ou[i].name) &&
		    (!ou || m->version == MSP_V1_4_3))
			ou = &m->node_ou[i];
	return ou;
}

static int check_node_ous(const struct msp *m, const struct msp_units *u, struct ord_err *e)
{
	unsigned count = 0;

	for (size_t i = 0; i < u->n && count < 2; i++) {
		const struct msp_ou *ou = node_ou_of(m, u->name[i]);

		if (!ou)
			continue;
		if (ou->certifiers.len && !digest_eq(&ou->certifiers, &u->certifiers))
			return refuse_units(
				u, m, "certifiersIdentifier does not match: ", ", MSP: [", "]", e);
		count++;
	}
	if (count == 1)
		return 0;
	return refuse_units(u, m,
			    m->version == MSP_V1_4_3
				    ? "the identity must be a client, a peer, an orderer or an "
				      "admin identity to be valid, not a combination of them. OUs: "
				    : "the identity must be a client or a peer identity to be "
				      "valid, not a combination of them. OUs: ",
			    ", MSP: [", "]", e);
}

int msp_check_units(const struct msp *m, const struct msp_units *u, struct ord_err *e)
{
	int rc = check_ou_identifiers(m, u, e);

	return rc < 0 || !m->node_ous ? rc : check_node_ous(m, u, e);
}

const char *msp_role_name(int role)
{
	static const char *const names[] = {"MEMBER", "ADMIN", "CLIENT", "PEER", "ORDERER"};

	return role >= 0 && (size_t)role < UTIL_ARRAY_LEN(names) ? names[role] : NULL;
}

int msp_has_role(const struct msp *m, const struct msp_units *u, int role, struct ord_err *e)
{
	static const enum msp_node_ou of_role[] = {
		[MSP__MSPROLE__MSPROLE_TYPE__CLIENT] = NODE_CLIENT,
		[MSP__MSPROLE__MSPROLE_TYPE__PEER] = NODE_PEER,
		[MSP__MSPROLE__MSPROLE_TYPE__ADMIN] = NODE_ADMIN,
		[MSP__MSPROLE__MSPROLE_TYPE__ORDERER] = NODE_ORDERER,
	};
	const char *name = msp_role_name(role), *ou;

	if (!m->node_ous)
		return err_set(e, ORD_EPERM,
			       "NodeOUs not activated. Cannot tell apart identities.");
	util_assert(name && role != MSP__MSPROLE__MSPROLE_TYPE__MEMBER);
	ou = m->node_ou[of_role[role]].name;
	if (!ou)
		return err_set(e, ORD_EPERM,
			       "cannot test for classification, node ou for type [%s], not "
			       "defined, msp: [%s]",
			       name, m->name);
	for (size_t i = 0; i < u->n; i++)
		if (bytes_eq_str(u->name[i], ou))
			return 0;
	return err_set(e, ORD_EPERM, "The identity does not contain OU [%s], MSP: [%s]", name,
		       m->name);
}
