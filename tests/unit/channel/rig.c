/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <unistd.h>

int rig_no_sync(enum ledger_io op)
{
	return op == LEDGER_IO_SYNC ? LEDGER_IO_PRETEND : 0;
}

/* ---- directories --------------------------------------------------------- */

char *rig_path(const struct rig *r, const char *name)
{
	return file_join(r->dir, name);
}

/* ---- a chain that can be told how to behave ------------------------------ */

struct tamper tamper;

struct held {
	struct ord_chain *chain;
	struct ord_env *env;
	uint64_t seq;
	struct ord_ticket *ticket;
	struct held *next;
};
static pthread_mutex_t held_lock = PTHREAD_MUTEX_INITIALIZER;
static struct held *held, **held_tail = &held;

static struct rig *the_rig;
static const struct ord_plugin *real_plugin;
static const struct ord_chain_ops *real_ops;
static struct ord_plugin tampered_plugin;
static struct ord_chain_ops tampered_ops;

static bool hold_back(struct ord_chain *c, struct ord_env *env, uint64_t seq, struct ord_ticket *t)
{
	struct held *h;
	bool hold;

	pthread_mutex_lock(&held_lock);
	hold = atomic_load(&tamper.hold);
	if (hold) {
		h = x_alloc(sizeof(*h));
		*h = (struct held){c, env_ref(env), seq, t, NULL};
		*held_tail = h;
		held_tail = &h->next;
		atomic_fetch_add(&tamper.held, 1);
	}
	pthread_mutex_unlock(&held_lock);
	return hold;
}

void tamper_release(void)
{
	struct held *list, *next;

	pthread_mutex_lock(&held_lock);
	list = held;
	held = NULL;
	held_tail = &held;
	atomic_store(&tamper.held, 0);
	atomic_store(&tamper.hold, false);
	pthread_mutex_unlock(&held_lock);
	for (; list; list = next) {
		struct ord_err e = ERR_INIT;

		next = list->next;
		if (real_ops->order(list->chain, list->env, list->seq, list->ticket, &e) < 0)
			list->ticket->done(list->ticket, e.code, e.msg);
		env_unref(list->env);
		free(list);
	}
}

static bool on_net_loop(void)
{
	char name[16] = "";

	pthread_getname_np(pthread_self(), name, sizeof(name));
	return strncmp(name, "net-", 4) == 0;
}

static int tampered_order(struct ord_chain *c, struct ord_env *env, uint64_t seq,
			  struct ord_ticket *t, struct ord_err *e)
{
	if (on_net_loop())
		atomic_fetch_add(&tamper.inline_, 1);
	if (bytes_eq_str(env->data, "refuse"))
		return err_set(e, ORD_EUNAVAIL, "refused by the test");
	if (bytes_eq_str(env->data, "fail")) {
		t->done(t, ORD_EUNAVAIL, "failed by the test");
		return 0;
	}
	return hold_back(c, env, seq, t) ? 0 : real_ops->order(c, env, seq, t, e);
}

static int tampered_wait_ready(struct ord_chain *c, struct ord_ticket *t, struct ord_err *e)
{
	(void)c;
	if (atomic_load(&tamper.not_ready))
		return err_set(e, ORD_EUNAVAIL, "not ready, says the test");
	t->done(t, ORD_OK, NULL);
	return 0;
}

static bool tampered_errored(struct ord_chain *c)
{
	return atomic_load(&tamper.errored) || real_ops->errored(c);
}

/* In place, and with the old sequence: the ledger must open again. */
static void set_batches(const struct rig *r, struct ord_chanconf *conf)
{
	if (r->max_count == 0)
		return;
	conf->batch_max_count = r->max_count;
	conf->batch_timeout_ns = r->timeout_ns;
}

static int tampered_handle_chain(void *plugin, struct ord_support *s, struct ord_bytes metadata,
				 struct ord_chain **out, struct ord_err *e)
{
	const struct ord_chanconf *conf;
	const char *none = tamper.no_chain;
	int rc;

