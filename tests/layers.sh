#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who may include whom.  Usage: layers.sh [TOP].  Prints every breach as FILE:LINE: what is wrong.
#
#   core/<room>          its own room and the rooms before it in core/LAYERS; of another room only
#                        <room/room.h>; its own room's further headers are called *_priv.h
#   plugins/<name>       <ordererd/consensus.h>, its own files, and <name>.pb-c.h, which is made from
#                        proto/<name>.proto; its test*.c <ordererd/testkit.h>, too
#   doc/skeleton         as a plugin
#   include/ordererd     <ordererd/...>
#   the testkit          <ordererd/...> and its own files
#
# Headers that are not in this tree, those of the system and of libraries, are everybody's.
top=${1:-${TOP_SRCDIR:-.}}
cd "$top" || exit 1

find core plugins include doc/skeleton tests/conform -name '*.[ch]' 2>/dev/null | LC_ALL=C sort |
	xargs grep -nE '^[[:space:]]*#[[:space:]]*include' /dev/null |
	awk '
	function breach(what) {
		print file ":" line ": " what
		bad = 1
	}
	function exists(path,   text) {
		if ((getline text < path) < 0)
			return 0
		close(path)
		return 1
	}
	# The room that a header belongs to; "" for one that is not in core.
	function room_of(header,   parts) {
		if (header ~ /\.pb-c\.h$/)
			return "wire"
		split(header, parts, "/")
		return (parts[1] in rank) && header ~ /\// ? parts[1] : ""
	}
	function folder_name(folder) {
		sub(/^.*\//, "", folder)
		return folder
	}
	function check_room(own, header, quoted,   room) {
		room = room_of(header)
		if (quoted && !room) {
			if (!exists("core/" own "/" header))
				breach("\"" header "\" is not in core/" own)
			else if (header != own ".h" && header !~ /_priv\.h$/)
				breach("\"" header "\" is neither " own ".h nor *_priv.h")
		} else if (room && !(own in rank)) {
			breach("core/" own " is not in core/LAYERS")
		} else if (room && rank[room] > rank[own]) {
			breach(own " includes <" header ">, but " room " comes after it in core/LAYERS")
		} else if (room && room != own && header ~ /\// && header != room "/" room ".h") {
			breach(own " includes <" header ">, but " room " shows <" room "/" room ".h> only")
		}
	}
	function check_stranger(who, header, quoted, folder, allowed) {
		if (header == folder_name(folder) ".pb-c.h")
			return
		if (header ~ /^ordererd\// ? header !~ allowed : room_of(header) || header == "config.h")
			breach(who " includes " header)
		else if (quoted && (header ~ /\.\./ || !exists(folder "/" header)))
			breach("\"" header "\" is not in " folder)
	}
	BEGIN {
		while ((getline room < "core/LAYERS") > 0)
			if (room !~ /^#/)
				rank[room] = ++n
		if (n == 0) {
			print "core/LAYERS: no rooms in it"
			exit 1
		}
	}
	{
		split($0, at, ":")
		file = at[1]
		line = at[2]
		header = $0
		quoted = header ~ /include[[:space:]]*"/
		sub(/^[^<"]*[<"]/, "", header)
		sub(/[>"].*$/, "", header)
		folder = file
		sub(/\/[^\/]*$/, "", folder)
		split(file, dir, "/")
		if (dir[1] == "core")
			check_room(dir[2], header, quoted)
		else if (dir[1] == "plugins" && dir[3] == "tests")
			; # a test looks where it must
		else if (dir[1] == "plugins" || dir[1] == "doc")
			check_stranger("a plugin", header, quoted, folder,
				file ~ /\/test[^\/]*$/ ? "^ordererd/" : "^ordererd/consensus.h$")
		else if (dir[1] == "include")
			check_stranger("a public header", header, quoted, folder, "^ordererd/")
		else if (dir[3] ~ /kit/)
			check_stranger("the testkit", header, quoted, folder, "^ordererd/")
	}
	END {
		exit bad || n == 0
	}'
