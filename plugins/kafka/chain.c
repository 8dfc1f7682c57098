/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon asks of a chain.  Nothing here waits for a broker. */
#include "chain.h"

#include <stdlib.h>
#include <string.h>

#define BOOTING "backing Kafka cluster has not completed booting; try again later"

static struct kafka_chain *chain_of(struct ord_chain *chain)
{
	return (struct kafka_chain *)chain;
}

void kafka_chain_wake(void *chain)
{
	struct kafka_chain *c = chain;

	c->ops->mailbox_push(c->inbox, c); /* full: it wakes already */
}

/* ---- what the chain is doing --------------------------------------------- */

static void add_ticket(struct kafka_tickets *list, struct ord_ticket *t)
{
	if (list->n == list->cap) {
		list->cap = list->cap * 2 + 8;
		list->all = realloc(list->all, list->cap * sizeof(struct ord_ticket *));
		if (!list->all)
			abort();
	}
	list->all[list->n++] = t;
}

struct kafka_tickets kafka_chain_take(struct kafka_chain *c, struct kafka_tickets *list)
{
	struct kafka_tickets taken;

	pthread_mutex_lock(&c->lock);
	taken = *list;
	*list = (struct kafka_tickets){0};
	pthread_mutex_unlock(&c->lock);
	return taken;
}

static void settle_all(struct kafka_chain *c, struct kafka_tickets *list, int code, const char *why)
{
	struct kafka_tickets taken = kafka_chain_take(c, list);

	for (size_t i = 0; i < taken.n; i++)
		c->ops->settle(taken.all[i], code, why);
	free(taken.all);
}

/* Under the lock, so that the last one told is the last one. */
static void tell_phase(struct kafka_chain *c)
{
	kafka_metrics_set(c->kafka->metrics, KAFKA_GAUGE_STATE, c->ops->channel_id(c->s),
			  (double)c->phase);
}

/* What clients read while a chain does not run. */
static const char *refusal(enum kafka_phase phase, const char *why)
{
	return phase == KAFKA_BOOTING ? BOOTING : phase == KAFKA_ERRORED ? KAFKA_CANNOT_TEXT : why;
}

void kafka_chain_enter(struct kafka_chain *c, enum kafka_phase phase, const char *why)
{
	enum kafka_phase old;

	pthread_mutex_lock(&c->lock);
	old = c->phase;
	if (old != KAFKA_HALTED) {
		c->phase = phase;
		snprintf(c->why, sizeof(c->why), "%s", why);
	}
	tell_phase(c);
	pthread_mutex_unlock(&c->lock);
	if (phase == KAFKA_ERRORED || phase == KAFKA_LOST_TOPIC)
		settle_all(c, &c->ready, ORD_EUNAVAIL, refusal(phase, why));
	if (old == KAFKA_HALTED || (old == KAFKA_RUNNING) == (phase == KAFKA_RUNNING))
		return;
	if (phase == KAFKA_RUNNING)
		ord_log(c->s, ORD_INFO, "Marked consenter as available%s",
			old == KAFKA_ERRORED ? " again" : "");
	c->ops->kick(c->s);
}

void kafka_chain_block(struct kafka_chain *c, bool blocked)
{
	pthread_mutex_lock(&c->lock);
	c->blocked = blocked;
	pthread_mutex_unlock(&c->lock);
	if (!blocked)
		settle_all(c, &c->ready, ORD_OK, NULL);
}

/* Under the lock. */
static int check_open(struct kafka_chain *c, struct ord_err *e)
{
	if (c->phase == KAFKA_RUNNING)
		return 0;
	return ord_fail(e, c->phase == KAFKA_HALTED ? ORD_ECLOSED : ORD_EUNAVAIL, "%s",
			refusal(c->phase, c->why));
}

/* ---- messages ------------------------------------------------------------ */

static int enqueue(struct kafka_chain *c, struct ord_env *env, uint64_t seq,
		   Orderer__KafkaMessageRegular__Class class, struct ord_ticket *t,
		   struct ord_err *e)
{
	int rc;

	pthread_mutex_lock(&c->lock);
	rc = check_open(c, e);
	pthread_mutex_unlock(&c->lock);
	if (rc < 0)
		return rc;
	return kafka_flight_send(c->flight, kafka_regular(c->ops->env_bytes(env), seq, class, 0), t,
				 e);
}

static int chain_order(struct ord_chain *chain, struct ord_env *env, uint64_t seq,
		       struct ord_ticket *t, struct ord_err *e)
{
	return enqueue(chain_of(chain), env, seq, ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__NORMAL, t,
		       e);
}

static int chain_configure(struct ord_chain *chain, struct ord_env *env, uint64_t seq,
			   struct ord_ticket *t, struct ord_err *e)
{
	return enqueue(chain_of(chain), env, seq, ORDERER__KAFKA_MESSAGE_REGULAR__CLASS__CONFIG, t,
		       e);
}

