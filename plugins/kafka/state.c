/* SPDX-License-Identifier: Apache-2.0 */
/* To and from the metadata of a block: Fabric's KafkaMetadata, and fields of our own behind it. */
#include "state.h"

#include "field.h"

/* ---- from the metadata of a block ---------------------------------------- */

/* Offsets ascend, and 0 is that of no message that was sent again. */
static bool add_awaited(struct kafka_state *st, int64_t offset)
{
	struct kafka_awaiting *a = &st->copies.awaiting;

	if (offset <= (a->n > 0 ? a->all[a->n - 1] : 0) || a->n == KAFKA_AWAITING_MAX)
		return false;
	awaiting_add(a, offset);
	return true;
}

static bool add_switch(struct kafka_state *st, int64_t offset)
{
	struct kafka_copies *c = &st->copies;

	if (offset < (c->n_switched > 0 ? c->switched[c->n_switched - 1] + 1 : 0) ||
	    c->n_switched == KAFKA_SWITCHES_MAX)
		return false;
	c->switched[c->n_switched++] = offset;
	return true;
}

/* A list of offsets, packed or one by one. */
static bool read_offsets(struct kafka_state *st, const struct kafka_field *f,
			 bool (*add)(struct kafka_state *st, int64_t offset))
{
	struct ord_bytes rest = f->bytes;
	uint64_t v;

	if (f->wire == KAFKA_VARINT)
		return add(st, (int64_t)f->number);
	if (f->wire != KAFKA_BYTES)
		return true;
	while (rest.len > 0)
		if (!kafka_field_varint(&rest, &v) || !add(st, (int64_t)v))
			return false;
	return true;
}

static bool read_field(struct kafka_state *st, const struct kafka_field *f)
{
	if (f->id == 4)
		return read_offsets(st, f, add_awaited);
	if (f->id == 5)
		return read_offsets(st, f, add_switch);
	if (kafka_field_is(f, 1, KAFKA_VARINT))
		st->persisted = (int64_t)f->number;
	else if (kafka_field_is(f, 2, KAFKA_VARINT))
		st->copies.original = (int64_t)f->number;
	else if (kafka_field_is(f, 3, KAFKA_VARINT))
		st->resubmitted = (int64_t)f->number;
	else if (kafka_field_is(f, 6, KAFKA_VARINT))
		st->left_behind = (int64_t)f->number;
	return true;
}

/* What comes later than @st->persisted is not awaited yet. */
static bool is_sound(const struct kafka_state *st)
{
	const struct kafka_copies *c = &st->copies;
	int64_t end = st->persisted;

	return end >= 0 && end < INT64_MAX &&
	       (c->awaiting.n == 0 || c->awaiting.all[c->awaiting.n - 1] <= end) &&
	       (c->n_switched == 0 || c->switched[c->n_switched - 1] <= end + 1);
}

static bool read_metadata(struct kafka_state *st, struct ord_bytes metadata)
{
	struct kafka_field f;

	st->persisted = 0;
	while (kafka_field_next(&metadata, &f))
		if (!read_field(st, &f))
			return false;
	return metadata.len == 0 && is_sound(st);
}

int kafka_resume(struct kafka_state *st, struct ord_bytes metadata, uint64_t height,
		 struct ord_err *e)
{
	*st = (struct kafka_state){
		.persisted = KAFKA_OLDEST - 1, .last_cut = height - 1, .timer_at = ORD_NEVER};
	if (metadata.len == 0 || read_metadata(st, metadata))
		return 0;
	return ord_fail(e, ORD_EINVAL,
			"the last block's orderer metadata is not Kafka's: the ledger may be "
			"corrupted");
}

/* ---- to it --------------------------------------------------------------- */

struct kafka_bytes kafka_state_metadata(const struct kafka_state *st)
{
	const struct kafka_awaiting *a = &st->copies.awaiting;
	Orderer__KafkaMetadata m = ORDERER__KAFKA_METADATA__INIT;

	m.last_offset_persisted = st->persisted;
	m.last_original_offset_processed = st->copies.original;
	m.last_resubmitted_config_offset = st->resubmitted;
	m.awaiting = a->all;
	m.n_awaiting = a->n;
	m.switched = (int64_t *)st->copies.switched; /* only read */
	m.n_switched = st->copies.n_switched;
	m.left_behind = st->left_behind;
	return kafka_packed(&m.base);
}

/* ---- questions ----------------------------------------------------------- */

int64_t kafka_next_offset(const struct kafka_state *st)
{
	return st->persisted + 1;
}

bool kafka_is_blocked(const struct kafka_state *st)
{
	return awaiting_has(&st->copies.awaiting, st->resubmitted);
}

void kafka_state_fini(struct kafka_state *st)
{
	kafka_copies_fini(&st->copies);
}
