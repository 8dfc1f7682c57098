#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The battery on solo, durable and not.
set -e
conform=${TOP_BUILDDIR:-.}/ordererd-conform
solo=${TOP_BUILDDIR:-.}/.libs/solo.so

"$conform" "$solo"
"$conform" -v -s Durable=false "$solo"
