/* SPDX-License-Identifier: Apache-2.0 */
/* MSP directories and our own signing identity (spec 3.1, 3.2, 3.11). */
#include "../files.h"
#include "made.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORDERER "ordererOrganizations/example.com/orderers/orderer.example.com/msp"

static char *top; /* of this test's files */
static unsigned n_dirs;
static const struct made *root, *signer;

static int set_up(void **state)
{
	(void)state;
	top = test_dir();
	root = make_root("root");
	signer = make_cert(&(struct cert_spec){
		.cn = "o", .ou = {"orderer"}, .issuer = root, .not_after = INT64_C(253402300799)});
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_rmdir(top);
	made_free_all();
	return 0;
}

static void put(const char *dir, const char *name, struct ord_bytes text)
{
	char *path = file_join(dir, name), *slash = strrchr(path, '/');
	struct ord_err e = ERR_INIT;

	*slash = 0;
	test_ok(file_mkdir_p(path, 0755, &e), &e);
	*slash = '/';
	test_ok(file_write_atomic(path, text, 0644, &e), &e);
	free(path);
}

static void put_key(const char *dir, const char *name, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	len = BIO_get_mem_data(bio, &text);
	put(dir, name, bytes_of(text, (size_t)len));
	BIO_free(bio);
}

/* A directory with a CA, @cert as signer, its key, and node OUs. */
static char *new_dir(const struct made *cert)
{
	char *dir = x_printf("%s/%u", top, n_dirs++);

	put(dir, "cacerts/ca.pem", buf_bytes(&root->pem));
	put(dir, "signcerts/me.pem", buf_bytes(&cert->pem));
	put_key(dir, "keystore/priv.pem", cert->key);
	put(dir, "config.yaml",
	    bytes_str("NodeOUs:\n  Enable: true\n  OrdererOUIdentifier:\n    Certificate: "
		      "cacerts/ca.pem\n    OrganizationalUnitIdentifier: orderer\n"
		      "  AdminOUIdentifier:\n    OrganizationalUnitIdentifier: admin\n"));
	return dir;
}

static void remove_from(const char *dir, const char *name)
{
	char *path = file_join(dir, name);

	assert_true(file_exists(path));
	test_remove(path);
	free(path);
}

/* Opening @dir must fail with this text, in which $ stands for @dir. */
static void refused(const char *dir, const char *text)
{
	struct buf want = BUF_INIT;
	struct msp_local *m;
	struct ord_err e = ERR_INIT;

	for (; *text; text++) {
		if (*text == '$')
			buf_add_str(&want, dir);
		else
			buf_add_u8(&want, (uint8_t)*text);
	}
	assert_true(msp_local_open(dir, "M", NULL, &m, &e) < 0);
	if (!strstr(e.msg, buf_cstr(&want)))
		fail_msg("\"%s\" is not \"%s\"", e.msg, buf_cstr(&want));
	buf_fini(&want);
}

static struct msp_local *opened(const char *dir, const char *keys)
{
	struct msp_local *m;
	struct ord_err e = ERR_INIT;

	test_ok(msp_local_open(dir, "M", keys, &m, &e), &e);
	return m;
}

static void fabric_s_directory_opens_and_signs(void **state)
{
	char *dir = golden_crypto(ORDERER);
	struct ord_bytes parts[] = {bytes_str("a"), bytes_str(""), bytes_str("bc")};
	struct msp_set *s = golden_set("blocks/genesis.solo.block", MSP_V1_4_3);
	struct buf want, sig = BUF_INIT;
	struct msp_identity *id;
	struct msp_local *m;
	struct ord_err e = ERR_INIT;
	uint8_t digest[SHA256_LEN];

	(void)state;
	test_ok(msp_local_open(dir, "OrdererMSP", NULL, &m, &e), &e);
	want = golden_identity("OrdererMSP", ORDERER "/signcerts/orderer.example.com-cert.pem");
	assert_true(bytes_eq(buf_bytes(&want), msp_local_identity(m)));
	id = identify(s, msp_local_identity(m));
	assert_int_equal(msp_local_not_after(m), msp_identity_not_after(id));
	test_ok(msp_local_sign(m, parts, 3, &sig, &e), &e);
	sha256(bytes_str("abc"), digest);
	test_ok(msp_verify_digest(id, digest, buf_bytes(&sig), &e), &e);
	msp_identity_unref(id);
	msp_local_close(m);
	msp_set_free(s);
	buf_fini(&sig);
	buf_fini(&want);
	free(dir);
}

