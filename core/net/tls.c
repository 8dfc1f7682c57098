/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS as Fabric's orderer speaks it: TLS 1.2 with six suites and TLS 1.3, ALPN h2, no session
 * tickets.  Clients are asked for a certificate; mutual TLS also verifies it, against a pool that
 * may be replaced at any time.
 */
#include <net/net_priv.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define TLS12_CIPHERS                                                  \
	"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:"     \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:" \
	"AES128-GCM-SHA256:AES256-GCM-SHA384"

/* ---- PEM ----------------------------------------------------------------- */

static BIO *pem_open(struct ord_bytes pem)
{
	BIO *b = pem.len <= INT32_MAX
			 ? BIO_new_mem_buf(pem.data ? (const void *)pem.data : "", (int)pem.len)
			 : NULL;

	util_assert(b);
	return b;
}

/* A key under a pass phrase must fail, not ask the terminal. */
static int no_password(char *buf, int size, int rw, void *arg)
{
	(void)buf;
	(void)size;
	(void)rw;
	(void)arg;
	return -1;
}

static X509 *read_cert(BIO *b)
{
	X509 *x = PEM_read_bio_X509(b, NULL, no_password, NULL);

	ERR_clear_error();
	return x;
}

static int use_cert(SSL_CTX *ctx, struct ord_bytes pem, struct ord_err *e)
{
	BIO *b = pem_open(pem);
	X509 *x = read_cert(b);
	int rc = 0;

	if (!x)
		rc = err_set(e, ORD_EINVAL, "TLS certificate: no PEM certificate in it");
	else if (SSL_CTX_use_certificate(ctx, x) != 1)
		rc = err_set(e, ORD_EINVAL, "TLS certificate: %s",
			     ERR_reason_error_string(ERR_get_error()));
	X509_free(x);
	while (rc == 0 && (x = read_cert(b)))
		SSL_CTX_add0_chain_cert(ctx, x);
	BIO_free(b);
	return rc;
}

static int use_key(SSL_CTX *ctx, struct ord_bytes pem, struct ord_err *e)
{
	BIO *b = pem_open(pem);
	EVP_PKEY *k = PEM_read_bio_PrivateKey(b, NULL, no_password, NULL);
	int rc = 0;

	if (!k)
		rc = err_set(e, ORD_EINVAL, "TLS private key: no readable PEM key in it");
	else if (SSL_CTX_use_PrivateKey(ctx, k) != 1 || SSL_CTX_check_private_key(ctx) != 1)
		rc = err_set(e, ORD_EINVAL,
			     "TLS private key: it does not belong to the certificate");
	ERR_clear_error();
	EVP_PKEY_free(k);
	BIO_free(b);
	return rc;
}

/* ---- the pool of trusted certificates ------------------------------------ */

/* OpenSSL takes the first certificate that bears the issuer's name.  Two organisations may run CAs
 * of one name, so take the one whose key made the signature, a valid one before an expired. */
static int find_issuer(X509 **issuer, X509_STORE_CTX *ctx, X509 *x)
{
	STACK_OF(X509) *same_name = X509_STORE_CTX_get1_certs(ctx, X509_get_issuer_name(x));
	X509 *best = NULL;

	for (int i = 0; i < sk_X509_num(same_name); i++) {
		X509 *ca = sk_X509_value(same_name, i);

		if (X509_check_issued(ca, x) != X509_V_OK ||
		    X509_verify(x, X509_get0_pubkey(ca)) != 1)
			continue;
		best = ca;
		if (X509_cmp_timeframe(X509_STORE_CTX_get0_param(ctx), X509_get0_notBefore(ca),
				       X509_get0_notAfter(ca)) == 0)
			break;
	}
	ERR_clear_error();
	if (best)
		X509_up_ref(best);
	*issuer = best;
	sk_X509_pop_free(same_name, X509_free);
	return best != NULL;
}

static int trust_new(const struct ord_bytes *pems, size_t n, X509_STORE **out, struct ord_err *e)
{
	X509_STORE *pool = X509_STORE_new();

	util_assert(pool);
	X509_STORE_set_get_issuer(pool, find_issuer);
	for (size_t i = 0; i < n; i++) {
		BIO *b = pem_open(pems[i]);
		X509 *x;
		int found = 0;

		for (; (x = read_cert(b)); found++) {
			X509_STORE_add_cert(pool, x);
			X509_free(x);
		}
		BIO_free(b);
		if (!found) {
			X509_STORE_free(pool);
			return err_set(e, ORD_EINVAL,
				       "trusted CA certificates: no PEM certificate in entry %zu",
				       i);
		}
	}
	*out = pool;
	return 0;
}

int tls_set_pool(struct net_tls *t, const struct ord_bytes *pems, size_t n, struct ord_err *e)
{
	X509_STORE *pool = NULL, *old;
	int rc = trust_new(pems, n, &pool, e);

	if (rc < 0)
		return rc;
	pthread_mutex_lock(&t->lock);
	old = t->pool;
	t->pool = pool;
	pthread_mutex_unlock(&t->lock);
	X509_STORE_free(old);
	return 0;
}

/* ---- contexts ------------------------------------------------------------ */

static const uint8_t alpn_h2[] = {2, 'h', '2'};

