/* SPDX-License-Identifier: Apache-2.0 */
/* The index: where block N begins.  Derived from the blocks, never trusted over them. */
#include "ledger_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define ENTRY 8u

static struct log_logger log_ledger = LOG_LOGGER("orderer.ledger");

void ledger_index_encode(struct buf *b, struct ledger_place p)
{
	for (int i = 0; i < 4; i++)
		buf_add_u8(b, (uint8_t)(p.file >> (8 * i)));
	for (int i = 0; i < 4; i++)
		buf_add_u8(b, (uint8_t)(p.offset >> (8 * i)));
}

static uint32_t le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

struct ledger_place ledger_index_decode(const uint8_t *p)
{
	return (struct ledger_place){le32(p), le32(p + 4)};
}

int ledger_index_open(struct ledger_index *x, const char *path, uint64_t keep, struct ord_err *e)
{
	int err = ledger_io_create(path, 0, &x->fd);

	if (err)
		return err_sys(e, err, "open %s", path);
	err = ledger_io_truncate(x->fd, keep * ENTRY);
	if (err) {
		close(x->fd);
		return err_sys(e, err, "truncate %s", path);
	}
	x->path = x_strdup(path);
	x->written = keep;
	x->pending = (struct buf)BUF_INIT;
	pthread_mutex_init(&x->lock, NULL);
	return 0;
}

void ledger_index_close(struct ledger_index *x)
{
	close(x->fd);
	free(x->path);
	buf_fini(&x->pending);
	pthread_mutex_destroy(&x->lock);
}

static void write_pending(struct ledger_index *x)
{
	int err = ledger_io_write(x->fd, x->pending.data, x->pending.len, x->written * ENTRY);

	if (err) {
		log_warn(&log_ledger, "write %s: %s", x->path, strerrordesc_np(err));
		return;
	}
	x->written += x->pending.len / ENTRY;
	x->pending.len = 0;
}

void ledger_index_add(struct ledger_index *x, struct ord_bytes entries)
{
	pthread_mutex_lock(&x->lock);
	buf_add_bytes(&x->pending, entries);
	write_pending(x);
	pthread_mutex_unlock(&x->lock);
}

/* One entry that is still in memory or on disk; false: neither. */
static bool get_locked(struct ledger_index *x, uint64_t number, struct ledger_place *out)
{
	uint8_t b[ENTRY];

	if (number < x->written) {
		if (ledger_io_read(x->fd, b, ENTRY, number * ENTRY) != ENTRY)
			return false;
		*out = ledger_index_decode(b);
		return true;
	}
	number = (number - x->written) * ENTRY;
	if (number >= x->pending.len)
		return false;
	*out = ledger_index_decode(x->pending.data + number);
	return true;
}

size_t ledger_index_get(struct ledger_index *x, uint64_t number, struct ledger_place out[2])
{
	size_t n = 0;

	pthread_mutex_lock(&x->lock);
	while (n < 2 && get_locked(x, number + n, &out[n]))
		n++;
	pthread_mutex_unlock(&x->lock);
	return n;
}

void ledger_index_fix(struct ledger_index *x, uint64_t number, struct ledger_place p)
{
	struct buf b = BUF_INIT;

	ledger_index_encode(&b, p);
	pthread_mutex_lock(&x->lock);
	if (number < x->written)
		(void)ledger_io_write(x->fd, b.data, b.len, number * ENTRY);
	pthread_mutex_unlock(&x->lock);
	buf_fini(&b);
}

int ledger_index_sync(struct ledger_index *x, struct ord_err *e)
{
	int err = ledger_io_sync(x->fd);

	return err ? err_sys(e, err, "sync %s", x->path) : 0;
}
