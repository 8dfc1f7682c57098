/* SPDX-License-Identifier: Apache-2.0 */
/* What may follow a configuration: spec 4.5, and maintenance mode (spec 4.6). */
#include "random_update.h"

/* @to follows the configuration in @block, both spoilt; @want is NULL when it may. */
struct step {
	const char *block;
	void (*from)(Common__Config *c), (*to)(Common__Config *c);
	const char *want;
};

static const char *channel_of(const char *block)
{
	return strstr(block, "mychannel") ? "mychannel" : "testchainid";
}

static struct chanconf *conf_of(const char *block, void (*change)(Common__Config *c))
{
	Common__Config *config = golden_config(block);
	struct chanconf *c = NULL;
	struct ord_err e = ERR_INIT;

	if (change)
		change(config);
	test_ok(chanconf_new(channel_of(block), config, &c, &e), &e);
	wire_free(config);
	return c;
}

static void check_step(const struct step *s)
{
	struct chanconf *current = conf_of(s->block, s->from), *next = NULL;
	Common__Config *config = golden_config(s->block);
	struct ord_err e = ERR_INIT;

	if (s->from)
		s->from(config);
	s->to(config);
	if (s->want)
		test_fails(chanconf_accept(current, config, &next, &e), &e, ORD_EINVAL, s->want);
	else
		test_ok(chanconf_accept(current, config, &next, &e), &e);
	assert_true((next == NULL) == (s->want != NULL));
	chanconf_unref(next);
	chanconf_unref(current);
	wire_free(config);
}

/* ---- ValidateNew --------------------------------------------------------- */

static void no_orderer(Common__Config *c)
{
	drop_group(c->channel_group, "Orderer");
}

static void no_application(Common__Config *c)
{
	drop_group(c->channel_group, "Application");
}

static void no_consortiums(Common__Config *c)
{
	drop_group(c->channel_group, "Consortiums");
}

static void some_consortiums(Common__Config *c)
{
	add_group(c->channel_group, "Consortiums");
}

static void set_type(Common__Config *c, const char *type, int state, const char *metadata)
{
	Orderer__ConsensusType t = ORDERER__CONSENSUS_TYPE__INIT;

	t.type = (char *)type;
	t.state = (Orderer__ConsensusType__State)state;
	t.metadata = wire_binary(bytes_str(metadata));
	put_value(group_at(c, "Orderer"), "ConsensusType", &t);
}

static void type_kafka(Common__Config *c)
{
	set_type(c, "kafka", 0, "");
}

static void swap_orgs(Common__Config *c, const char *group)
{
	char *one = x_printf("%s/Org1MSP", group), *two = x_printf("%s/Org2MSP", group);

	put_bytes(group_at(c, one), "MSP", value_bytes(group_at(c, two), "MSP"));
	free(one);
	free(two);
}

static void application_mspid(Common__Config *c)
{
	swap_orgs(c, "Application");
}

static void consortium_mspid(Common__Config *c)
{
	swap_orgs(c, "Consortiums/SampleConsortium");
}

static void orderer_mspid(Common__Config *c)
{
	put_bytes(group_at(c, "Orderer/OrdererOrg"), "MSP",
		  value_bytes(group_at(c, "Application/Org1MSP"), "MSP"));
}

static void new_org(Common__Config *c)
{
	Common__ConfigGroup *org = add_group(group_at(c, "Application"), "Another");

	put_bytes(org, "MSP", value_bytes(group_at(c, "Application/Org1MSP"), "MSP"));
}

static void org_leaves(Common__Config *c)
{
	drop_group(group_at(c, "Application"), "Org1MSP");
}

static void future_channel(Common__Config *c)
{
	put_capabilities(c->channel_group, (const char *const[]){"V1_4_3", "V9_9", NULL});
}

static void future_orderer(Common__Config *c)
{
	put_capabilities(group_at(c, "Orderer"), (const char *const[]){"V9_9", NULL});
}

static void no_batch_size(Common__Config *c)
{
	drop_value(group_at(c, "Orderer"), "BatchSize");
}

#define TWICE(s) s ": " s

