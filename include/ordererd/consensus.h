/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <ordererd/consensus.h> - everything a consensus plugin may include.
 *
 * A plugin is one shared object, <plugindir>/<name>.so, exporting one const symbol, `ord_plugin`.
 * It links against nothing of ours: every service comes through the function tables below, so a
 * test can hand it a fake host.
 *
 * Threads.  Three kinds call across this line:
 *   control  one thread at a time for each chain, other chains at the same time: handle_chain,
 *            start, halt, free; one thread at a time: open, close.
 *   any      any number at once, start() to free(); order, configure, wait_ready, errored, health.
 *   chain    the plugin's own, one per chain, made by thread_start().
 *            Only it may journal, cut, create and write blocks.  The host checks.
 * No entry point may block, except halt() and close().
 *
 * Memory.  ord_bytes is a borrowed view, valid for the call.  ord_env, ord_block and ord_chanconf
 * are immutable and counted: take a reference to keep one.  "take" in a prototype means that the
 * callee owns the argument from then on.  A ticket is owed: settle it exactly once.
 * Running out of memory ends the process, in the host and in ord_alloc().
 *
 * Errors.  A call that takes an ord_err returns 0, or sets it and returns its negative code.
 *
 * Versions.  Add at the end of a table => MINOR + 1.  Change or remove => MAJOR + 1.
 * A plugin loads when its major equals the host's and its minor is not newer.  While the major is
 * 0 nothing is promised: the minors must be equal.
 *   0.1  first
 *   0.2  ord_chanconf.resubmission; settings of type ORD_SET_PEM and ORD_SET_MAP
 *   0.3  ord_support_ops.check_config
 */
#ifndef ORDERERD_CONSENSUS_H
#define ORDERERD_CONSENSUS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define ORD_ABI_MAJOR    0
#define ORD_ABI_MINOR    3
#define ORD_PLUGIN_MAGIC 0x4f52444cu /* "ORDL" */

/* ---- values -------------------------------------------------------------- */

struct ord_bytes {
	const uint8_t *data;
	size_t len;
};

/* What went wrong (code) and why (text).  Frozen at 1,024 bytes: a refusal quotes policy and
 * channel names of up to 249 characters each. */
struct ord_err {
	int32_t code;
	char msg[1020];
};

#define ORD_ERRORS(X)                                    \
	X(EINVAL, -1, "invalid message")       /* 400 */ \
	X(EPERM, -2, "forbidden")              /* 403 */ \
	X(ENOENT, -3, "not found")             /* 404 */ \
	X(ETOOBIG, -4, "too large")            /* 413 */ \
	X(EINTERNAL, -5, "internal error")     /* 500 */ \
	X(ENOTSUP, -6, "not implemented")      /* 501 */ \
	X(EUNAVAIL, -7, "service unavailable") /* 503 */ \
	X(ENOMEM, -8, "out of memory")         /* 503 */ \
	X(ETIMEDOUT, -9, "timed out")          /* 503 */ \
	X(ECLOSED, -10, "shutting down")       /* 503 */
#define ORD_ENUM(n, v, s) ORD_##n = v,
enum ord_error { ORD_OK = 0, ORD_ERRORS(ORD_ENUM) };
#undef ORD_ENUM

struct ord_env;     /* a signed Envelope: original bytes, parsed once */
struct ord_block;   /* a Block, complete or being built */
struct ord_batch;   /* an ordered list of ord_env, from the cutter */
struct ord_ticket;  /* one waiting client */
struct ord_journal; /* a durable queue of messages in front of consensus */
struct ord_thread;
struct ord_mailbox;
struct ord_metric;
struct ord_host;
struct ord_support; /* one channel, as the host shows it to its chain */

enum ord_class { ORD_MSG_NORMAL, ORD_MSG_CONFIG_UPDATE, ORD_MSG_CONFIG };
enum ord_level { ORD_DEBUG, ORD_INFO, ORD_WARN, ORD_ERROR };

#define ORD_NEVER UINT64_MAX /* a deadline that does not come */

/* The channel's ordering configuration at one config sequence.  Immutable. */
struct ord_chanconf {
	uint32_t size;
	uint64_t sequence;
	uint64_t batch_timeout_ns;
	uint32_t batch_max_count;
	uint32_t batch_absolute_max;  /* bytes */
	uint32_t batch_preferred_max; /* bytes */
	const char *consensus_type;
	struct ord_bytes consensus_metadata;
	const char *const *kafka_brokers; /* "host:port", NULL-terminated */
	/* Orderer capability V1_1 or newer: a message that outlived its config sequence may be sent
	 * through consensus once more.  Without it, nothing may, as in Fabric 1.0. */
	bool resubmission;
};

/* ---- what the plugin gives ----------------------------------------------- */

struct ord_chain;

