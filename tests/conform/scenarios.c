/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scenarios.  Each tells a short story to one plugin and then reads the blocks.  They wait for
 * what must happen, so a plugin with a log far away passes like one that has none.
 */
#include "conform.h"

#include <stdlib.h>

/* Started, and whatever its log needs is there. */
static void serve(struct testkit *k)
{
	testkit_start(k);
	testkit_wait_serving(k);
}

/* The cutter holds @n messages and the plugin rests: the batch timer, if any, is set. */
static void settle_down(struct testkit *k, size_t n)
{
	testkit_wait_pending(k, n);
	testkit_wait_idle(k);
}

/* A message whose text is @size bytes long. */
static char *sized(const char *word, size_t size)
{
	char *s = x_malloc(size + 1);

	memset(s, ' ', size);
	memcpy(s, word, strlen(word));
	s[size] = '\0';
	return s;
}

static void order_sized(struct testkit *k, const char *word, size_t size)
{
	char *text = sized(word, size);

	conform_check(testkit_order(k, text) == 0);
	free(text);
}

/* ---- life ---------------------------------------------------------------- */

static void idle(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){0});

	serve(k);
	testkit_wait_idle(k);
	testkit_advance(k, 10 * TIMEOUT);
	testkit_wait_idle(k);
	conform_text("blocks", testkit_blocks(k), "");
	testkit_free(k);
}

static void never_started(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){0});
	struct ord_err e;

	if (testkit_open(k, &e) < 0)
		conform_failf("the chain does not open: %s", e.msg);
	testkit_free(k);
}

static void no_thread(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){0});

	testkit_fail_threads(k, 1);
	testkit_start(k);
	if (!testkit_errored(k))
		conform_fail("thread_start() failed, and errored() says that all is well");
	conform_check(testkit_order(k, "a") < 0);
	testkit_free(k);
}

static void ready(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){0});

	serve(k);
	conform_check(testkit_wait_ready(k) == 0);
	testkit_wait_settled(k, strstr(testkit_answers(k), "?ready") ? 1 : 0);
	conform_check(!testkit_errored(k));
	testkit_free(k);
}

static void halt_twice(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){0});

	unsigned kicks;

	serve(k);
	kicks = testkit_kicks(k);
	testkit_halt(k);
	testkit_halt(k);
	conform_check(testkit_errored(k));
	conform_check(testkit_kicks(k) > kicks);
	conform_check(testkit_order(k, "a") < 0);
	conform_check(testkit_configure(k, "b") < 0);
	conform_text("blocks", testkit_blocks(k), "");
	testkit_free(k);
}

static void halt_early(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){0});

	testkit_start(k);
	testkit_halt(k);
	conform_check(testkit_errored(k));
	conform_check(testkit_order(k, "a") < 0);
	conform_text("blocks", testkit_blocks(k), "");
	testkit_free(k);
}

/* What a first life accepted must be in the blocks when a second one has written a message. */
static void halt_busy(const struct ord_plugin *def)
{
	struct testkit_disk *disk = testkit_disk_new();
	struct testkit *k = conform_kit(def, (struct testkit_opts){.disk = disk, .max_count = 3});
	char *accepted, *blocks;

	serve(k);
	for (int i = 0; i < 20; i++) {
		char *text = x_printf("m%02d", i);

		conform_check(testkit_order(k, text) == 0);
		free(text);
	}
	testkit_free(k); /* halts at once */
	accepted = testkit_disk_accepted(disk);
	k = conform_kit(def, (struct testkit_opts){.disk = disk, .max_count = 1});
	serve(k);
	conform_check(testkit_order(k, "last") == 0);
	testkit_wait_message(k, "last");
	testkit_free(k);
	blocks = testkit_disk_blocks(disk);
	for (char *word = strtok(accepted, " "); word; word = strtok(NULL, " ")) {
		const char *at = strstr(blocks, word);

		if (!at)
			conform_failf("%s was accepted and is in no block: %s", word, blocks);
		if (strstr(at + 1, word))
			conform_failf("%s is in two blocks: %s", word, blocks);
	}
	free(accepted);
	free(blocks);
	testkit_disk_free(disk);
}

/* ---- order --------------------------------------------------------------- */

