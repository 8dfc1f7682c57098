/* SPDX-License-Identifier: Apache-2.0 */
/* http: connect, write the request, read the answer. */
#include "http.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct link {
	char *host;
	uint16_t port;
	int fd;
	SSL_CTX *ctx; /* NULL: no TLS */
	SSL *ssl;
	uint64_t deadline_ns;
};

/* ---- waiting ------------------------------------------------------------- */

static int wait_for(const struct link *l, short events, struct ord_err *e)
{
	struct pollfd p = {.fd = l->fd, .events = events};
	uint64_t now = clock_mono_ns();
	int n;

	if (now >= l->deadline_ns)
		return err_set(e, ORD_ETIMEDOUT, "no answer in time");
	n = poll(&p, 1, (int)((l->deadline_ns - now) / CLOCK_MS_NS) + 1);
	if (n < 0 && errno != EINTR)
		return err_sys(e, errno, "poll");
	return 0; /* whoever called tries again, and waits again */
}

static const char *tls_reason(void)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	return why ? why : "the connection broke";
}

/* Wait for what a call of OpenSSL's that returned @rc wants; 0: try again. */
static int wait_tls(struct link *l, int rc, struct ord_err *e)
{
	long verdict = SSL_get_verify_result(l->ssl);

	switch (SSL_get_error(l->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return wait_for(l, POLLIN, e);
	case SSL_ERROR_WANT_WRITE:
		return wait_for(l, POLLOUT, e);
	default:
		if (verdict != X509_V_OK)
			return err_set(e, ORD_EUNAVAIL, "TLS: the orderer's certificate: %s",
				       X509_verify_cert_error_string(verdict));
		return err_set(e, ORD_EUNAVAIL, "TLS: %s", tls_reason());
	}
}

/* ---- connecting ---------------------------------------------------------- */

static int connect_one(struct link *l, const struct addrinfo *a, struct ord_err *e)
{
	int failed = 0;
	socklen_t len = sizeof(failed);

	l->fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return err_sys(e, errno, "socket");
	if (connect(l->fd, a->ai_addr, a->ai_addrlen) < 0 && errno != EINPROGRESS)
		return err_sys(e, errno, "connect");
	if (wait_for(l, POLLOUT, e) < 0)
		return e->code;
	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &failed, &len) < 0)
		failed = errno;
	return failed ? err_sys(e, failed, "connect") : 0;
}

static int connect_any(struct link *l, struct ord_err *e)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
	char port[6];
	int rc;

	snprintf(port, sizeof(port), "%u", l->port);
	rc = getaddrinfo(l->host, port, &hints, &list);
	if (rc != 0)
		return err_set(e, ORD_EUNAVAIL, "%s", gai_strerror(rc));
	rc = ORD_EUNAVAIL;
	for (const struct addrinfo *a = list; a && rc < 0; a = a->ai_next) {
		rc = connect_one(l, a, e);
		if (rc < 0 && l->fd >= 0) {
			close(l->fd);
			l->fd = -1;
		}
	}
	freeaddrinfo(list);
	return rc;
}

static int load_tls(const struct ctl_tls *t, struct link *l, struct ord_err *e)
{
	l->ctx = SSL_CTX_new(TLS_client_method());
	util_assert(l->ctx);
	SSL_CTX_set_min_proto_version(l->ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(l->ctx, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_load_verify_locations(l->ctx, t->ca, NULL) != 1)
		return err_set(e, ORD_EINVAL, "%s: %s", t->ca, tls_reason());
	if (!t->cert)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(l->ctx, t->cert) != 1)
		return err_set(e, ORD_EINVAL, "%s: %s", t->cert, tls_reason());
	if (SSL_CTX_use_PrivateKey_file(l->ctx, t->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(l->ctx) != 1)
		return err_set(e, ORD_EINVAL, "%s: %s", t->key, tls_reason());
	return 0;
}

static int start_tls(const struct ctl_tls *t, struct link *l, struct ord_err *e)
{
	const char *name = t->name ? t->name : l->host;
	int rc;

	l->ssl = SSL_new(l->ctx);
	util_assert(l->ssl);
	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(l->ssl), name) != 1) {
		SSL_set1_host(l->ssl, name);
		SSL_set_tlsext_host_name(l->ssl, name);
	}
	ERR_clear_error();
	SSL_set_fd(l->ssl, l->fd);
	while ((rc = SSL_connect(l->ssl)) != 1)
		if (wait_tls(l, rc, e) < 0)
			return e->code;
	return 0;
}

/* ---- reading and writing ------------------------------------------------- */

