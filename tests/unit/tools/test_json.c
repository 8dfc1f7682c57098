/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl decode and encode: there and back, and everything that is refused on the way. */
#include "ctl_run.h"

#include <wire/wire.h>

static char *dir; /* our own */

static char *own_file(const char *name, struct ord_bytes content)
{
	char *path = file_join(dir, name);
	struct ord_err e = ERR_INIT;

	test_ok(file_write_atomic(path, content, 0644, &e), &e);
	return path;
}

/* ---- there and back ------------------------------------------------------ */

static void decode_to(const char *type, const char *from, const char *to)
{
	free(ctl_answer(
		ctl_run("decode", "--type", (char *)type, "--output", (char *)to, (char *)from)));
}

static void encode_to(const char *type, const char *from, const char *to)
{
	free(ctl_answer(
		ctl_run("encode", "--type", (char *)type, "--output", (char *)to, (char *)from)));
}

static void assert_same_file(const char *a, const char *b)
{
	struct buf x = test_read(a), y = test_read(b);

	assert_true(bytes_eq(buf_bytes(&x), buf_bytes(&y)));
	buf_fini(&x);
	buf_fini(&y);
}

/* What Go wrote has its maps in any order, so it is the JSON that must be the same.  @exact: the
 * file holds no map, and its bytes must be, too. */
static void comes_back(const char *path, const char *type, bool exact)
{
	char *json = file_join(dir, "a.json"), *back = file_join(dir, "a.pb"),
	     *again = file_join(dir, "b.json");

	decode_to(type, path, json);
	encode_to(type, json, back);
	decode_to(type, back, again);
	assert_same_file(json, again);
	if (exact)
		assert_same_file(path, back);
	free(json);
	free(back);
	free(again);
}

static void golden_comes_back(const char *name, const char *type, bool exact)
{
	char *path = test_golden_path("%s", name);

	comes_back(path, type, exact);
	free(path);
}

static void golden_messages_come_back(void **state)
{
	(void)state;
	golden_comes_back("blocks/genesis.solo.block", "common.Block", false);
	golden_comes_back("blocks/genesis.kafka.block", "common.Block", false);
	golden_comes_back("blocks/genesis.etcdraft.block", "common.Block", false);
	golden_comes_back("blocks/mychannel.001.block", "common.Block", false);
	golden_comes_back("blocks/mychannel.003.block", "common.Block", false);
	golden_comes_back("blocks/mychannel.004.block", "common.Block", true);
	golden_comes_back("blocks/testchainid.1.block", "common.Block", false);
	golden_comes_back("tx/mychannel.tx", "common.Envelope", false);
	golden_comes_back("tx/mychannel.signed-org1admin.tx", "common.Envelope", false);
	golden_comes_back("tx/mychannel.Org2MSPanchors.signed-org2admin.tx", "common.Envelope",
			  false);
	golden_comes_back("tx/batchsize.unsigned.tx", "common.Envelope", true);
	golden_comes_back("tx/batchsize.signed-ordereradmin.tx", "common.Envelope", true);
	golden_comes_back("tx/endorser.tx", "common.Envelope", true);
	golden_comes_back("tx/batchsize.configupdate.pb", "common.ConfigUpdate", true);
	golden_comes_back("tx/config.original.pb", "common.Config", false);
}

/* configtxlator's own output is taken, and means what configtxlator made it of. */
static void what_configtxlator_printed_is_taken(void **state)
{
	char *json = test_golden_path("json/batchsize.configupdate.pb.json"),
	     *want = test_golden_path("tx/batchsize.configupdate.pb"),
	     *got = file_join(dir, "update.pb");

	(void)state;
	encode_to("common.ConfigUpdate", json, got);
	assert_same_file(got, want);
	free(json);
	free(want);
	free(got);
}

