#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ./quickstart and ./run-tests say what they do, and do nothing when they are asked for what they do not
# know.  Without that, they would begin to build: hence the time limit.
top=${TOP_SRCDIR:-.}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

says() { # status text command...
	status=$1 text=$2
	shift 2
	out=$(QUICKSTART_DIR=$scratch/quickstart timeout 10 "$top/$@" 2>&1)
	rc=$?
	case $rc:$out in
	$status:*"$text"*) ;;
	*)
		printf "'%s' ended with %d, not %d and '%s':\n%s\n" "$*" "$rc" "$status" "$text" "$out"
		failed=1
		;;
	esac
	[ ! -e "$scratch/quickstart" ] || { echo "'$*' began to work"; exit 1; }
}

says 0 'Everything it makes is in' quickstart --help
says 2 "'--no-such-option'" quickstart --no-such-option
says 2 "'somewhere'" quickstart somewhere
says 0 'N passed, N failed' run-tests --help
says 0 'quickstart' run-tests --list
says 2 'no such step: --no-such-option' run-tests --no-such-option
says 2 'no such step: no-such-step' run-tests check no-such-step
exit $failed
