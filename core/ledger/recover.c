/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What opening a chain finds, and what it may cut.
 *
 * A block is whole when its record's structure, number, previous hash, data hash and metadata fit.
 * The first block that is not ends the chain.  The rule for the bytes from there on:
 *
 *   1. No whole block stands in them, and no bytes stand in later files: they are the torn end of
 *      an append (kill, power loss) or of nothing at all.  They are cut, however many.
 *   2. Whole blocks stand in them.  A power loss can tear the middle out of one append of several
 *      blocks, because pages reach the disk in any order.  So they are cut when all this holds: our
 *      index is there and does not list the first broken block (it lists blocks once they are
 *      synced), no Go orderer wrote since (its index/ would be there), no later file follows, and
 *      the bytes are no more than one append writes (LEDGER_BATCH_MAX).  Nobody was ever told of
 *      blocks in such an append.  A power loss may also leave the index behind the synced blocks,
 *      but those are whole and stand in front of the torn ones.
 *   3. Anything else is damage: synced blocks would be lost.  Nothing is changed; a person decides.
 *
 * Block 0 is special: when nothing but its data hash is wrong, nobody tore it.  That is case 3,
 * too, since cutting it would empty the chain.
 *
 * With a good index the two blocks of its last entries and those behind them are read.  Without one
 * the heads of all records are, and the data of the blocks that the last append can have written.
 */
#include "ledger_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEPS_BACK 64 /* index entries looked at before the index is given up */

struct recover {
	struct ledger_recovery *out;
	struct ledger_scan scan;
	bool have_index;       /* … and it tells which blocks were synced */
	uint64_t indexed;      /* entries in the index file, good or not */
	struct buf index_tail; /* the last of them */
	uint8_t last_hash[BLOCK_HASH_LEN];
	/* the first block that is not whole */
	bool damaged;
	uint64_t number;
	struct ledger_place at;
	const char *why;
};

static uint64_t height(const struct recover *r)
{
	return r->out->index_keep + r->out->entries.len / 8;
}

/* Does a whole block stand at @at, whatever its number?  1 yes, 0 no.  The scan is behind it then.
 */
static int stands_at(struct recover *r, struct ledger_place at, struct ord_err *e)
{
	struct ledger_scan *s = &r->scan;
	int rc;

	if (at.file >= s->files)
		return 0;
	ledger_scan_seek(s, at);
	rc = ledger_scan_next(s, true, e);
	if (rc < 0)
		return rc;
	if (rc == LEDGER_SCAN_END)
		s->why = "the file ends before it";
	if (rc != LEDGER_SCAN_RECORD)
		return 0;
	s->why = ledger_record_whole(&s->record, &s->views);
	return s->why == NULL;
}

static int whole_at(struct recover *r, struct ledger_place at, uint64_t number, struct ord_err *e)
{
	struct ledger_scan *s = &r->scan;
	int rc = stands_at(r, at, e);

	if (rc <= 0 || (s->at.file == at.file && s->record.number == number))
		return rc;
	s->why = "another block stands there";
	return 0;
}

/* ---- where to begin ------------------------------------------------------ */

static int read_index(struct recover *r, const char *path, struct ord_err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf *b = &r->index_tail;
	struct stat st;
	uint64_t from;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "read %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(e, ORD_EINVAL, "%s is not a regular file: remove it", path);
	}
	r->indexed = (uint64_t)st.st_size / 8;
	from = r->indexed > STEPS_BACK ? r->indexed - STEPS_BACK : 0;
	buf_reserve(b, STEPS_BACK * 8);
	b->len = (size_t)(r->indexed - from) * 8;
	r->have_index = ledger_io_read(fd, b->data, b->len, from * 8) == (ssize_t)b->len;
	if (!r->have_index)
		b->len = 0;
	close(fd);
	return 0;
}

/* The entry of block @number in the tail of the index. */
static bool indexed_at(const struct recover *r, uint64_t number, struct ledger_place *at)
{
	size_t n = r->index_tail.len / 8;

	if (number >= r->indexed || r->indexed - number > n)
		return false;
	*at = ledger_index_decode(r->index_tail.data + 8 * (n - (r->indexed - number)));
	return true;
}

/* Stand behind a whole block that the index leads to, the last but one if possible, so that the
 * last is held against it; else at the very beginning. */
