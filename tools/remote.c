/* SPDX-License-Identifier: Apache-2.0 */
/* remote: an address and TLS material, then calls over the net room's client. */
#include "remote.h"

#include <crypto/crypto.h>
#include <stdlib.h>

enum { PEM_MAX = 1 << 20 };

/* ---- options ------------------------------------------------------------- */

static int hash_cert(struct remote *r, struct ord_bytes pem, struct ord_err *e)
{
	struct buf der = BUF_INIT;
	X509 *cert;
	int rc = crypto_cert_from_pem(pem, &cert, e);

	if (rc < 0)
		return rc;
	crypto_cert_der(cert, &der);
	sha256(buf_bytes(&der), r->cert_hash);
	r->has_cert = true;
	buf_fini(&der);
	X509_free(cert);
	return 0;
}

static int read_optional(const char *path, struct buf *b, struct ord_err *e)
{
	return path ? file_read(path, PEM_MAX, b, e) : 0;
}

static int open_tls(const struct ctl_tls *t, struct remote *r, struct ord_err *e)
{
	struct buf ca = BUF_INIT, cert = BUF_INIT, key = BUF_INIT;
	int rc = ctl_tls_check(t, e);

	if (rc < 0 || !t->ca)
		return rc;
	rc = file_read(t->ca, PEM_MAX, &ca, e);
	if (rc == 0)
		rc = read_optional(t->cert, &cert, e);
	if (rc == 0)
		rc = read_optional(t->key, &key, e);
	if (rc == 0 && t->cert)
		rc = hash_cert(r, buf_bytes(&cert), e);
	if (rc == 0)
		rc = net_tls_new(buf_bytes(&ca), buf_bytes(&cert), buf_bytes(&key),
				 t->name ? t->name : r->host, 0, &r->tls, e);
	buf_fini(&ca);
	buf_fini(&cert);
	buf_fini(&key);
	return rc;
}

int remote_open(const struct remote_opts *o, struct remote *out, struct ord_err *e)
{
	int rc;

	*out = (struct remote){.timeout_ns = o->timeout_ns};
	if (!ctl_host_port(o->orderer, &out->host, &out->port))
		return err_set(e, ORD_EINVAL, "orderer '%s': want HOST:PORT", o->orderer);
	rc = open_tls(&o->tls, out, e);
	if (rc == 0)
		rc = net_client_new(&out->client, e);
	if (rc < 0)
		remote_close(out);
	return rc;
}

void remote_close(struct remote *r)
{
	if (r->client)
		net_client_free(r->client);
	if (r->tls)
		net_tls_free(r->tls);
	free(r->host);
	*r = (struct remote){0};
}

struct ord_bytes remote_cert_hash(const struct remote *r)
{
	return bytes_of(r->cert_hash, r->has_cert ? sizeof(r->cert_hash) : 0);
}

int remote_link(struct remote *r, void (*state)(struct net_link *l, void *arg, const char *why),
		void *arg, struct net_link **out, struct ord_err *e)
{
	struct net_link_opts o = {
		.address = r->host, .port = r->port, .tls = r->tls, .state = state, .arg = arg};

	return net_link_open(r->client, &o, out, e);
}

int remote_ended(const struct remote *r, int status, const char *why, struct ord_err *e)
{
	return err_set(e, ORD_EUNAVAIL, "orderer %s:%u: %s%s%s", r->host, r->port,
		       status == NET_OK ? "ended the call" : net_status_name(status),
		       why && *why ? ": " : "", why ? why : "");
}

/* ---- calls --------------------------------------------------------------- */

struct remote_call {
	struct remote *remote;
	struct net_method method;
	struct net_link *link; /* NULL: gone */
	struct net_stream *stream;
	struct buf received; /* held until it is asked for: the stream is paused */
	bool has_received, closed;
	int status;
	char why[256];
};

static void on_message(struct net_stream *s, void *state, struct net_msg *m)
{
	struct remote_call *c = state;

	util_assert(!c->has_received);
	c->received = m->body;
	m->body = (struct buf)BUF_INIT;
	c->has_received = true;
	net_stream_pause(s);
}

static void on_closed(struct net_stream *s, void *state)
{
	struct remote_call *c = state;
	const char *why;

	c->status = net_call_status(s, &why);
	if (!c->why[0])
		snprintf(c->why, sizeof(c->why), "%s", why ? why : "");
	c->closed = true;
	c->stream = NULL;
}

static void on_link(struct net_link *l, void *arg, const char *why)
{
	struct remote_call *c = arg;

	(void)l;
	if (!why)
		return;
	snprintf(c->why, sizeof(c->why), "%s", why);
	c->link = NULL;
	if (!c->closed) {
		c->status = NET_UNAVAILABLE;
		c->closed = true;
	}
}

int remote_call(struct remote *r, const char *path, struct remote_call **out, struct ord_err *e)
{
	struct remote_call *c = x_alloc(sizeof(*c));
	int rc;

	c->remote = r;
	c->method = (struct net_method){.path = path, .message = on_message, .closed = on_closed};
	rc = remote_link(r, on_link, c, &c->link, e);
	if (rc < 0) {
		free(c);
		return rc;
	}
	c->stream = net_call(c->link, &c->method, c, 0);
	*out = c;
	return 0;
}

void remote_call_free(struct remote_call *c)
{
	if (!c)
		return;
	if (c->link)
		net_link_close(c->link);
	while (c->link) /* state() and closed() still use @c */
		net_client_run(c->remote->client, 0);
	buf_fini(&c->received);
	free(c);
}

static int ended(const struct remote_call *c, struct ord_err *e)
{
	return remote_ended(c->remote, c->status, c->why, e);
}

int remote_send(struct remote_call *c, struct ord_bytes msg, struct ord_err *e)
{
	struct net_chunk chunk = {.bytes = msg};

	if (c->closed || !c->stream)
		return ended(c, e);
	while (!c->closed && net_stream_queued(c->stream) > NET_HIGH_WATER)
		net_client_run(c->remote->client, CLOCK_NEVER);
	if (c->closed)
		return ended(c, e);
	return net_stream_send(c->stream, &chunk, 1, e);
}

int remote_receive(struct remote_call *c, bool patient, struct buf *msg, struct ord_err *e)
{
	uint64_t deadline =
		patient ? CLOCK_NEVER : clock_mono_ns() + (uint64_t)c->remote->timeout_ns;

	if (!c->has_received && c->stream)
		net_stream_resume(c->stream);
	while (!c->has_received && !c->closed) {
		if (clock_mono_ns() >= deadline)
			return err_set(e, ORD_ETIMEDOUT, "orderer %s:%u: no answer in time",
				       c->remote->host, c->remote->port);
		net_client_run(c->remote->client, deadline);
	}
	if (c->has_received) {
		buf_fini(msg);
		*msg = c->received;
		c->received = (struct buf)BUF_INIT;
		c->has_received = false;
		return 1;
	}
	return c->status == NET_OK && !c->why[0] ? 0 : ended(c, e);
}