/* A chain.  The plugin embeds it as the first member of its own struct. */
struct ord_chain_ops {
	uint32_t size;

	/** Begin ordering.  Never fails: report trouble through errored().
	 *  Thread: control, once.  Blocks: no. */
	void (*start)(struct ord_chain *c);

	/** Accept a message that was valid at config sequence @seq for ordering.
	 *  Return 0: accepted, and @t is now owed; settle it, on any thread, even before order()
	 *  returns, when the message is as safe as your consensus promises (solo: on disk; kafka:
	 *  acknowledged by the broker).
	 *  Return < 0: refused; @t stays the caller's, and the client reads @e.
	 *  If the config sequence has moved on by the time the message is ordered, the chain
	 *  thread must call process_normal() again, best before it settles @t.
	 *  Thread: any.  Blocks: no.  Owns: @env borrowed, @t moves on 0. */
	int (*order)(struct ord_chain *c, struct ord_env *env, uint64_t seq, struct ord_ticket *t,
		     struct ord_err *e);

	/** As order(), for a CONFIG message; re-check with process_config(). */
	int (*configure)(struct ord_chain *c, struct ord_env *env, uint64_t seq,
			 struct ord_ticket *t, struct ord_err *e);

	/** Optional (may be NULL: always ready).  Settle @t when new messages may be sent.  Return
	 * < 0: not serving, @t stays the caller's, and the client reads @e. Thread: any.  Blocks:
	 * no. */
	int (*wait_ready)(struct ord_chain *c, struct ord_ticket *t, struct ord_err *e);

	/** Is the chain out of date?  May turn false again.  Call ord_kick() at every change.
	 *  Thread: any.  Blocks: no. */
	bool (*errored)(struct ord_chain *c);

	/** Stop, taking no more messages.  On return: no thread of yours runs, no ticket is owed,
	 *  what was settled with ORD_OK is as safe as it was promised, and the support is touched
	 *  again only by free().  A second call does nothing.
	 *  Thread: control.  Blocks: yes. */
	void (*halt)(struct ord_chain *c);

	/** Release what handle_chain() made.  Thread: control, after halt(), or without start(). */
	void (*free)(struct ord_chain *c);

	/** Optional (may be NULL).  Prove that the backing service answers; settle @t.
	 *  Thread: any.  Blocks: no. */
	int (*health)(struct ord_chain *c, struct ord_ticket *t, struct ord_err *e);
};
struct ord_chain {
	const struct ord_chain_ops *ops;
};

/* One local setting the plugin understands: parsed, checked, documented by the host.  It stands in
 * section [<plugin name>] of ordererd.ini and in ORDERER_<PLUGIN NAME>_<KEY>.  A secret and PEM may
 * come from a file, too, which <Key>.File or ORDERER_<PLUGIN NAME>_<KEY>_FILE names. */
enum ord_setting_type {
	ORD_SET_STRING,
	ORD_SET_BOOL,     /* "true" or "false" */
	ORD_SET_UINT,     /* decimal */
	ORD_SET_DURATION, /* Go syntax; the host hands it over in nanoseconds, decimal */
	ORD_SET_PATH,
	ORD_SET_SECRET, /* never printed */
	ORD_SET_PEM,    /* PEM text; never printed */
	/* Whatever stands in section [<plugin name>.<Key>], which is another library's to judge:
	 * "name=value\n" for each, names in lower case and once, in order of the file, those of
	 * the environment last; there, ORDERER_KAFKA_CLIENT_LINGER_MS is "linger.ms" of setting
	 * Client.  Values are never printed.  The fallback is "". */
	ORD_SET_MAP
};
struct ord_setting {
	const char *key; /* "Durable", "Retry.ShortInterval" */
	enum ord_setting_type type;
	const char *fallback;
	const char *help;
};

/* The exported symbol.  The first four fields never change: they protect the rest. */
struct ord_plugin {
	uint32_t magic;
	uint16_t abi_major, abi_minor;
	uint32_t size;
	const char *name;    /* == file name == ConsensusType.type */
	const char *version; /* of the plugin; printed at load */
	const char *summary;
	const struct ord_setting *settings; /* ends with key == NULL; may be NULL */

	/** Optional (may be NULL).  Once per process, before any chain.  *plugin, NULL until you
	 *  set it, is passed back everywhere.
	 *  Thread: control.  Errors: any; the daemon does not start. */
	int (*open)(const struct ord_host *h, void **plugin, struct ord_err *e);
	/** Optional (may be NULL).  Thread: control, when every chain is freed.  Blocks: yes. */
	void (*close)(void *plugin);

	/** Make the chain for one channel.  @metadata is the ORDERER metadata of the last block;
	 *  empty for a new chain or after a change of consensus type, which can come at any time.
	 *  Thread: control.  Errors: any; the channel stays closed and says why. */
	int (*handle_chain)(void *plugin, struct ord_support *s, struct ord_bytes metadata,
			    struct ord_chain **out, struct ord_err *e);
};

