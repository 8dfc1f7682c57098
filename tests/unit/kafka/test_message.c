/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of the topic, of block metadata and of the channel's configuration, good and bad. */
#include "../test.h"

#include <kafka/state.h>

#define BYTES(text) ((struct ord_bytes){(const uint8_t *)(text), sizeof(text) - 1})

/* ---- messages ------------------------------------------------------------ */

static void what_is_written_is_read(void **state)
{
	struct kafka_bytes b = kafka_regular(BYTES("env"), UINT64_MAX,
					     ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__CONFIG, -7);
	struct kafka_message m;

	(void)state;
	assert_true(kafka_message_read(kafka_view(b), &m));
	assert_int_equal(m.type, KAFKA_REGULAR);
	assert_int_equal(m.payload.len, 3);
	assert_memory_equal(m.payload.data, "env", 3);
	assert_true(m.config_seq == UINT64_MAX);
	assert_int_equal(m.class, ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__CONFIG);
	assert_int_equal(m.original_offset, -7);
	free(b.data);
	b = kafka_time_to_cut(UINT64_MAX);
	assert_true(kafka_message_read(kafka_view(b), &m));
	assert_int_equal(m.type, KAFKA_TIME_TO_CUT);
	assert_true(m.block_number == UINT64_MAX);
	free(b.data);
	b = kafka_connect(BYTES("hello"));
	assert_true(kafka_message_read(kafka_view(b), &m));
	assert_int_equal(m.type, KAFKA_CONNECT);
	assert_int_equal(m.payload.len, 5);
	free(b.data);
}

/* As the Go orderers' library reads it, since all must make the same of it. */
static const struct {
	struct ord_bytes bytes;
	bool ok;
	enum kafka_message_type type;
} readings[] = {
	{BYTES(""), true, KAFKA_NOTHING},
	{BYTES("\x1a\x00"), true, KAFKA_CONNECT},
	{BYTES("\x0a\x00\x1a\x00"), true, KAFKA_CONNECT}, /* the last one counts */
	{BYTES("\x1a\x00\x0a\x00"), true, KAFKA_REGULAR},
	{BYTES("\x1a\x00\x08\x05"), true, KAFKA_CONNECT},  /* of a wrong wire type: unknown */
	{BYTES("\x22\x01x\x1a\x00"), true, KAFKA_CONNECT}, /* unknown */
	{BYTES("\x02\x00\x1a\x00"), true, KAFKA_CONNECT},  /* field 0 */
	{BYTES("\x23\x2b\x2c\x24\x1a\x00"), true, KAFKA_CONNECT}, /* a group in a group */
	{BYTES("\x25xxxx\x21xxxxxxxx\x1a\x00"), true, KAFKA_CONNECT},
	{BYTES("\x23\x2b\x2c"), false, 0}, /* a group without an end */
	{BYTES("\x24"), false, 0},         /* an end without a group */
	{BYTES("\x26"), false, 0},         /* no wire type */
	{BYTES("\x1a"), false, 0},
	{BYTES("\x1a\x01"), false, 0},
	{BYTES("\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), false, 0},
	{BYTES("\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), false, 0}, /* 65 bits */
	{BYTES("\x25xxx"), false, 0},
	{BYTES("\x12\x01\x08"), false, 0}, /* broken within */
	{BYTES("\x0a\x01\x08\x1a\x00"), false, 0},
	{BYTES("plain text"), false, 0},
};

static void messages_are_read_as_go_reads_them(void **state)
{
	struct kafka_message m;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(readings); i++) {
		if (kafka_message_read(readings[i].bytes, &m) != readings[i].ok)
			fail_msg("message %zu", i);
		if (readings[i].ok && m.type != readings[i].type)
			fail_msg("message %zu is of type %d", i, m.type);
	}
}

/* ---- metadata ------------------------------------------------------------ */

static void a_state_comes_back_from_its_metadata(void **state)
{
	struct kafka_state st, again;
	struct ord_err e = ERR_INIT;
	struct kafka_bytes b;

	(void)state;
	test_ok(kafka_resume(&st, BYTES(""), 1, &e), &e);
	assert_int_equal(kafka_next_offset(&st), KAFKA_OLDEST);
	st.persisted = 9;
	kafka_copies_rule(&st.copies, 3, true);
	kafka_copies_await(&st.copies, 0, 5);
	kafka_copies_await(&st.copies, 0, 6);
	kafka_copies_await(&st.copies, 6, 7);
	st.left_behind = 10;
	st.copies.original = 2;
	st.resubmitted = 7;
	b = kafka_state_metadata(&st);
	test_ok(kafka_resume(&again, kafka_view(b), 4, &e), &e);
	assert_int_equal(kafka_next_offset(&again), 10);
	assert_int_equal(again.last_cut, 3);
	assert_true(kafka_is_blocked(&again));
	assert_int_equal(again.copies.original, 2);
	assert_int_equal(again.copies.awaiting.n, 2);
	assert_int_equal(again.left_behind, 10);
	assert_int_equal(again.copies.n_switched, 1);
	assert_int_equal(again.copies.switched[0], 3);
	free(b.data);
	kafka_state_fini(&st);
	kafka_state_fini(&again);
}

/* One that a chain could not go on from says so, instead of going wrong later. */
static const struct ord_bytes unsound[] = {
	BYTES("x"),
	BYTES("\x08"),
	BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), /* persisted: -1 */
	BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),     /* no offset comes behind it */
	BYTES("\x08\x09\x22\x02\x05\x05"),                     /* awaited twice */
	BYTES("\x08\x09\x22\x02\x05\x04"),                     /* not in order */
	BYTES("\x08\x09\x20\x05\x20\x04"),                     /* so it is, one by one */
	BYTES("\x08\x09\x22\x01\x00"),                         /* offset 0 */
	BYTES("\x08\x09\x22\x01\x0a"),                         /* not consumed yet */
	BYTES("\x22\x01\x0a\x08\x09"),                         /* wherever it stands */
	BYTES("\x08\x09\x22\x01\x80"),                         /* no number */
	BYTES("\x08\x09\x2a\x02\x05\x05"),                     /* switched twice */
	BYTES("\x08\x09\x2a\x01\x0b"),                         /* in the future */
	BYTES("\x08\x09\x2a\x09\x01\x02\x03\x04\x05\x06\x07\x08\x09"), /* too often */
};

static void metadata_that_cannot_be_is_refused(void **state)
{
	struct kafka_state st;
	struct ord_err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < UTIL_ARRAY_LEN(unsound); i++) {
		if (kafka_resume(&st, unsound[i], 2, &e) == 0)
			fail_msg("metadata %zu was taken", i);
		kafka_state_fini(&st);
	}
	assert_string_equal(e.msg, "the last block's orderer metadata is not Kafka's: the ledger "
				   "may be corrupted");
}

