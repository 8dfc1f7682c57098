/* SPDX-License-Identifier: Apache-2.0 */
#define FUZZ_SUFFIX ".ini"
#include "fuzz_conf.h"
