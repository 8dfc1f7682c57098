/* SPDX-License-Identifier: Apache-2.0 */
/* Deliver (spec 5.5): every row of its tables, slow readers, and who may read how long. */
#include "desk.h"

static struct desk desk;

static uint64_t height(void)
{
	return ledger_height(chan_ledger(desk.rig.chan));
}

static int set_up(void **state)
{
	(void)state;
	desk_open(&desk, NULL);
	assert_true(height() > 20); /* more than the ring holds */
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	desk_close(&desk);
	return 0;
}

/* ---- what is sought ------------------------------------------------------ */

enum where { ABSENT, UNSET, OLDEST, NEWEST, AT, NEXT_COMMIT };

struct sought {
	enum where start;
	uint64_t start_at;
	enum where stop;
	uint64_t stop_at;
	bool fail_if_not_ready, best_effort;
};

#define RANGE(from, n, to, m)                                               \
	{                                                                   \
		.start = from, .start_at = (n), .stop = to, .stop_at = (m), \
	}
#define RANGE_OR_FAIL(from, n, to, m)                                       \
	{                                                                   \
		.start = from, .start_at = (n), .stop = to, .stop_at = (m), \
		.fail_if_not_ready = true,                                  \
	}

static Orderer__SeekPosition *position(Orderer__SeekPosition *p, enum where w, uint64_t n)
{
	static Orderer__SeekOldest oldest = ORDERER__SEEK_OLDEST__INIT;
	static Orderer__SeekNewest newest = ORDERER__SEEK_NEWEST__INIT;
	static Orderer__SeekNextCommit next = ORDERER__SEEK_NEXT_COMMIT__INIT;
	static Orderer__SeekSpecified specified[2];
	static unsigned turn;

	*p = (Orderer__SeekPosition)ORDERER__SEEK_POSITION__INIT;
	switch (w) {
	case ABSENT:
		return NULL;
	case UNSET:
		break;
	case OLDEST:
		p->type_case = ORDERER__SEEK_POSITION__TYPE_OLDEST;
		p->oldest = &oldest;
		break;
	case NEWEST:
		p->type_case = ORDERER__SEEK_POSITION__TYPE_NEWEST;
		p->newest = &newest;
		break;
	case NEXT_COMMIT:
		p->type_case = ORDERER__SEEK_POSITION__TYPE_NEXT_COMMIT;
		p->next_commit = &next;
		break;
	case AT:
		turn ^= 1;
		specified[turn] = (Orderer__SeekSpecified)ORDERER__SEEK_SPECIFIED__INIT;
		specified[turn].number = n;
		p->type_case = ORDERER__SEEK_POSITION__TYPE_SPECIFIED;
		p->specified = &specified[turn];
	}
	return p;
}

static struct ord_env *request(const struct person *p, const char *channel, const struct sought *k)
{
	Orderer__SeekInfo info = ORDERER__SEEK_INFO__INIT;
	Orderer__SeekPosition start, stop;
	struct buf b = BUF_INIT;
	struct ord_env *env;

	info.start = position(&start, k->start, k->start_at);
	info.stop = position(&stop, k->stop, k->stop_at);
	if (k->fail_if_not_ready)
		info.behavior = ORDERER__SEEK_INFO__SEEK_BEHAVIOR__FAIL_IF_NOT_READY;
	if (k->best_effort)
		info.error_response = ORDERER__SEEK_INFO__SEEK_ERROR_RESPONSE__BEST_EFFORT;
	wire_pack(&info, &b);
	env = rig_env(p, WIRE_DELIVER_SEEK_INFO, channel, buf_bytes(&b));
	buf_fini(&b);
	return env;
}

static void ask(struct talk *t, const struct person *p, struct sought k)
{
	struct ord_env *env = request(p, RIG_CHANNEL, &k);

	talk_send(t, env);
	env_unref(env);
}

static void seek(struct talk *t, struct sought k)
{
	talk_open(t, desk.link, "Deliver");
	ask(t, &desk.rig.user, k);
}