static void a_long_list_is_refused(void **state)
{
	struct buf b = BUF_INIT, list = BUF_INIT;
	struct kafka_state st;
	struct ord_err e = ERR_INIT;
	uint8_t number[10];

	(void)state;
	for (uint64_t offset = 1; offset <= KAFKA_AWAITING_MAX + 1; offset++)
		buf_add(&list, number, uvarint_put(number, offset));
	buf_add_str(&b, "\x08\xff\xff\xff\x01\x22");
	buf_add(&b, number, uvarint_put(number, list.len));
	buf_add_bytes(&b, buf_bytes(&list));
	test_fails(kafka_resume(&st, buf_bytes(&b), 2, &e), &e, ORD_EINVAL,
		   "the last block's orderer metadata is not Kafka's: the ledger may be "
		   "corrupted");
	kafka_state_fini(&st);
	buf_fini(&list);
	buf_fini(&b);
}

/* And it is not done in silence. */
static void the_oldest_of_too_many_is_given_up(void **state)
{
	struct kafka_copies c = {0};

	(void)state;
	kafka_copies_rule(&c, 0, true);
	for (int64_t offset = 1; offset <= KAFKA_AWAITING_MAX; offset++)
		assert_true(kafka_copies_await(&c, 0, offset));
	assert_false(kafka_copies_late(&c, 1));
	assert_false(kafka_copies_await(&c, 0, KAFKA_AWAITING_MAX + 1));
	assert_true(kafka_copies_late(&c, 1));
	assert_false(kafka_copies_late(&c, 2));
	assert_true(kafka_copies_await(&c, 2, KAFKA_AWAITING_MAX + 2));
	kafka_copies_fini(&c);
}

/* ---- configuration ------------------------------------------------------- */

static void exactly_once_is_switched_on_by_the_metadata(void **state)
{
	(void)state;
	assert_true(kafka_exactly_once(BYTES("\x08\x01")));
	assert_true(kafka_exactly_once(BYTES("\x08\x01\x12\x01x"))); /* and more, of later times */
	assert_false(kafka_exactly_once(BYTES("\x08\x00")));
	assert_false(kafka_exactly_once(BYTES("")));
}

static void metadata_of_another_kind_switches_nothing_on(void **state)
{
	(void)state;
	assert_false(kafka_exactly_once(BYTES("\x0a\x01\x01"))); /* etcdraft's begins like this */
	assert_false(kafka_exactly_once(BYTES("\x08")));
	assert_false(kafka_exactly_once(BYTES("\x08\x01\x08")));
	assert_false(kafka_exactly_once(BYTES("kafka")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(messages_are_read_as_go_reads_them),
		cmocka_unit_test(a_state_comes_back_from_its_metadata),
		cmocka_unit_test(metadata_that_cannot_be_is_refused),
		cmocka_unit_test(a_long_list_is_refused),
		cmocka_unit_test(the_oldest_of_too_many_is_given_up),
		cmocka_unit_test(exactly_once_is_switched_on_by_the_metadata),
		cmocka_unit_test(metadata_of_another_kind_switches_nothing_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
