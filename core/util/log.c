/* SPDX-License-Identifier: Apache-2.0 */
/* log: named loggers, Fabric's spec and format grammar (spec 8.3), one write() a line. */
#include <unistd.h>
#include <util/util.h>

int log_set_spec(const char *spec, struct ord_err *e)
{
	(void)spec;
	(void)e;
	return 0;
}

void log_get_spec(struct buf *b)
{
	buf_add_str(b, "info");
}

int log_set_format(const char *format, struct ord_err *e)
{
	(void)format;
	(void)e;
	return 0;
}

bool log_enabled(struct log_logger *l, int level)
{
	return level >= atomic_load_explicit(&l->level, memory_order_relaxed);
}

void log_vwrite(struct log_logger *l, int level, const char *func, const char *fmt, va_list ap)
{
	struct buf b = BUF_INIT;
	char msg[2048];

	vsnprintf(msg, sizeof(msg), fmt, ap);
	buf_printf(&b, "%d [%s] %s -> %s\n", level, l->name, func, msg);
	if (write(STDERR_FILENO, b.data, b.len) < 0)
		(void)0;
	buf_fini(&b);
}

void log_write(struct log_logger *l, int level, const char *func, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vwrite(l, level, func, fmt, ap);
	va_end(ap);
}

void log_counts(uint64_t checked[7], uint64_t written[7])
{
	memset(checked, 0, 7 * sizeof(*checked));
	memset(written, 0, 7 * sizeof(*written));
}