static void a_directory_made_by_hand_opens(void **state)
{
	char *dir = new_dir(signer), *keys = x_printf("%s/keys", top);

	(void)state;
	msp_local_close(opened(dir, NULL));
	/* what is no PEM, and folders, are passed over; the first signer counts */
	put(dir, "cacerts/README", bytes_str("a note"));
	put(dir, "cacerts/folder/x.pem", bytes_str("no"));
	put(dir, "signcerts/zz.pem", buf_bytes(&root->pem));
	put(dir, "signcerts/README", bytes_str("a note"));
	msp_local_close(opened(dir, NULL));
	/* keys elsewhere */
	remove_from(dir, "keystore");
	put_key(keys, "x_sk", signer->key);
	msp_local_close(opened(dir, keys));
	refused(dir,
		"$/keystore holds no private key for the certificate $/signcerts/me.pem: put it "
		"there: KeyMaterial not found in SigningIdentityInfo");
	free(keys);
	free(dir);
}

static void what_is_missing_is_named(void **state)
{
	char *dir, *above = x_printf("%s/none", top);

	(void)state;
	refused(above,
		"the MSP directory $ does not exist: name the right one in General.LocalMSPDir");
	free(above);
	dir = new_dir(signer);
	remove_from(dir, "cacerts/ca.pem");
	refused(dir, "could not load a valid ca certificate from directory $/cacerts: it holds no "
		     "PEM file: put the organization's root CA certificate there");
	remove_from(dir, "cacerts");
	refused(dir, "could not load a valid ca certificate from directory $/cacerts: it does not "
		     "exist: put the organization's root CA certificate there");
	remove_from(dir, "signcerts/me.pem");
	refused(dir,
		"could not load a valid signer certificate from directory $/signcerts: it holds "
		"no PEM file: put the enrollment certificate there");
	free(dir);
	above = golden_crypto("ordererOrganizations/example.com/orderers/orderer.example.com");
	refused(above, "could not load a valid signer certificate from directory $/signcerts: it "
		       "does not exist: put the enrollment certificate there; did you mean $/msp?");
	free(above);
}

static void what_is_wrong_is_named(void **state)
{
	const struct made *old =
		make_cert(&(struct cert_spec){.issuer = root, .not_after = NOW_2024});
	const struct made *rsa = make_cert(&(struct cert_spec){.issuer = root, .curve = "RSA"});
	const struct made *stranger = make_leaf("s", NULL, make_root("other"));
	char *dir = new_dir(old);

	(void)state;
	refused(dir, "$/signcerts/me.pem: renew it: signing identity expired ");
	free(dir);
	dir = new_dir(rsa);
	refused(dir,
		"$/signcerts/me.pem: the certificate's key is not ECDSA on P-224, P-256, P-384 "
		"or P-521: enroll with such a key");
	free(dir);
	dir = new_dir(stranger);
	refused(dir, "the MSP in directory $ does not hold together: the supplied identity is not "
		     "valid: x509: certificate signed by unknown authority");
	free(dir);
	dir = new_dir(signer);
	put(dir, "config.yaml", bytes_str("a: [b\n"));
	refused(dir,
		"failed unmarshalling configuration file at [$/config.yaml]: config.yaml:2: not YAML: ");
	put(dir, "config.yaml", bytes_str("a: \"\xff\"\n"));
	refused(dir, "[$/config.yaml]: config.yaml: not YAML: not UTF-8");
	put(dir, "config.yaml", bytes_str("NodeOUs: {Enable: perhaps}\n"));
	refused(dir,
		"failed unmarshalling configuration file at [$/config.yaml]: config.yaml:1: Enable "
		"is neither true nor false");
	put(dir, "config.yaml", bytes_str("OrganizationalUnitIdentifiers: 7\n"));
	refused(dir, "[$/config.yaml]: config.yaml:1: OrganizationalUnitIdentifiers is not a list");
	put(dir, "config.yaml",
	    bytes_str("OrganizationalUnitIdentifiers:\n- Certificate: no.pem\n"));
	refused(dir, "failed loading OrganizationalUnit certificate at [$/no.pem]: ");
	put(dir, "config.yaml", bytes_str(""));
	refused(dir, "does not hold together: administrators must be declared when no admin ou "
		     "classification is set");
	put(dir, "admincerts/a.pem", buf_bytes(&signer->pem));
	msp_local_close(opened(dir, NULL));
	put(dir, "crls/x.pem",
	    bytes_str("-----BEGIN X509 CRL-----\nQUJD\n-----END X509 CRL-----\n"));
	refused(dir, "does not hold together: could not parse RevocationList: malformed");
	free(dir);
}

