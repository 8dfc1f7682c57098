/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_org - the group of an organisation, made of its MSP directory or of configtxgen's JSON.
 */
#ifndef CONFIG_ORG_H
#define CONFIG_ORG_H

#include <wire/wire.h>

struct config_org {
	const char *name, *mspid; /* mspid NULL: the name */
	const char *path;         /* an MSP directory, or JSON as 'configtxgen -printOrg' has it */
	const char *readers, *writers, *admins, *endorsement; /* rules; NULL: as configtxgen */
};

/** The group, free with wire_free().
 *  Blocks: disk.   Errors: one sentence. */
int config_org_make(const struct config_org *o, Common__ConfigGroup **out, struct ord_err *e);

#endif /* CONFIG_ORG_H */
