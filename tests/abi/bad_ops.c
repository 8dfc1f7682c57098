/* SPDX-License-Identifier: Apache-2.0 */
/* A chain that cannot be halted. */
#include "sinner.h"

static void nothing(struct ord_chain *c)
{
	(void)c;
}

static bool errored(struct ord_chain *c)
{
	(void)c;
	return false;
}

static int order(struct ord_chain *c, struct ord_env *env, uint64_t seq, struct ord_ticket *t,
		 struct ord_err *e)
{
	(void)c, (void)env, (void)seq, (void)t;
	return ord_fail(e, ORD_ENOTSUP, "a plugin for tests orders nothing");
}

static const struct ord_chain_ops ops = {.size = sizeof(ops),
					 .start = nothing,
					 .order = order,
					 .configure = order,
					 .errored = errored,
					 .free = nothing};

static int make_chain(void *plugin, struct ord_support *s, struct ord_bytes metadata,
		      struct ord_chain **out, struct ord_err *e)
{
	static struct ord_chain chain = {&ops};

	(void)plugin, (void)s, (void)metadata, (void)e;
	*out = &chain;
	return 0;
}

SINNER("badops", .handle_chain = make_chain);
