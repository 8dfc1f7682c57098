/* SPDX-License-Identifier: Apache-2.0 */
/* The channel participation API (spec 9.2): what osnadmin speaks. */
#include "http_priv.h"
#include "multipart_priv.h"

#include <stdlib.h>

static struct log_logger logger = LOG_LOGGER("orderer.commmon.channelparticipation");

#define BASE      "/participation/v1/"
#define CHANNELS  BASE "channels"
#define FILE_PART "config-block"

/* ---- answers ------------------------------------------------------------- */

static void refuse(struct http_request *rq, unsigned status, const char *text)
{
	http_reply_error(rq, status, "error", text);
}

static void refuse_method(struct http_request *rq, const char *allow)
{
	char *text = x_printf("invalid request method: %s", rq->method);

	refuse(rq, 405, text);
	http_reply_field(rq, "Allow", allow);
	free(text);
}

/* {"name":"a","url":"/participation/v1/channels/a", with the brace left open */
static void add_channel(struct buf *b, const char *name)
{
	char *url = x_printf(CHANNELS "/%s", name);

	buf_add_str(b, "{\"name\":");
	buf_add_json(b, bytes_str(name));
	buf_add_str(b, ",\"url\":");
	buf_add_json(b, bytes_str(url));
	free(url);
}

static void reply_info(struct http_request *rq, unsigned status, const struct chan_info *c)
{
	struct buf b = BUF_INIT;

	add_channel(&b, c->name);
	buf_add_str(&b, ",\"consensusRelation\":");
	buf_add_json(&b, bytes_str(c->relation));
	buf_add_str(&b, ",\"status\":");
	buf_add_json(&b, bytes_str(c->status));
	buf_printf(&b, ",\"height\":%llu}\n", (unsigned long long)c->height);
	http_reply(rq, status, "application/json", buf_bytes(&b));
	buf_fini(&b);
}

/* ---- list ---------------------------------------------------------------- */

struct list {
	struct buf system, others;
};

static void add_to_list(void *arg, const char *channel_id, bool is_system)
{
	struct list *l = arg;
	struct buf *b = is_system ? &l->system : &l->others;

	if (b->len)
		buf_add_u8(b, ',');
	add_channel(b, channel_id);
	buf_add_u8(b, '}');
}

static void serve_list(struct ops_admin *a, struct http_request *rq)
{
	struct list l = {BUF_INIT, BUF_INIT};
	struct buf b = BUF_INIT;

	a->channels.list(a->channels.registrar, add_to_list, &l);
	buf_printf(&b, "{\"systemChannel\":%s,\"channels\":",
		   l.system.len ? buf_cstr(&l.system) : "null");
	if (l.others.len)
		buf_printf(&b, "[%s]}\n", buf_cstr(&l.others));
	else
		buf_add_str(&b, "null}\n");
	http_reply(rq, 200, "application/json", buf_bytes(&b));
	http_reply_field(rq, "Cache-Control", "no-store");
	buf_fini(&l.system);
	buf_fini(&l.others);
	buf_fini(&b);
}

/* ---- one channel --------------------------------------------------------- */

static void serve_info(struct ops_admin *a, struct http_request *rq, const char *id)
{
	struct chan_info c = {.name = ""};
	struct ord_err e = ERR_INIT;

	if (a->channels.info(a->channels.registrar, id, &c, &e) < 0) {
		refuse(rq, 404, e.msg);
		return;
	}
	reply_info(rq, 200, &c);
	http_reply_field(rq, "Cache-Control", "no-store");
}

static void serve_remove(struct ops_admin *a, struct http_request *rq, const char *id)
{
	struct ord_err e = ERR_INIT;
	int status = 400;

	if (a->channels.remove(a->channels.registrar, id, &status, &e) < 0) {
		log_debug(&logger, "Failed to remove channel: %s, err: %s", id, e.msg);
		refuse(rq, (unsigned)status, e.msg);
		if (status == 405)
			http_reply_field(rq, "Allow", "GET");
		return;
	}
	log_debug(&logger, "Successfully removed channel: %s", id);
	http_reply(rq, 204, NULL, bytes_of(NULL, 0));
}

