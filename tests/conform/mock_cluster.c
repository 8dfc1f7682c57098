/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mock_cluster: librdkafka's mock cluster in a process of its own, so that topics survive the
 * plugin's crashes.  Prints the bootstrap list, then obeys one command a line and answers "ok" or
 * "error ..."; ends with its input.
 *
 *	down BROKER                  broker ids count from 1; 0: all
 *	up BROKER
 *	rtt BROKER MS                its answers take that long
 *	topic NAME PARTITIONS REPLICAS
 *	leader TOPIC BROKER          of partition 0
 *	errors API ERROR N           the next N requests of this kind fail: errors Produce
 *REQUEST_TIMED_OUT 3 topicerror TOPIC ERROR       in answers to Metadata
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BROKERS  3
#define WORDS    4
#define MAX_PUSH 64

static rd_kafka_mock_cluster_t *cluster;

static bool find_error(const char *name, rd_kafka_resp_err_t *out)
{
	const struct rd_kafka_err_desc *all;
	size_t n;

	rd_kafka_get_err_descs(&all, &n);
	for (size_t i = 0; i < n; i++)
		if (all[i].name && strcmp(all[i].name, name) == 0) {
			*out = all[i].code;
			return true;
		}
	return false;
}

static bool find_api(const char *name, int16_t *out)
{
	static const struct {
		const char *name;
		int16_t key;
	} apis[] = {{"Produce", 0},  {"Fetch", 1},        {"ListOffsets", 2},
		    {"Metadata", 3}, {"ApiVersions", 18}, {"InitProducerId", 22}};

	for (size_t i = 0; i < sizeof(apis) / sizeof(apis[0]); i++)
		if (strcmp(apis[i].name, name) == 0) {
			*out = apis[i].key;
			return true;
		}
	return false;
}

/* ---- commands: true when the cluster took it ----------------------------- */

/* To one broker, or to all. */
static bool to_brokers(const char *which, int arg,
		       rd_kafka_resp_err_t (*call)(rd_kafka_mock_cluster_t *, int32_t, int))
{
	int id = atoi(which), from = id ? id : 1, to = id ? id : BROKERS;

	for (int i = from; i <= to; i++)
		if (call(cluster, i, arg) != RD_KAFKA_RESP_ERR_NO_ERROR)
			return false;
	return true;
}

static rd_kafka_resp_err_t set_up(rd_kafka_mock_cluster_t *c, int32_t broker, int up)
{
	return up ? rd_kafka_mock_broker_set_up(c, broker)
		  : rd_kafka_mock_broker_set_down(c, broker);
}

static bool cmd_down(char *const w[])
{
	return to_brokers(w[1], false, set_up);
}

static bool cmd_up(char *const w[])
{
	return to_brokers(w[1], true, set_up);
}

static bool cmd_rtt(char *const w[])
{
	return to_brokers(w[1], atoi(w[2]), rd_kafka_mock_broker_set_rtt);
}

static bool cmd_topic(char *const w[])
{
	return rd_kafka_mock_topic_create(cluster, w[1], atoi(w[2]), atoi(w[3])) == 0;
}

static bool cmd_leader(char *const w[])
{
	return rd_kafka_mock_partition_set_leader(cluster, w[1], 0, atoi(w[2])) == 0;
}

static bool cmd_errors(char *const w[])
{
	rd_kafka_resp_err_t errors[MAX_PUSH], error;
	int n = atoi(w[3]);
	int16_t api;

	if (!find_api(w[1], &api) || !find_error(w[2], &error) || n < 1 || n > MAX_PUSH)
		return false;
	for (int i = 0; i < n; i++)
		errors[i] = error;
	rd_kafka_mock_push_request_errors_array(cluster, api, (size_t)n, errors);
	return true;
}

static bool cmd_topicerror(char *const w[])
{
	rd_kafka_resp_err_t error;

	if (!find_error(w[2], &error))
		return false;
	rd_kafka_mock_topic_set_error(cluster, w[1], error);
	return true;
}

static const struct command {
	const char *name;
	int words;
	bool (*run)(char *const words[]);
} commands[] = {{"down", 2, cmd_down},
		{"up", 2, cmd_up},
		{"rtt", 3, cmd_rtt},
		{"topic", 4, cmd_topic},
		{"leader", 3, cmd_leader},
		{"errors", 4, cmd_errors},
		{"topicerror", 3, cmd_topicerror}};

static bool obey(char *line)
{
	char *words[WORDS + 1] = {NULL}, *rest = NULL;
	int n = 0;

	for (char *w = strtok_r(line, " \n", &rest); w && n <= WORDS;
	     w = strtok_r(NULL, " \n", &rest))
		words[n++] = w;
	for (size_t i = 0; n > 0 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, words[0]) == 0)
			return n == commands[i].words && commands[i].run(words);
	return false;
}

int main(void)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *rk;
	char line[512], copy[512], why[512];

	rd_kafka_conf_set(conf, "log_level", "0", why, sizeof(why)); /* a client of no brokers */
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (!rk || !(cluster = rd_kafka_mock_cluster_new(rk, BROKERS))) {
		fprintf(stderr, "mock_cluster: %s\n", rk ? "no cluster" : why);
		return 1;
	}
	puts(rd_kafka_mock_cluster_bootstraps(cluster));
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		strcpy(copy, line);
		if (obey(line))
			puts("ok");
		else
			printf("error: %s", copy);
		fflush(stdout);
	}
	rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(rk);
	return 0;
}
