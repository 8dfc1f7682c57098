/* SPDX-License-Identifier: Apache-2.0 */
/* Server: request headers, up to a method that opens or a refusal in grpc-go's words. */
#include <net/net_priv.h>

void request_begin(struct conn *c)
{
	struct request *r = &c->req;

	*r = (struct request){.http = 200};
}

/* The first fault is the one that is reported. */
static void UTIL_PRINTF(4, 5) refuse(struct request *r, int http, int code, const char *fmt, ...)
{
	va_list ap;

	if (r->refuse != NET_OK)
		return;
	r->refuse = code;
	r->http = http;
	va_start(ap, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
}

#define SHOWN(v) (int)((v).len < 64 ? (v).len : 64), (const char *)(v).data

static bool known_service(const struct net_method *m, struct ord_bytes prefix)
{
	for (; m->path; m++)
		if (strncmp(m->path, (const char *)prefix.data, prefix.len) == 0)
			return true;
	return false;
}

static void path_header(struct conn *c, struct ord_bytes v)
{
	const struct net_method *methods = server_opts(c->loop->server)->methods, *m = methods;
	struct request *r = &c->req;
	const uint8_t *slash;
	struct ord_bytes service, method;

	while (m->path && !bytes_eq_str(v, m->path))
		m++;
	if (m->path) {
		r->method = m;
		return;
	}
	slash = v.len > 1 ? memrchr(v.data + 1, '/', v.len - 1) : NULL;
	if (!slash || v.data[0] != '/') {
		refuse(r, 200, NET_UNIMPLEMENTED, "malformed method name: \"%.*s\"", SHOWN(v));
		return;
	}
	service = bytes_of(v.data + 1, (size_t)(slash - v.data - 1));
	method = bytes_of(slash + 1, v.len - (size_t)(slash + 1 - v.data));
	if (known_service(methods, bytes_of(v.data, service.len + 2)))
		refuse(r, 200, NET_UNIMPLEMENTED, "unknown method %.*s for service %.*s",
		       SHOWN(method), SHOWN(service));
	else
		refuse(r, 200, NET_UNIMPLEMENTED, "unknown service %.*s", SHOWN(service));
}

static bool is_grpc(struct ord_bytes v)
{
	static const char base[] = "application/grpc";
	size_t n = sizeof(base) - 1;

	if (v.len < n || strncasecmp((const char *)v.data, base, n) != 0)
		return false;
	return v.len == n || v.data[n] == '+' || v.data[n] == ';';
}

void request_header(struct conn *c, struct ord_bytes name, struct ord_bytes v)
{
	struct request *r = &c->req;

	r->bytes += name.len + v.len + 32;
	if (r->bytes > NET_MAX_HEADERS) {
		refuse(r, 431, NET_RESOURCE_EXHAUSTED,
		       "received metadata size exceeds the limit of %zu bytes", NET_MAX_HEADERS);
	} else if (bytes_eq_str(name, ":path")) {
		path_header(c, v);
	} else if (bytes_eq_str(name, ":method")) {
		r->post = bytes_eq_str(v, "POST");
	} else if (bytes_eq_str(name, "content-type")) {
		r->grpc = is_grpc(v);
		if (!r->grpc)
			refuse(r, 415, NET_INVALID_ARGUMENT,
			       "invalid gRPC request content-type \"%.*s\"", SHOWN(v));
	} else if (bytes_eq_str(name, "grpc-timeout")) {
		r->timeout_ns = grpc_timeout_parse(v);
		if (!r->timeout_ns)
			refuse(r, 400, NET_INTERNAL, "malformed grpc-timeout: \"%.*s\"", SHOWN(v));
	} else if (bytes_eq_str(name, "grpc-encoding") && !bytes_eq_str(v, "identity")) {
		refuse(r, 200, NET_UNIMPLEMENTED,
		       "grpc: Decompressor is not installed for grpc-encoding \"%.*s\"", SHOWN(v));
	}
}

void request_end(struct conn *c, struct net_stream *s)
{
	struct request *r = &c->req;

	if (!r->post) {
		r->refuse = NET_OK;
		refuse(r, 405, NET_INTERNAL, "the :method of a gRPC request should be POST");
	} else if (!r->grpc && r->http == 200) {
		r->refuse = NET_OK;
		refuse(r, 415, NET_INVALID_ARGUMENT, "the request has no gRPC content-type");
	}
	if (r->refuse != NET_OK) {
		stream_refuse(s, r->http, r->refuse, r->why);
		return;
	}
	if (r->timeout_ns)
		stream_deadline(s, r->timeout_ns);
	stream_open(s, r->method);
}
