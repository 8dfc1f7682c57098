/* SPDX-License-Identifier: Apache-2.0 */
/* Starting and stopping, in one order and its reverse. */
#include <stdlib.h>
#include <sys/stat.h>

#include "daemon.h"

static struct log_logger logger = LOG_LOGGER("orderer.common.server");

#define MAX_INFLIGHT    8192 /* messages of all Broadcast streams under way */
#define FILES_A_CHANNEL 4    /* block file, index, journal segment, and the next of one of them */

/* ---- prepare ------------------------------------------------------------- */

/* What the operator chose, and what he should hear of; `ordererctl config explain` has the rest. */
static void log_conf(const struct localconf *conf)
{
	struct buf lines = BUF_INIT;
	const char *const *w;
	char *rest = NULL;

	localconf_dump_given(conf, &lines);
	for (char *s = strtok_r(buf_cstr(&lines), "\n", &rest); s; s = strtok_r(NULL, "\n", &rest))
		log_info(&logger, "%s", s);
	buf_fini(&lines);
	for (w = localconf_warnings(conf); *w; w++)
		log_warn(&logger, "%s", *w);
}

static int load_conf(struct daemon *d, const char *ini_path, char **environment, struct ord_err *e)
{
	char *dir = NULL;
	int rc = localconf_peek(ini_path, environment, "General.PluginDir", &dir, e);

	if (rc == 0)
		rc = plugin_set_load(dir, &d->plugins, e);
	if (rc == 0)
		rc = localconf_load(ini_path, plugin_set_rows(d->plugins), environment, &d->conf,
				    e);
	free(dir);
	return rc;
}

/* What Fabric's orderer can do and this one cannot must not be passed over in silence. */
static int check_conf(const struct localconf *conf, struct ord_err *e)
{
	const char *bccsp = localconf_str(conf, "General.BCCSP.Default");
	const char *ledger = localconf_str(conf, "General.LedgerType");

	if (strcmp(bccsp, "SW") != 0)
		return err_set(
			e, ORD_ENOTSUP,
			"General.BCCSP.Default is %s (%s), but only SW is supported: keys in "
			"files",
			bccsp, localconf_origin(conf, "General.BCCSP.Default"));
	if (strcmp(ledger, "file") != 0)
		return err_set(e, ORD_ENOTSUP,
			       "General.LedgerType is %s (%s), but only file is supported", ledger,
			       localconf_origin(conf, "General.LedgerType"));
	return 0;
}

static int open_signer(struct daemon *d, struct ord_err *e)
{
	const char *keys = localconf_str(d->conf, "General.BCCSP.SW.FileKeyStore.KeyStore");
	int rc = msp_local_open(localconf_str(d->conf, "General.LocalMSPDir"),
				localconf_str(d->conf, "General.LocalMSPID"), *keys ? keys : NULL,
				&d->signer, e);

	if (rc < 0)
		return err_wrap(e, "Failed to initialize local MSP");
	msp_warn_expiry("enrollment", msp_local_not_after(d->signer),
			clock_wall_ns() / (int64_t)CLOCK_SEC_NS);
	return 0;
}

static int check_listeners(struct daemon *d, struct ord_err *e)
{
	struct net_opts o = {0};
	struct buf cert = BUF_INIT, key = BUF_INIT;
	int rc = daemon_net_opts(d->conf, &o, &cert, &key, e);

	if (rc == 0 && o.client_auth)
		rc = daemon_read_client_cas(d->conf, "General.TLS", &d->client_cas, e);
	if (rc == 0)
		rc = daemon_check_listeners(d->conf, e);
	buf_fini(&cert);
	buf_fini(&key);
	return rc;
}

int daemon_prepare(struct daemon *d, const char *ini_path, char **environment, struct ord_err *e)
{
	int rc;

	if ((rc = load_conf(d, ini_path, environment, e)) < 0 ||
	    (rc = check_conf(d->conf, e)) < 0 ||
	    (rc = plugin_set_open(d->plugins, d->conf, e)) < 0 || (rc = open_signer(d, e)) < 0 ||
	    (rc = check_listeners(d, e)) < 0)
		return rc;
	log_conf(d->conf);
	return 0;
}

/* A chain without a block is what a crash leaves of its creation, and does not count. */
static bool has_chains(const char *location)
{
	char *chains = file_join(location, "chains"), **names = NULL;
	struct stat st;
	bool found = false;

	if (file_list(chains, &names, NULL, NULL) == 0)
		for (char **p = names; *p && !found; p++) {
			char *first = x_printf("%s/%s/blockfile_000000", chains, *p);

			found = stat(first, &st) == 0 && st.st_size > 0;
			free(first);
		}
	file_list_free(names);
	free(chains);
	return found;
}

/* The block to begin with, read and checked before anything is made on disk.  NULL: not needed. */
static int first_block(struct daemon *d, char **environment, struct ord_block **out,
		       struct ord_err *e)
{
	int rc = 0;

	*out = NULL;
	if (!has_chains(localconf_str(d->conf, "FileLedger.Location")))
		rc = daemon_bootstrap_block(d, environment, out, e);
	return rc;
}

int daemon_check(struct daemon *d, char **environment, struct ord_err *e)
{
	struct ord_block *block;
	int rc = first_block(d, environment, &block, e);

	block_unref(block);
	return rc;
}

/* ---- start --------------------------------------------------------------- */

static void count_channel(void *arg, struct chan *c)
{
	(void)c;
	++*(unsigned *)arg;
}

