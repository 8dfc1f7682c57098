/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of the brokers: of a cluster that librdkafka plays, and of minutes made up. */
#include "../test.h"

#include <kafka/metrics.h>
#include <pthread.h>
#include <stdlib.h>

#define RECORDS 10
#define MINUTE  UINT64_C(60000000000)

/* ---- a host that keeps what it was told last ----------------------------- */

#define SERIES 64

struct ord_metric {
	char name[40];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ord_metric metrics[32];
static struct series {
	char name[80];
	double value;
} series[SERIES];
static size_t n_metrics, n_series;

static struct ord_metric *metric(const struct ord_host *h, const char *name, const char *label,
				 const char *help, char kind)
{
	struct ord_metric *m = &metrics[n_metrics++];

	(void)h, (void)label;
	assert_true(n_metrics <= 32);
	assert_true(kind == 'g' && *help);
	snprintf(m->name, sizeof(m->name), "%s", name);
	return m;
}

static struct series *find(const char *name)
{
	for (size_t i = 0; i < n_series; i++)
		if (strcmp(series[i].name, name) == 0)
			return &series[i];
	return NULL;
}

static void metric_add(struct ord_metric *m, const char *label, double v)
{
	struct series *s;
	char name[80];

	snprintf(name, sizeof(name), "%s %s", m->name, label ? label : "");
	pthread_mutex_lock(&lock);
	s = find(name);
	if (!s) {
		s = &series[n_series++];
		snprintf(s->name, sizeof(s->name), "%s", name);
	}
	s->value = v;
	pthread_mutex_unlock(&lock);
}

/* -1: not told. */
static double told(const char *name)
{
	struct series *s;
	double v;

	pthread_mutex_lock(&lock);
	s = find(name);
	v = s ? s->value : -1;
	pthread_mutex_unlock(&lock);
	return v;
}

static const struct ord_host_ops ops = {
	.size = sizeof(ops), .metric = metric, .metric_add = metric_add};
static const struct ord_host host = {&ops};

static struct kafka_metrics *fresh(void)
{
	n_metrics = n_series = 0;
	return kafka_metrics_new(&host);
}

/* ---- a producer for a cluster of one broker ------------------------------ */

struct client {
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
};

static struct client client_new(struct kafka_metrics *m, const char *codec)
{
	const char *const settings[][2] = {
		{"test.mock.num.brokers", "1"}, {"linger.ms", "50"}, {"compression.codec", codec}};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_topic_conf_t *topic;
	struct client c;
	char why[256];

	for (size_t i = 0; i < 3; i++)
		assert_int_equal(
			rd_kafka_conf_set(conf, settings[i][0], settings[i][1], why, sizeof(why)),
			RD_KAFKA_CONF_OK);
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
	kafka_metrics_watch(m, conf);
	c.rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	assert_non_null(c.rk);
	topic = rd_kafka_default_topic_conf_dup(c.rk);
	rd_kafka_topic_conf_set_opaque(topic, kafka_metrics_topic(m, "foo"));
	c.topic = rd_kafka_topic_new(c.rk, "foo", topic);
	return c;
}

/* All of them acknowledged, and counted as the plugin does. */
static void produce(const struct client *c, size_t size)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_get_main(c->rk);
	const rd_kafka_message_t *m;
	char *value = calloc(1, size);

	for (int i = 0; i < RECORDS; i++)
		assert_int_equal(rd_kafka_produce(c->topic, 0, RD_KAFKA_MSG_F_COPY, value, size,
						  NULL, 0, NULL),
				 0);
	for (int left = RECORDS; left > 0;) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 10000);
		struct kafka_traffic *t = NULL;
		size_t n = 0;

		assert_non_null(event);
		for (; (m = rd_kafka_event_message_next(event)) != NULL; n++) {
			assert_int_equal(m->err, 0);
			t = rd_kafka_topic_opaque(m->rkt);
		}
		kafka_metrics_delivered(t, n, n * size);
		left -= (int)n;
		rd_kafka_event_destroy(event);
	}
	rd_kafka_queue_destroy(queue);
	free(value);
}

static void client_free(struct client c)
{
	rd_kafka_topic_destroy(c.topic);
	rd_kafka_destroy(c.rk);
}

/* ---- tests --------------------------------------------------------------- */

