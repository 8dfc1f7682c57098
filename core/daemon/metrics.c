/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon counts itself, calls and connections, and what it asks the registrar for; under
 * the names of spec 8.2. */
#include <stdlib.h>

#include "daemon.h"

static struct log_logger logger = LOG_LOGGER("orderer.operations");

#define CODES (NET_UNAUTHENTICATED + 1)

static const char *const methods[] = {"Broadcast", "Deliver"};
#define METHODS UTIL_ARRAY_LEN(methods)
#define SERVICE "orderer_AtomicBroadcast"

struct daemon_metrics {
	atomic_uint_fast64_t opened, closed;    /* connections */
	struct histogram calls[METHODS][CODES]; /* by the code they ended with */
};

/* ---- counting ------------------------------------------------------------ */

static void on_connect(void *arg, bool opened)
{
	struct daemon_metrics *m = ((struct daemon *)arg)->metrics;

	atomic_fetch_add_explicit(opened ? &m->opened : &m->closed, 1, memory_order_relaxed);
}

static void on_call_end(void *arg, struct net_stream *s, int code, const char *why,
			uint64_t duration_ns)
{
	struct daemon_metrics *m = ((struct daemon *)arg)->metrics;
	const char *method = strrchr(net_stream_path(s), '/');

	net_log_call(arg, s, code, why, duration_ns);
	for (size_t i = 0; method && code >= 0 && code < CODES && i < METHODS; i++)
		if (strcmp(method + 1, methods[i]) == 0)
			histogram_observe(&m->calls[i][code], duration_ns);
}

/* ---- telling ------------------------------------------------------------- */

static const struct ops_label *labels_of(struct ops_label l[static OPS_LABELS], size_t method,
					 int code)
{
	l[0] = (struct ops_label){"service", SERVICE};
	l[1] = (struct ops_label){"method", methods[method]};
	l[2] = (struct ops_label){"code", net_status_name(code)};
	l[3] = (struct ops_label){NULL, NULL};
	return l;
}

static void add_calls(struct daemon_metrics *m, struct ops_metrics *out)
{
	struct ops_label l[OPS_LABELS];
	struct histogram_sum sum;

	ops_metric(out, "grpc_server_stream_requests_completed", 'c',
		   "The number of stream requests completed.");
	for (size_t i = 0; i < METHODS; i++)
		for (int code = 0; code < CODES; code++)
			if (histogram_read(&m->calls[i][code], &sum) > 0)
				ops_sample(out, labels_of(l, i, code), (double)sum.count);
	ops_metric(out, "grpc_server_stream_request_duration", 'h',
		   "The time to complete a stream request.");
	for (size_t i = 0; i < METHODS; i++)
		for (int code = 0; code < CODES; code++)
			if (histogram_read(&m->calls[i][code], &sum) > 0)
				ops_sample_histogram(out, labels_of(l, i, code), &sum);
}

static void add_counts(struct ops_metrics *out, const char *name, const char *help,
		       const uint64_t n[static METHODS])
{
	ops_metric(out, name, 'c', help);
	for (size_t i = 0; i < METHODS; i++)
		ops_sample(out,
			   (struct ops_label[]){{"service", SERVICE}, {"method", methods[i]}, {0}},
			   (double)n[i]);
}

static void add_messages(const struct net_server *s, struct ops_metrics *out)
{
	uint64_t calls[METHODS], received[METHODS], sent[METHODS];

	for (size_t i = 0; i < METHODS; i++) {
		char *path = x_printf("/orderer.AtomicBroadcast/%s", methods[i]);
		struct net_counts n;

		net_server_counts(s, path, &n);
		calls[i] = n.calls;
		received[i] = n.received;
		sent[i] = n.sent;
		free(path);
	}
	add_counts(out, "grpc_server_stream_requests_received",
		   "The number of stream requests received.", calls);
	add_counts(out, "grpc_server_stream_messages_received",
		   "The number of stream messages received.", received);
	add_counts(out, "grpc_server_stream_messages_sent", "The number of stream messages sent.",
		   sent);
}

