/* SPDX-License-Identifier: Apache-2.0 */
/* A table of settings without an end, as far as anybody cares to look. */
#include "sinner.h"

#define ROW(n)                                        \
	{                                             \
		"A" #n, ORD_SET_UINT, "1", "a number" \
	}
#define ROWS4(n)  ROW(n##0), ROW(n##1), ROW(n##2), ROW(n##3)
#define ROWS16(n) ROWS4(n##0), ROWS4(n##1), ROWS4(n##2), ROWS4(n##3)
#define ROWS64(n) ROWS16(n##0), ROWS16(n##1), ROWS16(n##2), ROWS16(n##3)

static const struct ord_setting settings[] = {ROWS64(0), ROWS64(1), ROWS64(2),
					      ROWS64(3), ROWS64(4), {0}};

SINNER("badendless", .settings = settings, .handle_chain = handle_chain);
