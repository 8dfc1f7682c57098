/* SPDX-License-Identifier: Apache-2.0 */
/* A ConfigEnvelope, as it comes back from consensus: it follows the configuration, or is refused
 * with a reason; and what it holds can be compared with the configuration. */
#include "fuzz_chan.h"

static void commit(const struct ord_env *msg)
{
	struct chanconf *next = NULL;
	struct ord_err e = ERR_INIT;

	if (chanconf_check_migration(fuzz_application, msg, &e) < 0)
		util_assert(e.code == ORD_EINVAL && e.msg[0]);
	if (chanconf_validate(fuzz_application, msg, &next, &e) == 0)
		util_assert(next->pub.sequence == 1);
	else
		util_assert(e.code < 0 && e.msg[0] && !next);
	chanconf_unref(next);
}

static void create(const struct ord_env *msg)
{
	struct ord_env *outer = fuzz_message(WIRE_ORDERER_TRANSACTION, "system", msg->raw);
	struct ord_err e = ERR_INIT;

	if (chanconf_check_creation(fuzz_system, outer, &e) < 0)
		util_assert(e.code == ORD_EINVAL && e.msg[0]);
	env_unref(outer);
}

/* Computed twice, the second update has nothing to do. */
static void compute(const Common__Config *to)
{
	const Common__Config *from = fuzz_application->config;
	Common__ConfigUpdate *u = NULL, *none = NULL;
	struct ord_err e = ERR_INIT;

	if (chanconf_compute_update("fuzz", from, to, &u, &e) < 0)
		return;
	util_assert(u->read_set && u->write_set);
	util_assert(chanconf_compute_update("fuzz", to, to, &none, &e) == ORD_EINVAL && !none);
	wire_free(u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ord_bytes input = bytes_of(data, size);
	Common__ConfigEnvelope *ce = NULL;
	struct ord_env *msg;
	struct ord_err e = ERR_INIT;

	fuzz_make_channels();
	msg = fuzz_message(WIRE_CONFIG, "fuzz", input);
	commit(msg);
	create(msg);
	env_unref(msg);
	if (wire_unpack(&common__config_envelope__descriptor, input, &ce, &e) == 0 && ce->config)
		compute(ce->config);
	wire_free(ce);
	return 0;
}
