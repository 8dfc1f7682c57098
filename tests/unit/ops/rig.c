/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <arpa/inet.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- client -------------------------------------------------------------- */

int http_connect(uint16_t to)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(to),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = 15};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

bool http_send(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		at += sent;
		n -= (size_t)sent;
	}
	return true;
}

const char *answer_header(const struct answer *a, const char *name)
{
	static char value[512];
	const char *line = a->status ? strstr((const char *)a->text.data, "\r\n") : NULL;
	size_t n = strlen(name);

	for (value[0] = '\0'; line && line < a->body - 2; line = strstr(line + 2, "\r\n"))
		if (strncasecmp(line + 2, name, n) == 0 && line[2 + n] == ':')
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(line + n + 4, "\r"),
				 line + n + 4);
	return value;
}

static bool is_whole(struct answer *a)
{
	char *end = strstr(buf_cstr(&a->text), "\r\n\r\n");
	size_t head;

	if (!end)
		return false;
	head = (size_t)(end - (char *)a->text.data) + 4;
	a->body = (char *)a->text.data + head;
	a->status = atoi((char *)a->text.data + strlen("HTTP/1.1 "));
	return a->status == 204 ||
	       a->text.len - head >= strtoul(answer_header(a, "Content-Length"), NULL, 10);
}

void http_receive(int fd, struct answer *a)
{
	char piece[4096];
	ssize_t n;

	*a = (struct answer){.text = BUF_INIT, .body = ""};
	while (!is_whole(a) && (n = recv(fd, piece, sizeof(piece), 0)) > 0)
		buf_add(&a->text, piece, (size_t)n);
}

void ask_bytes(uint16_t to, struct ord_bytes request, struct answer *a)
{
	int fd = http_connect(to);

	http_send(fd, request.data, request.len);
	http_receive(fd, a);
	close(fd);
}

void ask(uint16_t to, const char *request, struct answer *a)
{
	ask_bytes(to, bytes_str(request), a);
}

void ask_for(uint16_t to, const char *method, const char *path, const char *headers,
	     struct answer *a)
{
	char *request = x_printf("%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n",
				 method, path, headers);

	ask(to, request, a);
	free(request);
}

void answer_fini(struct answer *a)
{
	buf_fini(&a->text);
}

/* ---- the listener under test --------------------------------------------- */

struct ops_server *server;
uint16_t port;

int stop(void **state)
{
	(void)state;
	ops_stop(server);
	ops_free(server);
	return 0;
}

void expect(const char *method, const char *path, const char *headers, int status, const char *body)
{
	struct answer a;

	ask_for(port, method, path, headers, &a);
	assert_int_equal(a.status, status);
	assert_string_equal(a.body, body);
	answer_fini(&a);
}

/* ---- a form -------------------------------------------------------------- */

void form_part(struct buf *form, const char *name, const char *file, struct ord_bytes content)
{
	buf_printf(form, "--b\r\nContent-Disposition: form-data; name=\"%s\"", name);
	if (file)
		buf_printf(form, "; filename=\"%s\"\r\nContent-Type: application/octet-stream",
			   file);
	buf_add_str(form, "\r\n\r\n");
	buf_add_bytes(form, content);
	buf_add_str(form, "\r\n");
}

void form_end(struct buf *form)
{
	buf_add_str(form, "--b--\r\n");
}

void post_form(uint16_t to, const char *headers, const struct buf *form, struct answer *a)
{
	struct buf rq = BUF_INIT;

	buf_printf(&rq,
		   "POST /participation/v1/channels HTTP/1.1\r\nHost: localhost\r\n%s"
		   "Content-Length: %zu\r\n\r\n",
		   headers, form->len);
	buf_add_bytes(&rq, buf_bytes(form));
	ask_bytes(to, buf_bytes(&rq), a);
	buf_fini(&rq);
}

/* ---- the channels -------------------------------------------------------- */

struct fake fake;

void fake_reset(void)
{
	buf_fini(&fake.joined);
	fake = (struct fake){.joined = BUF_INIT};
}

static void describe(struct chan_info *out, const char *name)
{
	*out = (struct chan_info){.relation = "consenter", .status = "active", .height = 7};
	snprintf(out->name, sizeof(out->name), "%s", name);
}

static int refused(int *status, struct ord_err *e)
{
	*status = fake.status;
	return err_set(e, ORD_EINVAL, "%s", fake.refusal);
}

static int join(struct registrar *r, struct ord_bytes block, struct chan_info *out, int *status,
		struct ord_err *e)
{
	assert_ptr_equal(r, &fake);
	buf_fini(&fake.joined);
	buf_add_bytes(&fake.joined, block);
	if (fake.refusal)
		return refused(status, e);
	describe(out, "joined");
	return 0;
}

static int remove_channel(struct registrar *r, const char *channel_id, int *status,
			  struct ord_err *e)
{
	assert_ptr_equal(r, &fake);
	snprintf(fake.removed, sizeof(fake.removed), "%s", channel_id);
	return fake.refusal ? refused(status, e) : 0;
}

static int info(struct registrar *r, const char *channel_id, struct chan_info *out,
		struct ord_err *e)
{
	assert_ptr_equal(r, &fake);
	for (size_t i = 0; fake.channels[i]; i++)
		if (strcmp(channel_id, fake.channels[i]) == 0) {
			describe(out, channel_id);
			return 0;
		}
	return err_set(e, ORD_ENOENT, "channel does not exist");
}

static void list(struct registrar *r, void (*each)(void *arg, const char *name, bool is_system),
		 void *arg)
{
	assert_ptr_equal(r, &fake);
	if (fake.system)
		each(arg, fake.system, true);
	for (size_t i = 0; fake.channels[i]; i++)
		each(arg, fake.channels[i], false);
}

struct ops_channels fake_channels(void)
{
	return (struct ops_channels){(struct registrar *)&fake, join, remove_channel, info, list};
}
