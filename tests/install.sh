#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make install into a clean root: everything a packager expects is there, and a plugin builds against
# the installed header alone.  Argument: a build directory.
set -u
build=$1
top=$(cd "$(dirname "$0")/.." && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
status=0
expect() {
	if [ -e "$root/usr/local/$1" ]; then echo "ok $1"; else echo "not ok $1 is not installed"; status=1; fi
}
make -s -C "$build" install DESTDIR="$root" >/dev/null || exit 1
kafka=
grep -q '^HAVE_KAFKA_TRUE = *$' "$build/Makefile" &&
	kafka="lib/ordererd/plugins/kafka.so share/man/man7/ordererd-kafka.7"
for f in sbin/ordererd bin/ordererctl include/ordererd/consensus.h lib/pkgconfig/ordererd.pc \
	lib/ordererd/plugins/solo.so share/man/man7/ordererd-solo.7 $kafka \
	share/man/man8/ordererd.8 share/man/man5/ordererd.ini.5 share/man/man1/ordererctl.1 \
	etc/ordererd/ordererd.ini lib/systemd/system/ordererd.service; do
	expect "$f"
done
cflags=$(PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_PATH=$root/usr/local/lib/pkgconfig pkg-config --cflags ordererd)
if cc -shared -fPIC -std=c11 $cflags -o "$root/out.so" "$top/plugins/solo/solo.c"; then
	echo "ok a plugin builds against the installed header"
else
	echo "not ok a plugin builds against the installed header"
	status=1
fi
if find "$root/usr/local/lib/ordererd/plugins" -name '*.la' | grep -q .; then
	echo "not ok libtool archives are installed beside the plugins"
	status=1
else
	echo "ok no libtool archives beside the plugins"
fi
if "$root/usr/local/sbin/ordererd" --version | grep -q '^ordererd '; then
	echo "ok the installed ordererd runs"
else
	echo "not ok the installed ordererd runs"
	status=1
fi
exit $status