static int pick_h2(SSL *ssl, const uint8_t **out, uint8_t *outlen, const uint8_t *in,
		   unsigned inlen, void *arg)
{
	(void)ssl;
	(void)arg;
	return SSL_select_next_proto((uint8_t **)(uintptr_t)out, outlen, alpn_h2, sizeof(alpn_h2),
				     in, inlen) == OPENSSL_NPN_NEGOTIATED
		       ? SSL_TLSEXT_ERR_OK
		       : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* A client that offers no ALPN at all does not get as far as pick_h2(). */
static int require_alpn(SSL *ssl, int *alert, void *arg)
{
	const uint8_t *p;
	size_t n;

	(void)arg;
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &p,
				      &n))
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_NO_APPLICATION_PROTOCOL;
	ERR_raise(ERR_LIB_SSL, SSL_R_NO_APPLICATION_PROTOCOL);
	return SSL_CLIENT_HELLO_ERROR;
}

static int accept_any(X509_STORE_CTX *ctx, void *arg)
{
	(void)arg;
	X509_STORE_CTX_set_error(ctx, X509_V_OK);
	return 1;
}

static struct net_tls *tls_new(const SSL_METHOD *method, int64_t time_shift_ns)
{
	struct net_tls *t = x_alloc(sizeof(*t));
	SSL_CTX *ctx = SSL_CTX_new(method);

	util_assert(ctx);
	t->refs = 1;
	t->ctx = ctx;
	t->time_shift_ns = time_shift_ns;
	t->pool = X509_STORE_new();
	pthread_mutex_init(&t->lock, NULL);
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	util_assert(SSL_CTX_set_cipher_list(ctx, TLS12_CIPHERS) == 1);
	util_assert(SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384:P-521") == 1);
	SSL_CTX_set_options(ctx,
			    SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	return t;
}

struct net_tls *tls_ref(struct net_tls *t)
{
	ref_get(&t->refs);
	return t;
}

void net_tls_free(struct net_tls *t)
{
	if (!t || !ref_put(&t->refs))
		return;
	SSL_CTX_free(t->ctx);
	X509_STORE_free(t->pool);
	pthread_mutex_destroy(&t->lock);
	free(t->server_name);
	free(t);
}

int tls_server_new(const struct net_opts *o, struct net_tls **out, struct ord_err *e)
{
	struct net_tls *t = tls_new(TLS_server_method(), o->tls_time_shift_ns);
	int verify = SSL_VERIFY_PEER;
	int rc;

	SSL_CTX_set_alpn_select_cb(t->ctx, pick_h2, NULL);
	SSL_CTX_set_client_hello_cb(t->ctx, require_alpn, NULL);
	if (o->client_auth)
		verify |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	else
		SSL_CTX_set_cert_verify_callback(t->ctx, accept_any, NULL);
	SSL_CTX_set_verify(t->ctx, verify, NULL);
	rc = use_cert(t->ctx, o->cert_pem, e);
	if (rc == 0)
		rc = use_key(t->ctx, o->key_pem, e);
	if (rc < 0)
		net_tls_free(t);
	else
		*out = t;
	return rc;
}

int net_tls_new(struct ord_bytes ca_pem, struct ord_bytes cert_pem, struct ord_bytes key_pem,
		const char *server_name, int64_t time_shift_ns, struct net_tls **out,
		struct ord_err *e)
{
	struct net_tls *t = tls_new(TLS_client_method(), time_shift_ns);
	int rc = tls_set_pool(t, &ca_pem, 1, e);

	SSL_CTX_set_alpn_protos(t->ctx, alpn_h2, sizeof(alpn_h2));
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	t->server_name = server_name ? x_strdup(server_name) : NULL;
	if (rc == 0 && cert_pem.len > 0)
		rc = use_cert(t->ctx, cert_pem, e);
	if (rc == 0 && cert_pem.len > 0)
		rc = use_key(t->ctx, key_pem, e);
	if (rc < 0)
		net_tls_free(t);
	else
		*out = t;
	return rc;
}

static void expect_host(SSL *ssl, X509_VERIFY_PARAM *param, const char *host)
{
	if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
		return;
	X509_VERIFY_PARAM_set1_host(param, host, 0);
	SSL_set_tlsext_host_name(ssl, host);
}

SSL *tls_session(struct net_tls *t, const char *host)
{
	SSL *ssl = SSL_new(t->ctx);
	X509_VERIFY_PARAM *param;

	util_assert(ssl);
	pthread_mutex_lock(&t->lock);
	SSL_set1_verify_cert_store(ssl, t->pool);
	pthread_mutex_unlock(&t->lock);
	param = SSL_get0_param(ssl);
	/* Go trusts whatever is in the pool, intermediate certificates too. */
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_time(
		param, (time_t)((clock_wall_ns() - t->time_shift_ns) / (int64_t)CLOCK_SEC_NS));
	if (host)
		expect_host(ssl, param, t->server_name ? t->server_name : host);
	ERR_clear_error();
	return ssl;
}

int net_check_tls(const struct net_opts *o, struct ord_err *e)
{
	struct net_tls *t;
	int rc = tls_server_new(o, &t, e);

	if (rc == 0)
		net_tls_free(t);
	return rc;
}

int net_check_cas(struct ord_bytes pem, struct ord_err *e)
{
	X509_STORE *pool;
	int rc = trust_new(&pem, 1, &pool, e);

	if (rc == 0)
		X509_STORE_free(pool);
	return rc;
}
