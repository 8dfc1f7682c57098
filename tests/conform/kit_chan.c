/* SPDX-License-Identifier: Apache-2.0 */
/* testkit: the channel: messages, the cutter, blocks. */
#include "kit.h"

static struct testkit *kit_of(struct ord_support *s)
{
	return (struct testkit *)s;
}

/* ---- messages ------------------------------------------------------------ */

static struct ord_env *env_of(struct testkit *k, char *bytes)
{
	struct ord_env *env = ord_alloc(sizeof(*env));
	char *colon;

	env->k = k;
	env->refs = 1;
	env->config = bytes[0] == 'C';
	env->born = strtoull(bytes + 1, &colon, 10);
	env->bytes = bytes;
	env->len = strlen(bytes);
	env->text = colon + 1;
	return env;
}

struct ord_env *kit_env_new(struct testkit *k, bool config, uint64_t born, const char *text)
{
	struct ord_env *env = env_of(
		k, kit_print("%c%llu:%s", config ? 'C' : 'N', (unsigned long long)born, text));

	kit_lock(k);
	k->live_envs++;
	kit_unlock(k);
	return env;
}

/* With the lock held. */
struct ord_env *kit_env_of_bytes(struct testkit *k, struct ord_bytes b)
{
	char *bytes = kit_print("%.*s", (int)b.len, (const char *)b.data);
	size_t digits = strspn(bytes + (b.len > 0), "0123456789");

	if (strlen(bytes) != b.len || b.len == 0 || !strchr("CN", bytes[0]) || digits == 0 ||
	    bytes[1 + digits] != ':') {
		free(bytes);
		return NULL;
	}
	k->live_envs++;
	return env_of(k, bytes);
}

static int chan_env_parse(struct ord_support *s, struct ord_bytes b, struct ord_env **out,
			  struct ord_err *e)
{
	struct testkit *k = kit_of(s);

	kit_step(k);
	kit_lock(k);
	*out = kit_env_of_bytes(k, b);
	kit_unlock(k);
	return *out ? 0 : ord_fail(e, ORD_EINVAL, "not an Envelope");
}

static struct ord_env *chan_env_ref(struct ord_env *env)
{
	kit_step(env->k);
	if (atomic_fetch_add(&env->refs, 1) == 0)
		kit_broken(env->k, "env_ref() of a message that is gone");
	return env;
}

void kit_env_unref(struct ord_env *env)
{
	if (atomic_fetch_sub(&env->refs, 1) != 1)
		return;
	kit_lock(env->k);
	env->k->live_envs--;
	kit_unlock(env->k);
	free(env->bytes);
	free(env);
}

static void chan_env_unref(struct ord_env *env)
{
	kit_step(env->k);
	kit_env_unref(env);
}

static enum ord_class chan_classify(const struct ord_env *env)
{
	kit_step(env->k);
	return env->config ? ORD_MSG_CONFIG : ORD_MSG_NORMAL;
}

static struct ord_bytes chan_env_bytes(const struct ord_env *env)
{
	kit_step(env->k);
	return (struct ord_bytes){(const uint8_t *)env->bytes, env->len};
}

static int process(struct ord_support *s, const struct ord_env *env, uint64_t *seq,
		   struct ord_err *e)
{
	struct testkit *k = kit_of(s);

	kit_step(k);
	*seq = testkit_sequence(k);
	if (env->born < *seq && !strncmp(env->text, "fragile", 7))
		return ord_fail(e, ORD_EPERM, "%s is of sequence %llu: permission denied",
				env->text, (unsigned long long)env->born);
	return 0;
}

static int chan_process_normal(struct ord_support *s, struct ord_env *env, uint64_t *seq,
			       struct ord_err *e)
{
	if (env->config)
		kit_broken(env->k, "process_normal() of the config message '%s'", env->text);
	return process(s, env, seq, e);
}

static int chan_process_config(struct ord_support *s, struct ord_env **env, uint64_t *seq,
			       struct ord_err *e)
{
	struct ord_env *old = *env;
	int rc, word = (int)strcspn(old->text, " ");
	char *text;

	if (!old->config)
		kit_broken(old->k, "process_config() of the normal message '%s'", old->text);
	rc = process(s, old, seq, e);
	if (rc < 0)
		return rc;
	text = kit_print("%.*s'%s", word, old->text, old->text + word);
	*env = kit_env_new(old->k, true, *seq, text);
	(*env)->journal_pos = old->journal_pos;
	kit_env_unref(old);
	free(text);
	return 0;
}

