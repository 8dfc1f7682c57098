#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make install into a clean root: everything a packager expects is there, and a plugin builds against
# the installed header alone.  Argument: a build directory.
set -u
build=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
status=0
check() { # description command...
	local what=$1
	shift
	if "$@"; then echo "ok $what"; else echo "not ok $what"; status=1; fi
}
pc() {
	PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_PATH=$root/usr/local/lib/pkgconfig pkg-config "$@" ordererd
}
# The document of this name, where ordererd.pc says that documents are.
document() { echo "$root$(PKG_CONFIG_PATH=$root/usr/local/lib/pkgconfig pkg-config --variable=docdir ordererd)/$1"; }

make -s -C "$build" install DESTDIR="$root" >/dev/null || exit 1
kafka=no
[ ! -f "$build/kafka.la" ] || kafka=yes
check "configure said at its end what is built" grep -q "kafka plugin: *$kafka" "$build/config.log"
files=(sbin/ordererd bin/ordererctl bin/ordererd-conform lib/ordererd/plugins/solo.so
	include/ordererd/consensus.h include/ordererd/testkit.h lib/libordererd-testkit.a lib/pkgconfig/ordererd.pc
	share/man/man1/ordererctl.1 share/man/man1/ordererd-conform.1 share/man/man5/ordererd.ini.5
	share/man/man7/ordererd-solo.7 share/man/man8/ordererd.8
	etc/ordererd/ordererd.ini lib/systemd/system/ordererd.service
	lib/sysusers.d/ordererd.conf lib/tmpfiles.d/ordererd.conf)
if [ $kafka = yes ]; then
	files+=(lib/ordererd/plugins/kafka.so lib/ordererd/plugins/kafka_librdkafka.dso
		share/man/man7/ordererd-kafka.7)
fi
for f in "${files[@]}"; do check "$f is installed" test -e "$root/usr/local/$f"; done
for f in plugin-guide.md solo.c skeleton/Makefile skeleton/README.md skeleton/skeleton.c skeleton/test.c \
	examples/configtx.yaml examples/crypto-config.yaml; do
	check "$f is among the documents" test -f "$(document "$f")"
done

check "nothing that is installed cites what is not" \
	test -z "$(grep -rlE '\<spec [0-9]' "$root/usr/local/include" "$root/usr/local/share")"

check "a plugin builds against the installed header" \
	cc -shared -fPIC -std=c11 $(pc --cflags) -o "$root/out.so" "$(document solo.c)"
check "no libtool archives beside the plugins" \
	test -z "$(find "$root/usr/local/lib/ordererd/plugins" -name '*.la')"
check "the installed ordererd runs" grep -q '^ordererd ' <("$root/usr/local/sbin/ordererd" --version)
exit $status
