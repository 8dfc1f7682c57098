/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire - Fabric messages: scan, parse, build; envelopes and blocks as immutable counted objects.
 * Sources: spec 1.2-1.6 (messages, marshalling), 2.1-2.5 (blocks).
 */
#ifndef WIRE_H
#define WIRE_H

#include <protobuf-c/protobuf-c.h>
#include <util/util.h>

#include "common.pb-c.h"   /* common.* : Common__Block, Common__ConfigGroup ... */
#include "configtx.pb-c.h" /* common.Config*, Policy, Capabilities ... */
#include "etcdraft.pb-c.h" /* etcdraft.* */
#include "kafka.pb-c.h"    /* orderer.Kafka* */
#include "msp.pb-c.h"      /* msp.* */
#include "orderer.pb-c.h"  /* orderer.* */
#include "peer.pb-c.h"     /* protos.AnchorPeers, ACLs */

#define WIRE_MAX_DEPTH 64                   /* nested messages in one scan; Fabric needs 14 */
#define WIRE_MAX_MSG   (100u * 1024 * 1024) /* spec 1.1 */
#define WIRE_MAX_FIELDS \
	(1u << 20) /* in one scan, all levels together: two bytes cost a hundred in memory */

/* ---- scan and unpack ----------------------------------------------------- */

/** Walk @b as a message of type @d without recursion: lengths, depth, number of fields, wire types
 *  (no groups), UTF-8 without NUL in every string field, duplicates of singular messages.
 *  protobuf-c checks hardly any of this.
 *  Thread: any.   Errors: ORD_EINVAL with the field's path. */
int wire_scan(const ProtobufCMessageDescriptor *d, struct ord_bytes b, struct ord_err *e);
/** wire_scan(), then unpack; free with wire_free().  Maps come sorted by key, every key once (the
 *  last of equals, as in Go), every value that is a message present.  On error the message is NULL.
 *  Thread: any.   Errors: ORD_EINVAL. */
int wire_unpack(const ProtobufCMessageDescriptor *d, struct ord_bytes b, void *out_msg,
		struct ord_err *e); /* out_msg: address of a message pointer */
void wire_free(void *msg);          /* NULL is fine */
/** Append the encoding of @msg, map entries sorted by key (deterministic).  Unknown fields kept.
 *  Thread: any. */
void wire_pack(const void *msg, struct buf *b);
/** Two messages of one type say the same: maps in any order, a default scalar equal to none; an
 *  empty message is not an absent one (proto.Equal in Go).  NULL equals NULL only.
 *  Thread: any. */
bool wire_equal(const void *a, const void *b);

static inline struct ord_bytes wire_bytes(ProtobufCBinaryData d)
{
	return (struct ord_bytes){d.data, d.len};
}
static inline ProtobufCBinaryData wire_binary(struct ord_bytes b)
{
	return (ProtobufCBinaryData){b.len, (uint8_t *)b.data};
}

/* ---- envelopes ----------------------------------------------------------- */

/* common.HeaderType */
enum {
	WIRE_MESSAGE = 0,
	WIRE_CONFIG = 1,
	WIRE_CONFIG_UPDATE = 2,
	WIRE_ENDORSER_TRANSACTION = 3,
	WIRE_ORDERER_TRANSACTION = 4,
	WIRE_DELIVER_SEEK_INFO = 5
};

/* A signed Envelope, parsed once: one allocation, every view points into raw. */
struct ord_env {
	atomic_uint refs;
	struct ord_bytes raw; /* exactly 0a <len> payload 12 <len> signature; none where empty */
	struct ord_bytes payload, signature;

	/* from the payload; valid only when header_ok */
	bool header_ok;
	int32_t type;
	const char *channel_id; /* NUL-terminated, "" when absent */
	struct ord_bytes tx_id;
	bool has_timestamp;
	int64_t timestamp_sec;
	int32_t timestamp_nanos;
	struct ord_bytes tls_cert_hash;
	bool has_signature_header;
	struct ord_bytes creator, nonce; /* of the signature header */
	struct ord_bytes data;           /* Payload.data */

	uint64_t journal_pos; /* the channel's, 0 when not journaled */
	struct buf owned;     /* the buffer of @raw; empty when it stands behind this object */
};

/** Parse an Envelope and its headers.
 *  The outer message must parse, else ORD_EINVAL and no object.  A payload whose headers do not
 *  parse still makes an object, with header_ok false and the reason in @e in Broadcast's words:
 *  "error unmarshaling Payload: …", "header not set", "channel header not set",
 *  "error unmarshaling channel header: …" (spec 5.4); the return is 0 then, too.
 *  A signature header that does not parse leaves has_signature_header false.
 *  Fields that are not known stand behind the others in raw, as Go writes them again: in a log that
 *  Go's orderers write to, too, an envelope must become the same bytes for all.
 *  Thread: any.   Owns: @b borrowed and copied once.   Errors: ORD_EINVAL. */
int env_parse(struct ord_bytes b, struct ord_env **out, struct ord_err *e);
/** env_parse() for what clients send: it keeps the buffer where its bytes are canonical, as those
 *  of every client are, and leaves out fields that are not known, since peers refuse them.
 *  Owns: takes what @take holds, also when it fails. */
int env_take(struct buf *take, struct ord_env **out, struct ord_err *e);
/** Build from payload and signature; header_ok tells whether the headers parse. */
struct ord_env *env_make(struct ord_bytes payload, struct ord_bytes signature);
struct ord_env *env_ref(struct ord_env *env);
void env_unref(struct ord_env *env);
/** len(payload) + len(signature): what the size filter and the cutter count (spec 5.2, 6.2). */
static inline size_t env_size(const struct ord_env *env)
{
	return env->payload.len + env->signature.len;
}
enum ord_class env_classify(const struct ord_env *env); /* spec 5.1; by type alone */
/** "ENDORSER_TRANSACTION", …; unknown numbers in decimal, in @tmp. */
const char *wire_header_type_name(int32_t type, char tmp[static 12]);
/** Of a common.Status: "SUCCESS", …; "UNKNOWN" for any other number. */
const char *wire_status_name(int status);

