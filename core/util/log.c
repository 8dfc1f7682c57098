/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: named loggers, one write() a line to standard error.
 *
 * Each logger keeps two levels derived from the spec: `gate`, the lowest of the whole spec, which
 * log_enabled() reads inline, and `level`, its own.  A message below the gate costs one load.  A
 * new logger's gate is open, so that its first message registers it.
 */
#include "log_priv.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define MESSAGE_MAX 65536 /* bytes; the rest is cut */

struct format_slot {
	struct log_format *format;
	struct format_slot *older;
};

static struct {
	pthread_mutex_t lock; /* spec, loggers, formats; writing @a level or @a gate */
	struct log_spec *spec;
	struct log_logger *loggers;
	struct format_slot *formats;         /* never freed: a line may still be using one */
	_Atomic(struct log_format *) format; /* the newest */
	atomic_uint_fast64_t next_id;
	atomic_uint_fast64_t checked[LOG_LEVELS], written[LOG_LEVELS];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t count_index(int level)
{
	util_assert(level >= LOG_PAYLOAD && level <= LOG_FATAL);
	return (size_t)(level - LOG_PAYLOAD);
}

/* The spec in force; the default one when none was set.  Locks: state.lock held. */
static const struct log_spec *current_spec(void)
{
	if (!state.spec)
		util_assert(log_spec_parse(LOG_DEFAULT_SPEC, &state.spec, NULL) == 0);
	return state.spec;
}

static void apply_spec(struct log_logger *l, const struct log_spec *s)
{
	int level = log_spec_level(s, l->name);

	atomic_store_explicit(&l->level, level, memory_order_relaxed);
	atomic_store_explicit(&l->gate, log_spec_lowest(s), memory_order_relaxed);
}

int log_set_spec(const char *spec, struct ord_err *e)
{
	struct log_spec *fresh, *old;
	int rc = log_spec_parse(spec, &fresh, e);

	if (rc < 0)
		return rc;
	pthread_mutex_lock(&state.lock);
	old = state.spec;
	state.spec = fresh;
	for (struct log_logger *l = state.loggers; l; l = l->next)
		apply_spec(l, fresh);
	pthread_mutex_unlock(&state.lock);
	log_spec_free(old);
	return 0;
}

void log_get_spec(struct buf *b)
{
	pthread_mutex_lock(&state.lock);
	log_spec_print(current_spec(), b);
	pthread_mutex_unlock(&state.lock);
}

static void register_logger(struct log_logger *l)
{
	pthread_mutex_lock(&state.lock);
	if (atomic_load_explicit(&l->gate, memory_order_relaxed) == LOG_UNREGISTERED) {
		l->next = state.loggers;
		state.loggers = l;
		apply_spec(l, current_spec());
	}
	pthread_mutex_unlock(&state.lock);
}

bool log_check(struct log_logger *l, int level)
{
	if (atomic_load_explicit(&l->gate, memory_order_relaxed) == LOG_UNREGISTERED)
		register_logger(l);
	if (level < atomic_load_explicit(&l->gate, memory_order_relaxed))
		return false;
	atomic_fetch_add_explicit(&state.checked[count_index(level)], 1, memory_order_relaxed);
	return level >= atomic_load_explicit(&l->level, memory_order_relaxed);
}

void log_counts(uint64_t checked[LOG_LEVELS], uint64_t written[LOG_LEVELS])
{
	for (size_t i = 0; i < LOG_LEVELS; i++) {
		checked[i] = atomic_load_explicit(&state.checked[i], memory_order_relaxed);
		written[i] = atomic_load_explicit(&state.written[i], memory_order_relaxed);
	}
}

int log_set_format(const char *format, struct ord_err *e)
{
	struct format_slot *slot;
	struct log_format *f;
	int rc;

	if (!format || !*format)
		format = LOG_DEFAULT_FORMAT;
	rc = log_format_parse(format, isatty(STDERR_FILENO), &f, e);
	if (rc < 0)
		return rc;
	slot = x_alloc(sizeof(*slot));
	slot->format = f;
	pthread_mutex_lock(&state.lock);
	slot->older = state.formats;
	state.formats = slot;
	pthread_mutex_unlock(&state.lock);
	atomic_store_explicit(&state.format, f, memory_order_release);
	return 0;
}

static const struct log_format *current_format(void)
{
	const struct log_format *f = atomic_load_explicit(&state.format, memory_order_acquire);

	if (!f) { /* two threads may both do this at the first line: harmless */
		util_assert(log_set_format(NULL, NULL) == 0);
		f = atomic_load_explicit(&state.format, memory_order_acquire);
	}
	return f;
}

/* One write() in all but strange cases; nothing can be done about an error here. */
static void write_line(const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(STDERR_FILENO, p, n);

		if (done >= 0) {
			p += done;
			n -= (size_t)done;
		} else if (errno == EAGAIN) {
			struct pollfd fd = {STDERR_FILENO, POLLOUT, 0};

			poll(&fd, 1, -1);
		} else if (errno != EINTR) {
			return;
		}
	}
}

static void write_entry(struct log_entry *en)
{
	struct buf line = BUF_INIT;

	if (en->message.len > MESSAGE_MAX)
		en->message.len = MESSAGE_MAX;
	while (en->message.len > 0 && en->message.data[en->message.len - 1] == '\n')
		en->message.len--;
	en->wall_ns = clock_wall_ns();
	en->id = atomic_fetch_add_explicit(&state.next_id, 1, memory_order_relaxed) + 1;
	log_format_line(current_format(), en, &line);
	write_line(line.data, line.len);
	atomic_fetch_add_explicit(&state.written[count_index(en->level)], 1, memory_order_relaxed);
	buf_fini(&line);
}

void log_vwrite(struct log_logger *l, int level, const char *func, const char *fmt, va_list ap)
{
	struct log_entry en = {.level = level, .logger = l->name, .func = func};
	struct buf message = BUF_INIT;
	int saved_errno = errno;

	buf_vprintf(&message, fmt, ap);
	en.message = buf_bytes(&message);
	write_entry(&en);
	buf_fini(&message);
	errno = saved_errno;
}

void log_write(struct log_logger *l, int level, const char *func, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vwrite(l, level, func, fmt, ap);
	va_end(ap);
}

void log_write_fields(struct log_logger *l, int level, const char *func, const char *text,
		      const struct log_field *fields)
{
	struct log_entry en = {.level = level,
			       .logger = l->name,
			       .func = func,
			       .message = bytes_str(text),
			       .fields = fields};
	int saved_errno = errno;

	write_entry(&en);
	errno = saved_errno;
}
