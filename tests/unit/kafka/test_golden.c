/* SPDX-License-Identifier: Apache-2.0 */
/* What Fabric's orderer 1.4.12 made of recorded topics of Apache Kafka: we make the same of them,
 * and so does the model of it that the simulation uses. */
#include "world.h"

#include <ledger/ledger.h>
#include <stdlib.h>

/* A topic, and the ledger made of it. */
struct recorded {
	const char *channel;
	uint64_t config; /* sequence of the genesis block */
	struct ord_block *blocks[8];
	size_t n;
};

static int keep_block(void *arg, struct ord_block *b, uint32_t file, uint32_t offset)
{
	struct recorded *r = arg;

	(void)file, (void)offset;
	assert_in_range(r->n, 0, UTIL_ARRAY_LEN(r->blocks) - 1);
	r->blocks[r->n++] = block_ref(b);
	return 0;
}

static struct recorded recorded(const char *channel, uint64_t config)
{
	const char *top = getenv("TOP_SRCDIR");
	char *dir = x_printf("%s/tests/golden/ledger-kafka/chains/%s", top ? top : ".", channel);
	struct recorded r = {.channel = channel, .config = config};
	struct ord_err e = ERR_INIT;

	test_ok(ledger_walk(dir, keep_block, &r, &e), &e);
	free(dir);
	return r;
}

static void recorded_fini(struct recorded *r)
{
	while (r->n > 0)
		block_unref(r->blocks[--r->n]);
}

/* Every line is a JSON object with "value_b64": the message. */
static void append_recorded(struct world *w, const char *channel)
{
	static const char key[] = "\"value_b64\": \"";
	char *name = x_printf("kafka/%s.topic.jsonl", channel);
	struct buf file = test_golden(name);
	char *text = buf_cstr(&file);

	for (char *p = text; (p = strstr(p, key)); p++) {
		struct buf message = BUF_INIT;

		p += strlen(key);
		assert_int_equal(base64_decode(&message, p, strcspn(p, "\"")), 0);
		world_append(w, buf_bytes(&message));
		buf_fini(&message);
	}
	buf_fini(&file);
	free(name);
}

static struct world *world_of(const struct recorded *r)
{
	struct world *w = world_new(1, (struct world_conf){.max_count = 10,
							   .preferred_max = 512 << 10,
							   .resubmission = true});

	world_restore(w, r->blocks[0], r->config);
	append_recorded(w, r->channel);
	return w;
}

static void consume_all(struct world *w)
{
	while (world_consume(w, 0))
		;
}

static void check_block(const struct node *n, const struct ord_block *theirs)
{
	const struct ord_block *ours = n->blocks[theirs->number];
	struct buf metadata = BUF_INIT;
	struct ord_err e = ERR_INIT;
	uint64_t last_config;

	assert_memory_equal(ours->header_hash, theirs->header_hash, BLOCK_HASH_LEN);
	assert_int_equal(ours->n_data, theirs->n_data);
	for (size_t i = 0; i < ours->n_data; i++) {
		assert_int_equal(ours->data[i].len, theirs->data[i].len);
		assert_memory_equal(ours->data[i].data, theirs->data[i].data, ours->data[i].len);
	}
	test_ok(block_consenter_metadata(theirs, &metadata, &e), &e);
	assert_int_equal(n->metadata[theirs->number].len, metadata.len);
	assert_memory_equal(n->metadata[theirs->number].data, metadata.data, metadata.len);
	test_ok(block_last_config(theirs, &last_config, &e), &e);
	assert_int_equal(n->last_config[theirs->number], last_config);
	buf_fini(&metadata);
}

static void check_blocks(const struct world *w, const struct recorded *r)
{
	assert_int_equal(w->nodes[0].n_blocks, r->n);
	for (size_t i = 1; i < r->n; i++)
		check_block(&w->nodes[0], r->blocks[i]);
}

/* ---- ways to consume it -------------------------------------------------- */

static void straight(const struct recorded *r)
{
	struct world *w = world_of(r);

	consume_all(w);
	check_blocks(w, r);
	world_free(w);
}

static void as_go(const struct recorded *r)
{
	struct world *w = world_of(r);

	world_become(w, 0, true);
	consume_all(w);
	check_blocks(w, r);
	world_free(w);
}

static void stopping_after_any_message(const struct recorded *r)
{
	struct world *w = world_of(r);
	size_t messages = w->n_log;

	for (size_t stop = 0; stop < messages; stop++) {
		for (size_t i = 0; i <= stop; i++)
			world_consume(w, 0);
		world_crash(w, 0, 0, 0);
		consume_all(w);
		check_blocks(w, r);
		world_free(w);
		w = world_of(r);
	}
	world_free(w);
}

static void stopping_after_every_message(const struct recorded *r)
{
	struct world *w = world_of(r);

	for (size_t stop = 1; stop <= w->n_log; stop++) {
		while (w->nodes[0].next < (int64_t)stop)
			world_consume(w, 0);
		world_crash(w, 0, 0, 0);
	}
	consume_all(w);
	check_blocks(w, r);
	world_free(w);
}

/* ---- the tests ----------------------------------------------------------- */

static void both_topics(void (*way)(const struct recorded *r), size_t blocks, size_t system_blocks)
{
	struct recorded r = recorded("mychannel", 1), system = recorded("testchainid", 0);

	assert_int_equal(r.n, blocks);
	assert_int_equal(system.n, system_blocks);
	way(&r);
	way(&system);
	recorded_fini(&r);
	recorded_fini(&system);
}

static void a_recorded_topic_gives_the_recorded_blocks(void **state)
{
	(void)state;
	both_topics(straight, 6, 2);
}

static void so_it_does_when_the_chain_stops_after_any_message(void **state)
{
	(void)state;
	both_topics(stopping_after_any_message, 6, 2);
}

static void so_it_does_when_it_stops_after_every_message(void **state)
{
	(void)state;
	both_topics(stopping_after_every_message, 6, 2);
}

static void the_model_of_gos_chain_gives_them_too(void **state)
{
	(void)state;
	both_topics(as_go, 6, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recorded_topic_gives_the_recorded_blocks),
		cmocka_unit_test(so_it_does_when_the_chain_stops_after_any_message),
		cmocka_unit_test(so_it_does_when_it_stops_after_every_message),
		cmocka_unit_test(the_model_of_gos_chain_gives_them_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
