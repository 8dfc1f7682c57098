/* SPDX-License-Identifier: Apache-2.0 */
/* A setting whose fallback is not of its type. */
#include "sinner.h"

static const struct ord_setting settings[] = {{"Durable", ORD_SET_BOOL, "yes", "a flag"}, {0}};

SINNER("badfallback", .settings = settings, .handle_chain = handle_chain);
