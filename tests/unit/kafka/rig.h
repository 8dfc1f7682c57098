/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin as a whole, on the testkit's host, over librdkafka's mock cluster. */
#ifndef KAFKA_RIG_H
#define KAFKA_RIG_H

#include "../test.h"
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <ordererd/testkit.h>

#define RIG_BROKERS 3

struct rig {
	rd_kafka_t *rk; /* whose the cluster is */
	rd_kafka_mock_cluster_t *cluster;
	char *list;                           /* "host:port,host:port" */
	const char *brokers[RIG_BROKERS + 1]; /* the same */
};

void rig_init(struct rig *r);
void rig_fini(struct rig *r);
/* For cmocka: *state is a struct rig. */
int rig_setup(void **state);
int rig_teardown(void **state);
#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

/** A kit on this cluster, with settings that make no test wait. */
struct testkit *rig_kit(const struct rig *r, struct testkit_opts opts);
/** Started and serving. */
struct testkit *rig_serve(const struct rig *r, struct testkit_opts opts);

/** Every broker, so that nothing answers. */
void rig_down(struct rig *r);
void rig_up(struct rig *r);
/** The next @n requests to write anything fail with @err. */
void rig_fail_writes(struct rig *r, size_t n, rd_kafka_resp_err_t err);
/** The next @n producers that want to begin fail with @err. */
void rig_fail_producers(struct rig *r, size_t n, rd_kafka_resp_err_t err);
/** The next @n requests to read messages do. */
void rig_fail_reads(struct rig *r, size_t n, rd_kafka_resp_err_t err);
/** They succeed again. */
void rig_fail_nothing(struct rig *r);
/** Messages are read @n times half a second later: requests to read any fail meanwhile. */
void rig_delay_reads(struct rig *r, size_t n);
/** Open connections to the brokers. */
unsigned rig_connections(const struct rig *r);
/** The offset that the next message of @topic gets. */
int64_t rig_next_offset(const struct rig *r, const char *topic);
/** Messages that every orderer passes over. */
void rig_write_some(const struct rig *r, const char *topic, int64_t n);
/** A message that every orderer complains about. */
void rig_write_garbage(const struct rig *r, const char *topic);

/** Order "m<first>" to "m<first + n - 1>", which all must be accepted for now. */
void rig_order(struct testkit *k, int first, int n);
/** The messages of all blocks are "m<first>" … once each and in order. */
void rig_check_blocks(struct testkit *k, int first, int n);

#endif /* KAFKA_RIG_H */
