/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives a crash, a ledger that refuses, and a channel that is broken. */
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static struct rig rig;
static atomic_bool disk_full, disk_full_once, disk_slow;

/* What a chain thread does; for one that has nothing to do itself. */
static void write_one(struct chan *c, struct ord_env *env)
{
	writer_write(c, writer_create(c, cutter_one(env)), bytes_of(NULL, 0));
}

static size_t queued(struct chan *c)
{
	size_t n;

	monitor_lock(&c->commit);
	n = c->queued;
	monitor_unlock(&c->commit);
	return n;
}

/* A channel that has the next block ready before the last one is written. */
static struct {
	atomic_bool on;
	struct chan *chan;
	struct ord_env *message;
} busy;

/* What this thread reads fails, when it has read so often. */
static struct {
	const char *_Atomic thread; /* NULL: none */
	atomic_int left;
} unreadable;

static bool read_fails(const char *thread)
{
	const char *name = atomic_load(&unreadable.thread);

	return name && strcmp(thread, name) == 0 && atomic_fetch_sub(&unreadable.left, 1) <= 0;
}

/* Syncs are left out, nobody pulls the plug; a full disk is one that takes no more blocks, though
 * it does take the journal, whose room is there already, and a slow one
 * takes them when it is slow no longer. */
static int disk(enum ledger_io op)
{
	char thread[16] = "";

	if (op == LEDGER_IO_SYNC)
		return LEDGER_IO_PRETEND;
	if (op != LEDGER_IO_WRITE && op != LEDGER_IO_READ)
		return 0;
	pthread_getname_np(pthread_self(), thread, sizeof(thread));
	if (op == LEDGER_IO_READ)
		return read_fails(thread) ? EIO : 0;
	if (strcmp(thread, "commit") != 0)
		return 0;
	while (atomic_load(&disk_slow))
		clock_sleep_ns(CLOCK_MS_NS);
	if (atomic_load(&busy.on) && queued(busy.chan) < 3)
		write_one(busy.chan, busy.message);
	return atomic_load(&disk_full) || atomic_exchange(&disk_full_once, false) ? ENOSPC : 0;
}

static int set_up(void **state)
{
	(void)state;
	atomic_store(&disk_full, false);
	atomic_store(&disk_full_once, false);
	rig_make(&rig, "ledger");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	atomic_store(&disk_full, false);
	rig_free(&rig);
	return 0;
}

/* A part of the directory as a crash now would leave it. */
static void crash_part(const char *to, const char *name)
{
	char *part = file_join(to, name), *from = rig_path(&rig, name);

	test_copy(from, part);
	free(from);
	free(part);
}

/* The journal first: a block that is written in between may then be known by the ledger alone,
 * never by nobody. */
static void crash_into(const char *to)
{
	crash_part(to, "ordererd");
	crash_part(to, "chains");
}

/* The crashed copy in place of the one that runs. */
static void put_back(const char *copy)
{
	rig_close(&rig);
	test_remove(rig.dir);
	test_copy(copy, rig.dir);
	test_remove(copy);
}

static void continue_with(const char *copy)
{
	put_back(copy);
	rig_open(&rig);
}

static void messages_in_no_block_come_back_once(void **state)
{
	char *copy = x_printf("%s.crashed", rig.dir);

	(void)state;
	rig_open(&rig);
	rig_batches(&rig, 4, 3600 * CLOCK_SEC_NS);
	rig_accept(&rig, "twin", 2); /* the same envelope twice: two transactions */
	rig_accept(&rig, "single", 1);
	rig_accept(&rig, "fourth", 1);
	rig_until(rig_count(rig.chan, "fourth") == 1);
	rig_accept(&rig, "twin", 2);
	rig_accept(&rig, "fifth", 1);
	crash_into(copy);
	rig_close(&rig);
	rig_batches(&rig, 1, CLOCK_SEC_NS);
	continue_with(copy);
	rig_accept(&rig, "after", 1);
	rig_until(rig_count(rig.chan, "after") == 1);
	assert_int_equal(rig_count(rig.chan, "twin"), 4);
	assert_int_equal(rig_count(rig.chan, "single"), 1);
	assert_int_equal(rig_count(rig.chan, "fourth"), 1);
	assert_int_equal(rig_count(rig.chan, "fifth"), 1);
	free(copy);
}

