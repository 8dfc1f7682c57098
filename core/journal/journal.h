/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal - a durable queue of opaque records, one a channel: what was accepted and stands in no
 * block yet.
 *
 *   <root>/ordererd/<channel>/journal.*   its segments
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <ledger/ledger.h>

/* Records live at increasing positions (1, 2, …).  A mark says "everything up to position P is in
 * blocks up to number K": what lies before it may go. */
struct journal;

/** Open a channel's journal, made when missing; scans what the last run left.  A mark that speaks
 *  of blocks that the ledger has no longer does not count.
 *  Blocks: disk.   Errors: ORD_EINTERNAL I/O; a torn tail is no error. */
int journal_open(struct ledger *l, struct journal **out, struct ord_err *e);
void journal_close(struct journal *j);
/** Delete the channel's journal, which is not open.   Blocks: disk. */
int journal_remove(struct ledger *l, struct ord_err *e);
/** The newest mark found on opening. */
void journal_marked(const struct journal *j, uint64_t *position, uint64_t *block_number);
/** Walk the surviving records behind the mark, oldest first, before the first append:
 *  1 and a view valid until the next call; 0 at the end.
 *  Blocks: disk.   Errors: ORD_EINTERNAL I/O: more may follow that cannot be read. */
int journal_replay(struct journal *j, uint64_t *position, struct ord_bytes *record,
		   struct ord_err *e);
/** Once it is known that everything up to @position stands in blocks up to @block_number, and
 *  nothing behind: journal_replay() begins again, behind it, and when it has ended, records may be
 *  appended.
 *  Blocks: disk.   Errors: ORD_EUNAVAIL. */
int journal_begin(struct journal *j, uint64_t position, uint64_t block_number, struct ord_err *e);
/** Add a record (copied to the write buffer); returns its position.  Thread: one. */
uint64_t journal_append(struct journal *j, struct ord_bytes head, struct ord_bytes body);
/** Write and sync what was appended.   Thread: the appender.   Blocks: fdatasync.
 *  Errors: ORD_EUNAVAIL: nothing since the last good sync is kept. */
int journal_sync(struct journal *j, struct ord_err *e);
/** Forget what was appended since the last sync.   Thread: the appender. */
void journal_drop(struct journal *j);
/** Everything up to @position stands in synced blocks up to @block_number.  Cheap, not synced.
 *  Thread: any (takes the journal's lock). */
void journal_mark(struct journal *j, uint64_t position, uint64_t block_number);

#endif /* JOURNAL_H */
