/* SPDX-License-Identifier: Apache-2.0 */
/* "Content-Type\nbody": contents lie within the body, and a form made of them reads the same. */
#include "fuzz.h"
#include <ops/multipart_priv.h>
#include <stdlib.h>

struct contents {
	struct ord_bytes *list;
	size_t n;
	bool whole, bare_lf;
};

static struct contents read_all(struct ord_bytes body, const char *boundary)
{
	struct contents c = {.list = NULL};
	struct multipart m;
	struct multipart_part p;
	struct ord_err e = ERR_INIT;
	int rc;

	if (multipart_init(&m, body, boundary, &e) < 0)
		return c;
	while ((rc = multipart_next(&m, &p, &e)) > 0) {
		util_assert(p.content.data >= body.data);
		util_assert(p.content.data + p.content.len <= body.data + body.len);
		util_assert(!p.name || *p.name);
		c.list = x_realloc(c.list, (c.n + 1) * sizeof(*c.list));
		c.list[c.n++] = p.content;
		multipart_part_fini(&p);
	}
	util_assert(rc == 0 || (rc == ORD_EINVAL && e.msg[0]));
	c.whole = rc == 0;
	c.bare_lf = m.bare_lf;
	multipart_fini(&m);
	return c;
}

static void read_again(const struct contents *c, const char *boundary)
{
	struct buf form = BUF_INIT;
	struct contents again;

	for (size_t i = 0; i < c->n; i++) {
		buf_printf(&form, "--%s\r\n\r\n", boundary);
		buf_add_bytes(&form, c->list[i]);
		buf_add_str(&form, "\r\n");
	}
	buf_printf(&form, "--%s--\r\n", boundary);
	again = read_all(buf_bytes(&form), boundary);
	util_assert(again.whole && again.n == c->n);
	for (size_t i = 0; i < c->n; i++)
		util_assert(bytes_eq(again.list[i], c->list[i]));
	free(again.list);
	buf_fini(&form);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	char *header = x_strndup((const char *)data, end ? (size_t)(end - data) : size);
	struct ord_bytes body =
		end ? bytes_of(end + 1, size - (size_t)(end + 1 - data)) : bytes_of(data, 0);
	struct ord_err e = ERR_INIT;
	struct contents c;
	char *boundary;

	if (multipart_param(header, "boundary", &boundary, &e) == 0 && boundary) {
		c = read_all(body, boundary);
		if (c.whole && !c.bare_lf)
			read_again(&c, boundary);
		free(c.list);
	}
	free(boundary);
	free(header);
	return 0;
}
