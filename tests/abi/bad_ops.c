/* SPDX-License-Identifier: Apache-2.0 */
/* A chain that cannot be halted. */
#include "sinner.h"

SINFUL_CHAIN(.size = sizeof(struct ord_chain_ops))

SINNER("badops", .handle_chain = make_chain);
