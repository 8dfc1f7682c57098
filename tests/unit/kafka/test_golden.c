/* SPDX-License-Identifier: Apache-2.0 */
/* What Fabric's orderer 1.4.12 made of a recorded topic of Apache Kafka: we make the same of it. */
#include "world.h"

#include <kafka/message.h>
#include <stdlib.h>

#define RECORDED 6 /* blocks */

static struct ord_block *recorded_block(int number)
{
	char *name = x_printf("kafka/mychannel.%d.block", number);
	struct buf bytes = test_golden(name);
	struct ord_block *b;
	struct ord_err e = ERR_INIT;

	test_ok(block_parse(&bytes, &b, &e), &e);
	free(name);
	return b;
}

/* Every line is a JSON object with "value_b64": the message. */
static void append_recorded(struct world *w)
{
	static const char key[] = "\"value_b64\": \"";
	struct buf file = test_golden("kafka/mychannel.topic.jsonl");
	char *text = buf_cstr(&file);

	for (char *p = text; (p = strstr(p, key)); p++) {
		struct buf message = BUF_INIT;

		p += strlen(key);
		assert_int_equal(base64_decode(&message, p, strcspn(p, "\"")), 0);
		world_append(w, buf_bytes(&message));
		buf_fini(&message);
	}
	buf_fini(&file);
}

static struct world *recorded_world(void)
{
	struct world *w = world_new(1, 10, 512 << 10, false);
	struct ord_block *genesis = recorded_block(0);

	world_restore(w, genesis, 1);
	block_unref(genesis);
	append_recorded(w);
	return w;
}

static void check_block(const struct node *n, int number)
{
	const struct ord_block *ours = n->blocks[number];
	struct ord_block *theirs = recorded_block(number);
	struct buf metadata = BUF_INIT;
	struct ord_err e = ERR_INIT;

	assert_memory_equal(ours->header_hash, theirs->header_hash, BLOCK_HASH_LEN);
	assert_int_equal(ours->n_data, theirs->n_data);
	for (size_t i = 0; i < ours->n_data; i++) {
		assert_int_equal(ours->data[i].len, theirs->data[i].len);
		assert_memory_equal(ours->data[i].data, theirs->data[i].data, ours->data[i].len);
	}
	test_ok(block_consenter_metadata(theirs, &metadata, &e), &e);
	assert_int_equal(n->metadata[number].len, metadata.len);
	assert_memory_equal(n->metadata[number].data, metadata.data, metadata.len);
	buf_fini(&metadata);
	block_unref(theirs);
}

static void check_blocks(const struct world *w)
{
	assert_int_equal(w->nodes[0].n_blocks, RECORDED);
	for (int i = 1; i < RECORDED; i++)
		check_block(&w->nodes[0], i);
}

static void a_recorded_topic_gives_the_recorded_blocks(void **state)
{
	struct world *w = recorded_world();

	(void)state;
	while (world_consume(w, 0))
		;
	check_blocks(w);
	world_free(w);
}

static void so_it_does_when_the_chain_stops_after_any_message(void **state)
{
	struct world *w = recorded_world();
	size_t messages = w->n_log;

	(void)state;
	for (size_t stop = 0; stop < messages; stop++) {
		for (size_t i = 0; i <= stop; i++)
			world_consume(w, 0);
		world_crash(w, 0, 0);
		while (world_consume(w, 0))
			;
		check_blocks(w);
		world_free(w);
		w = recorded_world();
	}
	world_free(w);
}

static void so_it_does_when_it_stops_after_every_message(void **state)
{
	struct world *w = recorded_world();

	(void)state;
	for (size_t stop = 1; stop <= w->n_log; stop++) {
		while (w->nodes[0].next < (int64_t)stop)
			world_consume(w, 0);
		world_crash(w, 0, 0);
	}
	while (world_consume(w, 0))
		;
	check_blocks(w);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recorded_topic_gives_the_recorded_blocks),
		cmocka_unit_test(so_it_does_when_the_chain_stops_after_any_message),
		cmocka_unit_test(so_it_does_when_it_stops_after_every_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
