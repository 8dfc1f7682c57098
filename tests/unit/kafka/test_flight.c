/* SPDX-License-Identifier: Apache-2.0 */
/* kafka: messages on their way, over one producer and librdkafka's mock cluster. */
#include "rig.h"

#include <kafka/flight.h>
#include <string.h>

#define TOPIC   "flight"
#define SECOND  UINT64_C(1000000000)
#define WAIT_MS 10000

/* A flight whose time stands still; what became of messages comes when the test polls. */
struct bench {
	struct ord_support support; /* first */
	struct rig rig;
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	struct kafka_flight *flight;
	unsigned aim;
	uint64_t now;
	unsigned wakes, complaints;
	unsigned accepted, refused; /* clients */
	int most;                   /* that the producer had at once, and some events */
};

/* ---- what a flight asks of its channel ----------------------------------- */

static struct bench *the_bench; /* a ticket tells nothing */

static uint64_t now_ns(struct ord_support *s)
{
	return ((struct bench *)s)->now;
}

static void settle(struct ord_ticket *t, int code, const char *why)
{
	(void)t, (void)why;
	*(code == ORD_OK ? &the_bench->accepted : &the_bench->refused) += 1;
}

static void wake(void *arg)
{
	((struct bench *)arg)->wakes++;
}

static void count_errors(struct ord_support *s, enum ord_level l, const char *func, const char *fmt,
			 va_list ap)
{
	(void)func, (void)fmt, (void)ap;
	((struct bench *)s)->complaints += l == ORD_ERROR;
}

static const struct ord_support_ops support_ops = {
	.size = sizeof(support_ops), .now_ns = now_ns, .settle = settle, .log = count_errors};

/* ---- the bench ----------------------------------------------------------- */

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	(void)rk, (void)opaque;
	kafka_flight_report(m->_private, m->err);
}

static void set(rd_kafka_conf_t *conf, const char *property, const char *value)
{
	char why[256];

	if (rd_kafka_conf_set(conf, property, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
		fail_msg("%s", why);
}

static rd_kafka_t *producer(const struct rig *r)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];
	rd_kafka_t *rk;

	set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(r->cluster));
	set(conf, "log_level", "0");
	set(conf, "enable.idempotence", "true");
	set(conf, "linger.ms", "0");
	set(conf, "message.timeout.ms", "0");
	set(conf, "retry.backoff.ms", "10");
	set(conf, "topic.metadata.refresh.fast.interval.ms", "10");
	set(conf, "max.in.flight", "1"); /* see rig.c */
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (!rk)
		fail_msg("%s", why);
	return rk;
}

