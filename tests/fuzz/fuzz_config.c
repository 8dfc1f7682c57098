/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: no ConfigEnvelope, or one that means the same when packed, and packs the same way. */
#include "fuzz.h"
#include <wire/wire.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const ProtobufCMessageDescriptor *d = &common__config_envelope__descriptor;
	Common__ConfigEnvelope *m, *again;
	struct buf packed = BUF_INIT, twice = BUF_INIT;
	struct ord_err e = ERR_INIT;

	if (wire_unpack(d, bytes_of(data, size), &m, &e) < 0) {
		util_assert(e.code < 0 && e.msg[0] && !m);
		return 0;
	}
	wire_pack(m, &packed);
	util_assert(wire_unpack(d, buf_bytes(&packed), &again, &e) == 0);
	util_assert(wire_equal(m, again));
	wire_pack(again, &twice);
	util_assert(bytes_eq(buf_bytes(&packed), buf_bytes(&twice)));
	buf_fini(&packed);
	buf_fini(&twice);
	wire_free(again);
	wire_free(m);
	return 0;
}