static Msp__FabricMSPConfig *config_of(const char *dir)
{
	Msp__MSPConfig *outer;
	Msp__FabricMSPConfig *c;
	struct ord_err e = ERR_INIT;

	test_ok(msp_dir_config(dir, "M", &outer, &e), &e);
	assert_int_equal(outer->type, 0);
	test_ok(wire_unpack(&msp__fabric_mspconfig__descriptor, wire_bytes(outer->config), &c, &e),
		&e);
	wire_free(outer);
	return c;
}

static bool holds(ProtobufCBinaryData d, const struct made *m)
{
	return bytes_eq(wire_bytes(d), buf_bytes(&m->pem));
}

static void every_folder_goes_into_the_configuration(void **state)
{
	const struct made *mid = make_ca("mid", root), *tls = make_root("tls");
	const struct made *tls_mid = make_ca("tlsmid", tls), *adm = make_leaf("a", NULL, root);
	struct ord_bytes crl = make_crl(root, root, adm, true);
	char *dir = new_dir(signer);
	Msp__FabricMSPConfig *c;

	(void)state;
	put(dir, "intermediatecerts/m.pem", buf_bytes(&mid->pem));
	put(dir, "tlsintermediatecerts/m.pem", buf_bytes(&tls_mid->pem));
	put(dir, "admincerts/a.pem", buf_bytes(&adm->pem));
	put(dir, "crls/c.pem", crl);
	put(dir, "config.yaml",
	    bytes_str("ou: &ca {Certificate: intermediatecerts/m.pem, "
		      "OrganizationalUnitIdentifier: sales}\n"
		      "OrganizationalUnitIdentifiers:\n- *ca\n- Certificate: /cacerts/ca.pem\n"
		      "NodeOUs:\n  Enable: yes\n  ClientOUIdentifier: *ca\n"
		      "  PeerOUIdentifier: {OrganizationalUnitIdentifier: peer, Certificate: no}\n"
		      "  OrdererOUIdentifier: {Certificate: cacerts/ca.pem}\n"));
	c = config_of(dir);
	assert_string_equal(c->name, "M");
	assert_null(c->signing_identity);
	assert_int_equal(c->n_root_certs, 1);
	assert_true(holds(c->root_certs[0], root));
	assert_int_equal(c->n_intermediate_certs, 1);
	assert_true(holds(c->intermediate_certs[0], mid));
	assert_int_equal(c->n_admins, 1);
	assert_true(holds(c->admins[0], adm));
	assert_int_equal(c->n_revocation_list, 1);
	assert_true(bytes_eq(wire_bytes(c->revocation_list[0]), crl));
	assert_int_equal(c->n_tls_intermediate_certs, 0); /* not without a TLS root */
	assert_string_equal(c->crypto_config->signature_hash_family, "SHA2");
	assert_string_equal(c->crypto_config->identity_identifier_hash_function, "SHA256");
	assert_int_equal(c->n_organizational_unit_identifiers, 2);
	assert_true(holds(c->organizational_unit_identifiers[0]->certificate, mid));
	assert_string_equal(c->organizational_unit_identifiers[0]->organizational_unit_identifier,
			    "sales");
	assert_true(holds(c->organizational_unit_identifiers[1]->certificate, root));
	assert_true(c->fabric_node_ous->enable);
	assert_string_equal(
		c->fabric_node_ous->client_ou_identifier->organizational_unit_identifier, "sales");
	assert_string_equal(c->fabric_node_ous->peer_ou_identifier->organizational_unit_identifier,
			    "peer");
	assert_int_equal(c->fabric_node_ous->peer_ou_identifier->certificate.len, 0);
	assert_null(c->fabric_node_ous->orderer_ou_identifier); /* without a name there is none */
	assert_null(c->fabric_node_ous->admin_ou_identifier);
	wire_free(c);

	put(dir, "tlscacerts/t.pem", buf_bytes(&tls->pem));
	put(dir, "config.yaml", bytes_str("NodeOUs:\n  Enable: false\n  Unknown: 1\n"));
	c = config_of(dir);
	assert_int_equal(c->n_tls_root_certs, 1);
	assert_int_equal(c->n_tls_intermediate_certs, 1);
	assert_null(c->fabric_node_ous);
	wire_free(c);
	free(dir);
}

