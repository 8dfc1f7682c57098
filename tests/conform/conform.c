/* SPDX-License-Identifier: Apache-2.0 */
/* ordererd-conform: the battery that a consensus plugin has to pass.  Speaks TAP. */
#include "conform.h"

#include <getopt.h>
#include <plugin/plugin.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_S 120 /* a scenario that takes longer hangs */

static const char *settings[64];           /* "Key=value", from -s; ends with NULL */
static const char *brokers[16];            /* from -b */
static struct buf metadata = BUF_INIT;     /* from -m */
static const char *take_away, *bring_back; /* from -d and -u */
static unsigned quiet_ms, stride = 1;      /* from -q and -e */

/* What a scenario's process leaves behind. */
enum outcome { DIED, PASSED, FAILED, SKIPPED };
static struct verdict {
	enum outcome outcome;
	char why[4096];
} * verdict;

static _Noreturn void leave(enum outcome outcome, const char *why)
{
	verdict->outcome = outcome;
	snprintf(verdict->why, sizeof(verdict->why), "%s", why);
	_exit(outcome == PASSED || outcome == SKIPPED ? 0 : 1);
}

void conform_fail(const char *why)
{
	leave(FAILED, why);
}

void conform_skip(const char *why)
{
	leave(SKIPPED, why);
}

void conform_failf(const char *fmt, ...)
{
	char why[sizeof(verdict->why)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	conform_fail(why);
}

struct testkit *conform_kit(const struct ord_plugin *def, struct testkit_opts opts)
{
	opts.settings = settings;
	opts.brokers = brokers[0] ? brokers : NULL;
	opts.consensus_metadata = buf_bytes(&metadata);
	opts.quiet_ms = quiet_ms;
	opts.fail = conform_fail;
	return testkit_new(def, &opts);
}

bool conform_has_remote_log(void)
{
	return take_away && bring_back;
}

void conform_remote_log(bool there)
{
	const char *command = there ? bring_back : take_away;

	if (system(command) != 0)
		conform_failf("'%s' failed", command);
}

unsigned conform_stride(void)
{
	return stride;
}

static void run_scenario(const struct scenario *s, const struct ord_plugin *def)
{
	int status = 0;
	pid_t pid;

	*verdict = (struct verdict){DIED, ""};
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(LIMIT_S);
		s->run(def);
		verdict->outcome = PASSED;
		exit(0); /* leak checkers look now */
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("ordererd-conform");
		exit(2);
	}
	if (verdict->outcome <= PASSED && status != 0) {
		verdict->outcome = FAILED;
		if (WIFSIGNALED(status))
			snprintf(verdict->why, sizeof(verdict->why), "ended by signal %d (%s)",
				 WTERMSIG(status), strsignal(WTERMSIG(status)));
		else
			snprintf(verdict->why, sizeof(verdict->why), "ended with status %d",
				 WEXITSTATUS(status));
	}
}

/* One TAP line; true unless it failed. */
static bool report(int number, const char *name)
{
	bool ok = verdict->outcome == PASSED || verdict->outcome == SKIPPED;

	printf("%sok %d - %s%s%s\n", ok ? "" : "not ", number, name,
	       verdict->outcome == SKIPPED ? " # SKIP " : "",
	       verdict->outcome == SKIPPED ? verdict->why : "");
	if (!ok)
		printf("# %s\n", verdict->why);
	return ok;
}

static bool load(const char *path, const struct ord_plugin **def)
{
	struct ord_err e = ERR_INIT;

	*verdict = (struct verdict){PASSED, ""};
	if (plugin_load(path, def, &e) < 0) {
		verdict->outcome = FAILED;
		snprintf(verdict->why, sizeof(verdict->why), "%s", e.msg);
	}
	return report(1, "the plugin loads, and its tables are complete");
}

