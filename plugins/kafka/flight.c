/* SPDX-License-Identifier: Apache-2.0 */
/* From the producer's queue to the acknowledgement, each message and its ticket. */
#include "flight.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TOO_LARGE                                                                               \
	"the message is larger than Kafka's topic takes: raise its max.message.bytes (and the " \
	"brokers' message.max.bytes and replica.fetch.max.bytes) above the channel's "          \
	"Orderer.BatchSize.AbsoluteMaxBytes"

/* As many bytes as the producer puts into one request, and the topic takes unless it was told. */
#define BATCH_BYTES 786432

/* A record is larger than its message, at most. */
#define RECORD_BYTES 40

/* Between attempts to send one of the chain's own messages. */
#define AGAIN_NS 1000000000u

/* A client's message has a ticket until it is settled, and its bytes until the producer has it; one
 * of the chain's own keeps them. */
struct message {
	struct kafka_flight *flight;
	struct ord_ticket *ticket;
	uint64_t due;
	bool own;
	enum kafka_message_type type; /* of one of the chain's own */
	int64_t original;             /* offset of the message that it is a copy of */
	bool alone;                   /* among others it was too large */
	unsigned aim;                 /* where it was sent */
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
	struct message *posted;          /* the chain's own message that it has */
	struct queue own;                /* and those behind it */
	uint64_t again_at;               /* it did not come through: not before then */
	size_t bytes;                    /* of all that it has */
	int64_t limit;                   /* bytes that one request may have */
	rd_kafka_resp_err_t refusal;     /* since the chain thread has asked */
	bool watched;                    /* the chain thread knows when the oldest is due */
	bool news;                       /* it does not know all that has happened */
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
				   .limit = INT64_MAX,
				   .own.end = &f->own.first};
	pthread_mutex_init(&f->lock, NULL);
	return f;
}