	if (none && (*none == '*' || strcmp(none, s->ops->channel_id(s)) == 0))
		return err_set(e, ORD_EUNAVAIL, "no chain, says the test");
	rc = real_plugin->handle_chain(plugin, s, metadata, out, e);
	if (rc < 0)
		return rc;
	conf = s->ops->conf_get(s);
	atomic_fetch_add(&tamper.chains, 1);
	if (strcmp(s->ops->channel_id(s), RIG_CHANNEL) == 0)
		set_batches(the_rig, (struct ord_chanconf *)conf);
	s->ops->conf_put(conf);
	if (!real_ops) {
		real_ops = (*out)->ops;
		tampered_ops = *real_ops;
		tampered_ops.order = tampered_order;
		tampered_ops.wait_ready = tampered_wait_ready;
		tampered_ops.errored = tampered_errored;
	}
	(*out)->ops = &tampered_ops;
	return 0;
}

/* The plugin that the rig loaded is asked by way of the table above. */
static void tamper_with(struct rig *r)
{
	struct plugin *solo = plugin_find(r->plugins, "solo");

	assert_null(held);
	memset(&tamper, 0, sizeof(tamper));
	the_rig = r;
	real_ops = NULL;
	real_plugin = solo->def;
	tampered_plugin = *real_plugin;
	tampered_plugin.handle_chain = tampered_handle_chain;
	solo->def = &tampered_plugin;
}

/* ---- opening ------------------------------------------------------------- */

#define ORG1         "peerOrganizations/org1.example.com"
#define ORDERER_HOME "ordererOrganizations/example.com/orderers/orderer.example.com/msp"

bool rig_with_skeleton;

/* A folder with the one or the two plugins. */
static char *plugin_dir(const struct rig *r)
{
	const char *top = getenv("TOP_BUILDDIR");
	char *libs = realpath(top ? top : ".", NULL), *dir = rig_path(r, "plugins");
	char *solo = x_printf("%s/.libs/solo.so", libs), *to = file_join(dir, "solo.so");
	char *skeleton = x_printf("%s/tests/scenario/.libs/skeleton.so", libs);
	char *second = file_join(dir, "skeleton.so");

	test_remove(dir);
	assert_int_equal(mkdir(dir, 0755), 0);
	assert_int_equal(symlink(solo, to), 0);
	if (rig_with_skeleton)
		assert_int_equal(symlink(skeleton, second), 0);
	free(libs);
	free(solo);
	free(to);
	free(skeleton);
	free(second);
	return dir;
}

static void load_plugins(struct rig *r)
{
	char *libs = plugin_dir(r);
	char *cfg = x_printf("FABRIC_CFG_PATH=%s", r->dir), *environment[] = {cfg, NULL};
	struct ord_err e = ERR_INIT;

	test_ok(plugin_set_load(libs, &r->plugins, &e), &e);
	test_ok(localconf_load(NULL, plugin_set_rows(r->plugins), environment, &r->conf, &e), &e);
	test_ok(plugin_set_open(r->plugins, r->conf, &e), &e);
	tamper_with(r);
	free(cfg);
	free(libs);
}

void rig_make(struct rig *r, const char *ledger)
{
	char *from = test_golden_path("%s", ledger),
	     *home = test_golden_path("crypto-config/" ORDERER_HOME);
	struct ord_err e = ERR_INIT;

	*r = (struct rig){.dir = test_dir()};
	test_copy(from, r->dir);
	load_plugins(r);
	test_ok(msp_local_open(home, "OrdererMSP", NULL, &r->signer, &e), &e);
	person_read(&r->user, ORG1 "/users/User1@org1.example.com/msp", "Org1MSP");
	person_read(&r->other,
		    "peerOrganizations/org2.example.com/users/User1@org2.example.com/msp",
		    "Org2MSP");
	person_read(&r->orderer, ORDERER_HOME, "OrdererMSP");
	free(from);
	free(home);
}

struct chan *rig_borrow(struct chan *take)
{
	chan_unref(take);
	return take;
}

