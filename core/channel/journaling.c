/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal as a chain sees it: messages in, and after a crash those back that no block holds.
 *
 * A mark says "up to position P everything is in blocks up to number K".  What lies between the
 * mark and the crash is found by walking the blocks behind K beside the records behind P: blocks
 * hold a subsequence of the journal, in its order (a message may be dropped at re-validation, none
 * can overtake).  So each data element is matched with the next equal record, and the chain resumes
 * behind the last match.  Identical messages stay apart, because order tells which is which.
 */
#include <stdlib.h>

#include "channel_priv.h"

static struct log_logger logger = LOG_LOGGER("orderer.commmon.multichannel");

/* The records behind the mark, as fingerprints. */
struct trail {
	uint64_t *positions;
	uint64_t *prints;
	size_t n, cap, next; /* next: the first record that no element has matched yet */
};

/* A record is uvarint(config sequence), then the envelope. */
static struct ord_bytes record_envelope(struct ord_bytes record, uint64_t *seq)
{
	size_t n = uvarint_get(record, seq);

	return n ? bytes_of(record.data + n, record.len - n) : bytes_of(NULL, 0);
}

static int trail_read(struct trail *t, struct journal *j, struct ord_err *e)
{
	struct ord_bytes record;
	uint64_t position, seq;
	int rc;

	while ((rc = journal_replay(j, &position, &record, e)) == 1) {
		if (t->n == t->cap) {
			t->cap = t->cap ? 2 * t->cap : 256;
			t->positions = x_realloc(t->positions, t->cap * sizeof(uint64_t));
			t->prints = x_realloc(t->prints, t->cap * sizeof(uint64_t));
		}
		t->positions[t->n] = position;
		t->prints[t->n++] = util_siphash(record_envelope(record, &seq));
	}
	return rc;
}

/* Match one block's elements, in order; an element without a record came from elsewhere (a config
 * message is made anew when it is re-validated). */
static void trail_match(struct trail *t, const struct ord_block *b)
{
	for (size_t i = 0; i < b->n_data; i++) {
		uint64_t print = util_siphash(b->data[i]);

		for (size_t k = t->next; k < t->n; k++)
			if (t->prints[k] == print) {
				t->next = k + 1;
				break;
			}
	}
}

/* The position behind which records are not in any block. */
static int find_resume(struct chan *c, struct journal *j, uint64_t *resume, struct ord_err *e)
{
	struct trail t = {0};
	uint64_t position, number;
	int rc;

	journal_marked(j, &position, &number);
	*resume = position;
	rc = trail_read(&t, j, e);
	for (uint64_t n = number + 1; t.n && n < ledger_height(c->ledger) && rc == 0; n++) {
		struct ord_block *b;

		rc = ledger_read(c->ledger, n, &b, e);
		if (rc == 0) {
			trail_match(&t, b);
			block_unref(b);
		}
	}
	if (t.next > 0)
		*resume = t.positions[t.next - 1];
	if (t.n > t.next)
		log_info(&logger, "[channel: %s] %zu acknowledged messages are not in a block yet",
			 c->id, t.n - t.next);
	free(t.positions);
	free(t.prints);
	return rc;
}

int journaling_open(struct chan *c, struct ord_journal **out, struct ord_err *e)
{
	struct ord_journal *j = &c->journal;
	uint64_t resume;
	int rc;

	util_assert(!j->journal);
	rc = journal_open(c->ledger, &j->journal, e);
	if (rc < 0)
		return rc;
	j->chan = c;
	rc = find_resume(c, j->journal, &resume, e);
	/* Blocks of before this journal must not be taken for answers to its messages. */
	if (rc == 0)
		rc = journal_begin(j->journal, resume, ledger_height(c->ledger) - 1, e);
	if (rc < 0) {
		journal_close(j->journal);
		j->journal = NULL;
		return rc;
	}
	c->journal_done = resume;
	*out = j;
	return 0;
}

int journaling_next(struct ord_journal *j, struct ord_env **env, uint64_t *seq)
{
	struct ord_bytes record;
	uint64_t position;
	struct ord_err e = ERR_INIT;
	int rc = journal_replay(j->journal, &position, &record, &e);

	if (rc > 0)
		rc = env_parse(record_envelope(record, seq), env, &e) < 0 ? e.code : 1;
	if (rc < 0) /* what follows may not overtake it */
		chan_support_ops.fatal(&j->chan->support, e.msg);
	if (rc > 0)
		(*env)->journal_pos = position;
	return rc;
}

void journaling_append(struct ord_journal *j, struct ord_env *env, uint64_t seq)
{
	uint8_t head[10];

	env->journal_pos =
		journal_append(j->journal, bytes_of(head, uvarint_put(head, seq)), env->raw);
}

/* What a ledger that refuses blocks would have to take later is refused now. */
int journaling_sync(struct ord_journal *j, struct ord_err *e)
{
	int rc = chan_check_writable(j->chan, e);

	if (rc < 0)
		journal_drop(j->journal);
	return rc < 0 ? rc : journal_sync(j->journal, e);
}
