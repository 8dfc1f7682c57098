#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The battery on kafka, over a mock cluster in a process of its own, which outlives the crashes.
# EVERY=1 crashes at every call instead of at some.
set -e
conform=${TOP_BUILDDIR:-.}/ordererd-conform
kafka=${TOP_BUILDDIR:-.}/.libs/kafka.so
mock=${TOP_BUILDDIR:-.}/tests/conform/mock_cluster
exactly_once=0801
work=$(mktemp -d)

mkfifo "$work/commands" "$work/answers"
"$mock" <"$work/commands" >"$work/answers" &
exec 3>"$work/commands" 4<"$work/answers"
trap 'exec 3>&- 4<&-; wait; rm -rf "$work"' EXIT
read -r brokers <&4

# A mock broker that has nothing new answers when it must, and not before.
battery() {
	"$conform" -b "${brokers%%,*}" -b "${brokers##*,}" -s Client=fetch.wait.max.ms=10 -q 60 \
		-e "${EVERY:-17}" -d 'echo down 0 >&3; read -r ok <&4; test "$ok" = ok' \
		-u 'echo up 0 >&3; read -r ok <&4; test "$ok" = ok' "$@"
}

battery -m "$exactly_once" "$kafka"
# As Fabric's orderer, which may repeat what was on its way when it crashed.
battery -v "$kafka" 'again' 'config message' 'crash'
