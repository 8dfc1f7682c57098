/* SPDX-License-Identifier: Apache-2.0 */
/* Updates that Fabric refuses, with its words; and what it does not mind. */
#include "random_update.h"

#define AUTHORIZING "error authorizing update: "
#define DELTA       AUTHORIZING "error validating DeltaSet: "
#define BATCH_SIZE  "[Value]  /Channel/Orderer/BatchSize"

/* mychannel, at sequence 4, and an update of its batch size, to which the orderer's Admins agree.
 */
struct rig {
	Common__Config *config;
	Common__ConfigUpdate *update;
	unsigned signers;
	struct chanconf *current; /* of config, once rig_start() has run */
};

static void set_batch(Common__Config *config, uint32_t count)
{
	Orderer__BatchSize size = ORDERER__BATCH_SIZE__INIT;

	size.max_message_count = count;
	size.absolute_max_bytes = 1 << 20;
	size.preferred_max_bytes = 1 << 10;
	put_value(group_at(config, "Orderer"), "BatchSize", &size);
}

static Common__ConfigUpdate *update_to(const Common__Config *from, const Common__Config *to)
{
	Common__ConfigUpdate *u = NULL;
	struct ord_err e = ERR_INIT;

	test_ok(chanconf_compute_update("mychannel", from, to, &u, &e), &e);
	return u;
}

static void rig_init(struct rig *r)
{
	Common__Config *to = golden_config("mychannel.003.block");

	r->config = golden_config("mychannel.003.block");
	set_batch(to, 7);
	r->update = update_to(r->config, to);
	r->signers = SIGNER_ORDERER_ADMIN;
	r->current = NULL;
	wire_free(to);
}

static void rig_fini(struct rig *r)
{
	chanconf_unref(r->current);
	wire_free(r->config);
	wire_free(r->update);
}

static int propose(struct rig *r, Common__ConfigEnvelope **ce, struct ord_err *e)
{
	struct ord_env *env = signed_update("mychannel", r->update, r->signers, 0);
	int rc;

	if (!r->current)
		test_ok(chanconf_new("mychannel", r->config, &r->current, e), e);
	rc = chanconf_propose(r->current, env, ce, e);
	env_unref(env);
	return rc;
}

/* ---- trees --------------------------------------------------------------- */

static Common__ConfigGroup *sub(Common__ConfigGroup *g, const char *key)
{
	for (size_t i = 0; i < g->n_groups; i++)
		if (strcmp(g->groups[i]->key, key) == 0)
			return g->groups[i]->value;
	fail_msg("no group %s", key);
	return NULL;
}

static Common__ConfigValue *value(Common__ConfigGroup *g, const char *key)
{
	for (size_t i = 0; i < g->n_values; i++)
		if (strcmp(g->values[i]->key, key) == 0)
			return g->values[i]->value;
	fail_msg("no value %s", key);
	return NULL;
}

static Common__ConfigValue *batch_size(struct rig *r)
{
	return value(sub(r->update->write_set, "Orderer"), "BatchSize");
}

static void rename_to(char **s, const char *to)
{
	if (*s != protobuf_c_empty_string)
		free(*s);
	*s = x_strdup(to);
}

/* ---- refusals ------------------------------------------------------------ */

static void other_channel(struct rig *r)
{
	rename_to(&r->update->channel_id, "another");
}

static void read_newer(struct rig *r)
{
	sub(r->update->read_set, "Orderer")->version = 1;
}

static void read_unknown(struct rig *r)
{
	add_group(r->update->read_set, "Extra");
}

static void read_illegal(struct rig *r)
{
	add_group(sub(r->update->read_set, "Orderer"), "a_b");
}

static void write_illegal(struct rig *r)
{
	put_bytes(r->update->write_set, "..", bytes_str(""));
}

static void write_nothing(struct rig *r)
{
	wire_free(r->update->write_set);
	r->update->write_set = NULL;
}

static void no_mod_policy(struct rig *r)
{
	rename_to(&batch_size(r)->mod_policy, "");
}

static void broken_path(struct rig *r)
{
	rename_to(&batch_size(r)->mod_policy, "/Channel//Admins");
}

static void upward_path(struct rig *r)
{
	rename_to(&batch_size(r)->mod_policy, "..");
}

static void strange_path(struct rig *r)
{
	rename_to(&batch_size(r)->mod_policy, "a_b");
}

static void endless_path(struct rig *r)
{
	char name[251];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	rename_to(&batch_size(r)->mod_policy, name);
}

