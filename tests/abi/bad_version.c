/* SPDX-License-Identifier: Apache-2.0 */
/* Without a version. */
#include "sinner.h"

ORD_PLUGIN("badversion", .summary = "for tests", .handle_chain = handle_chain);
