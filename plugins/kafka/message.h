/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of a channel's topic, byte for byte as Fabric's orderers write them (spec 1.3), and
 * what the channel's configuration says to its orderers. */
#ifndef KAFKA_MESSAGE_H
#define KAFKA_MESSAGE_H

#include <ordererd/consensus.h>

#include <kafka.pb-c.h>

/* Bytes to be given to free(). */
struct kafka_bytes {
	uint8_t *data;
	size_t len;
};

struct kafka_bytes kafka_regular(struct ord_bytes envelope, uint64_t config_seq,
				 Orderer__KafkaMessageRegular__Class class,
				 int64_t original_offset);
struct kafka_bytes kafka_time_to_cut(uint64_t block_number);
/** @payload: empty as Fabric's, or what ordererds tell each other; Fabric's orderers ignore it. */
struct kafka_bytes kafka_connect(struct ord_bytes payload);
/** What ordererds tell each other: no copy of the message at @offset is to be waited for. */
struct kafka_bytes kafka_rejected(int64_t offset);
#define KAFKA_REJECTED "rejected " /* before the offset, in that CONNECT */
/** Any message, packed. */
struct kafka_bytes kafka_packed(const ProtobufCMessage *m);

/* A message as it was read; its payload is a view. */
struct kafka_message {
	enum kafka_message_type {
		KAFKA_NOTHING,
		KAFKA_REGULAR,
		KAFKA_TIME_TO_CUT,
		KAFKA_CONNECT
	} type;
	struct ord_bytes payload; /* of a regular message: an Envelope; of a CONNECT */
	uint64_t config_seq;
	int32_t class;
	int64_t original_offset;
	uint64_t block_number;
};

/** False: it is no message. */
bool kafka_message_read(struct ord_bytes value, struct kafka_message *out);
/** Of a channel configuration's ConsensusType.metadata; what cannot be read says nothing. */
bool kafka_exactly_once(struct ord_bytes consensus_metadata);

static inline struct ord_bytes kafka_view(struct kafka_bytes b)
{
	return (struct ord_bytes){b.data, b.len};
}

#endif /* KAFKA_MESSAGE_H */