#define ORD_PLUGIN(plugin_name, ...)                                                      \
	__attribute__((visibility("default"))) extern const struct ord_plugin ord_plugin; \
	const struct ord_plugin ord_plugin = {.magic = ORD_PLUGIN_MAGIC,                  \
					      .abi_major = ORD_ABI_MAJOR,                 \
					      .abi_minor = ORD_ABI_MINOR,                 \
					      .size = sizeof(struct ord_plugin),          \
					      .name = plugin_name,                        \
					      __VA_ARGS__}

/* ---- what the host gives ------------------------------------------------- */

struct ord_host_ops {
	uint32_t size;

	/** The checked value of one of your settings; NULL for a key you did not declare.
	 *  Thread: any.  Owns: the host's, for the life of the process. */
	const char *(*setting)(const struct ord_host *h, const char *key);
	/** Thread: any.  See ord_host_log(). */
	void (*log)(const struct ord_host *h, enum ord_level l, const char *func, const char *fmt,
		    va_list ap);
	/** A counter 'c', gauge 'g' or histogram 'h' named consensus_<plugin>_<name>, one label
	 *  (channel, broker, topic …).  Thread: control. */
	struct ord_metric *(*metric)(const struct ord_host *h, const char *name, const char *label,
				     const char *help, char kind);
	/** Add to a counter, set a gauge, observe a value.  Thread: any. */
	void (*metric_add)(struct ord_metric *m, const char *label_value, double v);
};
struct ord_host {
	const struct ord_host_ops *ops;
};

struct ord_support_ops {
	uint32_t size;

	/* facts; thread: any */
	const char *(*channel_id)(struct ord_support *s);
	uint64_t (*height)(struct ord_support *s);                     /* blocks written */
	const struct ord_chanconf *(*conf_get)(struct ord_support *s); /* +1 reference */
	void (*conf_put)(const struct ord_chanconf *cc);
	/** The config sequence now: cheap enough for every message. */
	uint64_t (*sequence)(struct ord_support *s);
	/** The most messages the host ever has unsettled in this chain: a mailbox of this size
	 *  never fills. */
	uint32_t (*max_inflight)(struct ord_support *s);

	/* messages; thread: any */
	enum ord_class (*classify)(const struct ord_env *env);
	struct ord_bytes (*env_bytes)(const struct ord_env *env); /* canonical encoding */
	/** An Envelope from a log of your own.  Errors: ORD_EINVAL not an Envelope. */
	int (*env_parse)(struct ord_support *s, struct ord_bytes b, struct ord_env **out,
			 struct ord_err *e);
	struct ord_env *(*env_ref)(struct ord_env *env);
	void (*env_unref)(struct ord_env *env);
	/** Check a message against the configuration of now; *seq gets its sequence. */
	int (*process_normal)(struct ord_support *s, struct ord_env *env, uint64_t *seq,
			      struct ord_err *e);
	/** As above for a CONFIG message.  On success *env, reference and all, is replaced by the
	 *  message to order instead, which has its place in the journal, too, if it has one yet.
	 *  Both refuse with ORD_EUNAVAIL once the channel's consensus type has changed. */
	int (*process_config)(struct ord_support *s, struct ord_env **env, uint64_t *seq,
			      struct ord_err *e);
	/** Answer the client: ORD_OK or an error with its reason (may be NULL).  Once. */
	void (*settle)(struct ord_ticket *t, int code, const char *why);

	/* blocks; thread: chain.  Create, then write, strictly in turn.  Writing never fails back
	 * to you: while the ledger cannot take a block (disk full), the host refuses new messages
	 * with 503, and the call waits; for a chain with a journal it does not, so that the chain
	 * comes to what it was handed before, which journal_sync() then refuses. */

	/** Hand the next message to the block cutter.  Returns how many batches (0 to 2) are ready
	 *  in @out, oldest first.  *wait_ns: how long what is left may wait for more messages
	 *  (BatchTimeout); 0: nothing is left. */
	size_t (*cutter_order)(struct ord_support *s, struct ord_env *env, struct ord_batch *out[2],
			       uint64_t *wait_ns);
	/** What waits in the cutter, as a batch; NULL: nothing pending. */
	struct ord_batch *(*cutter_cut)(struct ord_support *s);
	/** A batch of one, past the cutter: for config messages. */
	struct ord_batch *(*batch_one)(struct ord_env *env);
	struct ord_block *(*create_block)(struct ord_support *s, struct ord_batch *take);
	/** Sign, append and publish; returns once the block is queued for the ledger. */
	void (*write_block)(struct ord_support *s, struct ord_block *take,
			    struct ord_bytes metadata);
	/** As write_block(), but returns when the new configuration is in force. */
	void (*write_config_block)(struct ord_support *s, struct ord_block *take,
				   struct ord_bytes metadata);

