/* SPDX-License-Identifier: Apache-2.0 */
/* http: a listener, its thread and its connections. */
#include "http_priv.h"

#include <errno.h>
#include <net/net.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CONNECTIONS 64
#define FAREWELL_NS     (5 * CLOCK_SEC_NS)

/* Those of Fabric's listeners (spec 1.1), TLS 1.3's own added. */
#define TLS_PRIORITIES                                                                      \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:" \
	"+CHACHA20-POLY1305:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:+RSA"

/* ---- connections --------------------------------------------------------- */

struct http_conn *http_conn_of(struct ops_server *s, const struct MHD_Connection *c)
{
	struct http_conn *conn = s->conns;

	while (conn && conn->connection != c)
		conn = conn->next;
	return conn;
}

static void ask_certificate(struct ops_server *s, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		s->mhd->get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	if (info && info->tls_session)
		mhd_ask_certificate(info->tls_session, s->o.listen.client_auth);
}

static void forget(struct ops_server *s, const struct MHD_Connection *c)
{
	struct http_conn **at = &s->conns, *gone;

	while (*at && (*at)->connection != c)
		at = &(*at)->next;
	gone = *at;
	if (!gone)
		return;
	*at = gone->next;
	free(gone);
}

static void on_connection(void *arg, struct MHD_Connection *c, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct ops_server *s = arg;
	struct http_conn *conn;

	(void)context;
	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		forget(s, c);
		s->closed = true;
		return;
	}
	conn = x_alloc(sizeof(*conn));
	conn->connection = c;
	conn->deadline_ns = clock_mono_ns() + s->o.listen.read_timeout_ns;
	conn->next = s->conns;
	s->conns = conn;
	if (s->o.listen.tls)
		ask_certificate(s, c);
}

