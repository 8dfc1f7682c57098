# SPDX-License-Identifier: Apache-2.0
# Sourced after ../scenario/lib.sh: a real Apache Kafka on loopback, one broker or three, each of them
# a controller too.  Broker 1 keeps properties, log and data in $scratch/kafka/1, and so on.
#
#   kafka_start COUNT [PROPERTY=VALUE...]   makes brokers, starts them, waits until they serve
#   kafka_make COUNT [PROPERTY=VALUE...]    only makes them, so that their ports are known
#   kafka_run I... / kafka_end I...         starts and waits until they serve / SIGTERM
#   kafka_kill I... / kafka_stop I... / kafka_cont I...   SIGKILL, SIGSTOP, SIGCONT
#   kafka_brokers                           HOST:PORT,... for clients
#   kafka_topic_create, kafka_topic_delete, kafka_topic_set, kafka_delete_records   do things
#   kafka_leader, kafka_in_sync, kafka_offset, kafka_dump                           tell things
#
# Clients have a listener of their own, and before kafka_make a script may say how they come in:
#   kafka_security=SSL|SASL_PLAINTEXT|SASL_SSL   TLS is mutual, with the files of kafka_tls_make
#   kafka_users=(NAME:PASSWORD...)               by PLAIN; after kafka_scram NAME:PASSWORD by SCRAM
# Brokers and the tools of this file use another one, plain, as the user ANONYMOUS.
#
# KAFKA_JARS is where the jars are kept [build-tests/kafka-jars beside the sources].

kafka_here=$top/tests/kafka
kafka_dir=$scratch/kafka
kafka_jars=${KAFKA_JARS:-$top/build-tests/kafka-jars}
kafka_classes=$kafka_jars/classes.jsa
kafka_cluster=MkU3OEVBNTcwNTJENDM2Qg # an id: 16 bytes in base64
kafka_security=PLAINTEXT
kafka_users=()
kafka_under=()
kafka_pid=() kafka_from=()                  # of each broker; the line of its log where this run begins
kafka_port=() kafka_inner=() kafka_voter=() # listeners: the clients', the brokers', the controllers'
# Short runs: no second compiler.  (A benchmark wants kafka_jvm=(-Xmx1g).)
kafka_jvm=(-Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1)

kafka_cleanup() {
	local p
	for p in "${kafka_pid[@]}"; do
		[ -z "$p" ] || { kill -9 "$p"; wait "$p"; } 2>/dev/null
	done
	cleanup
}
trap kafka_cleanup EXIT

# ---- the jars -------------------------------------------------------------------------------------

# From Maven Central, once for each pom.xml.
kafka_fetch() {
	cmp -s "$kafka_here/pom.xml" "$kafka_jars/pom.xml" && return 0
	rm -rf "$kafka_jars"
	mkdir -p "$kafka_jars" || return 1
	mvn -q -B -f "$kafka_here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
		-DoutputDirectory="$kafka_jars" >"$kafka_jars/log" 2>&1 || {
		echo "# Apache Kafka could not be fetched from Maven Central:" >&2
		tail -n 5 "$kafka_jars/log" >&2
		return 1
	}
	kafka_keep_classes || echo "# no archive of classes: brokers start slowly" >&2
	cp "$kafka_here/pom.xml" "$kafka_jars/"
}

# One broker's life, to keep the classes that it loaded: the next ones start in a third of the time.
kafka_keep_classes() (
	trap - EXIT
	kafka_dir=$scratch/kafka-classes
	kafka_jvm+=(-XX:ArchiveClassesAtExit="$kafka_classes")
	kafka_make 1 && kafka_run 1 && kafka_end 1
) >/dev/null