/* ---- join ---------------------------------------------------------------- */

/* The one part there may be. */
static int read_form(struct multipart *m, struct ord_bytes *block, struct ord_err *e)
{
	struct multipart_part p;
	unsigned files = 0, others = 0;
	int rc;

	while ((rc = multipart_next(m, &p, e)) > 0) {
		if (p.name && p.file && strcmp(p.name, FILE_PART) == 0) {
			files++;
			*block = p.content;
		} else if (p.name) {
			others++;
		}
		multipart_part_fini(&p);
	}
	if (rc < 0)
		return err_wrap(e, "cannot read form from request body");
	if (files == 0)
		return err_set(e, ORD_EINVAL, "form does not contains part key: " FILE_PART);
	if (files + others > 1)
		return err_set(e, ORD_EINVAL, "form contains too many parts");
	return 0;
}

/* @block: a view of the request's body. */
static int read_block(struct http_request *rq, struct ord_bytes *block, struct ord_err *e)
{
	const char *type = http_header(rq, "Content-Type");
	struct multipart m = {.delimiter = NULL};
	char *boundary = NULL;
	int rc;

	if (!type || !strstr(type, "multipart/form-data"))
		return err_set(e, ORD_EINVAL, "unsupported Content-Type: [%s]", type ? type : "");
	rc = multipart_param(type, "boundary", &boundary, e);
	if (rc < 0)
		return err_wrap(e, "cannot parse Mime media type");
	if (rq->too_large)
		rc = err_set(e, ORD_ETOOBIG, "http: request body too large");
	else
		rc = multipart_init(&m, buf_bytes(&rq->body), boundary, e);
	if (rc < 0)
		err_wrap(e, "cannot read form from request body");
	else
		rc = read_form(&m, block, e);
	multipart_fini(&m);
	free(boundary);
	return rc;
}

/* What may be done instead with the channel that is in the way. */
static const char *allowed_instead(const struct ord_err *e)
{
	return strcmp(e->msg, "cannot join: system channel exists") == 0 ? "GET" : "GET, DELETE";
}

static void serve_join(struct ops_admin *a, struct http_request *rq)
{
	struct chan_info c = {.name = ""};
	struct ord_err e = ERR_INIT;
	struct ord_bytes block;
	int status = 400, rc = read_block(rq, &block, &e);
	char *url;

	if (rc == 0)
		rc = a->channels.join(a->channels.registrar, block, &c, &status, &e);
	if (rc < 0) {
		log_debug(&logger, "Failed to JoinChannel: %s", e.msg);
		refuse(rq, (unsigned)status, e.msg);
		if (status == 405)
			http_reply_field(rq, "Allow", allowed_instead(&e));
		return;
	}
	reply_info(rq, 201, &c);
	url = x_printf(CHANNELS "/%s", c.name);
	http_reply_field(rq, "Location", url);
	log_debug(&logger, "Successfully joined channel: %s", url);
	free(url);
}

/* ---- paths and methods --------------------------------------------------- */

/* As Fabric reads the header: whoever says nothing takes anything. */
static bool accepts_json(const struct http_request *rq)
{
	const char *accept = http_header(rq, "Accept");

	return !accept || !*accept || strstr(accept, "application/json") ||
	       strstr(accept, "application/*") || strstr(accept, "*/*");
}

static bool is_acceptable(struct http_request *rq)
{
	if (accepts_json(rq))
		return true;
	refuse(rq, 406, "response Content-Type is application/json only");
	return false;
}

static void serve_channels(struct ops_admin *a, struct http_request *rq)
{
	if (!http_is(rq, "GET") && !http_is(rq, "POST"))
		refuse_method(rq, "GET, POST");
	else if (!is_acceptable(rq))
		return;
	else if (http_is(rq, "GET"))
		serve_list(a, rq);
	else
		serve_join(a, rq);
}

