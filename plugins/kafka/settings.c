/* SPDX-License-Identifier: Apache-2.0 */
/* From [Kafka] to librdkafka: what each setting of Fabric's means there, and a few of our own. */
#include "settings.h"
#include "rebase.h"
#include "security.h"
#include <inttypes.h>
#include <regex.h>
#include <string.h>

#define NS_ms UINT64_C(1000000)

/* ---- reading ------------------------------------------------------------- */

static uint64_t ns_of(const struct ord_host *h, const char *key)
{
	uint64_t ns = strtoull(kafka_setting(h, key), NULL, 10);

	return ns ? ns : kafka_duration_fallback(key);
}

/* ---- time ---------------------------------------------------------------- */

/* Fabric takes any duration, librdkafka only some. */
static uint64_t bounded_ms(const struct ord_host *h, const char *key, uint64_t ns, uint64_t min,
			   uint64_t max)
{
	uint64_t asked = ns / NS_ms, ms = asked < min ? min : asked > max ? max : asked;

	if (ms != asked)
		ord_host_log(h, ORD_WARN,
			     "Kafka.%s is %" PRIu64 " ms, but can only be from %" PRIu64
			     " to %" PRIu64 " ms: taking %" PRIu64 " ms",
			     key, asked, min, max, ms);
	return ms;
}

static int set_number(struct kafka_settings *s, const char *key, const char *property,
		      uint64_t number, struct ord_err *e)
{
	char value[32], setting[64];

	snprintf(value, sizeof(value), "%" PRIu64, number);
	snprintf(setting, sizeof(setting), "Kafka.%s", key);
	return kafka_properties_set(&s->properties, setting, property, value, e);
}

/* The longer of the two timeouts is that of a request.  A broker shall say that it could not do its
 * part before we give up listening. */
static int set_request_timeouts(const struct ord_host *h, struct kafka_settings *s,
				struct ord_err *e)
{
	bool reading = s->read_timeout_ns > s->write_timeout_ns;
	const char *key = reading ? "Retry.NetworkTimeouts.ReadTimeout"
				  : "Retry.NetworkTimeouts.WriteTimeout";
	uint64_t ms = bounded_ms(h, key, reading ? s->read_timeout_ns : s->write_timeout_ns, 2000,
				 300000);
	int rc = set_number(s, key, "socket.timeout.ms", ms, e);

	return rc < 0 ? rc : set_number(s, key, "request.timeout.ms", ms / 4 * 3, e);
}

static int read_times(const struct ord_host *h, struct kafka_settings *s, struct ord_err *e)
{
	static const struct {
		const char *key, *property;
		uint64_t min, max; /* librdkafka's */
	} single[] = {
		{"Retry.NetworkTimeouts.DialTimeout", "socket.connection.setup.timeout.ms", 1000,
		 INT32_MAX},
		{"Retry.Metadata.RetryBackoff", "topic.metadata.refresh.fast.interval.ms", 1,
		 60000},
		{"Retry.Producer.RetryBackoff", "retry.backoff.ms", 1, 300000},
		{"Retry.Consumer.RetryBackoff", "fetch.error.backoff.ms", 1, 300000},
	};

	s->short_interval_ns = ns_of(h, "Retry.ShortInterval");
	s->short_total_ns = ns_of(h, "Retry.ShortTotal");
	s->long_interval_ns = ns_of(h, "Retry.LongInterval");
	s->dial_timeout_ns = ns_of(h, "Retry.NetworkTimeouts.DialTimeout");
	s->read_timeout_ns = ns_of(h, "Retry.NetworkTimeouts.ReadTimeout");
	s->write_timeout_ns = ns_of(h, "Retry.NetworkTimeouts.WriteTimeout");
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
		const char *key = single[i].key;
		uint64_t ms = bounded_ms(h, key, ns_of(h, key), single[i].min, single[i].max);

		if (set_number(s, key, single[i].property, ms, e) < 0)
			return e->code;
	}
	return set_request_timeouts(h, s, e);
}

/* ---- the rest ------------------------------------------------------------ */

/* What Fabric takes: a version of three or more numbers from 0.8.2 on that is no pre-release. */
static int check_version(const char *version, struct ord_err *e)
{
	static const char pattern[] =
		"^v?([0-9]+(\\.[0-9]+)*)"
		"(-[0-9]+[0-9A-Za-z~-]*(\\.[0-9A-Za-z~-]+)*|-?[A-Za-z~-]+[0-9A-Za-z~-]*"
		"(\\.[0-9A-Za-z~-]+)*)?"
		"(\\+[0-9A-Za-z~-]+(\\.[0-9A-Za-z~-]+)*)?$";
	unsigned long n[3] = {0};
	regmatch_t part[4];
	regex_t re;
	int rc;

	if (!*version)
		return 0;
	if (regcomp(&re, pattern, REG_EXTENDED) != 0)
		return ord_fail(e, ORD_ENOMEM, "Kafka.Version: no memory to check it");
	rc = regexec(&re, version, 4, part, 0);
	regfree(&re);
	if (rc != 0)
		return ord_fail(e, ORD_EINVAL,
				"Kafka.Version: Unable to parse Kafka version: Malformed version: "
				"%.64s",
				version);
	sscanf(version + part[1].rm_so, "%9lu.%9lu.%9lu", &n[0], &n[1], &n[2]);
	if (part[3].rm_so < 0 && (n[0] || n[1] > 8 || (n[1] == 8 && n[2] >= 2)))
		return 0;
	return ord_fail(e, ORD_EINVAL, "Kafka.Version: Unsupported Kafka version: '%.64s'",
			version);
}

static int read_rest(const struct ord_host *h, struct kafka_settings *s, struct ord_err *e)
{
	uint64_t replicas = strtoull(kafka_setting(h, "Topic.ReplicationFactor"), NULL, 10);

	s->rebase = kafka_setting(h, "Rebase");
	if (check_version(kafka_setting(h, "Version"), e) < 0 ||
	    kafka_rebase_check(s->rebase, e) < 0)
		return e->code;
	if (replicas > INT16_MAX)
		return ord_fail(e, ORD_EINVAL,
				"Kafka.Topic.ReplicationFactor is %" PRIu64
				", expected a number from 0 to %d",
				replicas, INT16_MAX);
	s->replication_factor = (uint32_t)replicas;
	s->verbose = kafka_setting_is_true(h, "Verbose");
	if (!s->verbose)
		return 0;
	return kafka_properties_set(&s->properties, "Kafka.Verbose", "debug",
				    "broker,topic,metadata,security,admin,eos", e);
}

int kafka_settings_read(const struct ord_host *h, struct kafka_settings *out, struct ord_err *e)
{
	*out = (struct kafka_settings){0};
	if (kafka_properties_init(&out->properties, e) < 0 || read_times(h, out, e) < 0 ||
	    kafka_security_read(h, &out->properties, e) < 0 || read_rest(h, out, e) < 0 ||
	    kafka_properties_pass(&out->properties, kafka_setting(h, "Client"), e) < 0 ||
	    kafka_properties_try(&out->properties, e) < 0) {
		kafka_settings_fini(out);
		return e->code;
	}
	return 0;
}

rd_kafka_conf_t *kafka_settings_producer(const struct kafka_settings *s)
{
	return rd_kafka_conf_dup(s->properties.producer);
}

rd_kafka_conf_t *kafka_settings_consumer(const struct kafka_settings *s)
{
	return rd_kafka_conf_dup(s->properties.consumer);
}

void kafka_settings_fini(struct kafka_settings *s)
{
	kafka_properties_fini(&s->properties);
}
