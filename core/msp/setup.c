/* SPDX-License-Identifier: Apache-2.0 */
/* One MSP out of its configuration: every rule of spec 3.6, in Fabric's order. */
#include <msp/msp_priv.h>
#include <openssl/evp.h>

typedef int (*setup_step)(struct msp *m, const Msp__FabricMSPConfig *conf, struct ord_err *e);

static int setup_crypto(struct msp *m, const Msp__FabricMSPConfig *conf, struct ord_err *e)
{
	static const struct {
		const char *name;
		const EVP_MD *(*md)(void);
	} known[] = {{"SHA256", EVP_sha256},
		     {"SHA384", EVP_sha384},
		     {"SHA3_256", EVP_sha3_256},
		     {"SHA3_384", EVP_sha3_384}};
	const Msp__FabricCryptoConfig *c = conf->crypto_config;
	const char *family = c ? c->signature_hash_family : "";
	const char *hash = c ? c->identity_identifier_hash_function : "";

	m->hash_family = x_strdup(family[0] ? family : "SHA2");
	if (!hash[0])
		hash = "SHA256";
	for (size_t i = 0; i < UTIL_ARRAY_LEN(known); i++)
		if (strcmp(known[i].name, hash) == 0)
			m->hash = known[i].md();
	if (!m->hash)
		return err_set(e, ORD_EINVAL,
			       "failed getting hash function options: hash function not "
			       "recognized [%s]",
			       hash);
	return 0;
}

/* ---- certificate authorities --------------------------------------------- */

static int load_pool(const ProtobufCBinaryData *pems, size_t n, struct msp_pool *pool,
		     struct ord_err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct msp_cert *c;

		if (msp_cert_from_conf(wire_bytes(pems[i]), &c, e) < 0)
			return e->code;
		msp_pool_add(pool, c);
	}
	return 0;
}

/* A certificate of the configuration, in low-S form. */
static int conf_identity(const struct msp *m, ProtobufCBinaryData pem, struct msp_cert **out,
			 struct ord_err *e)
{
	int rc = msp_cert_from_conf(wire_bytes(pem), out, e);

	if (rc == 0) {
		rc = msp_sanitise(m, out, e);
		if (rc < 0)
			msp_cert_free(*out);
	}
	return rc;
}

static int sanitised_pool(const struct msp *m, const ProtobufCBinaryData *pems, size_t n,
			  struct msp_pool *pool, struct ord_err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct msp_cert *c;

		if (conf_identity(m, pems[i], &c, e) < 0)
			return e->code;
		msp_pool_add(pool, c);
	}
	return 0;
}

/* To bring a CA to low S takes its chain, so there is a pool before and a pool after. */
static int setup_cas(struct msp *m, const Msp__FabricMSPConfig *conf, struct ord_err *e)
{
	struct msp_pool roots = {0, NULL}, intermediates = {0, NULL};
	int rc;

	if (conf->n_root_certs == 0)
		return err_set(e, ORD_EINVAL, "expected at least one CA certificate");
	rc = load_pool(conf->root_certs, conf->n_root_certs, &m->roots, e);
	if (rc == 0)
		rc = load_pool(conf->intermediate_certs, conf->n_intermediate_certs,
			       &m->intermediates, e);
	if (rc == 0)
		rc = sanitised_pool(m, conf->root_certs, conf->n_root_certs, &roots, e);
	if (rc == 0)
		rc = sanitised_pool(m, conf->intermediate_certs, conf->n_intermediate_certs,
				    &intermediates, e);
	if (rc < 0) {
		msp_pool_fini(&roots);
		msp_pool_fini(&intermediates);
		return rc;
	}
	msp_pool_fini(&m->roots);
	msp_pool_fini(&m->intermediates);
	m->roots = roots;
	m->intermediates = intermediates;
	return 0;
}

static int setup_crls(struct msp *m, const Msp__FabricMSPConfig *conf, struct ord_err *e)
{
	m->crls = x_alloc(conf->n_revocation_list * sizeof(struct msp_crl *) + 1);
	for (size_t i = 0; i < conf->n_revocation_list; i++) {
		if (msp_crl_parse(wire_bytes(conf->revocation_list[i]), &m->crls[i], e) < 0)
			return e->code;
		m->n_crls++;
	}
	return 0;
}

