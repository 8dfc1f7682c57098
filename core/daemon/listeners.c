/* SPDX-License-Identifier: Apache-2.0 */
/* From settings to the HTTP listeners beside the clients': operations and administration. */
#include <stdlib.h>

#include "daemon.h"

/* ---- settings that both have --------------------------------------------- */

struct pems {
	struct buf cert, key, cas;
};

static void pems_fini(struct pems *p)
{
	buf_fini(&p->cert);
	buf_fini(&p->key);
	buf_fini(&p->cas);
}

static bool flag(const struct localconf *conf, const char *section, const char *name)
{
	char *key = x_printf("%s.%s", section, name);
	bool on = localconf_bool(conf, key);

	free(key);
	return on;
}

/* @section: "Operations.TLS" or "Admin.TLS".  The texts that @l views are in @p. */
static int listen_opts(const struct localconf *conf, const char *section, struct ops_listen *l,
		       struct pems *p, struct ord_err *e)
{
	int rc;

	l->tls = flag(conf, section, "Enabled");
	if (!l->tls)
		return 0;
	l->client_auth = flag(conf, section, "ClientAuthRequired");
	if ((rc = daemon_read_tls_file(conf, section, "Certificate", &p->cert, e)) < 0 ||
	    (rc = daemon_read_tls_file(conf, section, "PrivateKey", &p->key, e)) < 0 ||
	    (rc = daemon_read_client_cas(conf, section, &p->cas, e)) < 0)
		return rc;
	l->cert_pem = buf_bytes(&p->cert);
	l->key_pem = buf_bytes(&p->key);
	l->client_cas_pem = buf_bytes(&p->cas);
	return 0;
}

/* ---- operations ---------------------------------------------------------- */

/* As Fabric names the checks of its Kafka channels, by topic and partition. */
static void check_channel(void *arg, struct chan *c)
{
	struct ops_health *h = arg;
	struct ord_err e = ERR_INIT;
	struct ord_ticket *t;
	char *component;

	if (!chan_has_health(c))
		return;
	component = x_printf("%s/0", chan_id(c));
	t = ops_health_check(h, component);
	if (chan_health(c, t, &e) < 0)
		t->done(t, e.code, e.msg);
	free(component);
}

static void check_health(void *arg, struct ops_health *h)
{
	struct daemon *d = arg;
	struct registrar *r = atomic_load(&d->open_ledgers);

	if (r)
		registrar_each(r, check_channel, h);
}

/* Who asks for metrics and says nothing of where wants them where Fabric's file has them. */
const char *daemon_operations_address(const struct localconf *conf)
{
	const char *address = localconf_str(conf, "Operations.ListenAddress");
	bool given = strcmp(localconf_origin(conf, "Operations.ListenAddress"), "default") != 0;
	bool wanted = strcmp(localconf_str(conf, "Metrics.Provider"), "prometheus") == 0;

	return wanted && !given ? "127.0.0.1:8443" : address;
}

int daemon_operations_start(struct daemon *d, struct ord_err *e)
{
	struct ops_operations o = {
		.listen.address = daemon_operations_address(d->conf),
		.version = PACKAGE_VERSION,
		.check = check_health,
		.metrics = d->metrics ? daemon_metrics : NULL,
		.arg = d,
	};
	struct pems p = {BUF_INIT, BUF_INIT, BUF_INIT};
	int rc;

	if (!*o.listen.address)
		return 0;
	rc = listen_opts(d->conf, "Operations.TLS", &o.listen, &p, e);
	if (rc == 0)
		rc = ops_operations_open(&o, &d->operations, e);
	pems_fini(&p);
	return rc;
}

/* ---- administration ------------------------------------------------------ */

static bool has_admin(const struct localconf *conf)
{
	return *localconf_str(conf, "Admin.ListenAddress") &&
	       (localconf_bool(conf, "ChannelParticipation.Enabled") ||
		strcmp(localconf_origin(conf, "Admin.ListenAddress"), "default") != 0);
}

static int admin_opts(const struct localconf *conf, struct ops_listen *l, struct pems *p,
		      struct ord_err *e)
{
	int rc = listen_opts(conf, "Admin.TLS", l, p, e);

	if (rc == 0 && l->tls && !l->client_auth)
		rc = err_set(e, ORD_EINVAL,
			     "Admin.TLS.ClientAuthRequired must be set to true if "
			     "Admin.TLS.Enabled is set to true");
	return rc;
}

int daemon_admin_start(struct daemon *d, struct ord_err *e)
{
	const struct localconf *conf = d->conf;
	struct ops_admin o = {
		.listen.address = localconf_str(conf, "Admin.ListenAddress"),
		.participation = localconf_bool(conf, "ChannelParticipation.Enabled"),
		.max_body = localconf_uint(conf, "ChannelParticipation.MaxRequestBodySize"),
		.channels = {d->registrar, registrar_join, registrar_remove, registrar_info,
			     registrar_list},
	};
	struct pems p = {BUF_INIT, BUF_INIT, BUF_INIT};
	int rc;

	if (!has_admin(conf))
		return 0;
	rc = admin_opts(conf, &o.listen, &p, e);
	if (rc == 0)
		rc = ops_admin_open(&o, &d->admin, e);
	pems_fini(&p);
	return rc;
}

/* ---- check --------------------------------------------------------------- */

static int check(const struct ops_listen *l, const char *section, struct ord_err *e)
{
	return ops_check(l, e) < 0 ? err_wrap(e, "%s", section) : 0;
}

int daemon_check_listeners(const struct localconf *conf, struct ord_err *e)
{
	struct ops_listen operations = {.address = daemon_operations_address(conf)};
	struct ops_listen admin = {.address = localconf_str(conf, "Admin.ListenAddress")};
	struct pems a = {BUF_INIT, BUF_INIT, BUF_INIT}, b = {BUF_INIT, BUF_INIT, BUF_INIT};
	int rc = 0;

	if (*operations.address &&
	    (rc = listen_opts(conf, "Operations.TLS", &operations, &a, e)) == 0)
		rc = check(&operations, "Operations", e);
	if (rc == 0 && has_admin(conf) && (rc = admin_opts(conf, &admin, &b, e)) == 0)
		rc = check(&admin, "Admin", e);
	pems_fini(&a);
	pems_fini(&b);
	return rc;
}
