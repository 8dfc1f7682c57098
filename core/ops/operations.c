/* SPDX-License-Identifier: Apache-2.0 */
/* The operations listener (spec 8.1): /healthz, /logspec, /version; metrics.c has /metrics. */
#include "metrics_priv.h"

#include <stdlib.h>

static struct log_logger logger = LOG_LOGGER("orderer.operations");

#define JSON             "application/json"
#define MAX_BODY         16384 /* of a PUT to /logspec */
#define CHECK_TIMEOUT_NS (30 * CLOCK_SEC_NS)

static void refuse_method(struct http_request *rq, const char *key)
{
	char *text = x_printf("invalid request method: %s", rq->method);

	http_reply_error(rq, 400, key, text);
	free(text);
}

/* ---- health -------------------------------------------------------------- */

/* Its checks run all at once; the last to be settled gives the answer. */
struct ops_health {
	struct http_later *later;
	pthread_mutex_t lock; /* for what follows */
	unsigned owed;        /* checks, and one while they are begun */
	struct buf failed;    /* as they stand in the answer */
};

struct check {
	struct ord_ticket ticket;
	struct ops_health *health;
	char component[];
};

static void add_failed(struct buf *b, const char *component, const char *why)
{
	buf_add_str(b, b->len ? ",{\"component\":" : "{\"component\":");
	buf_add_json(b, bytes_str(component));
	buf_add_str(b, ",\"reason\":");
	buf_add_json(b, bytes_str(why));
	buf_add_u8(b, '}');
}

