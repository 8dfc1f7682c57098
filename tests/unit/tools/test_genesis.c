/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl genesis against blocks that configtxgen made from the same file. */
#include "ctl_run.h"

#include <wire/wire.h>

static Common__Config *config_of(struct buf *block)
{
	Common__ConfigEnvelope *cfg;
	Common__Config *config;
	struct ord_err e = ERR_INIT;
	struct ord_block *b;
	struct ord_env *env;

	test_ok(block_parse(block, &b, &e), &e);
	assert_int_equal(b->number, 0);
	env = block_config_env(b);
	assert_non_null(env);
	test_ok(wire_unpack(&common__config_envelope__descriptor, env->data, &cfg, &e), &e);
	config = cfg->config;
	cfg->config = NULL;
	wire_free(cfg);
	env_unref(env);
	block_unref(b);
	return config;
}

static Common__Config *make(const char *profile, const char *channel)
{
	char *yaml = test_golden_path("configtx.yaml"), *dir = test_dir();
	char *path = file_join(dir, "genesis.block");
	struct buf b = BUF_INIT;
	struct ord_err e = ERR_INIT;
	Common__Config *config;

	free(ctl_answer(ctl_run("genesis", "--config", yaml, "--profile", (char *)profile,
				"--channel", (char *)channel, "--output", path)));
	test_ok(file_read(path, 1 << 20, &b, &e), &e);
	config = config_of(&b);
	buf_fini(&b);
	free(path);
	free(yaml);
	test_rmdir(dir);
	return config;
}

static void same_as(const char *profile, const char *golden)
{
	struct buf b = test_golden(golden);
	Common__Config *ours = make(profile, "testchainid"), *theirs = config_of(&b);

	assert_true(wire_equal(ours, theirs));
	wire_free(ours);
	wire_free(theirs);
	buf_fini(&b);
}

static void blocks_are_those_of_configtxgen(void **state)
{
	(void)state;
	same_as("TwoOrgsOrdererGenesis", "blocks/genesis.solo.block");
	same_as("KafkaGenesis500", "blocks/genesis.kafka500.block");
	same_as("EtcdRaftGenesis", "blocks/genesis.etcdraft.block");
}

static void the_environment_overrides_the_profile(void **state)
{
	Common__Config *plain = make("TwoOrgsOrdererGenesis", "testchainid"), *changed;

	(void)state;
	setenv("CONFIGTX_ORDERER_BATCHTIMEOUT", "7s", 1);
	changed = make("TwoOrgsOrdererGenesis", "testchainid");
	unsetenv("CONFIGTX_ORDERER_BATCHTIMEOUT");
	assert_false(wire_equal(plain, changed));
	wire_free(plain);
	wire_free(changed);
}

static struct ctl_run genesis_of(const char *dir, char *config, char *profile)
{
	char *block = file_join(dir, "genesis.block");
	struct ctl_run r = ctl_run("genesis", "--config", config, "--profile", profile, "--channel",
				   "mychannel", "--output", block);

	free(block);
	return r;
}

/* A block for the orderer to begin with has Consortiums, one of an application channel has an
 * Application: only what has neither is worth a word. */
static void a_usable_block_is_made_in_silence(void **state)
{
	char *yaml = test_source_path("tests/scenario/configtx.yaml");
	char *dir = test_dir(), *bare = file_join(dir, "configtx.yaml");
	const char *text = "Profiles:\n  Bare:\n"
			   "    Policies: &p {Readers: {Type: ImplicitMeta, Rule: ANY Readers}}\n"
			   "    Orderer: {OrdererType: solo, Policies: *p}\n";
	struct ord_err e = ERR_INIT;
	struct ctl_run r;

	(void)state;
	free(ctl_answer(genesis_of(dir, yaml, "ScenarioChannel")));
	test_ok(file_write_atomic(bare, bytes_str(text), 0600, &e), &e);
	r = genesis_of(dir, bare, "Bare");
	assert_int_equal(r.code, 0);
	assert_non_null(strstr(r.err, "Genesis block does not contain a consortiums group "
				      "definition.  This block cannot be used for orderer "
				      "bootstrap.\n"));
	ctl_run_free(&r);
	free(bare);
	free(yaml);
	test_rmdir(dir);
}

static void a_profile_that_is_not_there_is_an_error(void **state)
{
	char *yaml = test_golden_path("configtx.yaml"), *dir = test_dir();
	char *path = file_join(dir, "genesis.block");
	struct ctl_run r = ctl_run("genesis", "--config", yaml, "--profile", "TwoOrgsOrdererGenesi",
				   "--channel", "testchainid", "--output", path);

	(void)state;
	assert_int_equal(r.code, 1);
	assert_string_equal(r.out, "");
	assert_non_null(strstr(r.err, "TwoOrgsOrdererGenesi"));
	assert_false(file_exists(path));
	ctl_run_free(&r);
	free(path);
	free(yaml);
	test_rmdir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_those_of_configtxgen),
		cmocka_unit_test(the_environment_overrides_the_profile),
		cmocka_unit_test(a_usable_block_is_made_in_silence),
		cmocka_unit_test(a_profile_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
