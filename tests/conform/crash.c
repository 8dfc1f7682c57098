/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crashes.  The plugin runs in a process that ends at its n-th call into the host, for every n;
 * a second run crashes, too, a third one comes to its end.  Then the blocks are compared with what
 * the clients were told.
 */
#include "conform.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Two config messages in between; the second one must be made again, and so must what was sent
 * before the first one was in force: these may change their places. */
static const char *const story[] = {"a", "b", "c", "d", "*e", "*f", "g", "h", "i", "j", "k", "l"};
#define STORY   UTIL_ARRAY_LEN(story)
#define IN_TURN 5 /* of them stand in order, and before the others */

#define ABREAST 8  /* disks at a time */
#define LIMIT_S 60 /* a life that takes longer hangs */

static void tell_story(struct testkit *k)
{
	for (size_t i = 0; i < STORY; i++)
		if (story[i][0] == '*')
			conform_check(testkit_configure_at(k, story[i] + 1, 0) == 0);
		else
			conform_check(testkit_order(k, story[i]) == 0);
	testkit_wait_settled(k, STORY);
}

enum life { TELLS_STORY, STARTS_AGAIN, COMES_TO_ITS_END };

static void wait_for_all_accepted(struct testkit *k, struct testkit_disk *disk)
{
	char *accepted = testkit_disk_accepted(disk), *rest = NULL;

	for (char *word = strtok_r(accepted, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		testkit_wait_message(k, word);
	free(accepted);
}

static void do_live(const struct ord_plugin *def, struct testkit_disk *disk, enum life life,
		    unsigned crash_at)
{
	struct testkit *k = conform_kit(
		def, (struct testkit_opts){.disk = disk,
					   .max_count = life == COMES_TO_ITS_END ? 1 : 3,
					   .crash_at = crash_at});

	testkit_start(k);
	testkit_wait_serving(k);
	if (life == TELLS_STORY)
		tell_story(k);
	testkit_wait_idle(k);
	if (life == COMES_TO_ITS_END) {
		testkit_order(k, "z");
		testkit_wait_message(k,
				     "z"); /* and so everything before it, but what is made again */
		wait_for_all_accepted(k, disk);
		testkit_wait_idle(k);
	}
	testkit_free(k);
}

/* One life of the plugin, in a process of its own.  True: it crashed. */
static bool live(const struct ord_plugin *def, struct testkit_disk *disk, enum life life,
		 unsigned crash_at)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		alarm(LIMIT_S);
		do_live(def, disk, life, crash_at);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		conform_fail("fork or waitpid failed");
	if (WIFEXITED(status) && WEXITSTATUS(status) == TESTKIT_CRASHED)
		return true;
	if (status != 0 && WIFEXITED(status))
		_exit(1); /* it has said why */
	if (status != 0)
		conform_failf("ended by signal %d with the crash at call %u", WTERMSIG(status),
			      crash_at);
	return false;
}

/* How often @word stands in @text, a list of names between blanks, brackets and marks. */
static int count_word(const char *text, const char *word, const char **at)
{
	size_t n = strlen(word);
	int count = 0;

	for (const char *p = text; (p = strstr(p, word)); p += n)
		if (!strchr("abcdefghijkl", p[n]) || !p[n]) {
			*at = p;
			count++;
		}
	return count;
}

static void compare(struct testkit_disk *disk, unsigned crash_at)
{
	char *blocks = testkit_disk_blocks(disk), *accepted = testkit_disk_accepted(disk);
	const char *last = blocks, *at = blocks, *ignored;

	for (size_t i = 0; i < STORY; i++) {
		const char *word = story[i] + (story[i][0] == '*');
		int there = count_word(blocks, word, &at);

		if (there > 1)
			conform_failf("%s is there twice after a crash at call %u: %s", word,
				      crash_at, blocks);
		if (there == 0 && count_word(accepted, word, &ignored))
			conform_failf("%s was accepted and is lost after a crash at call %u: %s",
				      word, crash_at, blocks);
		if (there && at < last)
			conform_failf("%s is out of order after a crash at call %u: %s", word,
				      crash_at, blocks);
		if (there && i < IN_TURN)
			last = at;
	}
	free(blocks);
	free(accepted);
}

/* One disk, from its first life to the comparison.  True: the first life crashed. */
static bool crash_at(const struct ord_plugin *def, unsigned n)
{
	struct testkit_disk *disk = testkit_disk_new();
	bool crashed = live(def, disk, TELLS_STORY, n);

	live(def, disk, STARTS_AGAIN, 1 + n * 7 % 31);
	live(def, disk, COMES_TO_ITS_END, 0);
	compare(disk, n);
	testkit_disk_free(disk);
	return crashed;
}

/* A log elsewhere makes lives long, and idle: so some are lived at the same time. */
void crash_anywhere(const struct ord_plugin *def)
{
	unsigned n = 1;
	bool crashed, failed = false;

	do {
		pid_t disks[ABREAST];

		for (int i = 0; i < ABREAST; i++, n += conform_stride()) {
			disks[i] = fork();
			if (disks[i] == 0)
				_exit(crash_at(def, n) ? TESTKIT_CRASHED : 0);
			if (disks[i] < 0)
				conform_fail("fork failed");
		}
		crashed = false;
		for (int i = 0; i < ABREAST; i++) {
			int status = 0;

			waitpid(disks[i], &status, 0);
			if (WIFEXITED(status) && WEXITSTATUS(status) == TESTKIT_CRASHED)
				crashed = true;
			else
				failed |= status != 0;
		}
	} while (crashed && !failed);
	if (failed)
		_exit(1); /* it has said why */
}
