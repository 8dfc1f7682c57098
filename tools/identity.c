/* SPDX-License-Identifier: Apache-2.0 */
/* identity: open it, sign envelopes with it. */
#include "identity.h"

#include <stdlib.h>

int identity_open(const char *text, struct msp_local **out, struct ord_err *e)
{
	const char *colon = strchr(text, ':');
	char *mspid;
	int rc;

	if (!colon || colon == text || !colon[1])
		return err_set(e, ORD_EINVAL, "identity '%s': want MSPID:DIRECTORY", text);
	mspid = x_strndup(text, (size_t)(colon - text));
	rc = msp_local_open(colon + 1, mspid, NULL, out, e);
	free(mspid);
	return rc;
}

void identity_tx_id(struct ord_bytes nonce, struct ord_bytes creator,
		    char out[static IDENTITY_TX_ID_LEN + 1])
{
	uint8_t hash[SHA256_LEN];
	struct buf hex = BUF_INIT;
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, nonce);
	sha256_add(&h, creator);
	sha256_final(&h, hash);
	hex_encode(&hex, bytes_of(hash, sizeof(hash)));
	memcpy(out, buf_cstr(&hex), IDENTITY_TX_ID_LEN + 1);
	buf_fini(&hex);
}

/* Envelope { 1 payload  2 signature }. */
static void add_envelope(struct buf *out, struct ord_bytes payload, struct ord_bytes sig)
{
	buf_reserve(out, payload.len + sig.len + 16);
	buf_add_u8(out, 0x0a);
	buf_add_uvarint(out, payload.len);
	buf_add_bytes(out, payload);
	buf_add_u8(out, 0x12);
	buf_add_uvarint(out, sig.len);
	buf_add_bytes(out, sig);
}

int identity_envelope(struct msp_local *who, const struct identity_message *m,
		      struct ord_bytes data, struct buf *out, struct ord_err *e)
{
	char tx_id[IDENTITY_TX_ID_LEN + 1];
	struct wire_header_spec h = {
		.type = m->type,
		.channel_id = m->channel_id,
		.timestamp_sec = m->time_ns / (int64_t)CLOCK_SEC_NS,
		.timestamp_nanos = (int32_t)(m->time_ns % (int64_t)CLOCK_SEC_NS),
		.tls_cert_hash = m->tls_cert_hash,
		.creator = msp_local_identity(who),
		.nonce = m->nonce,
	};
	struct buf payload = BUF_INIT, sig = BUF_INIT;
	struct ord_bytes part;
	int rc;

	if (m->tx_id) {
		identity_tx_id(m->nonce, h.creator, tx_id);
		h.tx_id = tx_id;
	}
	wire_build_payload(&h, data, &payload);
	part = buf_bytes(&payload);
	rc = msp_local_sign(who, &part, 1, &sig, e);
	if (rc == 0)
		add_envelope(out, part, buf_bytes(&sig));
	buf_fini(&payload);
	buf_fini(&sig);
	return rc;
}
