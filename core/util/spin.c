/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting awake for a moment.  To wake a thread takes tens of microseconds where a processor has to
 * be woken with it, on a virtual machine more than to check a signature; and a message passes from
 * thread to thread to disk and back.  So who has lately been given things soon looks for the next
 * one before it sleeps.
 *
 * Who is idle pays nothing: its waits are long.  Who is busy pays nothing: it does not wait, and
 * where one waker brings many things, to look for them has nothing to gain (spin_end's @one).  Each
 * look yields the processor to whoever wants it, and a yield that does not come back at once ends
 * the spin.
 */
#include <sched.h>
#include <util/util.h>

#define SPIN_NS     (200 * CLOCK_US_NS) /* more than a write to disk and a change of thread */
#define YIELD_NS    (20 * CLOCK_US_NS)  /* it takes more when somebody else had work */
#define SPIN_CREDIT 4                   /* short waits in a row before the first spin */

static atomic_uint spinners;

/* No more than there are processors, and none where there is but one. */
static bool enter(void)
{
	static atomic_uint known;
	unsigned cpus = atomic_load(&known);

	if (cpus == 0)
		atomic_store(&known, cpus = thread_cpus());
	if (cpus == 1)
		return false;
	if (atomic_fetch_add(&spinners, 1) < cpus)
		return true;
	atomic_fetch_sub(&spinners, 1);
	return false;
}

void spin_begin(struct spin *s)
{
	s->began_ns = s->looked_ns = clock_mono_ns();
	s->spinning = s->credit >= SPIN_CREDIT && !clock_is_virtual() && enter();
}

bool spin_on(struct spin *s)
{
	uint64_t now;

	if (!s->spinning)
		return false;
	sched_yield();
	now = clock_mono_ns();
	if (now - s->began_ns > SPIN_NS || now - s->looked_ns > YIELD_NS)
		return false;
	s->looked_ns = now;
	return true;
}

void spin_end(struct spin *s, bool one)
{
	if (s->spinning)
		atomic_fetch_sub(&spinners, 1);
	s->spinning = false;
	if (!one || clock_mono_ns() - s->began_ns > SPIN_NS)
		s->credit = 0;
	else if (s->credit < SPIN_CREDIT)
		s->credit++;
}
