/* SPDX-License-Identifier: Apache-2.0 */
/* The process_* metrics, from /proc. */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "metrics_priv.h"

static void gauge(struct ops_metrics *m, const char *name, const char *help, double value)
{
	ops_metric(m, name, 'g', help);
	ops_sample(m, NULL, value);
}

/* The fields of /proc/self/stat behind the name in brackets, counted from 3 as in proc(5). */
#define STAT_STARTTIME 22
#define STAT_VSIZE     23
#define STAT_RSS       24

static double stat_field(const char *behind, int field)
{
	for (int i = 3; behind && i < field; i++)
		behind = strchr(behind + 1, ' ');
	return behind ? strtod(behind, NULL) : 0;
}

static double boot_time(void)
{
	struct buf b = BUF_INIT;
	double seconds = 0;
	const char *line;

	if (file_read("/proc/stat", 1 << 20, &b, NULL) == 0 &&
	    (line = strstr(buf_cstr(&b), "\nbtime ")) != NULL)
		seconds = strtod(line + strlen("\nbtime "), NULL);
	buf_fini(&b);
	return seconds;
}

static void add_stat(struct ops_metrics *m)
{
	struct buf b = BUF_INIT;
	const char *behind;

	if (file_read("/proc/self/stat", 4096, &b, NULL) == 0 &&
	    (behind = strrchr(buf_cstr(&b), ')')) != NULL) {
		behind++;
		gauge(m, "process_start_time_seconds",
		      "Start time of the process since unix epoch in seconds.",
		      boot_time() +
			      stat_field(behind, STAT_STARTTIME) / (double)sysconf(_SC_CLK_TCK));
		gauge(m, "process_virtual_memory_bytes", "Virtual memory size in bytes.",
		      stat_field(behind, STAT_VSIZE));
		gauge(m, "process_resident_memory_bytes", "Resident memory size in bytes.",
		      stat_field(behind, STAT_RSS) * (double)sysconf(_SC_PAGESIZE));
	}
	buf_fini(&b);
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

void process_metrics(struct ops_metrics *m)
{
	struct rusage used;
	struct rlimit files;
	char **names;
	size_t n;

	if (getrusage(RUSAGE_SELF, &used) == 0) {
		ops_metric(m, "process_cpu_seconds_total", 'c',
			   "Total user and system CPU time spent in seconds.");
		ops_sample(m, NULL, seconds(used.ru_utime) + seconds(used.ru_stime));
	}
	if (file_list("/proc/self/fd", &names, &n, NULL) == 0) {
		gauge(m, "process_open_fds", "Number of open file descriptors.", (double)n - 1);
		file_list_free(names);
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		gauge(m, "process_max_fds", "Maximum number of open file descriptors.",
		      (double)files.rlim_cur);
	add_stat(m);
}