/* From the next block on, as peers do it. */
static struct sought follow(void)
{
	return (struct sought)RANGE(AT, height(), AT, UINT64_MAX);
}

/* One more block on the channel. */
static void add_block(void)
{
	uint64_t before = height();

	rig_accept(&desk.rig, "x", 1);
	rig_until(height() > before);
}

/* ---- the tables ---------------------------------------------------------- */

#define H 1000000 /* stands for the height; H - 1 is the newest block */

struct row {
	struct sought k;
	unsigned blocks; /* H: as many as there are */
	uint64_t first;
	int status;
};

static const struct row rows[] = {
	{RANGE(OLDEST, 0, NEWEST, 0), H, 0, 200},
	{RANGE(OLDEST, 0, OLDEST, 0), 1, 0, 200},
	{RANGE(OLDEST, 0, AT, 4), 5, 0, 200},
	{RANGE(OLDEST, 0, AT, 15), 16, 0, 200}, /* exactly a ring of blocks, then the status */
	{RANGE(OLDEST, 0, AT, 16), 17, 0, 200},
	{RANGE(OLDEST, 0, AT, 17), 18, 0, 200},
	{RANGE(OLDEST, 0, UNSET, 0), 1, 0, 200},
	{RANGE(OLDEST, 0, NEXT_COMMIT, 0), 1, 0, 200},
	{RANGE(NEWEST, 0, NEWEST, 0), 1, H - 1, 200},
	{RANGE(NEWEST, 0, OLDEST, 0), 1, H - 1, 200},
	{RANGE(NEWEST, 0, AT, 3), 0, 0, 400},
	{RANGE_OR_FAIL(NEWEST, 0, AT, UINT64_MAX), 1, H - 1, 404},
	{RANGE(AT, 5, OLDEST, 0), 1, 5, 200},
	{RANGE(AT, 5, NEWEST, 0), H - 5, 5, 200},
	{RANGE(AT, 5, AT, 5), 1, 5, 200},
	{RANGE(AT, 5, AT, 9), 5, 5, 200},
	{RANGE(AT, 5, AT, 4), 0, 0, 400},
	{RANGE_OR_FAIL(AT, H, AT, H), 0, 0, 404},
	{RANGE(AT, H + 1, AT, H + 1), 0, 0, 404}, /* even though it might wait */
	{RANGE(AT, H + 1, NEWEST, 0), 0, 0, 404},
	{RANGE(AT, UINT64_MAX, AT, UINT64_MAX), 0, 0, 404},
	{RANGE(UNSET, 0, NEWEST, 0), 0, 0, 404},
	{RANGE(UNSET, 0, AT, 7), 0, 0, 404},
	{RANGE_OR_FAIL(NEXT_COMMIT, 0, AT, UINT64_MAX), 0, 0, 404},
	{RANGE(ABSENT, 0, NEWEST, 0), 0, 0, 400},
	{RANGE(OLDEST, 0, ABSENT, 0), 0, 0, 400},
};

static uint64_t real(uint64_t n)
{
	return n > H / 2 && n < 2 * H ? n - H + height() : n;
}

static void run_row(size_t i)
{
	struct row r = rows[i];
	static struct talk t;

	r.k.start_at = real(r.k.start_at);
	r.k.stop_at = real(r.k.stop_at);
	seek(&t, r.k);
	desk_until(&desk, t.answers == 1);
	if (t.status != r.status || t.blocks != real(r.blocks) ||
	    (t.blocks && t.first != real(r.first)) || t.out_of_order)
		fail_msg("row %zu: status %d, %u blocks from %llu; want %d, %llu from %llu", i,
			 t.status, t.blocks, (unsigned long long)t.first, r.status,
			 (unsigned long long)real(r.blocks), (unsigned long long)real(r.first));
	if (r.status == 200)
		net_call_half_close(t.s);
	desk_until(&desk, t.closed);
	assert_int_equal(t.code, NET_OK);
}

static void every_row_of_the_tables_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(rows); i++)
		run_row(i);
}