	/* journal; thread: chain (open, close: control).  For a consensus that keeps no log of its
	 * own: what was appended and synced and is not in a block yet comes back after a crash, in
	 * order, exactly once.  Messages must be ordered in journal order, and those of the last
	 * run before any other. */
	int (*journal_open)(struct ord_support *s, struct ord_journal **out, struct ord_err *e);
	/** The next message that survived the last run; 1: one (+1 reference), with the config
	 *  sequence it was appended with; 0: no more. */
	int (*journal_next)(struct ord_journal *j, struct ord_env **env, uint64_t *seq);
	void (*journal_append)(struct ord_journal *j, struct ord_env *env, uint64_t seq);
	/** Make what was appended durable.  Blocks: fsync.
	 *  Errors: ORD_EUNAVAIL disk full or broken, or the ledger cannot take blocks: nothing
	 *  since the last sync was kept. */
	int (*journal_sync)(struct ord_journal *j, struct ord_err *e);
	void (*journal_close)(struct ord_journal *j);

	/* time and waiting: the only clock and the only sleep you may use */
	uint64_t (*now_ns)(struct ord_support *s); /* monotonic */
	struct ord_mailbox *(*mailbox_new)(struct ord_support *s, size_t cap);
	/** Thread: any.  Errors: ORD_EUNAVAIL full; ORD_ECLOSED. */
	int (*mailbox_push)(struct ord_mailbox *m, void *item);
	/** Up to @max items, waiting for the first until @deadline_ns; returns how many.
	 *  Errors: ORD_ETIMEDOUT; ORD_ECLOSED closed and empty. */
	int (*mailbox_pop)(struct ord_mailbox *m, uint64_t deadline_ns, void **items, size_t max);
	void (*mailbox_close)(struct ord_mailbox *m);
	void (*mailbox_free)(struct ord_mailbox *m);
	/** Errors: ORD_EUNAVAIL no thread to be had. */
	int (*thread_start)(struct ord_support *s, const char *name, void (*fn)(void *), void *arg,
			    struct ord_thread **out);
	void (*thread_join)(struct ord_thread *t); /* and free it; NULL: nothing */

	/* telling the world; thread: any */
	void (*kick)(struct ord_support *s); /* errored() changed */
	void (*log)(struct ord_support *s, enum ord_level l, const char *func, const char *fmt,
		    va_list ap); /* see ord_log() */
	/** The ledger cannot be what it is: say why and end the process. */
	void (*fatal)(struct ord_support *s, const char *why);

	/** Can write_config_block() take this CONFIG message next?  One that it cannot take ends
	 * the process; so ask first when others than the host may have written to your log, or when
	 *  messages of an older sequence are ordered as they are.  What is in the channel's blocks
	 *  and in the message decides, and no clock, so all orderers hear the same.
	 *  Thread: chain.  Errors: ORD_EINVAL why it does not apply. */
	int (*check_config)(struct ord_support *s, const struct ord_env *env, struct ord_err *e);
};
struct ord_support {
	const struct ord_support_ops *ops;
	const struct ord_host *host;
};

/* A table entry newer than the first minor of this major is reached only behind ORD_HAS(). */
#define ORD_HAS(ops, fn) ((ops)->size >= offsetof(__typeof__(*(ops)), fn) + sizeof((ops)->fn))

/* ---- conveniences: nothing but what the tables offer --------------------- */

#define ORD_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Log as logger "orderer.consensus.<plugin>". */
#define ord_log(support, level, ...)   ord_log_from(support, level, __func__, __VA_ARGS__)
#define ord_host_log(host, level, ...) ord_host_log_from(host, level, __func__, __VA_ARGS__)

ORD_PRINTF(4, 5)
static inline void ord_log_from(struct ord_support *s, enum ord_level l, const char *func,
				const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	s->ops->log(s, l, func, fmt, ap);
	va_end(ap);
}

ORD_PRINTF(4, 5)
static inline void ord_host_log_from(const struct ord_host *h, enum ord_level l, const char *func,
				     const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	h->ops->log(h, l, func, fmt, ap);
	va_end(ap);
}

/* Zeroed memory, to be given to free(). */
static inline void *ord_alloc(size_t n)
{
	void *p = calloc(1, n);

	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

/* Say why, and return @code: `return ord_fail(e, ORD_EUNAVAIL, "broker %s: …", b);` */
ORD_PRINTF(3, 4)
static inline int ord_fail(struct ord_err *e, int code, const char *fmt, ...)
{
	va_list ap;

	e->code = code;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	return code;
}

#endif /* ORDERERD_CONSENSUS_H */
