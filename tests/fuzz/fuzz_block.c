/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: no Block, or one that can be taken apart and put together again. */
#include "fuzz.h"
#include <wire/wire.h>

static void put_together(const struct ord_block *b)
{
	struct ord_block *again = block_from_parts(b->number, b->previous_hash, b->data_hash,
						   b->data, b->n_data, b->meta, b->n_meta);

	util_assert(again->number == b->number && again->n_data == b->n_data);
	util_assert(bytes_eq(again->previous_hash, b->previous_hash));
	util_assert(bytes_eq(again->data_hash, b->data_hash));
	util_assert(memcmp(again->header_hash, b->header_hash, BLOCK_HASH_LEN) == 0);
	for (size_t i = 0; i < b->n_data; i++)
		util_assert(bytes_eq(again->data[i], b->data[i]));
	for (size_t i = 0; i < b->n_meta; i++)
		util_assert(bytes_eq(again->meta[i], b->meta[i]));
	block_unref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf bytes = BUF_INIT, consenter = BUF_INIT;
	struct ord_block *b;
	struct ord_err e = ERR_INIT;
	uint8_t hash[BLOCK_HASH_LEN];
	uint64_t last;

	buf_add(&bytes, data, size);
	if (block_parse(&bytes, &b, &e) < 0) {
		util_assert(e.code < 0 && e.msg[0] && !b && bytes.len == size);
		buf_fini(&bytes);
		return 0;
	}
	put_together(b);
	block_compute_data_hash(b, hash);
	block_last_config(b, &last, &e);
	block_consenter_metadata(b, &consenter, &e);
	env_unref(block_config_env(b));
	buf_fini(&consenter);
	block_unref(b);
	return 0;
}
