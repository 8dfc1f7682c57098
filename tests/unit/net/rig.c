/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

struct seen seen;

/* ---- the server's methods ------------------------------------------------ */

struct task {
	unsigned left;
	size_t bytes;
	unsigned messages;
	struct buf last;
	pthread_t thread;
	bool has_thread;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the strings in seen */
static struct net_stream *gate; /* the loop thread's: tests of it run one loop */

static void *on_open(struct net_stream *s, void *arg)
{
	struct ord_bytes h = net_stream_client_cert_hash(s);

	(void)arg;
	pthread_mutex_lock(&lock);
	snprintf(seen.peer, sizeof(seen.peer), "%s", net_stream_peer(s));
	snprintf(seen.subject, sizeof(seen.subject), "%s", net_stream_subject(s));
	if (h.len)
		memcpy(seen.cert_hash, h.data, h.len);
	pthread_mutex_unlock(&lock);
	atomic_store(&seen.cert_hash_len, h.len);
	atomic_fetch_add(&seen.opened, 1);
	return x_alloc(sizeof(struct task));
}

static void on_closed(struct net_stream *s, void *state)
{
	struct task *t = state;

	if (gate == s)
		gate = NULL;
	if (t->has_thread)
		pthread_join(t->thread, NULL);
	buf_fini(&t->last);
	free(t);
	atomic_fetch_add(&seen.closed, 1);
}

static void on_half_close(struct net_stream *s, void *state)
{
	(void)state;
	atomic_fetch_add(&seen.half_closed, 1);
	net_stream_finish(s, NET_OK, "");
}

static void echo_message(struct net_stream *s, void *state, struct net_msg *m)
{
	struct net_chunk c = {buf_bytes(&m->body), free, m->body.data};

	(void)state;
	atomic_fetch_add(&seen.messages, 1);
	m->body = (struct buf)BUF_INIT;
	net_stream_send(s, &c, 1, NULL);
}

static void status_message(struct net_stream *s, void *state, struct net_msg *m)
{
	char *text = buf_cstr(&m->body), *space = strchr(text, ' ');

	(void)state;
	net_stream_finish(s, atoi(text), space ? space + 1 : "");
}

static void silent_message(struct net_stream *s, void *state, struct net_msg *m)
{
	(void)s;
	(void)state;
	(void)m;
	atomic_fetch_add(&seen.messages, 1);
}

static void source_fill(struct net_stream *s, void *state)
{
	struct task *t = state;

	while (t->left > 0 && net_stream_queued(s) < NET_HIGH_WATER) {
		struct net_chunk c = {.owner = x_alloc(t->bytes + 1), .release = free};

		c.bytes = bytes_of(c.owner, t->bytes);
		memset(c.owner, (int)('a' + t->left % 26), t->bytes);
		t->left--;
		if (net_stream_send(s, &c, 1, NULL) < 0)
			return;
	}
	if (net_stream_queued(s) > atomic_load(&seen.queued))
		atomic_store(&seen.queued, net_stream_queued(s));
	if (t->left == 0)
		net_stream_finish(s, NET_OK, "");
}

static void source_message(struct net_stream *s, void *state, struct net_msg *m)
{
	struct task *t = state;

	sscanf(buf_cstr(&m->body), "%u %zu", &t->left, &t->bytes);
	source_fill(s, state);
}

static void gate_message(struct net_stream *s, void *state, struct net_msg *m)
{
	struct task *t = state;

	if (t->messages == 0) {
		gate = s;
		net_stream_pause(s);
	}
	if ((unsigned)atoi(buf_cstr(&m->body)) == t->messages++)
		atomic_fetch_add(&seen.in_order, 1);
	atomic_fetch_add(&seen.messages, 1);
}

static void open_message(struct net_stream *s, void *state, struct net_msg *m)
{
	(void)state;
	(void)m;
	if (gate)
		net_stream_resume(gate);
	net_stream_finish(s, gate ? NET_OK : NET_NOT_FOUND, "");
}

static void *wake_later(void *arg)
{
	net_stream_wake(arg);
	net_stream_release(arg);
	return NULL;
}

static void later_message(struct net_stream *s, void *state, struct net_msg *m)
{
	struct task *t = state;

	buf_fini(&t->last);
	t->last = m->body;
	m->body = (struct buf)BUF_INIT;
	t->has_thread = true;
	if (thread_start(&t->thread, "later", wake_later, net_stream_hold(s), NULL) < 0)
		abort();
}

static void later_wake(struct net_stream *s, void *state)
{
	struct task *t = state;
	struct net_chunk c = {buf_bytes(&t->last), NULL, NULL};

	net_stream_send(s, &c, 1, NULL);
}

static void tick_message(struct net_stream *s, void *state, struct net_msg *m)
{
	(void)state;
	(void)m;
	net_stream_timer(s, clock_mono_ns() + CLOCK_MS_NS);
}

static void tick_wake(struct net_stream *s, void *state)
{
	struct net_chunk c = {bytes_str("tick"), NULL, NULL};

	(void)state;
	net_stream_send(s, &c, 1, NULL);
}

enum { CROWD = 4, CROWD_COUNT = 500 };

static atomic_uint crowd_count;

static void *crowd_thread(void *arg)
{
	for (int i = 0; i < CROWD_COUNT; i++) {
		atomic_fetch_add(&crowd_count, 1);
		net_stream_wake(arg);
	}
	net_stream_release(arg);
	return NULL;
}

static void crowd_message(struct net_stream *s, void *state, struct net_msg *m)
{
	(void)state;
	(void)m;
	atomic_store(&crowd_count, 0);
	for (int i = 0; i < CROWD; i++) {
		pthread_t t;

		if (thread_start(&t, "crowd", crowd_thread, net_stream_hold(s), NULL) < 0)
			abort();
		pthread_detach(t);
	}
}

static void crowd_wake(struct net_stream *s, void *state)
{
	(void)state;
	if (atomic_load(&crowd_count) != CROWD * CROWD_COUNT)
		return;
	atomic_store(&crowd_count, 0); /* a late wake changes nothing */
	net_stream_send(s, NULL, 0, NULL);
}

#define METHOD(name, msg, ...)                                                \
	{                                                                     \
		.path = "/rig.Rig/" name, .open = on_open, .message = (msg),  \
		.half_close = on_half_close, .closed = on_closed, __VA_ARGS__ \
	}
static const struct net_method methods[] = {
	METHOD("Echo", echo_message, .arg = NULL),
	METHOD("Status", status_message, .arg = NULL),
	METHOD("Silent", silent_message, .arg = NULL),
	{.path = "/rig.Rig/Source",
	 .open = on_open,
	 .message = source_message,
	 .writable = source_fill,
	 .closed = on_closed},
	METHOD("Gate", gate_message, .arg = NULL),
	METHOD("Open", open_message, .arg = NULL),
	METHOD("Later", later_message, .wake = later_wake),
	METHOD("Crowd", crowd_message, .wake = crowd_wake),
	METHOD("Tick", tick_message, .wake = tick_wake),
	{0},
};

static void on_connect(void *arg, bool opened)
{
	(void)arg;
	atomic_fetch_add(opened ? &seen.connects : &seen.disconnects, 1);
}

static void on_call_end(void *arg, struct net_stream *s, int code, const char *why,
			uint64_t duration_ns)
{
	(void)arg;
	(void)s;
	(void)why;
	(void)duration_ns;
	atomic_store(&seen.last_code, code);
}

void rig_start(struct rig *r, const struct net_opts *o)
{
	struct net_opts mine = o ? *o : (struct net_opts){0};
	struct ord_err e = ERR_INIT;

	memset(&seen, 0, sizeof(seen));
	mine.address = "127.0.0.1";
	mine.methods = methods;
	mine.on_connect = on_connect;
	if (!mine.on_call_end)
		mine.on_call_end = on_call_end;
	test_ok(net_server_new(&mine, &r->server, &e), &e);
	test_ok(net_server_start(r->server, &e), &e);
	test_ok(net_client_new(&r->client, &e), &e);
	r->port = net_server_port(r->server);
}

void rig_stop(struct rig *r)
{
	net_client_free(r->client);
	if (r->server)
		net_server_stop(r->server, 0);
	net_server_free(r->server);
}

/* ---- the client's side --------------------------------------------------- */

static void got_message(struct net_stream *s, void *state, struct net_msg *m)
{
	struct call *c = state;

	(void)s;
	c->messages++;
	c->bytes += m->body.len;
	buf_fini(&c->last);
	c->last = m->body;
	m->body = (struct buf)BUF_INIT;
}

static void got_half_close(struct net_stream *s, void *state)
{
	struct call *c = state;

	(void)s;
	c->half_closed = true;
}

static void got_writable(struct net_stream *s, void *state)
{
	struct call *c = state;

	(void)s;
	c->writables++;
}

static void got_closed(struct net_stream *s, void *state)
{
	struct call *c = state;
	const char *why;

	c->code = net_call_status(s, &why);
	snprintf(c->why, sizeof(c->why), "%s", why);
	c->closed = true;
	c->s = NULL;
}

struct net_link *rig_link(struct rig *r, struct net_tls *tls)
{
	struct net_link_opts o = {.address = "127.0.0.1", .port = r->port, .tls = tls};
	struct net_link *l = NULL;
	struct ord_err e = ERR_INIT;

