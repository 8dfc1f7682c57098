/* SPDX-License-Identifier: Apache-2.0 */
/* With a name that is none. */
#include "sinner.h"

SINNER("../etc/passwd", .handle_chain = handle_chain);
