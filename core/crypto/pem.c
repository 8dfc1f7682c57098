/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PEM exactly as Go's encoding/pem reads and writes it, because Fabric decides by it what a
 * certificate file says: the first block counts, whatever its label; text around it is ignored; a
 * block that does not decode is passed over.
 */
#include <crypto/crypto_priv.h>

#define BEGIN "-----BEGIN "
#define END   "\n-----END "
#define DASH  "-----"

struct scan {
	struct ord_bytes all;
	size_t pos;
	size_t end; /* where the next END at or behind pos is, once looked for; all.len: nowhere */
	bool end_known;
};

static struct ord_bytes rest_of(const struct scan *s)
{
	if (s->pos == 0) /* also when there are no bytes, at NULL */
		return s->all;
	return bytes_of(s->all.data + s->pos, s->all.len - s->pos);
}

static bool has_prefix(struct ord_bytes b, const char *prefix)
{
	size_t n = strlen(prefix);

	return b.len >= n && memcmp(b.data, prefix, n) == 0;
}

/* The line at the front of @b without its end and trailing blanks; *next: where the next begins. */
static struct ord_bytes line_of(struct ord_bytes b, size_t *next)
{
	const uint8_t *nl = b.len ? memchr(b.data, '\n', b.len) : NULL;
	size_t len = nl ? (size_t)(nl - b.data) : b.len;

	*next = nl ? len + 1 : b.len;
	if (nl && len > 0 && b.data[len - 1] == '\r')
		len--;
	while (len > 0 && (b.data[len - 1] == ' ' || b.data[len - 1] == '\t'))
		len--;
	return bytes_of(b.data, len);
}

/* Go to just behind the next "-----BEGIN " that begins a line. */
static bool find_begin(struct scan *s)
{
	struct ord_bytes b = rest_of(s);
	const uint8_t *p;

	if (has_prefix(b, BEGIN)) {
		s->pos += strlen(BEGIN);
		return true;
	}
	p = b.len ? memmem(b.data, b.len, "\n" BEGIN, strlen("\n" BEGIN)) : NULL;
	if (p)
		s->pos = (size_t)(p - s->all.data) + strlen("\n" BEGIN);
	return p != NULL;
}

/* Pass "Key: value" lines; false at the end of the input. */
static bool skip_headers(struct scan *s, bool *any)
{
	*any = false;
	while (s->pos < s->all.len) {
		size_t next;
		struct ord_bytes line = line_of(rest_of(s), &next);

		if (!line.len || !memchr(line.data, ':', line.len))
			return true;
		*any = true;
		s->pos += next;
	}
	return false;
}

/* Where "\n-----END " begins at or behind pos: looked for once per END, so that a hostile heap of
 * BEGINs costs one pass. */
static size_t find_end(struct scan *s)
{
	struct ord_bytes b = rest_of(s);
	const uint8_t *p;

	if (s->end_known && s->end >= s->pos)
		return s->end;
	p = b.len ? memmem(b.data, b.len, END, strlen(END)) : NULL;
	s->end = p ? (size_t)(p - s->all.data) : s->all.len;
	s->end_known = true;
	return s->end;
}

/* The base64 text of a block; blanks and line ends may be anywhere. */
static bool decode_body(struct ord_bytes text, struct buf *out)
{
	struct buf packed = BUF_INIT;
	bool ok = true;

	for (size_t i = 0; ok && i < text.len; i++) {
		uint8_t c = text.data[i];

		if (c == '\n' || c == '\r' || c == ' ' || c == '\t')
			continue;
		ok = c != '-'; /* another block's dashes: no use to go on */
		buf_add_u8(&packed, c);
	}
	ok = ok && base64_decode(out, (char *)packed.data, packed.len) == 0;
	buf_fini(&packed);
	return ok;
}

/* The END line at @at must repeat @label and hold nothing else; *after: behind that line. */
static bool end_matches(const struct scan *s, size_t at, struct ord_bytes label, size_t *after)
{
	struct ord_bytes b = bytes_of(s->all.data + at, s->all.len - at);
	size_t next;

	if (b.len < label.len + strlen(DASH) || memcmp(b.data, label.data, label.len) ||
	    memcmp(b.data + label.len, DASH, strlen(DASH)))
		return false;
	b = bytes_of(b.data + label.len + strlen(DASH), b.len - label.len - strlen(DASH));
	if (line_of(b, &next).len != 0)
		return false;
	*after = at + label.len + strlen(DASH) + next;
	return true;
}

/* Read the block whose type line begins at pos; on failure pos is where to look on. */
static bool read_block(struct scan *s, struct ord_bytes *label, struct buf *der)
{
	size_t next, end, body_end, behind;
	struct ord_bytes line = line_of(rest_of(s), &next);
	bool headers;

	s->pos += next;
	if (line.len < strlen(DASH) ||
	    memcmp(line.data + line.len - strlen(DASH), DASH, strlen(DASH)))
		return false;
	*label = bytes_of(line.data, line.len - strlen(DASH));
	if (!skip_headers(s, &headers))
		return false;
	if (!headers && has_prefix(rest_of(s), &END[1])) { /* an empty block */
		body_end = s->pos;
		end = s->pos + strlen(END) - 1;
	} else {
		body_end = find_end(s);
		if (body_end == s->all.len)
			return false;
		end = body_end + strlen(END);
	}
	if (!end_matches(s, end, *label, &behind) ||
	    !decode_body(bytes_of(s->all.data + s->pos, body_end - s->pos), der))
		return false;
	s->pos = behind;
	return true;
}

bool crypto_pem_next(struct ord_bytes *rest, struct ord_bytes *label, struct buf *der)
{
	struct scan s = {.all = *rest};
	size_t len = der->len;

	while (s.all.len > 0 && find_begin(&s)) {
		if (read_block(&s, label, der)) {
			*rest = rest_of(&s);
			return true;
		}
		der->len = len;
	}
	return false;
}

void crypto_der_to_pem(struct ord_bytes der, struct buf *out)
{
	buf_add_str(out, BEGIN "CERTIFICATE-----\n");
	for (size_t i = 0; i < der.len; i += 48) {
		size_t n = der.len - i < 48 ? der.len - i : 48;

		base64_encode(out, bytes_of(der.data + i, n));
		buf_add_u8(out, '\n');
	}
	buf_add_str(out, &END[1]);
	buf_add_str(out, "CERTIFICATE-----\n");
}