static int chain_wait_ready(struct ord_chain *chain, struct ord_ticket *t, struct ord_err *e)
{
	struct kafka_chain *c = chain_of(chain);
	bool wait = false;
	int rc;

	pthread_mutex_lock(&c->lock);
	rc = check_open(c, e);
	if (rc == 0 && c->blocked) {
		add_ticket(&c->ready, t);
		wait = true;
	}
	pthread_mutex_unlock(&c->lock);
	if (rc == 0 && !wait)
		c->ops->settle(t, ORD_OK, NULL);
	return rc;
}

static bool chain_errored(struct ord_chain *chain)
{
	struct kafka_chain *c = chain_of(chain);
	bool errored;

	pthread_mutex_lock(&c->lock);
	errored = c->phase != KAFKA_RUNNING;
	pthread_mutex_unlock(&c->lock);
	return errored;
}

/* While the chain runs, its thread asks the brokers. */
static int chain_health(struct ord_chain *chain, struct ord_ticket *t, struct ord_err *e)
{
	struct kafka_chain *c = chain_of(chain);
	int rc = 0;

	pthread_mutex_lock(&c->lock);
	if (c->phase == KAFKA_RUNNING)
		add_ticket(&c->probes, t);
	else
		rc = ord_fail(e, ORD_EUNAVAIL, "%s", c->why);
	pthread_mutex_unlock(&c->lock);
	if (rc == 0)
		kafka_chain_wake(c);
	return rc;
}

/* ---- life ---------------------------------------------------------------- */

static void chain_start(struct ord_chain *chain)
{
	struct kafka_chain *c = chain_of(chain);

	if (c->ops->thread_start(c->s, "kafka", kafka_chain_run, c, &c->thread) < 0)
		chain->ops->halt(chain); /* errored() tells */
}

static void chain_halt(struct ord_chain *chain)
{
	struct kafka_chain *c = chain_of(chain);

	if (atomic_exchange(&c->halted, true))
		return;
	kafka_chain_enter(c, KAFKA_HALTED, KAFKA_HALTED_TEXT);
	c->ops->mailbox_close(c->inbox);
	c->ops->thread_join(c->thread);
	kafka_metrics_leave(c->kafka->metrics, c);
	kafka_flight_close(c->flight);
	settle_all(c, &c->ready, ORD_ECLOSED, KAFKA_HALTED_TEXT);
	settle_all(c, &c->probes, ORD_ECLOSED, KAFKA_HALTED_TEXT);
}

static void chain_free(struct ord_chain *chain)
{
	struct kafka_chain *c = chain_of(chain);

	kafka_flight_close(c->flight);
	kafka_flight_unref(c->flight);
	kafka_state_fini(&c->st);
	c->ops->mailbox_free(c->inbox);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static const struct ord_chain_ops chain_ops = {.size = sizeof(chain_ops),
					       .start = chain_start,
					       .order = chain_order,
					       .configure = chain_configure,
					       .wait_ready = chain_wait_ready,
					       .errored = chain_errored,
					       .halt = chain_halt,
					       .free = chain_free,
					       .health = chain_health};

/* Where to go on: behind what the last block has, or where the operator says. */
static int resume(struct kafka_chain *c, struct ord_bytes metadata, struct ord_err *e)
{
	uint64_t height = c->ops->height(c->s);

	c->rebase = kafka_rebase(c->kafka->settings.rebase, c->ops->channel_id(c->s), height);
	if (c->rebase.where == KAFKA_REBASE_HERE) {
		kafka_resume(&c->st, (struct ord_bytes){0}, height, e);
		if (c->rebase.offset > 0)
			c->st.persisted = c->rebase.offset - 1;
		return 0;
	}
	if (metadata.len == 0 && height > 1)
		c->begin = height;
	return kafka_resume(&c->st, metadata, height, e);
}

int kafka_chain_new(struct kafka *k, struct ord_support *s, struct ord_bytes metadata,
		    struct ord_chain **out, struct ord_err *e)
{
	struct kafka_chain *c = ord_alloc(sizeof(*c));

	*c = (struct kafka_chain){.chain = {&chain_ops},
				  .kafka = k,
				  .s = s,
				  .ops = s->ops,
				  .trouble_until = ORD_NEVER,
				  .down_since = ORD_NEVER,
				  .why = BOOTING};
	if (resume(c, metadata, e) < 0) {
		kafka_state_fini(&c->st);
		free(c);
		return e->code;
	}
	c->next = kafka_next_offset(&c->st);
	c->blocked = kafka_is_blocked(&c->st);
	pthread_mutex_init(&c->lock, NULL);
	c->inbox = s->ops->mailbox_new(s, KAFKA_WAKES);
	c->flight =
		kafka_flight_new(s, kafka_settings_patience_ns(&k->settings), kafka_chain_wake, c);
	tell_phase(c);
	*out = &c->chain;
	return 0;
}
