/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the brokers about one topic.  What they answer is kept nowhere. */
#include "topic.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_MS 2000
#define ADMIN_MS  5000 /* to create a topic, a cluster has to agree */

/* ---- metadata ------------------------------------------------------------ */

static int describe(struct kafka_topic *t, const struct rd_kafka_metadata **md, struct ord_err *e)
{
	rd_kafka_resp_err_t err =
		rd_kafka_metadata(t->client->consumer, 0, t->source, md, ANSWER_MS);

	if (err == RD_KAFKA_RESP_ERR_NO_ERROR && (*md)->topic_cnt == 1) {
		t->broker = (*md)->orig_broker_id;
		return 0;
	}
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_metadata_destroy(*md);
	return ord_fail(e, ORD_EUNAVAIL, "no answer from the Kafka brokers %s: %s",
			t->client->brokers, rd_kafka_err2str(err));
}

/* Partition 0, if it can be used.  Brokers that do not want to tell say so, and name no partitions:
 * only what they say themselves makes a topic one that is not there. */
static int check_partition(const struct kafka_topic *t, const struct rd_kafka_metadata_topic *topic,
			   struct ord_err *e)
{
	bool told = topic->err == RD_KAFKA_RESP_ERR_NO_ERROR;

	if (!told && topic->err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return ord_fail(e, ORD_EUNAVAIL, "Kafka topic %s: %s", t->name,
				rd_kafka_err2str(topic->err));
	if (!told || topic->partition_cnt == 0)
		return ord_fail(e, ORD_ENOENT, "there is no Kafka topic %s", t->name);
	for (int i = 0; i < topic->partition_cnt; i++)
		if (topic->partitions[i].id == 0 && topic->partitions[i].leader < 0)
			return ord_fail(e, ORD_EUNAVAIL,
					"Kafka topic %s: no broker leads its partition", t->name);
	return 0;
}

int kafka_topic_find(struct kafka_topic *t, struct ord_err *e)
{
	const struct rd_kafka_metadata *md;
	int rc = describe(t, &md, e);

	if (rc < 0)
		return rc;
	rc = check_partition(t, &md->topics[0], e);
	rd_kafka_metadata_destroy(md);
	return rc;
}

/* In Go's form, which operators' monitors know: "[replica ids: [1 2 3]]: kafka server: ..." */
static int too_few(const struct rd_kafka_metadata_partition *p, struct ord_err *e)
{
	char ids[512] = "";
	size_t n = 0;

	for (int i = 0; i < p->replica_cnt && n < sizeof(ids) - 16; i++)
		n += (size_t)snprintf(ids + n, sizeof(ids) - n, "%s%d", i ? " " : "",
				      (int)p->replicas[i]);
	return ord_fail(e, ORD_EUNAVAIL,
			"[replica ids: [%s]]: kafka server: Messages are rejected since there are "
			"fewer in-sync replicas than required.",
			ids);
}

int kafka_topic_health(struct kafka_topic *t, int64_t min_insync, struct ord_err *e)
{
	const struct rd_kafka_metadata *md;
	int rc = describe(t, &md, e);

	if (rc < 0)
		return rc;
	rc = check_partition(t, &md->topics[0], e);
	for (int i = 0; rc == 0 && i < md->topics[0].partition_cnt; i++) {
		const struct rd_kafka_metadata_partition *p = &md->topics[0].partitions[i];

		if (p->id == 0 && p->isr_cnt < min_insync)
			rc = too_few(p, e);
	}
	rd_kafka_metadata_destroy(md);
	return rc;
}

int kafka_topic_offsets(const struct kafka_topic *t, int64_t *oldest, int64_t *next,
			struct ord_err *e)
{
	rd_kafka_resp_err_t err = rd_kafka_query_watermark_offsets(t->client->consumer, t->name, 0,
								   oldest, next, ANSWER_MS);

	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	return ord_fail(e, ORD_EUNAVAIL, "Kafka topic %s does not tell its offsets: %s", t->name,
			rd_kafka_err2str(err));
}

int64_t kafka_topic_behind(const struct kafka_topic *t, int64_t next)
{
	int64_t oldest, end;

	if (rd_kafka_get_watermark_offsets(t->client->consumer, t->name, 0, &oldest, &end) !=
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	if (next < oldest)
		next = oldest;
	return end > next ? end - next : 0;
}

/* ---- administration ------------------------------------------------------ */

/* The answer to what was asked with @queue; NULL: none came. */
static rd_kafka_event_t *answer(rd_kafka_queue_t *queue, struct ord_err *e)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 2 * ADMIN_MS);

