/* SPDX-License-Identifier: Apache-2.0 */
/* open() fails, and says why. */
#include "sinner.h"

static int open_it(const struct ord_host *h, void **plugin, struct ord_err *e)
{
	(void)h, (void)plugin;
	return ord_fail(e, ORD_EUNAVAIL, "no broker answers");
}

SINNER("badopen", .open = open_it, .handle_chain = handle_chain);
