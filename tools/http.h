/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http - one HTTP/1.1 request to an orderer's admin listener, with or without TLS.
 */
#ifndef HTTP_H
#define HTTP_H

#include "ctl.h"

struct http_opts {
	const char *admin;
	struct ctl_tls tls;
	int64_t timeout_ns;
};
/* The rows of these options in the table of a command whose struct is @s, member @m. */
/* clang-format off */
#define HTTP_OPTS(s, m) \
	{"admin", CTL_STRING, offsetof(s, m.admin), false, "HOST:PORT", \
	 "the orderer's admin listener [127.0.0.1:9443]"}, \
	CTL_TLS_OPTS(s, m.tls), \
	{"timeout", CTL_DURATION, offsetof(s, m.timeout_ns), false, "DURATION", \
	 "give up when there is no answer for so long [30s]"}
#define HTTP_DEFAULTS {.admin = "127.0.0.1:9443", .timeout_ns = INT64_C(30000000000)}
/* clang-format on */

#define HTTP_MAX_ANSWER (4u << 20)

struct http_request {
	const char *method, *path;
	const char *content_type; /* NULL: no body */
	struct ord_bytes body;
};

struct http_answer {
	int status;
	struct buf body;
};

/** Ask and wait for the answer, whatever its status.
 *  Owns:   @out->body, empty on errors.
 *  Blocks: until it is there, or for the timeout.
 *  Errors: ORD_EUNAVAIL and others, one sentence with the address. */
int http_ask(const struct http_opts *o, const struct http_request *r, struct http_answer *out,
	     struct ord_err *e);
/** Read a whole answer out of what came so far, of which @closed says that no more follows: 1, or 0
 *  when there must be more.
 *  Errors: ORD_EINVAL this is no answer. */
int http_parse(struct ord_bytes came, bool closed, struct http_answer *out, struct ord_err *e);

#endif /* HTTP_H */
