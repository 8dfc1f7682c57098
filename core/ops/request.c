/* SPDX-License-Identifier: Apache-2.0 */
/* http: one request from its first line to the end of its answer. */
#include "http_priv.h"

#include <stdlib.h>

#define WRITE_TIMEOUT_NS (120 * CLOCK_SEC_NS)
#define SWALLOW          (64u << 20) /* bytes over the limit that are read, so as to answer */

/* ---- what came in -------------------------------------------------------- */

static bool is_verified(const struct ops_server *s, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info;

	if (!s->o.listen.tls)
		return false;
	info = s->mhd->get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	return info && info->tls_session && mhd_verified(info->tls_session);
}

static struct http_request *request_new(struct ops_server *s, struct MHD_Connection *c,
					const char *url, const char *method)
{
	struct http_request *rq = x_alloc(sizeof(*rq));
	struct http_conn *conn = http_conn_of(s, c);

	util_assert(conn);
	conn->rq = rq;
	rq->server = s;
	rq->connection = c;
	rq->path = url;
	rq->method = method;
	rq->verified = is_verified(s, c);
	return rq;
}

/* Too large a body is read to its end, within reason: a client that still writes reads no answer.
 */
static enum MHD_Result take_body(struct http_request *rq, const char *data, size_t *size)
{
	size_t n = *size, max = rq->server->o.max_body;

	*size = 0;
	if (!rq->too_large && n <= max - rq->body.len) {
		buf_add(&rq->body, data, n);
		return MHD_YES;
	}
	if (!rq->too_large)
		buf_fini(&rq->body);
	rq->too_large = true;
	rq->swallowed += n;
	return rq->swallowed <= SWALLOW ? MHD_YES : MHD_NO;
}

const char *http_header(const struct http_request *rq, const char *name)
{
	return rq->server->mhd->lookup_connection_value(rq->connection, MHD_HEADER_KIND, name);
}

/* ---- the answer ---------------------------------------------------------- */

void http_reply(struct http_request *rq, unsigned status, const char *type,
		struct ord_bytes content)
{
	util_assert(rq->status == 0);
	rq->status = status;
	buf_add_bytes(&rq->content, content);
	if (type)
		http_reply_field(rq, "Content-Type", type);
}

void http_reply_field(struct http_request *rq, const char *name, const char *value)
{
	util_assert(rq->n_fields < HTTP_FIELDS);
	rq->fields[rq->n_fields++] = (struct http_field){name, x_strdup(value)};
}

void http_reply_not_found(struct http_request *rq)
{
	http_reply(rq, 404, "text/plain; charset=utf-8", bytes_str("404 page not found\n"));
	http_reply_field(rq, "X-Content-Type-Options", "nosniff");
}

void http_reply_redirect(struct http_request *rq, unsigned status, const char *path)
{
	char *page = x_printf("<a href=\"%s\">%s</a>.\n\n", path,
			      status == 301 ? "Moved Permanently" : "Found");

	http_reply(rq, status, "text/html; charset=utf-8", bytes_str(page));
	http_reply_field(rq, "Location", path);
	free(page);
}

void http_reply_error(struct http_request *rq, unsigned status, const char *key, const char *text)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "{\"%s\":", key);
	buf_add_json(&b, bytes_str(text));
	buf_add_str(&b, "}\n");
	http_reply(rq, status, "application/json", buf_bytes(&b));
	buf_fini(&b);
}

/* A random UUID (RFC 4122, version 4). */
static void fresh_id(struct buf *b)
{
	uint8_t id[16];

	crypto_random(id, sizeof(id));
	id[6] = (id[6] & 0x0f) | 0x40;
	id[8] = (id[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < sizeof(id); i++)
		buf_printf(b, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
}

static void add_request_id(struct http_request *rq, struct MHD_Response *r)
{
	const char *given = http_header(rq, "X-Request-Id");
	struct buf b = BUF_INIT;

	if (given && *given)
		buf_add_str(&b, given);
	else
		fresh_id(&b);
	rq->server->mhd->add_response_header(r, "X-Request-Id", buf_cstr(&b));
	buf_fini(&b);
}

static enum MHD_Result send_reply(struct http_request *rq)
{
	const struct mhd *mhd = rq->server->mhd;
	struct http_conn *conn = http_conn_of(rq->server, rq->connection);
	struct MHD_Response *r = mhd->create_response_from_buffer(rq->content.len, rq->content.data,
								  MHD_RESPMEM_MUST_COPY);
	enum MHD_Result rc;

	if (!r)
		return MHD_NO;
	for (size_t i = 0; i < rq->n_fields; i++)
		mhd->add_response_header(r, rq->fields[i].name, rq->fields[i].value);
	if (rq->too_large)
		mhd->add_response_header(r, "Connection", "close");
	add_request_id(rq, r);
	conn->deadline_ns = clock_mono_ns() + WRITE_TIMEOUT_NS;
	rc = mhd->queue_response(rq->connection, rq->status, r);
	mhd->destroy_response(r);
	return rc;
}

/* ---- libmicrohttpd calls ------------------------------------------------- */

/* Called when the headers are there, for each piece of the body, when all is there, and once more
 * when a suspended connection is resumed. */
enum MHD_Result http_on_request(void *arg, struct MHD_Connection *c, const char *url,
				const char *method, const char *version, const char *data,
				size_t *size, void **state)
{
	struct ops_server *s = arg;
	struct http_request *rq = *state;

	(void)version;
	if (!rq) {
		*state = request_new(s, c, url, method);
		return MHD_YES;
	}
	if (*size > 0)
		return take_body(rq, data, size);
	if (!rq->handled) {
		rq->handled = true;
		http_conn_of(s, c)->deadline_ns = CLOCK_NEVER;
		s->o.handle(s->o.arg, rq);
	}
	if (rq->status == 0) {
		util_assert(rq->later);
		s->mhd->suspend_connection(c);
		return MHD_YES;
	}
	return send_reply(rq);
}

void http_on_completed(void *arg, struct MHD_Connection *c, void **state,
		       enum MHD_RequestTerminationCode why)
{
	struct ops_server *s = arg;
	struct http_request *rq = *state;
	struct http_conn *conn = http_conn_of(s, c);

	(void)why;
	if (!rq)
		return;
	*state = NULL;
	conn->rq = NULL;
	conn->deadline_ns = clock_mono_ns() + s->o.listen.read_timeout_ns;
	http_later_drop(rq);
	for (size_t i = 0; i < rq->n_fields; i++)
		free(rq->fields[i].value);
	buf_fini(&rq->body);
	buf_fini(&rq->content);
	free(rq);
}
