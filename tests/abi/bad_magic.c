/* SPDX-License-Identifier: Apache-2.0 */
/* Begins with something else. */
#include "sinner.h"

BARE_SINNER(.magic = 0x12345678, .abi_major = ORD_ABI_MAJOR, .abi_minor = ORD_ABI_MINOR,
	    .size = sizeof(struct ord_plugin), .name = "badmagic");