static void in_order(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){.max_count = 10});
	struct buf want = BUF_INIT;

	serve(k);
	for (int i = 0; i < 100; i++) {
		char *text = x_printf("m%d", i);

		conform_check(testkit_order(k, text) == 0);
		buf_printf(&want, "%s%s%s%s", i && i % 10 == 0 ? " " : "", i % 10 ? " " : "[", text,
			   i % 10 == 9 ? "]" : "");
		free(text);
	}
	testkit_wait_settled(k, 100);
	testkit_wait_written(k, 100);
	conform_text("blocks", testkit_blocks(k), buf_cstr(&want));
	testkit_free(k);
	buf_fini(&want);
}

#define CROWD 4
#define EACH  100

struct client {
	struct testkit *k;
	int number;
	pthread_t thread;
};

static void *client_main(void *arg)
{
	struct client *c = arg;

	for (int i = 0; i < EACH; i++) {
		char *text = x_printf("t%d-%03d", c->number, i);

		conform_check(testkit_order(c->k, text) == 0);
		free(text);
	}
	return NULL;
}

static void many_clients(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){.max_count = 7});
	struct client clients[CROWD];
	struct ord_err e;

	serve(k);
	for (int i = 0; i < CROWD; i++) {
		clients[i] = (struct client){k, i, 0};
		conform_check(thread_start(&clients[i].thread, "client", client_main, &clients[i],
					   &e) == 0);
	}
	for (int i = 0; i < CROWD; i++)
		pthread_join(clients[i].thread, NULL);
	testkit_wait_settled(k, CROWD * EACH);
	testkit_wait_written(k, CROWD * EACH - CROWD * EACH % 7);
	settle_down(k, CROWD * EACH % 7);
	testkit_advance(k, TIMEOUT);
	testkit_wait_written(k, CROWD * EACH);
	for (int t = 0; t < CROWD; t++) {
		const char *at = testkit_blocks(k);

		for (int i = 0; i < EACH; i++) {
			char *text = x_printf("t%d-%03d", t, i);

			at = strstr(at, text);
			if (!at || strstr(at + 1, text))
				conform_failf("%s is missing, twice or out of order", text);
			free(text);
		}
	}
	testkit_free(k);
}

/* ---- cutter -------------------------------------------------------------- */

static void by_count(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){.max_count = 3});

	serve(k);
	for (const char *text = "a\0b\0c\0d\0e\0f\0g\0"; *text; text += 2)
		conform_check(testkit_order(k, text) == 0);
	testkit_wait_written(k, 6);
	settle_down(k, 1);
	conform_text("blocks", testkit_blocks(k), "[a b c] [d e f]");
	testkit_free(k);
}

static void by_size(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){.preferred_max = 1000});

	serve(k);
	order_sized(k, "a", 400);
	order_sized(k, "b", 400);
	order_sized(k, "c", 400);
	testkit_wait_written(k, 2);
	settle_down(k, 1);
	conform_text("blocks", testkit_blocks(k), "[a b]");
	testkit_free(k);
}

static void isolated(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){.preferred_max = 1000});

	serve(k);
	order_sized(k, "a", 2000);
	order_sized(k, "b", 10);
	order_sized(k, "c", 2000);
	order_sized(k, "d", 10);
	testkit_wait_written(k, 3);
	settle_down(k, 1);
	conform_text("blocks", testkit_blocks(k), "[a] [b] [c]");
	testkit_free(k);
}

/* ---- batch timer --------------------------------------------------------- */

static void timer(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){0});

	serve(k);
	conform_check(testkit_order(k, "a") == 0);
	settle_down(k, 1);
	testkit_advance(k, TIMEOUT / 2);
	conform_check(testkit_order(k, "b") == 0);
	settle_down(k, 2);
	testkit_advance(k, TIMEOUT / 2 - 1);
	settle_down(k, 2);
	conform_text("blocks", testkit_blocks(k), "");
	testkit_advance(k, 1);
	testkit_wait_written(k, 2);
	testkit_advance(k, 10 * TIMEOUT);
	testkit_wait_idle(k);
	conform_text("blocks", testkit_blocks(k), "[a b]");
	testkit_free(k);
}

static void timer_runs_on(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){.preferred_max = 1000});

	serve(k);
	order_sized(k, "a", 600);
	settle_down(k, 1);
	testkit_advance(k, TIMEOUT / 2);
	order_sized(k, "b", 600);
	testkit_wait_written(k, 1);
	settle_down(k, 1);
	testkit_advance(k, TIMEOUT / 2); /* of the timer that "a" had started */
	testkit_wait_written(k, 2);
	conform_text("blocks", testkit_blocks(k), "[a] [b]");
	testkit_free(k);
}

