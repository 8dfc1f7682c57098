/* SPDX-License-Identifier: Apache-2.0 */
/* Begin notes: a CONNECT whose payload says at which height a chain comes. */
#include "begin.h"

#include <inttypes.h>
#include <string.h>

struct kafka_bytes kafka_begin_note(uint64_t height)
{
	char text[32] = "";

	if (height > 0)
		snprintf(text, sizeof(text), "begin %" PRIu64, height);
	return kafka_connect((struct ord_bytes){(const uint8_t *)text, strlen(text)});
}

bool kafka_begin_is(struct ord_bytes message, uint64_t height)
{
	struct kafka_bytes note = kafka_begin_note(height);
	bool is = note.len == message.len && memcmp(note.data, message.data, note.len) == 0;

	free(note.data);
	return is;
}
