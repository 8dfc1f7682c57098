# SPDX-License-Identifier: Apache-2.0
# What the tests of packages share: $build and $top, $version, a scratch folder, TAP.
build=$(cd "$1" && pwd) || exit 1
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
version=$(sed -n 's/^#define PACKAGE_VERSION "\(.*\)"/\1/p' "$build/config.h")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL
status=0

check() { # description command...
	local what=$1
	shift
	if "$@" >"$scratch/out" 2>&1; then
		echo "ok $what"
	else
		echo "not ok $what"
		tail -n 30 "$scratch/out" | sed 's/^/# /'
		status=1
	fi
}

# The release, in $scratch.
release() {
	make -s -C "$build" dist >/dev/null 2>&1 && mv "$build/ordererd-$version.tar.xz" "$scratch"
}

# The program of this root says its version; what links to libraries finds them.
says_version() { "$1" --version | grep -q "^$(basename "$1") $version\b"; }

# The daemon of this root finds these plugins beside it, and no others.
has_plugins() { # root plugin...
	local root=$1 dir got
	shift
	dir=$(dirname "$(find "$root" -name solo.so -path '*plugins*')")
	got=$(FABRIC_CFG_PATH=$scratch ORDERER_GENERAL_PLUGINDIR=$dir \
		"$(find "$root" -name ordererd -path '*sbin*')" --check 2>&1 |
		sed -n 's/.*Loaded \([a-z]*\) .*/\1/p' | sort | tr '\n' ' ')
	[ "$got" = "$* " ] || { echo "plugins: $got"; false; }
}
