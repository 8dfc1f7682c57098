/* SPDX-License-Identifier: Apache-2.0 */
/* Any frames after a good start: every stream that opens closes once, every chunk is released. */
#include "fuzz.h"
#include <net/net_priv.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned opened, closed, given, released;

static void *on_open(struct net_stream *s, void *arg)
{
	(void)s;
	(void)arg;
	opened++;
	return &opened;
}

static void on_closed(struct net_stream *s, void *state)
{
	(void)s;
	util_assert(state == &opened);
	closed++;
}

static void on_release(void *owner)
{
	free(owner);
	released++;
}

/* Messages change what happens next: 'p' pauses for a while, 'f' finishes, the rest comes back. */
static void on_message(struct net_stream *s, void *state, struct net_msg *m)
{
	struct net_chunk c = {buf_bytes(&m->body), on_release, m->body.data};
	uint8_t first = m->body.len ? m->body.data[0] : 0;

	(void)state;
	m->body = (struct buf)BUF_INIT;
	given++;
	net_stream_send(s, &c, 1, NULL);
	if (first == 'p') {
		net_stream_pause(s);
		net_stream_wake(s);
	} else if (first == 'f') {
		net_stream_finish(s, NET_ABORTED, "as you like");
	}
}

static void on_half_close(struct net_stream *s, void *state)
{
	(void)state;
	net_stream_finish(s, NET_OK, "");
}

static void on_wake(struct net_stream *s, void *state)
{
	(void)state;
	net_stream_resume(s);
}

static const struct net_method methods[] = {
	{.path = "/f/E",
	 .open = on_open,
	 .message = on_message,
	 .half_close = on_half_close,
	 .wake = on_wake,
	 .closed = on_closed},
	{0},
};

static struct net_server *start(void)
{
	struct net_opts o = {.address = "127.0.0.1", .methods = methods, .max_recv_msg = 100000};
	struct net_server *s;

	util_assert(net_server_new(&o, &s, NULL) == 0);
	return s;
}

static void rounds(struct net_server *s, int fd)
{
	uint8_t answer[4096];

	for (int i = 0; i < 4; i++) {
		loop_round(server_loop(s, 0), 0);
		while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
			;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t hello[] = NGHTTP2_CLIENT_MAGIC "\0\0\0\4\0\0\0\0\0\0\0\0\4\1\0\0\0\0";
	struct sockaddr_storage nobody = {.ss_family = AF_UNSPEC};
	static struct net_server *server;
	size_t step = size ? 16 * (size_t)(data[0] + 1) : 1;
	int fd[2];

	if (!server)
		server = start();
	opened = closed = given = released = 0;
	util_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == 0);
	server_serve(server, fd[0], &nobody);
	util_assert(send(fd[1], hello, sizeof(hello) - 1, 0) == (ssize_t)sizeof(hello) - 1);
	for (size_t off = 1; off < size; off += step) {
		size_t n = size - off < step ? size - off : step;

		if (send(fd[1], data + off, n, MSG_NOSIGNAL) < 0)
			break;
		rounds(server, fd[1]);
	}
	close(fd[1]);
	while (server_loop(server, 0)->n_conns > 0)
		loop_round(server_loop(server, 0), CLOCK_NEVER);
	util_assert(opened == closed && given == released);
	return 0;
}