/* As a disk does that did not keep what it had promised. */
static void tear_last_block(void)
{
	char *file = rig_path(&rig, "chains/" RIG_CHANNEL "/blockfile_000000");
	char zeros[64] = "";
	int fd = open(file, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, zeros, sizeof(zeros), lseek(fd, -64, SEEK_END)), sizeof(zeros));
	close(fd);
	free(file);
}

/* The journal was told that they are in a block, the block is cut: they are ordered again, and not
 * a third time when a crash follows. */
static void messages_of_a_block_that_was_cut_are_ordered_again(void **state)
{
	char *copy = x_printf("%s.crashed", rig.dir);
	uint64_t before;

	(void)state;
	rig_batches(&rig, 3, CLOCK_SEC_NS);
	rig_open(&rig);
	rig_accept(&rig, "kept", 3);
	rig_accept(&rig, "cut", 3);
	rig_until(rig_count(rig.chan, "cut") == 3);
	before = ledger_height(chan_ledger(rig.chan));
	rig_close(&rig);
	tear_last_block();
	rig_batches(&rig, 2, CLOCK_SEC_NS); /* not the same blocks again */
	rig_open(&rig);
	rig_until(ledger_height(chan_ledger(rig.chan)) >= before);
	crash_into(copy);
	put_back(copy);
	rig_batches(&rig, 1, CLOCK_SEC_NS);
	rig_open(&rig);
	rig_accept(&rig, "after", 1);
	rig_until(rig_count(rig.chan, "after") == 1);
	crash_into(copy);
	continue_with(copy);
	rig_accept(&rig, "last", 1);
	rig_until(rig_count(rig.chan, "last") == 1);
	assert_int_equal(rig_count(rig.chan, "kept"), 3);
	assert_int_equal(rig_count(rig.chan, "cut"), 3);
	assert_int_equal(rig_count(rig.chan, "after"), 1);
	free(copy);
}

struct ready {
	struct ord_ticket ticket;
	int settled, code;
};

static void on_ready(struct ord_ticket *t, int code, const char *why)
{
	struct ready *r = UTIL_CONTAINER(t, struct ready, ticket);

	(void)why;
	r->settled++;
	r->code = code;
}

static int wait_ready(struct ord_err *e)
{
	struct ready r = {.ticket = {on_ready}};
	int rc = chan_wait_ready(rig.chan, &r.ticket, e);

	assert_int_equal(r.settled, rc == 0);
	return rc < 0 ? rc : r.code;
}

/* A crash when the first four of seven messages have become a block, of which the journal does not
 * know. */
static void crash_behind_the_mark(void)
{
	char *copy = x_printf("%s.crashed", rig.dir);

	rig_open(&rig);
	rig_batches(&rig, 4, 3600 * CLOCK_SEC_NS);
	atomic_store(&disk_slow, true);
	rig_accept(&rig, "twin", 2);
	rig_accept(&rig, "single", 1);
	rig_accept(&rig, "fourth", 1);
	rig_accept(&rig, "twin", 2);
	rig_accept(&rig, "fifth", 1);
	crash_part(copy, "ordererd");
	atomic_store(&disk_slow, false);
	rig_until(rig_count(rig.chan, "fourth") == 1);
	crash_part(copy, "chains");
	put_back(copy);
	rig_batches(&rig, 1, CLOCK_SEC_NS);
	free(copy);
}

static void all_seven_are_there_once(void)
{
	rig_until(rig_count(rig.chan, "fifth") > 0);
	assert_int_equal(rig_count(rig.chan, "twin"), 4);
	assert_int_equal(rig_count(rig.chan, "single"), 1);
	assert_int_equal(rig_count(rig.chan, "fourth"), 1);
	assert_int_equal(rig_count(rig.chan, "fifth"), 1);
}

static void a_block_without_its_mark_is_told_from_what_is_behind(void **state)
{
	(void)state;
	crash_behind_the_mark();
	rig_open(&rig);
	all_seven_are_there_once();
}

/* A journal that cannot be read to its end has not ended there. */
static void a_journal_that_cannot_be_read_does_not_start(void **state)
{
	char name[16] = "";
	int n = 0;

	(void)state;
	crash_behind_the_mark();
	pthread_getname_np(pthread_self(), name, sizeof(name));
	for (bool runs = false; !runs; n++) {
		struct ord_err e = ERR_INIT;

		rig_close(&rig);
		atomic_store(&unreadable.thread, name);
		atomic_store(&unreadable.left, n);
		runs = rig_try_open(&rig, &e) == 0 && !chan_failed(rig.chan);
		atomic_store(&unreadable.thread, NULL);
	}
	assert_true(n > 3);
	all_seven_are_there_once();
}

