#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cppcheck over everything we wrote: no finding.  Argument: a build directory (for generated headers).
set -u
cd "$(dirname "$0")/.."
cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
	--enable=warning,performance,portability \
	--suppress=missingInclude --suppress=missingIncludeSystem \
	--suppress='preprocessorErrorDirective:*.pb-c.h' \
	-DPACKAGE_VERSION='"0"' -DORD_PLUGIN_DIR='""' -DORD_CONF_DIR='""' \
	-Iinclude -Icore -I"$1/proto" core plugins tools
