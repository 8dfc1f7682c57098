/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a message costs the server: echo over many connections and streams, a stream for each
 * message, or blocks delivered from one shared buffer.  The server is a child process, so that its
 * CPU time is known.
 */
#include <net/net.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
	unsigned connections, streams, outstanding;
	size_t bytes;
	double seconds;
	bool new_stream, deliver;
	const char *tls; /* folder with ca.pem, cert.pem, key.pem */
} opt = {.connections = 1, .streams = 1, .outstanding = 1, .bytes = 1024, .seconds = 3};

static uint8_t *payload;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static struct ord_bytes pem(const char *name)
{
	struct buf b = BUF_INIT;
	struct ord_err e = ERR_INIT;
	char *path = file_join(opt.tls, name);

	if (file_read(path, 1 << 20, &b, &e) < 0)
		die(e.msg);
	free(path);
	return buf_bytes(&b);
}

static void keep(void *owner)
{
	(void)owner;
}

static void send_payload(struct net_stream *s)
{
	struct net_chunk c = {bytes_of(payload, opt.bytes), keep, NULL};

	net_stream_send(s, &c, 1, NULL);
}

/* ---- server -------------------------------------------------------------- */

static void *server_open(struct net_stream *s, void *arg)
{
	(void)s;
	return arg;
}

static void echo_message(struct net_stream *s, void *state, struct net_msg *m)
{
	struct net_chunk c = {buf_bytes(&m->body), free, m->body.data};

	(void)state;
	m->body = (struct buf)BUF_INIT;
	net_stream_send(s, &c, 1, NULL);
}

static void finish(struct net_stream *s, void *state)
{
	(void)state;
	net_stream_finish(s, NET_OK, "");
}

static void fill(struct net_stream *s, void *state)
{
	(void)state;
	while (net_stream_queued(s) < NET_HIGH_WATER)
		send_payload(s);
}

static void deliver_message(struct net_stream *s, void *state, struct net_msg *m)
{
	(void)m;
	fill(s, state);
}

static const struct net_method methods[] = {
	{.path = "/bench/Echo", .open = server_open, .message = echo_message, .half_close = finish},
	{.path = "/bench/Deliver",
	 .open = server_open,
	 .message = deliver_message,
	 .half_close = finish,
	 .writable = fill},
	{0},
};

static void serve(int port_fd, int stop_fd)
{
	struct net_opts o = {.address = "127.0.0.1", .loops = 1, .methods = methods};
	struct net_server *s;
	struct ord_err e = ERR_INIT;
	uint16_t port;
	struct ord_bytes ca;

	if (opt.tls) {
		o.tls = o.client_auth = true;
		o.cert_pem = pem("cert.pem");
		o.key_pem = pem("key.pem");
		ca = pem("ca.pem");
	}
	if (net_server_new(&o, &s, &e) < 0 ||
	    (opt.tls && net_server_client_cas(s, &ca, 1, &e) < 0) || net_server_start(s, &e) < 0)
		die(e.msg);
	port = net_server_port(s);
	if (write(port_fd, &port, sizeof(port)) != sizeof(port) || read(stop_fd, &port, 1) != 0)
		die("pipe");
	net_server_stop(s, 0);
	net_server_free(s);
}

/* ---- client -------------------------------------------------------------- */

static uint64_t answers;
static bool stopping;

static void new_call(struct net_link *l);

static void got(struct net_stream *s, void *state, struct net_msg *m)
{
	(void)state;
	(void)m;
	answers++;
	if (!opt.new_stream && !opt.deliver)
		send_payload(s);
}

static void ended(struct net_stream *s, void *state)
{
	const char *why;

	if (stopping)
		return;
	if (net_call_status(s, &why) != NET_OK)
		die(why);
	new_call(state);
}

static const struct net_method echo = {.path = "/bench/Echo", .message = got, .closed = ended};
static const struct net_method deliver = {
	.path = "/bench/Deliver", .message = got, .closed = ended};

