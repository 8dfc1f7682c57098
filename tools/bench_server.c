/* SPDX-License-Identifier: Apache-2.0 */
/* bench_server: what the kernel says of a process, and what a verification costs here and now. */
#include "bench.h"

#include <inttypes.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

static int read_proc(uint64_t pid, const char *file, struct buf *b, struct ord_err *e)
{
	char *path = x_printf("/proc/%" PRIu64 "/%s", pid, file);
	int rc = file_read(path, 65536, b, e);

	free(path);
	return rc < 0 ? rc : (buf_cstr(b), 0);
}

int bench_cpu_s(uint64_t pid, double *out, struct ord_err *e)
{
	struct buf b = BUF_INIT;
	uint64_t user, system;
	const char *behind;
	int rc = read_proc(pid, "stat", &b, e);

	if (rc == 0) {
		behind = strrchr((char *)b.data, ')'); /* the name may hold anything */
		if (!behind ||
		    sscanf(behind,
			   ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
			   &user, &system) != 2)
			rc = err_set(e, ORD_EINTERNAL, "/proc/%" PRIu64 "/stat: unexpected form",
				     pid);
	}
	if (rc == 0)
		*out = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
	buf_fini(&b);
	return rc;
}

int bench_peak_rss(uint64_t pid, uint64_t *out, struct ord_err *e)
{
	struct buf b = BUF_INIT;
	int rc = read_proc(pid, "status", &b, e);
	const char *line = rc == 0 ? strstr((char *)b.data, "\nVmHWM:") : NULL;

	if (rc == 0 && !line)
		rc = err_set(e, ORD_EINTERNAL, "/proc/%" PRIu64 "/status: no VmHWM", pid);
	if (rc == 0)
		*out = strtoull(line + 7, NULL, 10) * 1024;
	buf_fini(&b);
	return rc;
}

/* As `openssl speed ecdsap256` does it: one context, one digest, again and again. */
static double time_verify(EVP_PKEY_CTX *ctx, const uint8_t *sig, size_t sig_len)
{
	static const uint8_t digest[SHA256_LEN] = {0};
	uint64_t start = clock_thread_cpu_ns(), now = start;
	unsigned n = 0;

	while (now - start < CLOCK_SEC_NS / 10) {
		for (int i = 0; i < 100; i++, n++)
			util_assert(EVP_PKEY_verify(ctx, sig, sig_len, digest, sizeof(digest)) ==
				    1);
		now = clock_thread_cpu_ns();
	}
	return (double)(now - start) / n / 1000.0;
}

double bench_v_us(void)
{
	static const uint8_t digest[SHA256_LEN] = {0};
	EVP_PKEY *key = EVP_EC_gen("P-256");
	EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	uint8_t sig[80];
	size_t len = sizeof(sig);
	double us;

	util_assert(ctx && EVP_PKEY_sign_init(ctx) == 1 &&
		    EVP_PKEY_sign(ctx, sig, &len, digest, sizeof(digest)) == 1 &&
		    EVP_PKEY_verify_init(ctx) == 1);
	us = time_verify(ctx, sig, len);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return us;
}