static int write_all(struct link *l, struct ord_bytes b, struct ord_err *e)
{
	while (b.len > 0) {
		ssize_t n;
		int rc = 0;

		ERR_clear_error();
		n = l->ssl ? SSL_write(l->ssl, b.data, b.len < INT_MAX ? (int)b.len : INT_MAX)
			   : send(l->fd, b.data, b.len, MSG_NOSIGNAL);
		if (n > 0)
			b = bytes_of(b.data + n, b.len - (size_t)n);
		else if (l->ssl)
			rc = wait_tls(l, (int)n, e);
		else if (errno == EAGAIN)
			rc = wait_for(l, POLLOUT, e);
		else if (errno != EINTR)
			rc = err_sys(e, errno, "send");
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Read what there is; 1, or 0 at the end. */
static int read_some(struct link *l, struct buf *b, struct ord_err *e)
{
	for (;;) {
		ssize_t n;
		int rc = 0;

		buf_reserve(b, 16384);
		ERR_clear_error(); /* what a failed write left is not this read's */
		n = l->ssl ? SSL_read(l->ssl, b->data + b->len, 16384)
			   : recv(l->fd, b->data + b->len, 16384, 0);
		if (n > 0) {
			b->len += (size_t)n;
			return 1;
		}
		if (l->ssl && SSL_get_error(l->ssl, (int)n) == SSL_ERROR_ZERO_RETURN)
			return 0;
		if (!l->ssl && n == 0)
			return 0;
		if (l->ssl)
			rc = wait_tls(l, (int)n, e);
		else if (errno == EAGAIN)
			rc = wait_for(l, POLLIN, e);
		else if (errno != EINTR)
			rc = err_sys(e, errno, "receive");
		if (rc < 0)
			return rc;
	}
}

static int read_answer(struct link *l, struct http_answer *out, struct ord_err *e)
{
	struct buf came = BUF_INIT;
	int rc, more;

	do {
		more = read_some(l, &came, e);
		rc = more < 0 ? more : http_parse(buf_bytes(&came), more == 0, out, e);
		if (rc == 0 && came.len > HTTP_MAX_ANSWER)
			rc = err_set(e, ORD_ETOOBIG, "an answer of more than %u bytes",
				     HTTP_MAX_ANSWER);
	} while (rc == 0);
	buf_fini(&came);
	return rc < 0 ? rc : 0;
}

static void write_request(struct link *l, const struct http_request *r, struct ord_err *e)
{
	struct buf head = BUF_INIT;

	buf_printf(&head,
		   "%s %s HTTP/1.1\r\nHost: %s:%u\r\nAccept: application/json\r\n"
		   "Connection: close\r\n",
		   r->method, r->path, l->host, l->port);
	if (r->content_type)
		buf_printf(&head, "Content-Type: %s\r\nContent-Length: %zu\r\n", r->content_type,
			   r->body.len);
	buf_add_str(&head, "\r\n");
	if (write_all(l, buf_bytes(&head), e) == 0)
		write_all(l, r->body, e);
	buf_fini(&head);
}

/* ---- the whole ----------------------------------------------------------- */

static int talk(struct link *l, const struct http_opts *o, const struct http_request *r,
		struct http_answer *out, struct ord_err *e)
{
	int rc = connect_any(l, e);

	if (rc == 0 && l->ctx)
		rc = start_tls(&o->tls, l, e);
	if (rc == 0) {
		/* Who refuses early may not read it all: what is answered, if anything, counts. */
		write_request(l, r, e);
		rc = read_answer(l, out, e);
	}
	if (rc < 0)
		err_wrap(e, "orderer %s:%u", l->host, l->port);
	return rc;
}

int http_ask(const struct http_opts *o, const struct http_request *r, struct http_answer *out,
	     struct ord_err *e)
{
	struct link l = {.fd = -1, .deadline_ns = clock_mono_ns() + (uint64_t)o->timeout_ns};
	int rc = ctl_tls_check(&o->tls, e);

	*out = (struct http_answer){.status = 0};
	signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
	if (rc == 0 && !ctl_host_port(o->admin, &l.host, &l.port))
		rc = err_set(e, ORD_EINVAL, "--admin '%s': want HOST:PORT", o->admin);
	if (rc == 0 && o->tls.ca)
		rc = load_tls(&o->tls, &l, e);
	if (rc == 0)
		rc = talk(&l, o, r, out, e);
	SSL_free(l.ssl);
	SSL_CTX_free(l.ctx);
	if (l.fd >= 0)
		close(l.fd);
	free(l.host);
	return rc;
}
