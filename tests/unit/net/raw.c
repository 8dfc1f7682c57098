/* SPDX-License-Identifier: Apache-2.0 */
/* Frames by hand. */
#include "rig.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <unistd.h>

static nghttp2_hd_inflater *inflater; /* of the connection opened last */

int raw_connect(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct timeval patience = {15, 0};
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (inflater)
		nghttp2_hd_inflate_del(inflater);
	assert_int_equal(nghttp2_hd_inflate_new(&inflater), 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

bool raw_send(int fd, const void *p, size_t n)
{
	size_t off = 0;

	while (off < n) {
		ssize_t k = send(fd, (const uint8_t *)p + off, n - off, MSG_NOSIGNAL);

		if (k <= 0)
			return false;
		off += (size_t)k;
	}
	return true;
}

bool raw_frame(int fd, uint8_t type, uint8_t flags, uint32_t stream, const void *p, size_t n)
{
	uint8_t *f = x_malloc(9 + n);
	bool ok;

	f[0] = (uint8_t)(n >> 16);
	f[1] = (uint8_t)(n >> 8);
	f[2] = (uint8_t)n;
	f[3] = type;
	f[4] = flags;
	for (int i = 0; i < 4; i++)
		f[5 + i] = (uint8_t)(stream >> (24 - 8 * i));
	if (n)
		memcpy(f + 9, p, n);
	ok = raw_send(fd, f, 9 + n);
	free(f);
	return ok;
}

static bool read_all(int fd, void *p, size_t n)
{
	for (size_t off = 0; off < n;) {
		ssize_t k = recv(fd, (uint8_t *)p + off, n - off, 0);

		if (k <= 0)
			return false;
		off += (size_t)k;
	}
	return true;
}

void raw_close(int fd)
{
	close(fd);
	if (inflater)
		nghttp2_hd_inflate_del(inflater);
	inflater = NULL;
}

bool raw_read(int fd, struct frame *f)
{
	uint8_t h[9];

	if (!read_all(fd, h, sizeof(h)))
		return false;
	f->len = (uint32_t)h[0] << 16 | (uint32_t)h[1] << 8 | h[2];
	f->type = h[3];
	f->flags = h[4];
	f->stream = (uint32_t)h[5] << 24 | (uint32_t)h[6] << 16 | (uint32_t)h[7] << 8 | h[8];
	assert_true(f->len <= sizeof(f->body));
	return read_all(fd, f->body, f->len);
}

bool raw_skip_to(int fd, uint8_t type, struct frame *f)
{
	while (raw_read(fd, f))
		if (f->type == type && !(type == NGHTTP2_SETTINGS && f->flags))
			return true;
	return false;
}

int raw_open(uint16_t port)
{
	int fd = raw_connect(port);
	struct frame f;

	raw_send(fd, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
	raw_frame(fd, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	assert_true(raw_read(fd, &f));
	assert_int_equal(f.type, NGHTTP2_SETTINGS);
	raw_frame(fd, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
	return fd;
}

/* A literal header field that enters no table. */
static void literal(struct buf *b, const char *name, const char *value)
{
	assert_true(strlen(name) < 127);
	buf_add_u8(b, 0);
	buf_add_u8(b, (uint8_t)strlen(name));
	buf_add_str(b, name);
	if (strlen(value) < 127) {
		buf_add_u8(b, (uint8_t)strlen(value));
	} else {
		buf_add_u8(b, 127);
		buf_add_uvarint(b, strlen(value) - 127);
	}
	buf_add_str(b, value);
}

static const char *overridden(const char *name, const char *value, const char *const *extra)
{
	for (; extra && extra[0]; extra += 2)
		if (strcmp(extra[0], name) == 0)
			return NULL;
	return value;
}

bool raw_request(int fd, uint32_t stream, const char *path, bool end, const char *const *extra)
{
	const char *const base[][2] = {
		{":method", "POST"},    {":scheme", "http"}, {":path", path},
		{":authority", "test"}, {"te", "trailers"},  {"content-type", "application/grpc"},
	};
	struct buf b = BUF_INIT;
	bool ok;

	for (int pseudo = 1; pseudo >= 0; pseudo--) {
		for (size_t i = 0; i < UTIL_ARRAY_LEN(base); i++)
			if ((base[i][0][0] == ':') == pseudo &&
			    overridden(base[i][0], base[i][1], extra))
				literal(&b, base[i][0], base[i][1]);
		for (const char *const *x = extra; x && x[0]; x += 2)
			if ((x[0][0] == ':') == pseudo && x[1])
				literal(&b, x[0], x[1]);
	}
	ok = raw_frame(fd, NGHTTP2_HEADERS, (uint8_t)(NGHTTP2_FLAG_END_HEADERS | (end ? 1 : 0)),
		       stream, b.data, b.len);
	buf_fini(&b);
	return ok;
}

void raw_headers(const struct frame *f, struct buf *text)
{
	const uint8_t *p = f->body, *end = f->body + f->len;
	int flags = 0;

	while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
		nghttp2_nv nv;
		ssize_t n = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, p, (size_t)(end - p), 1);

		assert_true(n >= 0);
		p += n;
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			buf_printf(text, "%.*s: %.*s\n", (int)nv.namelen, nv.name, (int)nv.valuelen,
				   nv.value);
	}
	nghttp2_hd_inflate_end_headers(inflater);
	buf_cstr(text);
}
