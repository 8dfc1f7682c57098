/* SPDX-License-Identifier: Apache-2.0 */
/* The server: listens, hands connections to its loops, drains, stops. */
#include <errno.h>
#include <net/net_priv.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_A_TURN  64
#define FILES_KEPT_BACK 128u /* of the limit of open files, for everything else */
#define CONNECTIONS_MIN 64u  /* even if that leaves nothing for everything else */
#define ACCEPT_REST_NS  (100 * CLOCK_MS_NS)

struct net_server {
	struct net_opts o;
	struct net_tls *tls;
	int fd;
	uint16_t port;
	struct loop **loops;
	pthread_t *threads;
	unsigned started;
	struct timer rest; /* loop 0: accept again */
	bool full;         /* loop 0 */
	struct budget budget;
	atomic_uint max_connections;
	_Atomic uint64_t stop_ns; /* CLOCK_NEVER: it runs */
};

static struct log_logger logger = LOG_LOGGER("core.comm");

const struct net_opts *server_opts(const struct net_server *s)
{
	return &s->o;
}

struct loop *server_loop(const struct net_server *s, unsigned i)
{
	return s->loops[i];
}

struct budget *server_budget(struct net_server *s)
{
	return &s->budget;
}

void server_kick(struct net_server *s)
{
	for (unsigned i = 0; i < s->o.loops; i++)
		loop_kick(s->loops[i]);
}

void net_server_counts(const struct net_server *s, const char *path, struct net_counts *out)
{
	size_t m = 0;

	*out = (struct net_counts){0};
	while (s->o.methods[m].path && strcmp(s->o.methods[m].path, path) != 0)
		m++;
	for (unsigned i = 0; s->o.methods[m].path && i < s->o.loops; i++) {
		out->calls += atomic_load(&s->loops[i]->tallies[m].calls);
		out->received += atomic_load(&s->loops[i]->tallies[m].received);
		out->sent += atomic_load(&s->loops[i]->tallies[m].sent);
	}
}

uint16_t net_server_port(const struct net_server *s)
{
	return s->port;
}

/* ---- listen and accept --------------------------------------------------- */

static int bind_one(const struct addrinfo *a)
{
	int one = 1, zero = 0;
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (a->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, a->ai_addr, a->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0) {
		int err = errno;

		close(fd);
		return -err;
	}
	return fd;
}

/* Like Go: any wildcard means every address of both families; of a name's addresses IPv4 first. */
int net_listen(const char *address, uint16_t number, int *out, struct ord_err *e)
{
	const char *host = address;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *list = NULL;
	char port[8];
	int rc, fd = -EADDRNOTAVAIL;

	if (!host || !*host || strcmp(host, "0.0.0.0") == 0)
		host = "::";
	snprintf(port, sizeof(port), "%u", number);
	rc = getaddrinfo(host, port, &hints, &list);
	if (rc)
		return err_set(e, ORD_EINVAL, "listen tcp: lookup %s: %s", host, gai_strerror(rc));
	for (int want = AF_INET; fd < 0 && want; want = want == AF_INET ? AF_INET6 : 0)
		for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
			if (a->ai_family == want)
				fd = bind_one(a);
	freeaddrinfo(list);
	if (fd == -EAFNOSUPPORT && strcmp(host, "::") == 0) {
		struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(number)};
		struct addrinfo a = {.ai_family = AF_INET,
				     .ai_addr = (struct sockaddr *)&any,
				     .ai_addrlen = sizeof(any)};

		fd = bind_one(&a);
	}
	if (fd < 0)
		return err_sys(e, -fd, "listen tcp %s:%u", address ? address : "", number);
	*out = fd;
	return 0;
}

uint16_t net_port_of(int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return 0;
	return ntohs(sa.ss_family == AF_INET ? ((struct sockaddr_in *)&sa)->sin_port
					     : ((struct sockaddr_in6 *)&sa)->sin6_port);
}