#define WIRE_NONCE_LEN 24 /* of the nonces that Fabric makes */

/* What goes into a payload that we make ourselves (spec 5.3: version 0, epoch 0, no tx_id). */
struct wire_header_spec {
	int32_t type, version;
	const char *channel_id;
	const char *tx_id; /* NULL: none */
	int64_t timestamp_sec;
	int32_t timestamp_nanos;
	struct ord_bytes tls_cert_hash; /* empty: none */
	struct ord_bytes creator, nonce;
};
/** Append a Payload with these headers and @data to @out. */
void wire_build_payload(const struct wire_header_spec *h, struct ord_bytes data, struct buf *out);
/** An envelope around @data, or around the encoding of @msg, without a signature. */
struct ord_env *env_unsigned(const struct wire_header_spec *h, struct ord_bytes data);
struct ord_env *env_unsigned_msg(const struct wire_header_spec *h, const void *msg);

/* ---- blocks -------------------------------------------------------------- */

/* common.BlockMetadataIndex */
enum {
	BLOCK_META_SIGNATURES = 0,
	BLOCK_META_LAST_CONFIG = 1,
	BLOCK_META_TRANSACTIONS_FILTER = 2,
	BLOCK_META_ORDERER = 3,
	BLOCK_META_COMMIT_HASH = 4,
	BLOCK_META_SLOTS = 5
};
#define BLOCK_HASH_LEN       32
#define BLOCK_HEADER_DER_MAX 96

/* A Block.  Being built until block_seal(): one thread owns it and sets metadata.  Sealed:
 * immutable and counted; encoded holds the whole common.Block and every view points into it. */
struct ord_block {
	atomic_uint refs;
	bool sealed;
	uint64_t number;
	struct ord_bytes previous_hash; /* empty for block 0 */
	struct ord_bytes data_hash;
	bool data_hash_computed; /* by block_new(), from the envelopes; else taken as it came */
	size_t n_data;
	struct ord_bytes *data; /* envelopes */
	size_t n_meta;
	struct ord_bytes *meta; /* Metadata messages by BLOCK_META_*; parsed: any number */
	struct buf encoded;     /* a whole common.Block, before block_seal() with empty metadata */
	uint8_t header_hash[BLOCK_HASH_LEN];
	uint64_t journal_pos;   /* the highest of its envelopes, 0: none */
	struct ord_env *config; /* referenced when the block was cut from one config message */

	/* until block_seal() */
	size_t header_and_data_len; /* in encoded */
	struct buf unsealed[BLOCK_META_SLOTS];
};

/** A block to be filled: @n envelopes become data elements 0 … n-1; hashes are computed; five empty
 *  metadata slots.  A lone CONFIG or ORDERER_TRANSACTION becomes b->config.
 *  Owns: all borrowed; the bytes are copied. */
struct ord_block *block_new(uint64_t number, struct ord_bytes previous_hash,
			    struct ord_env *const *envs, size_t n);
/** Set a metadata slot (copied).  Before block_seal() only. */
void block_set_meta(struct ord_block *b, size_t slot, struct ord_bytes value);
/** Finish: encode the metadata behind header and data. */
void block_seal(struct ord_block *b);
/** Parse a marshalled common.Block; sealed.  The data hash is not checked, the envelopes are not
 *  looked at.
 *  Owns:   @take is taken over on success and emptied.
 *  Errors: ORD_EINVAL; "error unmarshaling Block: block header is missing" and the like. */
int block_parse(struct buf *take, struct ord_block **out, struct ord_err *e);
/** Put a sealed block together from its parts, as they stand in a block file.  All copied; hashes
 *  are of at most 32 bytes. */
struct ord_block *block_from_parts(uint64_t number, struct ord_bytes previous_hash,
				   struct ord_bytes data_hash, const struct ord_bytes *data,
				   size_t n_data, const struct ord_bytes *meta, size_t n_meta);
struct ord_block *block_ref(struct ord_block *b);
void block_unref(struct ord_block *b);

/** DER of the header (spec 2.1): SEQUENCE { number, previous_hash, data_hash }; returns its length.
 */
size_t block_header_der(const struct ord_block *b, uint8_t out[static BLOCK_HEADER_DER_MAX]);
/** SHA-256 over all data elements in order. */
void block_compute_data_hash(const struct ord_block *b, uint8_t out[static BLOCK_HASH_LEN]);
/** Is that the hash in its header? */
bool block_data_hash_fits(const struct ord_block *b);
/** Append the bytes that an orderer signs (spec 2.4): Metadata.value ‖ signature_header ‖ DER. */
void block_signed_bytes(const struct ord_block *b, struct ord_bytes value,
			struct ord_bytes signature_header, struct buf *out);
/** The last-config index: slot 0's value first, slot 1 when that is empty (spec 2.3).
 *  Errors: ORD_EINVAL metadata does not parse. */
int block_last_config(const struct ord_block *b, uint64_t *index, struct ord_err *e);
/** The consenter's own bytes: slot 3, else slot 0's consenter_metadata; empty when absent.
 *  @out is appended to.
 *  Errors: ORD_EINVAL metadata does not parse. */
int block_consenter_metadata(const struct ord_block *b, struct buf *out, struct ord_err *e);
/** If the block holds a configuration (one CONFIG envelope), its envelope (+1); else NULL. */
struct ord_env *block_config_env(const struct ord_block *b);

#endif /* WIRE_H */
