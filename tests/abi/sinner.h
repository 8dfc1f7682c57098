/* SPDX-License-Identifier: Apache-2.0 */
/* What the plugins in this folder have in common: everything but their one sin. */
#ifndef SINNER_H
#define SINNER_H

#include <ordererd/consensus.h>

static inline int handle_chain(void *plugin, struct ord_support *s, struct ord_bytes metadata,
			       struct ord_chain **out, struct ord_err *e)
{
	(void)plugin, (void)s, (void)metadata, (void)out;
	return ord_fail(e, ORD_ENOTSUP, "a plugin for tests makes no chain");
}

/* A chain that does nothing, @... being its own sin; make_chain() makes it. */
static inline void nothing(struct ord_chain *c)
{
	(void)c;
}

static inline bool not_errored(struct ord_chain *c)
{
	(void)c;
	return false;
}

static inline int order_nothing(struct ord_chain *c, struct ord_env *env, uint64_t seq,
				struct ord_ticket *t, struct ord_err *e)
{
	(void)c, (void)env, (void)seq, (void)t;
	return ord_fail(e, ORD_ENOTSUP, "a plugin for tests orders nothing");
}

#define SINFUL_CHAIN(...)                                                                 \
	static const struct ord_chain_ops chain_ops = {.start = nothing,                  \
						       .order = order_nothing,            \
						       .configure = order_nothing,        \
						       .errored = not_errored,            \
						       .free = nothing,                   \
						       __VA_ARGS__};                      \
	static int make_chain(void *plugin, struct ord_support *s, struct ord_bytes meta, \
			      struct ord_chain **out, struct ord_err *e)                  \
	{                                                                                 \
		static struct ord_chain chain = {&chain_ops};                             \
                                                                                          \
		(void)plugin, (void)s, (void)meta, (void)e;                               \
		*out = &chain;                                                            \
		return 0;                                                                 \
	}

#define SINNER(plugin_name, ...) \
	ORD_PLUGIN(plugin_name, .version = "1", .summary = "for tests", __VA_ARGS__)

/* The symbol without ORD_PLUGIN(), for sins in its first four fields. */
#define BARE_SINNER(...)                                                                  \
	__attribute__((visibility("default"))) extern const struct ord_plugin ord_plugin; \
	const struct ord_plugin ord_plugin = {                                            \
		.version = "1", .summary = "for tests", .handle_chain = handle_chain, __VA_ARGS__}

#endif /* SINNER_H */
