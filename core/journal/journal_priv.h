/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share: segments, their header and their frames. */
#ifndef JOURNAL_PRIV_H
#define JOURNAL_PRIV_H

#include "journal.h"

#define JOURNAL_PREFIX    "journal."         /* of its files */
#define JOURNAL_SEGMENT   (8u * 1024 * 1024) /* the largest; a larger record has its own */
#define JOURNAL_FIRST     (256u * 1024)
#define JOURNAL_ALIGN     4096u
#define JOURNAL_FRAME_LEN 48u /* bytes of a frame's header */

/* What a segment's first block says. */
struct journal_header {
	uint64_t sequence;       /* segments in the order of their use */
	uint64_t seed;           /* random: no frame of an earlier use fits */
	uint64_t first_position; /* of the first record to come */
	uint64_t mark_position, mark_block;
};
struct journal_segment {
	char *path;
	uint64_t size; /* of the file */
	struct journal_header header;
	uint64_t last_position; /* of its last record; first_position - 1 when it has none */
	uint64_t end, end_seed; /* behind its last frame, as found on opening */
	/* the last mark in it that the ledger bears out, if there is one */
	bool marked;
	uint64_t mark_position, mark_block;
};

/* One journal_sync() writes one frame: so many records, and the mark of that moment. */
struct journal_frame {
	uint64_t checksum; /* of all else, seeded with the checksum of the frame before */
	uint64_t bytes;    /* of records: length (4 bytes), body, and so on */
	uint64_t first_position;
	uint64_t mark_position, mark_block;
	uint32_t count;
};

/** XXH64: as fast as memory, and its seed chains one frame to the next. */
uint64_t journal_checksum(uint64_t seed, const void *p, size_t n);
void journal_header_put(uint8_t block[static JOURNAL_ALIGN], const struct journal_header *h);
/** Fill in a frame's header in front of f->bytes record bytes; sets f->checksum. */
void journal_frame_put(uint8_t *at, uint64_t seed, struct journal_frame *f);

/* Reads the frames of one segment. */
struct journal_cursor {
	int fd;
	uint64_t size, at; /* of the file; where the next frame would begin */
	uint64_t seed;     /* for the next frame */
	struct journal_frame frame;
	struct buf bytes; /* frame header and records */
};
/** 1: opened; 0: not a segment (or no longer).   Blocks: disk.   Errors: ORD_EINTERNAL. */
int journal_cursor_open(struct journal_cursor *c, struct journal_segment *s, struct ord_err *e);
/** 1: the next frame; 0: no whole frame follows.   Blocks: disk.   Errors: ORD_EINTERNAL. */
int journal_cursor_next(struct journal_cursor *c, struct ord_err *e);
void journal_cursor_close(struct journal_cursor *c);
/** Make a segment file of @size zeros, so that writing it later needs no metadata.
 *  0 or an errno.   Blocks: disk. */
int journal_segment_make(const char *path, uint64_t size);
/** Open for writing past the page cache, each write durable on return.  0 or an errno. */
int journal_segment_open(const char *path, int *fd);

/* ---- journal.c, scan.c: one channel's ------------------------------------ */

struct journal {
	const char *channel;
	char *dir;
	struct journal_segment *segments; /* in the order of their use; the last is written to */
	size_t n;
	uint64_t segment_size, segment_max; /* of a new segment */
	unsigned next_name;
	uint64_t height;                      /* of the ledger, on opening */
	uint64_t found_position, found_block; /* the mark to replay from */
	uint64_t void_position;               /* of marks that speak of blocks that are gone */

	/* the appender's */
	uint8_t *mem; /* aligned: a segment's header block, a frame's header, records */
	size_t len, cap;
	uint32_t count;         /* records in mem */
	uint64_t next_position; /* of the next record */
	int fd;                 /* of the last segment; -1: not open */
	uint64_t at, seed;      /* of the next frame */
	bool fresh;             /* the last segment's header is not written yet */
	bool segment_closed;    /* … and nothing more goes into it */
	bool withdraw;          /* a frame that failed may stand at @at */
	uint64_t durable_mark;  /* position of the mark in the last frame that was synced */

	/* replay */
	struct journal_cursor cursor;
	size_t replay_segment;
	bool cursor_open;
	uint32_t replay_left; /* records in the cursor's frame */
	size_t replay_at;     /* of the next of them */

	pthread_mutex_t lock; /* guards what follows */
	uint64_t mark_position, mark_block;
};

/** Read the segments of j->dir: their records and the mark that holds.
 *  Blocks: disk.   Errors: ORD_EINTERNAL unreadable, or records are missing. */
int journal_scan(struct journal *j, struct ord_err *e);
void journal_add_segment(struct journal *j, const struct journal_segment *s);

extern uint64_t journal_segment_max; /* JOURNAL_SEGMENT; less in tests */

#endif /* JOURNAL_PRIV_H */