static int setup(void **state)
{
	struct bench *b = x_alloc(sizeof(*b));

	rig_init(&b->rig);
	assert_int_equal(rd_kafka_mock_topic_create(b->rig.cluster, TOPIC, 1, 1), 0);
	b->support.ops = &support_ops;
	b->rk = producer(&b->rig);
	b->topic = rd_kafka_topic_new(b->rk, TOPIC, NULL);
	b->flight = kafka_flight_new(&b->support, 20 * SECOND, wake, b);
	b->aim = kafka_flight_aim(b->flight, b->topic);
	*state = the_bench = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	kafka_flight_close(b->flight);
	rd_kafka_purge(b->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	rd_kafka_flush(b->rk, WAIT_MS);
	rd_kafka_topic_destroy(b->topic);
	rd_kafka_destroy(b->rk);
	kafka_flight_unref(b->flight);
	rig_fini(&b->rig);
	free(b);
	return 0;
}

static struct kafka_bytes regular(const char *text, int64_t original)
{
	return kafka_regular(bytes_str(text), 0, ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__NORMAL,
			     original);
}

static void order(struct bench *b, const char *text)
{
	struct ord_err e = ERR_INIT;

	test_ok(kafka_flight_send(b->flight, regular(text, 0), (struct ord_ticket *)b, &e), &e);
}

static void post(struct bench *b, struct kafka_bytes take)
{
	kafka_flight_post(b->flight, kafka_view(take));
	free(take.data);
}

static struct kafka_bytes greeting(void)
{
	return kafka_connect(bytes_of(NULL, 0));
}

/* Until @clients have their answer. */
static void wait_settled(struct bench *b, unsigned clients)
{
	for (int ms = 0; ms < WAIT_MS && b->accepted + b->refused < clients; ms += 10) {
		rd_kafka_poll(b->rk, 10);
		if (rd_kafka_outq_len(b->rk) > b->most)
			b->most = rd_kafka_outq_len(b->rk);
	}
	assert_int_equal(b->accepted + b->refused, clients);
}

static void wait_woken(struct bench *b)
{
	for (int ms = 0; ms < WAIT_MS && b->wakes == 0; ms += 10)
		rd_kafka_poll(b->rk, 10);
	assert_int_not_equal(b->wakes, 0);
	b->wakes = 0;
}

/* Time goes on until all that was posted stands in the topic. */
static void wait_landed(struct bench *b)
{
	for (int i = 0; i < WAIT_MS / 10 && !kafka_flight_tend(b->flight).landed; i++) {
		rd_kafka_poll(b->rk, 10);
		b->now += SECOND / 10;
	}
	assert_true(kafka_flight_landed(b->flight));
}

/* ---- where they go ------------------------------------------------------- */

/* A link that is gone takes nothing away from the one that came after it, though both had the same
 * producer's handle. */
static void who_aimed_last_is_not_missed(void **state)
{
	struct bench *b = *state;
	unsigned old = b->aim;

	b->aim = kafka_flight_aim(b->flight, b->topic);
	kafka_flight_miss(b->flight, old);
	order(b, "a");
	wait_settled(b, 1);
	assert_int_equal(b->accepted, 1);
	kafka_flight_miss(b->flight, b->aim);
	order(b, "b");
	wait_settled(b, 2);
	assert_int_equal(b->refused, 1);
}

/* ---- how much goes at once ----------------------------------------------- */

/* The topic's limit is one for all messages that the producer puts into a request. */
static void what_goes_at_once_is_bounded_by_the_topic(void **state)
{
	struct bench *b = *state;
	char text[1001] = "";

	memset(text, 'x', sizeof(text) - 1);
	kafka_flight_limit(b->flight, 10000 + KAFKA_HEADROOM);
	rig_down(&b->rig);
	for (int i = 0; i < 50; i++)
		order(b, text);
	post(b, regular(text, 10));
	rig_up(&b->rig);
	wait_settled(b, 50);
	wait_landed(b);
	assert_int_equal(b->accepted, 50);
	assert_in_range(b->most, 5, 15);
	assert_int_equal(rig_next_offset(&b->rig, TOPIC), 51);
}

static void what_is_larger_goes_alone(void **state)
{
	struct bench *b = *state;
	char text[1001] = "";

	memset(text, 'x', sizeof(text) - 1);
	kafka_flight_limit(b->flight, 500 + KAFKA_HEADROOM);
	rig_down(&b->rig);
	post(b, regular(text, 10));
	post(b, regular("a", 11));
	order(b, "b");
	rig_up(&b->rig);
	wait_settled(b, 1);
	assert_in_range(b->most, 1, 4);
	wait_landed(b);
	assert_int_equal(rig_next_offset(&b->rig, TOPIC), 3);
}

/* ---- the chain's own messages -------------------------------------------- */

/* For some time, so that what can happen while time stands still has happened. */
static void settle_down(struct bench *b)
{
	for (int i = 0; i < 20; i++)
		rd_kafka_poll(b->rk, 10);
}

static void add_text(struct buf *text, const rd_kafka_message_t *record)
{
	struct kafka_message m;

	assert_int_equal(record->err, RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_true(kafka_message_read(bytes_of(record->payload, record->len), &m));
	if (m.type == KAFKA_TIME_TO_CUT)
		buf_printf(text, "cut %d ", (int)m.block_number);
	else
		buf_printf(text, "%s%.*s ", m.type == KAFKA_CONNECT ? "connect " : "",
			   (int)m.payload.len, (const char *)m.payload.data);
}

/* What stands in it: "a b cut 3 ". */
static void topic_is(struct bench *b, const char *want)
{
	int64_t n = rig_next_offset(&b->rig, TOPIC);
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	struct buf text = BUF_INIT;
	rd_kafka_topic_t *topic;
	rd_kafka_t *rk;
	char why[256], *read;

	set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(b->rig.cluster));
	set(conf, "topic.metadata.refresh.fast.interval.ms", "10");
	set(conf, "fetch.wait.max.ms", "10");
	rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	topic = rd_kafka_topic_new(rk, TOPIC, NULL);
	assert_int_equal(rd_kafka_consume_start(topic, 0, 0), 0);
	for (; n > 0; n--) {
		rd_kafka_message_t *m = rd_kafka_consume(topic, 0, WAIT_MS);

		assert_non_null(m);
		add_text(&text, m);
		rd_kafka_message_destroy(m);
	}
	rd_kafka_consume_stop(topic, 0);
	rd_kafka_topic_destroy(topic);
	rd_kafka_destroy(rk);
	read = buf_cstr(&text);
	assert_string_equal(read, want);
	free(read);
}

/* By Fabric's rule a copy of an older message is too late behind one of a newer message. */
static void copies_keep_their_order_when_one_fails(void **state)
{
	struct bench *b = *state;

	rig_fail_writes(&b->rig, 1, RD_KAFKA_RESP_ERR_POLICY_VIOLATION);
	post(b, regular("a", 10));
	post(b, regular("b", 11));
	wait_woken(b);
	post(b, regular("c", 12));
	assert_int_equal(kafka_flight_tend(b->flight).refusal, RD_KAFKA_RESP_ERR_POLICY_VIOLATION);
	wait_landed(b);
	topic_is(b, "a b c ");
}

/* Not at once, and who tends it is not called for what happens then. */
static void what_was_refused_is_sent_again_after_a_while(void **state)
{
	struct bench *b = *state;
	struct kafka_flight_news news;

	rig_fail_writes(&b->rig, 2, RD_KAFKA_RESP_ERR_POLICY_VIOLATION);
	post(b, regular("a", 10));
	for (int attempts = 0; attempts < 2; attempts++) {
		wait_woken(b);
		news = kafka_flight_tend(b->flight);
		assert_int_equal(news.refusal, RD_KAFKA_RESP_ERR_POLICY_VIOLATION);
		assert_int_equal(news.due, b->now + SECOND);
		settle_down(b);
		b->now += SECOND - 1;
		news = kafka_flight_tend(b->flight);
		assert_int_equal(news.refusal, RD_KAFKA_RESP_ERR_NO_ERROR);
		assert_false(news.landed);
		b->now += 1;
		kafka_flight_tend(b->flight);
		assert_int_equal(b->wakes, 0);
	}
	wait_landed(b);
	topic_is(b, "a ");
}

/* librdkafka refuses at once: there is no wake to be had from a try of the one who tends. */
static void what_cannot_be_sent_calls_nobody_again_and_again(void **state)
{
	struct bench *b = *state;

	kafka_flight_miss(b->flight, b->aim);
	post(b, greeting());
	assert_int_equal(b->wakes, 1);
	for (int i = 0; i < 10; i++) {
		kafka_flight_tend(b->flight);
		b->now += SECOND;
	}
	assert_int_equal(b->wakes, 1);
	b->aim = kafka_flight_aim(b->flight, b->topic);
	wait_landed(b);
	topic_is(b, "connect  ");
}

/* However long nothing could be written: copies all, of the others the newest. */
static void what_waits_for_the_topic_does_not_pile_up(void **state)
{
	struct bench *b = *state;

	kafka_flight_miss(b->flight, b->aim);
	for (int i = 1; i <= 5; i++) {
		post(b, greeting());
		post(b, kafka_time_to_cut((uint64_t)i));
		post(b, regular(i % 2 ? "odd" : "even", 10 + i));
		post(b, kafka_connect(bytes_str(i % 2 ? "rejected 1" : "rejected 2")));
	}
	b->aim = kafka_flight_aim(b->flight, b->topic);
	wait_landed(b);
	topic_is(b, "connect  cut 5 odd connect rejected 1 even connect rejected 2 odd even odd ");
}

/* The first may be for what it was together with, the second is not. */
static void a_copy_that_is_too_large_alone_is_let_go_of(void **state)
{
	struct bench *b = *state;

	rig_fail_writes(&b->rig, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	post(b, regular("a", 10));
	wait_landed(b);
	rig_fail_writes(&b->rig, 2, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	post(b, regular("b", 11));
	post(b, regular("c", 12));
	wait_landed(b);
	topic_is(b, "a connect rejected 11 c ");
	assert_int_equal(b->complaints, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_aimed_last_is_not_missed),
		TEST(what_goes_at_once_is_bounded_by_the_topic),
		TEST(what_is_larger_goes_alone),
		TEST(copies_keep_their_order_when_one_fails),
		TEST(what_was_refused_is_sent_again_after_a_while),
		TEST(a_copy_that_is_too_large_alone_is_let_go_of),
		TEST(what_cannot_be_sent_calls_nobody_again_and_again),
		TEST(what_waits_for_the_topic_does_not_pile_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
