/* SPDX-License-Identifier: Apache-2.0 */
#include "flight.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TOO_LARGE                                                                               \
	"the message is larger than Kafka's topic takes: raise its max.message.bytes (and the " \
	"brokers' message.max.bytes and replica.fetch.max.bytes) above the channel's "          \
	"Orderer.BatchSize.AbsoluteMaxBytes"

/* As many bytes as the producer puts into one request. */
#define BATCH_BYTES 786432

/* A client's message has a ticket until it is settled, and its bytes until the producer has it; one
 * of the chain's own keeps them. */
struct message {
	struct kafka_flight *flight;
	struct ord_ticket *ticket;
	uint64_t due;
	bool own;
	struct kafka_bytes bytes;
	struct message *prev, *next; /* in the flight's list of those with a ticket */
};

struct queue {
	struct message *first, **end;
};

struct kafka_flight {
	struct ord_support *s;
	const struct ord_support_ops *ops;
	uint64_t patience_ns;
	void (*wake)(void *arg);
	void *arg;

	pthread_mutex_t lock; /* guards all below */
	unsigned refs;        /* the chain's, and one of each message on its way */
	rd_kafka_topic_t *topic;
	unsigned aim;                    /* how often there was another */
	struct message *oldest, *newest; /* with a ticket */
	struct message *held;            /* the first of them that the producer does not have yet */
	unsigned sent;                   /* clients' messages that it has */
	unsigned posted;                 /* the chain's own messages that are on their way */
	struct queue lost;               /* and those that were, to be sent again */
	bool moved;                      /* to another topic handle, while some were on their way */
	int64_t limit;                   /* bytes that the topic takes; < 0: not known */
	rd_kafka_resp_err_t refusal;     /* since the chain thread has asked */
	bool watched;                    /* the chain thread knows when the oldest is due */
	bool closed;
};

struct kafka_flight *kafka_flight_new(struct ord_support *s, uint64_t patience_ns,
				      void (*wake)(void *arg), void *arg)
{
	struct kafka_flight *f = ord_alloc(sizeof(*f));

	*f = (struct kafka_flight){.s = s,
				   .ops = s->ops,
				   .patience_ns = patience_ns,
				   .wake = wake,
				   .arg = arg,
				   .refs = 1,
				   .limit = -1,
				   .lost.end = &f->lost.first};
	pthread_mutex_init(&f->lock, NULL);
	return f;
}

unsigned kafka_flight_aim(struct kafka_flight *f, rd_kafka_topic_t *topic)
{
	unsigned aim;

	pthread_mutex_lock(&f->lock);
	f->topic = topic;
	aim = ++f->aim;
	f->moved = f->posted > 0;
	pthread_mutex_unlock(&f->lock);
	return aim;
}

void kafka_flight_limit(struct kafka_flight *f, int64_t bytes)
{
	pthread_mutex_lock(&f->lock);
	f->limit = bytes;
	pthread_mutex_unlock(&f->lock);
}

void kafka_flight_miss(struct kafka_flight *f, unsigned aim)
{
	pthread_mutex_lock(&f->lock);
	if (f->aim == aim)
		f->topic = NULL;
	pthread_mutex_unlock(&f->lock);
}

/* ---- lists; under the lock ----------------------------------------------- */

static void list_add(struct kafka_flight *f, struct message *m)
{
	m->prev = f->newest;
	*(f->newest ? &f->newest->next : &f->oldest) = m;
	f->newest = m;
	if (!f->held)
		f->held = m;
}

static void list_drop(struct kafka_flight *f, struct message *m)
{
	*(m->prev ? &m->prev->next : &f->oldest) = m->next;
	*(m->next ? &m->next->prev : &f->newest) = m->prev;
	if (f->held == m)
		f->held = m->next;
	m->prev = m->next = NULL;
}

static void queue_add(struct queue *q, struct message *m)
{
	m->next = NULL;
	*q->end = m;
	q->end = &m->next;
}

static struct message *queue_take(struct queue *q)
{
	struct message *m = q->first;

	if (m && !(q->first = m->next))
		q->end = &q->first;
	return m;
}

static void message_free(struct message *m)
{
	free(m->bytes.data);
	free(m);
}

