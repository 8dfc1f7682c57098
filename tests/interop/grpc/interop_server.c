/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grpc.testing.TestService, as far as gRPC's own interop clients need it to judge the transport.
 * Prints its port and serves until its standard input ends.
 */
#include <net/net.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the few protobuf fields that are looked at -------------------------- */

struct field {
	uint32_t number;
	uint64_t value;         /* a varint's */
	struct ord_bytes bytes; /* a length-delimited field's */
};

/* The next field of @b; false at the end, and at anything malformed. */
static bool next_field(struct ord_bytes *b, struct field *f)
{
	uint64_t tag, v;
	size_t n = uvarint_get(*b, &tag);

	if (n == 0)
		return false;
	*b = bytes_of(b->data + n, b->len - n);
	n = uvarint_get(*b, &v);
	if (n == 0)
		return false;
	*b = bytes_of(b->data + n, b->len - n);
	*f = (struct field){.number = (uint32_t)(tag >> 3), .value = v};
	if ((tag & 7) == 0)
		return true;
	if ((tag & 7) != 2 || v > b->len)
		return false;
	f->bytes = bytes_of(b->data, (size_t)v);
	*b = bytes_of(b->data + v, b->len - (size_t)v);
	return true;
}

static struct field get(struct ord_bytes b, uint32_t number)
{
	struct field f;

	while (next_field(&b, &f))
		if (f.number == number)
			return f;
	return (struct field){0};
}

static void add_tag(struct buf *b, uint32_t number, bool delimited, uint64_t value)
{
	buf_add_uvarint(b, number << 3 | (delimited ? 2 : 0));
	buf_add_uvarint(b, value);
}

/* ---- calls --------------------------------------------------------------- */

#define MAX_RESPONSE (16u << 20)
#define MAX_PLANNED  1000u

struct response {
	uint32_t size;
	uint64_t after_ns;
};

struct task {
	struct response *planned; /* answers still to come */
	size_t n, next;
	uint64_t received; /* payload bytes */
	bool half_closed;
};

static void *on_open(struct net_stream *s, void *arg)
{
	(void)s;
	(void)arg;
	return x_alloc(sizeof(struct task));
}

static void on_closed(struct net_stream *s, void *state)
{
	struct task *t = state;

	(void)s;
	free(t->planned);
	free(t);
}

static void send_buf(struct net_stream *s, struct buf *b)
{
	struct net_chunk c = {buf_bytes(b), free, b->data};

	net_stream_send(s, &c, 1, NULL);
}

/* A message whose field 1 is a Payload of @size zero bytes. */
static void send_payload(struct net_stream *s, size_t size)
{
	struct buf b = BUF_INIT;

	add_tag(&b, 1, true, 1 + uvarint_len(size) + size);
	add_tag(&b, 2, true, size);
	buf_reserve(&b, size + 1);
	memset(b.data + b.len, 0, size);
	b.len += size;
	send_buf(s, &b);
}

/* The request's response_status, if it has one: the call ends with it. */
static bool echo_status(struct net_stream *s, struct ord_bytes request)
{
	struct field status = get(request, 7), text;
	char *why;

	if (!status.bytes.data)
		return false;
	text = get(status.bytes, 2);
	why = x_strndup((const char *)text.bytes.data, text.bytes.len);
	net_stream_finish(s, (int)get(status.bytes, 1).value, why);
	free(why);
	return true;
}

static void finish(struct net_stream *s, void *state)
{
	(void)state;
	net_stream_finish(s, NET_OK, "");
}

static void empty_call(struct net_stream *s, void *state, struct net_msg *m)
{
	(void)state;
	(void)m;
	net_stream_send(s, NULL, 0, NULL);
}

static void unary_call(struct net_stream *s, void *state, struct net_msg *m)
{
	uint64_t size = get(buf_bytes(&m->body), 2).value;

	(void)state;
	if (size > MAX_RESPONSE)
		net_stream_finish(s, NET_INVALID_ARGUMENT, "response_size is too large");
	else if (!echo_status(s, buf_bytes(&m->body)))
		send_payload(s, size);
}

