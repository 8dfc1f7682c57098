/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of statuses (spec 5.4, 5.5), refusal by refusal: what is answered and what is logged.
 */
#include "../capture.h"
#include "desk.h"

#define DENIED                                                                         \
	"implicit policy evaluation failed - 0 sub-policies were satisfied, but this " \
	"policy requires 1 of the 'Writers' sub-policies to be satisfied: permission denied"

static struct desk desk;

static int set_up(void **state)
{
	(void)state;
	desk_open(&desk, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	log_set_spec("panic", NULL);
	desk_close(&desk);
	return 0;
}

/* ---- Broadcast ----------------------------------------------------------- */

/* The answer to @take, behind which the stream ends if it is no SUCCESS. */
static struct talk answer(struct ord_env *take, const char *method)
{
	static struct talk t;

	talk_open(&t, desk.link, method);
	talk_send(&t, take);
	env_unref(take);
	desk_until(&desk, t.closed || t.successes > 0);
	return t;
}

static void ended_well(const struct talk *t)
{
	assert_true(t->closed);
	assert_int_equal(t->code, NET_OK);
	assert_int_equal(t->answers, 1);
}

static void refused(struct ord_env *take, int status, const char *info)
{
	struct talk t = answer(take, "Broadcast");

	ended_well(&t);
	if (t.status != status || strcmp(t.info, info) != 0)
		fail_msg("%d %s\nwant %d %s", t.status, t.info, status, info);
}

static struct ord_env *raw(const char *payload, size_t len)
{
	return env_make(bytes_of(payload, len), bytes_str("s"));
}

static void what_has_no_header_is_a_bad_request(void **state)
{
	(void)state;
	refused(raw("", 0), 400, "could not determine channel ID: header not set");
	refused(raw("\x12\x01x", 3), 400, "could not determine channel ID: header not set");
	refused(raw("\x0a\x00", 2), 400, "could not determine channel ID: channel header not set");
	refused(raw("\xff", 1), 400,
		"could not determine channel ID: error unmarshaling Payload: unexpected EOF");
	refused(raw("\x0a\x03\x0a\x01\xff", 5), 400,
		"could not determine channel ID: error unmarshaling channel header: unexpected EOF");
}

static void what_the_filters_say_is_the_answer(void **state)
{
	struct ord_bytes x = bytes_str("x");
	struct person late, mixed = {desk.rig.user.creator, desk.rig.other.key};
	char *big = x_alloc(3000);

	(void)state;
	person_make(&late, -60);
	memset(big, 'x', 2999);
	refused(rig_env(&desk.rig.user, WIRE_CONFIG, RIG_CHANNEL, x), 400,
		"message is of type that cannot be processed directly");
	refused(rig_env(&desk.rig.user, WIRE_ORDERER_TRANSACTION, RIG_CHANNEL, x), 400,
		"message is of type that cannot be processed directly");
	refused(rig_env(&desk.rig.user, WIRE_MESSAGE, "nowhere", x), 404, "channel does not exist");
	refused(rig_tx(&late, "x"), 400, "broadcast client identity expired");
	refused(rig_tx(&mixed, "x"), 403, DENIED);
	rig_reconfigure(desk.rig.chan, change_to_tiny_messages);
	{
		struct ord_env *env = rig_tx(&desk.rig.user, big);
		char want[120];

		snprintf(want, sizeof(want),
			 "message payload is %zu bytes and exceeds maximum allowed 2000 bytes",
			 env_size(env));
		refused(env, 400, want);
	}
	rig_reconfigure(desk.rig.chan, change_without_policies);
	refused(rig_tx(&desk.rig.user, "x"), 400, "could not find policy /Channel/Writers");
	rig_reconfigure(desk.rig.chan, change_to_maintenance);
	refused(rig_tx(&desk.rig.user, "x"), 503,
		"normal transactions are rejected: maintenance mode");
	person_fini(&late);
	free(big);
}

static void a_chain_that_has_halted_refuses(void **state)
{
	(void)state;
	desk.rig.chan->chain->ops->halt(desk.rig.chan->chain);
	refused(rig_tx(&desk.rig.user, "x"), 503, "Exiting");
}

/* Types that nobody knows are normal messages, and nothing but type and channel of their header is
 * looked at. */
static void a_header_is_looked_at_for_type_and_channel_alone(void **state)
{
	const int32_t types[] = {WIRE_MESSAGE, WIRE_DELIVER_SEEK_INFO, 77, -1, INT32_MAX};

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(types); i++) {
		static struct talk t;
		struct ord_env *env =
			rig_env(&desk.rig.user, types[i], RIG_CHANNEL, bytes_str("typed"));

		talk_open(&t, desk.link, "Broadcast");
		talk_send(&t, env);
		env_unref(env);
		desk_until(&desk, t.answers == 1);
		assert_int_equal(t.status, 200);
		assert_string_equal(t.info, "");
	}
	rig_until(rig_count(desk.rig.chan, "typed") == UTIL_ARRAY_LEN(types));
}

