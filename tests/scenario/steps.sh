# SPDX-License-Identifier: Apache-2.0
# Sourced after lib.sh: an orderer that dies, as by kill -9, at a step of its own (developer builds), and
# the commands of an administrator.

ctl=$build/ordererctl
orderer_admin=OrdererMSP:$orderer_org/users/Admin@example.com/msp
org1_admin=Org1MSP:$crypto/peerOrganizations/org1.example.com/users/Admin@org1.example.com/msp
org1=Org1MSP:$org1_user/msp
tls=() # options of the commands for an orderer with TLS

# Start an orderer that will die at that step.
orderer_start_until() { # step name [VARIABLE=VALUE...]
	local step=$1
	shift
	orderer_start "$@" ORDERERD_TEST_STOP_AT="$step"
}

# It has died there, and not otherwise.
orderer_died() {
	local rc=0
	for _ in $(seq 400); do
		kill -0 "$pid" || break
		sleep 0.025
	done
	if kill -0 "$pid"; then return 1; fi
	wait "$pid" || rc=$?
	pid=
	[ $rc -eq 137 ]
} 2>/dev/null # bash reports who was killed

# Try a command until it succeeds, ten seconds at most; what it says at last is shown when it does not.
in_time() { # command...
	local said
	for _ in $(seq 200); do
		if said=$("$@" 2>&1); then return 0; fi
		sleep 0.05
	done
	echo "# $said"
	return 1
}

# A few transactions, one after the other.
orders() { # channel count
	"$ctl" send --orderer "127.0.0.1:$port" "${tls[@]}" --identity "$org1" --channel "$1" --count "$2" >"$work/sent" 2>&1 ||
		{ tail -n 1 "$work/sent" | sed 's/^/# /'; return 1; }
}

fetch() { # identity channel what [option...]
	local identity=$1 channel=$2 what=$3
	shift 3
	"$ctl" fetch --orderer "127.0.0.1:$port" "${tls[@]}" --identity "$identity" --channel "$channel" "$@" "$what"
}

# The channels of the ledger directory, whole: numbers, hash chain, data hashes, signatures.
verify() {
	"$ctl" block verify --ledger "$work/ledger" >"$work/verify" 2>&1 || { sed 's/^/# /' "$work/verify"; return 1; }
}
