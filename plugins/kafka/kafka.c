/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka - several orderers, one order: every message goes through a Kafka topic of the channel's
 * name, and all cut the same blocks from it.  A message is accepted when the brokers have it.
 *
 *	order()   -> flight.c -> the producer -> the topic
 *	the topic -> the consumer -> thread.c -> step.c -> blocks
 *	settle()  <- flight.c <- the producer's delivery report
 */
#include <stdlib.h>

#include "chain.h"

static int kafka_open(const struct ord_host *h, void **plugin, struct ord_err *e)
{
	struct kafka *k = ord_alloc(sizeof(*k));

	k->host = h;
	if (kafka_settings_read(h, &k->settings, e) < 0) {
		free(k);
		return e->code;
	}
	k->metrics = kafka_metrics_new(h);
	kafka_clients_init(&k->clients, h, &k->settings, k->metrics);
	*plugin = k;
	return 0;
}

static void kafka_close(void *plugin)
{
	struct kafka *k = plugin;

	if (!k)
		return;
	kafka_clients_fini(&k->clients);
	kafka_metrics_free(k->metrics);
	kafka_settings_fini(&k->settings);
	free(k);
}

static int kafka_handle_chain(void *plugin, struct ord_support *s, struct ord_bytes metadata,
			      struct ord_chain **out, struct ord_err *e)
{
	return kafka_chain_new(plugin, s, metadata, out, e);
}

ORD_PLUGIN("kafka", .version = KAFKA_PLUGIN_VERSION, .summary = KAFKA_PLUGIN_SUMMARY,
	   .settings = kafka_settings_table, .open = kafka_open, .close = kafka_close,
	   .handle_chain = kafka_handle_chain);