/* Nor may messages that come now overtake those that cannot be read: nothing is ordered any more,
 * and the next start finds them all. */
static void a_replay_that_breaks_off_ends_the_process(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	crash_behind_the_mark();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		atomic_store(&unreadable.thread, "solo");
		rig_open(&rig);
		clock_sleep_ns(15 * CLOCK_SEC_NS);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EX_SOFTWARE);
	rig_open(&rig);
	all_seven_are_there_once();
}

/* Blow after blow, at moments between writing a block and marking the journal: what was accepted
 * before the blow is there once; what came while it fell, once or not at all. */
static void no_moment_loses_or_doubles(void **state)
{
	char *copy = x_printf("%s.crashed", rig.dir), text[32];
	unsigned sure[4];

	(void)state;
	for (unsigned round = 0; round < UTIL_ARRAY_LEN(sure); round++) {
		rig_batches(&rig, 3, 5 * CLOCK_MS_NS);
		rig_open(&rig);
		sure[round] = 6 + round;
		for (unsigned i = 0; i < sure[round]; i++) {
			snprintf(text, sizeof(text), "%u.%u", round, i % 4);
			rig_accept(&rig, text, 1);
		}
		crash_into(copy);
		continue_with(copy);
		rig_close(&rig);
	}
	rig_open(&rig);
	for (unsigned round = 0; round < UTIL_ARRAY_LEN(sure); round++)
		for (unsigned k = 0; k < 4; k++) {
			snprintf(text, sizeof(text), "%u.%u", round, k);
			assert_int_equal(rig_count(rig.chan, text), (sure[round] - k + 3) / 4);
		}
	free(copy);
}

static void a_full_disk_makes_the_channel_read_only_for_a_while(void **state)
{
	struct ord_err e = ERR_INIT;

	(void)state;
	rig_open(&rig);
	rig_batches(&rig, 100, 100 * CLOCK_MS_NS);
	test_ok(wait_ready(&e), &e);
	rig_accept(&rig, "in between", 2);
	atomic_store(&disk_full, true);
	rig_until(wait_ready(&e) < 0);
	test_fails(wait_ready(&e), &e, ORD_EUNAVAIL,
		   "channel mychannel is read-only: the ledger cannot take blocks (disk full?)");
	assert_int_equal(rig_count(rig.chan, "in between"), 0);
	atomic_store(&disk_full, false);
	rig_until(wait_ready(&e) == 0);
	assert_int_equal(rig_count(rig.chan, "in between"), 2);
	rig_accept(&rig, "thereafter", 1);
	rig_until(rig_count(rig.chan, "thereafter") == 1);
}

/* Even when it never gets better: closing does not hang, and the next run has it all. */
static void a_full_disk_at_the_end_loses_nothing(void **state)
{
	struct ord_err e = ERR_INIT;

	(void)state;
	rig_open(&rig);
	rig_batches(&rig, 1, CLOCK_SEC_NS);
	rig_accept(&rig, "written", 1);
	rig_until(rig_count(rig.chan, "written") == 1);
	rig_batches(&rig, 100, 100 * CLOCK_MS_NS);
	rig_accept(&rig, "kept", 2);
	atomic_store(&disk_full, true);
	rig_until(wait_ready(&e) < 0);
	rig_close(&rig);
	atomic_store(&disk_full, false);
	rig_batches(&rig, 1, CLOCK_SEC_NS);
	rig_open(&rig);
	rig_until(rig_count(rig.chan, "kept") == 2);
	assert_int_equal(rig_count(rig.chan, "written"), 1);
}

struct answer {
	struct ord_ticket ticket;
	atomic_int code; /* 1: not yet */
	char why[100];
};

static void on_answer(struct ord_ticket *t, int code, const char *why)
{
	struct answer *a = UTIL_CONTAINER(t, struct answer, ticket);

	snprintf(a->why, sizeof(a->why), "%s", why ? why : "");
	atomic_store(&a->code, code);
}