/* Field 99 of a message is not known: as base64 it survives, shown it would be lost. */
static void what_is_not_known_is_kept(void **state)
{
	static const char unknown[] = "\x0a\x01\x41\x9a\x06\x01\x5a"; /* mspid "A", 99: "Z" */
	struct wire_header_spec h = {.type = WIRE_ENDORSER_TRANSACTION,
				     .channel_id = "c",
				     .creator = bytes_str(unknown)};
	struct buf payload = BUF_INIT;
	struct ord_env *env;
	char *path, *out;

	(void)state;
	wire_build_payload(&h, bytes_of(NULL, 0), &payload);
	env = env_make(buf_bytes(&payload), bytes_str("s"));
	path = own_file("unknown", env->raw);
	out = ctl_answer(ctl_run("decode", "--type", "common.Envelope", path));
	assert_non_null(strstr(out, "\"creator\": \"CgFBmgYBWg==\""));
	comes_back(path, "common.Envelope", true);
	free(out);
	free(path);
	env_unref(env);
	buf_fini(&payload);
}

static void standard_input_is_read(void **state)
{
	char *path = test_golden_path("tx/batchsize.configupdate.pb"), *program = ctl_program(),
	     *command = x_printf("exec '%s' decode --type common.ConfigUpdate - <'%s' | "
				 "'%s' encode --type common.ConfigUpdate | cmp - '%s'",
				 program, path, program, path);

	(void)state;
	assert_int_equal(system(command), 0);
	free(command);
	free(program);
	free(path);
}

/* ---- every message ------------------------------------------------------- */

static bool is_known(const char *package, const char *message)
{
	char *type = x_printf("%s.%s", package, message), *path = own_file("o", bytes_str("{}"));
	struct ctl_run r = ctl_run("encode", "--type", type, path);
	bool known = r.code == 0;

	if (known)
		assert_string_equal(r.out, "");
	ctl_run_free(&r);
	free(type);
	free(path);
	return known;
}

/* Some of Fabric's packages are one of ours. */
static bool is_known_somewhere(const char *package, const char *message)
{
	static const char *const others[] = {"common", "rwset", "kvrwset", "google.protobuf"};

	if (is_known(package, message))
		return true;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(others); i++)
		if (is_known(others[i], message))
			return true;
	return false;
}

static void check_proto(const char *name)
{
	char *path = test_source_path("proto/%s", name);
	struct buf text = test_read(path);
	char package[64] = "", message[64], *line, *rest = buf_cstr(&text);

	while ((line = strsep(&rest, "\n"))) {
		sscanf(line, "package %63[a-z];", package);
		if (sscanf(line, "message %63[A-Za-z0-9]", message) == 1 &&
		    strcmp(message, "TokenExpectation") != 0 && /* of an experiment of Fabric's */
		    !is_known_somewhere(package, message))
			fail_msg("%s: no type %s.%s", name, package, message);
	}
	buf_fini(&text);
	free(path);
}

static void every_message_has_a_name(void **state)
{
	static const char *const files[] = {"common.proto", "configtx.proto",   "etcdraft.proto",
					    "kafka.proto",  "msp.proto",        "orderer.proto",
					    "peer.proto",   "transaction.proto"};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(files); i++)
		check_proto(files[i]);
}

/* ---- values -------------------------------------------------------------- */

static void encodes(const char *type, const char *json, const char *want_hex)
{
	char *path = own_file("in.json", bytes_str(json)), *to = file_join(dir, "out.pb");
	struct buf got, hex = BUF_INIT;

	encode_to(type, path, to);
	got = test_read(to);
	hex_encode(&hex, buf_bytes(&got));
	assert_string_equal(buf_cstr(&hex), want_hex);
	buf_fini(&got);
	buf_fini(&hex);
	free(path);
	free(to);
}

