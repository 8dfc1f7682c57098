#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The skeleton of a plugin builds outside of this tree, with pkg-config and what is installed alone:
# a folder that looks like an installation is made for it.
set -e
: "${TOP_SRCDIR:?}" "${TOP_BUILDDIR:?}"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL

mkdir -p "$tree/include/ordererd" "$tree/lib/pkgconfig" "$tree/bin" "$tree/skeleton"
cp "$TOP_SRCDIR"/include/ordererd/*.h "$tree/include/ordererd"
cp "$TOP_BUILDDIR/libordererd-testkit.a" "$tree/lib"
cp "$TOP_BUILDDIR/ordererd.pc" "$tree/lib/pkgconfig"
cp "$TOP_BUILDDIR/ordererd-conform" "$tree/bin"
for file in Makefile skeleton.c test.c; do
	cp "$TOP_SRCDIR/doc/skeleton/$file" "$tree/skeleton"
done

PATH=$tree/bin:$PATH
PKG_CONFIG_PATH=$tree/lib/pkgconfig
export PATH PKG_CONFIG_PATH
make_() {
	make -s -C "$tree/skeleton" CFLAGS="$PLUGIN_CFLAGS -pedantic-errors -Werror" \
		PKG_CONFIG="pkg-config --define-variable=includedir=$tree/include \
--define-variable=libdir=$tree/lib --define-variable=plugindir=/plugins" "$@"
}
make_ check
make_ install DESTDIR="$tree/root"
test -f "$tree/root/plugins/skeleton.so"
make_ clean
if ls "$tree"/skeleton/*.so 2>/dev/null; then
	exit 1
fi
