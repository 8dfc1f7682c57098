/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl crypto against a tree that cryptogen made from the same file. */
#include "crypto_tree.h"

#include <crypto/crypto.h>
#include <dirent.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

/* ---- walking ------------------------------------------------------------- */

static bool is_key_name(const char *name)
{
	size_t len = strlen(name);

	return len == 67 && strcmp(name + 64, "_sk") == 0 && strspn(name, "0123456789abcdef") == 64;
}

static void walk(const char *root, const char *at,
		 void (*each)(const char *path, const char *rel, void *arg), void *arg)
{
	char *dir = *at ? file_join(root, at) : x_strdup(root), **names;
	struct ord_err e = ERR_INIT;

	test_ok(file_list(dir, &names, NULL, &e), &e);
	for (size_t i = 0; names[i]; i++) {
		char *rel = file_join(at, names[i]), *path = file_join(dir, names[i]);

		if (file_is_dir(path))
			walk(root, rel, each, arg);
		else
			each(path, rel, arg);
		free(rel);
		free(path);
	}
	file_list_free(names);
	free(dir);
}

/* Relative paths with key files under one name, to be sorted once all are there. */
static void list_one(const char *path, const char *rel, void *arg)
{
	const char *name = strrchr(rel, '/') + 1;
	struct map *names = arg;
	char *line =
		x_printf("%.*s%s", (int)(name - rel), rel, is_key_name(name) ? "<SKI>_sk" : name);

	(void)path;
	assert_null(map_put(names, bytes_str(line), line));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *listing(const char *root)
{
	struct map *names = map_new();
	char **sorted, *line;
	struct buf out = BUF_INIT;
	size_t pos = 0, n = 0;

	walk(root, "", list_one, names);
	sorted = x_alloc(map_len(names) * sizeof(*sorted));
	while (map_next(names, &pos, &(struct ord_bytes){NULL, 0}, (void **)&line))
		sorted[n++] = line;
	qsort(sorted, n, sizeof(*sorted), by_name);
	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%s\n", sorted[i]);
	free(sorted);
	map_free(names, free);
	return buf_cstr(&out);
}

static void tree_has_the_files_cryptogen_makes(void **state)
{
	char *ours = listing(tree), *theirs = listing(golden);

	(void)state;
	assert_string_equal(ours, theirs);
	free(ours);
	free(theirs);
}

/* ---- certificates -------------------------------------------------------- */

static X509 *load_cert(const char *path)
{
	struct buf pem = BUF_INIT;
	struct ord_err e = ERR_INIT;
	X509 *cert;

	test_ok(file_read(path, 1 << 16, &pem, &e), &e);
	test_ok(crypto_cert_from_pem(buf_bytes(&pem), &cert, &e), &e);
	buf_fini(&pem);
	return cert;
}

static bool is_key_id(int nid)
{
	return nid == NID_subject_key_identifier || nid == NID_authority_key_identifier;
}

static void same_extensions(X509 *a, X509 *b)
{
	assert_int_equal(X509_get_ext_count(a), X509_get_ext_count(b));
	for (int i = 0; i < X509_get_ext_count(a); i++) {
		X509_EXTENSION *x = X509_get_ext(a, i), *y = X509_get_ext(b, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(x));

		assert_int_equal(nid, OBJ_obj2nid(X509_EXTENSION_get_object(y)));
		assert_int_equal(X509_EXTENSION_get_critical(x), X509_EXTENSION_get_critical(y));
		if (!is_key_id(nid))
			assert_int_equal(ASN1_OCTET_STRING_cmp(X509_EXTENSION_get_data(x),
							       X509_EXTENSION_get_data(y)),
					 0);
	}
}

static void same_name(const X509_NAME *a, const X509_NAME *b)
{
	const unsigned char *da, *db;
	size_t la, lb;

	assert_int_equal(X509_NAME_get0_der(a, &da, &la), 1);
	assert_int_equal(X509_NAME_get0_der(b, &db, &lb), 1);
	assert_int_equal(la, lb);
	assert_memory_equal(da, db, la);
}

static void same_shape(const char *path, const char *rel, void *arg)
{
	char *other = file_join(golden, rel);
	X509 *a, *b;

	if (strstr(rel, "_sk") || strstr(rel, ".key") || strstr(rel, ".yaml")) {
		free(other);
		return;
	}
	a = load_cert(path);
	b = load_cert(other);
	same_name(X509_get_subject_name(a), X509_get_subject_name(b));
	same_name(X509_get_issuer_name(a), X509_get_issuer_name(b));
	same_extensions(a, b);
	assert_int_equal(X509_get_version(a), X509_get_version(b));
	assert_int_equal(crypto_cert_not_after(a) - crypto_cert_not_before(a),
			 crypto_cert_not_after(b) - crypto_cert_not_before(b));
	assert_int_equal(crypto_cert_not_before(a) % 60, 0);
	assert_true(X509_cmp_current_time(X509_get0_notBefore(a)) < 0);
	++*(unsigned *)arg;
	X509_free(a);
	X509_free(b);
	free(other);
}

static void certificates_have_the_shape_of_cryptogens(void **state)
{
	unsigned n = 0;

	(void)state;
	walk(tree, "", same_shape, &n);
	assert_true(n > 50);
}

/* S of the certificate's own signature, against half the order of P-256. */
static void assert_low_s(X509 *cert)
{
	BIGNUM *half = NULL;
	const ASN1_BIT_STRING *sig;
	const unsigned char *p;
	ECDSA_SIG *s;

	BN_hex2bn(&half, "7FFFFFFF800000007FFFFFFFFFFFFFFFDE737D56D38BCF4279DCE5617E3192A8");
	X509_get0_signature(&sig, NULL, cert);
	p = sig->data;
	s = d2i_ECDSA_SIG(NULL, &p, sig->length);
	assert_non_null(s);
	assert_true(BN_cmp(ECDSA_SIG_get0_s(s), half) <= 0);
	ECDSA_SIG_free(s);
	BN_free(half);
}

static void verify_under(const char *cert_path, const char *ca_path)
{
	X509 *cert = load_cert(cert_path), *ca = load_cert(ca_path);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	X509_STORE_add_cert(store, ca);
	X509_STORE_CTX_init(ctx, store, cert, NULL);
	if (X509_verify_cert(ctx) != 1)
		fail_msg("%s: %s", cert_path,
			 X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	assert_low_s(cert);
	assert_low_s(ca);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	X509_free(cert);
	X509_free(ca);
}

/* Below one of our trees: the only file of a folder. */
static char *only_file(const char *dir)
{
	struct ord_err e = ERR_INIT;
	char **names, *path;
	size_t n;

	test_ok(file_list(dir, &names, &n, &e), &e);
	assert_int_equal(n, 1);
	path = file_join(dir, names[0]);
	file_list_free(names);
	return path;
}

static void verify_node(const char *dir)
{
	static const char *const prefixes[] = {"server", "client"};
	char *signcerts = x_printf("%s/msp/signcerts", dir);
	char *cacerts = x_printf("%s/msp/cacerts", dir);
	char *tls_ca = x_printf("%s/tls/ca.crt", dir);
	char *cert = only_file(signcerts), *ca = only_file(cacerts);

	verify_under(cert, ca);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(prefixes); i++) {
		char *tls = x_printf("%s/tls/%s.crt", dir, prefixes[i]);

		if (file_exists(tls))
			verify_under(tls, tls_ca);
		free(tls);
	}
	free(signcerts);
	free(cacerts);
	free(tls_ca);
	free(cert);
	free(ca);
}

static void certificates_verify_under_their_cas(void **state)
{
	(void)state;
	each_node(verify_node);
}

/* ---- keys ---------------------------------------------------------------- */

static void check_key_file(const char *path, const char *rel, void *arg)
{
	const char *name = strrchr(rel, '/') + 1;
	struct ord_err e = ERR_INIT;
	struct buf pem = BUF_INIT, hex = BUF_INIT;
	struct crypto_key *key;
	uint8_t ski[SHA256_LEN];
	struct stat st;

	if (!is_key_name(name) && !strstr(name, ".key"))
		return;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	test_ok(file_read(path, 1 << 16, &pem, &e), &e);
	test_ok(crypto_key_from_pem(buf_bytes(&pem), &key, &e), &e);
	crypto_key_ski(key, ski);
	hex_encode(&hex, bytes_of(ski, sizeof(ski)));
	if (is_key_name(name))
		assert_memory_equal(name, buf_cstr(&hex), 64);
	++*(unsigned *)arg;
	crypto_key_free(key);
	buf_fini(&pem);
	buf_fini(&hex);
}

static void key_files_are_private_and_named_by_ski(void **state)
{
	unsigned n = 0;

	(void)state;
	walk(tree, "", check_key_file, &n);
	assert_int_equal(n, 6 + 2 * 13); /* two CAs an organisation, two keys a node */
}

static void node_ous_are_configured_as_cryptogen_does(void **state)
{
	static const char *const rel = "peerOrganizations/org1.example.com/msp/config.yaml";
	char *ours = file_join(tree, rel), *theirs = file_join(golden, rel);
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(file_read(ours, 4096, &a, &e), &e);
	test_ok(file_read(theirs, 4096, &b, &e), &e);
	assert_string_equal(buf_cstr(&a), buf_cstr(&b));
	buf_fini(&a);
	buf_fini(&b);
	free(ours);
	free(theirs);
}

/* ---- other configurations ------------------------------------------------ */

/* Run with @yaml as its configuration and fresh output directory @dir. */
static struct ctl_run run_config(const char *dir, const char *yaml)
{
	char *config = file_join(dir, "config.yaml"), *out = file_join(dir, "out");
	struct ctl_run r;

	test_write(config, bytes_str(yaml));
	r = ctl_run("crypto", "--config", config, "--output", out);
	free(config);
	free(out);
	return r;
}

static void subject_of(const char *dir, const char *rel, const char *want)
{
	char *path = file_join(dir, rel), text[512];
	X509 *cert = load_cert(path);

	X509_NAME_oneline(X509_get_subject_name(cert), text, sizeof(text));
	assert_string_equal(text, want);
	X509_free(cert);
	free(path);
}

static void without_node_ous_the_administrator_is_listed(void **state)
{
	char *dir = test_dir();
	char *msp = x_printf("%s/out/peerOrganizations/a.org", dir);
	char *node = x_printf("%s/peers/peer5.a.org/msp/admincerts/Admin@a.org-cert.pem", msp);
	char *org = x_printf("%s/msp/admincerts/Admin@a.org-cert.pem", msp);
	char *user = x_printf("%s/users/User1@a.org/msp/admincerts/User1@a.org-cert.pem", msp);
	char *ous = x_printf("%s/msp/config.yaml", msp);

	(void)state;
	free(ctl_answer(run_config(dir, "PeerOrgs:\n"
					"  - {Name: A, Domain: a.org, Users: {Count: 1}, "
					"Template: {Count: 1, Start: 5}}\n")));
	assert_true(file_exists(node));
	assert_true(file_exists(org));
	assert_true(file_exists(user));
	assert_false(file_exists(ous));
	free(node);
	free(org);
	free(user);
	free(ous);
	free(msp);
	test_rmdir(dir);
}

static void templates_and_ca_fields_are_honoured(void **state)
{
	char *dir = test_dir();
	char *out = x_printf("%s/out/peerOrganizations/b.org", dir);
	char *tls;
	X509 *cert;
	GENERAL_NAMES *names;

	(void)state;
	free(ctl_answer(run_config(
		dir, "PeerOrgs:\n"
		     "  - Name: B\n    Domain: b.org\n    EnableNodeOUs: true\n"
		     "    CA: {Hostname: root, Country: CH, Province: Bern, Locality: Thun,\n"
		     "         OrganizationalUnit: Lab, StreetAddress: Hauptgasse 1,\n"
		     "         PostalCode: 3600}\n"
		     "    Specs:\n"
		     "      - Hostname: foo\n        CommonName: '{{.Hostname}}27.{{.Domain}}'\n"
		     "        SANS: ['alt.{{.CommonName}}', '::1', 10.0.0.1]\n"
		     "    Template: {Count: 1, Hostname: 'n{{ .Index }}-{{.Prefix}}'}\n")));
	subject_of(out, "ca/root.b.org-cert.pem",
		   "/C=CH/ST=Bern/L=Thun/street=Hauptgasse 1/postalCode=3600/O=b.org/OU=Lab"
		   "/CN=root.b.org");
	subject_of(out, "peers/n0-peer.b.org/msp/signcerts/n0-peer.b.org-cert.pem",
		   "/C=CH/ST=Bern/L=Thun/street=Hauptgasse 1/postalCode=3600/OU=Lab+OU=peer"
		   "/CN=n0-peer.b.org");
	tls = file_join(out, "peers/foo27.b.org/tls/server.crt");
	cert = load_cert(tls);
	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	assert_int_equal(sk_GENERAL_NAME_num(names), 5);
	assert_int_equal(X509_check_host(cert, "foo27.b.org", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(cert, "foo", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(cert, "alt.foo27.b.org", 0, 0, NULL), 1);
	assert_int_equal(X509_check_ip_asc(cert, "::1", 0), 1);
	assert_int_equal(X509_check_ip_asc(cert, "10.0.0.1", 0), 1);
	GENERAL_NAMES_free(names);
	X509_free(cert);
	free(tls);
	free(out);
	test_rmdir(dir);
}

static void an_organisation_that_exists_is_not_touched(void **state)
{
	char *config = test_golden_path("crypto-config.yaml");
	char *want = x_printf("ordererctl crypto: %s/ordererOrganizations/example.com exists "
			      "already: remove it or give another --output\n",
			      tree);
	char *before = listing(tree), *after;
	struct ctl_run r;

	(void)state;
	r = ctl_run("crypto", "--config", config, "--output", tree);
	ctl_expect(&r, 1, "", want);
	after = listing(tree);
	assert_string_equal(before, after);
	free(before);
	free(after);
	free(config);
	free(want);
}

/* A broken file is one sentence with file and place, and nothing on disk. */
static void refuses(const char *yaml, const char *why)
{
	char *dir = test_dir(), *out = file_join(dir, "out");
	char *want = x_printf("ordererctl crypto: %s/config.yaml%s\n", dir, why);
	struct ctl_run r = run_config(dir, yaml);

	ctl_expect(&r, 1, "", want);
	assert_false(file_exists(out));
	free(want);
	free(out);
	test_rmdir(dir);
}

static void broken_files_are_refused_in_a_sentence(void **state)
{
	(void)state;
	refuses("", ": neither OrdererOrgs nor PeerOrgs name any");
	refuses("PeerOrgs:\n", ": neither OrdererOrgs nor PeerOrgs name any");
	refuses("PeerOrgs: [\n", ":2: not YAML: flow sequence without a closing bracket");
	refuses("PeerOrgs: 5\n", ":1: PeerOrgs: want a list");
	refuses("PeerOrgs:\n  - {Name: A, Domian: a.org}\n",
		":2: unknown key 'Domian': did you mean 'Domain'?");
	refuses("PeerOrgs:\n  - {Name: A}\n", ":2: Domain is missing");
	refuses("PeerOrgs:\n  - {Domain: ../../etc}\n",
		":2: Domain '../../etc' cannot be used: want up to 200 letters, digits "
		"and ._-@, beginning with a letter, a digit or _");
	refuses("PeerOrgs:\n  - {Domain: a.org, EnableNodeOUs: yes}\n",
		":2: EnableNodeOUs: want true or false");
	refuses("PeerOrgs:\n  - {Domain: a.org, Template: {Count: -1}}\n",
		":2: Count: want a number");
	refuses("PeerOrgs:\n  - {Domain: a.org, Template: {Count: 4000000000}}\n",
		":2: Count: want a number");
	refuses("PeerOrgs:\n  - {Domain: a.org, Specs: [{Hostname: '{{.Index}}'}]}\n",
		":2: CommonName '{{.Index}}.a.org' cannot be used: want up to 200 "
		"letters, digits and ._-@, beginning with a letter, a digit or _");
	refuses("PeerOrgs:\n  - {Domain: a.org, Specs: [{Hostname: a, SANS: ['{{.Index}}']}]}\n",
		":2: template '{{.Index}}' cannot be expanded here");
	refuses("PeerOrgs:\n  - {Domain: a.org, Specs: [{Hostname: a}, {Hostname: a}]}\n",
		":2: two nodes have the CommonName 'a.a.org'");
	refuses("PeerOrgs:\n  - {Domain: a.org}\n  - {Domain: a.org}\n",
		":3: two organisations have the Domain 'a.org'");
	refuses("a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
		"c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c]\n"
		"e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d]\nf: &f [*e, *e, *e, *e, *e, *e, *e]\n",
		":6: more than 100000 values, aliases written out");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_has_the_files_cryptogen_makes),
		cmocka_unit_test(certificates_have_the_shape_of_cryptogens),
		cmocka_unit_test(certificates_verify_under_their_cas),
		cmocka_unit_test(key_files_are_private_and_named_by_ski),
		cmocka_unit_test(node_ous_are_configured_as_cryptogen_does),
		cmocka_unit_test(without_node_ous_the_administrator_is_listed),
		cmocka_unit_test(templates_and_ca_fields_are_honoured),
		cmocka_unit_test(an_organisation_that_exists_is_not_touched),
		cmocka_unit_test(broken_files_are_refused_in_a_sentence),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
