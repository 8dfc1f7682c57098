/* SPDX-License-Identifier: Apache-2.0 */
/* A ConfigUpdate: refused with a reason, or it leads to a configuration that comes out the same at
 * commit; and as a request for a new channel. */
#include "fuzz_chan.h"

static struct ord_env *config_message(int32_t type, const char *channel_id,
				      const Common__ConfigEnvelope *ce)
{
	struct buf data = BUF_INIT;
	struct ord_env *env;

	wire_pack(ce, &data);
	env = fuzz_message(type, channel_id, buf_bytes(&data));
	buf_fini(&data);
	return env;
}

/* What was accepted is valid at commit, and leads to the same. */
static void commit(const Common__ConfigEnvelope *ce, const struct chanconf *next)
{
	struct ord_env *msg = config_message(WIRE_CONFIG, "fuzz", ce);
	struct chanconf *again = NULL;
	struct ord_err e = ERR_INIT;

	chanconf_check_migration(fuzz_application, msg, &e);
	util_assert(chanconf_validate(fuzz_application, msg, &again, &e) == 0);
	util_assert(wire_equal(again->config, next->config));
	chanconf_unref(again);
	env_unref(msg);
}

static void count(void *arg, const struct chanconf_delta *d)
{
	util_assert(d->key[0] == '[' && d->exists == (d->policy != NULL));
	++*(size_t *)arg;
}

static void reconfigure(const struct ord_env *update)
{
	Common__ConfigEnvelope *ce = NULL;
	struct chanconf *next = NULL;
	struct ord_err e = ERR_INIT;
	size_t n = 0;

	chanconf_update_deltas(fuzz_application, update, count, &n, &e);
	if (chanconf_propose(fuzz_application, update, &ce, &e) < 0) {
		util_assert(e.code == ORD_EINVAL && e.msg[0] && !ce);
		return;
	}
	util_assert(n > 0 && ce->config->sequence == 1);
	if (chanconf_accept(fuzz_application, ce->config, &next, &e) == 0)
		commit(ce, next);
	chanconf_unref(next);
	wire_free(ce);
}

static void create(const struct ord_env *update)
{
	Common__ConfigEnvelope *ce = NULL;
	struct ord_env *inner, *outer;
	struct ord_err e = ERR_INIT;

	if (chanconf_create(fuzz_system, update, &ce, &e) < 0) {
		util_assert(e.code == ORD_EINVAL && e.msg[0] && !ce);
		return;
	}
	util_assert(ce->config->sequence == 1);
	inner = config_message(WIRE_CONFIG, "fuzz", ce);
	outer = fuzz_message(WIRE_ORDERER_TRANSACTION, "system", inner->raw);
	if (chanconf_check_creation(fuzz_system, outer, &e) < 0)
		util_assert(!strstr(e.msg, "did not match"));
	env_unref(inner);
	env_unref(outer);
	wire_free(ce);
}

/* @data as a ConfigUpdateEnvelope, signatures and all. */
static void use(struct ord_bytes data)
{
	struct ord_env *update = fuzz_message(WIRE_CONFIG_UPDATE, "fuzz", data);
	struct policy_signed *sigs = NULL;
	struct ord_err e = ERR_INIT;
	size_t n;

	if (chanconf_update_signatures(update, &sigs, &n, &e) == 0)
		util_assert(n <= POLICY_MAX_SIGNATURES);
	free(sigs);
	reconfigure(update);
	create(update);
	env_unref(update);
}

/* The input is an update nobody signed, and again something that may be signed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Common__ConfigUpdateEnvelope outer = COMMON__CONFIG_UPDATE_ENVELOPE__INIT;
	struct buf packed = BUF_INIT;

	fuzz_make_channels();
	outer.config_update = wire_binary(bytes_of(data, size));
	wire_pack(&outer, &packed);
	use(buf_bytes(&packed));
	use(bytes_of(data, size));
	buf_fini(&packed);
	return 0;
}
