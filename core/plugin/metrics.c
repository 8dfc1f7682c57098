/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of plugins: a list that only grows, so that adding to a series takes no lock once the
 * series is there.  Published by somebody else, through plugin_metrics_each().
 */
#include <plugin/plugin_priv.h>
#include <stdlib.h>

struct series {
	char *label_value;
	_Atomic double value;
	atomic_uint_fast64_t count;
	atomic_uint_fast64_t buckets[HISTOGRAM_BOUNDS]; /* not cumulative */
	struct series *next;
};

struct ord_metric {
	char *name, *label, *help;
	char kind;
	_Atomic(struct series *) series; /* newest first */
	_Atomic(struct ord_metric *) next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* taken to add to a list, not to read */
static _Atomic(struct ord_metric *) first;

static struct ord_metric *find_metric(const char *name, _Atomic(struct ord_metric *) **end)
{
	_Atomic(struct ord_metric *) *at = &first;
	struct ord_metric *m;

	while ((m = atomic_load(at)) != NULL && strcmp(m->name, name) != 0)
		at = &m->next;
	*end = at;
	return m;
}

struct ord_metric *plugin_metric_new(const char *plugin, const char *name, const char *label,
				     const char *help, char kind)
{
	char *full = x_printf("consensus_%s_%s", plugin, name);
	_Atomic(struct ord_metric *) *end;
	struct ord_metric *m;

	util_assert(kind == 'c' || kind == 'g' || kind == 'h');
	pthread_mutex_lock(&lock);
	m = find_metric(full, &end);
	if (!m) {
		m = x_alloc(sizeof(*m));
		m->name = x_strdup(full);
		m->label = x_strdup(label ? label : "");
		m->help = x_strdup(help);
		m->kind = kind;
		atomic_store(end, m);
	}
	pthread_mutex_unlock(&lock);
	free(full);
	return m;
}

static struct series *find_series(struct ord_metric *m, const char *label_value)
{
	struct series *s = atomic_load(&m->series);

	while (s && strcmp(s->label_value, label_value) != 0)
		s = s->next;
	return s;
}

static struct series *get_series(struct ord_metric *m, const char *label_value)
{
	struct series *s = find_series(m, label_value);

	if (s)
		return s;
	pthread_mutex_lock(&lock);
	s = find_series(m, label_value);
	if (!s) {
		s = x_alloc(sizeof(*s));
		s->label_value = x_strdup(label_value);
		s->next = atomic_load(&m->series);
		atomic_store(&m->series, s);
	}
	pthread_mutex_unlock(&lock);
	return s;
}

static void add_double(_Atomic double *to, double v)
{
	double old = atomic_load(to);

	while (!atomic_compare_exchange_weak(to, &old, old + v))
		;
}

void plugin_metric_add(struct ord_metric *m, const char *label_value, double v)
{
	struct series *s = get_series(m, label_value ? label_value : "");

	if (m->kind == 'g') {
		atomic_store(&s->value, v);
		return;
	}
	add_double(&s->value, v);
	if (m->kind == 'c')
		return;
	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++)
		if (v <= histogram_bounds[i]) {
			atomic_fetch_add(&s->buckets[i], 1);
			break;
		}
	atomic_fetch_add(&s->count, 1);
}

static void read_series(const struct ord_metric *m, struct series *s, struct plugin_sample *out)
{
	uint64_t below = 0;

	*out = (struct plugin_sample){
		.name = m->name,
		.help = m->help,
		.kind = m->kind,
		.label = m->label,
		.label_value = s->label_value,
		.value = atomic_load(&s->value),
		.count = atomic_load(&s->count),
	};
	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++)
		out->buckets[i] = below += atomic_load(&s->buckets[i]);
	if (out->count < below) /* an observation came in between */
		out->count = below;
}

void plugin_metrics_each(void (*each)(void *arg, const struct plugin_sample *s), void *arg)
{
	struct plugin_sample sample;

	for (struct ord_metric *m = atomic_load(&first); m; m = atomic_load(&m->next))
		for (struct series *s = atomic_load(&m->series); s; s = s->next) {
			read_series(m, s, &sample);
			each(arg, &sample);
		}
}
