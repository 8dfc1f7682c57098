/* SPDX-License-Identifier: Apache-2.0 */
/* buf: an owned, growing byte string; varints, hex, base64. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <util/util.h>

void buf_fini(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_INIT;
}

void buf_reserve(struct buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 64;

	util_assert(more < SIZE_MAX / 4 && b->len < SIZE_MAX / 4);
	if (b->len + more <= b->cap)
		return;
	while (cap < b->len + more)
		cap += cap / 2;
	b->data = x_realloc(b->data, cap);
	b->cap = cap;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	buf_reserve(b, n);
	memcpy(b->data + b->len, p, n);
	b->len += n;
}

void buf_add_bytes(struct buf *b, struct ord_bytes v)
{
	buf_add(b, v.data, v.len);
}

void buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_add_u8(struct buf *b, uint8_t c)
{
	buf_add(b, &c, 1);
}

void buf_add_uvarint(struct buf *b, uint64_t v)
{
	buf_reserve(b, 10);
	b->len += uvarint_put(b->data + b->len, v);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	util_assert(n >= 0);
	buf_reserve(b, (size_t)n + 1);
	vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, again);
	va_end(again);
	b->len += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

char *buf_cstr(struct buf *b)
{
	buf_reserve(b, 1);
	b->data[b->len] = '\0';
	return (char *)b->data;
}

size_t uvarint_len(uint64_t v)
{
	size_t n = 1;

	while (v >= 0x80) {
		v >>= 7;
		n++;
	}
	return n;
}

size_t uvarint_put(uint8_t out[static 10], uint64_t v)
{
	size_t n = 0;

	while (v >= 0x80) {
		out[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	out[n++] = (uint8_t)v;
	return n;
}

size_t uvarint_get(struct ord_bytes b, uint64_t *v)
{
	uint64_t r = 0;

	for (size_t i = 0; i < b.len && i < 10; i++) {
		uint8_t c = b.data[i];

		if (i == 9 && c > 1)
			return 0;
		r |= (uint64_t)(c & 0x7f) << (7 * i);
		if (c < 0x80) {
			*v = r;
			return i + 1;
		}
	}
	return 0;
}

void hex_encode(struct buf *b, struct ord_bytes v)
{
	static const char digits[] = "0123456789abcdef";

	buf_reserve(b, 2 * v.len + 1);
	for (size_t i = 0; i < v.len; i++) {
		b->data[b->len++] = (uint8_t)digits[v.data[i] >> 4];
		b->data[b->len++] = (uint8_t)digits[v.data[i] & 15];
	}
}

int hex_decode(struct buf *b, const char *hex)
{
	size_t n = strlen(hex);

	if (n % 2)
		return -1;
	for (size_t i = 0; i < n; i += 2) {
		int hi = hex_digit(hex[i]), lo = hex_digit(hex[i + 1]);

		if (hi < 0 || lo < 0)
			return -1;
		buf_add_u8(b, (uint8_t)(hi << 4 | lo));
	}
	return 0;
}

void base64_encode(struct buf *b, struct ord_bytes v)
{
	util_assert(v.len < INT32_MAX / 2);
	buf_reserve(b, 4 * ((v.len + 2) / 3) + 1);
	b->len += (size_t)EVP_EncodeBlock(b->data + b->len, v.data, (int)v.len);
}

/* EVP_DecodeBlock() takes '=' for a zero anywhere and cuts blanks and dashes off the ends. */
static bool is_base64(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '+' || c == '/'))
			return false;
	}
	return true;
}

int base64_decode(struct buf *b, const char *text, size_t len)
{
	size_t pad = 0;
	int n;

	if (len == 0)
		return 0;
	if (len % 4 || len > INT32_MAX / 2)
		return -1;
	while (pad < 2 && text[len - 1 - pad] == '=')
		pad++;
	if (!is_base64(text, len - pad))
		return -1;
	buf_reserve(b, len / 4 * 3 + 1);
	n = EVP_DecodeBlock(b->data + b->len, (const uint8_t *)text, (int)len);
	if (n < (int)pad)
		return -1;
	b->len += (size_t)n - pad;
	return 0;
}