static _Noreturn void usage(int status)
{
	fputs("Usage: ordererd-conform [-l] [-v] [-x] [-s KEY=VALUE]... [-b HOST:PORT]... [-m HEX] "
	      "[-q MS] [-e N]\n"
	      "                        [-d COMMAND -u COMMAND] PLUGIN.so [NAME]...\n"
	      "Run the conformance battery on a consensus plugin; TAP on standard output.\n\n"
	      "  -s KEY=VALUE   a setting of the plugin, as in its section of ordererd.ini\n"
	      "  -b HOST:PORT   a broker of the channel configuration\n"
	      "  -m HEX         ConsensusType.metadata of it\n"
	      "  -q MS          the log is elsewhere: what is on the way arrives within MS real ms\n"
	      "  -d COMMAND     takes that log away (\"down\")\n"
	      "  -u COMMAND     brings it back (\"up\")\n"
	      "  -e N           crash at every N-th call only\n"
	      "  -v             volatile: accepted messages need not survive a crash\n"
	      "  -x             stop at the first failure\n"
	      "  -l             list the scenarios\n"
	      "  -h, --help     print this\n"
	      "      --version  print the version\n"
	      "  NAME           run the scenarios with this in their name only\n",
	      status ? stderr : stdout);
	exit(status);
}

static bool is_chosen(const char *name, char *const *parts)
{
	if (!*parts)
		return true;
	for (; *parts; parts++)
		if (strstr(name, *parts))
			return true;
	return false;
}

struct choice {
	bool is_volatile, stop_early;
	char *const *names;
};

static int run_all(const char *path, const struct choice *choice)
{
	const struct ord_plugin *def;
	int number = 1, failed = 0;

	if (!load(path, &def))
		return 1;
	for (size_t i = 0; i < n_scenarios && !(failed && choice->stop_early); i++) {
		const struct scenario *s = &scenarios[i];

		if (!is_chosen(s->name, choice->names))
			continue;
		if (s->durable && choice->is_volatile)
			*verdict = (struct verdict){SKIPPED, "volatile"};
		else
			run_scenario(s, def);
		failed += !report(++number, s->name);
	}
	printf("1..%d\n", number);
	return failed;
}

static unsigned number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || n == 0 || n > 100000)
		usage(2);
	return (unsigned)n;
}

static void add(const char **list, size_t max, const char *value)
{
	size_t n = 0;

	while (list[n])
		n++;
	if (n + 1 == max)
		usage(2);
	list[n] = value;
}

static void list_scenarios(void)
{
	for (size_t i = 0; i < n_scenarios; i++)
		puts(scenarios[i].name);
}

static void take_option(int opt, struct choice *choice)
{
	switch (opt) {
	case 's':
		add(settings, UTIL_ARRAY_LEN(settings), optarg);
		break;
	case 'b':
		add(brokers, UTIL_ARRAY_LEN(brokers), optarg);
		break;
	case 'm':
		if (hex_decode(&metadata, optarg) < 0)
			usage(2);
		break;
	case 'q':
		quiet_ms = number(optarg);
		break;
	case 'e':
		stride = number(optarg);
		break;
	case 'd':
		take_away = optarg;
		break;
	case 'u':
		bring_back = optarg;
		break;
	case 'v':
		choice->is_volatile = true;
		break;
	case 'x':
		choice->stop_early = true;
		break;
	case 'l':
		list_scenarios();
		exit(0);
	case 'V':
		puts("ordererd-conform " PACKAGE_VERSION);
		exit(0);
	default:
		usage(opt == 'h' ? 0 : 2);
	}
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	struct choice choice = {0};
	int opt;

	while ((opt = getopt_long(argc, argv, "s:b:m:q:e:d:u:vxlh", longs, NULL)) != -1)
		take_option(opt, &choice);
	if (optind == argc)
		usage(2);
	choice.names = argv + optind + 1;
	verdict = mmap(NULL, sizeof(*verdict), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (verdict == MAP_FAILED) {
		perror("ordererd-conform");
		return 2;
	}
	return run_all(argv[optind], &choice) ? 1 : 0;
}