/* More than the chain may be ahead of its disk: nobody's answer waits for room on the disk, and
 * what was accepted is written when there is some. */
static void what_is_under_way_when_the_disk_fills_is_answered(void **state)
{
	struct answer all[COMMIT_QUEUE_BLOCKS + 300];
	struct ord_env *env = rig_tx(&rig.user, "under way");
	struct ord_err e = ERR_INIT;
	unsigned accepted = 0;

	(void)state;
	rig_open(&rig);
	rig_batches(&rig, 1, CLOCK_SEC_NS);
	atomic_store(&disk_full, true);
	for (size_t i = 0; i < UTIL_ARRAY_LEN(all); i++) {
		all[i] = (struct answer){.ticket = {on_answer}, .code = 1};
		test_ok(chan_order(rig.chan, env, false, chan_sequence(rig.chan), &all[i].ticket,
				   &e),
			&e);
	}
	for (size_t i = 0; i < UTIL_ARRAY_LEN(all); i++) {
		rig_until(atomic_load(&all[i].code) != 1);
		if (all[i].code == ORD_OK) {
			accepted++;
			continue;
		}
		assert_int_equal(all[i].code, ORD_EUNAVAIL);
		assert_string_equal(
			all[i].why,
			"channel mychannel is read-only: the ledger cannot take blocks (disk full?)");
	}
	assert_in_range(accepted, 1, UTIL_ARRAY_LEN(all) - 1);
	atomic_store(&disk_full, false);
	rig_until(rig_count(rig.chan, "under way") == accepted);
	test_ok(wait_ready(&e), &e);
	rig_accept(&rig, "thereafter", 1);
	rig_until(rig_count(rig.chan, "thereafter") == 1);
	assert_int_equal(rig_count(rig.chan, "under way"), accepted);
	env_unref(env);
}

/* The commit thread always has something else to do: as with another channel that is busy. */
static void a_ledger_that_refused_is_asked_again_however_busy_others_are(void **state)
{
	struct ord_err e = ERR_INIT;
	uint64_t before;

	(void)state;
	rig_open(&rig);
	rig_batches(&rig, 1, CLOCK_SEC_NS);
	before = ledger_height(chan_ledger(rig.chan));
	atomic_store(&disk_full_once, true);
	rig_accept(&rig, "refused once", 1);
	rig_until(wait_ready(&e) < 0);
	busy.message = rig_env(&rig.orderer, WIRE_MESSAGE, RIG_SYSTEM, bytes_str("x"));
	busy.chan = rig_borrow(registrar_system(rig.registrar));
	atomic_store(&busy.on, true);
	write_one(busy.chan, busy.message);
	rig_until(ledger_height(chan_ledger(rig.chan)) == before + 1);
	atomic_store(&busy.on, false);
	test_ok(wait_ready(&e), &e);
	rig_close(&rig);
	env_unref(busy.message);
}

/* The daemon stops, the disk is full and the queue, too: one block is given up.  Then there is room
 * again, but what comes behind must not be written over the gap. */
static void nothing_is_written_behind_a_block_that_was_given_up(void **state)
{
	struct ord_env *env = rig_tx(&rig.user, "at the end");
	struct ord_err e = ERR_INIT;
	uint64_t before;

	(void)state;
	rig_open(&rig);
	before = ledger_height(chan_ledger(rig.chan));
	atomic_store(&disk_full, true);
	for (int i = 0; i < COMMIT_QUEUE_BLOCKS; i++)
		write_one(rig.chan, env);
	rig_until(wait_ready(&e) < 0);
	monitor_lock(&rig.chan->commit);
	rig.chan->giving_up = true;
	monitor_unlock(&rig.chan->commit);
	write_one(rig.chan, env);
	atomic_store(&disk_full, false);
	rig_until(queued(rig.chan) == 0);
	write_one(rig.chan, env);
	env_unref(env);
	rig_close(&rig);
	rig_open(&rig);
	assert_int_equal(ledger_height(chan_ledger(rig.chan)), before + COMMIT_QUEUE_BLOCKS);
}

static void channels_open_side_by_side_in_name_order(void **state)
{
	(void)state;
	rig_open(&rig);
	assert_int_equal(rig.registrar->n, 2);
	assert_string_equal(chan_id(rig.registrar->chans[0]), RIG_CHANNEL);
	assert_string_equal(chan_id(rig.registrar->chans[1]), RIG_SYSTEM);
	assert_ptr_equal(rig_borrow(registrar_system(rig.registrar)), rig.registrar->chans[1]);
	assert_null(registrar_find(rig.registrar, "mychanne"));
	assert_false(chan_errored(rig.chan));
}

