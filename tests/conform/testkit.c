/* SPDX-License-Identifier: Apache-2.0 */
/* testkit: the kit itself, its host table and its clients. */
#include "kit.h"

#include <sys/syscall.h>
#include <unistd.h>

/* ---- texts and failing --------------------------------------------------- */

char *kit_print(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		abort();
	va_end(ap);
	return s;
}

void kit_append(char **s, const char *fmt, ...)
{
	char *more = NULL, *old = *s;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&more, fmt, ap) < 0)
		abort();
	va_end(ap);
	*s = kit_print("%s%s", old ? old : "", more);
	free(more);
	free(old);
}

void kit_broken(struct testkit *k, const char *fmt, ...)
{
	char why[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (k->opts.fail)
		k->opts.fail(why);
	fprintf(stderr, "testkit: %s\n", why);
	abort();
}

void kit_step(struct testkit *k)
{
	if (atomic_fetch_add(&k->steps, 1) + 1 == k->opts.crash_at)
		syscall(SYS_exit_group, TESTKIT_CRASHED); /* no handler of a sanitizer runs */
}

/* ---- the host table ------------------------------------------------------ */

static struct testkit *kit_of_host(const struct ord_host *h)
{
	return (struct testkit *)((char *)(uintptr_t)h - offsetof(struct testkit, host));
}

static const char *host_setting(const struct ord_host *h, const char *key)
{
	struct testkit *k = kit_of_host(h);
	const struct ord_setting *s = k->def->settings;

	for (size_t i = 0; s && s[i].key; i++)
		if (!strcmp(s[i].key, key))
			return k->settings[i];
	return NULL;
}

static void host_log(const struct ord_host *h, enum ord_level l, const char *func, const char *fmt,
		     va_list ap)
{
	struct testkit *k = kit_of_host(h);

	k->support.ops->log(&k->support, l, func, fmt, ap);
}

/* Metrics are taken and forgotten. */
struct ord_metric {
	char kind;
};

static struct ord_metric *host_metric(const struct ord_host *h, const char *name, const char *label,
				      const char *help, char kind)
{
	static struct ord_metric metric;

	(void)label;
	if (!strchr("cgh", kind) || !kind)
		kit_broken(kit_of_host(h), "metric %s is of kind '%c', not c, g or h", name, kind);
	if (!help || !*help)
		kit_broken(kit_of_host(h), "metric %s has no help", name);
	return &metric;
}

static void host_metric_add(struct ord_metric *m, const char *label_value, double v)
{
	(void)m, (void)label_value, (void)v;
}

const struct ord_host_ops kit_host_ops = {
	.size = sizeof(kit_host_ops),
	.setting = host_setting,
	.log = host_log,
	.metric = host_metric,
	.metric_add = host_metric_add,
};

/* ---- settings ------------------------------------------------------------ */

/* Go's "1m30s" in nanoseconds, as the host hands it over. */
static char *duration_value(struct testkit *k, const char *text)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 6e10}, {"h", 3.6e12}};
	const char *p = text;
	double total = 0;

	while (*p) {
		char *end;
		double v = strtod(p, &end);
		size_t len = strspn(end, "nusmh"), i;

		for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (strlen(units[i].unit) == len && !strncmp(end, units[i].unit, len))
				break;
		if (end == p || i == sizeof(units) / sizeof(units[0])) {
			if (end != p && v == 0 && !*end)
				break;
			kit_broken(k, "'%s' is no duration", text);
		}
		total += v * units[i].ns;
		p = end + len;
	}
	return kit_print("%.0f", total);
}

static const char *given_setting(const struct testkit *k, const char *key)
{
	size_t n = strlen(key);

	for (const char *const *s = k->opts.settings; s && *s; s++)
		if (!strncmp(*s, key, n) && (*s)[n] == '=')
			return *s + n + 1;
	return NULL;
}

static void read_settings(struct testkit *k)
{
	const struct ord_setting *s = k->def->settings;
	size_t n = 0;

	while (s && s[n].key)
		n++;
	k->settings = ord_alloc((n + 1) * sizeof(*k->settings));
	for (size_t i = 0; i < n; i++) {
		const char *v = given_setting(k, s[i].key);

		if (!v)
			v = s[i].fallback;
		k->settings[i] =
			s[i].type == ORD_SET_DURATION ? duration_value(k, v) : kit_print("%s", v);
	}
}

