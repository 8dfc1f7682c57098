/* SPDX-License-Identifier: Apache-2.0 */
/* From settings to what the rooms take: listener options, client CAs, the bootstrap block. */
#include <configtx/configtx.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon.h"

#define PEM_MAX   (1u << 20)  /* bytes of one PEM file */
#define BLOCK_MAX (64u << 20) /* bytes of a genesis block */

/* ---- the listener -------------------------------------------------------- */

int daemon_read_tls_file(const struct localconf *conf, const char *section, const char *name,
			 struct buf *out, struct ord_err *e)
{
	char *key = x_printf("%s.%s", section, name);
	const char *path = localconf_str(conf, key);
	int rc;

	if (!*path)
		rc = err_set(e, ORD_EINVAL, "%s must be set when %s.Enabled is true", key, section);
	else if ((rc = file_read(path, PEM_MAX, out, e)) < 0)
		err_wrap(e, "%s", key);
	free(key);
	return rc;
}

int daemon_read_client_cas(const struct localconf *conf, const char *section, struct buf *out,
			   struct ord_err *e)
{
	char *key = x_printf("%s.ClientRootCAs", section);
	int rc = 0;

	for (const char *const *path = localconf_list(conf, key); *path && rc == 0; path++) {
		struct buf pem = BUF_INIT;

		if ((rc = file_read(*path, PEM_MAX, &pem, e)) == 0 &&
		    (rc = net_check_cas(buf_bytes(&pem), e)) < 0)
			err_wrap(e, "%s", *path);
		buf_add_bytes(out, buf_bytes(&pem));
		buf_add_u8(out, '\n');
		buf_fini(&pem);
	}
	if (rc < 0)
		err_wrap(e, "%s", key);
	free(key);
	return rc;
}

int daemon_net_opts(const struct localconf *conf, struct net_opts *o, struct buf *cert,
		    struct buf *key, struct ord_err *e)
{
	unsigned loops = (unsigned)localconf_uint(conf, "General.NetLoops");
	int64_t handshake = localconf_duration_ns(conf, "General.ConnectionTimeout");
	int rc;

	o->address = localconf_str(conf, "General.ListenAddress");
	o->port = (uint16_t)localconf_uint(conf, "General.ListenPort");
	o->loops = loops ? loops : (thread_cpus() + 3) / 4;
	o->max_recv_msg = localconf_uint(conf, "General.MaxRecvMsgSize");
	o->max_send_msg = localconf_uint(conf, "General.MaxSendMsgSize");
	o->handshake_timeout_ns = handshake > 0 ? (uint64_t)handshake : 5 * CLOCK_SEC_NS;
	o->keepalive_interval_ns =
		(uint64_t)localconf_duration_ns(conf, "General.Keepalive.ServerInterval");
	o->keepalive_timeout_ns =
		(uint64_t)localconf_duration_ns(conf, "General.Keepalive.ServerTimeout");
	o->keepalive_min_interval_ns =
		(uint64_t)localconf_duration_ns(conf, "General.Keepalive.ServerMinInterval");
	o->tls = localconf_bool(conf, "General.TLS.Enabled");
	if (!o->tls)
		return 0;
	o->client_auth = localconf_bool(conf, "General.TLS.ClientAuthRequired");
	o->tls_time_shift_ns = localconf_duration_ns(conf, "General.TLS.TLSHandshakeTimeShift");
	if ((rc = daemon_read_tls_file(conf, "General.TLS", "Certificate", cert, e)) < 0 ||
	    (rc = daemon_read_tls_file(conf, "General.TLS", "PrivateKey", key, e)) < 0)
		return rc;
	o->cert_pem = buf_bytes(cert);
	o->key_pem = buf_bytes(key);
	if ((rc = net_check_tls(o, e)) < 0)
		err_hint(e, "see General.TLS.Certificate, %s, and General.TLS.PrivateKey, %s",
			 localconf_str(conf, "General.TLS.Certificate"),
			 localconf_str(conf, "General.TLS.PrivateKey"));
	return rc;
}

/* ---- client CAs ---------------------------------------------------------- */

struct pems {
	struct map *seen;
	struct buf *list;
	size_t n;
};

/* Each certificate once: every channel repeats those of its consortium. */
static void add_pem(void *arg, struct ord_bytes pem)
{
	struct pems *p = arg;

	if (map_get(p->seen, pem))
		return;
	map_put(p->seen, pem, p);
	p->list = x_realloc(p->list, (p->n + 1) * sizeof(*p->list));
	p->list[p->n] = (struct buf)BUF_INIT;
	buf_add_bytes(&p->list[p->n++], pem);
}

