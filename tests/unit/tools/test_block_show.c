/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl block show against configtxlator's proto_decode, byte for byte. */
#include "ctl_run.h"

#include <wire/wire.h>

static void shows_as_configtxlator(const char *file, const char *type)
{
	char *path = test_golden_path("%s", file);
	char *json = x_printf("json/%s.json", strchr(file, '/') + 1);
	struct buf want = test_golden(json);
	char *got = ctl_answer(ctl_run("block", "show", "--type", (char *)type, path));

	assert_string_equal(got, buf_cstr(&want));
	free(got);
	free(json);
	free(path);
	buf_fini(&want);
}

static void blocks_look_as_configtxlator_shows_them(void **state)
{
	(void)state;
	shows_as_configtxlator("blocks/genesis.kafka.block", "common.Block");
	shows_as_configtxlator("blocks/genesis.etcdraft.block", "common.Block");
	shows_as_configtxlator("blocks/mychannel.001.block", "common.Block");
	shows_as_configtxlator("blocks/mychannel.003.block", "common.Block");
	shows_as_configtxlator("blocks/testchainid.1.block", "common.Block");
}

static void other_messages_look_as_configtxlator_shows_them(void **state)
{
	(void)state;
	shows_as_configtxlator("tx/mychannel.tx", "common.Envelope");
	shows_as_configtxlator("tx/mychannel.signed-org1admin.tx", "common.Envelope");
	shows_as_configtxlator("tx/mychannel.Org1MSPanchors.signed-org1admin.tx",
			       "common.Envelope");
	shows_as_configtxlator("tx/batchsize.signed-ordereradmin.tx", "common.Envelope");
	shows_as_configtxlator("tx/endorser.tx", "common.Envelope");
	shows_as_configtxlator("tx/batchsize.configupdate.pb", "common.ConfigUpdate");
}

/* Show an envelope made of @payload. */
static char *show_payload(struct ord_bytes payload)
{
	char *dir = test_dir(), *path = file_join(dir, "tx"), *out;
	struct ord_env *env = env_make(payload, bytes_str("sig"));
	struct ord_err e = ERR_INIT;

	test_ok(file_write_atomic(path, env->raw, 0644, &e), &e);
	out = ctl_answer(ctl_run("block", "show", "--type", "common.Envelope", path));
	env_unref(env);
	free(path);
	test_rmdir(dir);
	return out;
}

static void data_that_is_no_message_is_shown_in_base64(void **state)
{
	struct wire_header_spec h = {.type = WIRE_ENDORSER_TRANSACTION,
				     .channel_id = "a<b>&c\"\\\n\x01\xe2\x80\xa8",
				     .timestamp_sec = 1,
				     .timestamp_nanos = 250000000};
	struct buf payload = BUF_INIT;
	char *out;

	(void)state;
	wire_build_payload(&h, bytes_str("\xff\xff"), &payload);
	out = show_payload(buf_bytes(&payload));
	assert_non_null(strstr(out, "\"data\": \"//8=\""));
	assert_non_null(strstr(out, "\"channel_id\": \"a\\u003cb\\u003e\\u0026c\\\"\\\\\\n"
				    "\\u0001\\u2028\""));
	assert_non_null(strstr(out, "\"timestamp\": \"1970-01-01T00:00:01.250Z\""));
	free(out);
	buf_fini(&payload);
}

/* An envelope in an envelope in an envelope …: the writer must not follow for ever. */
static void endless_nesting_ends_in_base64(void **state)
{
	struct wire_header_spec h = {.type = WIRE_ORDERER_TRANSACTION, .channel_id = "c"};
	struct buf inner = BUF_INIT;
	char *out;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct buf payload = BUF_INIT;
		struct ord_env *env;

		wire_build_payload(&h, buf_bytes(&inner), &payload);
		env = env_make(buf_bytes(&payload), bytes_str("s"));
		buf_fini(&inner);
		inner = (struct buf)BUF_INIT;
		buf_add_bytes(&inner, env->raw);
		env_unref(env);
		buf_fini(&payload);
	}
	out = show_payload(buf_bytes(&inner));
	assert_true(strlen(out) > inner.len);
	free(out);
	buf_fini(&inner);
}

static void what_is_no_block_is_refused(void **state)
{
	char *path = test_golden_path("crypto-config.yaml");
	struct ctl_run r = ctl_run("block", "show", path);

	(void)state;
	assert_int_equal(r.code, 1);
	assert_string_equal(r.out, "");
	assert_non_null(strstr(r.err, "crypto-config.yaml is no common.Block: "));
	ctl_run_free(&r);
	r = ctl_run("block", "show", "--type", "common.Blok", path);
	ctl_expect(&r, 1, "",
		   "ordererctl block show: --type common.Blok: no such message is known: did you "
		   "mean common.Block?\n");
	free(path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_look_as_configtxlator_shows_them),
		cmocka_unit_test(other_messages_look_as_configtxlator_shows_them),
		cmocka_unit_test(data_that_is_no_message_is_shown_in_base64),
		cmocka_unit_test(endless_nesting_ends_in_base64),
		cmocka_unit_test(what_is_no_block_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
