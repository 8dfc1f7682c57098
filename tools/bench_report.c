/* SPDX-License-Identifier: Apache-2.0 */
/* bench_report: the answer, for people or for machines. */
#include "bench.h"
#include "json_write.h"

#include <inttypes.h>
#include <stdlib.h>

struct latency {
	double p50_ms, p95_ms, p99_ms, max_ms;
};

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The value that @share of all are not above (nearest rank). */
static double percentile(const uint32_t *sorted, size_t n, double share)
{
	size_t rank = (size_t)(share * (double)n + 0.999999);

	return sorted[rank > 0 ? rank - 1 : 0] / 1000.0;
}

static struct latency summarise(const struct bench_run *r, size_t field)
{
	size_t n = (size_t)r->next;
	uint32_t *us = x_malloc(n * sizeof(*us) + 1);
	struct latency l;

	for (size_t i = 0; i < n; i++)
		us[i] = *(const uint32_t *)((const char *)&r->load.tx[i] + field);
	qsort(us, n, sizeof(*us), by_value);
	l = (struct latency){percentile(us, n, 0.50), percentile(us, n, 0.95),
			     percentile(us, n, 0.99), us[n - 1] / 1000.0};
	free(us);
	return l;
}

static void print_latency(const char *what, const struct latency *l)
{
	printf("%-17s p50 %.2f ms, p95 %.2f ms, p99 %.2f ms, longest %.2f ms\n", what, l->p50_ms,
	       l->p95_ms, l->p99_ms, l->max_ms);
}

static void print_people(const struct bench_run *r, const struct bench_result *res,
			 const struct latency *ack, const struct latency *commit)
{
	const struct bench_opts *o = r->o;
	double n = (double)r->acked;

	printf("%-17s %" PRIu64 " of %" PRIu64 " bytes (%zu signed), %" PRIu64
	       " streams on %" PRIu64 " connections, %" PRIu64 " outstanding each\n",
	       "transactions", r->acked, o->size, r->load.tx[0].envelope.len, o->streams,
	       o->connections, o->outstanding);
	printf("%-17s %.0f/s acknowledged, %.0f/s back in blocks by then\n", "throughput",
	       n / res->seconds, (double)r->committed_at_last_ack / res->seconds);
	print_latency("ack latency", ack);
	print_latency("commit latency", commit);
	printf("%-17s %" PRIu64 ", %.1f transactions each; chain whole, every transaction in it "
	       "exactly once\n",
	       "blocks", r->blocks, (double)(r->committed + r->foreign) / (double)r->blocks);
	if (res->cpu_s >= 0) {
		printf("%-17s %.1f us a transaction = %.2f V (V, one P-256 verification by OpenSSL "
		       "here and now: %.1f us)\n",
		       "server CPU", res->cpu_s * 1e6 / n, res->cpu_s * 1e6 / n / res->v_us,
		       res->v_us);
		printf("%-17s %.1f MB\n", "server peak RSS", (double)res->rss / 1e6);
	}
	printf("%-17s %.1f us a transaction\n", "client CPU", res->client_cpu_s * 1e6 / n);
}

static void json_number(struct json *j, const char *key, double v)
{
	json_key_str(j, key);
	json_double(j, v);
}

static void json_count(struct json *j, const char *key, uint64_t v)
{
	json_key_str(j, key);
	json_uint(j, v);
}

static void json_latency(struct json *j, const char *key, const struct latency *l)
{
	json_key_str(j, key);
	json_open(j, '{');
	json_number(j, "p50", l->p50_ms);
	json_number(j, "p95", l->p95_ms);
	json_number(j, "p99", l->p99_ms);
	json_number(j, "max", l->max_ms);
	json_close(j, '}');
}

static void print_json(struct json *j)
{
	json_close(j, '}');
	buf_add_u8(j->out, '\n');
	fwrite(j->out->data, 1, j->out->len, stdout);
	buf_fini(j->out);
}

static void print_machines(const struct bench_run *r, const struct bench_result *res,
			   const struct latency *ack, const struct latency *commit)
{
	struct buf out = BUF_INIT;
	struct json j = json_to(&out);
	double n = (double)r->acked;

	json_open(&j, '{');
	json_count(&j, "transactions", r->acked);
	json_count(&j, "payload_bytes", r->o->size);
	json_count(&j, "envelope_bytes", r->load.tx[0].envelope.len);
	json_count(&j, "streams", r->o->streams);
	json_count(&j, "connections", r->o->connections);
	json_count(&j, "outstanding", r->o->outstanding);
	json_count(&j, "rate", r->o->rate);
	json_number(&j, "seconds", res->seconds);
	json_number(&j, "acknowledged_per_s", n / res->seconds);
	json_number(&j, "committed_per_s", (double)r->committed_at_last_ack / res->seconds);
	json_latency(&j, "ack_ms", ack);
	json_latency(&j, "commit_ms", commit);
	json_count(&j, "blocks", r->blocks);
	json_count(&j, "others_transactions", r->foreign);
	json_number(&j, "v_us", res->v_us);
	if (res->cpu_s >= 0) {
		json_number(&j, "server_cpu_us", res->cpu_s * 1e6 / n);
		json_number(&j, "server_cpu_v", res->cpu_s * 1e6 / n / res->v_us);
		json_count(&j, "server_peak_rss_bytes", res->rss);
	}
	json_number(&j, "client_cpu_us", res->client_cpu_s * 1e6 / n);
	print_json(&j);
}

void bench_report(struct bench_run *r, const struct bench_result *res)
{
	struct latency ack = summarise(r, offsetof(struct bench_tx, ack_us));
	struct latency commit = summarise(r, offsetof(struct bench_tx, commit_us));

	if (r->o->json)
		print_machines(r, res, &ack, &commit);
	else
		print_people(r, res, &ack, &commit);
}

void bench_report_delivered(const struct bench_opts *o, const struct bench_delivered *d)
{
	double gb = (double)d->bytes / 1e9;
	struct buf out = BUF_INIT;
	struct json j = json_to(&out);

	if (o->json) {
		json_open(&j, '{');
		json_count(&j, "streams", o->streams);
		json_count(&j, "blocks", d->blocks);
		json_count(&j, "bytes", d->bytes);
		json_number(&j, "seconds", d->seconds);
		json_number(&j, "gb_per_s", gb / d->seconds);
		if (d->cpu_s >= 0) {
			json_number(&j, "server_cpu_s_per_gb", d->cpu_s / gb);
			json_count(&j, "server_peak_rss_bytes", d->rss);
		}
		json_number(&j, "client_cpu_s_per_gb", d->client_cpu_s / gb);
		print_json(&j);
		return;
	}
	printf("%-17s %" PRIu64 " blocks, %.3f GB on %" PRIu64 " streams; chain whole\n",
	       "delivered", d->blocks, gb, o->streams);
	printf("%-17s %.3f GB/s\n", "throughput", gb / d->seconds);
	if (d->cpu_s >= 0) {
		printf("%-17s %.2f s a GB\n", "server CPU", d->cpu_s / gb);
		printf("%-17s %.1f MB\n", "server peak RSS", (double)d->rss / 1e6);
	}
	printf("%-17s %.2f s a GB\n", "client CPU", d->client_cpu_s / gb);
}
