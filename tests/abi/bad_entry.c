/* SPDX-License-Identifier: Apache-2.0 */
/* Without handle_chain(). */
#include "sinner.h"

SINNER("badentry");
