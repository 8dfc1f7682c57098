#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# layers.sh on a tree with one breach of every kind, and on that tree without them.
top=${TOP_SRCDIR:-.}
tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/core/left" "$tree/core/right" "$tree/core/attic" "$tree/plugins/p" \
	"$tree/include/ordererd" "$tree/tests/conform"
printf '# rooms\nleft\nwire\nright\n' >"$tree/core/LAYERS"

put() {
	printf '%s\n' "$2" >"$tree/$1"
}
put core/left/left.h '#include <stdio.h>'
put core/left/left_priv.h '#include <left/left.h>'
put core/right/right.c '#include <left/left.h>
#include "common.pb-c.h"
#include <openssl/evp.h>'
put plugins/p/p.c '#include <ordererd/consensus.h>
#include <librdkafka/rdkafka.h>
#include "p.h"'
put plugins/p/p.h ''
put tests/conform/kit.h '#include <ordererd/testkit.h>'
if ! "$top/tests/layers.sh" "$tree"; then
	echo 'the clean tree is refused'
	exit 1
fi

put core/left/a.c '#include <right/right.h>'
put core/left/b.c '  # include "common.pb-c.h"'
put core/left/c.c '#include "missing_priv.h"'
put core/left/d.c '#include "util.h"'
put core/left/util.h ''
put core/right/a.c '#include <left/left_priv.h>'
put core/attic/a.c '#include <left/left.h>'
put plugins/p/a.c '#include <left/left.h>'
put plugins/p/b.c '#include <ordererd/testkit.h>'
put plugins/p/c.c '#include "../../core/left/left.h"'
put plugins/p/d.c '#include "config.h"'
put include/ordererd/a.h '#include <left/left.h>'
put tests/conform/kit_a.c '#include <left/left.h>'
cat >"$tree/want" <<'END'
core/attic/a.c:1: core/attic is not in core/LAYERS
core/left/a.c:1: left includes <right/right.h>, but right comes after it in core/LAYERS
core/left/b.c:1: left includes <common.pb-c.h>, but wire comes after it in core/LAYERS
core/left/c.c:1: "missing_priv.h" is not in core/left
core/left/d.c:1: "util.h" is neither left.h nor *_priv.h
core/right/a.c:1: right includes <left/left_priv.h>, but left shows <left/left.h> only
include/ordererd/a.h:1: a public header includes left/left.h
plugins/p/a.c:1: a plugin includes left/left.h
plugins/p/b.c:1: a plugin includes ordererd/testkit.h
plugins/p/c.c:1: "../../core/left/left.h" is not in plugins/p
plugins/p/d.c:1: a plugin includes config.h
tests/conform/kit_a.c:1: the testkit includes left/left.h
END
if "$top/tests/layers.sh" "$tree" >"$tree/got"; then
	echo 'the tree with breaches passes'
	exit 1
fi
diff "$tree/want" "$tree/got"