static int fd_of(struct ops_server *s, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		s->mhd->get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static void cut(struct ops_server *s, struct http_conn *c)
{
	shutdown(fd_of(s, c->connection), SHUT_RDWR);
	c->deadline_ns = CLOCK_NEVER;
}

static bool is_ended(struct ops_server *s, struct http_conn *c)
{
	char byte;

	return recv(fd_of(s, c->connection), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* The whole request must come in its time, not just a byte of it now and then.  Nor does
 * libmicrohttpd notice the end of a connection that came together with the last bytes it read. */
static void cut_late(struct ops_server *s, uint64_t now)
{
	unsigned long long ms = 1;
	bool busy = s->mhd->get_timeout(s->daemon, &ms) == MHD_YES && ms == 0;

	for (struct http_conn *c = s->conns; c; c = c->next) {
		bool reading = !c->rq || !c->rq->handled;

		if (c->deadline_ns == CLOCK_NEVER)
			continue;
		if (c->deadline_ns <= now || (reading && !busy && is_ended(s, c)))
			cut(s, c);
	}
}

/* ---- the thread ---------------------------------------------------------- */

void http_wake(struct ops_server *s)
{
	uint64_t one = 1;

	if (write(s->wake_fd, &one, sizeof(one)) < 0)
		log_error(s->o.logger, "Could not wake the listener: %s", strerror(errno));
}

static void drain_wakes(struct ops_server *s)
{
	uint64_t n;

	if (read(s->wake_fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		log_error(s->o.logger, "Could not read the listener's wakes: %s", strerror(errno));
}

static int wait_ms(struct ops_server *s, uint64_t deadline)
{
	unsigned long long mhd_ms = 0;
	uint64_t now = clock_mono_ns(), ms;
	uint64_t later = http_later_deadline(s);

	deadline = later < deadline ? later : deadline;
	for (struct http_conn *c = s->conns; c; c = c->next)
		deadline = c->deadline_ns < deadline ? c->deadline_ns : deadline;
	if (s->closed) /* below its limit, libmicrohttpd accepts again only in its next turn */
		ms = 0;
	else if (deadline == CLOCK_NEVER)
		ms = INT_MAX;
	else
		ms = deadline <= now ? 0 : (deadline - now) / CLOCK_MS_NS + 1;
	if (s->mhd->get_timeout(s->daemon, &mhd_ms) == MHD_YES && mhd_ms < ms)
		ms = mhd_ms;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static bool is_stopping(struct ops_server *s)
{
	bool stopping;

	pthread_mutex_lock(&s->lock);
	stopping = s->stopping;
	pthread_mutex_unlock(&s->lock);
	return stopping;
}

static void turn(struct ops_server *s, uint64_t deadline, bool last)
{
	struct pollfd fds[] = {{.fd = s->epoll_fd, .events = POLLIN},
			       {.fd = s->wake_fd, .events = POLLIN}};

	poll(fds, UTIL_ARRAY_LEN(fds), wait_ms(s, deadline));
	s->closed = false;
	drain_wakes(s);
	http_later_run(s, clock_mono_ns(), last);
	s->mhd->run(s->daemon);
	cut_late(s, clock_mono_ns());
}

static bool is_busy(const struct ops_server *s)
{
	const struct http_conn *c = s->conns;

	while (c && !c->rq)
		c = c->next;
	return c != NULL;
}

static void *serve(void *arg)
{
	struct ops_server *s = arg;
	uint64_t end;
	int fd;

	while (!is_stopping(s))
		turn(s, CLOCK_NEVER, false);
	fd = s->mhd->quiesce_daemon(s->daemon);
	end = clock_mono_ns() + FAREWELL_NS;
	http_later_run(s, 0, true);
	while (is_busy(s) && clock_mono_ns() < end)
		turn(s, end, true);
	http_later_run(s, 0, true); /* the library wants none suspended when it stops */
	s->mhd->stop_daemon(s->daemon);
	if (fd >= 0)
		close(fd);
	return NULL;
}

/* ---- open and stop ------------------------------------------------------- */

static void on_log(void *arg, const char *format, va_list ap) UTIL_PRINTF(2, 0);
static void on_log(void *arg, const char *format, va_list ap)
{
	struct ops_server *s = arg;

	vsnprintf(s->trouble, sizeof(s->trouble), format, ap);
	s->trouble[strcspn(s->trouble, "\n")] = '\0';
	log_debug(s->o.logger, "%s", s->trouble);
}

/* Leave the path as it was sent: a %00 in it must not cut it short. */
static size_t no_unescape(void *arg, struct MHD_Connection *c, char *text)
{
	(void)arg;
	(void)c;
	return strlen(text);
}

#define OPTION(o, v, p)                                                 \
	{                                                               \
		.option = (o), .value = (intptr_t)(v), .ptr_value = (p) \
	}

static struct MHD_Daemon *start_daemon(struct ops_server *s, int fd, struct MHD_OptionItem *tls)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem common[] = {
		OPTION(MHD_OPTION_LISTEN_SOCKET, fd, NULL),
		OPTION(MHD_OPTION_CONNECTION_LIMIT, MAX_CONNECTIONS, NULL),
		OPTION(MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, s),
		OPTION(MHD_OPTION_NOTIFY_CONNECTION, on_connection, s),
		OPTION(MHD_OPTION_UNESCAPE_CALLBACK, no_unescape, s),
		OPTION(MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL),
		OPTION(MHD_OPTION_END, 0, NULL),
	};

	if (s->o.listen.tls)
		flags |= MHD_USE_TLS;
	return s->mhd->start_daemon(flags, 0, NULL, NULL, http_on_request, s,
				    MHD_OPTION_EXTERNAL_LOGGER, on_log, s, MHD_OPTION_ARRAY, common,
				    MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

/* Owns: @fd is libmicrohttpd's when this succeeds. */
static int start(struct ops_server *s, int fd, struct ord_err *e)
{
	const struct ops_listen *l = &s->o.listen;
	struct buf key = BUF_INIT, cert = BUF_INIT, cas = BUF_INIT;

	buf_add_bytes(&key, l->key_pem);
	buf_add_bytes(&cert, l->cert_pem);
	buf_add_bytes(&cas, l->client_cas_pem);
	struct MHD_OptionItem none[] = {OPTION(MHD_OPTION_END, 0, NULL)};
	struct MHD_OptionItem tls[] = {
		OPTION(MHD_OPTION_HTTPS_MEM_KEY, 0, buf_cstr(&key)),
		OPTION(MHD_OPTION_HTTPS_MEM_CERT, 0, buf_cstr(&cert)),
		OPTION(MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES),
		OPTION(cas.len ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0, buf_cstr(&cas)),
		OPTION(MHD_OPTION_END, 0, NULL),
	};

	s->daemon = start_daemon(s, fd, l->tls ? tls : none);
	buf_fini(&key);
	buf_fini(&cert);
	buf_fini(&cas);
	if (!s->daemon)
		return err_set(e, ORD_EINTERNAL, "libmicrohttpd: %s",
			       *s->trouble ? s->trouble : "no reason given");
	s->epoll_fd = s->mhd->get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	return 0;
}

/* "host:port", "[host]:port" */
static int split_address(const char *address, char **host, uint16_t *port, struct ord_err *e)
{
	const char *colon = strrchr(address, ':');
	bool bracketed = address[0] == '[' && colon && colon > address && colon[-1] == ']';
	char *end = NULL;
	unsigned long n;

	if (!colon || strchr(colon, ']') || (!bracketed && strchr(address, ':') != colon))
		return err_set(e, ORD_EINVAL, "address %s is not HOST:PORT", address);
	n = strtoul(colon + 1, &end, 10);
	if (colon[1] < '0' || colon[1] > '9' || *end || n > UINT16_MAX)
		return err_set(e, ORD_EINVAL, "address %s has no port between 0 and 65535",
			       address);
	*host = bracketed ? x_strndup(address + 1, (size_t)(colon - address) - 2)
			  : x_strndup(address, (size_t)(colon - address));
	*port = (uint16_t)n;
	return 0;
}

/* The certificates are checked by OpenSSL as the clients' listener does: its errors name the fault.
 */
static int check_tls(const struct ops_listen *l, struct ord_err *e)
{
	struct net_opts o = {.tls = true, .cert_pem = l->cert_pem, .key_pem = l->key_pem};
	int rc = l->tls ? net_check_tls(&o, e) : 0;

	if (rc == 0 && l->tls && l->client_cas_pem.len)
		rc = net_check_cas(l->client_cas_pem, e);
	return rc;
}

int ops_check(const struct ops_listen *l, struct ord_err *e)
{
	const struct mhd *mhd;
	char *host = NULL;
	uint16_t port;
	int rc = split_address(l->address, &host, &port, e);

	free(host);
	if (rc == 0)
		rc = check_tls(l, e);
	return rc < 0 ? rc : mhd_load(&mhd, e);
}

static int listen_on(const char *address, int *fd, struct ord_err *e)
{
	char *host = NULL;
	uint16_t port = 0;
	int rc = split_address(address, &host, &port, e);

	if (rc == 0)
		rc = net_listen(host, port, fd, e);
	free(host);
	return rc;
}

static int bind_and_start(struct ops_server *s, struct ord_err *e)
{
	int fd, rc = listen_on(s->o.listen.address, &fd, e);

	if (rc < 0)
		return rc;
	s->port = net_port_of(fd);
	rc = start(s, fd, e);
	if (rc < 0)
		close(fd);
	else if ((rc = thread_start(&s->thread, "http", serve, s, e)) == 0)
		s->running = true;
	else
		s->mhd->stop_daemon(s->daemon);
	return rc;
}

int http_open(const struct http_opts *o, struct ops_server **out, struct ord_err *e)
{
	struct ops_server *s = x_alloc(sizeof(*s));
	int rc;

	s->o = *o;
	if (s->o.listen.read_timeout_ns == 0)
		s->o.listen.read_timeout_ns = OPS_READ_TIMEOUT_NS;
	pthread_mutex_init(&s->lock, NULL);
	s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	rc = s->wake_fd < 0 ? err_sys(e, errno, "eventfd") : check_tls(&o->listen, e);
	if (rc == 0)
		rc = mhd_load(&s->mhd, e);
	if (rc == 0)
		rc = bind_and_start(s, e);
	*out = rc == 0 ? s : NULL;
	if (rc < 0)
		ops_free(s);
	return rc;
}

uint16_t ops_port(const struct ops_server *s)
{
	return s->port;
}

void ops_stop(struct ops_server *s)
{
	if (!s || !s->running)
		return;
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_mutex_unlock(&s->lock);
	http_wake(s);
	pthread_join(s->thread, NULL);
	s->running = false;
}

void ops_free(struct ops_server *s)
{
	if (!s)
		return;
	if (s->wake_fd >= 0)
		close(s->wake_fd);
	s->o.free(s->o.arg);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