/* With each %XX replaced; a NUL, which no channel id holds, stays as it came.  Heap. */
static char *unescaped(const char *s)
{
	char *out = x_strdup(s), *to = out;

	while (*s) {
		int high = *s == '%' ? hex_digit(s[1]) : -1;
		int low = high >= 0 ? hex_digit(s[2]) : -1;

		if (low >= 0 && (high || low)) {
			*to++ = (char)(high << 4 | low);
			s += 3;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
	return out;
}

/* What is wrong with the id, in the words of 2.x: those of 1.4 that chanconf has say more in front.
 */
static const char *fault_of(const struct ord_err *e)
{
	static const char *const prefixes[] = {"bad channel ID: ", "channel ID '"};
	const char *text = e->msg;
	size_t n = strlen(prefixes[0]);

	if (strncmp(text, prefixes[0], n) == 0)
		text += n;
	n = strlen(prefixes[1]);
	return strncmp(text, prefixes[1], n) == 0 ? text + n - 1 : text;
}

static bool is_valid_id(struct http_request *rq, const char *id)
{
	struct ord_err e = ERR_INIT;
	char *text;

	if (chanconf_check_channel_id(id, &e) == 0)
		return true;
	text = x_printf("invalid channel ID: %s", fault_of(&e));
	refuse(rq, 400, text);
	free(text);
	return false;
}

static void serve_channel(struct ops_admin *a, struct http_request *rq, const char *escaped)
{
	char *id = unescaped(escaped);

	if (!http_is(rq, "GET") && !http_is(rq, "DELETE"))
		refuse_method(rq, "GET, DELETE");
	else if (!is_acceptable(rq) || !is_valid_id(rq, id))
		;
	else if (http_is(rq, "GET"))
		serve_info(a, rq, id);
	else
		serve_remove(a, rq, id);
	free(id);
}

static void serve_base(struct http_request *rq)
{
	if (http_is(rq, "GET"))
		http_reply_redirect(rq, 302, CHANNELS);
	else
		refuse_method(rq, "GET");
}

/* The name in "/participation/v1/channels/NAME", else NULL. */
static const char *channel_in(const char *path)
{
	static const char prefix[] = CHANNELS "/";
	const char *id = path + sizeof(prefix) - 1;

	if (strncmp(path, prefix, sizeof(prefix) - 1) != 0 || !*id || strchr(id, '/'))
		return NULL;
	return id;
}

static void serve(void *arg, struct http_request *rq)
{
	struct ops_admin *a = arg;
	const char *id = channel_in(rq->path);

	if (strcmp(rq->path, "/participation/v1") == 0)
		http_reply_redirect(rq, 301, BASE);
	else if (strncmp(rq->path, BASE, sizeof(BASE) - 1) != 0)
		http_reply_not_found(rq);
	else if (a->listen.tls && !rq->verified)
		http_reply(rq, 401, NULL, bytes_of(NULL, 0));
	else if (!a->participation)
		refuse(rq, 503, "channel participation API is disabled");
	else if (strcmp(rq->path, BASE) == 0)
		serve_base(rq);
	else if (strcmp(rq->path, CHANNELS) == 0)
		serve_channels(a, rq);
	else if (id)
		serve_channel(a, rq, id);
	else
		http_reply_not_found(rq);
}

int ops_admin_open(const struct ops_admin *o, struct ops_server **out, struct ord_err *e)
{
	struct ops_admin *a = x_alloc(sizeof(*a));
	struct http_opts http = {
		.logger = &logger,
		.listen = o->listen,
		.max_body = o->max_body,
		.handle = serve,
		.free = free,
		.arg = a,
	};

	*a = *o;
	return http_open(&http, out, e) < 0 ? err_wrap(e, "failed to start admin server") : 0;
}