static void add_connections(struct daemon_metrics *m, struct ops_metrics *out)
{
	ops_metric(out, "grpc_comm_conn_opened", 'c',
		   "gRPC connections opened. Open minus closed is the active number of "
		   "connections.");
	ops_sample(out, NULL, (double)atomic_load(&m->opened));
	ops_metric(out, "grpc_comm_conn_closed", 'c',
		   "gRPC connections closed. Open minus closed is the active number of "
		   "connections.");
	ops_sample(out, NULL, (double)atomic_load(&m->closed));
}

struct channel_metrics {
	struct registrar *registrar;
	struct ops_metrics *out;
	enum { HEIGHT, RELATION, STATUS } what;
};

static double place_of(const char *text, const char *const *texts)
{
	double i = 0;

	for (; *texts && strcmp(*texts, text) != 0; texts++)
		i++;
	return i;
}

static void add_channel(void *arg, const char *name, bool is_system)
{
	static const char *const relations[] = {"other", "consenter", "follower", "config-tracker",
						NULL};
	static const char *const statuses[] = {"inactive", "active", "onboarding", "failed", NULL};
	struct channel_metrics *m = arg;
	struct ops_label labels[] = {{"channel", name}, {0}};
	struct chan_info info;

	(void)is_system;
	if (registrar_info(m->registrar, name, &info, NULL) < 0)
		return; /* it went in between */
	ops_sample(m->out, labels,
		   m->what == HEIGHT     ? (double)info.height
		   : m->what == RELATION ? place_of(info.relation, relations)
					 : place_of(info.status, statuses));
}

static void add_channels(struct registrar *r, struct ops_metrics *out)
{
	struct channel_metrics m = {r, out, HEIGHT};

	ops_metric(out, "ledger_blockchain_height", 'g', "Height of the chain in blocks.");
	registrar_list(r, add_channel, &m);
	m.what = RELATION;
	ops_metric(out, "participation_consensus_relation", 'g',
		   "The channel participation consensus relation of the node: 0 if other, 1 if "
		   "consenter, 2 if follower, 3 if config-tracker.");
	registrar_list(r, add_channel, &m);
	m.what = STATUS;
	ops_metric(out, "participation_status", 'g',
		   "The channel participation status of the node: 0 if inactive, 1 if active, 2 if "
		   "onboarding, 3 if failed.");
	registrar_list(r, add_channel, &m);
}

void daemon_metrics(void *arg, struct ops_metrics *out)
{
	struct daemon *d = arg;
	struct registrar *r = atomic_load(&d->open_ledgers);

	add_connections(d->metrics, out);
	add_calls(d->metrics, out);
	add_messages(d->server, out);
	if (r) {
		daemon_traffic(d, r, out);
		add_channels(r, out);
	}
}

/* ---- whether ------------------------------------------------------------- */

void daemon_metrics_init(struct daemon *d)
{
	const char *provider = localconf_str(d->conf, "Metrics.Provider");

	if (strcmp(provider, "disabled") == 0)
		return;
	if (strcmp(provider, "statsd") == 0)
		log_warn(&logger, "Metrics.Provider is statsd, to which this orderer does not "
				  "report yet; metrics disabled");
	else if (strcmp(provider, "prometheus") != 0)
		log_warn(&logger, "Unknown provider type: %s; metrics disabled", provider);
	else if (!*daemon_operations_address(d->conf))
		log_warn(&logger, "Metrics.Provider is prometheus, but Operations.ListenAddress is "
				  "empty, where /metrics would be; metrics disabled");
	else
		d->metrics = x_alloc(sizeof(*d->metrics));
}

void daemon_count_calls(struct daemon *d, struct net_opts *o)
{
	o->arg = d;
	o->on_call_end = d->metrics ? on_call_end : net_log_call;
	o->on_connect = d->metrics ? on_connect : NULL;
}