static void a_start_at_the_height_waits_for_the_block(void **state)
{
	uint64_t n = height();
	static struct talk at, next;

	(void)state;
	seek(&at, (struct sought)RANGE(AT, n, AT, n));
	seek(&next, (struct sought)RANGE(NEXT_COMMIT, 0, AT, n + 1));
	for (int i = 0; i < 10; i++)
		net_client_run(desk.client, clock_mono_ns() + CLOCK_MS_NS);
	assert_int_equal(at.blocks + next.blocks + at.answers + next.answers, 0);
	add_block();
	desk_until(&desk, at.answers == 1 && next.blocks == 1);
	assert_int_equal(at.status, 200);
	assert_int_equal(at.first, n);
	assert_int_equal(next.first, n);
	assert_int_equal(next.answers, 0);
	add_block();
	desk_until(&desk, next.answers == 1);
	assert_int_equal(next.blocks, 2);
}

/* Start behind a stop that has passed: equality never comes, so it follows (Fabric's oddity). */
static void a_stop_that_has_passed_follows_for_ever(void **state)
{
	unsigned there = (unsigned)height() - 5;
	static struct talk t;

	(void)state;
	seek(&t, (struct sought)RANGE(AT, 5, UNSET, 0));
	for (unsigned i = 1; i <= 3; i++) {
		add_block();
		desk_until(&desk, t.blocks == there + i);
	}
	assert_int_equal(t.answers, 0);
	assert_false(t.closed || t.out_of_order);
}

static void requests_follow_each_other_on_one_stream(void **state)
{
	static struct talk t;

	(void)state;
	seek(&t, (struct sought)RANGE(AT, 0, AT, 3));
	ask(&t, &desk.rig.other, (struct sought)RANGE(AT, 4, AT, 5));
	ask(&t, &desk.rig.user, (struct sought)RANGE(AT, 6, AT, 6));
	net_call_half_close(t.s);
	desk_until(&desk, t.closed);
	assert_int_equal(t.code, NET_OK);
	assert_int_equal(t.successes, 3);
	assert_int_equal(t.answers, 3);
	assert_int_equal(t.blocks, 7);
	assert_false(t.out_of_order);
}

/* A request is kept as long as it is answered: it is small, or nothing of it is kept. */
static void a_request_of_many_bytes_is_refused(void **state)
{
	struct buf b = BUF_INIT;
	static struct talk t;

	(void)state;
	buf_reserve(&b, (1u << 20) + 1);
	memset(b.data, 'x', (1u << 20) + 1);
	b.len = (1u << 20) + 1;
	talk_open(&t, desk.link, "Deliver");
	talk_send_bytes(&t, buf_bytes(&b));
	desk_until(&desk, t.closed);
	assert_int_equal(t.code, NET_RESOURCE_EXHAUSTED);
	assert_string_equal(t.why, "grpc: received message larger than max (1048577 vs. 1048576)");
	buf_fini(&b);
}

/* ---- blocks that cannot be sent ------------------------------------------- */

static int set_up_with_small_answers(void **state)
{
	(void)state;
	desk_open_net(&desk, &(struct service_opts){.count = true},
		      &(struct net_opts){.max_send_msg = 4096});
	return 0;
}

/* The number after a block that is missing would stall a peer for ever. */
static void a_block_that_cannot_be_sent_ends_the_stream(void **state)
{
	struct chan_counts *counts = chan_counts(desk.rig.chan);
	static struct talk t;

	(void)state;
	add_block();
	seek(&t, (struct sought)RANGE(NEWEST, 0, NEWEST, 0));
	desk_until(&desk, t.answers == 1);
	assert_int_equal(t.blocks, 1);
	net_call_half_close(t.s);
	desk_until(&desk, t.closed);
	seek(&t, (struct sought)RANGE(OLDEST, 0, AT, 1)); /* the large one */
	desk_until(&desk, t.closed);
	assert_int_equal(t.code, NET_RESOURCE_EXHAUSTED);
	assert_memory_equal(t.why, "trying to send message larger than max (", 40);
	assert_int_equal(t.blocks + t.answers, 0);
	assert_int_equal(counts->deliver_blocks, 1);
}

