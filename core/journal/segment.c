/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal on disk.  A segment is a file of fixed size: one block of header, then frames, each
 * beginning on a block.  A frame's checksum is seeded with that of the frame before, the first with
 * the segment's random seed.  So the frames that fit are exactly those of this use of the segment,
 * written in this order; leftovers of an earlier use, torn writes, withdrawn frames and garbage all
 * end the chain.
 */
#include "journal_priv.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = {'O', 'R', 'D', 'J', 'R', 'N', 'L', '1'};

enum { HEADER_WORDS = 7, FRAME_WORDS = JOURNAL_FRAME_LEN / 8 };

static void put_words(uint8_t *out, const uint64_t *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t le = htole64(w[i]);

		memcpy(out + 8 * i, &le, 8);
	}
}

static void get_words(const uint8_t *in, uint64_t *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		memcpy(&w[i], in + 8 * i, 8);
		w[i] = le64toh(w[i]);
	}
}

/* ---- header -------------------------------------------------------------- */

void journal_header_put(uint8_t block[static JOURNAL_ALIGN], const struct journal_header *h)
{
	uint64_t w[HEADER_WORDS - 1] = {h->sequence, h->seed, h->first_position, h->mark_position,
					h->mark_block};

	memset(block, 0, JOURNAL_ALIGN);
	memcpy(block, magic, sizeof(magic));
	put_words(block + 8, w, 5);
	w[5] = journal_checksum(0, block, 48);
	put_words(block + 48, &w[5], 1);
}

static bool header_get(const uint8_t block[static 8 * HEADER_WORDS], struct journal_header *h)
{
	uint64_t w[HEADER_WORDS - 1];

	get_words(block + 8, w, UTIL_ARRAY_LEN(w));
	if (memcmp(block, magic, sizeof(magic)) != 0 || w[5] != journal_checksum(0, block, 48))
		return false;
	*h = (struct journal_header){w[0], w[1], w[2], w[3], w[4]};
	return h->sequence > 0 && h->first_position > 0;
}

/* ---- frames -------------------------------------------------------------- */

void journal_frame_put(uint8_t *at, uint64_t seed, struct journal_frame *f)
{
	uint64_t w[FRAME_WORDS] = {
		0, f->bytes, f->first_position, f->mark_position, f->mark_block, f->count};

	put_words(at, w, FRAME_WORDS);
	f->checksum = journal_checksum(seed, at + 8, JOURNAL_FRAME_LEN - 8 + f->bytes);
	put_words(at, &f->checksum, 1);
}

/* The header of a frame, as far as it can be true in @room bytes. */
static bool frame_get(const uint8_t *in, uint64_t room, struct journal_frame *f)
{
	uint64_t w[FRAME_WORDS];

	get_words(in, w, FRAME_WORDS);
	*f = (struct journal_frame){w[0], w[1], w[2], w[3], w[4], (uint32_t)w[5]};
	return room >= JOURNAL_FRAME_LEN && f->bytes <= room - JOURNAL_FRAME_LEN &&
	       w[5] <= f->bytes / 4;
}

static int io_error(const char *path, int errnum, struct ord_err *e)
{
	return err_set(e, ORD_EINTERNAL, "read %s: %s", path, strerrordesc_np(errnum));
}

int journal_cursor_open(struct journal_cursor *c, struct journal_segment *s, struct ord_err *e)
{
	uint8_t block[8 * HEADER_WORDS];
	struct stat st;
	ssize_t got;

	*c = (struct journal_cursor){.at = JOURNAL_ALIGN, .bytes = BUF_INIT};
	c->fd = open(s->path, O_RDONLY | O_CLOEXEC);
	if (c->fd < 0)
		return io_error(s->path, errno, e);
	s->size = fstat(c->fd, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	got = s->size ? ledger_io_read(c->fd, block, sizeof(block), 0) : 0;
	if (got == (ssize_t)sizeof(block) && header_get(block, &s->header)) {
		c->size = s->size;
		c->seed = s->header.seed;
		return 1;
	}
	close(c->fd);
	return got < 0 ? io_error(s->path, errno, e) : 0;
}

void journal_cursor_close(struct journal_cursor *c)
{
	close(c->fd);
	buf_fini(&c->bytes);
}

static int cursor_read(struct journal_cursor *c, size_t n, struct ord_err *e)
{
	ssize_t got;

	buf_reserve(&c->bytes, n - c->bytes.len);
	got = ledger_io_read(c->fd, c->bytes.data + c->bytes.len, n - c->bytes.len,
			     c->at + c->bytes.len);
	if (got < 0)
		return err_set(e, ORD_EINTERNAL, "read the journal: %s", strerrordesc_np(errno));
	c->bytes.len += (size_t)got;
	return c->bytes.len == n;
}

int journal_cursor_next(struct journal_cursor *c, struct ord_err *e)
{
	uint64_t room = c->at < c->size ? c->size - c->at : 0, whole;
	int rc;

	c->bytes.len = 0;
	if (room < JOURNAL_FRAME_LEN)
		return 0;
	rc = cursor_read(c, JOURNAL_FRAME_LEN, e);
	if (rc <= 0 || !frame_get(c->bytes.data, room, &c->frame))
		return rc < 0 ? rc : 0;
	whole = JOURNAL_FRAME_LEN + c->frame.bytes;
	rc = cursor_read(c, (size_t)whole, e);
	if (rc <= 0 || c->frame.checksum != journal_checksum(c->seed, c->bytes.data + 8, whole - 8))
		return rc < 0 ? rc : 0;
	c->seed = c->frame.checksum;
	c->at += (whole + JOURNAL_ALIGN - 1) / JOURNAL_ALIGN * JOURNAL_ALIGN;
	return 1;
}

/* ---- files --------------------------------------------------------------- */

int journal_segment_make(const char *path, uint64_t size)
{
	size_t step = 1024 * 1024;
	uint8_t *zeros = x_alloc(step);
	int fd, err = ledger_io_create(path, O_EXCL, &fd);

	if (err) {
		free(zeros);
		return err;
	}
	for (uint64_t at = 0; !err && at < size; at += step)
		err = ledger_io_write(fd, zeros, size - at < step ? size - at : step, at);
	if (!err)
		err = ledger_io_sync(fd);
	close(fd);
	free(zeros);
	if (err)
		unlink(path);
	return err;
}

int journal_segment_open(const char *path, int *fd)
{
	int flags = O_WRONLY | O_DSYNC | O_CLOEXEC;

	*fd = open(path, flags | O_DIRECT);
	if (*fd < 0 && errno == EINVAL)
		*fd = open(path, flags); /* a file system without direct I/O */
	return *fd < 0 ? errno : 0;
}
