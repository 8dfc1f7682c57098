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
	unsigned wakes;
	unsigned accepted, refused; /* clients */
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

static const struct ord_support_ops support_ops = {
	.size = sizeof(support_ops), .now_ns = now_ns, .settle = settle};

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

/* Until @clients have their answer. */
static void wait_settled(struct bench *b, unsigned clients)
{
	for (int ms = 0; ms < WAIT_MS && b->accepted + b->refused < clients; ms += 10)
		rd_kafka_poll(b->rk, 10);
	assert_int_equal(b->accepted + b->refused, clients);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_aimed_last_is_not_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