static void a_broken_channel_is_named_and_nothing_starts(void **state)
{
	char *file = rig_path(&rig, "chains/" RIG_CHANNEL "/blockfile_000000"), *path;
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct ord_err e = ERR_INIT;
	int fd = open(file, O_WRONLY);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "broken", 6, 20000), 6);
	close(fd);
	test_ok(file_read(file, 1u << 30, &before, &e), &e);
	assert_int_equal(rig_try_open(&rig, &e), ORD_EINVAL);
	assert_memory_equal(e.msg, "channel mychannel: ", 19);
	assert_null(strchr(e.msg, '\n'));
	path = strstr(e.msg, "blockfile_000000");
	assert_non_null(path);
	assert_int_equal(atomic_load(&tamper.chains), 0);
	test_ok(file_read(file, 1u << 30, &after, &e), &e);
	assert_true(bytes_eq(buf_bytes(&before), buf_bytes(&after)));
	buf_fini(&before);
	buf_fini(&after);
	free(file);
}

static void no_answer(struct ord_ticket *t, int code, const char *why)
{
	(void)t, (void)code, (void)why;
	fail_msg("nobody is there to be asked");
}

/* Its blocks stay, its clients are told why, and the others know nothing of it. */
static void a_channel_whose_chain_does_not_start_is_closed_alone(void **state)
{
	static const char why[] =
		"the chain does not run: channel mychannel: no chain, says the test";
	struct ord_ticket t = {no_answer};
	struct ord_err e = ERR_INIT;
	struct ord_env *env;
	struct chan *system;

	(void)state;
	tamper.no_chain = RIG_CHANNEL;
	rig_open(&rig);
	system = rig_borrow(registrar_system(rig.registrar));
	env = rig_env(&rig.orderer, WIRE_MESSAGE, RIG_SYSTEM, bytes_str("x"));
	assert_int_equal(rig_order(system, env), ORD_OK);
	assert_false(chan_errored(system));
	assert_false(chan_has_health(system));
	assert_true(chan_errored(rig.chan));
	test_fails(chan_wait_ready(rig.chan, &t, &e), &e, ORD_EUNAVAIL, why);
	assert_true(chan_has_health(rig.chan));
	test_fails(chan_health(rig.chan, &t, &e), &e, ORD_EUNAVAIL, why);
	env_unref(env);
	rig_close(&rig);
	tamper.no_chain = RIG_SYSTEM; /* the one that is like any other then */
	rig_open(&rig);
	rig_accept(&rig, "alone", 1);
	rig_close(&rig);
	tamper.no_chain = NULL;
	rig_open(&rig);
	rig_accept(&rig, "again", 1);
}

/* Then it is the installation that is wrong. */
static void nothing_starts_when_no_chain_does(void **state)
{
	struct ord_err e = ERR_INIT;

	(void)state;
	tamper.no_chain = "*";
	test_fails(rig_try_open(&rig, &e), &e, ORD_EUNAVAIL,
		   "channel testchainid: no chain, says the test");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_in_no_block_come_back_once),
		TEST(a_block_without_its_mark_is_told_from_what_is_behind),
		TEST(no_moment_loses_or_doubles),
		TEST(messages_of_a_block_that_was_cut_are_ordered_again),
		TEST(a_journal_that_cannot_be_read_does_not_start),
		TEST(a_replay_that_breaks_off_ends_the_process),
		TEST(a_full_disk_makes_the_channel_read_only_for_a_while),
		TEST(what_is_under_way_when_the_disk_fills_is_answered),
		TEST(a_full_disk_at_the_end_loses_nothing),
		TEST(a_ledger_that_refused_is_asked_again_however_busy_others_are),
		TEST(nothing_is_written_behind_a_block_that_was_given_up),
		TEST(channels_open_side_by_side_in_name_order),
		TEST(a_broken_channel_is_named_and_nothing_starts),
		TEST(a_channel_whose_chain_does_not_start_is_closed_alone),
		TEST(nothing_starts_when_no_chain_does),
	};

	log_set_spec("panic", NULL);
	ledger_io_fault = disk;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