/* Prefix @e with @text and the serial number of @c. */
static int wrap_serial(struct ord_err *e, const char *text, const struct msp_cert *c, bool hex)
{
	char *serial = hex ? msp_cert_serial_hex(c) : msp_cert_serial_dec(c);

	err_wrap(e, "%s, (SN: %s)", text, serial);
	free(serial);
	return e->code;
}

/* What is asked of each CA, TLS or not, in the tree of @roots and @intermediates. */
static int check_ca(const struct msp *m, const struct msp_cert *c, const struct msp_pool *roots,
		    const struct msp_pool *intermediates, struct ord_err *e)
{
	struct msp_chain chain;
	int rc;

	if (!c->is_ca) {
		char *serial = msp_cert_serial_hex(c);

		rc = err_set(e, ORD_EINVAL,
			     "CA Certificate did not have the CA attribute, (SN: %s)", serial);
		free(serial);
		return rc;
	}
	if (!X509_get0_subject_key_id(c->x)) {
		err_set(e, ORD_EINVAL, "subjectKeyIdentifier not found in certificate");
		return wrap_serial(
			e, "CA Certificate problem with Subject Key Identifier extension", c, true);
	}
	rc = msp_chain_find(c, roots, intermediates, &chain, e);
	if (rc < 0)
		err_wrap(e, "could not obtain certification chain");
	else if (chain.len > 1)
		rc = msp_check_revoked(m, c, &chain, e);
	return rc < 0 ? wrap_serial(e, "CA Certificate is not valid", c, false) : 0;
}

static int check_cas(const struct msp *m, const struct msp_pool *roots,
		     const struct msp_pool *intermediates, struct ord_err *e)
{
	const struct msp_pool *pools[] = {roots, intermediates};

	for (int p = 0; p < 2; p++)
		for (size_t i = 0; i < pools[p]->n; i++)
			if (check_ca(m, pools[p]->certs[i], roots, intermediates, e) < 0)
				return e->code;
	return 0;
}

/* Mark what is above an intermediate: those CAs issue no identities. */
static int mark_internal(struct msp *m, const struct msp_cert *c, struct ord_err *e)
{
	struct msp_chain chain;

	if (msp_chain_find(c, &m->roots, &m->intermediates, &chain, e) < 0)
		return wrap_serial(e, "failed getting validation chain", c, false);
	for (size_t i = 1; i < chain.len; i++) {
		struct ord_bytes der = buf_bytes(&chain.cert[i]->der);
		struct msp_cert *root = msp_pool_find(&m->roots, der);
		struct msp_cert *intermediate = msp_pool_find(&m->intermediates, der);

		if (root)
			root->internal = true;
		if (intermediate)
			intermediate->internal = true;
	}
	return 0;
}

static int finalize_cas(struct msp *m, const Msp__FabricMSPConfig *conf, struct ord_err *e)
{
	(void)conf;
	if (check_cas(m, &m->roots, &m->intermediates, e) < 0)
		return e->code;
	for (size_t i = 0; i < m->intermediates.n; i++)
		if (mark_internal(m, m->intermediates.certs[i], e) < 0)
			return e->code;
	return 0;
}

/* Fabric 1.4 looks at TLS CAs with today's clock, so that one expired CA stops the whole channel;
 * 2.5 looks one second after its NotBefore, as at every other, and so do we. */
static int setup_tls(struct msp *m, const Msp__FabricMSPConfig *conf, struct ord_err *e)
{
	struct msp_pool roots = {0, NULL}, intermediates = {0, NULL};
	size_t n = conf->n_tls_root_certs + conf->n_tls_intermediate_certs;
	int rc;

	m->tls = x_alloc(n * sizeof(*m->tls) + 1);
	m->n_tls_roots = conf->n_tls_root_certs;
	for (; m->n_tls < n; m->n_tls++) {
		size_t i = m->n_tls;

		buf_add_bytes(
			&m->tls[i],
			wire_bytes(i < m->n_tls_roots
					   ? conf->tls_root_certs[i]
					   : conf->tls_intermediate_certs[i - m->n_tls_roots]));
	}
	rc = load_pool(conf->tls_root_certs, conf->n_tls_root_certs, &roots, e);
	if (rc == 0)
		rc = load_pool(conf->tls_intermediate_certs, conf->n_tls_intermediate_certs,
			       &intermediates, e);
	if (rc == 0)
		rc = check_cas(m, &roots, &intermediates, e);
	msp_pool_fini(&roots);
	msp_pool_fini(&intermediates);
	return rc;
}

