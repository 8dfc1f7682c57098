/* SPDX-License-Identifier: Apache-2.0 */
/* With the name of another file. */
#include "sinner.h"

SINNER("solo", .handle_chain = handle_chain);
