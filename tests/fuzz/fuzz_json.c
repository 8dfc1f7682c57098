/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as the JSON of a message, any bytes as a message (the first byte chooses): refused with
 * a sentence, or what they are made into is shown and taken back without a change. */
#include "../../tools/json_deep.h"
#include "fuzz.h"

static const char *const types[] = {
	"common.Block",         "common.Envelope",      "common.Config",
	"common.ConfigUpdate",  "common.ConfigGroup",   "common.Policy",
	"msp.MSPConfig",        "protos.Transaction",   "orderer.SeekInfo",
	"orderer.KafkaMessage", "common.ChannelHeader", "rwset.TxReadWriteSet",
};

static void same_again(const ProtobufCMessageDescriptor *d, struct ord_bytes msg)
{
	struct buf json = BUF_INIT, copy = BUF_INIT, back = BUF_INIT, again = BUF_INIT;
	struct ord_err e = ERR_INIT;

	util_assert(json_decode(d, msg, &json, &e) == 0);
	buf_add_bytes(&copy, buf_bytes(&json));
	util_assert(json_encode(d, "json", &copy, &back, &e) == 0);
	util_assert(json_decode(d, buf_bytes(&back), &again, &e) == 0);
	util_assert(bytes_eq(buf_bytes(&json), buf_bytes(&again)));
	buf_fini(&json);
	buf_fini(&copy);
	buf_fini(&back);
	buf_fini(&again);
}

static void try_text(const ProtobufCMessageDescriptor *d, struct ord_bytes text)
{
	struct buf take = BUF_INIT, msg = BUF_INIT;
	struct ord_err e = ERR_INIT;

	buf_add_bytes(&take, text);
	if (json_encode(d, "json", &take, &msg, &e) == 0)
		same_again(d, buf_bytes(&msg));
	else
		util_assert(e.code == ORD_EINVAL && strncmp(e.msg, "json:", 5) == 0);
	util_assert(!take.data);
	buf_fini(&msg);
}

/* Fields that are not known are shown nowhere but at the top, where they are lost. */
static void try_bytes(const ProtobufCMessageDescriptor *d, struct ord_bytes bytes)
{
	struct buf packed = BUF_INIT;
	ProtobufCMessage *m;

	if (wire_unpack(d, bytes, &m, NULL) < 0)
		return;
	wire_pack(m, &packed);
	wire_free(m);
	same_again(d, buf_bytes(&packed));
	buf_fini(&packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const ProtobufCMessageDescriptor *d;
	struct ord_err e = ERR_INIT;

	if (size == 0)
		return 0;
	log_set_spec("fatal", &e);
	util_assert(json_deep_type(types[(data[0] & 0x7f) % UTIL_ARRAY_LEN(types)], &d, &e) == 0);
	if (data[0] & 0x80)
		try_bytes(d, bytes_of(data + 1, size - 1));
	else
		try_text(d, bytes_of(data + 1, size - 1));
	return 0;
}
