/* SPDX-License-Identifier: Apache-2.0 */
/* Of the next ABI. */
#include "sinner.h"

BARE_SINNER(.magic = ORD_PLUGIN_MAGIC, .abi_major = ORD_ABI_MAJOR + 1, .abi_minor = 0,
	    .size = sizeof(struct ord_plugin), .name = "badmajor");
