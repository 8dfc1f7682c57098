/* SPDX-License-Identifier: Apache-2.0 */
/* handle_chain() succeeds without a chain. */
#include "sinner.h"

static int no_chain(void *plugin, struct ord_support *s, struct ord_bytes metadata,
		    struct ord_chain **out, struct ord_err *e)
{
	(void)plugin, (void)s, (void)metadata, (void)e;
	*out = NULL;
	return 0;
}

SINNER("badchain", .handle_chain = no_chain);
