/* SPDX-License-Identifier: Apache-2.0 */
/* /metrics: Prometheus' text format (version 0.0.4), under the names of spec 8.2. */
#include <inttypes.h>

#include "metrics_priv.h"

struct ops_metrics {
	struct buf text;
	char name[128]; /* of the metric begun last */
};

/* ---- the format ---------------------------------------------------------- */

static void add_escaped(struct buf *b, const char *text, bool quoted)
{
	for (; *text; text++)
		if (*text == '\\')
			buf_add_str(b, "\\\\");
		else if (*text == '\n')
			buf_add_str(b, "\\n");
		else if (*text == '"' && quoted)
			buf_add_str(b, "\\\"");
		else
			buf_add_u8(b, (uint8_t)*text);
}

void ops_metric(struct ops_metrics *m, const char *name, char kind, const char *help)
{
	util_assert(strlen(name) < sizeof(m->name));
	strcpy(m->name, name);
	buf_printf(&m->text, "# HELP %s ", name);
	add_escaped(&m->text, help, false);
	buf_printf(&m->text, "\n# TYPE %s %s\n", name,
		   kind == 'c'   ? "counter"
		   : kind == 'g' ? "gauge"
				 : "histogram");
}

/* @le: a further label of that name, or NULL. */
static void add_series(struct ops_metrics *m, const char *suffix, const struct ops_label *l,
		       const char *le)
{
	const char *comma = "{";

	buf_printf(&m->text, "%s%s", m->name, suffix);
	for (; l && l->name; l++, comma = ",") {
		buf_printf(&m->text, "%s%s=\"", comma, l->name);
		add_escaped(&m->text, l->value, true);
		buf_add_u8(&m->text, '"');
	}
	if (le) {
		buf_printf(&m->text, "%sle=\"%s\"", comma, le);
		comma = ",";
	}
	buf_add_str(&m->text, *comma == ',' ? "} " : " ");
}

void ops_sample(struct ops_metrics *m, const struct ops_label *labels, double value)
{
	add_series(m, "", labels, NULL);
	buf_printf(&m->text, "%.15g\n", value);
}

void ops_sample_histogram(struct ops_metrics *m, const struct ops_label *labels,
			  const struct histogram_sum *sum)
{
	const double *bounds = sum->bounds ? sum->bounds : histogram_bounds;

	for (size_t i = 0; i < HISTOGRAM_BOUNDS && bounds[i] > 0; i++) {
		char bound[32];

		snprintf(bound, sizeof(bound), "%g", bounds[i]);
		add_series(m, "_bucket", labels, bound);
		buf_printf(&m->text, "%" PRIu64 "\n", sum->buckets[i]);
	}
	add_series(m, "_bucket", labels, "+Inf");
	buf_printf(&m->text, "%" PRIu64 "\n", sum->count);
	add_series(m, "_sum", labels, NULL);
	buf_printf(&m->text, "%.15g\n", sum->seconds);
	add_series(m, "_count", labels, NULL);
	buf_printf(&m->text, "%" PRIu64 "\n", sum->count);
}

/* ---- what the rooms to the left know ------------------------------------- */

static void add_plugin_sample(void *arg, const struct plugin_sample *s)
{
	struct ops_metrics *m = arg;
	const struct ops_label labels[] = {{*s->label ? s->label : NULL, s->label_value}, {0}};
	struct histogram_sum sum = {.seconds = s->value, .count = s->count};

	if (strcmp(m->name, s->name) != 0)
		ops_metric(m, s->name, s->kind, s->help);
	memcpy(sum.buckets, s->buckets, sizeof(sum.buckets));
	if (s->kind == 'h')
		ops_sample_histogram(m, labels, &sum);
	else
		ops_sample(m, labels, s->value);
}

static void add_levels(struct ops_metrics *m, const char *name, const char *help,
		       const uint64_t counts[LOG_LEVELS])
{
	static const char *const levels[LOG_LEVELS] = {"Level(-2)", "debug",  "info",  "warn",
						       "error",     "dpanic", "panic", "fatal"};

	ops_metric(m, name, 'c', help);
	for (size_t i = 0; i < LOG_LEVELS; i++)
		if (counts[i])
			ops_sample(m, (struct ops_label[]){{"level", levels[i]}, {0}},
				   (double)counts[i]);
}

static void add_logging(struct ops_metrics *m)
{
	uint64_t checked[LOG_LEVELS], written[LOG_LEVELS];

	log_counts(checked, written);
	add_levels(m, "logging_entries_checked",
		   "Number of log entries checked against the active logging level", checked);
	add_levels(m, "logging_entries_written", "Number of log entries that are written", written);
}

void metrics_serve(struct ops_operations *s, struct http_request *rq)
{
	struct ops_metrics m = {.text = BUF_INIT};

	if (!s->metrics) {
		http_reply_not_found(rq);
		return;
	}
	ops_metric(&m, "fabric_version", 'g', "The active version of Fabric.");
	ops_sample(&m, (struct ops_label[]){{"version", s->version}, {0}}, 1);
	add_logging(&m);
	plugin_metrics_each(add_plugin_sample, &m);
	s->metrics(s->arg, &m);
	process_metrics(&m);
	http_reply(rq, 200, "text/plain; version=0.0.4; charset=utf-8", buf_bytes(&m.text));
	buf_fini(&m.text);
}