void kafka_flight_limit(struct kafka_flight *f, int64_t bytes)
{
	pthread_mutex_lock(&f->lock);
	f->limit = bytes;
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

static void queue_put_back(struct queue *q, struct message *m)
{
	m->next = q->first;
	q->first = m;
	if (!m->next)
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

/* ---- sending; under the lock --------------------------------------------- */

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

/* What a broker says is above NO_ERROR, what librdkafka itself says is below: that the brokers do
 * not know the topic, for one. */
static void note_failure(struct kafka_flight *f, rd_kafka_resp_err_t err)
{
	bool brokers =
		err > RD_KAFKA_RESP_ERR_NO_ERROR && err != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;

	f->news = true;
	if (brokers || kafka_is_no_topic(err))
		f->refusal = err;
}

/* The chain thread, which tends the flight, needs no call. */
static void tell_news(struct kafka_flight *f)
{
	if (f->news && !f->closed)
		f->wake(f->arg);
}

/* What it counts for on its way; beside one that has to be alone there is no room. */
static size_t weight(const struct message *m)
{
	return m->alone ? BATCH_BYTES : m->bytes.len + RECORD_BYTES;
}

/* The topic's limit holds for all messages of a request together, and which go together the
 * producer decides.  One that is larger than that goes alone. */
static bool has_room(const struct kafka_flight *f, const struct message *m)
{
	int64_t limit = f->limit - KAFKA_HEADROOM;

	if (limit > BATCH_BYTES)
		limit = BATCH_BYTES;
	return f->bytes == 0 || (int64_t)(f->bytes + weight(m)) <= limit;
}

/* @flags: RD_KAFKA_MSG_F_FREE gives the bytes away. */
static rd_kafka_resp_err_t produce(struct kafka_flight *f, struct message *m, int flags)
{
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR__STATE;

	m->aim = f->aim;
	if (f->topic &&
	    rd_kafka_produce(f->topic, 0, flags, m->bytes.data, m->bytes.len, "0", 1, m) == 0) {
		f->refs++;
		f->bytes += weight(m);
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	}
	if (f->topic)
		err = rd_kafka_last_error();
	note_failure(f, err);
	return err;
}

/* While a partition has a few messages under way, an idempotent producer keeps all others, and is
 * busy waiting.  So they are held here, and go together when those before them are through. */
static void send_held(struct kafka_flight *f)
{
	while (f->held && has_room(f, f->held)) {
		struct message *m = f->held;
		rd_kafka_resp_err_t err = produce(f, m, RD_KAFKA_MSG_F_FREE);

		if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
			settle_by(f, m, err);
			continue;
		}
		m->bytes.data = NULL;
		f->held = m->next;
		f->sent++;
	}
}

/* The topic will never take it, so no orderer is to wait for it any longer: as Fabric's, which
 * drops it, but for all orderers at the same place in the topic. */
static void give_up(struct kafka_flight *f, struct message *m)
{
	ord_log(f->s, ORD_ERROR,
		"the accepted message at offset %" PRId64
		" of the topic has to be sent again, and is not ordered: " TOO_LARGE,
		m->original);
	free(m->bytes.data);
	m->bytes = kafka_rejected(m->original);
	m->type = KAFKA_CONNECT;
	m->alone = false;
}

/* A copy may have been too large for a request with others in it only. */
static void shrink(struct kafka_flight *f, struct message *m)
{
	if (m->alone)
		give_up(f, m);
	else
		m->alone = true;
}

/* One of the chain's own comes again until it stands in the topic: before those behind it, and not
 * at once, unless there is another producer now. */
static void put_back(struct kafka_flight *f, struct message *m, rd_kafka_resp_err_t err)
{
	bool large = m->type == KAFKA_REGULAR && err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;

	if (large)
		shrink(f, m);
	queue_put_back(&f->own, m);
	f->again_at = m->aim == f->aim && !large ? f->ops->now_ns(f->s) + AGAIN_NS : 0;
}

static bool may_post(const struct kafka_flight *f)
{
	return !f->posted && f->own.first && has_room(f, f->own.first) &&
	       (f->again_at == 0 || f->ops->now_ns(f->s) >= f->again_at);
}

/* One at a time, so that whatever becomes of it, none overtakes it: to Fabric's orderers a copy of
 * an older message is none any more when one of a newer message stands in the topic. */
static void post_next(struct kafka_flight *f)
{
	while (may_post(f)) {
		struct message *m = queue_take(&f->own);
		rd_kafka_resp_err_t err = produce(f, m, 0);

		f->again_at = 0;
		if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
			f->posted = m;
		else
			put_back(f, m, err);
	}
}

static void advance(struct kafka_flight *f)
{
	if (f->closed)
		return;
	post_next(f);
	if (f->sent == 0)
		send_held(f);
}

/* ---- where to ------------------------------------------------------------ */

unsigned kafka_flight_aim(struct kafka_flight *f, rd_kafka_topic_t *topic)
{
	unsigned aim;

	pthread_mutex_lock(&f->lock);
	f->topic = topic;
	aim = ++f->aim;
	f->again_at = 0;
	advance(f);
	tell_news(f);
	pthread_mutex_unlock(&f->lock);
	return aim;
}

void kafka_flight_miss(struct kafka_flight *f, unsigned aim)
{
	pthread_mutex_lock(&f->lock);
	if (f->aim == aim)
		f->topic = NULL;
	pthread_mutex_unlock(&f->lock);
}

/* ---- messages that come -------------------------------------------------- */

/* It would land, and be too large to be sent again.  What is larger still the brokers refuse. */
static bool is_too_tight(const struct kafka_flight *f, int64_t bytes)
{
	return bytes <= f->limit && bytes + KAFKA_HEADROOM > f->limit;
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
		f->news = f->news || !f->watched;
		f->watched = true;
		advance(f);
		tell_news(f);
	}
	pthread_mutex_unlock(&f->lock);
	if (!closed && fits)
		return 0;
	message_free(m);
	if (closed)
		return ord_fail(e, ORD_ECLOSED, KAFKA_HALTED_TEXT);
	return ord_fail(e, ORD_ETOOBIG, "%s", TOO_LARGE);
}

