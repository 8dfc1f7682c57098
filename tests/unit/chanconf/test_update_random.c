/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random updates of random configurations.  One that is refused changes nothing; one that is
 * accepted leads to the next sequence, comes out the same when it is derived again, and changed
 * nothing that those who signed had no right to change.
 */
#include "oracle.h"

#define ROUNDS 1000

static const struct {
	const char *block, *channel_id;
} starts[] = {
	{"mychannel.003.block", "mychannel"},          {"mychannel.000.block", "mychannel"},
	{"genesis.solo.block", "testchainid"},         {"genesis.kafka.block", "testchainid"},
	{"genesis.solo.oldcaps.block", "testchainid"},
};

struct run {
	struct dice dice;
	struct chanconf *current;
	Common__ConfigUpdate *wanted;
	struct ord_env *update; /* that, signed */
	unsigned good;          /* signers whose signatures are good */
	unsigned n_accepted, n_refused, n_followed;
};

/* Kept, so that most rounds find their MSPs set up. */
static struct chanconf *kept[UTIL_ARRAY_LEN(starts)];

static int keep_starts(void **state)
{
	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(starts); i++) {
		Common__Config *config = golden_config(starts[i].block);
		struct ord_err e = ERR_INIT;

		test_ok(chanconf_new(starts[i].channel_id, config, &kept[i], &e), &e);
		wire_free(config);
	}
	return 0;
}

static int drop_starts(void **state)
{
	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(starts); i++)
		chanconf_unref(kept[i]);
	signers_close();
	return 0;
}

/* One that builds. */
static struct chanconf *random_start(struct dice *d)
{
	struct chanconf *c = NULL;

	while (!c) {
		unsigned i = roll(d, UTIL_ARRAY_LEN(starts));
		Common__Config *config = golden_config(starts[i].block);
		struct ord_err e = ERR_INIT;

		random_config(d, config);
		chanconf_new(starts[i].channel_id, config, &c, &e);
		wire_free(config);
	}
	return c;
}

static void check_validates(struct run *r, const Common__ConfigEnvelope *ce)
{
	struct ord_env *msg = config_message(r->current->channel_id, ce);
	struct chanconf *next = NULL;
	struct ord_err e = ERR_INIT;

	test_ok(chanconf_validate(r->current, msg, &next, &e), &e);
	assert_true(wire_equal(next->config, ce->config));
	chanconf_unref(next);
	env_unref(msg);
}

/* Somebody changed the result on its way. */
static void check_tampering_is_found(struct run *r, Common__ConfigEnvelope *ce)
{
	struct chanconf *next = NULL;
	struct ord_err e = ERR_INIT;
	struct ord_env *msg;

	ce->config->channel_group->version++;
	msg = config_message(r->current->channel_id, ce);
	test_fails(chanconf_validate(r->current, msg, &next, &e), &e, ORD_EINVAL,
		   "ConfigEnvelope LastUpdate did not produce the supplied config result");
	assert_null(next);
	env_unref(msg);
	ce->config->channel_group->version--;
}

static void check_accepted(struct run *r, Common__ConfigEnvelope *ce)
{
	struct chanconf *next = NULL;
	struct ord_err e = ERR_INIT;

	r->n_accepted++;
	assert_true(ce->config->sequence == r->current->config->sequence + 1);
	assert_true(bytes_eq(wire_bytes(ce->last_update->payload), r->update->payload));
	oracle_check(r->current, ce->config, r->good);
	oracle_check_read(r->current, r->wanted->read_set);
	check_tampering_is_found(r, ce);
	if (chanconf_accept(r->current, ce->config, &next, &e) < 0) {
		assert_int_equal(e.code, ORD_EINVAL);
		assert_null(next);
		return;
	}
	r->n_followed++;
	chanconf_unref(next);
	check_validates(r, ce);
}

static void count_delta(void *arg, const struct chanconf_delta *d)
{
	size_t *n = arg;

	assert_true(d->exists == (d->policy != NULL));
	(*n)++;
}

static void one_round(struct run *r)
{
	struct buf before = BUF_INIT, after = BUF_INIT;
	Common__ConfigEnvelope *ce = NULL;
	struct ord_err e = ERR_INIT;
	size_t n_deltas = 0;

	wire_pack(r->current->config, &before);
	test_ok(chanconf_update_deltas(r->current, r->update, count_delta, &n_deltas, &e), &e);
	if (chanconf_propose(r->current, r->update, &ce, &e) == 0) {
		assert_true(n_deltas > 0);
		check_accepted(r, ce);
	} else {
		assert_int_equal(e.code, ORD_EINVAL);
		assert_null(ce);
		r->n_refused++;
	}
	wire_pack(r->current->config, &after);
	assert_true(bytes_eq(buf_bytes(&before), buf_bytes(&after)));
	wire_free(ce);
	buf_fini(&before);
	buf_fini(&after);
}

static void random_updates_keep_the_rules(void **state)
{
	struct run r = {.dice = {2021}};

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		unsigned signers, forged;

		r.current = random_start(&r.dice);
		r.wanted = random_update(&r.dice, r.current->channel_id, r.current->config);
		random_signers(&r.dice, &signers, &forged);
		r.good = signers & ~forged;
		r.update = signed_update(r.current->channel_id, r.wanted, signers, forged);
		one_round(&r);
		wire_free(r.wanted);
		env_unref(r.update);
		chanconf_unref(r.current);
	}
	/* Chance must not make this a test of nothing. */
	assert_in_range(r.n_accepted, ROUNDS / 4, 3 * ROUNDS / 4);
	assert_in_range(r.n_refused, ROUNDS / 4, 3 * ROUNDS / 4);
	assert_in_range(r.n_followed, ROUNDS / 8, ROUNDS);
}

/* Of an update that is right, every signature that can be missed is. */
static void without_any_needed_signature_an_update_is_refused(void **state)
{
	struct dice d = {7};
	unsigned n_needed = 0;

	(void)state;
	for (int i = 0; i < ROUNDS / 10; i++) {
		struct chanconf *c = random_start(&d);
		Common__ConfigUpdate *u = random_update(&d, c->channel_id, c->config);

		for (unsigned signers = 0; signers <= SIGNER_ADMINS; signers++) {
			struct ord_env *env = signed_update(c->channel_id, u, signers, 0);
			Common__ConfigEnvelope *ce = NULL;
			struct ord_err e = ERR_INIT;

			if (chanconf_propose(c, env, &ce, &e) == 0)
				oracle_check(c, ce->config, signers);
			else
				n_needed++;
			wire_free(ce);
			env_unref(env);
		}
		wire_free(u);
		chanconf_unref(c);
	}
	assert_true(n_needed > ROUNDS / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_updates_keep_the_rules),
		cmocka_unit_test(without_any_needed_signature_an_update_is_refused),
	};
	struct ord_err e = ERR_INIT;

	log_set_spec("error", &e); /* hundreds of duplicate signatures and missing policies */
	return cmocka_run_group_tests(tests, keep_starts, drop_starts);
}
