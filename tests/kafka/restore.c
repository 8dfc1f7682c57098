/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recorded topic, put back: every message at the offset that it had.
 *
 *   restore BROKERS TOPIC RECORD
 *
 * RECORD has a line of JSON for each message, in order of their offsets, as tests/golden/kafka.
 */
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <util/util.h>

#define FLUSH_MS 10000

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "restore: %s: %s\n", what, why);
	exit(1);
}

/* *opaque: the offset that it must get. */
static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	int64_t wanted = (int64_t)(intptr_t)m->_private;
	char text[128];

	(void)rk, (void)opaque;
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		die("cannot write", rd_kafka_err2str(m->err));
	snprintf(text, sizeof(text), "offset %lld, want %lld", (long long)m->offset,
		 (long long)wanted);
	if (m->offset != wanted)
		die("the topic is not empty", text);
}

static rd_kafka_t *producer(const char *brokers)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[512];
	rd_kafka_t *rk;

	rd_kafka_conf_set_dr_msg_cb(conf, on_report);
	rd_kafka_conf_set(conf, "log_level", "0", NULL, 0); /* a failure is told by die() */
	if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why)) !=
		    RD_KAFKA_CONF_OK ||
	    rd_kafka_conf_set(conf, "enable.idempotence", "true", why, sizeof(why)) !=
		    RD_KAFKA_CONF_OK)
		die(brokers, why);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (!rk)
		die(brokers, why);
	return rk;
}

static void put(rd_kafka_topic_t *topic, const char *base64, int64_t offset)
{
	struct buf message = BUF_INIT;

	if (base64_decode(&message, base64, strcspn(base64, "\"")) < 0)
		die("record", "not base64");
	if (rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, message.data, message.len, "0", 1,
			     (void *)(intptr_t)offset) < 0)
		die("cannot write", rd_kafka_err2str(rd_kafka_last_error()));
	buf_fini(&message);
}

int main(int argc, char **argv)
{
	static const char key[] = "\"value_b64\": \"";
	char *line = NULL;
	size_t cap = 0;
	int64_t offset = 0;
	rd_kafka_topic_t *topic;
	rd_kafka_t *rk;
	FILE *record;

	if (argc != 4)
		die("usage", "restore BROKERS TOPIC RECORD");
	record = fopen(argv[3], "r");
	if (!record)
		die(argv[3], "cannot be read");
	rk = producer(argv[1]);
	topic = rd_kafka_topic_new(rk, argv[2], NULL);
	while (getline(&line, &cap, record) > 0) {
		char *value = strstr(line, key);

		if (value)
			put(topic, value + strlen(key), offset++);
	}
	free(line);
	fclose(record);
	if (rd_kafka_flush(rk, FLUSH_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
		die(argv[1], "does not acknowledge");
	rd_kafka_topic_destroy(topic);
	rd_kafka_destroy(rk);
	return 0;
}
