/* SPDX-License-Identifier: Apache-2.0 */
#define FUZZ_SUFFIX ".yaml"
#include "fuzz_conf.h"