static void skip_version(struct rig *r)
{
	batch_size(r)->version++;
}

static void same_version(struct rig *r)
{
	batch_size(r)->version--;
}

static void new_above_zero(struct rig *r)
{
	Common__ConfigGroup *g = add_group(sub(r->update->write_set, "Orderer"), "Extra");

	rename_to(&g->mod_policy, "Admins");
	g->version = 1;
}

static void unsigned_update(struct rig *r)
{
	r->signers = 0;
}

static void signed_by_others(struct rig *r)
{
	r->signers = SIGNER_ADMIN1 | SIGNER_ADMIN2;
}

static void lost_policy(struct rig *r)
{
	rename_to(&value(group_at(r->config, "Orderer"), "BatchSize")->mod_policy, "Nowhere");
}

static void policy_of_another_tree(struct rig *r)
{
	rename_to(&value(group_at(r->config, "Orderer"), "BatchSize")->mod_policy,
		  "/Elsewhere/Admins");
}

#define NOT_SATISFIED(n)                                                                    \
	DELTA "policy for " BATCH_SIZE " not satisfied: implicit policy evaluation failed " \
	      "- " n " sub-policies were satisfied, but this policy requires 1 of the "     \
	      "'Admins' sub-policies to be satisfied"

static const struct {
	void (*spoil)(struct rig *r);
	const char *want;
} refusals[] = {
	{other_channel,
	 AUTHORIZING "ConfigUpdate for channel 'another' but envelope for channel 'mychannel'"},
	{read_newer, AUTHORIZING "error validating ReadSet: proposed update requires that key "
				 "[Group]  /Channel/Orderer be at version 1, but it is currently "
				 "at version 0"},
	{read_unknown, AUTHORIZING "error validating ReadSet: existing config does not contain "
				   "element for [Group]  /Channel/Extra but was in the read set"},
	{read_illegal, AUTHORIZING "error mapping ReadSet: Illegal characters in key: [Group]  "
				   "/Channel/Orderer/a_b"},
	{write_illegal,
	 AUTHORIZING "error mapping WriteSet: Illegal characters in key: [Value]  /Channel/.."},
	{write_nothing, DELTA "delta set was empty -- update would have no effect"},
	{no_mod_policy, DELTA "invalid mod_policy for element " BATCH_SIZE ": mod_policy not set"},
	{broken_path, DELTA "invalid mod_policy for element " BATCH_SIZE
			    ": path element at 1 is invalid: config ID illegal, cannot be empty"},
	{upward_path,
	 DELTA "invalid mod_policy for element " BATCH_SIZE
	       ": path element at 0 is invalid: name '..' for config ID is not allowed"},
	{strange_path,
	 DELTA "invalid mod_policy for element " BATCH_SIZE
	       ": path element at 0 is invalid: config ID 'a_b' contains illegal characters"},
	{endless_path,
	 DELTA "invalid mod_policy for element " BATCH_SIZE
	       ": path element at 0 is invalid: config ID illegal, cannot be longer than 249"},
	{skip_version,
	 DELTA "attempt to set key " BATCH_SIZE " to version 3, but key is at version 1"},
	{same_version,
	 DELTA "attempt to set key " BATCH_SIZE " to version 1, but key is at version 1"},
	{new_above_zero, DELTA "attempted to set key [Group]  /Channel/Orderer/Extra to version 1, "
			       "but key does not exist"},
	{unsigned_update, NOT_SATISFIED("0")},
	{signed_by_others, NOT_SATISFIED("0")},
	{lost_policy, DELTA "unexpected missing policy Nowhere for item " BATCH_SIZE},
	{policy_of_another_tree,
	 DELTA "unexpected missing policy /Elsewhere/Admins for item " BATCH_SIZE},
};

static void refusals_use_fabrics_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(refusals); i++) {
		Common__ConfigEnvelope *ce = NULL;
		struct ord_err e = ERR_INIT;
		struct rig r;

		rig_init(&r);
		refusals[i].spoil(&r);
		test_fails(propose(&r, &ce, &e), &e, ORD_EINVAL, refusals[i].want);
		assert_null(ce);
		rig_fini(&r);
	}
}