/* ---- Deliver ------------------------------------------------------------- */

struct asked {
	const struct person *who;
	const char *channel;
	int32_t type;
	struct ord_bytes tls_cert_hash;
	struct ord_bytes creator; /* of the header; empty: @who's */
	uint64_t from;
};

/* A request for block @from alone. */
static struct ord_env *request(const struct asked *a)
{
	Orderer__SeekInfo info = ORDERER__SEEK_INFO__INIT;
	Orderer__SeekPosition p = ORDERER__SEEK_POSITION__INIT;
	Orderer__SeekSpecified specified = ORDERER__SEEK_SPECIFIED__INIT;
	struct wire_header_spec h = {
		.type = a->type ? a->type : WIRE_DELIVER_SEEK_INFO,
		.channel_id = a->channel ? a->channel : RIG_CHANNEL,
		.timestamp_sec = clock_wall_ns() / (int64_t)CLOCK_SEC_NS,
		.tls_cert_hash = a->tls_cert_hash,
		.creator = a->creator.len ? a->creator : buf_bytes(&a->who->creator),
	};
	struct buf seek = BUF_INIT, payload = BUF_INIT, sig = BUF_INIT;
	uint8_t digest[SHA256_LEN];
	struct ord_err e = ERR_INIT;
	struct ord_env *env;

	specified.number = a->from;
	p.type_case = ORDERER__SEEK_POSITION__TYPE_SPECIFIED;
	p.specified = &specified;
	info.start = info.stop = &p;
	wire_pack(&info, &seek);
	wire_build_payload(&h, buf_bytes(&seek), &payload);
	sha256(buf_bytes(&payload), digest);
	test_ok(crypto_sign_digest(a->who->key, digest, &sig, &e), &e);
	env = env_make(buf_bytes(&payload), buf_bytes(&sig));
	buf_fini(&seek);
	buf_fini(&payload);
	buf_fini(&sig);
	return env;
}

static void delivered(const struct asked *a)
{
	struct ord_env *env = request(a);
	static struct talk t;

	talk_open(&t, desk.link, "Deliver");
	talk_send(&t, env);
	env_unref(env);
	desk_until(&desk, t.answers == 1);
	assert_int_equal(t.status, 200);
	assert_int_equal(t.blocks, 1);
}

/* The answer, and that the log, at level warn, names the reason; NULL: that it says nothing. */
static void not_delivered(struct ord_env *take, int status, const char *reason)
{
	struct ord_err e = ERR_INIT;
	struct capture capture;
	struct talk t;
	struct buf out;

	test_ok(log_set_spec("warn", &e), &e);
	capture_start(&capture);
	t = answer(take, "Deliver");
	out = capture_end(&capture);
	test_ok(log_set_spec("panic", &e), &e);
	ended_well(&t);
	assert_int_equal(t.status, status);
	assert_int_equal(t.blocks, 0);
	if (reason ? !strstr(buf_cstr(&out), reason) : out.len > 0)
		fail_msg("logged: %s\nwant: %s", buf_cstr(&out), reason ? reason : "nothing");
	buf_fini(&out);
}