/* What is logged while @role's certificate is looked at; the clock's prefix cut off each line. */
static const char *logged(int64_t not_after, int64_t now, int64_t want)
{
	static char text[2048];
	char *path = x_printf("%s/log", top), *from = text, *to = text;
	int keep = dup(2), fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	ssize_t n;

	assert_true(keep >= 0 && fd >= 0);
	dup2(fd, 2);
	assert_int_equal(msp_warn_expiry("server TLS", not_after, now), want);
	dup2(keep, 2);
	n = pread(fd, text, sizeof(text) - 1, 0);
	text[n < 0 ? 0 : n] = 0;
	close(fd);
	close(keep);
	free(path);
	while (*from) {
		char *words = strstr(from, "-> "), *end = strchr(from, '\n');

		assert_true(words && end && words < end);
		memmove(to, words + 3, (size_t)(end - words - 2));
		to += end - words - 2;
		from = end + 1;
	}
	*to = 0;
	return text;
}

static void expiry_is_told_as_fabric_tells_it(void **state)
{
	const int64_t day = 24 * 3600, now = NOW_2024;

	(void)state;
	assert_string_equal(logged(now - 1, now, -1), "The server TLS certificate has expired\n");
	assert_string_equal(logged(now + 8 * day, now, day),
			    "The server TLS certificate will expire on 2024-01-09 00:00:00 +0000 "
			    "UTC\n");
	assert_string_equal(logged(now + 7 * day, now, 0),
			    "The server TLS certificate will expire on 2024-01-08 00:00:00 +0000 "
			    "UTC\n");
	assert_string_equal(logged(now + 3 * day + 7199, now, -1),
			    "The server TLS certificate will expire on 2024-01-04 01:59:59 +0000 "
			    "UTC\nThe server TLS certificate expires within 3 days and 1 hours\n");
	assert_string_equal(
		logged(INT64_C(253402300799), now, INT64_C(253402300799) - now - 7 * day),
		"The server TLS certificate will expire on 9999-12-31 23:59:59 +0000 "
		"UTC\n");
	assert_string_equal(logged(INT64_MAX, now, -1), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fabric_s_directory_opens_and_signs),
		cmocka_unit_test(a_directory_made_by_hand_opens),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(every_folder_goes_into_the_configuration),
		cmocka_unit_test(expiry_is_told_as_fabric_tells_it),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
