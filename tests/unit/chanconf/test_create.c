/* SPDX-License-Identifier: Apache-2.0 */
/* Channel creation: the template, what a request makes of it, and the check of what was ordered. */
#include "random_update.h"

#define COULD_NOT(what)                                                                         \
	"error validating channel creation transaction for new channel 'mychannel', could not " \
	"succesfully apply update to template configuration: error authorizing update: " what

/* A system channel, and a request made by configtxgen. */
struct rig {
	Common__Config *config;
	Common__ConfigUpdate *request;
	struct ord_env *env;     /* the request, signed */
	struct chanconf *system; /* both made by rig_start() */
	unsigned signers;
};

static void rig_init(struct rig *r)
{
	struct buf b = test_golden("tx/mychannel.tx");
	Common__ConfigUpdateEnvelope *outer = NULL;
	struct ord_env *env = NULL;
	struct ord_err e = ERR_INIT;

	*r = (struct rig){.signers = SIGNER_ADMIN1};
	test_ok(env_parse(buf_bytes(&b), &env, &e), &e);
	test_ok(wire_unpack(&common__config_update_envelope__descriptor, env->data, &outer, &e),
		&e);
	test_ok(wire_unpack(&common__config_update__descriptor, wire_bytes(outer->config_update),
			    &r->request, &e),
		&e);
	r->config = golden_config("genesis.solo.block");
	wire_free(outer);
	env_unref(env);
	buf_fini(&b);
}

static void rig_start(struct rig *r)
{
	struct ord_err e = ERR_INIT;

	test_ok(chanconf_new("testchainid", r->config, &r->system, &e), &e);
	r->env = signed_update("mychannel", r->request, r->signers, 0);
}

static void rig_fini(struct rig *r)
{
	wire_free(r->config);
	wire_free(r->request);
	env_unref(r->env);
	chanconf_unref(r->system);
}

static Common__ConfigGroup *wanted(struct rig *r)
{
	return r->request->write_set->groups[0]->value;
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
	rename_to(&r->request->channel_id, "another");
}

static void no_write_set(struct rig *r)
{
	wire_free(r->request->write_set);
	r->request->write_set = NULL;
}

static void no_application(struct rig *r)
{
	drop_group(r->request->write_set, "Application");
}

static void wrong_version(struct rig *r)
{
	wanted(r)->version = 2;
}

static void no_consortium(struct rig *r)
{
	drop_value(r->request->write_set, "Consortium");
}

static void broken_consortium(struct rig *r)
{
	put_bytes(r->request->write_set, "Consortium", bytes_str("\x0a"));
}

static void unknown_consortium(struct rig *r)
{
	put_bytes(r->request->write_set, "Consortium", bytes_str("\x0a\x04None"));
}

static void no_consortiums(struct rig *r)
{
	drop_group(r->config->channel_group, "Consortiums");
}

static void no_members(struct rig *r)
{
	drop_group(wanted(r), "Org1MSP");
	drop_group(wanted(r), "Org2MSP");
}

static void foreign_member(struct rig *r)
{
	add_group(wanted(r), "Org3MSP");
}

static void no_creation_policy(struct rig *r)
{
	drop_value(group_at(r->config, "Consortiums/SampleConsortium"), "ChannelCreationPolicy");
}

static void unsigned_request(struct rig *r)
{
	r->signers = 0;
}

static void signed_by_orderer(struct rig *r)
{
	r->signers = SIGNER_ORDERER_ADMIN;
}

static void no_orderer(struct rig *r)
{
	drop_group(r->config->channel_group, "Orderer");
	drop_value(r->config->channel_group, "Capabilities");
}

static const struct {
	void (*spoil)(struct rig *r);
	const char *want;
} refusals[] = {
	{other_channel, "Failing initial channel config creation: mismatched channel IDs: "
			"'another' != 'mychannel'"},
	{no_write_set, "Config update has an empty writeset"},
	{no_application, "Config update has missing application group"},
	{wrong_version,
	 "Config update for channel creation does not set application group version to 1, was 2"},
	{no_consortium, "Consortium config value missing"},
	{broken_consortium,
	 "Error reading unmarshaling consortium name: common.Consortium: unexpected EOF"},
	{unknown_consortium, "Unknown consortium name: None"},
	{no_consortiums,
	 "The ordering system channel does not appear to support creating channels"},
	{no_members, "Proposed configuration has no application group members, but consortium "
		     "contains members"},
	{foreign_member, "Attempted to include a member which is not in the consortium"},
	{no_creation_policy,
	 "initializing policymanager failed: policy ChannelCreationPolicy at path "
	 "Channel/Application has unknown policy type: 0"},
	{unsigned_request,
	 COULD_NOT("error validating DeltaSet: policy for [Group]  /Channel/Application not "
		   "satisfied: implicit policy evaluation failed - 0 sub-policies were satisfied, "
		   "but this policy requires 1 of the 'Admins' sub-policies to be satisfied")},
	{signed_by_orderer,
	 COULD_NOT("error validating DeltaSet: policy for [Group]  /Channel/Application not "
		   "satisfied: implicit policy evaluation failed - 0 sub-policies were satisfied, "
		   "but this policy requires 1 of the 'Admins' sub-policies to be satisfied")},
	{no_orderer, "config does not contain orderer config"},
};