static void add_channel(void *arg, struct chan *c)
{
	struct chanconf *conf = chan_conf(c);

	chanconf_tls_cas(conf, add_pem, arg);
	chanconf_unref(conf);
}

/* Configurations of several channels may change at once; the last to collect must be the last to
 * set.  Neither channel nor net calls back from within. */
static pthread_mutex_t cas_lock = PTHREAD_MUTEX_INITIALIZER;

int daemon_client_cas(struct daemon *d, struct ord_err *e)
{
	struct pems p = {.seen = map_new()};
	struct ord_bytes *views;
	int rc = 0;

	pthread_mutex_lock(&cas_lock);
	if (localconf_bool(d->conf, "General.TLS.Enabled") &&
	    localconf_bool(d->conf, "General.TLS.ClientAuthRequired")) {
		if (d->client_cas.len)
			add_pem(&p, buf_bytes(&d->client_cas));
		registrar_each(d->registrar, add_channel, &p);
		views = x_alloc((p.n + 1) * sizeof(*views));
		for (size_t i = 0; i < p.n; i++)
			views[i] = buf_bytes(&p.list[i]);
		rc = net_server_client_cas(d->server, views, p.n, e);
		free(views);
	}
	pthread_mutex_unlock(&cas_lock);
	for (size_t i = 0; i < p.n; i++)
		buf_fini(&p.list[i]);
	free(p.list);
	map_free(p.seen, NULL);
	return rc;
}

/* ---- the bootstrap block ------------------------------------------------- */

/* 2.x names win over the 1.4 names when they are set. */
static const char *setting_or(const struct localconf *conf, const char *key, const char *old_key)
{
	const char *v = localconf_str(conf, key);

	return *v ? v : localconf_str(conf, old_key);
}

static int from_file(const char *path, struct ord_block **out, struct ord_err *e)
{
	struct buf b = BUF_INIT;
	int rc = file_read(path, BLOCK_MAX, &b, e);

	if (rc < 0) {
		err_wrap(e, "unable to bootstrap orderer. Error reading genesis block file");
		err_hint(e, "put a genesis block there, or name it in General.BootstrapFile");
	} else if ((rc = block_parse(&b, out, e)) < 0) {
		err_wrap(e, "unable to bootstrap orderer. Error unmarshalling genesis block %s",
			 path);
		err_hint(e, "make it anew, with ordererctl genesis");
	}
	buf_fini(&b);
	return rc;
}

#define PROFILES "configtx.yaml"

/* NULL: it is not there. */
static char *profiles_in(const char *dir)
{
	char *path = file_join(dir, PROFILES);

	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

/* Where Fabric's tools look, and where the settings were found.  If it is nowhere, the first of
 * these places is named. */
static char *find_profiles(const struct localconf *conf)
{
	const char *ini = localconf_path(conf), *slash = ini ? strrchr(ini, '/') : NULL;
	char *beside = slash ? x_strndup(ini, (size_t)(slash - ini) + 1) : NULL, *found = NULL;
	const char *const dirs[] = {getenv("FABRIC_CFG_PATH"), beside, "/etc/hyperledger/fabric"};

	for (size_t i = 0; i < UTIL_ARRAY_LEN(dirs) && !found; i++)
		found = profiles_in(dirs[i]);
	free(beside);
	return found ? found : file_join(dirs[0], PROFILES);
}

static int from_profile(const char *yaml, const struct localconf *conf, char **environment,
			struct ord_block **out, struct ord_err *e)
{
	return configtx_genesis(yaml, localconf_str(conf, "General.GenesisProfile"),
				localconf_str(conf, "General.SystemChannel"), environment, out, e);
}

int daemon_bootstrap_block(const struct daemon *d, char **environment, struct ord_block **out,
			   struct ord_err *e)
{
	const struct localconf *conf = d->conf;
	const char *method = setting_or(conf, "General.BootstrapMethod", "General.GenesisMethod");
	char *origin = NULL;
	int rc = 0;

	*out = NULL;
	if (strcmp(method, "file") == 0) {
		origin = x_strdup(setting_or(conf, "General.BootstrapFile", "General.GenesisFile"));
		rc = from_file(origin, out, e);
	} else if (strcmp(method, "provisional") == 0) {
		origin = find_profiles(conf);
		rc = from_profile(origin, conf, environment, out, e);
	} else if (strcmp(method, "none") != 0) {
		rc = err_set(e, ORD_EINVAL,
			     "Unknown genesis method: %s (known: file, provisional, none)", method);
	}
	if (rc == 0 && *out && (rc = registrar_check_bootstrap(d->plugins, *out, e)) < 0) {
		err_wrap(e, "%s", origin);
		block_unref(*out);
		*out = NULL;
	}
	free(origin);
	return rc;
}