static void values_have_many_forms(void **state)
{
	(void)state;
	encodes("common.LastConfig", "{\"index\": 18446744073709551615}", "08ffffffffffffffffff01");
	encodes("common.LastConfig", "{\"index\": \"5\"}", "0805");
	encodes("common.LastConfig", "{\"index\": null}", "");
	encodes("protos.AnchorPeer", "{\"port\": -1, \"host\": \"\\u00e4\\ud83d\\ude00\"}",
		"0a06c3a4f09f988010ffffffffffffffffff01");
	encodes("orderer.BroadcastResponse", "{\"status\": \"SUCCESS\"}", "08c801");
	encodes("orderer.BroadcastResponse", "{\"status\": 7}", "0807");
	encodes("orderer.BatchSize", "{\"maxMessageCount\": 3}", "0803");
	encodes("google.protobuf.Timestamp", "\"1970-01-01T01:00:01.5+01:00\"", "08011080cab5ee01");
	encodes("google.protobuf.Timestamp", "{\"seconds\": -1}", "08ffffffffffffffffff01");
	encodes("common.Envelope", "{\"payload\": \"aGk=\", \"signature\": \"\"}", "0a026869");
	encodes("common.SignaturePolicy", "{\"signed_by\": 0, \"n_out_of\": null}", "0800");
	encodes("orderer.SeekPosition", "{\"newest\": {}}", "0a00");
	encodes("kvrwset.KVRead", "{\"key\": \"a\"}", "0a0161");
}

/* What a payload's data is stands in its header, wherever that stands. */
static void data_may_stand_before_its_type(void **state)
{
	(void)state;
	encodes("common.Payload",
		"{\"data\": {\"config_update\": {\"channel_id\": \"c\"}},"
		" \"header\": {\"channel_header\": {\"type\": 2}}}",
		"0a040a02080212050a030a0163");
}

/* ---- refusals ------------------------------------------------------------ */

static void refuses(const char *type, const char *json, const char *want)
{
	char *path = own_file("in.json", bytes_str(json));
	char *err = x_printf("ordererctl encode: %s:%s\n", path, want);
	struct ctl_run r = ctl_run("encode", "--type", (char *)type, path);

	ctl_expect(&r, 1, "", err);
	free(err);
	free(path);
}

static void what_is_no_json_is_refused(void **state)
{
	(void)state;
	refuses("common.Config", "", "1:1: the text ends where a value should be");
	refuses("common.Config", "{\n  \"sequence\": 1,\n}",
		"3:1: '}' where a key in double quotes should be");
	refuses("common.Config", "{\"sequence\" 1}", "1:13: '1' where ':' should be");
	refuses("common.Config", "{\"sequence\": 01}", "1:15: '1' where ',' or '}' should be");
	refuses("common.Config", "{\"sequence\": 1.}", "1:16: '}' where a digit should be");
	refuses("common.Config", "{\"sequence\": tru}", "1:14: 't' where a value should be");
	refuses("common.Config", "{} {}", "1:4: '{' where the end should be");
	refuses("common.Config", "{\"a\": \"\\ud800x\"}", "1:14: half of a surrogate pair");
	refuses("common.Config", "{\"a\": \"\\x\"}",
		"1:9: 'x' where an escaped character should be");
	refuses("common.Config", "{\"a\": \"\t\"}",
		"1:8: a control character in a string must be escaped");
	refuses("common.Config", "{\"a\": \"b",
		"1:9: the text ends where the end of a string should be");
	refuses("common.Config", "{\"a\": 1, \"b\": 2, \"a\": 3}",
		"1:24: the object that ends here has \"a\" twice");
	refuses("common.Config", "\xef\xbb\xbf{}", "1:1: byte 0xef where a value should be");
	refuses("common.Config", "{\"\xff\": 1}", " not UTF-8 text");
}

