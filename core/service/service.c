/* SPDX-License-Identifier: Apache-2.0 */
/* What both methods share: statuses, and one bound for the messages of all Broadcast streams. */
#include <stdlib.h>

#include "service_priv.h"

int service_status(int code)
{
	switch (code) {
	case ORD_OK:
		return COMMON__STATUS__SUCCESS;
	case ORD_EINVAL:
		return COMMON__STATUS__BAD_REQUEST;
	case ORD_EPERM:
		return COMMON__STATUS__FORBIDDEN;
	case ORD_ENOENT:
		return COMMON__STATUS__NOT_FOUND;
	case ORD_ETOOBIG:
		return COMMON__STATUS__REQUEST_ENTITY_TOO_LARGE;
	case ORD_EINTERNAL:
		return COMMON__STATUS__INTERNAL_SERVER_ERROR;
	case ORD_ENOTSUP:
		return COMMON__STATUS__NOT_IMPLEMENTED;
	default:
		return COMMON__STATUS__SERVICE_UNAVAILABLE;
	}
}

void service_send(struct net_stream *net, const void *answer)
{
	struct buf b = BUF_INIT;
	struct net_chunk chunk;

	wire_pack(answer, &b);
	chunk = (struct net_chunk){.bytes = buf_bytes(&b)};
	net_stream_send(net, &chunk, 1, NULL);
	buf_fini(&b);
}

/* ---- the common bound ---------------------------------------------------- */

static bool has_room(const struct service *sv, size_t bytes)
{
	return sv->inflight < sv->opts.max_inflight &&
	       (sv->inflight_bytes + bytes <= sv->opts.max_inflight_bytes || sv->inflight == 0);
}

static void count_in(struct service *sv, size_t bytes)
{
	sv->inflight++;
	sv->inflight_bytes += bytes;
}

/* Let in who waits, strictly in turn: a newcomer must not take the room of one who was told of it,
 * and a large message must not wait for ever behind small ones.  Locked. */
static void grant(struct service *sv)
{
	struct starved *s;

	while ((s = sv->starved) && has_room(sv, s->bytes)) {
		sv->starved = s->next;
		if (!sv->starved)
			sv->starved_tail = &sv->starved;
		s->listed = false;
		s->granted = true;
		count_in(sv, s->bytes);
		net_stream_wake(s->net);
	}
}

bool service_admit(struct service *sv, size_t bytes, struct starved *s)
{
	bool room;

	pthread_mutex_lock(&sv->lock);
	util_assert(!s->listed && !s->granted);
	room = !sv->starved && has_room(sv, bytes);
	if (room) {
		count_in(sv, bytes);
	} else {
		s->bytes = bytes;
		s->listed = true;
		s->next = NULL;
		*sv->starved_tail = s;
		sv->starved_tail = &s->next;
	}
	pthread_mutex_unlock(&sv->lock);
	return room;
}

bool service_granted(struct service *sv, struct starved *s)
{
	bool granted;

	pthread_mutex_lock(&sv->lock);
	granted = s->granted;
	s->granted = false;
	pthread_mutex_unlock(&sv->lock);
	return granted;
}

/* Locked. */
static void count_out(struct service *sv, size_t bytes)
{
	sv->inflight--;
	sv->inflight_bytes -= bytes;
}

void service_leave(struct service *sv, size_t bytes)
{
	pthread_mutex_lock(&sv->lock);
	count_out(sv, bytes);
	grant(sv);
	pthread_mutex_unlock(&sv->lock);
}

/* Locked. */
static void unlist(struct service *sv, struct starved *s)
{
	struct starved **p = &sv->starved;

	while (*p != s)
		p = &(*p)->next;
	*p = s->next;
	if (!*p)
		sv->starved_tail = p;
	s->listed = false;
}

void service_forget(struct service *sv, struct starved *s)
{
	pthread_mutex_lock(&sv->lock);
	if (s->listed)
		unlist(sv, s);
	if (s->granted)
		count_out(sv, s->bytes);
	s->granted = false;
	grant(sv);
	pthread_mutex_unlock(&sv->lock);
}

bool service_quiet(struct service *sv)
{
	bool quiet;

	pthread_mutex_lock(&sv->lock);
	quiet = sv->inflight == 1 && !sv->opts.broadcast_trace_dir;
	pthread_mutex_unlock(&sv->lock);
	return quiet;
}

/* ---- the object ---------------------------------------------------------- */

struct service *service_new(const struct service_opts *o)
{
	struct service *sv = x_alloc(sizeof(*sv));

	util_assert(o->max_inflight_stream > 0 && o->max_inflight > 0);
	sv->opts = *o;
	if (sv->opts.broadcast_trace_dir && !*sv->opts.broadcast_trace_dir)
		sv->opts.broadcast_trace_dir = NULL;
	if (!sv->opts.readers)
		sv->opts.readers = o->pool;
	sv->methods[0] = broadcast_method;
	sv->methods[1] = deliver_method;
	sv->methods[0].arg = sv->methods[1].arg = sv;
	pthread_mutex_init(&sv->lock, NULL);
	sv->starved_tail = &sv->starved;
	return sv;
}

void service_free(struct service *sv)
{
	if (!sv)
		return;
	util_assert(!sv->starved);
	chan_counts_fini(&sv->counts.unknown);
	pthread_mutex_destroy(&sv->lock);
	free(sv);
}

const struct net_method *service_methods(struct service *sv)
{
	return sv->methods;
}

struct service_counts *service_counts(struct service *sv)
{
	return &sv->counts;
}
