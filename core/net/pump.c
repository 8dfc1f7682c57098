/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS between two memory buffers.  OpenSSL on a socket makes two system calls a record; here one
 * read feeds many records, and many records leave in one write.
 */
#include <net/net_priv.h>
#include <openssl/err.h>
#include <stdlib.h>

static int bio_read(BIO *b, char *to, int cap)
{
	struct pump *p = BIO_get_data(b);
	size_t n = p->in.len < (size_t)cap ? p->in.len : (size_t)cap;

	BIO_clear_retry_flags(b);
	if (n == 0) {
		BIO_set_retry_read(b);
		return -1;
	}
	memcpy(to, p->in.data, n);
	p->in.data += n;
	p->in.len -= n;
	return (int)n;
}

static int bio_write(BIO *b, const char *from, int n)
{
	struct pump *p = BIO_get_data(b);

	BIO_clear_retry_flags(b);
	buf_add(p->out, from, (size_t)n);
	return n;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	(void)b;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method;

static void make_method(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pump");
	util_assert(method);
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_ctrl(method, bio_ctrl);
}

struct pump *pump_new(SSL *ssl, struct buf *out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct pump *p = x_alloc(sizeof(*p));
	BIO *b;

	pthread_once(&once, make_method);
	b = BIO_new(method);
	util_assert(b);
	BIO_set_data(b, p);
	BIO_set_init(b, 1);
	p->ssl = ssl;
	p->out = out;
	SSL_set_bio(ssl, b, b);
	return p;
}

void pump_free(struct pump *p)
{
	if (!p)
		return;
	SSL_free(p->ssl);
	buf_fini(&p->stuck);
	free(p);
}

static const char *failure(struct pump *p)
{
	long verify = SSL_get_verify_result(p->ssl);
	unsigned long err = ERR_peek_error();
	const char *why = err ? ERR_reason_error_string(err) : NULL;

	if (verify != X509_V_OK)
		why = X509_verify_cert_error_string(verify);
	ERR_clear_error();
	return why ? why : "closed by the other side";
}

int pump_handshake(struct pump *p, const char **why)
{
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(p->ssl);
	if (rc == 1)
		return 1;
	if (SSL_get_error(p->ssl, rc) == SSL_ERROR_WANT_READ)
		return 0;
	*why = failure(p);
	return -1;
}

int pump_read(struct pump *p, uint8_t *to, size_t cap)
{
	int n;

	ERR_clear_error();
	n = SSL_read(p->ssl, to, (int)cap);
	if (n > 0)
		return n;
	n = SSL_get_error(p->ssl, n) == SSL_ERROR_WANT_READ ? 0 : -1;
	ERR_clear_error();
	return n;
}

void pump_write(struct pump *p, const uint8_t *from, size_t n)
{
	ERR_clear_error();
	/* Never blocks: the BIO takes everything.  A broken session shows at the next read. */
	if (SSL_write(p->ssl, from, (int)n) <= 0)
		ERR_clear_error();
}

void pump_close(struct pump *p)
{
	ERR_clear_error();
	SSL_shutdown(p->ssl);
	ERR_clear_error();
}
