/* SPDX-License-Identifier: Apache-2.0 */
/* daemon - main, boot, signals: wiring only. */
#ifndef DAEMON_H
#define DAEMON_H

#include <localconf/localconf.h>
#include <ops/ops.h>
#include <plugin/plugin.h>
#include <service/service.h>

/* Everything that runs, in the order in which it was started. */
struct daemon {
	struct plugin_set *plugins;
	struct localconf *conf;
	struct msp_local *signer;
	struct buf client_cas; /* what the files of General.TLS.ClientRootCAs held at start */
	struct pool *pool, *readers;
	struct ledger_root *root;
	struct net_server *server;
	struct registrar *registrar;
	struct service *service;
	struct ops_server *operations, *admin;    /* NULL: not asked for */
	struct daemon_metrics *metrics;           /* likewise */
	_Atomic(struct registrar *) open_ledgers; /* the registrar, once every channel is open */
};

/** Read settings, plugins, identity and TLS files: everything that can be checked without touching
 *  the ledger, but for the bootstrap block.
 *  Errors: one sentence with the remedy; nothing was changed on disk. */
int daemon_prepare(struct daemon *d, const char *ini_path, char **environment, struct ord_err *e);
/** Check what daemon_prepare() does not: the bootstrap block, if one will be needed (`ordererd
 *  --check`). */
int daemon_check(struct daemon *d, char **environment, struct ord_err *e);
/** Listen, open every channel, serve. */
int daemon_start(struct daemon *d, char **environment, struct ord_err *e);
/** Stop serving, let consensus finish what it accepted, close everything.   Blocks: yes. */
void daemon_stop(struct daemon *d);
/** A line per channel in the log. */
void daemon_log_state(struct daemon *d);

/** The block to begin an empty ledger with, by General.BootstrapMethod (spec 7.4), checked; NULL
 *  for none. */
int daemon_bootstrap_block(const struct daemon *d, char **environment, struct ord_block **out,
			   struct ord_err *e);
/** The file that the setting <@section>.<@name> names.  It must be set: TLS is on. */
int daemon_read_tls_file(const struct localconf *conf, const char *section, const char *name,
			 struct buf *out, struct ord_err *e);
/** Append what the files of <@section>.ClientRootCAs hold.
 *  Errors: the setting and the file that cannot be read, or has no certificate in it. */
int daemon_read_client_cas(const struct localconf *conf, const char *section, struct buf *out,
			   struct ord_err *e);
/** Where the operations endpoint is to be served; "": nowhere. */
const char *daemon_operations_address(const struct localconf *conf);
/** Serve it, if anywhere.
 *  Errors: "failed to start operations subsystem: ..." */
int daemon_operations_start(struct daemon *d, struct ord_err *e);
/** Set up what /metrics needs, if Metrics.Provider is prometheus. */
void daemon_metrics_init(struct daemon *d);
/** The daemon's part of /metrics; @arg is the daemon.   Thread: the operations endpoint's. */
void daemon_metrics(void *arg, struct ops_metrics *out);
/** What was counted of messages and blocks, likewise. */
void daemon_traffic(struct daemon *d, struct registrar *r, struct ops_metrics *out);
/** Have the clients' listener log its calls, and count them if there are metrics. */
void daemon_count_calls(struct daemon *d, struct net_opts *o);
/** Serve the channel participation API when it is enabled, or Admin.ListenAddress is set: then to
 *  say that it is disabled, as Fabric's orderer does.
 *  Errors: "failed to start admin server: ..." */
int daemon_admin_start(struct daemon *d, struct ord_err *e);
/** Check the settings and files of both. */
int daemon_check_listeners(const struct localconf *conf, struct ord_err *e);
/** The listener's options from the settings, TLS files checked; the PEM texts are kept in @cert and
 * @key. */
int daemon_net_opts(const struct localconf *conf, struct net_opts *o, struct buf *cert,
		    struct buf *key, struct ord_err *e);
/** Give the server the client CAs of the settings and of every channel. */
int daemon_client_cas(struct daemon *d, struct ord_err *e);

#endif /* DAEMON_H */
