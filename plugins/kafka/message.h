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
/** @awaiting: Fabric's orderers do not write it, and pass over it. */
struct kafka_bytes kafka_metadata(int64_t persisted, int64_t original, int64_t resubmitted,
				  int64_t *awaiting, size_t n_awaiting);
/** Of a channel configuration's ConsensusType.metadata; what cannot be read says nothing. */
bool kafka_exactly_once(struct ord_bytes consensus_metadata);

static inline struct ord_bytes kafka_view(struct kafka_bytes b)
{
	return (struct ord_bytes){b.data, b.len};
}

#endif /* KAFKA_MESSAGE_H */
