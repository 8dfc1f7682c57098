/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <string.h>

#define ANSWER_MS 5000

extern const struct ord_plugin ord_plugin;

/* A mock broker that has nothing new answers when it must, and not before.  It does not look at
 * sequence numbers: it would take a request behind one that failed, and librdkafka would conclude
 * that the first one, too, is written; hence one request at a time. */
static const char *const settings[] = {
	"Retry.ShortInterval=100ms", "Retry.Consumer.RetryBackoff=100ms",
	"Client=fetch.wait.max.ms=10\nretry.backoff.ms=10\nreconnect.backoff.ms=10\n"
	"reconnect.backoff.max.ms=20\ntopic.metadata.refresh.fast.interval.ms=10\n"
	"max.in.flight.requests.per.connection=1\n",
	NULL};

/* ---- the cluster --------------------------------------------------------- */

static rd_kafka_t *client(rd_kafka_type_t type, const char *brokers)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256] = "";
	rd_kafka_t *rk;

	rd_kafka_conf_set(conf, "log_level", "0", why, sizeof(why));
	if (brokers)
		rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why));
	rk = rd_kafka_new(type, conf, why, sizeof(why));
	if (!rk)
		fail_msg("%s", why);
	return rk;
}

void rig_init(struct rig *r)
{
	char *rest = NULL;
	int n = 0;

	*r = (struct rig){.rk = client(RD_KAFKA_PRODUCER, NULL)};
	r->cluster = rd_kafka_mock_cluster_new(r->rk, RIG_BROKERS);
	assert_non_null(r->cluster);
	r->list = x_strdup(rd_kafka_mock_cluster_bootstraps(r->cluster));
	for (char *b = strtok_r(r->list, ",", &rest); b; b = strtok_r(NULL, ",", &rest))
		r->brokers[n++] = b;
	assert_int_equal(n, RIG_BROKERS);
}

void rig_fini(struct rig *r)
{
	rd_kafka_mock_cluster_destroy(r->cluster);
	rd_kafka_destroy(r->rk);
	free(r->list);
}

int rig_setup(void **state)
{
	*state = x_alloc(sizeof(struct rig));
	rig_init(*state);
	return 0;
}

int rig_teardown(void **state)
{
	rig_fini(*state);
	free(*state);
	return 0;
}

void rig_down(struct rig *r)
{
	for (int32_t id = 1; id <= RIG_BROKERS; id++)
		rd_kafka_mock_broker_set_down(r->cluster, id);
}

void rig_up(struct rig *r)
{
	for (int32_t id = 1; id <= RIG_BROKERS; id++)
		rd_kafka_mock_broker_set_up(r->cluster, id);
}

/* Kinds of requests, by their number in Kafka's protocol. */
enum { PRODUCE = 0, FETCH = 1, INIT_PRODUCER_ID = 22 };

static void fail_requests(struct rig *r, int16_t request, size_t n, rd_kafka_resp_err_t err)
{
	while (n-- > 0)
		rd_kafka_mock_push_request_errors(r->cluster, request, 1, err);
}

void rig_fail_writes(struct rig *r, size_t n, rd_kafka_resp_err_t err)
{
	fail_requests(r, PRODUCE, n, err);
}

void rig_fail_producers(struct rig *r, size_t n, rd_kafka_resp_err_t err)
{
	fail_requests(r, INIT_PRODUCER_ID, n, err);
}

void rig_fail_reads(struct rig *r, size_t n, rd_kafka_resp_err_t err)
{
	fail_requests(r, FETCH, n, err);
}

void rig_fail_nothing(struct rig *r)
{
	rd_kafka_mock_clear_request_errors(r->cluster, PRODUCE);
	rd_kafka_mock_clear_request_errors(r->cluster, FETCH);
	rd_kafka_mock_clear_request_errors(r->cluster, INIT_PRODUCER_ID);
}

void rig_delay_reads(struct rig *r, size_t n)
{
	rig_fail_reads(r, 5 * n, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
}

/* What the kernel says of the brokers' ports: one line a socket, in state 1, established. */
unsigned rig_connections(const struct rig *r)
{
	FILE *f = fopen("/proc/net/tcp", "r");
	unsigned port, peer, state, count = 0;
	char line[512];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*d: %*8x:%x %*8x:%x %x", &port, &peer, &state) == 3 &&
		    state == 1)
			for (int i = 0; i < RIG_BROKERS; i++)
				count += port == (unsigned)atoi(strchr(r->brokers[i], ':') + 1);
	fclose(f);
	return count;
}

int64_t rig_next_offset(const struct rig *r, const char *topic)
{
	rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, rd_kafka_mock_cluster_bootstraps(r->cluster));
	int64_t oldest, next;

	assert_int_equal(rd_kafka_query_watermark_offsets(rk, topic, 0, &oldest, &next, ANSWER_MS),
			 0);
	rd_kafka_destroy(rk);
	return next;
}

static void write_values(const struct rig *r, const char *topic, int64_t n, const char *value)
{
	rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, rd_kafka_mock_cluster_bootstraps(r->cluster));

	for (; n > 0; n--)
		assert_int_equal(
			rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
					  RD_KAFKA_V_VALUE((void *)(uintptr_t)value, strlen(value)),
					  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
			0);
	assert_int_equal(rd_kafka_flush(rk, ANSWER_MS), 0);
	rd_kafka_destroy(rk);
}

void rig_write_some(const struct rig *r, const char *topic, int64_t n)
{
	write_values(r, topic, n, "");
}

void rig_write_garbage(const struct rig *r, const char *topic)
{
	write_values(r, topic, 1, "garbage");
}

/* ---- the kit ------------------------------------------------------------- */

struct testkit *rig_kit(const struct rig *r, struct testkit_opts opts)
{
	opts.settings = settings;
	opts.brokers = r->brokers;
	opts.quiet_ms = 60;
	return testkit_new(&ord_plugin, &opts);
}

struct testkit *rig_serve(const struct rig *r, struct testkit_opts opts)
{
	struct testkit *k = rig_kit(r, opts);

	testkit_start(k);
	testkit_wait_serving(k);
	return k;
}

void rig_order(struct testkit *k, int first, int n)
{
	for (int i = first; i < first + n; i++) {
		char *text = x_printf("m%d", i);

		if (testkit_order(k, text) != 0)
			fail_msg("%s was refused: %s", text, testkit_answers(k));
		free(text);
	}
}

void rig_check_blocks(struct testkit *k, int first, int n)
{
	char *blocks = x_strdup(testkit_blocks(k)), *rest = NULL, *word;
	int i = first;

	for (word = strtok_r(blocks, " []", &rest); word; word = strtok_r(NULL, " []", &rest)) {
		char *text = x_printf("m%d", i++);

		if (strcmp(word, text) != 0)
			fail_msg("%s stands where %s should: %s", word, text, testkit_blocks(k));
		free(text);
	}
	assert_int_equal(i, first + n);
	free(blocks);
}
