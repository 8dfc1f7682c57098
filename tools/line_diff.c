/* SPDX-License-Identifier: Apache-2.0 */
/* line_diff: the longest common subsequence of lines, and what is not in it. */
#include "line_diff.h"

#include <stdlib.h>

/* Beyond so many pairs of lines, everything between the first and the last difference counts as
 * changed. */
enum { MAX_PAIRS = 1 << 20 };

struct lines {
	struct ord_bytes *at; /* without indentation, comma and line feed */
	size_t n;
};

struct hunk { /* lines from … to of one text took the place of those of the other */
	size_t from, from_end, to, to_end;
};

struct diff {
	struct lines from, to;
	int indent;
	size_t left, skipped; /* lines that may still be written, and those that were not */
	struct buf *out;
};

static struct lines split(const char *text)
{
	struct lines l = {NULL, 0};
	size_t n = 1;

	for (const char *c = text; *c; c++)
		n += *c == '\n';
	l.at = x_alloc(n * sizeof(*l.at));
	while (*text) {
		size_t len = strcspn(text, "\n");
		const char *next = text + len + (text[len] == '\n');

		for (; len > 0 && *text == '\t'; len--)
			text++;
		if (len > 0 && text[len - 1] == ',')
			len--;
		l.at[l.n++] = bytes_of(text, len);
		text = next;
	}
	return l;
}

/* ---- writing ------------------------------------------------------------- */

static bool may_write(struct diff *d)
{
	if (d->left == 0) {
		d->skipped++;
		return false;
	}
	d->left--;
	return true;
}

static void write_line(struct diff *d, char sign, struct ord_bytes line)
{
	if (may_write(d))
		buf_printf(d->out, "%*s%c %.*s\n", d->indent, "", sign, (int)line.len,
			   (const char *)line.data);
}

/* The length of `"key": ` at the beginning of @line; 0: none, or its value goes on below. */
static size_t key_len(struct ord_bytes line)
{
	const uint8_t *end =
		line.len > 2 && line.data[0] == '"' ? memmem(line.data, line.len, "\": ", 3) : NULL;
	uint8_t last = line.len ? line.data[line.len - 1] : 0;

	return !end || last == '{' || last == '[' ? 0 : (size_t)(end - line.data) + 3;
}

/* `"key": old` and `"key": new` in one line. */
static bool write_pair(struct diff *d, struct ord_bytes from, struct ord_bytes to)
{
	size_t key = key_len(from);

	if (key == 0 || key_len(to) != key || memcmp(from.data, to.data, key) != 0)
		return false;
	if (may_write(d))
		buf_printf(d->out, "%*s%.*s: %.*s -> %.*s\n", d->indent, "", (int)key - 4,
			   (const char *)from.data + 1, (int)(from.len - key),
			   (const char *)from.data + key, (int)(to.len - key),
			   (const char *)to.data + key);
	return true;
}

static void write_hunk(struct diff *d, struct hunk h)
{
	while (h.from < h.from_end && h.to < h.to_end &&
	       write_pair(d, d->from.at[h.from], d->to.at[h.to])) {
		h.from++;
		h.to++;
	}
	while (h.from < h.from_end)
		write_line(d, '-', d->from.at[h.from++]);
	while (h.to < h.to_end)
		write_line(d, '+', d->to.at[h.to++]);
}

/* ---- comparing ----------------------------------------------------------- */

/* How many lines the ends of both texts, from each pair of lines on, have in common. */
static uint32_t *common_table(const struct diff *d, const struct hunk *h)
{
	size_t rows = h->from_end - h->from, cols = h->to_end - h->to;
	uint32_t *t = x_alloc((rows + 1) * (cols + 1) * sizeof(*t));

	for (size_t i = rows; i-- > 0;)
		for (size_t j = cols; j-- > 0;) {
			uint32_t *at = &t[i * (cols + 1) + j], below = at[cols + 1], right = at[1];

			if (bytes_eq(d->from.at[h->from + i], d->to.at[h->to + j]))
				*at = at[cols + 2] + 1;
			else
				*at = below > right ? below : right;
		}
	return t;
}

/* Write the differences within @h, which is small enough for a table. */
static void compare(struct diff *d, struct hunk h)
{
	size_t cols = h.to_end - h.to, i = h.from, j = h.to;
	uint32_t *t = common_table(d, &h);
	struct hunk open = {i, i, j, j};

	while (i < h.from_end && j < h.to_end) {
		const uint32_t *at = &t[(i - h.from) * (cols + 1) + (j - h.to)];

		if (bytes_eq(d->from.at[i], d->to.at[j])) {
			write_hunk(d, open);
			i++;
			j++;
			open = (struct hunk){i, i, j, j};
		} else if (at[cols + 1] >= at[1]) {
			open.from_end = ++i;
		} else {
			open.to_end = ++j;
		}
	}
	open.from_end = h.from_end;
	open.to_end = h.to_end;
	write_hunk(d, open);
	free(t);
}

void line_diff(const char *from, const char *to, int indent, size_t max, struct buf *out)
{
	struct diff d = {split(from), split(to), indent, max, 0, out};
	struct hunk h = {0, d.from.n, 0, d.to.n};

	while (h.from < h.from_end && h.to < h.to_end &&
	       bytes_eq(d.from.at[h.from], d.to.at[h.to])) {
		h.from++;
		h.to++;
	}
	while (h.from < h.from_end && h.to < h.to_end &&
	       bytes_eq(d.from.at[h.from_end - 1], d.to.at[h.to_end - 1])) {
		h.from_end--;
		h.to_end--;
	}
	if ((h.from_end - h.from + 1) * (h.to_end - h.to + 1) <= MAX_PAIRS)
		compare(&d, h);
	else
		write_hunk(&d, h);
	if (d.skipped > 0)
		buf_printf(out, "%*s… and %zu lines more\n", indent, "", d.skipped);
	free(d.from.at);
	free(d.to.at);
}
