/* SPDX-License-Identifier: Apache-2.0 */
/* What every fuzzer defines.  A property that does not hold is a failed util_assert(). */
#ifndef FUZZ_H
#define FUZZ_H

#include <util/util.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* FUZZ_H */
