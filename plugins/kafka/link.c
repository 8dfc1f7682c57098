/* SPDX-License-Identifier: Apache-2.0 */
/* The checks stand before the consumer: whatever it would meet only later is said at once. */
#include "link.h"

#include <inttypes.h>
#include <stdlib.h>

static void on_notice(struct kafka_watch *w, enum kafka_notice what)
{
	struct kafka_link *l = (struct kafka_link *)w; /* its first member */

	atomic_store(what == KAFKA_FATAL ? &l->fatal : &l->chain->all_down, true);
	kafka_chain_wake(l->chain);
}

/* The producer has one handle on a topic, however often it is asked for. */
static rd_kafka_topic_t *target(rd_kafka_t *producer, const char *name, struct kafka_metrics *m)
{
	rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(producer);

	rd_kafka_topic_conf_set_opaque(conf, kafka_metrics_topic(m, name));
	return rd_kafka_topic_new(producer, name, conf);
}

struct kafka_link *kafka_link_new(struct kafka_chain *c, struct ord_err *e)
{
	const struct ord_chanconf *cc = c->ops->conf_get(c->s);
	struct kafka_link *l = ord_alloc(sizeof(*l));
	const char *name = c->ops->channel_id(c->s);

	*l = (struct kafka_link){
		.watch = {.notice = on_notice}, .chain = c, .topic = {.name = name}};
	if (!cc->kafka_brokers || !cc->kafka_brokers[0])
		ord_fail(e, ORD_EUNAVAIL, "the channel's configuration names no Kafka brokers");
	else
		kafka_client_get(&c->kafka->clients, cc->kafka_brokers, &l->watch, &l->topic.client,
				 e);
	c->ops->conf_put(cc);
	if (!l->topic.client) {
		free(l);
		return NULL;
	}
	l->topic.source = rd_kafka_topic_new(l->topic.client->consumer, name, NULL);
	l->target = target(l->topic.client->producer, name, c->kafka->metrics);
	l->aim = kafka_flight_aim(c->flight, l->target);
	return l;
}

void kafka_link_free(struct kafka_link *l, bool linger)
{
	if (!l)
		return;
	kafka_link_pause(l);
	kafka_flight_miss(l->chain->flight, l->aim);
	rd_kafka_topic_destroy(l->target);
	rd_kafka_topic_destroy(l->topic.source);
	kafka_client_put(l->topic.client, &l->watch, linger);
	free(l);
}

/* ---- the topic ----------------------------------------------------------- */

/* Blocks were cut from it, so it is not ours to make. */
static int gone(const struct kafka_link *l, struct ord_err *e)
{
	return ord_fail(e, ORD_EINTERNAL,
			"Kafka topic %s is gone, and this channel's ledger goes on at its offset "
			"%" PRId64 ": bring the topic back, or see ordererd-kafka(7), LOST TOPICS",
			l->topic.name, l->chain->next);
}

static int create(struct kafka_link *l, struct ord_err *e)
{
	int rc = kafka_topic_create(&l->topic, l->chain->kafka->settings.replication_factor, e);

	if (rc < 0)
		return rc;
	ord_log(l->chain->s, ORD_INFO, "created Kafka topic %s", l->topic.name);
	return kafka_topic_find(&l->topic, e); /* brokers tell each other in their own time */
}

static int check_offsets(const struct kafka_link *l, struct ord_err *e)
{
	const struct kafka_chain *c = l->chain;
	int64_t oldest, next, wanted = c->next < 0 ? 0 : c->next;
	char held[64];
	int rc = kafka_topic_offsets(&l->topic, &oldest, &next, e);

	if (rc < 0 || (c->next < 0 && c->begin > 0) || (wanted >= oldest && wanted <= next))
		return rc;
	if (oldest < next)
		snprintf(held, sizeof(held), "holds the offsets %" PRId64 " to %" PRId64, oldest,
			 next - 1);
	else
		snprintf(held, sizeof(held), "is empty before offset %" PRId64, next);
	return ord_fail(e, ORD_EINTERNAL,
			"Kafka topic %s %s, and this channel's ledger goes on at %" PRId64
			": %s; see ordererd-kafka(7), LOST TOPICS",
			l->topic.name, held, wanted,
			wanted < oldest
				? "what is missing was deleted (retention), copy the blocks "
				  "from an orderer that has them"
				: "the topic was made anew or cut off");
}

static int check_rebase(const struct kafka_chain *c, struct ord_err *e)
{
	if (c->rebase.where != KAFKA_REBASE_BELOW)
		return 0;
	return ord_fail(e, ORD_EINTERNAL,
			"Kafka.Rebase begins this channel anew at height %" PRIu64
			", and its ledger has %" PRIu64
			" blocks: copy the missing ones first (ordererctl ledger catch-up)",
			c->rebase.height, c->ops->height(c->s));
}