/* Settled under the lock, so that none is after kafka_flight_close().  What the producer has is
 * freed by its report. */
static void settle(struct kafka_flight *f, struct message *m, int code, const char *why)
{
	bool held = m->bytes.data != NULL;

	list_drop(f, m);
	f->ops->settle(m->ticket, code, why);
	m->ticket = NULL;
	if (held)
		message_free(m);
}

/* The lock is let go of. */
static void unref_unlock(struct kafka_flight *f)
{
	bool last = --f->refs == 0;

	pthread_mutex_unlock(&f->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&f->lock);
	free(f);
}

/* ---- sending ------------------------------------------------------------- */

static void settle_by(struct kafka_flight *f, struct message *m, rd_kafka_resp_err_t err)
{
	char why[512];

	if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		settle(f, m, ORD_OK, NULL);
	} else if (err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
		settle(f, m, ORD_ETOOBIG, TOO_LARGE);
	} else if (err > RD_KAFKA_RESP_ERR_NO_ERROR) {
		snprintf(why, sizeof(why), KAFKA_CANNOT_TEXT ": %s", rd_kafka_err2str(err));
		settle(f, m, ORD_EUNAVAIL, why);
	} else {
		settle(f, m, ORD_EUNAVAIL, KAFKA_CANNOT_TEXT);
	}
}

bool kafka_is_no_topic(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
	       err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
	       err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

/* Under the lock.  What a broker says is above NO_ERROR, what librdkafka itself says is below: that
 * the brokers do not know the topic, for one. */
static void note_refusal(struct kafka_flight *f, rd_kafka_resp_err_t err)
{
	bool brokers =
		err > RD_KAFKA_RESP_ERR_NO_ERROR && err != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;

	if (!brokers && !kafka_is_no_topic(err))
		return;
	f->refusal = err;
	if (!f->closed)
		f->wake(f->arg);
}

/* Under the lock, which makes the order of the calls the order in the topic.  @flags:
 * RD_KAFKA_MSG_F_FREE gives the bytes away. */
static rd_kafka_resp_err_t produce(struct kafka_flight *f, struct message *m, int flags)
{
	if (!f->topic)
		return RD_KAFKA_RESP_ERR__STATE;
	if (rd_kafka_produce(f->topic, 0, flags, m->bytes.data, m->bytes.len, "0", 1, m) != 0) {
		note_refusal(f, rd_kafka_last_error());
		return rd_kafka_last_error();
	}
	f->refs++;
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* While a partition has a few messages under way, an idempotent producer keeps all others, and is
 * busy waiting.  So they are held here, and go together when those before them are through. */
static void send_held(struct kafka_flight *f)
{
	size_t bytes = 0;

	while (f->held && bytes < BATCH_BYTES) {
		struct message *m = f->held;
		rd_kafka_resp_err_t err = produce(f, m, RD_KAFKA_MSG_F_FREE);

		if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
			settle_by(f, m, err);
			continue;
		}
		bytes += m->bytes.len;
		m->bytes.data = NULL;
		f->held = m->next;
		f->sent++;
	}
}

/* It would land, and be too large to be sent again.  What is larger still the brokers refuse. */
static bool is_too_tight(const struct kafka_flight *f, int64_t bytes)
{
	return bytes <= f->limit && bytes + KAFKA_OVERHEAD > f->limit;
}

int kafka_flight_send(struct kafka_flight *f, struct kafka_bytes take, struct ord_ticket *t,
		      struct ord_err *e)
{
	struct message *m = ord_alloc(sizeof(*m));
	bool closed, fits;

	*m = (struct message){.flight = f,
			      .ticket = t,
			      .due = f->ops->now_ns(f->s) + f->patience_ns,
			      .bytes = take};
	pthread_mutex_lock(&f->lock);
	closed = f->closed;
	fits = !is_too_tight(f, (int64_t)take.len);
	if (!closed && fits) {
		list_add(f, m);
		if (!f->watched)
			f->wake(f->arg);
		f->watched = true;
		if (f->sent == 0)
			send_held(f);
	}
	pthread_mutex_unlock(&f->lock);
	if (!closed && fits)
		return 0;
	message_free(m);
	if (closed)
		return ord_fail(e, ORD_ECLOSED, KAFKA_HALTED_TEXT);
	return ord_fail(e, ORD_ETOOBIG, "%s", TOO_LARGE);
}

/* One that the producer does not take is lost already. */
static void post(struct kafka_flight *f, struct message *m)
{
	if (produce(f, m, 0) == RD_KAFKA_RESP_ERR_NO_ERROR)
		f->posted++;
	else
		queue_add(&f->lost, m);
}

void kafka_flight_post(struct kafka_flight *f, struct ord_bytes message)
{
	struct message *m = ord_alloc(sizeof(*m));

	*m = (struct message){
		.flight = f, .own = true, .bytes = {ord_alloc(message.len + 1), message.len}};
	memcpy(m->bytes.data, message.data, message.len);
	pthread_mutex_lock(&f->lock);
	if (f->lost.first || f->moved)
		queue_add(&f->lost, m); /* behind its elders */
	else
		post(f, m);
	pthread_mutex_unlock(&f->lock);
}

bool kafka_flight_landed(struct kafka_flight *f)
{
	struct queue again = {.end = &again.first};
	struct message *m;
	bool landed;

	pthread_mutex_lock(&f->lock);
	if (f->posted == 0) { /* so that they keep their order */
		f->moved = false;
		while ((m = queue_take(&f->lost)) != NULL)
			queue_add(&again, m);
		while ((m = queue_take(&again)) != NULL)
			post(f, m);
	}
	landed = f->posted == 0 && !f->lost.first;
	pthread_mutex_unlock(&f->lock);
	return landed;
}

/* ---- what becomes of them ------------------------------------------------ */

static void report_own(struct kafka_flight *f, struct message *m, rd_kafka_resp_err_t err)
{
	f->posted--;
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR || f->closed)
		message_free(m);
	else
		queue_add(&f->lost, m);
}

