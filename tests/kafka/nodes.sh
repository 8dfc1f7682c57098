# SPDX-License-Identifier: Apache-2.0
# Sourced after lib.sh of both kinds and steps.sh: several orderers, all with TLS, on one Apache Kafka.
# Node 1 has its ledger and its log in $scratch/node1, and so on.
#
#   genesis_make [VARIABLE=VALUE...]   the system channel of all nodes, with these brokers
#   node_start I... / node_stop I... / node_kill I... / node_freeze I... / node_thaw I...
#   on I COMMAND... / each COMMAND...  a command for that node, for all: $port and $work are its own
#   world NAME                         end all, orderers and brokers, and begin anew
#   loads_start CHANNEL... / loads_stop    a client for each node that keeps sending
#   same CHANNEL [I...]                the ledgers of these nodes are equal, block for block

nodes=(1 2 3 4)
node_pid=() node_port=() node_health=()
client=$build/tests/scenario/crash_client
acks=$scratch/acks
touch "$acks"
system=testchainid
tls=(--tls-ca "$tls_ca")
export SCENARIO_TLS_CA=$tls_ca
loads=()

nodes_cleanup() {
	local p
	for p in "${loads[@]}" "${node_pid[@]}"; do
		[ -z "$p" ] || { kill -9 "$p"; wait "$p"; } 2>/dev/null
	done
	kafka_cleanup
}
trap nodes_cleanup EXIT

# ---- orderers -------------------------------------------------------------------------------------

# Small batches, a short batch time-out; values of configtx.yaml by CONFIGTX_ variables.
genesis_make() { # [VARIABLE=VALUE...]
	env CONFIGTX_ORDERER_KAFKA_BROKERS="[$(kafka_brokers)]" CONFIGTX_ORDERER_BATCHTIMEOUT=300ms "$@" \
		"$ctl" genesis --config "$golden/configtx.yaml" --profile KafkaGenesis --channel $system \
		--output "$scratch/genesis.block" >/dev/null
}

# There are keys for three; the fourth is the first one's twin.
node_home() { # node
	local names=(orderer orderer2 orderer3)
	echo "$orderer_org/orderers/${names[($1 - 1) % 3]}.example.com"
}

