/* SPDX-License-Identifier: Apache-2.0 */
/* Needs a function that nobody has. */
#include "sinner.h"

extern void there_is_no_such_function(void);

static void close_it(void *plugin)
{
	(void)plugin;
	there_is_no_such_function();
}

SINNER("badundefined", .close = close_it, .handle_chain = handle_chain);
