/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl crypto: the organisations of a crypto-config.yaml as directories. */
#include "cmds.h"
#include "crypto_cert.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct crypto_opts {
	const char *config, *output;
};

/* Who a node is: its OU when NodeOUs are on, and how its TLS files are called. */
enum role { ROLE_ORDERER, ROLE_PEER, ROLE_CLIENT, ROLE_ADMIN };
static const struct {
	const char *ou, *tls_prefix;
} roles[] = {
	[ROLE_ORDERER] = {"orderer", "server"},
	[ROLE_PEER] = {"peer", "server"},
	[ROLE_CLIENT] = {"client", "client"},
	[ROLE_ADMIN] = {"admin", "client"},
};

/* One organisation while it is being written. */
struct org_tree {
	const struct cc_org *org;
	char *dir;
	char *tls_ca_name;
	struct authority ca, tls_ca;
};

/* ---- files --------------------------------------------------------------- */

/* Create, never overwrite. */
static int write_new(const char *dir, const char *name, struct ord_bytes content, unsigned mode,
		     struct ord_err *e)
{
	char *path = file_join(dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode), rc = 0;

	if (fd < 0 || write(fd, content.data, content.len) != (ssize_t)content.len)
		rc = err_sys(e, errno, "write %s", path);
	if (fd >= 0 && close(fd) < 0 && rc == 0)
		rc = err_sys(e, errno, "write %s", path);
	free(path);
	return rc;
}

static int write_bio(const char *dir, const char *name, BIO *bio, unsigned mode, struct ord_err *e)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);

	return write_new(dir, name, bytes_of(data, (size_t)len), mode, e);
}

static int write_key(const char *dir, const char *name, EVP_PKEY *key, struct ord_err *e)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	int rc;

	util_assert(bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
	rc = write_bio(dir, name, bio, 0600, e);
	BIO_free(bio);
	return rc;
}

/* Under the name by which Fabric finds it: <SKI>_sk. */
static int write_key_by_ski(const char *dir, EVP_PKEY *key, struct ord_err *e)
{
	struct buf name = BUF_INIT;
	uint8_t ski[SHA256_LEN];
	int rc;

	cert_key_ski(key, ski);
	hex_encode(&name, bytes_of(ski, sizeof(ski)));
	buf_add_str(&name, "_sk");
	rc = write_key(dir, buf_cstr(&name), key, e);
	buf_fini(&name);
	return rc;
}

static int write_cert(const char *dir, const char *name, X509 *cert, struct ord_err *e)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int rc;

	util_assert(bio && PEM_write_bio_X509(bio, cert));
	rc = write_bio(dir, name, bio, 0644, e);
	BIO_free(bio);
	return rc;
}

/* <dir>/<sub>/<name>-cert.pem, the folder made when missing. */
static int put_cert(const char *dir, const char *sub, const char *name, X509 *cert,
		    struct ord_err *e)
{
	char *at = file_join(dir, sub), *file = x_printf("%s-cert.pem", name);
	int rc = file_mkdir_p(at, 0755, e);

	if (rc == 0)
		rc = write_cert(at, file, cert, e);
	free(at);
	free(file);
	return rc;
}

/* ---- MSP directories ----------------------------------------------------- */

static int write_node_ous(const char *msp, const struct org_tree *t, struct ord_err *e)
{
	static const char *const kinds[][2] = {
		{"Client", "client"}, {"Peer", "peer"}, {"Admin", "admin"}, {"Orderer", "orderer"}};
	struct buf b = BUF_INIT;
	int rc;

	buf_add_str(&b, "NodeOUs:\n  Enable: true\n");
	for (size_t i = 0; i < UTIL_ARRAY_LEN(kinds); i++)
		buf_printf(&b,
			   "  %sOUIdentifier:\n    Certificate: cacerts/%s-cert.pem\n"
			   "    OrganizationalUnitIdentifier: %s\n",
			   kinds[i][0], t->org->ca.common_name, kinds[i][1]);
	rc = write_new(msp, "config.yaml", buf_bytes(&b), 0644, e);
	buf_fini(&b);
	return rc;
}

