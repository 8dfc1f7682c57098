/* SPDX-License-Identifier: Apache-2.0 */
/* Without a name. */
#include "sinner.h"

SINNER(NULL, .handle_chain = handle_chain);