/* ---- requests that are refused ------------------------------------------- */

/* The one answer to a message. */
static void refused(const struct ord_env *env, int status)
{
	static struct talk t;

	talk_open(&t, desk.link, "Deliver");
	talk_send(&t, env);
	desk_until(&desk, t.closed);
	assert_int_equal(t.code, NET_OK);
	assert_int_equal(t.answers, 1);
	assert_int_equal(t.blocks, 0);
	assert_int_equal(t.status, status);
}

static const struct sought all = {.start = OLDEST, .stop = NEWEST};

static void a_malformed_request_is_a_bad_request(void **state)
{
	struct ord_env *env;
	static struct talk t;

	(void)state;
	env = env_make(bytes_of(NULL, 0), bytes_str("s"));
	refused(env, 400);
	env_unref(env);
	env = env_make(bytes_str("\xff\xff"), bytes_str("s"));
	refused(env, 400);
	env_unref(env);
	env = rig_env(&desk.rig.user, WIRE_DELIVER_SEEK_INFO, RIG_CHANNEL, bytes_str("\xff"));
	refused(env, 400);
	env_unref(env);
	talk_open(&t, desk.link, "Deliver");
	talk_send_bytes(&t, bytes_of("", 0)); /* an empty Envelope */
	desk_until(&desk, t.closed);
	assert_int_equal(t.status, 400);
}

/* rig_env() with another time. */
static struct ord_env *request_at(int64_t sec, bool none)
{
	struct ord_env *now = request(&desk.rig.user, RIG_CHANNEL, &all), *env;
	struct wire_header_spec h = {.type = WIRE_DELIVER_SEEK_INFO,
				     .channel_id = RIG_CHANNEL,
				     .timestamp_sec = none ? 0 : now->timestamp_sec + sec,
				     .creator = now->creator,
				     .nonce = now->nonce};
	struct buf payload = BUF_INIT, sig = BUF_INIT;
	uint8_t digest[SHA256_LEN];
	struct ord_err e = ERR_INIT;

	wire_build_payload(&h, now->data, &payload);
	sha256(buf_bytes(&payload), digest);
	test_ok(crypto_sign_digest(desk.rig.user.key, digest, &sig, &e), &e);
	env = env_make(buf_bytes(&payload), buf_bytes(&sig));
	env_unref(now);
	buf_fini(&payload);
	buf_fini(&sig);
	return env;
}

static void the_clock_must_be_near(void **state)
{
	const int64_t refused_at[] = {-1000, 1000, -1000000000};
	struct ord_env *env;
	static struct talk t;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(refused_at); i++) {
		env = request_at(refused_at[i], false);
		refused(env, 400);
		env_unref(env);
	}
	env = request_at(0, true);
	refused(env, 400);
	env_unref(env);
	env = request_at(-800, false);
	talk_open(&t, desk.link, "Deliver");
	talk_send(&t, env);
	env_unref(env);
	desk_until(&desk, t.answers == 1);
	assert_int_equal(t.status, 200);
}

static void an_unknown_channel_is_not_found(void **state)
{
	struct ord_env *env = request(&desk.rig.user, "nowhere", &all);

	(void)state;
	refused(env, 404);
	env_unref(env);
}

static void who_is_no_reader_is_forbidden(void **state)
{
	struct person mixed = {desk.rig.user.creator, desk.rig.other.key}, late;
	struct ord_env *env = request(&mixed, RIG_CHANNEL, &all);

	(void)state;
	refused(env, 403);
	env_unref(env);
	person_make(&late, -60);
	env = request(&late, RIG_CHANNEL, &all);
	refused(env, 403);
	env_unref(env);
	person_fini(&late);
	/* authorisation comes before missing positions */
	env = request(&mixed, RIG_CHANNEL, &(struct sought){.start = ABSENT, .stop = ABSENT});
	refused(env, 403);
	env_unref(env);
}

static int set_up_binding(void **state)
{
	(void)state;
	desk_open(&desk, &(struct service_opts){.tls_binding = true});
	return 0;
}

