/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks out of the files: through the cache, one read for all who ask, checked each time. */
#include "ledger_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct log_logger log_ledger = LOG_LOGGER("orderer.ledger");

struct ord_block *ledger_tip(struct ledger *l)
{
	struct ord_block *b;

	pthread_mutex_lock(&l->lock);
	b = l->tip ? block_ref(l->tip) : NULL;
	pthread_mutex_unlock(&l->lock);
	return b;
}

struct ord_block *ledger_cached(struct ledger *l, uint64_t number)
{
	struct ord_block *b = NULL;

	if (number >= ledger_height(l))
		return NULL;
	pthread_mutex_lock(&l->lock);
	if (l->tip && l->tip->number == number)
		b = block_ref(l->tip);
	pthread_mutex_unlock(&l->lock);
	return b ? b : ledger_cache_get(l->root->cache, l, number);
}

/* ---- one record ---------------------------------------------------------- */

static int file_error(const struct ledger *l, struct ledger_place at, uint64_t number,
		      const char *why, struct ord_err *e)
{
	char *path = ledger_file_path(l->dir, at.file);
	int rc = err_set(e, ORD_EINTERNAL, "%s: block %llu at offset %u cannot be read: %s", path,
			 (unsigned long long)number, at.offset, why);

	free(path);
	return rc;
}

static const char *reader_open(struct ledger_reader *r, const struct ledger *l, uint32_t file)
{
	char *path;

	if (r->fd >= 0 && r->ledger == l && r->file == file)
		return NULL;
	if (r->fd >= 0)
		close(r->fd);
	path = ledger_file_path(l->dir, file);
	r->fd = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	r->ledger = l;
	r->file = file;
	return r->fd < 0 ? strerrordesc_np(errno) : NULL;
}

/* From @place to the place behind, when that is known, else to the end of the file. */
static const char *extent(struct ledger_reader *r, const struct ledger_place *place, size_t n,
			  size_t *len)
{
	struct stat st;
	uint64_t end;

	if (n == 2 && place[1].file == place[0].file) {
		end = place[1].offset;
	} else {
		if (fstat(r->fd, &st) < 0)
			return strerrordesc_np(errno);
		end = (uint64_t)st.st_size;
	}
	if (end <= place[0].offset || end - place[0].offset > LEDGER_RECORD_MAX + 10)
		return "the index is wrong";
	*len = (size_t)(end - place[0].offset);
	return NULL;
}

/* The record at @place into the reader's buffer.  NULL or what is wrong with it. */
static const char *fetch(struct ledger_reader *r, const struct ledger *l,
			 const struct ledger_place *place, size_t n, struct ledger_record *record)
{
	const char *why = reader_open(r, l, place[0].file);
	uint64_t body;
	size_t len = 0, prefix;
	ssize_t got;

	if (!why)
		why = extent(r, place, n, &len);
	if (why)
		return why;
	buf_give(&r->bytes);
	buf_take(&r->bytes, len);
	got = ledger_io_read(r->fd, r->bytes.data, len, place[0].offset);
	if (got < 0)
		return strerrordesc_np(errno);
	r->bytes.len = (size_t)got;
	if (!ledger_record_prefix(buf_bytes(&r->bytes), &prefix, &body))
		return "the length is not one";
	if (body > r->bytes.len - prefix)
		return "the record is cut short";
	return ledger_record_parse(bytes_of(r->bytes.data + prefix, (size_t)body), record);
}

/* ---- when the index is wrong --------------------------------------------- */

/* Find block @number by following the records of the file that must hold it. */
static int locate(const struct ledger *l, uint64_t number, struct ledger_place *at,
		  struct ord_err *e)
{
	struct ledger_scan s;
	uint32_t files, begin = 0;
	int rc = ledger_file_count(l->dir, &files, e);

	if (rc < 0)
		return rc;
	ledger_scan_init(&s, l->dir, files);
	for (uint32_t f = 1; rc >= 0 && f < files; f++) {
		ledger_scan_seek(&s, (struct ledger_place){f, 0});
		rc = ledger_scan_next(&s, false, e);
		if (rc != LEDGER_SCAN_RECORD || s.record.number > number)
			break;
		begin = f;
	}
	ledger_scan_seek(&s, (struct ledger_place){begin, 0});
	do
		rc = ledger_scan_next(&s, false, e);
	while (rc == LEDGER_SCAN_RECORD && s.record.number < number);
	*at = s.at;
	if (rc == LEDGER_SCAN_BROKEN || (rc == LEDGER_SCAN_RECORD && s.record.number != number))
		rc = file_error(l, s.at, number, s.why ? s.why : "another block stands there", e);
	else if (rc == LEDGER_SCAN_END)
		rc = file_error(l, s.at, number, "the block files end before it", e);
	ledger_scan_fini(&s);
	return rc < 0 ? rc : 0;
}

static int load(struct ledger *l, struct ledger_reader *r, uint64_t number, struct ord_block **out,
		struct ord_err *e)
{
	struct ledger_record record = {.number = number + 1};
	struct ledger_place place[2] = {{0, 0}, {0, 0}}, found;
	size_t n = ledger_index_get(&l->index, number, place);
	const char *why = n > 0 ? fetch(r, l, place, n, &record) : "it is not in the index";
	int rc;

	if (record.number != number) {
		rc = locate(l, number, &found, e);
		if (rc < 0)
			return rc;
		log_warn(&log_ledger, "channel %s: the index was wrong about block %llu", l->id,
			 (unsigned long long)number);
		ledger_index_fix(&l->index, number, found);
		place[0] = found;
		why = fetch(r, l, place, 1, &record);
	}
	if (!why && record.number != number)
		why = "another block stands there";
	if (why)
		return file_error(l, place[0], number, why, e);
	*out = ledger_record_block(&record, &r->views);
	buf_give(&r->bytes);
	return 0;
}

int ledger_read(struct ledger *l, uint64_t number, struct ord_block **out, struct ord_err *e)
{
	struct ledger_reader *r = &l->root->readers[number / 16 % LEDGER_READERS];
	int rc = 0;

	if (number >= ledger_height(l))
		return err_set(e, ORD_ENOENT, "block %llu is not there yet",
			       (unsigned long long)number);
	*out = ledger_cached(l, number);
	if (*out)
		return 0;
	pthread_mutex_lock(&r->lock);
	*out = ledger_cache_get(l->root->cache, l, number);
	if (!*out)
		rc = load(l, r, number, out, e);
	if (rc == 0)
		ledger_cache_put(l->root->cache, l, *out, false);
	pthread_mutex_unlock(&r->lock);
	return rc;
}
