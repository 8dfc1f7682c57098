/* SPDX-License-Identifier: Apache-2.0 */
/* Routing and the filters (spec 5.2 to 5.4): who is refused, in which order, with which words. */
#include "rig.h"

#define DENIED                                                                         \
	"implicit policy evaluation failed - 0 sub-policies were satisfied, but this " \
	"policy requires 1 of the 'Writers' sub-policies to be satisfied: permission denied"

static struct rig rig;

static int set_up(void **state)
{
	(void)state;
	rig_make(&rig, "ledger");
	rig_open(&rig);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

/* chan_process_normal() of @take. */
static int normal(struct ord_env *take, struct ord_err *e)
{
	uint64_t seq;
	int rc = chan_process_normal(rig.chan, take, &seq, e);

	assert_int_equal(seq, chan_sequence(rig.chan));
	env_unref(take);
	return rc;
}

static int route(struct ord_env *take, struct chan **c, bool *config, struct ord_err *e)
{
	int rc = chan_route(rig.registrar, take, c, config, e);

	if (rc == 0)
		rig_borrow(*c);

	env_unref(take);
	return rc;
}

static void messages_find_their_channel(void **state)
{
	struct ord_bytes data = bytes_str("x");
	struct ord_err e = ERR_INIT;
	bool config = true;
	struct chan *c;

	(void)state;
	test_ok(route(rig_tx(&rig.user, "x"), &c, &config, &e), &e);
	assert_ptr_equal(c, rig.chan);
	assert_false(config);
	test_ok(route(rig_env(&rig.user, 77, RIG_SYSTEM, data), &c, &config, &e), &e);
	assert_ptr_equal(c, rig_borrow(registrar_system(rig.registrar)));
	test_ok(route(rig_env(&rig.user, WIRE_CONFIG_UPDATE, RIG_CHANNEL, data), &c, &config, &e),
		&e);
	assert_ptr_equal(c, rig.chan);
	assert_true(config);
	test_ok(route(rig_env(&rig.user, WIRE_CONFIG_UPDATE, "newchannel", data), &c, &config, &e),
		&e);
	assert_ptr_equal(c, rig_borrow(registrar_system(rig.registrar)));
	test_fails(route(rig_env(&rig.user, WIRE_MESSAGE, "nowhere", data), &c, &config, &e), &e,
		   ORD_ENOENT, "channel does not exist");
	test_fails(route(rig_env(&rig.user, WIRE_CONFIG, RIG_CHANNEL, data), &c, &config, &e), &e,
		   ORD_EINVAL, "message is of type that cannot be processed directly");
	test_fails(route(rig_env(&rig.user, WIRE_ORDERER_TRANSACTION, RIG_CHANNEL, data), &c,
			 &config, &e),
		   &e, ORD_EINVAL, "message is of type that cannot be processed directly");
}

static void without_a_system_channel_an_unknown_one_is_a_bad_request(void **state)
{
	struct ord_err e = ERR_INIT;
	struct chan *c;
	bool config;
	char *path = rig_path(&rig, "chains/" RIG_SYSTEM);

	(void)state;
	rig_close(&rig);
	test_remove(path);
	free(path);
	rig_open(&rig);
	assert_null(rig_borrow(registrar_system(rig.registrar)));
	test_fails(
		route(rig_env(&rig.user, WIRE_MESSAGE, "nowhere", bytes_str("x")), &c, &config, &e),
		&e, ORD_EINVAL,
		"channel creation request not allowed because the orderer system channel is not "
		"defined");
	test_ok(route(rig_tx(&rig.user, "x"), &c, &config, &e), &e);
}

static void writers_pass(void **state)
{
	struct ord_err e = ERR_INIT;
	struct person made;

	(void)state;
	person_make(&made, 3600);
	test_ok(normal(rig_tx(&rig.user, "x"), &e), &e);
	test_ok(normal(rig_tx(&rig.other, "x"), &e), &e);
	test_ok(normal(rig_tx(&made, "x"), &e), &e);
	person_fini(&made);
}

static void an_empty_message_is_refused_first(void **state)
{
	struct ord_err e = ERR_INIT;

	(void)state;
	test_fails(normal(env_make(bytes_of(NULL, 0), bytes_str("s")), &e), &e, ORD_EINVAL,
		   "Message was empty");
}

/* Large and expired and badly signed: size is what is named, then expiry, then the signature. */
static void filters_come_in_fabrics_order(void **state)
{
	struct ord_err e = ERR_INIT;
	char big[3000], want[120];
	struct person late;
	struct ord_env *env, *bad;

	(void)state;
	person_make(&late, -60);
	memset(big, 'x', sizeof(big));
	rig_reconfigure(rig.chan, change_to_tiny_messages);
	env = rig_env(&late, WIRE_MESSAGE, RIG_CHANNEL, bytes_of(big, sizeof(big)));
	snprintf(want, sizeof(want),
		 "message payload is %zu bytes and exceeds maximum allowed 2000 bytes",
		 env_size(env));
	bad = env_make(env->payload, bytes_str("no signature"));
	env_unref(env);
	snprintf(want, sizeof(want),
		 "message payload is %zu bytes and exceeds maximum allowed 2000 bytes",
		 env_size(bad));
	test_fails(normal(bad, &e), &e, ORD_EINVAL, want);

	env = rig_tx(&late, "x");
	bad = env_make(env->payload, bytes_str("no signature"));
	env_unref(env);
	test_fails(normal(bad, &e), &e, ORD_EINVAL, "broadcast client identity expired");
	person_fini(&late);
}

static void change_to_huge_messages(Common__Config *config)
{
	Orderer__BatchSize s = ORDERER__BATCH_SIZE__INIT;

	s.max_message_count = 10;
	s.absolute_max_bytes = UINT32_MAX;
	s.preferred_max_bytes = UINT32_MAX;
	rig_set_orderer_value(config, "BatchSize", &s);
}

/* Whatever the configuration says, and MaxRecvMsgSize lets in. */
static void no_message_is_larger_than_a_block_may_be(void **state)
{
	size_t len = CUTTER_BYTES_MAX;
	uint8_t *big = x_alloc(len);
	struct ord_err e = ERR_INIT;

	(void)state;
	rig_reconfigure(rig.chan, change_to_huge_messages);
	assert_int_equal(normal(env_make(bytes_of(big, len), bytes_str("s")), &e), ORD_EINVAL);
	assert_non_null(strstr(e.msg, "exceeds maximum allowed 104857600 bytes"));
	free(big);
}

static void expiry_is_not_looked_at_when_the_operator_says_so(void **state)
{
	struct ord_err e = ERR_INIT;
	struct person late;

	(void)state;
	person_make(&late, -60);
	rig_close(&rig);
	rig.no_expiration_checks = true;
	rig_open(&rig);
	/* a certificate is judged as of its first day, as in Fabric: it is still a member's */
	test_ok(normal(rig_tx(&late, "x"), &e), &e);
	person_fini(&late);
}

/* A channel that has not voted for V1_1 knows no expiry. */
static void expiry_is_not_looked_at_without_the_capability(void **state)
{
	struct chanconf *conf = chan_conf(rig.chan);
	struct ord_err e = ERR_INIT;
	struct person late;

	(void)state;
	person_make(&late, -60);
	conf->caps.expiration_check = false;
	test_ok(normal(rig_tx(&late, "x"), &e), &e);
	chanconf_unref(conf);
	person_fini(&late);
}

static atomic_int_fast64_t now_ns;

static uint64_t told_time(void)
{
	return (uint64_t)atomic_load(&now_ns);
}

static void a_certificate_expires_with_its_last_second(void **state)
{
	struct chanconf *conf = chan_conf(rig.chan);
	struct ord_env *env = rig_tx(&rig.user, "x");
	int64_t end = msp_expiry(conf->msps, env->creator) * (int64_t)CLOCK_SEC_NS;
	struct ord_err e = ERR_INIT;

	(void)state;
	atomic_store(&now_ns, end - 1);
	clock_virtual(told_time);
	test_ok(normal(env_ref(env), &e), &e);
	atomic_store(&now_ns, end);
	test_fails(normal(env, &e), &e, ORD_EINVAL, "broadcast client identity expired");
	clock_virtual(NULL);
	chanconf_unref(conf);
}

static void exactly_the_largest_size_passes(void **state)
{
	struct ord_env *env = rig_tx(&rig.user, "");
	size_t most = 2000 - env->payload.len - 80; /* a signature has at most 72 bytes */
	struct ord_err e = ERR_INIT;
	struct chanconf *conf;
	char data[2000];

	(void)state;
	memset(data, 'x', sizeof(data));
	rig_reconfigure(rig.chan, change_to_tiny_messages);
	env_unref(env);
	env = rig_env(&rig.user, WIRE_MESSAGE, RIG_CHANNEL, bytes_of(data, most));
	conf = chan_conf(rig.chan);
	conf->pub.batch_absolute_max = (uint32_t)env_size(env);
	test_ok(normal(env_ref(env), &e), &e);
	conf->pub.batch_absolute_max--;
	assert_int_equal(normal(env, &e), ORD_EINVAL);
	chanconf_unref(conf);
}

static void who_is_no_writer_is_denied(void **state)
{
	struct ord_env *env = rig_tx(&rig.user, "x"), *forged;
	struct ord_err e = ERR_INIT;
	struct person stranger;

	(void)state;
	forged = env_make(env->payload, bytes_str("no signature"));
	test_fails(normal(forged, &e), &e, ORD_EPERM, DENIED);
	env_unref(env);

	/* the signature of one under the name of another */
	env = rig_tx(&(struct person){rig.user.creator, rig.other.key}, "x");
	test_fails(normal(env, &e), &e, ORD_EPERM, DENIED);

	person_read(&stranger,
		    "peerOrganizations/org1.example.com/users/User1@org1.example.com/msp",
		    "StrangeMSP");
	test_fails(normal(rig_tx(&stranger, "x"), &e), &e, ORD_EPERM, DENIED);
	person_fini(&stranger);

	person_read(&stranger,
		    "peerOrganizations/org1.example.com/users/User1@org1.example.com/msp",
		    "Org2MSP");
	test_fails(normal(rig_tx(&stranger, "x"), &e), &e, ORD_EPERM, DENIED);
	person_fini(&stranger);
}

static void maintenance_refuses_all_normal_messages(void **state)
{
	struct ord_err e = ERR_INIT;

	(void)state;
	rig_reconfigure(rig.chan, change_to_maintenance);
	test_fails(normal(rig_tx(&rig.user, "x"), &e), &e, ORD_EUNAVAIL,
		   "normal transactions are rejected: maintenance mode");
	/* before any filter */
	test_fails(normal(env_make(bytes_of(NULL, 0), bytes_str("s")), &e), &e, ORD_EUNAVAIL,
		   "normal transactions are rejected: maintenance mode");
}

static void a_malformed_signature_header_is_named(void **state)
{
	/* Payload { header { channel_header "", signature_header ff } } */
	static const uint8_t payload[] = {0x0a, 0x05, 0x0a, 0x00, 0x12, 0x01, 0xff};
	struct ord_err e = ERR_INIT;

	(void)state;
	test_fails(normal(env_make(bytes_of(payload, sizeof(payload)), bytes_str("s")), &e), &e,
		   ORD_EINVAL,
		   "could not convert message to signedData: signature header is malformed");
}

static void config_updates_pass_the_same_filters(void **state)
{
	struct ord_env *env, *out = NULL;
	struct ord_err e = ERR_INIT;
	uint64_t seq;

	(void)state;
	env = rig_env(&(struct person){rig.user.creator, rig.other.key}, WIRE_CONFIG_UPDATE,
		      RIG_CHANNEL, bytes_str("x"));
	test_fails(chan_process_config_update(rig.chan, env, &out, &seq, &e), &e, ORD_EPERM,
		   "config update for existing channel did not pass initial checks: " DENIED);
	assert_null(out);
	env_unref(env);
}

static void who_left_the_channel_is_denied(void **state)
{
	struct ord_err e = ERR_INIT;

	(void)state;
	test_ok(normal(rig_tx(&rig.user, "x"), &e), &e);
	rig_reconfigure(rig.chan, change_without_org1);
	test_fails(normal(rig_tx(&rig.user, "x"), &e), &e, ORD_EPERM, DENIED);
	test_ok(normal(rig_tx(&rig.other, "x"), &e), &e);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_find_their_channel),
		TEST(without_a_system_channel_an_unknown_one_is_a_bad_request),
		TEST(writers_pass),
		TEST(an_empty_message_is_refused_first),
		TEST(filters_come_in_fabrics_order),
		TEST(no_message_is_larger_than_a_block_may_be),
		TEST(expiry_is_not_looked_at_when_the_operator_says_so),
		TEST(expiry_is_not_looked_at_without_the_capability),
		TEST(a_certificate_expires_with_its_last_second),
		TEST(exactly_the_largest_size_passes),
		TEST(who_is_no_writer_is_denied),
		TEST(maintenance_refuses_all_normal_messages),
		TEST(a_malformed_signature_header_is_named),
		TEST(config_updates_pass_the_same_filters),
		TEST(who_left_the_channel_is_denied),
	};

	log_set_spec("panic", NULL);
	ledger_io_fault = rig_no_sync;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