int rig_try_open(struct rig *r, struct ord_err *e)
{
	struct registrar_opts o = {.plugins = r->plugins,
				   .signer = r->signer,
				   .no_expiration_checks = r->no_expiration_checks,
				   .max_inflight = 8192};
	int rc;

	test_ok(pool_new(3, "worker", &r->pool, e), e);
	test_ok(ledger_root_open(r->dir, &r->root, e), e);
	o.root = r->root;
	o.pool = r->pool;
	r->open = true;
	rc = registrar_open(&o, NULL, &r->registrar, e);
	if (rc < 0)
		r->registrar = NULL;
	else
		r->chan = rig_borrow(registrar_find(r->registrar, RIG_CHANNEL));
	return rc;
}

void rig_open(struct rig *r)
{
	struct ord_err e = ERR_INIT;

	test_ok(rig_try_open(r, &e), &e);
}

void rig_close(struct rig *r)
{
	if (!r->open)
		return;
	pool_free(r->pool);
	registrar_close(r->registrar);
	ledger_root_close(r->root);
	r->open = false;
	r->registrar = NULL;
}

void rig_free(struct rig *r)
{
	rig_close(r);
	msp_local_close(r->signer);
	plugin_set_close(r->plugins);
	localconf_free(r->conf);
	person_fini(&r->user);
	person_fini(&r->other);
	person_fini(&r->orderer);
	test_rmdir(r->dir);
}

void rig_batches(struct rig *r, uint32_t max_count, uint64_t timeout_ns)
{
	struct chanconf *conf;

	r->max_count = max_count;
	r->timeout_ns = timeout_ns;
	if (!r->open)
		return;
	conf = chan_conf(r->chan);
	set_batches(r, &conf->pub);
	chanconf_unref(conf);
}

/* ---- sending ------------------------------------------------------------- */

struct ord_env *rig_env(const struct person *p, int32_t type, const char *channel,
			struct ord_bytes data)
{
	int64_t now = clock_wall_ns();
	uint8_t nonce[24], digest[SHA256_LEN];
	struct wire_header_spec h = {
		.type = type,
		.channel_id = channel,
		.timestamp_sec = now / (int64_t)CLOCK_SEC_NS,
		.timestamp_nanos = (int32_t)(now % (int64_t)CLOCK_SEC_NS),
		.creator = buf_bytes(&p->creator),
		.nonce = bytes_of(nonce, sizeof(nonce)),
	};
	struct buf payload = BUF_INIT, sig = BUF_INIT;
	struct ord_err e = ERR_INIT;
	struct ord_env *env;

	crypto_random(nonce, sizeof(nonce));
	wire_build_payload(&h, data, &payload);
	sha256(buf_bytes(&payload), digest);
	test_ok(crypto_sign_digest(p->key, digest, &sig, &e), &e);
	env = env_make(buf_bytes(&payload), buf_bytes(&sig));
	buf_fini(&payload);
	buf_fini(&sig);
	return env;
}

struct ord_env *rig_tx(const struct person *p, const char *text)
{
	return rig_env(p, WIRE_ENDORSER_TRANSACTION, RIG_CHANNEL, bytes_str(text));
}

struct answer {
	struct ord_ticket ticket;
	atomic_bool settled;
	int code;
};

static void on_settled(struct ord_ticket *t, int code, const char *why)
{
	struct answer *a = UTIL_CONTAINER(t, struct answer, ticket);

	(void)why;
	a->code = code;
	atomic_store(&a->settled, true);
}

int rig_order(struct chan *c, struct ord_env *env)
{
	struct answer a = {.ticket = {on_settled}};
	struct ord_err e = ERR_INIT;
	uint64_t seq;
	int rc;

	if ((rc = chan_process_normal(c, env, &seq, &e)) < 0 ||
	    (rc = chan_order(c, env, false, seq, &a.ticket, &e)) < 0)
		return rc;
	rig_until(atomic_load(&a.settled));
	return a.code;
}

void rig_accept(struct rig *r, const char *text, unsigned n)
{
	struct ord_env *env = rig_tx(&r->user, text);

	for (unsigned i = 0; i < n; i++)
		assert_int_equal(rig_order(r->chan, env), ORD_OK);
	env_unref(env);
}