/* What every MSP directory holds: the CAs, and either NodeOUs or the administrator. */
static int write_msp(const char *msp, const struct org_tree *t, const char *admin_name, X509 *admin,
		     struct ord_err *e)
{
	char *admins = file_join(msp, "admincerts");
	int rc = file_mkdir_p(admins, 0755, e);

	free(admins);
	if (rc == 0)
		rc = put_cert(msp, "cacerts", t->org->ca.common_name, t->ca.cert, e);
	if (rc == 0)
		rc = put_cert(msp, "tlscacerts", t->tls_ca_name, t->tls_ca.cert, e);
	if (rc < 0)
		return rc;
	if (t->org->node_ous)
		return write_node_ous(msp, t, e);
	return put_cert(msp, "admincerts", admin_name, admin, e);
}

static int write_tls(const char *dir, const struct org_tree *t, const char *name, enum role role,
		     const struct yaml_strs *sans, struct ord_err *e)
{
	struct cert_request req = {.common_name = name, .sans = sans, .tls = true};
	char *cert_file = x_printf("%s.crt", roles[role].tls_prefix);
	char *key_file = x_printf("%s.key", roles[role].tls_prefix);
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	int rc = file_mkdir_p(dir, 0755, e);

	if (rc == 0)
		rc = cert_new_key(&key, e);
	if (rc == 0)
		rc = cert_issue(&t->tls_ca, key, &req, &cert, e);
	if (rc == 0)
		rc = write_cert(dir, "ca.crt", t->tls_ca.cert, e);
	if (rc == 0)
		rc = write_cert(dir, cert_file, cert, e);
	if (rc == 0)
		rc = write_key(dir, key_file, key, e);
	X509_free(cert);
	EVP_PKEY_free(key);
	free(cert_file);
	free(key_file);
	return rc;
}

/* One identity's directory: msp/ with its own key, tls/ with another.  Its certificate stands in
 * admincerts unless @admin is given; *own_out (may be NULL) gets it. */