/* ---- life ---------------------------------------------------------------- */

struct testkit *testkit_new(const struct ord_plugin *def, const struct testkit_opts *opts)
{
	struct testkit *k = ord_alloc(sizeof(*k));
	pthread_condattr_t attr;

	k->host.ops = &kit_host_ops;
	k->support = (struct ord_support){&kit_support_ops,
					  opts->beside ? opts->beside->support.host : &k->host};
	k->def = def;
	k->opts = *opts;
	if (!k->opts.max_count)
		k->opts.max_count = 10;
	if (!k->opts.preferred_max)
		k->opts.preferred_max = 2u << 20;
	if (!k->opts.batch_timeout_ns)
		k->opts.batch_timeout_ns = UINT64_C(2000000000);
	k->own_disk = !opts->disk;
	k->disk = opts->disk ? opts->disk : testkit_disk_new();
	k->now = UINT64_C(1000000000);
	k->sequence = kit_disk_sequence(k->disk);
	k->journal_pos = kit_disk_journal_pos(k->disk);
	pthread_mutex_init(&k->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&k->changed, &attr);
	pthread_condattr_destroy(&attr);
	read_settings(k);
	return k;
}

static void check_chain(struct testkit *k)
{
	const struct ord_chain_ops *ops = k->chain ? k->chain->ops : NULL;

	if (!ops)
		kit_broken(k, "handle_chain() succeeded and gave no chain with a table");
	if (ops->size < sizeof(*ops))
		kit_broken(k, "the chain's table says that it is %u bytes long, not %zu", ops->size,
			   sizeof(*ops));
	if (!ops->start || !ops->order || !ops->configure || !ops->errored || !ops->halt ||
	    !ops->free)
		kit_broken(k, "the chain's table lacks an entry that is not optional");
}

int testkit_open(struct testkit *k, struct ord_err *e)
{
	int rc = 0;

	*e = (struct ord_err){0};
	if (k->opts.beside)
		k->plugin = k->opts.beside->plugin;
	else if (!k->opened && k->def->open)
		rc = k->def->open(&k->host, &k->plugin, e);
	k->opened = rc == 0 && !k->opts.beside; /* and to be closed */
	if (rc == 0)
		rc = k->def->handle_chain(k->plugin, &k->support, kit_disk_metadata(k->disk),
					  &k->chain, e);
	if (rc == 0)
		check_chain(k);
	else if (!e->msg[0] || e->code != rc)
		kit_broken(k, "open() or handle_chain() failed with %d and ord_err says %d '%s'",
			   rc, e->code, e->msg);
	else
		k->chain = NULL;
	return rc;
}

void testkit_start(struct testkit *k)
{
	struct ord_err e;

	if (!k->chain && testkit_open(k, &e) < 0)
		kit_broken(k, "the chain does not open: %s", e.msg);
	k->started = true;
	k->chain->ops->start(k->chain);
}

void testkit_halt(struct testkit *k)
{
	k->chain->ops->halt(k->chain);
	kit_lock(k);
	k->halted = true;
	for (size_t i = 0; i < k->n_tickets; i++)
		if (k->tickets[i]->state == KIT_OFFERED)
			kit_broken(k, "halt() returned and the ticket of '%s' is still owed",
				   k->tickets[i]->text);
	kit_flush_blocks(k, 0);
	kit_unlock(k);
}

static void drop_pending(struct testkit *k)
{
	while (k->n_pending > 0)
		kit_env_unref(k->pending[--k->n_pending]);
}

static void check_leaks(struct testkit *k)
{
	const struct {
		int n;
		const char *what;
	} left[] = {
		{k->live_threads, "threads are not joined"},
		{k->live_mailboxes, "mailboxes are not freed"},
		{k->journal != NULL, "journal is not closed"},
		{k->live_confs, "configurations are not put back"},
		{k->live_blocks, "blocks were created and not written"},
		{k->live_batches, "batches were not made into blocks"},
		{k->live_envs, "messages are still referenced"},
	};

	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		if (left[i].n)
			kit_broken(k, "the chain is freed and %d %s", left[i].n, left[i].what);
}