static void requests_are_refused_in_fabrics_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(refusals); i++) {
		Common__ConfigEnvelope *ce = NULL;
		struct ord_err e = ERR_INIT;
		struct rig r;

		rig_init(&r);
		refusals[i].spoil(&r);
		rig_start(&r);
		test_fails(chanconf_create(r.system, r.env, &ce, &e), &e, ORD_EINVAL,
			   refusals[i].want);
		assert_null(ce);
		rig_fini(&r);
	}
}

static void channel_names_are_checked(void **state)
{
	Common__ConfigEnvelope *ce = NULL;
	struct ord_err e = ERR_INIT;
	struct rig r;

	(void)state;
	rig_init(&r);
	rename_to(&r.request->channel_id, "My_Channel");
	rig_start(&r);
	env_unref(r.env);
	r.env = signed_update("My_Channel", r.request, r.signers, 0);
	test_fails(chanconf_create(r.system, r.env, &ce, &e), &e, ORD_EINVAL,
		   "initializing configtx manager failed: bad channel ID: channel ID 'My_Channel' "
		   "contains illegal characters");
	rig_fini(&r);
}

/* ---- templates ----------------------------------------------------------- */

static Common__ConfigGroup__PoliciesEntry *only_policy(const struct chanconf *c)
{
	Common__ConfigGroup *application = group_at(c->config, "Application");

	assert_int_equal(application->n_policies, 1);
	return application->policies[0];
}

static void capabilities(struct rig *r, const char *orderer)
{
	put_capabilities(group_at(r->config, "Orderer"), (const char *const[]){orderer, NULL});
}

/* The template for the rig's request. */
static struct chanconf *template_of(struct rig *r)
{
	struct chanconf *c = NULL;
	struct ord_err e = ERR_INIT;

	rig_start(r);
	test_ok(chanconf_template(r->system, r->env, &c, &e), &e);
	return c;
}

static void templates_of_v1_guard_the_application_by_the_creation_policy(void **state)
{
	struct chanconf *c;
	struct rig r;

	(void)state;
	rig_init(&r);
	c = template_of(&r);
	assert_string_equal(only_policy(c)->key, "ChannelCreationPolicy");
	assert_string_equal(only_policy(c)->value->mod_policy, "");
	assert_string_equal(group_at(c->config, "Application")->mod_policy,
			    "ChannelCreationPolicy");
	assert_string_equal(c->consortium, "SampleConsortium");
	assert_false(c->has_consortiums);
	chanconf_unref(c);
	rig_fini(&r);
}

/* Tools of v2 leave the application's Admins to the new version. */
static void templates_of_v2_guard_it_by_admins(void **state)
{
	struct chanconf *c;
	struct rig r;

	(void)state;
	rig_init(&r);
	capabilities(&r, "V2_0");
	for (size_t i = 0; i < wanted(&r)->n_policies; i++)
		if (strcmp(wanted(&r)->policies[i]->key, "Admins") == 0)
			wanted(&r)->policies[i]->value->version = 1;
	c = template_of(&r);
	assert_string_equal(only_policy(c)->key, "Admins");
	assert_string_equal(only_policy(c)->value->mod_policy, "Admins");
	assert_string_equal(group_at(c->config, "Application")->mod_policy, "Admins");
	chanconf_unref(c);
	rig_fini(&r);
}

static void requests_of_v1_keep_the_creation_policy_in_v2(void **state)
{
	struct chanconf *c;
	struct rig r;

	(void)state;
	rig_init(&r);
	capabilities(&r, "V2_0"); /* but Admins is at version 0 */
	c = template_of(&r);
	assert_string_equal(only_policy(c)->key, "ChannelCreationPolicy");
	assert_string_equal(only_policy(c)->value->mod_policy, "ChannelCreationPolicy");
	chanconf_unref(c);
	rig_fini(&r);
}