unsigned rig_count(struct chan *c, const char *text)
{
	unsigned n = 0;

	for (uint64_t k = 0; k < ledger_height(chan_ledger(c)); k++) {
		struct ord_err e = ERR_INIT;
		struct ord_block *b;

		test_ok(ledger_read(chan_ledger(c), k, &b, &e), &e);
		for (size_t i = 0; i < b->n_data; i++) {
			struct ord_env *env;

			test_ok(env_parse(b->data[i], &env, &e), &e);
			n += bytes_eq_str(env->data, text);
			env_unref(env);
		}
		block_unref(b);
	}
	return n;
}

/* ---- other configurations ------------------------------------------------ */

void rig_reconfigure(struct chan *c, void (*change)(Common__Config *config))
{
	struct chanconf *now = chan_conf(c), *then = NULL;
	struct buf b = BUF_INIT;
	Common__Config *config = NULL;
	struct ord_err e = ERR_INIT;

	wire_pack(now->config, &b);
	test_ok(wire_unpack(&common__config__descriptor, buf_bytes(&b), &config, &e), &e);
	config->sequence++;
	change(config);
	test_ok(chanconf_new(chan_id(c), config, &then, &e), &e);
	chan_set_conf(c, then);
	chanconf_unref(now);
	buf_fini(&b);
	wire_free(config);
}

static Common__ConfigGroup *group(Common__ConfigGroup *in, const char *key)
{
	for (size_t i = 0; i < in->n_groups; i++)
		if (strcmp(in->groups[i]->key, key) == 0)
			return in->groups[i]->value;
	fail_msg("no group %s", key);
	return NULL;
}

static void set_value(Common__ConfigGroup *in, const char *key, const void *msg)
{
	struct buf b = BUF_INIT;

	wire_pack(msg, &b);
	for (size_t i = 0; i < in->n_values; i++) {
		Common__ConfigValue *v = in->values[i]->value;

		if (strcmp(in->values[i]->key, key) != 0)
			continue;
		free(v->value.data);
		v->value = wire_binary(buf_bytes(&b)); /* the buffer moves in */
		return;
	}
	fail_msg("no value %s", key);
}

void rig_set_orderer_value(Common__Config *config, const char *key, const void *msg)
{
	set_value(group(config->channel_group, "Orderer"), key, msg);
}

struct ord_bytes rig_orderer_value(Common__Config *config, const char *key)
{
	Common__ConfigGroup *orderer = group(config->channel_group, "Orderer");

	for (size_t i = 0; i < orderer->n_values; i++)
		if (strcmp(orderer->values[i]->key, key) == 0)
			return wire_bytes(orderer->values[i]->value->value);
	fail_msg("no value %s", key);
	return bytes_of(NULL, 0);
}

void change_nothing(Common__Config *config)
{
	(void)config;
}

void change_to_maintenance(Common__Config *config)
{
	Orderer__ConsensusType t = ORDERER__CONSENSUS_TYPE__INIT;

	t.type = (char *)"solo";
	t.state = ORDERER__CONSENSUS_TYPE__STATE__STATE_MAINTENANCE;
	set_value(group(config->channel_group, "Orderer"), "ConsensusType", &t);
}

void change_to_tiny_messages(Common__Config *config)
{
	Orderer__BatchSize s = ORDERER__BATCH_SIZE__INIT;

	s.max_message_count = 10;
	s.absolute_max_bytes = 2000;
	s.preferred_max_bytes = 2000;
	set_value(group(config->channel_group, "Orderer"), "BatchSize", &s);
}

void change_without_policies(Common__Config *config)
{
	Common__ConfigGroup *channel = config->channel_group;

	while (channel->n_policies > 0)
		wire_free(channel->policies[--channel->n_policies]);
}

void change_without_org1(Common__Config *config)
{
	Common__ConfigGroup *app = group(config->channel_group, "Application");

	for (size_t i = 0; i < app->n_groups; i++)
		if (strcmp(app->groups[i]->key, "Org1MSP") == 0) {
			wire_free(app->groups[i]);
			app->groups[i] = app->groups[--app->n_groups];
			return;
		}
	fail_msg("no Org1MSP");
}
