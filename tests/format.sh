#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every source is as clang-format writes it.  Versions of clang-format differ in taste, so only the
# one that .clang-format was written for is asked; `make format` rewrites the sources with it.
wanted=14
format=${CLANG_FORMAT:-clang-format}
cd "${TOP_SRCDIR:-.}" || exit 1

version=$("$format" --version 2>/dev/null | sed -n 's/.*version \([0-9]*\)\..*/\1/p')
if [ "$version" != "$wanted" ]; then
	echo "SKIP: clang-format $wanted is not installed (found: ${version:-none})"
	exit 77
fi
sources=$(find core doc include plugins tests tools -name '*.[ch]' -not -name '*.pb-c.[ch]' | LC_ALL=C sort)
# shellcheck disable=SC2086 # names of sources hold no blanks
if [ "$1" = --fix ]; then
	"$format" -i $sources
else
	"$format" --dry-run -Werror $sources
fi
