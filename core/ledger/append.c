/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending: write, sync, and only then tell anybody.
 *
 * When the disk refuses, the files go back to their old end.  After a failed sync nobody knows what
 * the kernel dropped, so the next append first looks at the disk: it cuts the file again, makes the
 * kernel forget its pages and reads the tip back; a tip that is not whole is written once more from
 * memory.
 */
#include "ledger_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESERVE_MIN (256u * 1024)
#define RESERVE_MAX (8u * 1024 * 1024)

static struct log_logger log_ledger = LOG_LOGGER("orderer.ledger");

/* ---- what may be appended ------------------------------------------------ */

static void add_hash(struct buf *b, const char *name, struct ord_bytes hash)
{
	buf_printf(b, "%s = [", name);
	hex_encode(b, hash);
	buf_add_str(b, "]");
}

static int wrong_previous(const struct ord_block *b, struct ord_bytes want, struct ord_err *e)
{
	struct buf text = BUF_INIT;
	int rc;

	add_hash(&text, "Expected PreviousHash", want);
	add_hash(&text, ", PreviousHash referred in the latest block", b->previous_hash);
	rc = err_set(e, ORD_EINVAL, "unexpected Previous block hash. %s", buf_cstr(&text));
	buf_fini(&text);
	return rc;
}

/* @b against the block that must come before it; NULL: none. */
static int check_next(const struct ord_block *b, const struct ord_block *before, struct ord_err *e)
{
	uint64_t want = before ? before->number + 1 : 0;
	struct ord_bytes hash =
		bytes_of(before ? before->header_hash : NULL, before ? BLOCK_HASH_LEN : 0);
	const char *why;

	if (b->number != want)
		return err_set(e, ORD_EINVAL, "block number should have been %llu but was %llu",
			       (unsigned long long)want, (unsigned long long)b->number);
	if (!bytes_eq(b->previous_hash, hash))
		return wrong_previous(b, hash, e);
	why = ledger_block_whole(b);
	if (why)
		return err_set(e, ORD_EINVAL, "block %llu: %s", (unsigned long long)b->number, why);
	if (ledger_record_size(b) > LEDGER_RECORD_MAX)
		return err_set(e, ORD_ETOOBIG, "block %llu is too large for the ledger",
			       (unsigned long long)b->number);
	return 0;
}

/* A block of which one with that number is already there: it must be the same. */
static int check_present(struct ledger *l, const struct ord_block *b, struct ord_err *e)
{
	struct ord_block *there;
	int rc = ledger_read(l, b->number, &there, e);

	if (rc < 0)
		return rc;
	if (memcmp(there->header_hash, b->header_hash, BLOCK_HASH_LEN) != 0)
		rc = err_set(e, ORD_EINVAL,
			     "block %llu is already in the ledger with another content",
			     (unsigned long long)b->number);
	block_unref(there);
	return rc;
}

/* How many blocks at the front are already there; checks all of them. */
static int check_batch(struct ledger *l, struct ord_block *const *blocks, size_t n, size_t *known,
		       struct ord_err *e)
{
	const struct ord_block *before = l->tip;
	int rc = 0;

	for (*known = 0; *known < n && blocks[*known]->number < ledger_height(l); ++*known) {
		rc = check_present(l, blocks[*known], e);
		if (rc < 0)
			return rc;
	}
	for (size_t i = *known; rc == 0 && i < n; i++) {
		util_assert(blocks[i]->sealed);
		rc = check_next(blocks[i], before, e);
		before = blocks[i];
	}
	return rc;
}

/* ---- the file to append to ----------------------------------------------- */

static int unavailable(struct ledger *l, int err, const char *what, struct ord_err *e)
{
	return err_set(e, ORD_EUNAVAIL, "channel %s: %s block file %u: %s", l->id, what,
		       l->end.file, strerrordesc_np(err));
}

