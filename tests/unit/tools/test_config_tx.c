/* SPDX-License-Identifier: Apache-2.0 */
/* From configtx.yaml to a signed update: channel-tx, anchor-peers, config-update compute, sign. */
#include "ctl_run.h"

#include <configtx/configtx.h>
#include <msp/msp.h>

static char *dir; /* our own */

static struct ord_env *read_env(const char *path)
{
	struct buf b = test_read(path);
	struct ord_env *env;
	struct ord_err e = ERR_INIT;

	test_ok(env_parse(buf_bytes(&b), &env, &e), &e);
	assert_true(env->header_ok);
	buf_fini(&b);
	return env;
}

static Common__ConfigUpdateEnvelope *update_envelope(const struct ord_env *env)
{
	Common__ConfigUpdateEnvelope *msg;
	struct ord_err e = ERR_INIT;

	test_ok(wire_unpack(&common__config_update_envelope__descriptor, env->data, &msg, &e), &e);
	return msg;
}

static Common__ConfigUpdate *update_in(const struct ord_env *env)
{
	Common__ConfigUpdateEnvelope *msg = update_envelope(env);
	Common__ConfigUpdate *update;
	struct ord_err e = ERR_INIT;

	test_ok(wire_unpack(&common__config_update__descriptor, wire_bytes(msg->config_update),
			    &update, &e),
		&e);
	wire_free(msg);
	return update;
}

/* The same update, for the same channel; nobody has signed. */
static void assert_same_update(const char *path, const char *golden)
{
	char *want_path = test_golden_path("%s", golden);
	struct ord_env *got = read_env(path), *want = read_env(want_path);
	Common__ConfigUpdate *a = update_in(got), *b = update_in(want);

	assert_true(wire_equal(a, b));
	assert_int_equal(got->type, WIRE_CONFIG_UPDATE);
	assert_string_equal(got->channel_id, want->channel_id);
	assert_int_equal(got->tx_id.len, 0);
	assert_int_equal(got->creator.len + got->nonce.len + got->signature.len, 0);
	wire_free(a);
	wire_free(b);
	env_unref(got);
	env_unref(want);
	free(want_path);
}

static void updates_are_those_of_configtxgen(void **state)
{
	char *config = test_golden_path("configtx.yaml"), *out = file_join(dir, "tx");

	(void)state;
	free(ctl_answer(ctl_run("channel-tx", "--config", config, "--profile", "TwoOrgsChannel",
				"--channel", "mychannel", "--output", out)));
	assert_same_update(out, "tx/mychannel.tx");
	free(ctl_answer(ctl_run("channel-tx", "--config", config, "--profile",
				"TwoOrgsChannelOldCaps", "--channel", "oldcapschannel", "--output",
				out)));
	assert_same_update(out, "tx/oldcapschannel.tx");
	free(ctl_answer(ctl_run("anchor-peers", "--config", config, "--profile", "TwoOrgsChannel",
				"--channel", "mychannel", "--org", "Org1MSP", "--output", out)));
	assert_same_update(out, "tx/mychannel.Org1MSPanchors.tx");
	free(ctl_answer(ctl_run("anchor-peers", "--config", config, "--profile", "TwoOrgsChannel",
				"--channel", "mychannel", "--org", "Org2MSP", "--output", out)));
	assert_same_update(out, "tx/mychannel.Org2MSPanchors.tx");
	free(config);
	free(out);
}

static void computed_updates_are_those_of_configtxlator(void **state)
{
	char *from = test_golden_path("tx/config.original.pb"),
	     *to = test_golden_path("tx/config.modified.pb"), *out = file_join(dir, "update"),
	     *golden = test_golden_path("tx/batchsize.configupdate.pb");
	struct buf got, want = test_read(golden);

	(void)state;
	free(ctl_answer(ctl_run("config-update", "compute", "--channel", "mychannel", "--original",
				from, "--updated", to, "--output", out)));
	got = test_read(out);
	assert_true(bytes_eq(buf_bytes(&got), buf_bytes(&want)));
	free(ctl_answer(ctl_run("config-update", "compute", "--channel", "mychannel", "--original",
				from, "--updated", to, "--envelope", "--output", out)));
	assert_same_update(out, "tx/batchsize.unsigned.tx");
	buf_fini(&got);
	buf_fini(&want);
	free(from);
	free(to);
	free(out);
	free(golden);
}

/* ---- sign ---------------------------------------------------------------- */

static char *identity(const char *mspid, const char *home)
{
	char *path = test_golden_path("crypto-config"),
	     *text = x_printf("%s:%s/%s/msp", mspid, path, home);

	free(path);
	return text;
}

#define ORG1_ADMIN "peerOrganizations/org1.example.com/users/Admin@org1.example.com"
#define ORG2_ADMIN "peerOrganizations/org2.example.com/users/Admin@org2.example.com"

static char *own_copy(const char *golden)
{
	char *from = test_golden_path("%s", golden), *to = file_join(dir, "copy.tx");
	struct buf b = test_read(from);
	struct ord_err e = ERR_INIT;

	test_ok(file_write_atomic(to, buf_bytes(&b), 0644, &e), &e);
	buf_fini(&b);
	free(from);
	return to;
}

