/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures of crypto and msp on this machine; no test.  V is one P-256 check as `openssl speed
 * ecdsap256` times it: EVP_PKEY_verify() on a kept context.  CPU time per call, on one thread and
 * on two at once.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "made.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <time.h>

static struct {
	EVP_PKEY *key;
	EC_KEY *ec;
	struct crypto_pubkey *pub;
	struct crypto_key *priv;
	struct buf sig;
	uint8_t digest[32];
	struct msp_set *set;
	struct ord_bytes ident, unkept;
	const struct msp_principal *yes, *no;
	struct msp_identity *id;
} w;
static double v_us;

static void evp_kept(void)
{
	static _Thread_local EVP_PKEY_CTX *ctx;

	if (!ctx) {
		ctx = EVP_PKEY_CTX_new(w.key, NULL);
		EVP_PKEY_verify_init(ctx);
	}
	util_assert(EVP_PKEY_verify(ctx, w.sig.data, w.sig.len, w.digest, 32) == 1);
}

static void evp_fresh(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(w.key, NULL);

	EVP_PKEY_verify_init(ctx);
	util_assert(EVP_PKEY_verify(ctx, w.sig.data, w.sig.len, w.digest, 32) == 1);
	EVP_PKEY_CTX_free(ctx);
}

static void ecdsa_verify(void)
{
	util_assert(ECDSA_verify(0, w.digest, 32, w.sig.data, (int)w.sig.len, w.ec) == 1);
}

static void verify(void)
{
	util_assert(crypto_verify_digest(w.pub, w.digest, buf_bytes(&w.sig), NULL) == 0);
}

static void sign(void)
{
	struct buf sig = BUF_INIT;

	util_assert(crypto_sign_digest(w.priv, w.digest, &sig, NULL) == 0);
	buf_fini(&sig);
}

static void identify_again(void)
{
	struct msp_identity *id;

	util_assert(msp_identify(w.set, w.ident, &id, NULL) == 0);
	msp_identity_unref(id);
}

/* A spelling that is too long for the cache to keep: worked out each time. */
static void identify_first(void)
{
	struct msp_identity *id;

	util_assert(msp_identify(w.set, w.unkept, &id, NULL) == 0);
	msp_identity_unref(id);
}

static void satisfies(void)
{
	util_assert(msp_satisfies(w.id, w.yes, NULL) == 0);
	util_assert(msp_satisfies(w.id, w.no, NULL) < 0);
}

/* ---- running ------------------------------------------------------------- */

struct run {
	void (*f)(void);
	unsigned n;
	double us;
};

static void *run(void *arg)
{
	struct run *r = arg;
	uint64_t began;

	r->f();
	began = clock_thread_cpu_ns();
	for (unsigned i = 0; i < r->n; i++)
		r->f();
	r->us = (double)(clock_thread_cpu_ns() - began) / 1e3 / r->n;
	return NULL;
}

static void measure(const char *name, void (*f)(void), unsigned n)
{
	struct run a = {f, n, 0}, b = a, one = a;
	pthread_t t;

	run(&one);
	pthread_create(&t, NULL, run, &a);
	run(&b);
	pthread_join(t, NULL);
	if (v_us == 0)
		v_us = one.us;
	printf("%-44s %7.2f us %6.3f V   two threads %7.2f %7.2f us\n", name, one.us, one.us / v_us,
	       a.us, b.us);
}

static void make_world(void)
{
	const struct made *root = make_root("root"), *leaf = make_leaf("a", "client", root);
	BIO *bio = BIO_new(BIO_s_mem());
	struct buf long_pem = BUF_INIT, long_ident;
	struct ord_err e = ERR_INIT;
	char *text;
	long len;

	w.key = leaf->key;
	w.ec = EVP_PKEY_get1_EC_KEY(leaf->key);
	PEM_write_bio_PrivateKey(bio, leaf->key, NULL, NULL, 0, NULL, NULL);
	len = BIO_get_mem_data(bio, &text);
	util_assert(crypto_key_from_pem(bytes_of(text, (size_t)len), &w.priv, &e) == 0);
	util_assert(crypto_pubkey_from_cert(leaf->x, &w.pub, &e) == 0);
	util_assert(crypto_sign_digest(w.priv, w.digest, &w.sig, &e) == 0);
	w.set = set_of(MSP_V1_3, &(struct msp_spec){.root = {root}});
	w.yes = role_of(w.set, "M", MSP__MSPROLE__MSPROLE_TYPE__MEMBER);
	w.no = role_of(w.set, "M", MSP__MSPROLE__MSPROLE_TYPE__ADMIN);
	w.ident = made_identity("M", leaf);
	w.id = identify(w.set, w.ident);
	buf_add_bytes(&long_pem, buf_bytes(&leaf->pem));
	while (long_pem.len < 5000)
		buf_add_u8(&long_pem, '\n');
	long_ident = serialize("M", buf_bytes(&long_pem));
	w.unkept = buf_bytes(&long_ident);
	buf_fini(&long_pem);
	BIO_free(bio);
}

int main(void)
{
	make_world();
	measure("EVP_PKEY_verify, kept context (V)", evp_kept, 20000);
	measure("EVP_PKEY_verify, fresh context", evp_fresh, 20000);
	measure("ECDSA_verify, kept EC_KEY", ecdsa_verify, 20000);
	measure("crypto_verify_digest", verify, 20000);
	measure("crypto_sign_digest", sign, 20000);
	measure("msp_identify, seen before", identify_again, 500000);
	measure("msp_identify, worked out", identify_first, 2000);
	measure("msp_satisfies, two principals, seen before", satisfies, 500000);
	return 0;
}
