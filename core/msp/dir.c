/* SPDX-License-Identifier: Apache-2.0 */
/* An MSP directory (spec 3.1) as an MSP configuration. */
#include <msp/msp_priv.h>

#define MAX_FILE (16u * 1024 * 1024) /* revocation lists grow */

static struct log_logger logger = LOG_LOGGER("msp");

struct list { /* a repeated bytes field */
	size_t *n;
	ProtobufCBinaryData **items;
};

static bool has_pem(struct ord_bytes text)
{
	struct ord_bytes label;
	struct buf der = BUF_INIT;
	bool ok = crypto_pem_next(&text, &label, &der);

	buf_fini(&der);
	return ok;
}

/* Read @path if there is PEM in it; else a warning and false. */
static bool read_pem(const char *path, struct buf *text)
{
	struct ord_err e = ERR_INIT;

	if (file_read(path, MAX_FILE, text, &e) < 0)
		log_warn(&logger, "Failed reading file %s: %s", path, e.msg);
	else if (!has_pem(buf_bytes(text)))
		log_warn(&logger, "Failed reading file %s: no pem content for file %s", path, path);
	else
		return true;
	buf_fini(text);
	return false;
}

/* Append every file of <dir>/<name> that holds PEM, whole, to @l; *first gets the path of the first
 * one.   Errors: ORD_ENOENT there is no such directory, and others. */
static int read_pems(const char *dir, const char *name, struct list l, char **first,
		     struct ord_err *e)
{
	char *sub = file_join(dir, name), **names;
	int rc = file_list(sub, &names, NULL, e);

	for (size_t i = 0; rc == 0 && names[i]; i++) {
		char *path = file_join(sub, names[i]);
		struct buf text = BUF_INIT;

		if (!file_is_dir(path) && read_pem(path, &text)) {
			*l.items = x_realloc(*l.items, (*l.n + 1) * sizeof(**l.items));
			(*l.items)[(*l.n)++] = wire_binary(buf_bytes(&text));
			if (first && !*first)
				*first = x_strdup(path);
		}
		free(path);
	}
	if (rc == 0)
		file_list_free(names);
	free(sub);
	return rc;
}

/* A directory that must hold something. */
static int read_required(const char *dir, const char *name, const char *what, const char *remedy,
			 struct list l, char **first, struct ord_err *e)
{
	int rc = read_pems(dir, name, l, first, e);

	if (rc == 0 && *l.n > 0)
		return 0;
	if (rc == 0 || rc == ORD_ENOENT)
		rc = err_set(e, ORD_EINVAL, "%s: %s",
			     rc == 0 ? "it holds no PEM file" : "it does not exist", remedy);
	return err_wrap(e, "could not load a valid %s certificate from directory %s/%s", what, dir,
			name);
}

/* A directory that may be missing. */
static int read_optional(const char *dir, const char *name, const char *failed, struct list l,
			 struct ord_err *e)
{
	int rc = read_pems(dir, name, l, NULL, e);

	if (rc == ORD_ENOENT)
		return 0;
	return rc < 0 ? err_wrap(e, "%s [%s/%s]", failed, dir, name) : 0;
}

static int read_signer(const char *dir, char **signer_path, Msp__FabricMSPConfig *c,
		       struct ord_err *e)
{
	size_t n = 0;
	ProtobufCBinaryData *certs = NULL;
	int rc;

	rc = read_required(dir, "signcerts", "signer", "put the enrollment certificate there",
			   (struct list){&n, &certs}, signer_path, e);
	if (rc == 0) {
		c->signing_identity = x_alloc(sizeof(*c->signing_identity));
		msp__signing_identity_info__init(c->signing_identity);
		c->signing_identity->public_signer = certs[0];
	}
	for (size_t i = rc == 0; i < n; i++)
		free(certs[i].data);
	free(certs);
	return rc;
}