static void mutual_tls_asks_for_the_binding(void **state)
{
	struct ord_env *env = request(&desk.rig.user, RIG_CHANNEL, &all);

	(void)state;
	refused(env, 400);
	env_unref(env);
}

/* ---- while it lasts ------------------------------------------------------ */

static void a_consenter_in_trouble_ends_strict_streams_only(void **state)
{
	struct sought lenient = follow();
	static struct talk strict, effort, again, late_effort;

	(void)state;
	lenient.best_effort = true;
	seek(&strict, follow());
	seek(&effort, lenient);
	add_block();
	desk_until(&desk, strict.blocks == 1 && effort.blocks == 1);
	atomic_store(&tamper.errored, true);
	chan_wake_all(desk.rig.chan);
	desk_until(&desk, strict.closed);
	assert_int_equal(strict.status, 503);
	assert_int_equal(strict.code, NET_OK);
	assert_false(effort.closed);
	seek(&again, (struct sought)RANGE(OLDEST, 0, NEWEST, 0));
	desk_until(&desk, again.closed);
	assert_int_equal(again.status, 503);
	assert_int_equal(again.blocks, 0);
	seek(&late_effort, (struct sought){OLDEST, 0, NEWEST, 0, .best_effort = true});
	desk_until(&desk, late_effort.answers == 1);
	assert_int_equal(late_effort.status, 200);
	add_block();
	desk_until(&desk, effort.blocks == 2);
	atomic_store(&tamper.errored, false);
	seek(&again, (struct sought)RANGE(OLDEST, 0, OLDEST, 0));
	desk_until(&desk, again.answers == 1);
	assert_int_equal(again.status, 200);
}

/* It is looked at before each block, so that a stream ends at the next one, not before. */
static void a_new_configuration_is_asked_before_the_next_block(void **state)
{
	struct ord_env *env = rig_tx(&desk.rig.other, "x");
	static struct talk org1, org2;

	(void)state;
	seek(&org1, follow());
	talk_open(&org2, desk.link, "Deliver");
	ask(&org2, &desk.rig.other, follow());
	add_block();
	desk_until(&desk, org1.blocks == 1 && org2.blocks == 1);
	rig_reconfigure(desk.rig.chan, change_without_org1);
	rig_batches(&desk.rig, 1, CLOCK_SEC_NS);
	chan_wake_all(desk.rig.chan);
	for (int i = 0; i < 10; i++)
		net_client_run(desk.client, clock_mono_ns() + CLOCK_MS_NS);
	assert_false(org1.closed);
	assert_int_equal(rig_order(desk.rig.chan, env), ORD_OK);
	env_unref(env);
	desk_until(&desk, org1.closed && org2.blocks == 2);
	assert_int_equal(org1.status, 403);
	assert_int_equal(org1.blocks, 1);
	assert_false(org2.closed);
}

/* Follow as someone who may for so many seconds; false: they were over before the first block. */
static bool follow_briefly(struct talk *t, long seconds)
{
	struct person brief;

	person_make(&brief, seconds);
	talk_open(t, desk.link, "Deliver");
	ask(t, &brief, follow());
	person_fini(&brief);
	add_block();
	desk_until(&desk, t->blocks == 1 || t->closed);
	return t->blocks == 1;
}

static void an_identity_that_expires_on_the_way_gets_no_more_blocks(void **state)
{
	static struct talk t;
	long seconds = 1;
	int64_t end;

	(void)state;
	while (!follow_briefly(&t, seconds) && seconds < 60)
		seconds *= 2; /* a slow machine */
	end = clock_wall_ns() / (int64_t)CLOCK_SEC_NS + seconds;
	rig_until(clock_wall_ns() / (int64_t)CLOCK_SEC_NS > end);
	add_block();
	desk_until(&desk, t.closed);
	assert_int_equal(t.status, 403);
	assert_int_equal(t.blocks, 1);
}

