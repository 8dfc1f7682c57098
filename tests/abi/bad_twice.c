/* SPDX-License-Identifier: Apache-2.0 */
/* A setting that stands twice in its table. */
#include "sinner.h"

static const struct ord_setting settings[] = {
	{"Retry", ORD_SET_UINT, "1", "a number"}, {"retry", ORD_SET_UINT, "1", "a number"}, {0}};

SINNER("badtwice", .settings = settings, .handle_chain = handle_chain);
