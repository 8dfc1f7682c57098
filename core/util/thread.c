/* SPDX-License-Identifier: Apache-2.0 */
/* Threads: named, small stacks, signals left to main. */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <util/util.h>

#define THREAD_STACK \
	(256 * 1024) /* bytes; the deepest user is X.509 chain building, about 40 KiB */
#define SLICE_NS (100 * CLOCK_US_NS) /* the least that may be asked for */

struct start {
	char name[16];
	void *(*fn)(void *);
	void *arg;
};

static void *entry(void *p)
{
	struct start s = *(struct start *)p;

	free(p);
	pthread_setname_np(pthread_self(), s.name);
	return s.fn(s.arg);
}

int thread_start(pthread_t *t, const char *name, void *(*fn)(void *), void *arg, struct ord_err *e)
{
	struct start *s = x_alloc(sizeof(*s));
	pthread_attr_t attr;
	sigset_t all, old;
	int rc;

	snprintf(s->name, sizeof(s->name), "%.15s", name);
	s->fn = fn;
	s->arg = arg;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	rc = pthread_create(t, &attr, entry, s);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc) {
		free(s);
		err_sys(e, rc, "start thread %s", name);
		return e ? (e->code = ORD_EUNAVAIL) : ORD_EUNAVAIL;
	}
	return 0;
}

/* The scheduler's slices are what it calls runtime (sched_setattr(2)): who asks for short ones goes
 * in front of threads that compute for longer, and gets no more than its share. */
void thread_prompt(void)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime_ns, deadline_ns, period_ns;
	} a = {.size = sizeof(a)};

	if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) < 0 || a.policy != SCHED_OTHER)
		return;
	a.runtime_ns = SLICE_NS;
	(void)syscall(SYS_sched_setattr, 0, &a, 0);
}

unsigned thread_cpus(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return n > 0 ? (unsigned)n : 1;
}

void monitor_init(struct monitor *m)
{
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->changed, NULL);
}

void monitor_fini(struct monitor *m)
{
	pthread_cond_destroy(&m->changed);
	pthread_mutex_destroy(&m->lock);
}

void monitor_lock(struct monitor *m)
{
	pthread_mutex_lock(&m->lock);
}

void monitor_unlock(struct monitor *m)
{
	pthread_mutex_unlock(&m->lock);
}

void monitor_wait(struct monitor *m)
{
	pthread_cond_wait(&m->changed, &m->lock);
}

void monitor_wake(struct monitor *m)
{
	pthread_cond_broadcast(&m->changed);
}