/* ---- the signing identity ------------------------------------------------ */

int msp_check_expired(const struct msp_cert *signer, struct ord_err *e)
{
	int64_t now = clock_wall_ns(), sec = (int64_t)CLOCK_SEC_NS;
	struct buf ago = BUF_INIT;
	int rc;

	if (signer->not_after > now / sec) /* in seconds: certificates may live to the year 9999 */
		return 0;
	duration_format(&ago, now - signer->not_after * sec);
	rc = err_set(e, ORD_EINVAL, "signing identity expired %s ago", buf_cstr(&ago));
	buf_fini(&ago);
	return rc;
}

/* A channel's MSP has no signing identity, but one with its private key inside is legal.  The local
 * MSP has found its key before. */
static int setup_signer(struct msp *m, const Msp__FabricMSPConfig *conf, struct ord_err *e)
{
	const Msp__SigningIdentityInfo *info = conf->signing_identity;
	const Msp__KeyInfo *key = info ? info->private_signer : NULL;
	struct crypto_key *parsed;

	if (!info)
		return 0;
	if (conf_identity(m, info->public_signer, &m->signer, e) < 0) {
		m->signer = NULL;
		return e->code;
	}
	if (!m->local) {
		if (!key || key->key_material.len == 0)
			return err_set(e, ORD_EINVAL,
				       "KeyMaterial not found in SigningIdentityInfo");
		if (crypto_key_from_pem(wire_bytes(key->key_material), &parsed, e) < 0)
			return err_wrap(e, "getIdentityFromBytes error: Failed to import EC "
					   "private key");
		crypto_key_free(parsed);
	}
	return msp_check_expired(m->signer, e);
}

/* ---- administrators ------------------------------------------------------ */

static int setup_admins(struct msp *m, const Msp__FabricMSPConfig *conf, struct ord_err *e)
{
	m->admins = x_alloc(conf->n_admins * sizeof(struct msp_cert *) + 1);
	for (size_t i = 0; i < conf->n_admins; i++) {
		if (conf_identity(m, conf->admins[i], &m->admins[i], e) < 0)
			return e->code;
		m->n_admins++;
	}
	if (m->version == MSP_V1_4_3 && m->n_admins == 0 &&
	    (!m->node_ous || !m->node_ou[NODE_ADMIN].name))
		return err_set(e, ORD_EINVAL,
			       "administrators must be declared when no admin ou classification "
			       "is set");
	return 0;
}

/* v1.1 and v1.3 with NodeOUs: a valid client. */
static int check_client_admin(const struct msp *m, const struct msp_units *u, int valid,
			      struct ord_err *e)
{
	if (valid < 0)
		return err_wrap(e, "The identity is not valid under this MSP [%s]", m->name);
	if (msp_has_role(m, u, MSP__MSPROLE__MSPROLE_TYPE__CLIENT, e) < 0)
		return err_wrap(e, "The identity is not a [CLIENT] under this MSP [%s]", m->name);
	return 0;
}

/* v1.4.3 with NodeOUs: a client or an admin by its units, whether or not it is valid otherwise. */
static int check_classified_admin(const struct msp *m, const struct msp_units *u, size_t i,
				  struct ord_err *e)
{
	struct ord_err client = ERR_INIT, admin = ERR_INIT;

	if (msp_has_role(m, u, MSP__MSPROLE__MSPROLE_TYPE__CLIENT, &client) == 0 ||
	    msp_has_role(m, u, MSP__MSPROLE__MSPROLE_TYPE__ADMIN, &admin) == 0)
		return 0;
	return err_set(e, ORD_EINVAL, "admin %zu is invalid [%s,%s]", i, client.msg, admin.msg);
}

static int check_admins(struct msp *m, const Msp__FabricMSPConfig *conf, struct ord_err *e)
{
	int rc = 0;

	(void)conf;
	for (size_t i = 0; rc == 0 && i < m->n_admins; i++) {
		struct msp_units u;
		int valid = msp_check_identity(m, m->admins[i], &u, e);

		if (m->node_ous && m->version == MSP_V1_4_3) {
			rc = check_classified_admin(m, &u, i, e);
		} else {
			rc = m->node_ous ? check_client_admin(m, &u, valid, e) : valid;
			if (rc < 0)
				err_wrap(e, "admin %zu is invalid", i);
		}
		msp_units_fini(&u);
	}
	return rc;
}