static void who_may_not_read_is_told_in_the_log(void **state)
{
	struct person late, mixed = {desk.rig.user.creator, desk.rig.other.key};
	static const uint8_t bad_signature_header[] = {0x12, 0x01, 0xff};
	struct ord_env *env;
	struct buf payload = BUF_INIT;

	(void)state;
	person_make(&late, -60);
	not_delivered(request(&(struct asked){.who = &late}), 403,
		      "deliver client identity expired 1m");
	not_delivered(request(&(struct asked){.who = &mixed}), 403,
		      "policy requires 1 of the 'Readers' sub-policies to be satisfied");
	/* polled by SDKs until it is there */
	not_delivered(request(&(struct asked){.who = &desk.rig.user, .channel = "nowhere"}), 404,
		      NULL);
	not_delivered(raw("", 0), 400, "header not set");
	/* Header's second field is the signature header; the last one counts */
	env = request(&(struct asked){.who = &desk.rig.user});
	buf_add_bytes(&payload, env->payload);
	buf_add(&payload, "\x0a\x03", 2);
	buf_add(&payload, bad_signature_header, sizeof(bad_signature_header));
	env_unref(env);
	not_delivered(env_make(buf_bytes(&payload), bytes_str("s")), 400,
		      "signature header is malformed");
	buf_fini(&payload);
	rig_reconfigure(desk.rig.chan, change_without_policies);
	not_delivered(request(&(struct asked){.who = &desk.rig.user}), 403,
		      "No such policy: 'Readers'");
	person_fini(&late);
}

static void type_and_hash_of_a_request_do_not_matter(void **state)
{
	(void)state;
	delivered(&(struct asked){.who = &desk.rig.user, .type = WIRE_MESSAGE});
	delivered(&(struct asked){.who = &desk.rig.user, .type = 77});
	/* a hash is looked at where client certificates are asked for */
	delivered(&(struct asked){.who = &desk.rig.user, .tls_cert_hash = bytes_str("any")});
}

static int set_up_no_expiration(void **state)
{
	(void)state;
	desk_open(&desk, &(struct service_opts){.no_expiration_checks = true});
	return 0;
}

static void expiry_is_not_looked_at_when_the_operator_says_so(void **state)
{
	struct person late;

	(void)state;
	person_make(&late, -60);
	delivered(&(struct asked){.who = &late});
	person_fini(&late);
}

/* In maintenance only the orderers' own organisations read. */
static void maintenance_asks_the_orderers_readers(void **state)
{
	(void)state;
	rig_reconfigure(desk.rig.chan, change_to_maintenance);
	not_delivered(request(&(struct asked){.who = &desk.rig.user}), 403, "'Readers'");
	delivered(&(struct asked){.who = &desk.rig.orderer});
}

static void a_block_that_cannot_be_read_is_unavailable(void **state)
{
	char *file = rig_path(&desk.rig, "chains/" RIG_CHANNEL "/blockfile_000000");

	(void)state;
	assert_int_equal(truncate(file, 10), 0);
	ledger_cache_free(desk.rig.root->cache);
	desk.rig.root->cache = ledger_cache_new(1);
	not_delivered(request(&(struct asked){.who = &desk.rig.user, .from = 3}), 503,
		      "Error reading from channel");
	free(file);
}

/* ---- TLS binding --------------------------------------------------------- */

static uint8_t cert_hash[SHA256_LEN];

static int set_up_binding(void **state)
{
	(void)state;
	desk_open(&desk, &(struct service_opts){.tls_binding = true});
	return 0;
}

static int set_up_tls(void **state)
{
	(void)state;
	desk_open_tls(&desk, &(struct service_opts){.tls_binding = true}, cert_hash);
	return 0;
}

static void a_request_is_bound_to_the_certificate_of_its_connection(void **state)
{
	struct ord_bytes right = bytes_of(cert_hash, sizeof(cert_hash));
	uint8_t other[SHA256_LEN];

	(void)state;
	delivered(&(struct asked){.who = &desk.rig.user, .tls_cert_hash = right});
	/* whose certificate it is does not matter, only that it is the connection's */
	delivered(&(struct asked){.who = &desk.rig.other, .tls_cert_hash = right});
	not_delivered(request(&(struct asked){.who = &desk.rig.user}), 400,
		      "client didn't include its TLS cert hash");
	memcpy(other, cert_hash, sizeof(other));
	other[SHA256_LEN - 1] ^= 1;
	not_delivered(request(&(struct asked){.who = &desk.rig.user,
					      .tls_cert_hash = bytes_of(other, sizeof(other))}),
		      400, "claimed TLS cert hash is ");
	right.len--;
	not_delivered(request(&(struct asked){.who = &desk.rig.user, .tls_cert_hash = right}), 400,
		      " but actual TLS cert hash is ");
}

