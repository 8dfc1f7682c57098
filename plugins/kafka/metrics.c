/* SPDX-License-Identifier: Apache-2.0 */
/* Counted without a lock, where librdkafka sends and receives; figures are those of the last
 * minute. */
#include "metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define NAME      "ordererd" /* of the interceptors */
#define MINUTE_NS UINT64_C(60000000000)
#define BROKERS   64 /* of all clusters; more are not told of */
#define PRODUCE   0  /* the protocol's number of that request */

typedef atomic_uint_fast64_t count;

struct broker {
	atomic_int_fast64_t known_as; /* its id + 1; 0: this place is free */
	count requests, request_bytes, responses, response_bytes, latencies, latency_us;
};

struct kafka_traffic {
	char *topic;
	count requests, records, bytes;
	struct kafka_traffic *next;
};

enum figure {
	INCOMING_BYTE_RATE,
	OUTGOING_BYTE_RATE,
	REQUEST_RATE,
	REQUEST_SIZE,
	REQUEST_LATENCY,
	RESPONSE_RATE,
	RESPONSE_SIZE,
	BATCH_SIZE,
	RECORD_SEND_RATE,
	RECORDS_PER_REQUEST,
	COMPRESSION_RATIO,
	CONNECTIONS,
	FIGURES
};

struct gauge {
	const char *name, *label, *help;
};

/* Names and texts are Fabric's, as far as it has them. */
static const struct gauge figures[FIGURES] = {
	[INCOMING_BYTE_RATE] = {"incoming_byte_rate", "broker_id",
				"Bytes/second read off brokers."},
	[OUTGOING_BYTE_RATE] = {"outgoing_byte_rate", "broker_id",
				"Bytes/second written to brokers."},
	[REQUEST_RATE] = {"request_rate", "broker_id", "Requests/second sent to brokers."},
	[REQUEST_SIZE] = {"request_size", "broker_id",
			  "The mean request size in bytes to brokers."},
	[REQUEST_LATENCY] = {"request_latency", "broker_id",
			     "The mean request latency in ms to brokers."},
	[RESPONSE_RATE] = {"response_rate", "broker_id", "Responses/second received from brokers."},
	[RESPONSE_SIZE] = {"response_size", "broker_id",
			   "The mean response size in bytes from brokers."},
	[BATCH_SIZE] = {"batch_size", "topic", "The mean batch size in bytes sent to topics."},
	[RECORD_SEND_RATE] = {"record_send_rate", "topic",
			      "The number of records per second sent to topics."},
	[RECORDS_PER_REQUEST] = {"records_per_request", "topic",
				 "The mean number of records sent per request to topics."},
	[COMPRESSION_RATIO] = {"compression_ratio", "topic",
			       "The mean compression ratio (as percentage) for topics."},
	[CONNECTIONS] = {"broker_connections", NULL, "The number of connections to brokers."},
};

static const struct gauge gauges[KAFKA_GAUGES] = {
	[KAFKA_GAUGE_PERSISTED] = {"last_offset_persisted", "channel",
				   "The offset specified in the block metadata of the most "
				   "recently committed block."},
	[KAFKA_GAUGE_STATE] = {"state", "channel",
			       "What the chain does: 0 if booting, 1 if running, 2 if the brokers "
			       "do not answer, 3 if its topic is lost, 4 if halted."},
	[KAFKA_GAUGE_LAG] = {"consumer_lag", "channel",
			     "The number of messages in the topic that the chain has not "
			     "consumed."},
};

struct kafka_metrics {
	const struct ord_host *host;
	struct ord_metric *figures[FIGURES], *gauges[KAFKA_GAUGES];
	struct broker brokers[BROKERS];
	atomic_bool compresses; /* the producers do */
	count produced_bytes;   /* by them, as sent */
	pthread_mutex_t lock;   /* guards the rest */
	unsigned connections;
	struct kafka_traffic *topics;
	const void *keeper;  /* the chain that keeps the time; NULL: the next one to come */
	uint64_t since, due; /* the minute that is counted; 0: none yet */
};

