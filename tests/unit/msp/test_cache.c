/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads, one set: everybody gets the right answer, and the cache stays bounded. */
#include "made.h"

#include <msp/msp_priv.h>

#define N_LEAVES  24
#define N_THREADS 4
#define ROUNDS    400

static struct msp_set *set;
static const struct made *root, *leaf[N_LEAVES], *stranger;
static struct ord_bytes ident[N_LEAVES], strange;
static const struct msp_principal *client, *peer;

static int set_up(void **state)
{
	const struct made *other = make_root("other");

	(void)state;
	root = make_root("root");
	for (int i = 0; i < N_LEAVES; i++) {
		leaf[i] = make_leaf("leaf", i % 2 ? "peer" : "client", root);
		ident[i] = made_identity("M", leaf[i]);
	}
	stranger = make_leaf("s", NULL, other);
	strange = made_identity("M", stranger);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	made_free_all();
	return 0;
}

static void open_set(void)
{
	set = set_of(MSP_V1_3,
		     &(struct msp_spec){.root = {root}, .client = "client", .peer = "peer"});
	client = role_of(set, "M", MSP__MSPROLE__MSPROLE_TYPE__CLIENT);
	peer = role_of(set, "M", MSP__MSPROLE__MSPROLE_TYPE__PEER);
}

/* cmocka's assertions are for one thread; wrong answers are counted. */
static void *ask(void *arg)
{
	size_t wrong = 0;

	for (int n = 0; n < ROUNDS; n++) {
		int i = (n * 7 + (int)(intptr_t)arg * 5) % N_LEAVES;
		struct msp_identity *id;
		struct ord_err e = ERR_INIT;

		if (msp_identify(set, ident[i], &id, &e) < 0) {
			wrong++;
			continue;
		}
		wrong += msp_validate(id, &e) != 0;
		wrong += msp_satisfies(id, i % 2 ? peer : client, NULL) != 0;
		wrong += msp_satisfies(id, i % 2 ? client : peer, &e) != ORD_EPERM;
		msp_identity_unref(id);
		wrong += msp_identify(set, strange, &id, &e) != ORD_EPERM || e.msg[0] == 0;
		wrong += msp_expiry(set, ident[i]) == INT64_MAX;
	}
	return (void *)wrong; /* NOLINT */
}

static void threads_agree(void **state)
{
	pthread_t t[N_THREADS];
	struct ord_err e = ERR_INIT;

	(void)state;
	open_set();
	for (intptr_t i = 0; i < N_THREADS; i++)
		test_ok(thread_start(&t[i], "ask", ask, (void *)i, &e), &e); /* NOLINT */
	for (int i = 0; i < N_THREADS; i++) {
		void *wrong;

		pthread_join(t[i], &wrong);
		assert_int_equal((size_t)wrong, 0);
	}
	msp_set_free(set);
}

static bool cached(struct msp_cache *c, int n)
{
	struct msp_found found;
	bool hit = msp_cache_get(c, bytes_of(&n, sizeof(n)), &found, NULL);

	if (hit)
		msp_identity_unref(found.id);
	return hit;
}

/* Far more identities than there is room for: those in use stay, the others make room for each
 * other, and what was refused has room of its own. */
static void the_cache_is_bounded(void **state)
{
	struct msp_cache *c = msp_cache_new();
	struct msp_found good = {.code = 0}, bad = {.code = ORD_EPERM, .text = "no"};
	int kept = 0;

	(void)state;
	open_set();
	good.id = identify(set, ident[0]);
	for (int n = 0; n < 20000; n++) {
		msp_cache_put(c, bytes_of(&n, sizeof(n)), &good);
		assert_true(cached(c, 0)); /* the hand finds it used each time it passes */
		bad.not_after = ~n;
		msp_cache_put(c, bytes_of(&bad.not_after, sizeof(bad.not_after)), &bad);
	}
	assert_true(cached(c, 19999));
	for (int n = 0; n < 20000; n++)
		kept += cached(c, n);
	assert_in_range(kept, 3500, 4096);
	msp_identity_unref(good.id);
	msp_cache_free(c);
	msp_set_free(set);
}

static void junk_does_not_push_out_members(void **state)
{
	struct msp_identity *first, *again;

	(void)state;
	open_set();
	first = identify(set, ident[0]);
	for (int n = 0; n < 3000; n++) {
		struct buf junk = BUF_INIT, b;
		struct msp_identity *id;
		struct ord_err e = ERR_INIT;

		buf_printf(&junk, "junk %d", n);
		b = serialize("M", buf_bytes(&junk));
		test_fails(msp_identify(set, buf_bytes(&b), &id, &e), &e, ORD_EPERM,
			   "could not decode the PEM structure");
		buf_fini(&b);
		buf_fini(&junk);
	}
	again = identify(set, ident[0]);
	assert_ptr_equal(first, again);
	msp_identity_unref(again);
	msp_identity_unref(first);
	msp_set_free(set);
}

/* Long spellings are answered, but not kept. */
static void long_identities_are_not_kept(void **state)
{
	struct msp_identity *a, *c;
	struct buf pem = BUF_INIT, b;

	(void)state;
	open_set();
	buf_add_bytes(&pem, buf_bytes(&leaf[0]->pem));
	while (pem.len < 5000)
		buf_add_str(&pem, "padding\n");
	b = serialize("M", buf_bytes(&pem));
	a = identify(set, buf_bytes(&b));
	c = identify(set, buf_bytes(&b));
	assert_ptr_not_equal(a, c);
	assert_true(bytes_eq(msp_identity_key(a), msp_identity_key(c)));
	msp_identity_unref(a);
	msp_identity_unref(c);
	buf_fini(&b);
	buf_fini(&pem);
	msp_set_free(set);
}

/* An identity that is older than a principal still answers. */
static void late_principals_are_answered(void **state)
{
	struct msp_identity *id;

	(void)state;
	open_set();
	id = identify(set, ident[0]);
	assert_int_equal(
		msp_satisfies(id, role_of(set, "M", MSP__MSPROLE__MSPROLE_TYPE__MEMBER), NULL), 0);
	assert_int_equal(
		msp_satisfies(id, role_of(set, "M", MSP__MSPROLE__MSPROLE_TYPE__ADMIN), NULL),
		ORD_EPERM);
	msp_identity_unref(id);
	msp_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_agree),
		cmocka_unit_test(the_cache_is_bounded),
		cmocka_unit_test(junk_does_not_push_out_members),
		cmocka_unit_test(long_identities_are_not_kept),
		cmocka_unit_test(late_principals_are_answered),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