static const struct step steps[] = {
	{"mychannel.003.block", NULL, new_org, NULL},
	{"mychannel.003.block", NULL, org_leaves, NULL},
	{"genesis.kafka.block", NULL, no_batch_size,
	 "initializing channelconfig failed: could not create channel Orderer sub-group config: "
	 "Attempted to set the batch size max message count to an invalid value: 0"},
	{"mychannel.003.block", NULL, no_orderer,
	 "config update is not compatible: config does not contain orderer config"},
	{"mychannel.003.block", NULL, no_application,
	 "current config has application section, but new config does not"},
	{"genesis.solo.block", NULL, no_consortiums,
	 "current config has consortiums section, but new config does not"},
	{"mychannel.003.block", NULL, some_consortiums,
	 "current config has no consortiums section, but new config does"},
	{"mychannel.003.block", NULL, application_mspid,
	 "application org Org1MSP attempted to change MSP ID from Org1MSP to Org2MSP"},
	{"mychannel.003.block", NULL, orderer_mspid,
	 "orderer org OrdererOrg attempted to change MSP ID from OrdererMSP to Org1MSP"},
	{"genesis.solo.block", NULL, consortium_mspid,
	 "consortium SampleConsortium org Org1MSP attempted to change MSP ID from Org1MSP to "
	 "Org2MSP"},
	{"genesis.solo.oldcaps.block", NULL, type_kafka,
	 "attempted to change consensus type from solo to kafka"},
	{"genesis.solo.block", NULL, type_kafka, NULL}, /* migration has a word in that */
	{"genesis.solo.block", NULL, future_channel,
	 "config update is not compatible: config requires unsupported channel capabilities: " TWICE(
		 "Channel capability V9_9 is required but not supported")},
	{"genesis.solo.block", NULL, future_orderer,
	 "config update is not compatible: config requires unsupported orderer capabilities: " TWICE(
		 "Orderer capability V9_9 is required but not supported")},
};

static void next_configurations_are_accepted_or_refused_in_fabrics_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(steps); i++)
		check_step(&steps[i]);
}

/* ---- maintenance --------------------------------------------------------- */

/* The CONFIG message for @to with the update that leads there. */
static struct ord_env *message_to(const struct chanconf *current, Common__Config *to)
{
	Common__ConfigEnvelope ce = COMMON__CONFIG_ENVELOPE__INIT;
	Common__Envelope last = COMMON__ENVELOPE__INIT;
	Common__ConfigUpdate *u = NULL;
	struct ord_env *update, *msg;
	struct ord_err e = ERR_INIT;

	test_ok(chanconf_compute_update(current->channel_id, current->config, to, &u, &e), &e);
	update = signed_update(current->channel_id, u, 0, 0);
	last.payload = wire_binary(update->payload);
	ce.config = to;
	ce.last_update = &last;
	msg = config_message(current->channel_id, &ce);
	env_unref(update);
	wire_free(u);
	return msg;
}

static void enter(Common__Config *c)
{
	set_type(c, "solo", 1, "");
}

static void leave(Common__Config *c)
{
	set_type(c, "solo", 0, "");
}

static void enter_strangely(Common__Config *c)
{
	set_type(c, "solo", 7, "");
}

static void enter_as_kafka(Common__Config *c)
{
	set_type(c, "kafka", 1, "");
}

static void once(Common__Config *c)
{
	set_type(c, "kafka", 0, "\x08\x01");
}

static void enter_once(Common__Config *c)
{
	set_type(c, "kafka", 1, "\x08\x01");
}

static void enter_with_metadata(Common__Config *c)
{
	set_type(c, "solo", 1, "more");
}

static void become_raft(Common__Config *c)
{
	set_type(c, "etcdraft", 1, "");
}

static void become_broken_raft(Common__Config *c)
{
	set_type(c, "etcdraft", 1, "\x0a");
}

static void become_other(Common__Config *c)
{
	set_type(c, "other", 1, "");
}

static void enter_and_channel_value(Common__Config *c)
{
	enter(c);
	put_bytes(c->channel_group, "Consortium", bytes_str(""));
}

static void enter_and_other_group(Common__Config *c)
{
	enter(c);
	put_bytes(group_at(c, "Consortiums/SampleConsortium/Org1MSP"), "MSP",
		  value_bytes(group_at(c, "Consortiums/SampleConsortium/Org2MSP"), "MSP"));
}

static void enter_and_org(Common__Config *c)
{
	enter(c);
	put_bytes(group_at(c, "Orderer/OrdererOrg"), "MSP",
		  value_bytes(group_at(c, "Consortiums/SampleConsortium/Org2MSP"), "MSP"));
}

