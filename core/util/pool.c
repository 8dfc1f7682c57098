/* SPDX-License-Identifier: Apache-2.0 */
/* pool: worker threads over one intrusive queue. */
#include <stdlib.h>
#include <util/util.h>

struct pool {
	pthread_mutex_t lock; /* guards everything below but the threads */
	pthread_cond_t filled;
	struct pool_task *head, **tail;
	atomic_size_t backlog; /* this one and closed are read without the lock by who spins */
	unsigned sleepers;
	atomic_bool closed;
	unsigned n_threads;
	pthread_t threads[];
};

/* Wait for a task, at first awake and with the lock open.  Locked. */
static void wait_filled(struct pool *p, struct spin *s)
{
	spin_begin(s);
	pthread_mutex_unlock(&p->lock);
	while (p->backlog == 0 && !p->closed && spin_on(s))
		;
	pthread_mutex_lock(&p->lock);
	while (!p->head && !p->closed) {
		p->sleepers++;
		pthread_cond_wait(&p->filled, &p->lock);
		p->sleepers--;
	}
	spin_end(s, true);
}

/* The next task, or NULL when the pool is closed and drained. */
static struct pool_task *take(struct pool *p, struct spin *s)
{
	struct pool_task *t;

	pthread_mutex_lock(&p->lock);
	if (!p->head && !p->closed)
		wait_filled(p, s);
	t = p->head;
	if (t) {
		p->head = t->next;
		if (!p->head)
			p->tail = &p->head;
		p->backlog--;
	}
	pthread_mutex_unlock(&p->lock);
	return t;
}

static void *work(void *arg)
{
	struct spin s = {0};
	struct pool_task *t;

	while ((t = take(arg, &s)))
		t->run(t);
	return NULL;
}

int pool_new(unsigned threads, const char *name, struct pool **out, struct ord_err *e)
{
	struct pool *p;
	int rc;

	util_assert(threads > 0);
	p = x_alloc(sizeof(*p) + threads * sizeof(p->threads[0]));
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->filled, NULL);
	p->tail = &p->head;
	for (; p->n_threads < threads; p->n_threads++) {
		rc = thread_start(&p->threads[p->n_threads], name, work, p, e);
		if (rc < 0) {
			pool_free(p);
			return rc;
		}
	}
	*out = p;
	return 0;
}

void pool_submit(struct pool *p, struct pool_task *t)
{
	bool wake;

	t->next = NULL;
	pthread_mutex_lock(&p->lock);
	util_assert(!p->closed);
	*p->tail = t;
	p->tail = &t->next;
	p->backlog++;
	wake = p->sleepers > 0;
	pthread_mutex_unlock(&p->lock);
	if (wake)
		pthread_cond_signal(&p->filled);
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->closed = true;
	pthread_mutex_unlock(&p->lock);
	pthread_cond_broadcast(&p->filled);
	for (unsigned i = 0; i < p->n_threads; i++)
		pthread_join(p->threads[i], NULL);
	pthread_cond_destroy(&p->filled);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