static void requests_without_policies_keep_the_creation_policy_in_v2(void **state)
{
	struct chanconf *c;
	struct rig r;

	(void)state;
	rig_init(&r);
	capabilities(&r, "V2_0");
	while (wanted(&r)->n_policies > 0)
		wire_free(wanted(&r)->policies[--wanted(&r)->n_policies]);
	c = template_of(&r);
	assert_string_equal(only_policy(c)->key, "ChannelCreationPolicy");
	chanconf_unref(c);
	rig_fini(&r);
}

/* From V1_1 on a template does not show how often the system channel was changed. */
static void predictable_templates_start_at_version_zero(void **state)
{
	static const struct {
		const char *capability;
		uint64_t version;
		const char *mod_policy;
	} kinds[] = {{"V1_4_2", 0, "Admins"}, {"V1_1", 0, "Admins"}, {"V1_0", 5, ""}};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(kinds); i++) {
		struct chanconf *c;
		struct rig r;

		rig_init(&r);
		capabilities(&r, kinds[i].capability);
		group_at(r.config, "Orderer")->version = 5;
		c = template_of(&r);
		assert_int_equal(group_at(c->config, "Orderer")->version, kinds[i].version);
		assert_string_equal(c->config->channel_group->mod_policy, kinds[i].mod_policy);
		assert_int_equal(c->config->channel_group->version, 0);
		chanconf_unref(c);
		rig_fini(&r);
	}
}

/* A consortium without members lets requests bring their own. */
static void an_empty_consortium_takes_anybody(void **state)
{
	struct chanconf *c;
	struct rig r;

	(void)state;
	rig_init(&r);
	drop_group(group_at(r.config, "Consortiums/SampleConsortium"), "Org1MSP");
	drop_group(group_at(r.config, "Consortiums/SampleConsortium"), "Org2MSP");
	c = template_of(&r);
	assert_int_equal(group_at(c->config, "Application")->n_groups, 0);
	chanconf_unref(c);
	rig_fini(&r);
}

/* ---- what was ordered ---------------------------------------------------- */

static struct ord_env *message(int32_t type, const char *channel_id, struct ord_bytes data)
{
	struct wire_header_spec h = {.type = type, .channel_id = channel_id};

	return env_unsigned(&h, data);
}

/* @ce in a CONFIG in an ORDERER_TRANSACTION. */
static struct ord_env *ordered(int32_t type, const Common__ConfigEnvelope *ce)
{
	struct buf data = BUF_INIT;
	struct ord_env *inner, *outer;

	wire_pack(ce, &data);
	inner = message(type, "mychannel", buf_bytes(&data));
	outer = message(WIRE_ORDERER_TRANSACTION, "testchainid", inner->raw);
	env_unref(inner);
	buf_fini(&data);
	return outer;
}

static void check_refused(const struct rig *r, struct ord_env *take, int code, const char *want)
{
	struct ord_err e = ERR_INIT;

	test_fails(chanconf_check_creation(r->system, take, &e), &e, code, want);
	env_unref(take);
}

static struct ord_env *wrapping(struct ord_bytes payload)
{
	Common__Envelope m = COMMON__ENVELOPE__INIT;
	struct buf b = BUF_INIT;
	struct ord_env *env;

	m.payload = wire_binary(payload);
	wire_pack(&m, &b);
	env = message(WIRE_ORDERER_TRANSACTION, "testchainid", buf_bytes(&b));
	buf_fini(&b);
	return env;
}

static void what_was_ordered_must_be_what_the_request_makes(void **state)
{
	Common__ConfigEnvelope *ce = NULL;
	Common__Envelope *last;
	struct ord_err e = ERR_INIT;
	struct ord_env *good;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_start(&r);
	test_ok(chanconf_create(r.system, r.env, &ce, &e), &e);
	good = ordered(WIRE_CONFIG, ce);
	test_ok(chanconf_check_creation(r.system, good, &e), &e);
	env_unref(good);

	check_refused(&r, ordered(WIRE_MESSAGE, ce), ORD_EINVAL,
		      "wrapped configtx envelope not a config transaction");
	ce->config->channel_group->version = 3;
	check_refused(&r, ordered(WIRE_CONFIG, ce), ORD_EINVAL,
		      "config proposed by the channel creation request did not match the config "
		      "received with the channel creation request");
	last = ce->last_update;
	ce->last_update = NULL;
	check_refused(&r, ordered(WIRE_CONFIG, ce), ORD_EINVAL,
		      "updated config does not include a config update");
	ce->last_update = last;
	free(last->payload.data);
	last->payload = wire_binary(bytes_of(NULL, 0));
	check_refused(&r, ordered(WIRE_CONFIG, ce), ORD_EINVAL,
		      "error constructing new channel config from update: Failed initial channel "
		      "config creation because config update header was missing");
	wire_free(ce);
	rig_fini(&r);
}

