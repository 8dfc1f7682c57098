/* SPDX-License-Identifier: Apache-2.0 */
#include "made.h"

#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static struct made all[256];
static struct buf kept[256];
static size_t n_all, n_kept;
static long serials = 1000;

void made_free_all(void)
{
	for (size_t i = 0; i < n_all; i++) {
		X509_free(all[i].x);
		EVP_PKEY_free(all[i].key);
		buf_fini(&all[i].pem);
	}
	for (size_t i = 0; i < n_kept; i++)
		buf_fini(&kept[i]);
	n_all = n_kept = 0;
}

static struct ord_bytes keep(struct buf b)
{
	assert_true(n_kept < UTIL_ARRAY_LEN(kept));
	kept[n_kept] = b;
	return buf_bytes(&kept[n_kept++]);
}

/* ---- certificates -------------------------------------------------------- */

static void add_name(X509_NAME *n, const char *key, const char *value)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(n, key, MBSTRING_UTF8,
						    (const unsigned char *)value, -1, -1, 0),
			 1);
}

static void add_ext(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (!ext)
		fail_msg("extension %d: %s", nid, value);
	X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
}

static void add_unknown(X509 *x, const char *oid)
{
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;

	ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2);
	ext = X509_EXTENSION_create_by_OBJ(NULL, obj, 1, value);
	X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(obj);
}

static void add_exts(X509 *x, X509 *issuer, const struct cert_spec *s)
{
	char *basic = s->path_len ? x_printf("critical,CA:TRUE,pathlen:%d", s->path_len - 1)
				  : x_strdup(s->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");

	add_ext(x, issuer, NID_basic_constraints, basic);
	free(basic);
	if (!s->no_ski)
		add_ext(x, issuer, NID_subject_key_identifier, "hash");
	if (issuer != x)
		add_ext(x, issuer, NID_authority_key_identifier, "keyid");
	if (s->eku)
		add_ext(x, issuer, NID_ext_key_usage, s->eku);
	if (s->usage)
		add_ext(x, issuer, NID_key_usage, s->usage);
	if (s->san)
		add_ext(x, issuer, NID_subject_alt_name, s->san);
	if (s->names)
		add_ext(x, issuer, NID_name_constraints, s->names);
	if (s->unknown)
		add_unknown(x, s->unknown);
}

static bool is_high(X509 *x)
{
	static const char half[] =
		"5789604460517812438134872347470378676499847761206788017121112953"
		"0534256022184";
	const ASN1_BIT_STRING *bits;
	const unsigned char *p;
	BIGNUM *h = NULL;
	ECDSA_SIG *sig;
	bool high;

	X509_get0_signature(&bits, NULL, x);
	p = bits->data;
	sig = d2i_ECDSA_SIG(NULL, &p, bits->length);
	BN_dec2bn(&h, half);
	high = BN_cmp(ECDSA_SIG_get0_s(sig), h) > 0;
	ECDSA_SIG_free(sig);
	BN_free(h);
	return high;
}

/* ECDSA signatures are random: sign until S comes out as wanted. */
static void sign(X509 *x, EVP_PKEY *key, const struct cert_spec *s)
{
	const EVP_MD *md = EVP_get_digestbyname(s->md ? s->md : "SHA256");

	do
		assert_true(X509_sign(x, key, md) > 0);
	while (s->s != ANY_S && is_high(x) != (s->s == HIGH_S));
}

static EVP_PKEY *key_for(const struct cert_spec *s)
{
	if (s->same_key_as) {
		EVP_PKEY_up_ref(s->same_key_as->key);
		return s->same_key_as->key;
	}
	if (s->curve && strcmp(s->curve, "RSA") == 0)
		return EVP_RSA_gen(2048);
	if (s->curve && strcmp(s->curve, "ED25519") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return EVP_EC_gen(s->curve ? s->curve : "P-256");
}

const struct made *make_cert(const struct cert_spec *s)
{
	struct made *m = &all[n_all++];
	struct buf der = BUF_INIT;
	X509_NAME *name;
	X509 *issuer;

	assert_true(n_all <= UTIL_ARRAY_LEN(all));
	*m = (struct made){.x = X509_new(), .key = key_for(s)};
	issuer = s->issuer ? s->issuer->x : m->x;
	X509_set_version(m->x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(m->x), s->serial ? s->serial : serials++);
	ASN1_TIME_set(X509_getm_notBefore(m->x),
		      (time_t)(s->not_before ? s->not_before : NOW_2024 - 5 * YEAR));
	ASN1_TIME_set(X509_getm_notAfter(m->x),
		      (time_t)(s->not_after ? s->not_after : NOW_2024 + 5 * (int64_t)YEAR));
	name = X509_get_subject_name(m->x);
	add_name(name, "C", "US");
	for (int i = 0; i < 3 && s->ou[i]; i++)
		add_name(name, "OU", s->ou[i]);
	add_name(name, "CN", s->cn ? s->cn : "leaf");
	X509_set_issuer_name(m->x, X509_get_subject_name(issuer));
	X509_set_pubkey(m->x, m->key);
	add_exts(m->x, issuer, s);
	sign(m->x, s->issuer ? s->issuer->key : m->key, s);
	crypto_cert_der(m->x, &der);
	crypto_der_to_pem(buf_bytes(&der), &m->pem);
	buf_fini(&der);
	return m;
}

const struct made *make_root(const char *cn)
{
	return make_cert(&(struct cert_spec){.cn = cn, .ca = true});
}

const struct made *make_ca(const char *cn, const struct made *issuer)
{
	return make_cert(&(struct cert_spec){.cn = cn, .ca = true, .issuer = issuer});
}

const struct made *make_leaf(const char *cn, const char *ou, const struct made *issuer)
{
	return make_cert(&(struct cert_spec){.cn = cn, .ou = {ou}, .issuer = issuer});
}

struct ord_bytes make_crl(const struct made *issuer, const struct made *signer,
			  const struct made *cert, bool with_aki)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *t = ASN1_TIME_set(NULL, NOW_2024);
	BIO *bio = BIO_new(BIO_s_mem());
	struct buf out = BUF_INIT;
	X509_EXTENSION *ext;
	X509V3_CTX ctx;
	char *text;
	long len;

	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x));
	X509_CRL_set1_lastUpdate(crl, t);
	X509_CRL_set1_nextUpdate(crl, t); /* long over: nobody asks */
	if (cert) {
		X509_REVOKED *r = X509_REVOKED_new();

		X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(cert->x));
		X509_REVOKED_set_revocationDate(r, t);
		X509_CRL_add0_revoked(crl, r);
	}
	if (with_aki) {
		X509V3_set_ctx(&ctx, issuer->x, NULL, NULL, crl, 0);
		ext = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");
		X509_CRL_add_ext(crl, ext, -1);
		X509_EXTENSION_free(ext);
	}
	assert_true(X509_CRL_sign(crl, signer->key, EVP_sha256()) > 0);
	PEM_write_bio_X509_CRL(bio, crl);
	len = BIO_get_mem_data(bio, &text);
	buf_add(&out, text, (size_t)len);
	BIO_free(bio);
	ASN1_TIME_free(t);
	X509_CRL_free(crl);
	return keep(out);
}