static int find_start(struct recover *r, const char *index_path, struct ord_err *e)
{
	struct ledger_place at;
	int rc = read_index(r, index_path, e);

	for (uint64_t n = r->indexed; rc == 0 && n >= 2 && indexed_at(r, n - 2, &at); n--) {
		rc = whole_at(r, at, n - 2, e);
		if (rc > 0)
			r->out->index_keep = n - 1;
	}
	if (rc > 0)
		ledger_record_hash(&r->scan.record, r->last_hash);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (r->indexed > 1)
		r->have_index = false;
	ledger_scan_seek(&r->scan, (struct ledger_place){0, 0});
	return 0;
}

/* ---- the blocks behind it ------------------------------------------------ */

static void damage(struct recover *r, struct ledger_place at, uint64_t number, const char *why)
{
	r->damaged = true;
	r->at = at;
	r->number = number;
	r->why = why;
}

/* Follow the heads of the records to the end, or to the first that does not fit. */
static int walk_heads(struct recover *r, struct ord_err *e)
{
	struct ledger_scan *s = &r->scan;

	for (;;) {
		uint64_t number = height(r);
		struct ord_bytes last = bytes_of(r->last_hash, number ? BLOCK_HASH_LEN : 0);
		int rc = ledger_scan_next(s, false, e);

		if (rc == LEDGER_SCAN_RECORD && s->record.number != number)
			s->why = "another block stands there";
		else if (rc == LEDGER_SCAN_RECORD && !bytes_eq(s->record.previous_hash, last))
			s->why = "it does not follow the block before it";
		if (rc > 0 && s->why)
			damage(r, s->at, number, s->why);
		if (rc <= 0 || s->why)
			return rc < 0 ? rc : 0;
		ledger_record_hash(&s->record, r->last_hash);
		ledger_index_encode(&r->out->entries, s->at);
	}
}

/* Where the blocks begin that the last append can have written. */
static size_t tail_start(const struct buf *entries)
{
	size_t i = entries->len / 8;
	struct ledger_place last, p;

	if (i == 0)
		return 0;
	for (last = ledger_index_decode(entries->data + 8 * --i); i > 0; i--) {
		p = ledger_index_decode(entries->data + 8 * (i - 1));
		if (p.file != last.file || last.offset - p.offset > LEDGER_BATCH_MAX)
			break;
	}
	return i;
}

/* Look closely at them: heads may have reached the disk without the rest. */
static int check_tail(struct recover *r, struct ord_err *e)
{
	struct buf *entries = &r->out->entries;

	for (size_t i = tail_start(entries); i < entries->len / 8; i++) {
		struct ledger_place p = ledger_index_decode(entries->data + 8 * i);
		uint64_t number = r->out->index_keep + i;
		int rc = whole_at(r, p, number, e);

		if (rc < 0)
			return rc;
		if (rc == 0) {
			damage(r, p, number, r->scan.why);
			entries->len = 8 * i;
		}
	}
	return 0;
}

/* ---- what stands behind the damage --------------------------------------- */

static bool block_in(struct ord_bytes b, uint64_t above, struct ledger_views *views)
{
	struct ledger_record record;
	uint64_t body;
	size_t prefix;

	if (!ledger_record_prefix(b, &prefix, &body) || body > b.len - prefix)
		return false;
	b = bytes_of(b.data + prefix, (size_t)body);
	return !ledger_record_head(b, &record) && record.number > above &&
	       !ledger_record_parse(b, &record) && !ledger_record_whole(&record, views);
}

/* Does any byte behind the damage begin a whole later block?  1, 0 or an error. */
static int whole_behind(struct recover *r, struct ord_err *e)
{
	char *path = ledger_file_path(r->scan.dir, r->at.file);
	struct buf b = BUF_INIT;
	bool found = false;
	int rc = file_read(path, 2 * LEDGER_FILE_MAX, &b, e);

	for (size_t i = r->at.offset + 1u; rc == 0 && !found && i < b.len; i++)
		found = block_in(bytes_of(b.data + i, b.len - i), r->number, &r->scan.views);
	buf_fini(&b);
	free(path);
	return rc < 0 ? rc : found;
}

static int file_size(const char *dir, uint32_t file, uint64_t *size, struct ord_err *e)
{
	char *path = ledger_file_path(dir, file);
	struct stat st;
	int rc = stat(path, &st) < 0 ? err_sys(e, errno, "read %s", path) : 0;

	*size = rc == 0 ? (uint64_t)st.st_size : 0;
	free(path);
	return rc;
}