static struct ord_bytes creator_of(struct ord_bytes header, Common__SignatureHeader **h)
{
	struct ord_err e = ERR_INIT;

	test_ok(wire_unpack(&common__signature_header__descriptor, header, h, &e), &e);
	return wire_bytes((*h)->creator);
}

/* Two admins sign, and the orderer of the golden system channel makes a channel of it. */
static void two_admins_create_a_channel(void **state)
{
	char *path = own_copy("tx/mychannel.tx"), *one = identity("Org1MSP", ORG1_ADMIN),
	     *two = identity("Org2MSP", ORG2_ADMIN);
	struct buf bytes = test_golden("blocks/genesis.solo.block");
	Common__ConfigUpdateEnvelope *msg;
	Common__ConfigEnvelope *made;
	struct chanconf *system;
	struct ord_block *genesis;
	struct ord_env *env, *config;
	struct ord_err e = ERR_INIT;

	(void)state;
	free(ctl_answer(ctl_run("sign", "--identity", one, "--identity", two, path)));
	env = read_env(path);
	msg = update_envelope(env);
	assert_int_equal(msg->n_signatures, 2);
	test_ok(block_parse(&bytes, &genesis, &e), &e);
	config = block_config_env(genesis);
	test_ok(chanconf_from_env(config, &system, &e), &e);
	test_ok(chanconf_create(system, env, &made, &e), &e);
	assert_int_equal(made->config->sequence, 1);
	wire_free(made);
	wire_free(msg);
	chanconf_unref(system);
	env_unref(config);
	env_unref(env);
	block_unref(genesis);
	free(path);
	free(one);
	free(two);
}

/* The layout is that of 'peer channel signconfigtx'. */
static void signatures_look_as_those_of_peer(void **state)
{
	char *path = own_copy("tx/mychannel.tx"), *one = identity("Org1MSP", ORG1_ADMIN),
	     *golden = test_golden_path("tx/mychannel.signed-org1admin.tx");
	struct ord_env *got, *want = read_env(golden);
	Common__ConfigUpdateEnvelope *a, *b;
	Common__SignatureHeader *ha, *hb;

	(void)state;
	free(ctl_answer(ctl_run("sign", "--identity", one, path)));
	got = read_env(path);
	a = update_envelope(got);
	b = update_envelope(want);
	assert_true(bytes_eq(wire_bytes(a->config_update), wire_bytes(b->config_update)));
	assert_int_equal(a->n_signatures, b->n_signatures);
	assert_true(bytes_eq(creator_of(wire_bytes(a->signatures[0]->signature_header), &ha),
			     creator_of(wire_bytes(b->signatures[0]->signature_header), &hb)));
	assert_int_equal(ha->nonce.len, hb->nonce.len);
	assert_true(bytes_eq(got->creator, want->creator));
	assert_int_equal(got->nonce.len, want->nonce.len);
	assert_int_equal(got->type, want->type);
	assert_string_equal(got->channel_id, want->channel_id);
	assert_int_equal(got->tx_id.len, want->tx_id.len);
	assert_int_equal(got->timestamp_nanos, want->timestamp_nanos);
	assert_true(got->signature.len >= 68 && got->signature.len <= 72);
	wire_free(ha);
	wire_free(hb);
	wire_free(a);
	wire_free(b);
	env_unref(got);
	env_unref(want);
	free(golden);
	free(path);
	free(one);
}

static void nobody_signs_twice(void **state)
{
	char *path = own_copy("tx/mychannel.signed-org1admin.tx"),
	     *one = identity("Org1MSP", ORG1_ADMIN),
	     *warning = x_printf("ordererctl sign: warning: %s has signed already\n", one);
	struct buf before = test_read(path), after;
	struct ctl_run r = ctl_run("sign", "--identity", one, path);

	(void)state;
	ctl_expect(&r, 0, "", warning);
	after = test_read(path);
	assert_true(bytes_eq(buf_bytes(&before), buf_bytes(&after)));
	buf_fini(&before);
	buf_fini(&after);
	free(path);
	free(one);
	free(warning);
}

static void what_is_no_update_is_not_signed(void **state)
{
	char *path = test_golden_path("tx/endorser.tx"), *one = identity("Org1MSP", ORG1_ADMIN),
	     *out = file_join(dir, "not-written");
	char *err = x_printf(
		"ordererctl sign: %s: it is of type ENDORSER_TRANSACTION, not CONFIG_UPDATE\n",
		path);
	struct ctl_run r = ctl_run("sign", "--identity", one, "--output", out, path);

	(void)state;
	ctl_expect(&r, 1, "", err);
	assert_false(file_exists(out));
	free(path);
	free(one);
	free(out);
	free(err);
}

static int set_up(void **state)
{
	(void)state;
	dir = test_dir();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_rmdir(dir);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(updates_are_those_of_configtxgen),
		cmocka_unit_test(computed_updates_are_those_of_configtxlator),
		cmocka_unit_test(two_admins_create_a_channel),
		cmocka_unit_test(signatures_look_as_those_of_peer),
		cmocka_unit_test(nobody_signs_twice),
		cmocka_unit_test(what_is_no_update_is_not_signed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
