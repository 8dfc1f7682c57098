/* SPDX-License-Identifier: Apache-2.0 */
/* open() fails, and does not say why. */
#include "sinner.h"

static int open_it(const struct ord_host *h, void **plugin, struct ord_err *e)
{
	(void)h, (void)plugin, (void)e;
	return 1;
}

SINNER("badsilence", .open = open_it, .handle_chain = handle_chain);
