/* SPDX-License-Identifier: Apache-2.0 */
/* http: answers that come later.  Whoever owes one and the request that waits each let go of it in
 * their own time. */
#include "http_priv.h"

#include <stdlib.h>

struct http_later { /* guarded by the server's lock */
	struct ops_server *server;
	struct http_request *rq; /* NULL: it waits no more */
	unsigned status;         /* of the answer, now or in the end */
	uint64_t deadline_ns;
	const char *type;
	struct buf content;
	bool answered;
	unsigned refs;
};

struct http_later *http_later(struct http_request *rq, uint64_t timeout_ns, unsigned status)
{
	struct http_later *l = x_alloc(sizeof(*l));

	*l = (struct http_later){
		.server = rq->server,
		.rq = rq,
		.status = status,
		.deadline_ns = clock_mono_ns() + timeout_ns,
		.refs = 2,
	};
	rq->later = l;
	return l;
}

static void unref_and_unlock(struct http_later *l)
{
	bool last = --l->refs == 0;

	pthread_mutex_unlock(&l->server->lock);
	if (!last)
		return;
	buf_fini(&l->content);
	free(l);
}

void http_later_reply(struct http_later *l, unsigned status, const char *type,
		      struct ord_bytes content)
{
	struct ops_server *s = l->server;
	bool waits;

	pthread_mutex_lock(&s->lock);
	waits = l->rq != NULL;
	if (waits) {
		l->answered = true;
		l->status = status;
		l->type = type;
		buf_add_bytes(&l->content, content);
		http_wake(s);
	}
	unref_and_unlock(l);
}

/* Give the request what has come for it; false: nothing yet, and there is still time. */
static bool settle(struct http_request *rq, uint64_t now, bool all)
{
	struct http_later *l = rq->later;
	struct ops_server *s = rq->server;

	pthread_mutex_lock(&s->lock);
	if (!l->answered && l->deadline_ns > now && !all) {
		pthread_mutex_unlock(&s->lock);
		return false;
	}
	http_reply(rq, l->status, l->type, buf_bytes(&l->content));
	rq->later = NULL;
	l->rq = NULL;
	unref_and_unlock(l);
	return true;
}

void http_later_run(struct ops_server *s, uint64_t now_ns, bool all)
{
	for (struct http_conn *c = s->conns; c; c = c->next)
		if (c->rq && c->rq->later && settle(c->rq, now_ns, all))
			s->mhd->resume_connection(c->connection);
}

void http_later_drop(struct http_request *rq)
{
	struct http_later *l = rq->later;

	if (!l)
		return;
	pthread_mutex_lock(&l->server->lock);
	rq->later = NULL;
	l->rq = NULL;
	unref_and_unlock(l);
}

uint64_t http_later_deadline(struct ops_server *s)
{
	uint64_t first = CLOCK_NEVER;

	pthread_mutex_lock(&s->lock);
	for (struct http_conn *c = s->conns; c; c = c->next)
		if (c->rq && c->rq->later && c->rq->later->deadline_ns < first)
			first = c->rq->later->deadline_ns;
	pthread_mutex_unlock(&s->lock);
	return first;
}