static void report_client(struct kafka_flight *f, struct message *m, rd_kafka_resp_err_t err)
{
	f->sent--;
	if (m->ticket)
		settle_by(f, m, err);
	message_free(m);
	if (f->sent == 0)
		send_held(f);
}

void kafka_flight_report(void *opaque, rd_kafka_resp_err_t err)
{
	struct message *m = opaque;
	struct kafka_flight *f = m->flight;
	bool own = m->own;

	pthread_mutex_lock(&f->lock);
	note_refusal(f, err);
	(own ? report_own : report_client)(f, m, err);
	if ((own || err != RD_KAFKA_RESP_ERR_NO_ERROR) && !f->closed)
		f->wake(f->arg);
	unref_unlock(f);
}

uint64_t kafka_flight_expire(struct kafka_flight *f, bool *overdue)
{
	uint64_t now = f->ops->now_ns(f->s), due;

	pthread_mutex_lock(&f->lock);
	for (; f->oldest && f->oldest->due <= now; *overdue = true)
		settle(f, f->oldest, ORD_ETIMEDOUT, KAFKA_CANNOT_TEXT);
	f->watched = f->oldest != NULL;
	due = f->watched ? f->oldest->due : ORD_NEVER;
	pthread_mutex_unlock(&f->lock);
	return due;
}

rd_kafka_resp_err_t kafka_flight_refusal(struct kafka_flight *f)
{
	rd_kafka_resp_err_t err;

	pthread_mutex_lock(&f->lock);
	err = f->refusal;
	f->refusal = RD_KAFKA_RESP_ERR_NO_ERROR;
	pthread_mutex_unlock(&f->lock);
	return err;
}

bool kafka_flight_empty(struct kafka_flight *f)
{
	bool empty;

	pthread_mutex_lock(&f->lock);
	empty = f->refs == 1 && !f->held;
	pthread_mutex_unlock(&f->lock);
	return empty;
}

void kafka_flight_close(struct kafka_flight *f)
{
	pthread_mutex_lock(&f->lock);
	f->closed = true;
	f->topic = NULL;
	while (f->oldest)
		settle(f, f->oldest, ORD_ECLOSED, KAFKA_HALTED_TEXT);
	pthread_mutex_unlock(&f->lock);
}

void kafka_flight_unref(struct kafka_flight *f)
{
	struct message *m;

	pthread_mutex_lock(&f->lock);
	while ((m = queue_take(&f->lost)) != NULL)
		message_free(m);
	unref_unlock(f);
}
