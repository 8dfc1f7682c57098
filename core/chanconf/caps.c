/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities: which the configuration requires, what they switch on, and whether this orderer
 * has them (spec 4.2).  A key being there counts; its value says nothing. */
#include "chanconf_priv.h"

static const char *const known_channel[] = {"V1_1", "V1_3", "V1_4_2", "V1_4_3", "V2_0", NULL};
static const char *const known_orderer[] = {"V1_1", "V1_4_2", "V2_0", NULL};

static bool requires(const Common__Capabilities *c, const char *name)
{
	for (size_t i = 0; i < c->n_capabilities; i++)
		if (strcmp(c->capabilities[i]->key, name) == 0)
			return true;
	return false;
}

void chanconf_caps_channel(struct chanconf_caps *caps, const Common__Capabilities *required)
{
	bool v1_4_2_up;

	caps->channel_v1_1 = requires(required, "V1_1");
	caps->channel_v1_3 = requires(required, "V1_3");
	caps->channel_v1_4_2 = requires(required, "V1_4_2");
	caps->channel_v1_4_3 = requires(required, "V1_4_3");
	caps->channel_v2_0 = requires(required, "V2_0");

	v1_4_2_up = caps->channel_v1_4_2 || caps->channel_v1_4_3 || caps->channel_v2_0;
	caps->consensus_type_change = v1_4_2_up;
	caps->org_orderer_endpoints = v1_4_2_up;
	if (caps->channel_v1_4_3 || caps->channel_v2_0)
		caps->msp_version = MSP_V1_4_3;
	else if (caps->channel_v1_3 || caps->channel_v1_4_2)
		caps->msp_version = MSP_V1_3;
	else if (caps->channel_v1_1)
		caps->msp_version = MSP_V1_1;
	else
		caps->msp_version = MSP_V1_0;
}

void chanconf_caps_orderer(struct chanconf_caps *caps, const Common__Capabilities *required)
{
	bool v1_1_up;

	caps->orderer_v1_1 = requires(required, "V1_1");
	caps->orderer_v1_4_2 = requires(required, "V1_4_2");
	caps->orderer_v2_0 = requires(required, "V2_0");

	v1_1_up = caps->orderer_v1_1 || caps->orderer_v1_4_2 || caps->orderer_v2_0;
	caps->expiration_check = v1_1_up;
	caps->resubmission = v1_1_up;
	caps->predictable_template = v1_1_up;
	caps->consensus_migration = caps->orderer_v1_4_2 || caps->orderer_v2_0;
	caps->admins_creation_policy = caps->orderer_v2_0;
}

bool chanconf_caps_allow_acls(const Common__Capabilities *application)
{
	return requires(application, "V1_2") || requires(application, "V1_3") ||
	       requires(application, "V1_4_2") || requires(application, "V2_0") ||
	       requires(application, "V2_5");
}

static int check(const char *type, const char *const *known, const Common__Capabilities *required,
		 struct ord_err *e)
{
	for (size_t i = 0; i < required->n_capabilities; i++) {
		const char *const *k = known;

		while (*k && strcmp(*k, required->capabilities[i]->key) != 0)
			k++;
		if (!*k)
			return err_set(e, ORD_ENOTSUP,
				       "%s capability %s is required but not supported", type,
				       required->capabilities[i]->key);
	}
	return 0;
}

int chanconf_caps_check_channel(const Common__Capabilities *required, struct ord_err *e)
{
	return check("Channel", known_channel, required, e);
}

int chanconf_caps_check_orderer(const Common__Capabilities *required, struct ord_err *e)
{
	return check("Orderer", known_orderer, required, e);
}
