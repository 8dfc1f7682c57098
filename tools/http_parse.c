/* SPDX-License-Identifier: Apache-2.0 */
/* http_parse: an answer's status, and its body by length, in chunks or up to the end. */
#include "http.h"

#include <stdlib.h>
#include <strings.h>

enum { MAX_HEAD = 64 * 1024 };

/* A text that is walked; never beyond its end. */
struct text {
	const char *at, *end;
};

/* The next line without its CR LF; false when it is not whole yet. */
static bool take_line(struct text *t, struct text *line)
{
	const char *nl = t->at == t->end ? NULL : memchr(t->at, '\n', (size_t)(t->end - t->at));

	if (!nl)
		return false;
	*line = (struct text){t->at, nl};
	if (line->end > line->at && line->end[-1] == '\r')
		line->end--;
	t->at = nl + 1;
	return true;
}

static size_t left(const struct text *t)
{
	return (size_t)(t->end - t->at);
}

static bool begins_with(const struct text *t, const char *what)
{
	return left(t) >= strlen(what) && strncasecmp(t->at, what, strlen(what)) == 0;
}

/* Digits to the end of @t, or to ';' (a chunk's extension); -1: none, or more than we take. */
static int64_t number(struct text t, int base)
{
	static const char digits[] = "0123456789abcdef";
	int64_t n = 0;

	while (t.at < t.end && (*t.at == ' ' || *t.at == '\t'))
		t.at++;
	if (t.at == t.end)
		return -1;
	for (; t.at < t.end && *t.at != ';' && *t.at != ' '; t.at++) {
		const char *d = memchr(digits, *t.at | 0x20, (size_t)base);

		if (!d)
			return -1;
		n = n * base + (d - digits);
		if (n > HTTP_MAX_ANSWER)
			return -1;
	}
	return n;
}

/* "HTTP/1.1 200 OK" */
static int status_of(struct text line)
{
	int status = 0;

	if (!begins_with(&line, "HTTP/1.") || left(&line) < 12)
		return -1;
	for (int i = 9; i < 12; i++) {
		if (line.at[i] < '0' || line.at[i] > '9')
			return -1;
		status = status * 10 + (line.at[i] - '0');
	}
	return status;
}

struct head {
	int status;
	bool chunked;
	int64_t length; /* -1: not told */
};

/* 1: read, 0: not whole yet. */
static int take_head(struct text *t, struct head *h, struct ord_err *e)
{
	static const char length[] = "content-length:", coding[] = "transfer-encoding: chunked";
	struct text line;

	*h = (struct head){.length = -1};
	if (!take_line(t, &line))
		return 0;
	h->status = status_of(line);
	if (h->status < 0)
		return err_set(e, ORD_EINVAL, "this is not HTTP");
	while (take_line(t, &line)) {
		if (line.at == line.end)
			return 1;
		if (begins_with(&line, coding))
			h->chunked = true;
		if (!begins_with(&line, length))
			continue;
		line.at += strlen(length);
		h->length = number(line, 10);
		if (h->length < 0)
			return err_set(e, ORD_EINVAL, "an answer of a length that cannot be");
	}
	return 0;
}

/* 1: all of them, 0: not yet. */
static int take_chunks(struct text *t, struct buf *body, struct ord_err *e)
{
	struct text line;
	int64_t n;

	while (take_line(t, &line)) {
		n = number(line, 16);
		if (n < 0)
			return err_set(e, ORD_EINVAL, "a chunk of a length that cannot be");
		if (n == 0)
			return 1;
		if (left(t) < (size_t)n)
			return 0;
		buf_add(body, t->at, (size_t)n);
		t->at += n;
		if (!take_line(t, &line))
			return 0;
		if (line.at != line.end)
			return err_set(e, ORD_EINVAL, "a chunk longer than it says");
	}
	return 0;
}

static int take_body(struct text *t, const struct head *h, bool closed, struct buf *body,
		     struct ord_err *e)
{
	if (h->chunked)
		return take_chunks(t, body, e);
	if (h->status == 204 || h->status == 304)
		return 1;
	if (h->length < 0 ? !closed : left(t) < (size_t)h->length)
		return 0;
	buf_add(body, t->at, h->length < 0 ? left(t) : (size_t)h->length);
	return 1;
}

int http_parse(struct ord_bytes came, bool closed, struct http_answer *out, struct ord_err *e)
{
	struct text t = {(const char *)came.data, (const char *)came.data + came.len};
	struct head h;
	int rc = take_head(&t, &h, e);

	*out = (struct http_answer){.status = h.status};
	if (rc == 0 && came.len > MAX_HEAD)
		rc = err_set(e, ORD_EINVAL, "a head of more than %d bytes", MAX_HEAD);
	if (rc == 1)
		rc = take_body(&t, &h, closed, &out->body, e);
	if (rc == 0 && closed)
		rc = err_set(e, ORD_EUNAVAIL, "the answer is cut short");
	if (rc != 1)
		buf_fini(&out->body);
	return rc;
}