static void what_goes_to_brokers_and_topics_is_told_after_a_minute(void **state)
{
	struct kafka_metrics *m = fresh();
	struct client c = client_new(m, "none");
	double requests;

	(void)state;
	assert_int_equal(kafka_metrics_publish(m, &c, 1), 1 + MINUTE);
	produce(&c, 1000);
	kafka_metrics_publish(m, &c, MINUTE);
	assert_true(told("request_rate 1") < 0); /* not yet */
	assert_int_equal(kafka_metrics_publish(m, &c, 1 + MINUTE), 1 + 2 * MINUTE);
	requests = told("request_rate 1") * 60;
	assert_true(requests >= 1);
	assert_true(told("response_rate 1") * 60 >= 1);
	assert_true(told("request_latency 1") > 0);
	assert_true(told("outgoing_byte_rate 1") * 60 >= RECORDS * 1000);
	assert_true(told("incoming_byte_rate 1") > 0);
	assert_true(told("request_size 1") * requests >= RECORDS * 1000);
	assert_true(told("response_size 1") > 0);
	assert_true(told("record_send_rate foo") * 60 > RECORDS - .1);
	assert_true(told("record_send_rate foo") * 60 < RECORDS + .1);
	assert_true(told("records_per_request foo") >= 1);
	assert_true(told("batch_size foo") == told("records_per_request foo") * 1000);
	assert_true(told("compression_ratio foo") == 100);
	assert_true(told("request_rate -1") < 0); /* before its id is known */
	client_free(c);
	kafka_metrics_free(m);
}

static void rates_end_and_means_stay_when_nothing_happens(void **state)
{
	struct kafka_metrics *m = fresh();
	struct kafka_traffic *t = kafka_metrics_topic(m, "foo");

	(void)state;
	assert_ptr_equal(kafka_metrics_topic(m, "foo"), t);
	kafka_metrics_publish(m, m, 1);
	kafka_metrics_delivered(t, 60, 600);
	kafka_metrics_publish(m, m, 1 + MINUTE);
	assert_true(told("record_send_rate foo") == 1);
	kafka_metrics_publish(m, m, 1 + 2 * MINUTE);
	assert_true(told("record_send_rate foo") == 0);
	assert_true(told("records_per_request foo") == 60);
	kafka_metrics_free(m);
}

static void compression_shows(void **state)
{
	struct kafka_metrics *m = fresh();
	struct client c = client_new(m, "gzip");

	(void)state;
	kafka_metrics_publish(m, &c, 1);
	produce(&c, 100000);
	kafka_metrics_publish(m, &c, 1 + MINUTE);
	assert_true(told("compression_ratio foo") > 1000); /* zeros */
	assert_true(told("outgoing_byte_rate 1") * 60 < RECORDS * 10000);
	client_free(c);
	kafka_metrics_free(m);
}

static void connections_are_counted_until_they_are_closed(void **state)
{
	struct kafka_metrics *m = fresh();
	struct client one = client_new(m, "none"), two = client_new(m, "none");

	(void)state;
	produce(&one, 10);
	produce(&two, 10);
	assert_true(told("broker_connections ") >= 2);
	client_free(one);
	assert_true(told("broker_connections ") >= 1);
	client_free(two);
	assert_true(told("broker_connections ") == 0);
	kafka_metrics_free(m);
}

static void one_chain_keeps_the_time_until_it_leaves(void **state)
{
	struct kafka_metrics *m = fresh();
	int a, b;

	(void)state;
	assert_int_equal(kafka_metrics_publish(m, &a, 1), 1 + MINUTE);
	assert_true(kafka_metrics_publish(m, &b, 2) == ORD_NEVER);
	kafka_metrics_leave(m, &b);
	assert_int_equal(kafka_metrics_publish(m, &a, 3), 1 + MINUTE);
	kafka_metrics_leave(m, &a);
	assert_int_equal(kafka_metrics_publish(m, &b, 4), 1 + MINUTE);
	kafka_metrics_free(m);
}

static void gauges_of_channels_have_their_names(void **state)
{
	struct kafka_metrics *m = fresh();

	(void)state;
	kafka_metrics_set(m, KAFKA_GAUGE_PERSISTED, "foo", 41);
	kafka_metrics_set(m, KAFKA_GAUGE_STATE, "foo", 1);
	kafka_metrics_set(m, KAFKA_GAUGE_LAG, "foo", 7);
	assert_true(told("last_offset_persisted foo") == 41);
	assert_true(told("state foo") == 1);
	assert_true(told("consumer_lag foo") == 7);
	kafka_metrics_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_to_brokers_and_topics_is_told_after_a_minute),
		cmocka_unit_test(rates_end_and_means_stay_when_nothing_happens),
		cmocka_unit_test(compression_shows),
		cmocka_unit_test(connections_are_counted_until_they_are_closed),
		cmocka_unit_test(one_chain_keeps_the_time_until_it_leaves),
		cmocka_unit_test(gauges_of_channels_have_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