	if (!event)
		ord_fail(e, ORD_EUNAVAIL, "no answer");
	else if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
		ord_fail(e, ORD_EUNAVAIL, "%s", rd_kafka_event_error_string(event));
	else
		return event;
	if (event)
		rd_kafka_event_destroy(event);
	return NULL;
}

static rd_kafka_AdminOptions_t *options(rd_kafka_t *rk, rd_kafka_admin_op_t op)
{
	rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, op);
	char why[128];

	rd_kafka_AdminOptions_set_request_timeout(o, ADMIN_MS, why, sizeof(why));
	return o;
}

static int was_created(rd_kafka_event_t *event, struct ord_err *e)
{
	size_t n;
	const rd_kafka_topic_result_t **r =
		rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);
	rd_kafka_resp_err_t err = rd_kafka_topic_result_error(r[0]);

	if (err == RD_KAFKA_RESP_ERR_NO_ERROR || err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		return 0;
	return ord_fail(e, ORD_EUNAVAIL, "%s", rd_kafka_topic_result_error_string(r[0]));
}

int kafka_topic_create(const struct kafka_topic *t, uint32_t replication, struct ord_err *e)
{
	rd_kafka_t *rk = t->client->consumer;
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_AdminOptions_t *o = options(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(
		t->name, 1, replication ? (int)replication : -1, e->msg, sizeof(e->msg));
	rd_kafka_event_t *event = NULL;
	struct ord_err why = {.code = ORD_EUNAVAIL};

	if (topic) {
		rd_kafka_CreateTopics(rk, &topic, 1, o, queue);
		event = answer(queue, &why);
		rd_kafka_NewTopic_destroy(topic);
	} else {
		why = *e;
		why.code = ORD_EINVAL;
	}
	if (event) {
		why.code = 0;
		was_created(event, &why);
		rd_kafka_event_destroy(event);
	}
	rd_kafka_AdminOptions_destroy(o);
	rd_kafka_queue_destroy(queue);
	if (why.code < 0)
		return ord_fail(e, why.code,
				"cannot create Kafka topic %s with %u replicas "
				"(Kafka.Topic.ReplicationFactor): %s",
				t->name, replication, why.msg);
	return 0;
}

static void read_limit(const char *name, const char *value, struct kafka_limits *l)
{
	static const char *const names[] = {"max.message.bytes", "retention.ms", "retention.bytes",
					    "min.insync.replicas"};
	int64_t *const at[] = {&l->max_message, &l->retention_ms, &l->retention_bytes,
			       &l->min_insync};

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		if (strcmp(name, names[i]) == 0)
			*at[i] = strtoll(value, NULL, 10);
	if (strcmp(name, "cleanup.policy") == 0)
		l->compacted = strstr(value, "compact") != NULL;
}

static int read_limits(rd_kafka_event_t *event, struct kafka_limits *l, struct ord_err *e)
{
	size_t n, entries;
	const rd_kafka_ConfigResource_t **r = rd_kafka_DescribeConfigs_result_resources(
		rd_kafka_event_DescribeConfigs_result(event), &n);
	const rd_kafka_ConfigEntry_t **all;

	if (n != 1)
		return ord_fail(e, ORD_EUNAVAIL, "no answer");
	if (rd_kafka_ConfigResource_error(r[0]) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return ord_fail(e, ORD_EUNAVAIL, "%s",
				rd_kafka_err2str(rd_kafka_ConfigResource_error(r[0])));
	all = rd_kafka_ConfigResource_configs(r[0], &entries);
	for (size_t i = 0; i < entries; i++)
		if (rd_kafka_ConfigEntry_value(all[i]))
			read_limit(rd_kafka_ConfigEntry_name(all[i]),
				   rd_kafka_ConfigEntry_value(all[i]), l);
	return 0;
}

int kafka_topic_limits(const struct kafka_topic *t, struct kafka_limits *out, struct ord_err *e)
{
	rd_kafka_t *rk = t->client->consumer;
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_AdminOptions_t *o = options(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
	rd_kafka_ConfigResource_t *r =
		rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, t->name);
	rd_kafka_event_t *event;
	char why[128];
	int rc = ORD_EUNAVAIL;

	*out = KAFKA_NO_LIMITS;
	/* any broker knows, and this one answers */
	rd_kafka_AdminOptions_set_broker(o, t->broker, why, sizeof(why));
	rd_kafka_DescribeConfigs(rk, &r, 1, o, queue);
	event = answer(queue, e);
	if (event) {
		rc = read_limits(event, out, e);
		rd_kafka_event_destroy(event);
	}
	rd_kafka_ConfigResource_destroy(r);
	rd_kafka_AdminOptions_destroy(o);
	rd_kafka_queue_destroy(queue);
	return rc;
}
