/* SPDX-License-Identifier: Apache-2.0 */
/* What was counted of messages and blocks, channel by channel, under the names of spec 8.2. */
#include "daemon.h"

/* ---- one channel --------------------------------------------------------- */

static void add_histogram(struct ops_metrics *out, const struct ops_label *labels,
			  const struct histogram *h)
{
	struct histogram_sum sum;

	if (histogram_read(h, &sum) > 0)
		ops_sample_histogram(out, labels, &sum);
}

static void add_fill(struct ops_metrics *out, const char *channel, struct chan_counts *c)
{
	add_histogram(out, (struct ops_label[]){{"channel", channel}, {0}}, &c->fill);
}

static void add_commit(struct ops_metrics *out, const char *channel, struct chan_counts *c)
{
	add_histogram(out, (struct ops_label[]){{"channel", channel}, {0}}, &c->commit);
}

/* For each row of what Broadcast handled. */
static void add_handled(struct ops_metrics *out, const char *channel, struct chan_counts *c,
			void (*add)(struct ops_metrics *out, const struct ops_label *labels,
				    const struct chan_handled *h))
{
	struct chan_handled *h = atomic_load(&c->handled);
	char tmp[12];

	for (; h; h = atomic_load(&h->next))
		add(out,
		    (struct ops_label[]){{"channel", channel},
					 {"type", chan_handled_type(h, tmp)},
					 {"status", wire_status_name(h->status)},
					 {0}},
		    h);
}

static void add_handled_n(struct ops_metrics *out, const struct ops_label *l,
			  const struct chan_handled *h)
{
	ops_sample(out, l, (double)atomic_load(&h->n));
}

static void add_handled_validate(struct ops_metrics *out, const struct ops_label *l,
				 const struct chan_handled *h)
{
	add_histogram(out, l, &h->validate);
}

static void add_handled_enqueue(struct ops_metrics *out, const struct ops_label *l,
				const struct chan_handled *h)
{
	add_histogram(out, l, &h->enqueue);
}

static void add_processed(struct ops_metrics *out, const char *channel, struct chan_counts *c)
{
	add_handled(out, channel, c, add_handled_n);
}

static void add_validate(struct ops_metrics *out, const char *channel, struct chan_counts *c)
{
	add_handled(out, channel, c, add_handled_validate);
}

static void add_enqueue(struct ops_metrics *out, const char *channel, struct chan_counts *c)
{
	add_handled(out, channel, c, add_handled_enqueue);
}

/* @success: NULL for no such label. */
static void add_deliver(struct ops_metrics *out, const char *channel, const char *success,
			const atomic_uint_fast64_t *n)
{
	const struct ops_label labels[] = {{"channel", channel},
					   {"filtered", "false"},
					   {"data_type", "block"},
					   {success ? "success" : NULL, success},
					   {0}};

	if (atomic_load(n))
		ops_sample(out, labels, (double)atomic_load(n));
}

static void add_received(struct ops_metrics *out, const char *channel, struct chan_counts *c)
{
	add_deliver(out, channel, NULL, &c->deliver_received);
}

static void add_completed(struct ops_metrics *out, const char *channel, struct chan_counts *c)
{
	add_deliver(out, channel, "false", &c->deliver_completed[false]);
	add_deliver(out, channel, "true", &c->deliver_completed[true]);
}

static void add_blocks(struct ops_metrics *out, const char *channel, struct chan_counts *c)
{
	add_deliver(out, channel, NULL, &c->deliver_blocks);
}

/* ---- all of them --------------------------------------------------------- */

static const struct metric {
	const char *name;
	char kind;
	const char *help;
	void (*add)(struct ops_metrics *out, const char *channel, struct chan_counts *c);
} metrics[] = {
	{"blockcutter_block_fill_duration", 'h',
	 "The time from first transaction enqueing to the block being cut in seconds.", add_fill},
	{"broadcast_enqueue_duration", 'h', "The time to enqueue a transaction in seconds.",
	 add_enqueue},
	{"broadcast_processed_count", 'c', "The number of transactions processed.", add_processed},
	{"broadcast_validate_duration", 'h', "The time to validate a transaction in seconds.",
	 add_validate},
	{"deliver_blocks_sent", 'c', "The number of blocks sent by the deliver service.",
	 add_blocks},
	{"deliver_requests_completed", 'c',
	 "The number of deliver requests that have been completed.", add_completed},
	{"deliver_requests_received", 'c',
	 "The number of deliver requests that have been received.", add_received},
	{"ledger_blockstorage_commit_time", 'h',
	 "Time taken in seconds for committing the block to storage.", add_commit},
};

struct scrape {
	const struct metric *metric;
	struct ops_metrics *out;
};

static void add_channel(void *arg, struct chan *c)
{
	const struct scrape *s = arg;

	s->metric->add(s->out, chan_id(c), chan_counts(c));
}

static void add_stream_count(struct ops_metrics *out, const char *name, const char *help,
			     const atomic_uint_fast64_t *n)
{
	ops_metric(out, name, 'c', help);
	ops_sample(out, NULL, (double)atomic_load(n));
}

void daemon_traffic(struct daemon *d, struct registrar *r, struct ops_metrics *out)
{
	struct service_counts *sv = service_counts(d->service);

	for (size_t i = 0; i < UTIL_ARRAY_LEN(metrics); i++) {
		struct scrape s = {&metrics[i], out};

		ops_metric(out, metrics[i].name, metrics[i].kind, metrics[i].help);
		registrar_each(r, add_channel, &s);
		metrics[i].add(out, "unknown", &sv->unknown);
	}
	add_stream_count(out, "deliver_streams_opened",
			 "The number of GRPC streams that have been opened for the deliver "
			 "service.",
			 &sv->deliver_opened);
	add_stream_count(out, "deliver_streams_closed",
			 "The number of GRPC streams that have been closed for the deliver "
			 "service.",
			 &sv->deliver_closed);
}
