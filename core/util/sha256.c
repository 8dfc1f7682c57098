/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 by OpenSSL's own context on our stack: no allocation and no algorithm look-up a message.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <util/util.h>

_Static_assert(sizeof(SHA256_CTX) == sizeof(struct sha256), "struct sha256 is a SHA256_CTX");

static SHA256_CTX *ctx_of(struct sha256 *h)
{
	return (SHA256_CTX *)(void *)h;
}

void sha256_init(struct sha256 *h)
{
	SHA256_Init(ctx_of(h));
}

void sha256_add(struct sha256 *h, struct ord_bytes b)
{
	SHA256_Update(ctx_of(h), b.data, b.len);
}

void sha256_final(struct sha256 *h, uint8_t out[static SHA256_LEN])
{
	SHA256_Final(out, ctx_of(h));
}

void sha256(struct ord_bytes b, uint8_t out[static SHA256_LEN])
{
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, b);
	sha256_final(&h, out);
}
