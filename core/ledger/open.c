/* SPDX-License-Identifier: Apache-2.0 */
/* One channel's chain: opening (with recovery), closing, and a walk for tools. */
#include "ledger_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static struct log_logger log_ledger = LOG_LOGGER("orderer.ledger");

uint64_t ledger_height(const struct ledger *l)
{
	return atomic_load_explicit(&l->height, memory_order_acquire);
}

void ledger_on_append(struct ledger *l, void (*fn)(void *arg, uint64_t height), void *arg)
{
	l->on_append = fn;
	l->on_append_arg = arg;
}

/* Make @dir when missing, and its entry durable. */
static int make_dir(const char *parent, const char *dir, struct ord_err *e)
{
	int rc;

	if (file_is_dir(dir))
		return 0;
	rc = file_mkdir_p(dir, 0755, e);
	return rc < 0 ? rc : ledger_io_sync_dir(parent, e);
}

/* The last blocks may stand in the page cache alone: sync them before anyone is told. */
static int finish_tail(struct ledger *l, const struct ledger_recovery *r, struct ord_err *e)
{
	int rc = r->cut ? ledger_root_drop_go_index(l->root, e) : 0;

	if (rc == 0)
		rc = ledger_recover_tail(l->dir, r, e);
	if (rc == 0 && r->cut)
		log_warn(&log_ledger,
			 "channel %s: cut %llu bytes from block file %u: block %llu at offset %u "
			 "was not written to its end (%s)",
			 l->id, (unsigned long long)r->cut_bytes, r->cut_at.file,
			 (unsigned long long)r->height, r->cut_at.offset, r->why);
	return rc;
}

/* Bring disk and index to what recovery found. */
static int settle(struct ledger *l, const struct ledger_recovery *r, const char *index_path,
		  struct ord_err *e)
{
	bool changed = r->cut || r->entries.len > 0 || !file_exists(index_path);
	int rc = make_dir(l->root->own, l->own, e);

	if (rc == 0 && (r->cut || r->entries.len > 0))
		rc = finish_tail(l, r, e);
	if (rc == 0)
		rc = ledger_index_open(&l->index, index_path, r->index_keep, e);
	if (rc < 0)
		return rc;
	ledger_index_add(&l->index, buf_bytes(&r->entries));
	if (changed) {
		rc = ledger_index_sync(&l->index, e);
		if (rc == 0)
			rc = ledger_io_sync_dir(l->own, e);
	}
	if (rc < 0)
		ledger_index_close(&l->index);
	return rc;
}

static void free_ledger(struct ledger *l)
{
	pthread_mutex_destroy(&l->lock);
	free(l->id);
	free(l->dir);
	free(l->own);
	free(l);
}

static int recover(struct ledger *l, struct ord_err *e)
{
	char *index_path = file_join(l->own, "index");
	struct ledger_recovery r;
	struct ord_block *tip;
	int rc = ledger_recover(l->dir, index_path, l->root->go_wrote, &r, e);

	if (rc < 0)
		goto out;
	rc = settle(l, &r, index_path, e);
	if (rc == 0) {
		l->end = r.end;
		atomic_store(&l->height, r.height);
		if (r.height > 0)
			rc = ledger_read(l, r.height - 1, &tip, e);
		if (rc < 0)
			ledger_index_close(&l->index);
		else if (r.height > 0)
			l->tip = tip;
	}
	buf_fini(&r.entries);
out:
	free(index_path);
	return rc;
}

int ledger_open(struct ledger_root *r, const char *channel_id, bool create, struct ledger **out,
		struct ord_err *e)
{
	struct ledger *l;
	int rc = 0;

	if (!ledger_id_ok(channel_id))
		return err_set(e, ORD_EINVAL, "'%.32s' is not a channel id", channel_id);
	l = x_alloc(sizeof(*l));
	l->root = r;
	l->fd = -1;
	l->id = x_strdup(channel_id);
	l->dir = file_join(r->chains, channel_id);
	l->own = file_join(r->own, channel_id);
	pthread_mutex_init(&l->lock, NULL);
	if (create)
		rc = make_dir(r->chains, l->dir, e);
	else if (!file_is_dir(l->dir))
		rc = err_set(e, ORD_ENOENT, "%s: no such directory", l->dir);
	if (rc == 0)
		rc = recover(l, e);
	if (rc < 0) {
		free_ledger(l);
		return rc;
	}
	*out = l;
	return 0;
}

/* Let no reader keep a file of @l open. */
static void forget_files(struct ledger *l)
{
	for (int i = 0; i < LEDGER_READERS; i++) {
		struct ledger_reader *r = &l->root->readers[i];

		pthread_mutex_lock(&r->lock);
		if (r->ledger == l && r->fd >= 0) {
			close(r->fd);
			r->fd = -1;
		}
		pthread_mutex_unlock(&r->lock);
	}
}

void ledger_close(struct ledger *l)
{
	if (!l)
		return;
	forget_files(l);
	ledger_cache_drop(l->root->cache, l);
	ledger_index_close(&l->index);
	ledger_finish_file(l);
	if (l->tip)
		block_unref(l->tip);
	free_ledger(l);
}

/* ---- for tools ----------------------------------------------------------- */

static int walk_error(const struct ledger_scan *s, uint64_t number, struct ord_err *e)
{
	char *path = ledger_file_path(s->dir, s->at.file);
	int rc = err_set(e, ORD_EINVAL, "%s: block %llu at offset %u: %s", path,
			 (unsigned long long)number, s->at.offset, s->why);

	free(path);
	return rc;
}

/* Does the record just read continue the chain?  Its hash goes to @last. */
static bool continues(struct ledger_scan *s, uint64_t number, uint8_t last[static BLOCK_HASH_LEN])
{
	if (s->record.number != number)
		s->why = "another block stands there";
	else if (!bytes_eq(s->record.previous_hash, bytes_of(last, number ? BLOCK_HASH_LEN : 0)))
		s->why = "it does not follow the block before it";
	else
		s->why = ledger_record_whole(&s->record, &s->views);
	ledger_record_hash(&s->record, last);
	return s->why == NULL;
}

int ledger_walk(const char *chain_dir,
		int (*each)(void *arg, struct ord_block *b, uint32_t file, uint32_t offset),
		void *arg, struct ord_err *e)
{
	uint8_t last[BLOCK_HASH_LEN];
	struct ledger_scan s;
	uint64_t number = 0;
	uint32_t files;
	int rc = ledger_file_count(chain_dir, &files, e);

	if (rc < 0)
		return rc;
	ledger_scan_init(&s, chain_dir, files);
	for (;; number++) {
		struct ord_block *b;

		rc = ledger_scan_next(&s, true, e);
		if (rc == LEDGER_SCAN_RECORD && !continues(&s, number, last))
			rc = LEDGER_SCAN_BROKEN;
		if (rc == LEDGER_SCAN_BROKEN)
			rc = walk_error(&s, number, e);
		if (rc <= 0)
			break;
		b = ledger_record_block(&s.record, &s.views);
		rc = each(arg, b, s.at.file, s.at.offset);
		block_unref(b);
		if (rc)
			break;
	}
	ledger_scan_fini(&s);
	return rc;
}

const char *ledger_id(const struct ledger *l)
{
	return l->id;
}

const char *ledger_own_dir(const struct ledger *l)
{
	return l->own;
}