	test_ok(net_link_open(r->client, &o, &l, &e), &e);
	return l;
}

void rig_call(struct call *c, struct net_link *l, const char *path, uint64_t timeout_ns)
{
	static struct net_method called[32];
	struct net_method *m = called;

	*c = (struct call){0};
	while (m->path && strcmp(m->path, path) != 0)
		m++;
	assert_true(m < called + UTIL_ARRAY_LEN(called));
	*m = (struct net_method){.path = path,
				 .message = got_message,
				 .half_close = got_half_close,
				 .writable = got_writable,
				 .closed = got_closed};
	c->s = net_call(l, m, c, timeout_ns);
	assert_non_null(c->s);
}

void call_send(struct call *c, const char *text)
{
	struct net_chunk chunk = {bytes_str(text), NULL, NULL};
	struct ord_err e = ERR_INIT;

	test_ok(net_stream_send(c->s, &chunk, 1, &e), &e);
}

void call_send_bytes(struct call *c, size_t n)
{
	struct net_chunk chunk = {.owner = x_malloc(n + 1), .release = free};
	struct ord_err e = ERR_INIT;

	memset(chunk.owner, 'x', n);
	chunk.bytes = bytes_of(chunk.owner, n);
	test_ok(net_stream_send(c->s, &chunk, 1, &e), &e);
}

void call_fini(struct call *c)
{
	buf_fini(&c->last);
}
