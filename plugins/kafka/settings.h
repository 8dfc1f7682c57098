/* SPDX-License-Identifier: Apache-2.0 */
/* The local settings of the plugin, section [Kafka] (spec 7.2), and what librdkafka gets of them.
 * See ordererd-kafka(7). */
#ifndef KAFKA_SETTINGS_H
#define KAFKA_SETTINGS_H

#include "properties.h"
#include "table.h"

struct kafka_settings {
	/* one try every short_interval, for ever; each is logged until short_total is over, then
	 * one every long_interval */
	uint64_t short_interval_ns, short_total_ns, long_interval_ns;
	uint64_t dial_timeout_ns, read_timeout_ns, write_timeout_ns;
	uint32_t replication_factor; /* 0: the brokers' default */
	bool verbose;
	const char *rebase; /* well-formed; see rebase.h */

	struct kafka_properties properties;
};

/** Read the settings and try them on librdkafka.  What it logs tells no secret.
 *  Thread: control.   Blocks: disk.   Owns: *out is the caller's to kafka_settings_fini(), on 0.
 *  Errors: ORD_EINVAL, one sentence naming the setting. */
int kafka_settings_read(const struct ord_host *h, struct kafka_settings *out, struct ord_err *e);
/** A new configuration for rd_kafka_new(), all but the brokers, callbacks and opaque.  The settings
 *  must outlive every client made of it.   Thread: any.   Owns: the result is the caller's. */
rd_kafka_conf_t *kafka_settings_producer(const struct kafka_settings *s);
rd_kafka_conf_t *kafka_settings_consumer(const struct kafka_settings *s);
void kafka_settings_fini(struct kafka_settings *s);

/* How long a client waits for its message to be acknowledged. */
static inline uint64_t kafka_settings_patience_ns(const struct kafka_settings *s)
{
	return s->write_timeout_ns + s->read_timeout_ns;
}

#endif /* KAFKA_SETTINGS_H */