static void chan_settle(struct ord_ticket *t, int code, const char *why)
{
	struct testkit *k = t->k;

	kit_step(k);
	kit_lock(k);
	if (t->state != KIT_OFFERED)
		kit_broken(k, "the ticket of '%s' was settled after it had been %s", t->text,
			   t->state == KIT_SETTLED ? "settled" : "refused");
	if (code > 0)
		kit_broken(k, "the ticket of '%s' was settled with %d", t->text, code);
	t->state = KIT_SETTLED;
	t->code = code;
	t->why = why ? kit_print("%s", why) : NULL;
	k->n_settled++;
	if (code == ORD_OK && t->text[0] != '?')
		kit_store_accepted(k->disk, t->text);
	kit_changed(k);
	kit_unlock(k);
}

/* ---- cutter -------------------------------------------------------------- */

static struct ord_batch *batch_new(struct testkit *k, struct ord_env *const *envs, size_t n)
{
	struct ord_batch *b = ord_alloc(sizeof(*b));

	b->k = k;
	b->n = n;
	b->envs = ord_alloc(n * sizeof(*envs));
	memcpy(b->envs, envs, n * sizeof(*envs));
	k->live_batches++;
	return b;
}

/* Every message reaches the cutter here: in journal order, and not before the last run's. */
static void check_order(struct testkit *k, const struct ord_env *env)
{
	if (k->journal && !k->journal->replayed && !env->journal_pos)
		kit_broken(k, "'%s' was ordered before journal_next() had returned 0", env->text);
	if (env->journal_pos == 0)
		return;
	if (env->journal_pos <= k->ordered_pos)
		kit_broken(k, "'%s' was ordered twice or out of journal order", env->text);
	k->ordered_pos = env->journal_pos;
}

static struct ord_batch *cut(struct testkit *k)
{
	struct ord_batch *b = k->n_pending ? batch_new(k, k->pending, k->n_pending) : NULL;

	k->n_pending = k->pending_bytes = 0;
	kit_changed(k);
	return b;
}

static size_t chan_cutter_order(struct ord_support *s, struct ord_env *env,
				struct ord_batch *out[2], uint64_t *wait_ns)
{
	struct testkit *k = kit_of(s);
	size_t n = 0;

	kit_lock_chain(k, "cutter_order");
	check_order(k, env);
	atomic_fetch_add(&env->refs, 1);
	if (k->n_pending && k->pending_bytes + env->len > k->opts.preferred_max)
		out[n++] = cut(k);
	if (env->len > k->opts.preferred_max) {
		out[n++] = batch_new(k, &env, 1);
	} else {
		k->pending[k->n_pending++] = env;
		k->pending_bytes += env->len;
		if (k->n_pending >= k->opts.max_count)
			out[n++] = cut(k);
	}
	*wait_ns = k->n_pending ? k->opts.batch_timeout_ns : 0;
	kit_changed(k);
	kit_unlock(k);
	return n;
}

static struct ord_batch *chan_cutter_cut(struct ord_support *s)
{
	struct testkit *k = kit_of(s);
	struct ord_batch *b;

	kit_lock_chain(k, "cutter_cut");
	b = cut(k);
	kit_unlock(k);
	return b;
}

static struct ord_batch *chan_batch_one(struct ord_env *env)
{
	struct testkit *k = env->k;
	struct ord_batch *b;

	kit_lock_chain(k, "batch_one");
	check_order(k, env);
	if (k->n_pending)
		kit_broken(k, "'%s' overtakes %zu messages in the cutter", env->text, k->n_pending);
	atomic_fetch_add(&env->refs, 1);
	b = batch_new(k, &env, 1);
	kit_unlock(k);
	return b;
}

/* ---- blocks -------------------------------------------------------------- */

static struct ord_block *chan_create_block(struct ord_support *s, struct ord_batch *take)
{
	struct testkit *k = kit_of(s);
	struct ord_block *b = ord_alloc(sizeof(*b));

	kit_lock_chain(k, "create_block");
	if (!take)
		kit_broken(k, "create_block() of no batch");
	if (k->building)
		kit_broken(k, "create_block() while the block before is not written");
	b->batch = take;
	k->live_batches--;
	k->live_blocks++;
	k->building = b;
	kit_unlock(k);
	return b;
}

static void block_free(struct ord_block *b)
{
	for (size_t i = 0; i < b->batch->n; i++) {
		struct ord_env *env = b->batch->envs[i];

		/* the lock is held: what kit_env_unref() does, without taking it */
		if (atomic_fetch_sub(&env->refs, 1) == 1) {
			env->k->live_envs--;
			free(env->bytes);
			free(env);
		}
	}
	free(b->batch->envs);
	free(b->batch);
	free((void *)(uintptr_t)b->metadata.data);
	free(b);
}

void kit_flush_blocks(struct testkit *k, size_t keep)
{
	while (k->n_queue > keep) {
		struct ord_block *b = k->queue;

		k->queue = b->next;
		k->n_queue--;
		kit_store_block(k, b);
		block_free(b);
		kit_changed(k);
	}
}