static void add(count *c, uint64_t n)
{
	atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

static double take(count *c)
{
	return (double)atomic_exchange_explicit(c, 0, memory_order_relaxed);
}

/* ---- counting; on threads of librdkafka ---------------------------------- */

/* NULL: not known by its id yet, as the first connections are. */
static struct broker *broker_of(struct kafka_metrics *m, int32_t id)
{
	for (size_t i = 0; id >= 0 && i < BROKERS; i++) {
		int_fast64_t known = 0;

		if (atomic_compare_exchange_strong(&m->brokers[i].known_as, &known,
						   (int_fast64_t)id + 1) ||
		    known == (int_fast64_t)id + 1)
			return &m->brokers[i];
	}
	return NULL;
}

static rd_kafka_resp_err_t on_request(rd_kafka_t *rk, int fd, const char *name, int32_t id,
				      int16_t key, int16_t version, int32_t correlation,
				      size_t size, void *metrics)
{
	struct kafka_metrics *m = metrics;
	struct broker *b = broker_of(m, id);

	(void)rk, (void)fd, (void)name, (void)version, (void)correlation;
	if (key == PRODUCE)
		add(&m->produced_bytes, size);
	if (b) {
		add(&b->requests, 1);
		add(&b->request_bytes, size);
	}
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_response(rd_kafka_t *rk, int fd, const char *name, int32_t id,
				       int16_t key, int16_t version, int32_t correlation,
				       size_t size, int64_t rtt_us, rd_kafka_resp_err_t err,
				       void *metrics)
{
	struct broker *b = broker_of(metrics, id);

	(void)rk, (void)fd, (void)name, (void)key, (void)version, (void)correlation;
	if (!b || err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	add(&b->responses, 1);
	add(&b->response_bytes, size);
	if (rtt_us >= 0) {
		add(&b->latencies, 1);
		add(&b->latency_us, (uint64_t)rtt_us);
	}
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Every broker of every client has a thread of its own, which calls this. */
static rd_kafka_resp_err_t on_broker_state(rd_kafka_t *rk, int32_t id, const char *protocol,
					   const char *name, int port, const char *state,
					   void *metrics)
{
	static _Thread_local bool connected;
	struct kafka_metrics *m = metrics;
	bool now = strcmp(state, "UP") == 0;

	(void)rk, (void)id, (void)protocol, (void)name, (void)port;
	if (strcmp(state, "UPDATE") == 0 || now == connected)
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	connected = now;
	pthread_mutex_lock(&m->lock); /* so that the last value told is the last one */
	m->connections += now ? 1u : -1u;
	m->host->ops->metric_add(m->figures[CONNECTIONS], NULL, m->connections);
	pthread_mutex_unlock(&m->lock);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *metrics,
				  char *why, size_t size)
{
	struct kafka_metrics *m = metrics;
	char codec[16] = "none";
	size_t len = sizeof(codec);

	(void)why, (void)size;
	if (rd_kafka_type(rk) == RD_KAFKA_PRODUCER &&
	    rd_kafka_conf_get(conf, "compression.codec", codec, &len) == RD_KAFKA_CONF_OK &&
	    strcmp(codec, "none") != 0)
		atomic_store(&m->compresses, true);
	rd_kafka_interceptor_add_on_request_sent(rk, NAME, on_request, m);
	rd_kafka_interceptor_add_on_response_received(rk, NAME, on_response, m);
	rd_kafka_interceptor_add_on_broker_state_change(rk, NAME, on_broker_state, m);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void kafka_metrics_watch(struct kafka_metrics *m, rd_kafka_conf_t *conf)
{
	rd_kafka_conf_interceptor_add_on_new(conf, NAME, on_new, m);
}

void kafka_metrics_delivered(struct kafka_traffic *t, size_t records, size_t bytes)
{
	add(&t->requests, 1);
	add(&t->records, records);
	add(&t->bytes, bytes);
}

/* ---- publishing; under the lock ------------------------------------------ */

static void tell(struct kafka_metrics *m, enum figure f, const char *label, double value)
{
	m->host->ops->metric_add(m->figures[f], label, value);
}

/* Without anything to take the mean of, the last one stands. */
static void tell_mean(struct kafka_metrics *m, enum figure f, const char *label, double sum,
		      double n)
{
	if (n > 0)
		tell(m, f, label, sum / n);
}

static void publish_broker(struct kafka_metrics *m, struct broker *b, double seconds)
{
	double requests = take(&b->requests), out = take(&b->request_bytes),
	       responses = take(&b->responses), in = take(&b->response_bytes);
	char id[24];

	snprintf(id, sizeof(id), "%" PRId64, (int64_t)atomic_load(&b->known_as) - 1);
	tell(m, INCOMING_BYTE_RATE, id, in / seconds);
	tell(m, OUTGOING_BYTE_RATE, id, out / seconds);
	tell(m, REQUEST_RATE, id, requests / seconds);
	tell(m, RESPONSE_RATE, id, responses / seconds);
	tell_mean(m, REQUEST_SIZE, id, out, requests);
	tell_mean(m, RESPONSE_SIZE, id, in, responses);
	tell_mean(m, REQUEST_LATENCY, id, take(&b->latency_us) / 1000, take(&b->latencies));
}

/* Of all topics together, since requests do not tell theirs. */
static double compression(struct kafka_metrics *m)
{
	double sent = take(&m->produced_bytes), bytes = 0;

	if (!atomic_load(&m->compresses) || sent <= 0)
		return 100;
	for (struct kafka_traffic *t = m->topics; t; t = t->next)
		bytes += (double)atomic_load(&t->bytes);
	return 100 * bytes / sent;
}

static void publish_topic(struct kafka_metrics *m, struct kafka_traffic *t, double seconds,
			  double percent)
{
	double requests = take(&t->requests), records = take(&t->records);

	tell(m, RECORD_SEND_RATE, t->topic, records / seconds);
	tell_mean(m, BATCH_SIZE, t->topic, take(&t->bytes), requests);
	tell_mean(m, RECORDS_PER_REQUEST, t->topic, records, requests);
	tell_mean(m, COMPRESSION_RATIO, t->topic, percent * requests, requests);
}

static void publish(struct kafka_metrics *m, double seconds)
{
	double percent = compression(m);

	for (size_t i = 0; i < BROKERS && atomic_load(&m->brokers[i].known_as); i++)
		publish_broker(m, &m->brokers[i], seconds);
	for (struct kafka_traffic *t = m->topics; t; t = t->next)
		publish_topic(m, t, seconds, percent);
}

uint64_t kafka_metrics_publish(struct kafka_metrics *m, const void *chain, uint64_t now_ns)
{
	uint64_t due;

	pthread_mutex_lock(&m->lock);
	if (!m->keeper)
		m->keeper = chain;
	if (now_ns >= m->due) {
		if (m->since > 0)
			publish(m, (double)(now_ns - m->since) / 1e9);
		m->since = now_ns;
		m->due = now_ns + MINUTE_NS;
	}
	due = m->keeper == chain ? m->due : ORD_NEVER;
	pthread_mutex_unlock(&m->lock);
	return due;
}

void kafka_metrics_leave(struct kafka_metrics *m, const void *chain)
{
	pthread_mutex_lock(&m->lock);
	if (m->keeper == chain)
		m->keeper = NULL;
	pthread_mutex_unlock(&m->lock);
}

void kafka_metrics_set(struct kafka_metrics *m, enum kafka_gauge which, const char *channel,
		       double value)
{
	m->host->ops->metric_add(m->gauges[which], channel, value);
}

/* ---- the whole ----------------------------------------------------------- */

struct kafka_traffic *kafka_metrics_topic(struct kafka_metrics *m, const char *name)
{
	struct kafka_traffic *t;

	pthread_mutex_lock(&m->lock);
	for (t = m->topics; t && strcmp(t->topic, name) != 0;)
		t = t->next;
	if (!t) {
		t = ord_alloc(sizeof(*t));
		t->topic = ord_alloc(strlen(name) + 1);
		strcpy(t->topic, name);
		t->next = m->topics;
		m->topics = t;
	}
	pthread_mutex_unlock(&m->lock);
	return t;
}

static struct ord_metric *declare(const struct ord_host *h, const struct gauge *g)
{
	return h->ops->metric(h, g->name, g->label, g->help, 'g');
}

struct kafka_metrics *kafka_metrics_new(const struct ord_host *h)
{
	struct kafka_metrics *m = ord_alloc(sizeof(*m));

	m->host = h;
	pthread_mutex_init(&m->lock, NULL);
	for (size_t i = 0; i < FIGURES; i++)
		m->figures[i] = declare(h, &figures[i]);
	for (size_t i = 0; i < KAFKA_GAUGES; i++)
		m->gauges[i] = declare(h, &gauges[i]);
	return m;
}

void kafka_metrics_free(struct kafka_metrics *m)
{
	struct kafka_traffic *t;

	while ((t = m->topics) != NULL) {
		m->topics = t->next;
		free(t->topic);
		free(t);
	}
	pthread_mutex_destroy(&m->lock);
	free(m);
}
