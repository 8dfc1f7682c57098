/* SPDX-License-Identifier: Apache-2.0 */
/* What the plugin says of itself before anything of it runs: its name, and the local settings of
 * section [Kafka] (spec 7.2). */
#ifndef KAFKA_TABLE_H
#define KAFKA_TABLE_H

#include <ordererd/consensus.h>

#define KAFKA_PLUGIN_VERSION "1"
#define KAFKA_PLUGIN_SUMMARY "several orderers around an Apache Kafka cluster"

extern const struct ord_setting kafka_settings_table[];

/** What a duration is that is zero in the settings, as in Fabric.   Thread: any. */
uint64_t kafka_duration_fallback(const char *key);

#endif /* KAFKA_TABLE_H */