static void what_does_not_fit_is_refused(void **state)
{
	(void)state;
	refuses("common.Config", "[]", "1: want an object, not an array");
	refuses("common.Config", "{\"sequense\": 1}",
		"1: sequense: common.Config has no such field: did you mean \"sequence\"?");
	refuses("common.Config",
		"{\"channel_group\": {\"groups\": {\"Orderer\": {\"values\": {\n\"BatchSize\": {"
		"\"value\": {\"max_mesage_count\": 1}}}}}}}",
		"2: channel_group.groups.Orderer.values.BatchSize.value.max_mesage_count: "
		"orderer.BatchSize has no such field: did you mean \"max_message_count\"?");
	refuses("common.Config", "{\"sequence\": -1}",
		"1: sequence: want a number from 0 of 64 bits, not -1");
	refuses("common.Config", "{\"sequence\": \"18446744073709551616\"}",
		"1: sequence: want a number from 0 of 64 bits, not \"18446744073709551616\"");
	refuses("common.Config", "{\"sequence\": 1e3}",
		"1: sequence: want a number from 0 of 64 bits, not 1e3");
	refuses("protos.AnchorPeer", "{\"port\": 2147483648}",
		"1: port: want a whole number of 32 bits, not 2147483648");
	refuses("protos.AnchorPeer", "{\"host\": \"a\\u0000\"}",
		"1: host: a NUL cannot be in a string");
	refuses("common.Capabilities", "{\"capabilities\": {\"\\u001b[2J\": 1}}",
		"1: capabilities[\"\\u001b[2J\"]: want an object, not 1");
	refuses("common.BlockData", "{\"data\": [\"\", \"?\"]}",
		"1: data[1]: want an object or base64, not \"?\"");
	refuses("common.Envelope", "{\"signature\": {}}",
		"1: signature: want base64, not an object");
	refuses("common.Capabilities", "{\"capabilities\": {\"a.b\": null}}",
		"1: capabilities[\"a.b\"]: want an object, not null");
	refuses("orderer.BroadcastResponse", "{\"status\": \"SUCESS\"}",
		"1: status: no value of common.Status: did you mean \"SUCCESS\"?");
	refuses("orderer.SeekPosition", "{\"newest\": {}, \"oldest\": {}}",
		"1: oldest: cannot stand beside \"newest\"");
	refuses("orderer.BatchSize", "{\"maxMessageCount\": 3, \"max_message_count\": 3}",
		"1: max_message_count: cannot stand beside \"maxMessageCount\"");
	refuses("google.protobuf.Timestamp", "\"2026-02-30T00:00:00Z\"",
		"1: want a time such as 2026-11-21T02:55:19Z, not \"2026-02-30T00:00:00Z\"");
}

static void endless_nesting_is_refused(void **state)
{
	struct buf b = BUF_INIT;
	struct ctl_run r;
	char *path;

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_add_str(&b, "[");
	refuses("common.Config", buf_cstr(&b),
		"1:513: more than 512 objects and arrays in one another");
	buf_fini(&b);
	for (int i = 0; i < 70; i++)
		buf_add_str(&b, "{\"groups\": {\"g\": ");
	buf_add_str(&b, "{}");
	for (int i = 0; i < 70; i++)
		buf_add_str(&b, "}}");
	path = own_file("in.json", buf_bytes(&b));
	r = ctl_run("encode", "--type", "common.ConfigGroup", path);
	assert_int_equal(r.code, 1);
	assert_string_equal(r.out, "");
	assert_non_null(strstr(r.err, ".value: nested too deeply\n"));
	ctl_run_free(&r);
	free(path);
	buf_fini(&b);
}

static void an_unknown_type_is_refused(void **state)
{
	struct ctl_run r = ctl_run("decode", "--type", "common.Blok", "/dev/null");

	(void)state;
	ctl_expect(&r, 1, "",
		   "ordererctl decode: --type common.Blok: no such message is known: did you mean "
		   "common.Block?\n");
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
		cmocka_unit_test(golden_messages_come_back),
		cmocka_unit_test(what_configtxlator_printed_is_taken),
		cmocka_unit_test(what_is_not_known_is_kept),
		cmocka_unit_test(standard_input_is_read),
		cmocka_unit_test(every_message_has_a_name),
		cmocka_unit_test(values_have_many_forms),
		cmocka_unit_test(data_may_stand_before_its_type),
		cmocka_unit_test(what_is_no_json_is_refused),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(endless_nesting_is_refused),
		cmocka_unit_test(an_unknown_type_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
