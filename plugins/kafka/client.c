/* SPDX-License-Identifier: Apache-2.0 */
/* librdkafka's clients: made when a channel needs one, shared, ended with the last that does. */
#include "client.h"

#include <stdlib.h>
#include <string.h>

#include "flight.h"

#define LINGER_MS 5000 /* for a producer that nobody uses any more to deliver what it holds */

/* ---- what librdkafka tells; on its threads ------------------------------- */

static void log_line(const rd_kafka_t *rk, int level, const char *fac, const char *buf)
{
	struct kafka_client *c = rd_kafka_opaque(rk);
	enum ord_level l = level <= 3   ? ORD_ERROR
			   : level <= 4 ? ORD_WARN
			   : level <= 6 ? ORD_INFO
					: ORD_DEBUG;

	ord_host_log(c->all->host, l, "%s: %s", fac, buf);
}

static void tell(struct kafka_client *c, enum kafka_notice what)
{
	pthread_mutex_lock(&c->all->lock);
	if (what == KAFKA_FATAL)
		c->fatal = true;
	for (struct kafka_watch *w = c->watches; w; w = w->next)
		w->notice(w, what);
	pthread_mutex_unlock(&c->all->lock);
}

static void on_error(struct kafka_client *c, rd_kafka_t *rk, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);
	char why[512];

	if (rd_kafka_event_error_is_fatal(event)) {
		rd_kafka_fatal_error(rk, why, sizeof(why));
		ord_host_log(c->all->host, ORD_ERROR, "the producer has to be made anew: %s", why);
		tell(c, KAFKA_FATAL);
		return;
	}
	if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) /* what else there is was logged */
		tell(c, KAFKA_ALL_DOWN);
}

/* The messages of one request, which are of one topic. */
static void on_delivery(rd_kafka_event_t *event)
{
	struct kafka_traffic *traffic = NULL;
	const rd_kafka_message_t *m;
	size_t n = 0, bytes = 0;

	while ((m = rd_kafka_event_message_next(event)) != NULL) {
		if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
			traffic = rd_kafka_topic_opaque(m->rkt);
			n++;
			bytes += m->len + m->key_len;
		}
		kafka_flight_report(m->_private, m->err);
	}
	if (traffic)
		kafka_metrics_delivered(traffic, n, bytes);
}

static void on_event(rd_kafka_t *rk, rd_kafka_event_t *event, void *opaque)
{
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_DR:
		on_delivery(event);
		break;
	case RD_KAFKA_EVENT_ERROR:
		on_error(opaque, rk, event);
		break;
	default:
		break;
	}
	rd_kafka_event_destroy(event);
}

/* An error of a partition that is in the chain's queue, but is no message. */
static _Thread_local rd_kafka_resp_err_t complaint;

static void on_complaint(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
	(void)rk, (void)reason, (void)opaque;
	complaint = (rd_kafka_resp_err_t)err;
}

rd_kafka_resp_err_t kafka_client_complaint(void)
{
	rd_kafka_resp_err_t err = complaint;

	complaint = RD_KAFKA_RESP_ERR_NO_ERROR;
	return err;
}

/* ---- making and ending --------------------------------------------------- */

static char *join(const char *const *brokers)
{
	size_t len = 1;
	char *all, *p;

	for (const char *const *b = brokers; *b; b++)
		len += strlen(*b) + 1;
	p = all = ord_alloc(len);
	for (const char *const *b = brokers; *b; b++)
		p += sprintf(p, "%s%s", b == brokers ? "" : ",", *b);
	return all;
}

