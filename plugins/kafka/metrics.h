/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told of brokers, topics and channels, under the names of Fabric's Kafka consenter.  The
 * threads of librdkafka only count; once a minute a chain thread turns the counts into figures.
 */
#ifndef KAFKA_METRICS_H
#define KAFKA_METRICS_H

#include <librdkafka/rdkafka.h>
#include <ordererd/consensus.h>

struct kafka_metrics;
struct kafka_traffic; /* to one topic */

/* Gauges of a channel, told as they change. */
enum kafka_gauge { KAFKA_GAUGE_PERSISTED, KAFKA_GAUGE_STATE, KAFKA_GAUGE_LAG, KAFKA_GAUGES };

/** Thread: control. */
struct kafka_metrics *kafka_metrics_new(const struct ord_host *h);
/** After the last client. */
void kafka_metrics_free(struct kafka_metrics *m);
/** Count what the client that is made of @conf exchanges with brokers. */
void kafka_metrics_watch(struct kafka_metrics *m, rd_kafka_conf_t *conf);
/** The counts of a topic; kafka_metrics_free() takes them. */
struct kafka_traffic *kafka_metrics_topic(struct kafka_metrics *m, const char *name);
/** One request brought @records of @bytes together to the topic. */
void kafka_metrics_delivered(struct kafka_traffic *t, size_t records, size_t bytes);
void kafka_metrics_set(struct kafka_metrics *m, enum kafka_gauge which, const char *channel,
		       double value);
/** Publish, if a minute has passed.  One of the chains that call this keeps the time: when has
 * @chain to call again at the latest?   Thread: chain. */
uint64_t kafka_metrics_publish(struct kafka_metrics *m, const void *chain, uint64_t now_ns);
/** @chain will not call again. */
void kafka_metrics_leave(struct kafka_metrics *m, const void *chain);

#endif /* KAFKA_METRICS_H */
