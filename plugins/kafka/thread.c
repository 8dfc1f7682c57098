/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain thread: reach the brokers, then take one step with every message of the topic.  It
 * sleeps in its inbox only; whatever happens wakes it, and then it looks at everything.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "begin.h"
#include "link.h"

#define CONSUME_MAX    64
#define LAG_NS         1000000000u
#define BEHIND_MAX     (KAFKA_AWAITING_MAX / 4) /* messages: further behind, clients wait */
#define FIRST_PAUSE_NS 100000000u /* between tries to come up; doubled until ShortInterval */
#define FAREWELL_MS    5000       /* for what is on its way when the chain halts */

static struct kafka_chain *chain_of(const struct kafka_effects *fx)
{
	return (struct kafka_chain *)((char *)(uintptr_t)fx - offsetof(struct kafka_chain, fx));
}

static uint64_t now(const struct kafka_chain *c)
{
	return c->ops->now_ns(c->s);
}

static bool is_halted(const struct kafka_chain *c)
{
	return atomic_load(&c->halted);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void enter(struct kafka_chain *c, enum kafka_phase phase, const char *why)
{
	c->at = phase;
	kafka_chain_enter(c, phase, why);
}

/* Between tries: short at first, until all is well again. */
static uint64_t next_pause(struct kafka_chain *c)
{
	c->pause_ns = sooner(c->pause_ns ? 2 * c->pause_ns : FIRST_PAUSE_NS,
			     c->kafka->settings.short_interval_ns);
	return c->pause_ns;
}

/* ---- outages ------------------------------------------------------------- */

/* Posted once a link, and when there is reason to doubt it.  All is well when the brokers have
 * taken it and something comes out of the topic. */
static void greet(struct kafka_chain *c)
{
	struct kafka_bytes m = kafka_begin_note(c->begin);

	c->heard = false;
	kafka_flight_post(c->flight, kafka_view(m));
	free(m.data);
}

static void doubt(struct kafka_chain *c)
{
	if (c->trouble_until != ORD_NEVER || c->at != KAFKA_RUNNING)
		return;
	c->trouble_until = now(c) + c->kafka->settings.read_timeout_ns;
	greet(c);
}

static void outage(struct kafka_chain *c, const char *why)
{
	if (c->at != KAFKA_RUNNING)
		return;
	if (c->trouble_until == ORD_NEVER)
		greet(c);
	c->trouble_until = ORD_NEVER;
	ord_log(c->s, ORD_ERROR, "%s; new messages are refused until the brokers answer", why);
	enter(c, KAFKA_ERRORED, why);
}

/* No permission, no such topic: brokers that say so take no other message either. */
static void refused(struct kafka_chain *c)
{
	char why[sizeof(c->why)];

	snprintf(why, sizeof(why), "Kafka topic %s takes no messages: %s", c->ops->channel_id(c->s),
		 c->refusal);
	if (c->at == KAFKA_ERRORED)
		enter(c, KAFKA_ERRORED, why);
	else
		outage(c, why);
}

/* Nothing comes out of the topic.  What the brokers said last may be why. */
static void unread(struct kafka_chain *c)
{
	char why[sizeof(c->why)];

	if (c->unreadable == RD_KAFKA_RESP_ERR_NO_ERROR)
		snprintf(why, sizeof(why), "the Kafka brokers cannot be reached");
	else
		snprintf(why, sizeof(why), "Kafka topic %s cannot be read: %s",
			 c->ops->channel_id(c->s), rd_kafka_err2str(c->unreadable));
	outage(c, why);
}

/* Messages are not acknowledged.  The brokers may be able to say why; that the topic is gone, they
 * would tell the consumer much later. */
static void overdue(struct kafka_chain *c)
{
	struct ord_err e = {0};

	if (c->at != KAFKA_RUNNING)
		return;
	if (kafka_topic_health(&c->link->topic, c->limits.min_insync, &e) == 0)
		ord_fail(&e, ORD_EUNAVAIL, "the Kafka brokers do not acknowledge messages");
	c->check = c->check || e.code == ORD_ENOENT;
	outage(c, e.msg);
}

static void all_is_well(struct kafka_chain *c)
{
	c->trouble_until = ORD_NEVER;
	c->pause_ns = 0;
	if (c->at != KAFKA_RUNNING)
		enter(c, KAFKA_RUNNING, "");
}

/* ---- the link ------------------------------------------------------------ */

/* What the steps need to know of the configuration. */
static void configure(struct kafka_chain *c)
{
	const struct ord_chanconf *cc = c->ops->conf_get(c->s);

	c->sequence = cc->sequence;
	c->fx.resubmission = cc->resubmission;
	c->fx.exactly_once = kafka_exactly_once(cc->consensus_metadata);
	c->ops->conf_put(cc);
}

/* Messages go to the brokers of the configuration of now, without a gap.  The old link may be in
 * use further up the stack. */
static int renew(struct kafka_chain *c, struct ord_err *e)
{
	struct kafka_link *l = kafka_link_new(c, e);

	if (!l)
		return e->code;
	if (c->old)
		kafka_link_free(c->link, true);
	else
		c->old = c->link;
	c->link = l;
	return 0;
}

/* The producer is of no use any more.  Another one is, at once; or the brokers have a reason that
 * holds for each, as a right that is missing.  When is it time for the next? */
static uint64_t replace(struct kafka_chain *c)
{
	struct ord_err e = {0};

	if (!c->link || !atomic_load(&c->link->fatal))
		return ORD_NEVER;
	if (now(c) < c->renew_at)
		return c->renew_at;
	rd_kafka_fatal_error(c->link->topic.client->producer, c->refusal, sizeof(c->refusal));
	if (c->pause_ns == 0)
		doubt(c);
	else
		refused(c);
	c->renew_at = now(c) + next_pause(c);
	if (renew(c, &e) < 0)
		ord_log(c->s, ORD_ERROR, "%s", e.msg);
	return c->renew_at;
}

static void reconfigure(struct kafka_chain *c)
{
	const struct ord_chanconf *cc = c->ops->conf_get(c->s);
	bool moved =
		cc->kafka_brokers && !kafka_client_is_for(c->link->topic.client, cc->kafka_brokers);
	struct ord_err e = {0};

	c->ops->conf_put(cc);
	configure(c);
	if (moved && renew(c, &e) < 0)
		ord_log(c->s, ORD_ERROR, "%s", e.msg);
}

static void answer_probes(struct kafka_chain *c)
{
	struct kafka_tickets probes = kafka_chain_take(c, &c->probes);
	struct ord_err e = {0};

	if (probes.n > 0)
		kafka_topic_health(&c->link->topic, c->limits.min_insync, &e);
	for (size_t i = 0; i < probes.n; i++)
		c->ops->settle(probes.all[i], e.code, e.code ? e.msg : NULL);
	free(probes.all);
}

/* Look at everything that may have happened besides new messages.  When is it time again? */
static uint64_t tend(struct kafka_chain *c)
{
	struct kafka_flight_news news = kafka_flight_tend(c->flight);
	uint64_t due;

	if (news.refusal != RD_KAFKA_RESP_ERR_NO_ERROR) {
		snprintf(c->refusal, sizeof(c->refusal), "%s", rd_kafka_err2str(news.refusal));
		c->check = c->check || kafka_is_no_topic(news.refusal);
		refused(c);
	}
	due = sooner(news.due, replace(c));
	if (atomic_exchange(&c->all_down, false))
		doubt(c);
	if (news.overdue)
		overdue(c);
	if (news.landed && c->heard)
		all_is_well(c);
	if (now(c) >= c->trouble_until)
		unread(c);
	answer_probes(c);
	due = sooner(due, kafka_metrics_publish(c->kafka->metrics, c, now(c)));
	return sooner(due, c->trouble_until);
}

/* False: the inbox is closed and empty. */
static bool doze(struct kafka_chain *c, uint64_t until)
{
	void *woken[KAFKA_WAKES];

	return c->ops->mailbox_pop(c->inbox, until, woken, KAFKA_WAKES) != ORD_ECLOSED;
}

/* ---- what a step brings about -------------------------------------------- */

static void post(const struct kafka_effects *fx, struct ord_bytes message)
{
	kafka_flight_post(chain_of(fx)->flight, message);
}

static bool delivered(const struct kafka_effects *fx)
{
	struct kafka_chain *c = chain_of(fx);

	while (!kafka_flight_landed(c->flight) && !is_halted(c))
		doze(c, tend(c));
	return !is_halted(c);
}

static void tell(const struct kafka_chain *c, enum kafka_gauge which, int64_t value)
{
	kafka_metrics_set(c->kafka->metrics, which, c->ops->channel_id(c->s), (double)value);
}

/* What is accepted behind a configuration that was not consumed yet has to be checked again, all at
 * once: that must not become too much. */
static void note_blocked(struct kafka_chain *c)
{
	bool blocked = c->lag > BEHIND_MAX || kafka_is_blocked(&c->st);

	if (c->blocked != blocked)
		kafka_chain_block(c, blocked);
}

static void note_state(struct kafka_chain *c, int64_t persisted)
{
	note_blocked(c);
	if (c->st.persisted != persisted)
		tell(c, KAFKA_GAUGE_PERSISTED, c->st.persisted);
	if (c->sequence != c->ops->sequence(c->s))
		reconfigure(c);
}

/* False: it was not handled, and has to come again. */
static bool step(struct kafka_chain *c, struct kafka_event event)
{
	int64_t persisted = c->st.persisted;
	bool done = kafka_step(&c->st, &event, &c->fx);

	note_state(c, persisted);
	return done;
}

/* ---- consuming ----------------------------------------------------------- */

/* A missing permission is told once, and does not come back by waiting. */
static void consume_error(struct kafka_chain *c, rd_kafka_resp_err_t err, const char *why)
{
	c->unreadable = err;
	if (kafka_is_no_topic(err) || err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
	    err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
		c->check = true;
	else if (err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
		unread(c);
	else
		doubt(c);
	ord_log(c->s, ORD_ERROR, "Error during consumption: %s", why);
}

static void consume(struct kafka_chain *c, const rd_kafka_message_t *m)
{
	struct ord_bytes value = {m->payload, m->len};

	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		consume_error(c, m->err, rd_kafka_message_errstr(m));
		return;
	}
	c->heard = true;
	c->unreadable = RD_KAFKA_RESP_ERR_NO_ERROR;
	if (c->begin > 0)
		c->begin = kafka_begin_is(value, c->begin) ? 0 : c->begin;
	else if (!step(c, (struct kafka_event){KAFKA_CONSUMED, m->offset, value}))
		return;
	c->next = m->offset + 1;
}

/* Has the link to be looked after before more is consumed? */
static bool is_interrupted(const struct kafka_chain *c)
{
	return is_halted(c) || c->old || c->check;
}

/* How far behind is the chain?  Under load it looks now and then. */
static void note_lag(struct kafka_chain *c, bool more)
{
	if (more ? now(c) < c->lag_due : c->lag == 0)
		return;
	c->lag = kafka_topic_behind(&c->link->topic, c->next);
	c->lag_due = now(c) + LAG_NS;
	tell(c, KAFKA_GAUGE_LAG, c->lag);
	note_blocked(c);
}

static bool consume_some(struct kafka_chain *c)
{
	rd_kafka_message_t *m[CONSUME_MAX];
	ssize_t n = rd_kafka_consume_batch_queue(c->link->queue, 0, m, CONSUME_MAX);
	rd_kafka_resp_err_t complaint = kafka_client_complaint();

	for (ssize_t i = 0; i < n; i++) {
		if (!is_interrupted(c))
			consume(c, m[i]);
		rd_kafka_message_destroy(m[i]);
	}
	if (complaint != RD_KAFKA_RESP_ERR_NO_ERROR)
		consume_error(c, complaint, rd_kafka_err2str(complaint));
	return n > 0;
}

static void serve(struct kafka_chain *c)
{
	while (!is_interrupted(c)) {
		bool more = consume_some(c);
		uint64_t due = tend(c);

		note_lag(c, more);
		if (now(c) >= c->st.timer_at)
			step(c, (struct kafka_event){.type = KAFKA_EXPIRED});
		if (!more && !is_interrupted(c))
			doze(c, sooner(due, c->st.timer_at));
	}
}

/* ---- reaching the brokers ------------------------------------------------ */

/* Until what was posted stands in the topic, or for as long as a client would wait. */
static int wait_landed(struct kafka_chain *c, struct ord_err *e)
{
	uint64_t until = now(c) + kafka_settings_patience_ns(&c->kafka->settings);

	c->refusal[0] = '\0';
	while (!kafka_flight_landed(c->flight)) {
		if (is_halted(c) || now(c) >= until)
			return ord_fail(e, ORD_EUNAVAIL,
					"Cannot post CONNECT message to Kafka topic %s: %s",
					c->link->topic.name,
					c->refusal[0] ? c->refusal
						      : "the brokers do not acknowledge it");
		doze(c, sooner(tend(c), until));
	}
	return 0;
}

static int come_up(struct kafka_chain *c, struct ord_err *e)
{
	int rc;

	if (!c->link && !(c->link = kafka_link_new(c, e)))
		return e->code;
	rc = kafka_link_check(c->link, e);
	if (rc < 0)
		return rc;
	kafka_link_limits(c->link);
	if (!c->link->greeted) {
		greet(c);
		c->link->greeted = true;
	}
	if (c->at == KAFKA_BOOTING && wait_landed(c, e) < 0)
		return e->code;
	return kafka_link_consume(c->link, e);
}

/* One that was in trouble has yet to prove that it is out of it. */
static void set_out(struct kafka_chain *c)
{
	c->down_since = ORD_NEVER;
	if (c->at == KAFKA_BOOTING)
		all_is_well(c);
	else if (c->at == KAFKA_RUNNING)
		doubt(c);
	else
		greet(c);
}

static bool is_news(const struct kafka_chain *c, const struct ord_err *e)
{
	return c->down_since == ORD_NEVER || strcmp(c->said.msg, e->msg) != 0 ||
	       now(c) >= c->say_at;
}

static void say(struct kafka_chain *c, const struct ord_err *e, bool lost)
{
	const struct kafka_settings *s = &c->kafka->settings;

	ord_log(c->s, lost ? ORD_ERROR : ORD_WARN, "%s%s", e->msg,
		lost ? "; the channel is read-only" : "");
	c->said = *e;
	if (c->down_since == ORD_NEVER)
		c->down_since = now(c);
	c->say_at = now(c) + (now(c) - c->down_since < s->short_total_ns ? s->short_interval_ns
									 : s->long_interval_ns);
}

/* Soon, for a topic that was made just now has no leader yet; then every ShortInterval, for ever.
 * Said that often during ShortTotal, and then every LongInterval. */
static void stay_down(struct kafka_chain *c, const struct ord_err *e)
{
	enum kafka_phase phase = e->code == ORD_EINTERNAL ? KAFKA_LOST_TOPIC
				 : c->at == KAFKA_BOOTING ? KAFKA_BOOTING
							  : KAFKA_ERRORED;
	uint64_t until;

	if (is_news(c, e))
		say(c, e, phase == KAFKA_LOST_TOPIC);
	c->heard = false;
	enter(c, phase, e->msg);
	until = now(c) + next_pause(c);
	while (!is_halted(c) && now(c) < until)
		doze(c, sooner(tend(c), until));
}

static void go_down(struct kafka_chain *c)
{
	bool reachable = c->at == KAFKA_RUNNING && c->trouble_until == ORD_NEVER;

	for (int ms = 0; reachable && ms < FAREWELL_MS && !kafka_flight_empty(c->flight); ms += 50)
		rd_kafka_flush(c->link->topic.client->producer, 50);
	kafka_flight_close(c->flight);
	kafka_link_free(c->old, false);
	kafka_link_free(c->link, false);
	c->old = c->link = NULL;
}

void kafka_chain_run(void *chain)
{
	struct kafka_chain *c = chain;

	c->fx = (struct kafka_effects){.support = c->s, .post = post, .delivered = delivered};
	configure(c);
	tell(c, KAFKA_GAUGE_PERSISTED, c->st.persisted);
	tell(c, KAFKA_GAUGE_LAG, 0);
	while (!is_halted(c)) {
		struct ord_err e = {0};

		c->check = false;
		if (come_up(c, &e) == 0) {
			set_out(c);
			serve(c);
			kafka_link_pause(c->link);
		} else if (!is_halted(c)) {
			stay_down(c, &e);
		}
		kafka_link_free(c->old, true);
		c->old = NULL;
	}
	go_down(c);
	while (doze(c, ORD_NEVER))
		; /* nothing is left in it that nobody will look at */
}
