/* SPDX-License-Identifier: Apache-2.0 */
/* What librdkafka is told, whoever says so. */
#include "properties.h"
#include <unistd.h>

/* ---- setting ------------------------------------------------------------- */

/* librdkafka's list, one property a line: "linger.ms  |  P  | …". */
static char *known_properties(void)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	rd_kafka_conf_properties_show(f);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

/* 'P' for the producer, 'C' for the consumer, '*' for both.  A client warns of what is not its. */
static char owner_of(const char *known, const char *property)
{
	size_t n = strlen(property);

	for (const char *line = known; line; line = strchr(line, '\n')) {
		const char *bar;

		line += *line == '\n';
		bar = strncmp(line, property, n) == 0 && line[n] == ' ' ? strchr(line, '|') : NULL;
		if (bar)
			return bar[1 + strspn(bar + 1, " ")];
	}
	return '*';
}

int kafka_properties_set(struct kafka_properties *p, const char *setting, const char *property,
			 const char *value, struct ord_err *e)
{
	char owner = owner_of(p->known, property), why[512];
	rd_kafka_conf_res_t res = RD_KAFKA_CONF_OK;

	if (owner != 'C')
		res = rd_kafka_conf_set(p->producer, property, value, why, sizeof(why));
	if (owner != 'P' && res == RD_KAFKA_CONF_OK)
		res = rd_kafka_conf_set(p->consumer, property, value, why, sizeof(why));
	if (res == RD_KAFKA_CONF_OK)
		return 0;
	why[strcspn(why, "\n")] = '\0';
	return ord_fail(e, ORD_EINVAL, "%s: %s", setting, why);
}

int kafka_properties_pass_on(struct kafka_properties *p, const struct ord_host *h, const char *key,
			     const char *property, struct ord_err *e)
{
	const char *value = kafka_setting(h, key);
	char setting[64];

	snprintf(setting, sizeof(setting), "Kafka.%s", key);
	return *value ? kafka_properties_set(p, setting, property, value, e) : 0;
}

/* ---- what always holds --------------------------------------------------- */

static const struct {
	const char *property, *value;
} base[] = {
	{"client.id", "ordererd"},

	/* A message that is accepted stands in the topic: once, and where its order says. */
	{"enable.idempotence", "true"},
	{"acks", "all"},
	{"message.timeout.ms", "0"}, /* never given up */
	{"max.in.flight", "5"},
	{"linger.ms", "0"},
	{"compression.codec", "none"},

	/* As Fabric has it: what a broker takes in one request (100 MiB), less 1 MiB. */
	{"message.max.bytes", "103809024"},
	{"receive.message.max.bytes", "104857600"},

	/* The ledger says where to go on, and every orderer consumes every message. */
	{"auto.offset.reset", "error"},
	{"enable.auto.commit", "false"},
	{"enable.auto.offset.store", "false"},
	{"isolation.level", "read_uncommitted"},
	{"check.crcs", "true"},
	{"enable.partition.eof", "false"},

	/* A topic that is gone is missed, and a new one gets the copies that are asked for. */
	{"allow.auto.create.topics", "false"},

	/* Each channel's topic has a queue of its own: what they hold together must stay small. */
	{"fetch.min.bytes", "1"},
	{"fetch.wait.max.ms", "250"},
	{"fetch.message.max.bytes", "1048576"},
	{"queued.max.messages.kbytes", "4096"},
	{"queued.min.messages", "10000"},

	/* Back by itself, soon after an outage. */
	{"reconnect.backoff.ms", "100"},
	{"reconnect.backoff.max.ms", "10000"},
	{"topic.metadata.refresh.interval.ms", "600000"},
	{"socket.keepalive.enable", "true"},
	{"socket.nagle.disable", "true"},
	{"log.connection.close", "false"},

	{"ssl.endpoint.identification.algorithm", "https"},
};

int kafka_properties_init(struct kafka_properties *p, struct ord_err *e)
{
	*p = (struct kafka_properties){.producer = rd_kafka_conf_new(),
				       .consumer = rd_kafka_conf_new(),
				       .certificate = -1,
				       .known = known_properties()};
	if (!p->known)
		return ord_fail(e, ORD_ENOMEM, "no memory for the properties of librdkafka");
	for (size_t i = 0; i < sizeof(base) / sizeof(base[0]); i++)
		if (kafka_properties_set(p, "librdkafka", base[i].property, base[i].value, e) < 0)
			return e->code;
	return 0;
}

void kafka_properties_fini(struct kafka_properties *p)
{
	if (p->producer)
		rd_kafka_conf_destroy(p->producer);
	if (p->consumer)
		rd_kafka_conf_destroy(p->consumer);
	if (p->certificate >= 0)
		close(p->certificate);
	free(p->known);
	*p = (struct kafka_properties){.certificate = -1};
}

/* ---- [Kafka.Client] ------------------------------------------------------ */

