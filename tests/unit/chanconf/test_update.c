/* SPDX-License-Identifier: Apache-2.0 */
/* Config updates against what Fabric made of them. */
#include "chanconf_test.h"

static struct ord_env *golden_env(const char *name)
{
	struct buf b = test_golden(name);
	struct ord_env *env = NULL;
	struct ord_err e = ERR_INIT;

	test_ok(env_parse(buf_bytes(&b), &env, &e), &e);
	buf_fini(&b);
	return env;
}

static struct ord_env *golden_block_env(const char *name)
{
	struct ord_block *b = test_block("blocks/%s", name);
	struct ord_env *env = block_config_env(b);

	assert_non_null(env);
	block_unref(b);
	return env;
}

static struct chanconf *golden_conf(const char *name)
{
	struct ord_env *env = golden_block_env(name);
	struct chanconf *c = NULL;
	struct ord_err e = ERR_INIT;

	test_ok(chanconf_from_env(env, &c, &e), &e);
	env_unref(env);
	return c;
}

static Common__ConfigEnvelope *config_envelope_of(const struct ord_env *env)
{
	Common__ConfigEnvelope *ce = NULL;
	struct ord_err e = ERR_INIT;

	test_ok(wire_unpack(&common__config_envelope__descriptor, env->data, &ce, &e), &e);
	return ce;
}

/* @tx against the channel as of block @before gives what block @after recorded. */
static void leads_to(const char *before, const char *tx, const char *after)
{
	struct chanconf *current = golden_conf(before), *next = NULL;
	struct ord_env *update = golden_env(tx), *recorded = golden_block_env(after);
	Common__ConfigEnvelope *want = config_envelope_of(recorded), *got = NULL;
	struct ord_err e = ERR_INIT;

	test_ok(chanconf_propose(current, update, &got, &e), &e);
	assert_true(wire_equal(got->config, want->config));
	test_ok(chanconf_accept(current, got->config, &next, &e), &e);
	assert_int_equal(next->pub.sequence, current->pub.sequence + 1);
	chanconf_unref(next);
	test_ok(chanconf_validate(current, recorded, &next, &e), &e);
	assert_true(wire_equal(next->config, want->config));
	test_ok(chanconf_check_migration(current, recorded, &e), &e);
	chanconf_unref(next);
	chanconf_unref(current);
	env_unref(update);
	env_unref(recorded);
	wire_free(want);
	wire_free(got);
}

static void every_recorded_update_leads_to_fabrics_result(void **state)
{
	(void)state;
	leads_to("mychannel.000.block", "tx/mychannel.Org1MSPanchors.signed-org1admin.tx",
		 "mychannel.001.block");
	leads_to("mychannel.001.block", "tx/mychannel.Org2MSPanchors.signed-org2admin.tx",
		 "mychannel.002.block");
	leads_to("mychannel.002.block", "tx/batchsize.signed-ordereradmin.tx",
		 "mychannel.003.block");
}

static void a_recorded_creation_leads_to_fabrics_result(void **state)
{
	struct chanconf *system = golden_conf("genesis.solo.block");
	struct ord_block *b = test_block("blocks/testchainid.1.block");
	struct ord_env *tx = NULL, *inner = NULL, *last;
	Common__ConfigEnvelope *want, *got = NULL;
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(env_parse(b->data[0], &tx, &e), &e);
	test_ok(chanconf_check_creation(system, tx, &e), &e);
	test_ok(env_parse(tx->data, &inner, &e), &e);
	want = config_envelope_of(inner);
	last = env_make(wire_bytes(want->last_update->payload),
			wire_bytes(want->last_update->signature));
	test_ok(chanconf_create(system, last, &got, &e), &e);
	assert_true(wire_equal(got, want));
	env_unref(tx);
	env_unref(inner);
	env_unref(last);
	block_unref(b);
	chanconf_unref(system);
	wire_free(want);
	wire_free(got);
}

static void compute_makes_what_configtxlator_makes(void **state)
{
	struct buf bytes[3] = {test_golden("tx/config.original.pb"),
			       test_golden("tx/config.modified.pb"),
			       test_golden("tx/batchsize.configupdate.pb")};
	Common__Config *from = NULL, *to = NULL;
	Common__ConfigUpdate *want = NULL, *got = NULL;
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(wire_unpack(&common__config__descriptor, buf_bytes(&bytes[0]), &from, &e), &e);
	test_ok(wire_unpack(&common__config__descriptor, buf_bytes(&bytes[1]), &to, &e), &e);
	test_ok(wire_unpack(&common__config_update__descriptor, buf_bytes(&bytes[2]), &want, &e),
		&e);
	test_ok(chanconf_compute_update("mychannel", from, to, &got, &e), &e);
	assert_true(wire_equal(got, want));
	wire_free(got);
	test_fails(chanconf_compute_update("mychannel", from, from, &got, &e), &e, ORD_EINVAL,
		   "no differences detected between original and updated config");
	wire_free(from);
	wire_free(to);
	wire_free(want);
	for (int i = 0; i < 3; i++)
		buf_fini(&bytes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recorded_update_leads_to_fabrics_result),
		cmocka_unit_test(a_recorded_creation_leads_to_fabrics_result),
		cmocka_unit_test(compute_makes_what_configtxlator_makes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
