/* SPDX-License-Identifier: Apache-2.0 */
/* The access log: one line for each call that is over (spec 1.1). */
#include <stdlib.h>

#include "net_priv.h"

static struct log_logger logger = LOG_LOGGER("comm.grpc.server");

#define FIELDS 9 /* eight, and the end */

static void add(struct log_field *list, size_t *n, struct log_field f)
{
	util_assert(*n < FIELDS - 1);
	list[(*n)++] = f;
}

/* "/orderer.AtomicBroadcast/Deliver": service and method, in @copy. */
static void add_path(struct log_field *list, size_t *n, char *copy)
{
	char *method = strrchr(copy, '/');

	util_assert(method && method > copy);
	*method++ = '\0';
	add(list, n, (struct log_field){.key = "grpc.service", .text = copy + 1});
	add(list, n, (struct log_field){.key = "grpc.method", .text = method});
}

static void add_caller(struct log_field *list, size_t *n, const struct net_stream *s)
{
	uint64_t deadline_ns = net_stream_deadline_ns(s);
	const char *subject = net_stream_subject(s);

	if (deadline_ns != CLOCK_NEVER)
		add(list, n,
		    (struct log_field){.key = "grpc.request_deadline",
				       .type = LOG_TIME,
				       .ns = clock_wall_ns() +
					     (int64_t)(deadline_ns - clock_mono_ns())});
	add(list, n, (struct log_field){.key = "grpc.peer_address", .text = net_stream_peer(s)});
	if (*subject)
		add(list, n, (struct log_field){.key = "grpc.peer_subject", .text = subject});
}

void net_log_call(void *arg, struct net_stream *s, int code, const char *why, uint64_t duration_ns)
{
	struct log_field fields[FIELDS] = {0};
	const char *name = net_status_name(code);
	char *path, *error;
	size_t n = 0;

	(void)arg;
	if (!log_enabled(&logger, ORD_INFO))
		return;
	path = x_strdup(net_stream_path(s));
	error = x_printf("rpc error: code = %s desc = %s", name, why);
	add_path(fields, &n, path);
	add_caller(fields, &n, s);
	if (code != NET_OK)
		add(fields, &n, (struct log_field){.key = "error", .text = error});
	add(fields, &n, (struct log_field){.key = "grpc.code", .text = name});
	add(fields, &n,
	    (struct log_field){
		    .key = "grpc.call_duration", .type = LOG_DURATION, .ns = (int64_t)duration_ns});
	log_write_fields(&logger, ORD_INFO, __func__, "streaming call completed", fields);
	free(error);
	free(path);
}
