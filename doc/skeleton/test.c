/* SPDX-License-Identifier: Apache-2.0 */
/* What is the skeleton's own, and no business of the conformance battery. */
#include <assert.h>
#include <ordererd/testkit.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern const struct ord_plugin ord_plugin;

static void the_offset_survives_a_restart(void)
{
	struct testkit_disk *disk = testkit_disk_new();
	struct testkit_opts opts = {.disk = disk, .max_count = 2};
	struct testkit *k = testkit_new(&ord_plugin, &opts);

	testkit_start(k);
	assert(testkit_logged(k, "Starting behind message 0") == 1);
	testkit_order(k, "a");
	testkit_order(k, "b");
	testkit_order(k, "c");
	testkit_free(k); /* halts, which cuts what waits */

	k = testkit_new(&ord_plugin, &opts);
	testkit_start(k);
	assert(testkit_logged(k, "Starting behind message 3") == 1);
	assert(strcmp(testkit_blocks(k), "[a b] [c]") == 0);
	testkit_free(k);
	testkit_disk_free(disk);
}

/* A cut before the message that overflows the block leaves that one out. */
static void what_only_waits_is_not_counted(void)
{
	struct testkit_disk *disk = testkit_disk_new();
	struct testkit_opts opts = {.disk = disk, .preferred_max = 20};
	struct testkit *k;
	pid_t pid = fork();

	if (pid == 0) {
		k = testkit_new(&ord_plugin, &opts);
		testkit_start(k);
		testkit_order(k, "a ..........");
		testkit_order(k, "b ..........");
		testkit_wait_message(k, "a");
		_exit(0); /* a crash */
	}
	assert(waitpid(pid, NULL, 0) == pid);
	k = testkit_new(&ord_plugin, &opts);
	testkit_start(k);
	assert(testkit_logged(k, "Starting behind message 1") == 1);
	testkit_free(k);
	testkit_disk_free(disk);
}

static void a_silly_setting_is_refused(void)
{
	const char *const settings[] = {"TakeMax=0", NULL};
	struct testkit *k = testkit_new(&ord_plugin, &(struct testkit_opts){.settings = settings});
	struct ord_err e;

	assert(testkit_open(k, &e) == ORD_EINVAL);
	assert(strcmp(e.msg, "skeleton.TakeMax must be 1 to 1000000") == 0);
	testkit_free(k);
}

int main(void)
{
	the_offset_survives_a_restart();
	what_only_waits_is_not_counted();
	a_silly_setting_is_refused();
	return 0;
}
