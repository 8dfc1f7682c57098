/* SPDX-License-Identifier: Apache-2.0 */
/*
 * util - bytes, buf, err, clock, log, histogram, thread, monitor, spin, mailbox, pool, map, file,
 * yaml.
 *
 * Nothing here knows a word of Fabric.  Only this room reads clocks or waits.
 *
 * Memory: x_alloc() and everything built on it ends the process when memory runs out.  Every
 * buffer filled from outside is bounded by its caller first, so this is a bug or a sick machine,
 * and a journal plus a synced ledger make the restart lossless.
 */
#ifndef UTIL_H
#define UTIL_H

#include <limits.h>
#include <ordererd/consensus.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define UTIL_ARRAY_LEN(a)               (sizeof(a) / sizeof((a)[0]))
#define UTIL_CONTAINER(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))
#define UTIL_PRINTF(f, a)               __attribute__((format(printf, f, a)))

/* Always on, never on input: a failed assertion is a bug of ours. */
#define util_assert(x) ((x) ? (void)0 : util_assert_fail(#x, __FILE__, __LINE__, __func__))
_Noreturn void util_assert_fail(const char *what, const char *file, int line, const char *func);

/* For kill tests: the process dies at this step, as by kill -9, when ORDERERD_TEST_STOP_AT names
 * it. Only developer builds look. */
#ifdef ORD_DEVELOPER
void util_stop_at(const char *step);
#else
static inline void util_stop_at(const char *step)
{
	(void)step;
}
#endif

/* ---- memory -------------------------------------------------------------- */

void *x_alloc(size_t n);  /* zeroed */
void *x_malloc(size_t n); /* not zeroed */
void *x_realloc(void *p, size_t n);
char *x_strdup(const char *s);
char *x_strndup(const char *s, size_t n);
char *x_printf(const char *fmt, ...) UTIL_PRINTF(1, 2);

/* ---- bytes: a borrowed view ---------------------------------------------- */