/* Everything that an instance tells comes to on_event(), on a thread of its own. */
static rd_kafka_t *make(struct kafka_client *c, rd_kafka_type_t type, struct ord_err *e)
{
	const struct kafka_settings *settings = c->all->settings;
	rd_kafka_conf_t *conf = type == RD_KAFKA_PRODUCER ? kafka_settings_producer(settings)
							  : kafka_settings_consumer(settings);
	rd_kafka_queue_t *events, *background;
	char why[512];
	rd_kafka_t *rk;

	rd_kafka_conf_set_opaque(conf, c);
	rd_kafka_conf_set_log_cb(conf, log_line);
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
	rd_kafka_conf_set_background_event_cb(conf, on_event);
	rd_kafka_conf_set_error_cb(conf, on_complaint);
	kafka_metrics_watch(c->all->metrics, conf);
	if (rd_kafka_conf_set(conf, "bootstrap.servers", c->brokers, why, sizeof(why)) !=
		    RD_KAFKA_CONF_OK ||
	    !(rk = rd_kafka_new(type, conf, why, sizeof(why)))) {
		rd_kafka_conf_destroy(conf);
		ord_fail(e, ORD_EUNAVAIL, "no Kafka client for %s: %s", c->brokers, why);
		return NULL;
	}
	events = rd_kafka_queue_get_main(rk);
	background = rd_kafka_queue_get_background(rk);
	rd_kafka_queue_forward(events, background);
	rd_kafka_queue_destroy(background);
	rd_kafka_queue_destroy(events);
	return rk;
}

static void client_free(struct kafka_client *c, int linger_ms)
{
	if (c->producer) {
		rd_kafka_flush(c->producer, linger_ms);
		rd_kafka_purge(c->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		rd_kafka_flush(c->producer, LINGER_MS); /* reports what it gave up */
		rd_kafka_destroy(c->producer);
	}
	if (c->consumer)
		rd_kafka_destroy(c->consumer);
	free(c->brokers);
	free(c);
}

static struct kafka_client *client_new(struct kafka_clients *all, char *take_brokers,
				       struct ord_err *e)
{
	struct kafka_client *c = ord_alloc(sizeof(*c));

	c->all = all;
	c->brokers = take_brokers;
	c->producer = make(c, RD_KAFKA_PRODUCER, e);
	if (c->producer)
		c->consumer = make(c, RD_KAFKA_CONSUMER, e);
	if (c->consumer)
		return c;
	client_free(c, 0);
	return NULL;
}

/* ---- the registry -------------------------------------------------------- */

void kafka_clients_init(struct kafka_clients *all, const struct ord_host *host,
			const struct kafka_settings *settings, struct kafka_metrics *metrics)
{
	*all = (struct kafka_clients){.host = host, .settings = settings, .metrics = metrics};
	pthread_mutex_init(&all->lock, NULL);
}

void kafka_clients_fini(struct kafka_clients *all)
{
	pthread_mutex_destroy(&all->lock);
}

static struct kafka_client *find(struct kafka_clients *all, const char *brokers)
{
	struct kafka_client *c = all->first;

	while (c && (c->fatal || strcmp(c->brokers, brokers) != 0))
		c = c->next;
	return c;
}

int kafka_client_get(struct kafka_clients *all, const char *const *brokers,
		     struct kafka_watch *watch, struct kafka_client **out, struct ord_err *e)
{
	char *list = join(brokers);
	struct kafka_client *c;

	pthread_mutex_lock(&all->lock);
	c = find(all, list);
	if (c) {
		free(list);
	} else if ((c = client_new(all, list, e)) != NULL) {
		c->next = all->first;
		all->first = c;
	}
	if (c) {
		c->refs++;
		watch->next = c->watches;
		c->watches = watch;
	}
	pthread_mutex_unlock(&all->lock);
	*out = c;
	return c ? 0 : e->code;
}

bool kafka_client_is_for(const struct kafka_client *c, const char *const *brokers)
{
	char *list = join(brokers);
	bool same = strcmp(list, c->brokers) == 0;

	free(list);
	return same;
}

void kafka_client_put(struct kafka_client *c, struct kafka_watch *watch, bool linger)
{
	struct kafka_clients *all = c->all;
	struct kafka_watch **w = &c->watches;
	struct kafka_client **at = &all->first;
	int linger_ms;
	bool last;

	pthread_mutex_lock(&all->lock);
	while (*w != watch)
		w = &(*w)->next;
	*w = watch->next;
	last = --c->refs == 0;
	linger_ms = linger && !c->fatal ? LINGER_MS : 0;
	while (last && *at != c)
		at = &(*at)->next;
	if (last)
		*at = c->next;
	pthread_mutex_unlock(&all->lock);
	if (last)
		client_free(c, linger_ms);
}