static int read_certificates(const char *dir, Msp__FabricMSPConfig *c, struct ord_err *e)
{
	int rc;

	rc = read_required(dir, "cacerts", "ca", "put the organization's root CA certificate there",
			   (struct list){&c->n_root_certs, &c->root_certs}, NULL, e);
	if (rc == 0)
		rc = read_optional(dir, "admincerts",
				   "could not load a valid admin certificate from directory",
				   (struct list){&c->n_admins, &c->admins}, e);
	if (rc == 0)
		rc = read_optional(
			dir, "intermediatecerts", "failed loading intermediate ca certs at",
			(struct list){&c->n_intermediate_certs, &c->intermediate_certs}, e);
	if (rc == 0)
		rc = read_optional(dir, "tlscacerts", "failed loading TLS ca certs at",
				   (struct list){&c->n_tls_root_certs, &c->tls_root_certs}, e);
	if (rc == 0 && c->n_tls_root_certs > 0)
		rc = read_optional(
			dir, "tlsintermediatecerts", "failed loading TLS intermediate ca certs at",
			(struct list){&c->n_tls_intermediate_certs, &c->tls_intermediate_certs}, e);
	if (rc == 0)
		rc = read_optional(dir, "crls", "failed loading crls at",
				   (struct list){&c->n_revocation_list, &c->revocation_list}, e);
	return rc;
}

static int check_dir(const char *dir, struct ord_err *e)
{
	if (file_is_dir(dir))
		return 0;
	return err_set(e, ORD_EINVAL,
		       "the MSP directory %s %s: name the right one in General.LocalMSPDir", dir,
		       file_exists(dir) ? "is not a directory" : "does not exist");
}

/* Orderers and users have theirs in a folder "msp" beside "tls": one level up is easily named. */
static void hint_below(const char *dir, struct ord_err *e)
{
	char *below = file_join(dir, "msp"), *cas = file_join(below, "cacerts");
	size_t n = strlen(e->msg);

	if (file_is_dir(cas))
		snprintf(e->msg + n, sizeof(e->msg) - n, "; did you mean %s?", below);
	free(cas);
	free(below);
}

int msp_dir_read(const char *dir, const char *mspid, char **signer_path,
		 Msp__FabricMSPConfig **conf, struct ord_err *e)
{
	Msp__FabricMSPConfig *c;
	int rc = check_dir(dir, e);

	if (rc < 0)
		return rc;
	c = x_alloc(sizeof(*c));
	msp__fabric_mspconfig__init(c);
	c->name = x_strdup(mspid);
	c->crypto_config = x_alloc(sizeof(*c->crypto_config));
	msp__fabric_crypto_config__init(c->crypto_config);
	c->crypto_config->signature_hash_family = x_strdup("SHA2");
	c->crypto_config->identity_identifier_hash_function = x_strdup("SHA256");
	if (signer_path)
		rc = read_signer(dir, signer_path, c, e);
	if (rc == 0)
		rc = read_certificates(dir, c, e);
	if (rc < 0)
		hint_below(dir, e);
	else
		rc = msp_dir_yaml(dir, c, e);
	if (rc < 0)
		wire_free(c);
	else
		*conf = c;
	return rc;
}

Msp__MSPConfig *msp_config_of(const Msp__FabricMSPConfig *conf)
{
	Msp__MSPConfig *out = x_alloc(sizeof(*out));
	struct buf b = BUF_INIT;

	msp__mspconfig__init(out);
	wire_pack(conf, &b);
	out->config = wire_binary(buf_bytes(&b));
	return out;
}

int msp_dir_config(const char *dir, const char *mspid, Msp__MSPConfig **out, struct ord_err *e)
{
	Msp__FabricMSPConfig *conf;
	int rc = msp_dir_read(dir, mspid, NULL, &conf, e);

	if (rc < 0)
		return rc;
	*out = msp_config_of(conf);
	wire_free(conf);
	return 0;
}