static void close_file(struct ledger *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

/* Have room allocated ahead of the end of the file, so that a sync has less to do (measured on a
 * busy ext4: a third less time).  As much again as the file holds, within bounds; the file's size
 * stays what it is.  A file system that refuses just allocates later. */
static void reserve(struct ledger *l, uint64_t end)
{
	uint64_t more = end < RESERVE_MIN ? RESERVE_MIN : end < RESERVE_MAX ? end : RESERVE_MAX;

	if (end <= l->reserved)
		return;
	(void)fallocate(l->fd, FALLOC_FL_KEEP_SIZE, (off_t)l->end.offset,
			(off_t)(end - l->end.offset + more));
	l->reserved = end + more;
}

void ledger_finish_file(struct ledger *l)
{
	struct stat st;

	if (l->fd >= 0 && !l->suspect && l->reserved > l->end.offset && fstat(l->fd, &st) == 0 &&
	    (uint64_t)st.st_size == l->end.offset)
		(void)ledger_io_truncate(l->fd, l->end.offset);
	close_file(l);
}

/* Open l->end.file, made when missing; its entry in the directory is durable then. */
static int open_file(struct ledger *l, struct ord_err *e)
{
	char *path = ledger_file_path(l->dir, l->end.file);
	bool there = file_exists(path);
	int err = ledger_io_create(path, 0, &l->fd), rc = 0;

	free(path);
	l->reserved = 0;
	if (err)
		return unavailable(l, err, "open", e);
	if (!there)
		rc = ledger_io_sync_dir(l->dir, e);
	if (rc < 0)
		close_file(l);
	return rc;
}

/* Remove the files behind l->end.file: what a failed append began. */
static int remove_later(struct ledger *l, struct ord_err *e)
{
	uint32_t files;
	int rc = ledger_file_count(l->dir, &files, e);

	while (rc == 0 && files > l->end.file + 1) {
		char *path = ledger_file_path(l->dir, --files);

		if (unlink(path) < 0)
			rc = unavailable(l, errno, "remove what followed", e);
		free(path);
	}
	return rc;
}

/* Does the tip stand there, whole? */
static bool tip_stands_at(struct ledger *l, struct ledger_place at)
{
	struct ord_err e = ERR_INIT;
	struct ledger_scan s;
	bool whole = false;

	ledger_scan_init(&s, l->dir, l->end.file + 1);
	ledger_scan_seek(&s, at);
	if (ledger_scan_next(&s, true, &e) == LEDGER_SCAN_RECORD) {
		struct ord_block *b = ledger_record_block(&s.record, &s.views);

		whole = b->number == l->tip->number &&
			memcmp(b->header_hash, l->tip->header_hash, BLOCK_HASH_LEN) == 0 &&
			!ledger_block_whole(b);
		block_unref(b);
	}
	ledger_scan_fini(&s);
	return whole;
}

/* Only at the end of the file, where it stood: nothing else is written over. */
static int rewrite_tip(struct ledger *l, struct ledger_place at, struct ord_err *e)
{
	struct ledger_writer w;
	int err;

	if (at.file != l->end.file || at.offset + ledger_record_size(l->tip) != l->end.offset)
		return unavailable(l, EIO, "read the last block in", e);
	log_error(&log_ledger,
		  "channel %s: block %llu was lost by a failed write; writing it again", l->id,
		  (unsigned long long)l->tip->number);
	ledger_writer_init(&w, l->fd, at.offset);
	ledger_writer_add(&w, l->tip);
	err = ledger_writer_flush(&w);
	if (!err)
		err = ledger_io_sync(l->fd);
	if (!err) {
		posix_fadvise(l->fd, 0, 0, POSIX_FADV_DONTNEED);
		err = tip_stands_at(l, at) ? 0 : EIO;
	}
	return err ? unavailable(l, err, "repair", e) : 0;
}

static int repair_tip(struct ledger *l, struct ord_err *e)
{
	struct ledger_place place[2];

	if (ledger_index_get(&l->index, l->tip->number, place) == 0)
		return unavailable(l, EIO, "find the last block in", e);
	return tip_stands_at(l, place[0]) ? 0 : rewrite_tip(l, place[0], e);
}

/* After a failure: the files back to their old end, and the tip read back from the disk. */
static int repair(struct ledger *l, struct ord_err *e)
{
	int rc = remove_later(l, e), err;

	if (rc < 0)
		return rc;
	err = ledger_io_truncate(l->fd, l->end.offset);
	if (!err)
		err = ledger_io_sync(l->fd);
	if (err)
		return unavailable(l, err, "restore", e);
	posix_fadvise(l->fd, 0, 0, POSIX_FADV_DONTNEED);
	if (l->tip)
		rc = repair_tip(l, e);
	if (rc == 0)
		l->suspect = false;
	return rc;
}

static int ready_file(struct ledger *l, struct ord_err *e)
{
	struct stat st;
	int rc = l->fd < 0 ? open_file(l, e) : 0;

	if (rc == 0 && l->suspect)
		rc = repair(l, e);
	else if (rc == 0 && (fstat(l->fd, &st) < 0 || (uint64_t)st.st_size != l->end.offset))
		rc = err_set(e, ORD_EUNAVAIL,
			     "channel %s: block file %u was changed by someone else: restart to "
			     "look at it again",
			     l->id, l->end.file);
	return rc;
}

/* ---- writing ------------------------------------------------------------- */

struct append {
	struct ledger *l;
	struct ledger_writer w;
	struct buf entries; /* for the index */
	size_t unsynced;    /* bytes */
};

static int flush(struct append *a, struct ord_err *e)
{
	int err = ledger_writer_flush(&a->w);

	if (!err && a->unsynced > 0)
		err = ledger_io_sync(a->l->fd);
	a->unsynced = 0;
	return err ? unavailable(a->l, err, "write", e) : 0;
}

static int next_file(struct append *a, struct ord_err *e)
{
	struct ledger *l = a->l;
	int rc = flush(a, e);

	if (rc < 0)
		return rc;
	ledger_finish_file(l);
	l->end = (struct ledger_place){l->end.file + 1, 0};
	rc = open_file(l, e);
	if (rc == 0)
		ledger_writer_init(&a->w, l->fd, 0);
	return rc;
}

static int add_block(struct append *a, const struct ord_block *b, struct ord_err *e)
{
	uint64_t size = ledger_record_size(b);
	int rc = 0;

	if (a->l->end.offset + size > a->l->root->file_max)
		rc = next_file(a, e);
	else if (a->unsynced + size > LEDGER_BATCH_MAX)
		rc = flush(a, e);
	if (rc < 0)
		return rc;
	reserve(a->l, a->l->end.offset + size);
	ledger_index_encode(&a->entries, a->l->end);
	ledger_writer_add(&a->w, b);
	a->l->end.offset += (uint32_t)size;
	a->unsynced += size;
	return 0;
}

/* Back to the old end.  What cannot be done now is done before the next append. */
static void roll_back(struct ledger *l, struct ledger_place old_end)
{
	struct ord_err e = ERR_INIT;

	l->suspect = true;
	l->end = old_end;
	close_file(l);
	if (open_file(l, &e) == 0 && remove_later(l, &e) == 0 &&
	    ledger_io_truncate(l->fd, old_end.offset) == 0)
		return;
	log_warn(&log_ledger, "channel %s: block file %u is not yet back at its old end", l->id,
		 old_end.file);
}

/* Now that they are synced: index, cache, tip, and last the height. */
static void publish(struct append *a, struct ord_block *const *blocks, size_t n)
{
	struct ledger *l = a->l;
	struct ord_block *old;

	ledger_index_add(&l->index, buf_bytes(&a->entries));
	for (size_t i = 0; i < n; i++)
		ledger_cache_put(l->root->cache, l, blocks[i], true);
	pthread_mutex_lock(&l->lock);
	old = l->tip;
	l->tip = block_ref(blocks[n - 1]);
	pthread_mutex_unlock(&l->lock);
	if (old)
		block_unref(old);
	atomic_store_explicit(&l->height, blocks[n - 1]->number + 1, memory_order_release);
	if (l->on_append)
		l->on_append(l->on_append_arg, blocks[n - 1]->number + 1);
}

static int write_blocks(struct ledger *l, struct ord_block *const *blocks, size_t n,
			struct ord_err *e)
{
	struct append a = {.l = l};
	struct ledger_place old_end = l->end;
	int rc = 0;

	ledger_writer_init(&a.w, l->fd, l->end.offset);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = add_block(&a, blocks[i], e);
	if (rc == 0)
		rc = flush(&a, e);
	if (rc == 0)
		publish(&a, blocks, n);
	else
		roll_back(l, old_end);
	buf_fini(&a.entries);
	return rc;
}

int ledger_append(struct ledger *l, struct ord_block *const *blocks, size_t n, struct ord_err *e)
{
	size_t known;
	int rc = check_batch(l, blocks, n, &known, e);

	if (rc < 0 || known == n)
		return rc;
	rc = ledger_root_drop_go_index(l->root, e);
	if (rc == 0)
		rc = ready_file(l, e);
	if (rc == 0)
		rc = write_blocks(l, blocks + known, n - known, e);
	return rc;
}
