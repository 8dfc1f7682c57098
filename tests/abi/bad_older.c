/* SPDX-License-Identifier: Apache-2.0 */
/* Of an older minor, which counts as long as the major is 0. */
#include "sinner.h"

BARE_SINNER(.magic = ORD_PLUGIN_MAGIC, .abi_major = ORD_ABI_MAJOR, .abi_minor = ORD_ABI_MINOR - 1,
	    .size = sizeof(struct ord_plugin), .name = "badolder");