static void a_cancelled_stream_stops_watching(void **state)
{
	static struct talk t[8];

	(void)state;
	for (int i = 0; i < 8; i++)
		seek(&t[i], follow());
	add_block();
	for (int i = 0; i < 8; i++)
		desk_until(&desk, t[i].blocks == 1);
	for (int i = 0; i < 8; i++)
		net_call_cancel(t[i].s);
	for (int i = 0; i < 8; i++)
		desk_until(&desk, t[i].closed);
	add_block();
	desk_close(&desk); /* asserts that nobody watches */
	desk_open(&desk, NULL);
}

/* Those too that no error of the consenter ends; then nobody holds it, and its files go. */
static void a_channel_that_is_removed_ends_its_streams(void **state)
{
	char *chain = rig_path(&desk.rig, "chains/" RIG_CHANNEL);
	struct sought range = follow(), lenient = range;
	static struct talk strict, effort, late;
	struct ord_err e = ERR_INIT;
	int status;

	(void)state;
	lenient.best_effort = true;
	seek(&strict, range);
	seek(&effort, lenient);
	add_block();
	desk_until(&desk, strict.blocks == 1 && effort.blocks == 1);
	desk.rig.registrar->system = NULL; /* it would forbid removals */
	test_ok(registrar_remove(desk.rig.registrar, RIG_CHANNEL, &status, &e), &e);
	desk_until(&desk, strict.closed && effort.closed);
	assert_int_equal(strict.status, 503);
	assert_int_equal(effort.status, 503);
	seek(&late, range);
	desk_until(&desk, late.closed);
	assert_int_equal(late.status, 404);
	rig_until(!file_exists(chain));
	desk_close(&desk);
	desk_open(&desk, NULL);
	free(chain);
}

/* ---- slow readers -------------------------------------------------------- */

/* Blocks of 200 kB: forty are more than all buffers on the way hold together. */
static void add_large_blocks(unsigned n)
{
	char *big = x_alloc(200001);
	uint64_t want = height() + n;

	memset(big, 'x', 200000);
	for (unsigned i = 0; i < n; i++)
		rig_accept(&desk.rig, big, 1);
	rig_until(height() == want);
	free(big);
}

static void who_does_not_read_holds_nobody_up_and_misses_nothing(void **state)
{
	uint64_t from = height();
	static struct talk slow, quick;

	(void)state;
	seek(&slow, follow());
	talk_open(&quick, desk_link(&desk), "Deliver");
	ask(&quick, &desk.rig.user, follow());
	add_block();
	desk_until(&desk, slow.blocks == 1 && quick.blocks == 1);
	net_stream_pause(slow.s);
	add_large_blocks(60);
	desk_until(&desk, quick.blocks == 61);
	assert_true(slow.blocks < 40);
	net_stream_resume(slow.s);
	desk_until(&desk, slow.blocks == 61);
	assert_int_equal(slow.first, from);
	assert_false(slow.out_of_order || quick.out_of_order);
}

#define TEST(name)          cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_WITH(up, name) cmocka_unit_test_setup_teardown(name, up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_row_of_the_tables_holds),
		TEST(a_start_at_the_height_waits_for_the_block),
		TEST(a_stop_that_has_passed_follows_for_ever),
		TEST(requests_follow_each_other_on_one_stream),
		TEST_WITH(set_up_with_small_answers, a_block_that_cannot_be_sent_ends_the_stream),
		TEST(a_malformed_request_is_a_bad_request),
		TEST(a_request_of_many_bytes_is_refused),
		TEST(the_clock_must_be_near),
		TEST(an_unknown_channel_is_not_found),
		TEST(who_is_no_reader_is_forbidden),
		TEST_WITH(set_up_binding, mutual_tls_asks_for_the_binding),
		TEST(a_consenter_in_trouble_ends_strict_streams_only),
		TEST(a_new_configuration_is_asked_before_the_next_block),
		TEST(an_identity_that_expires_on_the_way_gets_no_more_blocks),
		TEST(a_cancelled_stream_stops_watching),
		TEST(a_channel_that_is_removed_ends_its_streams),
		TEST(who_does_not_read_holds_nobody_up_and_misses_nothing),
	};

	log_set_spec("panic", NULL);
	ledger_io_fault = rig_no_sync;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
