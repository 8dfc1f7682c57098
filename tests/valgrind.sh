#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every unit test once under valgrind: no error, no leak.  Run in a build directory.
set -u
TOP_SRCDIR=$(cd "$(dirname "$0")/.." && pwd)
TOP_BUILDDIR=$PWD
export TOP_SRCDIR TOP_BUILDDIR
status=0
for t in $(find tests/unit -type f -name 'test_*' -perm -u+x ! -path '*/.libs/*' | sort); do
	log=$t.valgrind
	if ./libtool --mode=execute valgrind -q --leak-check=full --error-exitcode=9 \
		--errors-for-leak-kinds=definite,possible --suppressions="$TOP_SRCDIR/tests/valgrind.supp" "$t" >"$log" 2>&1; then
		echo "ok $t"
	else
		echo "not ok $t"
		tail -n 40 "$log"
		status=1
	fi
done
exit $status
