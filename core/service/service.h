/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service - orderer.AtomicBroadcast: streams in, tickets and blocks out.  Sources:
 * spec 5.4, 5.5, 11.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <channel/channel.h>
#include <net/net.h>

struct service;

struct service_opts {
	struct registrar *const *registrar; /* opened before the server starts */
	struct pool *pool;                  /* verification */
	struct pool *readers; /* Deliver's reads, not behind the messages that wait to be verified;
			       * NULL: on @pool all the same */
	int64_t time_window_ns; /* General.Authentication.TimeWindow */
	bool no_expiration_checks;
	bool tls_binding;             /* this server requires client certificates */
	uint32_t max_inflight_stream; /* messages of one Broadcast stream under way */
	uint32_t max_inflight;        /* of all Broadcast streams together */
	uint64_t max_inflight_bytes;  /* likewise, in bytes */
	bool count;                   /* what service_counts() and chan_counts() tell of */
	const char *broadcast_trace_dir,
		*deliver_trace_dir; /* a file a request; NULL or "": none */
};

struct service *service_new(const struct service_opts *o);
void service_free(struct service *s); /* after the net_server has stopped */
/** Both methods, ending with path == NULL; the service's. */
const struct net_method *service_methods(struct service *s);
/* What belongs to no channel; chan_counts() has the rest. */
struct service_counts {
	atomic_uint_fast64_t deliver_opened, deliver_closed; /* streams */
	struct chan_counts unknown; /* of channels that are not here, whatever they are called */
};
struct service_counts *service_counts(struct service *s);
/** The common.Status of an ORD_E* code; ORD_OK is SUCCESS. */
int service_status(int code);

#endif /* SERVICE_H */