static inline struct ord_bytes bytes_of(const void *p, size_t n)
{
	return (struct ord_bytes){p, n};
}
static inline struct ord_bytes bytes_str(const char *s)
{
	return (struct ord_bytes){(const uint8_t *)s, strlen(s)};
}
static inline bool bytes_eq(struct ord_bytes a, struct ord_bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
static inline bool bytes_eq_str(struct ord_bytes a, const char *s)
{
	return bytes_eq(a, bytes_str(s));
}

/* ---- buf: an owned, growing byte string ---------------------------------- */

struct buf {
	uint8_t *data;
	size_t len, cap;
};
#define BUF_INIT           \
	{                  \
		NULL, 0, 0 \
	}

void buf_fini(struct buf *b); /* frees; @b is empty and usable again */
void buf_reserve(struct buf *b, size_t more);
/** Make the empty @b hold @n bytes, from a buffer that buf_give() kept if there is one.
 *  Thread: any.   Locks: a short one. */
void buf_take(struct buf *b, size_t n);
void buf_give(struct buf *b); /* buf_fini() that may keep the memory for buf_take() */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_add_bytes(struct buf *b, struct ord_bytes v);
void buf_add_str(struct buf *b, const char *s);
void buf_add_u8(struct buf *b, uint8_t c);
void buf_add_uvarint(struct buf *b, uint64_t v); /* LEB128, minimal */
void buf_printf(struct buf *b, const char *fmt, ...) UTIL_PRINTF(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);
char *buf_cstr(struct buf *b); /* NUL-terminated, NUL not counted in len; stays owned by @b */
static inline struct ord_bytes buf_bytes(const struct buf *b)
{
	return bytes_of(b->data, b->len);
}

size_t uvarint_len(uint64_t v);
size_t uvarint_put(uint8_t out[static 10], uint64_t v);
/** Read a LEB128 varint of at most 10 bytes.
 *  Errors: 0 when @b is cut short or the value does not fit 64 bits; else the bytes used. */
size_t uvarint_get(struct ord_bytes b, uint64_t *v);

void hex_encode(struct buf *b, struct ord_bytes v);
int hex_decode(struct buf *b, const char *hex); /* -1: odd length or not hex */
void base64_encode(struct buf *b, struct ord_bytes v);
int base64_decode(struct buf *b, const char *text, size_t len); /* -1: not standard base64 */

/* Letters and digits of ASCII, whatever the locale. */
bool ascii_is_digit(char c);
bool ascii_is_alnum(char c);
int hex_digit(char c); /* 0 … 15; -1: none */
/** Decimal digits and nothing else, at least one, worth at most @max. */
bool decimal_parse(struct ord_bytes text, uint64_t max, uint64_t *out);
/** "true", "Yes", "1", … and their opposites: 1 or 0; -1: neither. */
int bool_parse(const char *text);

/** @utf8 as a JSON string, quotes and all, escaped as Go's encoding/json does it. */
void buf_add_json(struct buf *b, struct ord_bytes utf8);

/** The character at the beginning of @s and how many bytes it takes; 0: none, or not UTF-8 (no
 *  overlong forms, no surrogates). */
size_t utf8_char(struct ord_bytes s, uint32_t *c);
bool utf8_valid(struct ord_bytes s);

/* ---- sha256 (here, left of wire, because block headers are hashes) ------- */

#define SHA256_LEN 32
struct sha256 {
	uint32_t state[28]; /* an OpenSSL SHA256_CTX: no allocation per message */
};
void sha256_init(struct sha256 *h);
void sha256_add(struct sha256 *h, struct ord_bytes b);
void sha256_final(struct sha256 *h, uint8_t out[static SHA256_LEN]);
void sha256(struct ord_bytes b, uint8_t out[static SHA256_LEN]);

/* ---- err ----------------------------------------------------------------- */

#define ERR_INIT      \
	{             \
		0, "" \
	}

/** Set @e (may be NULL) and return @code, which is negative. */
int err_set(struct ord_err *e, int code, const char *fmt, ...) UTIL_PRINTF(3, 4);
/** Put "text: " in front of what @e says and return its code. */
int err_wrap(struct ord_err *e, const char *fmt, ...) UTIL_PRINTF(2, 3);
/** Say more behind the text, what to do about it perhaps: "what went wrong: do this".  Returns the
 *  code. */
int err_hint(struct ord_err *e, const char *fmt, ...) UTIL_PRINTF(2, 3);
/** err_set() with ": strerror(@errnum)" behind the text; ENOSPC and friends become ORD_EUNAVAIL,
 *  ENOENT ORD_ENOENT, EACCES ORD_EPERM, everything else ORD_EINTERNAL. */
int err_sys(struct ord_err *e, int errnum, const char *fmt, ...) UTIL_PRINTF(3, 4);
/** The name of an ORD_E* code, e.g. "forbidden". */
const char *err_name(int code);
/** The nearest of @names (ends with NULL) to @given, for "did you mean"; NULL if none is near. */
const char *err_nearest(const char *given, const char *const *names);

/* ---- clock --------------------------------------------------------------- */

#define CLOCK_NEVER  UINT64_MAX
#define CLOCK_SEC_NS UINT64_C(1000000000)
#define CLOCK_MS_NS  UINT64_C(1000000)
#define CLOCK_US_NS  UINT64_C(1000)

uint64_t clock_mono_ns(void); /* never goes back; deadlines */
int64_t clock_wall_ns(void);  /* nanoseconds since 1970 */
/** Blocks: for @ns, or less when a signal comes. */
void clock_sleep_ns(uint64_t ns);
uint64_t clock_thread_cpu_ns(void);
/** Tests only: both clocks read @now, sleeps and waits return at once when their time has come.
 *  NULL goes back to the real clocks. */
void clock_virtual(uint64_t (*now)(void));
bool clock_is_virtual(void);
/** RFC 3339 UTC with up to nine digits of fraction, trailing zeros cut, e.g.
 * "2021-04-23T10:00:00.5Z". */
void clock_rfc3339(struct buf *b, int64_t wall_ns);

/** Go duration syntax: "1h3m", "250ms", "1.5s", "-2us", "0".
 *  Errors: ORD_EINVAL not a duration or beyond 63 bits of nanoseconds. */
int duration_parse(const char *text, int64_t *ns, struct ord_err *e);
/** As Go prints one: "2s", "1h3m0s", "250ms". */
void duration_format(struct buf *b, int64_t ns);

/* ---- log ----------------------------------------------------------------- */

/* Levels are ord_level (debug, info, warn, error) and these. */
enum { LOG_PAYLOAD = -1, LOG_DPANIC = 4, LOG_PANIC = 5, LOG_FATAL = 6 };
#define LOG_LEVELS       8 /* index of a level in counts: level - LOG_PAYLOAD */
#define LOG_UNREGISTERED INT_MIN

/* A named logger; static, one a file.  Registered at first use, for the life of the process. */
struct log_logger {
	const char *name;  /* "orderer.common.broadcast" */
	_Atomic int gate;  /* the lowest level of the whole spec */
	_Atomic int level; /* the lowest level that this logger writes */
	struct log_logger *next;
};
#define LOG_LOGGER(n)                                                            \
	{                                                                        \
		.name = (n), .gate = LOG_UNREGISTERED, .level = LOG_UNREGISTERED \
	}

/** Set the active spec, e.g. "info", "orderer.common=debug:warn" (Fabric's grammar, spec 8.3).
 *  Locks: takes its own.
 *  Errors: ORD_EINVAL "invalid logging specification '…': bad segment '…'"; the old spec stays. */
int log_set_spec(const char *spec, struct ord_err *e);
/** The active spec, normalised: sorted "logger=level" segments, then the default level.
 *  Locks: takes its own. */
void log_get_spec(struct buf *b);
/** Set the line format: a %{verb} pattern, "json" or "logfmt"; NULL or "" for the default.  Colours
 *  only reach a terminal.  For start-up: the older format is kept for lines being written.
 *  Locks: takes its own.   Errors: ORD_EINVAL names the option that is wrong. */
int log_set_format(const char *format, struct ord_err *e);
/** Whether @l writes @level; counts it as checked. */
bool log_check(struct log_logger *l, int level);
static inline bool log_enabled(struct log_logger *l, int level)
{
	return level >= atomic_load_explicit(&l->gate, memory_order_relaxed) && log_check(l, level);
}
/** Write one line, whatever the level: ask log_enabled() first.  Keeps errno.  Control characters
 *  are escaped, so that nobody outside can forge a line; trailing newlines are dropped.
 *  Blocks: as long as standard error does. */
void log_vwrite(struct log_logger *l, int level, const char *func, const char *fmt, va_list ap);
void log_write(struct log_logger *l, int level, const char *func, const char *fmt, ...)
	UTIL_PRINTF(4, 5);

/* What is said beside a line's text: key=value behind it, or keys of a JSON line. */
struct log_field {
	const char *key; /* NULL ends a list */
	enum { LOG_TEXT, LOG_TIME, LOG_DURATION } type;
	const char *text; /* LOG_TEXT */
	int64_t ns;       /* LOG_TIME: since 1970; LOG_DURATION */
};
/** log_write() of @text with @fields. */
void log_write_fields(struct log_logger *l, int level, const char *func, const char *text,
		      const struct log_field *fields);
/** Count of entries checked and written per level since start (index: level - LOG_PAYLOAD). */
void log_counts(uint64_t checked[LOG_LEVELS], uint64_t written[LOG_LEVELS]);

#define log_at(l, lv, ...) \
	(log_enabled((l), (lv)) ? log_write((l), (lv), __func__, __VA_ARGS__) : (void)0)
#define log_debug(l, ...) log_at(l, ORD_DEBUG, __VA_ARGS__)
#define log_info(l, ...)  log_at(l, ORD_INFO, __VA_ARGS__)
#define log_warn(l, ...)  log_at(l, ORD_WARN, __VA_ARGS__)
#define log_error(l, ...) log_at(l, ORD_ERROR, __VA_ARGS__)

/* ---- histogram: durations, counted without a lock ------------------------ */

#define HISTOGRAM_BOUNDS 11
extern const double histogram_bounds[HISTOGRAM_BOUNDS]; /* seconds */

struct histogram {            /* zeroed to begin with */
	const double *bounds; /* as many, or fewer with a 0 behind; NULL: histogram_bounds */
	atomic_uint_fast64_t sum_ns;
	atomic_uint_fast64_t buckets[HISTOGRAM_BOUNDS + 1]; /* not cumulative */
};
struct histogram_sum {
	const double *bounds; /* as above */
	double seconds;
	uint64_t count;
	uint64_t buckets[HISTOGRAM_BOUNDS]; /* cumulative; the last one, +Inf, is count */
};
void histogram_observe(struct histogram *h, uint64_t ns);
/** Returns how many were observed. */
uint64_t histogram_read(const struct histogram *h, struct histogram_sum *out);

/* ---- threads ------------------------------------------------------------- */

/** Start a named thread (name cut to 15 bytes) with a small stack and all signals blocked.
 *  Errors: ORD_EUNAVAIL the system refuses another thread. */
int thread_start(pthread_t *t, const char *name, void *(*fn)(void *), void *arg, struct ord_err *e);
/** Have the calling thread run soon after it wakes: it does little at a time, and others wait for
 *  it.  A wish; Linux before 6.12 does not know it. */
void thread_prompt(void);
unsigned thread_cpus(void); /* processors this process may use, at least 1 */

/* A lock with something to wait for: the one way, beside mailboxes, that a thread waits. */
struct monitor {
	pthread_mutex_t lock;
	pthread_cond_t changed;
};
void monitor_init(struct monitor *m);
void monitor_fini(struct monitor *m);
/** Locks: @m's, until monitor_unlock().   Blocks: while somebody else has it. */
void monitor_lock(struct monitor *m);
void monitor_unlock(struct monitor *m);
/** Wait for a monitor_wake(); may come back for nothing.
 *  Locks: @m's must be held; it is given up meanwhile.   Blocks: yes. */
void monitor_wait(struct monitor *m);
void monitor_wake(struct monitor *m); /* everyone who waits */

/* Looking for what is to come, for a moment, before sleeping; spin.c says when that pays:
 *
 *	spin_begin(&s);
 *	while (nothing is there && spin_on(&s))
 *		;
 *	sleep, if still nothing is there
 *	spin_end(&s, …);
 *
 * One thread's.  Its credit is kept from wait to wait. */
struct spin {
	uint32_t credit; /* short waits for one thing, in a row */
	bool spinning;
	uint64_t began_ns, looked_ns;
};
void spin_begin(struct spin *s);
/** False: do not look again, sleep.
 *  Blocks: gives the processor to whoever wants it. */
bool spin_on(struct spin *s);
void spin_end(struct spin *s, bool one); /* the wait is over, for one thing or for more */

/* ---- mailbox: a bounded queue of pointers between threads ---------------- */

struct ord_mailbox; /* the same object the plugin sees */

struct ord_mailbox *mailbox_new(size_t cap);
/** Thread: any.   Blocks: no.
 *  Errors: ORD_EUNAVAIL full; ORD_ECLOSED after mailbox_close(). */
int mailbox_push(struct ord_mailbox *m, void *item);
/** Take the oldest item, waiting until @deadline_ns (clock_mono_ns() time; 0: do not wait;
 *  CLOCK_NEVER: for ever).
 *  Blocks: yes.
 *  Errors: ORD_ETIMEDOUT; ORD_ECLOSED closed and empty. */
int mailbox_pop(struct ord_mailbox *m, uint64_t deadline_ns, void **item);
/** As mailbox_pop(), but take up to @max items at once; returns how many (>0) or the error. */
int mailbox_pop_many(struct ord_mailbox *m, uint64_t deadline_ns, void **items, size_t max);
void mailbox_close(struct ord_mailbox *m); /* no more pushes; pops drain, then ORD_ECLOSED */
void mailbox_free(struct ord_mailbox *m);  /* must be empty or its items ownerless */

/* ---- pool: worker threads ------------------------------------------------ */

struct pool;
struct pool_task { /* embedded in the caller's own struct: submitting allocates nothing */
	void (*run)(struct pool_task *t);
	struct pool_task *next;
};

/** Errors: ORD_EUNAVAIL no threads to be had. */
int pool_new(unsigned threads, const char *name, struct pool **out, struct ord_err *e);
/** Thread: any.   Blocks: no.   Owns: @t belongs to the pool until run() is called. */
void pool_submit(struct pool *p, struct pool_task *t);
/** Runs what was submitted, then joins the workers.   Blocks: yes. */
void pool_free(struct pool *p);

/* ---- map: byte strings to pointers --------------------------------------- */

/* Hash map with keys copied in; SipHash under a random key, so outsiders cannot aim collisions. */
struct map;
struct map *map_new(void);
void map_free(struct map *m, void (*free_value)(void *));
void *map_get(const struct map *m, struct ord_bytes key);
/** The value that was there before, or NULL.  A NULL value removes the key. */
void *map_put(struct map *m, struct ord_bytes key, void *value);
size_t map_len(const struct map *m);
/** Walk in no order: start with *pos = 0; false at the end.  No changes while walking. */
bool map_next(const struct map *m, size_t *pos, struct ord_bytes *key, void **value);
uint64_t util_siphash(struct ord_bytes key); /* the process-wide random key */

/* ---- file ---------------------------------------------------------------- */

/** Read the whole regular file @path of at most @max bytes; appended to @b.
 *  Blocks: disk.   Errors: ORD_ENOENT, ORD_EPERM, ORD_ETOOBIG, ORD_EINTERNAL; all name the path. */
int file_read(const char *path, size_t max, struct buf *b, struct ord_err *e);
/** Write @path, where it is, without a sync: what may be lost.
 *  Blocks: disk.   Errors: as err_sys() makes them, with the path; so below. */
int file_write(const char *path, struct ord_bytes content, unsigned mode, struct ord_err *e);
/** Write @path by a temporary file, fsync, rename and directory fsync.   Blocks: disk. */
int file_write_atomic(const char *path, struct ord_bytes content, unsigned mode, struct ord_err *e);
/** Make @path and what is missing above it.
 *  Blocks: disk.   Errors: and ORD_EINVAL a file is in the way. */
int file_mkdir_p(const char *path, unsigned mode, struct ord_err *e);
/** Blocks: until names made or gone in @path are on disk. */
int file_sync_dir(const char *path, struct ord_err *e);
/** Names in @path, sorted bytewise, without dot entries; ends with NULL; free with
 * file_list_free(). */
int file_list(const char *path, char ***names, size_t *n, struct ord_err *e);
void file_list_free(char **names);
bool file_exists(const char *path);
bool file_is_dir(const char *path);
/** @base ? base/name : name; an absolute @name is returned as it is.  Heap. */
char *file_join(const char *base, const char *name);

/* ---- yaml ---------------------------------------------------------------- */

/* A document as a tree in which aliases and merges (<<) are followed.  What comes of them is
 * bounded, as is the depth; no key stands twice in a map. */
enum yaml_kind { YAML_NULL, YAML_SCALAR, YAML_LIST, YAML_MAP };
struct yaml {
	enum yaml_kind kind;
	bool quoted;       /* a scalar in double quotes */
	bool merged;       /* came by << */
	bool before_merge; /* stands before a << that holds its key, too, and wins over that */
	char *key;         /* within a map */
	char *text;        /* of a scalar */
	struct yaml **items;
	size_t n;
	const char *file; /* where it stands, for messages; borrowed from who parsed */
	unsigned line;    /* 0: unknown */
};
#define YAML_FILE_MAX (1u << 20)

/** Parse @text, which stands in @path (kept by the tree).  A blank text is a YAML_NULL.
 *  Errors: ORD_EINVAL with file and line: not UTF-8, not YAML, too large, too deep. */
int yaml_parse(const char *path, struct ord_bytes text, struct yaml **out, struct ord_err *e);
/** yaml_parse() of the file @path, of at most YAML_FILE_MAX bytes.
 *  Blocks: disk.   Errors: and those of file_read(). */
int yaml_load(const char *path, struct yaml **out, struct ord_err *e);
void yaml_free(struct yaml *y);
/** The value of a key; NULL when @map is no map, or has no such key, or it is null. */
const struct yaml *yaml_get(const struct yaml *map, const char *key);
/** Set @e to "<file>:<line>: text", and return ORD_EINVAL. */
int yaml_fail(const struct yaml *at, struct ord_err *e, const char *fmt, ...) UTIL_PRINTF(3, 4);

/* ---- counted references -------------------------------------------------- */

static inline void ref_get(atomic_uint *refs)
{
	atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}
/** True when this was the last reference: free the object. */
static inline bool ref_put(atomic_uint *refs)
{
	unsigned old = atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel);
	util_assert(old > 0);
	return old == 1;
}

#endif /* UTIL_H */
