/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as configtx.yaml: refused with a sentence, or every profile of it makes a configuration,
 * and requests to create a channel and to set anchor peers, or a sentence. */
#include "fuzz.h"
#include <configtx/configtx_priv.h>
#include <stdlib.h>

/* @out is an unsigned CONFIG_UPDATE for channel "c", or @e says why not. */
static void check_request(int rc, struct buf *out, const struct ord_err *e)
{
	struct ord_err why = ERR_INIT;
	struct ord_env *env;

	if (rc < 0) {
		util_assert(e->code < 0 && e->msg[0] && out->len == 0);
		return;
	}
	util_assert(env_parse(buf_bytes(out), &env, &why) == 0 && env->header_ok);
	util_assert(env->type == WIRE_CONFIG_UPDATE && strcmp(env->channel_id, "c") == 0);
	env_unref(env);
	buf_fini(out);
}

static const char *first_org(const struct yaml *profile)
{
	const struct yaml *orgs = yaml_get(yaml_get(profile, "Application"), "Organizations");

	return orgs && orgs->n > 0 ? configtx_text(orgs->items[0], "Name", "x") : "x";
}

static void try_profile(struct yaml *profile, struct yaml *base)
{
	static char *const environment[] = {
		"CONFIGTX_ORDERER_ADDRESSES=[a, b]",
		"CONFIGTX_ORDERER_BATCHSIZE_MAXMESSAGECOUNT=3",
		NULL,
	};
	struct configtx_profile p = {NULL, profile, "/nonexistent"},
				system = {NULL, base, "/nonexistent"};
	Common__ConfigGroup *group = NULL;
	struct ord_err e = ERR_INIT;
	struct buf out = BUF_INIT;

	if (configtx_override(profile, environment, &e) < 0 ||
	    configtx_channel_group(profile, "/nonexistent", &group, &e) < 0)
		util_assert(e.code < 0 && e.msg[0] && !group);
	wire_free(group);
	check_request(configtx_request_channel(&p, NULL, "c", &out, &e), &out, &e);
	check_request(configtx_request_channel(&p, &system, "c", &out, &e), &out, &e);
	check_request(configtx_request_anchors(&p, "c", first_org(profile), &out, &e), &out, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct yaml *profiles;
	struct yaml *root = NULL;
	struct ord_err e = ERR_INIT;

	log_set_spec("fatal", &e);
	if (yaml_parse("configtx.yaml", bytes_of(data, size), &root, &e) < 0) {
		util_assert(e.code < 0 && e.msg[0] && !root);
		return 0;
	}
	if (configtx_check(root, &e) == 0) {
		profiles = yaml_get(root, "Profiles");
		for (size_t i = 0; profiles && i < profiles->n; i++)
			try_profile(profiles->items[i], profiles->items[0]);
	} else {
		util_assert(e.code < 0 && e.msg[0]);
	}
	yaml_free(root);
	return 0;
}
