/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the service room share. */
#ifndef SERVICE_PRIV_H
#define SERVICE_PRIV_H

#include <service/service.h>

/* common.Status */
enum {
	STATUS_SUCCESS = 200,
	STATUS_BAD_REQUEST = 400,
	STATUS_FORBIDDEN = 403,
	STATUS_NOT_FOUND = 404,
	STATUS_REQUEST_ENTITY_TOO_LARGE = 413,
	STATUS_INTERNAL_SERVER_ERROR = 500,
	STATUS_NOT_IMPLEMENTED = 501,
	STATUS_SERVICE_UNAVAILABLE = 503
};
const char *service_status_name(int status);

/* A Broadcast stream, and the message of its that waits for room. */
struct starved {
	struct net_stream *net;
	size_t bytes;
	struct starved *next;
	bool listed;  /* stands in the queue */
	bool granted; /* the message is counted already; the stream has been woken to take it in */
};

struct service {
	struct service_opts opts;
	struct net_method methods[3];

	pthread_mutex_t lock; /* guards the rest */
	uint32_t inflight;
	uint64_t inflight_bytes;
	struct starved *starved, **starved_tail;
};

/** Room for one more message of @bytes, and nobody waits in front?  If not, @s is queued, and woken
 *  when its turn has come. */
bool service_admit(struct service *sv, size_t bytes, struct starved *s);
/** Was the message of @s that had to wait let in meanwhile?  Once. */
bool service_granted(struct service *sv, struct starved *s);
/** Is one message all that is under way?  Then it gains nothing from another thread. */
bool service_quiet(struct service *sv);
void service_leave(struct service *sv, size_t bytes);
/** Its stream takes no more messages: a place in the queue, or room not used yet, goes to the next.
 */
void service_forget(struct service *sv, struct starved *s);

extern const struct net_method broadcast_method;
extern const struct net_method deliver_method;

#endif /* SERVICE_PRIV_H */