/* Clients must not take the files that ledgers and journals will be opened with. */
static void keep_files_back(struct daemon *d)
{
	unsigned channels = 0;

	registrar_each(d->registrar, count_channel, &channels);
	net_server_keep_back(d->server, channels * FILES_A_CHANNEL);
}

static void on_config(void *arg, struct chan *c)
{
	struct daemon *d = arg;
	struct ord_err e = ERR_INIT;

	(void)c;
	if (!atomic_load(&d->open_ledgers))
		return;
	keep_files_back(d);
	if (daemon_client_cas(d, &e) < 0)
		log_error(&logger, "Client CAs of the channels were not taken over: %s", e.msg);
}

static int open_ledgers(struct daemon *d, char **environment, struct ord_err *e)
{
	struct registrar_opts o = {
		.plugins = d->plugins,
		.signer = d->signer,
		.pool = d->pool,
		.no_expiration_checks =
			localconf_bool(d->conf, "General.Authentication.NoExpirationChecks"),
		.max_inflight = MAX_INFLIGHT,
		.on_config = on_config,
		.arg = d,
	};
	struct ord_block *bootstrap;
	int rc = first_block(d, environment, &bootstrap, e);

	if (rc == 0)
		rc = ledger_root_open(localconf_str(d->conf, "FileLedger.Location"), &d->root, e);
	o.root = d->root;
	if (rc == 0)
		rc = registrar_open(&o, bootstrap, &d->registrar, e);
	if (rc == 0) {
		atomic_store(&d->open_ledgers, d->registrar);
		keep_files_back(d);
	}
	block_unref(bootstrap);
	return rc;
}

static int listen_on(struct daemon *d, struct ord_err *e)
{
	struct net_opts o = {0};
	struct buf cert = BUF_INIT, key = BUF_INIT;
	int rc = daemon_net_opts(d->conf, &o, &cert, &key, e);

	o.methods = service_methods(d->service);
	daemon_count_calls(d, &o);
	if (rc == 0)
		rc = net_server_new(&o, &d->server, e);
	buf_fini(&cert);
	buf_fini(&key);
	return rc;
}

static struct service *make_service(const struct daemon *d)
{
	const struct localconf *conf = d->conf;
	struct service_opts o = {
		.pool = d->pool,
		.readers = d->readers,
		.registrar = &d->registrar,
		.time_window_ns = localconf_duration_ns(conf, "General.Authentication.TimeWindow"),
		.no_expiration_checks =
			localconf_bool(conf, "General.Authentication.NoExpirationChecks"),
		.tls_binding = localconf_bool(conf, "General.TLS.Enabled") &&
			       localconf_bool(conf, "General.TLS.ClientAuthRequired"),
		.max_inflight_stream =
			(uint32_t)localconf_uint(conf, "Broadcast.MaxInflightPerStream"),
		.max_inflight = MAX_INFLIGHT,
		.max_inflight_bytes = localconf_uint(conf, "Broadcast.MaxInflightBytes"),
		.count = d->metrics != NULL,
		.broadcast_trace_dir = localconf_str(conf, "Debug.BroadcastTraceDir"),
		.deliver_trace_dir = localconf_str(conf, "Debug.DeliverTraceDir"),
	};

	return service_new(&o);
}

int daemon_start(struct daemon *d, char **environment, struct ord_err *e)
{
	unsigned workers = (unsigned)localconf_uint(d->conf, "General.Workers");
	int rc;

	/* Bound first: a second daemon on one port must not touch the ledger. */
	if ((rc = pool_new(workers ? workers : thread_cpus(), "worker", &d->pool, e)) < 0 ||
	    (rc = pool_new((thread_cpus() + 1) / 2, "reader", &d->readers, e)) < 0)
		return rc;
	crypto_hot_keys(d->pool);
	daemon_metrics_init(d);
	d->service = make_service(d);
	if ((rc = listen_on(d, e)) < 0 || (rc = daemon_operations_start(d, e)) < 0 ||
	    (rc = open_ledgers(d, environment, e)) < 0 || (rc = daemon_client_cas(d, e)) < 0 ||
	    (rc = daemon_admin_start(d, e)) < 0 || (rc = net_server_start(d->server, e)) < 0)
		return rc;
	log_info(&logger, "Beginning to serve requests");
	return 0;
}

/* ---- stop ---------------------------------------------------------------- */

/* Streams first, then the workers that check for them, then the chains, which still settle. */
void daemon_stop(struct daemon *d)
{
	ops_stop(d->admin);
	ops_stop(d->operations);
	if (d->server)
		net_server_stop(d->server,
				clock_mono_ns() + (uint64_t)localconf_duration_ns(
							  d->conf, "General.ShutdownTimeout"));
	crypto_hot_keys(NULL);
	pool_free(d->pool);
	pool_free(d->readers);
	registrar_close(d->registrar);
	ops_free(d->admin);
	ops_free(d->operations);
	ledger_root_close(d->root);
	net_server_free(d->server);
	free(d->metrics);
	service_free(d->service);
	msp_local_close(d->signer);
	buf_fini(&d->client_cas);
	plugin_set_close(d->plugins);
	localconf_free(d->conf);
}

static void log_channel(void *arg, struct chan *c)
{
	(void)arg;
	log_info(&logger, "[channel: %s] height %llu, config sequence %llu, %s", chan_id(c),
		 (unsigned long long)ledger_height(chan_ledger(c)),
		 (unsigned long long)chan_sequence(c),
		 chan_errored(c) ? "consenter not available" : "consenter available");
}

void daemon_log_state(struct daemon *d)
{
	registrar_each(d->registrar, log_channel, NULL);
}