static void enter_and_batch(Common__Config *c)
{
	Orderer__BatchTimeout t = ORDERER__BATCH_TIMEOUT__INIT;

	enter(c);
	t.timeout = "9s";
	put_value(group_at(c, "Orderer"), "BatchTimeout", &t);
}

static void nothing_else(Common__Config *c)
{
	Orderer__BatchTimeout t = ORDERER__BATCH_TIMEOUT__INIT;

	t.timeout = "9s";
	put_value(group_at(c, "Orderer"), "BatchTimeout", &t);
}

#define INSPECTION "config transaction inspection failed: "
#define OLD        "genesis.solo.oldcaps.block"
#define NOW        "genesis.solo.block"

static const struct step migrations[] = {
	{OLD, NULL, nothing_else, NULL},
	{OLD, NULL, enter,
	 INSPECTION "next config attempted to change ConsensusType.State to STATE_MAINTENANCE, but "
		    "capability is disabled"},
	{OLD, NULL, type_kafka,
	 INSPECTION "next config attempted to change ConsensusType.Type from solo to kafka, but "
		    "capability is disabled"},
	{NOW, NULL, nothing_else, NULL},
	{NOW, NULL, enter, NULL},
	{NOW, enter, leave, NULL},
	{NOW, enter, enter_as_kafka, NULL},
	{NOW, enter, become_raft, NULL},
	{NOW, enter_as_kafka, enter, NULL},
	{NOW, enter, enter_once, NULL},
	{NOW, enter_once, enter, NULL},
	{NOW, enter_once, once, NULL},
	{NOW, enter_as_kafka, enter_once, NULL},
	{NOW, type_kafka, once, NULL}, /* Kafka's metadata may change at any time */
	{NOW, once, type_kafka, NULL},
	{NOW, once, enter_as_kafka,
	 INSPECTION "attempted to change ConsensusType.Metadata, but ConsensusType.State is "
		    "changing from STATE_NORMAL to STATE_MAINTENANCE"},
	{NOW, NULL, enter_strangely, NULL},
	{NOW, NULL, enter_as_kafka,
	 INSPECTION "attempted to change ConsensusType.Type from solo to kafka, but "
		    "ConsensusType.State is changing from STATE_NORMAL to STATE_MAINTENANCE"},
	{NOW, enter_strangely, leave, NULL},
	{NOW, enter_strangely, enter_as_kafka,
	 INSPECTION "attempted to change ConsensusType.Type from solo to kafka, but "
		    "ConsensusType.State is changing from 7 to STATE_MAINTENANCE"},
	{NOW, NULL, enter_with_metadata,
	 INSPECTION "attempted to change ConsensusType.Metadata, but ConsensusType.State is "
		    "changing from STATE_NORMAL to STATE_MAINTENANCE"},
	{NOW, NULL, type_kafka,
	 INSPECTION "attempted to change consensus type from solo to kafka, but current config "
		    "ConsensusType.State is not in maintenance mode"},
	{NOW, enter, type_kafka,
	 INSPECTION "attempted to change ConsensusType.Type from solo to kafka, but "
		    "ConsensusType.State is changing from STATE_MAINTENANCE to STATE_NORMAL"},
	{NOW, enter, become_other, NULL}, /* whether there is such a plugin, others know */
	{NOW, enter, become_broken_raft,
	 INSPECTION "failed to unmarshal etcdraft metadata configuration: etcdraft.ConfigMetadata: "
		    "unexpected EOF"},
	{NOW, NULL, enter_and_channel_value,
	 INSPECTION "config update contains changes to values in group Channel"},
	{NOW, NULL, enter_and_other_group,
	 INSPECTION "config update contains changes to more than one group"},
	{NOW, NULL, enter_and_org,
	 INSPECTION "config update contains changes to groups within the Orderer group"},
	{NOW, NULL, enter_and_batch,
	 INSPECTION "config update contain more then just the ConsensusType value in the Orderer "
		    "group"},
	{NOW, NULL, no_orderer, INSPECTION "next config is missing orderer group"},
};

