/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: a small HTTP/1.1 server.  A request comes whole or not at all, within its time; it is
 * answered at once, or later from another thread.
 *
 * Each server has one thread, on which every connection lives and every handler runs.
 */
#ifndef HTTP_PRIV_H
#define HTTP_PRIV_H

#include "mhd_priv.h"
#include "ops.h"

#define HTTP_FIELDS 6

struct http_later;

struct http_field {
	const char *name; /* a literal */
	char *value;
};

struct http_request {
	const char *method;
	const char *path; /* as it was sent: with its %XX, without the query */
	struct buf body;
	bool too_large; /* the body was larger than allowed; it is not here */
	bool verified;  /* the client showed a certificate that is good */

	/* The answer; status 0: there is none yet. */
	unsigned status;
	struct http_field fields[HTTP_FIELDS];
	size_t n_fields;
	struct buf content;

	/* The server's own. */
	struct ops_server *server;
	struct MHD_Connection *connection;
	struct http_later *later; /* the answer is still to come */
	size_t swallowed;
	bool handled;
};

static inline bool http_is(const struct http_request *rq, const char *method)
{
	return strcmp(rq->method, method) == 0;
}
/** The value of a header, or NULL. */
const char *http_header(const struct http_request *rq, const char *name);
/** Answer.  @type NULL: no content. */
void http_reply(struct http_request *rq, unsigned status, const char *type,
		struct ord_bytes content);
/** Add a header to the answer. */
void http_reply_field(struct http_request *rq, const char *name, const char *value);
/** Answer as Go's net/http does to a path it does not know. */
void http_reply_not_found(struct http_request *rq);
/** Answer with a redirection to @path. */
void http_reply_redirect(struct http_request *rq, unsigned status, const char *path);
/** Answer {"<key>":"<text>"}. */
void http_reply_error(struct http_request *rq, unsigned status, const char *key, const char *text);

/** The answer will come later, within @timeout_ns, or be the empty @status. */
struct http_later *http_later(struct http_request *rq, uint64_t timeout_ns, unsigned status);
/** Give the answer, once.  Too late, and it is dropped.   Thread: any.   Owns: @l. */
void http_later_reply(struct http_later *l, unsigned status, const char *type,
		      struct ord_bytes content);

struct http_opts {
	struct log_logger *logger;
	struct ops_listen listen;
	size_t max_body;
	/** Answer @rq, or call http_later().   Thread: the server's. */
	void (*handle)(void *arg, struct http_request *rq);
	void (*free)(void *arg); /* of @arg, with the server or when it cannot be opened */
	void *arg;
};
int http_open(const struct http_opts *o, struct ops_server **out, struct ord_err *e);

/* ---- inside the server --------------------------------------------------- */

/* A connection that libmicrohttpd has, and by when it must have got on. */
struct http_conn {
	struct MHD_Connection *connection;
	struct http_request *rq; /* NULL: between requests */
	uint64_t deadline_ns;
	struct http_conn *next;
};

struct ops_server {
	struct http_opts o;
	const struct mhd *mhd;
	struct MHD_Daemon *daemon;
	int epoll_fd; /* libmicrohttpd's */
	int wake_fd;
	uint16_t port;
	pthread_t thread;
	bool running;
	struct http_conn *conns; /* the server's thread only */
	bool closed;             /* a connection, since the thread waited last */
	char trouble[256];       /* what libmicrohttpd said last */

	pthread_mutex_t lock; /* for what follows, and for every http_later of this server */
	bool stopping;
};

/* libmicrohttpd's callbacks; the first argument is the server. */
enum MHD_Result http_on_request(void *arg, struct MHD_Connection *c, const char *url,
				const char *method, const char *version, const char *data,
				size_t *size, void **state);
void http_on_completed(void *arg, struct MHD_Connection *c, void **state,
		       enum MHD_RequestTerminationCode why);
struct http_conn *http_conn_of(struct ops_server *s, const struct MHD_Connection *c);

/** Resume what was answered, or was not in time; with @all every one. */
void http_later_run(struct ops_server *s, uint64_t now_ns, bool all);
/** The request ends; who owes its answer may be late. */
void http_later_drop(struct http_request *rq);
/** When the next one expires. */
uint64_t http_later_deadline(struct ops_server *s);
void http_wake(struct ops_server *s);

#endif /* HTTP_PRIV_H */
