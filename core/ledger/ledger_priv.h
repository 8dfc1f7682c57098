/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#ifndef LEDGER_PRIV_H
#define LEDGER_PRIV_H

#include "ledger.h"

/* The most bytes one sync covers; a single larger block goes alone.  Recovery relies on it: what a
 * power loss can have torn is at most this long. */
#define LEDGER_BATCH_MAX (16u * 1024 * 1024)
/* A record beyond this is not one: no gRPC message carries such a block. */
#define LEDGER_RECORD_MAX (256u * 1024 * 1024)
#define LEDGER_CACHE_MAX  (2u * 1024 * 1024)
#define LEDGER_READERS    4

/* Where a record begins: the length varint of block N. */
struct ledger_place {
	uint32_t file, offset;
};

/* ---- record.c: one block as it stands in a file -------------------------- */

/* Length varint, number and two hashes fit into this many bytes. */
#define LEDGER_RECORD_HEAD 96

struct ledger_record {
	uint64_t number;
	struct ord_bytes data_hash, previous_hash; /* views, as all below */
	size_t n_data, n_meta;
	struct ord_bytes data, meta; /* the elements: length varint, bytes, and so on */
};
/* Reused room for the elements of one record. */
struct ledger_views {
	struct ord_bytes *v; /* n_data envelopes, then n_meta slots */
	size_t cap;
};

/** The record's length varint: its size in *prefix and the body's length; false when cut short. */
bool ledger_record_prefix(struct ord_bytes b, size_t *prefix, uint64_t *body);
/** Number and hashes from the first bytes of a body.  NULL or what does not fit. */
const char *ledger_record_head(struct ord_bytes body, struct ledger_record *r);
/** The whole structure; every byte of @body has its place.  NULL or what does not fit. */
const char *ledger_record_parse(struct ord_bytes body, struct ledger_record *r);
void ledger_record_views(const struct ledger_record *r, struct ledger_views *out);
extern const char ledger_false_hash[]; /* what ledger_record_whole() says of one */
/** A parsed record that was written to its end: data hash and metadata fit.  NULL or what does
 *  not. */
const char *ledger_record_whole(const struct ledger_record *r, struct ledger_views *tmp);
void ledger_record_hash(const struct ledger_record *r, uint8_t out[static BLOCK_HASH_LEN]);
/** The same of a sealed block, before it is written. */
const char *ledger_block_whole(const struct ord_block *b);
struct ord_block *ledger_record_block(const struct ledger_record *r, struct ledger_views *tmp);

/** Bytes that block @b takes in a file. */
uint64_t ledger_record_size(const struct ord_block *b);

/* Blocks on their way into a file: views of their sealed bytes with the varints between them, as
 * one chain of writes.  Blocks that were added stay untouched until the flush. */
struct ledger_writer {
	int fd, err, n;
	uint64_t at;
	size_t small_len;
	struct iovec iov[256];
	uint8_t small[256 * 10];
};
void ledger_writer_init(struct ledger_writer *w, int fd, uint64_t at);
void ledger_writer_add(struct ledger_writer *w, const struct ord_block *b);
/** 0 or the errno of the first write that failed.   Blocks: disk. */
int ledger_writer_flush(struct ledger_writer *w);

/* ---- files.c: the block files of one chain ------------------------------- */

char *ledger_file_path(const char *dir, uint32_t file); /* heap */
/** How many block files there are, 0 … n-1.
 *  Errors: ORD_EINVAL a gap, with the missing file. */
int ledger_file_count(const char *dir, uint32_t *n, struct ord_err *e);

/* Reads records one behind the other through all files of a chain. */
struct ledger_scan {
	const char *dir;
	uint32_t files;
	int fd;                       /* of next.file; -1: not open */
	uint64_t size;                /* of that file */
	struct ledger_place at, next; /* of the record read last; behind it */
	struct buf bytes;             /* its body, or the head of it */
	struct ledger_record record;  /* views of bytes */
	struct ledger_views views;    /* room for who looks closer */
	const char *why;              /* LEDGER_SCAN_BROKEN: what does not fit */
};
enum { LEDGER_SCAN_END, LEDGER_SCAN_RECORD, LEDGER_SCAN_BROKEN };

void ledger_scan_init(struct ledger_scan *s, const char *dir, uint32_t files);
void ledger_scan_fini(struct ledger_scan *s);
void ledger_scan_seek(struct ledger_scan *s, struct ledger_place at);
/** The head of the next record (number and hashes), or all of it when @full.
 *  Blocks: disk.   Errors: < 0 unreadable; broken bytes are no error but an answer. */
int ledger_scan_next(struct ledger_scan *s, bool full, struct ord_err *e);

/* ---- index.c: where block N begins --------------------------------------- */

/* Eight bytes a block in <root>/ordererd/<channel>/index: little-endian file and offset.  Written
 * after the sync of the blocks, so an entry that leads to its block says that it was synced. */
