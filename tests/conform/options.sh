#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What ordererd-conform says of itself, and that it refuses what it does not know.
conform=${TOP_BUILDDIR:-.}/ordererd-conform
failed=0

says() { # status text arguments...
	status=$1 text=$2
	shift 2
	out=$("$conform" "$@" 2>&1)
	rc=$?
	case $rc:$out in
	$status:*"$text"*) ;;
	*)
		printf "'ordererd-conform %s' ended with %d, not %d and '%s':\n%s\n" "$*" \
			"$rc" "$status" "$text" "$out"
		failed=1
		;;
	esac
}

says 0 'Usage: ordererd-conform ' --help
says 0 '  -h, --help ' -h
says 0 'ordererd-conform 0' --version
says 0 'a second halt does nothing' -l
says 2 'Usage: ordererd-conform '
says 2 'Usage: ordererd-conform ' --no-such-option
says 2 'Usage: ordererd-conform ' -e 0 plugin.so
exit $failed