static void answer(struct ops_health *h)
{
	struct buf b = BUF_INIT;
	bool ok = h->failed.len == 0;

	buf_printf(&b, "{\"status\":\"%s\",\"time\":\"", ok ? "OK" : "Service Unavailable");
	clock_rfc3339(&b, clock_wall_ns());
	buf_add_u8(&b, '"');
	if (!ok)
		buf_printf(&b, ",\"failed_checks\":[%s]", buf_cstr(&h->failed));
	buf_add_u8(&b, '}');
	http_later_reply(h->later, ok ? 200 : 503, JSON, buf_bytes(&b));
	buf_fini(&b);
	buf_fini(&h->failed);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

/* @component NULL: all checks are begun. */
static void settle(struct ops_health *h, const char *component, const char *why)
{
	bool last;

	pthread_mutex_lock(&h->lock);
	if (why)
		add_failed(&h->failed, component, why);
	last = --h->owed == 0;
	pthread_mutex_unlock(&h->lock);
	if (last)
		answer(h);
}

static void check_done(struct ord_ticket *t, int code, const char *why)
{
	struct check *c = UTIL_CONTAINER(t, struct check, ticket);

	settle(c->health, c->component, code == 0 ? NULL : why ? why : err_name(code));
	free(c);
}

struct ord_ticket *ops_health_check(struct ops_health *h, const char *component)
{
	struct check *c = x_alloc(sizeof(*c) + strlen(component) + 1);

	c->ticket.done = check_done;
	c->health = h;
	memcpy(c->component, component, strlen(component) + 1);
	pthread_mutex_lock(&h->lock);
	h->owed++;
	pthread_mutex_unlock(&h->lock);
	return &c->ticket;
}

static void serve_health(struct ops_operations *s, struct http_request *rq)
{
	struct ops_health *h;

	if (!http_is(rq, "GET")) {
		http_reply(rq, 405, NULL, bytes_of(NULL, 0));
		return;
	}
	h = x_alloc(sizeof(*h));
	pthread_mutex_init(&h->lock, NULL);
	h->later = http_later(rq, CHECK_TIMEOUT_NS, 408);
	h->owed = 1;
	if (s->check)
		s->check(s->arg, h);
	settle(h, NULL, NULL);
}

/* ---- log levels ---------------------------------------------------------- */

/* {"spec":"..."}: *spec is the caller's, "" when it says nothing.  JSON is YAML in braces. */
static int read_spec(struct http_request *rq, char **spec, struct ord_err *e)
{
	struct ord_bytes body = buf_bytes(&rq->body);
	const struct yaml *value;
	struct yaml *root = NULL;
	int rc = 0;

	*spec = NULL;
	if (rq->too_large)
		return err_set(e, ORD_ETOOBIG, "http: request body too large");
	while (body.len > 0 && strchr(" \t\r\n", body.data[0]) && body.data[0])
		body = bytes_of(body.data + 1, body.len - 1);
	if (body.len > 0 && body.data[0] == '{')
		rc = yaml_parse("body", body, &root, e);
	if (rc < 0)
		return rc;
	value = root ? yaml_get(root, "spec") : NULL;
	if (!root || root->kind != YAML_MAP)
		rc = err_set(e, ORD_EINVAL, "the body is not a JSON object {\"spec\":\"...\"}");
	else if (value && !value->quoted)
		rc = err_set(e, ORD_EINVAL, "\"spec\" is not a string");
	else
		*spec = x_strdup(value ? value->text : "");
	yaml_free(root);
	return rc;
}

static void put_spec(struct http_request *rq)
{
	struct ord_err e = ERR_INIT;
	struct buf now = BUF_INIT;
	char *spec = NULL;
	int rc = read_spec(rq, &spec, &e);

	if (rc == 0)
		rc = log_set_spec(*spec ? spec : "info", &e);
	if (rc < 0) {
		http_reply_error(rq, 400, "error", e.msg);
	} else {
		log_get_spec(&now);
		log_info(&logger, "The logging specification is now %s", buf_cstr(&now));
		http_reply(rq, 204, NULL, bytes_of(NULL, 0));
	}
	buf_fini(&now);
	free(spec);
}

static void get_spec(struct http_request *rq)
{
	struct buf spec = BUF_INIT, b = BUF_INIT;

	log_get_spec(&spec);
	buf_add_str(&b, "{\"spec\":");
	buf_add_json(&b, buf_bytes(&spec));
	buf_add_str(&b, "}\n");
	http_reply(rq, 200, JSON, buf_bytes(&b));
	buf_fini(&spec);
	buf_fini(&b);
}

static void serve_logspec(struct ops_operations *s, struct http_request *rq)
{
	(void)s;
	if (http_is(rq, "GET"))
		get_spec(rq);
	else if (http_is(rq, "PUT"))
		put_spec(rq);
	else
		refuse_method(rq, "error");
}

/* ---- version ------------------------------------------------------------- */

static void serve_version(struct ops_operations *s, struct http_request *rq)
{
	struct buf b = BUF_INIT;

	if (!http_is(rq, "GET")) {
		refuse_method(rq, "Error");
		return;
	}
	buf_add_str(&b, "{\"Version\":");
	buf_add_json(&b, bytes_str(s->version));
	buf_add_u8(&b, '}');
	http_reply(rq, 200, JSON, buf_bytes(&b));
	buf_fini(&b);
}

/* ---- paths --------------------------------------------------------------- */

static const struct path {
	const char *path;
	void (*serve)(struct ops_operations *s, struct http_request *rq);
	bool secure; /* over TLS, only for clients with a certificate */
} paths[] = {
	{"/healthz", serve_health, false},
	{"/logspec", serve_logspec, true},
	{"/version", serve_version, false},
	{"/metrics", metrics_serve, true},
};

static void serve(void *arg, struct http_request *rq)
{
	struct ops_operations *s = arg;
	const struct path *p = paths, *end = paths + UTIL_ARRAY_LEN(paths);
	bool refused;

	while (p < end && strcmp(p->path, rq->path) != 0)
		p++;
	refused =
		s->listen.tls && !rq->verified && (s->listen.client_auth || (p < end && p->secure));
	if (refused)
		http_reply(rq, 401, NULL, bytes_of(NULL, 0));
	else if (p == end)
		http_reply_not_found(rq);
	else
		p->serve(s, rq);
}

int ops_operations_open(const struct ops_operations *o, struct ops_server **out, struct ord_err *e)
{
	struct ops_operations *s = x_alloc(sizeof(*s));
	struct http_opts http = {
		.logger = &logger,
		.listen = o->listen,
		.max_body = MAX_BODY,
		.handle = serve,
		.free = free,
		.arg = s,
	};

	*s = *o;
	return http_open(&http, out, e) < 0 ? err_wrap(e, "failed to start operations subsystem")
					    : 0;
}
