/* SPDX-License-Identifier: Apache-2.0 */
/* The only clock, and the only sleep.  Virtual in tests. */
#include <time.h>
#include <util/util.h>

static uint64_t (*_Atomic virtual_now)(void);

void clock_virtual(uint64_t (*now)(void))
{
	virtual_now = now;
}

static uint64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * CLOCK_SEC_NS + (uint64_t)t.tv_nsec;
}

bool clock_is_virtual(void)
{
	return virtual_now != NULL;
}

uint64_t clock_mono_ns(void)
{
	uint64_t (*now)(void) = virtual_now;

	return now ? now() : read_clock(CLOCK_MONOTONIC);
}

int64_t clock_wall_ns(void)
{
	uint64_t (*now)(void) = virtual_now;

	return (int64_t)(now ? now() : read_clock(CLOCK_REALTIME));
}

uint64_t clock_thread_cpu_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void clock_sleep_ns(uint64_t ns)
{
	struct timespec t = {(time_t)(ns / CLOCK_SEC_NS), (long)(ns % CLOCK_SEC_NS)};

	if (!virtual_now)
		nanosleep(&t, NULL);
}

void clock_rfc3339(struct buf *b, int64_t wall_ns)
{
	int64_t sec = wall_ns / (int64_t)CLOCK_SEC_NS, frac = wall_ns % (int64_t)CLOCK_SEC_NS;
	time_t t;
	struct tm tm;
	int digits = 9;

	if (frac < 0) {
		frac += (int64_t)CLOCK_SEC_NS;
		sec--;
	}
	t = (time_t)sec;
	gmtime_r(&t, &tm);
	buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		   tm.tm_hour, tm.tm_min, tm.tm_sec);
	for (; frac && frac % 10 == 0; digits--)
		frac /= 10;
	if (frac)
		buf_printf(b, ".%0*lld", digits, (long long)frac);
	buf_add_str(b, "Z");
}