static void timer_stops(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){.max_count = 2});

	serve(k);
	conform_check(testkit_order(k, "a") == 0);
	settle_down(k, 1);
	testkit_advance(k, TIMEOUT - 1);
	conform_check(testkit_order(k, "b") == 0);
	testkit_wait_written(k, 2);
	conform_check(testkit_order(k, "c") == 0);
	settle_down(k, 1);
	testkit_advance(k, TIMEOUT - 1); /* the timer of "a" would have expired */
	settle_down(k, 1);
	conform_text("blocks", testkit_blocks(k), "[a b]");
	testkit_advance(k, 1);
	testkit_wait_written(k, 3);
	conform_text("blocks", testkit_blocks(k), "[a b] [c]");
	testkit_free(k);
}

/* ---- configuration ------------------------------------------------------- */

/* What is not valid any more was dropped with a line in the log, or its client was told. */
static void turned_away(struct testkit *k)
{
	const char *why = "fragile is of sequence 0: permission denied";
	bool told = strstr(testkit_answers(k), why) != NULL;

	if (testkit_logged(k, why) + told != 1)
		conform_failf("a message is not valid any more: refuse it, or drop it and log "
			      "'%s', once",
			      why);
}

/* The blocks, in whichever of two ways they may have been made. */
static void blocks_either(struct testkit *k, const char *one, const char *other)
{
	const char *blocks = testkit_blocks(k);

	conform_text("blocks", blocks, strcmp(blocks, other) == 0 ? other : one);
}

static void config_alone(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){0});

	serve(k);
	conform_check(testkit_order(k, "a") == 0);
	conform_check(testkit_order(k, "b") == 0);
	conform_check(testkit_configure(k, "c") == 0);
	testkit_wait_written(k, 3);
	conform_check(testkit_order(k, "d") == 0);
	settle_down(k, 1);
	testkit_advance(k, TIMEOUT - 1); /* the config message has stopped the timer of "a" */
	settle_down(k, 1);
	blocks_either(k, "[a b] [*c]", "[a b] [*c']"); /* made again though it need not be */
	testkit_advance(k, 1);
	testkit_wait_written(k, 4);
	blocks_either(k, "[a b] [*c] [d]", "[a b] [*c'] [d]");
	testkit_free(k);
}

/* What has to be checked again may lose its place to what has not. */
static void checked_again(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){0});

	serve(k);
	testkit_bump_sequence(k);
	conform_check(testkit_order_at(k, "a", 0) == 0);
	conform_check(testkit_order_at(k, "fragile", 0) == 0);
	conform_check(testkit_order_at(k, "fragile-but-new", 1) == 0);
	settle_down(k, 2);
	turned_away(k);
	testkit_advance(k, TIMEOUT);
	testkit_wait_written(k, 2);
	blocks_either(k, "[a fragile-but-new]", "[fragile-but-new a]");
	testkit_free(k);
}

/* Both were made before either was in force. */
static void config_checked_again(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){0});

	serve(k);
	conform_check(testkit_order(k, "a") == 0);
	settle_down(k, 1);
	testkit_bump_sequence(k);
	conform_check(testkit_configure_at(k, "b", 0) == 0);
	conform_check(testkit_configure_at(k, "fragile", 0) == 0);
	conform_check(testkit_order(k, "c") == 0);
	testkit_wait_message(k, "b");
	testkit_wait_idle(k);
	turned_away(k);
	testkit_advance(k, TIMEOUT);
	testkit_wait_message(k, "c");
	blocks_either(k, "[a] [*b'] [c]", "[a c] [*b']");
	testkit_free(k);
}

/* ---- the log: the host's journal, or one elsewhere that the command line can take away ---- */

static void journal_shut(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){0});
	struct ord_err e;
	int rc;

	testkit_fail_journal(k, 0, 1);
	rc = testkit_open(k, &e);
	if (!testkit_uses_journal(k))
		conform_skip("keeps no journal");
	if (rc != ORD_EUNAVAIL)
		conform_fail("journal_open() failed, and handle_chain() passed it over");
	conform_text("reasons", e.msg, "journal: no space left on device");
	testkit_free(k);
}