static void write_block(struct testkit *k, const char *call, bool config, struct ord_block *b,
			struct ord_bytes metadata)
{
	struct ord_block **end = &k->queue;

	kit_lock_chain(k, call);
	if (!b || b != k->building)
		kit_broken(k, "%s() of a block that was not the last one created", call);
	for (size_t i = 0; i < b->batch->n; i++)
		if (b->batch->envs[i]->config != config || (config && b->batch->n != 1))
			kit_broken(k, "%s() of a block with '%s' in it", call,
				   b->batch->envs[i]->text);
	if (config && b->batch->envs[0]->born != k->sequence)
		kit_broken(k, "%s() of '%s', which was made at another sequence and does not apply",
			   call, b->batch->envs[0]->text);
	b->config = config;
	b->metadata = (struct ord_bytes){ord_alloc(metadata.len + 1), metadata.len};
	if (metadata.len)
		memcpy((void *)(uintptr_t)b->metadata.data, metadata.data, metadata.len);
	while (*end)
		end = &(*end)->next;
	*end = b;
	k->n_queue++;
	k->live_blocks--;
	k->building = NULL;
	k->sequence += config;
	kit_flush_blocks(k, config ? 0 : KIT_LAG);
	kit_unlock(k);
}

static void chan_write_block(struct ord_support *s, struct ord_block *take,
			     struct ord_bytes metadata)
{
	write_block(kit_of(s), "write_block", false, take, metadata);
}

static int chan_check_config(struct ord_support *s, const struct ord_env *env, struct ord_err *e)
{
	struct testkit *k = kit_of(s);
	uint64_t sequence;

	kit_lock_chain(k, "check_config");
	sequence = k->sequence;
	kit_unlock(k);
	if (!env->config)
		kit_broken(k, "check_config() of the normal message '%s'", env->text);
	if (env->born == sequence)
		return 0;
	return ord_fail(e, ORD_EINVAL, "'%s' was made at sequence %llu, and now is %llu", env->text,
			(unsigned long long)env->born, (unsigned long long)sequence);
}

static void chan_write_config_block(struct ord_support *s, struct ord_block *take,
				    struct ord_bytes metadata)
{
	write_block(kit_of(s), "write_config_block", true, take, metadata);
}

/* ---- facts --------------------------------------------------------------- */

static const char *chan_id(struct ord_support *s)
{
	struct testkit *k = kit_of(s);

	kit_step(k);
	return k->opts.channel ? k->opts.channel : k->disk->channel;
}

static uint64_t chan_height(struct ord_support *s)
{
	struct testkit *k = kit_of(s);
	uint64_t n;

	kit_step(k);
	kit_lock(k);
	n = 1 + atomic_load(&k->disk->n_blocks) + k->n_queue; /* and the genesis block */
	kit_unlock(k);
	return n;
}

static const struct ord_chanconf *chan_conf_get(struct ord_support *s)
{
	static const char *const none[] = {NULL};
	struct testkit *k = kit_of(s);
	struct kit_conf *c = ord_alloc(sizeof(*c));

	kit_step(k);
	kit_lock(k);
	c->k = k;
	c->pub = (struct ord_chanconf){.size = sizeof(c->pub),
				       .sequence = k->sequence,
				       .batch_timeout_ns = k->opts.batch_timeout_ns,
				       .batch_max_count = k->opts.max_count,
				       .batch_absolute_max = KIT_ARENA,
				       .batch_preferred_max = k->opts.preferred_max,
				       .consensus_type = k->def->name,
				       .consensus_metadata = k->opts.consensus_metadata,
				       .kafka_brokers = k->opts.brokers ? k->opts.brokers : none,
				       .resubmission = !k->opts.no_resubmission};
	k->live_confs++;
	kit_unlock(k);
	return &c->pub;
}

static void chan_conf_put(const struct ord_chanconf *cc)
{
	struct kit_conf *c = (struct kit_conf *)(uintptr_t)cc;
	struct testkit *k = c->k;

	kit_step(k);
	kit_lock(k);
	k->live_confs--;
	kit_unlock(k);
	free(c);
}

uint64_t testkit_sequence(struct testkit *k)
{
	uint64_t seq;

	kit_lock(k);
	seq = k->sequence;
	kit_unlock(k);
	return seq;
}

static uint64_t chan_sequence(struct ord_support *s)
{
	kit_step(kit_of(s));
	return testkit_sequence(kit_of(s));
}

static uint32_t chan_max_inflight(struct ord_support *s)
{
	kit_step(kit_of(s));
	return TESTKIT_INFLIGHT;
}