/* Does it say what @old says, or what has taken its place? */
static bool replaces(const struct message *m, const struct message *old)
{
	bool same = m->bytes.len == old->bytes.len &&
		    memcmp(m->bytes.data, old->bytes.data, m->bytes.len) == 0;

	return m->type == old->type && (m->type == KAFKA_TIME_TO_CUT || same);
}

/* Brokers that take nothing for a day must not find a day's messages waiting for them. */
static void queue_own(struct kafka_flight *f, struct message *m)
{
	struct kafka_bytes bytes = m->bytes;

	struct message *old = m->type == KAFKA_REGULAR ? NULL : f->own.first;

	while (old && !replaces(m, old))
		old = old->next;
	if (!old) {
		queue_add(&f->own, m);
		return;
	}
	m->bytes = old->bytes;
	old->bytes = bytes;
	message_free(m);
}

void kafka_flight_post(struct kafka_flight *f, struct ord_bytes message)
{
	struct message *m = ord_alloc(sizeof(*m));
	struct kafka_message read;

	kafka_message_read(message, &read);
	*m = (struct message){.flight = f,
			      .own = true,
			      .type = read.type,
			      .original = read.original_offset,
			      .bytes = {ord_alloc(message.len + 1), message.len}};
	memcpy(m->bytes.data, message.data, message.len);
	pthread_mutex_lock(&f->lock);
	queue_own(f, m);
	advance(f);
	tell_news(f);
	pthread_mutex_unlock(&f->lock);
}

/* ---- what becomes of them ------------------------------------------------ */

static bool has_landed(const struct kafka_flight *f)
{
	return !f->posted && !f->own.first;
}

static void report_own(struct kafka_flight *f, struct message *m, rd_kafka_resp_err_t err)
{
	f->posted = NULL;
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR && !f->closed)
		put_back(f, m, err);
	else
		message_free(m);
	f->news = f->news || has_landed(f);
}

static void report_client(struct kafka_flight *f, struct message *m, rd_kafka_resp_err_t err)
{
	f->sent--;
	if (m->ticket)
		settle_by(f, m, err);
	message_free(m);
}

void kafka_flight_report(void *opaque, rd_kafka_resp_err_t err)
{
	struct message *m = opaque;
	struct kafka_flight *f = m->flight;

	pthread_mutex_lock(&f->lock);
	f->bytes -= weight(m);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		note_failure(f, err);
	(m->own ? report_own : report_client)(f, m, err);
	advance(f);
	tell_news(f);
	unref_unlock(f);
}

bool kafka_flight_landed(struct kafka_flight *f)
{
	bool landed;

	pthread_mutex_lock(&f->lock);
	landed = has_landed(f);
	pthread_mutex_unlock(&f->lock);
	return landed;
}

static bool expire(struct kafka_flight *f)
{
	uint64_t now = f->ops->now_ns(f->s);
	bool overdue = false;

	for (; f->oldest && f->oldest->due <= now; overdue = true)
		settle(f, f->oldest, ORD_ETIMEDOUT, KAFKA_CANNOT_TEXT);
	return overdue;
}

static uint64_t next_due(const struct kafka_flight *f)
{
	uint64_t due = f->oldest ? f->oldest->due : ORD_NEVER;

	return f->again_at != 0 && f->again_at < due ? f->again_at : due;
}

struct kafka_flight_news kafka_flight_tend(struct kafka_flight *f)
{
	struct kafka_flight_news news = {0};

	pthread_mutex_lock(&f->lock);
	news.overdue = expire(f);
	advance(f);
	news.landed = has_landed(f);
	news.refusal = f->refusal;
	news.due = next_due(f);
	f->refusal = RD_KAFKA_RESP_ERR_NO_ERROR;
	f->watched = f->oldest != NULL;
	f->news = false;
	pthread_mutex_unlock(&f->lock);
	return news;
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
	while ((m = queue_take(&f->own)) != NULL)
		message_free(m);
	unref_unlock(f);
}
