/* SPDX-License-Identifier: Apache-2.0 */
/* A raw HTTP/1.1 client, and the channels that a listener is shown. */
#ifndef OPS_RIG_H
#define OPS_RIG_H

#include "../test.h"

#include <ops/ops.h>

/* ---- client -------------------------------------------------------------- */

struct answer {
	int status; /* 0: the connection ended without one */
	struct buf text;
	const char *body; /* in @text */
};

int http_connect(uint16_t port);
/** False when the other side takes no more. */
bool http_send(int fd, const void *p, size_t n);
/** Read one answer, as long as its Content-Length says or until the end. */
void http_receive(int fd, struct answer *a);
/** One request on a connection of its own. */
void ask(uint16_t port, const char *request, struct answer *a);
void ask_bytes(uint16_t port, struct ord_bytes request, struct answer *a);
/** "METHOD path" with the given header lines ("" or "A: b\r\n"). */
void ask_for(uint16_t port, const char *method, const char *path, const char *headers,
	     struct answer *a);
void answer_fini(struct answer *a);
/** The value of a header, "" when it is not there; valid until the next call. */
const char *answer_header(const struct answer *a, const char *name);

/* ---- the listener under test --------------------------------------------- */

extern struct ops_server *server;
extern uint16_t port; /* its */
/** Teardown: the end of what the test's setup opened. */
int stop(void **state);
/** What ask_for() brings must be exactly this. */
void expect(const char *method, const char *path, const char *headers, int status,
	    const char *body);

/* ---- a form -------------------------------------------------------------- */

#define FORM_TYPE "Content-Type: multipart/form-data; boundary=b\r\n"

/** A part of a form with the boundary "b", with or without a file name; then form_end(). */
void form_part(struct buf *form, const char *name, const char *file, struct ord_bytes content);
void form_end(struct buf *form);
/** POST @form to the channels. */
void post_form(uint16_t port, const char *headers, const struct buf *form, struct answer *a);

/* ---- the channels of a fake registrar ------------------------------------ */

struct fake {
	const char *refusal; /* of join and remove, with @status; NULL: they succeed */
	int status;
	const char *system;      /* a system channel's name, or NULL */
	const char *channels[4]; /* ends with NULL */
	struct buf joined;       /* the block that join() was handed */
	char removed[64];
};
extern struct fake fake;
void fake_reset(void);
struct ops_channels fake_channels(void);

#endif /* OPS_RIG_H */