static void check_migration(const struct step *s)
{
	struct chanconf *current = conf_of(s->block, s->from);
	Common__Config *to = golden_config(s->block);
	struct ord_err e = ERR_INIT;
	struct ord_env *msg;

	if (s->from)
		s->from(to);
	s->to(to);
	msg = message_to(current, to);
	if (s->want)
		test_fails(chanconf_check_migration(current, msg, &e), &e, ORD_EINVAL, s->want);
	else
		test_ok(chanconf_check_migration(current, msg, &e), &e);
	env_unref(msg);
	chanconf_unref(current);
	wire_free(to);
}

static void consensus_types_change_in_maintenance_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(migrations); i++)
		check_migration(&migrations[i]);
}

/* What the update says counts, not only what it does. */
static void entering_maintenance_takes_an_update_of_nothing_else(void **state)
{
	static const struct {
		const char *group, *value, *want;
	} updates[] = {
		{NULL, NULL, INSPECTION "config update contains no changes"},
		{"Consortiums", NULL, INSPECTION "update does not contain the Orderer group"},
		{"Orderer", "BatchSize",
		 INSPECTION "config update does not contain the ConsensusType value"},
		{"Orderer", "ConsensusType", NULL},
	};
	struct chanconf *current = conf_of(NOW, NULL);
	Common__ConfigEnvelope ce = COMMON__CONFIG_ENVELOPE__INIT;
	Common__Envelope last = COMMON__ENVELOPE__INIT;

	(void)state;
	ce.config = golden_config(NOW);
	ce.last_update = &last;
	enter(ce.config);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(updates); i++) {
		Common__ConfigUpdate *u = x_alloc(sizeof(*u));
		struct ord_env *update, *msg;
		struct ord_err e = ERR_INIT;

		common__config_update__init(u);
		u->write_set = x_alloc(sizeof(*u->write_set));
		common__config_group__init(u->write_set);
		if (updates[i].group)
			add_group(u->write_set, updates[i].group);
		if (updates[i].value)
			put_bytes(u->write_set->groups[0]->value, updates[i].value, bytes_str(""));
		update = signed_update("testchainid", u, 0, 0);
		last.payload = wire_binary(update->payload);
		msg = config_message("testchainid", &ce);
		if (updates[i].want)
			test_fails(chanconf_check_migration(current, msg, &e), &e, ORD_EINVAL,
				   updates[i].want);
		else
			test_ok(chanconf_check_migration(current, msg, &e), &e);
		env_unref(msg);
		env_unref(update);
		wire_free(u);
	}
	wire_free(ce.config);
	chanconf_unref(current);
}

/* ---- at commit ----------------------------------------------------------- */

static void commit_refuses_what_does_not_follow(void **state)
{
	struct chanconf *current = conf_of("mychannel.001.block", NULL), *next = NULL;
	Common__ConfigEnvelope *ce = NULL;
	struct ord_block *b = test_block("blocks/mychannel.002.block");
	struct ord_env *recorded = block_config_env(b), *msg;
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(wire_unpack(&common__config_envelope__descriptor, recorded->data, &ce, &e), &e);
	ce->config->sequence = 9;
	msg = config_message("mychannel", ce);
	test_fails(chanconf_validate(current, msg, &next, &e), &e, ORD_EINVAL,
		   "config currently at sequence 2, cannot validate config at sequence 9");
	env_unref(msg);

	ce->config->sequence = 3;
	wire_free(ce->last_update);
	ce->last_update = NULL;
	msg = config_message("mychannel", ce);
	test_fails(chanconf_validate(current, msg, &next, &e), &e, ORD_EINVAL,
		   "updated config does not include a config update");
	test_fails(chanconf_check_migration(current, msg, &e), &e, ORD_EINVAL,
		   INSPECTION "updated config does not include a config update");
	env_unref(msg);

	wire_free(ce->config);
	ce->config = NULL;
	msg = config_message("mychannel", ce);
	test_fails(chanconf_validate(current, msg, &next, &e), &e, ORD_EINVAL,
		   "config envelope has nil config");
	env_unref(msg);
	assert_null(next);
	wire_free(ce);
	env_unref(recorded);
	block_unref(b);
	chanconf_unref(current);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next_configurations_are_accepted_or_refused_in_fabrics_words),
		cmocka_unit_test(consensus_types_change_in_maintenance_only),
		cmocka_unit_test(entering_maintenance_takes_an_update_of_nothing_else),
		cmocka_unit_test(commit_refuses_what_does_not_follow),
	};
	struct ord_err e = ERR_INIT;

	log_set_spec("error", &e);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
