/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger - block files in Fabric's own on-disk format, an index beside them, iterators, recovery.
 * Source: spec 7.5.
 *
 *   <root>/chains/<channel>/blockfile_NNNNNN   Fabric's, byte for byte
 *   <root>/index/                              a Go orderer's: removed before the first append
 *   <root>/ordererd/<channel>/index            ours: derived, checked, rebuilt
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <sys/uio.h>
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

/* ---- the disk, also for rooms that keep files of their own beside the ledger's ---- */

const char *ledger_id(const struct ledger *l);      /* the channel's */
const char *ledger_own_dir(const struct ledger *l); /* <root>/ordererd/<channel> */

enum ledger_io {
	LEDGER_IO_CREATE,
	LEDGER_IO_READ,
	LEDGER_IO_WRITE,
	LEDGER_IO_SYNC,
	LEDGER_IO_TRUNCATE
};
/* Tests break the disk here: the errno to fail with instead of the call, or 0.  A write that is
 * told to fail has written its first half, as a full disk does. */
extern int (*ledger_io_fault)(enum ledger_io op);
#define LEDGER_IO_PRETEND (-1) /* for a sync: do nothing and succeed */

/* 0 or an errno. */
int ledger_io_create(const char *path, int flags, int *fd);
int ledger_io_writev(int fd, struct iovec *iov, int n, uint64_t at); /* @iov is used up */
int ledger_io_write(int fd, const void *p, size_t n, uint64_t at);
int ledger_io_sync(int fd);
int ledger_io_sync_dir(const char *path, struct ord_err *e); /* 0 or an ORD_E* */
int ledger_io_truncate(int fd, uint64_t size);
/* Up to @n bytes; less only at the end of the file; -1 with errno. */
ssize_t ledger_io_read(int fd, void *p, size_t n, uint64_t at);
/** Unlink the files in @dir that begin with @prefix; a directory that is not there has none.
 *  Blocks: disk. */
int ledger_io_remove(const char *dir, const char *prefix, struct ord_err *e);

#endif /* LEDGER_H */