kafka_java() { # class arguments...; replaces this shell
	local jars jvm=("${kafka_jvm[@]}")
	jars=$(printf '%s:' "$kafka_jars"/*.jar)
	# An archive of other jars is not used, but spoken of on stdout.
	[ -f "$kafka_classes" ] && jvm+=(-Xshare:auto -XX:SharedArchiveFile="$kafka_classes" -Xlog:disable)
	exec "${kafka_under[@]}" java "${jvm[@]}" -Dlog4j.configuration="file:$kafka_here/log4j.properties" \
		-Dkafka.log="${kafka_log:-INFO}" -cp "$jars" "$@"
}

# ---- brokers --------------------------------------------------------------------------------------

# The files of TLS, in $kafka_tls: ca.crt; broker.pem for the brokers; client.crt and client.key.
kafka_tls=$kafka_dir/tls
kafka_tls_make() {
	local org=$kafka_tls/ordererOrganizations/kafka.example.com/orderers
	mkdir -p "$kafka_tls"
	cat >"$kafka_tls/crypto.yaml" <<-'END'
	OrdererOrgs:
	  - {Name: Kafka, Domain: kafka.example.com, Specs: [{Hostname: broker, SANS: [127.0.0.1]}, {Hostname: client}]}
	END
	"$build/ordererctl" crypto --config "$kafka_tls/crypto.yaml" --output "$kafka_tls" >/dev/null || return 1
	cat "$org"/broker.*/tls/server.{key,crt} >"$kafka_tls/broker.pem"
	cp "$org"/broker.*/tls/ca.crt "$kafka_tls/ca.crt"
	cp "$org"/client.*/tls/server.crt "$kafka_tls/client.crt"
	cp "$org"/client.*/tls/server.key "$kafka_tls/client.key"
}

# How clients come in.
kafka_client_listener() {
	local u plain=
	if [[ $kafka_security = *SSL ]]; then
		printf 'listener.name.client.ssl.%s\n' client.auth=required \
			keystore.type=PEM keystore.location="$kafka_tls/broker.pem" \
			truststore.type=PEM truststore.location="$kafka_tls/ca.crt"
	fi
	if [[ $kafka_security = SASL* ]]; then
		for u in "${kafka_users[@]}"; do plain+=" user_${u%%:*}=\"${u#*:}\""; done
		printf 'listener.name.client.%s\n' sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512 \
			"plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required$plain;" \
			scram-sha-{256,512}".sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;"
	fi
}

# What an operator of Fabric sets, and failures that are noticed in seconds.
kafka_properties() { # broker count
	local i=$1 v voters=
	for v in $(seq "$2"); do voters+=,$v@127.0.0.1:${kafka_voter[v]}; done
	printf '%s\n' process.roles=broker,controller node.id="$i" controller.quorum.voters="${voters#,}" \
		listeners="CLIENT://127.0.0.1:${kafka_port[i]},INNER://127.0.0.1:${kafka_inner[i]},CONTROLLER://127.0.0.1:${kafka_voter[i]}" \
		advertised.listeners="CLIENT://127.0.0.1:${kafka_port[i]},INNER://127.0.0.1:${kafka_inner[i]}" \
		inter.broker.listener.name=INNER controller.listener.names=CONTROLLER \
		listener.security.protocol.map="CLIENT:$kafka_security,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT" \
		log.dirs="$kafka_dir/$i/data" log.cleaner.enable=false \
		message.max.bytes=103809024 replica.fetch.max.bytes=103809024 log.retention.ms=-1 \
		unclean.leader.election.enable=false default.replication.factor="$2" \
		min.insync.replicas=$((($2 + 1) / 2)) offsets.topic.replication.factor="$2" \
		broker.heartbeat.interval.ms=300 broker.session.timeout.ms=2000 \
		controller.quorum.fetch.timeout.ms=1000 controller.quorum.election.timeout.ms=500
	kafka_client_listener
}

kafka_make() { # count [property=value...]
	local n=$1 i ports
	shift
	read -ra ports < <(free_ports $((3 * n)))
	for i in $(seq "$n"); do
		kafka_port[i]=${ports[3 * i - 3]} kafka_inner[i]=${ports[3 * i - 2]} kafka_voter[i]=${ports[3 * i - 1]}
	done
	for i in $(seq "$n"); do
		mkdir -p "$kafka_dir/$i/data" || return 1
		printf '%s\n' version=1 cluster.id=$kafka_cluster node.id="$i" >"$kafka_dir/$i/data/meta.properties"
		{ kafka_properties "$i" "$n"; printf '%s\n' "$@"; } >"$kafka_dir/$i/properties"
	done
}

kafka_start() { # count [property=value...]
	kafka_fetch && kafka_make "$@" && kafka_run $(seq "$1")
}

kafka_run() { # broker...
	local i
	for i in "$@"; do
		touch "$kafka_dir/$i/log"
		kafka_from[i]=$(($(wc -l <"$kafka_dir/$i/log") + 1))
		kafka_java kafka.Kafka "$kafka_dir/$i/properties" >>"$kafka_dir/$i/log" 2>&1 &
		kafka_pid[i]=$!
	done
	for i in "$@"; do kafka_ready "$i" || return 1; done
}

# Wait until it serves, thirty seconds at most.
kafka_ready() { # broker
	local log=$kafka_dir/$1/log
	for _ in $(seq 600); do
		grep -q 'Kafka Server started' <(tail -n +"${kafka_from[$1]}" "$log") && return 0
		kill -0 "${kafka_pid[$1]}" 2>/dev/null || break
		sleep 0.05
	done
	echo "# broker $1 did not start:" >&2
	grep -E ' (WARN|ERROR|FATAL) ' "$log" | tail -n 5 >&2
	return 1
}

kafka_signal() { # signal broker...
	local signal=$1 i
	shift
	for i in "$@"; do kill -"$signal" "${kafka_pid[i]}" || return 1; done
}
kafka_stop() { kafka_signal STOP "$@"; }
kafka_cont() { kafka_signal CONT "$@"; }

kafka_reap() { # broker...
	local i
	for i in "$@"; do
		wait "${kafka_pid[i]}"
		kafka_pid[i]=
	done
} 2>/dev/null # bash reports who was killed
kafka_kill() { kafka_signal KILL "$@" && kafka_reap "$@"; }
kafka_end() { kafka_signal TERM "$@" && kafka_reap "$@"; }

kafka_list() { # ports...
	local list
	list=$(printf ',127.0.0.1:%s' "$@")
	echo "${list#,}"
}
kafka_brokers() { kafka_list "${kafka_port[@]}"; }

# ---- tools ----------------------------------------------------------------------------------------

kafka_tool() { # class arguments...
	local class=$1 kafka_under=(timeout 60) # they wait for ever for brokers that died lately
	shift
	(kafka_log=OFF kafka_java "$class" --bootstrap-server "$(kafka_list "${kafka_inner[@]}")" "$@")
}

# What changes something speaks only when it fails.
kafka_do() { # command...
	local said
	said=$("$@" 2>&1) && ! grep -q error: <<<"$said" && return 0
	grep -v '^	at ' <<<"$said" | head -n 5 | sed 's/^/# /' >&2
	return 1
}

kafka_topics() { kafka_do kafka_tool org.apache.kafka.tools.TopicCommand "$@"; }
kafka_configs() { kafka_do kafka_tool kafka.admin.ConfigCommand "$@"; }

kafka_topic_create() { # topic [option...]
	local topic=$1
	shift
	kafka_topics --create --topic "$topic" --partitions 1 "$@"
}
kafka_topic_delete() { kafka_topics --delete --topic "$1"; }
kafka_describe() { kafka_tool org.apache.kafka.tools.TopicCommand --describe "$@"; }
kafka_leader() { kafka_describe --topic "$1" | sed -n 's/.*Leader: \([0-9]*\).*/\1/p'; } # topic
kafka_in_sync() { [ -z "$(kafka_describe --under-replicated-partitions 2>&1)" ]; } # all replicas there are
kafka_topic_set() { # topic name=value[,...]
	kafka_configs --alter --entity-type topics --entity-name "$1" --add-config "$2"
}
kafka_delete_records() { # topic offset: the first that stays
	printf '{"version": 1, "partitions": [{"topic": "%s", "partition": 0, "offset": %s}]}' "$@" >"$kafka_dir/delete.json"
	kafka_do kafka_tool org.apache.kafka.tools.DeleteRecordsCommand --offset-json-file "$kafka_dir/delete.json"
}
kafka_offset() { # topic [earliest|latest]: the first offset, the one after the last
	kafka_tool org.apache.kafka.tools.GetOffsetShell --topic "$1" --time "${2:-latest}" | cut -d : -f 3
}
kafka_scram() { # name:password
	local bits
	for bits in 256 512; do # not in one request
		kafka_configs --alter --entity-type users --entity-name "${1%%:*}" \
			--add-config "SCRAM-SHA-$bits=[password=${1#*:}]" || return 1
	done
}
kafka_acl() { kafka_do kafka_tool kafka.admin.AclCommand "$@"; } # options of kafka-acls

# The records of a topic as broker 1 has them on disk, a line each: offset, time, size, but no contents.
kafka_dump() { # topic [broker]
	kafka_java kafka.tools.DumpLogSegments --print-data-log --skip-record-metadata --files \
		"$(printf '%s,' "$kafka_dir/${2:-1}/data/$1-0"/*.log)" 2>&1 | grep -a -o 'offset: .* keySize.*'
}