static void what_is_no_channel_configuration_is_refused(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_start(&r);
	check_refused(&r, message(WIRE_ORDERER_TRANSACTION, "testchainid", bytes_str("\x0a")),
		      ORD_EINVAL,
		      "payload data error unmarshaling to envelope: error unmarshaling Envelope: "
		      "unexpected EOF");
	check_refused(&r, wrapping(bytes_str("")), ORD_EINVAL,
		      "wrapped configtx envelope missing header");
	check_refused(&r, wrapping(bytes_str("\x12\x01x")), ORD_EINVAL,
		      "wrapped configtx envelope missing header");
	rig_fini(&r);
}

/* A request nobody signed, as if an orderer had let it through. */
static void what_nobody_agreed_to_is_refused(void **state)
{
	Common__ConfigEnvelope *ce = NULL;
	struct ord_err e = ERR_INIT;
	struct ord_env *alone;
	struct buf payload = BUF_INIT;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_start(&r);
	test_ok(chanconf_create(r.system, r.env, &ce, &e), &e);
	alone = signed_update("mychannel", r.request, 0, 0);
	free(ce->last_update->payload.data);
	buf_add_bytes(&payload, alone->payload);
	ce->last_update->payload = wire_binary(buf_bytes(&payload));
	check_refused(&r, ordered(WIRE_CONFIG, ce), ORD_EINVAL,
		      "error proposing channel update to new channel config: error authorizing "
		      "update: error validating DeltaSet: policy for [Group]  /Channel/Application "
		      "not satisfied: implicit policy evaluation failed - 0 sub-policies were "
		      "satisfied, but this policy requires 1 of the 'Admins' sub-policies to be "
		      "satisfied");
	env_unref(alone);
	wire_free(ce);
	rig_fini(&r);
}

/* The request is fine, but this orderer could not run what comes of it. */
static void unsupported_capabilities_make_no_channel(void **state)
{
	Common__ConfigEnvelope *ce = NULL;
	struct ord_err e = ERR_INIT;
	struct rig r;

	(void)state;
	rig_init(&r);
	put_capabilities(r.config->channel_group, (const char *const[]){"V1_4_3", "V9_9", NULL});
	rig_start(&r);
	test_ok(chanconf_create(r.system, r.env, &ce, &e), &e);
	check_refused(&r, ordered(WIRE_CONFIG, ce), ORD_EINVAL,
		      "config update is not compatible: Channel capability V9_9 is required but "
		      "not supported");
	wire_free(ce);
	rig_fini(&r);
}

static void maintenance_makes_no_channels(void **state)
{
	Orderer__ConsensusType type = ORDERER__CONSENSUS_TYPE__INIT;
	Common__ConfigEnvelope ce = COMMON__CONFIG_ENVELOPE__INIT;
	struct rig r;

	(void)state;
	rig_init(&r);
	type.type = "solo";
	type.state = ORDERER__CONSENSUS_TYPE__STATE__STATE_MAINTENANCE;
	put_value(group_at(r.config, "Orderer"), "ConsensusType", &type);
	rig_start(&r);
	check_refused(&r, ordered(WIRE_CONFIG, &ce), ORD_EUNAVAIL,
		      "channel creation is not permitted: maintenance mode");
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_refused_in_fabrics_words),
		cmocka_unit_test(channel_names_are_checked),
		cmocka_unit_test(templates_of_v1_guard_the_application_by_the_creation_policy),
		cmocka_unit_test(templates_of_v2_guard_it_by_admins),
		cmocka_unit_test(requests_of_v1_keep_the_creation_policy_in_v2),
		cmocka_unit_test(requests_without_policies_keep_the_creation_policy_in_v2),
		cmocka_unit_test(predictable_templates_start_at_version_zero),
		cmocka_unit_test(an_empty_consortium_takes_anybody),
		cmocka_unit_test(what_was_ordered_must_be_what_the_request_makes),
		cmocka_unit_test(what_is_no_channel_configuration_is_refused),
		cmocka_unit_test(what_nobody_agreed_to_is_refused),
		cmocka_unit_test(unsupported_capabilities_make_no_channel),
		cmocka_unit_test(maintenance_makes_no_channels),
	};
	struct ord_err e = ERR_INIT;
	int rc;

	log_set_spec("error", &e);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	signers_close();
	return rc;
}
