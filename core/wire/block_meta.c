/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in and is signed over a block: header DER, metadata slots, the configuration. */
#include <wire/wire_priv.h>

enum { DER_INTEGER = 0x02, DER_OCTET_STRING = 0x04, DER_SEQUENCE = 0x30 };

/* The shortest two's complement form: a zero byte in front when the top bit is set. */
static size_t der_number(uint64_t v, uint8_t *out)
{
	size_t n = 1;

	while (n < 9 && (n == 8 ? v >> 63 : v >> (8 * n - 1)) != 0)
		n++;
	out[0] = DER_INTEGER;
	out[1] = (uint8_t)n;
	for (size_t i = 0; i < n; i++)
		out[2 + i] = n - i > 8 ? 0 : (uint8_t)(v >> 8 * (n - i - 1));
	return 2 + n;
}

static size_t der_hash(struct ord_bytes hash, uint8_t *out)
{
	util_assert(hash.len <= BLOCK_HASH_LEN);
	out[0] = DER_OCTET_STRING;
	out[1] = (uint8_t)hash.len;
	if (hash.len)
		memcpy(out + 2, hash.data, hash.len);
	return 2 + hash.len;
}

size_t block_header_der(const struct ord_block *b, uint8_t out[static BLOCK_HEADER_DER_MAX])
{
	size_t len = 2;

	len += der_number(b->number, out + len);
	len += der_hash(b->previous_hash, out + len);
	len += der_hash(b->data_hash, out + len);
	out[0] = DER_SEQUENCE;
	out[1] = (uint8_t)(len - 2);
	return len;
}

void block_signed_bytes(const struct ord_block *b, struct ord_bytes value,
			struct ord_bytes signature_header, struct buf *out)
{
	uint8_t der[BLOCK_HEADER_DER_MAX];

	buf_add_bytes(out, value);
	buf_add_bytes(out, signature_header);
	buf_add(out, der, block_header_der(b, der));
}

/* Metadata.value of slot @slot; a slot that is not there is empty. */
static int slot_value(const struct ord_block *b, size_t slot, struct ord_bytes *value,
		      struct ord_err *e)
{
	*value = bytes_of(NULL, 0);
	if (slot >= b->n_meta || wire_find_bytes(b->meta[slot], 1, value))
		return 0;
	return err_set(e, ORD_EINVAL, "error unmarshaling metadata at index %zu", slot);
}

/* Field @id of the OrdererBlockMetadata in the signatures slot; blocks from before 1.4.1 have none.
 */
static int orderer_metadata(const struct ord_block *b, uint32_t id, struct ord_bytes *out,
			    struct ord_err *e)
{
	struct ord_bytes value;
	int rc = slot_value(b, BLOCK_META_SIGNATURES, &value, e);

	*out = bytes_of(NULL, 0);
	if (rc < 0 || wire_find_bytes(value, id, out))
		return rc;
	return err_set(e, ORD_EINVAL, "error unmarshaling orderer block metadata");
}

int block_last_config(const struct ord_block *b, uint64_t *index, struct ord_err *e)
{
	struct ord_bytes last;
	int rc = orderer_metadata(b, 1, &last, e);

	if (rc == 0 && !last.data)
		rc = slot_value(b, BLOCK_META_LAST_CONFIG, &last, e);
	if (rc < 0)
		return rc;
	*index = 0;
	if (!wire_find_varint(last, 1, index))
		return err_set(e, ORD_EINVAL, "error unmarshaling last config");
	return 0;
}

int block_consenter_metadata(const struct ord_block *b, struct buf *out, struct ord_err *e)
{
	struct ord_bytes value, wrapped;
	int rc = slot_value(b, BLOCK_META_ORDERER, &value, e);

	if (rc < 0)
		return rc;
	if (value.len == 0) {
		rc = orderer_metadata(b, 2, &wrapped, e);
		if (rc < 0)
			return rc;
		if (!wire_find_bytes(wrapped, 1, &value))
			return err_set(e, ORD_EINVAL, "error unmarshaling consenter metadata");
	}
	buf_add_bytes(out, value);
	return 0;
}

struct ord_env *block_config_env(const struct ord_block *b)
{
	struct ord_env *env;

	if (b->config)
		return b->config->type == WIRE_CONFIG ? env_ref(b->config) : NULL;
	if (b->n_data != 1 || env_parse(b->data[0], &env, NULL) < 0)
		return NULL;
	if (env->header_ok && env->type == WIRE_CONFIG)
		return env;
	env_unref(env);
	return NULL;
}