void server_serve(struct net_server *s, int fd, const struct sockaddr_storage *peer)
{
	struct conn *c = conn_new(fd, false, s->tls);
	struct loop *least = s->loops[0];

	conn_peer_name(c->peer, sizeof(c->peer), peer);
	c->max_recv = s->o.max_recv_msg;
	c->max_send = s->o.max_send_msg;
	c->handshake_timeout_ns = s->o.handshake_timeout_ns;
	c->keepalive_ns = s->o.keepalive_interval_ns;
	c->keepalive_timeout_ns = s->o.keepalive_timeout_ns;
	c->ping_min_ns = s->o.keepalive_min_interval_ns;
	for (unsigned i = 1; i < s->o.loops; i++)
		if (atomic_load(&s->loops[i]->load) < atomic_load(&least->load))
			least = s->loops[i];
	atomic_fetch_add(&least->load, 1);
	if (least == s->loops[0])
		conn_adopt(c, least);
	else
		loop_give(least, c);
}

static bool is_full(struct net_server *s)
{
	unsigned n = 0, max = atomic_load(&s->max_connections);
	bool was = s->full;

	for (unsigned i = 0; i < s->o.loops; i++)
		n += atomic_load(&s->loops[i]->load);
	s->full = n >= max;
	if (s->full && !was)
		log_warn(&logger, "refusing connections: all %u are in use", max);
	return s->full;
}

/* The process is out of files: leave the backlog alone for a moment. */
static void rest(struct net_server *s)
{
	struct loop *l = s->loops[0];

	log_warn(&logger, "cannot accept: %s", strerrordesc_np(errno));
	epoll_ctl(l->epfd, EPOLL_CTL_DEL, s->fd, NULL);
	timer_set(&l->timers, &s->rest, l->now_ns + ACCEPT_REST_NS);
}

static void rest_over(struct timer *t)
{
	struct net_server *s = UTIL_CONTAINER(t, struct net_server, rest);

	if (s->fd >= 0)
		loop_watch(s->loops[0], s->fd, EPOLLIN, s, NULL);
}

void server_accept(struct net_server *s)
{
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
		socklen_t len = sizeof(peer);
		int fd = accept4(s->fd, (struct sockaddr *)&peer, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0 && is_full(s)) {
			close(fd);
		} else if (fd >= 0) {
			server_serve(s, fd, &peer);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			   errno == ENOMEM) {
			rest(s);
			return;
		} else if (errno == EAGAIN) {
			return;
		}
	}
}

/* ---- life ---------------------------------------------------------------- */

void net_server_keep_back(struct net_server *s, unsigned files)
{
	struct rlimit lim = {1024, 1024};
	unsigned n, kept = FILES_KEPT_BACK + files;

	if (s->o.max_connections)
		return;
	getrlimit(RLIMIT_NOFILE, &lim);
	n = lim.rlim_cur < 1 << 20 ? (unsigned)lim.rlim_cur : 1 << 20;
	n = n > kept + CONNECTIONS_MIN ? n - kept : CONNECTIONS_MIN;
	atomic_store(&s->max_connections, n);
}

#define DEFAULT(field, value) ((field) = (field) ? (field) : (value))

static void fill_defaults(struct net_opts *o)
{
	DEFAULT(o->loops, 1);
	DEFAULT(o->max_recv_msg, NET_MAX_MSG);
	DEFAULT(o->max_send_msg, NET_MAX_MSG);
	DEFAULT(o->handshake_timeout_ns, 5 * CLOCK_SEC_NS);
	DEFAULT(o->keepalive_interval_ns, 7200 * CLOCK_SEC_NS);
	DEFAULT(o->keepalive_timeout_ns, 20 * CLOCK_SEC_NS);
	DEFAULT(o->keepalive_min_interval_ns, 60 * CLOCK_SEC_NS);
}