static int write_node(const struct org_tree *t, const char *below, const char *name, enum role role,
		      const struct yaml_strs *sans, X509 *admin, X509 **own_out, struct ord_err *e)
{
	struct cert_request req = {.common_name = name,
				   .ou = t->org->node_ous ? roles[role].ou : NULL};
	char *admin_name = x_printf("Admin@%s", t->org->domain);
	char *dir = x_printf("%s/%s/%s", t->dir, below, name);
	char *msp = file_join(dir, "msp"), *tls = file_join(dir, "tls");
	char *keys = file_join(msp, "keystore");
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	int rc = file_mkdir_p(keys, 0755, e);

	if (rc == 0)
		rc = cert_new_key(&key, e);
	if (rc == 0)
		rc = cert_issue(&t->ca, key, &req, &cert, e);
	if (rc == 0)
		rc = write_key_by_ski(keys, key, e);
	if (rc == 0)
		rc = put_cert(msp, "signcerts", name, cert, e);
	if (rc == 0)
		rc = write_msp(msp, t, admin ? admin_name : name, admin ? admin : cert, e);
	if (rc == 0)
		rc = write_tls(tls, t, name, role, sans, e);
	if (rc == 0 && own_out) {
		*own_out = cert;
		cert = NULL;
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	free(keys);
	free(tls);
	free(msp);
	free(dir);
	free(admin_name);
	return rc;
}

/* ---- organisations ------------------------------------------------------- */

static int write_authority(const struct org_tree *t, const char *below, const char *name,
			   struct authority *a, struct ord_err *e)
{
	char *dir = file_join(t->dir, below);
	int rc = cert_authority(t->org->domain, name, &t->org->ca, a, e);

	if (rc == 0)
		rc = put_cert(t->dir, below, name, a->cert, e);
	if (rc == 0)
		rc = write_key_by_ski(dir, a->key, e);
	free(dir);
	return rc;
}

/* Admin and User1 … Usern; the administrator's certificate stands in every other MSP directory. */
static int write_users(const struct org_tree *t, X509 **admin, struct ord_err *e)
{
	char *name = x_printf("Admin@%s", t->org->domain);
	int rc = write_node(t, "users", name, t->org->node_ous ? ROLE_ADMIN : ROLE_CLIENT, NULL,
			    NULL, admin, e);

	free(name);
	for (uint32_t i = 1; rc == 0 && i <= t->org->users; i++) {
		name = x_printf("User%u@%s", i, t->org->domain);
		rc = write_node(t, "users", name, ROLE_CLIENT, NULL, NULL, NULL, e);
		free(name);
	}
	return rc;
}

static int write_org_files(struct org_tree *t, struct ord_err *e)
{
	const struct cc_org *org = t->org;
	char *admin_name = x_printf("Admin@%s", org->domain), *msp = file_join(t->dir, "msp");
	X509 *admin = NULL;
	int rc = write_authority(t, "ca", org->ca.common_name, &t->ca, e);

	if (rc == 0)
		rc = write_authority(t, "tlsca", t->tls_ca_name, &t->tls_ca, e);
	if (rc == 0)
		rc = write_users(t, &admin, e);
	if (rc == 0)
		rc = write_msp(msp, t, admin_name, admin, e);
	for (size_t i = 0; rc == 0 && i < org->n_nodes; i++)
		rc = write_node(t, org->orderer ? "orderers" : "peers", org->nodes[i].common_name,
				org->orderer ? ROLE_ORDERER : ROLE_PEER, &org->nodes[i].sans, admin,
				NULL, e);
	X509_free(admin);
	free(msp);
	free(admin_name);
	return rc;
}

static char *org_dir(const char *output, const struct cc_org *org)
{
	return x_printf("%s/%s/%s", output,
			org->orderer ? "ordererOrganizations" : "peerOrganizations", org->domain);
}

static int write_org(const char *output, const struct cc_org *org, struct ord_err *e)
{
	struct org_tree t = {.org = org,
			     .dir = org_dir(output, org),
			     .tls_ca_name = x_printf("tls%s", org->ca.common_name)};
	int rc = write_org_files(&t, e);

	if (rc == 0)
		printf("%s\n", t.dir);
	cert_authority_fini(&t.ca);
	cert_authority_fini(&t.tls_ca);
	free(t.tls_ca_name);
	free(t.dir);
	return rc;
}

/* Keys that are in use must not be lost: an organisation that is there is never touched. */
static int check_absent(const char *output, const struct crypto_config *c, struct ord_err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->n_orgs; i++) {
		char *dir = org_dir(output, &c->orgs[i]);

		if (file_exists(dir))
			rc = err_set(e, ORD_EINVAL,
				     "%s exists already: remove it or give another --output", dir);
		free(dir);
	}
	return rc;
}

static int crypto_run(const void *opts, const struct ctl_args *args, struct ord_err *e)
{
	const struct crypto_opts *o = opts;
	struct crypto_config c;
	int rc = crypto_config_read(o->config, &c, e);

	(void)args;
	if (rc < 0)
		return rc;
	rc = check_absent(o->output, &c, e);
	for (size_t i = 0; rc == 0 && i < c.n_orgs; i++)
		rc = write_org(o->output, &c.orgs[i], e);
	crypto_config_fini(&c);
	return rc;
}

static const struct ctl_opt crypto_opt[] = {
	{"config", CTL_STRING, offsetof(struct crypto_opts, config), true, "FILE",
	 "the crypto-config.yaml: OrdererOrgs and PeerOrgs as cryptogen reads them"},
	{"output", CTL_STRING, offsetof(struct crypto_opts, output), false, "DIR",
	 "where ordererOrganizations and peerOrganizations go [crypto-config]"},
	CTL_OPT_END};

const struct ctl_cmd cmd_crypto = {
	.name = "crypto",
	.summary = "make keys, certificates and MSP directories for a test network",
	.details =
		"Makes each organisation of the file: a CA and a TLS CA, an MSP directory, and one "
		"directory with identity and TLS key for every orderer, peer and user. The layout "
		"is that of Fabric's cryptogen 1.4, key files are called <SKI>_sk. Prints the "
		"directories made; an organisation that exists already is never touched.",
	.opts = crypto_opt,
	.defaults = &(const struct crypto_opts){.output = "crypto-config"},
	.opts_size = sizeof(struct crypto_opts),
	.run = crypto_run,
};
