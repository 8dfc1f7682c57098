/* SPDX-License-Identifier: Apache-2.0 */
/* What commands share: input, output, addresses, progress. */
#include "ctl.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

int ctl_output(const char *path, struct ord_bytes content, struct ord_err *e)
{
	if (path && strcmp(path, "-") != 0)
		return file_write_atomic(path, content, 0644, e);
	if (content.len > 0 && fwrite(content.data, 1, content.len, stdout) != content.len)
		return err_sys(e, errno, "write to standard output");
	return 0;
}

int ctl_input(const char *path, size_t max, struct buf *b, struct ord_err *e)
{
	size_t start = b->len, n;

	if (strcmp(path, "-") != 0)
		return file_read(path, max, b, e);
	do {
		buf_reserve(b, 65536);
		n = fread(b->data + b->len, 1, b->cap - b->len, stdin);
		b->len += n;
		if (b->len - start > max)
			return err_set(e, ORD_ETOOBIG, "standard input: larger than %zu bytes",
				       max);
	} while (n > 0);
	if (ferror(stdin))
		return err_sys(e, errno, "read standard input");
	return 0;
}

bool ctl_host_port(const char *text, char **host, uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	uint64_t n;

	if (len == 0 || !decimal_parse(bytes_str(colon + 1), UINT16_MAX, &n) || n == 0)
		return false;
	*port = (uint16_t)n;
	if (host && *text == '[' && colon[-1] == ']')
		*host = x_strndup(text + 1, len - 2);
	else if (host)
		*host = x_strndup(text, len);
	return true;
}

int ctl_tls_check(const struct ctl_tls *t, struct ord_err *e)
{
	if (!t->ca && (t->cert || t->key || t->name))
		return err_set(e, ORD_EINVAL, "TLS options need --tls-ca");
	if (!t->cert != !t->key)
		return err_set(e, ORD_EINVAL, "--tls-cert and --tls-key go together");
	return 0;
}

void ctl_progress_start(struct ctl_progress *p, const char *what, uint64_t total)
{
	*p = (struct ctl_progress){.what = what, .total = total};
	p->on = isatty(STDERR_FILENO) == 1;
	p->next_ns = clock_mono_ns() + CLOCK_SEC_NS / 2;
}

void ctl_progress(struct ctl_progress *p, uint64_t done)
{
	uint64_t now;
	char bar[31];
	size_t filled;

	if (!p->on)
		return;
	now = clock_mono_ns();
	if (now < p->next_ns)
		return;
	p->next_ns = now + CLOCK_SEC_NS / 10;
	p->shown = true;
	if (p->total == 0) {
		fprintf(stderr, "\r%s %" PRIu64 " ", p->what, done);
		return;
	}
	if (done > p->total)
		done = p->total;
	filled = (size_t)(done * 30 / p->total);
	memset(bar, ' ', 30);
	memset(bar, '=', filled);
	bar[30] = '\0';
	fprintf(stderr, "\r%s [%s] %" PRIu64 " of %" PRIu64 " ", p->what, bar, done, p->total);
}

void ctl_progress_end(struct ctl_progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