void testkit_bump_sequence(struct testkit *k)
{
	kit_lock(k);
	atomic_fetch_add(&k->disk->bumps, 1);
	k->sequence++;
	kit_unlock(k);
}

void testkit_set_brokers(struct testkit *k, const char *const *brokers)
{
	kit_lock(k);
	k->opts.brokers = brokers;
	kit_unlock(k);
}

void testkit_fail_journal(struct testkit *k, unsigned syncs, unsigned opens)
{
	kit_lock(k);
	k->fail_syncs = syncs;
	k->fail_opens = opens;
	kit_unlock(k);
}

void testkit_fail_threads(struct testkit *k, unsigned starts)
{
	kit_lock(k);
	k->fail_threads = starts;
	kit_unlock(k);
}

const char *testkit_blocks(struct testkit *k)
{
	kit_lock(k);
	free(k->blocks_text);
	k->blocks_text = testkit_disk_blocks(k->disk);
	kit_unlock(k);
	return k->blocks_text;
}

static size_t locked(struct testkit *k, size_t (*read)(const struct testkit *k))
{
	size_t n;

	kit_lock(k);
	n = read(k);
	kit_unlock(k);
	return n;
}

static size_t read_written(const struct testkit *k)
{
	return atomic_load(&k->disk->n_messages);
}

static size_t read_pending(const struct testkit *k)
{
	return k->n_pending;
}

static size_t read_kicks(const struct testkit *k)
{
	return k->kicks;
}

static size_t read_uses_journal(const struct testkit *k)
{
	return k->uses_journal;
}

size_t testkit_written(struct testkit *k)
{
	return locked(k, read_written);
}

size_t testkit_pending(struct testkit *k)
{
	return locked(k, read_pending);
}

unsigned testkit_kicks(struct testkit *k)
{
	return (unsigned)locked(k, read_kicks);
}

bool testkit_uses_journal(struct testkit *k)
{
	return locked(k, read_uses_journal);
}

/* ---- telling the world --------------------------------------------------- */

static void chan_kick(struct ord_support *s)
{
	struct testkit *k = kit_of(s);

	kit_step(k);
	kit_lock(k);
	k->kicks++;
	kit_changed(k);
	kit_unlock(k);
}

static void chan_log(struct ord_support *s, enum ord_level l, const char *func, const char *fmt,
		     va_list ap)
{
	static const char *const levels[] = {"DEBUG", "INFO", "WARN", "ERROR"};
	struct testkit *k = kit_of(s);
	char line[1024];

	kit_step(k);
	vsnprintf(line, sizeof(line), fmt, ap);
	kit_lock(k);
	kit_append(&k->log, "%s -> %s %s\n", func, levels[l & 3], line);
	if (getenv("TESTKIT_LOG"))
		fprintf(stderr, "%s -> %s %s\n", func, levels[l & 3], line);
	kit_unlock(k);
}

unsigned testkit_logged(struct testkit *k, const char *part)
{
	unsigned n = 0;

	kit_lock(k);
	for (const char *p = k->log; p && (p = strstr(p, part)); p += strlen(part))
		n++;
	kit_unlock(k);
	return n;
}

static void chan_fatal(struct ord_support *s, const char *why)
{
	kit_broken(kit_of(s), "the plugin ended the process: %s", why);
}

const struct ord_support_ops kit_support_ops = {
	.size = sizeof(kit_support_ops),
	.channel_id = chan_id,
	.height = chan_height,
	.conf_get = chan_conf_get,
	.conf_put = chan_conf_put,
	.sequence = chan_sequence,
	.max_inflight = chan_max_inflight,
	.classify = chan_classify,
	.env_bytes = chan_env_bytes,
	.env_parse = chan_env_parse,
	.env_ref = chan_env_ref,
	.env_unref = chan_env_unref,
	.process_normal = chan_process_normal,
	.process_config = chan_process_config,
	.settle = chan_settle,
	.cutter_order = chan_cutter_order,
	.cutter_cut = chan_cutter_cut,
	.batch_one = chan_batch_one,
	.create_block = chan_create_block,
	.write_block = chan_write_block,
	.write_config_block = chan_write_config_block,
	.journal_open = kit_journal_open,
	.journal_next = kit_journal_next,
	.journal_append = kit_journal_append,
	.journal_sync = kit_journal_sync,
	.journal_close = kit_journal_close,
	.now_ns = kit_now,
	.mailbox_new = kit_mailbox_new,
	.mailbox_push = kit_mailbox_push,
	.mailbox_pop = kit_mailbox_pop,
	.mailbox_close = kit_mailbox_close,
	.mailbox_free = kit_mailbox_free,
	.thread_start = kit_thread_start,
	.thread_join = kit_thread_join,
	.kick = chan_kick,
	.log = chan_log,
	.fatal = chan_fatal,
	.check_config = chan_check_config,
};
