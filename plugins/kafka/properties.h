/* SPDX-License-Identifier: Apache-2.0 */
/* The two configurations of librdkafka, one for the producer and one for the consumer, while they
 * are made: what the plugin relies on, over it the operator's settings. */
#ifndef KAFKA_PROPERTIES_H
#define KAFKA_PROPERTIES_H

#include <librdkafka/rdkafka.h>
#include <ordererd/consensus.h>
#include <string.h>

struct kafka_properties {
	rd_kafka_conf_t *producer, *consumer;
	int certificate; /* an open file that librdkafka reads; -1: none */
	char *known;     /* librdkafka's own list of its properties */
};

/** With what holds whatever the operator sets; to be ended by kafka_properties_fini() in any case.
 *  Errors: ORD_EINVAL this librdkafka is not what the plugin was written for. */
int kafka_properties_init(struct kafka_properties *p, struct ord_err *e);
void kafka_properties_fini(struct kafka_properties *p);
/** Set @property to @value, for whichever of the two has a use for it.
 *  Errors: ORD_EINVAL "@setting: " and what librdkafka says. */
int kafka_properties_set(struct kafka_properties *p, const char *setting, const char *property,
			 const char *value, struct ord_err *e);
/** Set each of @lines, "name=value\n", as the operator wrote them in [Kafka.Client].
 *  Errors: ORD_EINVAL names librdkafka's word, or what would break if that were set. */
int kafka_properties_pass(struct kafka_properties *p, const char *lines, struct ord_err *e);
/** Set @property to what stands in Kafka.@key, if anything does.   Errors: as above. */
int kafka_properties_pass_on(struct kafka_properties *p, const struct ord_host *h, const char *key,
			     const char *property, struct ord_err *e);
/** Make a producer and a consumer and let go of them, since librdkafka judges much only then.
 *  Blocks: disk.   Errors: ORD_EINVAL. */
int kafka_properties_try(const struct kafka_properties *p, struct ord_err *e);

/* ---- the operator's settings --------------------------------------------- */

static inline const char *kafka_setting(const struct ord_host *h, const char *key)
{
	return h->ops->setting(h, key);
}

static inline bool kafka_setting_is_true(const struct ord_host *h, const char *key)
{
	return !strcmp(kafka_setting(h, key), "true");
}

#endif /* KAFKA_PROPERTIES_H */
