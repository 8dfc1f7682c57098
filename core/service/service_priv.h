/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the service room share. */
#ifndef SERVICE_PRIV_H
#define SERVICE_PRIV_H

#include <service/service.h>

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
	struct service_counts counts;
	atomic_bool trace_failed; /* and somebody was told */

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

/** Queue @answer.  Nobody is told if it cannot be sent: the stream has ended.
 *  Thread: the stream's. */
void service_send(struct net_stream *net, const void *answer);

/* ---- seek.c: one request of Deliver -------------------------------------- */

/* The request that is being served; pump() alone touches it. */
struct seek {
	struct chan *chan;
	struct ord_env *env;
	struct policy_signed sig;
	int64_t not_after;
	bool checked; /* the policy held at conf_seq */
	uint64_t conf_seq;
	bool not_found; /* start is beyond the chain: the first block asked for ends it */
	bool fail_if_not_ready, best_effort;
	uint64_t next, stop;
};

/** Time and TLS binding of the request in @k->env.   Errors: ORD_EINVAL. */
int seek_check(const struct seek *k, const struct service *sv, struct ord_bytes cert_hash,
	       struct ord_err *e);
/** What the requester signed, and until when he may read; @k->chan is known.
 *  Errors: ORD_EINVAL. */
int seek_session(struct seek *k, struct ord_err *e);
/** May the requester read, now?  The policy is asked again when the configuration has moved.
 *  Errors: ORD_EPERM. */
int seek_access(struct seek *k, const struct service *sv, struct ord_err *e);
/** Where to begin and to stop.   Errors: ORD_EINVAL. */
int seek_resolve(struct seek *k, const Orderer__SeekInfo *info, struct ord_err *e);

/* ---- trace.c ------------------------------------------------------------- */

/** Write @env to a file in @dir, if there is one.   Blocks: disk. */
void trace_request(struct service *sv, const char *dir, const char *method,
		   const struct ord_env *env);

extern const struct net_method broadcast_method;
extern const struct net_method deliver_method;

#endif /* SERVICE_PRIV_H */
