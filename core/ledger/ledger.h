/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger - block files in Fabric's own on-disk format, an index beside them, iterators, recovery;
 * and the journal, a durable queue of opaque records.  Source: spec 7.5.
 *
 *   <root>/chains/<channel>/blockfile_NNNNNN   Fabric's, byte for byte
 *   <root>/index/                              a Go orderer's: removed before the first append
 *   <root>/ordererd/<channel>/index            ours: derived, checked, rebuilt
 *   <root>/ordererd/<channel>/journal.*        the journal's segments
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <wire/wire.h>

#define LEDGER_FILE_MAX (64u * 1024 * 1024)

struct ledger_root; /* FileLedger.Location */
struct ledger;      /* one channel's chain */

/** Open the directory (made when missing) and lock it against a second process.
 *  Blocks: disk.   Errors: text names the directory; ORD_EUNAVAIL another process holds it. */
int ledger_root_open(const char *path, struct ledger_root **out, struct ord_err *e);
void ledger_root_close(struct ledger_root *r);
/** Channel ids with a chain directory, sorted; free with file_list_free(). */
int ledger_root_list(struct ledger_root *r, char ***ids, size_t *n, struct ord_err *e);

/** Open a channel's chain, made when missing and @create.  Recovers: a torn tail is cut to the last
 *  whole block whose number and previous hash fit, the index brought up to date.
 *  Thread: any (different channels at the same time).   Blocks: disk.
 *  Errors: ORD_EINVAL damage before the tail: the file, the offset and the remedy are named and
 *  nothing is changed. */
int ledger_open(struct ledger_root *r, const char *channel_id, bool create, struct ledger **out,
		struct ord_err *e);
void ledger_close(struct ledger *l); /* no iterator may be open */
/** Blocks that are on disk, synced; readable by anyone.  Thread: any.  Blocks: no. */
uint64_t ledger_height(const struct ledger *l);
/** The newest block, +1; NULL when the chain is empty. */
struct ord_block *ledger_tip(struct ledger *l);

/** Append @n sealed blocks behind the current tip, one write and one fsync for all.
 *  A block already present with the same header hash is skipped as success (recovery replays).
 *  Thread: one at a time per ledger.   Blocks: fsync.
 *  Owns:   borrowed; the ledger keeps its own references.
 *  Errors: ORD_EINVAL wrong number, previous hash or data hash; ORD_EUNAVAIL disk full or I/O
 * error: nothing was kept, the file is back at its old end, try again. */
int ledger_append(struct ledger *l, struct ord_block *const *blocks, size_t n, struct ord_err *e);
/** Called after the height moved, on the appending thread.  Set once, before the first append. */
void ledger_on_append(struct ledger *l, void (*fn)(void *arg, uint64_t height), void *arg);

/** Block @number, +1: from the cache of recent blocks or from disk; one read serves all who ask.
 *  Thread: any.   Blocks: disk.
 *  Errors: ORD_ENOENT not there yet; ORD_EINTERNAL unreadable or damaged, with file and offset. */
int ledger_read(struct ledger *l, uint64_t number, struct ord_block **out, struct ord_err *e);
/** As ledger_read(), but only from the cache; NULL when it would have to touch the disk.
 *  Thread: any.   Blocks: no. */
struct ord_block *ledger_cached(struct ledger *l, uint64_t number);
/** Read the block files of @chain_dir (<root>/chains/<channel>) from block 0 on, for tools: takes
 * no lock, changes nothing, checks structure, numbers, hash chain and data hashes.  A result other
 *  than 0 from @each ends the walk and is returned; the block is borrowed.
 *  Blocks: disk.   Errors: ORD_EINVAL the first damage, with file, offset and block number. */
int ledger_walk(const char *chain_dir,
		int (*each)(void *arg, struct ord_block *b, uint32_t file, uint32_t offset),
		void *arg, struct ord_err *e);
/** Delete a channel that is not open: index, journal, chain.  Begun and not finished, it can be
 * called again; nothing there is no error. Blocks: disk. */
int ledger_remove(struct ledger_root *r, const char *channel_id, struct ord_err *e);
const char *ledger_root_path(const struct ledger_root *r);
/** Bytes free on the file system that holds the chains; 0 when unknown. */
uint64_t ledger_root_free_bytes(const struct ledger_root *r);

/* ---- journal --------------------------------------------------------------------- */

/* Records live at increasing positions (1, 2, …).  A mark says "everything up to position P is in
 * blocks up to number K": what lies before it may go. */
struct journal;

/** Open a channel's journal, made when missing; scans what the last run left.
 *  Blocks: disk.   Errors: ORD_EINTERNAL I/O; a torn tail is no error. */
int journal_open(struct ledger *l, struct journal **out, struct ord_err *e);
void journal_close(struct journal *j);
/** Delete the channel's journal, which is not open.   Blocks: disk. */
int journal_remove(struct ledger *l, struct ord_err *e);
/** The newest mark found on opening. */
void journal_marked(const struct journal *j, uint64_t *position, uint64_t *block_number);
/** Walk the surviving records behind the mark, oldest first, before the first append:
 *  1 and a view valid until the next call; 0 at the end.
 *  Blocks: disk.   Errors: ORD_EINTERNAL I/O, logged. */
int journal_replay(struct journal *j, uint64_t *position, struct ord_bytes *record);
/** Let journal_replay() begin again. */
void journal_rewind(struct journal *j);
/** Add a record (copied to the write buffer); returns its position.  Thread: one. */
uint64_t journal_append(struct journal *j, struct ord_bytes head, struct ord_bytes body);
/** Write and sync what was appended.   Thread: the appender.   Blocks: fdatasync.
 *  Errors: ORD_EUNAVAIL: nothing since the last good sync is kept. */
int journal_sync(struct journal *j, struct ord_err *e);
/** Everything up to @position stands in synced blocks up to @block_number.  Cheap, not synced.
 *  Thread: any (takes the journal's lock). */
void journal_mark(struct journal *j, uint64_t position, uint64_t block_number);

#endif /* LEDGER_H */