static void refused_raw(int32_t type, struct ord_bytes data, const char *want)
{
	struct wire_header_spec header = {.type = type, .channel_id = "mychannel"};
	struct chanconf *c = NULL;
	Common__ConfigEnvelope *ce = NULL;
	struct ord_err e = ERR_INIT;
	struct ord_env *env;
	struct rig r;

	rig_init(&r);
	test_ok(chanconf_new("mychannel", r.config, &c, &e), &e);
	env = type < 0 ? env_make(bytes_of(NULL, 0), bytes_of(NULL, 0))
		       : env_unsigned(&header, data);
	test_fails(chanconf_propose(c, env, &ce, &e), &e, ORD_EINVAL, want);
	env_unref(env);
	chanconf_unref(c);
	rig_fini(&r);
}

static void what_is_no_update_is_refused(void **state)
{
	(void)state;
	refused_raw(WIRE_CONFIG, bytes_str(""),
		    "error converting envelope to config update: invalid type CONFIG, expected "
		    "CONFIG_UPDATE");
	refused_raw(99, bytes_str(""),
		    "error converting envelope to config update: invalid type 99, expected "
		    "CONFIG_UPDATE");
	refused_raw(WIRE_CONFIG_UPDATE, bytes_str("noise"),
		    "error converting envelope to config update: error unmarshaling message for "
		    "type CONFIG_UPDATE: common.ConfigUpdateEnvelope: illegal wire type");
	refused_raw(WIRE_CONFIG_UPDATE, bytes_str("\x0a\x01n"),
		    AUTHORIZING "common.ConfigUpdate: illegal wire type");
	refused_raw(WIRE_CONFIG_UPDATE, bytes_str(""),
		    AUTHORIZING "ConfigUpdate for channel '' but envelope for channel 'mychannel'");
	refused_raw(-1, bytes_str(""),
		    "error converting envelope to config update: envelope must have a Header");
}

/* A ConfigSignature without header and signature: a signer that nobody knows, and no more. */
static void an_empty_signature_is_of_nobody(void **state)
{
	struct wire_header_spec header = {.type = WIRE_CONFIG_UPDATE, .channel_id = "mychannel"};
	struct policy_signed *signatures;
	struct ord_err e = ERR_INIT;
	struct ord_env *env;
	size_t n;

	(void)state;
	env = env_unsigned(&header, bytes_of("\x12\x00", 2));
	test_ok(chanconf_update_signatures(env, &signatures, &n, &e), &e);
	assert_int_equal(n, 1);
	assert_int_equal(signatures[0].identity.len, 0);
	assert_int_equal(signatures[0].signature.len, 0);
	free(signatures);
	env_unref(env);
}

/* Each of them would have to be hashed together with the whole update. */
static void a_flood_of_signatures_is_refused(void **state)
{
	Common__ConfigUpdateEnvelope outer = COMMON__CONFIG_UPDATE_ENVELOPE__INIT;
	Common__ConfigSignature one = COMMON__CONFIG_SIGNATURE__INIT, *list[1025];
	struct buf update = BUF_INIT, data = BUF_INIT;
	struct rig r;

	(void)state;
	rig_init(&r);
	wire_pack(r.update, &update);
	outer.config_update = wire_binary(buf_bytes(&update));
	for (size_t i = 0; i < UTIL_ARRAY_LEN(list); i++)
		list[i] = &one;
	outer.n_signatures = UTIL_ARRAY_LEN(list);
	outer.signatures = list;
	wire_pack(&outer, &data);
	refused_raw(WIRE_CONFIG_UPDATE, buf_bytes(&data),
		    AUTHORIZING "1025 signatures, at most 1024 are evaluated");
	buf_fini(&update);
	buf_fini(&data);
	rig_fini(&r);
}

/* ---- what is accepted ---------------------------------------------------- */

static Common__Config *accepted(struct rig *r)
{
	Common__ConfigEnvelope *ce = NULL;
	struct ord_err e = ERR_INIT;
	Common__Config *config;

	test_ok(propose(r, &ce, &e), &e);
	config = ce->config;
	ce->config = NULL;
	wire_free(ce);
	rig_fini(r);
	return config;
}

static void the_last_version_is_followed_by_the_first(void **state)
{
	Common__Config *result;
	struct rig r;

	(void)state;
	rig_init(&r);
	value(group_at(r.config, "Orderer"), "BatchSize")->version = UINT64_MAX;
	batch_size(&r)->version = 0;
	result = accepted(&r);
	assert_int_equal(value(group_at(result, "Orderer"), "BatchSize")->version, 0);
	wire_free(result);
}

