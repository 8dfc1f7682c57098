/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of both methods: by channel, and never by a name that anybody made up. */
#include "desk.h"

static struct desk desk;

static int set_up(void **state)
{
	(void)state;
	desk_open(&desk, &(struct service_opts){.count = true});
	return 0;
}

static int set_up_without(void **state)
{
	(void)state;
	desk_open(&desk, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	desk_close(&desk);
	return 0;
}

/* ---- Broadcast ----------------------------------------------------------- */

static void broadcast(struct ord_env *take)
{
	static struct talk t;

	talk_open(&t, desk.link, "Broadcast");
	talk_send(&t, take);
	env_unref(take);
	desk_until(&desk, t.answers == 1);
	if (t.s)
		net_call_half_close(t.s);
	desk_until(&desk, t.closed);
}

static unsigned rows(struct chan_counts *c)
{
	unsigned n = 0;

	for (struct chan_handled *h = c->handled; h; h = h->next)
		n++;
	return n;
}

static uint64_t observed(const struct histogram *h)
{
	struct histogram_sum sum;

	return histogram_read(h, &sum);
}

/* @enqueued of the @n messages got as far as consensus. */
static void check_row(struct chan_counts *c, int32_t type, int status, unsigned n,
		      unsigned enqueued)
{
	struct chan_handled *h = chan_handled(c, type, status);

	assert_int_equal(h->n, n);
	assert_int_equal(observed(&h->validate), n);
	assert_int_equal(observed(&h->enqueue), enqueued);
}

static void messages_are_counted_by_type_and_status(void **state)
{
	struct chan_counts *c = chan_counts(desk.rig.chan);
	struct person mixed = {desk.rig.user.creator, desk.rig.other.key};

	(void)state;
	for (int i = 0; i < 3; i++)
		broadcast(rig_tx(&desk.rig.user, "x"));
	broadcast(rig_tx(&mixed, "x"));
	broadcast(rig_tx(&desk.rig.user, "refuse"));
	broadcast(rig_tx(&desk.rig.user, "fail"));
	broadcast(rig_env(&desk.rig.user, WIRE_CONFIG, RIG_CHANNEL, bytes_str("x")));
	assert_int_equal(rows(c), 3);
	check_row(c, WIRE_ENDORSER_TRANSACTION, 200, 3, 3);
	check_row(c, WIRE_ENDORSER_TRANSACTION, 403, 1, 0);
	check_row(c, WIRE_ENDORSER_TRANSACTION, 503, 2, 2);
	/* the channel of a message that no channel takes is not looked for */
	check_row(&service_counts(desk.service)->unknown, WIRE_CONFIG, 400, 1, 0);
}

static void names_and_types_that_are_made_up_are_all_one(void **state)
{
	struct chan_counts *c = &service_counts(desk.service)->unknown;
	char tmp[12], name[16];

	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "nowhere%d", i);
		broadcast(rig_env(&desk.rig.user, 700 + i, name, bytes_str("x")));
	}
	assert_int_equal(rows(c), 1);
	check_row(c, 12345, 404, 20, 0);
	assert_string_equal(chan_handled_type(c->handled, tmp), "unknown");
	broadcast(env_make(bytes_of(NULL, 0), bytes_str("s"))); /* not even a header */
	check_row(c, -1, 400, 1, 0);
	assert_int_equal(rows(chan_counts(desk.rig.chan)), 0);
}

static void what_is_behind_a_refusal_is_not_counted(void **state)
{
	static struct talk t;

	(void)state;
	talk_open(&t, desk.link, "Broadcast");
	talk_send_tx(&t, &desk, "refuse");
	for (int i = 0; i < 10; i++)
		talk_send_tx(&t, &desk, "behind");
	desk_until(&desk, t.closed);
	assert_int_equal(rows(chan_counts(desk.rig.chan)), 1);
	check_row(chan_counts(desk.rig.chan), WIRE_ENDORSER_TRANSACTION, 503, 1, 1);
}

static void nothing_is_counted_that_nobody_reads(void **state)
{
	(void)state;
	broadcast(rig_tx(&desk.rig.user, "x"));
	assert_int_equal(rows(chan_counts(desk.rig.chan)), 0);
	assert_int_equal(rows(&service_counts(desk.service)->unknown), 0);
}

/* ---- Deliver ------------------------------------------------------------- */

/* Ask for the first two blocks, and hear the status. */
static void deliver(const struct person *p, const char *channel, int status)
{
	Orderer__SeekInfo info = ORDERER__SEEK_INFO__INIT;
	Orderer__SeekPosition start = ORDERER__SEEK_POSITION__INIT, stop = start;
	Orderer__SeekSpecified at[2] = {ORDERER__SEEK_SPECIFIED__INIT,
					ORDERER__SEEK_SPECIFIED__INIT};
	static struct talk t;
	struct buf b = BUF_INIT;
	struct ord_env *env;

	at[1].number = 1;
	start.type_case = stop.type_case = ORDERER__SEEK_POSITION__TYPE_SPECIFIED;
	start.specified = &at[0];
	stop.specified = &at[1];
	info.start = &start;
	info.stop = &stop;
	wire_pack(&info, &b);
	env = rig_env(p, WIRE_DELIVER_SEEK_INFO, channel, buf_bytes(&b));
	buf_fini(&b);
	talk_open(&t, desk.link, "Deliver");
	talk_send(&t, env);
	env_unref(env);
	desk_until(&desk, t.answers == 1);
	assert_int_equal(t.status, status);
	if (t.s)
		net_call_half_close(t.s);
	desk_until(&desk, t.closed);
}

static void requests_and_blocks_are_counted(void **state)
{
	struct chan_counts *c = chan_counts(desk.rig.chan);
	struct service_counts *sv = service_counts(desk.service);
	struct person mixed = {desk.rig.user.creator, desk.rig.other.key};

	(void)state;
	deliver(&desk.rig.user, RIG_CHANNEL, 200);
	deliver(&desk.rig.other, RIG_CHANNEL, 200);
	deliver(&mixed, RIG_CHANNEL, 403);
	deliver(&desk.rig.user, "nowhere", 404);
	assert_int_equal(c->deliver_received, 3);
	assert_int_equal(c->deliver_completed[true], 2);
	assert_int_equal(c->deliver_completed[false], 1);
	assert_int_equal(c->deliver_blocks, 4);
	assert_int_equal(sv->deliver_opened, 4);
	rig_until(sv->deliver_closed == 4);
	assert_int_equal(rows(&sv->unknown), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_are_counted_by_type_and_status),
		TEST(names_and_types_that_are_made_up_are_all_one),
		TEST(what_is_behind_a_refusal_is_not_counted),
		cmocka_unit_test_setup_teardown(nothing_is_counted_that_nobody_reads,
						set_up_without, tear_down),
		TEST(requests_and_blocks_are_counted),
	};

	log_set_spec("panic", NULL);
	ledger_io_fault = rig_no_sync;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