static void input_message(struct net_stream *s, void *state, struct net_msg *m)
{
	struct task *t = state;

	(void)s;
	t->received += get(get(buf_bytes(&m->body), 1).bytes, 2).bytes.len;
}

static void input_end(struct net_stream *s, void *state)
{
	struct task *t = state;
	struct buf b = BUF_INIT;

	add_tag(&b, 1, false, t->received);
	send_buf(s, &b);
	net_stream_finish(s, NET_OK, "");
}

/* Send what is due; the timer brings us back for the rest. */
static void send_planned(struct net_stream *s, void *state)
{
	struct task *t = state;

	while (t->next < t->n) {
		struct response *r = &t->planned[t->next];

		if (r->after_ns > 0) {
			net_stream_timer(s, clock_mono_ns() + r->after_ns);
			r->after_ns = 0;
			return;
		}
		send_payload(s, r->size);
		t->next++;
	}
	t->n = t->next = 0;
	if (t->half_closed)
		net_stream_finish(s, NET_OK, "");
}

static void output_message(struct net_stream *s, void *state, struct net_msg *m)
{
	struct ord_bytes rest = buf_bytes(&m->body);
	struct task *t = state;
	struct field f;

	while (next_field(&rest, &f)) {
		uint64_t size = get(f.bytes, 1).value;

		if (f.number != 2)
			continue;
		if (size > MAX_RESPONSE || t->n == MAX_PLANNED) {
			net_stream_finish(s, NET_INVALID_ARGUMENT, "too much is asked for");
			return;
		}
		t->planned = x_realloc(t->planned, (t->n + 1) * sizeof(*t->planned));
		t->planned[t->n++] =
			(struct response){(uint32_t)size, get(f.bytes, 2).value * 1000};
	}
	if (!echo_status(s, buf_bytes(&m->body)))
		send_planned(s, state);
}

static void output_end(struct net_stream *s, void *state)
{
	struct task *t = state;

	t->half_closed = true;
	if (t->n == 0)
		net_stream_finish(s, NET_OK, "");
}

#define METHOD(name, msg, end)                                                                \
	{                                                                                     \
		.path = "/grpc.testing.TestService/" name, .open = on_open, .message = (msg), \
		.half_close = (end), .wake = send_planned, .closed = on_closed                \
	}
static const struct net_method methods[] = {
	METHOD("EmptyCall", empty_call, finish),
	METHOD("UnaryCall", unary_call, finish),
	METHOD("StreamingInputCall", input_message, input_end),
	METHOD("StreamingOutputCall", output_message, output_end),
	METHOD("FullDuplexCall", output_message, output_end),
	{0},
};

/* ---- main ---------------------------------------------------------------- */

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "interop_server: %s\n", what);
	exit(1);
}

static struct buf slurp(const char *path)
{
	struct buf b = BUF_INIT;
	struct ord_err e = ERR_INIT;

	if (file_read(path, 1 << 20, &b, &e) < 0)
		die(e.msg);
	return b;
}

int main(int argc, char **argv)
{
	struct net_opts o = {.address = "127.0.0.1", .loops = 2, .methods = methods};
	struct buf cert = BUF_INIT, key = BUF_INIT;
	struct net_server *s;
	struct ord_err e = ERR_INIT;
	char c;

	if (argc == 3) {
		cert = slurp(argv[1]);
		key = slurp(argv[2]);
		o.tls = true;
		o.cert_pem = buf_bytes(&cert);
		o.key_pem = buf_bytes(&key);
	} else if (argc != 1) {
		die("usage: interop_server [cert.pem key.pem]");
	}
	if (net_server_new(&o, &s, &e) < 0 || net_server_start(s, &e) < 0)
		die(e.msg);
	printf("%u\n", net_server_port(s));
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	net_server_stop(s, 0);
	net_server_free(s);
	buf_fini(&cert);
	buf_fini(&key);
	return 0;
}