static int make_loops(struct net_server *s, struct ord_err *e)
{
	size_t methods = 0;

	while (s->o.methods && s->o.methods[methods].path)
		methods++;
	for (unsigned i = 0; i < s->o.loops; i++) {
		if (!(s->loops[i] = loop_new(s, e)))
			return ORD_EUNAVAIL;
		s->loops[i]->tallies = x_alloc(methods * sizeof(struct tally) + 1);
	}
	return 0;
}

int net_server_new(const struct net_opts *o, struct net_server **out, struct ord_err *e)
{
	struct net_server *s = x_alloc(sizeof(*s));
	int rc;

	s->o = *o;
	s->fd = -1;
	s->stop_ns = CLOCK_NEVER;
	s->rest.fire = rest_over;
	fill_defaults(&s->o);
	s->max_connections = s->o.max_connections;
	net_server_keep_back(s, 0);
	s->budget.max = 2 * s->o.max_recv_msg;
	if (s->budget.max < NET_KEPT_MIN)
		s->budget.max = NET_KEPT_MIN;
	s->loops = x_alloc(s->o.loops * sizeof(struct loop *));
	s->threads = x_alloc(s->o.loops * sizeof(pthread_t));
	rc = make_loops(s, e);
	if (rc == 0 && o->tls)
		rc = tls_server_new(o, &s->tls, e);
	if (rc == 0)
		rc = net_listen(s->o.address, s->o.port, &s->fd, e);
	if (rc < 0) {
		net_server_free(s);
		return rc;
	}
	s->port = net_port_of(s->fd);
	s->o.cert_pem = s->o.key_pem = bytes_of(NULL, 0); /* borrowed until here */
	*out = s;
	return 0;
}

int net_server_client_cas(struct net_server *s, const struct ord_bytes *pems, size_t n,
			  struct ord_err *e)
{
	return s->tls ? tls_set_pool(s->tls, pems, n, e) : 0;
}

static bool is_first(const struct loop *l)
{
	return l == l->server->loops[0];
}

static void stop_accepting(struct net_server *s)
{
	timer_clear(&s->loops[0]->timers, &s->rest);
	close(s->fd);
	s->fd = -1;
}

static void *run(void *arg)
{
	struct loop *l = arg;
	struct net_server *s = l->server;
	uint64_t stop;

	while ((stop = atomic_load(&s->stop_ns)) == CLOCK_NEVER)
		loop_round(l, CLOCK_NEVER);
	if (is_first(l))
		stop_accepting(s);
	l->draining = true;
	for (struct conn *c = l->conns; c; c = c->next)
		conn_drain(c);
	do
		loop_round(l, l->n_conns ? stop : 0);
	while (l->n_conns > 0 && clock_mono_ns() < stop);
	loop_close(l);
	return NULL;
}

int net_server_start(struct net_server *s, struct ord_err *e)
{
	int rc = loop_watch(s->loops[0], s->fd, EPOLLIN, s, e);

	for (; rc == 0 && s->started < s->o.loops; s->started++) {
		char name[16];

		snprintf(name, sizeof(name), "net-%u", s->started);
		rc = thread_start(&s->threads[s->started], name, run, s->loops[s->started], e);
		if (rc < 0)
			break;
	}
	return rc;
}

void net_server_stop(struct net_server *s, uint64_t deadline_ns)
{
	atomic_store(&s->stop_ns, deadline_ns < CLOCK_NEVER ? deadline_ns : CLOCK_NEVER - 1);
	server_kick(s);
	for (unsigned i = 0; i < s->started; i++)
		pthread_join(s->threads[i], NULL);
	s->started = 0;
}

void net_server_free(struct net_server *s)
{
	if (!s)
		return;
	if (s->started)
		net_server_stop(s, 0);
	for (unsigned i = 0; i < s->o.loops; i++)
		loop_unref(s->loops[i]);
	if (s->fd >= 0)
		close(s->fd);
	net_tls_free(s->tls);
	free(s->loops);
	free(s->threads);
	free(s);
}