/* ---- the whole ----------------------------------------------------------- */

static int setup_nodes(struct msp *m, const Msp__FabricMSPConfig *conf, struct ord_err *e)
{
	return m->version == MSP_V1_0 ? 0 : msp_setup_node_ous(m, conf->fabric_node_ous, e);
}

/* From v1.4.3 on administrators come last, because an OU may make them. */
static int setup_fabric(struct msp *m, const Msp__FabricMSPConfig *conf, struct ord_err *e)
{
	static const setup_step v1_0[] = {setup_crypto, setup_cas,    setup_admins, setup_crls,
					  finalize_cas, setup_signer, setup_tls,    msp_setup_ous,
					  setup_nodes,  check_admins, NULL};
	static const setup_step v1_4_3[] = {setup_crypto, setup_cas,    setup_crls,    finalize_cas,
					    setup_signer, setup_tls,    msp_setup_ous, setup_nodes,
					    setup_admins, check_admins, NULL};
	const setup_step *step = m->version == MSP_V1_4_3 ? v1_4_3 : v1_0;
	int rc = 0;

	for (; rc == 0 && *step; step++)
		rc = (*step)(m, conf, e);
	return rc;
}

/* Idemix is parsed, so that a channel that has such an MSP keeps working for everybody else. */
static int setup_idemix(struct msp *m, ProtobufCBinaryData config, struct ord_err *e)
{
	Msp__IdemixMSPConfig *conf;

	if (m->version == MSP_V1_0)
		return err_set(e, ORD_EINVAL, "Invalid *IdemixNewOpts. Version not recognized [0]");
	if (wire_unpack(&msp__idemix_mspconfig__descriptor, wire_bytes(config), &conf, e) < 0)
		return err_wrap(e, "failed unmarshalling idemix msp config");
	m->idemix = true;
	m->name = x_strdup(conf->name);
	wire_free(conf);
	return 0;
}

static int setup_x509(struct msp *m, ProtobufCBinaryData config, struct ord_err *e)
{
	Msp__FabricMSPConfig *conf;
	int rc = wire_unpack(&msp__fabric_mspconfig__descriptor, wire_bytes(config), &conf, e);

	if (rc < 0) {
		err_wrap(e, "failed unmarshalling fabric msp config");
	} else {
		m->name = x_strdup(conf->name);
		rc = setup_fabric(m, conf, e);
		wire_free(conf);
	}
	return rc;
}

int msp_new(const Msp__MSPConfig *config, enum msp_version version, bool local, struct msp **out,
	    struct ord_err *e)
{
	struct msp *m;
	int rc;

	if (config->type != 0 && config->type != 1)
		return err_set(e, ORD_EINVAL, "Setup error: unsupported msp type %d", config->type);
	m = x_alloc(sizeof(*m));
	atomic_init(&m->refs, 1);
	m->version = version;
	m->local = local;
	rc = config->type ? setup_idemix(m, config->config, e) : setup_x509(m, config->config, e);
	if (rc < 0) {
		msp_unref(m);
		e->code = ORD_EINVAL; /* a configuration is wrong, whatever made it so */
		return ORD_EINVAL;
	}
	*out = m;
	return 0;
}

struct msp *msp_ref(struct msp *m)
{
	ref_get(&m->refs);
	return m;
}

void msp_unref(struct msp *m)
{
	if (!m || !ref_put(&m->refs))
		return;
	if (m->shared)
		msp_forget(m);
	msp_pool_fini(&m->roots);
	msp_pool_fini(&m->intermediates);
	for (size_t i = 0; i < m->n_crls; i++)
		msp_crl_free(m->crls[i]);
	for (size_t i = 0; i < m->n_admins; i++)
		msp_cert_free(m->admins[i]);
	for (size_t i = 0; i < m->n_tls; i++)
		buf_fini(&m->tls[i]);
	for (size_t i = 0; i < m->n_ous; i++)
		free(m->ous[i].name);
	for (int i = 0; i < NODE_OUS; i++)
		free(m->node_ou[i].name);
	msp_cert_free(m->signer);
	free(m->crls);
	free(m->admins);
	free(m->tls);
	free(m->ous);
	free(m->hash_family);
	free(m->name);
	free(m);
}
