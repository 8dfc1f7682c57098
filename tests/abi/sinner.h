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

#define SINNER(plugin_name, ...) \
	ORD_PLUGIN(plugin_name, .version = "1", .summary = "for tests", __VA_ARGS__)

/* The symbol without ORD_PLUGIN(), for sins in its first four fields. */
#define BARE_SINNER(...)                                                                  \
	__attribute__((visibility("default"))) extern const struct ord_plugin ord_plugin; \
	const struct ord_plugin ord_plugin = {                                            \
		.version = "1", .summary = "for tests", .handle_chain = handle_chain, __VA_ARGS__}

#endif /* SINNER_H */