struct ord_bytes made_identity(const char *mspid, const struct made *m)
{
	return keep(serialize(mspid, buf_bytes(&m->pem)));
}

/* ---- MSPs ---------------------------------------------------------------- */

static ProtobufCBinaryData copy(struct ord_bytes b)
{
	struct buf out = BUF_INIT;

	buf_add_bytes(&out, b);
	return wire_binary(buf_bytes(&out));
}

static void set_list(const struct made *const *list, size_t *n, ProtobufCBinaryData **items)
{
	*items = x_alloc(5 * sizeof(**items));
	for (; list[*n]; (*n)++)
		(*items)[*n] = copy(buf_bytes(&list[*n]->pem));
}

static Msp__FabricOUIdentifier *identifier(const char *name, const struct made *ca)
{
	Msp__FabricOUIdentifier *ou = x_alloc(sizeof(*ou));

	msp__fabric_ouidentifier__init(ou);
	ou->organizational_unit_identifier = x_strdup(name);
	if (ca)
		ou->certificate = copy(buf_bytes(&ca->pem));
	return ou;
}

static void set_units(const struct msp_spec *s, Msp__FabricMSPConfig *c)
{
	Msp__FabricNodeOUs *n;

	c->organizational_unit_identifiers = x_alloc(5 * sizeof(void *));
	for (size_t i = 0; s->ou[i].name; i++)
		c->organizational_unit_identifiers[c->n_organizational_unit_identifiers++] =
			identifier(s->ou[i].name, s->ou[i].ca);
	if (!s->client && !s->peer && !s->admin_ou && !s->orderer)
		return;
	c->fabric_node_ous = n = x_alloc(sizeof(*n));
	msp__fabric_node_ous__init(n);
	n->enable = !s->node_off;
	n->client_ou_identifier = s->client ? identifier(s->client, s->node_ca) : NULL;
	n->peer_ou_identifier = s->peer ? identifier(s->peer, s->node_ca) : NULL;
	n->admin_ou_identifier = s->admin_ou ? identifier(s->admin_ou, s->node_ca) : NULL;
	n->orderer_ou_identifier = s->orderer ? identifier(s->orderer, s->node_ca) : NULL;
}