/* Content that differs at a version that does not is no change. */
static void an_unchanged_version_keeps_the_content(void **state)
{
	Common__Config *was = golden_config("mychannel.003.block"), *result;
	struct ord_bytes timeout = value_bytes(group_at(was, "Orderer"), "BatchTimeout");
	struct rig r;

	(void)state;
	rig_init(&r);
	put_bytes(sub(r.update->read_set, "Orderer"), "BatchTimeout", bytes_str(""));
	put_bytes(sub(r.update->write_set, "Orderer"), "BatchTimeout",
		  bytes_str("\x0a\x02"
			    "9s"));
	result = accepted(&r);
	assert_true(bytes_eq(value_bytes(group_at(result, "Orderer"), "BatchTimeout"), timeout));
	wire_free(result);
	wire_free(was);
}

/* A new member of a group that keeps its version is authorised by nobody, and gets lost. */
static void a_member_of_an_unchanged_group_gets_lost(void **state)
{
	Common__Config *was = golden_config("mychannel.003.block"), *result;
	struct rig r;

	(void)state;
	rig_init(&r);
	put_bytes(sub(r.update->write_set, "Orderer"), "KafkaBrokers", bytes_str(""));
	rename_to(&value(sub(r.update->write_set, "Orderer"), "KafkaBrokers")->mod_policy,
		  "Admins");
	result = accepted(&r);
	assert_int_equal(group_at(result, "Orderer")->n_values, group_at(was, "Orderer")->n_values);
	wire_free(result);
	wire_free(was);
}

/* A group's new version that leaves out a member removes it. */
static void members_are_removed_by_leaving_them_out(void **state)
{
	Common__Config *to = golden_config("mychannel.003.block"), *result;
	struct rig r;

	(void)state;
	rig_init(&r);
	drop_group(group_at(to, "Application"), "Org2MSP");
	wire_free(r.update);
	r.update = update_to(r.config, to);
	r.signers = SIGNER_ADMINS;
	result = accepted(&r);
	assert_int_equal(group_at(result, "Application")->n_groups, 1);
	assert_int_equal(group_at(result, "Application")->version,
			 group_at(to, "Application")->version + 1);
	wire_free(result);
	wire_free(to);
}

/* Tools of v1.0 left mod_policies empty; with capabilities they become Admins. */
static void empty_mod_policies_are_repaired(void **state)
{
	Common__Config *result;
	struct rig r;

	(void)state;
	rig_init(&r);
	rename_to(&r.config->channel_group->mod_policy, "");
	rename_to(&value(group_at(r.config, ""), "HashingAlgorithm")->mod_policy, "");
	rename_to(&group_at(r.config, "Application")->policies[0]->value->mod_policy, "");
	result = accepted(&r);
	assert_string_equal(result->channel_group->mod_policy, "Admins");
	assert_string_equal(value(result->channel_group, "HashingAlgorithm")->mod_policy, "Admins");
	assert_string_equal(group_at(result, "Application")->policies[0]->value->mod_policy,
			    "Admins");
	wire_free(result);
}

/* Without capabilities nothing is repaired. */
static void channels_of_v1_0_stay_as_they_are(void **state)
{
	Common__Config *result;
	struct rig r;

	(void)state;
	rig_init(&r);
	drop_value(group_at(r.config, ""), "Capabilities");
	drop_value(group_at(r.config, "Orderer"), "Capabilities");
	drop_value(group_at(r.config, "Application"), "Capabilities");
	rename_to(&r.config->channel_group->mod_policy, "");
	/* These MSPs have no administrators before V1_4_3. */
	rename_to(&value(group_at(r.config, "Orderer"), "BatchSize")->mod_policy,
		  "/Channel/Application/Readers");
	drop_group(group_at(r.config, "Application"), "Org1MSP");
	drop_group(group_at(r.config, "Application"), "Org2MSP");
	r.signers = 0; /* nobody is there whose Readers would be needed */
	result = accepted(&r);
	assert_string_equal(result->channel_group->mod_policy, "");
	wire_free(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_use_fabrics_words),
		cmocka_unit_test(what_is_no_update_is_refused),
		cmocka_unit_test(an_empty_signature_is_of_nobody),
		cmocka_unit_test(a_flood_of_signatures_is_refused),
		cmocka_unit_test(the_last_version_is_followed_by_the_first),
		cmocka_unit_test(an_unchanged_version_keeps_the_content),
		cmocka_unit_test(a_member_of_an_unchanged_group_gets_lost),
		cmocka_unit_test(members_are_removed_by_leaving_them_out),
		cmocka_unit_test(empty_mod_policies_are_repaired),
		cmocka_unit_test(channels_of_v1_0_stay_as_they_are),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	signers_close();
	return rc;
}
