/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A channel comes into being (spec 4.7, step 6): its ledger with the genesis block, then its chain,
 * and only then the block of the system channel that says so.  A crash in between leaves a channel
 * that the same transaction, ordered once more, finds.
 */
#include <stdlib.h>

#include "channel_priv.h"

static struct log_logger logger = LOG_LOGGER("orderer.commmon.multichannel");

#define RETRY_NS (500 * CLOCK_MS_NS) /* between tries while the disk is full */

int create_ledger(struct registrar *r, const char *id, struct ord_block *genesis, struct ord_err *e)
{
	struct ledger *l;
	int rc;

	util_stop_at("create-ledger");
	rc = ledger_open(r->opts.root, id, true, &l, e);
	if (rc < 0)
		return rc;
	util_stop_at("create-genesis");
	if (ledger_height(l) == 0)
		rc = ledger_append(l, &genesis, 1, e);
	ledger_close(l);
	return rc;
}

int create_chan(struct registrar *r, const char *id, bool must_start, struct ord_err *e)
{
	struct chan *c;
	int rc = chan_open(r, id, &c, e);

	if (rc < 0)
		return rc;
	util_stop_at("create-chain");
	rc = chan_start(c, e);
	if (rc < 0 && must_start) {
		chan_unref(c);
		return rc;
	}
	if (rc < 0)
		chan_fail(c, e);
	registrar_add(r, c);
	if (r->opts.on_config)
		r->opts.on_config(r->opts.arg, c);
	return 0;
}

/* The same bytes at every orderer (spec 2.5): nothing signed, five empty metadata slots. */
static struct ord_block *genesis_of(struct ord_env *config)
{
	struct ord_block *b = block_new(0, bytes_of(NULL, 0), &config, 1);

	block_seal(b);
	return b;
}

/* A full disk is waited for, as with any block, unless the daemon stops.  What was made before it
 * is found by the next try. */
static int create_patiently(struct chan *system, const char *id, struct ord_block *genesis,
			    struct ord_err *e)
{
	int rc;

	for (;;) {
		rc = create_ledger(system->registrar, id, genesis, e);
		if (rc == 0)
			rc = create_chan(system->registrar, id, false, e);
		if (rc != ORD_EUNAVAIL)
			break;
		if (!atomic_exchange(&system->read_only, true))
			log_error(&logger,
				  "Could not create channel %s, system channel %s is read-only "
				  "until there is room: %s",
				  id, system->id, e->msg);
		if (chan_giving_up(system))
			return rc;
		clock_sleep_ns(RETRY_NS);
	}
	atomic_store(&system->read_only, false);
	return rc;
}

int create_check(struct chan *system, const struct ord_env *transaction, struct ord_err *e)
{
	struct chanconf *now = chan_conf(system), *made;
	bool may_create = now->has_consortiums;
	struct ord_env *config;
	int rc;

	chanconf_unref(now);
	if (!may_create)
		return err_set(e, ORD_EINVAL, "channel %s is no system channel", system->id);
	if (env_parse(transaction->data, &config, e) < 0)
		return e->code;
	rc = chanconf_from_env(config, &made, e);
	if (rc == 0) {
		rc = chanconf_check_channel_id(config->channel_id, e);
		if (rc == 0 && !made->has_orderer)
			rc = err_set(e, ORD_EINVAL, "config does not contain orderer config");
		chanconf_unref(made);
	}
	env_unref(config);
	return rc;
}

int create_channel(struct chan *system, const struct ord_env *transaction, struct ord_err *e)
{
	struct registrar *r = system->registrar;
	struct ord_block *genesis;
	struct ord_env *config;
	struct chan *exists;
	int rc = env_parse(transaction->data, &config, e);

	if (rc < 0)
		return rc;
	exists = registrar_find(r, config->channel_id);
	if (exists) {
		log_info(&logger, "Channel %s exists already, its creation is skipped",
			 config->channel_id);
		chan_unref(exists);
		env_unref(config);
		return 0;
	}
	genesis = genesis_of(config);
	rc = create_patiently(system, config->channel_id, genesis, e);
	if (rc == 0)
		log_info(&logger, "Created and started new channel %s", config->channel_id);
	block_unref(genesis);
	env_unref(config);
	return rc;
}
