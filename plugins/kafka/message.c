/* SPDX-License-Identifier: Apache-2.0 */
/* To and from the bytes of a topic's messages. */
#include "message.h"

#include <inttypes.h>

#include "field.h"

/* ---- writing ------------------------------------------------------------- */

struct kafka_bytes kafka_packed(const ProtobufCMessage *m)
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
	return kafka_packed(&m.base);
}

struct kafka_bytes kafka_time_to_cut(uint64_t block_number)
{
	Orderer__KafkaMessageTimeToCut t = ORDERER__KAFKA_MESSAGE_TIME_TO_CUT__INIT;
	Orderer__KafkaMessage m = ORDERER__KAFKA_MESSAGE__INIT;

	t.block_number = block_number;
	m.type_case = ORDERER__KAFKA_MESSAGE__TYPE_TIME_TO_CUT;
	m.time_to_cut = &t;
	return kafka_packed(&m.base);
}

struct kafka_bytes kafka_connect(struct ord_bytes payload)
{
	Orderer__KafkaMessageConnect c = ORDERER__KAFKA_MESSAGE_CONNECT__INIT;
	Orderer__KafkaMessage m = ORDERER__KAFKA_MESSAGE__INIT;

	c.payload = binary(payload);
	m.type_case = ORDERER__KAFKA_MESSAGE__TYPE_CONNECT;
	m.connect = &c;
	return kafka_packed(&m.base);
}

struct kafka_bytes kafka_rejected(int64_t offset)
{
	char text[64];
	int n = snprintf(text, sizeof(text), KAFKA_REJECTED "%" PRId64, offset);

	return kafka_connect((struct ord_bytes){(const uint8_t *)text, (size_t)n});
}

/* ---- reading: hostile, perhaps, and as Fabric's orderers read it --------- */

static bool read_regular(struct ord_bytes b, struct kafka_message *out)
{
	struct kafka_field f;

	*out = (struct kafka_message){.type = KAFKA_REGULAR};
	while (kafka_field_next(&b, &f)) {
		if (kafka_field_is(&f, 1, KAFKA_BYTES))
			out->payload = f.bytes;
		else if (kafka_field_is(&f, 2, KAFKA_VARINT))
			out->config_seq = f.number;
		else if (kafka_field_is(&f, 3, KAFKA_VARINT))
			out->class = (int32_t)f.number;
		else if (kafka_field_is(&f, 4, KAFKA_VARINT))
			out->original_offset = (int64_t)f.number;
	}
	return b.len == 0;
}

static bool read_time_to_cut(struct ord_bytes b, struct kafka_message *out)
{
	struct kafka_field f;

	*out = (struct kafka_message){.type = KAFKA_TIME_TO_CUT};
	while (kafka_field_next(&b, &f))
		if (kafka_field_is(&f, 1, KAFKA_VARINT))
			out->block_number = f.number;
	return b.len == 0;
}

static bool read_connect(struct ord_bytes b, struct kafka_message *out)
{
	struct kafka_field f;

	*out = (struct kafka_message){.type = KAFKA_CONNECT};
	while (kafka_field_next(&b, &f))
		if (kafka_field_is(&f, 1, KAFKA_BYTES))
			out->payload = f.bytes;
	return b.len == 0;
}

/* The last of the oneof's fields is the message. */
bool kafka_message_read(struct ord_bytes value, struct kafka_message *out)
{
	struct kafka_field f;
	bool ok = true;

	*out = (struct kafka_message){.type = KAFKA_NOTHING};
	while (ok && kafka_field_next(&value, &f)) {
		if (kafka_field_is(&f, 1, KAFKA_BYTES))
			ok = read_regular(f.bytes, out);
		else if (kafka_field_is(&f, 2, KAFKA_BYTES))
			ok = read_time_to_cut(f.bytes, out);
		else if (kafka_field_is(&f, 3, KAFKA_BYTES))
			ok = read_connect(f.bytes, out);
	}
	return ok && value.len == 0;
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