static void set_signer(const struct msp_spec *s, Msp__FabricMSPConfig *c)
{
	BIO *bio = BIO_new(BIO_s_mem());
	Msp__SigningIdentityInfo *info = x_alloc(sizeof(*info));
	char *text;
	long len;

	msp__signing_identity_info__init(info);
	info->public_signer = copy(buf_bytes(&s->signer->pem));
	c->signing_identity = info;
	if (s->signer_key) {
		info->private_signer = x_alloc(sizeof(*info->private_signer));
		msp__key_info__init(info->private_signer);
		PEM_write_bio_PrivateKey(bio, s->signer->key, NULL, NULL, 0, NULL, NULL);
		len = BIO_get_mem_data(bio, &text);
		info->private_signer->key_material = copy(bytes_of(text, (size_t)len));
	}
	BIO_free(bio);
}

Msp__MSPConfig *make_config(const struct msp_spec *s)
{
	Msp__FabricMSPConfig *c = x_alloc(sizeof(*c));
	Msp__MSPConfig *out = x_alloc(sizeof(*out));

	msp__fabric_mspconfig__init(c);
	c->name = x_strdup(s->name ? s->name : "M");
	set_list(s->root, &c->n_root_certs, &c->root_certs);
	set_list(s->intermediate, &c->n_intermediate_certs, &c->intermediate_certs);
	set_list(s->admin, &c->n_admins, &c->admins);
	set_list(s->tls_root, &c->n_tls_root_certs, &c->tls_root_certs);
	set_list(s->tls_intermediate, &c->n_tls_intermediate_certs, &c->tls_intermediate_certs);
	c->revocation_list = x_alloc(4 * sizeof(*c->revocation_list));
	for (; s->crl[c->n_revocation_list].len; c->n_revocation_list++)
		c->revocation_list[c->n_revocation_list] = copy(s->crl[c->n_revocation_list]);
	set_units(s, c);
	if (s->hash || s->family) {
		c->crypto_config = x_alloc(sizeof(*c->crypto_config));
		msp__fabric_crypto_config__init(c->crypto_config);
		c->crypto_config->identity_identifier_hash_function =
			x_strdup(s->hash ? s->hash : "");
		c->crypto_config->signature_hash_family = x_strdup(s->family ? s->family : "");
	}
	if (s->signer)
		set_signer(s, c);
	msp__mspconfig__init(out);
	{
		struct buf b = pack(c);

		out->config = wire_binary(buf_bytes(&b));
	}
	wire_free(c);
	return out;
}

int add_msp(struct msp_set *s, const struct msp_spec *spec, struct ord_err *e)
{
	Msp__MSPConfig *config = make_config(spec);
	const char *mspid = NULL;
	int rc = msp_set_add(s, config, &mspid, e);

	if (rc == 0)
		assert_string_equal(mspid, spec->name ? spec->name : "M");
	wire_free(config);
	return rc;
}

struct msp_set *set_of(enum msp_version version, const struct msp_spec *spec)
{
	struct msp_set *s = msp_set_new(version);
	struct ord_err e = ERR_INIT;

	test_ok(add_msp(s, spec, &e), &e);
	return s;
}

const char *verdict(struct msp_set *s, const struct made *m)
{
	static struct ord_err e;
	struct msp_identity *id;

	e.msg[0] = 0;
	if (msp_identify(s, made_identity("M", m), &id, &e) == 0) {
		if (msp_validate(id, &e) == 0)
			e.msg[0] = 0;
		msp_identity_unref(id);
	}
	return e.msg;
}
