/* SPDX-License-Identifier: Apache-2.0 */
/* Shorter than its ABI version. */
#include "sinner.h"

BARE_SINNER(.magic = ORD_PLUGIN_MAGIC, .abi_major = ORD_ABI_MAJOR, .abi_minor = ORD_ABI_MINOR,
	    .size = sizeof(struct ord_plugin) - sizeof(void *), .name = "badsize");
