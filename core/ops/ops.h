/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ops - the HTTP listeners beside the ordering service: operations (health, log levels, version)
 * and administration (the channel participation API).  Sources: spec 7.2, 8.1, 9.2.
 *
 * libmicrohttpd, and the GnuTLS behind it, are loaded when the first listener is opened: a daemon
 * without one does not pay for them.  A listener has one thread; every callback runs on it.
 */
#ifndef OPS_H
#define OPS_H

#include <channel/channel.h>

#define OPS_READ_TIMEOUT_NS (10 * CLOCK_SEC_NS)

/* Where to listen. */
struct ops_listen {
	const char *address; /* "127.0.0.1:8443", ":8443", "[::1]:8443"; port 0: any */
	bool tls;
	bool client_auth; /* refuse connections without a client certificate */
	struct ord_bytes cert_pem, key_pem, client_cas_pem;
	uint64_t read_timeout_ns; /* for a whole request to come in; 0: OPS_READ_TIMEOUT_NS */
};

/** Is there anything wrong with it that can be told before it is bound?
 *  Errors: names the address, or the PEM text's fault. */
int ops_check(const struct ops_listen *l, struct ord_err *e);

struct ops_server;

uint16_t ops_port(const struct ops_server *s);
/** Answer what is under way (5 s at most) and close every connection.   Blocks: yes. */
void ops_stop(struct ops_server *s);
/** After ops_stop(), and after the last ticket of a health check was settled. */
void ops_free(struct ops_server *s);

/* ---- operations ---------------------------------------------------------- */

struct ops_health;  /* one answer to /healthz in the making */
struct ops_metrics; /* one answer to /metrics in the making */

struct ops_operations {
	struct ops_listen listen;
	const char *version; /* for /version */
	/** Add the caller's metrics to those that ops finds itself: of the process, the log and the
	 *  plugins.  NULL: there is no /metrics. */
	void (*metrics)(void *arg, struct ops_metrics *m);
	/** Begin every health check there is, with ops_health_check().  Must not block. */
	void (*check)(void *arg, struct ops_health *h);
	void *arg;
};

/** A ticket that some backing service settles: 0 for healthy, else why not.  It is owed.
 *  Thread: in check() only; the ticket may be settled on any. */
struct ord_ticket *ops_health_check(struct ops_health *h, const char *component);

/** Begin a metric: its samples follow.  @kind: 'c' counter, 'g' gauge, 'h' histogram.
 *  Thread: in metrics() only, as what follows. */
void ops_metric(struct ops_metrics *m, const char *name, char kind, const char *help);

struct ops_label {
	const char *name, *value;
};
#define OPS_LABELS 5
/** One series of the metric begun last.  @labels ends with a NULL name. */
void ops_sample(struct ops_metrics *m, const struct ops_label *labels, double value);
/** One series of a histogram. */
void ops_sample_histogram(struct ops_metrics *m, const struct ops_label *labels,
			  const struct histogram_sum *sum);

/** Serve /healthz, /logspec, /version and, if asked for, /metrics.
 *  Errors: ORD_ENOTSUP built without libmicrohttpd; ORD_EUNAVAIL it cannot be loaded; else the
 *  address's fault or the certificate's. */
int ops_operations_open(const struct ops_operations *o, struct ops_server **out, struct ord_err *e);

/* ---- administration ------------------------------------------------------ */

/* Who knows the channels: the registrar's calls of these names (core/channel/channel.h). */
struct ops_channels {
	struct registrar *registrar;
	int (*join)(struct registrar *r, struct ord_bytes block, struct chan_info *out, int *status,
		    struct ord_err *e);
	int (*remove)(struct registrar *r, const char *channel_id, int *status, struct ord_err *e);
	int (*info)(struct registrar *r, const char *channel_id, struct chan_info *out,
		    struct ord_err *e);
	void (*list)(struct registrar *r, void (*each)(void *arg, const char *name, bool is_system),
		     void *arg);
};

struct ops_admin {
	struct ops_listen listen;
	bool participation; /* ChannelParticipation.Enabled; else every request is refused */
	size_t max_body;    /* ChannelParticipation.MaxRequestBodySize */
	struct ops_channels channels;
};

/** Serve the channel participation API.   Errors: as ops_operations_open(). */
int ops_admin_open(const struct ops_admin *o, struct ops_server **out, struct ord_err *e);

#endif /* OPS_H */
