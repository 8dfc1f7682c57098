/* SPDX-License-Identifier: Apache-2.0 */
/* ordererctl channel list, join and remove against an admin listener that says what we tell it. */
#include "ctl_run.h"

#include <arpa/inet.h>
#include <sys/socket.h>

/* Answers one request with @answer and keeps the request. */
struct listener {
	int fd;
	char *address;
	struct ord_bytes answer;
	struct buf request; /* the thread's until it is joined */
	pthread_t thread;
	bool joined;
};

/* Is the whole body there, as Content-Length tells? */
static bool is_whole(struct buf *b)
{
	const char *text = buf_cstr(b), *end = strstr(text, "\r\n\r\n"), *length;

	if (!end)
		return false;
	length = strstr(text, "Content-Length: ");
	return !length || b->len - (size_t)(end + 4 - text) >= strtoul(length + 16, NULL, 10);
}

static void *serve(void *arg)
{
	struct listener *l = arg;
	int fd = accept(l->fd, NULL, NULL);
	size_t sent = 0;
	ssize_t n;

	do {
		buf_reserve(&l->request, 65536);
		n = read(fd, l->request.data + l->request.len, 65536);
		l->request.len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && !is_whole(&l->request));
	while (sent < l->answer.len) { /* byte for byte, so that nothing comes whole */
		n = send(fd, l->answer.data + sent, l->answer.len - sent < 7 ? 1 : 7, MSG_NOSIGNAL);
		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	close(fd);
	return NULL;
}

static void start(struct listener *l, const char *answer)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	struct ord_err e = ERR_INIT;

	*l = (struct listener){.answer = bytes_str(answer)};
	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(l->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(l->fd, 1), 0);
	assert_int_equal(getsockname(l->fd, (struct sockaddr *)&a, &len), 0);
	l->address = x_printf("127.0.0.1:%u", ntohs(a.sin_port));
	test_ok(thread_start(&l->thread, "admin", serve, l, &e), &e);
}

/* What was asked; it has been answered. */
static char *asked(struct listener *l)
{
	if (!l->joined)
		pthread_join(l->thread, NULL);
	l->joined = true;
	return buf_cstr(&l->request);
}

static void stop(struct listener *l)
{
	asked(l);
	close(l->fd);
	free(l->address);
	buf_fini(&l->request);
}

#define assert_asks(l, want) assert_ptr_equal(strstr(asked(l), want), asked(l))

/* ---- what is asked and shown --------------------------------------------- */

static void a_list_is_shown_as_osnadmin_does(void **state)
{
	static const char json[] = "{\"systemChannel\":null,\"channels\":[{\"name\":\"my{\\\"x\","
				   "\"url\":\"/a:b\"}],\"none\":[],\"no\":{}}";
	struct listener l;
	struct ctl_run r;
	char *answer = x_printf("HTTP/1.1 200 OK\r\ncontent-length: %zu\r\n"
				"Content-Type: application/json\r\n\r\n%s and what follows",
				strlen(json), json);

	(void)state;
	start(&l, answer);
	r = ctl_run("channel", "list", "--admin", l.address);
	ctl_expect(&r, 0,
		   "Status: 200\n"
		   "{\n"
		   "\t\"systemChannel\": null,\n"
		   "\t\"channels\": [\n"
		   "\t\t{\n"
		   "\t\t\t\"name\": \"my{\\\"x\",\n"
		   "\t\t\t\"url\": \"/a:b\"\n"
		   "\t\t}\n"
		   "\t],\n"
		   "\t\"none\": [],\n"
		   "\t\"no\": {}\n"
		   "}\n",
		   "");
	assert_asks(&l, "GET /participation/v1/channels HTTP/1.1\r\nHost: 127.0.0.1:");
	assert_non_null(strstr(asked(&l), "\r\nAccept: application/json\r\n"));
	stop(&l);
	free(answer);
}

static void one_channel_is_asked_by_its_name(void **state)
{
	struct listener l;
	struct ctl_run r;

	(void)state;
	start(&l,
	      "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
	      "a\r\n{\"error\":\"\r\n17;x=y\r\nchannel does not exist\"\r\n1\r\n}\r\n0\r\n\r\n");
	r = ctl_run("channel", "list", "--admin", l.address, "--channel", "a.b", "--no-status");
	ctl_expect(&r, 1, "{\n\t\"error\": \"channel does not exist\"\n}\n",
		   "ordererctl channel list: the orderer refused: status 404\n");
	assert_int_equal(strncmp(asked(&l), "GET /participation/v1/channels/a.b HTTP/", 40), 0);
	stop(&l);
	r = ctl_run("channel", "list", "--channel", "../x");
	ctl_expect(
		&r, 1, "",
		"ordererctl channel list: bad channel ID: channel ID '../x' contains illegal characters\n");
}