static void new_call(struct net_link *l)
{
	struct net_stream *s = net_call(l, opt.deliver ? &deliver : &echo, l, 0);

	if (!s)
		die("no call");
	for (unsigned i = 0; i < opt.outstanding; i++)
		send_payload(s);
	if (opt.new_stream)
		net_call_half_close(s);
}

static void drive(uint16_t port)
{
	struct net_link_opts o = {.address = "127.0.0.1", .port = port};
	struct net_client *c;
	struct ord_err e = ERR_INIT;
	uint64_t end = clock_mono_ns() + (uint64_t)(opt.seconds * 1e9);

	if (opt.tls &&
	    net_tls_new(pem("ca.pem"), pem("cert.pem"), pem("key.pem"), NULL, 0, &o.tls, &e) < 0)
		die(e.msg);
	if (net_client_new(&c, &e) < 0)
		die(e.msg);
	for (unsigned i = 0; i < opt.connections; i++) {
		struct net_link *l;

		if (net_link_open(c, &o, &l, &e) < 0)
			die(e.msg);
		for (unsigned j = 0; j < opt.streams; j++)
			new_call(l);
	}
	while (clock_mono_ns() < end)
		net_client_run(c, end);
	stopping = true;
	net_client_free(c);
	net_tls_free(o.tls);
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void report(const struct rusage *u)
{
	double user = seconds(u->ru_utime), sys = seconds(u->ru_stime), n = (double)answers;

	printf("%u x %u, %u outstanding, %zu bytes%s%s%s: %.0f/s, server CPU us a message %.2f "
	       "(user %.2f, system %.2f)",
	       opt.connections, opt.streams, opt.outstanding, opt.bytes,
	       opt.new_stream ? ", a stream each" : "", opt.deliver ? ", deliver" : "",
	       opt.tls ? ", mutual TLS" : "", n / opt.seconds, (user + sys) * 1e6 / n,
	       user * 1e6 / n, sys * 1e6 / n);
	if (opt.deliver)
		printf(", %.2f GB/s, server CPU s a GB %.3f",
		       n * (double)opt.bytes / opt.seconds / 1e9,
		       (user + sys) / (n * (double)opt.bytes / 1e9));
	printf(", server RSS %ld KiB\n", u->ru_maxrss);
}

static void options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "c:s:o:m:t:ndT:")) != -1) {
		switch (c) {
		case 'c':
			opt.connections = (unsigned)atoi(optarg);
			break;
		case 's':
			opt.streams = (unsigned)atoi(optarg);
			break;
		case 'o':
			opt.outstanding = (unsigned)atoi(optarg);
			break;
		case 'm':
			opt.bytes = (size_t)atol(optarg);
			break;
		case 't':
			opt.seconds = atof(optarg);
			break;
		case 'n':
			opt.new_stream = true;
			break;
		case 'd':
			opt.deliver = true;
			break;
		case 'T':
			opt.tls = optarg;
			break;
		default:
			die("usage: bench [-c connections] [-s streams each] [-o outstanding each]\n"
			    "             [-m message bytes] [-t seconds] [-T folder of PEM files]\n"
			    "             [-n: a stream each message] [-d: deliver blocks]");
		}
	}
}

int main(int argc, char **argv)
{
	int ports[2], stop[2];
	struct rusage u;
	uint16_t port;
	pid_t child;

	options(argc, argv);
	payload = x_alloc(opt.bytes + 1);
	if (pipe(ports) < 0 || pipe(stop) < 0)
		die("pipe");
	child = fork();
	if (child == 0) {
		close(stop[1]);
		serve(ports[1], stop[0]);
		return 0;
	}
	if (read(ports[0], &port, sizeof(port)) != sizeof(port))
		die("no server");
	drive(port);
	close(stop[1]);
	if (wait4(child, NULL, 0, &u) != child)
		die("wait");
	report(&u);
	return 0;
}
