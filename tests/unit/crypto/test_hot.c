/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a table, and when. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "../test.h"

#include <crypto/crypto_priv.h>
#include <openssl/ecdsa.h>
#include <openssl/objects.h>

#define OFTEN  1000
#define TABLES 16

static struct crypto_pubkey *key_of(EC_KEY *ec)
{
	struct crypto_pubkey *k = x_alloc(sizeof(*k));

	k->refs = 1;
	k->curve = curve_by_nid(NID_X9_62_prime256v1);
	k->ec = ec;
	EC_KEY_up_ref(ec);
	EC_POINT_point2oct(k->curve->group, EC_KEY_get0_public_key(ec),
			   POINT_CONVERSION_UNCOMPRESSED, k->point, sizeof(k->point), NULL);
	return k;
}

static EC_KEY *make_key(void)
{
	EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);

	assert_int_equal(EC_KEY_generate_key(ec), 1);
	return ec;
}

static struct crypto_pubkey *random_key(void)
{
	EC_KEY *ec = make_key();
	struct crypto_pubkey *k = key_of(ec);

	EC_KEY_free(ec);
	return k;
}

static struct buf signature_by(EC_KEY *ec, const uint8_t digest[static 32])
{
	ECDSA_SIG *sig = ECDSA_do_sign(digest, 32, ec);
	struct buf der = BUF_INIT;
	const BIGNUM *r, *s;
	uint8_t rb[32], sb[32];
	struct ecsig rs;

	ECDSA_SIG_get0(sig, &r, &s);
	rs.r = bytes_of(rb, (size_t)BN_bn2bin(r, rb));
	rs.s = bytes_of(sb, (size_t)BN_bn2bin(s, sb));
	assert_true(ecsig_encode_low(curve_by_nid(NID_X9_62_prime256v1), &rs, &der));
	ECDSA_SIG_free(sig);
	return der;
}

static void use(struct crypto_pubkey *k, int times)
{
	for (int i = 0; i < times; i++)
		table_unref(hot_table(k));
}

static bool has_table(struct crypto_pubkey *k)
{
	struct table *t = hot_table(k);

	table_unref(t);
	return t != NULL;
}

struct mark {
	struct pool_task task;
	struct monitor monitor;
	bool reached;
};

static void reach(struct pool_task *task)
{
	struct mark *m = UTIL_CONTAINER(task, struct mark, task);

	monitor_lock(&m->monitor);
	m->reached = true;
	monitor_wake(&m->monitor);
	monitor_unlock(&m->monitor);
}

/* The pool has one thread: what was submitted before is done. */
static void wait_for(struct pool *p)
{
	struct mark m = {.task.run = reach};

	monitor_init(&m.monitor);
	pool_submit(p, &m.task);
	monitor_lock(&m.monitor);
	while (!m.reached)
		monitor_wait(&m.monitor);
	monitor_unlock(&m.monitor);
	monitor_fini(&m.monitor);
}

static struct pool *begin(void)
{
	struct ord_err e = ERR_INIT;
	struct pool *p;

	test_ok(pool_new(1, "maker", &p, &e), &e);
	crypto_hot_keys(p);
	return p;
}

static void end(struct pool *p)
{
	crypto_hot_keys(NULL);
	pool_free(p);
}

static void a_key_used_often_gets_a_table(void **state)
{
	struct pool *p = begin();
	EC_KEY *ec = make_key();
	struct crypto_pubkey *k = key_of(ec), *same = key_of(ec);

	(void)state;
	use(k, OFTEN - 1);
	wait_for(p);
	assert_false(has_table(k));
	wait_for(p);
	assert_true(has_table(k));
	assert_true(has_table(same));
	end(p);
	assert_false(has_table(k));
	use(k, 2 * OFTEN);
	assert_false(has_table(k));
	crypto_pubkey_unref(k);
	crypto_pubkey_unref(same);
	EC_KEY_free(ec);
}

struct checker {
	pthread_t thread;
	struct crypto_pubkey *k;
	uint8_t digest[32], wrong[32];
	struct buf sig;
	int held, refused;
};

static void *check_often(void *arg)
{
	struct checker *c = arg;

	for (int i = 0; i < 2 * OFTEN; i++) {
		c->held += crypto_verify_digest(c->k, c->digest, buf_bytes(&c->sig), NULL) == 0;
		c->refused += crypto_verify_digest(c->k, c->wrong, buf_bytes(&c->sig), NULL) < 0;
	}
	return NULL;
}

/* Nobody notices when the table comes, nor when it goes. */
static void threads_share_a_table(void **state)
{
	struct pool *p = begin();
	EC_KEY *ec = make_key();
	struct checker c[2] = {{0}};
	struct ord_err e = ERR_INIT;

	(void)state;
	for (int i = 0; i < 2; i++) {
		c[i].k = key_of(ec);
		crypto_random(c[i].digest, 32);
		c[i].sig = signature_by(ec, c[i].digest);
		test_ok(thread_start(&c[i].thread, "checker", check_often, &c[i], &e), &e);
	}
	pthread_join(c[0].thread, NULL);
	end(p);
	pthread_join(c[1].thread, NULL);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(c[i].held, 2 * OFTEN);
		assert_int_equal(c[i].refused, 2 * OFTEN);
		crypto_pubkey_unref(c[i].k);
		buf_fini(&c[i].sig);
	}
	EC_KEY_free(ec);
}

static void other_curves_get_none(void **state)
{
	struct pool *p = begin();
	struct crypto_pubkey *k = random_key();

	(void)state;
	k->curve = curve_by_nid(NID_secp384r1);
	use(k, 2 * OFTEN);
	wait_for(p);
	assert_false(has_table(k));
	end(p);
	crypto_pubkey_unref(k);
}

static void the_coldest_table_makes_room(void **state)
{
	struct pool *p = begin();
	struct crypto_pubkey *k[TABLES], *newcomer = random_key();

	(void)state;
	for (int i = 0; i < TABLES; i++) {
		k[i] = random_key();
		use(k[i], OFTEN);
		wait_for(p);
		use(k[i], OFTEN + i);
	}
	use(newcomer, OFTEN);
	wait_for(p);
	assert_false(has_table(newcomer)); /* all others are as hot */
	use(newcomer, OFTEN);
	wait_for(p);
	assert_true(has_table(newcomer)); /* meanwhile nobody used them */
	assert_false(has_table(k[0]));
	for (int i = 1; i < TABLES; i++)
		assert_true(has_table(k[i]));
	end(p);
	for (int i = 0; i < TABLES; i++)
		crypto_pubkey_unref(k[i]);
	crypto_pubkey_unref(newcomer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_used_often_gets_a_table),
		cmocka_unit_test(threads_share_a_table),
		cmocka_unit_test(other_curves_get_none),
		cmocka_unit_test(the_coldest_table_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