static void journal_full(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){.max_count = 2});

	serve(k);
	if (!testkit_uses_journal(k))
		conform_skip("keeps no journal");
	conform_check(testkit_order(k, "a") == 0);
	testkit_wait_settled(k, 1);
	testkit_fail_journal(k, 1, 0);
	conform_check(testkit_order(k, "b") == 0);
	testkit_wait_settled(k, 2);
	conform_check(testkit_order(k, "c") == 0);
	testkit_wait_settled(k, 3);
	testkit_wait_written(k, 2);
	conform_text("answers", testkit_answers(k),
		     "a ok; b failed -7 journal: no space left on device; c ok");
	conform_text("blocks", testkit_blocks(k), "[a c]");
	testkit_free(k);
}

/* Nobody can tell whether b was on its way when the log went, so it may be there or not; but a
 * client that heard "accepted" must find it, and one that heard nothing yet must hear something. */
static void log_away(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){.max_count = 1});

	if (!conform_has_remote_log())
		conform_skip("no log that could be taken away: see -d and -u");
	serve(k);
	conform_check(testkit_order(k, "a") == 0);
	testkit_wait_written(k, 1);
	conform_remote_log(false);
	testkit_order(k, "b");
	testkit_wait_idle(k);
	testkit_advance(k, 60 * TIMEOUT);
	testkit_wait_idle(k);
	if (strstr(testkit_answers(k), "b ok"))
		conform_fail("b was accepted though there was no log to keep it");
	if (strstr(testkit_answers(k), "b owed"))
		conform_fail("there is no log, and after two minutes b's client has no answer");
	conform_remote_log(true);
	testkit_wait_serving(k);
	conform_check(testkit_order(k, "c") == 0);
	testkit_wait_message(k, "c");
	testkit_wait_idle(k);
	blocks_either(k, "[a] [c]", "[a] [b] [c]");
	testkit_free(k);
}

/* A chain starts without its log, is halted without it, and starts again with it. */
static void log_late(const struct ord_plugin *def)
{
	struct testkit *k = conform_kit(def, (struct testkit_opts){.max_count = 1});

	if (!conform_has_remote_log())
		conform_skip("no log that could be taken away: see -d and -u");
	conform_remote_log(false);
	testkit_start(k);
	testkit_wait_idle(k);
	conform_check(testkit_errored(k));
	conform_check(testkit_order(k, "a") < 0);
	testkit_free(k);

	k = conform_kit(def, (struct testkit_opts){.max_count = 1});
	testkit_start(k);
	conform_check(testkit_errored(k));
	conform_remote_log(true);
	testkit_wait_serving(k);
	conform_check(testkit_order(k, "b") == 0);
	testkit_wait_message(k, "b");
	conform_text("blocks", testkit_blocks(k), "[b]");
	testkit_free(k);
}

const struct scenario scenarios[] = {
	{"an idle channel starts, halts and is freed", idle, false},
	{"a chain that was never started is freed", never_started, false},
	{"a chain that gets no thread is errored and refuses", no_thread, false},
	{"a healthy chain is ready and not errored", ready, false},
	{"a chain is halted while it starts", halt_early, false},
	{"a second halt does nothing, and a halted chain refuses", halt_twice, false},
	{"messages come out once, in the order they went in", in_order, false},
	{"messages of many threads come out once, each thread's in order", many_clients, false},
	{"a batch is cut when it has MaxMessageCount messages", by_count, false},
	{"a batch is cut before it exceeds PreferredMaxBytes", by_size, false},
	{"a message above PreferredMaxBytes has a block of its own", isolated, false},
	{"the batch timer cuts what waits, and not before", timer, false},
	{"the batch timer runs on over a cut that leaves a message", timer_runs_on, false},
	{"the batch timer stops when nothing waits", timer_stops, false},
	{"a config message has a block of its own, behind what came before", config_alone, false},
	{"a message of an older sequence is checked again", checked_again, false},
	{"a config message of an older sequence is made again", config_checked_again, false},
	{"a halt in the middle of work loses nothing accepted", halt_busy, false},
	{"a journal that does not open fails handle_chain()", journal_shut, false},
	{"a journal that cannot write refuses and loses nothing", journal_full, true},
	{"a log that goes away refuses, and comes back", log_away, false},
	{"a chain starts without its log, and serves when it comes", log_late, false},
	{"a crash at any call loses nothing accepted and repeats nothing", crash_anywhere, true},
};
const size_t n_scenarios = UTIL_ARRAY_LEN(scenarios);
