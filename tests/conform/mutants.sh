#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Does the battery bite?  Each row breaks solo in one place; ordererd-conform must fail it, in the
# scenario or with the sentence named.
top=${TOP_SRCDIR:-.}
conform=${TOP_BUILDDIR:-.}/ordererd-conform
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
TESTKIT_WAIT=1
export TESTKIT_WAIT
status=0

# mutant NAME SED-SCRIPT EXPECTED [ARGUMENT...]
mutant() {
	name=$1 edit=$2 expected=$3
	shift 3
	mkdir "$work/$name"
	sed "$edit" "$top/plugins/solo/solo.c" >"$work/$name/solo.c"
	if cmp -s "$top/plugins/solo/solo.c" "$work/$name/solo.c"; then
		echo "not ok - $name: the edit changes nothing"
		status=1
	elif ! ${CC:-cc} $PLUGIN_CFLAGS -w -fPIC -shared -I"$top/include" \
		-o "$work/$name/solo.so" "$work/$name/solo.c"; then
		echo "not ok - $name does not compile"
		status=1
	elif "$conform" -x "$@" "$work/$name/solo.so" >"$work/$name/tap" 2>&1; then
		echo "not ok - $name passes"
		status=1
	elif ! grep -A9 '^not ok' "$work/$name/tap" | grep -q "$expected"; then
		echo "not ok - $name fails elsewhere than in '$expected':"
		sed 's/^/# /' "$work/$name/tap"
		status=1
	else
		echo "ok - $name"
	fi
}

mutant overtakes '/^static void order_config/,/^}/s/cut_pending(c);//' 'overtakes'
mutant leaks-messages 's/^\tc->ops->env_unref(env);$//' 'messages are still referenced'
mutant settles-twice 's/^\t\tc->ops->settle(\(.*\));/\t\tc->ops->settle(\1), c->ops->settle(\1);/' \
	'settled after it had been settled'
mutant syncs-at-times 's/^static int take/static int lazy;\n&/;s/c->ops->journal_sync/lazy++ % 2 \&\& &/' \
	'a crash at any call'
mutant forgets-journal 's/^\twhile (.*journal_next.*)$/\twhile (0)/' 'before journal_next'
mutant orders-refused 's/if (c->durable && c->ops->journal_sync(c->journal, &full) < 0)/c->ops->journal_sync(c->journal, \&full); if (0)/' 'a journal that cannot write'
mutant trusts-the-past 's/else if (.*seq < .*sequence(c->s))/else if (0)/' 'checked again'
mutant restarts-timer 's/if (wait_ns == 0 || c->cut_at == ORD_NEVER).*//' 'the batch timer'
mutant keeps-timer 's/if (wait_ns == 0 || \(.*\))/if (wait_ns \&\& \1)/' 'the batch timer\|PreferredMaxBytes'
mutant never-cuts 's/ || c->ops->now_ns(c->s) >= c->cut_at//' 'messages of many threads'
mutant drops-pending 's/n == ORD_ECLOSED ||//' 'loses nothing accepted' -v -s Durable=false
mutant looks-healthy 's/return atomic_load.*/return false;/' 'errored() says that all is well'
mutant never-kicks 's/c->ops->kick(c->s);//' 'a second halt'
mutant forgets-thread 's/c->ops->thread_join(c->thread);//' 'halt'
mutant keeps-journal-open 's/c->ops->journal_close(c->journal);//' 'journal is not closed'
mutant loses-tickets 's/return ord_fail(e, ORD_ECLOSED.*/return 0;/' 'order(k, .a.) < 0'
mutant refuses-in-silence 's/return ord_fail(e, ORD_ECLOSED.*/return ORD_ECLOSED;/' 'ord_err says'
mutant blind-to-config 's/classify(env) == ORD_MSG_CONFIG/classify(env) > ORD_MSG_CONFIG/' 'a config message'
mutant orders-what-it-checked 's/c->ops->process_config(c->s, &m.taken.->env,\(.*\));/{ struct ord_env *made = c->ops->env_ref(m[taken]->env); c->ops->process_config(c->s, \&made,\1); c->ops->env_unref(made); }/' \
	'does not apply'
mutant writes-nothing 's/c->ops->write_block(c->s, \(c->ops->create_block(.*)\),.*/\1;/' \
	'the block before is not written'
mutant shuts-its-eyes 's/if (s->ops->journal_open.*/s->ops->journal_open(s, \&c->journal, e); if (0) {/' \
	'passed it over'
exit $status