static void a_hash_without_a_certificate_is_refused(void **state)
{
	(void)state;
	not_delivered(
		request(&(struct asked){.who = &desk.rig.user, .tls_cert_hash = bytes_str("any")}),
		400, "client didn't send a TLS certificate");
}

/* ---- what the log says of Broadcast -------------------------------------- */

static void rejected_in_the_log(struct ord_env *take, const char *before, const char *after)
{
	struct ord_err e = ERR_INIT;
	struct capture capture;
	struct buf out;
	char *at;

	test_ok(log_set_spec("orderer.common.broadcast=warn:panic", &e), &e);
	test_ok(log_set_format("%{level} %{message}", &e), &e);
	capture_start(&capture);
	answer(take, "Broadcast");
	out = capture_end(&capture);
	test_ok(log_set_format(NULL, &e), &e);
	test_ok(log_set_spec("panic", &e), &e);
	at = strstr(buf_cstr(&out), "127.0.0.1:");
	if (!at || (size_t)(at - (char *)out.data) != strlen(before) ||
	    strncmp((char *)out.data, before, strlen(before)) != 0 || !strstr(at, after))
		fail_msg("logged: %s\nwant: %s…%s", buf_cstr(&out), before, after);
	buf_fini(&out);
}

static void refusals_are_logged_in_fabrics_words(void **state)
{
	struct person mixed = {desk.rig.user.creator, desk.rig.other.key};

	(void)state;
	rejected_in_the_log(rig_tx(&mixed, "x"),
			    "WARN [channel: mychannel] Rejecting broadcast of normal message from ",
			    " because of error: " DENIED "\n");
	rejected_in_the_log(rig_env(&desk.rig.user, WIRE_MESSAGE, "nowhere", bytes_str("x")),
			    "WARN [channel: nowhere] Could not get message processor for serving ",
			    ": channel does not exist\n");
	rejected_in_the_log(raw("", 0),
			    "WARN [channel: unknown] Could not get message processor for serving ",
			    ": could not determine channel ID: header not set\n");
	rejected_in_the_log(rig_tx(&desk.rig.user, "refuse"),
			    "WARN [channel: mychannel] Rejecting broadcast of message from ",
			    " with SERVICE_UNAVAILABLE: rejected by Order: refused by the test\n");
	atomic_store(&tamper.not_ready, true);
	rejected_in_the_log(rig_tx(&desk.rig.user, "x"),
			    "WARN [channel: mychannel] Rejecting broadcast of message from ",
			    " with SERVICE_UNAVAILABLE: rejected by Consenter: not ready, says the "
			    "test\n");
}

#define TEST(name)          cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_WITH(up, name) cmocka_unit_test_setup_teardown(name, up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_has_no_header_is_a_bad_request),
		TEST(what_the_filters_say_is_the_answer),
		TEST(a_chain_that_has_halted_refuses),
		TEST(a_header_is_looked_at_for_type_and_channel_alone),
		TEST(who_may_not_read_is_told_in_the_log),
		TEST(type_and_hash_of_a_request_do_not_matter),
		TEST_WITH(set_up_no_expiration, expiry_is_not_looked_at_when_the_operator_says_so),
		TEST(maintenance_asks_the_orderers_readers),
		TEST(a_block_that_cannot_be_read_is_unavailable),
		TEST_WITH(set_up_tls, a_request_is_bound_to_the_certificate_of_its_connection),
		TEST_WITH(set_up_binding, a_hash_without_a_certificate_is_refused),
		TEST(refusals_are_logged_in_fabrics_words),
	};

	log_set_spec("panic", NULL);
	ledger_io_fault = rig_no_sync;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
