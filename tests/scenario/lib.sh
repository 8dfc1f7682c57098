# SPDX-License-Identifier: Apache-2.0
# Sourced by scenario and interop scripts: an orderer on a copy of a recorded ledger, on loopback.
#
#   build=DIR      the build directory (set by the script from its argument)
#   orderer_start NAME [VARIABLE=VALUE...]   starts it, waits until it serves; sets $pid, $port, $work
#                                            ($orderer_program, if that is set)
#   orderer_stop                             SIGTERM, expects exit status 0
#   orderer_kill                             kill -9

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
golden=$top/tests/golden
crypto=$golden/crypto-config
orderer_org=$crypto/ordererOrganizations/example.com
orderer_home=$orderer_org/orderers/orderer.example.com
org1_user=$crypto/peerOrganizations/org1.example.com/users/User1@org1.example.com
org2_user=$crypto/peerOrganizations/org2.example.com/users/User1@org2.example.com
tls_ca=$orderer_home/tls/ca.crt
pid=
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ordererd-test.XXXXXX")

cleanup() {
	if [ -n "$pid" ]; then kill -9 "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; fi
	rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# Ports that nobody listens on, below those that the system gives to clients: a server that was killed
# must find its own free when it comes back.
free_ports() { # count
	python3 - "$1" <<-'END'
	import random, socket, sys
	top = int(open("/proc/sys/net/ipv4/ip_local_port_range").read().split()[0])
	held = []
	while len(held) < int(sys.argv[1]):
	    s = socket.socket()
	    try:
	        s.bind(("127.0.0.1", random.randrange(10000, top) if top > 11000 else 0))
	        held.append(s)
	    except OSError:
	        pass
	print(*[s.getsockname()[1] for s in held])
	END
}
free_port() { free_ports 1; }

# A work directory with a ledger copied from tests/golden/<ledger>.
ledger_copy() { # name ledger
	work=$scratch/$1
	mkdir -p "$work"
	[ -d "$work/ledger" ] || cp -r "$golden/$2" "$work/ledger"
	chmod -R u+w "$work/ledger"
}

# A work directory with a new ledger: one chain for each channel, made from $configtx.
configtx=$top/tests/scenario/configtx.yaml
ledger_make() { # name channels...
	local c
	work=$scratch/$1
	mkdir -p "$work"
	shift
	for c in "$@"; do
		"$build/ordererctl" genesis --config "$configtx" \
			--profile ScenarioChannel --channel "$c" --output "$work/$c.block" &&
			"$build/ordererctl" block import --ledger "$work/ledger" "$work/$c.block" || return 1
	done >/dev/null
}

# How it begins when a script says nothing else.
bootstrap=(ORDERER_GENERAL_BOOTSTRAPMETHOD=none)

orderer_start() { # name [VARIABLE=VALUE...]
	work=$scratch/$1
	shift
	mkdir -p "$work"
	touch "$work/log"
	log_from=$(($(wc -l <"$work/log") + 1)) # an earlier run's lines do not count
	: "${port:=$(free_port)}"
	env ORDERER_GENERAL_LISTENADDRESS=127.0.0.1 ORDERER_GENERAL_LISTENPORT="$port" \
		ORDERER_GENERAL_LOCALMSPID=OrdererMSP ORDERER_GENERAL_LOCALMSPDIR="$orderer_home/msp" \
		ORDERER_GENERAL_TLS_CERTIFICATE="$orderer_home/tls/server.crt" \
		ORDERER_GENERAL_TLS_PRIVATEKEY="$orderer_home/tls/server.key" \
		"${bootstrap[@]}" ORDERER_GENERAL_PLUGINDIR="$build/.libs" \
		ORDERER_FILELEDGER_LOCATION="$work/ledger" "$@" \
		"${orderer_program:-$build/ordererd}" 2>>"$work/log" &
	pid=$!
	for _ in $(seq 400); do
		if grep -q 'Beginning to serve requests' <(tail -n +"$log_from" "$work/log"); then return 0; fi
		kill -0 $pid 2>/dev/null || break
		sleep 0.025
	done
	echo "# the orderer did not start:" >&2
	tail -n 5 "$work/log" >&2
	return 1
}

orderer_stop() {
	local rc=0
	kill -TERM "$pid"
	wait "$pid" || rc=$?
	pid=
	[ $rc -eq 0 ] || { echo "# SIGTERM: exit status $rc, want 0" >&2; return 1; }
}

orderer_kill() {
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	pid=
}

# TAP, and a status that remembers.
status=0
ok() { echo "ok $*"; }
not_ok() { echo "not ok $*"; status=1; }
check_that() { # description command...
	local what=$1
	shift
	if "$@"; then ok "$what"; else not_ok "$what"; fi
}
