/* SPDX-License-Identifier: Apache-2.0 */
/* seek: build and read Deliver's messages. */
#include "seek.h"

#include <crypto/crypto.h>

struct position {
	Orderer__SeekPosition msg;
	Orderer__SeekNewest newest;
	Orderer__SeekOldest oldest;
	Orderer__SeekSpecified specified;
};

static void set_position(struct position *p, uint64_t number)
{
	orderer__seek_position__init(&p->msg);
	if (number == SEEK_NEWEST) {
		orderer__seek_newest__init(&p->newest);
		p->msg.type_case = ORDERER__SEEK_POSITION__TYPE_NEWEST;
		p->msg.newest = &p->newest;
	} else if (number == SEEK_OLDEST) {
		orderer__seek_oldest__init(&p->oldest);
		p->msg.type_case = ORDERER__SEEK_POSITION__TYPE_OLDEST;
		p->msg.oldest = &p->oldest;
	} else {
		orderer__seek_specified__init(&p->specified);
		p->specified.number = number;
		p->msg.type_case = ORDERER__SEEK_POSITION__TYPE_SPECIFIED;
		p->msg.specified = &p->specified;
	}
}

int seek_envelope(struct msp_local *who, const struct remote *r, const struct seek *s,
		  struct buf *out, struct ord_err *e)
{
	Orderer__SeekInfo info = ORDERER__SEEK_INFO__INIT;
	uint8_t nonce[WIRE_NONCE_LEN];
	struct identity_message m = {.type = WIRE_DELIVER_SEEK_INFO,
				     .channel_id = s->channel,
				     .time_ns = clock_wall_ns(),
				     .nonce = bytes_of(nonce, sizeof(nonce)),
				     .tls_cert_hash = remote_cert_hash(r)};
	struct position start, stop;
	struct buf data = BUF_INIT;
	int rc;

	set_position(&start, s->start);
	set_position(&stop, s->stop);
	info.start = &start.msg;
	info.stop = &stop.msg;
	info.behavior = s->wait ? ORDERER__SEEK_INFO__SEEK_BEHAVIOR__BLOCK_UNTIL_READY
				: ORDERER__SEEK_INFO__SEEK_BEHAVIOR__FAIL_IF_NOT_READY;
	info.error_response = s->best_effort ? ORDERER__SEEK_INFO__SEEK_ERROR_RESPONSE__BEST_EFFORT
					     : ORDERER__SEEK_INFO__SEEK_ERROR_RESPONSE__STRICT;
	crypto_random(nonce, sizeof(nonce));
	wire_pack(&info, &data);
	rc = identity_envelope(who, &m, buf_bytes(&data), out, e);
	buf_fini(&data);
	return rc;
}

/* DeliverResponse { oneof 1 status  2 block }: a block is most of the message, so it is not parsed
 * as a message of its own first. */
int seek_response(struct buf *msg, struct ord_block **block, int *status, struct ord_err *e)
{
	struct ord_bytes b = buf_bytes(msg);
	size_t used = b.len > 1 ? uvarint_get(bytes_of(b.data + 1, b.len - 1), &(uint64_t){0}) : 0;
	uint64_t value = 0;

	if (used > 0)
		uvarint_get(bytes_of(b.data + 1, b.len - 1), &value);
	if (used > 0 && b.data[0] == 0x08 && used + 1 == b.len && value <= INT32_MAX) {
		*status = (int)value;
		return 0;
	}
	if (used == 0 || b.data[0] != 0x12 || value != b.len - 1 - used)
		return err_set(e, ORD_EINVAL,
			       "the orderer sent something else than a block or a "
			       "status");
	memmove(msg->data, msg->data + 1 + used, value);
	msg->len = value;
	if (block_parse(msg, block, e) < 0)
		return err_wrap(e, "the orderer sent a broken block");
	return 1;
}

int seek_status_error(int status, const char *info, struct ord_err *e)
{
	int code = status == COMMON__STATUS__NOT_FOUND   ? ORD_ENOENT
		   : status == COMMON__STATUS__FORBIDDEN ? ORD_EPERM
							 : ORD_EUNAVAIL;

	return err_set(e, code, "the orderer answered %d %s%s%s", status, wire_status_name(status),
		       info && *info ? ": " : "", info ? info : "");
}
