/* SPDX-License-Identifier: Apache-2.0 */
/* No ord_plugin. */
#include "sinner.h"

__attribute__((visibility("default"))) extern const struct ord_plugin my_plugin;
const struct ord_plugin my_plugin = {.handle_chain = handle_chain};
