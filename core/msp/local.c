/* SPDX-License-Identifier: Apache-2.0 */
/* The local MSP: who we are, and our signature (spec 3.1, 3.2, 3.11). */
#include <msp/msp_priv.h>

#define DAY  (24 * 3600)
#define WEEK (7 * DAY)

static struct log_logger logger = LOG_LOGGER("certmonitor");

struct msp_local {
	struct msp *msp;
	struct crypto_key *key;
	struct buf identity;
};

/* The private key of the certificate in @signer_path, from @keys. */
static int find_key(const char *signer_path, const struct msp_cert *signer, const char *keys,
		    struct crypto_key **out, struct ord_err *e)
{
	struct crypto_keystore *ks;
	uint8_t ski[32];
	int rc;

	if (crypto_cert_ski(signer->x, ski) < 0)
		return err_set(e, ORD_EINVAL,
			       "%s: the certificate's key is not ECDSA on P-224, P-256, P-384 or "
			       "P-521: enroll with such a key",
			       signer_path);
	rc = crypto_keystore_files(keys, &ks, e);
	if (rc < 0)
		return rc;
	rc = ks->ops->find(ks, ski, out, e);
	ks->ops->close(ks);
	if (rc < 0)
		err_wrap(e, "%s holds no private key for the certificate %s: put it there", keys,
			 signer_path);
	return rc;
}

/* Look at the signing certificate before all else: what is wrong with it is what operators meet. */
static int open_signer(const char *signer_path, ProtobufCBinaryData pem, const char *keys,
		       struct crypto_key **key, struct ord_err *e)
{
	struct msp_cert *signer;
	int rc = msp_cert_from_conf(wire_bytes(pem), &signer, e);

	if (rc < 0)
		return err_wrap(e, "%s", signer_path);
	rc = find_key(signer_path, signer, keys, key, e);
	if (rc == 0 && msp_check_expired(signer, e) < 0)
		rc = err_wrap(e, "%s: renew it", signer_path);
	msp_cert_free(signer);
	return rc;
}

static void serialize(struct msp_local *m)
{
	Msp__SerializedIdentity sid = MSP__SERIALIZED_IDENTITY__INIT;
	struct buf pem = BUF_INIT;

	crypto_der_to_pem(buf_bytes(&m->msp->signer->der), &pem);
	sid.mspid = m->msp->name;
	sid.id_bytes = wire_binary(buf_bytes(&pem));
	wire_pack(&sid, &m->identity);
	buf_fini(&pem);
}

static int open_msp(const char *dir, const Msp__FabricMSPConfig *conf, struct msp **out,
		    struct ord_err *e)
{
	Msp__MSPConfig *config = msp_config_of(conf);
	int rc = msp_new(config, MSP_V1_4_3, true, out, e);

	wire_free(config);
	return rc < 0 ? err_wrap(e, "the MSP in directory %s does not hold together", dir) : 0;
}

int msp_local_open(const char *dir, const char *mspid, const char *keystore_dir,
		   struct msp_local **out, struct ord_err *e)
{
	char *signer_path = NULL;
	char *keys = keystore_dir ? x_strdup(keystore_dir) : file_join(dir, "keystore");
	Msp__FabricMSPConfig *conf = NULL;
	struct crypto_key *key = NULL;
	struct msp *msp = NULL;
	int rc;

	rc = msp_dir_read(dir, mspid, &signer_path, &conf, e);
	if (rc == 0)
		rc = open_signer(signer_path, conf->signing_identity->public_signer, keys, &key, e);
	if (rc == 0)
		rc = open_msp(dir, conf, &msp, e);
	if (rc == 0) {
		*out = x_alloc(sizeof(**out));
		(*out)->msp = msp;
		(*out)->key = key;
		serialize(*out);
	} else {
		crypto_key_free(key);
	}
	wire_free(conf);
	free(signer_path);
	free(keys);
	return rc;
}

void msp_local_close(struct msp_local *m)
{
	if (!m)
		return;
	msp_unref(m->msp);
	crypto_key_free(m->key);
	buf_fini(&m->identity);
	free(m);
}

struct ord_bytes msp_local_identity(const struct msp_local *m)
{
	return buf_bytes(&m->identity);
}

int64_t msp_local_not_after(const struct msp_local *m)
{
	return m->msp->signer->not_after;
}

int msp_local_sign(struct msp_local *m, const struct ord_bytes *parts, size_t n, struct buf *sig,
		   struct ord_err *e)
{
	uint8_t digest[SHA256_LEN];
	struct sha256 h;

	sha256_init(&h);
	for (size_t i = 0; i < n; i++)
		sha256_add(&h, parts[i]);
	sha256_final(&h, digest);
	return crypto_sign_digest(m->key, digest, sig, e);
}

/* ---- expiry -------------------------------------------------------------- */

int64_t msp_warn_expiry(const char *role, int64_t not_after, int64_t now_sec)
{
	int64_t left = not_after - now_sec;
	struct buf date = BUF_INIT;

	if (not_after == INT64_MAX)
		return -1;
	if (left < 0) {
		log_warn(&logger, "The %s certificate has expired", role);
		return -1;
	}
	msp_date(not_after, "%Y-%m-%d %H:%M:%S +0000 UTC", &date); /* as Go prints a time */
	log_info(&logger, "The %s certificate will expire on %s", role, buf_cstr(&date));
	buf_fini(&date);
	if (left >= WEEK)
		return left - WEEK;
	log_warn(&logger, "The %s certificate expires within %d days and %d hours", role,
		 (int)(left / DAY), (int)(left % DAY / 3600));
	return -1;
}
