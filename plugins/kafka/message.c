/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include "field.h"

static struct kafka_bytes packed(const ProtobufCMessage *m)
{
	struct kafka_bytes b = {.len = protobuf_c_message_get_packed_size(m)};

	b.data = ord_alloc(b.len + 1);
	protobuf_c_message_pack(m, b.data);
	return b;
}

/* protobuf-c's views are not const, and it does not write through them. */
static ProtobufCBinaryData binary(struct ord_bytes b)
{
	return (ProtobufCBinaryData){b.len, (uint8_t *)(uintptr_t)b.data};
}

struct kafka_bytes kafka_regular(struct ord_bytes envelope, uint64_t config_seq,
				 Orderer__KafkaMessageRegular__Class class, int64_t original_offset)
{
	Orderer__KafkaMessageRegular r = ORDERER__KAFKA_MESSAGE_REGULAR__INIT;
	Orderer__KafkaMessage m = ORDERER__KAFKA_MESSAGE__INIT;

	r.payload = binary(envelope);
	r.config_seq = config_seq;
	r.class_ = class;
	r.original_offset = original_offset;
	m.type_case = ORDERER__KAFKA_MESSAGE__TYPE_REGULAR;
	m.regular = &r;
	return packed(&m.base);
}

struct kafka_bytes kafka_time_to_cut(uint64_t block_number)
{
	Orderer__KafkaMessageTimeToCut t = ORDERER__KAFKA_MESSAGE_TIME_TO_CUT__INIT;
	Orderer__KafkaMessage m = ORDERER__KAFKA_MESSAGE__INIT;

	t.block_number = block_number;
	m.type_case = ORDERER__KAFKA_MESSAGE__TYPE_TIME_TO_CUT;
	m.time_to_cut = &t;
	return packed(&m.base);
}

struct kafka_bytes kafka_connect(struct ord_bytes payload)
{
	Orderer__KafkaMessageConnect c = ORDERER__KAFKA_MESSAGE_CONNECT__INIT;
	Orderer__KafkaMessage m = ORDERER__KAFKA_MESSAGE__INIT;

	c.payload = binary(payload);
	m.type_case = ORDERER__KAFKA_MESSAGE__TYPE_CONNECT;
	m.connect = &c;
	return packed(&m.base);
}

struct kafka_bytes kafka_metadata(int64_t persisted, int64_t original, int64_t resubmitted,
				  int64_t *awaiting, size_t n_awaiting)
{
	Orderer__KafkaMetadata m = ORDERER__KAFKA_METADATA__INIT;

	m.last_offset_persisted = persisted;
	m.last_original_offset_processed = original;
	m.last_resubmitted_config_offset = resubmitted;
	m.awaiting = awaiting;
	m.n_awaiting = n_awaiting;
	return packed(&m.base);
}

bool kafka_exactly_once(struct ord_bytes consensus_metadata)
{
	struct kafka_field f;
	bool exactly_once = false;

	while (kafka_field_next(&consensus_metadata, &f))
		if (kafka_field_is(&f, 1, KAFKA_VARINT))
			exactly_once = f.number != 0;
	return exactly_once && consensus_metadata.len == 0;
}