static int refuse(const struct recover *r, const char *but, struct ord_err *e)
{
	char *path = ledger_file_path(r->scan.dir, r->at.file);
	int rc = err_set(
		e, ORD_EINVAL,
		"%s: block %llu at offset %u is damaged (%s) %s: nothing was changed; put "
		"back a copy of the channel's block files, or cut this file to %u bytes and "
		"remove the later ones to give up that block and all behind it",
		path, (unsigned long long)r->number, r->at.offset, r->why, but, r->at.offset);

	free(path);
	return rc;
}

/* The rule at the head of this file. */
static int judge(struct recover *r, struct ord_err *e)
{
	uint64_t size, later = 0, bytes;
	int rc = file_size(r->scan.dir, r->at.file, &size, e), stands;

	for (uint32_t f = r->at.file + 1; rc == 0 && later == 0 && f < r->scan.files; f++)
		rc = file_size(r->scan.dir, f, &later, e);
	if (rc < 0)
		return rc;
	if (later > 0)
		return refuse(r, "and later block files follow", e);
	bytes = size - r->at.offset;
	if (!r->have_index || r->number < r->indexed || bytes > LEDGER_BATCH_MAX) {
		stands = stands_at(r, r->at, e);
		if (stands == 0 && r->number == 0 && r->why == ledger_false_hash)
			return refuse(r, "although nothing is missing of it", e);
		if (stands == 0)
			stands = whole_behind(r, e);
		if (stands < 0)
			return stands;
		if (stands > 0)
			return refuse(r, "but whole blocks stand there", e);
	}
	r->out->cut = true;
	r->out->cut_at = r->at;
	r->out->cut_bytes = bytes;
	snprintf(r->out->why, sizeof(r->out->why), "%s", r->why);
	return 0;
}

/* ---- together ------------------------------------------------------------ */

static int place_end(struct recover *r, struct ord_err *e)
{
	struct ledger_recovery *out = r->out;
	uint64_t size;
	int rc;

	if (out->files == 0)
		return 0;
	out->end.file = out->files - 1;
	rc = file_size(r->scan.dir, out->end.file, &size, e);
	out->end.offset = (uint32_t)size;
	if (out->cut && out->cut_at.file == out->end.file)
		out->end = out->cut_at;
	return rc;
}

/* Entries that the index has already need not be written again. */
static void skip_known(struct recover *r)
{
	struct ledger_recovery *out = r->out;
	struct ledger_place there, here;
	size_t n = 0;

	for (; 8 * n < out->entries.len; n++) {
		here = ledger_index_decode(out->entries.data + 8 * n);
		if (!indexed_at(r, out->index_keep + n, &there) || there.file != here.file ||
		    there.offset != here.offset)
			break;
	}
	out->index_keep += n;
	out->entries.len -= 8 * n;
	memmove(out->entries.data, out->entries.data + 8 * n, out->entries.len);
}

int ledger_recover(const char *dir, const char *index_path, bool go_wrote,
		   struct ledger_recovery *out, struct ord_err *e)
{
	struct recover r = {.out = out};
	int rc;

	*out = (struct ledger_recovery){.entries = BUF_INIT};
	rc = ledger_file_count(dir, &out->files, e);
	ledger_scan_init(&r.scan, dir, out->files);
	if (rc == 0)
		rc = find_start(&r, index_path, e);
	r.have_index = r.have_index && !go_wrote;
	if (rc == 0)
		rc = walk_heads(&r, e);
	if (rc == 0)
		rc = check_tail(&r, e);
	if (rc == 0 && r.damaged)
		rc = judge(&r, e);
	if (rc == 0)
		rc = place_end(&r, e);
	out->height = height(&r);
	if (rc == 0 && out->entries.len > 0)
		skip_known(&r);
	ledger_scan_fini(&r.scan);
	buf_fini(&r.index_tail);
	if (rc < 0)
		buf_fini(&out->entries);
	return rc;
}

int ledger_recover_tail(const char *dir, const struct ledger_recovery *r, struct ord_err *e)
{
	char *path = ledger_file_path(dir, r->cut ? r->cut_at.file : r->end.file);
	int fd = open(path, (r->cut ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	int err = fd < 0 ? errno : 0, rc = 0;

	if (!err && r->cut)
		err = ledger_io_truncate(fd, r->cut_at.offset);
	if (!err)
		err = ledger_io_sync(fd);
	if (fd >= 0)
		close(fd);
	if (err)
		rc = err_sys(e, err, "restore the end of %s", path);
	free(path);
	return rc;
}
