/* SPDX-License-Identifier: Apache-2.0 */
/* The settings below Kafka.TLS, Kafka.SASLPlain and Kafka.SASL. */
#ifndef KAFKA_SECURITY_H
#define KAFKA_SECURITY_H

#include "properties.h"

/** Part of kafka_settings_read().   Errors: as that. */
int kafka_security_read(const struct ord_host *h, struct kafka_properties *p, struct ord_err *e);

#endif /* KAFKA_SECURITY_H */