static void a_removed_channel_has_no_more_to_say(void **state)
{
	struct listener l;
	struct ctl_run r;

	(void)state;
	start(&l, "HTTP/1.1 204 No Content\r\n\r\n");
	r = ctl_run("channel", "remove", "--admin", l.address, "--channel", "mychannel");
	ctl_expect(&r, 0, "Status: 204\n\n", "");
	assert_asks(&l, "DELETE /participation/v1/channels/mychannel HTTP/1.1\r\n");
	stop(&l);
}

static void a_join_carries_the_block_as_a_file(void **state)
{
	char *path = test_golden_path("blocks/mychannel.000.block"), *at, *want;
	struct buf block = test_golden("blocks/mychannel.000.block");
	struct listener l;
	struct ctl_run r;

	(void)state;
	start(&l, "HTTP/1.1 201 Created\r\nLocation: /x\r\nContent-Length: 2\r\n\r\n{}");
	r = ctl_run("channel", "join", "--admin", l.address, "--config-block", path, "--channel",
		    "mychannel");
	ctl_expect(&r, 0, "Status: 201\n{}\n", "");
	assert_int_equal(strncmp(asked(&l), "POST /participation/v1/channels HTTP/1.1\r\n", 42), 0);
	at = strstr(asked(&l), "boundary=");
	assert_non_null(at);
	at += strlen("boundary=");
	want = x_printf("\r\n\r\n--%.32s\r\nContent-Disposition: form-data; name=\"config-block\"; "
			"filename=\"config.block\"\r\n",
			at);
	assert_non_null(strstr(at, want));
	assert_memory_equal(l.request.data + l.request.len - 40 - block.len, block.data, block.len);
	free(want);
	stop(&l);
	r = ctl_run("channel", "join", "--admin", "127.0.0.1:1", "--config-block", path,
		    "--channel", "other");
	ctl_expect(&r, 1, "",
		   "ordererctl channel join: specified --channel other does not match channel ID "
		   "mychannel in config block\n");
	buf_fini(&block);
	free(path);
}

/* ---- what is no answer --------------------------------------------------- */

static const struct {
	const char *answer, *want;
} broken[] = {
	{"", "the answer is cut short"},
	{"SSH-2.0-OpenSSH_9.2\r\n", "this is not HTTP"},
	{"HTTP/1.1 2x0 OK\r\n\r\n", "this is not HTTP"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", "the answer is cut short"},
	{"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}", "an answer of a length that cannot be"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
	 "an answer of a length that cannot be"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	 "a chunk of a length that cannot be"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
	 "a chunk longer than it says"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "the answer is cut short"},
};

static void broken_answers_are_one_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(broken); i++) {
		struct listener l;
		struct ctl_run r;
		char *want;

		start(&l, broken[i].answer);
		r = ctl_run("channel", "list", "--admin", l.address);
		want = x_printf("ordererctl channel list: orderer %s: %s\n", l.address,
				broken[i].want);
		ctl_expect(&r, 1, "", want);
		free(want);
		stop(&l);
	}
}

static void wrong_options_are_refused(void **state)
{
	struct ctl_run r = ctl_run("channel", "list", "--admin", "nowhere");

	(void)state;
	ctl_expect(&r, 1, "", "ordererctl channel list: --admin 'nowhere': want HOST:PORT\n");
	r = ctl_run("channel", "list", "--tls-cert", "a");
	ctl_expect(&r, 1, "", "ordererctl channel list: TLS options need --tls-ca\n");
	r = ctl_run("channel", "list", "--tls-ca", "a", "--tls-cert", "a");
	ctl_expect(&r, 1, "", "ordererctl channel list: --tls-cert and --tls-key go together\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_shown_as_osnadmin_does),
		cmocka_unit_test(one_channel_is_asked_by_its_name),
		cmocka_unit_test(a_removed_channel_has_no_more_to_say),
		cmocka_unit_test(a_join_carries_the_block_as_a_file),
		cmocka_unit_test(broken_answers_are_one_sentence),
		cmocka_unit_test(wrong_options_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
