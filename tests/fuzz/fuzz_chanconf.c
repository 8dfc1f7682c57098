/* SPDX-License-Identifier: Apache-2.0 */
/* A ConfigEnvelope: no configuration of a channel, or one that builds again from what it keeps and
 * whose policies can be asked. */
#include "fuzz.h"
#include <chanconf/chanconf.h>

static void use(struct chanconf *c)
{
	struct policy_signed sig = {.identity = bytes_str("nobody")};
	struct chanconf *again = NULL;
	struct ord_err e = ERR_INIT;

	util_assert(c->writers_name && c->pub.consensus_type && c->orderer_addresses);
	chanconf_check_supported(c, &e);
	policy_evaluate(c->writers, c->writers_name, c->msps, &sig, 1, &e);
	policy_evaluate(c->readers, c->readers_name, c->msps, &sig, 1, &e);
	util_assert(chanconf_new(c->channel_id, c->config, &again, &e) == 0);
	util_assert(wire_equal(c->config, again->config));
	util_assert(again->n_orgs == c->n_orgs);
	chanconf_unref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Common__ConfigEnvelope *m = NULL;
	struct chanconf *c = NULL;
	struct ord_err e = ERR_INIT;

	log_set_spec("fatal", &e);
	if (wire_unpack(&common__config_envelope__descriptor, bytes_of(data, size), &m, &e) < 0)
		return 0;
	if (chanconf_new("fuzz", m->config, &c, &e) == 0)
		use(c);
	else
		util_assert(e.code < 0 && e.msg[0] && !c);
	chanconf_unref(c);
	wire_free(m);
	return 0;
}
