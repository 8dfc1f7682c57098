/* SPDX-License-Identifier: Apache-2.0 */
/* A chain whose table is shorter than its ABI version. */
#include "sinner.h"

SINFUL_CHAIN(.size = offsetof(struct ord_chain_ops, health), .halt = nothing)

SINNER("badopssize", .handle_chain = make_chain);
