/* SPDX-License-Identifier: Apache-2.0 */
#include "flight.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TOO_LARGE                                                                               \
	"the message is larger than Kafka's topic takes: raise its max.message.bytes (and the " \
	"brokers' message.max.bytes and replica.fetch.max.bytes) above the channel's "          \
	"Orderer.BatchSize.AbsoluteMaxBytes"

/* A client's message has a ticket until it is settled; the chain's own have their bytes. */
struct message {
	struct kafka_flight *flight;
	struct ord_ticket *ticket;
	uint64_t due;
	struct kafka_bytes own;
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
	struct message *oldest, *newest; /* with a ticket */
	unsigned posted;                 /* the chain's own messages that are on their way */
	struct queue lost;               /* and those that were, to be sent again */
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
				   .lost.end = &f->lost.first};
	pthread_mutex_init(&f->lock, NULL);
	return f;
}

void kafka_flight_aim(struct kafka_flight *f, rd_kafka_topic_t *topic)
{
	pthread_mutex_lock(&f->lock);
	f->topic = topic;
	pthread_mutex_unlock(&f->lock);
}

void kafka_flight_miss(struct kafka_flight *f, const rd_kafka_topic_t *topic)
{
	pthread_mutex_lock(&f->lock);
	if (f->topic == topic)
		f->topic = NULL;
	pthread_mutex_unlock(&f->lock);
}

/* ---- lists; under the lock --------------------------------------------------------------------
 */

static void list_add(struct kafka_flight *f, struct message *m)
{
	m->prev = f->newest;
	*(f->newest ? &f->newest->next : &f->oldest) = m;
	f->newest = m;
}

static void list_drop(struct kafka_flight *f, struct message *m)
{
	*(m->prev ? &m->prev->next : &f->oldest) = m->next;
	*(m->next ? &m->next->prev : &f->newest) = m->prev;
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

/* Settled under the lock, so that none is after kafka_flight_close(). */
static void settle(struct kafka_flight *f, struct message *m, int code, const char *why)
{
	list_drop(f, m);
	f->ops->settle(m->ticket, code, why);
	m->ticket = NULL;
}

static void message_free(struct message *m)
{
	free(m->own.data);
	free(m);
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

/* ---- sending -----------------------------------------------------------------------------------
 */

static int refused(rd_kafka_resp_err_t err, struct ord_err *e)
{
	if (err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
		return ord_fail(e, ORD_ETOOBIG, "%s", TOO_LARGE);
	if (err > RD_KAFKA_RESP_ERR_NO_ERROR)
		return ord_fail(e, ORD_EUNAVAIL, "cannot enqueue: %s", rd_kafka_err2str(err));
	return ord_fail(e, ORD_EUNAVAIL, "cannot enqueue");
}

/* Under the lock.  What a broker says is above NO_ERROR, what librdkafka itself says is below. */
static void note_refusal(struct kafka_flight *f, rd_kafka_resp_err_t err)
{
	if (err > RD_KAFKA_RESP_ERR_NO_ERROR && err != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
		f->refusal = err;
}

/* Under the lock, which makes the order of the calls the order in the topic.  @flags:
 * RD_KAFKA_MSG_F_FREE gives @bytes away. */
static rd_kafka_resp_err_t produce(struct kafka_flight *f, struct kafka_bytes bytes, int flags,
				   struct message *m)
{
	if (!f->topic)
		return RD_KAFKA_RESP_ERR__STATE;
	if (rd_kafka_produce(f->topic, 0, flags, bytes.data, bytes.len, "0", 1, m) == 0)
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	return rd_kafka_last_error();
}

int kafka_flight_send(struct kafka_flight *f, struct kafka_bytes take, struct ord_ticket *t,
		      struct ord_err *e)
{
	struct message *m = ord_alloc(sizeof(*m));
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR__STATE;
	bool closed;

	*m = (struct message){
		.flight = f, .ticket = t, .due = f->ops->now_ns(f->s) + f->patience_ns};
	pthread_mutex_lock(&f->lock);
	closed = f->closed;
	if (!closed)
		err = produce(f, take, RD_KAFKA_MSG_F_FREE, m);
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		list_add(f, m);
		f->refs++;
		if (!f->watched)
			f->wake(f->arg);
		f->watched = true;
	}
	note_refusal(f, err);
	if (f->refusal && !closed)
		f->wake(f->arg);
	pthread_mutex_unlock(&f->lock);
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	free(take.data);
	free(m);
	if (closed)
		return ord_fail(e, ORD_ECLOSED, "consenter for this channel has been halted");
	return refused(err, e);
}

/* One that the producer does not take is lost already. */
static void post(struct kafka_flight *f, struct message *m)
{
	rd_kafka_resp_err_t err = produce(f, m->own, 0, m);

	if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		f->refs++;
		f->posted++;
	} else {
		note_refusal(f, err);
		queue_add(&f->lost, m);
	}
}

void kafka_flight_post(struct kafka_flight *f, struct ord_bytes message)
{
	struct message *m = ord_alloc(sizeof(*m));

	*m = (struct message){.flight = f, .own = {ord_alloc(message.len + 1), message.len}};
	memcpy(m->own.data, message.data, message.len);
	pthread_mutex_lock(&f->lock);
	if (f->lost.first)
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
		while ((m = queue_take(&f->lost)) != NULL)
			queue_add(&again, m);
		while ((m = queue_take(&again)) != NULL)
			post(f, m);
	}
	landed = f->posted == 0 && !f->lost.first;
	pthread_mutex_unlock(&f->lock);
	return landed;
}

/* ---- what becomes of them ----------------------------------------------------------------------
 */

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
	struct ord_err e = {0};

	if (m->ticket) {
		if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
			refused(err, &e);
		settle(f, m, e.code, e.code ? e.msg : NULL);
	}
	message_free(m);
}

void kafka_flight_report(void *opaque, rd_kafka_resp_err_t err)
{
	struct message *m = opaque;
	struct kafka_flight *f = m->flight;
	bool own = m->own.data != NULL;

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
		settle(f, f->oldest, ORD_ETIMEDOUT, "cannot enqueue");
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
	empty = f->refs == 1;
	pthread_mutex_unlock(&f->lock);
	return empty;
}

void kafka_flight_close(struct kafka_flight *f)
{
	pthread_mutex_lock(&f->lock);
	f->closed = true;
	f->topic = NULL;
	while (f->oldest)
		settle(f, f->oldest, ORD_ECLOSED, "consenter for this channel has been halted");
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
