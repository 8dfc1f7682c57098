/* SPDX-License-Identifier: Apache-2.0 */
/* ordererd: options, signals, exit codes. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon.h"

static struct log_logger logger = LOG_LOGGER("orderer.common.server");

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

extern char **environ;

static const char usage[] =
	"usage: ordererd [--config FILE] [--check] [start | version]\n"
	"\n"
	"The ordering service of a Hyperledger Fabric network.\n"
	"\n"
	"  -c, --config FILE   settings; ORDERER_* variables override them (default: ordererd.ini,\n"
	"                      orderer.yaml or orderer.yml in $FABRIC_CFG_PATH or, when that is not\n"
	"                      set, in the working directory, " ORD_CONF_DIR " or\n"
	"                      /etc/hyperledger/fabric)\n"
	"      --check         check settings, plugins, identity, TLS files and genesis block, then "
	"exit\n"
	"      --version       print the version and exit\n"
	"  -h, --help          print this and exit\n"
	"\n"
	"Signals: SIGTERM and SIGINT stop in order, SIGUSR1 logs the state of every channel.\n"
	"See ordererd(8), ordererd.ini(5), ordererd-solo(7), ordererd-kafka(7).\n";

struct options {
	const char *config;
	bool check, version, help;
};

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, 'C'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
		if (c == 'c')
			o->config = optarg;
		else if (c == 'C')
			o->check = true;
		else if (c == 'V')
			o->version = true;
		else if (c == 'h')
			o->help = true;
		else
			return -1;
	}
	if (optind < argc && strcmp(argv[optind], "version") == 0)
		o->version = true;
	else if (optind < argc && strcmp(argv[optind], "start") != 0) {
		fprintf(stderr, "ordererd: unknown command '%s'\n", argv[optind]);
		return -1;
	}
	if (optind + 1 < argc) {
		fprintf(stderr, "ordererd: unexpected argument '%s'\n", argv[optind + 1]);
		return -1;
	}
	return 0;
}

/* systemd's readiness protocol (sd_notify(3)): one datagram to $NOTIFY_SOCKET.  libsystemd would do
 * it too, at the price of six libraries and a megabyte in an idle daemon. */
static void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(a.sun_path))
		return;
	memcpy(a.sun_path, path, len);
	if (path[0] == '@')
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&a,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		log_warn(&logger, "Could not tell %s: %s", path, state);
	close(fd);
}

static int setup_log(struct ord_err *e)
{
	const char *spec = getenv("FABRIC_LOGGING_SPEC"), *format = getenv("FABRIC_LOGGING_FORMAT");
	int rc = 0;

	if (spec && *spec && (rc = log_set_spec(spec, e)) < 0)
		return err_wrap(e, "FABRIC_LOGGING_SPEC");
	if (format && *format && (rc = log_set_format(format, e)) < 0)
		return err_wrap(e, "FABRIC_LOGGING_FORMAT");
	return rc;
}

/* Signals are taken here alone; every other thread has them blocked. */
static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file size limit is a full disk, not the end */
}

static void serve_until_told(struct daemon *d, const sigset_t *set)
{
	int sig;

	while (sigwait(set, &sig) == 0 && sig == SIGUSR1)
		daemon_log_state(d);
	log_info(&logger, "Received signal: %d (%s), stopping", sig, sigdescr_np(sig));
}

static int fail(const struct ord_err *e)
{
	fprintf(stderr, "ordererd: %s\n", e->msg);
	return EXIT_FAILED;
}

/* Two arenas: a third buys no speed here and costs memory that never comes back.  Fixed thresholds:
 * a block's megabyte goes back to the system with the block, not into a heap full of holes. */
static void tune_malloc(void)
{
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_MMAP_THRESHOLD, 256 << 10);
	mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

/* A stream may be a connection, and the usual soft limit of 1024 is there for select() alone. */
static void raise_file_limit(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < lim.rlim_max) {
		lim.rlim_cur = lim.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &lim) < 0)
			log_warn(&logger, "Could not raise the limit of open files to %llu: %s",
				 (unsigned long long)lim.rlim_max, strerror(errno));
	}
}

static int run(const struct options *o)
{
	struct daemon d = {0};
	struct ord_err e = ERR_INIT;
	sigset_t set;
	int rc, status = EXIT_OK;

	block_signals(&set);
	raise_file_limit();
	if ((rc = setup_log(&e)) == 0 && (rc = daemon_prepare(&d, o->config, environ, &e)) == 0)
		rc = o->check ? daemon_check(&d, environ, &e) : daemon_start(&d, environ, &e);
	if (rc < 0) {
		status = fail(&e);
	} else if (o->check) {
		puts("ordererd: everything that can be checked before starting is in order");
	} else {
		notify("READY=1");
		serve_until_told(&d, &set);
		notify("STOPPING=1");
	}
	daemon_stop(&d);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = {0};

	if (parse_options(argc, argv, &o) < 0) {
		fputs("Try 'ordererd --help'.\n", stderr);
		return EXIT_USAGE;
	}
	if (o.help) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	if (o.version) {
		printf("ordererd %s, plugin interface %d.%d\n", PACKAGE_VERSION, ORD_ABI_MAJOR,
		       ORD_ABI_MINOR);
		return EXIT_OK;
	}
	tune_malloc();
	return run(&o);
}
