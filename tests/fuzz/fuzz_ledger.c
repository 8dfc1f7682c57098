/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as block files: opening refuses and changes nothing, or keeps a chain that reads, grows
 * and is found again.  The first byte of the input chooses: no index, an index that lists nothing,
 * one of garbage; and where the rest is split into two files.
 */
#include "fuzz_dir.h"

static const char *const files[] = {"chains/" FUZZ_CHANNEL "/blockfile_000000",
				    "chains/" FUZZ_CHANNEL "/blockfile_000001"};
static const char index_file[] = "ordererd/" FUZZ_CHANNEL "/index";

static void check_same(const char *name, struct ord_bytes want)
{
	char *path = file_join(fuzz_dir, name);
	struct buf b = BUF_INIT;
	struct ord_err e = ERR_INIT;

	util_assert(file_read(path, 1u << 30, &b, &e) == 0);
	util_assert(bytes_eq(buf_bytes(&b), want));
	buf_fini(&b);
	free(path);
}

static void read_all(struct ledger *l)
{
	struct ord_err e = ERR_INIT;
	struct ord_block *b;

	for (uint64_t i = 0; i < ledger_height(l); i++) {
		if (ledger_read(l, i, &b, &e) < 0) {
			util_assert(e.code == ORD_EINTERNAL && strstr(e.msg, "blockfile_"));
			continue;
		}
		util_assert(b->number == i && b->sealed);
		block_unref(b);
	}
}

static void append_one(struct ledger *l)
{
	struct ord_block *tip = ledger_tip(l), *b;
	struct ord_env *env = env_make(bytes_str("payload"), bytes_str("signature"));
	struct ord_err e = ERR_INIT;

	b = block_new(tip ? tip->number + 1 : 0,
		      bytes_of(tip ? tip->header_hash : NULL, tip ? 32 : 0), &env, 1);
	block_seal(b);
	util_assert(ledger_append(l, &b, 1, &e) == 0);
	block_unref(b);
	block_unref(tip);
	env_unref(env);
}

/* Opens, and what it keeps is a chain; @height gets its length. */
static bool opens(uint64_t *height)
{
	struct ledger_root *r;
	struct ord_err e = ERR_INIT;
	struct ledger *l;
	int rc;

	util_assert(ledger_root_open(fuzz_dir, &r, &e) == 0);
	rc = ledger_open(r, FUZZ_CHANNEL, false, &l, &e);
	if (rc == 0) {
		read_all(l);
		*height = ledger_height(l);
		append_one(l);
		ledger_close(l);
	} else {
		util_assert(rc == ORD_EINVAL && e.msg[0]);
	}
	ledger_root_close(r);
	return rc == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t garbage[24] = {0, 0, 0, 0, 40, 1};
	struct ord_bytes part[2];
	uint64_t height, again;
	size_t split;

	if (size == 0)
		return 0;
	fuzz_make_dir();
	split = data[0] & 4 ? (size - 1) * (data[0] >> 3) / 32 : size - 1;
	part[0] = bytes_of(data + 1, split);
	part[1] = bytes_of(data + 1 + split, size - 1 - split);
	fuzz_put(files[0], part[0]);
	fuzz_put(files[1], part[1]);
	if (!(data[0] & 4))
		fuzz_drop(files[1]);
	if (data[0] % 4 == 0)
		fuzz_drop(index_file);
	else
		fuzz_put(index_file, bytes_of(garbage, data[0] % 4 * 8 - 8));
	if (!opens(&height)) {
		check_same(files[0], part[0]);
		if (data[0] & 4)
			check_same(files[1], part[1]);
		return 0;
	}
	util_assert(opens(&again) && again == height + 1);
	return 0;
}
