/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random runs of several orderers over one topic: whatever happens, their ledgers are the same, and
 * what a client was told is in the topic is in them once.
 */
#include "world.h"

#include <stdlib.h>

static uint64_t seed;

static unsigned pick(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static void send_one(struct world *w)
{
	static const char *const kinds[] = {"", "", "", "", "!", "?!"};
	bool config = pick(12) == 0;
	char *text = x_printf("%zu%s.%.*s", w->n_clients, kinds[pick(UTIL_ARRAY_LEN(kinds))],
			      pick(4) ? 1 : 120,
			      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");

	world_send(w, pick((unsigned)w->n_nodes), text, config);
	free(text);
}

static void one_thing(struct world *w)
{
	unsigned node = pick((unsigned)w->n_nodes), what = pick(100);

	if (what < 20)
		send_one(w);
	else if (what < 50)
		world_arrive(w, node);
	else if (what < 90)
		world_consume(w, node);
	else if (what < 95)
		w->now_ns += pick(3) * CLOCK_SEC_NS;
	else if (what < 99)
		world_expire(w, node);
	else
		world_crash(w, node, pick(4));
}

/* How often a client's message stands in the ledger, whatever became of its tail. */
static size_t count(const char *ledger, const char *text)
{
	char *id = x_printf("%.*s.", (int)strcspn(text, "."), text);
	size_t n = 0;

	for (const char *p = ledger; (p = strstr(p, id)); p++)
		n += p == ledger || strchr("[ *", p[-1]) != NULL;
	free(id);
	return n;
}

static void check_messages(const struct world *w, const char *ledger, bool exactly_once)
{
	for (size_t i = 0; i < w->n_clients; i++) {
		size_t n = count(ledger, w->texts[i]);
		bool firm = !strchr(w->texts[i], '!');

		if (w->settled[i] && firm && n == 0)
			fail_msg("%s was accepted and is lost: %s", w->texts[i], ledger);
		if (!w->settled[i] && n > 0)
			fail_msg("%s was never in the topic: %s", w->texts[i], ledger);
		if (exactly_once && n > 1)
			fail_msg("%s is %zu times in %s", w->texts[i], n, ledger);
	}
}

static size_t doubled(const struct world *w, const char *ledger)
{
	size_t all = 0;

	for (size_t i = 0; i < w->n_clients; i++)
		all += count(ledger, w->texts[i]) > 1;
	return all;
}

/* Returns how many messages stand in the ledger twice.  By Go's rule every orderer's copy becomes
 * as many copies when it is out of date itself, so those runs are short. */
static size_t one_run(uint64_t start, bool exactly_once)
{
	struct world *w;
	char *first, *other;
	size_t twice;

	seed = start * 977 + 13;
	w = world_new(1 + pick(exactly_once ? WORLD_NODES : 2), 1 + pick(5), 400 + pick(400),
		      exactly_once);
	for (int i = 0; i < (exactly_once ? 400 : 150); i++)
		one_thing(w);
	world_quiesce(w);
	first = world_ledger(w, 0);
	for (size_t i = 1; i < w->n_nodes; i++) {
		other = world_ledger(w, i);
		assert_string_equal(first, other);
		assert_memory_equal(w->nodes[0].blocks[w->nodes[0].n_blocks - 1]->header_hash,
				    w->nodes[i].blocks[w->nodes[i].n_blocks - 1]->header_hash,
				    BLOCK_HASH_LEN);
		free(other);
	}
	check_messages(w, first, exactly_once);
	twice = doubled(w, first);
	for (size_t i = 0; i < w->n_nodes && exactly_once; i++)
		assert_int_equal(w->nodes[i].st.copies.awaiting.n, 0);
	free(first);
	world_free(w);
	return twice;
}

static unsigned runs(void)
{
	const char *n = getenv("KAFKA_RUNS");

	return n ? (unsigned)atoi(n) : 500;
}

static void everything_accepted_is_ordered_once_and_alike(void **state)
{
	(void)state;
	for (unsigned i = 0; i < runs(); i++)
		if (one_run(i, true) > 0)
			fail_msg("run %u", i);
}

/* With Go's orderers on the topic their rule holds, which may order a message twice: the simulation
 * must be able to show it, or the test above shows nothing. */
static void beside_go_the_ledgers_are_alike(void **state)
{
	size_t twice = 0;

	(void)state;
	for (unsigned i = 0; i < runs(); i++)
		twice += one_run(i, false);
	print_message("%zu messages ordered twice by Go's rule\n", twice);
	assert_int_not_equal(twice, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_accepted_is_ordered_once_and_alike),
		cmocka_unit_test(beside_go_the_ledgers_are_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
