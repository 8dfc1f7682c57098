# SPDX-License-Identifier: Apache-2.0
# Sourced after steps.sh: the consensus of channel alpha, changed as an administrator does it.

newest_config() { # its file
	fetch "$orderer_admin" alpha config --output "$work/config.block" 2>"$work/fetch.log" &&
		"$ctl" decode --type common.Block --output "$1" "$work/config.block"
}

has_type() { # type
	newest_config "$work/config.json" && python3 - "$work/config.json" "$1" <<-'END'
	import json, sys
	config = json.load(open(sys.argv[1]))["data"]["data"][0]["payload"]["data"]["config"]
	value = config["channel_group"]["groups"]["Orderer"]["values"]["ConsensusType"]["value"]
	sys.exit(value["type"] != sys.argv[2])
	END
}

# Type and state, edited and signed; for kafka, with the brokers in $brokers (HOST:PORT,...).
submit() { # type state [option...]
	local type=$1 state=$2
	shift 2
	newest_config "$work/config.json" && python3 - "$work" "$type" "$state" "${brokers-}" <<-'END' || return 1
	import json, sys
	work, type, state, brokers = sys.argv[1:]
	config = json.load(open(work + "/config.json"))["data"]["data"][0]["payload"]["data"]["config"]
	json.dump(config, open(work + "/now.json", "w"))
	values = config["channel_group"]["groups"]["Orderer"]["values"]
	values["ConsensusType"]["value"]["type"], values["ConsensusType"]["value"]["state"] = type, state
	if type == "kafka":
	    values["KafkaBrokers"] = {"mod_policy": "Admins", "version": "0", **values.get("KafkaBrokers", {}),
	                              "value": {"brokers": brokers.split(",")}}
	json.dump(config, open(work + "/then.json", "w"))
	END
	"$ctl" encode --type common.Config --output "$work/now.pb" "$work/now.json" &&
		"$ctl" encode --type common.Config --output "$work/then.pb" "$work/then.json" &&
		"$ctl" config-update compute --channel alpha --original "$work/now.pb" --updated "$work/then.pb" \
			--envelope --output "$work/update.tx" &&
		"$ctl" channel update --orderer "127.0.0.1:$port" --identity "$orderer_admin" --timeout 5s "$@" \
			"$work/update.tx"
}
