/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random runs of several orderers over one topic: whatever happens, their ledgers are the same,
 * what a client was told is in the topic is in them, once if exactly_once is on, and nobody waits
 * for ever.  KAFKA_RUNS says how many runs of each kind; KAFKA_FIRST where their seeds begin.
 */
#include "world.h"

#include <kafka/message.h>
#include <stdlib.h>

/* What may happen in a run. */
struct plan {
	size_t max_nodes;
	int things;
	bool exactly_once; /* from the start */
	bool go;           /* Fabric's orderers among ours */
	bool switches;     /* of exactly_once, when none of Fabric's is there any more */
	bool old;          /* the capability of 1.1 comes and goes */
	bool calm;         /* hardly any configuration: see one_switch_doubles_nothing() */
};

static uint64_t seed;
static unsigned abandoned; /* runs that grew beyond measure */

static unsigned pick(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static bool chance(unsigned one_in)
{
	return pick(one_in) == 0;
}

/* ---- what happens -------------------------------------------------------- */

static bool has_go(const struct world *w)
{
	for (size_t i = 0; i < w->n_nodes; i++)
		if (w->nodes[i].is_go)
			return true;
	return false;
}

/* Valid, not valid any more at another sequence, or at every second orderer.  Where old messages
 * are checked at every orderer, no two must differ: that forks, and is why nobody wants to stay
 * there. */
static const char *kind(const struct plan *p)
{
	static const char *const kinds[] = {"", "", "", "", "!", "?!"};

	return kinds[pick(p->old ? 5 : 6)];
}

static void send_normal(struct world *w, const struct plan *p)
{
	static const char tail[] =
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
	char *text = x_printf("%zu%s.%.*s", w->n_clients, kind(p), chance(4) ? 120 : 1, tail);

	world_send(w, pick((unsigned)w->n_nodes), text, false);
	free(text);
}

static void send_config_at(struct world *w, size_t node, const char *kind,
			   const struct world_conf *conf)
{
	char *text = x_printf("%zu%s.=%u,%u,%u,%u", w->n_clients, kind, conf->max_count,
			      conf->preferred_max, conf->exactly_once, conf->resubmission);

	world_send(w, node, text, true);
	free(text);
}

static void send_config(struct world *w, const struct plan *p)
{
	size_t node = pick((unsigned)w->n_nodes);
	struct world_conf conf = w->nodes[node].conf;

	if (p->calm)
		return;
	if (chance(2))
		conf.max_count = 1 + pick(5);
	if (chance(2))
		conf.preferred_max = 400 + pick(400);
	if (p->switches && !has_go(w) && chance(3))
		conf.exactly_once = !conf.exactly_once;
	if (p->old && chance(3))
		conf.resubmission = !conf.resubmission;
	send_config_at(w, node, kind(p), &conf);
}

/* One that came twice or late; where no Go orderer would stop, also one that nobody can have sent.
 */
static void inject_time_to_cut(struct world *w)
{
	uint64_t highest = 0;
	struct kafka_bytes m;

	for (size_t i = 0; i < w->n_nodes; i++)
		if (w->nodes[i].n_blocks - 1 > highest)
			highest = w->nodes[i].n_blocks - 1;
	highest -= pick((unsigned)highest + 1);
	m = kafka_time_to_cut(has_go(w) ? highest : highest + pick(4));
	world_append(w, kafka_view(m));
	free(m.data);
}

static void calamity(struct world *w, const struct plan *p, size_t node)
{
	switch (pick(8)) {
	case 0:
	case 1:
		world_crash(w, node, pick(4), pick(4));
		break;
	case 2:
		if (chance(4))
			world_wipe(w, node);
		break;
	case 3:
		if (p->go && has_go(w))
			world_become(w, node, pick(2));
		break;
	case 4:
		if (p->switches && chance(3)) /* from here on there are only ours */
			for (size_t i = 0; i < w->n_nodes; i++)
				if (w->nodes[i].is_go)
					world_become(w, i, false);
		break;
	case 5:
		w->nodes[node].stopping = true;
		break;
	case 6:
		world_lose(w, node);
		break;
	default:
		inject_time_to_cut(w);
	}
}

static void one_thing(struct world *w, const struct plan *p, const unsigned *speed)
{
	unsigned node = pick((unsigned)w->n_nodes), what = pick(100);

	if (what < 18)
		send_normal(w, p);
	else if (what < 20)
		send_config(w, p);
	else if (what < 50)
		world_arrive(w, node);
	else if (what < 88)
		pick(4) < speed[node] ? (void)world_consume(w, node) : (void)0;
	else if (what < 92)
		w->now_ns += pick(3) * CLOCK_SEC_NS;
	else if (what < 96)
		world_expire(w, node);
	else
		calamity(w, p, node);
}

/* ---- what must be -------------------------------------------------------- */

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

/* Was exactly_once on ever since the message was in the topic? */
static bool was_exact(const struct world *w, const struct client *c)
{
	const struct kafka_copies *k = &w->nodes[0].st.copies;

	return k->n_switched % 2 != 0 && c->offset >= k->switched[k->n_switched - 1];
}

/* Returns how many stand there more than once. */
static size_t check_messages(const struct world *w, const char *ledger)
{
	size_t twice = 0;

	for (size_t i = 0; i < w->n_clients; i++) {
		const struct client *c = &w->clients[i];
		size_t n = count(ledger, c->text);

		if (c->settled && !c->stray && !strchr(c->text, '!') && n == 0)
			fail_msg("%s was accepted and is lost: %s", c->text, ledger);
		if (c->offset < 0 && n > 0)
			fail_msg("%s was never in the topic: %s", c->text, ledger);
		if (n > 1 && was_exact(w, c))
			fail_msg("%s is %zu times in %s", c->text, n, ledger);
		twice += n > 1;
	}
	return twice;
}

/* What the metadata of two orderers' blocks must agree on.  What Go's rule awaits depends on who
 * consumed it, and an orderer's last config message on whom it found valid. */
static void check_metadata(const struct node *a, const struct node *b, size_t block)
{
	struct kafka_state x, y;
	struct ord_err e = ERR_INIT;

	test_ok(kafka_resume(&x, buf_bytes(&a->metadata[block]), block + 1, &e), &e);
	test_ok(kafka_resume(&y, buf_bytes(&b->metadata[block]), block + 1, &e), &e);
	assert_int_equal(x.persisted, y.persisted);
	assert_int_equal(x.copies.original, y.copies.original);
	if (a->conf.exactly_once && x.copies.n_switched == 1) {
		assert_int_equal(y.copies.n_switched, 1);
		assert_int_equal(x.copies.switched[0], y.copies.switched[0]);
		assert_int_equal(x.copies.awaiting.n, y.copies.awaiting.n);
		for (size_t i = 0; i < x.copies.awaiting.n; i++)
			assert_int_equal(x.copies.awaiting.all[i], y.copies.awaiting.all[i]);
	}
	kafka_state_fini(&x);
	kafka_state_fini(&y);
}

static void check_node(const struct world *w, size_t node, const char *ledger)
{
	const struct node *n = &w->nodes[node], *first = &w->nodes[0];
	char *own = world_ledger(w, node);

	assert_string_equal(ledger, own);
	assert_memory_equal(n->blocks[n->n_blocks - 1]->header_hash,
			    first->blocks[n->n_blocks - 1]->header_hash, BLOCK_HASH_LEN);
	for (size_t i = 1; i < n->n_blocks; i++) {
		assert_int_equal(n->last_config[i], first->last_config[i]);
		check_metadata(first, n, i);
	}
	if (n->is_go) {
		assert_false(n->go.exited);
	} else {
		assert_false(kafka_is_blocked(&n->st));
		assert_int_equal(n->st.copies.awaiting.n, 0);
	}
	free(own);
}

static size_t check_world(const struct world *w)
{
	char *ledger = world_ledger(w, 0);
	size_t twice;

	for (size_t i = 0; i < w->n_nodes; i++)
		check_node(w, i, ledger);
	twice = check_messages(w, ledger);
	free(ledger);
	return twice;
}

/* ---- runs ---------------------------------------------------------------- */

static struct world *begin_run(const struct plan *p, uint64_t start)
{
	struct world_conf conf = {.exactly_once = p->exactly_once, .resubmission = true};
	struct world *w;

	seed = start * 977 + 13;
	conf.max_count = 1 + pick(5);
	conf.preferred_max = p->calm ? 1 << 20 : 400 + pick(400);
	if (p->old)
		conf.resubmission = pick(2);
	w = world_new(1 + pick((unsigned)p->max_nodes), conf);
	for (size_t i = 0; p->go && i < w->n_nodes; i++)
		if (chance(2))
			world_become(w, i, true);
	return w;
}

/* Returns how many messages stand in the ledger twice. */
static size_t one_run(const struct plan *p, uint64_t start)
{
	struct world *w = begin_run(p, start);
	unsigned speed[WORLD_NODES];
	size_t twice = 0;

	for (size_t i = 0; i < WORLD_NODES; i++)
		speed[i] = 1 + pick(4);
	for (int i = 0; i < p->things; i++)
		one_thing(w, p, speed);
	if (world_quiesce(w))
		twice = check_world(w);
	else
		abandoned++;
	world_free(w);
	return twice;
}

static unsigned number(const char *variable, unsigned fallback)
{
	const char *n = getenv(variable);

	return n ? (unsigned)atoi(n) : fallback;
}

/* @share: of all runs that are wanted. */
static size_t all_runs(const struct plan *p, double share)
{
	unsigned first = number("KAFKA_FIRST", 0),
		 n = (unsigned)(share * number("KAFKA_RUNS", 500));
	size_t twice = 0;

	abandoned = 0;
	for (unsigned i = first; i < first + n; i++) {
		if (getenv("KAFKA_VERBOSE"))
			print_message("run %u\n", i);
		twice += one_run(p, i);
	}
	print_message("%u runs, %u of them abandoned, %zu messages ordered twice by Go's rule\n", n,
		      abandoned, twice);
	assert_in_range(abandoned, 0, p->exactly_once ? 0 : n / 10);
	return twice;
}

static void everything_accepted_is_ordered_once_and_alike(void **state)
{
	(void)state;
	assert_int_equal(
		all_runs(&(struct plan){.max_nodes = 4, .things = 400, .exactly_once = true}, 1),
		0);
}

/* With Go's orderers on the topic their rule holds, which may order a message twice: the simulation
 * must be able to show it, or the test above shows nothing.  Every orderer's copy becomes as many
 * copies when it is out of date itself, so those runs are short. */
static void beside_go_the_ledgers_are_alike(void **state)
{
	struct plan p = {.max_nodes = 3, .things = 150, .go = true};

	(void)state;
	all_runs(&p, 1);
}

static void without_go_its_rule_is_the_same(void **state)
{
	struct plan p = {.max_nodes = 2, .things = 150};

	(void)state;
	assert_int_not_equal(all_runs(&p, 1), 0);
}

static void the_capability_comes_and_goes(void **state)
{
	struct plan p = {.max_nodes = 3, .things = 150, .go = true, .old = true};

	(void)state;
	all_runs(&p, 1);
}

/* From Go's orderers to ours, one by one, and then there and back. */
static void exactly_once_comes_and_goes(void **state)
{
	struct plan p = {.max_nodes = 3, .things = 300, .go = true, .switches = true};

	(void)state;
	all_runs(&p, 1);
}

/* ---- one switch ---------------------------------------------------------- */

static void put_config(struct world *w, const struct world_conf *conf)
{
	send_config_at(w, 0, "", conf);
	while (world_arrive(w, 0))
		;
}

/* A configuration puts messages out of date, and while their copies are under way the rule changes.
 * No block ends for its size and nothing else is put out of date, so that Go's rule itself doubles
 * nothing: neither must the change. */
static size_t run_switch(uint64_t start, bool exactly_once)
{
	struct plan p = {.max_nodes = 4, .things = 120, .exactly_once = exactly_once, .calm = true};
	struct world *w = begin_run(&p, start);
	unsigned speed[WORLD_NODES] = {4, 3, 2, 1};
	struct world_conf conf = w->conf;
	size_t twice;

	for (int i = 0; i < 60; i++)
		one_thing(w, &p, speed);
	put_config(w, &conf);
	while (w->nodes[0].config == 0) {
		world_consume(w, 0);
		one_thing(w, &p, speed);
	}
	for (unsigned i = pick(40); i > 0; i--)
		one_thing(w, &p, speed);
	conf.exactly_once = !exactly_once;
	put_config(w, &conf);
	for (int i = 0; i < p.things; i++)
		one_thing(w, &p, speed);
	assert_true(world_quiesce(w));
	twice = check_world(w);
	world_free(w);
	return twice;
}

static void one_switch_doubles_nothing(void **state)
{
	unsigned first = number("KAFKA_FIRST", 0), n = number("KAFKA_RUNS", 500);

	(void)state;
	for (unsigned i = first; i < first + n; i++)
		if (run_switch(i, i % 2) > 0)
			fail_msg("run %u", i);
}

/* ---- a copy that a full block leaves behind ------------------------------ */

static void put_copy(struct world *w, const char *text, int64_t original)
{
	struct ord_env *env = fake_chan_env(text, false);
	struct kafka_bytes m =
		kafka_regular(env->raw, 0, ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__NORMAL, original);

	world_append(w, kafka_view(m));
	free(m.data);
	env_unref(env);
}

/* By Go's rule that it was ordered is forgotten, and so it is by an orderer that starts again right
 * there: else only one of the two would order the next copy. */
static void what_go_forgets_is_forgotten_after_a_restart_too(void **state)
{
	struct world *w = world_new(
		2, (struct world_conf){.max_count = 10, .preferred_max = 44, .resubmission = true});
	char *ledger;

	(void)state;
	put_copy(w, "first.", 0);
	put_copy(w, "left-behind.", 1);
	while (world_consume(w, 0) || world_consume(w, 1))
		;
	assert_int_equal(w->nodes[1].n_blocks, 2);
	world_crash(w, 1, 0, 0);
	put_copy(w, "left-behind.", 1);
	assert_true(world_quiesce(w));
	ledger = world_ledger(w, 0);
	assert_string_equal(ledger, "[first.][left-behind.][left-behind.]");
	check_node(w, 1, ledger);
	free(ledger);
	world_free(w);
}

/* ---- a config message that does not apply -------------------------------- */

static void put_made_at(struct world *w, const char *text, uint64_t config_seq)
{
	struct ord_env *env = fake_chan_env(text, true);
	struct kafka_bytes m = kafka_regular(env->raw, config_seq,
					     ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__CONFIG, 0);

	world_append(w, kafka_view(m));
	free(m.data);
	env_unref(env);
}

/* By the ways of Fabric 1.0 two that were made of the same configuration; by any, one that somebody
 * wrote who is no orderer. */
static void a_config_message_that_does_not_apply_is_passed_over(void **state)
{
	(void)state;
	for (int now = 0; now <= 1; now++) {
		struct world *w = world_new(2, (struct world_conf){10, 400, .resubmission = now});

		world_send(w, 0, "0.", true);
		if (now)
			put_made_at(w, "x.@7", 99);
		else
			world_send(w, 1, "1.", true);
		assert_true(world_quiesce(w));
		world_send(w, 0, "2.", true);
		assert_true(world_quiesce(w));
		for (size_t i = 0; i < w->n_nodes; i++) {
			char *ledger = world_ledger(w, i);

			assert_string_equal(ledger, "[*0.@0][*2.@1]");
			free(ledger);
		}
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_accepted_is_ordered_once_and_alike),
		cmocka_unit_test(beside_go_the_ledgers_are_alike),
		cmocka_unit_test(without_go_its_rule_is_the_same),
		cmocka_unit_test(the_capability_comes_and_goes),
		cmocka_unit_test(exactly_once_comes_and_goes),
		cmocka_unit_test(one_switch_doubles_nothing),
		cmocka_unit_test(a_config_message_that_does_not_apply_is_passed_over),
		cmocka_unit_test(what_go_forgets_is_forgotten_after_a_restart_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