void testkit_free(struct testkit *k)
{
	if (k->chain && k->started)
		testkit_halt(k);
	if (k->chain)
		k->chain->ops->free(k->chain);
	if (k->opened && k->def->close)
		k->def->close(k->plugin);
	drop_pending(k);
	check_leaks(k);
	for (size_t i = 0; i < k->n_tickets; i++) {
		free(k->tickets[i]->text);
		free(k->tickets[i]->why);
		free(k->tickets[i]);
	}
	for (char **s = k->settings; *s; s++)
		free(*s);
	free(k->settings);
	if (k->own_disk)
		testkit_disk_free(k->disk);
	pthread_cond_destroy(&k->changed);
	pthread_mutex_destroy(&k->lock);
	free(k->log);
	free(k->blocks_text);
	free(k->answers_text);
	free(k);
}

/* ---- the client ---------------------------------------------------------- */

static struct ord_ticket *ticket_new(struct testkit *k, const char *text)
{
	struct ord_ticket *t = ord_alloc(sizeof(*t));

	t->k = k;
	t->text = kit_print("%.*s", (int)strcspn(text, " "), text);
	kit_lock(k);
	if (k->n_tickets == KIT_MAX)
		kit_broken(k, "more than %d messages in one test", KIT_MAX);
	k->tickets[k->n_tickets++] = t;
	kit_unlock(k);
	return t;
}

/* What order() and its like returned, against what became of the ticket. */
static int ticket_offered(struct ord_ticket *t, int rc, const struct ord_err *e)
{
	struct testkit *k = t->k;

	if (rc > 0)
		kit_broken(k, "the chain returned %d, which is neither 0 nor an error", rc);
	if (rc == 0)
		return 0;
	kit_lock(k);
	if (t->state == KIT_SETTLED)
		kit_broken(k, "the chain refused '%s' and settled its ticket, too", t->text);
	if (e->code != rc || !e->msg[0])
		kit_broken(k, "the chain refused '%s' with %d and ord_err says %d '%s'", t->text,
			   rc, e->code, e->msg);
	t->state = KIT_REFUSED;
	t->code = rc;
	t->why = kit_print("%s", e->msg);
	kit_unlock(k);
	return rc;
}

static int offer(struct testkit *k, bool config, const char *text, uint64_t seq)
{
	struct ord_env *env = kit_env_new(k, config, seq, text);
	struct ord_ticket *t = ticket_new(k, text);
	struct ord_err e = {0};
	int rc;

	rc = (config ? k->chain->ops->configure : k->chain->ops->order)(k->chain, env, seq, t, &e);
	rc = ticket_offered(t, rc, &e);
	kit_env_unref(env);
	return rc;
}

int testkit_order(struct testkit *k, const char *text)
{
	return offer(k, false, text, testkit_sequence(k));
}

int testkit_configure(struct testkit *k, const char *text)
{
	return offer(k, true, text, testkit_sequence(k));
}

int testkit_order_at(struct testkit *k, const char *text, uint64_t seq)
{
	return offer(k, false, text, seq);
}

int testkit_configure_at(struct testkit *k, const char *text, uint64_t seq)
{
	return offer(k, true, text, seq);
}

/* @entry may be NULL: then all is well. */
static int ask(struct testkit *k, const char *word,
	       int (*entry)(struct ord_chain *c, struct ord_ticket *t, struct ord_err *e))
{
	struct ord_ticket *t;
	struct ord_err e = {0};

	if (!entry)
		return 0;
	t = ticket_new(k, word);
	return ticket_offered(t, entry(k->chain, t, &e), &e);
}

int testkit_wait_ready(struct testkit *k)
{
	return ask(k, "?ready", k->chain->ops->wait_ready);
}

int testkit_health(struct testkit *k)
{
	return ask(k, "?health", k->chain->ops->health);
}

bool testkit_errored(struct testkit *k)
{
	return k->chain->ops->errored(k->chain);
}

const char *testkit_answers(struct testkit *k)
{
	char *s = kit_print("%s", "");

	kit_lock(k);
	for (size_t i = 0; i < k->n_tickets; i++) {
		const struct ord_ticket *t = k->tickets[i];
		const char *gap = i ? "; " : "", *why = t->why ? t->why : "";

		if (t->state == KIT_OFFERED)
			kit_append(&s, "%s%s owed", gap, t->text);
		else if (t->code == ORD_OK)
			kit_append(&s, "%s%s ok", gap, t->text);
		else
			kit_append(&s, "%s%s %s %d %s", gap, t->text,
				   t->state == KIT_REFUSED ? "refused" : "failed", t->code, why);
	}
	free(k->answers_text);
	k->answers_text = s;
	kit_unlock(k);
	return s;
}
