/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as configtx.yaml: refused with a sentence, or every profile of it makes a configuration
 * or a sentence. */
#include "fuzz.h"
#include <configtx/configtx_priv.h>

static void try_profile(struct yaml *profile)
{
	static char *const environment[] = {
		"CONFIGTX_ORDERER_ADDRESSES=[a, b]",
		"CONFIGTX_ORDERER_BATCHSIZE_MAXMESSAGECOUNT=3",
		NULL,
	};
	Common__ConfigGroup *group = NULL;
	struct ord_err e = ERR_INIT;

	if (configtx_override(profile, environment, &e) < 0 ||
	    configtx_channel_group(profile, "/nonexistent", &group, &e) < 0)
		util_assert(e.code < 0 && e.msg[0] && !group);
	wire_free(group);
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
			try_profile(profiles->items[i]);
	} else {
		util_assert(e.code < 0 && e.msg[0]);
	}
	yaml_free(root);
	return 0;
}
