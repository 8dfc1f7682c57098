/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as journal segments.  The first half of the input stands raw in one file; the second is
 * dressed as a frame with a true checksum in another, so that what lies behind the checksum is
 * reached, too.  Opening and replaying end; afterwards the journal takes and returns a record.
 */
#include "fuzz_dir.h"
#include <journal/journal_priv.h>

static const char *const files[] = {"ordererd/" FUZZ_CHANNEL "/journal.00000000",
				    "ordererd/" FUZZ_CHANNEL "/journal.00000001",
				    "ordererd/" FUZZ_CHANNEL "/journal.00000002"};

/* A segment whose header and one frame are true, and hold what the input says. */
static void put_dressed(const char *name, struct ord_bytes b)
{
	struct journal_header h = {.sequence = 5, .seed = 7, .first_position = 1};
	struct journal_frame f = {.first_position = 1};
	struct buf out = BUF_INIT;

	if (b.len < 4)
		return;
	f.count = b.data[0];
	f.mark_position = b.data[1];
	h.first_position = f.first_position = 1 + b.data[2] % 8;
	h.mark_position = b.data[3] % 8;
	f.bytes = b.len - 4;
	buf_reserve(&out, JOURNAL_ALIGN + JOURNAL_FRAME_LEN + f.bytes);
	journal_header_put(out.data, &h);
	memcpy(out.data + JOURNAL_ALIGN + JOURNAL_FRAME_LEN, b.data + 4, f.bytes);
	journal_frame_put(out.data + JOURNAL_ALIGN, h.seed, &f);
	out.len = JOURNAL_ALIGN + JOURNAL_FRAME_LEN + f.bytes;
	fuzz_put(name, buf_bytes(&out));
	buf_fini(&out);
}

/* Replay everything; the last position seen, 0 when none.  False: refused. */
static bool replay(struct ledger *l, uint64_t *last, bool append)
{
	struct ord_bytes record;
	struct ord_err e = ERR_INIT;
	struct journal *j;
	uint64_t position, mark, block;
	bool whole;
	int rc = journal_open(l, &j, &e);

	util_assert(rc == 0 || (rc == ORD_EINTERNAL && e.msg[0]));
	*last = 0;
	if (rc < 0)
		return false;
	journal_marked(j, &mark, &block);
	while ((rc = journal_replay(j, &position, &record, NULL)) > 0) {
		util_assert(position > mark && position > *last); /* gaps: void marks */
		*last = position;
	}
	whole = rc == 0;
	if (whole && append) {
		position = journal_append(j, bytes_str("x"), bytes_str("y"));
		util_assert(position > *last && position > mark);
		util_assert(journal_sync(j, &e) == 0);
		*last = position;
	}
	journal_close(j);
	return whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ledger_root *r;
	struct ledger *l;
	struct ord_err e = ERR_INIT;
	uint64_t last, again;

	fuzz_make_dir();
	util_assert(ledger_root_open(fuzz_dir, &r, &e) == 0);
	journal_segment_max = 16 * 1024;
	util_assert(ledger_open(r, FUZZ_CHANNEL, true, &l, &e) == 0);
	for (int i = 0; i < 3; i++)
		fuzz_drop(files[i]);
	fuzz_put(files[0], bytes_of(data, size / 2));
	put_dressed(files[1], bytes_of(data + size / 2, size - size / 2));
	if (replay(l, &last, true))
		util_assert(replay(l, &again, false) && again == last);
	ledger_close(l);
	ledger_root_close(r);
	return 0;
}