#define BROKERS "the configuration of the channel names its brokers"
#define LOSS    "messages could be lost, doubled or change places"
#define OFFSETS "the ledger of the channel says where to go on"
#define ALIKE   "all orderers must consume the same messages"
#define EVENTS  "the plugin itself waits for the events of the library"

static const struct {
	const char *property, *why;
} refused[] = {
	{"bootstrap.servers", BROKERS},
	{"metadata.broker.list", BROKERS},
	{"test.mock.num.brokers", BROKERS},
	{"enable.idempotence", LOSS},
	{"enable.gapless.guarantee", LOSS},
	{"acks", LOSS},
	{"request.required.acks", LOSS},
	{"message.timeout.ms", LOSS},
	{"delivery.timeout.ms", LOSS},
	{"retries", LOSS},
	{"message.send.max.retries", LOSS},
	{"queuing.strategy", LOSS},
	{"transactional.id", LOSS},
	{"transaction.timeout.ms", LOSS},
	{"group.id", OFFSETS},
	{"group.instance.id", OFFSETS},
	{"auto.offset.reset", OFFSETS},
	{"enable.auto.commit", OFFSETS},
	{"auto.commit.enable", OFFSETS},
	{"auto.commit.interval.ms", OFFSETS},
	{"enable.auto.offset.store", OFFSETS},
	{"offset.store.method", OFFSETS},
	{"offset.store.path", OFFSETS},
	{"isolation.level", ALIKE},
	{"topic.blacklist", ALIKE},
	{"partitioner", "a channel is partition 0 of its topic"},
	{"allow.auto.create.topics", "a topic that is gone has to be missed"},
	{"enable.partition.eof", EVENTS},
	{"delivery.report.only.error", EVENTS},
	{"enabled_events", EVENTS},
	{"log.queue", EVENTS},
};

/* librdkafka 2.0 writes its configuration with passwords left out, but not the client secret. */
static bool tells_secrets(const char *property, const char *value)
{
	return !strcmp(property, "debug") && (strstr(value, "conf") || strstr(value, "all"));
}

static int pass_line(struct kafka_properties *p, char *line, struct ord_err *e)
{
	char *value = strchr(line, '='), setting[256];

	if (!value)
		return ord_fail(e, ORD_EINVAL, "Kafka.Client: expected \"name=value\"");
	*value++ = '\0';
	snprintf(setting, sizeof(setting), "Kafka.Client.%s", line);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (!strcmp(refused[i].property, line))
			return ord_fail(e, ORD_EINVAL, "%s cannot be set: %s", setting,
					refused[i].why);
	if (tells_secrets(line, value))
		return ord_fail(e, ORD_EINVAL,
				"%s cannot have conf or all in it: secrets would stand in the log",
				setting);
	return kafka_properties_set(p, setting, line, value, e);
}

int kafka_properties_pass(struct kafka_properties *p, const char *lines, struct ord_err *e)
{
	char *copy = ord_alloc(strlen(lines) + 1), *rest = NULL;
	int rc = 0;

	memcpy(copy, lines, strlen(lines));
	for (char *line = strtok_r(copy, "\n", &rest); line && rc == 0;
	     line = strtok_r(NULL, "\n", &rest))
		rc = pass_line(p, line, e);
	free(copy);
	return rc;
}

/* ---- trying -------------------------------------------------------------- */

/* What librdkafka's complaints name, and the setting behind it. */
static const struct {
	const char *word, *setting;
} origins[] = {
	{"ssl.certificate.location", "Kafka.TLS.Certificate"},
	{"ssl.key.pem", "Kafka.TLS.PrivateKey"},
	{"rivate key check", "Kafka.TLS.PrivateKey"},
	{"ssl.ca.pem", "Kafka.TLS.RootCAs"},
	{"sasl.", "Kafka.SASL"},
};

static const char *origin_of(const char *complaint)
{
	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++)
		if (strstr(complaint, origins[i].word))
			return origins[i].setting;
	return "Kafka.Client";
}

static int try_one(const rd_kafka_conf_t *conf, rd_kafka_type_t type, struct ord_err *e)
{
	rd_kafka_conf_t *copy = rd_kafka_conf_dup(conf);
	char why[512];
	rd_kafka_t *rk;

	rd_kafka_conf_set_log_cb(copy, NULL);
	/* not to fetch a token over the network */
	rd_kafka_conf_set(copy, "sasl.oauthbearer.method", "default", NULL, 0);
	rk = rd_kafka_new(type, copy, why, sizeof(why));
	if (!rk) {
		rd_kafka_conf_destroy(copy);
		return ord_fail(e, ORD_EINVAL, "%s: %s", origin_of(why), why);
	}
	rd_kafka_destroy(rk);
	return 0;
}

int kafka_properties_try(const struct kafka_properties *p, struct ord_err *e)
{
	int rc = try_one(p->producer, RD_KAFKA_PRODUCER, e);

	return rc < 0 ? rc : try_one(p->consumer, RD_KAFKA_CONSUMER, e);
}