# As an operator sets it up, but with short intervals between tries.
node_start() { # node... [VARIABLE=VALUE...]
	local i list=()
	while [[ ${1-} =~ ^[0-9]+$ ]]; do
		list+=("$1")
		shift
	done
	for i in "${list[@]}"; do
		: "${node_port[i]:=$(free_port)}" "${node_health[i]:=$(free_port)}"
		port=${node_port[i]} orderer_home=$(node_home "$i")
		orderer_start "node$i" ORDERER_GENERAL_TLS_ENABLED=true \
			ORDERER_GENERAL_BOOTSTRAPMETHOD=file ORDERER_GENERAL_BOOTSTRAPFILE="$scratch/genesis.block" \
			ORDERER_OPERATIONS_LISTENADDRESS="127.0.0.1:${node_health[i]}" \
			ORDERER_METRICS_PROVIDER=prometheus \
			ORDERER_KAFKA_RETRY_SHORTINTERVAL=500ms \
			ORDERER_KAFKA_TOPIC_REPLICATIONFACTOR=${#kafka_port[@]} "$@" || return 1
		node_pid[i]=$pid pid=
	done
}

node_stop() { # node...; all are asked, then each must end with status 0
	local i rc=0
	for i in "$@"; do kill -TERM "${node_pid[i]}" || rc=1; done
	for i in "$@"; do
		wait "${node_pid[i]}" || { rc=1; echo "# node $i: SIGTERM: exit status not 0" >&2; }
		node_pid[i]=
	done
	return $rc
}

node_kill() { # node...
	local i
	for i in "$@"; do
		kill -9 "${node_pid[i]}"
		wait "${node_pid[i]}"
		node_pid[i]=
	done
} 2>/dev/null # bash reports who was killed
node_freeze() { local i; for i in "$@"; do kill -STOP "${node_pid[i]}"; done; }
node_thaw() { local i; for i in "$@"; do kill -CONT "${node_pid[i]}"; done; }

on() { # node command...
	local port=${node_port[$1]} work=$scratch/node$1
	shift
	"$@"
}

# Another Kafka, other nodes; nothing is left of what was before.
world() { # name
	local i
	for i in "${!node_pid[@]}"; do [ -z "${node_pid[i]}" ] || node_kill "$i"; done
	for i in "${!kafka_pid[@]}"; do [ -z "${kafka_pid[i]}" ] || kafka_kill "$i"; done
	rm -rf "$scratch"/node?
	node_pid=() node_port=() node_health=()
	kafka_pid=() kafka_port=() kafka_inner=() kafka_voter=()
	kafka_dir=$scratch/kafka-$1
	kafka_security=PLAINTEXT kafka_users=()
}

# ---- what is done with them -----------------------------------------------------------------------

channel_tx() { # channel
	[ -f "$scratch/$1.tx" ] || "$ctl" channel-tx --config "$golden/configtx.yaml" --profile TwoOrgsChannel \
		--channel "$1" --output "$scratch/$1.tx" >/dev/null
}

creates() { # channel
	channel_tx "$1" && "$ctl" channel create --orderer "127.0.0.1:$port" "${tls[@]}" --identity "$org1_admin" \
		--output "$work/$1.block" "$scratch/$1.tx" >"$work/create.log" 2>&1 ||
		{ sed 's/^/# /' "$work/create.log"; return 1; }
}

reader() { if [ "$1" = $system ]; then echo "$orderer_admin"; else echo "$org1"; fi; } # channel

# A client that is refused with 503 tries again, as SDKs do.
serves() { in_time fetch "$(reader "$1")" "$1" oldest --output "$work/genesis.$1"; } # channel
orders_in_time() { in_time orders "$@"; } # channel count

set_value() { # channel key value
	"$ctl" config set --orderer "127.0.0.1:$port" "${tls[@]}" --channel "$1" --identity "$orderer_admin" \
		"${@:2}" >"$work/set.log" 2>&1 || { sed 's/^/# /' "$work/set.log"; return 1; }
}
has_value() { # channel key value
	[ "$("$ctl" config get --orderer "127.0.0.1:$port" "${tls[@]}" --channel "$1" \
		--identity "$orderer_admin" "$2" 2>&1)" = "$3" ]
}
each() { # command...: for every node, one after the other
	local i
	for i in "${nodes[@]}"; do on "$i" "$@" || { echo "# that was node $i"; return 1; }; done
}

# What is in the ledger: hashes and last-config indices right, what was acknowledged there, nothing twice.
ledger() { # channel
	local who
	who=$(reader "$1")
	"$client" verify "$port" "${who#*:}" "${who%%:*}" "$acks" "$1" 2>&1
}

# The same blocks in all: the hash of the last header stands for all before it, data and all.
are_same() { # channel node...; says what they have, or where they differ
	local channel=$1 i first said
	shift
	first=$(on "$1" ledger "$channel") || { echo "node $1: $first"; return 1; }
	for i in "$@"; do
		said=$(on "$i" ledger "$channel")
		[ "$said" = "$first" ] || { echo "node $i: $said, node $1: $first"; return 1; }
	done
	echo "$first"
}
same() { # channel [node...]; half a minute to catch up
	local channel=$1 said until=$((SECONDS + 30))
	shift
	[ $# -gt 0 ] || set -- "${nodes[@]}"
	until said=$(are_same "$channel" "$@"); do
		if [ $SECONDS -ge $until ] || [[ $said = *'for the second time'* ]]; then
			echo "# $channel: $said"
			return 1
		fi
		sleep 0.1
	done
	echo "# $channel: $said"
}

# ---- load -----------------------------------------------------------------------------------------

seed=0
loads_start() { # channel...
	local i
	for i in "${nodes[@]}"; do
		seed=$((seed + 1))
		"$client" keep "${node_port[i]}" "$org1_user/msp" Org1MSP "$acks" $seed "$@" 2>>"$scratch/node$i/load.log" &
		loads+=($!)
	done
}

# A client that has died has seen something that it did not expect.
loads_stop() {
	local p rc=0
	for p in "${loads[@]}"; do kill -TERM "$p" && wait "$p" || rc=1; done
	loads=()
	[ $rc -eq 0 ] || tail -n 2 "$scratch"/node*/load.log | sed 's/^/# /'
	return $rc
}

# Wait until the clients of all nodes together have so many more acknowledgements.
acked() { wc -l <"$acks"; }
more_acks() { # count
	local want=$(($(acked) + $1))
	for _ in $(seq 600); do
		[ "$(acked)" -ge $want ] && return 0
		sleep 0.05
	done
	echo "# $(acked) acknowledgements, want $want"
	return 1
}

# ---- what they say --------------------------------------------------------------------------------

healthz() { curl -s "http://127.0.0.1:${node_health[$1]}/healthz"; } # node
says_healthy() { healthz "$1" | grep -q '"status":"OK"'; }
says_unhealthy() { healthz "$1" | grep -q "\"component\":\"$2\".*\"reason\":\"[^\"]*$3"; } # node component regex
logged() { grep -q "$2" "$scratch/node$1/log"; } # node regex
booting='backing Kafka cluster has not completed booting; try again later'
refuses() { # channel text: what Broadcast says
	local said
	said=$("$ctl" send --orderer "127.0.0.1:$port" "${tls[@]}" --identity "$(reader "$1")" --channel "$1" 2>&1) && return 1
	[[ $said = *"503 SERVICE_UNAVAILABLE: "*"$2"* ]] || { echo "$said"; return 1; }
}