int kafka_link_check(struct kafka_link *l, struct ord_err *e)
{
	int rc = check_rebase(l->chain, e);

	if (rc < 0)
		return rc;
	rc = kafka_topic_find(&l->topic, e);
	if (rc == ORD_ENOENT && l->chain->next >= 0)
		return gone(l, e);
	if (rc == ORD_ENOENT)
		rc = create(l, e);
	if (rc == ORD_ENOENT)
		e->code = rc = ORD_EUNAVAIL;
	return rc < 0 ? rc : check_offsets(l, e);
}

/* Of the channel's largest message. */
static int64_t bytes_needed(const struct kafka_link *l)
{
	const struct kafka_chain *c = l->chain;
	const struct ord_chanconf *cc = c->ops->conf_get(c->s);
	int64_t needed = (int64_t)cc->batch_absolute_max + KAFKA_HEADROOM;

	c->ops->conf_put(cc);
	return needed;
}

/* [Kafka.Client] may have set it. */
static int64_t producer_limit(const struct kafka_link *l)
{
	char value[32] = "";
	size_t n = sizeof(value);

	rd_kafka_conf_get(rd_kafka_conf(l->topic.client->producer), "message.max.bytes", value, &n);
	return strtoll(value, NULL, 10);
}

static void warn_of_producer(const struct kafka_link *l)
{
	int64_t needed = bytes_needed(l), limit = producer_limit(l);

	if (limit < needed)
		ord_log(l->chain->s, ORD_WARN,
			"message.max.bytes in [Kafka.Client] is %" PRId64
			", and the channel's Orderer.BatchSize.AbsoluteMaxBytes allows larger "
			"messages: set it to %" PRId64 " or more",
			limit, needed);
}

static void warn(const struct kafka_link *l, const struct kafka_limits *limits)
{
	const struct kafka_chain *c = l->chain;
	int64_t needed = bytes_needed(l);

	if (limits->max_message >= 0 && limits->max_message < needed)
		ord_log(c->s, ORD_WARN,
			"Kafka topic %s takes messages of max.message.bytes = %" PRId64
			" bytes, and the channel's Orderer.BatchSize.AbsoluteMaxBytes allows larger "
			"ones: set max.message.bytes to %" PRId64
			" or more, and the brokers' message.max.bytes and replica.fetch.max.bytes",
			l->topic.name, limits->max_message, needed);
	if (limits->retention_ms >= 0 || limits->retention_bytes >= 0 || limits->compacted)
		ord_log(c->s, ORD_WARN,
			"Kafka topic %s does not keep its messages (retention.ms = %" PRId64
			", retention.bytes = %" PRId64
			"%s): an orderer that is away for longer cannot go on; set both to -1 and "
			"cleanup.policy to delete",
			l->topic.name, limits->retention_ms, limits->retention_bytes,
			limits->compacted ? ", cleanup.policy = compact" : "");
}

void kafka_link_limits(struct kafka_link *l)
{
	struct kafka_chain *c = l->chain;
	struct ord_err e;
	bool asked = l->limits != KAFKA_LIMITS_NOT_ASKED;
	int64_t limit = producer_limit(l);

	if (l->limits == KAFKA_LIMITS_KNOWN)
		return;
	if (!asked)
		warn_of_producer(l);
	if (kafka_topic_limits(&l->topic, &c->limits, &e) == 0) {
		l->limits = KAFKA_LIMITS_KNOWN;
		warn(l, &c->limits);
	} else {
		l->limits = KAFKA_LIMITS_NOT_TOLD;
		if (!asked)
			ord_log(c->s, ORD_WARN,
				"Kafka topic %s does not tell its settings (%s): whether it takes "
				"the channel's largest messages, and keeps all of them, is not "
				"known; is the right DescribeConfigs missing?",
				l->topic.name, e.msg);
	}
	if (c->limits.max_message >= 0 && c->limits.max_message < limit)
		limit = c->limits.max_message;
	kafka_flight_limit(c->flight, limit);
}

/* ---- consuming ----------------------------------------------------------- */

static void on_consumed(rd_kafka_t *rk, void *chain)
{
	(void)rk;
	kafka_chain_wake(chain);
}

int kafka_link_consume(struct kafka_link *l, struct ord_err *e)
{
	int64_t from = l->chain->next < 0 ? RD_KAFKA_OFFSET_BEGINNING : l->chain->next;

	l->queue = rd_kafka_queue_new(l->topic.client->consumer);
	rd_kafka_queue_cb_event_enable(l->queue, on_consumed, l->chain);
	if (rd_kafka_consume_start_queue(l->topic.source, 0, from, l->queue) == 0)
		return 0;
	ord_fail(e, ORD_EUNAVAIL, "cannot consume Kafka topic %s: %s", l->topic.name,
		 rd_kafka_err2str(rd_kafka_last_error()));
	rd_kafka_queue_destroy(l->queue);
	l->queue = NULL;
	return e->code;
}

void kafka_link_pause(struct kafka_link *l)
{
	if (!l || !l->queue)
		return;
	rd_kafka_queue_cb_event_enable(l->queue, NULL, NULL);
	rd_kafka_consume_stop(l->topic.source, 0);
	rd_kafka_queue_destroy(l->queue);
	l->queue = NULL;
}
