/* SPDX-License-Identifier: Apache-2.0 */
/* ECDSA signatures as bytes: strict DER in, low S out.  Nothing here allocates but the output. */
#include <crypto/crypto_priv.h>

enum { DER_INTEGER = 0x02, DER_SEQUENCE = 0x30 };

/* The length octets at the front of @in, Go's way. */
static bool der_length(struct ord_bytes *in, size_t *len, const char **why)
{
	size_t n, v = 0;

	*why = "asn1: syntax error: truncated tag or length";
	if (in->len == 0)
		return false;
	n = in->data[0];
	*in = bytes_of(in->data + 1, in->len - 1);
	if (n < 0x80) {
		*len = n;
		return true;
	}
	n &= 0x7f;
	if (n == 0) {
		*why = "asn1: syntax error: indefinite length found (not DER)";
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (i == in->len)
			return false;
		if (v >= 1 << 23) {
			*why = "asn1: structure error: length too large";
			return false;
		}
		v = v << 8 | in->data[i];
		if (v == 0) {
			*why = "asn1: structure error: superfluous leading zeros in length";
			return false;
		}
	}
	if (v < 0x80) {
		*why = "asn1: structure error: non-minimal length";
		return false;
	}
	*in = bytes_of(in->data + n, in->len - n);
	*len = v;
	return true;
}

/* Take one element with tag @tag off the front of @in. */
static bool der_take(struct ord_bytes *in, uint8_t tag, struct ord_bytes *content, const char **why)
{
	size_t len;

	if (in->len == 0) {
		*why = "asn1: syntax error: sequence truncated";
		return false;
	}
	if (in->data[0] != tag) {
		*why = "asn1: structure error: tags don't match";
		return false;
	}
	*in = bytes_of(in->data + 1, in->len - 1);
	if (!der_length(in, &len, why))
		return false;
	if (len > in->len) {
		*why = "asn1: syntax error: data truncated";
		return false;
	}
	*content = bytes_of(in->data, len);
	*in = bytes_of(in->data + len, in->len - len);
	return true;
}

/* Take a minimally encoded, positive INTEGER. */
static bool der_take_positive(struct ord_bytes *in, struct ord_bytes *out, const char *not_positive,
			      const char **why)
{
	const uint8_t *p;

	if (!der_take(in, DER_INTEGER, out, why))
		return false;
	p = out->data;
	if (out->len == 0) {
		*why = "asn1: structure error: empty integer";
		return false;
	}
	if (out->len > 1 && ((p[0] == 0x00 && !(p[1] & 0x80)) || (p[0] == 0xff && (p[1] & 0x80)))) {
		*why = "asn1: structure error: integer not minimally-encoded";
		return false;
	}
	if ((p[0] & 0x80) || (out->len == 1 && p[0] == 0)) {
		*why = not_positive;
		return false;
	}
	if (p[0] == 0)
		*out = bytes_of(p + 1, out->len - 1);
	return true;
}

bool ecsig_parse(struct ord_bytes der, struct ecsig *sig, const char **why)
{
	struct ord_bytes seq;

	return der_take(&der, DER_SEQUENCE, &seq, why) &&
	       der_take_positive(&seq, &sig->r, "invalid signature, R must be larger than zero",
				 why) &&
	       der_take_positive(&seq, &sig->s, "invalid signature, S must be larger than zero",
				 why);
}

/* Compare number @a with the @len bytes at @b. */
static int number_cmp(struct ord_bytes a, const uint8_t *b, size_t len)
{
	if (a.len > len)
		return 1;
	for (size_t i = 0; i < len - a.len; i++)
		if (b[i])
			return -1;
	return memcmp(a.data, b + len - a.len, a.len);
}

bool ecsig_is_low(const struct curve *c, const struct ecsig *sig)
{
	return number_cmp(sig->s, c->half, c->len) <= 0;
}

static void der_put_length(struct buf *b, size_t len)
{
	if (len >= 0x80)
		buf_add_u8(b, 0x81); /* two numbers of 67 bytes at most: below 256 */
	buf_add_u8(b, (uint8_t)len);
}

static void der_put_positive(struct buf *b, struct ord_bytes v)
{
	bool pad = v.data[0] & 0x80;

	buf_add_u8(b, DER_INTEGER);
	der_put_length(b, v.len + pad);
	if (pad)
		buf_add_u8(b, 0);
	buf_add_bytes(b, v);
}

/* order - s, in @out without leading zeros. */
static struct ord_bytes complement(const struct curve *c, struct ord_bytes s,
				   uint8_t out[static CRYPTO_MAX_ORDER])
{
	int borrow = 0;
	size_t skip = 0;

	for (size_t i = 0; i < c->len; i++) {
		int v = c->order[c->len - 1 - i] - borrow;

		if (i < s.len)
			v -= s.data[s.len - 1 - i];
		borrow = v < 0;
		out[c->len - 1 - i] = (uint8_t)v;
	}
	while (skip + 1 < c->len && out[skip] == 0)
		skip++;
	return bytes_of(out + skip, c->len - skip);
}

bool ecsig_encode_low(const struct curve *c, const struct ecsig *sig, struct buf *der)
{
	uint8_t tmp[CRYPTO_MAX_ORDER];
	struct ord_bytes r = sig->r, s = sig->s;

	if (r.len > c->len || number_cmp(s, c->order, c->len) >= 0)
		return false;
	if (!ecsig_is_low(c, sig))
		s = complement(c, s, tmp);
	buf_add_u8(der, DER_SEQUENCE);
	der_put_length(der, 4 + r.len + (r.data[0] >> 7) + s.len + (s.data[0] >> 7));
	der_put_positive(der, r);
	der_put_positive(der, s);
	return true;
}
