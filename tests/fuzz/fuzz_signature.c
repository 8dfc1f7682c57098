/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the signature of one transaction in tests/golden: it holds only if both numbers are
 * those of the real one. */
#include "fuzz.h"
#include <crypto/crypto.h>

static const char cert[] = /* of User1@org1.example.com */
	"-----BEGIN CERTIFICATE-----\n"
	"MIICKTCCAdCgAwIBAgIQOyIahdCEP3eR8moVUE9Y4zAKBggqhkjOPQQDAjBzMQsw\n"
	"CQYDVQQGEwJVUzETMBEGA1UECBMKQ2FsaWZvcm5pYTEWMBQGA1UEBxMNU2FuIEZy\n"
	"YW5jaXNjbzEZMBcGA1UEChMQb3JnMS5leGFtcGxlLmNvbTEcMBoGA1UEAxMTY2Eu\n"
	"b3JnMS5leGFtcGxlLmNvbTAeFw0yNjExMjEwMjUwMDBaFw0zNjExMTgwMjUwMDBa\n"
	"MGwxCzAJBgNVBAYTAlVTMRMwEQYDVQQIEwpDYWxpZm9ybmlhMRYwFAYDVQQHEw1T\n"
	"YW4gRnJhbmNpc2NvMQ8wDQYDVQQLEwZjbGllbnQxHzAdBgNVBAMMFlVzZXIxQG9y\n"
	"ZzEuZXhhbXBsZS5jb20wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAT5ddfLUP4a\n"
	"kNOsg6VrcW439WC/8aYeFdDuX+/ICBcVbmjN5VpiM6m9feWzWP6Kus5y7Hir4MPx\n"
	"aNm4Rv4I7LU8o00wSzAOBgNVHQ8BAf8EBAMCB4AwDAYDVR0TAQH/BAIwADArBgNV\n"
	"HSMEJDAigCDdKw8vH8jeeAfegaQH3pCzJJRlIYTpNEIflIs60Ybu5TAKBggqhkjO\n"
	"PQQDAgNHADBEAiBmJQBEGv7l5RJNKl47My4nS2axGs5nGhU+2MYE75PPbgIgVtej\n"
	"00GldQ7ohGJd+bXtz8CEW0ki2T9YcduzKjVXvmY=\n"
	"-----END CERTIFICATE-----\n";
static const char digest_hex[] = "01bbcfb0bbaa179578f0ffe450b649ff45edf805df1968ed9761899fb3555415";
static const char r_hex[] = "1cf4be4d528e6adb628dc58561eee9252169230f34a0e752a4248beb509bc9d7";
static const char s_hex[] = "4e894584a32e356ff76f8c8f2331bae2db5e43ba9ec5c16279a915a382f30afc";

static bool holds(struct ord_bytes b, const char *hex)
{
	struct buf part = BUF_INIT;
	bool found;

	util_assert(hex_decode(&part, hex) == 0);
	found = memmem(b.data, b.len, part.data, part.len) != NULL;
	buf_fini(&part);
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct crypto_pubkey *key;
	static struct buf digest;
	struct ord_err e = ERR_INIT;
	struct ord_bytes sig = bytes_of(data, size);
	X509 *x;

	if (!key) {
		util_assert(crypto_cert_from_pem(bytes_str(cert), &x, &e) == 0);
		util_assert(crypto_pubkey_from_cert(x, &key, &e) == 0);
		util_assert(hex_decode(&digest, digest_hex) == 0);
		X509_free(x);
	}
	if (crypto_verify_digest(key, digest.data, sig, &e) == 0)
		util_assert(holds(sig, r_hex) && holds(sig, s_hex));
	else
		util_assert(e.code == ORD_EPERM && e.msg[0]);
	return 0;
}