struct ledger_index {
	char *path;
	int fd;
	pthread_mutex_t lock; /* guards what follows */
	uint64_t written;     /* entries in the file */
	struct buf pending;   /* encoded entries behind those that could not be written yet */
};

void ledger_index_encode(struct buf *b, struct ledger_place p);
struct ledger_place ledger_index_decode(const uint8_t *p);
/** Open or make the file and cut it to @keep entries.   Blocks: disk. */
int ledger_index_open(struct ledger_index *x, const char *path, uint64_t keep, struct ord_err *e);
void ledger_index_close(struct ledger_index *x);
/** Entries for the next blocks.  Never fails: what the disk refuses stays in memory. */
void ledger_index_add(struct ledger_index *x, struct ord_bytes entries);
/** The entry of block @number and, when there is one, the next.  How many were found. */
size_t ledger_index_get(struct ledger_index *x, uint64_t number, struct ledger_place out[2]);
/** Put a wrong entry right. */
void ledger_index_fix(struct ledger_index *x, uint64_t number, struct ledger_place p);
int ledger_index_sync(struct ledger_index *x, struct ord_err *e);

/* ---- recover.c: what opening a chain finds and does ---------------------- */

struct ledger_recovery {
	uint32_t files;          /* block files found */
	uint64_t height;         /* whole blocks, one chain from block 0 */
	struct ledger_place end; /* where the next record goes */
	bool cut;                /* the bytes from cut_at to the end of that file go */
	struct ledger_place cut_at;
	uint64_t cut_bytes;
	char why[96];        /* … because */
	uint64_t index_keep; /* entries of the index file that stand */
	struct buf entries;  /* encoded, for the blocks behind those */
};

/** Find out what is there; changes nothing.  @go_wrote: a Go orderer may have added blocks.
 *  Blocks: disk.
 *  Errors: ORD_EINVAL damage that a torn write does not explain. */
int ledger_recover(const char *dir, const char *index_path, bool go_wrote,
		   struct ledger_recovery *r, struct ord_err *e);
/** Cut the tail if it is torn, and sync the rest.   Blocks: disk. */
int ledger_recover_tail(const char *dir, const struct ledger_recovery *r, struct ord_err *e);

/* ---- cache.c: recent blocks of all ledgers ------------------------------- */

struct ledger_cache;
struct ledger_cache *ledger_cache_new(size_t max_bytes);
void ledger_cache_free(struct ledger_cache *c);
/** +1, or NULL. */
struct ord_block *ledger_cache_get(struct ledger_cache *c, const struct ledger *l, uint64_t number);
/** Keep @b (referenced) for a while; @fresh: just appended, so its followers are on their way. */
void ledger_cache_put(struct ledger_cache *c, const struct ledger *l, struct ord_block *b,
		      bool fresh);
void ledger_cache_drop(struct ledger_cache *c, const struct ledger *l);

/* ---- root.c, open.c, append.c, read.c: the directory and its chains ------ */

/* One reader of block files: whoever wants an uncached block takes one of a few, chosen by block
 * number, so that all who want the same block wait for one read. */
struct ledger_reader {
	pthread_mutex_t lock; /* guards what follows; held while reading */
	const struct ledger *ledger;
	uint32_t file;
	int fd; /* that file's, -1: none */
	struct buf bytes;
	struct ledger_views views;
};

struct ledger_root {
	char *path, *chains, *own; /* <root>, <root>/chains, <root>/ordererd */
	int lock_fd;
	bool go_wrote;     /* <root>/index was there on opening: a Go orderer wrote last */
	uint64_t file_max; /* LEDGER_FILE_MAX; less in tests */
	struct ledger_cache *cache;
	struct ledger_reader readers[LEDGER_READERS];
	pthread_mutex_t lock; /* guards what follows */
	bool go_index;        /* <root>/index is still there */
	int go_lock_fd;       /* its LOCK, held; -1: none */
};
/** Remove a Go orderer's index/: from now on it would be out of date.   Blocks: disk. */
int ledger_root_drop_go_index(struct ledger_root *r, struct ord_err *e);
/** May @id be a directory's name? */
bool ledger_id_ok(const char *id);

struct ledger {
	struct ledger_root *root;
	char *id, *dir, *own; /* channel; chains/<id>; ordererd/<id> */
	atomic_uint_fast64_t height;
	struct ledger_index index;

	/* the appender's */
	int fd;                  /* of end.file; -1: not open */
	struct ledger_place end; /* where the next record goes */
	uint64_t reserved;       /* bytes of that file that have their place on the disk */
	bool suspect;            /* a write failed: look at the disk before the next one */
	void (*on_append)(void *arg, uint64_t height);
	void *on_append_arg;

	pthread_mutex_t lock; /* guards tip */
	struct ord_block *tip;
};
/** Close the file appended to, if it is open, and give back what was reserved behind its end. */
void ledger_finish_file(struct ledger *l);

#endif /* LEDGER_PRIV_H */
